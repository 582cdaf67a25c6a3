"""A picture of some images of a data set."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ..layer import Array
from .dataset import Dataset

SIDE = 96  # pixels that an image's side is drawn with, nearly: small images in whole multiples
DPI = 100


def first_of_each_class(dataset: Dataset, count: int, seed: int = 0) -> list[Array]:
    """Places of some training images of each class that has any, chosen at random.

    Parameters
    ----------
    dataset
        Whose training images they are.
    count
        Of each class, at most.
    seed
        Chooses them.

    Examples
    --------
    >>> from mydl.data import load_dataset
    >>> digits = load_dataset("digits")
    >>> [digits.train_labels[places].tolist() for places in first_of_each_class(digits, 2)[:3]]
    [[0, 0], [1, 1], [2, 2]]
    """
    order = np.random.default_rng(seed).permutation(len(dataset.train_labels))
    labels = dataset.train_labels[order]
    of_each = [order[labels == label][:count] for label in range(len(dataset.class_names))]
    return [places for places in of_each if len(places)]


def draw_grid(
    path: Path, rows: Sequence[Array], names: Sequence[str], titles: Sequence[str] = ()
) -> None:
    """Draw images in rows.

    Parameters
    ----------
    path
        Of the PNG file.
    rows
        For each, (n, S, S, 3), uint8; S is the same in all.
    names
        Of the rows.
    titles
        Of the columns, if they have any.

    Raises
    ------
    ValueError
        The path has the ending of another kind of file.
    OSError
        The file cannot be written.
    """
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    if path.suffix.lower() not in ("", ".png"):
        raise ValueError(f"{path}: the picture is a PNG file, so call it {path.stem}.png")
    rows = [np.stack([_shrunk(image) for image in images]) for images in rows]
    side, columns = rows[0].shape[1], max(map(len, rows))
    step = side + max(1, side // 16)  # pixels from an image to the next
    # One large picture is drawn far faster than thousands of small ones.
    picture = np.full((step * len(rows), step * columns, 3), 255, np.uint8)
    for row, images in enumerate(rows):
        for column, image in enumerate(images):
            top, left = row * step, column * step
            picture[top : top + side, left : left + side] = image
    height, width = (pixels * (SIDE // side) / DPI for pixels in picture.shape[:2])
    with rc_context({"text.parse_math": False}):  # a class's name is no formula
        figure = Figure(figsize=(width, height))
        axes = figure.add_axes((0, 0, 1, 1))
        axes.imshow(picture, interpolation="nearest")
        axes.spines[:].set_visible(False)
        axes.tick_params(length=0, labeltop=True, labelbottom=False)
        axes.set_yticks([step * row + side / 2 for row in range(len(rows))], names, fontsize=9)
        places = [step * column + side / 2 for column in range(len(titles))]
        axes.set_xticks(places, titles, fontsize=8)
        figure.savefig(path, dpi=DPI, format="png", bbox_inches="tight", pad_inches=0.1)


def _shrunk(image: Array) -> Array:
    """An image that is not larger than it will be drawn."""
    if len(image) <= SIDE:
        return image
    from PIL import Image

    return np.asarray(Image.fromarray(image).resize((SIDE, SIDE)))
