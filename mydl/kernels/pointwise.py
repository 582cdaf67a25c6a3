"""The 1x1 convolution in one pass forward and one backward, on a matrix product of its own.

A 1x1 convolution multiplies the channels of each pixel by one matrix: y = x W + b, a row a pixel. A
library's product leaves the bias, the ReLU and their gradients to further passes over arrays that
have left the cache by then. Here they happen to a few rows at a time, while those are in registers
or at least in the nearest cache.

:func:`multiply` makes tiles of 8 rows and 16 columns, whose sums stay in registers while the inner
dimension runs by::

    for each k:    row i of the tile += a[i, k] * (16 values of row k of b)

A step takes one vector of ``b`` and a number from each row of ``a``, and makes 8 fused
multiply-adds of them: a core can do hardly more. Libraries first copy large matrices into the
order in which they are read. For matrices as thin as SqueezeNet's, without copies is faster.

References
----------
Goto and van de Geijn 2008, "Anatomy of High-Performance Matrix Multiplication" (tiles that stay in
registers).
"""

from __future__ import annotations

from typing import Any

import llvmlite.binding
import numba
import numpy as np
from numpy.lib.stride_tricks import as_strided

from ..layer import Array
from .compile import LANES, called, inlined, kernel
from .simd import load, maximum, spread, store, where

_FEATURES = (
    numba.config.CPU_FEATURES  # type: ignore[attr-defined]
    or llvmlite.binding.get_host_cpu_features().flatten()
)
# Sums of a tile have to fit into the registers with room to spare. A vector of ours takes one of
# 32 with AVX-512, two of 16 with AVX2 and four of 32 with NEON, where 8 rows take 3 times as long.
ROWS = 8 if "+avx512f" in _FEATURES else 6

# Values of ``b`` that all rows of ``a`` are multiplied with before the next: a quarter of a second
# cache of 1 MB.
_PANEL = 1 << 16

# Pixels that the backward pass works on at a time: few enough for the nearer caches, and enough
# to make up for reading and writing the sums of the weights' gradient for each block.
_BLOCK = 128


def multiply_reference(a: Array, b: Array, bias: Array, out: Array, add: bool, relu: bool) -> None:
    """``out = a b + bias`` or, if ``add``, ``out += a b``; then ReLU if wanted.

    Parameters
    ----------
    a
        Matrix, (M, K), in any layout: it may be the transpose of a contiguous one.
    b
        Matrix, (K, N).
    bias
        (N,); not used if ``add``.
    out
        Output, (M, N).
    add
        Whether to add to what ``out`` holds.
    relu
        Whether negative values become zero.
    """
    total = a @ b + (out if add else bias)
    out[...] = np.where(total.real < 0, 0, total) if relu else total


@called(allocates=False)
def multiply_tiles(a: Array, b: Array, start: Array, out: Array, least: float, tail: Any) -> None:
    """``out = max(start + a b, least)`` in tiles; ``start`` may be ``out`` itself.

    A tile that would reach beyond the last row computes that row several times, to the same end.
    """
    last = a.shape[0] - 1
    for m in range(0, a.shape[0], ROWS):
        m1, m2, m3, m4 = min(m + 1, last), min(m + 2, last), min(m + 3, last), min(m + 4, last)
        m5, m6, m7 = min(m + 5, last), min(m + 6, last), min(m + 7, last)
        for n in range(0, b.shape[1], LANES):
            r0, r1 = load(start, (m, n), tail), load(start, (m1, n), tail)
            r2, r3 = load(start, (m2, n), tail), load(start, (m3, n), tail)
            r4, r5 = load(start, (m4, n), tail), load(start, (m5, n), tail)
            r6, r7 = load(start, (m6, n), tail), load(start, (m7, n), tail)
            for k in range(b.shape[0]):
                v = load(b, (k, n), tail)
                r0 = r0 + spread(a, (m, k)) * v
                r1 = r1 + spread(a, (m1, k)) * v
                r2 = r2 + spread(a, (m2, k)) * v
                r3 = r3 + spread(a, (m3, k)) * v
                r4 = r4 + spread(a, (m4, k)) * v
                r5 = r5 + spread(a, (m5, k)) * v
                if ROWS == 8:  # the compiler knows
                    r6 = r6 + spread(a, (m6, k)) * v
                    r7 = r7 + spread(a, (m7, k)) * v
            store(out, (m, n), maximum(r0, least), tail)
            store(out, (m1, n), maximum(r1, least), tail)
            store(out, (m2, n), maximum(r2, least), tail)
            store(out, (m3, n), maximum(r3, least), tail)
            store(out, (m4, n), maximum(r4, least), tail)
            store(out, (m5, n), maximum(r5, least), tail)
            if ROWS == 8:
                store(out, (m6, n), maximum(r6, least), tail)
                store(out, (m7, n), maximum(r7, least), tail)


