"""The backward passes of Winograd's transforms: the same steps transposed.

See :mod:`mydl.kernels.winograd` for the whole algorithm.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..layer import Array
from .compile import LANES, inlined, kernel
from .simd import load, splat, store, where
from .winograd import A, B, G, Pair, _a, _b, _g_transposed


def output_gradient_tiles_reference(dy: Array, y: Array, dm: Array, dbias: Array) -> None:
    """dM = A dy A^T for each tile, and dbias += the sum of dy, where dy passes the ReLU.

    Parameters
    ----------
    dy
        Gradient of the output, (N, H, W, K), which may be a slice of a wider array.
    y
        The output, alike; dy passes where it is positive. Where there was no ReLU, a row of ones,
        ``np.broadcast_to(ones, dy.shape)``: a flag in the loops would double their time.
    dm
        Output, (36, N, rows of tiles, columns of tiles, K).
    dbias
        Gradient of the bias, (K,), added to.
    """
    n, h, w, k = dy.shape
    _, _, rows, columns, _ = dm.shape
    padded = np.zeros((n, 4 * rows, 4 * columns, k), dy.dtype)
    padded[:, :h, :w] = np.where(y.real > 0, dy, 0)
    dbias += padded.sum(axis=(0, 1, 2))
    tiles = padded.reshape(n, rows, 4, columns, 4, k)
    dm[...] = np.einsum("ai,nriqjk,bj->abnrqk", A, tiles, A).reshape(dm.shape)


@inlined
def _passed(dy: Any, y: Any, n: int, row: int, col: int, k: int, tail: Any) -> Any:
    """What of a pixel's gradient passes the ReLU; zeros outside the image."""
    if row < dy.shape[1] and col < dy.shape[2]:
        mask = load(y, (n, row, col, k), tail) > 0
        values = where(mask, load(dy, (n, row, col, k), tail), 0)
    else:
        values = splat(dy, 0)
    return values


@kernel(output_gradient_tiles_reference, vectors="dy y dm dbias")
def output_gradient_tiles(dy: Array, y: Array, dm: Array, dbias: Array, tail: Any) -> None:
    """dM = A dy A^T and dbias; see :func:`output_gradient_tiles_reference`."""
    half = np.empty((24, LANES), dy.dtype)
    for n in range(dm.shape[1]):
        for r in range(dm.shape[2]):
            for q in range(dm.shape[3]):
                for k in range(0, dm.shape[4], LANES):
                    total = load(dbias, (k,), tail)
                    for j in range(4):
                        d0 = _passed(dy, y, n, 4 * r, 4 * q + j, k, tail)
                        d1 = _passed(dy, y, n, 4 * r + 1, 4 * q + j, k, tail)
                        d2 = _passed(dy, y, n, 4 * r + 2, 4 * q + j, k, tail)
                        d3 = _passed(dy, y, n, 4 * r + 3, 4 * q + j, k, tail)
                        total = total + ((d0 + d1) + (d2 + d3))
                        t0, t1, t2, t3, t4, t5 = _a(d0, d1, d2, d3)
                        store(half, (j, 0), t0)
                        store(half, (4 + j, 0), t1)
                        store(half, (8 + j, 0), t2)
                        store(half, (12 + j, 0), t3)
                        store(half, (16 + j, 0), t4)
                        store(half, (20 + j, 0), t5)
                    store(dbias, (k,), total, tail)
                    for i in range(6):
                        t0, t1, t2, t3, t4, t5 = _a(
                            load(half, (4 * i, 0)),
                            load(half, (4 * i + 1, 0)),
                            load(half, (4 * i + 2, 0)),
                            load(half, (4 * i + 3, 0)),
                        )
                        store(dm, (6 * i, n, r, q, k), t0, tail)
                        store(dm, (6 * i + 1, n, r, q, k), t1, tail)
                        store(dm, (6 * i + 2, n, r, q, k), t2, tail)
                        store(dm, (6 * i + 3, n, r, q, k), t3, tail)
                        store(dm, (6 * i + 4, n, r, q, k), t4, tail)
                        store(dm, (6 * i + 5, n, r, q, k), t5, tail)


def input_gradient_tiles_reference(dv: Array, dx: Array, pad: Pair) -> None:
    """dx += B dV B^T for each tile; neighbouring tiles overlap by two pixels and add up.

    Parameters
    ----------
    dv
        Gradient of V, (36, N, rows of tiles, columns of tiles, C).
    dx
        Gradient of the images, (N, H, W, C), added to.
    pad
        Rows above and columns to the left of the image that were read as zeros.
    """
    n, h, w, c = dx.shape
    _, _, rows, columns, _ = dv.shape
    tiles = np.einsum("ia,abnrqc,jb->nrqijc", B, dv.reshape(6, 6, *dv.shape[1:]), B)
    tall, wide = 4 * rows + 2, 4 * columns + 2
    padded = np.zeros((n, max(tall, pad[0] + h), max(wide, pad[1] + w), c), dx.dtype)
    for i in range(6):
        for j in range(6):
            padded[:, i : i + 4 * rows : 4, j : j + 4 * columns : 4] += tiles[:, :, :, i, j]
    dx += padded[:, pad[0] : pad[0] + h, pad[1] : pad[1] + w]


