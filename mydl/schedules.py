"""Learning-rate schedules: pure functions of the step, so that a resumed run needs nothing else.

``schedule(step)`` is the learning rate of that step, counted from 0. Any schedule can begin with a
linear warm-up; what is said of a schedule then holds for the steps after it.
"""

from __future__ import annotations

import math
from dataclasses import KW_ONLY, dataclass, fields
from typing import Any

from .names import unknown


@dataclass(frozen=True)
class Schedule:
    """Base of the schedules: the warm-up, and the checks.

    ::

        lr(step) = lr_0 (step + 1) / (warmup_steps + 1)      while step < warmup_steps
        lr(step) = lr_t  with t = step - warmup_steps        afterwards, as the subclass has it

    Steps from ``total_steps`` on have the rate of step ``total_steps``.

    Parameters
    ----------
    lr
        The highest learning rate.
    total_steps
        How many steps the run takes, warm-up included.
    warmup_steps
        Over how many steps the rate rises to that of the schedule's first step.

    Notes
    -----
    Source of the warm-up: Goyal et al. 2017, "Accurate, Large Minibatch SGD", section 2.2.
    """

    lr: float
    total_steps: int
    _: KW_ONLY
    warmup_steps: int = 0

    def __post_init__(self) -> None:
        _check(0 < self.lr < math.inf, "lr", "greater than 0", self.lr)
        _check(self.total_steps >= 1, "total_steps", "at least 1", self.total_steps)
        _check(
            0 <= self.warmup_steps <= self.total_steps,
            "warmup_steps",
            f"from 0 to total_steps, {self.total_steps}",
            self.warmup_steps,
        )

    def __call__(self, step: int) -> float:
        """The learning rate of a step, counted from 0."""
        _check(step >= 0, "step", "0 or greater", step)
        if step < self.warmup_steps:
            return self._rate(0) * (step + 1) / (self.warmup_steps + 1)
        return self._rate(min(step, self.total_steps) - self.warmup_steps)

    @property
    def _steps(self) -> int:
        """Steps after the warm-up; at least 1, for a fraction of them."""
        return max(self.total_steps - self.warmup_steps, 1)

    def _rate(self, t: int) -> float:
        """The learning rate of step ``t`` after the warm-up."""
        raise NotImplementedError


@dataclass(frozen=True)
class Constant(Schedule):
    """Always ``lr``.

    >>> warm = Constant(0.4, total_steps=10, warmup_steps=3)
    >>> [warm(step) for step in range(5)]
    [0.1, 0.2, 0.30000000000000004, 0.4, 0.4]
    """

    def _rate(self, t: int) -> float:
        return self.lr


@dataclass(frozen=True)
class Step(Schedule):
    """Multiply by ``gamma`` at each of the milestones.

    Parameters
    ----------
    lr, total_steps, warmup_steps
        See :class:`Schedule`.
    milestones
        Fractions of the run.
    gamma
        The factor.

    Notes
    -----
    Source of the defaults: He et al. 2016, "Deep Residual Learning for Image Recognition", section
    4.2: divided by 10 after 32k and 48k of 64k steps.

    Examples
    --------
    >>> schedule = Step(0.1, total_steps=64_000)
    >>> schedule(31_999), schedule(32_000), schedule(48_000)
    (0.1, 0.010000000000000002, 0.0010000000000000002)
    """

    milestones: tuple[float, ...] = (0.5, 0.75)
    gamma: float = 0.1

    def __post_init__(self) -> None:
        super().__post_init__()
        for milestone in self.milestones:
            _check(0 <= milestone <= 1, "milestones", "fractions of the run", self.milestones)
        _check(0 < self.gamma <= 1, "gamma", "greater than 0 and at most 1", self.gamma)

    def _rate(self, t: int) -> float:
        passed = sum(t >= round(milestone * self._steps) for milestone in self.milestones)
        return self.lr * self.gamma**passed


@dataclass(frozen=True)
class Polynomial(Schedule):
    """Fall to zero along a power of the steps that are left; the SqueezeNet paper's schedule.

    ::

        lr_t = lr (1 - t / steps)^power

    Parameters
    ----------
    lr, total_steps, warmup_steps
        See :class:`Schedule`.
    power
        1 is a straight line.

    References
    ----------
    SqueezeNet (arXiv 1602.07360), section 3.3: from 0.04 down in a straight line, Caffe's policy
    "poly" with power 1.

    Examples
    --------
    >>> schedule = Polynomial(0.04, total_steps=100)
    >>> schedule(0), schedule(50), schedule(100)
    (0.04, 0.02, 0.0)
    """

    power: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        _check(0 < self.power < math.inf, "power", "greater than 0", self.power)

    def _rate(self, t: int) -> float:
        return self.lr * math.pow(1 - t / self._steps, self.power)


