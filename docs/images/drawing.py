"""What the pictures of the layers' pages are drawn with: grids of numbers, arrows, one palette.

Each picture is drawn by a script beside this file, from numbers that mydl computes:

    python docs/images/make_pooling.py
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, Rectangle

FOLDER = Path(__file__).parent

# One colour for each role, told apart also by those who do not see red and green.
INPUT, WEIGHT, OUTPUT, GRADIENT = "#d6e6f5", "#fbe3c0", "#d9ecd9", "#f3d9e5"
INK, FAINT, ACCENT, SECOND = "#222222", "#8a8a8a", "#b3261e", "#1b5e9e"
EMPTY = "#f2f2f2"  # cells of padding, and cells that something does not reach


def figure(width: float, height: float) -> tuple[Figure, Axes]:
    """A white sheet of ``width`` x ``height`` units (cells of a grid), the origin top left."""
    fig, ax = plt.subplots(figsize=(width * 0.5, height * 0.5))
    fig.subplots_adjust(0, 0, 1, 1)
    ax.set(xlim=(0, width), ylim=(height, 0), aspect="equal")
    ax.axis("off")
    return fig, ax


def grid(
    ax: Axes,
    values: np.ndarray,
    at: tuple[float, float],
    color: str | Callable[[int, int], str] = INPUT,
    *,
    title: str = "",
    form: str = "{:g}",
    cell: float = 1.0,
    size: float = 11,
    bold: Iterable[tuple[int, int]] = (),
    ink: str | Callable[[int, int], str] = INK,
) -> None:
    """A matrix as cells with its numbers (or strings), its top left corner at ``at`` = (x, y).

    ``color``, that of the cells, and ``ink``, that of the numbers, are one for all or a function of
    (row, column); ``bold`` lists cells.
    """
    values = np.atleast_2d(values)
    left, top = at
    bold = set(bold)
    for (row, column), value in np.ndenumerate(values):
        fill = color(row, column) if callable(color) else color
        x, y = left + column * cell, top + row * cell
        ax.add_patch(
            Rectangle((x, y), cell, cell, facecolor=fill, edgecolor="white", linewidth=1.5)
        )
        text = value if isinstance(value, str) else form.format(value)
        ax.text(
            x + cell / 2,
            y + cell / 2,
            text.replace("-", "\N{MINUS SIGN}"),
            ha="center",
            va="center",
            fontsize=size,
            color=ink(row, column) if callable(ink) else ink,
            fontweight="bold" if (row, column) in bold else "normal",
        )
    if title:
        label(ax, (left + values.shape[1] * cell / 2, top - 0.3), title)


def frame(
    ax: Axes, at: tuple[float, float], rows: float, columns: float, color: str = ACCENT
) -> None:
    """A frame around ``rows`` x ``columns`` units."""
    ax.add_patch(Rectangle(at, columns, rows, fill=False, edgecolor=color, linewidth=2.2, zorder=3))


def label(
    ax: Axes, at: tuple[float, float], text: str, color: str = INK, size: float = 11, **more: object
) -> None:
    """Text, centred at ``at``; ``$...$`` is set as a formula."""
    ax.text(*at, text, ha="center", va="bottom", fontsize=size, color=color, **more)


def sign(
    ax: Axes, at: tuple[float, float], text: str, color: str = INK, size: float = 15, **more: object
) -> None:
    """A sign between two matrices, as in "=" or "+": text whose middle is ``at``."""
    ax.text(*at, text, ha="center", va="center", fontsize=size, color=color, **more)


def note(
    ax: Axes, at: tuple[float, float], text: str, color: str = INK, size: float = 10, **more: object
) -> None:
    """A remark to the right of ``at``, which is the middle of its left edge."""
    ax.text(*at, text, ha="left", va="center", fontsize=size, color=color, **more)


def arrow(
    ax: Axes,
    start: tuple[float, float],
    end: tuple[float, float],
    text: str = "",
    color: str = FAINT,
    bend: float = 0.0,
) -> None:
    """An arrow from ``start`` to ``end``, with ``text`` above its middle."""
    ax.add_patch(
        FancyArrowPatch(
            start,
            end,
            arrowstyle="-|>",
            mutation_scale=14,
            color=color,
            linewidth=1.4,
            connectionstyle=f"arc3,rad={bend}",
        )
    )
    if text:
        label(ax, ((start[0] + end[0]) / 2, (start[1] + end[1]) / 2 - 0.15), text, size=10)


def save(fig: Figure, name: str) -> None:
    """Write ``docs/images/NAME.svg``, the same bytes each time."""
    with plt.rc_context({"svg.hashsalt": "mydl"}):
        fig.savefig(FOLDER / f"{name}.svg", metadata={"Date": None}, facecolor="white")
    plt.close(fig)
