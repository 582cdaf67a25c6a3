"""Why won't it train? A ladder of questions, each with a measured answer, from the data upwards.

Each rung rests on those below it: a network that cannot learn 20 images by heart needs no search
for a better schedule. Where a rung fails, the changes that may help are tried, one at a time, and
the one that helps most is named.

References
----------
Karpathy 2019, "A Recipe for Training Neural Networks".
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any

from ..data.dataset import Dataset
from ..models import model_options
from .config import TrainingConfig
from .lr_find import Sweep, find_lr
from .measuring import BY_HEART, begin, first_loss, fresh, health, learn_by_heart, trained
from .measuring import regularisation as measure_regularisation
from .rungs import (
    FALLEN,
    LEARNT,
    UPDATES,
    Rung,
    data_rungs,
    dead_rung,
    first_loss_rung,
    gradients_rung,
    learning_rung,
    overfit_rung,
    rate_rung,
    recent,
    regularisation_rung,
    updates_rung,
)

# Steps that are taken, at most: to learn a few images by heart, to see a run begin (more where its
# loss does not fall at once), to sweep, to try a change.
BY_HEART_STEPS, FIRST_STEPS, MOST_FIRST_STEPS, SWEEP_STEPS, TRIAL_STEPS = 200, 60, 150, 200, 80
BETTER = 0.05  # share of ln(classes) that a change has to lower the loss by to be called a help
GENTLE_WEIGHT_DECAY = 5e-4


@dataclass(frozen=True)
class Trial:
    """A change that was tried: the settings, and the loss that some steps with it lead to."""

    change: dict[str, Any]
    loss: float

    @property
    def flags(self) -> str:
        """The change as flags of ``mydl train``."""
        return " ".join(_flag(name, value) for name, value in self.change.items())


@dataclass(frozen=True)
class Diagnosis:
    """What the doctor found.

    Attributes
    ----------
    rungs
        The questions with their answers, from the bottom up.
    unchanged
        The loss that the trials are compared with; NaN where nothing was tried.
    trials
        Changes that were tried, the lowest loss first.
    advice
        What to do, in a sentence or two.
    change
        The settings to change, which were tried and help; empty if there are none.
    """

    rungs: tuple[Rung, ...]
    unchanged: float
    trials: tuple[Trial, ...]
    advice: str
    change: dict[str, Any]

    @property
    def healthy(self) -> bool:
        """Whether every rung holds."""
        return all(rung.passed for rung in self.rungs)

    def to_dict(self) -> dict[str, Any]:
        """All of it as plain values."""
        return {"healthy": self.healthy, **asdict(self)}


def examine(
    config: TrainingConfig,
    dataset: Dataset,
    *,
    threads: int | None = None,
    on_rung: Callable[[Rung], None] = lambda rung: None,
    on_work: Callable[[str], None] = lambda work: None,
) -> Diagnosis:
    """Climb the ladder, and look for the change that helps where a rung fails.

    Parameters
    ----------
    config
        Of the run that is to be examined.
    dataset
        What it trains on; the test images are not looked at.
    threads
        As for :class:`mydl.training.trainer.Trainer`.
    on_rung
        Called with each rung as soon as it is answered.
    on_work
        Called with what is done next, for those who wait.

    Raises
    ------
    ValueError
        Settings that do not fit each other or the data.
    """
    doctor = _Doctor(config, dataset, threads, on_work)
    rungs: list[Rung] = []
    for rung in doctor.climb():
        rungs.append(rung)
        on_rung(rung)
    advice = next((rung.advice for rung in rungs if rung.advice), "")
    if advice:
        advice = f"{advice[0].upper()}{advice[1:]}. The rungs above would say nothing before that."
        return Diagnosis(tuple(rungs), math.nan, (), advice, {})
    if all(rung.passed for rung in rungs):
        return Diagnosis(tuple(rungs), math.nan, (), "Every rung holds: train.", {})
    return doctor.treat(rungs)


class _Doctor:
    """Climbs the ladder for one configuration and data set."""

    def __init__(
        self,
        config: TrainingConfig,
        dataset: Dataset,
        threads: int | None,
        on_work: Callable[[str], None],
    ) -> None:
        self.config = replace(config, patience=0, ema=0.0)
        self.dataset, self.threads, self.on_work = dataset, threads, on_work
        self.classes = len(dataset.class_names)
        self.sweep: Sweep | None = None

    def climb(self) -> Iterator[Rung]:
        """The rungs, each measured when it is asked for; they end below which none makes sense."""
        config, classes = self.config, self.classes
        self.on_work("looking at the images")
        trainer = fresh(config, self.dataset, self.threads)
        starts_elsewhere = config.pretrained or bool(config.weights)
        for rung in data_rungs(trainer.dataset, pretrained=starts_elsewhere):
            yield rung
            if not rung.passed:
                return
        yield first_loss_rung(first_loss(trainer), classes)
        yield gradients_rung(trained(trainer, health(trainer)))

        self.on_work(f"learning {BY_HEART} images by heart")
        learner, losses = learn_by_heart(config, self.dataset, self.threads, BY_HEART_STEPS)
        images = len(learner.dataset.train_labels)
        yield overfit_rung(losses, images, classes, config.lr)
        learnt = losses[-1] < LEARNT * math.log(classes)
        plain, terms = measure_regularisation(config, learner, learnt)
        yield regularisation_rung(plain, terms, classes, images)

        self.on_work("taking the first steps of the run")
        beginning = begin(config, self.dataset, self.threads, FIRST_STEPS, MOST_FIRST_STEPS)
        yield learning_rung(beginning.losses, classes, config.lr, beginning.error)
        if not beginning.error:
            yield dead_rung(health(beginning.trainer), len(beginning.losses))
            yield updates_rung(beginning.update_ratio, config.lr)

        self.on_work("sweeping over learning rates")
        self.sweep = find_lr(config, self.dataset, threads=self.threads, steps=SWEEP_STEPS)
        yield rate_rung(self.sweep, config.lr)

    def treat(self, rungs: list[Rung]) -> Diagnosis:
        """Try changes from fresh weights, one at a time, and all where none is enough."""
        unchanged, chance = self._try({}).loss, math.log(self.classes)
        changes = self._changes(rungs)
        trials = [self._try(change) for change in changes]
        if len(changes) > 1 and not any(_helps(trial, unchanged, chance) for trial in trials):
            trials.append(self._try({k: v for change in changes for k, v in change.items()}))
        trials.sort(key=lambda trial: trial.loss)
        advice, change = _advise(unchanged, trials, chance)
        return Diagnosis(tuple(rungs), unchanged, tuple(trials), advice, change)

    def _try(self, change: dict[str, Any]) -> Trial:
        self.on_work(f"trying {Trial(change, math.nan).flags or 'it with nothing changed'}")
        config = replace(self.config, **change)
        beginning = begin(config, self.dataset, self.threads, TRIAL_STEPS, TRIAL_STEPS)
        return Trial(change, recent(beginning.losses))

    def _changes(self, rungs: list[Rung]) -> list[dict[str, Any]]:
        """What may help, given the rungs that fail."""
        config, failed = self.config, {rung.name: rung for rung in rungs if not rung.passed}
        known = model_options(config.model)
        changes: list[dict[str, Any]] = []
        if config.final_relu and "final_relu" in known:
            changes.append({"final_relu": False})
        if not config.batch_norm and "batch_norm" in known:
            changes.append({"batch_norm": True})
        suggestion = None if self.sweep is None else self.sweep.suggestion
        if suggestion is not None:
            changes.append({"lr": suggestion})
        else:
            changes.append({"lr": config.lr / 10})
            if "updates" in failed and failed["updates"].value < UPDATES[0]:
                changes.append({"lr": config.lr * 10})
        if "regularisation" in failed and config.weight_decay > GENTLE_WEIGHT_DECAY:
            changes.append({"weight_decay": GENTLE_WEIGHT_DECAY})
        return changes


def _advise(unchanged: float, trials: list[Trial], chance: float) -> tuple[str, dict[str, Any]]:
    """What to do, and the change to make.

    Parameters
    ----------
    unchanged
        Loss after some steps without a change.
    trials
        With one, the lowest loss first.
    chance
        Loss of a network that knows nothing.
    """
    best = trials[0]
    if _helps(best, unchanged, chance):
        what = "Change one thing:" if len(best.change) == 1 else "One change is not enough; use"
        return (
            f"{what} {best.flags}. Tried: after {TRIAL_STEPS} steps with it the loss is "
            f"{best.loss:.2f}, with nothing changed {unchanged:.2f}.",
            best.change,
        )
    listed = ", ".join(f"{trial.flags} {trial.loss:.2f}" for trial in trials)
    tried = (
        f"Tried, loss after {TRIAL_STEPS} steps: {listed}, with nothing changed {unchanged:.2f}."
    )
    if unchanged < FALLEN * chance:
        return f"The run learns as it is, and no change does better. {tried}", {}
    return f"No change helps within so few steps. {tried}", {}


def _helps(trial: Trial, unchanged: float, chance: float) -> bool:
    """Whether a change makes the network learn, and clearly better than without it."""
    return trial.loss < min(unchanged - BETTER * chance, FALLEN * chance)


def _flag(name: str, value: Any) -> str:
    """A setting as a flag of ``mydl train``."""
    flag = name.replace("_", "-")
    if isinstance(value, bool):
        return f"--{flag}" if value else f"--no-{flag}"
    return f"--{flag} {value:g}"
