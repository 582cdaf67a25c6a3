"""How steep is a function? A derivative measured by a central difference or a complex step.

Both look at L = sum of dy * y, the dot product of the output with a fixed upstream gradient, along
one direction: a single entry of an array, or several entries that move together. If v is the
direction and h the step::

    central    (L(x + h v) - L(x - h v)) / 2h     error: h^2 from curvature, eps / h from rounding
    complex    Im L(x + i h v) / h                error: h^2 alone, and h can be 1e-20

The two errors of the central difference balance near h = eps^(1/3), which leaves about ten correct
digits. The complex step subtracts nothing, so nothing cancels, and it is right to the last digits;
but the forward pass has to be written for complex numbers.

Sources: Press et al., "Numerical Recipes", section 5.7; Squire and Trapp 1998, "Using Complex
Variables to Estimate Derivatives of Real Functions".
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

import numpy as np

from ..layer import Array
from .probe import Probe

Verdict: TypeAlias = Literal["passed", "wrong", "kink"]

EPS = float(np.finfo(np.float64).eps)
CUBE_ROOT_EPS = float(np.cbrt(EPS))
# A step that is too large shrinks below; one that is too small would drown in rounding.
SMALLEST_SCALE = 0.1
STEPS, SHRINK = 4, 8
COMPLEX_STEP = 1e-20


@dataclass(frozen=True)
class Direction:
    """Which entries of an array move, and how far each.

    Attributes
    ----------
    array
        Name of the array in the probe.
    where
        What indexes the entries: a tuple for one, a mask or ``...`` for several.
    lengths
        How far each moves at step 1.
    scale
        The size of values to which the step is proportional.
    """

    array: str
    where: Any
    lengths: Array | float
    scale: float

    @classmethod
    def of(cls, name: str, array: Array, where: Any, lengths: Array | float = 1.0) -> Direction:
        """A direction whose scale is the largest of the array's typical value and the entry's."""
        typical = float(np.sqrt(np.mean(array**2)))
        entry = float(np.abs(array[where]).max()) if where is not ... else 0.0
        return cls(name, where, lengths, max(typical, entry, SMALLEST_SCALE))


@dataclass(frozen=True)
class Slope:
    """A measured derivative, what rounding may have added, and what it says of the analytic one."""

    numeric: float
    step: float
    noise: float
    error: float
    verdict: Verdict


class Measure:
    """Measures derivatives of ``sum of dy * y`` at the probe's point.

    Parameters
    ----------
    probe
        The layer.
    dy
        The upstream gradient.
    y
        The output at the point, in float64.
    roundoff
        The error that rounding may leave in a value of y.
    tolerance
        Largest relative error that passes.
    """

    def __init__(
        self, probe: Probe, dy: Array, y: Array, roundoff: float, tolerance: float
    ) -> None:
        self._probe, self._dy, self._y = probe, dy, y
        self._roundoff, self._tolerance = roundoff, tolerance
        self._one_dy = float(np.sqrt(np.mean(dy**2)))

    def compare(self, direction: Direction, analytic: float) -> Slope:
        """Measure the derivative along ``direction`` and judge the analytic one by it."""
        raise NotImplementedError

    def moved(self, direction: Direction, step: complex) -> Array:
        """The output after a step; the arrays are then as they were."""
        array = self._probe.arrays[direction.array]
        saved = np.array(array[direction.where])
        array[direction.where] = saved + step * direction.lengths
        y = self._probe.output()
        array[direction.where] = saved
        return y

    def _noise(self, change: Array, step: float) -> float:
        """What rounding of the outputs that change may add to a difference divided by ``step``.

        Roundings are independent, so they add up as a root of squares.
        """
        dy_of_changed = max(float(np.linalg.norm(self._dy[change != 0])), self._one_dy)
        return self._roundoff * dy_of_changed / step

    def _error(self, analytic: float, numeric: float, noise: float) -> float:
        """|analytic - numeric| / max(|analytic|, |numeric|, noise / tolerance).

        Where a derivative is so small that rounding alone makes up the tolerance, the last term
        takes over: the error is then absolute, and passes when it is no larger than the noise.
        """
        if analytic == numeric:
            return 0.0
        size = max(abs(analytic), abs(numeric), noise / self._tolerance)
        return abs(analytic - numeric) / size


class CentralDifference(Measure):
    """A central difference whose step shrinks until it agrees, or shows a kink, or stays wrong.

    Where the function is smooth, the slopes on both sides of the point approach each other as the
    step shrinks. At a kink they do not, and backward has to choose: for each output the slope of
    one side, or something between both. What it may choose for ``sum of dy * y`` is then the
    central difference give or take half of ``gap = sum of |dy| |right - left|``.
    """

    def compare(self, direction: Direction, analytic: float) -> Slope:
        tried: list[Slope] = []
        gaps: list[float] = []
        # A kink beside the point, nearer than the first step, is out of reach of a later one.
        step = CUBE_ROOT_EPS * direction.scale
        for _ in range(STEPS):
            numeric, gap, noise = self._measure(direction, step)
            error = self._error(analytic, numeric, noise)
            if error <= self._tolerance:
                return Slope(numeric, step, noise, error, "passed")
            off = abs(analytic - numeric)
            tried.append(Slope(numeric, step, noise, error, "wrong"))
            gaps.append(gap)
            change = abs(numeric - tried[-2].numeric) if len(tried) > 1 else np.inf
            if max(gap, change) < off / 100:
                break  # the function is straight here: neither a curve nor a kink is to blame
            step /= SHRINK
        room = gap / 2 + noise + self._tolerance * max(abs(analytic), abs(numeric))
        if off <= room and gap > max(off, gaps[0] / 16):
            return replace(tried[-1], verdict="kink")
        return min(tried, key=lambda slope: slope.error)

    def _measure(self, direction: Direction, step: float) -> tuple[float, float, float]:
        """The central difference, the gap between the slopes of both sides, and the noise."""
        up, down = self.moved(direction, step), self.moved(direction, -step)
        # Differences before the dot product: outputs that do not change then add no rounding.
        numeric = float(np.vdot(self._dy, up - down)) / (2 * step)
        apart = np.abs((up - self._y) - (self._y - down))
        apart = np.where(apart > 4 * self._roundoff, apart, 0)
        gap = float(np.vdot(np.abs(self._dy), apart)) / step
        return numeric, gap, self._noise(up - down, step)


class ComplexStep(Measure):
    """The imaginary part after an imaginary step.

    Which branch a complex number takes at a kink is a matter of its ordering, so that where the
    slopes differ, central differences are asked whether there is a kink.

    Parameters
    ----------
    probe
        The layer in complex128.
    at_kinks
        Measures central differences at the same point.
    dy, y, roundoff, tolerance
        As for every measure.
    """

    def __init__(
        self,
        probe: Probe,
        at_kinks: CentralDifference,
        dy: Array,
        y: Array,
        roundoff: float,
        tolerance: float,
    ) -> None:
        super().__init__(probe, dy, y, roundoff, tolerance)
        self._at_kinks = at_kinks

    def compare(self, direction: Direction, analytic: float) -> Slope:
        step = COMPLEX_STEP * direction.scale
        imaginary = self.moved(direction, 1j * step).imag
        numeric = float(np.vdot(self._dy, imaginary)) / step
        # Nothing cancels at the end, but inside the layer terms of the output's size may.
        noise = self._noise(imaginary, direction.scale)
        error = self._error(analytic, numeric, noise)
        if error <= self._tolerance:
            return Slope(numeric, step, noise, error, "passed")
        is_kink = self._at_kinks.compare(direction, analytic).verdict == "kink"
        return Slope(numeric, step, noise, error, "kink" if is_kink else "wrong")
