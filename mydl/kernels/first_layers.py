"""The first layers in one pass: a convolution of images, bias, ReLU and max pooling.

An image has three channels, so a convolution's windows are short rows (27 numbers for 3x3), and its
output is the largest array of the whole network. Neither need exist in memory: a few rows of output
pixels at a time, the windows are laid out, multiplied and pooled while they are in the cache.

The maximum comes before bias and ReLU. Adding a number and cutting at zero keep the order of
values, so the result is the same, with a quarter of the work for windows of stride 2.

Backward, all but one pixel of each pooling window have no gradient. So the weights' gradient is
summed from the winners alone: for each pooled pixel and output channel, the window of the image
that won, times the gradient. That is a quarter of the arithmetic of the matrix product. The
gradient of the images, which training does not need, is not computed.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from ..layer import Array
from .compile import LANES, called, kernel
from .im2col import Pair, im2col
from .pointwise import in_each_row, multiply_tiles, pass_relu
from .pooling import maxpool, maxpool_backward
from .simd import load, maximum, splat, spread, store, where

# Floats of convolution output to work on at a time, a quarter of a second cache of 1 MB.
_BLOCK = 1 << 16


def conv_pool_reference(
    x: Array,
    weight: Array,
    bias: Array,
    y: Array,
    argument: Array | None,
    conv: tuple[Pair, Pair, Pair],
    pool: tuple[Pair, Pair, Pair],
) -> None:
    """``y = maxpool(relu(x * weight + bias))``, and the cell of each window that won.

    Parameters
    ----------
    x
        Images, (N, H, W, C).
    weight
        (K_h, K_w, C, K).
    bias
        (K,).
    y
        Output, (N, H_pooled, W_pooled, K).
    argument
        Output of the same shape, uint8: numbers of the winning cells, as
        :func:`mydl.kernels.pooling.maxpool` counts them. None where nobody asks.
    conv
        Output size of the convolution (rows, columns), its stride, and its (top, left) padding.
    pool
        Kernel size, stride and (top, left) padding of the pooling.
    """
    size, stride, pad = conv
    cols = np.empty((x.shape[0], *size, *weight.shape[:3]), x.dtype)
    im2col.reference(x, cols, stride, pad)
    z = np.tensordot(cols, weight, axes=3)
    maxpool.reference(z, y, argument, *pool)
    y += bias
    y[...] = np.where(y.real < 0, 0, y)


def conv_pool_backward_reference(
    dy: Array,
    y: Array,
    argument: Array,
    x: Array,
    dweight: Array,
    dbias: Array,
    conv: tuple[Pair, Pair, Pair],
    pool: tuple[Pair, Pair, Pair],
) -> None:
    """The backward pass: gradients of the weights and of the bias are added to.

    Parameters
    ----------
    dy, y
        Gradient of the output and the output, (N, H_pooled, W_pooled, K).
    argument
        Numbers of the winning cells.
    x
        Images, (N, H, W, C).
    dweight
        (K_h, K_w, C, K).
    dbias
        (K,).
    conv, pool
        As in the forward pass.
    """
    size, stride, pad = conv
    g = np.where(y.real > 0, dy, 0)
    dbias += g.sum(axis=(0, 1, 2))
    dz = np.empty((x.shape[0], *size, dy.shape[3]), dy.dtype)
    maxpool_backward.reference(g, argument, dz, *pool)
    cols = np.empty((x.shape[0], *size, *dweight.shape[:3]), x.dtype)
    im2col.reference(x, cols, stride, pad)
    dweight += np.tensordot(cols, dz, axes=((0, 1, 2), (0, 1, 2)))


@called()
def _pad_image(image: Array, rows: Pair, pad: Pair, padded: Array) -> None:
    """Copy some rows of an image with padding; the pixels of a row lie side by side in ``padded``.

    Parameters
    ----------
    rows
        First and end of the rows, counted with the padding.
    pad
        Rows above and columns to the left of the image.
    """
    _, width, channels = image.shape
    columns = min(width, (padded.shape[1] - LANES) // channels - pad[1])  # beyond: zeros
    size = image.itemsize
    for row in range(max(rows[0], pad[0]), min(rows[1], image.shape[0] + pad[0])):
        if image.strides[1] == channels * size and image.strides[2] == size:
            line = as_strided(image[row - pad[0]], (columns * channels,), (size,))
            for i in range(0, columns * channels, LANES):
                store(
                    padded[row, : (pad[1] + columns) * channels],
                    (pad[1] * channels + i,),
                    load(line, (i,), 0),
                    0,
                )
        else:
            for col in range(columns):
                for c in range(channels):
                    padded[row, (pad[1] + col) * channels + c] = image[row - pad[0], col, c]


@called()
def _lay_out_windows(
    padded: Array, rows: Pair, columns: int, kernel_shape: tuple[int, int, int], stride: Pair,
    windows: Array, length: int,
) -> None:  # fmt: skip
    """The windows of some rows of output pixels, one behind the other, ``length`` numbers each.

    A row of a window lies side by side in the image. It is copied 16 numbers at a time: what is
    too much is overwritten by the next row's copy, or lies behind the numbers of the window.
    """
    k_h, k_w, channels = kernel_shape
    for p in range(rows[0], rows[1]):
        for q in range(columns):
            start = ((p - rows[0]) * columns + q) * length
            for i in range(k_h):
                for j in range(0, k_w * channels, LANES):
                    values = load(padded, (p * stride[0] + i, q * stride[1] * channels + j))
                    store(windows, (start + i * k_w * channels + j,), values)


@called()
def _plan(
    weight_shape: tuple[int, int, int, int], conv: tuple[Pair, Pair, Pair],
    pool: tuple[Pair, Pair, Pair], pooled_rows: int,
) -> tuple[int, int, int]:  # fmt: skip
    """Pooled rows in a block, the rows of output pixels they need, the room for one window."""
    (_, columns), (kernel_rows, _), (step, _) = conv[0], pool[0], pool[1]
    possible = _BLOCK // max(1, columns * weight_shape[3])
    rows = min(max(1, (possible - kernel_rows) // step + 1), max(1, pooled_rows))
    numbers = weight_shape[0] * weight_shape[1] * weight_shape[2]
    return rows, (rows - 1) * step + kernel_rows, -(-numbers // (2 * LANES)) * 2 * LANES


@called()
def _pool(
    z: Array, n: int, row: int, z_rows: Pair, z_columns: int, pool: tuple[Pair, Pair, Pair],
    bias: Array, y: Array, argument: Array | None, tail: Any,
) -> None:  # fmt: skip
    """One row of pooled pixels from rows of output pixels, then bias and ReLU."""
    (k_h, k_w), (s_h, s_w), (top, left) = pool
    first = row * s_h - top
    i_first, i_end = max(0, z_rows[0] - first), min(k_h, z_rows[1] - first)
    for q in range(y.shape[2]):
        col = q * s_w - left
        j_first, j_end = max(0, -col), min(k_w, z_columns - col)
        for k in range(0, y.shape[3], LANES):
            start = (first + i_first - z_rows[0]) * z_columns + col + j_first
            best = load(z, (start, k), tail)
            if argument is not None:
                cell = splat(argument, i_first * k_w + j_first)
            for i in range(i_first, i_end):
                pixel = (first + i - z_rows[0]) * z_columns + col
                for j in range(j_first, j_end):
                    values = load(z, (pixel + j, k), tail)
                    wins = (values > best) | (values != values)
                    best = where(wins, values, best)
                    if argument is not None:
                        cell = where(wins, i * k_w + j, cell)
            store(y, (n, row, q, k), maximum(best + load(bias, (k,), tail), 0), tail)
            if argument is not None:
                store(argument, (n, row, q, k), cell, tail)


@kernel(conv_pool_reference, vectors="weight bias y argument")
def conv_pool(
    x: Array,
    weight: Array,
    bias: Array,
    y: Array,
    argument: Array | None,
    conv: tuple[Pair, Pair, Pair],
    pool: tuple[Pair, Pair, Pair],
    tail: Any,
) -> None:
    """``y = maxpool(relu(x * weight + bias))``; see :func:`conv_pool_reference`."""
    k_h, k_w, channels, k_out = weight.shape
    (z_height, z_width), stride, pad = conv
    block, most_rows, length = _plan(weight.shape, conv, pool, y.shape[1])
    height, width = (z_height - 1) * stride[0] + k_h, (z_width - 1) * stride[1] + k_w
    padded = np.zeros((height, width * channels + LANES), x.dtype)
    windows = np.zeros(most_rows * z_width * length + LANES, x.dtype)
    size, numbers = x.itemsize, k_h * k_w * channels
    matrix = as_strided(windows, (most_rows * z_width, numbers), (length * size, size))
    weights = as_strided(np.ascontiguousarray(weight), (numbers, k_out), (k_out * size, size))
    z = np.empty((most_rows * z_width, k_out + LANES), x.dtype)[:, :k_out]
    zeros = in_each_row(np.zeros(k_out, x.dtype), len(z))
    whole = _rows_under(0, y.shape[1], z_height, pool)
    image_rows = whole[0] * stride[0], (whole[1] - 1) * stride[0] + k_h
    for n in range(y.shape[0]):
        _pad_image(x[n], image_rows, pad, padded)
        made = whole[0], whole[0]
        for p in range(0, y.shape[1], block):
            p_end = min(p + block, y.shape[1])
            rows = _rows_under(p, p_end, z_height, pool)
            known = max(0, made[1] - rows[0])  # rows that the last block has made
            start = known * z_width
            for i in range(start):
                for k in range(k_out):
                    z[i, k] = z[(rows[0] - made[0]) * z_width + i, k]
            made, new = rows, (rows[0] + known, rows[1])
            _lay_out_windows(padded, new, z_width, (k_h, k_w, channels), stride, windows, length)
            pixels = (new[1] - new[0]) * z_width
            multiply_tiles(
                matrix[:pixels], weights, zeros, z[start : start + pixels], -np.inf, tail
            )
            for row in range(p, p_end):
                _pool(z, n, row, rows, z_width, pool, bias, y, argument, tail)


@called()
def _rows_under(first: int, end: int, height: int, pool: tuple[Pair, Pair, Pair]) -> Pair:
    """The rows of output pixels that rows of pooled pixels look at."""
    (k_h, _), (s_h, _), (top, _) = pool
    return max(0, first * s_h - top), min(height, (end - 1) * s_h - top + k_h)


@kernel(conv_pool_backward_reference, vectors="dy y argument dweight dbias")
def conv_pool_backward(
    dy: Array,
    y: Array,
    argument: Array,
    x: Array,
    dweight: Array,
    dbias: Array,
    conv: tuple[Pair, Pair, Pair],
    pool: tuple[Pair, Pair, Pair],
    tail: Any,
) -> None:
    """Gradients of weights and bias; see :func:`conv_pool_backward_reference`."""
    k_h, k_w, channels, k_out = dweight.shape
    (z_height, z_width), stride, pad = conv
    block, most_rows, length = _plan(dweight.shape, conv, pool, y.shape[1])
    height, width = (z_height - 1) * stride[0] + k_h, (z_width - 1) * stride[1] + k_w
    padded = np.zeros((height, width * channels + LANES), x.dtype)
    windows = np.zeros(most_rows * z_width * length + LANES, x.dtype)
    total = np.zeros((k_out, length), x.dtype)  # of the weights' gradient, transposed
    g = np.empty((y.shape[2], k_out), x.dtype)
    cells = np.empty(pool[0][0] * pool[0][1], np.int64)  # where in ``windows``, from the first
    for cell in range(len(cells)):
        cells[cell] = (cell // pool[0][1] * z_width + cell % pool[0][1]) * length
    for n in range(y.shape[0]):
        _pad_image(x[n], (0, height), pad, padded)
        for p in range(0, y.shape[1], block):
            p_end = min(p + block, y.shape[1])
            rows = _rows_under(p, p_end, z_height, pool)
            _lay_out_windows(padded, rows, z_width, (k_h, k_w, channels), stride, windows, length)
            for row in range(p, p_end):
                pass_relu(dy[n, row], y[n, row], g, dbias, tail)
                start = (row * pool[1][0] - pool[2][0] - rows[0]) * z_width - pool[2][1]
                _add_winners(
                    g, argument[n, row], cells, start * length, pool[1][1] * length, windows, total
                )
    for i in range(k_h):
        for j in range(k_w):
            for c in range(channels):
                for k in range(k_out):
                    dweight[i, j, c, k] += total[k, (i * k_w + j) * channels + c]


@called()
def _add_winners(
    g: Array, argument: Array, cells: Array, start: int, step: int, windows: Array, total: Array
) -> None:
    """For each pixel and channel, add the gradient times the window that won to the channel's sum.

    Four channels at a time, 32 numbers of each window: their sums stay in registers.
    """
    last = g.shape[1] - 1
    for v in range(0, total.shape[1], 2 * LANES):
        for k in range(0, g.shape[1], 4):
            k1, k2, k3 = min(k + 1, last), min(k + 2, last), min(k + 3, last)
            a0, b0 = load(total, (k, v)), load(total, (k, v + LANES))
            a1, b1 = load(total, (k1, v)), load(total, (k1, v + LANES))
            a2, b2 = load(total, (k2, v)), load(total, (k2, v + LANES))
            a3, b3 = load(total, (k3, v)), load(total, (k3, v + LANES))
            for q in range(g.shape[0]):
                first = start + q * step + v
                w0, w1 = first + cells[argument[q, k]], first + cells[argument[q, k1]]
                w2, w3 = first + cells[argument[q, k2]], first + cells[argument[q, k3]]
                g0, g1, g2, g3 = (
                    spread(g, (q, k)),
                    spread(g, (q, k1)),
                    spread(g, (q, k2)),
                    spread(g, (q, k3)),
                )
                a0, b0 = a0 + g0 * load(windows, (w0,)), b0 + g0 * load(windows, (w0 + LANES,))
                a1, b1 = a1 + g1 * load(windows, (w1,)), b1 + g1 * load(windows, (w1 + LANES,))
                a2, b2 = a2 + g2 * load(windows, (w2,)), b2 + g2 * load(windows, (w2 + LANES,))
                a3, b3 = a3 + g3 * load(windows, (w3,)), b3 + g3 * load(windows, (w3 + LANES,))
            store(total, (k, v), a0)
            store(total, (k, v + LANES), b0)
            store(total, (k1, v), a1)
            store(total, (k1, v + LANES), b1)
            store(total, (k2, v), a2)
            store(total, (k2, v + LANES), b2)
            store(total, (k3, v), a3)
            store(total, (k3, v + LANES), b3)
