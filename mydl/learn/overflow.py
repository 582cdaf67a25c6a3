"""Was there an overflow on the way? A result can be right in spite of it, by luck."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from .wrong import fail


@contextmanager
def no_overflow(sentence: str) -> Iterator[None]:
    """Reject the answer, as ``"overflow"``, if a number overflows inside the block.

    Divisions by zero and results without a value are not watched: they show in the result.

    Parameters
    ----------
    sentence
        Tells the student what overflows and what to do about it.

    Examples
    --------
    >>> with no_overflow("exp(1000) is larger than any float64"):
    ...     y = 1 / (1 + np.exp(np.array([1000.0])))
    Traceback (most recent call last):
    mydl.learn.wrong.WrongAnswer: exp(1000) is larger than any float64
    """
    seen: list[str] = []

    def note(kind: str, flag: int) -> None:
        seen.append(kind)

    with np.errstate(over="call", invalid="ignore", divide="ignore", call=note):
        yield
    if seen:
        fail("overflow", sentence)
