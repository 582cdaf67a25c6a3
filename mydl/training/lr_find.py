"""The learning-rate range test: raise the rate step by step and see when the loss falls and breaks.

References
----------
Smith 2017, "Cyclical Learning Rates for Training Neural Networks" (arXiv 1506.01186), section 3.3,
with the rate rising exponentially instead of linearly.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from ..data.dataset import Dataset
from ..layer import Array
from .config import TrainingConfig
from .trainer import Trainer
from .trouble import TrainingDiverged

STEPS = 200
# Rates from and to. Optimizers that divide the gradient by its size take much smaller ones.
SPANS = {"sgd": (1e-3, 10.0)}
OTHER_SPAN = (1e-5, 1.0)
SMOOTHING = 0.9  # of the loss: about ten steps count
LEAST_FALL = 0.05  # share of the first loss that it has to fall by to be called learning
BROKEN = 1.5  # times the first loss: the sweep ends there
MARGIN = 10.0  # factor between where the loss breaks away and the highest rate that is suggested


@dataclass(frozen=True)
class Sweep:
    """What a sweep over learning rates found.

    Attributes
    ----------
    rates
        Learning rate of each step.
    losses
        Loss of each step's batch.
    smoothed
        Its running mean.
    lowest
        Rate at which the smoothed loss was lowest; None if the network learnt nothing.
    steepest
        Rate at which it fell fastest.
    broken
        Rate at which the loss had climbed half the way back; None if it never did.
    suggestion
        A rate to train with; None if the network learnt nothing.
    """

    rates: tuple[float, ...]
    losses: tuple[float, ...]
    smoothed: tuple[float, ...]
    lowest: float | None
    steepest: float | None
    broken: float | None
    suggestion: float | None

    @property
    def range(self) -> tuple[float, float] | None:
        """The rates that serve: from a tenth of the suggestion to where the loss breaks away."""
        if self.suggestion is None:
            return None
        return self.suggestion / MARGIN, self.broken or self.rates[-1]

    @property
    def words(self) -> str:
        """What was found, in a sentence or two."""
        if self.suggestion is None:
            return (
                f"The loss fell at no rate from {self.rates[0]:.2g} to {self.rates[-1]:.2g} in "
                f"{len(self.rates)} steps: the trouble may be another one, which mydl doctor looks "
                "for, or the sweep was too short (--steps)."
            )
        end = "never rose again" if self.broken is None else f"broke away at {self.broken:.2g}"
        return (
            f"The loss fell fastest at {self.steepest:.2g}, was lowest at {self.lowest:.2g} and "
            f"{end}. Suggested: --lr {self.suggestion:g}, the smaller of the rate of the fastest "
            "fall and a tenth of the highest before it breaks away, rounded to one digit."
        )

    def to_dict(self) -> dict[str, Any]:
        """All of it as plain numbers."""
        return {**asdict(self), "range": self.range, "words": self.words}


def find_lr(
    config: TrainingConfig,
    dataset: Dataset,
    *,
    threads: int | None = None,
    lowest: float | None = None,
    highest: float | None = None,
    steps: int = STEPS,
    watch: Callable[[int, float, float], None] | None = None,
) -> Sweep:
    """Train a fresh network with a rate that rises until the loss breaks away.

    Everything is as in the run, batches, augmentation, optimizer, but the schedule.

    Parameters
    ----------
    config
        Of the run. Its learning rate and schedule are not used.
    dataset
        What it trains on.
    threads
        As for :class:`Trainer`.
    lowest, highest
        The first and the last rate; None: those of ``SPANS``.
    steps
        How many rates to try.
    watch
        Called after each step with its number from 1, its rate and the smoothed loss.

    Raises
    ------
    ValueError
        The rates or steps make no sense.
    """
    span = SPANS.get(config.optimizer, OTHER_SPAN)
    lowest = span[0] if lowest is None else lowest
    highest = span[1] if highest is None else highest
    if not 0 < lowest < highest < math.inf:
        raise ValueError(f"the rates must rise from above 0, got from {lowest:g} to {highest:g}")
    if steps < 20:
        raise ValueError(f"a sweep needs at least 20 steps to show anything, got {steps}")
    config = replace(config, schedule="constant", warmup_epochs=0.0)
    trainer = Trainer(config, dataset, threads=threads)
    growth = (highest / lowest) ** (1 / (steps - 1))
    rates: list[float] = []
    losses: list[float] = []
    smoothed: list[float] = []
    for number, (chosen, epoch) in enumerate(itertools.islice(batches(trainer), steps)):
        rate = lowest * growth**number
        trainer.schedule = replace(trainer.schedule, lr=rate)
        try:
            loss, _ = trainer.take_step(chosen, epoch)
        except TrainingDiverged:
            break
        rates.append(rate)
        losses.append(loss)
        smoothed.append(_smooth(losses))
        if watch is not None:
            watch(number + 1, rate, smoothed[-1])
        if smoothed[-1] > BROKEN * smoothed[0]:
            break
    trainer.engine.close()
    if not rates:
        raise TrainingDiverged(f"the loss is not finite at the first step, at a rate of {lowest:g}")
    return judge_sweep(rates, losses, smoothed, ended_early=len(rates) < steps)


def batches(trainer: Trainer) -> Iterator[tuple[Array, int]]:
    """The batches of one epoch after the other without end, each with its epoch.

    Smaller batches at the ends of epochs are left out where there are whole ones.
    """
    size = trainer.config.batch_size * trainer.config.accumulate
    images = len(trainer.dataset.train_labels)
    for epoch in itertools.count():
        order = trainer.images.order(epoch)
        for start in range(0, max(1, images - size + 1), size):
            yield order[start : start + size], epoch


def _smooth(losses: list[float]) -> float:
    """The exponential moving mean of the losses so far, without its pull towards zero."""
    weights = SMOOTHING ** np.arange(len(losses))[::-1]
    return float(weights @ np.array(losses) / weights.sum())


def judge_sweep(
    rates: list[float], losses: list[float], smoothed: list[float], ended_early: bool
) -> Sweep:
    """Which rates a sweep's losses speak for."""
    curve = np.array(smoothed)
    best = int(curve.argmin())
    fall = curve[0] - curve[best]
    if fall < LEAST_FALL * curve[0]:
        return Sweep(tuple(rates), tuple(losses), tuple(smoothed), None, None, None, None)
    # Slopes over several steps: one step's are noise.
    reach = max(1, len(curve) // 30)
    slopes = [curve[min(i + reach, best)] - curve[max(i - reach, 0)] for i in range(best + 1)]
    steepest = rates[int(np.argmin(slopes))]
    back = np.flatnonzero(curve[best:] > curve[best] + fall / 2)
    broken = rates[best + int(back[0])] if back.size else rates[-1] if ended_early else None
    suggestion = float(f"{min(steepest, (broken or rates[-1]) / MARGIN):.1g}")
    return Sweep(
        tuple(rates), tuple(losses), tuple(smoothed), rates[best], steepest, broken, suggestion
    )
