"""Checks of im2col: the windows are cut out one by one, by the formula of the statement."""

import numpy as np

from mydl.learn.checks import check, compare

LIBRARY = ("mydl.kernels.im2col:im2col_reference", "mydl.layers.conv:Conv2d")
PAGE = "layers/conv2d"

IMAGE = np.array([[1.0, 0, 2, 1], [3, 1, 0, 2], [0, 2, 1, 1], [1, 3, 2, 0]]).reshape(1, 4, 4, 1)
AXES = ("window", "cell")


def windows(x, kernel_size):
    """All windows, (N, H_out, W_out, kh, kw, C)."""
    kh, kw = kernel_size
    n, h, w, _ = x.shape
    return np.array(
        [
            [[x[m, p : p + kh, q : q + kw] for q in range(w - kw + 1)] for p in range(h - kh + 1)]
            for m in range(n)
        ]
    )


def compare_cols(student, x, kernel_size):
    cut = windows(x, kernel_size)
    n, h_out, w_out, kh, kw, c = cut.shape
    shape = (n * h_out * w_out, kh * kw * c)
    axes = "the axes (N, H_out, W_out, kh, kw, C) must be in this order before the last reshape"
    one_cell_left = cut[:, : h_out - 1, : w_out - 1].reshape(-1, shape[1])
    mistakes = {
        "channel-order": (
            "within a row you wrote all pixels of one channel, then all of the next. The channels "
            f"of a pixel belong side by side: {axes}",
            cut.transpose(0, 1, 2, 5, 3, 4).reshape(shape),
        ),
        "window-transposed": (
            "each window is written column by column. Its first row comes first, from left to "
            f"right: {axes}",
            cut.transpose(0, 1, 2, 4, 3, 5).reshape(shape),
        ),
        "window-order": (
            "the windows come column by column. They must come as one reads, from left to right "
            f"and then the next row: {axes}",
            cut.transpose(0, 2, 1, 3, 4, 5).reshape(shape),
        ),
        "sample-order": (
            "the rows are mixed: the first window of every image, then the second of every image. "
            f"All windows of the first image come first: {axes}",
            cut.transpose(1, 2, 0, 3, 4, 5).reshape(shape),
        ),
        "flip": (
            "each window is turned by 180 degrees, as in a mathematician's convolution. Neural "
            "networks do not turn it: cell (i, j) is pixel (p + i, q + j)",
            cut[:, :, :, ::-1, ::-1].reshape(shape),
        ),
        "last-window": (
            "the last row and the last column of windows are missing: a window of kh rows fits "
            "H - kh + 1 times. Do not forget the + 1",
            one_cell_left,
        ),
        "window-columns": (
            "each window is a column of your matrix. It must be a row: one row for each window, "
            "one column for each cell of the window",
            cut.reshape(shape).T,
        ),
        "first-sample": (
            "only the windows of the first image are there. The rows of image n follow those of "
            "image n - 1",
            cut[0].reshape(-1, shape[1]),
        ),
    }
    if kh == kw:
        diagonal = cut[:, :, :, range(kh), range(kh)]
        for index, other in [("i", 4), ("j", 3)]:
            mistakes[f"one-index-{index}"] = (
                f"rows and columns are moved by the same index {index}: cell (i, j) is the pixel "
                "(p + i, q + j), i for the row and j for the column",
                np.repeat(np.expand_dims(diagonal, other), kh, other).reshape(shape),
            )
    got = student.im2col(x, kernel_size)
    compare(got, cut.reshape(shape), name="cols", axes=AXES, mistakes=mistakes)


@check("the statement's image, 4x4 pixels through a 3x3 window")
def statement(student):
    compare_cols(student, IMAGE, (3, 3))


@check("an image and a window that are not square")
def not_square(student):
    x = np.random.default_rng(1).normal(size=(1, 4, 6, 1))
    compare_cols(student, x, (2, 3))


@check("three channels")
def channels(student):
    x = np.random.default_rng(2).normal(size=(1, 4, 5, 3))
    compare_cols(student, x, (3, 2))


@check("two images at once, with two channels")
def batch(student):
    x = np.random.default_rng(3).normal(size=(2, 5, 4, 2))
    compare_cols(student, x, (2, 3))


@check("a 1x1 window, whose rows are the pixels")
def pixels(student):
    x = np.random.default_rng(4).normal(size=(2, 2, 3, 3))
    compare_cols(student, x, (1, 1))
