"""Initial weights."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import numpy as np
from numpy.typing import DTypeLike

from .layer import Array, Shape

_left: ContextVar[float] = ContextVar("weights that may still be drawn", default=math.inf)


def fan_in(shape: Shape) -> int:
    """How many inputs meet in one output of a weight whose last axis is the output.

    >>> fan_in((3, 3, 16, 64))
    144
    """
    return math.prod(shape[:-1])


def he_normal(shape: Shape, dtype: DTypeLike, rng: np.random.Generator | None) -> Array:
    """Draw N(0, sqrt(2 / fan_in)): the variance that ReLU layers preserve.

    Parameters
    ----------
    shape
        Of the weight; the last axis is the output.
    dtype
        float32 or float64. The numbers are drawn in float64 and then rounded, so that both dtypes
        start from the same network.
    rng
        The generator to draw from; None draws from an unpredictable one.

    References
    ----------
    He et al. 2015, "Delving Deep into Rectifiers", equation 10.
    """
    return normal(shape, math.sqrt(2 / fan_in(shape)), dtype, rng)


def normal(
    shape: Shape, deviation: float, dtype: DTypeLike, rng: np.random.Generator | None
) -> Array:
    """Draw N(0, deviation) in float64, rounded to ``dtype``."""
    _left.set(_left.get() - math.prod(shape))
    if _left.get() < 0:
        raise ValueError("the network would have more weights than there are for it")
    if np.dtype(dtype) not in (np.float32, np.float64):
        raise ValueError(f"dtype must be float32 or float64, got {np.dtype(dtype)}")
    return generator(rng).normal(0, deviation, shape).astype(dtype)


@contextmanager
def drawing_at_most(count: int) -> Iterator[None]:
    """Inside the block, refuse to draw more initial weights together than ``count``.

    So a network can be built as a file says without letting a few bytes claim all memory.

    >>> with drawing_at_most(10):
    ...     he_normal((4, 3), np.float32, None)
    Traceback (most recent call last):
    ValueError: the network would have more weights than there are for it
    """
    token = _left.set(count)
    try:
        yield
    finally:
        _left.reset(token)


def generator(rng: np.random.Generator | None) -> np.random.Generator:
    """``rng`` itself, or for None a generator that nobody can predict."""
    if rng is None:
        return np.random.default_rng()
    if not isinstance(rng, np.random.Generator):
        raise ValueError(
            f"rng must be a numpy.random.Generator, got {rng!r}: np.random.default_rng(seed) is one"
        )
    return rng
