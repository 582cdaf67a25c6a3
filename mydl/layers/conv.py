"""Convolution: cut the image into windows, lay each window out as a row, multiply once.

Derivation: docs/layers/conv2d.md, or `mydl help conv2d`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import DTypeLike

from ..init import he_normal
from ..kernels.im2col import col2im, im2col
from ..layer import Array, Layer, Parameter, Shape, whole_number
from . import winograd
from .window import Padding, Pair, Size, Window


class Conv2d(Layer):
    """Slide ``out_channels`` filters over an image; gradients go to the weight, bias and image.

    With the windows of the image as rows of a matrix ``cols`` (im2col), a convolution is one
    matrix product, and its backward pass is that product's two transposes::

        y    = cols W + b        cols: (N H_out W_out, K_h K_w C_in)    W: (K_h K_w C_in, C_out)
        dW   = cols^T dy         each weight met every window once
        db   = sum of dy         over samples and pixels
        dx   = col2im(dy W^T)    each pixel collects from every window that read it

    A second algorithm, Winograd's, needs a quarter of the multiplications for 3x3 windows with
    stride 1. Skip the lines that call it when you read this for the first time: up to rounding it
    gives the same, and it has a page of its own, docs/winograd.md.

    Kept for backward: ``cols`` (for a 1x1 convolution with stride 1, and for Winograd, that is
    ``x`` itself).

    Parameters
    ----------
    in_channels, out_channels
        Channels of the input and of the output.
    kernel_size
        Pixels, a number or (rows, columns).
    stride
        Pixels from one window to the next, a number or (rows, columns).
    padding
        Zeros around the image: a number, (rows, columns), ((top, bottom), (left, right)), "same" or
        "valid" as TensorFlow defines them.
    bias
        Whether to add a bias to each output channel.
    algorithm
        "im2col"; "winograd", for 3x3 windows with stride 1; or "auto", which takes Winograd where
        it is faster, see :func:`mydl.layers.winograd.is_faster`.
    dtype
        float32, or float64 for gradient checks.
    rng
        Generator that draws the weights, He-normal (He et al. 2015, equation 10); the bias starts
        at zero.

    Raises
    ------
    ValueError
        An argument has a wrong value.
    LayerError
        The input has another number of channels or is smaller than the window.

    Notes
    -----
    Shapes: x (N, H, W, in_channels); y (N, H_out, W_out, out_channels) with
    ``H_out = floor((H + top + bottom - K_h) / stride) + 1`` and W_out alike. ``weight`` is
    (K_h, K_w, in_channels, out_channels), ``bias`` (out_channels,).

    References
    ----------
    The matrix form is that of Chellapilla et al. 2006, "High Performance Convolutional Neural
    Networks for Document Processing", section 4.1.

    Examples
    --------
    >>> layer = Conv2d(3, 64, kernel_size=3, padding=1, rng=np.random.default_rng(0))
    >>> y = layer.forward(np.ones((2, 8, 8, 3), np.float32))
    >>> y.shape
    (2, 8, 8, 64)
    >>> dx = layer.backward(np.ones_like(y))
    >>> dx.shape, layer.weight.grad.shape
    ((2, 8, 8, 3), (3, 3, 3, 64))
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Size,
        stride: Size = 1,
        padding: Padding = 0,
        bias: bool = True,
        *,
        algorithm: str = "auto",
        dtype: DTypeLike = np.float32,
        rng: np.random.Generator | None = None,
    ) -> None:
        self.in_channels = whole_number(in_channels, "in_channels", 1)
        self.out_channels = whole_number(out_channels, "out_channels", 1)
        self.window = Window.of(kernel_size, stride, padding)
        self.algorithm = winograd.check_algorithm(algorithm, self.window)
        weight_shape = (*self.window.kernel_size, self.in_channels, self.out_channels)
        self.weight = Parameter(he_normal(weight_shape, dtype, rng))
        self.bias = Parameter(np.zeros(self.out_channels, dtype)) if bias else None

    def forward(self, x: Array) -> Array:
        x = self._check_input(x)
        output_shape = self.output_shape(x.shape)
        if winograd.is_chosen(self.algorithm, self.window, x.dtype, output_shape):
            self._keep(x, x.shape)
            return winograd.forward(x, self.weight, self.bias, output_shape, self._pad(x.shape))
        cols = self._im2col(x)  # (N*H_out*W_out, K_h*K_w*C_in)
        y = cols @ self._weight_matrix()  # (N*H_out*W_out, C_out)
        if self.bias is not None:
            y += self.bias.data
        self._keep(cols, x.shape)
        return y.reshape(output_shape)

    def backward(self, dy: Array) -> Array:
        cols, x_shape = self._take()
        dy = self._check_gradient(dy, self.output_shape(x_shape))
        if cols.ndim == 4:  # images: forward was Winograd's
            return winograd.backward(dy, cols, self.weight, self.bias, self._pad(x_shape))
        dy = dy.reshape(-1, self.out_channels)  # (N*H_out*W_out, C_out)
        if self.bias is not None:
            self.bias.grad += dy.sum(axis=0)
        self.weight.grad += (cols.T @ dy).reshape(self.weight.shape)
        dcols = dy @ self._weight_matrix().T  # (N*H_out*W_out, K_h*K_w*C_in)
        return self._col2im(dcols, x_shape)

    def _weight_matrix(self) -> Array:
        return self.weight.data.reshape(-1, self.out_channels)  # (K_h*K_w*C_in, C_out)

    def _im2col(self, x: Array) -> Array:
        if self._windows_are_pixels(x.shape):
            return x.reshape(-1, self.in_channels)
        cols = np.empty(self._cols_shape(x.shape), x.dtype)
        im2col(x, cols, self.window.stride, self._pad(x.shape))
        return cols.reshape(-1, self._weight_matrix().shape[0])

    def _col2im(self, dcols: Array, x_shape: Shape) -> Array:
        if self._windows_are_pixels(x_shape):
            return dcols.reshape(x_shape)
        dx = np.empty(x_shape, dcols.dtype)
        dcols = dcols.reshape(self._cols_shape(x_shape))
        col2im(dcols, dx, self.window.stride, self._pad(x_shape))
        return dx

    def _windows_are_pixels(self, x_shape: Shape) -> bool:
        """A 1x1 window that visits every pixel: the rows of ``cols`` are the pixels of ``x``."""
        unpadded = self.window.pads(*x_shape[1:3]) == ((0, 0), (0, 0))
        return unpadded and self.window.kernel_size == self.window.stride == (1, 1)

    def _pad(self, x_shape: Shape) -> Pair:
        """Rows of zeros above and columns of zeros to the left of the image."""
        (top, _), (left, _) = self.window.pads(*x_shape[1:3])
        return top, left

    def _cols_shape(self, x_shape: Shape) -> Shape:
        h_out, w_out = self.window.output_size(*x_shape[1:3])
        return (x_shape[0], h_out, w_out, *self.window.kernel_size, self.in_channels)

    def output_shape(self, input_shape: Shape) -> Shape:
        n, _, _, c = self._check_image_shape(input_shape)
        if c != self.in_channels:
            self.fail(f"expected {self.in_channels} channels, got {c} in an input of {input_shape}")
        try:
            return (n, *self.window.check(input_shape), self.out_channels)
        except ValueError as error:
            self.fail(str(error))

    def multiply_adds(self, input_shape: Shape) -> int:
        n, h_out, w_out, _ = self.output_shape(input_shape)
        return n * h_out * w_out * self.weight.size

    def _describe(self) -> str:
        bias = "" if self.bias is not None else ", bias=False"
        algorithm = "" if self.algorithm == "auto" else f", algorithm={self.algorithm!r}"
        return f"{self.in_channels}, {self.out_channels}, {self.window}{bias}{algorithm}"
