"""The same network, rewritten for speed: what the engine's threads run in place of the layers.

A layer that reads like a textbook makes a new array at each step and visits memory more often than
it has to. Here some patterns of layers are replaced by one that computes the same in fewer passes
over memory, in arrays that are reused from shard to shard::

    Conv2d, ReLU, MaxPool2d     pool first: bias and ReLU then touch a quarter of the pixels
    Fire                        both expands write into their half of one output; the ReLUs ride
                                along with the biases; the 3x3 filters go through Winograd
    MaxPool2d                   reuses its arrays
    Conv2d 1x1, GlobalAvgPool2d average first: a linear map commutes with the mean

The layers replaced stay the specification: the tests compare each pattern with them. The rules of a
thread's replica are looser than those of a layer: arrays returned are overwritten by the next
shard, and gradients, which start each shard at zero, are written instead of added.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .kernels.im2col import im2col
from .kernels.passes import bias_relu, relu_backward
from .kernels.pooling import maxpool, maxpool_backward
from .kernels.winograd import input_tiles, output_tiles, tile_grid, weight_tiles
from .kernels.winograd_gradients import (
    input_gradient_tiles,
    output_gradient_tiles,
    weight_gradient_tiles,
)
from .layer import Array, Layer, Parameter, Shape
from .layers import Bypass, Conv2d, Fire, GlobalAvgPool2d, MaxPool2d, ReLU, Sequential
from .layers.window import Window
from .models.network import Network

POINTS = 36  # of Winograd's F(4x4, 3x3)
GAP = 16  # floats between matrices: 36 streams 4 KiB apart would throw each other out of the cache


class Scratch:
    """Arrays by name that are allocated once and reused from shard to shard."""

    def __init__(self) -> None:
        self._memory: dict[str, Array] = {}

    def take(self, name: str, shape: Shape, dtype: Any = np.float32) -> Array:
        """An array of a shape whose content is whatever was left in it."""
        size = math.prod(shape)
        memory = self._memory.get(name)
        if memory is None or memory.size < size:
            memory = self._memory[name] = np.empty(size, dtype)
        return memory[:size].reshape(shape)

    def matrices(self, name: str, rows: int, columns: int) -> Array:
        """36 matrices, with a gap between one and the next."""
        room = rows * columns
        return self.take(name, (POINTS, room + GAP))[:, :room].reshape(POINTS, rows, columns)

    def gradient(self, dy: Array, shape: Shape) -> Array:
        """An array for dx that is not the one that holds dy: two take turns."""
        for name in ("gradient 0", "gradient 1"):
            dx = self.take(name, shape)
            if not np.may_share_memory(dx, dy):
                return dx
        raise AssertionError("dy lies in both")  # each has memory of its own


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

    def _name(self, what: str) -> str:
        return f"{self._originals[0].path} {what}"


class FusedFire(Fused):
    """Fire: squeeze, then both expands into their channels of one output."""

    def __init__(self, fire: Fire, scratch: Scratch) -> None:
        super().__init__([fire], scratch)
        self._squeeze = _conv(fire.squeeze)
        self._expand1x1, self._expand3x3 = _conv(fire.expand1x1), _conv(fire.expand3x3)

    def forward(self, x: Array) -> Array:
        shape = self.output_shape(x.shape)
        n, h, w, _ = shape
        squeezed, cut = self._squeeze.out_channels, self._expand1x1.out_channels
        s = self._scratch.take(self._name("s"), (n, h, w, squeezed))
        y = self._scratch.take(self._name("y"), shape)
        np.matmul(_rows(x), _matrix(self._squeeze.weight.data), out=_rows(s))
        bias_relu(_rows(s), _bias(self._squeeze).data)
        y1 = _rows(y)[:, :cut]
        np.matmul(_rows(s), _matrix(self._expand1x1.weight.data), out=y1)
        bias_relu(y1, _bias(self._expand1x1).data)
        v, u = self._winograd(s, y[..., cut:])
        self._keep(x, s, y, v, u)
        return y

    def _winograd(self, s: Array, y: Array) -> tuple[Array, Array]:
        """expand3x3 and its ReLU by Winograd; returns the transformed input and weights."""
        conv = self._expand3x3
        grid = tile_grid(*y.shape[1:3])
        tiles = len(s) * grid[0] * grid[1]
        v = self._scratch.matrices(self._name("v"), tiles, conv.in_channels)
        u = self._scratch.matrices(self._name("u"), conv.in_channels, conv.out_channels)
        m = self._scratch.matrices("m", tiles, conv.out_channels)
        input_tiles(s, _tiled(v, len(s), grid), _top_left(conv))
        weight_tiles(conv.weight.data, u)
        np.matmul(v, u, out=m)
        output_tiles(_tiled(m, len(s), grid), _bias(conv).data, y, True)
        return v, u

    def backward(self, dy: Array) -> Array:
        x, s, y, v, u = self._take()
        one, cut = self._expand1x1, self._expand1x1.out_channels
        d1 = self._scratch.take("d1", (len(_rows(dy)), cut))
        relu_backward(_rows(dy)[:, :cut], _rows(y)[:, :cut], d1, _bias(one).grad)
        np.matmul(_rows(s).T, d1, out=_matrix(one.weight.grad))
        ds = self._scratch.take("ds", s.shape)
        np.matmul(d1, _matrix(one.weight.data).T, out=_rows(ds))
        self._winograd_backward(dy[..., cut:], y[..., cut:], v, u, ds)
        squeeze = self._squeeze
        relu_backward(_rows(ds), _rows(s), _rows(ds), _bias(squeeze).grad)
        np.matmul(_rows(x).T, _rows(ds), out=_matrix(squeeze.weight.grad))
        dx = self._scratch.gradient(dy, x.shape)
        np.matmul(_rows(ds), _matrix(squeeze.weight.data).T, out=_rows(dx))
        return dx

    def _winograd_backward(self, dy: Array, y: Array, v: Array, u: Array, ds: Array) -> None:
        """Gradients of expand3x3; that of its input is added to ``ds``."""
        conv = self._expand3x3
        n, grid = len(dy), tile_grid(*dy.shape[1:3])
        dm = self._scratch.matrices("m", v.shape[1], conv.out_channels)
        du = self._scratch.matrices("du", conv.in_channels, conv.out_channels)
        dv = self._scratch.matrices("dv", v.shape[1], conv.in_channels)
        output_gradient_tiles(dy, y, _tiled(dm, n, grid), _bias(conv).grad)
        np.matmul(v.transpose(0, 2, 1), dm, out=du)
        weight_gradient_tiles(du, conv.weight.grad)
        np.matmul(dm, u.transpose(0, 2, 1), out=dv)
        input_gradient_tiles(_tiled(dv, n, grid), ds, _top_left(conv))


class FusedMaxPool(Fused):
    """MaxPool2d in arrays that are reused."""

    def __init__(self, pool: MaxPool2d, scratch: Scratch) -> None:
        super().__init__([pool], scratch)
        self._pool = pool

    def forward(self, x: Array) -> Array:
        y, argument = self._maximum(x)
        self._keep(argument, x.shape)
        return y

    def _maximum(self, x: Array) -> tuple[Array, Array]:
        shape = self._pool.output_shape(x.shape)
        y = self._scratch.take(self._name("y"), shape)
        argument = self._scratch.take(self._name("argument"), shape, np.uint8)
        maxpool(x, y, argument, *_slide(self._pool, x.shape))
        return y, argument

    def backward(self, dy: Array) -> Array:
        argument, x_shape = self._take()
        dx = self._scratch.gradient(dy, x_shape)
        maxpool_backward(dy, argument, dx, *_slide(self._pool, x_shape))
        return dx


class FusedConvReluPool(FusedMaxPool):
    """The first layers: convolution, max pooling, then bias and ReLU on what is left.

    Adding a number and cutting at zero keep the order of values, so the maximum may come first.
    Nobody asks for the gradient of the images in training: it is not computed.
    """

    def __init__(self, conv: Conv2d, relu: ReLU, pool: MaxPool2d, scratch: Scratch) -> None:
        super().__init__(pool, scratch)
        self._originals = [conv, relu, pool]
        self._first = conv

    def forward(self, x: Array) -> Array:
        conv = self._first
        n, h, w, channels = conv.output_shape(x.shape)
        (top, _), (left, _) = conv.window.pads(*x.shape[1:3])
        cols = self._scratch.take(
            self._name("cols"), (n, h, w, *conv.window.kernel_size, conv.in_channels)
        )
        im2col(x, cols, conv.window.stride, (top, left))
        cols = cols.reshape(n * h * w, -1)
        z = self._scratch.take("z", (n, h, w, channels))
        np.matmul(cols, _matrix(conv.weight.data), out=_rows(z))
        y, argument = self._maximum(z)
        bias_relu(_rows(y), _bias(conv).data)
        self._keep(cols, z.shape, y, argument)
        return y

    def backward(self, dy: Array) -> Array:
        cols, z_shape, y, argument = self._take()
        conv = self._first
        d = self._scratch.take("d first", dy.shape)
        relu_backward(_rows(dy), _rows(y), _rows(d), _bias(conv).grad)
        dz = self._scratch.take("z", z_shape)
        maxpool_backward(d, argument, dz, *_slide(self._pool, z_shape))
        np.matmul(cols.T, _rows(dz), out=_matrix(conv.weight.grad))
        return np.empty(0, np.float32)


class FusedAverageConv(Fused):
    """A 1x1 convolution and the average over the image: average first, then one small product."""

    def __init__(self, conv: Conv2d, average: GlobalAvgPool2d, scratch: Scratch) -> None:
        super().__init__([conv, average], scratch)
        self._conv = conv

    def forward(self, x: Array) -> Array:
        self.output_shape(x.shape)
        mean = x.mean(axis=(1, 2))
        self._keep(x.shape, mean)
        return mean @ _matrix(self._conv.weight.data) + _bias(self._conv).data

    def backward(self, dy: Array) -> Array:
        shape, mean = self._take()
        np.matmul(mean.T, dy, out=_matrix(self._conv.weight.grad))
        _bias(self._conv).grad += dy.sum(axis=0)
        dmean = dy @ _matrix(self._conv.weight.data).T
        dx = self._scratch.gradient(dy, shape)
        dx[...] = dmean[:, None, None] / (shape[1] * shape[2])
        return dx


def fuse(model: Layer) -> Layer:
    """Replace what can be replaced in a replica of a model, in place; returns the new model.

    The parameters stay the same objects. Only float32 is worth it: a gradient check in float64
    looks at the layers themselves.
    """
    if any(parameter.data.dtype != np.float32 for parameter in model.parameters()):
        return model
    return _fuse(model, Scratch(), first=True)


def _fuse(layer: Layer, scratch: Scratch, first: bool) -> Layer:
    """``first``: whether this layer sees the images, whose gradient nobody asks for."""
    if isinstance(layer, Sequential):
        return _fuse_chain(layer, scratch, first)
    if isinstance(layer, Fire) and all(
        _has_bias(conv) for conv in (layer.squeeze, layer.expand1x1, layer.expand3x3)
    ):
        return FusedFire(layer, scratch)
    if isinstance(layer, MaxPool2d) and _argument_fits(layer):
        return FusedMaxPool(layer, scratch)
    if isinstance(layer, Network | Bypass):
        for name, child in layer.children().items():
            setattr(layer, name, _fuse(child, scratch, first))
            first = False
    return layer


def _fuse_chain(chain: Sequential, scratch: Scratch, first: bool) -> Sequential:
    """Fuse the runs of layers that fit a pattern, then each of the others by itself."""
    rest = dict(chain.children())
    fused: dict[str, Layer] = {}
    while rest:
        name, *names = rest
        match list(rest.values()):
            case [Conv2d() as conv, ReLU() as relu, MaxPool2d() as pool, *_] if (
                first and _has_bias(conv) and _argument_fits(pool)
            ):
                fused[name], count = FusedConvReluPool(conv, relu, pool, scratch), 3
            case [Conv2d() as conv, GlobalAvgPool2d() as average, *_] if _has_bias(
                conv
            ) and conv.window == Window.of(1, 1, 0):
                fused[name], count = FusedAverageConv(conv, average, scratch), 2
            case [layer, *_]:
                fused[name], count = _fuse(layer, scratch, first), 1
        for used in [name, *names][:count]:
            del rest[used]
        first = False
    path = chain.path
    result = Sequential(fused)
    result._place(path)
    return result


def _has_bias(layer: Layer) -> bool:
    return isinstance(layer, Conv2d) and layer.bias is not None


def _argument_fits(pool: MaxPool2d) -> bool:
    """Whether the number of a cell of the window fits into a byte."""
    return math.prod(pool.window.kernel_size) <= 256


def _conv(layer: Layer) -> Conv2d:
    assert isinstance(layer, Conv2d)
    return layer


def _bias(conv: Conv2d) -> Parameter:
    assert conv.bias is not None
    return conv.bias


def _rows(x: Array) -> Array:
    """(N, H, W, C) as a matrix with a row for each pixel."""
    return x.reshape(-1, x.shape[-1])


def _matrix(weight: Array) -> Array:
    """(K_h, K_w, C_in, C_out) as a matrix with a column for each output channel."""
    return weight.reshape(-1, weight.shape[-1])


def _tiled(matrices: Array, n: int, grid: tuple[int, int]) -> Array:
    """(36, tiles, C) as (36, N, rows of tiles, columns of tiles, C)."""
    return matrices.reshape(POINTS, n, *grid, matrices.shape[-1])


def _top_left(conv: Conv2d) -> tuple[int, int]:
    """Padding above and to the left; a 3x3 window with stride 1 has it whatever the image."""
    (top, _), (left, _) = conv.window.pads(3, 3)
    return top, left


def _slide(pool: MaxPool2d, x_shape: Shape) -> tuple[tuple[int, int], ...]:
    """Kernel size, stride and (top, left) padding, as the pooling kernels take them."""
    (top, _), (left, _) = pool.window.pads(*x_shape[1:3])
    return pool.window.kernel_size, pool.window.stride, (top, left)
