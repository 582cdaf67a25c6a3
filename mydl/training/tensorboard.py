"""A run's numbers for TensorBoard, as event files."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Self

from .progress import EpochReport, StepReport, Watcher

FOLDER = "tensorboard"  # in a run's folder
SECONDS_BETWEEN_SYNCS = 5.0


class TensorBoardWatcher:
    """Write loss, accuracy and learning rate of each step, and the row of each epoch, as events.

    All stand over the number of steps since the run began: those of a step by names such as
    step/loss, those of an epoch as epoch/validation_loss. They reach the disk every few seconds
    and with each epoch. A run that goes on from a checkpoint writes a further file, which begins
    with a mark that makes TensorBoard forget what the interrupted run wrote beyond that checkpoint.

    A disk that cannot be written ends the events, not the training.

    Parameters
    ----------
    folder
        For the event files; it is made here. ``tensorboard --logdir`` takes it or any folder above
        it.
    inner
        Another watcher, which is told everything first.
    steps_per_epoch
        As the trainer has it.

    Raises
    ------
    ValueError
        The package that knows the format is not installed.
    OSError
        The folder cannot be made or written.
    """

    def __init__(self, folder: Path, inner: Watcher, steps_per_epoch: int) -> None:
        try:
            import tensorboardX.event_file_writer
            import tensorboardX.proto.event_pb2
        except ImportError:
            raise ValueError(
                "--tensorboard needs the package tensorboardX: pip install 'mydl[tensorboard]'"
            ) from None
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._inner, self._steps_per_epoch = folder, inner, steps_per_epoch
        self._events = tensorboardX.proto.event_pb2
        # Not its SummaryWriter: that writes in a thread, and when the disk is full the thread ends
        # and the training waits for it for ever.
        self._file_of = tensorboardX.event_file_writer.EventsWriter
        self._file: Any = None
        self._failed = False
        self._synced = 0.0

    def on_step(self, report: StepReport) -> None:
        """Write the step's loss, accuracy and learning rate."""
        self._inner.on_step(report)
        step = (report.epoch - 1) * self._steps_per_epoch + report.step
        values = {name: getattr(report, name) for name in ("loss", "accuracy", "lr")}
        self._write("step", values, step)

    def on_epoch(self, report: EpochReport) -> None:
        """Write the epoch's numbers."""
        self._inner.on_epoch(report)
        values = asdict(report)
        del values["epoch"], values["lr"]
        self._write("epoch", values, report.epoch * self._steps_per_epoch)

    def on_note(self, note: str) -> None:
        """Pass it on; TensorBoard has no place for it."""
        self._inner.on_note(note)

    def close(self) -> None:
        """Bring the last events to the disk."""
        if self._file is not None and not self._failed:
            self._file.close()
        self._file = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *failure: object) -> None:
        self.close()

    def _write(self, group: str, values: Mapping[str, float], step: int) -> None:
        """Append an event with a few scalars; those that are not known are left out."""
        if self._failed:
            return
        scalars = [
            {"tag": f"{group}/{name}", "simple_value": value}
            for name, value in values.items()
            if not math.isnan(value)
        ]
        event = self._events.Event(wall_time=time.time(), step=step, summary={"value": scalars})
        try:
            if self._file is None:
                self._open(step)
            self._file.write_event(event)
            if group == "epoch" or time.monotonic() - self._synced >= SECONDS_BETWEEN_SYNCS:
                self._file.flush()
                self._synced = time.monotonic()
        except OSError as error:
            self._failed = True
            self._inner.on_note(f"no more events for TensorBoard: {error}")

    def _open(self, step: int) -> None:
        """Begin a file whose name no other has, with the mark that this step is yet to come."""
        self._file = self._file_of(str(self._folder / "events"), f".{step:08d}")
        start = self._events.SessionLog(status=self._events.SessionLog.START)
        self._file.write_event(
            self._events.Event(wall_time=time.time(), step=step, session_log=start)
        )
