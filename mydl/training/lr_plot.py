"""The picture of a sweep: loss over learning rate, with what is read from it."""

from __future__ import annotations

from pathlib import Path

from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

from .lr_find import Sweep


def draw_sweep(path: Path, sweep: Sweep, title: str) -> None:
    """Draw each step's loss, their running mean, the suggestion and the range that serves."""
    figure = Figure(figsize=(7, 4.2), layout="constrained")
    axes = figure.subplots()
    axes.plot(sweep.rates, sweep.losses, color="#BBBBBB", linewidth=0.8, label="each step")
    axes.plot(sweep.rates, sweep.smoothed, color="#0072B2", label="running mean")
    if sweep.range is not None and sweep.suggestion is not None:
        axes.axvspan(*sweep.range, color="#009E73", alpha=0.12, label="rates that serve")
        axes.axvline(sweep.suggestion, color="#D55E00", label=f"suggestion {sweep.suggestion:g}")
    # A last loss that shoots up would press the rest of the curve flat.
    top = max(sweep.smoothed[: max(1, len(sweep.smoothed) // 2)])
    axes.set(
        xscale="log",
        xlabel="learning rate",
        ylabel="loss",
        title=title,
        ylim=(0, 1.6 * top),
    )
    axes.xaxis.set_major_formatter("{x:g}")  # 0.01 instead of a power of ten
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(alpha=0.3)
    axes.legend(frameon=False)
    figure.savefig(path, dpi=120)
