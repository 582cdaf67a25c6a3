"""The layers that compute what several layers compute, in fewer passes over memory."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..kernels.compile import LANES
from ..kernels.first_layers import conv_pool, conv_pool_backward
from ..kernels.im2col import im2col
from ..kernels.pointwise import ROWS, multiply, pointwise_backward
from ..kernels.pooling import average, maxpool, maxpool_backward
from ..kernels.winograd import TILE
from ..kernels.winograd_convolution import winograd_backward, winograd_forward
from ..layer import Array, Layer, Shape
from ..layers import Conv2d, Fire, GlobalAvgPool2d, MaxPool2d
from .activation import Activation, BiasRelu, NormRelu
from .scratch import matrix, rows
from .workspace import Workspace

_LARGE = 40  # rows of an image from which on threads share its rows in a 3x3 convolution


class Fused(Layer):
    """Base of the fused layers: the layers they replace, and what the thread works with.

    The originals keep their places and paths in the network: they are not children of this layer.
    ``chain`` names the sequence of layers that it is in, in which outputs take turns in memory.
    """

    def __init__(self, originals: list[Layer], space: Workspace, chain: str) -> None:
        self._originals = originals
        self._space = space
        self._chain = chain
        self._shapes: dict[Shape, Shape] = {}

    def __setattr__(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)

    def children(self) -> dict[str, Layer]:
        return {}

    def output_shape(self, input_shape: Shape) -> Shape:
        """As the layers say; asked for each new shape once, since it takes as long as a kernel."""
        shape = self._shapes.get(input_shape)
        if shape is None:
            shape = input_shape
            for layer in self._originals:
                shape = layer.output_shape(shape)
            self._shapes[input_shape] = shape
        return shape

    def _memory(self, what: str, shape: Shape, dtype: Any = np.float32) -> Array:
        """Memory of this layer's own, for what it keeps."""
        return self._space.own.take(f"{self._originals[0].path} {what}", shape, dtype)

    def _output(self, x: Array, shape: Shape) -> Array:
        """Memory for the output: in training it is kept, in evaluation two outputs take turns."""
        if self.training:
            return self._memory("y", shape)
        return self._space.take_turns(x, shape, f"{self._chain} y")

    def _gradient(self, dy: Array, shape: Shape) -> Array:
        """Memory for the gradient of the input, which is not that of ``dy``."""
        return self._space.own.take_turns(dy, shape, f"{self._chain} gradient")

    def _pointwise(self, unit: Activation, x: Array, y: Array) -> None:
        """A 1x1 convolution with what follows it, of which threads share the pixels."""
        x, y = rows(x), rows(y)
        pixels = self._space.share(len(y), ROWS)
        x, y = x[pixels], y[pixels]
        z, bias, relu = unit.product(y)
        self._space.call(multiply, x, matrix(unit.conv.weight.data), bias, z, False, relu)
        unit.forward(z, y, self.training)

    def _pointwise_gradients(
        self, unit: Activation, dy: Array, y: Array, x: Array, dx: Array
    ) -> None:
        """Its gradients; that of ``x`` is written."""
        d, mask, dbias = unit.gradient(dy, y)
        weight, dweight = matrix(unit.conv.weight.data), matrix(unit.conv.weight.grad)
        pointwise_backward(rows(d), rows(mask), rows(x), weight, dweight, dbias, rows(dx))


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
        space: Workspace,
        chain: str,
    ) -> None:
        super().__init__([fire], space, chain)
        self._squeeze, self._expand1x1, self._expand3x3 = squeeze, expand1x1, expand3x3
        self._cut = expand1x1.conv.out_channels

    def forward(self, x: Array) -> Array:
        shape = self.output_shape(x.shape)
        s_shape = (*shape[:-1], self._squeeze.conv.out_channels)
        s = self._memory("s", s_shape) if self.training else self._space.take("s", s_shape)
        y = self._output(x, shape)
        self._pointwise(self._squeeze, x, s)
        self._space.meet()
        self._pointwise(self._expand1x1, s, y[..., : self._cut])
        self._three_by_three(s, y[..., self._cut :])
        self._space.meet()
        self._keep(x, s, y)
        return y

    def backward(self, dy: Array) -> Array:
        x, s, y = self._take()
        cut = self._cut
        ds = self._space.own.take("ds", s.shape)
        self._pointwise_gradients(self._expand1x1, dy[..., :cut], y[..., :cut], s, ds)
        self._three_by_three_gradients(dy[..., cut:], y[..., cut:], s, ds)
        dx = self._gradient(dy, x.shape)
        self._pointwise_gradients(self._squeeze, ds, s, x, dx)
        return dx

    def _three_by_three(self, x: Array, y: Array) -> None:
        """The 3x3 convolution by Winograd with what follows it.

        Threads share the rows of a large image. Of a small one they share the channels: each then
        transforms its own filters only, which there takes longer than to transform the image.
        """
        unit, space = self._expand3x3, self._space
        rows, channels = slice(None), space.share(y.shape[3], LANES)
        if y.shape[1] > _LARGE:
            rows, channels = space.share(y.shape[1], TILE), slice(None)
        y = y[:, rows, :, channels]
        z, bias, relu = unit.product(y, channels)
        pad = 1 - (rows.start or 0), 1
        space.call(winograd_forward, x, unit.conv.weight.data[..., channels], bias, z, pad, relu)
        unit.forward(z, y, self.training, channels)

    def _three_by_three_gradients(self, dy: Array, y: Array, x: Array, dx: Array) -> None:
        """Its gradients; that of ``x`` is added."""
        d, mask, dbias = self._expand3x3.gradient(dy, y)
        weight = self._expand3x3.conv.weight
        winograd_backward(d, mask, x, weight.data, weight.grad, dbias, dx, (1, 1))


