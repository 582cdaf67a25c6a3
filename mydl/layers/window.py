"""The arithmetic of sliding windows, shared by convolution and pooling."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np

from ..layer import Array, Shape, whole_number

Pair: TypeAlias = tuple[int, int]
Size: TypeAlias = int | Pair
Padding: TypeAlias = int | Pair | tuple[Pair, Pair] | Literal["same", "valid"]


def pair(value: Any, name: str, least: int) -> Pair:
    """``value`` as (rows, columns), whole numbers of at least ``least``.

    >>> pair(3, "kernel_size", 1)
    (3, 3)
    """
    both = value if isinstance(value, tuple) else (value, value)
    if len(both) != 2:
        raise ValueError(f"{name} must be a whole number or a pair (rows, columns), got {value!r}")
    return whole_number(both[0], name, least), whole_number(both[1], name, least)


@dataclass(frozen=True)
class Window:
    """A window that slides over an image.

    Parameters
    ----------
    kernel_size
        Rows and columns of the window.
    stride
        Rows and columns from one window to the next.
    padding
        Pixels added around the image: a number, a pair (rows, columns), ((top, bottom), (left,
        right)), "valid" (none) or "same". "same" is TensorFlow's: the output has ceil(size /
        stride) pixels and an odd pixel of padding goes to the bottom and right.
    ceil_mode
        Let a last window hang over the edge, as Caffe's pooling and PyTorch's ``ceil_mode=True``
        do. It must still start inside the image or its top and left padding.

    Examples
    --------
    >>> Window.of(3, 2, 0, ceil_mode=True).output_size(32, 32)
    (16, 16)
    """

    kernel_size: Pair
    stride: Pair
    padding: tuple[Pair, Pair] | Literal["same"]
    ceil_mode: bool = False

    @classmethod
    def of(
        cls, kernel_size: Size, stride: Size, padding: Padding, ceil_mode: bool = False
    ) -> Window:
        """Build a window from the arguments that layers take, checking each."""
        return cls(
            pair(kernel_size, "kernel_size", 1),
            pair(stride, "stride", 1),
            _explicit_padding(padding),
            ceil_mode,
        )

    def pads(self, h: int, w: int) -> tuple[Pair, Pair]:
        """((top, bottom), (left, right)) for an image of h rows and w columns."""
        if self.padding != "same":
            return self.padding
        totals = [
            max((-(-size // s) - 1) * s + k - size, 0)
            for size, k, s in zip((h, w), self.kernel_size, self.stride, strict=True)
        ]
        (rows, columns) = totals
        return (rows // 2, rows - rows // 2), (columns // 2, columns - columns // 2)

    def output_size(self, h: int, w: int) -> Pair:
        """Rows and columns of the output: floor((size + padding - kernel) / stride) + 1.

        Zero or less where the window is larger than the padded image; with ``ceil_mode`` it may be
        larger by less than a stride, as in PyTorch.
        """
        sizes = []
        for size, k, s, (before, after) in zip(
            (h, w), self.kernel_size, self.stride, self.pads(h, w), strict=True
        ):
            room = size + before + after - k
            out = room // s + 1
            if self.ceil_mode and room % s and out * s < size + before:
                out += 1
            sizes.append(out)
        return sizes[0], sizes[1]

    def cells_inside(self, h: int, w: int, count_padding: bool) -> Array:
        """How many cells of each window lie inside the image (or its padding), (H_out, W_out)."""
        counts = []
        for out, size, k, s, (before, after) in zip(
            self.output_size(h, w),
            (h, w),
            self.kernel_size,
            self.stride,
            self.pads(h, w),
            strict=True,
        ):
            low, high = (-before, size + after) if count_padding else (0, size)
            start = np.arange(out) * s - before
            counts.append(np.minimum(start + k, high) - np.maximum(start, low))
        return np.outer(*counts)

    def check(self, shape: Shape) -> Pair:
        """Output rows and columns for images of ``shape`` (N, H, W, C); ValueError if none."""
        _, h, w, _ = shape
        out = self.output_size(h, w)
        if min(out) < 1:
            (top, bottom), (left, right) = self.pads(h, w)
            raise ValueError(
                f"a window of {self.kernel_size[0]}x{self.kernel_size[1]} pixels is larger than "
                f"the image of {h}x{w} with padding, {h + top + bottom}x{w + left + right}"
            )
        return out

    def __str__(self) -> str:
        words = [f"kernel_size={_short(self.kernel_size)}"]
        if self.stride != (1, 1):
            words.append(f"stride={_short(self.stride)}")
        if self.padding == "same":
            words.append("padding='same'")
        elif self.padding != ((0, 0), (0, 0)):
            rows, columns = self.padding
            symmetric = rows[0] == rows[1] and columns[0] == columns[1]
            words.append(f"padding={_short((rows[0], columns[0])) if symmetric else self.padding}")
        if self.ceil_mode:
            words.append("ceil_mode=True")
        return ", ".join(words)


def _explicit_padding(padding: Padding) -> tuple[Pair, Pair] | Literal["same"]:
    if isinstance(padding, str):
        if padding == "same":
            return "same"
        if padding == "valid":
            return (0, 0), (0, 0)
        raise ValueError(f"padding must be numbers, 'same' or 'valid', got {padding!r}")
    if isinstance(padding, tuple) and padding and isinstance(padding[0], tuple):
        if len(padding) != 2:
            raise ValueError(f"padding must be ((top, bottom), (left, right)), got {padding!r}")
        return pair(padding[0], "padding", 0), pair(padding[1], "padding", 0)
    rows_both, columns_both = pair(padding, "padding", 0)
    return (rows_both, rows_both), (columns_both, columns_both)


def _short(both: Pair) -> str:
    return str(both[0]) if both[0] == both[1] else str(both)
