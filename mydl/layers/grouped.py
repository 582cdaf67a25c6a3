"""Grouped convolution: several convolutions side by side, each with a share of the channels.

Derivation: docs/layers/grouped.md, or `mydl help grouped`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import DTypeLike

from ..init import generator
from ..layer import Array, Layer, Shape, whole_number
from .conv import Conv2d
from .window import Padding, Size


class GroupedConv2d(Layer):
    """Cut the channels into groups, convolve each by itself, and join what comes out.

    Backward cuts ``dy`` in the same way. No channel was seen by two groups, so that their gradients
    only have to be laid side by side again::

        x  = [x_1, x_2, ...]        in_channels / groups channels each
        y  = [conv_1(x_1), conv_2(x_2), ...]

        dx = [conv_1'(dy_1), conv_2'(dy_2), ...]

    An output sees only the inputs of its group, which divides weights and multiplications by
    ``groups``. AlexNet was cut in two so that each half fitted on one graphics card.

    Kept for backward: the output's shape; the convolutions keep their own.

    Parameters
    ----------
    in_channels, out_channels
        Channels of the input and of the output, over all groups.
    kernel_size, stride, padding, bias
        As for :class:`Conv2d`.
    groups
        How many, a divisor of both numbers of channels.
    dtype, rng
        As for :class:`Conv2d`.

    Attributes
    ----------
    convolutions
        The groups', a list of :class:`Conv2d`.

    Raises
    ------
    ValueError
        An argument has a wrong value.
    LayerError
        The input has another number of channels or is smaller than the window.

    Notes
    -----
    Shapes: as for :class:`Conv2d`. The convolutions are the children "0", "1", ..., with weights
    (K_h, K_w, in_channels / groups, out_channels / groups); joined along their last axis these are
    the one weight that other frameworks have.

    References
    ----------
    Krizhevsky, Sutskever and Hinton 2012, "ImageNet Classification with Deep Convolutional Neural
    Networks", section 3.5 and figure 2.

    Examples
    --------
    >>> conv = GroupedConv2d(96, 256, kernel_size=5, padding=2, groups=2)
    >>> conv.forward(np.ones((1, 6, 6, 96), np.float32)).shape
    (1, 6, 6, 256)
    >>> conv.num_parameters() == 2 * (5 * 5 * 48 * 128 + 128)
    True
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
        groups: int,
        dtype: DTypeLike = np.float32,
        rng: np.random.Generator | None = None,
    ) -> None:
        self.in_channels = whole_number(in_channels, "in_channels", 1)
        self.out_channels = whole_number(out_channels, "out_channels", 1)
        self.groups = whole_number(groups, "groups", 1)
        if in_channels % groups or out_channels % groups:
            raise ValueError(
                f"groups must divide in_channels and out_channels, got {groups} groups of "
                f"{in_channels} and {out_channels} channels"
            )
        channels = in_channels // groups, out_channels // groups
        rng = generator(rng)
        self.convolutions = [
            Conv2d(*channels, kernel_size, stride, padding, bias, dtype=dtype, rng=rng)
            for _ in range(groups)
        ]
        self._place(self.path)

    def forward(self, x: Array) -> Array:
        x = self._check_input(x)
        y_shape = self.output_shape(x.shape)
        xs = np.split(x, self.groups, axis=-1)
        ys = [conv.forward(part) for conv, part in zip(self.convolutions, xs, strict=True)]
        self._keep(y_shape)
        return np.concatenate(ys, axis=-1)

    def backward(self, dy: Array) -> Array:
        (y_shape,) = self._take()
        dys = np.split(self._check_gradient(dy, y_shape), self.groups, axis=-1)
        dxs = [conv.backward(part) for conv, part in zip(self.convolutions, dys, strict=True)]
        return np.concatenate(dxs, axis=-1)

    def children(self) -> dict[str, Layer]:
        return {str(number): conv for number, conv in enumerate(self.convolutions)}

    def output_shape(self, input_shape: Shape) -> Shape:
        *_, c = self._check_image_shape(input_shape)
        if c != self.in_channels:
            self.fail(f"expected {self.in_channels} channels, got {c} in an input of {input_shape}")
        return (
            *self.convolutions[0].output_shape(self._part(input_shape))[:-1],
            self.out_channels,
        )

    def multiply_adds(self, input_shape: Shape) -> int:
        part = self._part(input_shape)
        return sum(conv.multiply_adds(part) for conv in self.convolutions)

    def _part(self, input_shape: Shape) -> Shape:
        """What one group sees of an input."""
        return (*input_shape[:-1], self.in_channels // self.groups)

    def _describe(self) -> str:
        conv = self.convolutions[0]
        bias = "" if conv.bias is not None else ", bias=False"
        return f"{self.in_channels}, {self.out_channels}, {conv.window}{bias}, groups={self.groups}"