@dataclass(frozen=True)
class Cosine(Schedule):
    """Fall to zero along half a wave of a cosine: slow, fast, slow.

    ::

        lr_t = lr (1 + cos(pi t / steps)) / 2

    Parameters
    ----------
    lr, total_steps, warmup_steps
        See :class:`Schedule`.

    References
    ----------
    Loshchilov and Hutter 2017, "SGDR: Stochastic Gradient Descent with Warm Restarts", equation 5,
    without restarts.

    Examples
    --------
    >>> schedule = Cosine(0.1, total_steps=100)
    >>> schedule(0), round(schedule(50), 9), schedule(100)
    (0.1, 0.05, 0.0)
    """

    def _rate(self, t: int) -> float:
        return _half_wave(self.lr, 0.0, t / self._steps)


@dataclass(frozen=True)
class OneCycle(Schedule):
    """Rise from a low rate to ``lr``, then fall to almost nothing, each along half a cosine.

    The rise is a warm-up of its own, so ``warmup_steps`` is seldom wanted here.

    Parameters
    ----------
    lr, total_steps, warmup_steps
        See :class:`Schedule`.
    peak
        Fraction of the run at which the rate is ``lr``.
    start_factor
        The first rate as a fraction of ``lr``.
    end_factor
        The last rate as a fraction of ``lr``.

    References
    ----------
    Smith and Topin 2017, "Super-Convergence", in the form and with the defaults of PyTorch's
    OneCycleLR.

    Examples
    --------
    >>> schedule = OneCycle(0.1, total_steps=100)
    >>> [round(schedule(step), 7) for step in (0, 29, 99)]
    [0.004, 0.1, 4e-07]
    """

    peak: float = 0.3
    start_factor: float = 1 / 25
    end_factor: float = 1 / 25e4

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("peak", "start_factor", "end_factor"):
            _check(0 <= getattr(self, name) <= 1, name, "from 0 to 1", getattr(self, name))

    def _rate(self, t: int) -> float:
        last = self._steps - 1
        peak = max(self.peak * self._steps - 1, 0.0)  # the step of the highest rate
        if t < peak:
            return _half_wave(self.lr * self.start_factor, self.lr, t / peak)
        progress = (t - peak) / (last - peak) if last > peak else 1.0
        return _half_wave(self.lr, self.lr * self.end_factor, min(progress, 1.0))


SCHEDULES: dict[str, type[Schedule]] = {
    "constant": Constant,
    "step": Step,
    "polynomial": Polynomial,
    "cosine": Cosine,
    "one-cycle": OneCycle,
}


def make_schedule(
    name: str,
    lr: float,
    total_steps: int,
    *,
    warmup_steps: int = 0,
    **options: Any,
) -> Schedule:
    """Build a schedule by its name, one of ``SCHEDULES``.

    Parameters
    ----------
    name
        Such as "cosine".
    lr, total_steps, warmup_steps
        See :class:`Schedule`.
    **options
        The schedule's own arguments, such as ``power``.

    Raises
    ------
    ValueError
        There is no such schedule or option, or an argument has a wrong value.

    Examples
    --------
    >>> make_schedule("polynomial", 0.04, 100, power=2.0)
    Polynomial(lr=0.04, total_steps=100, warmup_steps=0, power=2.0)
    """
    if name not in SCHEDULES:
        raise ValueError(unknown("schedule", name, SCHEDULES))
    known = [field.name for field in fields(SCHEDULES[name])]
    for option in options:
        if option not in known:
            raise ValueError(unknown(f"option of the {name} schedule", option, known))
    return SCHEDULES[name](lr, total_steps, warmup_steps=warmup_steps, **options)


def _half_wave(start: float, end: float, progress: float) -> float:
    """From ``start`` to ``end`` along half a cosine, ``progress`` going from 0 to 1."""
    return end + (start - end) * (1 + math.cos(math.pi * progress)) / 2


def _check(fits: bool, name: str, wanted: str, got: object) -> None:
    if not fits:
        raise ValueError(f"{name} must be {wanted}, got {got!r}")
