"""Mistakes in what a backward pass makes of dy.

Each measured derivative of the output is a column of the Jacobian J, and the gradient of an entry
is the dot product of its column with dy. Many a wrong gradient is the right one for another dy: for
the first sample's alone, for the channels in another order, for a dy without its last row. With the
columns at hand each such guess is one product.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, permutations

import numpy as np

from ..layer import Array
from .comparison import Finding
from .meaning import axes_of

Guess = tuple[str, str, Array]
MOST_CHANNELS = 64


@dataclass(frozen=True)
class Columns:
    """Measured derivatives of all outputs by some entries of an array.

    Attributes
    ----------
    name
        Of the array, for sentences.
    positions
        Of the entries in the flat array.
    got
        What backward says of them, (entries,).
    want
        What was measured, (entries,).
    columns
        Derivative of y by each: ``(entries, *y.shape)``.
    dy
        The upstream gradient.
    """

    name: str
    positions: Array
    got: Array
    want: Array
    columns: Array
    dy: Array

    def fits(self, guess: Array) -> bool:
        """Whether ``guess`` is what backward gave, far more closely than the right gradient is."""
        off, wrong = np.linalg.norm(guess - self.got), np.linalg.norm(self.want - self.got)
        room = 1e-6 * np.abs(self.want).max(initial=0)
        return bool(off < wrong / 100 and np.allclose(guess, self.got, rtol=1e-5, atol=room))


def recognise(c: Columns) -> Finding | None:
    """The mistake that explains the gradient, or None."""
    for kind, words, dy in other_upstreams(c.dy):
        if c.fits(np.tensordot(c.columns, dy, c.dy.ndim)):
            return kind, f"{c.name} is the gradient {words}"
    return _diagonal(c) or _one_share(c)


def other_upstreams(dy: Array) -> Iterator[Guess]:
    """(kind, words, another dy) for each way in which dy is commonly misread."""
    yield "upstream", "for a dy of 1 everywhere: multiply by dy", np.ones_like(dy)
    words = "for max(dy, 0): what a mask cuts off is not the negative part of dy"
    yield "upstream", words, np.maximum(dy, 0)
    if dy.ndim < 2:
        return
    if len(dy) > 1:
        words = "of the first sample alone: the shares of the others are missing"
        yield "first-sample", words, _only(dy, 0, slice(0, 1))
        words = "of the last sample alone: = in a loop over the samples, where += is needed"
        yield "overwritten", words, _only(dy, 0, slice(-1, None))
    yield from _edges(dy)
    yield from _channels(dy)
    yield from _orders(dy)


def _only(dy: Array, axis: int, kept: slice) -> Array:
    """dy with zeros outside of a range along an axis."""
    index = tuple(kept if i == axis else slice(None) for i in range(dy.ndim))
    masked = np.zeros_like(dy)
    masked[index] = dy[index]
    return masked


def _edges(dy: Array) -> Iterator[Guess]:
    if dy.ndim != 4:
        return
    ranges = {"last": slice(None, -1), "first": slice(1, None)}
    for end, kept in ranges.items():
        for axis, name in ((1, "row"), (2, "column")):
            words = f"without the {end} {name} of dy: a loop over the windows is too short"
            yield "border", words, _only(dy, axis, kept)
        words = f"without the {end} row and column of dy: the loops over the windows are too short"
        yield "border", words, _only(_only(dy, 1, kept), 2, kept)
    words = "without the outermost pixels of dy: what windows over the edge send is lost"
    yield "border", words, _only(_only(dy, 1, slice(1, -1)), 2, slice(1, -1))


def _channels(dy: Array) -> Iterator[Guess]:
    channels = dy.shape[-1]
    if channels > MOST_CHANNELS:
        return
    for k in range(1, channels):
        last = dy.ndim - 1
        words = "of channels {} of dy alone: another branch's share is missing, use +="
        yield "channels", words.format(f"0 to {k - 1}"), _only(dy, last, slice(0, k))
        yield "channels", words.format(f"{k} to {channels - 1}"), _only(dy, last, slice(k, None))
        words = f"for the channels of dy moved by {k}: it is cut or handed out in the wrong order"
        yield "channels", words, np.roll(dy, k, -1)


def _orders(dy: Array) -> Iterator[Guess]:
    names = [
        axes_of("y", dy.shape)[i] if dy.ndim in (2, 4) else f"axis {i}" for i in range(dy.ndim)
    ]
    longer = [i for i, size in enumerate(dy.shape) if size > 1]
    for count in (1, 2):
        for axes in combinations(longer, count):
            words = f"for a dy reversed along {' and '.join(names[i] for i in axes)}"
            yield "flip", words, np.flip(dy, axes)
    for order in list(permutations(range(dy.ndim)))[1:] if dy.ndim <= 4 else []:
        words = f"for dy's numbers in the order of the axes ({', '.join(names[i] for i in order)})"
        yield "transpose", f"{words}: a transpose is missing", dy.transpose(order).reshape(dy.shape)
        shape = tuple(dy.shape[i] for i in order)
        turned = dy.reshape(shape).transpose(np.argsort(order))
        yield "transpose", f"{words}: a transpose is missing", turned


def _one_share(c: Columns) -> Finding | None:
    """At each wrong entry, of the shares that outputs send there, only one."""
    shares = c.columns * c.dy
    if c.dy.ndim == 4:
        shares = shares.sum(axis=-1)  # the channels of a pixel come in one product
    shares = shares.reshape(len(shares), -1)
    room = 1e-6 * float(np.abs(c.want).max(initial=0))
    wrong = np.abs(c.got - c.want) > room + 1e-5 * np.abs(c.want)
    sent = np.abs(shares) > room
    is_share = (np.abs(shares - c.got[:, None]) <= room + 1e-5 * np.abs(shares)) & sent
    if not wrong.any() or not is_share[wrong].any(axis=1).all():
        return None
    fewest, most = int(sent[wrong].sum(axis=1).min()), int(sent[wrong].sum(axis=1).max())
    number = f"{most}" if fewest == most else f"{fewest} to {most}"
    who = "window" if c.dy.ndim == 4 else "output"
    return "overwritten", (
        f"at each wrong entry {c.name} holds the share of one {who} alone, though {number} {who}s "
        "meet there: = where += is needed"
    )


def _diagonal(c: Columns) -> Finding | None:
    """Each output taken to depend on its own input alone; or J in the place of its transpose."""
    flat = c.columns.reshape(len(c.columns), -1)
    if c.positions.max() >= flat.shape[1]:
        return None
    own = flat[np.arange(len(flat)), c.positions] * c.dy.reshape(-1)[c.positions]
    if c.fits(own):
        return "diagonal", (
            f"{c.name} takes each number of y to depend on the number of x at its place alone: the "
            "sum over the others is missing"
        )
    if len(flat) == flat.shape[1] and c.fits(flat.T @ c.dy.reshape(-1)):
        return "transpose", f"{c.name} is the Jacobian times dy: its transpose is needed"
    return None
