"""Average pooling: a window's mean, whose gradient is shared out equally among its pixels.

Derivation: docs/layers/avgpool.md, or `mydl help avgpool`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..kernels.pooling import sumpool, sumpool_backward
from ..layer import Array, Layer, Shape
from .pool import Pool2d
from .window import Padding, Size


class AvgPool2d(Pool2d):
    """Replace each window by its mean; each pixel of the window gets an equal share of dy.

    ::

        y[p, q]  = sum of x over the window / count[p, q]
        dx[r, s] = sum of dy[p, q] / count[p, q] over the windows that contain (r, s)

    Kept for backward: the shape of ``x``.

    Parameters
    ----------
    kernel_size, stride, padding, ceil_mode
        As for MaxPool2d.
    count_include_pad
        Whether ``count`` includes the padding inside the window, as PyTorch has it by default. What
        hangs over the edge of the padding (``ceil_mode``) never counts. With padding "same" the
        padding never counts either, as in TensorFlow.

    Raises
    ------
    ValueError
        An argument has a wrong value.
    LayerError
        The input is smaller than the window.

    Notes
    -----
    Shapes: as for MaxPool2d.

    References
    ----------
    LeCun et al. 1998, "Gradient-Based Learning Applied to Document Recognition", section II.A,
    whose sub-sampling layers average.

    Examples
    --------
    >>> pool = AvgPool2d(2)
    >>> pool.forward(np.array([[1.0, 2.0, 5.0, 5.0], [4.0, 3.0, 5.0, 0.0]]).reshape(1, 2, 4, 1))
    array([[[[2.5 ],
             [3.75]]]])
    >>> pool.backward(np.array([4.0, 8.0]).reshape(1, 1, 2, 1)).reshape(2, 4)
    array([[1., 1., 2., 2.],
           [1., 1., 2., 2.]])
    """

    def __init__(
        self,
        kernel_size: Size,
        stride: Size | None = None,
        padding: Padding = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
    ) -> None:
        super().__init__(kernel_size, stride, padding, ceil_mode)
        self.count_include_pad = count_include_pad

    def forward(self, x: Array) -> Array:
        x = self._check_input(x)
        y = np.empty(self.output_shape(x.shape), x.dtype)
        sumpool(x, y, *self._slide(x.shape))
        y /= self._count(x.shape, x.dtype)
        self._keep(x.shape)
        return y

    def backward(self, dy: Array) -> Array:
        (x_shape,) = self._take()
        dy = self._check_gradient(dy, self.output_shape(x_shape))
        dx = np.empty(x_shape, dy.dtype)
        sumpool_backward(dy / self._count(x_shape, dy.dtype), dx, *self._slide(x_shape))
        return dx

    def _count(self, x_shape: Shape, dtype: np.dtype[Any]) -> Array:
        """How many cells each window's mean is over, (H_out, W_out, 1)."""
        count_padding = self.count_include_pad and self.window.padding != "same"
        count = self.window.cells_inside(x_shape[1], x_shape[2], count_padding)
        return count[:, :, None].astype(dtype)

    def _describe(self) -> str:
        return super()._describe() + ("" if self.count_include_pad else ", count_include_pad=False")


class GlobalAvgPool2d(Layer):
    """Average each channel over the whole image; every pixel gets the same share of dy.

    ::

        y[c]        = mean of x[:, :, c]
        dx[r, s, c] = dy[c] / (H W)

    Kept for backward: the shape of ``x``.

    Raises
    ------
    LayerError
        The input is not a batch of images, or an image has no pixels.

    Notes
    -----
    Shapes: x (N, H, W, C); y (N, C).

    References
    ----------
    Lin et al. 2013, "Network In Network" (arXiv 1312.4400), section 3.2.

    Examples
    --------
    >>> pool = GlobalAvgPool2d()
    >>> pool.forward(np.array([1.0, 2.0, 4.0, 5.0]).reshape(1, 2, 2, 1))
    array([[3.]])
    >>> pool.backward(np.array([[8.0]])).reshape(2, 2)
    array([[2., 2.],
           [2., 2.]])
    """

    def forward(self, x: Array) -> Array:
        x = self._check_input(x)
        self.output_shape(x.shape)
        self._keep(x.shape)
        return x.mean(axis=(1, 2))  # (N, C)

    def backward(self, dy: Array) -> Array:
        (x_shape,) = self._take()
        n, h, w, c = x_shape
        dy = self._check_gradient(dy, (n, c))
        share = (dy / (h * w)).reshape(n, 1, 1, c)
        return np.broadcast_to(share, x_shape).copy()  # (N, H, W, C)

    def output_shape(self, input_shape: Shape) -> Shape:
        n, h, w, c = self._check_image_shape(input_shape)
        if h * w == 0:
            self.fail(f"expected images with at least one pixel, got an input of {input_shape}")
        return n, c
