"""The patterns of wrong arrays, each a function that knows one of them.

A pattern takes a :class:`Comparison` and returns (kind, sentence), or None if it does not fit.
``PATTERNS`` lists them in the order in which they are tried.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import combinations, permutations, product
from typing import SupportsInt, TypeAlias

import numpy as np

from ..layer import Array
from .factors import explain_factor, factor_words

Region: TypeAlias = Array | tuple[str, Array]
Finding: TypeAlias = tuple[str, str]

IMAGE_AXES = ("H", "W", "kh", "kw")
BY_CHANCE = 0.01
REGION_SENTENCES = {
    "overlap": "where windows overlap: what several windows send there must be added, with +=",
    "border": "at the border: look at the padding, and at windows that hang over the edge",
}


@dataclass(frozen=True)
class Comparison:
    """An array beside the right one.

    Attributes:
        known: True where the right value is known.
        wrong: True where the value is known and wrong.
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

    @property
    def room(self) -> float:
        """How far two values may lie apart that a pattern says are equal."""
        return self.atol + 10 * self.rtol * float(np.abs(self.want[self.known]).max(initial=0))

    def equal(self, a: Array, b: Array) -> bool:
        """Whether two arrays are equal within what rounding leaves; NaN in ``b`` fits anything."""
        a, b = np.broadcast_arrays(a, b)
        known = ~np.isnan(b)
        return bool(np.allclose(a[known], b[known], rtol=10 * self.rtol, atol=self.room))

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


def not_finite(c: Comparison) -> Finding | None:
    bad = ~np.isfinite(c.got) & c.known
    if not bad.any():
        return None
    at = _index(np.argwhere(bad)[0])
    return "nan", f"{c.name} is not finite at {_count(bad.sum(), c)}, the first at {at}"


def zeros(c: Comparison) -> Finding | None:
    if np.abs(c.got).max() > 0:
        return None
    return "zeros", f"{c.name} is 0 everywhere: nothing is put into it"


def factor(c: Comparison) -> Finding | None:
    ratio = _ratio(c, c.known)
    if ratio is None:
        return None
    if np.isclose(ratio, -1, rtol=1e-5):
        return "sign", f"{c.name} has the wrong sign everywhere"
    kind = "twice" if np.isclose(ratio, 2, rtol=1e-5) else "factor"
    return kind, f"{c.name} {factor_words(ratio)} everywhere{explain_factor(ratio, c.sizes())}"


def transpose(c: Comparison) -> Finding | None:
    if not 2 <= c.got.ndim <= 5:
        return None
    for order in permutations(range(c.got.ndim)):
        shape = tuple(c.got.shape[i] for i in order)
        turned = c.got.reshape(shape).transpose(np.argsort(order))
        if not c.equal(turned, c.want):
            continue
        names = ", ".join(c.axis(i) for i in order)
        if shape == c.got.shape:
            moved = [c.axis(i) for i in range(len(order)) if order[i] != i]
            words = " and ".join(moved) if len(moved) == 2 else f"the axes {', '.join(moved)}"
            return "transpose", f"{c.name} has {words} swapped: it is right after a transpose"
        return "transpose", (
            f"{c.name} has the right numbers in the order of the axes ({names}): a transpose "
            "belongs before the reshape"
        )
    return None


def flip(c: Comparison) -> Finding | None:
    axes = [i for i, size in enumerate(c.got.shape) if size > 1]
    for count in range(1, len(axes) + 1):
        for chosen in combinations(axes, count):
            if c.equal(np.flip(c.got, chosen), c.want):
                names = " and ".join(c.axis(i) for i in chosen)
                turned = ", turned by 180 degrees" if count == 2 else ""
                return "flip", f"{c.name} is reversed along {names}{turned}"
    return None


def shift(c: Comparison) -> Finding | None:
    """Moved by one or two entries, whatever came in at the edge."""
    named = [i for i in range(c.got.ndim) if c.axis(i) in IMAGE_AXES]
    axes = named if c.axes else list(range(c.got.ndim))[:3]
    axes = [i for i in axes if c.got.shape[i] > 2]
    for steps in sorted(product(range(-2, 3), repeat=len(axes)), key=lambda s: sum(map(abs, s))):
        if not any(steps):
            continue
        here, there = [slice(None)] * c.got.ndim, [slice(None)] * c.got.ndim
        for axis, step in zip(axes, steps, strict=True):
            here[axis] = slice(max(step, 0), c.got.shape[axis] + min(step, 0))
            there[axis] = slice(max(-step, 0), c.got.shape[axis] + min(-step, 0))
        got, want = c.got[tuple(here)], c.want[tuple(there)]
        if c.nonzero(want).sum() >= 3 and c.equal(got, want):
            moves = [
                f"{step:+d} along {c.axis(axis)}"
                for axis, step in zip(axes, steps, strict=True)
                if step
            ]
            return "shift", f"{c.name} is moved by {' and '.join(moves)}"
    return None