class FusedPointwise(Fused):
    """A 1x1 convolution, its bias and the ReLU behind it."""

    def __init__(self, layers: list[Layer], unit: BiasRelu, space: Workspace, chain: str) -> None:
        super().__init__(layers, space, chain)
        self._unit = unit

    def forward(self, x: Array) -> Array:
        shape = self.output_shape(x.shape)
        y = self._output(x, shape)
        self._pointwise(self._unit, x, y)
        self._space.meet()
        self._keep(x, y)
        return y

    def backward(self, dy: Array) -> Array:
        x, y = self._take()
        dx = self._gradient(dy, x.shape)
        self._pointwise_gradients(self._unit, dy, y, x, dx)
        return dx


class FusedMaxPool(Fused):
    """MaxPool2d in arrays that are reused."""

    def __init__(self, layers: list[Layer], pool: MaxPool2d, space: Workspace, chain: str) -> None:
        super().__init__(layers, space, chain)
        self._pool = pool

    def forward(self, x: Array) -> Array:
        shape = self.output_shape(x.shape)
        y, argument = self._output(x, shape), self._argument(shape)
        band = self._space.share(shape[1])
        slide = self._slide(x.shape, band.start)
        self._space.call(maxpool, x, y[:, band], argument, *slide)
        self._space.meet()
        self._keep(argument, x.shape)
        return y

    def backward(self, dy: Array) -> Array:
        argument, x_shape = self._take()
        dx = self._gradient(dy, x_shape)
        maxpool_backward(dy, argument, dx, *self._slide(x_shape))
        return dx

    def _argument(self, shape: Shape) -> Array | None:
        """Memory for the winning cells of the windows, which only training asks for."""
        return self._memory("argument", shape, np.uint8) if self.training else None

    def _slide(self, x_shape: Shape, first: int = 0) -> tuple[tuple[int, int], ...]:
        """Kernel size, stride and (top, left) padding, as the pooling kernels take them.

        Parameters
        ----------
        first
            The row of the output that is computed first; as if there were no rows before.
        """
        window = self._pool.window
        (top, _), (left, _) = window.pads(*x_shape[1:3])
        return window.kernel_size, window.stride, (top - first * window.stride[0], left)


