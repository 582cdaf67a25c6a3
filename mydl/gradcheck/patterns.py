"""The patterns of wrong arrays, each a function that knows one of them.

A pattern takes a :class:`Comparison` and returns (kind, sentence), or None if it does not fit.
``PATTERNS`` lists them in the order in which they are tried.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import combinations, permutations, product
from typing import TypeAlias

import numpy as np

from ..layer import Array
from .comparison import IMAGE_AXES, Comparison, Finding, index_words
from .factors import explain_factor, factor_words

# How probable it may be that errors at random places all lie in a region, or in one of many slices.
REGION_BY_CHANCE, SLICE_BY_CHANCE = 0.05, 0.001
REGION_SENTENCES = {
    "overlap": "where windows overlap: what several windows send there must be added, with +=",
    "border": "at the border: look at the padding, and at windows that hang over the edge",
}


def not_finite(c: Comparison) -> Finding | None:
    """NaN or infinity."""
    bad = ~np.isfinite(c.got) & c.known
    if not bad.any():
        return None
    at = index_words(np.argwhere(bad)[0])
    return "nan", f"{c.name} is not finite at {c.count(bad.sum())}, the first at {at}"


def zeros(c: Comparison) -> Finding | None:
    """Nothing but zeros."""
    if np.abs(c.got).max() > 0:
        return None
    return "zeros", f"{c.name} is 0 everywhere: nothing is put into it"


def factor(c: Comparison) -> Finding | None:
    """The right array times one number, which is explained by the sizes of the problem."""
    if c.got.size == 1:
        return _number(c)
    ratio = c.ratio(c.known)
    if ratio is None:
        return None
    if abs(ratio - 1) < 1e-3:
        return "factor", (
            f"{c.name} is off by a factor of {ratio:.7g} everywhere: so close to 1, it may be a "
            "small number such as eps in another place"
        )
    if np.isclose(ratio, -1, rtol=1e-5):
        return "sign", f"{c.name} has the wrong sign everywhere"
    kind = "twice" if np.isclose(ratio, 2, rtol=1e-5) else "factor"
    return kind, f"{c.name} {factor_words(ratio)} everywhere{explain_factor(ratio, c.sizes())}"


def _number(c: Comparison) -> Finding | None:
    """A single number has always some ratio to the right one: it must be a known constant."""
    got, want = float(c.got.reshape(())), float(c.want.reshape(()))
    if not want:
        return None
    ratio = got / want
    if np.isclose(ratio, -1, rtol=1e-5):
        return "sign", f"{c.name} has the wrong sign: expected {want:.6g}, got {got:.6g}"
    known = explain_factor(ratio, c.sizes()) if got else ""
    if not known:
        return None
    kind = "twice" if np.isclose(ratio, 2, rtol=1e-5) else "factor"
    return kind, f"{c.name} {factor_words(ratio)}{known}"


def transpose(c: Comparison) -> Finding | None:
    """The right numbers with axes exchanged."""
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
    """The right numbers in reversed order along some axes."""
    axes = [i for i, size in enumerate(c.got.shape) if size > 1]
    for count in range(1, len(axes) + 1):
        for chosen in combinations(axes, count):
            if c.equal(np.flip(c.got, chosen), c.want):
                names = c.listing(chosen)
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
            names = c.listing(axes)
            for word, reduced in (("sum", np.sum), ("mean", np.mean)):
                if c.equal(c.got, reduced(c.want, axis=axes, keepdims=True)):
                    return "broadcast", (
                        f"{c.name} holds at every place along {names} the {word} over {names}: "
                        "an axis too many is summed"
                    )
    return None


def place(c: Comparison) -> Finding | None:
    """Wrong only in a region, at some indices of an axis, or after the first sample."""
    regions = _with_all_errors(c, _regions(c), REGION_BY_CHANCE)
    found = regions + _with_all_errors(c, _slices(c), SLICE_BY_CHANCE)
    if not found:
        return None
    _, kind, words = min(found)
    return kind, f"{c.name} is wrong only {words}{_how(c)}"


def _with_all_errors(
    c: Comparison, places: Iterator[tuple[str, str, Array]], chance: float
) -> list[tuple[int, str, str]]:
    """(entries, kind, words) of each place that holds all errors, and does not so by chance."""
    found = []
    known, wrong = int(c.known.sum()), int(c.wrong.sum())
    for kind, words, mask in places:
        inside = int((mask & c.known).sum())
        few_numbers = c.got.ndim == 1 and c.known.all()
        by_chance = (inside / known) ** wrong > chance and not few_numbers
        if inside < known and not by_chance and not (c.wrong & ~mask).any():
            found.append((inside, kind, words))
    return found


def _regions(c: Comparison) -> Iterator[tuple[str, str, Array]]:
    """(kind, words, mask) of each region that the caller knows, and of the image's border."""
    for kind, region in c.regions.items():
        words, mask = region if isinstance(region, tuple) else (None, region)
        words = words or REGION_SENTENCES.get(kind, f"in the region {kind!r}")
        yield kind, words, np.broadcast_to(mask, c.got.shape)
    image = [i for i in range(c.got.ndim) if c.axis(i) in IMAGE_AXES]
    if "border" not in c.regions and len(image) == 2 and min(c.got.shape[i] for i in image) > 2:
        mask = np.ones(c.got.shape, bool)
        mask[tuple(slice(1, -1) if i in image else slice(None) for i in range(c.got.ndim))] = False
        yield "border", REGION_SENTENCES["border"], mask


