"""Which constant is it? A ratio told in the sizes of a problem: N, H*W, the kept fraction, ..."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from itertools import combinations
from math import isclose, prod

CLOSE = 1e-5
LIKELY = [
    ("kh", "kw"), ("H", "W"), ("N", "H", "W"), ("H_out", "W_out"), ("N", "H_out", "W_out"),
    ("N", "C"), ("N", "K"),
]  # fmt: skip


def factor_words(ratio: float) -> str:
    """The ratio of a wrong value to the right one, as in "is 2 times too small"."""
    sign = " and has the wrong sign" if ratio < 0 else ""
    size = abs(ratio)
    if size > 1:
        return f"is {_number(size)} times too large{sign}"
    return f"is {_number(1 / size)} times too small{sign}"


def explain_factor(ratio: float, sizes: Mapping[str, float]) -> str:
    """The end of a sentence that says which constant fits, or nothing if none does.

    >>> explain_factor(12, {"N": 2, "H": 3, "W": 4})
    ': H*W is 12, is a division by H*W missing?'
    >>> explain_factor(0.8, {"1 - p": 0.8})
    ': 1 - p is 4/5, is a division by 1 - p missing?'
    >>> explain_factor(0.7 / 0.3, {"1 - p": 0.7, "p": 0.3})
    ': (1 - p) / p is 7/3, one stands in the place of the other'
    """
    size = abs(ratio)
    wanted = max(size, 1 / size)
    for candidates in (_single(sizes), _likely(sizes), _products(sizes)):
        names = [name for name, value in candidates if _fits(wanted, max(value, 1 / value))]
        if names:
            return _question(size > 1, " or ".join(names[:2]), sizes.get(names[0], wanted))
    for name, quotient in _quotients(sizes):
        if _fits(size, quotient):
            return f": {name} is {_number(quotient)}, one stands in the place of the other"
    return ": it is counted twice" if _fits(size, 2) else ""


def _question(too_large: bool, name: str, value: float) -> str:
    told = f": {name} is {_number(value)}"
    if not too_large and value > 1:
        return f"{told}, is it divided by {name} once too often?"
    if too_large and value < 1:
        return f"{told}, is a factor of {name} missing?"
    twice = ", or is it counted twice" if too_large and _fits(value, 2) else ""
    return f"{told}, is a division by {name} missing{twice}?"


def _fits(a: float, b: float) -> bool:
    return isclose(a, b, rel_tol=CLOSE)


def _single(sizes: Mapping[str, float]) -> Iterator[tuple[str, float]]:
    return ((name, value) for name, value in sizes.items() if value > 0 and value != 1)


def _likely(sizes: Mapping[str, float]) -> Iterator[tuple[str, float]]:
    """Products over which one averages."""
    for names in LIKELY:
        if all(sizes.get(name, 0) > 1 for name in names):
            yield "*".join(names), prod(sizes[name] for name in names)


def _products(sizes: Mapping[str, float]) -> Iterator[tuple[str, float]]:
    whole = {name: value for name, value in sizes.items() if value > 1}
    for count in (2, 3):
        for names in combinations(whole, count):
            yield "*".join(names), prod(whole[name] for name in names)


def _quotients(sizes: Mapping[str, float]) -> Iterator[tuple[str, float]]:
    for above, below in combinations(sizes, 2):
        for a, b in ((above, below), (below, above)):
            if sizes[b] and sizes[a] != sizes[b]:
                yield f"{_bracket(a)} / {_bracket(b)}", sizes[a] / sizes[b]


def _bracket(name: str) -> str:
    return f"({name})" if " " in name else name


def _number(value: float) -> str:
    """As a whole number or a fraction where it is one.

    >>> _number(1.25), _number(2.0), _number(2.7182818)
    ('5/4', '2', '2.71828')
    """
    near = Fraction(value).limit_denominator(12)
    if near.denominator > 1 and _fits(float(near), value) and near.numerator < 100:
        return str(near)
    return f"{value:.6g}"
