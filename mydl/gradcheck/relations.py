"""Mistakes that show in how the error of dx depends on x, y and dy."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import combinations

import numpy as np

from ..layer import Array
from .comparison import Comparison, Finding

FEWEST = 4  # entries in a row that two coefficients do not fit by chance


def missing_path(c: Comparison, dy: Array) -> Finding | None:
    """dy itself left out, or added once too often: a bypass."""
    if dy.shape != c.got.shape:
        return None
    if c.equal(c.got + dy, c.want):
        return "missing-term", f"{c.name} lacks dy itself, which comes by way of the bypass"
    if c.equal(c.got - dy, c.want):
        return "extra-term", f"{c.name} has dy added once too often: the bypass counts once"
    return None


def wrong_sum(c: Comparison, dy: Array, y: Array) -> Finding | None:
    """An error that is, in each row, a multiple of y or dy, and perhaps a number beside it.

    A sum or a mean over the row enters such a gradient, as in softmax and batch norm.
    """
    if y.shape != c.got.shape or not c.known.all():
        return None
    error = c.got - c.want
    for with_number in (False, True):
        for count in range(1, c.got.ndim):
            for kept in combinations(range(c.got.ndim), count):
                for name, reference in (("y", y), ("dy", dy)):
                    if _is_multiple(c, error, reference, kept, with_number):
                        names = c.listing(i for i in range(c.got.ndim) if i not in kept)
                        beside = "a number and " if with_number else ""
                        return "sum", (
                            f"{c.name} is off by {beside}a multiple of {name}, the same all along "
                            f"{names}: a sum or a mean over {names} is missing or wrong"
                        )
    return None


def missing_scale(c: Comparison, parameters: Mapping[str, Array]) -> Finding | None:
    """A parameter of each channel left out, or multiplied once too often."""
    for name, values in parameters.items():
        if values.shape != c.got.shape[-1:] or not (values != 0).all():
            continue
        if c.equal(c.got * values, c.want):
            return "row-factor", f"{c.name} lacks the factor {name} of each channel"
        if c.equal(c.got / values, c.want):
            return "row-factor", f"{c.name} has the factor {name} of each channel once too often"
    return None


def wrong_target(c: Comparison, labels: Array | None) -> Finding | None:
    """An error that is one number at the labels and another one beside them: of p - target."""
    if labels is None or labels.shape != c.got.shape[:1] or c.got.ndim != 2:
        return None
    of_labels = np.arange(c.got.shape[1]) == labels[:, None]
    error = np.where(c.known, c.got - c.want, np.nan)
    for where in (of_labels, ~of_labels):
        if not c.equal(np.nanmean(error[where]), error[where]):
            return None
    return "labels", (
        f"{c.name} is off by {np.nanmean(error[of_labels]):.6g} at the labels and by "
        f"{np.nanmean(error[~of_labels]):.6g} elsewhere: the target that is subtracted is wrong"
    )


def wrong_slope(
    c: Comparison, x: Array, dy: Array, y: Array, slope_at: Callable[[Array], Array | None]
) -> Finding | None:
    """In a layer that works on each number alone, the wrong derivative.

    Parameters
    ----------
    c
        Dx as it is and as it should be.
    x, dy, y
        At the point.
    slope_at
        The layer's derivative at other inputs; None if it does not work on each number alone.
    """
    right = slope_at(x)
    if right is None:
        return None
    with np.errstate(all="ignore"):
        there = slope_at(y)
    if there is not None and c.equal(c.got, np.where(c.known, there * dy, np.nan)):
        return "slope", f"{c.name} has the slope of the layer at y, where that at x belongs"
    off = np.where(c.wrong, np.abs(c.got - c.want), 0)
    at = np.unravel_index(int(off.argmax()), x.shape)
    example = (
        f"at x = {x[at]:.4g} it is {right[at]:.4g}, and backward takes {c.got[at] / dy[at]:.4g}"
    )
    for words, side in (("negative", x < 0), ("positive", x > 0)):
        if c.wrong.any() and not (c.wrong & ~side).any() and (c.known & ~side).any():
            return "slope", f"{c.name} has a wrong slope where x is {words}: {example}"
    return "slope", f"{c.name} has a wrong slope: {example}"


def _is_multiple(
    c: Comparison, error: Array, reference: Array, kept: tuple[int, ...], with_number: bool
) -> bool:
    """Whether the error is, along the axes that are not ``kept``, a multiple of the reference."""
    rows = int(np.prod([c.got.shape[i] for i in kept]))
    error, reference = (
        np.moveaxis(a, kept, range(len(kept))).reshape(rows, -1) for a in (error, reference)
    )
    if error.shape[1] < FEWEST - (not with_number):
        return False
    mean = reference.mean(axis=1, keepdims=True) if with_number else 0
    number = error.mean(axis=1, keepdims=True) if with_number else 0
    centred, left = reference - mean, error - number
    square = (centred**2).sum(axis=1, keepdims=True)
    if not (square > 0).all():
        return False
    left = left - centred * (centred * left).sum(axis=1, keepdims=True) / square
    return bool(np.abs(left).max() <= c.room and np.abs(error).max() > 100 * c.room)
