"""What is wrong with a layer? Each wrong gradient is measured densely, and its pattern named."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, TypeAlias

import numpy as np

from ..layer import Array
from .comparison import Comparison, Finding
from .diagnosis import ArrayDiagnosis
from .meaning import axes_of, constants_of, regions_of
from .patterns import NARROW, WIDE, first_fit
from .probe import Probe
from .relations import missing_path, missing_scale, wrong_slope, wrong_sum, wrong_target
from .report import Entry
from .slope import CUBE_ROOT_EPS, Direction, Measure
from .trials import draws, other_weight, rounds, without_upstream
from .upstream import Columns, recognise

Index: TypeAlias = tuple[int, ...]

MEASURED = 1e-7  # the relative error of a measured derivative
DENSER = 8  # times the entries that the check visits
UNSPECIFIC = ("scattered", "permuted", "channels")
MOST_ARRAYS = 8  # nearest to the output, where an error begins
MOST_DERIVATIVES = 4_000_000  # of single outputs by single entries: 32 MB


class Explainer:
    """Finds the reasons for wrong gradients.

    Parameters
    ----------
    layer
        As the caller gave it.
    probe
        A copy of it.
    measure
        Measures derivatives.
    dy, y
        Gradient of the output and the output.
    labels
        Of a loss.
    gradients
        What backward gave, by array.
    samples
        Entries that the check visits in each array.
    """

    def __init__(
        self,
        layer: Any,
        probe: Probe,
        measure: Measure,
        dy: Array,
        y: Array,
        labels: Array | None,
        gradients: dict[str, Array],
        samples: int | None,
    ) -> None:
        self._layer, self._probe, self._measure = layer, probe, measure
        self._dy, self._y, self._labels = dy, y, labels
        self._gradients, self._samples = gradients, samples

    def explain(self, wrong: dict[str, list[Entry]]) -> list[ArrayDiagnosis]:
        """A diagnosis for each array, of whose entries some are wrong.

        Parameters
        ----------
        wrong
            All entries of such arrays that were measured, by the array's name in the probe.
        """
        nearest_to_the_output = list(reversed(wrong))[:MOST_ARRAYS]
        found = [
            self._diagnose(name, entries, name in nearest_to_the_output)
            for name, entries in wrong.items()
        ]
        return [exchanged(each, found) or each for each in found]

    def _diagnose(self, name: str, entries: list[Entry], densely: bool) -> ArrayDiagnosis:
        array = entries[0].array
        got, axes = self._gradients[name], axes_of(array, self._gradients[name].shape)
        known = {e.index: e for e in entries if isinstance(e.index, tuple)}
        if densely:
            known |= dict(self._measured_densely(name, known))
        want = np.full(got.shape, np.nan)
        noise = 0.0
        for index, entry in known.items():
            if entry.verdict != "kink":
                want[index] = entry.analytic if entry.verdict == "passed" else entry.numeric
                noise = max(noise, entry.noise)
        x = self._probe.arrays["x"]
        comparison = Comparison(
            got,
            want,
            "dx" if array == "x" else f"{array}.grad",
            axes,
            regions_of(self._layer, x, self._labels) if array == "x" and name == "x" else {},
            constants_of(self._layer, x.shape, self._y.shape),
            MEASURED,
            noise,
        )
        kind, sentence = self._name(name, comparison, entries)
        return ArrayDiagnosis(
            kind, sentence, comparison.wrong, entries[0].layer, array, axes, got, want
        )

    def _name(self, name: str, c: Comparison, entries: list[Entry]) -> Finding:
        """The pattern: the narrow ones first, then what trials show, then the wide ones."""
        if not c.wrong.any():
            return _only_together(c.name, entries)
        found = first_fit(NARROW, c)
        if found is None and self._labels is None:
            found = self._by_trial(name, c)
        if found is None and name == "x":
            found = self._by_relation(c)
        found = found or first_fit(WIDE, c)
        assert found is not None, "the last pattern fits everything"
        if found[0] in UNSPECIFIC and name == "x":
            x = self._probe.arrays["x"]
            return wrong_slope(c, x, self._dy, self._y, self._slopes) or found
        return found

    def _by_relation(self, c: Comparison) -> Finding | None:
        parameters = {name: parameter.data for name, parameter in self._probe.parameters.items()}
        return (
            missing_path(c, self._dy)
            or missing_scale(c, parameters)
            or wrong_target(c, self._labels)
            or wrong_sum(c, self._dy, self._y)
        )

    def _by_trial(self, name: str, c: Comparison) -> Finding | None:
        if draws(self._probe, self._dy):
            return "random", (
                f"backward draws new random numbers for {c.name}: keep those of forward"
            )
        if rounds(self._probe):
            return "precision", (
                "forward rounds to float32 somewhere inside, so that nothing can be measured: keep "
                "the dtype of x"
            )
        found = without_upstream(self._probe, name, self._dy, c.got)
        if found is not None:
            return found
        positions = np.flatnonzero(c.known)
        if positions.size * self._dy.size <= MOST_DERIVATIVES:
            got, want = c.got.reshape(-1)[positions], c.want.reshape(-1)[positions]
            columns = self._columns(name, positions)
            found = recognise(Columns(c.name, positions, got, want, columns, self._dy))
        if found is None and name == "x":
            found = other_weight(self._probe, self._dy, positions, c.got.reshape(-1)[positions])
        return found

    def _measured_densely(
        self, name: str, known: dict[Index, Entry]
    ) -> Iterator[tuple[tuple[int, ...], Entry]]:
        """More entries: all of a small array, else a sample and the slices through the worst."""
        array, gradient = self._probe.arrays[name], self._gradients[name]
        most = array.size if self._samples is None else DENSER * self._samples
        for position in _positions(array, known, most):
            index = tuple(int(i) for i in np.unravel_index(position, array.shape))
            if index in known:
                continue
            analytic = float(gradient[index])
            slope = self._measure.compare(Direction.of(name, array, index), analytic)
            yield index, Entry("", name, index, analytic, **vars(slope))

    def _columns(self, name: str, positions: Array) -> Array:
        """The derivatives of all outputs by some entries."""
        array = self._probe.arrays[name]
        columns = np.empty((len(positions), *self._y.shape))
        for column, position in zip(columns, positions, strict=True):
            index = tuple(int(i) for i in np.unravel_index(position, array.shape))
            direction = Direction.of(name, array, index)
            step = CUBE_ROOT_EPS * direction.scale
            up, down = (self._measure.moved(direction, sign * step) for sign in (1, -1))
            column[...] = (up - down) / (2 * step)
        return columns

    def _slopes(self, x: Array) -> Array | None:
        """dy/dx at other inputs, or None if the layer does not work on each number alone."""
        if self._labels is not None or x.shape != self._y.shape or self._probe.parameters:
            return None
        step = CUBE_ROOT_EPS
        up, down = (np.array(self._probe.forward(x + sign * step)) for sign in (1, -1))
        first = x.copy()
        first.reshape(-1)[0] += 1
        moved = np.array(self._probe.forward(first)) - np.array(self._probe.forward(x.copy()))
        return None if np.count_nonzero(moved) > 1 else (up - down) / (2 * step)


def exchanged(one: ArrayDiagnosis, all_of_them: list[ArrayDiagnosis]) -> ArrayDiagnosis | None:
    """A diagnosis that another array's gradient was given to this one, if there is no better."""
    if one.kind not in UNSPECIFIC or one.got is None:
        return None
    for other in all_of_them:
        if other is one or other.want is None or other.want.shape != one.got.shape:
            continue
        known = ~np.isnan(other.want)
        if known.any() and np.allclose(one.got[known], other.want[known], rtol=1e-6, atol=1e-12):
            sentence = (
                f"{one.array}.grad is that of {other.layer}.{other.array}: they are exchanged"
            )
            return replace(one, kind="exchanged", sentence=sentence)
    return None


