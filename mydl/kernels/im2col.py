"""im2col and col2im: a convolution's windows as the rows of a matrix, and back.

``cols[n, p, q, i, j, c]`` is the value of ``x`` under cell ``(i, j)`` of the window whose output is
pixel ``(p, q)``: ``x[n, p*s_h + i - top, q*s_w + j - left, c]``, or zero outside the image. Read as
a matrix, ``cols`` has a row for each output pixel and a column for each weight of one filter.
"""

from __future__ import annotations

import numpy as np

from ..layer import Array
from .compile import kernel

Pair = tuple[int, int]


def im2col_reference(x: Array, cols: Array, stride: Pair, pad: Pair) -> None:
    """Write the windows of ``x`` into ``cols``.

    Parameters
    ----------
    x
        Images, (N, H, W, C).
    cols
        Output, (N, H_out, W_out, K_h, K_w, C).
    stride
        Rows and columns from one window to the next.
    pad
        Rows of zeros above and columns of zeros to the left of the image; as many as are needed
        follow below and to the right.
    """
    n, h, w, c = x.shape
    _, h_out, w_out, k_h, k_w, _ = cols.shape
    (s_h, s_w), (top, left) = stride, pad
    padded = np.zeros((n, s_h * h_out + k_h + top + h, s_w * w_out + k_w + left + w, c), x.dtype)
    padded[:, top : top + h, left : left + w] = x
    for i in range(k_h):
        for j in range(k_w):
            cols[:, :, :, i, j] = padded[:, i : i + s_h * h_out : s_h, j : j + s_w * w_out : s_w]


@kernel(im2col_reference)
def im2col(x: Array, cols: Array, stride: Pair, pad: Pair) -> None:
    """Write the windows of ``x`` into ``cols``; see :func:`im2col_reference`."""
    _, h, w, _ = x.shape
    n_out, h_out, w_out, k_h, k_w, c_in = cols.shape
    for n in range(n_out):
        for p in range(h_out):
            for i in range(k_h):
                row = p * stride[0] + i - pad[0]
                for q in range(w_out):
                    for j in range(k_w):
                        col = q * stride[1] + j - pad[1]
                        if 0 <= row < h and 0 <= col < w:
                            for c in range(c_in):
                                cols[n, p, q, i, j, c] = x[n, row, col, c]
                        else:
                            for c in range(c_in):
                                cols[n, p, q, i, j, c] = 0


def col2im_reference(dcols: Array, dx: Array, stride: Pair, pad: Pair) -> None:
    """Sum the windows of ``dcols`` into ``dx``: the transpose, and so the backward, of im2col.

    Parameters
    ----------
    dcols
        Gradient of ``cols``, (N, H_out, W_out, K_h, K_w, C).
    dx
        Output, (N, H, W, C); each pixel receives the sum over every window that read it.
    stride
        Rows and columns from one window to the next.
    pad
        Rows above and columns to the left of the image that were read as zeros.
    """
    n, h, w, c = dx.shape
    _, h_out, w_out, k_h, k_w, _ = dcols.shape
    (s_h, s_w), (top, left) = stride, pad
    padded = np.zeros((n, s_h * h_out + k_h + top + h, s_w * w_out + k_w + left + w, c), dx.dtype)
    for i in range(k_h):
        for j in range(k_w):
            padded[:, i : i + s_h * h_out : s_h, j : j + s_w * w_out : s_w] += dcols[:, :, :, i, j]
    dx[...] = padded[:, top : top + h, left : left + w]


@kernel(col2im_reference)
def col2im(dcols: Array, dx: Array, stride: Pair, pad: Pair) -> None:
    """Sum the windows of ``dcols`` into ``dx``; see :func:`col2im_reference`.

    Written as a gather: each image row is finished before the next, while it is in the cache.
    """
    n_in, h, w, c_in = dx.shape
    _, h_out, w_out, k_h, k_w, _ = dcols.shape
    for n in range(n_in):
        for row in range(h):
            for col in range(w):
                for c in range(c_in):
                    dx[n, row, col, c] = 0
            for i in range(k_h):
                p, rest = divmod(row + pad[0] - i, stride[0])
                if rest != 0 or p < 0 or p >= h_out:
                    continue
                for q in range(w_out):
                    for j in range(k_w):
                        col = q * stride[1] + j - pad[1]
                        if 0 <= col < w:
                            for c in range(c_in):
                                dx[n, row, col, c] += dcols[n, p, q, i, j, c]
