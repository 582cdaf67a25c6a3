"""The layers that compute what several layers compute, in fewer passes over memory."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..kernels.im2col import im2col
from ..kernels.pooling import maxpool, maxpool_backward
from ..kernels.winograd import input_tiles, output_tiles, tile_grid, weight_tiles
from ..kernels.winograd_gradients import (
    input_gradient_tiles,
    output_gradient_tiles,
    weight_gradient_tiles,
)
from ..layer import Array, Layer, Shape
from ..layers import Conv2d, Fire, GlobalAvgPool2d, MaxPool2d
from .activation import Activation, BiasRelu
from .scratch import POINTS, Scratch, matrix, rows


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

    The 3x3 filters go through Winograd's transforms (see :mod:`mydl.kernels.winograd`).
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
        v, u = self._winograd(s, y[..., self._cut :])
        self._keep(x, s, y, v, u)
        return y

    def _pointwise(self, unit: Activation, x: Array, y: Array) -> None:
        """A 1x1 convolution with what follows it."""
        z = unit.product(y)
        np.matmul(rows(x), matrix(unit.conv.weight.data), out=rows(z))
        unit.forward(z, y, self.training)

    def _winograd(self, s: Array, y: Array) -> tuple[Array, Array]:
        """expand3x3 with what follows it; returns the transformed input and weights."""
        unit, conv = self._expand3x3, self._expand3x3.conv
        n, grid = len(s), tile_grid(*s.shape[1:3])
        tiles = n * grid[0] * grid[1]
        v = self._scratch.matrices(f"{conv.path} v", tiles, conv.in_channels)
        u = self._scratch.matrices(f"{conv.path} u", conv.in_channels, conv.out_channels)
        m = self._scratch.matrices("m", tiles, conv.out_channels)
        input_tiles(s, _tiled(v, n, grid), (1, 1))
        weight_tiles(conv.weight.data, u)
        np.matmul(v, u, out=m)
        if isinstance(unit, BiasRelu):
            output_tiles(_tiled(m, n, grid), unit.bias.data, y, True)
        else:
            z = unit.product(y)
            output_tiles(_tiled(m, n, grid), np.zeros(conv.out_channels, y.dtype), z, False)
            unit.forward(z, y, self.training)
        return v, u

    def backward(self, dy: Array) -> Array:
        x, s, y, v, u = self._take()
        ds = self._scratch.take("ds", s.shape)
        self._pointwise_backward(self._expand1x1, dy[..., : self._cut], y[..., : self._cut], s, ds)
        self._winograd_backward(dy[..., self._cut :], y[..., self._cut :], v, u, ds)
        dx = self._scratch.gradient(dy, x.shape)
        self._pointwise_backward(self._squeeze, ds, s, x, dx)
        return dx

    def _pointwise_backward(
        self, unit: Activation, dy: Array, y: Array, x: Array, dx: Array
    ) -> None:
        """Write the gradients of a 1x1 convolution with what follows it."""
        d = self._scratch.take("d", dy.shape)
        unit.backward(dy, y, d)
        np.matmul(rows(x).T, rows(d), out=matrix(unit.conv.weight.grad))
        np.matmul(rows(d), matrix(unit.conv.weight.data).T, out=rows(dx))

    def _winograd_backward(self, dy: Array, y: Array, v: Array, u: Array, ds: Array) -> None:
        """Write the gradients of expand3x3; that of its input is added to ``ds``."""
        unit, conv = self._expand3x3, self._expand3x3.conv
        n, grid = len(dy), tile_grid(*dy.shape[1:3])
        dm = self._scratch.matrices("m", v.shape[1], conv.out_channels)
        du = self._scratch.matrices("du", conv.in_channels, conv.out_channels)
        dv = self._scratch.matrices("dv", v.shape[1], conv.in_channels)
        if isinstance(unit, BiasRelu):
            output_gradient_tiles(dy, y, _tiled(dm, n, grid), unit.bias.grad)
        else:
            d = self._scratch.take("d", dy.shape)
            unit.backward(dy, y, d)
            ones = np.broadcast_to(np.ones(conv.out_channels, d.dtype), d.shape)
            output_gradient_tiles(d, ones, _tiled(dm, n, grid), np.zeros_like(ones[0, 0, 0]))
        np.matmul(v.transpose(0, 2, 1), dm, out=du)
        weight_gradient_tiles(du, conv.weight.grad)
        np.matmul(dm, u.transpose(0, 2, 1), out=dv)
        input_gradient_tiles(_tiled(dv, n, grid), ds, (1, 1))


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
            unit.forward(y, y, self.training)
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
        unit = self._unit
        dz = self._scratch.take("dz", z_shape)
        if isinstance(unit, BiasRelu):
            d = self._scratch.take("d", dy.shape)
            unit.backward(dy, activated, d)
            maxpool_backward(d, argument, dz, *self._slide(z_shape))
        else:
            unpooled = self._scratch.take("unpooled", z_shape)
            maxpool_backward(dy, argument, unpooled, *self._slide(z_shape))
            unit.backward(unpooled, activated, dz)
        np.matmul(cols.T, rows(dz), out=matrix(unit.conv.weight.grad))
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
        np.matmul(mean.T, dy, out=matrix(self._conv.weight.grad))
        if self._conv.bias is not None:
            self._conv.bias.grad += dy.sum(axis=0)
        dmean = dy @ matrix(self._conv.weight.data).T
        dx = self._scratch.gradient(dy, shape)
        dx[...] = dmean[:, None, None] / (shape[1] * shape[2])
        return dx


def _tiled(matrices: Array, n: int, grid: tuple[int, int]) -> Array:
    """(36, tiles, C) as (36, N, rows of tiles, columns of tiles, C)."""
    return matrices.reshape(POINTS, n, *grid, matrices.shape[-1])
