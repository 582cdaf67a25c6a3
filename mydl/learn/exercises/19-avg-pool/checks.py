"""Checks of average pooling against derivatives measured on the forward pass."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from mydl.learn.checks import check, compare, numeric_gradient

LIBRARY = ("mydl.layers.avgpool:AvgPool2d", "mydl.layers.avgpool:GlobalAvgPool2d")
PAGE = "layers/avgpool"

IMAGE = np.array([[1.0, 3, 0, 0], [2, 2, 4, 0], [3, 3, 1, 3], [3, 3, 2, 2]]).reshape(1, 4, 4, 1)
GRADIENT = np.array([[4.0, 8], [0, 4]]).reshape(1, 2, 2, 1)

Y, DX = ("N", "H_out", "W_out", "C"), ("N", "H", "W", "C")


def cut_windows(x, kernel_size, stride):
    """The windows, (N, H_out, W_out, C, kh, kw)."""
    return sliding_window_view(x, kernel_size, axis=(1, 2))[:, ::stride, ::stride]


def mean(x, kernel_size, stride):
    return cut_windows(x, kernel_size, stride).mean(axis=(4, 5))


def spread(dy, x_shape, kernel_size, stride, *, assign=False):
    """dy written to all pixels of its window, one window after the other."""
    dx = np.zeros(x_shape)
    for p, q in np.ndindex(dy.shape[1:3]):
        rows = slice(p * stride, p * stride + kernel_size[0])
        columns = slice(q * stride, q * stride + kernel_size[1])
        piece = dx[:, rows, columns]
        piece[...] = dy[:, p, None, q, None] + (0 if assign else piece)
    return dx


def compare_y(student, x, kernel_size, stride):
    kh, kw = kernel_size
    windows = cut_windows(x, kernel_size, stride)
    y = windows.mean(axis=(4, 5))
    _, h_out, w_out, c = y.shape
    mistakes = {
        "not-divided": (
            "you took the sum of each window: divide it by the number of its pixels, kh * kw",
            y * kh * kw,
        ),
        "divided-by-rows": (
            "you divided by the wrong number: a window has kh * kw pixels, not kh * kh",
            y * kw / kh,
        ),
        "divided-by-columns": (
            "you divided by the wrong number: a window has kh * kw pixels, not kw * kw",
            y * kh / kw,
        ),
        "maximum": ("you took the largest value of each window", windows.max(axis=(4, 5))),
        "stride-forgotten": (
            f"the windows start one pixel apart instead of {stride}: window (p, q) starts at "
            "pixel (p * s, q * s)",
            mean(x, kernel_size, 1)[:, :h_out, :w_out],
        ),
        "channels-together": (
            "you took the mean over the channels, too. Each channel is pooled for itself: mean "
            "over rows and columns only",
            np.broadcast_to(y.mean(axis=3, keepdims=True), y.shape),
        ),
        "divided-by-channels": (
            "you divided by the number of channels as well: a mean of one channel is over its "
            "kh * kw pixels",
            y / c,
        ),
        "overwritten": (
            "only the last pixel of each window counts: you assign where you should add (y += ...)",
            windows[..., -1, -1] / (kh * kw),
        ),
        "last-window": (
            "the last row and the last column of the output are missing: do not forget the + 1 "
            "in the output's size",
            y[:, :-1, :-1],
        ),
    }
    compare(student.avg_pool(x, kernel_size, stride), y, name="y", axes=Y, mistakes=mistakes)


def compare_dx(student, dy, x_shape, kernel_size, stride):
    kh, kw = kernel_size
    dx = numeric_gradient(lambda x: mean(x, kernel_size, stride), np.zeros(x_shape), dy)
    count = spread(np.ones_like(dy), x_shape, kernel_size, stride)
    share = dy / (kh * kw)
    corner = np.zeros(x_shape)
    corner[:, : stride * dy.shape[1] : stride, : stride * dy.shape[2] : stride] = dy
    mistakes = {
        "not-divided": (
            "you forgot to divide: each of the kh * kw pixels of a window gets its share of dy, "
            "dy / (kh * kw)",
            dx * kh * kw,
        ),
        "divided-by-rows": (
            "you divided by the wrong number: a window has kh * kw pixels, not kh * kh",
            dx * kw / kh,
        ),
        "divided-by-columns": (
            "you divided by the wrong number: a window has kh * kw pixels, not kw * kw",
            dx * kh / kw,
        ),
        "overwritten": (
            "where windows overlap only the last of them counts: you assign where you should add. "
            "A pixel collects from every window that it lies in: dx[...] += ...",
            spread(share, x_shape, kernel_size, stride, assign=True),
        ),
        "averaged": (
            "you divided by the number of windows in which a pixel lies. The windows' shares add "
            "up: the only division is by kh * kw",
            np.divide(dx, count, out=np.zeros_like(dx), where=count > 0),
        ),
        "stride-forgotten": (
            "the gradients arrive one pixel apart instead of s: window (p, q) starts at pixel "
            "(p * s, q * s)",
            spread(share, x_shape, kernel_size, 1),
        ),
        "one-pixel": (
            "all of dy goes to the first pixel of each window. A mean depends on all its pixels "
            "alike: each gets dy / (kh * kw)",
            corner,
        ),
        "one-window": (
            "only the first window's gradient arrives: does a return stand inside the loop?",
            spread(share[:, :1, :1], x_shape, kernel_size, stride),
        ),
        "first-sample": (
            "only the first image has a gradient. Do the same for every n",
            np.concatenate([dx[:1], np.zeros_like(dx[1:])]),
        ),
        "channels-together": (
            "every channel gets the sum of all channels' gradients: each is pooled for itself",
            np.broadcast_to(dx.sum(axis=3, keepdims=True), dx.shape),
        ),
        "last-window": (
            "the last row and the last column of dy are left out: p runs through all H_out rows, "
            "q through all W_out columns",
            spread(share[:, :-1, :-1], x_shape, kernel_size, stride),
        ),
    }
    got = student.avg_pool_backward(dy, x_shape, kernel_size, stride)
    compare(got, dx, name="dx", axes=DX, mistakes=mistakes)


@check("averages, forwards: the statement's image")
def forward_statement(student):
    compare_y(student, IMAGE, (2, 2), 2)


@check("averages, forwards: overlapping windows of 2x3")
def forward_batch(student):
    compare_y(student, np.random.default_rng(1).normal(size=(2, 6, 8, 2)), (2, 3), 2)


@check("averages, backwards: the statement's gradient")
def backward_statement(student):
    compare_dx(student, GRADIENT, (1, 4, 4, 1), (2, 2), 2)


@check("averages, backwards: overlapping windows, 3x3 with stride 2", points=2)
def overlap(student):
    dy = np.random.default_rng(2).normal(size=(2, 3, 2, 2))
    compare_dx(student, dy, (2, 7, 6, 2), (3, 3), 2)


@check("averages, backwards: windows of 2x3 with stride 1")
def not_square(student):
    dy = np.random.default_rng(3).normal(size=(1, 3, 3, 2))
    compare_dx(student, dy, (1, 4, 5, 2), (2, 3), 1)


@check("global average, forwards")
def global_forward(student):
    x = np.random.default_rng(4).normal(size=(2, 3, 4, 5))
    y = x.mean(axis=(1, 2))
    mistakes = {
        "not-divided": ("you took the sum: divide it by the number of pixels, H * W", y * 12),
        "keepdims": (
            "right means, but rows and columns are still there with length 1: y is (N, C)",
            y[:, None, None, :],
        ),
        "channels-first": (
            "you took the mean over the last two axes, which is right for channels in front of "
            "the rows. Here the rows and columns are the axes 1 and 2",
            x.mean(axis=(2, 3)),
        ),
        "samples-together": (
            "you took the mean over the images, too. Each image has its own: axes 1 and 2 only",
            np.broadcast_to(x.mean(axis=(0, 1, 2)), y.shape),
        ),
        "samples-gone": (
            "you took the mean over the images, too. Each image has its own: axes 1 and 2 only",
            x.mean(axis=(0, 1, 2)),
        ),
        "channels-gone": (
            "you took the mean over the channels, too. Each channel has its own: axes 1 and 2 only",
            x.mean(axis=(1, 2, 3)),
        ),
    }
    compare(student.global_avg_pool(x), y, name="y", axes=("N", "C"), mistakes=mistakes)


@check("global average, backwards", points=2)
def global_backward(student):
    n, h, w, c = shape = (2, 3, 4, 5)
    dy = np.random.default_rng(5).normal(size=(n, c))
    dx = numeric_gradient(lambda x: x.mean(axis=(1, 2)), np.zeros(shape), dy)
    mistakes = {
        "not-divided": (
            "you forgot to divide: each of the H * W pixels gets its share, dy / (H * W)",
            dx * h * w,
        ),
        "divided-by-rows": (
            "you divided by H * H. An image has H * W pixels; square images hide it",
            dx * w / h,
        ),
        "divided-by-columns": (
            "you divided by W * W. An image has H * W pixels; square images hide it",
            dx * h / w,
        ),
        "divided-by-batch": (
            "you divided by the number of images as well. The mean is over the H * W pixels of "
            "one image only",
            dx / n,
        ),
        "divided-by-channels": (
            "you divided by the number of channels as well. The mean is over the H * W pixels of "
            "one channel only",
            dx / c,
        ),
        "divided-by-size": (
            "you divided by x.size, which counts images and channels, too. The mean is over the "
            "H * W pixels only",
            dx / (n * c),
        ),
        "no-pixels": (
            "dx has one pixel for each image: repeat it for all rows and columns, dx has the "
            "shape of x",
            dx[:, :1, :1],
        ),
        "not-spread": (
            "dx is still (N, C): repeat it for all rows and columns, dx has the shape of x",
            dx[:, 0, 0],
        ),
        "one-pixel": (
            "all of dy goes to the first pixel. A mean depends on all its pixels alike",
            np.where(np.indices(shape)[1] + np.indices(shape)[2] == 0, dx * h * w, 0),
        ),
    }
    got = student.global_avg_pool_backward(dy, shape)
    compare(got, dx, name="dx", axes=DX, mistakes=mistakes)
