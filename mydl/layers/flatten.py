"""Flatten: each sample's values in one row, for a Linear layer after images.

Derivation: docs/layers/flatten.md, or `mydl help flatten`.
"""

from __future__ import annotations

import math

from ..layer import Array, Layer, Shape


class Flatten(Layer):
    """Lay out each sample as one row; backward puts the gradient back into the sample's shape.

    ::

        y  = x  reshaped to (N, everything else)
        dx = dy reshaped to the shape of x

    An image (H, W, C) is read row by row, pixel by pixel, the channels of a pixel side by side:
    value (r, s, c) is at position ``(r*W + s)*C + c``. PyTorch's images are (C, H, W), and its
    Flatten puts the same value at ``(c*H + r)*W + s``. The weight of a Linear layer after Flatten,
    taken from PyTorch, therefore has its rows in another order::

        ours = theirs.T.reshape(C, H, W, out).transpose(1, 2, 0, 3).reshape(H * W * C, out)

    Kept for backward: the shape of ``x``.

    Shapes: x (N, ...), at least two axes; y (N, product of the others). y and dx are views of
    ``x`` and ``dy`` where these are contiguous.

    >>> import numpy as np
    >>> flatten = Flatten()
    >>> flatten.forward(np.zeros((5, 2, 2, 3))).shape
    (5, 12)
    >>> flatten.backward(np.zeros((5, 12))).shape
    (5, 2, 2, 3)
    """

    def forward(self, x: Array) -> Array:
        x = self._check_input(x)
        y = x.reshape(self.output_shape(x.shape))
        self._keep(x.shape)
        return y

    def backward(self, dy: Array) -> Array:
        (x_shape,) = self._take()
        dy = self._check_gradient(dy, self.output_shape(x_shape))
        return dy.reshape(x_shape)

    def output_shape(self, input_shape: Shape) -> Shape:
        if len(input_shape) < 2:
            self.fail(f"expected an input of shape (N, ...), got {input_shape}")
        return input_shape[0], math.prod(input_shape[1:])
