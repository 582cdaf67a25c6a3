"""The layers that compute what several layers compute, in fewer passes over memory."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..kernels.im2col import im2col
from ..kernels.passes import bias_relu, relu_backward
from ..kernels.pointwise import multiply, pointwise_backward
from ..kernels.pooling import maxpool, maxpool_backward
from ..kernels.winograd_convolution import winograd_backward, winograd_forward
from ..layer import Array, Layer, Shape
from ..layers import Conv2d, Fire, GlobalAvgPool2d, MaxPool2d
from .activation import Activation, BiasRelu
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
        y, argument = self._maximum(x)
        self._keep(argument, x.shape)
        return y

    def backward(self, dy: Array) -> Array:
        argument, x_shape = self._take()
        dx = self._scratch.gradient(dy, x_shape)
        maxpool_backward(dy, argument, dx, *self._slide(x_shape))
        return dx

    def _maximum(self, x: Array) -> tuple[Array, Array]:
        """The largest value of each window, and which cell it was."""
        shape = self._pool.output_shape(x.shape)
        y, argument = self._memory("pooled", shape), self._memory("argument", shape, np.uint8)
        maxpool(x, y, argument, *self._slide(x.shape))
        return y, argument

    def _slide(self, x_shape: Shape) -> tuple[tuple[int, int], ...]:
        """Kernel size, stride and (top, left) padding, as the pooling kernels take them."""
        (top, _), (left, _) = self._pool.window.pads(*x_shape[1:3])
        return self._pool.window.kernel_size, self._pool.window.stride, (top, left)


class FusedFirst(FusedMaxPool):
    """The first layers: convolution, bias or norm, ReLU and max pooling.

    Adding a bias and cutting at zero keep the order of values, so there the maximum comes first,
    and the rest has a quarter of the pixels to do. Nobody asks for the gradient of the images in
    training: it is not computed.
    """

    def __init__(self, layers: list[Layer], unit: Activation, pool: MaxPool2d, scratch: Scratch):
        super().__init__(pool, scratch)
        self._originals = layers
        self._unit = unit

    def forward(self, x: Array) -> Array:
        unit, conv = self._unit, self._unit.conv
        z_shape = conv.output_shape(x.shape)
        cols = self._im2col(x, z_shape)
        z = self._memory("z", z_shape)
        np.matmul(cols, matrix(conv.weight.data), out=rows(z))
        if isinstance(unit, BiasRelu):
            y, argument = self._maximum(z)
            bias_relu(rows(y), unit.bias.data)
            activated = y
        else:
            activated = self._memory("activated", z_shape)
            unit.forward(z, activated, self.training)
            y, argument = self._maximum(activated)
        self._keep(cols, z_shape, activated, argument)
        return y

    def _im2col(self, x: Array, z_shape: Shape) -> Array:
        conv = self._unit.conv
        (top, _), (left, _) = conv.window.pads(*x.shape[1:3])
        cols = self._memory("cols", (*z_shape[:3], *conv.window.kernel_size, conv.in_channels))
        im2col(x, cols, conv.window.stride, (top, left))
        return cols.reshape(-1, matrix(conv.weight.data).shape[0])

    def backward(self, dy: Array) -> Array:
        cols, z_shape, activated, argument = self._take()
        unit, grad = self._unit, self._unit.conv.weight.grad
        unpooled = self._scratch.take("unpooled", z_shape)
        if isinstance(unit, BiasRelu):
            d = self._scratch.take("d", dy.shape)
            relu_backward(rows(dy), rows(activated), rows(d), unit.bias.grad)
            maxpool_backward(d, argument, unpooled, *self._slide(z_shape))
            dz = unpooled
        else:
            maxpool_backward(dy, argument, unpooled, *self._slide(z_shape))
            dz, _, _ = unit.gradient(unpooled, activated)
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
