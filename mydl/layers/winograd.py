"""Winograd's algorithm behind Conv2d: when it is chosen, and one call for each direction.

How it works is told in :mod:`mydl.kernels.winograd` and, step by step, in docs/winograd.md.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..kernels.winograd import tile_grid
from ..kernels.winograd_convolution import winograd_backward, winograd_forward
from ..layer import Array, Parameter, Shape
from ..names import unknown
from .window import Pair, Window

ALGORITHMS = ("auto", "im2col", "winograd")


def check_algorithm(algorithm: str, window: Window) -> str:
    """Return the name of an algorithm if there is one and it can do with the window.

    >>> check_algorithm("winograd", Window.of(3, 2, 1))
    Traceback (most recent call last):
    ValueError: algorithm 'winograd' needs a 3x3 window with stride 1, got kernel_size=3, stride=2,
    padding=1: take 'auto' or 'im2col'
    """
    if algorithm not in ALGORITHMS:
        raise ValueError(unknown("algorithm", algorithm, ALGORITHMS))
    if algorithm == "winograd" and not _fits(window):
        raise ValueError(
            f"algorithm 'winograd' needs a 3x3 window with stride 1, got {window}: take 'auto' or "
            "'im2col'"
        )
    return algorithm


def is_chosen(algorithm: str, window: Window, dtype: np.dtype[Any], output_shape: Shape) -> bool:
    """Whether a convolution goes through Winograd.

    "auto" says yes for a window that fits, in float32, where :func:`is_faster` does. In float64,
    which is for gradient checks, it stays with im2col, though Winograd would be faster there too:
    whoever checks ``conv.py`` wants to check what stands in ``conv.py``.
    """
    if check_algorithm(algorithm, window) == "auto":
        return _fits(window) and dtype == np.float32 and is_faster(output_shape)
    return algorithm == "winograd"


def is_faster(output_shape: Shape) -> bool:
    """Whether Winograd is worth its transforms: by the size of the output (N, H, W, C).

    There have to be 64 pixels in the batch, or transforming the weights costs more than is saved;
    and the tiles of 4x4 pixels have to be at least half full. How many channels there are hardly
    matters. docs/winograd.md has the measurements.

    >>> is_faster((1, 8, 8, 64)), is_faster((1, 4, 4, 64)), is_faster((16, 4, 4, 64))
    (True, False, True)
    >>> is_faster((16, 6, 6, 64)), is_faster((16, 5, 5, 64))
    (True, False)
    """
    n, h, w, _ = output_shape
    rows, columns = tile_grid(h, w)
    return n * h * w >= 64 and h * w >= 8 * rows * columns


def forward(
    x: Array, weight: Parameter, bias: Parameter | None, output_shape: Shape, pad: Pair
) -> Array:
    """The convolution of ``x``; ``pad`` is rows of zeros above and columns of zeros to the left."""
    y = np.empty(output_shape, x.dtype)
    b = np.zeros(output_shape[-1], x.dtype) if bias is None else bias.data
    winograd_forward(x, weight.data, b, y, pad, False)
    return y


def backward(dy: Array, x: Array, weight: Parameter, bias: Parameter | None, pad: Pair) -> Array:
    """Add to the gradients of weight and bias, and return that of ``x``."""
    dx, dbias = np.zeros_like(x), np.zeros(dy.shape[-1], dy.dtype)
    no_relu = np.broadcast_to(np.ones(dy.shape[-1], dy.dtype), dy.shape)
    winograd_backward(dy, no_relu, x, weight.data, weight.grad, dbias, dx, pad)
    if bias is not None:
        bias.grad += dbias
    return dx


def _fits(window: Window) -> bool:
    return window.kernel_size == (3, 3) and window.stride == (1, 1)
