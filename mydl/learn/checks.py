"""What the ``checks.py`` of an exercise is written with.

A check is a function that takes the student's module, calls what the exercise asks for and compares
the result with numbers that were computed in another way::

    @check("a kernel of one pixel", points=1)
    def pointwise(student):
        want = numeric_gradient(lambda w: forward(x, w), w, dy)
        compare(student.conv_dw(x, dy, 1), want, name="dw", axes=("kh", "kw", "C", "K"))
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..gradcheck.diagnosis import Diagnosis, diagnose
from ..layer import Array
from .student import in_place
from .wrong import WrongAnswer, fail

__all__ = [
    "Check",
    "WrongAnswer",
    "check",
    "compare",
    "fail",
    "in_place",
    "numeric_gradient",
    "several",
]

RTOL, ATOL = 1e-7, 1e-9
SINGLE_RTOL, SINGLE_ATOL = 1e-4, 1e-5  # what is left of an answer computed in float32


@dataclass(frozen=True)
class Check:
    """One check of an exercise.

    Attributes
    ----------
    title
        What is checked, for the list that the student reads.
    points
        What passing it is worth.
    run
        Takes the student's module and raises :class:`WrongAnswer`.
    """

    title: str
    points: float
    run: Callable[[Any], None]


def check(title: str, points: float = 1) -> Callable[[Callable[[Any], None]], Check]:
    """Make a function a check; those of an exercise run in the order in which they are written.

    Parameters
    ----------
    title
        One line, such as ``"stride 2, where windows do not overlap"``.
    points
        What passing it is worth.
    """
    return lambda run: Check(title, points, run)


def compare(
    got: Any,
    want: Any,
    *,
    name: str = "the result",
    axes: Sequence[str] = (),
    mistakes: Mapping[str, tuple[str, Any]] | None = None,
    regions: Mapping[str, Array | tuple[str, Array]] | None = None,
    constants: Mapping[str, float] | None = None,
    rtol: float = RTOL,
    atol: float = ATOL,
) -> None:
    """Raise :class:`WrongAnswer`, saying how they differ, unless ``got`` is close to ``want``.

    Parameters
    ----------
    got
        What the student's code returned: an array, or a number where ``want`` is one.
    want
        The right values.
    name
        Of the array, in sentences.
    axes
        The names of its axes, such as ``("N", "H", "W", "C")``.
    mistakes
        Wrong values that are typical of the exercise: the kind of the mistake, the sentence for the
        student and what one gets with it.
    regions
        Boolean masks of parts of the array that have a name, such as ``"border"``; or a sentence
        and a mask.
    constants
        Numbers by name, one of which a constant ratio may turn out to be.
    rtol
        Relative tolerance.
    atol
        Absolute tolerance.

    Examples
    --------
    >>> compare(np.array([1.0, 2.0]), np.array([1.0, 2.0]))
    >>> compare(np.zeros((3, 2)), np.zeros((2, 3)), name="dw", axes=("in", "out"))
    Traceback (most recent call last):
    mydl.learn.wrong.WrongAnswer: dw must have shape (in, out) = (2, 3), got (3, 2): its axes are in
    another order
    """
    want = np.asarray(want)
    got = _as_array(got, want, name)
    if got.shape != want.shape:
        _reject(diagnose(got, want, name=name, axes=axes, mistakes=mistakes), axes)
    _check_dtype(got, want, name)
    broken = ~np.isfinite(got) & np.isfinite(want)
    if broken.any() and not _is_typical(got, mistakes):
        _fail_not_finite(got, broken, name)
    if _close(got, want, rtol, atol):
        return
    found = diagnose(
        got,
        want,
        name=name,
        axes=axes,
        mistakes=mistakes,
        regions=regions,
        constants=constants,
        rtol=rtol,
        atol=atol,
    )
    if _single_precision(got, want) and found and found.kind not in (mistakes or {}):
        fail(
            "dtype",
            f"{name} is as exact as float32 allows and not as exact as float64 does: keep the "
            "precision of the arrays that your function gets",
        )
    _reject(found, axes)


def _reject(found: Diagnosis | None, axes: Sequence[str]) -> None:
    if found is not None:
        raise WrongAnswer(found, tuple(axes))


def _as_array(got: Any, want: Array, name: str) -> Array:  # noqa: RET503 - fail() does not return
    if isinstance(got, np.ndarray | np.generic) and np.asarray(got).dtype.kind in "biufc":
        return np.asarray(got)
    if want.ndim == 0 and isinstance(got, int | float | complex):
        return np.asarray(got)
    expected = "a number" if want.ndim == 0 else "an array"
    hint = ""
    if isinstance(got, tuple):
        hint = f" of {len(got)}"
    elif isinstance(got, list) and want.ndim:
        hint = ": np.array(...) makes it one"
    elif isinstance(got, np.ndarray):
        hint = f" of {got.dtype}"
    fail("type", f"{name} should be {expected} and is a {type(got).__name__}{hint}")


def _check_dtype(got: Array, want: Array, name: str) -> None:
    if want.dtype.kind == "f" and got.dtype.kind != "f":
        why = {
            "c": "take its real part",
            "b": "multiply the mask by the values that it lets pass",
        }.get(
            got.dtype.kind, "fractions are lost, so start from np.zeros(shape), not from integers"
        )
        fail("dtype", f"{name} has the dtype {got.dtype} and should have {want.dtype}: {why}")
    if want.dtype.kind == "c" and got.dtype.kind != "c":
        fail("dtype", f"{name} has the dtype {got.dtype} and should be complex: {want.dtype}")


def _fail_not_finite(got: Array, broken: Array, name: str) -> None:
    first = tuple(int(i) for i in np.argwhere(broken)[0])
    place = f" at {name}{list(first)}" if first else ""
    many = f" in {broken.sum()} of {got.size} entries, the first" if got.size > 1 else ""
    fail(
        "nan",
        f"{name} is {got[first]}{many}{place}: look for a division by zero, the logarithm of zero "
        "or an exponential that overflows",
    )


def _is_typical(got: Array, mistakes: Mapping[str, tuple[str, Any]] | None) -> bool:
    """Whether an answer that is not finite is one that the exercise has a sentence for."""
    wrongs = (np.asarray(wrong) for _, wrong in (mistakes or {}).values())
    return any(w.shape == got.shape and _close(got, w, RTOL, ATOL) for w in wrongs)


def _single_precision(got: Array, want: Array) -> bool:
    return bool(
        want.dtype == np.float64
        and np.allclose(got.astype(np.float32), got, rtol=0, atol=0, equal_nan=True)
        and _close(got, want, SINGLE_RTOL, SINGLE_ATOL)
    )


def _close(got: Array, want: Array, rtol: float, atol: float) -> bool:
    return bool(np.allclose(got, want, rtol=rtol, atol=atol, equal_nan=True))


def several(got: Any, function: str, *names: str) -> Sequence[Any]:
    """What a function returned, known to be as many results as it should return.

    Without it, an array of three rows would pass for three results.

    Parameters
    ----------
    got
        What the student's function returned.
    function
        Its name, for the sentence.
    *names
        Of the results.

    Examples
    --------
    >>> y, kept = several((1.0, "for later"), "forward", "y", "kept")
    >>> several(1.0, "forward", "y", "kept")
    Traceback (most recent call last):
    mydl.learn.wrong.WrongAnswer: forward should end with `return y, kept`; it returned a float
    """
    if not isinstance(got, tuple | list) or len(got) != len(names):
        what = "one array" if isinstance(got, np.ndarray) else f"a {type(got).__name__}"
        if isinstance(got, tuple | list):
            what += f" of {len(got)}"
        fail("type", f"{function} should end with `return {', '.join(names)}`; it returned {what}")
    return got


def numeric_gradient(
    f: Callable[[Array], Any], x: Array, dy: Array | None = None, h: float = 1e-5
) -> Array:
    """The gradient of the sum of ``dy * f(x)`` by every entry of x, by central differences.

    Parameters
    ----------
    f
        Takes an array like x; is called twice for each entry.
    x
        Where; is computed with in float64.
    dy
        The upstream gradient, of the shape of f(x); None where f gives one number.
    h
        The step, relative to entries of x that are larger than 1.

    Examples
    --------
    >>> numeric_gradient(lambda x: x**2, np.array([1.0, 3.0]), dy=np.array([1.0, 10.0])).round(6)
    array([ 2., 60.])
    """
    x = np.asarray(x, np.float64)
    upstream = 1.0 if dy is None else np.asarray(dy, np.float64)
    dx = np.zeros_like(x)
    for index in np.ndindex(x.shape):
        above, below = x.copy(), x.copy()
        step = h * max(1.0, abs(float(x[index])))
        above[index] += step
        below[index] -= step
        slope = (np.asarray(f(above)) - np.asarray(f(below))) / (above[index] - below[index])
        dx[index] = np.sum(upstream * slope)
    return dx
