"""The V curve of a sweep, drawn with matplotlib."""

from __future__ import annotations

from pathlib import Path
from textwrap import fill

import numpy as np
from matplotlib.figure import Figure

from .sweep import Sweep

# Okabe and Ito's palette, which colour-blind people can tell apart.
COLOURS = {"float32": "#D55E00", "float64": "#0072B2", "complex": "#009E73"}
LABELS = {
    "float32": "central difference, float32",
    "float64": "central difference, float64",
    "complex": "complex step",
}
LEAST = 1e-17  # stands for an error of exactly 0


def draw_sweep(path: Path, sweep: Sweep) -> None:
    """Draw the error against the step, with a ring around the foot of each V."""
    figure = Figure(figsize=(7.5, 4.8), layout="constrained")
    axes = figure.subplots()
    for name, errors in sweep.errors.items():
        shown = np.maximum([e if np.isfinite(e) else np.nan for e in errors], LEAST)
        step, error = sweep.best(name)
        label = f"{LABELS[name]}: best {error:.0e} at h = {step:.0e}"
        axes.plot(sweep.steps, shown, color=COLOURS[name], marker="o", ms=3.5, label=label)
        axes.plot(step, max(error, LEAST), "o", ms=9, mfc="none", color=COLOURS[name])
    axes.set(xscale="log", yscale="log", ylim=(LEAST / 3, 1e5))
    axes.set(xlabel="step h", ylabel="relative error")
    title = fill(f"{sweep.subject}: derivatives by {sweep.array}", 90)
    axes.set_title(title, fontsize=10, parse_math=False)
    axes.invert_xaxis()  # from large steps to small ones, as one tries them
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(alpha=0.3)
    axes.legend(frameon=False, loc="upper left", fontsize=9)
    figure.savefig(path, dpi=120)
