"""A run on the screen: a progress bar on a terminal, plain lines elsewhere; and Ctrl-C.

Lines have at most 80 columns. Training does not depend on somebody reading them: output that has
gone away, because a terminal was closed or a pipe or its disk is full, is left out.
"""

from __future__ import annotations

import math
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from ..training.progress import EpochReport, StepReport, Watcher
from ..training.trainer import Trainer

SECONDS_BETWEEN_LINES = 10.0
FIRST_STEP = "compiling, the first time on this machine"

COLUMNS = (
    TextColumn("epoch {task.fields[epoch]}/{task.fields[epochs]}"),
    BarColumn(bar_width=None),
    TextColumn("{task.fields[numbers]}"),
    TimeRemainingColumn(compact=True),
)


def say(text: str, err: bool = False) -> None:
    """Print a line, if there is still somebody to print it for."""
    with suppress(OSError):
        typer.echo(text, err=err)


@contextmanager
def watch(epochs: int) -> Iterator[Watcher]:
    """A watcher that shows a run."""
    if not sys.stdout.isatty():
        yield PlainWatcher(epochs)
        return
    with Progress(*COLUMNS, console=Console(), expand=True) as progress:
        yield BarWatcher(epochs, progress)


class PlainWatcher:
    """A line for each epoch, and one now and then in between."""

    def __init__(self, epochs: int) -> None:
        self._epochs = epochs
        self._last = time.monotonic()

    def on_step(self, report: StepReport) -> None:
        """Print a line, but not more often than every few seconds."""
        if time.monotonic() - self._last > SECONDS_BETWEEN_LINES:
            self._last = time.monotonic()
            say(
                f"epoch {report.epoch}/{self._epochs} step {report.step}/{report.steps} "
                f"{_numbers(report)}"
            )

    def on_epoch(self, report: EpochReport) -> None:
        """Print the epoch's line."""
        self._last = time.monotonic()
        say(_epoch_line(report, self._epochs))

    def on_note(self, note: str) -> None:
        """Print what there is to say."""
        say(note)


class BarWatcher:
    """A bar over all steps of the run with loss, accuracy, images/s and time left."""

    def __init__(self, epochs: int, progress: Progress) -> None:
        self._epochs, self._progress = epochs, progress
        self._task = progress.add_task("", total=None, epoch=1, epochs=epochs, numbers=FIRST_STEP)

    def on_step(self, report: StepReport) -> None:
        """Move the bar."""
        self._progress.update(
            self._task,
            total=report.steps * self._epochs,
            completed=report.steps * (report.epoch - 1) + report.step,
            epoch=report.epoch,
            numbers=_numbers(report),
        )

    def on_epoch(self, report: EpochReport) -> None:
        """Print the epoch's line above the bar."""
        self._print(_epoch_line(report, self._epochs))

    def on_note(self, note: str) -> None:
        """Print what there is to say above the bar."""
        self._print(note)

    def _print(self, line: str) -> None:
        with suppress(OSError):
            self._progress.console.print(line, highlight=False, markup=False)


def _numbers(report: StepReport) -> str:
    return (
        f"loss {report.loss:.4f} accuracy {report.accuracy:.1%} "
        f"{report.images_per_second:,.0f} images/s"
    )


def _epoch_line(report: EpochReport, epochs: int) -> str:
    start = f"epoch {report.epoch:{len(str(epochs))}}/{epochs}"
    if math.isnan(report.validation_loss):
        return (
            f"{start} loss {report.train_loss:.4f}; accuracy {report.train_accuracy:.1%}; "
            f"{report.images_per_second:,.0f} images/s"
        )
    return (
        f"{start} loss {report.train_loss:.4f}, validation {report.validation_loss:.4f}; "
        f"accuracy {report.train_accuracy:.1%}, validation {report.validation_accuracy:.1%}"
    )


@contextmanager
def stop_on_signals(trainer: Trainer) -> Iterator[None]:
    """Let Ctrl-C, SIGTERM or a closed terminal end the training after the current step.

    A second Ctrl-C or SIGTERM stops at once. A second SIGHUP does not: a shell and the system may
    both send one when a terminal is closed. One that is ignored, as ``nohup`` has it, stays so.
    """

    def handle(number: int, frame: FrameType | None) -> None:
        trainer.stop()
        if number == hang_up:
            signal.signal(number, signal.SIG_IGN)
            for descriptor in terminals:  # what is still printed goes nowhere
                os.dup2(nowhere, descriptor)
            return
        at_once = signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL
        signal.signal(number, at_once)
        say("\nFinishing the current step; once more to stop at once.", err=True)

    terminals = [descriptor for descriptor in (1, 2) if os.isatty(descriptor)]
    nowhere = os.open(os.devnull, os.O_WRONLY)
    hang_up = getattr(signal, "SIGHUP", None)  # Windows has none
    numbers = [signal.SIGINT, signal.SIGTERM]
    if hang_up and signal.getsignal(hang_up) != signal.SIG_IGN:
        numbers.append(hang_up)
    previous = {number: signal.signal(number, handle) for number in numbers}
    try:
        yield
    finally:
        for number in numbers:
            signal.signal(number, previous[number])
        os.close(nowhere)
