"""A picture to take a style from, where a person has none at hand: brush strokes, drawn by rule."""

from __future__ import annotations

import numpy as np

from ..layer import Array

# Colours from far to near the centre of a whirl, red first.
PALETTE = np.array([(16, 30, 84), (30, 76, 150), (92, 150, 190), (226, 196, 92), (250, 232, 150)])
STROKES = 5000
POINTS = 12  # of a stroke, each a hundredth of the picture's side from the last


def brush_strokes(size: int = 256, whirls: int = 9, seed: int = 1) -> Array:
    """Short strokes around whirls, yellow near their centres and blue between them.

    Parameters
    ----------
    size
        Pixels of a side.
    whirls
        How many.
    seed
        Of their places, and of the strokes.

    Returns
    -------
    Array
        (size, size, 3), uint8.

    Examples
    --------
    >>> brush_strokes(size=32).shape
    (32, 32, 3)
    """
    from PIL import Image, ImageDraw

    rng = np.random.default_rng(seed)
    centres = rng.uniform(0, 1, size=(whirls, 2))
    reaches = rng.uniform(0.06, 0.16, size=whirls)
    turns = rng.choice([-1.0, 1.0], size=whirls)
    large = 4 * size  # drawn large and scaled down, for smooth edges
    picture = Image.new("RGB", (large, large), tuple(PALETTE[0].tolist()))
    draw = ImageDraw.Draw(picture)
    for point in rng.uniform(0, 1, size=(STROKES, 2)):
        shade = rng.normal(0, 14) + _colour(point, centres, reaches, rng)
        colour = tuple(np.clip(shade, 0, 255).astype(int).tolist())
        line = _along(point, centres, reaches, turns) * large
        draw.line(line.ravel().tolist(), fill=colour, width=max(1, large // 90), joint="curve")
    return np.asarray(picture.resize((size, size), Image.Resampling.LANCZOS))


def _colour(point: Array, centres: Array, reaches: Array, rng: np.random.Generator) -> Array:
    """The palette's colour at a point, give or take one."""
    distance = np.min(np.linalg.norm(centres - point, axis=1) / reaches)
    place = len(PALETTE) - 1 - 2.2 * distance + rng.normal(0, 0.35)
    return PALETTE[round(float(np.clip(place, 0, len(PALETTE) - 1)))]


def _along(point: Array, centres: Array, reaches: Array, turns: Array) -> Array:
    """The points (POINTS, 2) of a stroke: around each whirl as far as it reaches, else sideways."""
    points = [point]
    for _ in range(POINTS - 1):
        away = points[-1] - centres  # (whirls, 2)
        weight = turns * np.exp(-np.square(away).sum(axis=1) / (2 * (2 * reaches) ** 2))
        around = np.stack([-away[:, 1], away[:, 0]], axis=1) / reaches[:, None]
        direction = weight @ around + (0.25, 0.05)
        points.append(points[-1] + 0.01 * direction / np.linalg.norm(direction))
    return np.array(points)
