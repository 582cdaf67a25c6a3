"""Winograd's transforms: how a 3x3 convolution gets by with a quarter of the multiplications.

Multiplying polynomials can be done at points: evaluate both, multiply value by value, interpolate.
A convolution is a product of polynomials, so F(4x4, 3x3) makes a tile of 4x4 outputs from 6x6
inputs with 36 multiplications instead of 4*4*9 = 144::

    V = B^T d B        the 6x6 inputs d of a tile, at 36 points            input_tiles
    U = G w G^T        the 3x3 weights w, at the same points               weight_tiles
    M = V U            summed over channels: 36 matrix products            np.matmul
    y = A^T M A        back to 4x4 outputs, plus bias, then ReLU           output_tiles

Each step is linear in what it gets, so the backward pass is the same steps transposed, from the
bottom to the top::

    dM = A dy A^T      dy where y > 0; dbias is its sum                    output_gradient_tiles
    dU = V^T dM        36 products                                         np.matmul
    dw = G^T dU G                                                          weight_gradient_tiles
    dV = dM U^T        36 products                                         np.matmul
    dx += B dV B^T     tiles overlap by two pixels: they add up            input_gradient_tiles

A transform is applied to the columns of a tile and then to its rows. Everything works on 16
channels at once.

Any points will do. Those of the source, 0, 1, -1, 2, -2 and infinity, have powers up to 8, at which
float32 loses digits. Ours are 0, +-sqrt(1/2), +-sqrt(2) and infinity, and halve its error. It takes
as long, since the values at opposite points are still the sum and the difference of two parts.

References
----------
Lavin and Gray 2015, "Fast Algorithms for Convolutional Neural Networks" (arXiv 1509.09308), section
4.3.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..layer import Array
from .compile import LANES, inlined, kernel
from .simd import load, maximum, splat, store

Pair = tuple[int, int]

TILE = 4  # rows and columns of outputs that one tile makes

_NEAR, _FAR = 0.5**0.5, 2**0.5  # the points, with both signs

A = np.array(
    [
        [1, 0, 0, 0],
        [1, _NEAR, 1 / 2, _NEAR / 2],
        [1, -_NEAR, 1 / 2, -_NEAR / 2],
        [1, _FAR, 2, 2 * _FAR],
        [1, -_FAR, 2, -2 * _FAR],
        [0, 0, 0, 1],
    ]
)
B = np.array(
    [
        [1, 0, 0, 0, 0, 0],
        [0, -_FAR, _FAR, -_NEAR, _NEAR, 1],
        [-5 / 2, -2, -2, -1 / 2, -1 / 2, 0],
        [0, _NEAR, -_NEAR, _FAR, -_FAR, -5 / 2],
        [1, 1, 1, 1, 1, 0],
        [0, 0, 0, 0, 0, 1],
    ]
)
G = (
    np.array(
        [
            [6, 0, 0],
            [-4, -4 * _NEAR, -2],
            [-4, 4 * _NEAR, -2],
            [1, _FAR, 2],
            [1, -_FAR, 2],
            [0, 0, 6],
        ]
    )
    / 6
)


def tile_grid(h: int, w: int) -> Pair:
    """Rows and columns of tiles that cover h x w outputs; the last may hang over the edge.

    >>> tile_grid(16, 14)
    (4, 4)
    """
    return -(-h // TILE), -(-w // TILE)


# ---- the transforms of one row or column ---------------------------------------------------------


@inlined
def _b_transposed(d0: Any, d1: Any, d2: Any, d3: Any, d4: Any, d5: Any) -> Any:
    """B^T d: the values of the input's polynomial at the six points."""
    even1, odd1 = d4 - 2 * d2, d3 - 2 * d1
    even2, odd2 = d4 - (1 / 2) * d2, d3 - (1 / 2) * d1
    return (
        d0 - (5 / 2) * d2 + d4,
        even1 + _NEAR * odd1,
        even1 - _NEAR * odd1,
        even2 + _FAR * odd2,
        even2 - _FAR * odd2,
        d1 - (5 / 2) * d3 + d5,
    )


@inlined
def _b(t0: Any, t1: Any, t2: Any, t3: Any, t4: Any, t5: Any) -> Any:
    """B t."""
    even1, odd1, even2, odd2 = t1 + t2, t1 - t2, t3 + t4, t3 - t4
    return (
        t0,
        t5 - _FAR * odd1 - _NEAR * odd2,
        (-5 / 2) * t0 - 2 * even1 - (1 / 2) * even2,
        _NEAR * odd1 + _FAR * odd2 - (5 / 2) * t5,
        t0 + even1 + even2,
        t5,
    )


@inlined
def _a_transposed(m0: Any, m1: Any, m2: Any, m3: Any, m4: Any, m5: Any) -> Any:
    """A^T m: four outputs from the values at six points."""
    even1, odd1, even2, odd2 = m1 + m2, m1 - m2, m3 + m4, m3 - m4
    return (
        m0 + even1 + even2,
        _NEAR * odd1 + _FAR * odd2,
        (1 / 2) * even1 + 2 * even2,
        m5 + (_NEAR / 2) * odd1 + (2 * _FAR) * odd2,
    )


