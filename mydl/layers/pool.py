"""Max pooling: keep each window's largest value, and send its gradient back to where it was.

Derivation: docs/layers/maxpool.md, or `mydl help maxpool`.
"""

from __future__ import annotations

import math

import numpy as np

from ..kernels.pooling import maxpool, maxpool_backward
from ..layer import Array, Layer, Shape
from .window import Padding, Size, Window


class Pool2d(Layer):
    """What max and average pooling share: a window that slides over each channel on its own."""

    def __init__(
        self,
        kernel_size: Size,
        stride: Size | None = None,
        padding: Padding = 0,
        ceil_mode: bool = False,
    ) -> None:
        stride = kernel_size if stride is None else stride
        self.window = Window.of(kernel_size, stride, padding, ceil_mode)
        # More padding than half a window could leave a window with nothing of the image in it.
        if self.window.padding != "same" and any(
            max(sides) > size // 2
            for sides, size in zip(self.window.padding, self.window.kernel_size, strict=True)
        ):
            raise ValueError(
                f"padding of a pooling window must be at most half of kernel_size={kernel_size}, "
                f"got {padding}"
            )

    def output_shape(self, input_shape: Shape) -> Shape:
        n, _, _, c = self._check_image_shape(input_shape)
        try:
            return (n, *self.window.check(input_shape), c)
        except ValueError as error:
            self.fail(str(error))

    def _slide(self, x_shape: Shape) -> tuple[tuple[int, int], tuple[int, int], tuple[int, int]]:
        """Kernel size, stride and (top, left) padding: how the kernels slide over the image."""
        (top, _), (left, _) = self.window.pads(*x_shape[1:3])
        return self.window.kernel_size, self.window.stride, (top, left)

    def _describe(self) -> str:
        return str(self.window)


class MaxPool2d(Pool2d):
    """Keep the largest value of each window; its gradient goes to the pixel that held it.

    ::

        y[p, q]  = max of x over the window of (p, q)
        dx[r, s] = sum of dy[p, q] over the windows that (r, s) won

    Where windows overlap (SqueezeNet's 3x3 windows with stride 2) one pixel can win several, and
    their gradients add up. Among equal values the first wins, row by row: a maximum has no
    derivative at a tie, and one of the cells has to take the gradient. A NaN wins over every
    number, so that it is seen. Padding never wins.

    Kept for backward: the number of the winning cell of each window, one byte each.

    Parameters
    ----------
    kernel_size
        Pixels, a number or (rows, columns).
    stride
        Pixels from one window to the next; None for windows side by side.
    padding
        As for Conv2d, at most half the window.
    ceil_mode
        Let a last window hang over the edge of the image, cut off there, where the windows do not
        fit exactly. Caffe always does so.

    Raises
    ------
    ValueError
        An argument has a wrong value.
    LayerError
        The input is smaller than the window.

    Notes
    -----
    Shapes: x (N, H, W, C); y (N, H_out, W_out, C) with ``H_out = floor((H + top + bottom - K_h) /
    stride) + 1`` (ceil instead of floor with ``ceil_mode``) and W_out alike.

    References
    ----------
    Ranzato et al. 2007, "Unsupervised Learning of Invariant Feature Hierarchies with Applications
    to Object Recognition"; overlapping windows: Krizhevsky et al. 2012, "ImageNet Classification
    with Deep Convolutional Neural Networks", section 3.4.

    Examples
    --------
    >>> pool = MaxPool2d(2)
    >>> pool.forward(np.array([[1.0, 2.0, 5.0, 5.0], [4.0, 3.0, 5.0, 0.0]]).reshape(1, 2, 4, 1))
    array([[[[4.],
             [5.]]]])
    >>> pool.backward(np.array([7.0, 9.0]).reshape(1, 1, 2, 1)).reshape(2, 4)
    array([[0., 0., 9., 0.],
           [7., 0., 0., 0.]])
    """

    def forward(self, x: Array) -> Array:
        x = self._check_input(x)
        y = np.empty(self.output_shape(x.shape), x.dtype)
        cells = math.prod(self.window.kernel_size)
        argument = np.empty(y.shape, np.min_scalar_type(cells - 1))  # uint8 up to 256 cells
        maxpool(x, y, argument, *self._slide(x.shape))
        self._keep(argument, x.shape)
        return y

    def backward(self, dy: Array) -> Array:
        argument, x_shape = self._take()
        dy = self._check_gradient(dy, argument.shape)
        dx = np.empty(x_shape, dy.dtype)
        maxpool_backward(dy, argument, dx, *self._slide(x_shape))
        return dx