def _slices(c: Comparison) -> Iterator[tuple[str, str, Array]]:
    """(kind, words, mask) of the indices with errors along each axis."""
    for i, size in enumerate(c.got.shape):
        others = tuple(j for j in range(c.got.ndim) if j != i)
        here = c.wrong.any(axis=others)
        indices = np.flatnonzero(here)
        shape = [size if j == i else 1 for j in range(c.got.ndim)]
        mask = np.broadcast_to(here.reshape(shape), c.got.shape)
        if c.axis(i) == "N" and indices.tolist() == list(range(1, size)):
            yield "first-sample", "after the first sample: the others are left out", mask
        elif len(indices) <= size / 2:  # more of them would say nothing
            edge = c.axis(i) in IMAGE_AXES and set(indices) <= {0, size - 1}
            yield "border" if edge else "channels", _at(c.axis(i), indices, size), mask


def row_factor(c: Comparison) -> Finding | None:
    """A ratio that is constant in each row, sample, channel or pixel, but differs between them."""
    for count in range(1, c.got.ndim):
        for kept in combinations(range(c.got.ndim), count):
            ratios = _ratios_along(c, kept)
            if ratios is None:
                continue
            names = c.listing(kept)
            shown = ", ".join(f"{r:.6g}" for r in ratios[:4]) + (", ..." * (len(ratios) > 4))
            return "row-factor", (
                f"{c.name} is off by a factor that differs along {names}, and nowhere else: {shown}"
            )
    return None


def offset(c: Comparison) -> Finding | None:
    """Wrong everywhere by the same number, or by one that is the same along some axes."""
    difference = np.where(c.known, c.got - c.want, 0)
    if c.wrong.sum() < 0.9 * c.known.sum():
        return None
    for count in range(c.got.ndim):
        for kept in combinations(range(c.got.ndim), count):
            others = tuple(i for i in range(c.got.ndim) if i not in kept)
            known = c.known.sum(axis=others, keepdims=True)
            if known.max() < 3:
                continue
            mean = difference.sum(axis=others, keepdims=True) / np.maximum(known, 1)
            if not c.equal(np.where(c.known, mean, 0), difference):
                continue
            if not kept:
                value = float(mean.reshape(-1)[0])
                size = "large" if value > 0 else "small"
                sentence = f"{c.name} is {abs(value):.6g} too {size} everywhere"
                return "offset", f"{sentence}: a constant is added or left out"
            names = c.listing(others)
            return "offset", (
                f"{c.name} differs by a number that is the same all along {names}: a sum or a mean "
                f"over {names} is missing, or one too many"
            )
    return None


def mask(c: Comparison) -> Finding | None:
    """0 where it must not be, or the reverse, at all or nearly all wrong entries."""
    got, want = c.nonzero(c.got), c.nonzero(c.want)
    lost, extra = int((c.wrong & ~got).sum()), int((c.wrong & ~want & got).sum())
    rest = int(c.wrong.sum()) - lost - extra
    if rest > (lost + extra) / 4 or lost + extra == 0:
        return None
    places = [f"0 at {c.count(lost)} where it must not be"] if lost else []
    places += [f"not 0 at {c.count(extra)} where it must be"] if extra else []
    elsewhere = f"wrong at {rest} more" if rest else "right elsewhere"
    return "mask", f"{c.name} is {', '.join(places)}, and {elsewhere}: look at the mask"


