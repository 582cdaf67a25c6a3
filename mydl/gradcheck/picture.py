"""Pictures of where the errors of a gradient sit, drawn with matplotlib."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from textwrap import fill
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ..layer import Array
from .diagnosis import ArrayDiagnosis, worst_index

MOST_ROWS = 6
PANELS = ("from backward", "measured", "wrong")
# Okabe and Ito's vermilion for what is wrong; grey was not measured.
MARKS = ListedColormap(["#D9D9D9", "#F4F4F4", "#D55E00"])
UNKNOWN, RIGHT, WRONG = 0, 1, 2
IMAGE, LINE = 3.3, 1.7  # inches of a row of pictures
WITH_NUMBERS = 8  # rows and columns up to which each cell's number is written into it


def draw_errors(path: Path, diagnoses: Sequence[ArrayDiagnosis], title: str) -> None:
    """Draw each wrong gradient beside the measured one, and which entries are wrong.

    Of an array with more than two axes the image with the most errors is drawn.

    Parameters
    ----------
    path
        Of the picture; its ending says its format.
    diagnoses
        The first six are drawn.
    title
        What was checked.

    Raises
    ------
    ValueError
        There is nothing to draw.
    """
    shown = [each for each in diagnoses if each.where is not None][:MOST_ROWS]
    if not shown:
        raise ValueError("no gradient is wrong, so there is no error to draw")
    with rc_context({"text.parse_math": False}):  # a layer's name is no formula
        heights = [
            LINE if each.where is not None and each.where.ndim < 2 else IMAGE for each in shown
        ]
        figure = Figure(figsize=(10, 0.5 + sum(heights)), layout="constrained")
        figure.suptitle(title, fontsize=11)
        rows = figure.subfigures(len(shown), 1, squeeze=False, height_ratios=heights)[:, 0]
        for row, each in zip(rows, shown, strict=True):
            row.suptitle(fill(f"{each.layer}: {each.sentence}", 105), fontsize=9, color="#333333")
            _draw_array(row.subplots(1, 3), each)
        figure.savefig(path, dpi=120)


def _draw_array(panels: Sequence[Axes], each: ArrayDiagnosis) -> None:
    assert each.where is not None
    assert each.got is not None
    assert each.want is not None
    index, (down, across) = worst_index(each.where, each.axes)
    got, want, wrong = (np.atleast_2d(a[index]) for a in (each.got, each.want, each.where))
    finite = np.abs(np.concatenate([got.ravel(), want.ravel()]))
    largest = float(np.max(finite, where=np.isfinite(finite), initial=0)) or 1.0
    marks = np.where(wrong, WRONG, np.where(np.isnan(want), UNKNOWN, RIGHT))
    image: Any = None
    for axes, values in zip(panels[:2], (got, want), strict=True):
        image = axes.imshow(values, cmap="RdBu_r", vmin=-largest, vmax=largest, aspect="auto")
        axes.set_facecolor("#D9D9D9")
        _write_numbers(axes, values, largest)
    panels[2].imshow(marks, cmap=MARKS, vmin=0, vmax=2, aspect="auto")
    bar = panels[0].figure.colorbar(image, ax=list(panels[:2]), shrink=0.9, pad=0.02)
    bar.ax.tick_params(labelsize=7)
    bar.outline.set_visible(False)
    names = [each.axes[i] if i < len(each.axes) else f"axis {i}" for i in range(each.where.ndim)]
    gradient = "dx" if each.array == "x" else f"{each.array}.grad"
    place = ", ".join(":" if isinstance(at, slice) else str(at) for at in index)
    for axes, panel in zip(panels, PANELS, strict=True):
        axes.set_title(f"{gradient}[{place}], {panel}", fontsize=9)
        axes.set_xlabel(names[across] if names else "", fontsize=8)
        axes.set_ylabel(names[down] if len(names) > 1 else "", fontsize=8)
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        axes.tick_params(labelsize=7, length=2)
        if len(names) < 2:
            axes.set_yticks([])
        _draw_grid(axes, got.shape)
    count = f"{int(each.where.sum())} of {int((~np.isnan(each.want)).sum())} measured are wrong"
    panels[2].set_title(count, fontsize=9)


def _write_numbers(axes: Axes, values: Array, largest: float) -> None:
    if max(values.shape) > WITH_NUMBERS:
        return
    for (row, column), value in np.ndenumerate(values):
        if np.isfinite(value):
            colour = "white" if abs(value) > 0.6 * largest else "black"
            text = f"{value:.2g}" if value else "0"
            axes.text(column, row, text, ha="center", va="center", fontsize=7, color=colour)


def _draw_grid(axes: Axes, shape: tuple[int, ...]) -> None:
    """White lines between the cells of a small image."""
    axes.spines[:].set_visible(False)
    if max(shape) <= 40:
        axes.set_xticks(np.arange(shape[1] + 1) - 0.5, minor=True)
        axes.set_yticks(np.arange(shape[0] + 1) - 0.5, minor=True)
        axes.grid(which="minor", color="white", linewidth=1)
        axes.tick_params(which="minor", length=0)
