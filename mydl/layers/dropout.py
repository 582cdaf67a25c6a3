"""Dropout: silence values at random while training, so that none is relied upon alone.

Derivation: docs/layers/dropout.md, or `mydl help dropout`.
"""

from __future__ import annotations

import numpy as np

from ..init import generator
from ..layer import Array, Layer, Shape


class Dropout(Layer):
    """Set each value to zero with probability ``p`` and scale up the rest; dx has the same zeros.

    ::

        mask = 0 with probability p, else 1 / (1 - p)        drawn anew for each forward pass
        y    = x * mask
        dx   = dy * mask

    The factor 1 / (1 - p) keeps the expected value of ``y`` at ``x`` ("inverted" dropout), so that
    in evaluation mode the layer has nothing to do: y = x. With p = 1 everything is dropped.

    Kept for backward: the mask.

    Parameters
    ----------
    p
        The probability of **dropping** a value, from 0 to 1, as in PyTorch and in the paper's "50 %
        dropout". (The 2014 paper's p, and TensorFlow 1's, is that of keeping it.)
    rng
        The generator that draws the mask; None draws from an unpredictable one. The attribute may
        be replaced between forward passes.

    Raises
    ------
    ValueError
        p is not a probability.

    Notes
    -----
    Shapes: any; y and dx have that of x. In evaluation mode y is ``x`` itself, not a copy.

    References
    ----------
    Srivastava et al. 2014, "Dropout: A Simple Way to Prevent Neural Networks from Overfitting",
    section 4; the inverted scaling is in its section 10.

    Examples
    --------
    >>> dropout = Dropout(0.5, rng=np.random.default_rng(0))
    >>> dropout.forward(np.ones((2, 3)))
    array([[2., 2., 2.],
           [0., 0., 0.]])
    >>> dropout.backward(np.ones((2, 3)))
    array([[2., 2., 2.],
           [0., 0., 0.]])
    >>> dropout.eval().forward(np.ones((1, 3)))
    array([[1., 1., 1.]])
    """

    def __init__(self, p: float = 0.5, rng: np.random.Generator | None = None) -> None:
        if not 0 <= p <= 1:
            raise ValueError(f"p is the probability of dropping a value, from 0 to 1, got {p}")
        self.p = float(p)
        self.rng = generator(rng)

    def forward(self, x: Array) -> Array:
        x = self._check_input(x)
        if not self.training:
            self._keep()
            return x
        # float32 draws whatever the dtype of x: float64 checks then drop the same values.
        kept = self.rng.random(x.shape, np.float32) >= self.p
        scale = 1 / (1 - self.p) if self.p < 1 else 0.0
        mask = kept * x.real.dtype.type(scale)
        self._keep(mask)
        return x * mask

    def backward(self, dy: Array) -> Array:
        (mask,) = self._take()
        dy = self._check_gradient(dy, mask.shape)
        return dy * mask

    def output_shape(self, input_shape: Shape) -> Shape:
        return input_shape

    def _describe(self) -> str:
        return f"p={self.p:g}"