@inlined
def _add(dx: Any, n: int, row: int, col: int, c: int, values: Any, tail: Any) -> None:
    """Add to a pixel if it lies inside the image."""
    if 0 <= col < dx.shape[2]:
        store(dx, (n, row, col, c), load(dx, (n, row, col, c), tail) + values, tail)


@kernel(input_gradient_tiles_reference, vectors="dv dx")
def input_gradient_tiles(dv: Array, dx: Array, pad: Pair, tail: Any) -> None:
    """dx += B dV B^T; see :func:`input_gradient_tiles_reference`."""
    half = np.empty((36, LANES), dx.dtype)
    for n in range(dv.shape[1]):
        for r in range(dv.shape[2]):
            top = 4 * r - pad[0]
            for q in range(dv.shape[3]):
                left = 4 * q - pad[1]
                for c in range(0, dv.shape[4], LANES):
                    for j in range(6):
                        t0, t1, t2, t3, t4, t5 = _b(
                            load(dv, (j, n, r, q, c), tail),
                            load(dv, (6 + j, n, r, q, c), tail),
                            load(dv, (12 + j, n, r, q, c), tail),
                            load(dv, (18 + j, n, r, q, c), tail),
                            load(dv, (24 + j, n, r, q, c), tail),
                            load(dv, (30 + j, n, r, q, c), tail),
                        )
                        store(half, (j, 0), t0)
                        store(half, (6 + j, 0), t1)
                        store(half, (12 + j, 0), t2)
                        store(half, (18 + j, 0), t3)
                        store(half, (24 + j, 0), t4)
                        store(half, (30 + j, 0), t5)
                    for i in range(6):
                        row = top + i
                        if 0 <= row < dx.shape[1]:
                            t0, t1, t2, t3, t4, t5 = _b(
                                load(half, (6 * i, 0)),
                                load(half, (6 * i + 1, 0)),
                                load(half, (6 * i + 2, 0)),
                                load(half, (6 * i + 3, 0)),
                                load(half, (6 * i + 4, 0)),
                                load(half, (6 * i + 5, 0)),
                            )
                            _add(dx, n, row, left, c, t0, tail)
                            _add(dx, n, row, left + 1, c, t1, tail)
                            _add(dx, n, row, left + 2, c, t2, tail)
                            _add(dx, n, row, left + 3, c, t3, tail)
                            _add(dx, n, row, left + 4, c, t4, tail)
                            _add(dx, n, row, left + 5, c, t5, tail)


def weight_gradient_tiles_reference(du: Array, dw: Array) -> None:
    """dw += G^T dU G.

    Parameters
    ----------
    du
        Gradient of U, (36, C, K).
    dw
        Gradient of the weights, (3, 3, C, K), added to.
    """
    dw += np.einsum("ai,abck,bj->ijck", G, du.reshape(6, 6, *du.shape[1:]), G)


@kernel(weight_gradient_tiles_reference, vectors="du dw")
def weight_gradient_tiles(du: Array, dw: Array, tail: Any) -> None:
    """dw += G^T dU G; see :func:`weight_gradient_tiles_reference`."""
    half = np.empty((18, LANES), du.dtype)
    for c in range(dw.shape[2]):
        for k in range(0, dw.shape[3], LANES):
            for j in range(6):
                t0, t1, t2 = _g_transposed(
                    load(du, (j, c, k), tail),
                    load(du, (6 + j, c, k), tail),
                    load(du, (12 + j, c, k), tail),
                    load(du, (18 + j, c, k), tail),
                    load(du, (24 + j, c, k), tail),
                    load(du, (30 + j, c, k), tail),
                )
                store(half, (j, 0), t0)
                store(half, (6 + j, 0), t1)
                store(half, (12 + j, 0), t2)
            for i in range(3):
                t0, t1, t2 = _g_transposed(
                    load(half, (6 * i, 0)),
                    load(half, (6 * i + 1, 0)),
                    load(half, (6 * i + 2, 0)),
                    load(half, (6 * i + 3, 0)),
                    load(half, (6 * i + 4, 0)),
                    load(half, (6 * i + 5, 0)),
                )
                store(dw, (i, 0, c, k), load(dw, (i, 0, c, k), tail) + t0, tail)
                store(dw, (i, 1, c, k), load(dw, (i, 1, c, k), tail) + t1, tail)
                store(dw, (i, 2, c, k), load(dw, (i, 2, c, k), tail) + t2, tail)
