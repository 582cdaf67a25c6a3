"""What the commands of ``mydl visualize`` share: their options, a bar, and the file at the end."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated

import typer

from .subject import Subject

if TYPE_CHECKING:
    from ..visualize.gradients import Steps
    from ..visualize.pictures import Panel

SECONDS_BETWEEN_LINES = 10.0

Image = Annotated[
    str | None,
    typer.Argument(metavar="IMAGE", help="A picture.", show_default="a test image of the run"),
]
Model = Annotated[
    str,
    typer.Option(
        metavar="RUN_OR_WEIGHTS", help="A run's folder, a file of weights, or pretrained."
    ),
]
Index = Annotated[
    int | None, typer.Option(help="Number of the run's test image.", show_default="0")
]
Label = Annotated[
    str | None,
    typer.Option(help="A class, by its name or number.", show_default="the network's answer"),
]
Out = Annotated[
    Path | None,
    typer.Option(help="File to write, such as a .png.", show_default="the command's name and .png"),
]


def class_of(subject: Subject, label: str | None) -> int:
    """The class that a person names; without a name the network's answer for the picture."""
    if label is not None:
        return subject.class_of(label)
    return int(subject.trained.network.predict(subject.inputs[None])[0])


def place_for(out: Path | None, name: str) -> Path:
    """Where a command's picture goes, checked before any work is done for it."""
    from ..figure_files import check_picture

    path = Path(f"{name}.png") if out is None else out
    check_picture(path, "--out")
    return path


def write_figure(path: Path, rows: Sequence[Sequence[Panel]]) -> None:
    """Write pictures side by side into a file, and say so."""
    from ..visualize.pictures import draw_figure

    draw_figure(path, rows)
    typer.echo(f"Wrote {path}")


def steps_of(work: str) -> Steps:
    """What counts the steps of long work and shows how far it is; Ctrl-C ends it early.

    The work is then over after the step at hand, as if that were the last one; a second Ctrl-C
    stops at once.

    Parameters
    ----------
    work
        In a word or two, such as "occlusion".
    """

    def steps(count: int) -> Iterator[int]:
        stopping = False

        def stop(number: int, frame: FrameType | None) -> None:
            nonlocal stopping
            stopping = True
            signal.signal(number, signal.default_int_handler)

        previous = signal.signal(signal.SIGINT, stop)
        try:
            with _shown(work, count) as show:
                for step in range(count):
                    yield step
                    show(step + 1)
                    if stopping:
                        break
        finally:
            signal.signal(signal.SIGINT, previous)
        if stopping:
            typer.echo(f"Stopped after {step + 1} of {count} steps, with what there is", err=True)

    return steps


@contextmanager
def _shown(work: str, count: int) -> Iterator[Callable[[int], None]]:
    """What shows how many steps are done, on standard error: a bar, or a line now and then."""
    if not sys.stderr.isatty():
        last = time.monotonic()

        def show(done: int) -> None:
            nonlocal last
            if time.monotonic() - last > SECONDS_BETWEEN_LINES:
                last = time.monotonic()
                typer.echo(f"{work}: {done} of {count}", err=True)

        yield show
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(work, total=count)
        yield lambda done: progress.update(task, completed=done)
