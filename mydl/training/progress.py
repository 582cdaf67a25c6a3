"""Where a run stands: what it tells those who watch it, and what it goes on from."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Protocol, Self

from ..layer import Array


@dataclass(frozen=True)
class StepReport:
    """Where a run stands after a step: means over the epoch so far, seconds since the run began."""

    epoch: int
    step: int
    steps: int
    loss: float
    accuracy: float
    images_per_second: float
    lr: float
    seconds: float


@dataclass(frozen=True)
class EpochReport:
    """A row of ``metrics.csv``.

    Attributes
    ----------
    epoch
        Counted from 1.
    seconds
        Since the run began, without the time between an interruption and its resumption.
    lr
        Learning rate of the epoch's last step.
    train_loss, train_accuracy
        Mean over the epoch, of images as augmentation made them and of weights as they were at each
        step. Accuracies are fractions.
    validation_loss, validation_accuracy
        At the epoch's end; NaN where nothing is held out.
    images_per_second
        In training.
    dead_units
        The largest share, over the layers, of units that are zero for every image.
    update_ratio
        Size of the step halfway through the epoch, as a share of the weights': median over the
        layers. About a thousandth is healthy.
    """

    epoch: int
    seconds: float
    lr: float
    train_loss: float
    train_accuracy: float
    validation_loss: float
    validation_accuracy: float
    images_per_second: float
    dead_units: float
    update_ratio: float


def best_epoch(history: Sequence[EpochReport]) -> EpochReport | None:
    """The epoch with the highest validation accuracy, the first of equals; None without any."""
    judged = [row for row in history if not math.isnan(row.validation_accuracy)]
    return max(judged, key=lambda row: row.validation_accuracy, default=None)


class Watcher(Protocol):
    """Whoever wants to see a run as it goes."""

    def on_step(self, report: StepReport) -> None:
        """A step is done."""

    def on_epoch(self, report: EpochReport) -> None:
        """An epoch is done."""

    def on_note(self, note: str) -> None:
        """Hear a sentence about how the run is doing: that it began well, or a warning."""


@dataclass
class Progress:
    """The numbers that a run carries from step to step.

    Attributes
    ----------
    step
        Optimizer steps taken.
    epoch
        The epoch that is under way, from 0, and ``epoch_step`` the steps taken in it.
    loss_sum, correct, seen
        Over the images of the epoch so far.
    seconds, epoch_seconds
        Of the run, and of training in this epoch.
    update_ratio
        See :class:`EpochReport`.
    best_epoch, best_loss
        The epoch, counted from 1, with the lowest validation loss.
    completed
        Nothing is left to train.
    stopped_early
        It was ended because the validation loss had not fallen for long enough.
    history
        A report for each epoch that is over.
    """

    step: int = 0
    epoch: int = 0
    epoch_step: int = 0
    loss_sum: float = 0.0
    correct: int = 0
    seen: int = 0
    seconds: float = 0.0
    epoch_seconds: float = 0.0
    update_ratio: float = math.nan
    best_epoch: int = 0
    best_loss: float = math.inf
    completed: bool = False
    stopped_early: bool = False
    history: list[EpochReport] = field(default_factory=list)

    def count(self, loss: float, correct: int, images: int) -> None:
        """Take note of a step."""
        self.step += 1
        self.epoch_step += 1
        self.loss_sum += loss * images
        self.correct += correct
        self.seen += images

    def report(self, steps: int, lr: float) -> StepReport:
        """Where the epoch stands after its last step.

        Parameters
        ----------
        steps
            Of an epoch.
        lr
            Learning rate of that step.
        """
        return StepReport(
            epoch=self.epoch + 1,
            step=self.epoch_step,
            steps=steps,
            loss=self.loss_sum / self.seen,
            accuracy=self.correct / self.seen,
            images_per_second=self.seen / self.epoch_seconds,
            lr=lr,
            seconds=self.seconds,
        )

    def next_epoch(self) -> None:
        """Begin the next epoch."""
        self.epoch += 1
        self.epoch_step = self.correct = self.seen = 0
        self.loss_sum = self.epoch_seconds = 0.0

    def to_dict(self) -> dict[str, Any]:
        """All of it as plain numbers, lists and dictionaries."""
        return asdict(self)

    @classmethod
    def from_dict(cls, numbers: dict[str, Any]) -> Self:
        """What :meth:`to_dict` made.

        Raises
        ------
        ValueError
            Something is missing, or too much, or of another kind.
        """
        known = {f.name for f in fields(cls)}
        columns = {f.name for f in fields(EpochReport)}
        rows = numbers.get("history")
        if numbers.keys() != known or not isinstance(rows, list):
            raise ValueError("it holds the progress of another version of mydl")
        if any(not isinstance(row, dict) or row.keys() != columns for row in rows):
            raise ValueError("it holds the history of another version of mydl")
        return cls(**{**numbers, "history": [EpochReport(**row) for row in rows]})


@dataclass(frozen=True, eq=False)
class TrainingState:
    """All that the rest of a run depends on, beside its configuration and its data.

    Random choices are drawn from generators that are made anew from the seed and the number of the
    epoch, step, shard or image, so that ``numbers`` says where each of them stands.

    Attributes
    ----------
    arrays
        Parameters, buffers and running arrays, by name.
    numbers
        A :class:`Progress` as a dictionary.
    """

    arrays: dict[str, Array]
    numbers: dict[str, Any]
