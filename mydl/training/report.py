"""Pictures of a run, drawn with matplotlib into PNG files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib import rc_context
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from ..data.dataset import Dataset
from ..layer import Array
from .evaluation import Evaluation
from .progress import EpochReport

# Two colours of Okabe and Ito's palette, which colour-blind people can tell apart.
TRAIN, VALIDATION = "#0072B2", "#D55E00"
# More of them, for several runs; then they come again with other dashes.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
DASHES = ("-", "--", ":", "-.")

# Names of classes and folders may have dollar signs, which are no formulas.
as_it_is = rc_context({"text.parse_math": False})


def draw_curves(path: Path, history: Sequence[Mapping[str, float]]) -> None:
    """Draw loss and accuracy over the epochs, on the training and on the validation images.

    Parameters
    ----------
    path
        Of the PNG file.
    history
        The rows of ``metrics.csv``; what is NaN in all of them is left out.
    """
    figure = Figure(figsize=(10, 4), layout="constrained")
    epochs = [row["epoch"] for row in history]
    for axes, what in zip(figure.subplots(1, 2), ("loss", "accuracy"), strict=True):
        for part, colour, marker in (("train", TRAIN, "o"), ("validation", VALIDATION, "s")):
            values = [row[f"{part}_{what}"] for row in history]
            if not np.isnan(values).all():
                axes.plot(epochs, values, color=colour, marker=marker, markersize=3, label=part)
                last = f"{part} {_say(what, values[-1])}"
        axes.set(xlabel="epoch", ylabel=what, title=f"{what}, last {last}")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.grid(alpha=0.3)
        axes.legend()
        if what == "accuracy":
            axes.yaxis.set_major_formatter(PercentFormatter(1.0))
    figure.savefig(path, dpi=120)


@as_it_is
def draw_comparison(path: Path, histories: Mapping[str, Sequence[EpochReport]]) -> None:
    """Draw the validation loss and accuracy of several runs, over epochs and over minutes.

    Parameters
    ----------
    path
        Of the picture, whose ending says its format.
    histories
        The epochs of each run, by the name for the legend.
    """
    figure = Figure(figsize=(11, 7.5 + 0.25 * len(histories)), layout="constrained")
    grid = figure.subplots(2, 2, sharey="row", sharex="col")
    for row, what in zip(grid, ("loss", "accuracy"), strict=True):
        for axes, over in zip(row, ("epoch", "minutes"), strict=True):
            for place, (name, history) in enumerate(histories.items()):
                across = [r.epoch if over == "epoch" else r.seconds / 60 for r in history]
                axes.plot(
                    across,
                    [getattr(r, f"validation_{what}") for r in history],
                    color=COLOURS[place % len(COLOURS)],
                    linestyle=DASHES[place // len(COLOURS) % len(DASHES)],
                    marker="o" if len(history) == 1 else None,
                    label=name,
                )
            axes.grid(alpha=0.3)
        row[0].set_ylabel(f"validation {what}")
        if what == "accuracy":
            row[0].yaxis.set_major_formatter(PercentFormatter(1.0))
    for axes, over in zip(grid[-1], ("epoch", "minutes of training"), strict=True):
        axes.set_xlabel(over)
    grid[-1][0].xaxis.set_major_locator(MaxNLocator(integer=True))
    figure.legend(
        *grid[0][0].get_legend_handles_labels(), loc="outside lower center", frameon=False
    )
    figure.savefig(path, dpi=120)


def _say(what: str, value: float) -> str:
    return f"{value:.1%}" if what == "accuracy" else f"{value:.3f}"


@as_it_is
def draw_confusion(path: Path, evaluation: Evaluation, dataset: Dataset) -> None:
    """Draw which classes are taken for which: a row for each true class, counts in the cells."""
    confusion = evaluation.confusion
    shares = confusion / np.maximum(confusion.sum(axis=1, keepdims=True), 1)
    classes = len(confusion)
    side = min(max(5.0, 0.55 * classes), 30.0)
    figure = Figure(figsize=(side + 1, side), layout="constrained")
    axes = figure.subplots()
    image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    axes.set(
        xlabel="predicted",
        ylabel="true",
        title=f"accuracy {evaluation.accuracy:.1%} on {confusion.sum():,} test images",
    )
    names = list(dataset.class_names)
    if classes <= 100:
        axes.set_xticks(range(classes), names, rotation=45, ha="right")
        axes.set_yticks(range(classes), names)
    if classes <= 30:  # the numbers of more classes could not be read
        for (row, column), count in np.ndenumerate(confusion):
            if count:
                ink = "white" if shares[row, column] > 0.5 else "black"
                axes.text(column, row, f"{count}", ha="center", va="center", color=ink, fontsize=8)
    figure.colorbar(image, ax=axes, format=PercentFormatter(1.0), label="share of the true class")
    figure.savefig(path, dpi=120)


def worst_mistakes(evaluation: Evaluation, labels: Array, count: int) -> Array:
    """Places of the images whose wrong answer the network was surest of, the surest first."""
    wrong = np.flatnonzero(evaluation.probabilities.argmax(axis=1) != labels)
    sureness = evaluation.probabilities[wrong].max(axis=1)
    return wrong[np.argsort(-sureness, kind="stable")[:count]]


@as_it_is
def draw_mistakes(path: Path, evaluation: Evaluation, dataset: Dataset, count: int = 24) -> None:
    """Draw the wrong answers that the network was surest of, with what it said and the truth."""
    predicted = evaluation.probabilities.argmax(axis=1)
    mistakes = int((predicted != dataset.test_labels).sum())
    worst = worst_mistakes(evaluation, dataset.test_labels, count)
    columns = 6
    rows = max(1, -(-len(worst) // columns))
    figure = Figure(figsize=(1.9 * columns, 2.3 * rows + 0.5), layout="constrained")
    figure.suptitle(
        f"{mistakes:,} mistakes in {len(predicted):,} test images"
        + (f", the {len(worst)} most confident" if len(worst) < mistakes else "")
    )
    grid = np.asarray(figure.subplots(rows, columns, squeeze=False)).ravel()
    for axes in grid:
        axes.axis("off")
    for axes, index in zip(grid, worst, strict=False):
        image = dataset.test_images[index]
        axes.imshow(image.squeeze(), cmap="gray", vmin=0, vmax=255)
        said, truth = predicted[index], dataset.test_labels[index]
        axes.set_title(
            f"said {dataset.class_names[said]}, {evaluation.probabilities[index, said]:.0%}\n"
            f"is {dataset.class_names[truth]}",
            fontsize=9,
        )
    figure.savefig(path, dpi=120)
