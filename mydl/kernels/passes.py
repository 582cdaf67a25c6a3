"""Element-wise work of a convolution and its ReLU, in one pass over the array instead of three.

What these kernels do is little arithmetic on a lot of memory: their time is that of reading and
writing. So each does all there is to do to a value while it is in a register.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..layer import Array
from .compile import LANES, kernel
from .simd import load, splat, store, where


def bias_relu_reference(y: Array, bias: Array) -> None:
    """y = max(y + bias, 0), in place.

    Args:
        y: a row for each pixel, (M, C); may be a slice of the channels of a wider array.
        bias: (C,).
    """
    y += bias
    y[...] = np.where(y.real > 0, y, 0)


@kernel(bias_relu_reference, vectors="y bias")
def bias_relu(y: Array, bias: Array, tail: Any) -> None:
    """y = max(y + bias, 0), in place; see :func:`bias_relu_reference`."""
    for row in range(y.shape[0]):
        for c in range(0, y.shape[1], LANES):
            values = load(y, (row, c), tail) + load(bias, (c,), tail)
            store(y, (row, c), where(values > 0, values, 0), tail)


def relu_backward_reference(dy: Array, y: Array, d: Array, dbias: Array) -> None:
    """d = dy where y > 0, else 0; dbias += the sum of d over the rows.

    Args:
        dy: gradient of the output, a row for each pixel, (M, C); may be a slice.
        y: the output after the ReLU, alike.
        d: gradient before the ReLU, (M, C); may be ``dy`` itself.
        dbias: gradient of the bias, (C,), added to.
    """
    d[...] = np.where(y.real > 0, dy, 0)
    dbias += d.sum(axis=0)


@kernel(relu_backward_reference, vectors="dy y d dbias")
def relu_backward(dy: Array, y: Array, d: Array, dbias: Array, tail: Any) -> None:
    """d = dy where y > 0, and dbias; see :func:`relu_backward_reference`.

    Four vectors of a row, a cache line each, are summed side by side, since an addition has to wait
    for the one before it; blocks of rows keep the sums short and so their rounding small.
    """
    rows, channels = dy.shape
    for first in range(0, rows, 256):
        last = min(first + 256, rows)
        c = 0
        while c + 4 * LANES <= channels:
            sum0, sum1 = splat(dbias, 0), splat(dbias, 0)
            sum2, sum3 = splat(dbias, 0), splat(dbias, 0)
            for row in range(first, last):
                d0 = where(load(y, (row, c)) > 0, load(dy, (row, c)), 0)
                d1 = where(load(y, (row, c + 16)) > 0, load(dy, (row, c + 16)), 0)
                d2 = where(load(y, (row, c + 32)) > 0, load(dy, (row, c + 32)), 0)
                d3 = where(load(y, (row, c + 48)) > 0, load(dy, (row, c + 48)), 0)
                store(d, (row, c), d0)
                store(d, (row, c + 16), d1)
                store(d, (row, c + 32), d2)
                store(d, (row, c + 48), d3)
                sum0, sum1, sum2, sum3 = sum0 + d0, sum1 + d1, sum2 + d2, sum3 + d3
            store(dbias, (c,), load(dbias, (c,)) + sum0)
            store(dbias, (c + 16,), load(dbias, (c + 16,)) + sum1)
            store(dbias, (c + 32,), load(dbias, (c + 32,)) + sum2)
            store(dbias, (c + 48,), load(dbias, (c + 48,)) + sum3)
            c += 4 * LANES
        while c < channels:
            total = splat(dbias, 0)
            for row in range(first, last):
                passed = where(load(y, (row, c), tail) > 0, load(dy, (row, c), tail), 0)
                store(d, (row, c), passed, tail)
                total = total + passed
            store(dbias, (c,), load(dbias, (c,), tail) + total, tail)
            c += LANES
