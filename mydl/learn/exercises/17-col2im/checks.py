"""Checks of col2im: it must be the transpose of cutting out windows, which is measured."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from mydl.learn.checks import check, compare, numeric_gradient

LIBRARY = ("mydl.kernels.im2col:col2im_reference", "mydl.layers.conv:Conv2d.backward")
PAGE = "layers/conv2d"

AXES = ("N", "H", "W", "C")


def cut_windows(x, kernel_size, stride, padding):
    """The windows, (N, H_out, W_out, kh, kw, C)."""
    padded = np.pad(x, ((0, 0), (padding, padding), (padding, padding), (0, 0)))
    windows = sliding_window_view(padded, kernel_size, axis=(1, 2))
    return windows[:, ::stride, ::stride].transpose(0, 1, 2, 4, 5, 3)


def draw(seed, x_shape, kernel_size, stride, padding):
    """A random gradient of the rows, and the other arguments."""
    size = cut_windows(np.zeros(x_shape), kernel_size, stride, padding).size
    columns = kernel_size[0] * kernel_size[1] * x_shape[3]
    dcols = np.random.default_rng(seed).normal(size=(size // columns, columns))
    return dcols, x_shape, kernel_size, stride, padding


def into(shape, cells, stride, *, assign=False):
    """The windows put back into an image of zeros, one after the other."""
    dx = np.zeros(shape)
    kh, kw = cells.shape[3:5]
    for p, q in np.ndindex(cells.shape[1:3]):
        place = slice(None), slice(p * stride, p * stride + kh), slice(q * stride, q * stride + kw)
        dx[place] = cells[:, p, q] if assign else dx[place] + cells[:, p, q]
    return dx


def assigned_by_cell(shape, cells, stride):
    dx = np.zeros(shape)
    _, h_out, w_out, kh, kw, _ = cells.shape
    for i, j in np.ndindex(kh, kw):
        dx[:, i : i + stride * h_out : stride, j : j + stride * w_out : stride] = cells[
            :, :, :, i, j
        ]
    return dx


def compare_dx(student, dcols, x_shape, kernel_size, stride, padding):
    n, h, w, c = x_shape
    kh, kw = kernel_size
    padded = (n, h + 2 * padding, w + 2 * padding, c)
    h_out, w_out = (padded[1] - kh) // stride + 1, (padded[2] - kw) // stride + 1
    cells = dcols.reshape(n, h_out, w_out, kh, kw, c)

    def cut(dxp):
        return dxp[:, padding : padding + h, padding : padding + w]

    def gradient(cells):
        return cut(into(padded, cells, stride))

    dx = numeric_gradient(
        lambda x: cut_windows(x, kernel_size, stride, padding), np.zeros(x_shape), cells
    )
    count = gradient(np.ones_like(cells))
    read = (n, stride * (h_out - 1) + kh, stride * (w_out - 1) + kw, c)
    overwritten = (
        "where windows overlap only one of them counts: you assign where you should add. A pixel "
        "was copied into several rows, and its gradient is their sum: dx[...] += ..."
    )
    mistakes = {
        "overwritten": (overwritten, cut(into(padded, cells, stride, assign=True))),
        "overwritten-by-cell": (overwritten, cut(assigned_by_cell(padded, cells, stride))),
        "averaged": (
            "you divided by the number of windows in which a pixel lies. That would undo im2col; "
            "its gradient is the sum, which is not divided",
            np.divide(dx, count, out=np.zeros_like(dx), where=count > 0),
        ),
        "stride-forgotten": (
            "the windows arrive one pixel apart instead of s: window (p, q) goes back to the "
            "pixels from (p * s, q * s) on",
            cut(into(padded, cells, 1)),
        ),
        "empty-slice": (
            "dx is empty: dxp[:, p:-p, p:-p] is dxp[:, 0:-0, 0:-0] for padding 0, and 0:-0 holds "
            "nothing. Cut by what is to be kept: dxp[:, p : p + H, p : p + W]",
            np.zeros((n, 0, 0, c)),
        ),
        "padding-left": (
            "dx still has the padding around it. Cut it off: dxp[:, p : p + H, p : p + W]",
            into(padded, cells, stride),
        ),
        "cut-at-the-wrong-end": (
            "dx is shifted by the padding: the first p rows and columns belong to the zeros, and "
            "the image starts behind them: dxp[:, p : p + H, p : p + W]",
            into(padded, cells, stride)[:, :h, :w],
        ),
        "unread": (
            "the pixels that no window reads are missing. dx has the shape of x, with zeros there",
            into(read, cells, stride)[:, padding:, padding:][:, :h, :w],
        ),
        "channel-order": (
            "you read a row as all pixels of one channel, then all of the next. The channels of a "
            "pixel stand side by side: reshape to (N, H_out, W_out, kh, kw, C)",
            gradient(dcols.reshape(n, h_out, w_out, c, kh, kw).transpose(0, 1, 2, 4, 5, 3)),
        ),
        "window-transposed": (
            "you read each window column by column. Its first row comes first: reshape to "
            "(N, H_out, W_out, kh, kw, C)",
            gradient(dcols.reshape(n, h_out, w_out, kw, kh, c).swapaxes(3, 4)),
        ),
        "window-order": (
            "you read the windows column by column. They stand as one reads, from left to right "
            "and then the next row: reshape to (N, H_out, W_out, kh, kw, C)",
            gradient(dcols.reshape(n, w_out, h_out, kh, kw, c).swapaxes(1, 2)),
        ),
        "sample-order": (
            "you read the rows as the first window of every image, then the second of every "
            "image. All windows of the first image come first: reshape to "
            "(N, H_out, W_out, kh, kw, C)",
            gradient(dcols.reshape(h_out, w_out, n, kh, kw, c).transpose(2, 0, 1, 3, 4, 5)),
        ),
        "flip": (
            "each window is turned by 180 degrees: entry (i, j) goes back to pixel "
            "(p*s + i, q*s + j), nothing is turned",
            gradient(cells[:, :, :, ::-1, ::-1]),
        ),
        "first-sample": (
            "only the first image has a gradient. Do the same for every n",
            np.concatenate([dx[:1], np.zeros_like(dx[1:])]),
        ),
        "batch-summed": (
            "every image has the sum of all images' gradients: keep n on the left side, too",
            np.broadcast_to(dx.sum(axis=0, keepdims=True), dx.shape),
        ),
        "last-window": (
            "the last row and the last column of windows are left out: p runs through all H_out "
            "rows, q through all W_out columns",
            gradient(cells[:, :-1, :-1]),
        ),
    }
    got = student.col2im(dcols, x_shape, kernel_size, stride, padding)
    compare(got, dx, name="dx", axes=AXES, mistakes=mistakes)


@check("windows side by side, which do not overlap")
def apart(student):
    compare_dx(student, *draw(1, (1, 4, 4, 1), (2, 2), 2, 0))


@check("overlapping windows that are not square")
def not_square(student):
    compare_dx(student, *draw(2, (1, 4, 6, 1), (2, 3), 1, 0))


@check("the statement's ones: how many windows a pixel lies in")
def ones(student):
    compare_dx(student, np.ones((4, 9)), (1, 4, 4, 1), (3, 3), 1, 0)


@check("several channels and images")
def batch(student):
    compare_dx(student, *draw(3, (2, 4, 5, 3), (3, 2), 1, 0))


@check("stride 2, padding 0, and pixels that no window read", points=2)
def stride(student):
    compare_dx(student, *draw(4, (2, 6, 8, 2), (3, 3), 2, 0))


@check("stride 2 and padding 1")
def padding(student):
    compare_dx(student, *draw(5, (2, 5, 6, 2), (3, 3), 2, 1))


@check("stride 3, padding 2 and windows of 5x4")
def large(student):
    compare_dx(student, *draw(6, (1, 12, 6, 1), (5, 4), 3, 2))
