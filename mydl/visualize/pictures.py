"""Arrays as pictures: colours, overlays, tiles, and figures of pictures side by side.

Pictures are (H, W, 3), uint8, red first. Blue and orange, or dark and light, are told apart by
people who are colour-blind, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from textwrap import fill

import numpy as np

from ..layer import Array
from ..weights.writing import whole_file

HEAT = "inferno"  # from black for the least to yellow for the most
BELOW, WHITE, ABOVE = np.array([[0, 114, 178], [255, 255, 255], [230, 97, 1]]) / 255
# Percent of the values that a picture's range holds: a few extreme ones would darken it. Gradients
# as colours need more, or the colours are glaring.
MOST, MOST_IN_COLOUR = 99.5, 99.9
STRENGTH = 0.6  # of a map that lies on a picture

DPI = 100
SIDE, LARGEST_SIDE = 330, 700  # pixels that a panel is drawn with across, at least and at most
MARGIN = 0.12  # inches
LINE = 0.19  # inches of a line of a title


@dataclass(frozen=True)
class Panel:
    """A picture of a figure.

    Attributes
    ----------
    title
        Stands above it.
    picture
        (H, W, 3), uint8.
    """

    title: str
    picture: Array


def coloured(pixels: Array) -> Array:
    """The pixels (H, W, C) of a data set as a picture: those with another C than 3 are grey."""
    return pixels if pixels.shape[-1] == 3 else np.repeat(pixels[..., :1], 3, axis=-1)


def heat(values: Array) -> Array:
    """A map (H, W) of what is not negative as a picture: black is 0, yellow the most.

    >>> heat(np.array([[0.0, 1.0]])).tolist()
    [[[0, 0, 4], [252, 255, 164]]]
    """
    from matplotlib import colormaps

    return _bytes(colormaps[HEAT](np.clip(values / _largest(values), 0, 1))[..., :3])


def signed(values: Array) -> Array:
    """A map (H, W) as a picture: white is 0, orange positive, blue negative.

    >>> signed(np.array([[-1.0, 0.0, 1.0]])).tolist()
    [[[0, 114, 178], [255, 255, 255], [230, 97, 1]]]
    """
    sizes = _sizes(values)
    return _bytes((1 - sizes) * WHITE + sizes * _hues(values))


def grey_at_zero(values: Array) -> Array:
    """Values (H, W, 3), such as a gradient, as a picture: middle grey is 0.

    >>> grey_at_zero(np.array([-2.0, 0.0, 2.0]).reshape(1, 1, 3)).ravel()
    array([  0, 128, 255], dtype=uint8)
    """
    return _bytes(0.5 + 0.5 * coloured(values) / _largest(values, MOST_IN_COLOUR))


def enlarged(values: Array, shape: tuple[int, int]) -> Array:
    """A map (h, w) scaled to a shape (H, W), with values in between (bilinear)."""
    from PIL import Image

    small = Image.fromarray(np.ascontiguousarray(values, np.float32))
    return np.asarray(small.resize(shape[::-1], Image.Resampling.BILINEAR))


def overlaid(pixels: Array, values: Array, *, with_sign: bool = False) -> Array:
    """A map over the picture that it is about.

    Parameters
    ----------
    pixels
        (H, W, C), uint8; it is drawn in grey, so that the colours are the map's.
    values
        (h, w), of any size; where it is 0 the grey picture shows.
    with_sign
        Whether the map has two directions; else it is cut at 0.
    """
    scaled = enlarged(values, pixels.shape[:2])
    scaled = scaled if with_sign else np.maximum(scaled, 0)
    grey = np.repeat(coloured(pixels).mean(axis=-1, keepdims=True), 3, axis=-1)
    weight = STRENGTH * _sizes(scaled)
    colours = _hues(scaled) if with_sign else heat(scaled) / 255
    return _bytes((1 - weight) * grey / 255 + weight * colours)


def tiled(pictures: Array, columns: int, gap: int = 1, between: int = 0) -> Array:
    """Pictures (n, h, w, C) of one size in rows, with lines of one value between them.

    >>> tiled(np.ones((3, 2, 2, 4), np.uint8), columns=2).shape
    (5, 5, 4)
    """
    n, h, w, channels = pictures.shape
    rows, columns = -(-n // columns), min(columns, n)
    shape = rows * (h + gap) - gap, columns * (w + gap) - gap, channels
    whole = np.full(shape, between, pictures.dtype)
    for place, picture in enumerate(pictures):
        top, left = place // columns * (h + gap), place % columns * (w + gap)
        whole[top : top + h, left : left + w] = picture
    return whole


def draw_figure(path: Path, rows: Sequence[Sequence[Panel]]) -> None:
    """Draw pictures side by side, with a title above each, all or nothing.

    Parameters
    ----------
    path
        Of the file; its ending says its format, such as .png.
    rows
        Of panels.
    """
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    needed = max(max(panel.picture.shape[:2]) for row in rows for panel in row)
    side, columns = np.clip(needed, SIDE, LARGEST_SIDE) / DPI, max(map(len, rows))
    characters = round(15 * side)
    titles = [[fill(panel.title, characters) for panel in row] for row in rows]
    # Each row is as high as its highest picture, drawn as wide as a column, and its longest title.
    heads = [LINE * (1 + max(title.count("\n") for title in row)) + MARGIN for row in titles]
    bodies = [side * max(_height_by_width(panel.picture) for panel in row) for row in rows]
    width = columns * (side + MARGIN) + MARGIN
    height = sum(heads) + sum(bodies) + MARGIN * (len(rows) + 1)
    with rc_context({"text.parse_math": False}):  # a class's name is no formula
        figure = Figure(figsize=(width, height), dpi=DPI)
        bottom = height
        for row, words, head, body in zip(rows, titles, heads, bodies, strict=True):
            bottom -= MARGIN + head + body
            for column, (panel, title) in enumerate(zip(row, words, strict=True)):
                left = MARGIN + column * (side + MARGIN)
                box = (left / width, bottom / height, side / width, body / height)
                axes = figure.add_axes(box, anchor="N")
                axes.imshow(panel.picture, interpolation="nearest")
                axes.set_title(title, fontsize=10)
                axes.set_axis_off()
        with whole_file(path) as file:
            figure.savefig(file, dpi=DPI, format=path.suffix.lower().removeprefix("."))


def _largest(values: Array, percent: float = MOST) -> float:
    """The size of value that ends a picture's range; 1 where all are 0."""
    sizes = np.abs(values)
    if not sizes.any():
        return 1.0
    return float(np.percentile(sizes, percent) or sizes.max())


def _sizes(values: Array) -> Array:
    """How far a map (H, W) is from 0, from 0 to 1, (H, W, 1)."""
    return np.clip(np.abs(values) / _largest(values), 0, 1)[..., None]


def _hues(values: Array) -> Array:
    """The colour of the sign of a map (H, W), as fractions, (H, W, 3)."""
    return np.where(values[..., None] > 0, ABOVE, BELOW)


def _bytes(fractions: Array) -> Array:
    """Fractions of 1 as bytes."""
    return np.clip(np.rint(255 * fractions), 0, 255).astype(np.uint8)


def _height_by_width(picture: Array) -> float:
    return picture.shape[0] / picture.shape[1]
