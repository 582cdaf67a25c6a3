"""What the arrays of a layer mean: names of axes, the sizes that a factor may be, and regions."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..layer import Array, Layer, Shape
from .comparison import Region

AXES: dict[str, dict[int, tuple[str, ...]]] = {
    "x": {4: ("N", "H", "W", "C"), 2: ("N", "C")},
    "y": {4: ("N", "H", "W", "K"), 2: ("N", "K")},
    "weight": {4: ("kh", "kw", "C", "K"), 2: ("C", "K"), 1: ("C",)},
    "bias": {1: ("K",)},
}


def axes_of(array: str, shape: Shape) -> tuple[str, ...]:
    """The names of an array's axes, as far as its name and their number tell.

    >>> axes_of("weight", (3, 3, 2, 4))
    ('kh', 'kw', 'C', 'K')
    """
    return AXES.get(array, {}).get(len(shape), ())


def constants_of(layer: Any, x: Shape, y: Shape) -> dict[str, float]:
    """Numbers that a wrong gradient may be off by, by name."""
    sizes: dict[str, float] = dict(zip(axes_of("x", x), map(float, x), strict=False))
    outputs = dict(zip(axes_of("y", y), map(float, y), strict=False))
    sizes |= {f"{name}_out" if name in "HW" else name: size for name, size in outputs.items()}
    window = getattr(layer, "window", None)
    if window is not None:
        sizes |= dict(zip(("kh", "kw"), map(float, window.kernel_size), strict=True))
    p = getattr(layer, "p", None)
    if isinstance(p, float) and 0 < p < 1:
        sizes |= {"1 - p": 1 - p, "p": p}
    if isinstance(layer, Layer) and len(layer.children()) > 1:
        sizes["the number of branches"] = float(len(layer.children()))
    return sizes


def regions_of(layer: Any, x: Array, labels: Array | None) -> dict[str, Region]:
    """Entries of x that have something in common, by the kind of a mistake that keeps to them."""
    regions: dict[str, Region] = {}
    if getattr(layer, "window", None) is not None and x.ndim == 4:
        regions |= _window_regions(layer.window, x.shape)
    if labels is not None and labels.ndim == 1 and labels.dtype.kind in "iu" and x.ndim == 2:
        of_labels = np.arange(x.shape[1]) == labels[:, None]
        regions["labels"] = ("at the entries of the labels: what is subtracted there?", of_labels)
    if (x == 0).any():
        regions["zero-input"] = ("where x is 0: which way does the gradient take there?", x == 0)
    return regions


def _window_regions(window: Any, shape: Shape) -> dict[str, Region]:
    """Where windows overlap, and what windows cover that hang over the edge of the image."""
    _, h, w, _ = shape
    counts, over_the_edge = [], []
    for size, k, stride, (before, _), out in zip(
        (h, w),
        window.kernel_size,
        window.stride,
        window.pads(h, w),
        window.output_size(h, w),
        strict=True,
    ):
        count, edge = np.zeros(size, int), np.zeros(size, bool)
        for start in np.arange(out) * stride - before:
            inside = slice(max(start, 0), max(start + k, 0))
            count[inside] += 1
            edge[inside] |= start < 0 or start + k > size
        counts.append(count)
        over_the_edge.append(edge)
    regions: dict[str, Region] = {}
    overlap = np.multiply.outer(*counts) > 1
    border = np.logical_or.outer(*over_the_edge)
    if overlap.any():
        regions["overlap"] = np.broadcast_to(overlap[:, :, None], shape)
    if border.any():
        regions["border"] = np.broadcast_to(border[:, :, None], shape)
    return regions
