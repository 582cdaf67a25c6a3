"""Checks of max pooling: derivatives are measured, and at ties the first cell must win."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from mydl.learn.checks import check, compare, numeric_gradient

LIBRARY = ("mydl.layers.pool:MaxPool2d", "mydl.kernels.pooling:maxpool_backward_reference")
PAGE = "layers/maxpool"

IMAGE = np.array(
    [[1.0, 4, 2, 0, 3], [0, 2, 7, 1, 1], [5, 0, 3, 5, 2], [3, 8, 4, 0, 6], [2, 0, 1, 3, 6]]
).reshape(1, 5, 5, 1)
GRADIENT = np.array([[10.0, 20], [30, 40]]).reshape(1, 2, 2, 1)

Y, DX = ("N", "H_out", "W_out", "C"), ("N", "H", "W", "C")


def cut_windows(x, kernel_size, stride, padding, fill=-np.inf):
    """The windows, (N, H_out, W_out, C, kh, kw)."""
    around = ((0, 0), (padding, padding), (padding, padding), (0, 0))
    padded = np.pad(x, around, constant_values=fill)
    return sliding_window_view(padded, kernel_size, axis=(1, 2))[:, ::stride, ::stride]


def largest(windows):
    return windows.max(axis=(4, 5))


def one_winner(windows, last=False):
    """True at the first largest cell of each window, or at the last."""
    cells = windows.reshape(*windows.shape[:4], -1)
    number = cells.shape[-1] - 1 - cells[..., ::-1].argmax(-1) if last else cells.argmax(-1)
    return (np.arange(cells.shape[-1]) == number[..., None]).reshape(windows.shape)


def add_up(sent, x_shape, stride, padding):
    """What the windows send to their cells, (N, H_out, W_out, C, kh, kw), summed, padding and all.

    >>> add_up(np.ones((1, 1, 2, 1, 1, 2)), (1, 1, 3, 1), 1, 0).ravel()
    array([1., 2., 1.])
    """
    n, h, w, c = x_shape
    dx = np.zeros((n, h + 2 * padding, w + 2 * padding, c))
    _, h_out, w_out, _, kh, kw = sent.shape
    for i, j in np.ndindex(kh, kw):
        rows = slice(i, i + stride * h_out, stride)
        dx[:, rows, j : j + stride * w_out : stride] += sent[..., i, j]
    return dx


def assigned(sent, wins, x_shape, stride, padding, winners_only):
    """The same with an assignment for each window, of the whole window or of its winners."""
    n, h, w, c = x_shape
    dx = np.zeros((n, h + 2 * padding, w + 2 * padding, c))
    _, h_out, w_out, _, kh, kw = sent.shape
    for p, q in np.ndindex(h_out, w_out):
        piece = dx[:, p * stride : p * stride + kh, q * stride : q * stride + kw]
        new, wins_here = (np.moveaxis(a[:, p, q], 1, 3) for a in (sent, wins))
        piece[...] = np.where(wins_here, new, piece) if winners_only else new
    return dx


def noted_by_pixel(first, padded_shape, stride):
    """The winners of each window, if each window overwrites who won those before it."""
    won = np.zeros(padded_shape, bool)
    kh, kw = first.shape[4:]
    for p, q in np.ndindex(first.shape[1:3]):
        piece = won[:, p * stride : p * stride + kh, q * stride : q * stride + kw]
        piece[...] = np.moveaxis(first[:, p, q], 1, 3)
    return cut_windows(won, (kh, kw), stride, 0, fill=False)


def compare_y(student, x, kernel_size, stride, padding):
    windows = cut_windows(x, kernel_size, stride, padding)
    y = largest(windows)
    _, h_out, w_out, _ = y.shape
    mistakes = {
        "zero-padding": (
            "the zeros of the padding win where all pixels of a window are negative. Pad with "
            "minus infinity, constant_values=-np.inf, so that the padding never wins",
            largest(cut_windows(x, kernel_size, stride, padding, fill=0)),
        ),
        "start-at-zero": (
            "a window of negative pixels has the maximum 0: start the search at minus infinity, "
            "or at the first pixel, not at zero",
            np.maximum(y, 0),
        ),
        "padding-forgotten": (
            "windows do not reach into the padding: put `padding` rows and columns of minus "
            "infinity around the image first",
            largest(cut_windows(x, kernel_size, stride, 0)),
        ),
        "stride-forgotten": (
            f"the windows start one pixel apart instead of {stride}: window (p, q) starts at "
            "(p * s, q * s) of the padded image",
            largest(cut_windows(x, kernel_size, 1, padding))[:, :h_out, :w_out],
        ),
        "channels-together": (
            "you took the maximum over the channels, too. Each channel is pooled for itself: "
            "max over rows and columns only",
            np.broadcast_to(y.max(axis=3, keepdims=True), y.shape),
        ),
        "average": (
            "you took the mean of each window; this is max pooling",
            np.where(np.isfinite(windows), windows, 0).mean(axis=(4, 5)),
        ),
        "last-window": (
            "the last row and the last column of the output are missing: do not forget the + 1 "
            "in the output's size",
            y[:, :-1, :-1],
        ),
    }
    got = student.max_pool(x, kernel_size, stride, padding)
    compare(got, y, name="y", axes=Y, mistakes=mistakes)


def compare_dx(student, x, kernel_size, stride, padding, dy=None):
    _, h, w, _ = x.shape
    kh, kw = kernel_size
    windows = cut_windows(x, kernel_size, stride, padding)
    y = largest(windows)
    if dy is None:
        dy = np.random.default_rng(9).normal(size=y.shape)
    first = one_winner(windows)
    equal = windows == y[..., None, None]
    upstream = dy[..., None, None]

    def cut(dx):
        return dx[:, padding : padding + h, padding : padding + w]

    def gradient(shares):
        return cut(add_up(shares * upstream, x.shape, stride, padding))

    if np.array_equal(first, equal):
        dx = numeric_gradient(
            lambda x: largest(cut_windows(x, kernel_size, stride, padding)), x, dy, h=1e-8
        )
    else:
        dx = gradient(first)
    padded_dx = add_up(first * upstream, x.shape, stride, padding)
    with_zeros = cut_windows(x, kernel_size, stride, padding, fill=0)
    only_first = np.zeros_like(first)
    only_first[:, :1, :1] = True
    overwritten = (
        "where a pixel lies in several windows only the last of them counts: you assign where you "
        "should add. A pixel can win several windows: dx[...] += ..."
    )
    mistakes = {
        "overwritten": (
            overwritten,
            cut(assigned(first * upstream, first, x.shape, stride, padding, True)),
        ),
        "overwritten-by-zeros": (
            overwritten,
            cut(assigned(first * upstream, first, x.shape, stride, padding, False)),
        ),
        "ties-twice": (
            "at a tie every cell that holds the largest value gets the whole dy, which doubles "
            "it. Only the first of them gets it: stop after the first, or use np.argmax",
            gradient(equal),
        ),
        "overwritten-and-ties": (
            "two mistakes at once: you assign where you should add, so that of overlapping windows "
            "only the last counts, and at a tie every cell gets dy instead of the first only",
            cut(assigned(equal * upstream, equal, x.shape, stride, padding, False)),
        ),
        "ties-shared": (
            "at a tie you share dy among the cells that hold the largest value. Here only the "
            "first of them gets it, as np.argmax finds it",
            gradient(equal / equal.sum(axis=(4, 5), keepdims=True)),
        ),
        "last-tie": (
            "at a tie the last cell gets dy. The first one should, row by row: compare with > "
            "instead of >= while you search",
            gradient(one_winner(windows, last=True)),
        ),
        "near-maxima": (
            "cells that are nearly as large as the largest get dy as well. Only the winner does, "
            "so compare exactly (==), without a tolerance",
            gradient(np.isfinite(windows)),
        ),
        "shared": (
            "every cell of a window gets an equal share of dy, as in average pooling. All of it "
            "goes to the winner",
            gradient(np.full(windows.shape, 1 / (kh * kw))),
        ),
        "last-window-decides": (
            "whether a pixel won is noted once for the pixel, so that the last window decides for "
            "all. Note it for each window",
            gradient(noted_by_pixel(first, padded_dx.shape, stride)),
        ),
        "one-window": (
            "only the first window's gradient arrives: does a return stand inside the loop?",
            gradient(first * only_first),
        ),
        "zero-padding": (
            "where all pixels of a window are negative the zeros of the padding win, and dy is "
            "lost. Pad with minus infinity, so that the padding never wins",
            gradient(one_winner(with_zeros)),
        ),
        "zero-padding-no-winner": (
            "windows in which a zero of the padding is the largest have no winner, and their dy is "
            "lost. Pad with minus infinity, so that the padding never wins",
            gradient(windows == largest(with_zeros)[..., None, None]),
        ),
        "stride-forgotten": (
            "the gradients arrive one pixel apart instead of s: window (p, q) starts at "
            "(p * s, q * s) of the padded image",
            cut(add_up(first * upstream, x.shape, 1, padding)),
        ),
        "channels-together": (
            "you look for one winner over all channels. Each channel has its own: compare within "
            "the channel",
            gradient(windows == windows.max(axis=(3, 4, 5), keepdims=True)),
        ),
        "upstream-forgotten": (
            "you count the windows that a pixel won. Each of them changes the loss by its dy: "
            "multiply",
            cut(add_up(first * 1.0, x.shape, stride, padding)),
        ),
        "first-sample": (
            "only the first image has a gradient. Do the same for every n",
            np.concatenate([dx[:1], np.zeros_like(dx[1:])]),
        ),
        "empty-slice": (
            "dx is empty: dx[:, p:-p, p:-p] is dx[:, 0:-0, 0:-0] for padding 0, and 0:-0 holds "
            "nothing. Cut by what is to be kept: dx[:, p : p + H, p : p + W]",
            np.zeros((len(x), 0, 0, x.shape[3])),
        ),
        "padding-left": (
            "dx still has the padding around it. Cut it off: dx[:, p : p + H, p : p + W]",
            padded_dx,
        ),
        "cut-at-the-wrong-end": (
            "dx is shifted by the padding: the image starts behind the first p rows and columns, "
            "dx[:, p : p + H, p : p + W]",
            padded_dx[:, :h, :w],
        ),
        "sign": ("dx has the wrong sign: the step downhill is the optimizer's business", -dx),
    }
    if kh < kw:
        # The winner's number divided by kh: as if the windows had kw rows and kh columns.
        by_rows = (first * upstream).reshape(*y.shape, kw, kh)
        mistakes["decoded-by-rows"] = (
            "the number of the winning cell is taken apart with the window's rows: it is "
            "divmod(number, kw), since a row of the window has kw cells",
            cut(add_up(by_rows, x.shape, stride, padding)),
        )
    got = student.max_pool_backward(dy, x, kernel_size, stride, padding)
    compare(got, dx, name="dx", axes=DX, mistakes=mistakes)


def draw(seed, *shape):
    """Numbers without ties, negative ones among them."""
    return np.random.default_rng(seed).normal(size=shape)


@check("forwards: the statement's image")
def forward_statement(student):
    compare_y(student, IMAGE, (3, 3), 2, 0)


@check("forwards: two images, two channels, windows of 2x3")
def forward_batch(student):
    compare_y(student, draw(1, 2, 5, 7, 2), (2, 3), 2, 0)


@check("forwards: negative pixels and a padding")
def forward_padding(student):
    compare_y(student, -abs(draw(2, 2, 5, 6, 2)), (3, 3), 2, 1)


@check("backwards: windows side by side, 2x2 with stride 2")
def apart(student):
    compare_dx(student, draw(3, 2, 4, 6, 2), (2, 2), 2, 0)


@check("backwards: windows of 2x3")
def not_square(student):
    compare_dx(student, draw(4, 1, 5, 7, 2), (2, 3), 2, 0)


@check("backwards: overlapping windows, 3x3 with stride 2", points=2)
def overlap(student):
    compare_dx(student, draw(5, 2, 7, 5, 2), (3, 3), 2, 0)


@check("backwards: ties, where the first cell wins", points=2)
def ties(student):
    x = np.random.default_rng(6).integers(0, 3, (2, 5, 6, 2)).astype(float)
    compare_dx(student, x, (2, 2), 2, 0)
    compare_dx(student, x, (3, 3), 2, 0)


@check("backwards: the statement's image, with overlap and a tie")
def statement(student):
    compare_dx(student, IMAGE, (3, 3), 2, 0, GRADIENT)


@check("backwards: pixels that differ in the seventh digit only")
def close(student):
    x = np.random.default_rng(7).permuted(np.arange(60.0)).reshape(1, 5, 6, 2)
    compare_dx(student, 1 + 1e-7 * x, (3, 3), 2, 0)


@check("backwards: negative pixels and a padding")
def padding(student):
    compare_dx(student, -abs(draw(8, 2, 5, 6, 2)), (3, 3), 2, 1)


@check("there and back: stride 3, padding 2 and windows of 5x4")
def large(student):
    x = draw(9, 1, 12, 6, 2)
    compare_y(student, x, (5, 4), 3, 2)
    compare_dx(student, x, (5, 4), 3, 2)
