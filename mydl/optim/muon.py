"""Muon: a step in which every direction of a weight matrix counts alike."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from threadpoolctl import ThreadpoolController

from ..layer import Array
from .adam import AdamW
from .optimizer import check

# a, b and c of the iteration: chosen by its authors to bring small singular values up fast.
COEFFICIENTS = (3.4445, -4.7750, 2.0315)
ITERATIONS = 5
EPS = 1e-7
ADAMW_SIZE = 0.2  # the usual root mean square of a step of AdamW, as a multiple of its lr

Matrix = tuple[slice, tuple[int, int]]


def orthogonalize(matrix: Array) -> Array:
    """Roughly U V^T of a matrix whose singular value decomposition is U S V^T.

    Newton and Schulz's iteration needs products of matrices only. Each round replaces every
    singular value s, at most 1 in the beginning, by a s + b s^3 + c s^5::

        X <- X / |X|
        X <- a X + b (X X^T) X + c (X X^T)^2 X

    Five rounds bring all but the smallest between 0.7 and 1.2, which is near enough for a step.

    Parameters
    ----------
    matrix
        (rows, columns).

    Returns
    -------
    Array
        An array alike.

    References
    ----------
    Jordan et al. 2024, "Muon: An optimizer for hidden layers in neural networks".

    Examples
    --------
    >>> x = orthogonalize(np.array([[3.0, 0.0, 0.0], [0.0, 2.0, 0.0]]))
    >>> [bool(0.6 < s < 1.3) for s in np.linalg.svd(x, compute_uv=False)]
    [True, True]
    """
    wide = matrix.shape[0] <= matrix.shape[1]
    x = matrix if wide else matrix.T
    x = x / (np.linalg.norm(x) + EPS)
    a, b, c = COEFFICIENTS
    for _ in range(ITERATIONS):
        square = x @ x.T
        x = a * x + (b * square + c * (square @ square)) @ x
    return x if wide else x.T


class Muon(AdamW):
    """Momentum whose every step is made orthogonal, for weight matrices; AdamW for the rest.

    The gradient of a weight matrix is mostly a few directions that drown all others. U V^T keeps
    its directions and gives each the same length::

        m = momentum * m + (1 - momentum) * grad
        u = momentum * m + (1 - momentum) * grad        look ahead, as Nesterov does
        data -= lr * weight_decay * data
        data -= lr * 0.2 sqrt(max(rows, columns)) * orthogonalize(u)

    The root gives the step the size of AdamW's, so that one lr suits both. A convolution's weight
    (kh, kw, C, K) is the matrix (kh kw C, K) of its product with im2col's columns.

    Parameters
    ----------
    data, lr, betas, eps, weight_decay, decay_mask
        See :class:`AdamW`.
    matrices
        Where in ``data`` the weight matrices are, and the shape of each, as
        ``ParameterVector.matrices`` has them. Best without the last layer's, whose rows are
        classes.
    momentum
        Share of the mean of gradients that is kept.
    threads
        That share the matrices; the bits of the result don't depend on it.

    Raises
    ------
    ValueError
        An argument has a wrong value.

    References
    ----------
    Jordan et al. 2024, "Muon: An optimizer for hidden layers in neural networks"; the size of the
    step and weight decay are equation 4 of Liu et al. 2025, "Muon is Scalable for LLM Training"
    (arXiv 2502.16982); both as in PyTorch, which rounds to bfloat16 on the way.

    Examples
    --------
    >>> data = np.array([1.0, 0.0, 0.0, 1.0, 5.0])
    >>> optimizer = Muon(data, lr=0.1, weight_decay=0.0, matrices=[(slice(0, 4), (2, 2))])
    >>> optimizer.step(np.array([1.0, 0.0, 0.0, 100.0, 1.0]))
    >>> data.round(2)
    array([0.98, 0.  , 0.  , 0.98, 4.9 ])
    """

    def __init__(
        self,
        data: Array,
        lr: float = 1e-3,
        *,
        matrices: Sequence[Matrix],
        momentum: float = 0.95,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.1,
        decay_mask: Array | None = None,
        threads: int = 1,
    ) -> None:
        super().__init__(
            data, lr, betas=betas, eps=eps, weight_decay=weight_decay, decay_mask=decay_mask
        )
        check(0 <= momentum < 1, "momentum", "from 0 up to, not including, 1", momentum)
        for place, shape in matrices:
            if data[place].size != shape[0] * shape[1]:
                raise ValueError(f"there is no matrix of shape {shape} in {place} of data")
        self.momentum = momentum
        self._matrices = sorted(matrices, key=lambda matrix: matrix[0].start)
        self._momentum = self._add_state("momentum")
        self._blas = ThreadpoolController()
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="muon")
        self._rest = []
        start = 0
        for place, _ in self._matrices:
            self._rest.append(slice(start, place.start))
            start = place.stop
        self._rest.append(slice(start, data.size))

    def _update(self, grad: Array) -> None:
        for place in self._rest:
            self._update_part(place, grad)
        # A product's bits depend on how many threads BLAS shares it among: one, always.
        with self._blas.limit(limits=1, user_api="blas"):
            list(self._pool.map(lambda matrix: self._update_matrix(matrix, grad), self._matrices))

    def _update_matrix(self, matrix: Matrix, grad: Array) -> None:
        place, shape = matrix
        lr, keep, take = self._scalars(self.lr, self.momentum, 1 - self.momentum)
        data, mean = self.data[place], self._momentum[place]
        mean *= keep
        mean += take * grad[place]
        ahead = keep * mean + take * grad[place]
        size = self.data.dtype.type(ADAMW_SIZE * max(shape) ** 0.5)
        data -= lr * self._decay[place] * data
        data -= lr * size * orthogonalize(ahead.reshape(shape)).ravel()
