"""The layers that compute what several layers compute, in fewer passes over memory."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..kernels.first_layers import conv_pool, conv_pool_backward
from ..kernels.im2col import im2col
from ..kernels.pointwise import multiply, pointwise_backward
from ..kernels.pooling import maxpool, maxpool_backward
from ..kernels.winograd_convolution import winograd_backward, winograd_forward
from ..layer import Array, Layer, Shape
from ..layers import Conv2d, Fire, GlobalAvgPool2d, MaxPool2d
from .activation import Activation, BiasRelu, NormRelu
from .scratch import Scratch, matrix, rows


class Fused(Layer):
    """Base of the fused layers: the layers they replace, and the thread's scratch memory.

    The originals keep their places and paths in the network: they are not children of this layer.
    """

    def __init__(self, originals: list[Layer], scratch: Scratch) -> None:
        self._originals = originals
        self._scratch = scratch

    def __setattr__(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)

    def children(self) -> dict[str, Layer]:
        return {}

    def output_shape(self, input_shape: Shape) -> Shape:
        for layer in self._originals:
            input_shape = layer.output_shape(input_shape)
        return input_shape

    def _memory(self, what: str, shape: Shape, dtype: Any = np.float32) -> Array:
        """Memory of this layer's own, for what it keeps."""
        return self._scratch.take(f"{self._originals[0].path} {what}", shape, dtype)


class FusedFire(Fused):
    """Fire: squeeze, then both expands into their channels of one output.

    The 3x3 filters go through Winograd's transforms, see :mod:`mydl.kernels.winograd`.
    """

    def __init__(
        self,
        fire: Fire,
        squeeze: Activation,
        expand1x1: Activation,
        expand3x3: Activation,
        scratch: Scratch,
    ) -> None:
        super().__init__([fire], scratch)
        self._squeeze, self._expand1x1, self._expand3x3 = squeeze, expand1x1, expand3x3
        self._cut = expand1x1.conv.out_channels

    def forward(self, x: Array) -> Array:
        shape = self.output_shape(x.shape)
        s = self._memory("s", (*shape[:-1], self._squeeze.conv.out_channels))
        y = self._memory("y", shape)
        self._pointwise(self._squeeze, x, s)
        self._pointwise(self._expand1x1, s, y[..., : self._cut])
        self._three_by_three(self._expand3x3, s, y[..., self._cut :])
        self._keep(x, s, y)
        return y

    def backward(self, dy: Array) -> Array:
        x, s, y = self._take()
        cut = self._cut
        ds = self._scratch.take("ds", s.shape)
        self._pointwise_backward(self._expand1x1, dy[..., :cut], y[..., :cut], s, ds)
        self._three_by_three_backward(self._expand3x3, dy[..., cut:], y[..., cut:], s, ds)
        dx = self._scratch.gradient(dy, x.shape)
        self._pointwise_backward(self._squeeze, ds, s, x, dx)
        return dx

    def _pointwise(self, unit: Activation, x: Array, y: Array) -> None:
        """A 1x1 convolution with what follows it."""
        z, bias, relu = unit.product(y)
        multiply(rows(x), matrix(unit.conv.weight.data), bias, rows(z), False, relu)
        unit.forward(z, y, self.training)

    def _pointwise_backward(
        self, unit: Activation, dy: Array, y: Array, x: Array, dx: Array
    ) -> None:
        """Its gradients; that of ``x`` is written."""
        d, mask, dbias = unit.gradient(dy, y)
        weight, dweight = matrix(unit.conv.weight.data), matrix(unit.conv.weight.grad)
        pointwise_backward(rows(d), rows(mask), rows(x), weight, dweight, dbias, rows(dx))

    def _three_by_three(self, unit: Activation, x: Array, y: Array) -> None:
        """A 3x3 convolution by Winograd with what follows it."""
        z, bias, relu = unit.product(y)
        winograd_forward(x, unit.conv.weight.data, bias, z, (1, 1), relu)
        unit.forward(z, y, self.training)

    def _three_by_three_backward(
        self, unit: Activation, dy: Array, y: Array, x: Array, dx: Array
    ) -> None:
        """Its gradients; that of ``x`` is added."""
        d, mask, dbias = unit.gradient(dy, y)
        weight = unit.conv.weight
        winograd_backward(d, mask, x, weight.data, weight.grad, dbias, dx, (1, 1))


