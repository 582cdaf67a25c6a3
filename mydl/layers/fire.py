"""The fire module, SqueezeNet's building block: squeeze to few channels, then expand two ways.

Derivation: docs/layers/containers.md, or `mydl help containers`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import DTypeLike

from ..init import generator
from ..layer import Array, Layer, Shape
from .batchnorm import BatchNorm2d
from .conv import Conv2d
from .relu import ReLU
from .sequential import Sequential


class Fire(Layer):
    """Squeeze with 1x1 filters, then expand with 1x1 and 3x3 filters side by side.

    ::

        s  = relu(squeeze(x))                              (N, H, W, squeeze)
        y  = relu([expand1x1(s), expand3x3(s)])            (N, H, W, expand1x1 + expand3x3)

        d1, d3 = dy where y > 0, cut after the channels of expand1x1
        ds = expand1x1'(d1) + expand3x3'(d3)               s fed both branches
        dx = squeeze'(ds where s > 0)

    The 3x3 filters see ``squeeze`` channels instead of ``in_channels``: that is where SqueezeNet
    saves its parameters.

    Kept for backward: nothing; the layers inside keep their own.

    Parameters
    ----------
    in_channels
        Channels of the input.
    squeeze, expand1x1, expand3x3
        Numbers of filters, the paper's s_1x1, e_1x1 and e_3x3.
    batch_norm
        Normalise after each convolution; the convolutions then have no bias, which the
        normalisation would take away again.
    dtype, rng
        As for Conv2d.

    Notes
    -----
    Shapes: x (N, H, W, in_channels); y (N, H, W, expand1x1 + expand3x3).

    References
    ----------
    SqueezeNet (arXiv 1602.07360), section 3.2 and figure 1.

    Examples
    --------
    >>> fire = Fire(64, squeeze=16, expand1x1=64, expand3x3=64)
    >>> fire.forward(np.ones((1, 8, 8, 64), np.float32)).shape
    (1, 8, 8, 128)
    >>> fire.num_parameters()
    11408
    """

    def __init__(
        self,
        in_channels: int,
        squeeze: int,
        expand1x1: int,
        expand3x3: int,
        *,
        batch_norm: bool = False,
        dtype: DTypeLike = np.float32,
        rng: np.random.Generator | None = None,
    ) -> None:
        rng = generator(rng)
        self.squeeze = convolution(
            in_channels, squeeze, 1, batch_norm=batch_norm, dtype=dtype, rng=rng
        )
        self.squeeze_relu = ReLU()
        self.expand1x1 = convolution(
            squeeze, expand1x1, 1, batch_norm=batch_norm, dtype=dtype, rng=rng
        )
        self.expand3x3 = convolution(
            squeeze, expand3x3, 3, padding=1, batch_norm=batch_norm, dtype=dtype, rng=rng
        )
        self.expand_relu = ReLU()
        self._cut = expand1x1

    def forward(self, x: Array) -> Array:
        s = self.squeeze_relu.forward(self.squeeze.forward(x))  # (N, H, W, squeeze)
        y1 = self.expand1x1.forward(s)  # (N, H, W, expand1x1)
        y3 = self.expand3x3.forward(s)  # (N, H, W, expand3x3)
        return self.expand_relu.forward(np.concatenate([y1, y3], axis=-1))

    def backward(self, dy: Array) -> Array:
        d1, d3 = np.split(self.expand_relu.backward(dy), [self._cut], axis=-1)
        ds = self.expand1x1.backward(d1) + self.expand3x3.backward(d3)  # (N, H, W, squeeze)
        return self.squeeze.backward(self.squeeze_relu.backward(ds))

    def output_shape(self, input_shape: Shape) -> Shape:
        squeezed = self.squeeze.output_shape(input_shape)
        one, three = self.expand1x1.output_shape(squeezed), self.expand3x3.output_shape(squeezed)
        return (*one[:-1], one[-1] + three[-1])

    def multiply_adds(self, input_shape: Shape) -> int:
        squeezed = self.squeeze.output_shape(input_shape)
        expands = self.expand1x1.multiply_adds(squeezed) + self.expand3x3.multiply_adds(squeezed)
        return self.squeeze.multiply_adds(input_shape) + expands


def convolution(
    in_channels: int,
    out_channels: int,
    kernel_size: int,
    stride: int = 1,
    padding: int = 0,
    *,
    batch_norm: bool,
    dtype: DTypeLike,
    rng: np.random.Generator,
) -> Layer:
    """A convolution, or a convolution without bias and a batch norm after it."""
    conv = Conv2d(
        in_channels,
        out_channels,
        kernel_size,
        stride,
        padding,
        bias=not batch_norm,
        dtype=dtype,
        rng=rng,
    )
    if not batch_norm:
        return conv
    return Sequential({"conv": conv, "norm": BatchNorm2d(out_channels, dtype=dtype)})
