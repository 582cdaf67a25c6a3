"""Checks of strided, padded convolutions against derivatives measured on the forward pass."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from mydl.learn.checks import check, compare, fail, numeric_gradient, several

LIBRARY = ("mydl.layers.window:Window.output_size", "mydl.layers.conv:Conv2d")
PAGE = "layers/conv2d"

IMAGE = np.array([[1.0, 0, 2, 1], [3, 1, 0, 2], [0, 2, 1, 1], [1, 3, 2, 0]]).reshape(1, 4, 4, 1)
KERNEL = np.array([[1.0, 0, -1], [2, 1, 0], [0, -1, 1]]).reshape(3, 3, 1, 1)
GRADIENT = np.array([[1.0, 2], [0, -1]]).reshape(1, 2, 2, 1)

Y, DX = ("N", "H_out", "W_out", "K"), ("N", "H", "W", "C")


def zeros_around(x, before, after):
    return np.pad(x, ((0, 0), (before, after), (before, after), (0, 0)))


def forward(x, w, stride, padding):
    """The convolution without its bias."""
    windows = sliding_window_view(zeros_around(x, padding, padding), w.shape[:2], axis=(1, 2))
    return np.einsum("npqcij,ijck->npqk", windows[:, ::stride, ::stride], w)


def draw(seed, x_shape, w_shape):
    rng = np.random.default_rng(seed)
    return rng.normal(size=x_shape), rng.normal(size=w_shape), rng.normal(size=w_shape[3])


def last_cell(w):
    """The kernel with zeros everywhere but in its last cell."""
    alone = np.zeros_like(w)
    alone[-1, -1] = w[-1, -1]
    return alone


def upstream(x, w, stride, padding):
    """A random gradient of the output."""
    return np.random.default_rng(9).normal(size=forward(x, w, stride, padding).shape)


def compare_y(student, x, w, b, stride, padding):
    y = forward(x, w, stride, padding) + b
    _, h_out, w_out, _ = y.shape
    mistakes = {
        "stride-forgotten": (
            f"the windows start one pixel apart instead of {stride}: window (p, q) starts at "
            "pixel (p * s, q * s) of the padded image",
            (forward(x, w, 1, padding) + b)[:, :h_out, :w_out],
        ),
        "stride-ignored": (
            "the output has a pixel for every place of the window, as with stride 1: the window "
            f"moves on by {stride} pixels at a time",
            forward(x, w, 1, padding) + b,
        ),
        "padding-forgotten": (
            "the padding is missing: put zeros around the rows and columns before you slide the "
            "window",
            forward(x, w, stride, 0) + b,
        ),
        "padded-behind": (
            "all zeros stand below and to the right of the image. The padding puts as many above "
            "and to the left",
            forward(zeros_around(x, 0, 2 * padding), w, stride, 0) + b,
        ),
        "padded-one-side": (
            "the zeros stand on one side only. The padding goes around the image: p above and p "
            "below, p to the left and p to the right",
            forward(zeros_around(x, 0, padding), w, stride, 0) + b,
        ),
        "bias-forgotten": ("you left out the bias: add b[k] to every pixel of channel k", y - b),
        "overwritten": (
            "only the last cell of the window counts: you assign where you should add (y += ...)",
            forward(x, last_cell(w), stride, padding) + b,
        ),
        "flip": (
            "you turned the kernel by 180 degrees: xp[p*s + i, q*s + j] meets w[i, j]",
            forward(x, w[::-1, ::-1], stride, padding) + b,
        ),
        "last-window": (
            "the last row and the last column of the output are missing: do not forget the + 1 "
            "in the output's size",
            y[:, :-1, :-1],
        ),
    }
    got = student.conv_forward(x, w, b, stride, padding)
    compare(got, y, name="y", axes=Y, mistakes=mistakes)


def gradients(student, dy, x, w, stride, padding):
    """The student's dx, dw and db, known to be three."""
    found = student.conv_backward(dy, x, w, stride, padding)
    found = several(found, "conv_backward", "dx", "dw", "db")
    shapes = [np.shape(gradient) for gradient in found]
    right = [x.shape, w.shape, (w.shape[3],)]
    if shapes != right and sorted(shapes) == sorted(right):
        fail(
            "order",
            "the three gradients come in another order than asked for: return dx, dw, db",
        )
    return found


def scattered(dy, w, shape, stride, assign=False):
    """dy sent back to an image of zeros, by cells of the window."""
    dx = np.zeros(shape)
    _, h_out, w_out, _ = dy.shape
    for i, j in np.ndindex(w.shape[:2]):
        place = (
            slice(None),
            slice(i, i + stride * h_out, stride),
            slice(j, j + stride * w_out, stride),
        )
        sent = np.einsum("npqk,ck->npqc", dy, w[i, j])
        dx[place] = sent if assign else dx[place] + sent
    return dx


