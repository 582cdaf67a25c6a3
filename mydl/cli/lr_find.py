"""``mydl lr-find``: sweep over learning rates and suggest one."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from .options import Run, takes_run
from .pages import fail


@takes_run
def lr_find(
    run: Run,
    out: Annotated[Path, typer.Option(help="Picture to write; png, svg or pdf.")] = Path(
        "lr-find.png"
    ),
    lowest: Annotated[
        float | None,
        typer.Option(
            help="Learning rate of the first step.", show_default="0.001; 1e-05 but for sgd"
        ),
    ] = None,
    highest: Annotated[
        float | None,
        typer.Option(help="Learning rate of the last step.", show_default="10; 1 but for sgd"),
    ] = None,
    steps: Annotated[int, typer.Option(help="Steps, each with a higher rate.")] = 200,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """Raise the learning rate step by step until the loss breaks away, and suggest a rate.

    Takes the options of `mydl train`, and trains as that would, for a few hundred steps. Draws the
    loss over the learning rate.
    """
    from ..figure_files import check_picture
    from ..training.lr_find import find_lr
    from ..training.lr_plot import draw_sweep

    check_picture(out, "--out")
    dataset = run.open_dataset()
    watch = _show if sys.stderr.isatty() else None
    sweep = find_lr(
        run.config,
        dataset,
        threads=run.threads,
        lowest=lowest,
        highest=highest,
        steps=steps,
        watch=watch,
    )
    if watch:
        print("\r\033[K", end="", file=sys.stderr, flush=True)
    draw_sweep(out, sweep, f"{run.config.model} on {dataset.name}, {run.config.optimizer}")
    if as_json:
        print(json.dumps({**sweep.to_dict(), "picture": str(out)}, indent=2))
    else:
        print(f"{sweep.words}\nWrote {out}.")
    if sweep.suggestion is None:
        fail("doctor", quiet=as_json)


def _show(step: int, rate: float, loss: float) -> None:
    """Where the sweep stands, on one line of a terminal."""
    print(
        f"\r\033[Kstep {step}, lr {rate:.2g}, loss {loss:.3f}", end="", file=sys.stderr, flush=True
    )
