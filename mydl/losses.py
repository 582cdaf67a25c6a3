"""The loss of classification: how surprised the network is by the right answer.

Derivation: docs/layers/softmax-cross-entropy.md, or `mydl help softmax-cross-entropy`.
"""

from __future__ import annotations

from typing import Any, NoReturn

import numpy as np

from .layer import DTYPES, Array, LayerError


class SoftmaxCrossEntropy:
    """Mean of -log p[label], p = softmax(logits); its gradient is (p - y) / N.

    ::

        log p   = z - log sum_k exp(z_k)        z: a sample's logits
        loss    = mean over samples of  - sum_k y_k log p_k
        dlogits = (p - y) / N

    Here ``y`` is the target distribution: 1 at the label and 0 elsewhere, or the probabilities that
    were passed. Softmax and logarithm are fused into one step for two reasons. The gradient becomes
    this simple: through log and softmax one after the other, ``-y / p`` is multiplied by softmax's
    Jacobian ``p_i (1[i = k] - p_k)``, p cancels, and since y sums to 1 what remains is p - y. And
    it stays right for any logits: p may round to 0 where log p is still an ordinary number.

    ``forward`` keeps p and y for one ``backward``. ``probabilities`` is the last forward's p.

    Parameters
    ----------
    label_smoothing
        Mix this share of the uniform distribution into the targets, ``y <- (1 - s) y + s / K``, as
        in PyTorch.

    Raises
    ------
    ValueError
        label_smoothing is not from 0 to 1.
    LayerError
        Logits or labels have a wrong shape, type or value; backward without forward.

    References
    ----------
    Bridle 1990, "Probabilistic Interpretation of Feedforward Classification Network Outputs"; label
    smoothing: Szegedy et al. 2015 (arXiv 1512.00567), section 7.

    Examples
    --------
    >>> loss = SoftmaxCrossEntropy()
    >>> logits = np.log([[1.0, 3.0], [1.0, 1.0]])
    >>> round(loss.forward(logits, np.array([1, 0])), 6)  # (log 4/3 + log 2) / 2
    0.490415
    >>> loss.backward()
    array([[ 0.125, -0.125],
           [-0.25 ,  0.25 ]])
    """

    def __init__(self, label_smoothing: float = 0.0) -> None:
        if not 0 <= label_smoothing <= 1:
            raise ValueError(f"label_smoothing must be from 0 to 1, got {label_smoothing}")
        self.label_smoothing = float(label_smoothing)
        self.probabilities: Array | None = None
        self._kept: tuple[Array, Array] | None = None

    def forward(self, logits: Array, labels: Array) -> Any:
        """The mean loss of a batch.

        Parameters
        ----------
        logits
            Scores, (N, K): one row a sample, one column a class.
        labels
            The right classes, (N,) integers from 0 to K - 1, or (N, K) probabilities whose rows sum
            to 1.

        Returns
        -------
        Any
            A Python float (a complex number for complex logits).
        """
        self._check_logits(logits)
        y = self._targets(logits, labels)
        z = logits - logits.real.max(axis=1, keepdims=True)  # largest is 0: exp cannot overflow
        log_p = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
        self.probabilities = np.exp(log_p)
        self._kept = self.probabilities, y
        # A class of no weight adds nothing, even where log p is -inf.
        surprise = np.multiply(y, log_p, out=np.zeros_like(log_p), where=y != 0)
        return (-surprise.sum() / len(logits)).item()

    def backward(self) -> Array:
        """dLoss/dlogits, (N, K), of the last ``forward``."""
        kept, self._kept = self._kept, None
        if kept is None:
            self._fail("backward needs a forward pass before it, one for each call")
        p, y = kept
        return (p - y) / len(p)

    def _targets(self, logits: Array, labels: Array) -> Array:
        """The target distribution of each sample, (N, K), in the precision of the logits."""
        n, k = logits.shape
        if not isinstance(labels, np.ndarray):
            self._fail(f"labels must be a NumPy array, got {type(labels).__name__}")
        if labels.shape == (n,):
            self._check_classes(labels, k)
            y = np.zeros((n, k), logits.real.dtype)
            y[np.arange(n), labels] = 1
        elif labels.shape == (n, k):
            self._check_probabilities(labels)
            y = labels.astype(logits.real.dtype)
        else:
            self._fail(
                f"expected labels of shape ({n},), or ({n}, {k}) for probabilities, for logits of "
                f"{logits.shape}, got {labels.shape}"
            )
        s = self.label_smoothing
        return (1 - s) * y + s / k

    def _check_logits(self, logits: Array) -> None:
        if not isinstance(logits, np.ndarray):
            self._fail(f"logits must be a NumPy array, got {type(logits).__name__}")
        if logits.dtype not in DTYPES:
            self._fail(f"expected float32 or float64 logits, got {logits.dtype}")
        if logits.ndim != 2 or logits.size == 0:
            self._fail(
                "expected logits of shape (N, K) with at least one sample and one class, got "
                f"{logits.shape}"
            )

    def _check_classes(self, labels: Array, k: int) -> None:
        if labels.dtype.kind not in "iu":
            self._fail(
                f"labels of shape (N,) must be integers, got {labels.dtype}: convert them with "
                "labels.astype(np.int64)"
            )
        bad = np.flatnonzero((labels < 0) | (labels >= k))
        if bad.size:
            self._fail(
                f"labels must be from 0 to {k - 1} for {k} classes, got {labels[bad[0]]} at index "
                f"{bad[0]}"
            )

    def _check_probabilities(self, labels: Array) -> None:
        if labels.dtype.kind != "f":
            self._fail(f"labels of shape (N, K) must be floating point, got {labels.dtype}")
        bad = np.flatnonzero(~(np.abs(labels.sum(axis=1) - 1) < 1e-4) | (labels < 0).any(axis=1))
        if bad.size:
            self._fail(
                "each row of probabilities must have no negative value and sum to 1, row "
                f"{bad[0]} sums to {labels[bad[0]].sum():g} with a least value of "
                f"{labels[bad[0]].min():g}"
            )

    def _fail(self, message: str) -> NoReturn:
        kind = type(self).__name__
        raise LayerError(f"{kind}: {message}", kind)

    def __repr__(self) -> str:
        smoothing = f"label_smoothing={self.label_smoothing:g}" if self.label_smoothing else ""
        return f"{type(self).__name__}({smoothing})"