def assigned_by_window(dy, w, shape, stride):
    dx = np.zeros(shape)
    kh, kw = w.shape[:2]
    for p, q in np.ndindex(dy.shape[1:3]):
        sent = np.einsum("nk,ijck->nijc", dy[:, p, q], w)
        dx[:, p * stride : p * stride + kh, q * stride : q * stride + kw] = sent
    return dx


def compare_dx(student, dy, x, w, stride, padding):
    n, height, width, c = x.shape
    kh, kw, _, k = w.shape
    _, h_out, w_out, _ = dy.shape

    def cut(dxp):
        return dxp[:, padding : padding + height, padding : padding + width]

    dx = numeric_gradient(lambda x: forward(x, w, stride, padding), x, dy)
    padded = zeros_around(x, padding, padding).shape
    dxp = scattered(dy, w, padded, stride)
    read = (n, stride * (h_out - 1) + kh, stride * (w_out - 1) + kw, c)
    overwritten = (
        "where windows overlap only the last of them counts: you assign where you should add. A "
        "pixel collects from every window that read it: dxp[...] += ..."
    )
    mistakes = {
        "empty-slice": (
            "dx is empty: dxp[:, p:-p, p:-p] is dxp[:, 0:-0, 0:-0] for padding 0, and 0:-0 holds "
            "nothing. Cut by what is to be kept: dxp[:, p : p + H, p : p + W]",
            np.zeros((n, 0, 0, c)),
        ),
        "stride-forgotten": (
            "the gradients arrive side by side instead of s pixels apart: window (p, q) read the "
            "pixels from (p * s, q * s) on, and its gradient goes back there",
            cut(scattered(dy, w, padded, 1)),
        ),
        "overwritten": (overwritten, cut(assigned_by_window(dy, w, padded, stride))),
        "overwritten-by-cell": (overwritten, cut(scattered(dy, w, padded, stride, assign=True))),
        "cut-at-the-wrong-end": (
            "dx is shifted by the padding: the first p rows and columns of dxp belong to the "
            "zeros, and the image starts behind them: dxp[:, p : p + H, p : p + W]",
            dxp[:, :height, :width],
        ),
        "padding-left": (
            "dx still has the padding around it. Cut it off: dxp[:, p : p + H, p : p + W]",
            dxp,
        ),
        "unread": (
            "the pixels that no window reads are missing. dx has the shape of x, with zeros there",
            scattered(dy, w, read, stride)[:, padding:, padding:][:, :height, :width],
        ),
        "flip": (
            "the kernel is turned by 180 degrees, which it must not be: w[i, j] read the pixel "
            "(p*s + i, q*s + j), and its gradient goes back there",
            cut(scattered(dy, w[::-1, ::-1], padded, stride)),
        ),
        "sign": ("dx has the wrong sign: the step downhill is the optimizer's business", -dx),
    }
    if c == k:
        mistakes["transpose-forgotten"] = (
            "the channels of the image and those of the output are exchanged: back from K to C "
            "leads the transpose, dy @ w[i, j].T",
            cut(scattered(dy, w.swapaxes(2, 3), padded, stride)),
        )
    got = gradients(student, dy, x, w, stride, padding)[0]
    compare(got, dx, name="dx", axes=DX, mistakes=mistakes)


def compare_dw_db(student, dy, x, w, stride, padding):
    n, h_out, w_out, _ = dy.shape

    def gradient(x, dy, stride):
        windows = sliding_window_view(x, w.shape[:2], axis=(1, 2))[:, ::stride, ::stride]
        return np.einsum("npqcij,npqk->ijck", windows[:, :h_out, :w_out], dy)

    dw = numeric_gradient(lambda w: forward(x, w, stride, padding), w, dy)
    xp = zeros_around(x, padding, padding)
    mistakes = {
        "stride-forgotten": (
            "dw takes the pixels side by side instead of s pixels apart: w[i, j] met "
            "xp[p*s + i, q*s + j] in window (p, q)",
            gradient(xp, dy, 1),
        ),
        "padded-behind": (
            "dw takes the pixels of an image with all its zeros below and to the right: use the "
            "padded image of the forward pass",
            gradient(zeros_around(x, 0, 2 * padding), dy, stride),
        ),
        "averaged": ("dw is a mean over the output pixels: it is their sum", dw / dy[..., 0].size),
        "averaged-batch": (
            f"dw is divided by N = {n}. The 1/N of a mean loss is in dy already",
            dw / n,
        ),
        "first-sample": ("dw counts the first image only", gradient(xp[:1], dy[:1], stride)),
        "last-sample": (
            "dw counts the last image only: you assign for each image where you should add",
            gradient(xp[-1:], dy[-1:], stride),
        ),
        "flip": ("dw is turned by 180 degrees, which it must not be", dw[::-1, ::-1]),
    }
    _, got_dw, got_db = gradients(student, dy, x, w, stride, padding)
    compare(got_dw, dw, name="dw", axes=("kh", "kw", "C", "K"), mistakes=mistakes)
    db = numeric_gradient(lambda b: b + forward(x, w, stride, padding), np.ones(w.shape[3]), dy)
    mistakes = {
        "db-averaged": ("db is a mean over the output pixels: it is their sum", dy.mean((0, 1, 2))),
        "db-samples-left": (
            "db has a row for each image: sum over the axes 0, 1 and 2",
            dy.sum(axis=(1, 2)),
        ),
        "db-columns-left": (
            "db has a number for each column: the filters are the last axis, sum over 0, 1 and 2",
            dy.sum(axis=(0, 1, 3)),
        ),
        "db-channels-first": (
            "db is summed over the axes 0, 2 and 3: the channels are last, sum over 0, 1 and 2",
            dy.sum(axis=(0, 2, 3)),
        ),
    }
    compare(got_db, db, name="db", axes=("K",), mistakes=mistakes)