@called()
def in_each_row(vector: Array, rows: int) -> Array:
    """A matrix whose rows all are the same memory."""
    return as_strided(vector, (rows, len(vector)), (0, vector.itemsize))


@kernel(multiply_reference, vectors="b bias out")
def multiply(a: Array, b: Array, bias: Array, out: Array, add: bool, relu: bool, tail: Any) -> None:
    """``out = a b + bias`` in tiles; see :func:`multiply_reference`."""
    start = out if add else in_each_row(bias, len(out))
    width = max(1, _PANEL // max(1, len(b)) // LANES) * LANES
    least = 0.0 if relu else -np.inf
    whole = b.shape[1] // width * width  # columns in panels that have no tail
    for n in range(0, whole, width):
        part = slice(n, n + width)
        multiply_tiles(a, b[:, part], start[:, part], out[:, part], least, None)
    if whole < b.shape[1]:
        multiply_tiles(a, b[:, whole:], start[:, whole:], out[:, whole:], least, tail)


def pointwise_backward_reference(
    dy: Array, y: Array, x: Array, weight: Array, dweight: Array, dbias: Array, dx: Array
) -> None:
    """The backward pass of ``y = relu(x W + b)``: gradients of W and b are added to, dx is set.

    ::

        g   = dy where y > 0
        dW += x^T g        db += sum of g        dx = g W^T

    Parameters
    ----------
    dy, y
        Gradient of the output and the output, (pixels, K), which may be slices of wider arrays.
        Where there was no ReLU, ``y`` is ``np.broadcast_to(ones, dy.shape)``.
    x
        Input, (pixels, C).
    weight, dweight
        Weights and their gradient, (C, K).
    dbias
        Gradient of the bias, (K,).
    dx
        Output, (pixels, C).
    """
    g = np.where(y.real > 0, dy, 0)
    dweight += x.T @ g
    dbias += g.sum(axis=0)
    dx[...] = g @ weight.T


@kernel(pointwise_backward_reference, vectors="dy y dweight dbias dx")
def pointwise_backward(
    dy: Array,
    y: Array,
    x: Array,
    weight: Array,
    dweight: Array,
    dbias: Array,
    dx: Array,
    tail: Any,
) -> None:
    """Gradients of a 1x1 convolution, a block of pixels at a time; see the reference."""
    (pixels, k_out), c_in = dy.shape, x.shape[1]
    transposed = np.empty((k_out, c_in + LANES), weight.dtype)[:, :c_in]
    for k in range(k_out):
        for c in range(c_in):
            transposed[k, c] = weight[c, k]
    zeros = in_each_row(np.zeros(c_in, weight.dtype), _BLOCK)
    # A row more than needed: columns whose distance is a multiple of 4 KiB crowd one cache set.
    room = np.empty((_BLOCK, k_out + LANES), dy.dtype)
    for first in range(0, pixels, _BLOCK):
        size = min(_BLOCK, pixels - first)
        g = room[:size, :k_out]
        pass_relu(dy[first : first + size], y[first : first + size], g, dbias, tail)
        multiply_tiles(x[first : first + size].T, g, dweight, dweight, -np.inf, tail)
        multiply_tiles(g, transposed, zeros, dx[first : first + size], -np.inf, tail)


@inlined
def pass_relu(dy: Any, y: Any, g: Any, dbias: Any, tail: Any) -> None:
    """``g = dy where y > 0``, and its sum to ``dbias``."""
    for k in range(0, g.shape[1], LANES):
        total = load(dbias, (k,), tail)
        for p in range(g.shape[0]):
            values = where(load(y, (p, k), tail) > 0, load(dy, (p, k), tail), 0)
            store(g, (p, k), values, tail)
            total = total + values
        store(dbias, (k,), total, tail)
