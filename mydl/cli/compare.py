"""``mydl compare``: several runs side by side."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..training.config import in_words
from .runs import percent
from .table import print_table

if TYPE_CHECKING:
    from ..training.runs import Run

HEADER = ("", "run", "state", "epochs", "best", "in epoch", "lowest loss", "test", "time")


def compare(
    runs: Annotated[
        list[Path] | None, typer.Argument(metavar="RUN", help="Folders of runs, at least two.")
    ] = None,
    out: Annotated[Path, typer.Option(help="The picture; .png, .svg and .pdf are drawn.")] = Path(
        "compare.png"
    ),
) -> None:
    """Draw the validation curves of several runs together, and list what they differ in."""
    from ..training.report import draw_comparison
    from ..training.runs import read_run

    if runs is None or len(runs) < 2:
        raise ValueError("name at least two runs: mydl compare runs/FIRST runs/SECOND")
    found = [read_run(path) for path in runs]
    names = [run.path.resolve().name for run in found]
    if len(set(names)) < len(names):
        names = [str(run.path) for run in found]
    numbered = [f"{place} {name}" for place, name in enumerate(names, start=1)]
    rows = [
        (str(place), name, *_cells(run))
        for place, (name, run) in enumerate(zip(names, found, strict=True), start=1)
    ]
    print_table(HEADER, rows, left=3)
    typer.echo("\nbest: the highest validation accuracy of an epoch")
    _print_differences(found)
    if not any(run.best for run in found):
        typer.echo("\nThere is nothing to draw: no run has an epoch with validation images")
        return
    out = out if out.suffix else out.with_suffix(".png")
    draw_comparison(out, dict(zip(numbered, (run.history for run in found), strict=True)))
    typer.echo(f"\nWrote {out}")


def _cells(run: Run) -> tuple[str, ...]:
    from ..training.runs import duration

    best = run.best
    losses = [r.validation_loss for r in run.history if not math.isnan(r.validation_loss)]
    return (
        run.state,
        f"{len(run.history)}/{run.config.epochs}",
        percent(best.validation_accuracy) if best else "",
        str(best.epoch) if best else "",
        f"{min(losses):.4f}" if losses else "",
        percent(run.test_accuracy),
        duration(run.seconds),
    )


def _print_differences(found: list[Run]) -> None:
    """The settings that are not the same in all runs, a column for each run."""
    settings = [run.config.to_dict() for run in found]
    names = [name for name in settings[0] if len({repr(s[name]) for s in settings}) > 1]
    typer.echo()
    if not names:
        typer.echo("All settings are the same")
        return
    rows = [(name, *(in_words(each[name], " ") for each in settings)) for name in names]
    header = ("setting", *(str(place) for place in range(1, len(found) + 1)))
    print_table(header, rows, left=len(header))
