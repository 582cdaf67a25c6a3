"""An array beside the right one: where they differ, and what the axes are called."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import SupportsInt, TypeAlias

import numpy as np

from ..layer import Array

Region: TypeAlias = Array | tuple[str, Array]
Finding: TypeAlias = tuple[str, str]

IMAGE_AXES = ("H", "W", "kh", "kw")


@dataclass(frozen=True)
class Comparison:
    """An array beside the right one.

    Attributes
    ----------
    known
        True where the right value is known.
    wrong
        True where the value is known and wrong.
    """

    got: Array
    want: Array
    name: str
    axes: tuple[str, ...]
    regions: Mapping[str, Region]
    constants: Mapping[str, float]
    rtol: float
    atol: float
    known: Array = field(init=False)
    wrong: Array = field(init=False)

    def __post_init__(self) -> None:
        known = ~np.isnan(self.want)
        with np.errstate(invalid="ignore"):
            right = np.isclose(self.got, self.want, self.rtol, self.atol)
        object.__setattr__(self, "known", known)
        object.__setattr__(self, "wrong", known & ~right)

    @cached_property
    def room(self) -> float:
        """How far two values may lie apart that a pattern says are equal."""
        return self.atol + 10 * self.rtol * float(np.abs(self.want[self.known]).max(initial=0))

    def equal(self, a: Array, b: Array) -> bool:
        """Whether two arrays are equal within what rounding leaves; NaN in ``b`` fits anything."""
        with np.errstate(invalid="ignore"):
            apart = np.abs(a - b) > self.room + 10 * self.rtol * np.abs(b)
        return not apart.any()

    def axis(self, i: int) -> str:
        """The name of an axis."""
        return self.axes[i] if i < len(self.axes) else f"axis {i}"

    def nonzero(self, array: Array) -> Array:
        """Where ``array`` is known and not zero."""
        return ~np.isnan(array) & (np.abs(array) > self.room)

    def sizes(self) -> dict[str, float]:
        """The constants and the axes' sizes, by name."""
        own = dict(zip(self.axes, map(float, self.got.shape), strict=False))
        return {**own, **self.constants}

    def ratio(self, where: Array) -> float | None:
        """The constant ratio got / want over ``where``, or None if there is none."""
        got, want = self.got[where], self.want[where]
        if not (want != 0).any():
            return None
        ratio = float(np.vdot(want, got) / np.vdot(want, want))
        scale = max(1.0, abs(ratio))
        close = np.allclose(got, ratio * want, rtol=10 * self.rtol * scale, atol=self.room * scale)
        seen = int((np.abs(want) > self.room).sum())
        return ratio if close and seen >= 2 and abs(ratio) > 1e-12 else None

    def count(self, number: SupportsInt) -> str:
        """A number of entries in words."""
        return f"{int(number)} of {int(self.known.sum())} entries"

    def listing(self, axes: Iterable[int]) -> str:
        """The names of some axes."""
        return listing([self.axis(i) for i in axes])


def listing(words: list[str]) -> str:
    """Words in a row.

    >>> listing(["N", "H", "W"])
    'N, H and W'
    """
    *rest, last = words
    return f"{', '.join(rest)} and {last}" if rest else last


def index_words(at: Iterable[SupportsInt]) -> str:
    """An index as a tuple of plain numbers."""
    return str(tuple(int(i) for i in at))