def _only_together(name: str, entries: list[Entry]) -> Finding:
    """Single entries are right or on kinks, but not when several move at once."""
    if any(isinstance(e.index, str) and e.index != "all" and e.verdict == "wrong" for e in entries):
        return "ties", (
            f"{name} is wrong where several entries are equal and tie for a maximum: their "
            "gradients must have the right sum, so one of them gets it, not each"
        )
    return "unvisited", (
        f"{name} is wrong at entries that were not visited: check all of them with samples=None"
    )


def _positions(array: Array, known: dict[Index, Entry], most: int) -> Array:
    """Flat positions to measure, at most about ``most``."""
    if array.size <= most:
        return np.arange(array.size)
    chosen = np.zeros(array.shape, bool)
    sample = np.random.default_rng(array.size).permutation(array.size)[: most // 2]
    chosen.reshape(-1)[sample] = True
    worst = max(known, key=lambda index: np.nan_to_num(known[index].error, nan=np.inf))
    for axis in range(array.ndim):
        line = tuple(slice(None) if i == axis else at for i, at in enumerate(worst))
        chosen[line] = True
    if array.ndim == 4:
        image: tuple[Any, ...] = (worst[0], slice(None), slice(None), worst[3])
        if chosen[image].size <= most // 2:
            chosen[image] = True
    return np.flatnonzero(chosen)
