"""Measure implementations at one case: processes side by side, which are asked in turn."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

import numpy as np

from .cases import Case
from .implementations import SGEMM
from .participant import NotMeasured, Participant
from .sgemm import FLOPS

# A participant whose steps take longer than a measurement is meant to gets as much more time, and
# then sits out: the first rounds have to do.
PATIENCE = 3.0

# Seconds between two measurements. The threads of OpenBLAS, OpenMP and ONNX Runtime go on looking
# for work for a while, at the cost of whoever is measured next.
REST = 0.1

COMPILED = "torch-compile"
PATIENTLY = " (torch-compile takes up to a minute)"

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Comparison:
    """What the implementations gave at one case.

    Attributes
    ----------
    case
        The setting.
    speeds
        Images per second in each round, by implementation; fewer rounds for slow ones.
    memory
        Peak in 10^6 bytes, by implementation; None where the system does not say.
    sgemm
        Of the large matrix product, GFLOP/s in each round.
    absent
        Why an implementation was not measured, by its name.
    """

    case: Case
    speeds: dict[str, list[float]]
    memory: dict[str, float | None]
    sgemm: list[float]
    absent: dict[str, NotMeasured]

    def speed(self, name: str) -> float:
        """The median of an implementation's images per second."""
        return float(np.median(self.speeds[name]))

    def ratios(self, name: str, other: str) -> list[float]:
        """How many times as fast as another one it was, in each round that both took part in."""
        pairs = zip(self.speeds[name], self.speeds[other], strict=False)
        return [a / b for a, b in pairs]

    def ratio(self, name: str, other: str) -> float:
        """The median of :meth:`ratios`."""
        return float(np.median(self.ratios(name, other)))

    @property
    def uninstalled(self) -> list[str]:
        """Implementations that a library is missing for, so that other cases need not try."""
        return [name for name, reason in self.absent.items() if reason.missing]

    @property
    def limit(self) -> float:
        """Images per second of direct convolution, if all its products ran at sgemm's speed."""
        return float(np.median(self.sgemm)) * 1e9 / (2 * self.case.multiply_adds())

    def fastest(self, names: Sequence[str]) -> str | None:
        """The fastest of some implementations; None if none of them was measured."""
        there = [name for name in names if name in self.speeds]
        return max(there, key=self.speed, default=None)


def compare(
    case: Case, names: Sequence[str], threads: int, rounds: int, seconds: float, tell: Tell
) -> Comparison:
    """Measure the implementations of some names at one case.

    All are prepared and warmed up at the same time, and then measured one after the other, round
    by round, so that a slow moment of the machine hits all alike.

    Parameters
    ----------
    case
        The setting.
    names
        Of implementations.
    threads
        For each of them.
    rounds
        Measurements of each.
    seconds
        Of steps in a measurement, at least.
    tell
        Called with what is going on.
    """
    absent: dict[str, NotMeasured] = {}
    rates: dict[str, list[float]] = {}  # steps per second
    memory: dict[str, float | None] = {}
    spent = dict.fromkeys([*names, SGEMM], 0.0)
    with ExitStack() as stack:
        tell(f"{case}: preparing {', '.join(names)}{PATIENTLY if COMPILED in names else ''}")
        everyone = {
            name: stack.enter_context(Participant(name, case, threads, seconds)) for name in spent
        }

        def leave(name: str, reason: NotMeasured) -> None:
            everyone.pop(name).close()
            rates.pop(name, None)
            absent[name] = reason

        for name, participant in list(everyone.items()):
            try:
                participant.wait_until_ready()
            except NotMeasured as reason:
                leave(name, reason)
        tell(f"{case}: measuring {rounds} rounds")
        for _ in range(rounds):
            for name, participant in list(everyone.items()):
                if name != SGEMM and spent[name] > PATIENCE * rounds * seconds:
                    continue
                time.sleep(REST)
                try:
                    seconds_of_step, memory[name] = participant.measure()
                except NotMeasured as reason:
                    leave(name, reason)
                    continue
                spent[name] += seconds_of_step
                rates.setdefault(name, []).append(1 / seconds_of_step)
    if SGEMM in absent:
        raise absent[SGEMM]
    sgemm = [rate * FLOPS / 1e9 for rate in rates.pop(SGEMM)]
    speeds = {name: [case.batch * rate for rate in found] for name, found in rates.items()}
    return Comparison(case, speeds, memory, sgemm, absent)