@inlined
def _a(y0: Any, y1: Any, y2: Any, y3: Any) -> Any:
    """A y."""
    even1, odd1 = y0 + (1 / 2) * y2, y1 + (1 / 2) * y3
    even2, odd2 = y0 + 2 * y2, y1 + 2 * y3
    return (
        y0,
        even1 + _NEAR * odd1,
        even1 - _NEAR * odd1,
        even2 + _FAR * odd2,
        even2 - _FAR * odd2,
        y3,
    )


@inlined
def _g(w0: Any, w1: Any, w2: Any) -> Any:
    """G w: the values of the filter's polynomial at the six points."""
    even1, odd1 = (-2 / 3) * w0 - (1 / 3) * w2, (-2 * _NEAR / 3) * w1
    even2, odd2 = (1 / 6) * w0 + (1 / 3) * w2, (_FAR / 6) * w1
    return (w0, even1 + odd1, even1 - odd1, even2 + odd2, even2 - odd2, w2)


@inlined
def _g_transposed(u0: Any, u1: Any, u2: Any, u3: Any, u4: Any, u5: Any) -> Any:
    """G^T u."""
    even1, odd1, even2, odd2 = u1 + u2, u1 - u2, u3 + u4, u3 - u4
    return (
        u0 - (2 / 3) * even1 + (1 / 6) * even2,
        (-2 * _NEAR / 3) * odd1 + (_FAR / 6) * odd2,
        (1 / 3) * (even2 - even1) + u5,
    )


def zero_padded(x: Array, pad: Pair, tall: int, wide: int) -> Array:
    """``x`` behind its padding, in at least ``tall`` rows and ``wide`` columns."""
    n, h, w, c = x.shape
    padded = np.zeros((n, max(tall, pad[0] + h), max(wide, pad[1] + w), c), x.dtype)
    padded[:, pad[0] : pad[0] + h, pad[1] : pad[1] + w] = x
    return padded


# ---- forward -------------------------------------------------------------------------------------


def input_tiles_reference(x: Array, v: Array, pad: Pair) -> None:
    """V = B^T d B for each tile d of ``x``.

    Parameters
    ----------
    x
        Images, (N, H, W, C).
    v
        Output, (36, N, rows of tiles, columns of tiles, C).
    pad
        Rows of zeros above and columns of zeros to the left of the image.
    """
    tall, wide = 4 * v.shape[2] + 2, 4 * v.shape[3] + 2
    padded = zero_padded(x, pad, tall, wide)[:, :tall, :wide]
    windows = np.lib.stride_tricks.sliding_window_view(padded, (6, 6), (1, 2))
    values = np.einsum("ia,nrqcij,jb->abnrqc", B, windows[:, ::4, ::4], B)
    v[...] = values.reshape(v.shape)


@inlined
def _pixel(x: Any, n: int, row: int, col: int, c: int, tail: Any) -> Any:
    """The channels of a pixel, or zeros outside the image."""
    if 0 <= row < x.shape[1] and 0 <= col < x.shape[2]:
        values = load(x, (n, row, col, c), tail)
    else:
        values = splat(x, 0)
    return values


@kernel(input_tiles_reference, vectors="x v")
def input_tiles(x: Array, v: Array, pad: Pair, tail: Any) -> None:
    """V = B^T d B for each tile d of ``x``; see :func:`input_tiles_reference`."""
    half = np.empty((36, LANES), x.dtype)
    for n in range(v.shape[1]):
        for r in range(v.shape[2]):
            top = 4 * r - pad[0]
            for q in range(v.shape[3]):
                left = 4 * q - pad[1]
                for c in range(0, v.shape[4], LANES):
                    for j in range(6):
                        t0, t1, t2, t3, t4, t5 = _b_transposed(
                            _pixel(x, n, top, left + j, c, tail),
                            _pixel(x, n, top + 1, left + j, c, tail),
                            _pixel(x, n, top + 2, left + j, c, tail),
                            _pixel(x, n, top + 3, left + j, c, tail),
                            _pixel(x, n, top + 4, left + j, c, tail),
                            _pixel(x, n, top + 5, left + j, c, tail),
                        )
                        store(half, (j, 0), t0)
                        store(half, (6 + j, 0), t1)
                        store(half, (12 + j, 0), t2)
                        store(half, (18 + j, 0), t3)
                        store(half, (24 + j, 0), t4)
                        store(half, (30 + j, 0), t5)
                    for i in range(0, 36, 6):
                        t0, t1, t2, t3, t4, t5 = _b_transposed(
                            load(half, (i, 0)),
                            load(half, (i + 1, 0)),
                            load(half, (i + 2, 0)),
                            load(half, (i + 3, 0)),
                            load(half, (i + 4, 0)),
                            load(half, (i + 5, 0)),
                        )
                        store(v, (i, n, r, q, c), t0, tail)
                        store(v, (i + 1, n, r, q, c), t1, tail)
                        store(v, (i + 2, n, r, q, c), t2, tail)
                        store(v, (i + 3, n, r, q, c), t3, tail)
                        store(v, (i + 4, n, r, q, c), t4, tail)
                        store(v, (i + 5, n, r, q, c), t5, tail)


