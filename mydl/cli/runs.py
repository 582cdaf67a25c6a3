"""``mydl runs``: which runs there are, and how they went."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from ..training.runs import Run

HEADER = ("run", "state", "data", "model", "parameters", "epochs", "best", "test", "time")
NOTE = "best: the highest validation accuracy of an epoch"
OLD = "*: of the test images; the version of mydl that trained it held none out for validation"


def runs(
    folder: Annotated[
        Path, typer.Argument(help="A folder with the folders of runs, or one of these.")
    ] = Path("runs"),
    sort: Annotated[
        str, typer.Option(help="By best, test, parameters, epochs, time or name.")
    ] = "best",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """List runs with their best validation accuracy, the best first.

    A run that is interrupted goes on with `mydl train --resume RUN`.
    """
    from ..names import unknown
    from ..training.runs import read_runs, without_nan

    orders: dict[str, Callable[[Run], Any]] = {
        "best": lambda run: _unknown_last(-_best(run)),
        "test": lambda run: _unknown_last(-run.test_accuracy),
        "parameters": lambda run: run.result.parameters if run.result else math.inf,
        "epochs": lambda run: -len(run.history),
        "time": lambda run: run.seconds,
        "name": lambda run: run.path.name,
    }
    if sort not in orders:
        raise ValueError(f"--sort: {unknown('order', sort, orders)}")
    found, problems = read_runs(folder)
    found.sort(key=orders[sort])
    if as_json:
        documents = [without_nan(_document(run)) for run in found]
        typer.echo(json.dumps({"runs": documents, "problems": problems}, indent=2))
        return
    if found:
        _print(found)
    else:
        typer.echo(f"There are no runs in {folder}: `mydl train` makes one")
    if problems:
        typer.echo("\n" + "\n".join(problems))


def _print(found: list[Run]) -> None:
    from .table import print_table

    print_table(HEADER, [_cells(run) for run in found], left=4)
    typer.echo(f"\n{NOTE}")
    if any(run.judged_by == "test" and run.best for run in found):
        typer.echo(OLD)


def _cells(run: Run) -> list[str]:
    from ..training.runs import duration

    return [
        run.path.resolve().name,
        run.state,
        run.config.data,
        run.config.model,
        f"{run.result.parameters:,}" if run.result else "",
        f"{len(run.history)}/{run.config.epochs}",
        percent(_best(run)) + ("*" if run.judged_by == "test" and run.best else ""),
        percent(run.test_accuracy),
        duration(run.seconds),
    ]


def _document(run: Run) -> dict[str, Any]:
    return {
        "run": str(run.path),
        "state": run.state,
        "data": run.config.data,
        "model": run.config.model,
        "parameters": run.result.parameters if run.result else None,
        "epochs": len(run.history),
        "epochs_asked": run.config.epochs,
        "best_epoch": run.best.epoch if run.best else None,
        "best_accuracy": _best(run),
        "best_accuracy_of": run.judged_by,
        "test_accuracy": run.test_accuracy,
        "test_loss": run.result.test_loss if run.result else None,
        "seconds": run.seconds,
    }


def _best(run: Run) -> float:
    return run.best.validation_accuracy if run.best else math.nan


def percent(share: float) -> str:
    """A share in percent, nothing if it is not known."""
    return "" if math.isnan(share) else f"{share:.2%}"


def _unknown_last(value: float) -> float:
    return math.inf if math.isnan(value) else value
