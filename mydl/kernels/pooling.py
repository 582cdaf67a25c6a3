"""Pooling windows: their maximum with the cell that won it, their sum, and both ways back.

The window of output pixel ``(p, q)`` starts at row ``p*s_h - top`` and column ``q*s_w - left`` of
the image. Its cell ``(i, j)`` has the number ``i*K_w + j``. Cells outside the image take no part:
they never win a maximum and add nothing to a sum.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..layer import Array, Shape
from .compile import LANES, kernel
from .im2col import Pair
from .simd import load, splat, store, where


def _cells(
    image: Shape, out: Shape, kernel_size: Pair, stride: Pair, pad: Pair
) -> Iterator[tuple[int, tuple[slice, ...], tuple[slice, ...]]]:
    """For each cell of the window: its number, the pixels it covers, the outputs it serves.

    Output pixels whose cell lies outside the image are left out, so both slices have one shape.
    """
    for i in range(kernel_size[0]):
        for j in range(kernel_size[1]):
            pixels, outputs = [slice(None)], [slice(None)]
            for cell, size, n_out, s, before in zip(
                (i, j), image[1:3], out[1:3], stride, pad, strict=True
            ):
                first = max(0, -((cell - before) // s))  # smallest p with p*s + cell >= before
                last = min(n_out - 1, (size - 1 + before - cell) // s)
                start = first * s + cell - before
                count = max(last - first + 1, 0)
                outputs.append(slice(first, first + count))
                pixels.append(slice(start, start + count * s, s) if count else slice(0))
            yield i * kernel_size[1] + j, tuple(pixels), tuple(outputs)


def maxpool_reference(
    x: Array, y: Array, argument: Array | None, kernel_size: Pair, stride: Pair, pad: Pair
) -> None:
    """Write each window's maximum into ``y`` and the number of the cell that won it.

    Among equal values the first cell, row by row, wins. A NaN wins over every number, and the last
    NaN over those before it, as in PyTorch. Complex values are ordered by their real parts.

    Parameters
    ----------
    x
        Images, (N, H, W, C).
    y
        Output, (N, H_out, W_out, C). Every window must have a cell inside the image.
    argument
        Output of the same shape, unsigned integers that can hold K_h*K_w - 1; None where nobody
        asks.
    kernel_size
        Rows and columns of the window.
    stride
        Rows and columns from one window to the next.
    pad
        Rows above and columns to the left of the image where windows may start.
    """
    y[...] = -np.inf
    unset = np.ones(y.shape, bool)
    for number, pixels, outputs in _cells(x.shape, y.shape, kernel_size, stride, pad):
        value, best = x[pixels], y[outputs]
        wins = unset[outputs] | (value.real > best.real) | np.isnan(value)
        y[outputs] = np.where(wins, value, best)
        if argument is not None:
            argument[outputs] = np.where(wins, number, argument[outputs])
        unset[outputs] = False


@kernel(maxpool_reference, vectors="x y argument")
def maxpool(
    x: Array,
    y: Array,
    argument: Array | None,
    kernel_size: Pair,
    stride: Pair,
    pad: Pair,
    tail: Any,
) -> None:
    """Write each window's maximum and its cell's number; see :func:`maxpool_reference`."""
    _, h, w, _ = x.shape
    for n in range(y.shape[0]):
        for p in range(y.shape[1]):
            top = p * stride[0] - pad[0]
            i_first, i_end = max(0, -top), min(kernel_size[0], h - top)
            for q in range(y.shape[2]):
                left = q * stride[1] - pad[1]
                j_first, j_end = max(0, -left), min(kernel_size[1], w - left)
                for c in range(0, y.shape[3], LANES):
                    best = load(x, (n, top + i_first, left + j_first, c), tail)
                    if argument is not None:
                        cell = splat(argument, i_first * kernel_size[1] + j_first)
                    for i in range(i_first, i_end):
                        for j in range(j_first, j_end):
                            values = load(x, (n, top + i, left + j, c), tail)
                            wins = (values > best) | (values != values)
                            best = where(wins, values, best)
                            if argument is not None:
                                cell = where(wins, i * kernel_size[1] + j, cell)
                    store(y, (n, p, q, c), best, tail)
                    if argument is not None:
                        store(argument, (n, p, q, c), cell, tail)


def maxpool_backward_reference(
    dy: Array, argument: Array, dx: Array, kernel_size: Pair, stride: Pair, pad: Pair
) -> None:
    """Send each window's gradient to the pixel that won it, adding where windows share a winner.

    Parameters
    ----------
    dy
        Gradient of the maxima, (N, H_out, W_out, C).
    argument
        Numbers of the cells that won, as :func:`maxpool` wrote them.
    dx
        Output, (N, H, W, C).
    kernel_size, stride, pad
        As in the forward pass.
    """
    dx[...] = 0
    for number, pixels, outputs in _cells(dx.shape, dy.shape, kernel_size, stride, pad):
        dx[pixels] += np.where(argument[outputs] == number, dy[outputs], 0)


@kernel(maxpool_backward_reference)
def maxpool_backward(
    dy: Array, argument: Array, dx: Array, kernel_size: Pair, stride: Pair, pad: Pair
) -> None:
    """Send gradients to the winning pixels; see :func:`maxpool_backward_reference`.

    Written as a gather: each image row asks the windows over it whether it won.
    """
    n_in, h, w, c_in = dx.shape
    _, h_out, w_out, _ = dy.shape
    zero = dy.dtype.type(0)
    for n in range(n_in):
        for row in range(h):
            for col in range(w):
                for c in range(c_in):
                    dx[n, row, col, c] = 0
            for i in range(kernel_size[0]):
                p, rest = divmod(row + pad[0] - i, stride[0])
                if rest != 0 or p < 0 or p >= h_out:
                    continue
                for q in range(w_out):
                    for j in range(kernel_size[1]):
                        col = q * stride[1] + j - pad[1]
                        if 0 <= col < w:
                            number = argument.dtype.type(i * kernel_size[1] + j)
                            for c in range(c_in):
                                won = argument[n, p, q, c] == number
                                dx[n, row, col, c] += dy[n, p, q, c] if won else zero


def sumpool_reference(x: Array, y: Array, kernel_size: Pair, stride: Pair, pad: Pair) -> None:
    """Write the sum of each window into ``y``; an average is this over the number of cells.

    Parameters
    ----------
    x
        Images, (N, H, W, C).
    y
        Output, (N, H_out, W_out, C).
    kernel_size, stride, pad
        As for :func:`maxpool_reference`.
    """
    y[...] = 0
    for _, pixels, outputs in _cells(x.shape, y.shape, kernel_size, stride, pad):
        y[outputs] += x[pixels]


@kernel(sumpool_reference)
def sumpool(x: Array, y: Array, kernel_size: Pair, stride: Pair, pad: Pair) -> None:
    """Write the sum of each window; see :func:`sumpool_reference`."""
    _, h, w, _ = x.shape
    n_out, h_out, w_out, c_out = y.shape
    for n in range(n_out):
        for p in range(h_out):
            top = p * stride[0] - pad[0]
            for q in range(w_out):
                left = q * stride[1] - pad[1]
                for c in range(c_out):
                    y[n, p, q, c] = 0
                for i in range(max(0, -top), min(kernel_size[0], h - top)):
                    for j in range(max(0, -left), min(kernel_size[1], w - left)):
                        for c in range(c_out):
                            y[n, p, q, c] += x[n, top + i, left + j, c]


def sumpool_backward_reference(
    dy: Array, dx: Array, kernel_size: Pair, stride: Pair, pad: Pair
) -> None:
    """Give each pixel the gradients of all windows that added it up: the transpose of the sum.

    Parameters
    ----------
    dy
        Gradient of the sums, (N, H_out, W_out, C).
    dx
        Output, (N, H, W, C).
    kernel_size, stride, pad
        As in the forward pass.
    """
    dx[...] = 0
    for _, pixels, outputs in _cells(dx.shape, dy.shape, kernel_size, stride, pad):
        dx[pixels] += dy[outputs]


@kernel(sumpool_backward_reference)
def sumpool_backward(dy: Array, dx: Array, kernel_size: Pair, stride: Pair, pad: Pair) -> None:
    """Give each pixel its windows' gradients; see :func:`sumpool_backward_reference`."""
    n_in, h, w, c_in = dx.shape
    _, h_out, w_out, _ = dy.shape
    for n in range(n_in):
        for row in range(h):
            for col in range(w):
                for c in range(c_in):
                    dx[n, row, col, c] = 0
            for i in range(kernel_size[0]):
                p, rest = divmod(row + pad[0] - i, stride[0])
                if rest != 0 or p < 0 or p >= h_out:
                    continue
                for q in range(w_out):
                    for j in range(kernel_size[1]):
                        col = q * stride[1] + j - pad[1]
                        if 0 <= col < w:
                            for c in range(c_in):
                                dx[n, row, col, c] += dy[n, p, q, c]


def average_reference(x: Array, y: Array) -> None:
    """Write the mean of each image's pixels into ``y``.

    Parameters
    ----------
    x
        Images, (N, H, W, C).
    y
        Output, (N, C).
    """
    y[...] = x.mean(axis=(1, 2))


@kernel(average_reference, vectors="x y")
def average(x: Array, y: Array, tail: Any) -> None:
    """Write the mean of each image's pixels; see :func:`average_reference`."""
    n_in, h, w, c_in = x.shape
    for n in range(n_in):
        for c in range(0, c_in, LANES):
            total = splat(x, 0)
            for row in range(h):
                for col in range(w):
                    total = total + load(x, (n, row, col, c), tail)
            store(y, (n, c), total * (1 / (h * w)), tail)
