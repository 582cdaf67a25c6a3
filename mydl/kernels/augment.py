"""Windows of images, shifted, mirrored, cut out and normalised in one pass, and mixtures of two."""

from __future__ import annotations

import numpy as np

from ..layer import Array
from .compile import kernel


def take_windows_reference(
    images: Array,
    windows: Array,
    values: Array,
    top: Array,
    left: Array,
    mirrored: Array,
    hole: int,
    hole_top: Array,
    hole_left: Array,
    hole_values: Array,
) -> None:
    """Look up the pixels of a window of each image, mirrored or not, with a square of one colour.

    Parameters
    ----------
    images
        (N, H, W, C), uint8. Around them everything is zero.
    windows
        Output, (N, H', W', C), in the dtype of ``values``.
    values
        What stands for each value of a pixel, (256, C): normalised, for example.
    top, left
        The image's row and column at the window's upper left corner, (N,).
    mirrored
        Whether the window's left and right are then swapped, (N,).
    hole
        Side of the square in pixels; it is clipped at the edges of the window.
    hole_top, hole_left
        The window's row and column at the square's corner, (N,).
    hole_values
        What the square is filled with, (C,).
    """
    n, h, w, channels = windows.shape
    for k in range(n):
        rows = top[k] + np.arange(h)
        columns = left[k] + np.arange(w)
        inside = np.ix_(
            (rows >= 0) & (rows < images.shape[1]), (columns >= 0) & (columns < images.shape[2])
        )
        window = np.zeros((h, w, channels), images.dtype)
        window[inside] = images[k][np.ix_(rows[inside[0].ravel()], columns[inside[1].ravel()])]
        if mirrored[k]:
            window = window[:, ::-1]
        windows[k] = values[window, np.arange(channels)]
        row, column = hole_top[k], hole_left[k]
        windows[k, max(row, 0) : max(row + hole, 0), max(column, 0) : max(column + hole, 0)] = (
            hole_values
        )


@kernel(take_windows_reference)
def take_windows(
    images: Array,
    windows: Array,
    values: Array,
    top: Array,
    left: Array,
    mirrored: Array,
    hole: int,
    hole_top: Array,
    hole_left: Array,
    hole_values: Array,
) -> None:
    """A window of each image; see :func:`take_windows_reference`."""
    n, h, w, channels = windows.shape
    for k in range(n):
        for row in range(h):
            from_row = top[k] + row
            inside = 0 <= from_row < images.shape[1]
            for column in range(w):
                from_column = left[k] + (w - 1 - column if mirrored[k] else column)
                if inside and 0 <= from_column < images.shape[2]:
                    for c in range(channels):
                        windows[k, row, column, c] = values[images[k, from_row, from_column, c], c]
                else:
                    for c in range(channels):
                        windows[k, row, column, c] = values[0, c]
        for row in range(max(hole_top[k], 0), min(hole_top[k] + hole, h)):
            for column in range(max(hole_left[k], 0), min(hole_left[k] + hole, w)):
                for c in range(channels):
                    windows[k, row, column, c] = hole_values[c]


def blend_reference(x: Array, other: Array, share: Array) -> None:
    """Replace each sample by ``share`` of it and the rest of another one.

    Parameters
    ----------
    x
        Input and output, (N, P).
    other
        (N, P).
    share
        (N,), of the same dtype.
    """
    x *= share[:, None]
    x += (1 - share[:, None]) * other


@kernel(blend_reference)
def blend(x: Array, other: Array, share: Array) -> None:
    """Mix pairs of samples; see :func:`blend_reference`."""
    n, length = x.shape
    for k in range(n):
        mine = share[k]
        rest = x.dtype.type(1) - mine
        for i in range(length):
            x[k, i] = mine * x[k, i] + rest * other[k, i]