def broadcast(c: Comparison) -> Finding | None:
    """The same number all along an axis, the sum or the mean of what should stand there."""
    for count in range(1, c.got.ndim + 1):
        for axes in combinations(range(c.got.ndim), count):
            if all(c.got.shape[i] == 1 for i in axes) or np.isnan(c.want).any():
                continue
            names = " and ".join(c.axis(i) for i in axes)
            for word, reduced in (("sum", np.sum), ("mean", np.mean)):
                if c.equal(c.got, reduced(c.want, axis=axes, keepdims=True)):
                    return "broadcast", (
                        f"{c.name} holds at every place along {names} the {word} over {names}: "
                        "an axis too many is summed"
                    )
    return None


def place(c: Comparison) -> Finding | None:
    """Wrong only in a region, along an axis only at some indices, or only for the later samples."""
    best: tuple[int, str, str] | None = None
    for kind, words, mask in _places(c):
        inside = int((mask & c.known).sum())
        chance = (inside / c.known.sum()) ** int(c.wrong.sum())
        if (c.wrong & ~mask).any() or (chance > BY_CHANCE and c.got.ndim > 1):
            continue
        if inside < c.known.sum() and (best is None or inside < best[0]):
            best = inside, kind, words
    if best is None:
        return None
    _, kind, words = best
    return kind, f"{c.name} is wrong only {words}{_how(c)}"


def _places(c: Comparison) -> Iterator[tuple[str, str, Array]]:
    """(kind, words, mask) of each region that errors may keep to."""
    for kind, region in c.regions.items():
        words, mask = region if isinstance(region, tuple) else (None, region)
        words = words or REGION_SENTENCES.get(kind, f"in the region {kind!r}")
        yield kind, words, np.broadcast_to(mask, c.got.shape)
    spans = [i for i in range(c.got.ndim) if c.axis(i) in IMAGE_AXES]
    if "border" not in c.regions and len(spans) == 2 and min(c.got.shape[i] for i in spans) > 2:
        mask = np.ones(c.got.shape, bool)
        mask[tuple(slice(1, -1) if i in spans else slice(None) for i in range(c.got.ndim))] = False
        yield "border", REGION_SENTENCES["border"], mask
    for i, size in enumerate(c.got.shape):
        others = tuple(j for j in range(c.got.ndim) if j != i)
        indices = np.flatnonzero(c.wrong.any(axis=others))
        shape = [size if j == i else 1 for j in range(c.got.ndim)]
        mask = np.broadcast_to(np.isin(np.arange(size), indices).reshape(shape), c.got.shape)
        if c.axis(i) == "N" and indices.tolist() == list(range(1, size)):
            yield "first-sample", "after the first sample: the others are left out", mask
        edge = c.axis(i) in IMAGE_AXES and set(indices) <= {0, size - 1}
        yield "border" if edge else "channels", _at(c.axis(i), indices, size), mask


def row_factor(c: Comparison) -> Finding | None:
    """A ratio that is constant in each row, sample, channel or pixel, but differs between them."""
    for count in range(1, c.got.ndim):
        for kept in combinations(range(c.got.ndim), count):
            ratios = _ratios_along(c, kept)
            if ratios is None:
                continue
            names = " and ".join(c.axis(i) for i in kept)
            shown = ", ".join(f"{r:.4g}" for r in ratios[:4]) + (", ..." * (len(ratios) > 4))
            return "row-factor", (
                f"{c.name} is off by a factor that differs along {names}, and nowhere else: {shown}"
            )
    return None


def offset(c: Comparison) -> Finding | None:
    difference = c.got - c.want
    for count in range(c.got.ndim):
        for kept in combinations(range(c.got.ndim), count):
            others = tuple(i for i in range(c.got.ndim) if i not in kept)
            if min(c.got.shape[i] for i in others) < 2:
                continue
            with np.errstate(all="ignore"):
                known = c.known.any(axis=others, keepdims=True)
                mean = np.nanmean(difference, axis=others, keepdims=True, where=c.known)
            if not c.equal(np.broadcast_to(np.where(known, mean, 0), c.got.shape), difference):
                continue
            if not kept:
                value = float(mean.reshape(-1)[0])
                sentence = f"{c.name} is {abs(value):.6g} too {_size(value)} everywhere"
                return "offset", f"{sentence}: a constant is added or left out"
            names = " and ".join(c.axis(i) for i in others)
            return "offset", (
                f"{c.name} differs by a number that is the same all along {names}: "
                f"a sum over {names} is missing or too much"
            )
    return None


