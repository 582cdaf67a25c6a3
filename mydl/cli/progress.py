"""A run on the screen: a progress bar on a terminal, plain lines elsewhere; and Ctrl-C."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from ..training.run_folder import RunFolder
from ..training.trainer import EpochReport, StepReport, Trainer, Watcher

SECONDS_BETWEEN_LINES = 10.0
FIRST_STEP = "compiling the kernels where this machine has not done so yet"


@contextmanager
def watch(epochs: int, folder: RunFolder) -> Iterator[Watcher]:
    """A watcher that shows a run and writes its epochs down."""
    if not sys.stdout.isatty():
        yield PlainWatcher(epochs, folder)
        return
    columns = (
        TextColumn("epoch {task.fields[epoch]}/{task.fields[epochs]}"),
        BarColumn(),
        TextColumn("{task.fields[numbers]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console()) as progress:
        yield BarWatcher(epochs, folder, progress)


class PlainWatcher:
    """A line for each epoch, and one now and then in between."""

    def __init__(self, epochs: int, folder: RunFolder) -> None:
        self._epochs, self._folder = epochs, folder
        self._last = time.monotonic()

    def on_step(self, report: StepReport) -> None:
        if time.monotonic() - self._last > SECONDS_BETWEEN_LINES:
            self._last = time.monotonic()
            typer.echo(
                f"epoch {report.epoch}/{self._epochs} step {report.step}/{report.steps} "
                f"{_numbers(report)}"
            )

    def on_epoch(self, report: EpochReport) -> None:
        self._last = time.monotonic()
        self._folder.add_epoch(report)
        typer.echo(_epoch_line(report, self._epochs))


class BarWatcher:
    """A bar over all steps of the run with loss, accuracy, images/s and time left."""

    def __init__(self, epochs: int, folder: RunFolder, progress: Progress) -> None:
        self._epochs, self._folder, self._progress = epochs, folder, progress
        self._task = progress.add_task("", total=None, epoch=1, epochs=epochs, numbers=FIRST_STEP)

    def on_step(self, report: StepReport) -> None:
        self._progress.update(
            self._task,
            total=report.steps * self._epochs,
            completed=report.steps * (report.epoch - 1) + report.step,
            epoch=report.epoch,
            numbers=_numbers(report),
        )

    def on_epoch(self, report: EpochReport) -> None:
        self._folder.add_epoch(report)
        self._progress.console.print(_epoch_line(report, self._epochs), highlight=False)


def _numbers(report: StepReport) -> str:
    return (
        f"loss {report.loss:.4f} accuracy {report.accuracy:.1%} "
        f"{report.images_per_second:,.0f} images/s"
    )


def _epoch_line(report: EpochReport, epochs: int) -> str:
    return (
        f"epoch {report.epoch:{len(str(epochs))}}/{epochs}  "
        f"train loss {report.train_loss:.4f} accuracy {report.train_accuracy:.1%}  "
        f"test loss {report.test_loss:.4f} accuracy {report.test_accuracy:.1%}  "
        f"{report.images_per_second:,.0f} images/s  {report.seconds:.0f} s"
    )


@contextmanager
def stop_on_signals(trainer: Trainer) -> Iterator[None]:
    """Let Ctrl-C and SIGTERM end the run after the current step, and a second one at once."""

    def handle(number: int, frame: FrameType | None) -> None:
        signal.signal(number, previous[signal.Signals(number)])
        typer.echo("\nFinishing the current step; once more to stop at once.", err=True)
        trainer.stop()

    numbers = (signal.SIGINT, signal.SIGTERM)
    previous = {number: signal.signal(number, handle) for number in numbers}
    try:
        yield
    finally:
        for number in numbers:
            signal.signal(number, previous[number])
