"""A picture of a run: bars for each implementation, a panel for each size of image and mode."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .compare import Comparison
from .implementations import IMPLEMENTATIONS

# Okabe and Ito's palette, which colour-blind people can tell apart.
COLOURS = dict(
    zip(
        IMPLEMENTATIONS,
        ("#0072B2", "#F0C27B", "#E69F00", "#D55E00", "#009E73", "#999999"),
        strict=True,
    )
)
LIMIT = "limit of direct convolution"
TITLES = {"train": "training", "infer": "inference"}


def draw(path: Path, comparisons: Sequence[Comparison]) -> None:
    """Draw the speeds of all cases, each panel to its own scale.

    A group of bars is one batch size. Thin lines are the middle half of the measurements, a dashed
    one is the limit of direct convolution at sgemm's speed.
    """
    panels: dict[tuple[str, str], list[Comparison]] = {}
    for comparison in comparisons:
        case = comparison.case
        panels.setdefault((f"{case.model} {case.input}", case.mode), []).append(comparison)
    networks = list(dict.fromkeys(network for network, _ in panels))
    modes = list(dict.fromkeys(mode for _, mode in panels))
    figure = Figure(
        figsize=(1.5 + 5.5 * len(modes), 1.2 + 3.5 * len(networks)), layout="constrained"
    )
    grid = figure.subplots(len(networks), len(modes), squeeze=False)
    handles: dict[str, Any] = {}
    for row, network in zip(grid, networks, strict=True):
        for axes, mode in zip(row, modes, strict=True):
            handles |= _draw_panel(axes, panels.get((network, mode), []))
            axes.set(title=f"{network}, {TITLES[mode]}", ylabel="images per second")
    save_with_legend(figure, handles, path)


def save_with_legend(figure: Figure, handles: Mapping[str, Any], path: Path) -> None:
    """Write a figure, with the implementations it shows named below it, each by a handle."""
    names = [name for name in (*IMPLEMENTATIONS, LIMIT) if name in handles]
    figure.legend(
        [handles[name] for name in names], names, loc="outside lower center", ncols=4, frameon=False
    )
    figure.savefig(path, dpi=120)


def _draw_panel(axes: Axes, comparisons: Sequence[Comparison]) -> dict[str, Any]:
    """The bars of one panel; returns one of each kind for the legend."""
    handles: dict[str, Any] = {}
    width = 0.8 / max(1, *(len(c.speeds) for c in comparisons))
    for group, comparison in enumerate(comparisons):
        left = group - width * len(comparison.speeds) / 2
        for place, (name, speeds) in enumerate(comparison.speeds.items()):
            low, middle, high = np.quantile(speeds, [0.25, 0.5, 0.75])
            x = left + width * (place + 0.5)
            handles[name] = axes.bar(x, middle, 0.92 * width, color=COLOURS[name])
            axes.vlines(x, low, high, color="black", linewidth=1)
            text = f"{middle:,.0f}" if middle >= 10 else f"{middle:.2g}"
            axes.annotate(
                text, (x, high), (0, 2), textcoords="offset points", ha="center", fontsize=7
            )
        limit = comparison.limit
        handles[LIMIT] = axes.hlines(
            limit, group - 0.45, group + 0.45, color="black", linestyle="--", linewidth=1
        )
    axes.set_xticks(range(len(comparisons)), [f"batch {c.case.batch}" for c in comparisons])
    axes.margins(y=0.12)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", alpha=0.3)
    axes.set_axisbelow(True)
    return handles