def mask(c: Comparison) -> Finding | None:
    got, want = c.nonzero(c.got), c.nonzero(c.want)
    lost, extra = int((c.wrong & ~got).sum()), int((c.wrong & ~want & got).sum())
    if lost + extra < c.wrong.sum():
        return None
    if lost and extra:
        return "mask", (
            f"{c.name} is 0 at {_count(lost, c)} where it must not be, and not 0 at {extra} where "
            "it must be: the mask is a wrong one"
        )
    if lost:
        return (
            "mask",
            f"{c.name} is 0 at {_count(lost, c)} where it must not be, and right elsewhere",
        )
    return "mask", (
        f"{c.name} is not 0 at {_count(extra, c)} where it must be, else right: a mask is missing"
    )


def permuted(c: Comparison) -> Finding | None:
    if not c.known.all() or not c.equal(np.sort(c.got, axis=None), np.sort(c.want, axis=None)):
        return None
    return "permuted", f"{c.name} has the right numbers at the wrong places"


def scattered(c: Comparison) -> Finding:
    error = np.where(c.wrong, np.abs(c.got - c.want), -1)
    at = np.unravel_index(int(error.argmax()), error.shape)
    return "scattered", (
        f"{c.name} is wrong at {_count(c.wrong.sum(), c)}, the worst at {_index(at)}: expected "
        f"{c.want[at]:.6g}, got {c.got[at]:.6g}"
    )


PATTERNS: list[Callable[[Comparison], Finding | None]] = [
    not_finite,
    zeros,
    factor,
    transpose,
    flip,
    shift,
    broadcast,
    place,
    row_factor,
    offset,
    mask,
    permuted,
    scattered,
]


def _ratio(c: Comparison, where: Array) -> float | None:
    """The constant ratio got / want over ``where``, or None if there is none."""
    got, want = c.got[where], c.want[where]
    if not (want != 0).any():
        return None
    ratio = float(np.vdot(want, got) / np.vdot(want, want))
    scale = max(1.0, abs(ratio))
    close = np.allclose(got, ratio * want, rtol=10 * c.rtol * scale, atol=c.room * scale)
    seen = int((np.abs(want) > c.room).sum())
    return ratio if close and seen >= 2 and abs(ratio) > 1e-12 else None


def _ratios_along(c: Comparison, kept: tuple[int, ...]) -> list[float] | None:
    """The ratio at each index of the ``kept`` axes, if it is constant over the others."""
    moved = np.moveaxis(np.arange(c.got.size).reshape(c.got.shape), kept, range(len(kept)))
    rows = moved.reshape(int(np.prod([c.got.shape[i] for i in kept])), -1)
    if rows.shape[1] < 2:
        return None
    ratios = []
    for row in rows:
        where = np.zeros(c.got.size, bool)
        where[row] = True
        where = where.reshape(c.got.shape) & c.known
        if not c.nonzero(np.where(where, c.want, 0)).any():
            if c.wrong[where].any():
                return None
            continue
        ratio = _ratio(c, where)
        if ratio is None:
            return None
        ratios.append(ratio)
    return ratios if len(ratios) > 1 else None


def _how(c: Comparison) -> str:
    """What the entries that are wrong have in common, as the end of a sentence."""
    if not c.nonzero(np.where(c.wrong, c.got, 0)).any():
        return "; it is 0 there"
    ratio = _ratio(c, c.wrong)
    if ratio is None:
        return ""
    if np.isclose(ratio, -1, rtol=1e-5):
        return "; it has the wrong sign there"
    return f"; it {factor_words(ratio)} there{explain_factor(ratio, c.sizes())}"


def _at(axis: str, indices: Array, size: int) -> str:
    shown = ", ".join(map(str, indices[:8])) + (", ..." if len(indices) > 8 else "")
    return f"at {axis}={shown} of 0 to {size - 1}"


def _count(number: int, c: Comparison) -> str:
    return f"{int(number)} of {int(c.known.sum())} entries"


def _size(value: float) -> str:
    return "large" if value > 0 else "small"


def _index(at: Iterable[SupportsInt]) -> str:
    return str(tuple(int(i) for i in at))