@check("the output's size, eight cases")
def sizes(student):
    cases = [
        (4, 3, 1, 0),
        (4, 3, 2, 1),
        (7, 3, 2, 0),
        (8, 3, 2, 0),
        (5, 1, 1, 0),
        (5, 5, 1, 2),
        (32, 3, 2, 1),
        (227, 7, 2, 0),
    ]
    got = [student.output_size(*case) for case in cases]
    for case, size in zip(cases, got, strict=True):
        if not isinstance(size, int | np.integer):
            fail(
                "type",
                f"output_size{case} is {size!r} and should be a whole number (int): divide with "
                "//, which rounds down",
            )
    formula = "(size + 2 * padding - kernel) // stride + 1"
    mistakes = {
        "one-window-less": (
            f"one window is missing: the one at the start counts, too. It is {formula}",
            [(n + 2 * p - k) // s for n, k, s, p in cases],
        ),
        "padded-once": (
            f"the padding is on both sides, so it counts twice: {formula}",
            [(n + p - k) // s + 1 for n, k, s, p in cases],
        ),
        "padding-forgotten": (
            f"the padding makes the image larger by 2 * padding: {formula}",
            [(n - k) // s + 1 for n, k, s, p in cases],
        ),
        "rounded-up": (
            f"a window that does not fit entirely does not count: round down, {formula}",
            [-((k - n - 2 * p) // s) + 1 for n, k, s, p in cases],
        ),
        "one-too-early": (
            f"the + 1 stands inside the division. It counts windows, not pixels: {formula}",
            [(n + 2 * p - k + 1) // s for n, k, s, p in cases],
        ),
    }
    want = np.array([(n + 2 * p - k) // s + 1 for n, k, s, p in cases])
    compare(np.array(got), want, name="the sizes", mistakes=mistakes)


@check("forwards: the statement's image")
def forward_statement(student):
    compare_y(student, IMAGE, KERNEL, np.array([0.0]), 2, 1)


@check("forwards: padding, without stride")
def forward_padding(student):
    compare_y(student, *draw(1, (1, 3, 5, 2), (3, 3, 2, 2)), 1, 1)


@check("forwards: stride, and windows that do not reach the end")
def forward_stride(student):
    compare_y(student, *draw(2, (2, 6, 8, 2), (3, 2, 2, 3)), 2, 0)


@check("forwards: both, two images")
def forward_both(student):
    compare_y(student, *draw(3, (2, 5, 7, 2), (3, 3, 2, 3)), 2, 1)


@check("backwards: dx of the statement's image")
def dx_statement(student):
    compare_dx(student, GRADIENT, IMAGE, KERNEL, 2, 1)


@check("backwards: dx with padding 0 and pixels that nobody read")
def dx_stride(student):
    x, w, _ = draw(4, (2, 6, 8, 2), (3, 3, 2, 2))
    compare_dx(student, upstream(x, w, 2, 0), x, w, 2, 0)


@check("backwards: dx with stride and padding", points=2)
def dx_both(student):
    x, w, _ = draw(5, (2, 5, 6, 2), (3, 3, 2, 3))
    compare_dx(student, upstream(x, w, 2, 1), x, w, 2, 1)


@check("backwards: dw and db with stride and padding", points=2)
def dw_db(student):
    x, w, _ = draw(6, (3, 5, 6, 2), (3, 2, 2, 4))
    compare_dw_db(student, upstream(x, w, 2, 1), x, w, 2, 1)


@check("there and back: stride 3, padding 2 and a 5x4 kernel")
def large(student):
    x, w, b = draw(8, (1, 11, 6, 1), (5, 4, 1, 2))
    dy = upstream(x, w, 3, 2)
    compare_y(student, x, w, b, 3, 2)
    compare_dx(student, dy, x, w, 3, 2)
    compare_dw_db(student, dy, x, w, 3, 2)


@check("backwards: a 1x1 kernel with stride 2")
def pointwise(student):
    x, w, _ = draw(7, (2, 5, 4, 3), (1, 1, 3, 3))
    dy = upstream(x, w, 2, 0)
    compare_dx(student, dy, x, w, 2, 0)
    compare_dw_db(student, dy, x, w, 2, 0)
