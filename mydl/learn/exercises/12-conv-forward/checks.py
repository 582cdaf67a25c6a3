"""Checks of the convolution's forward pass against the formula, evaluated window by window."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from mydl.learn.checks import check, compare

LIBRARY = ("mydl.layers.conv:Conv2d.forward",)
PAGE = "layers/conv2d"

IMAGE = np.array([[1.0, 0, 2, 1], [3, 1, 0, 2], [0, 2, 1, 1], [1, 3, 2, 0]]).reshape(1, 4, 4, 1)
KERNEL = np.array([[1.0, 0, -1], [2, 1, 0], [0, -1, 1]]).reshape(3, 3, 1, 1)


def convolve(x, w):
    """The convolution without its bias."""
    windows = sliding_window_view(x, w.shape[:2], axis=(1, 2))  # (N, H_out, W_out, C, kh, kw)
    return np.einsum("npqcij,ijck->npqk", windows, w)


def one_index(w):
    """The square kernels that act like w if its place is taken to be (i, i), and (j, j)."""
    cells = np.arange(len(w))
    along_i, along_j = np.zeros_like(w), np.zeros_like(w)
    along_i[cells, cells], along_j[cells, cells] = w.sum(axis=1), w.sum(axis=0)
    return {"i": along_i, "j": along_j}


def draw(seed, x_shape, kernel_size, filters):
    rng = np.random.default_rng(seed)
    w = rng.normal(size=(*kernel_size, x_shape[3], filters))
    return rng.normal(size=x_shape), w, rng.normal(size=filters)


def compare_y(student, x, w, b):
    kh, kw, c, k = w.shape
    y = convolve(x, w)
    mistakes = {
        "bias-forgotten": ("you left out the bias: add b[k] to every pixel of channel k", y),
        "bias-per-cell": (
            "you added the bias once for each cell of the window. It belongs outside the sum: "
            "y = b + sum of x * w",
            y + b * kh * kw,
        ),
        "bias-per-product": (
            "you added the bias once for each product x * w. It belongs outside the sum: "
            "y = b + sum of x * w",
            y + b * kh * kw * c,
        ),
        "flip": (
            "you turned the kernel by 180 degrees, as in a mathematician's convolution. Here it "
            "stays as it is: x[p + i, q + j] meets w[i, j]",
            convolve(x, w[::-1, ::-1]) + b,
        ),
        "overwritten": (
            "only the last cell of the window counts: you assign where you should add. Start "
            "from zeros and write y += ... for each cell",
            convolve(x[:, kh - 1 :, kw - 1 :], w[-1:, -1:]) + b,
        ),
        "channel-forgotten": (
            "only the first channel of the image counts. The sum runs over all of them: i, j and c",
            convolve(x[..., :1], w[:, :, :1]) + b,
        ),
        "channel-overwritten": (
            "only the last channel of the image counts: you assign in the loop over the channels "
            "where you should add",
            convolve(x[..., -1:], w[:, :, -1:]) + b,
        ),
        "channel-mean": (
            "you took the mean over the channels. The sum over i, j and c is a sum, nothing is "
            "divided by C",
            convolve(x, w) / c + b,
        ),
        "weight-reshape": (
            "the weights reach the wrong pixels: a reshape to (K, ...) does not move the last "
            "axis to the front. w.reshape(kh * kw * C, K) is the matrix to multiply by",
            convolve(x, w.reshape(k, -1).T.reshape(w.shape)) + b,
        ),
        "first-sample": (
            "only the first image is convolved, the others are not. Do the same for every n",
            np.concatenate([(y + b)[:1], np.zeros_like(y[1:])]),
        ),
        "last-window": (
            "the last row and the last column of the output are missing: a window of kh rows fits "
            "H - kh + 1 times. Do not forget the + 1",
            (y + b)[:, :-1, :-1],
        ),
        "window-product": (
            "you added the pixels under the window and the weights separately. Multiply each pixel "
            "by its weight first, then add",
            convolve(x, np.ones_like(w)) * w.sum(axis=(0, 1, 2)) + b,
        ),
    }
    if kh == kw:
        mistakes["window-transposed"] = (
            "rows and columns of the window are exchanged: x[p + i, q + j] meets w[i, j], not "
            "w[j, i]",
            convolve(x, w.swapaxes(0, 1)) + b,
        )
        for i, kernel in one_index(w).items():
            mistakes[f"one-index-{i}"] = (
                f"rows and columns are moved by the same index {i}: w[i, j] meets the pixel "
                "(p + i, q + j), i for the row and j for the column",
                convolve(x, kernel) + b,
            )
    if kh < kw:
        mistakes["columns-left-out"] = (
            "only the first kh columns of the window count: i runs through kh rows, and j through "
            "kw columns",
            convolve(x[:, :, : x.shape[2] - kw + kh], w[:, :kh]) + b,
        )
    if len(x) <= k:
        mistakes["bias-by-sample"] = (
            "the bias follows the image instead of the filter: you added b[n] where b[k] belongs",
            y + b[: len(x), None, None, None],
        )
    axes = ("N", "H_out", "W_out", "K")
    compare(student.conv_forward(x, w, b), y + b, name="y", axes=axes, mistakes=mistakes)


@check("the statement's image and kernel")
def statement(student):
    compare_y(student, IMAGE, KERNEL, np.array([10.0]))


@check("an image and a kernel that are not square")
def not_square(student):
    compare_y(student, *draw(1, (1, 4, 6, 1), (2, 3), 1))


@check("three channels, one filter")
def channels(student):
    compare_y(student, *draw(2, (1, 4, 5, 3), (2, 2), 1))


@check("two channels, four filters, each with its own bias")
def filters(student):
    compare_y(student, *draw(3, (1, 5, 4, 2), (3, 3), 4))


@check("two images at once")
def batch(student):
    compare_y(student, *draw(4, (2, 4, 5, 2), (3, 2), 3))
