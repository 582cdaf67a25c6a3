"""Keep a run on disk while it trains."""

from __future__ import annotations

import time
from collections.abc import Callable

from .progress import EpochReport, StepReport, Watcher
from .run_folder import RunFolder
from .trainer import Trainer


class Recorder:
    """A watcher that writes ``metrics.csv`` and checkpoints.

    A place that cannot be written does not end the training: what it has learnt so far is in memory
    only, and the disk may have room again before the end. It is told once, and tried again with
    every checkpoint.

    Parameters
    ----------
    trainer
        What is recorded.
    folder
        Of the run.
    tell
        Hears a sentence when something cannot be written, and when it can again.

    Attributes
    ----------
    failure
        Why the last checkpoint could not be written; None if it could.
    """

    def __init__(self, trainer: Trainer, folder: RunFolder, tell: Callable[[str], None]) -> None:
        self._trainer, self._folder, self._tell = trainer, folder, tell
        self._last = time.monotonic()
        self.failure: str | None = None

    def on_step(self, report: StepReport) -> None:
        """Write a checkpoint if the last one is old enough."""
        if time.monotonic() - self._last >= 60 * self._trainer.config.checkpoint_minutes:
            self.save()

    def on_epoch(self, report: EpochReport) -> None:
        """Write the epoch's row, and a checkpoint."""
        self.save()

    def on_note(self, note: str) -> None:
        """Notes are for people."""

    def save(self) -> bool:
        """Try to bring the folder up to date; returns whether that worked."""
        before, self.failure = self.failure, None
        try:
            self._folder.write_metrics(self._trainer.history)
            self._folder.save_checkpoint(self._trainer)
        except OSError as error:
            self.failure = str(error)
        self._last = time.monotonic()
        if self.failure and not before:
            self._tell(
                f"{self.failure}; training goes on, the next checkpoint is tried when it is due, "
                "and those before it are intact"
            )
        if before and not self.failure:
            self._tell("the checkpoint could be written again")
        return self.failure is None


class Several:
    """Several watchers, told one after the other."""

    def __init__(self, *watchers: Watcher) -> None:
        self._watchers = watchers

    def on_step(self, report: StepReport) -> None:
        """Tell each of them."""
        for watcher in self._watchers:
            watcher.on_step(report)

    def on_epoch(self, report: EpochReport) -> None:
        """Tell each of them."""
        for watcher in self._watchers:
            watcher.on_epoch(report)

    def on_note(self, note: str) -> None:
        """Tell each of them."""
        for watcher in self._watchers:
            watcher.on_note(note)
