"""What is wrong with an array? The mistake that the pattern of its errors gives away.

:func:`diagnose` compares an array with the right one and tries the patterns of ``patterns.py`` one
after the other, from the narrow (a sign, a factor, a flip) to the wide (wrong at 7 of 40 entries).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..layer import Array
from .comparison import Comparison, Region
from .patterns import PATTERNS, WIDE, first_fit

LARGEST_PICTURE = 32, 64


@dataclass(frozen=True)
class Diagnosis:
    """What is wrong with an array.

    Attributes
    ----------
    kind
        A short word for programs: sign, factor, twice, transpose, flip, shift, zeros, ...
    sentence
        The same in words, with the place.
    where
        True at the wrong entries; None if the shape is wrong.
    """

    kind: str
    sentence: str
    where: Array | None = None

    def to_dict(self) -> dict[str, str]:
        """The words, without the arrays."""
        return {"kind": self.kind, "sentence": self.sentence}


@dataclass(frozen=True)
class ArrayDiagnosis(Diagnosis):
    """What is wrong with the gradient of one array of a layer.

    Attributes
    ----------
    layer, array
        As in an entry of the report.
    axes
        Names of the array's axes.
    got
        The gradient that backward gave.
    want
        The measured one; NaN where it was not measured.
    """

    layer: str = ""
    array: str = ""
    axes: tuple[str, ...] = ()
    got: Array | None = None
    want: Array | None = None

    def to_dict(self) -> dict[str, str]:
        return {"layer": self.layer, "array": self.array, **super().to_dict()}


def diagnose(
    got: Array,
    want: Array,
    *,
    name: str = "the result",
    axes: Sequence[str] = (),
    mistakes: Mapping[str, tuple[str, Array]] | None = None,
    regions: Mapping[str, Region] | None = None,
    constants: Mapping[str, float] | None = None,
    rtol: float = 1e-7,
    atol: float = 1e-9,
) -> Diagnosis | None:
    """Say what is wrong with ``got``, or None if it equals ``want``.

    Parameters
    ----------
    got
        The array to judge.
    want
        The right one; NaN where it is not known.
    name
        What to call the array in the sentence.
    axes
        A name for each axis, such as ("N", "H", "W", "C").
    mistakes
        Wrong arrays that one comes to compute, by kind, each with a sentence; also arrays of a
        wrong shape. They are tried first.
    regions
        Masks of entries that have something in common, by kind: "overlap", "border", or a kind of
        your own with (sentence, mask). An array that is wrong nowhere else gets this kind.
    constants
        Numbers by name, in which a constant ratio may be told, beside the axes' sizes.
    rtol, atol
        Entries are equal if ``|got - want| <= atol + rtol * |want|``.

    Examples
    --------
    >>> want = np.arange(6.0).reshape(2, 3)
    >>> diagnose(want / 2, want, name="dx", axes=("N", "K")).sentence
    'dx is 2 times too small everywhere: N is 2, is it divided by N once too often?'
    >>> diagnose(want, want) is None
    True
    """
    got, want = np.asarray(got), np.asarray(want)
    if got.shape != want.shape:
        kind, sentence = _typical(got, mistakes, rtol, atol) or (
            "shape",
            _wrong_shape(got, want, name, axes),
        )
        return Diagnosis(kind, sentence)
    got, want = (a.astype(float) if a.dtype.kind in "biu" else a for a in (got, want))
    comparison = Comparison(
        got, want, name, tuple(axes), dict(regions or {}), dict(constants or {}), rtol, atol
    )
    if not comparison.wrong.any():
        return None
    typical = _typical(got, mistakes, rtol, atol)
    if typical is not None:
        return Diagnosis(*typical, comparison.wrong)
    is_complex = "c" in (got.dtype.kind, want.dtype.kind)
    found = first_fit(WIDE[-1:] if is_complex else PATTERNS, comparison)
    assert found is not None, "the last pattern fits everything"
    return Diagnosis(*found, comparison.wrong)


def picture(diagnosis: Diagnosis | Array, axes: Sequence[str] = ()) -> str:
    """Where the errors sit, as lines of text: ``#`` is wrong, ``.`` is right.

    Of an array with more than two axes it shows the image (H, W or kh, kw; else the last two axes)
    with the most errors. Of a large image, each character stands for a block of entries.

    >>> print(picture(np.array([[True, False, False], [True, False, True]]), ("H", "W")))
    H down, W across
    #..
    #.#
    """
    mask = diagnosis.where if isinstance(diagnosis, Diagnosis) else np.asarray(diagnosis)
    if mask is None or not mask.size:
        return ""
    image, title = worst_image(mask, axes)
    image = np.atleast_2d(image)
    for axis, largest in enumerate(LARGEST_PICTURE):
        block = -(-image.shape[axis] // largest)
        image = np.logical_or.reduceat(image, np.arange(0, image.shape[axis], block), axis)
    lines = ["".join("#" if wrong else "." for wrong in row) for row in image]
    return "\n".join([title, *lines])


def has_place(diagnosis: Diagnosis) -> bool:
    """Whether the errors are at some places of an image and not at others."""
    where = diagnosis.where
    return where is not None and where.ndim > 1 and bool(where.any()) and not bool(where.all())


def worst_image(mask: Array, axes: Sequence[str] = ()) -> tuple[Array, str]:
    """The two-dimensional slice of ``mask`` with the most errors, and what it shows."""
    index, (down, across) = worst_index(mask, axes)
    names = [axes[i] if i < len(axes) else f"axis {i}" for i in range(mask.ndim)]
    if mask.ndim < 2:
        return mask[index], f"{names[0]} across" if names else "one number"
    fixed = ", ".join(f"{names[i]}={at}" for i, at in enumerate(index) if isinstance(at, int))
    return mask[index], f"{fixed + ': ' if fixed else ''}{names[down]} down, {names[across]} across"


def worst_index(
    mask: Array, axes: Sequence[str] = ()
) -> tuple[tuple[int | slice, ...], tuple[int, int]]:
    """What indexes the slice with the most errors, and the two axes that it spans."""
    if mask.ndim < 2:
        return (slice(None),) * mask.ndim, (0, 0)
    shown = mask.ndim - 2, mask.ndim - 1
    for pair in (("H", "W"), ("kh", "kw")):
        if set(pair) <= set(axes):
            shown = axes.index(pair[0]), axes.index(pair[1])
    counts = mask.sum(axis=shown)
    worst = iter(np.unravel_index(int(counts.argmax()), counts.shape))
    index = tuple(slice(None) if i in shown else int(next(worst)) for i in range(mask.ndim))
    return index, shown


def _typical(
    got: Array, mistakes: Mapping[str, tuple[str, Array]] | None, rtol: float, atol: float
) -> tuple[str, str] | None:
    """The kind and sentence of the first mistake that gives ``got``."""
    for kind, (sentence, mistake) in (mistakes or {}).items():
        if np.shape(mistake) == got.shape and np.allclose(got, mistake, rtol, atol, equal_nan=True):
            return kind, sentence
    return None


def _wrong_shape(got: Array, want: Array, name: str, axes: Sequence[str]) -> str:
    expected = str(want.shape)
    if len(axes) == want.ndim:
        expected = f"({', '.join(axes)}) = {expected}"
    sentence = f"{name} must have shape {expected}, got {got.shape}"
    if got.ndim == want.ndim and sorted(got.shape) == sorted(want.shape):
        return sentence + ": its axes are in another order"
    if got.size == want.size:
        return sentence + ": the number of entries is right, so a reshape or a transpose is missing"
    return sentence