class FusedMaxPool(Fused):
    """MaxPool2d in arrays that are reused."""

    def __init__(self, pool: MaxPool2d, scratch: Scratch) -> None:
        super().__init__([pool], scratch)
        self._pool = pool

    def forward(self, x: Array) -> Array:
        shape = self.output_shape(x.shape)
        y, argument = self._memory("y", shape), self._memory("argument", shape, np.uint8)
        maxpool(x, y, argument, *self._slide(x.shape))
        self._keep(argument, x.shape)
        return y

    def backward(self, dy: Array) -> Array:
        argument, x_shape = self._take()
        dx = self._scratch.gradient(dy, x_shape)
        maxpool_backward(dy, argument, dx, *self._slide(x_shape))
        return dx

    def _slide(self, x_shape: Shape) -> tuple[tuple[int, int], ...]:
        """Kernel size, stride and (top, left) padding, as the pooling kernels take them."""
        (top, _), (left, _) = self._pool.window.pads(*x_shape[1:3])
        return self._pool.window.kernel_size, self._pool.window.stride, (top, left)


class FusedFirst(FusedMaxPool):
    """The first layers: convolution of images, bias, ReLU and max pooling in one kernel.

    Nobody asks for the gradient of the images in training: it is not computed, and what backward
    returns is empty. Kept for backward: the images, the output and the winners of the pooling.
    """

    def __init__(
        self, layers: list[Layer], unit: BiasRelu, pool: MaxPool2d, scratch: Scratch
    ) -> None:
        super().__init__(pool, scratch)
        self._originals = layers
        self._unit = unit

    def forward(self, x: Array) -> Array:
        conv, bias = self._unit.conv, self._unit.bias
        x = conv._check_input(x)
        shape = self.output_shape(x.shape)
        y, argument = self._memory("y", shape), self._memory("argument", shape, np.uint8)
        slides = self._slides(x.shape)
        conv_pool(x, conv.weight.data, bias.data, y, argument, *slides)
        self._keep(x, y, argument, slides)
        return y

    def backward(self, dy: Array) -> Array:
        x, y, argument, slides = self._take()
        conv, bias = self._unit.conv, self._unit.bias
        conv_pool_backward(dy, y, argument, x, conv.weight.grad, bias.grad, *slides)
        return np.empty(0, np.float32)

    def _slides(self, x_shape: Shape) -> tuple[Any, Any]:
        """How the kernels slide: the convolution over the image, the pooling over its output."""
        conv = self._unit.conv
        z_shape = conv.output_shape(x_shape)
        (top, _), (left, _) = conv.window.pads(*x_shape[1:3])
        return (z_shape[1:3], conv.window.stride, (top, left)), self._slide(z_shape)


class FusedFirstNorm(Fused):
    """The first convolution with its batch norm and ReLU; as above, images get no gradient."""

    def __init__(self, layers: list[Layer], unit: NormRelu, scratch: Scratch) -> None:
        super().__init__(layers, scratch)
        self._unit = unit

    def forward(self, x: Array) -> Array:
        conv = self._unit.conv
        x = conv._check_input(x)
        shape = conv.output_shape(x.shape)
        (top, _), (left, _) = conv.window.pads(*x.shape[1:3])
        windows = self._memory("cols", (*shape[:3], *conv.window.kernel_size, conv.in_channels))
        im2col(x, windows, conv.window.stride, (top, left))
        cols = windows.reshape(-1, matrix(conv.weight.data).shape[0])
        y = self._memory("y", shape)
        z, _, _ = self._unit.product(y)
        np.matmul(cols, matrix(conv.weight.data), out=rows(z))
        self._unit.forward(z, y, self.training)
        self._keep(cols, y)
        return y

    def backward(self, dy: Array) -> Array:
        cols, y = self._take()
        dz, _, _ = self._unit.gradient(dy, y)
        grad = self._unit.conv.weight.grad
        grad += (cols.T @ rows(dz)).reshape(grad.shape)
        return np.empty(0, np.float32)


class FusedAverageConv(Fused):
    """A 1x1 convolution and the average over the image: average first, then one small product.

    A linear map commutes with the mean.
    """

    def __init__(self, conv: Conv2d, average: GlobalAvgPool2d, scratch: Scratch) -> None:
        super().__init__([conv, average], scratch)
        self._conv = conv

    def forward(self, x: Array) -> Array:
        self.output_shape(x.shape)
        mean = x.mean(axis=(1, 2))
        self._keep(x.shape, mean)
        y = mean @ matrix(self._conv.weight.data)
        return y if self._conv.bias is None else y + self._conv.bias.data

    def backward(self, dy: Array) -> Array:
        shape, mean = self._take()
        self._conv.weight.grad += (mean.T @ dy).reshape(self._conv.weight.shape)
        if self._conv.bias is not None:
            self._conv.bias.grad += dy.sum(axis=0)
        dmean = dy @ matrix(self._conv.weight.data).T
        dx = self._scratch.gradient(dy, shape)
        dx[...] = dmean[:, None, None] / (shape[1] * shape[2])
        return dx