def weight_tiles_reference(w: Array, u: Array) -> None:
    """U = G w G^T for the 3x3 filter of each pair of channels.

    Parameters
    ----------
    w
        Weights, (3, 3, C, K).
    u
        Output, (36, C, K).
    """
    u[...] = np.einsum("ai,ijck,bj->abck", G, w, G).reshape(u.shape)


@kernel(weight_tiles_reference, vectors="w u")
def weight_tiles(w: Array, u: Array, tail: Any) -> None:
    """U = G w G^T; see :func:`weight_tiles_reference`."""
    half = np.empty((18, LANES), w.dtype)
    for c in range(w.shape[2]):
        for k in range(0, w.shape[3], LANES):
            for j in range(3):
                t0, t1, t2, t3, t4, t5 = _g(
                    load(w, (0, j, c, k), tail),
                    load(w, (1, j, c, k), tail),
                    load(w, (2, j, c, k), tail),
                )
                store(half, (j, 0), t0)
                store(half, (3 + j, 0), t1)
                store(half, (6 + j, 0), t2)
                store(half, (9 + j, 0), t3)
                store(half, (12 + j, 0), t4)
                store(half, (15 + j, 0), t5)
            for i in range(6):
                t0, t1, t2, t3, t4, t5 = _g(
                    load(half, (3 * i, 0)), load(half, (3 * i + 1, 0)), load(half, (3 * i + 2, 0))
                )
                store(u, (6 * i, c, k), t0, tail)
                store(u, (6 * i + 1, c, k), t1, tail)
                store(u, (6 * i + 2, c, k), t2, tail)
                store(u, (6 * i + 3, c, k), t3, tail)
                store(u, (6 * i + 4, c, k), t4, tail)
                store(u, (6 * i + 5, c, k), t5, tail)


def output_tiles_reference(m: Array, bias: Array, y: Array, relu: bool) -> None:
    """y = A^T M A + bias for each tile, cut off at the image's edge; then ReLU if wanted.

    Parameters
    ----------
    m
        Products, (36, N, rows of tiles, columns of tiles, K).
    bias
        (K,).
    y
        Output, (N, H, W, K), which may be a slice of the channels of a wider array.
    relu
        Whether negative values become zero.
    """
    n, h, w, k = y.shape
    values = m.reshape(6, 6, *m.shape[1:])
    tiles = np.einsum("ai,abnrqk,bj->nriqjk", A, values, A)  # (N, rows, 4, columns, 4, K)
    whole = tiles.reshape(n, 4 * m.shape[2], 4 * m.shape[3], k)[:, :h, :w] + bias
    y[...] = np.where(whole.real < 0, 0, whole) if relu else whole


@kernel(output_tiles_reference, vectors="m bias y")
def output_tiles(m: Array, bias: Array, y: Array, relu: bool, tail: Any) -> None:
    """y = A^T M A + bias, then ReLU; see :func:`output_tiles_reference`."""
    half = np.empty((24, LANES), m.dtype)
    for n in range(m.shape[1]):
        for r in range(m.shape[2]):
            for q in range(m.shape[3]):
                for k in range(0, m.shape[4], LANES):
                    for j in range(6):
                        t0, t1, t2, t3 = _a_transposed(
                            load(m, (j, n, r, q, k), tail),
                            load(m, (6 + j, n, r, q, k), tail),
                            load(m, (12 + j, n, r, q, k), tail),
                            load(m, (18 + j, n, r, q, k), tail),
                            load(m, (24 + j, n, r, q, k), tail),
                            load(m, (30 + j, n, r, q, k), tail),
                        )
                        store(half, (j, 0), t0)
                        store(half, (6 + j, 0), t1)
                        store(half, (12 + j, 0), t2)
                        store(half, (18 + j, 0), t3)
                    b = load(bias, (k,), tail)
                    for i in range(min(4, y.shape[1] - 4 * r)):
                        t0, t1, t2, t3 = _a_transposed(
                            load(half, (6 * i, 0)),
                            load(half, (6 * i + 1, 0)),
                            load(half, (6 * i + 2, 0)),
                            load(half, (6 * i + 3, 0)),
                            load(half, (6 * i + 4, 0)),
                            load(half, (6 * i + 5, 0)),
                        )
                        _put(y, n, 4 * r + i, 4 * q, k, t0 + b, relu, tail)
                        _put(y, n, 4 * r + i, 4 * q + 1, k, t1 + b, relu, tail)
                        _put(y, n, 4 * r + i, 4 * q + 2, k, t2 + b, relu, tail)
                        _put(y, n, 4 * r + i, 4 * q + 3, k, t3 + b, relu, tail)


@inlined
def _put(y: Any, n: int, row: int, col: int, k: int, values: Any, relu: bool, tail: Any) -> None:
    """Store a pixel that lies inside the image, after ReLU if wanted."""
    if col < y.shape[2]:
        if relu:
            values = maximum(values, 0)
        store(y, (n, row, col, k), values, tail)
