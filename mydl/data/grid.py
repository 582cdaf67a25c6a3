"""A picture of some images of a data set."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ..layer import Array
from .dataset import Dataset

INCHES = 0.9  # of an image's side


def first_of_each_class(dataset: Dataset, count: int, seed: int = 0) -> list[Array]:
    """Places of some training images of each class that has any, chosen at random.

    Args:
        count: of each class, at most.
        seed: chooses them.

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

    Args:
        path: of the PNG file.
        rows: for each, (n, H, W, C), uint8; one channel is grey.
        names: of the rows.
        titles: of the columns, if they have any.
    """
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    columns = max(map(len, rows))
    with rc_context({"text.parse_math": False}):  # a class's name is no formula
        size = (INCHES * columns + 1.2, INCHES * len(rows) + 0.4)
        figure = Figure(figsize=size, layout="compressed")
        grid = figure.subplots(len(rows), columns, squeeze=False)
        for line, images, name in zip(grid, rows, names, strict=True):
            for axes in line:
                axes.axis("off")
            for axes, image in zip(line, images, strict=False):
                axes.imshow(image.squeeze(), cmap="gray", vmin=0, vmax=255)
            line[0].text(
                -0.1, 0.5, name, transform=line[0].transAxes, ha="right", va="center", fontsize=9
            )
        for axes, title in zip(grid[0], titles, strict=False):
            axes.set_title(title, fontsize=8)
        figure.savefig(path, dpi=100)