class FusedFirst(FusedMaxPool):
    """The first layers: convolution of images, bias, ReLU and max pooling in one kernel.

    Nobody asks for the gradient of the images in training: it is not computed, and what backward
    returns is empty. Kept for backward: the images, the output and the winners of the pooling.
    """

    def __init__(
        self,
        layers: list[Layer],
        unit: BiasRelu,
        pool: MaxPool2d,
        space: Workspace,
        chain: str,
    ) -> None:
        super().__init__(layers, pool, space, chain)
        self._unit = unit

    def forward(self, x: Array) -> Array:
        conv, bias = self._unit.conv, self._unit.bias
        x = conv._check_input(x)
        shape = self.output_shape(x.shape)
        y, argument = self._output(x, shape), self._argument(shape)
        band = self._space.share(shape[1])
        slides = self._slides(x.shape, band.start)
        weight = conv.weight.data
        self._space.call(conv_pool, x, weight, bias.data, y[:, band], argument, *slides)
        self._space.meet()
        self._keep(x, y, argument, slides)
        return y

    def backward(self, dy: Array) -> Array:
        x, y, argument, slides = self._take()
        conv, bias = self._unit.conv, self._unit.bias
        conv_pool_backward(dy, y, argument, x, conv.weight.grad, bias.grad, *slides)
        return np.empty(0, np.float32)

    def _slides(self, x_shape: Shape, first: int) -> tuple[Any, Any]:
        """How the kernels slide: the convolution over the image, the pooling over its output."""
        conv = self._unit.conv
        z_shape = conv.output_shape(x_shape)
        (top, _), (left, _) = conv.window.pads(*x_shape[1:3])
        return (z_shape[1:3], conv.window.stride, (top, left)), self._slide(z_shape, first)


class FusedFirstNorm(Fused):
    """The first convolution with its batch norm and ReLU; as above, images get no gradient."""

    def __init__(self, layers: list[Layer], unit: NormRelu, space: Workspace, chain: str) -> None:
        super().__init__(layers, space, chain)
        self._unit = unit

    def forward(self, x: Array) -> Array:
        conv = self._unit.conv
        x = conv._check_input(x)
        shape = self.output_shape(x.shape)
        y = self._output(x, shape)
        band = self._space.share(shape[1])
        n, height, width, _ = y[:, band].shape
        windows = self._memory("cols", (n, height, width, *conv.window.kernel_size, x.shape[3]))
        (top, _), (left, _) = conv.window.pads(*x.shape[1:3])
        stride = conv.window.stride
        self._space.call(im2col, x, windows, stride, (top - band.start * stride[0], left))
        cols = windows.reshape(-1, matrix(conv.weight.data).shape[0])
        z, bias, _ = self._unit.product(y[:, band])
        weight = matrix(conv.weight.data)
        self._space.call(multiply, cols, weight, bias, rows(z), False, False)
        self._unit.forward(z, y[:, band], self.training)
        self._space.meet()
        self._keep(cols, y)
        return y

    def backward(self, dy: Array) -> Array:
        cols, y = self._take()
        dz, _, _ = self._unit.gradient(dy, y)
        grad = self._unit.conv.weight.grad
        grad += (cols.T @ rows(dz)).reshape(grad.shape)
        return np.empty(0, np.float32)


class FusedAverage(Fused):
    """The average over the image."""

    def forward(self, x: Array) -> Array:
        y = self._output(x, self.output_shape(x.shape))
        self._space.call(average, x, y)
        self._space.meet()
        self._keep(x.shape)
        return y

    def backward(self, dy: Array) -> Array:
        (shape,) = self._take()
        return self._spread(dy, shape)

    def _spread(self, dmean: Array, shape: Shape) -> Array:
        """Each pixel's share of the mean's gradient."""
        dx = self._gradient(dmean, shape)
        dx[...] = dmean[:, None, None] / (shape[1] * shape[2])
        return dx


class FusedAverageConv(FusedAverage):
    """A 1x1 convolution and the average over the image: average first, then one small product.

    A linear map commutes with the mean.
    """

    def __init__(
        self, conv: Conv2d, average: GlobalAvgPool2d, space: Workspace, chain: str
    ) -> None:
        super().__init__([conv, average], space, chain)
        self._conv = conv
        self._no_bias = np.zeros(conv.out_channels, np.float32)

    def forward(self, x: Array) -> Array:
        y = self._output(x, self.output_shape(x.shape))
        mean = self._memory("mean", (x.shape[0], x.shape[3]))
        bias = self._no_bias if self._conv.bias is None else self._conv.bias.data
        self._space.call(average, x, mean)
        self._space.call(multiply, mean, matrix(self._conv.weight.data), bias, y, False, False)
        self._space.meet()
        self._keep(x.shape, mean)
        return y

    def backward(self, dy: Array) -> Array:
        shape, mean = self._take()
        self._conv.weight.grad += (mean.T @ dy).reshape(self._conv.weight.shape)
        if self._conv.bias is not None:
            self._conv.bias.grad += dy.sum(axis=0)
        return self._spread(dy @ matrix(self._conv.weight.data).T, shape)
