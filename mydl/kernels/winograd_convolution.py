"""A 3x3 convolution by Winograd's transforms, forward and backward in one pass each.

:mod:`mydl.kernels.winograd` has the steps. The 36 matrices between them are more than twice as
large as the images; to move them to memory and back costs as much as the arithmetic. So all steps
are taken for a block of tiles and of output channels before the next block is begun, and the
matrices stay in the second cache. Weights are transformed once a call; inputs are transformed again
for each block of channels and in the backward pass, which is quicker than to fetch what was kept.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from ..layer import Array
from .compile import LANES, called, kernel
from .pointwise import in_each_row, multiply_tiles
from .winograd import (
    Pair,
    input_tiles,
    output_tiles,
    tile_grid,
    weight_tiles,
    zero_padded,
)
from .winograd_gradients import input_gradient_tiles, output_gradient_tiles, weight_gradient_tiles

# A block: with 64 input channels, V, M and U take 0.6 MB each in float32.
_TILES = 64
_CHANNELS = 64


def winograd_forward_reference(
    x: Array, weight: Array, bias: Array, y: Array, pad: Pair, relu: bool
) -> None:
    """``y = x * weight + bias``, a convolution with stride 1; then ReLU if wanted.

    Parameters
    ----------
    x
        Images, (N, H, W, C).
    weight
        (3, 3, C, K).
    bias
        (K,).
    y
        Output, (N, H_out, W_out, K), which may be a slice of the channels of a wider array.
    pad
        Rows of zeros above and columns of zeros to the left of the image; as many as the output's
        shape asks for follow below and to the right.
    relu
        Whether negative values become zero.
    """
    _, h, w, _ = y.shape
    padded = zero_padded(x, pad, h + 2, w + 2)
    total = bias + sum(
        padded[:, i : i + h, j : j + w] @ weight[i, j] for i in range(3) for j in range(3)
    )
    y[...] = np.where(total.real < 0, 0, total) if relu else total


def winograd_backward_reference(
    dy: Array,
    y: Array,
    x: Array,
    weight: Array,
    dweight: Array,
    dbias: Array,
    dx: Array,
    pad: Pair,
) -> None:
    """The backward pass of ``y = relu(x * weight + bias)``; all three gradients are added to.

    Parameters
    ----------
    dy, y
        Gradient of the output and the output, (N, H_out, W_out, K), which may be slices of wider
        arrays. Where there was no ReLU, ``y`` is ``np.broadcast_to(ones, dy.shape)``.
    x, dx
        Images and their gradient, (N, H, W, C).
    weight, dweight
        Weights and their gradient, (3, 3, C, K).
    dbias
        Gradient of the bias, (K,).
    pad
        Rows above and columns to the left of the image that were read as zeros.
    """
    _, h, w, _ = dy.shape
    g = np.where(y.real > 0, dy, 0)
    dbias += g.sum(axis=(0, 1, 2))
    padded = zero_padded(x, pad, h + 2, w + 2)
    dpadded = np.zeros_like(padded)
    for i in range(3):
        for j in range(3):
            window = (slice(None), slice(i, i + h), slice(j, j + w))
            dweight[i, j] += np.tensordot(padded[window], g, axes=((0, 1, 2), (0, 1, 2)))
            dpadded[window] += g @ weight[i, j].T
    dx += dpadded[:, pad[0] : pad[0] + dx.shape[1], pad[1] : pad[1] + dx.shape[2]]


_tile_grid = called()(tile_grid)


@called()
def _block(rows: int, columns: int) -> Pair:
    """How many images of a grid of tiles make up a block, or else how many of an image's rows."""
    if rows * columns <= _TILES:
        return max(1, _TILES // max(1, rows * columns)), max(1, rows)
    return 1, max(1, _TILES // columns)


@called()
def _room(size: int, like: Array) -> Array:
    """Room for 36 matrices of ``size`` values.

    A few more keep their distance from being a multiple of 4 KiB, at which all 36 would use the
    same few lines of the first cache.
    """
    return np.empty((36, size + LANES), like.dtype)


@called()
def _as_matrices(room: Array, rows: int, columns: int) -> Array:
    """The beginning of each row of ``room`` as a matrix."""
    size = room.itemsize
    return as_strided(room, (36, rows, columns), (room.strides[0], columns * size, size))


@called()
def _as_tiles(room: Array, images: int, rows: int, columns: int, channels: int) -> Array:
    """The same, for each channel of each tile in a grid for each image."""
    s_channel = room.itemsize
    s_column = channels * s_channel
    s_row = columns * s_column
    strides = (room.strides[0], rows * s_row, s_row, s_column, s_channel)
    return as_strided(room, (36, images, rows, columns, channels), strides)


@called()
def _transpose(weight: Array, transposed: Array) -> None:
    """Swap input and output channels."""
    for i in range(3):
        for j in range(3):
            for c in range(weight.shape[2]):
                for k in range(weight.shape[3]):
                    transposed[i, j, k, c] = weight[i, j, c, k]


_input_tiles, _input_gradient_tiles = input_tiles.compiled, input_gradient_tiles.compiled
_weight_tiles, _weight_gradient_tiles = weight_tiles.compiled, weight_gradient_tiles.compiled
_output_tiles, _output_gradient_tiles = output_tiles.compiled, output_gradient_tiles.compiled


@kernel(winograd_forward_reference, vectors="x weight bias y")
def winograd_forward(
    x: Array, weight: Array, bias: Array, y: Array, pad: Pair, relu: bool, tail: Any
) -> None:
    """``y = x * weight + bias``, then ReLU; see :func:`winograd_forward_reference`."""
    (count, h_out, w_out, k_out), c_in = y.shape, x.shape[3]
    grid_rows, columns = _tile_grid(h_out, w_out)
    images, rows = _block(grid_rows, columns)
    room_v = _room(images * rows * columns * c_in, x)
    room_m = _room(images * rows * columns * _CHANNELS, x)
    room_u = _room(c_in * _CHANNELS, x)
    zeros = in_each_row(np.zeros(_CHANNELS, x.dtype), images * rows * columns)
    for k in range(0, k_out, _CHANNELS):
        k_end = min(k + _CHANNELS, k_out)
        u = _as_matrices(room_u, c_in, k_end - k)
        _weight_tiles(weight[:, :, :, k:k_end], u, tail)
        for n in range(0, count, images):
            n_end = min(n + images, count)
            for r in range(0, grid_rows, rows):
                r_end = min(r + rows, grid_rows)
                size = (n_end - n) * (r_end - r) * columns
                v, m = _as_matrices(room_v, size, c_in), _as_matrices(room_m, size, k_end - k)
                v_tiles = _as_tiles(room_v, n_end - n, r_end - r, columns, c_in)
                m_tiles = _as_tiles(room_m, n_end - n, r_end - r, columns, k_end - k)
                _input_tiles(x[n:n_end], v_tiles, (pad[0] - 4 * r, pad[1]), tail)
                for i in range(36):
                    multiply_tiles(v[i], u[i], zeros, m[i], -np.inf, tail)
                out = y[n:n_end, 4 * r : 4 * r_end, :, k:k_end]
                _output_tiles(m_tiles, bias[k:k_end], out, relu, tail)


@kernel(winograd_backward_reference, vectors="dy y x weight dweight dbias dx")
def winograd_backward(
    dy: Array,
    y: Array,
    x: Array,
    weight: Array,
    dweight: Array,
    dbias: Array,
    dx: Array,
    pad: Pair,
    tail: Any,
) -> None:
    """Gradients of a 3x3 convolution; see :func:`winograd_backward_reference`."""
    (count, h_out, w_out, k_out), c_in = dy.shape, x.shape[3]
    grid_rows, columns = _tile_grid(h_out, w_out)
    images, rows = _block(grid_rows, columns)
    room_v, room_dv = (
        _room(images * rows * columns * c_in, x),
        _room(images * rows * columns * c_in, x),
    )
    room_dm = _room(images * rows * columns * _CHANNELS, x)
    room_u, room_du = _room(c_in * _CHANNELS, x), _room(c_in * _CHANNELS, x)
    transposed = np.empty((3, 3, _CHANNELS, c_in), x.dtype)
    zeros = in_each_row(np.zeros(max(c_in, _CHANNELS), x.dtype), max(c_in, images * rows * columns))
    for k in range(0, k_out, _CHANNELS):
        k_end = min(k + _CHANNELS, k_out)
        _transpose(weight[:, :, :, k:k_end], transposed)
        u = _as_matrices(room_u, k_end - k, c_in)  # U^T: it is linear in the weights
        du = _as_matrices(room_du, c_in, k_end - k)
        _weight_tiles(transposed[:, :, : k_end - k], u, tail)
        for n in range(0, count, images):
            n_end = min(n + images, count)
            for r in range(0, grid_rows, rows):
                r_end = min(r + rows, grid_rows)
                size = (n_end - n) * (r_end - r) * columns
                v, dv = _as_matrices(room_v, size, c_in), _as_matrices(room_dv, size, c_in)
                dm = _as_matrices(room_dm, size, k_end - k)
                v_tiles = _as_tiles(room_v, n_end - n, r_end - r, columns, c_in)
                dv_tiles = _as_tiles(room_dv, n_end - n, r_end - r, columns, c_in)
                dm_tiles = _as_tiles(room_dm, n_end - n, r_end - r, columns, k_end - k)
                pads = (pad[0] - 4 * r, pad[1])
                _input_tiles(x[n:n_end], v_tiles, pads, tail)
                _output_gradient_tiles(
                    dy[n:n_end, 4 * r : 4 * r_end, :, k:k_end],
                    y[n:n_end, 4 * r : 4 * r_end, :, k:k_end],
                    dm_tiles,
                    dbias[k:k_end],
                    tail,
                )
                for i in range(36):
                    multiply_tiles(v[i].T, dm[i], du[i] if n + r else zeros, du[i], -np.inf, tail)
                    multiply_tiles(dm[i], u[i], zeros, dv[i], -np.inf, tail)
                _input_gradient_tiles(dv_tiles, dx[n:n_end], pads, tail)
        if count:
            _weight_gradient_tiles(du, dweight[:, :, :, k:k_end], tail)
