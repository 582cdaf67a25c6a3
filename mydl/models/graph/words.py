"""What is written into the boxes: what a layer does, its shape, a norm; and how wide that is."""

from __future__ import annotations

from ...layer import Layer, Shape
from ...layers import (
    BatchNorm2d,
    Bypass,
    Conv2d,
    Dropout,
    GlobalAvgPool2d,
    GroupedConv2d,
    Linear,
    LocalResponseNorm,
    ReLU,
)
from ...layers.pool import Pool2d
from ...layers.window import Pair, Window

# Classes of the style sheet; a layer of another kind is "layer".
STYLES: tuple[tuple[tuple[type[Layer], ...], str], ...] = (
    ((Conv2d, GroupedConv2d, Linear), "conv"),
    ((Pool2d, GlobalAvgPool2d), "pool"),
    ((ReLU,), "relu"),
    ((Dropout,), "dropout"),
    ((BatchNorm2d, LocalResponseNorm), "norm"),
)


def style_of(layer: Layer) -> str:
    """The class of the style sheet for a kind of layer."""
    return next((style for kinds, style in STYLES if isinstance(layer, kinds)), "layer")


def described(layer: Layer) -> str:
    """What there is to know of a layer beside its kind and the shape of its output.

    >>> described(Conv2d(3, 64, 3, stride=2, padding=1))
    '3x3, stride 2, padding 1'
    >>> described(Dropout(0.5))
    'p = 0.5'
    """
    match layer:
        case Conv2d() | Pool2d():
            return _window(layer.window)
        case GroupedConv2d(convolutions=[first, *_], groups=groups):
            return f"{_window(first.window)}, {groups} groups"
        case Dropout(p=p):
            return f"p = {p:g}"
        case LocalResponseNorm(size=size):
            return f"over {size} channels"
        case Bypass(projection=projection):
            return f"inner + {'x' if projection is None else 'projection'}"
    return ""


def _window(window: Window) -> str:
    words = [times(window.kernel_size)]
    if window.stride != (1, 1):
        words.append(f"stride {_side(window.stride)}")
    if window.padding == "same":
        words.append("padding same")
    elif window.padding != ((0, 0), (0, 0)):
        sides = {_side(pads) for pads in window.padding}
        words.append(f"padding {sides.pop() if len(sides) == 1 else window.padding}")
    return ", ".join(words)


def _side(numbers: Pair) -> str:
    """One number where both are equal."""
    return f"{numbers[0]}" if numbers[0] == numbers[1] else times(numbers)


def times(shape: Shape) -> str:
    """A shape as people write it.

    >>> times((55, 55, 64))
    '55x55x64'
    """
    return "x".join(map(str, shape))


def in_digits(value: float) -> str:
    """A number in three digits.

    >>> in_digits(0.0123456), in_digits(1234.5), in_digits(0.0)
    ('0.0123', '1.23e+03', '0')
    """
    return f"{value:.3g}"


def text_width(text: str, size: float) -> float:
    """About how wide a text is, in units of its size; no common font makes it wider.

    >>> text_width("conv1", 12)
    34.8
    """
    return round(0.58 * size * len(text), 3)