def precision(c: Comparison) -> Finding | None:
    """Right, but to few digits."""
    error = np.abs(c.got - c.want)[c.known].max()
    largest = np.abs(c.want[c.known]).max()
    if not error < 1e-5 * largest:
        return None
    return "precision", (
        f"{c.name} is right to {-np.log10(error / largest):.0f} digits only: is something computed "
        "in float32, or by a difference?"
    )


def misplaced(c: Comparison) -> Finding | None:
    """Wrong everywhere, but not in sum: what is sent arrives, at other pixels."""
    image = tuple(i for i in range(c.got.ndim) if c.axis(i) in IMAGE_AXES)
    if len(image) != 2 or len(image) == c.got.ndim or not c.known.all():
        return None
    want = c.want.sum(axis=image)
    if not c.equal(c.got.sum(axis=image), want) or not c.nonzero(want).any():
        return None
    names = c.listing(image)
    return "misplaced", (
        f"{c.name} has the right sums over {names}: every share arrives, but at wrong places"
    )


def permuted(c: Comparison) -> Finding | None:
    """The right numbers at the wrong places."""
    if not c.known.all() or not c.equal(np.sort(c.got, axis=None), np.sort(c.want, axis=None)):
        return None
    return "permuted", f"{c.name} has the right numbers at the wrong places"


def scattered(c: Comparison) -> Finding:
    """Wrong in a way that has no name: how many entries, and the worst of them."""
    if c.got.size == 1:
        got, want = c.got.reshape(()), c.want.reshape(())
        return "scattered", f"{c.name} must be {want:.6g}, got {got:.6g}"
    error = np.where(c.wrong, np.abs(c.got - c.want), -1)
    at = np.unravel_index(int(error.argmax()), error.shape)
    return "scattered", (
        f"{c.name} is wrong at {c.count(c.wrong.sum())}, the worst at {index_words(at)}: expected "
        f"{c.want[at]:.6g}, got {c.got[at]:.6g}"
    )


Pattern: TypeAlias = Callable[[Comparison], Finding | None]

# A narrow pattern fits every entry and hardly by chance; a wide one says where errors are.
NARROW: list[Pattern] = [not_finite, zeros, factor, transpose, flip, shift, broadcast, offset]
WIDE: list[Pattern] = [
    misplaced, place, row_factor, mask, precision, permuted, scattered,
]  # fmt: skip
PATTERNS = [*NARROW, *WIDE]


def first_fit(patterns: Iterable[Pattern], c: Comparison) -> Finding | None:
    """What the first pattern that fits says."""
    return next((found for found in (pattern(c) for pattern in patterns) if found), None)


def _ratios_along(c: Comparison, kept: tuple[int, ...]) -> list[float] | None:
    """The ratio at each index of the ``kept`` axes, if it is constant over the others."""
    others = tuple(i for i in range(c.got.ndim) if i not in kept)
    got, want = (np.where(c.known, a, 0) for a in (c.got, c.want))
    seen = c.nonzero(want).sum(axis=others, keepdims=True)
    if (seen == 1).any() or (seen > 0).sum() < 2:
        return None
    square = (want**2).sum(axis=others, keepdims=True)
    ratio = (want * got).sum(axis=others, keepdims=True) / np.where(seen, square, 1)
    scale = np.maximum(1, np.abs(ratio))
    if (np.abs(got - ratio * want) > scale * (c.room + 10 * c.rtol * np.abs(want))).any():
        return None
    ratios: list[float] = ratio[seen > 0].tolist()
    return ratios if all(ratios) else None


def _how(c: Comparison) -> str:
    """What the entries that are wrong have in common, as the end of a sentence."""
    if not c.nonzero(np.where(c.wrong, c.got, 0)).any():
        return "; it is 0 there"
    ratio = c.ratio(c.wrong)
    if ratio is None:
        return ""
    if np.isclose(ratio, -1, rtol=1e-5):
        return "; it has the wrong sign there"
    return f"; it {factor_words(ratio)} there{explain_factor(ratio, c.sizes())}"


def _at(axis: str, indices: Array, size: int) -> str:
    shown = ", ".join(map(str, indices[:8])) + (", ..." if len(indices) > 8 else "")
    return f"at {axis}={shown} of 0 to {size - 1}"
