"""Shifting and mirroring images, one pass over the pixels."""

from __future__ import annotations

import numpy as np

from ..layer import Array
from .compile import kernel


def shift_and_mirror_reference(
    images: Array, shifted: Array, down: Array, right: Array, mirrored: Array
) -> None:
    """Move each image's content and then mirror it; what comes in from outside is zero.

    Args:
        images: (N, H, W, C).
        shifted: output, (N, H, W, C).
        down, right: pixels by which the content of each image moves, (N,); negative ones move it up
            and to the left.
        mirrored: whether left and right are then swapped, (N,).
    """
    n, h, w, _ = images.shape
    for k in range(n):
        margin = max(abs(int(down[k])), abs(int(right[k])))
        padded = np.pad(images[k], ((margin, margin), (margin, margin), (0, 0)))
        top, left = margin - down[k], margin - right[k]
        window = padded[top : top + h, left : left + w]
        shifted[k] = window[:, ::-1] if mirrored[k] else window


@kernel(shift_and_mirror_reference)
def shift_and_mirror(
    images: Array, shifted: Array, down: Array, right: Array, mirrored: Array
) -> None:
    """Move each image's content and then mirror it; see :func:`shift_and_mirror_reference`."""
    n, h, w, channels = images.shape
    for k in range(n):
        for row in range(h):
            from_row = row - down[k]
            inside = 0 <= from_row < h
            for col in range(w):
                from_col = (w - 1 - col if mirrored[k] else col) - right[k]
                if inside and 0 <= from_col < w:
                    for c in range(channels):
                        shifted[k, row, col, c] = images[k, from_row, from_col, c]
                else:
                    for c in range(channels):
                        shifted[k, row, col, c] = 0
