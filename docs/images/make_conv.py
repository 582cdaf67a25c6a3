"""Draw the pictures of docs/layers/conv2d.md, grouped.md and linear.md.

The numbers are those of the pages: an image made of the first sixteen digits of pi, weights that
count, and a dy of 1, 10, 100 and 1000, so that each sum can be read digit by digit. mydl computes
them:

    python docs/images/make_conv.py
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from drawing import (
    ACCENT,
    EMPTY,
    FAINT,
    GRADIENT,
    INK,
    INPUT,
    OUTPUT,
    SECOND,
    WEIGHT,
    arrow,
    figure,
    frame,
    grid,
    label,
    note,
    save,
    sign,
)

from mydl.layers import Conv2d, GroupedConv2d, Linear

X = np.array([[3, 1, 4, 1], [5, 9, 2, 6], [5, 3, 5, 8], [9, 7, 9, 3]], float)
X2 = np.array([[2, 7, 1, 8], [2, 8, 1, 8], [2, 8, 4, 5], [9, 0, 4, 5]], float)
W = np.arange(1.0, 10).reshape(3, 3)
DY = np.array([[1.0, 10], [100, 1000]])

ROWS = ("#d6e6f5", "#aed0ee", "#86b8e4")  # the three rows of a window
WINDOWS = tuple((p, q) for p in range(2) for q in range(2))
BIG = 8.5  # text of four digits in a cell


def convolved(stride: int, padding: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """y, dx and dW of the pages' convolution."""
    conv = Conv2d(1, 1, 3, stride, padding, dtype=np.float64)
    conv.weight.data = W[:, :, None, None]
    y = conv.forward(X[None, :, :, None])[0, :, :, 0]
    dx = conv.backward(DY[None, :, :, None])[0, :, :, 0]
    return y, dx, conv.weight.grad[:, :, 0, 0]


Y, DX, DW = convolved(1, 0)
COLS = np.array([X[p : p + 3, q : q + 3].reshape(-1) for p, q in WINDOWS])


def inside(p: int, q: int, color: str, other: str) -> Callable[[int, int], str]:
    """A colour for the cells of the 3x3 window that begins at (p, q), and one for the others."""
    return lambda row, column: color if p <= row < p + 3 and q <= column < q + 3 else other


def conv2d() -> None:
    """Forwards one window is one output; backwards each weight and each pixel is a sum."""
    fig, ax = figure(25, 13.6)
    note(ax, (0.4, 0.7), "forwards", FAINT, 12)
    grid(ax, X, (0.5, 2), title="$x$")
    frame(ax, (1.5, 2), 3, 3)
    sign(ax, (5.25, 4), "$*$")
    grid(ax, W, (6, 2.5), WEIGHT, title="$W$")
    sign(ax, (9.75, 4), "=")
    grid(ax, Y, (10.5, 3), OUTPUT, title="$y$")
    frame(ax, (11.5, 3), 1, 1)
    note(
        ax,
        (13.6, 4),
        "the window in red, times the weights:\n"
        "$1\\cdot1+4\\cdot2+1\\cdot3+9\\cdot4+2\\cdot5+6\\cdot6$\n"
        "$+\\,3\\cdot7+5\\cdot8+8\\cdot9=227$",
        size=11,
    )
    note(ax, (0.4, 7.6), "backwards", FAINT, 12)
    grid(ax, DY, (1.5, 9.5), GRADIENT, title="$dy$", size=9)
    arrow(ax, (3.9, 10.5), (6.3, 10.5))
    grid(ax, DX, (6.6, 8.9), GRADIENT, title="$dx$", size=BIG)
    frame(ax, (7.6, 9.9), 1, 1)
    label(ax, (8.6, 13.5), "four windows read this pixel", ACCENT, 9.5)
    note(
        ax,
        (10.9, 10.9),
        "$1\\cdot5+10\\cdot4$\n$+\\,100\\cdot2+1000\\cdot1$\n$=1245$",
        size=11,
    )
    grid(ax, DW, (16.2, 8.9), GRADIENT, title="$dW$", size=BIG)
    frame(ax, (16.2, 8.9), 1, 1, SECOND)
    label(ax, (17.7, 13.5), "this weight met four pixels", SECOND, 9.5)
    note(
        ax,
        (19.6, 10.4),
        "$1\\cdot3+10\\cdot1$\n$+\\,100\\cdot5+1000\\cdot9$\n$=9513$",
        size=11,
    )
    save(fig, "conv2d")


def im2col() -> None:
    """Each window of the image becomes a row."""
    fig, ax = figure(20.5, 14.6)
    label(ax, (2, 0.75), "window")
    label(ax, (9.6, 0.75), "its row of cols: kernel row 0, 1, 2")
    label(ax, (17.5, 0.75), "row · $w$ = $y$")
    for number, (p, q) in enumerate(WINDOWS):
        top = 1.2 + 3.4 * number
        grid(
            ax,
            X,
            (0.6, top),
            lambda row, column, p=p, q=q: (
                ROWS[row - p] if inside(p, q, "x", "")(row, column) else EMPTY
            ),
            cell=0.7,
            size=8.5,
            ink=inside(p, q, INK, FAINT),
        )
        frame(ax, (0.6 + 0.7 * q, top + 0.7 * p), 2.1, 2.1)
        arrow(ax, (3.6, top + 1.4), (4.9, top + 1.4))
        grid(ax, COLS[number], (5.1, top + 0.9), lambda _, column: ROWS[column // 3])
        label(ax, (9.6, top + 2.75), f"row {number}: window ({p}, {q})", FAINT, 9)
        arrow(ax, (14.4, top + 1.4), (16.8, top + 1.4))
        grid(ax, Y[p, q], (17, top + 0.9), OUTPUT)
    save(fig, "conv2d-im2col")


def products() -> None:
    """One product forwards, two backwards."""
    fig, ax = figure(26.5, 25.3)
    w, dy = W.reshape(9, 1), DY.reshape(4, 1)

    note(ax, (0.4, 0.8), "forwards: $y=\\mathrm{cols}\\cdot w$", size=13)
    grid(ax, COLS, (1, 5), title="cols (4, 9)")
    sign(ax, (10.6, 7), "·", size=22)
    grid(ax, w, (11.2, 2.5), WEIGHT, title="$w$ (9, 1)", cell=1)
    sign(ax, (12.8, 7), "=")
    grid(ax, Y.reshape(4, 1), (13.4, 5), OUTPUT, title="$y$ (4, 1)")
    arrow(ax, (14.8, 7), (17.2, 7), "reshape")
    grid(ax, Y, (17.6, 6), OUTPUT)

    note(ax, (0.4, 12.8), "the gradient of the weights: $dW=\\mathrm{cols}^T\\cdot dy$", size=13)
    grid(ax, COLS.T, (1, 14.6), title="cols$^T$ (9, 4)")
    sign(ax, (5.5, 19.1), "·", size=22)
    grid(ax, dy, (6, 17.1), GRADIENT, title="$dy$ (4, 1)", size=9)
    sign(ax, (7.6, 19.1), "=")
    grid(ax, DW.reshape(9, 1), (8.2, 14.6), GRADIENT, title="$dW$ (9, 1)", size=BIG)
    frame(ax, (1, 14.6), 1, 4)
    frame(ax, (8.2, 14.6), 1, 1)

    note(ax, (12.2, 12.8), "the gradient of cols: $dcols=dy\\cdot w^T$", size=13)
    grid(ax, dy, (12.6, 17.1), GRADIENT, title="$dy$ (4, 1)", size=9)
    sign(ax, (14.1, 19.1), "·", size=22)
    grid(ax, w.T, (14.6, 15), WEIGHT, title="$w^T$ (1, 9)")
    grid(ax, dy @ w.T, (14.6, 17.1), GRADIENT, size=BIG)
    label(ax, (19.1, 21.9), "$dcols$ (4, 9): each row is $w$ times one number of $dy$", size=10)
    note(
        ax,
        (1, 24.5),
        "Red: the first weight met the pixels 3, 1, 5, 9, so that its gradient is "
        "$3\\cdot1+1\\cdot10+5\\cdot100+9\\cdot1000=9513$.",
        size=10.5,
    )
    save(fig, "conv2d-product")


def col2im() -> None:
    """Each row of dcols goes back to the place of its window; where windows overlap, they add."""
    fig, ax = figure(24, 12.6)
    dcols = DY.reshape(4, 1) @ W.reshape(1, 9)
    for number, (p, q) in enumerate(WINDOWS):
        left = 0.6 + 6 * number
        label(ax, (left + 2, 0.8), f"row {number} of dcols, at window ({p}, {q})", size=9.5)
        text = np.full((4, 4), "", dtype=object)
        text[p : p + 3, q : q + 3] = [
            [f"{v:g}" for v in row] for row in dcols[number].reshape(3, 3)
        ]
        grid(ax, text, (left, 1.2), inside(p, q, GRADIENT, EMPTY), size=BIG)
        frame(ax, (left + q, 1.2 + p), 3, 3, SECOND)
        frame(ax, (left + 1, 2.2), 1, 1)
        if number < 3:
            sign(ax, (left + 5, 3.2), "+")
    sign(ax, (1.2, 10), "=")
    grid(ax, DX, (2.2, 8), GRADIENT, title="$dx$", size=BIG)
    frame(ax, (3.2, 9), 1, 1)
    counts = np.zeros((4, 4))
    for p, q in WINDOWS:
        counts[p : p + 3, q : q + 3] += 1
    shades = {1: "#fbf1f6", 2: GRADIENT, 4: "#e3a9c5"}
    grid(
        ax,
        counts,
        (9, 8),
        lambda r, c: shades[int(counts[r, c])],
        title="windows that read a pixel",
    )
    frame(ax, (10, 9), 1, 1)
    note(
        ax,
        (14.3, 10),
        "The pixel in red was read four times:\n"
        "by window (0, 0) with weight 5:      5 · 1\n"
        "by window (0, 1) with weight 4:      4 · 10\n"
        "by window (1, 0) with weight 2:      2 · 100\n"
        "by window (1, 1) with weight 1:      1 · 1000\n"
        "together 1245",
    )
    save(fig, "conv2d-col2im")


def turned() -> None:
    """dx as a convolution of the padded dy with the turned kernel."""
    fig, ax = figure(20.5, 8.2)
    padded = np.pad(DY, 2)
    real = lambda row, column: 2 <= row < 4 and 2 <= column < 4  # noqa: E731
    grid(
        ax,
        padded,
        (0.6, 1.5),
        lambda r, c: GRADIENT if real(r, c) else EMPTY,
        title="$dy$, padded by 2",
        size=9,
        ink=lambda r, c: INK if real(r, c) else FAINT,
    )
    frame(ax, (1.6, 2.5), 3, 3)
    sign(ax, (7.4, 4.5), "$*$")
    grid(ax, W[::-1, ::-1], (8.2, 3), WEIGHT, title="$W$, turned by 180°")
    sign(ax, (12, 4.5), "=")
    grid(ax, DX, (12.8, 2.5), GRADIENT, title="$dx$", size=BIG)
    frame(ax, (13.8, 3.5), 1, 1)
    note(ax, (17.3, 4.5), "$1\\cdot5+10\\cdot4$\n$+\\,100\\cdot2$\n$+\\,1000\\cdot1$", size=11)
    save(fig, "conv2d-turned")


def stride() -> None:
    """Stride 2 and padding 1: windows leave pixels out, and dy is dilated on the way back."""
    y, dx, _ = convolved(2, 1)
    fig, ax = figure(26.2, 18.4)
    note(ax, (0.4, 0.7), "forwards: stride 2, padding 1", FAINT, 12)
    pixel = lambda row, column: 1 <= row < 5 and 1 <= column < 5  # noqa: E731
    grid(
        ax,
        np.pad(X, 1),
        (0.6, 2.2),
        lambda r, c: INPUT if pixel(r, c) else EMPTY,
        title="$x$, padded by 1",
        ink=lambda r, c: INK if pixel(r, c) else FAINT,
    )
    for p, q in WINDOWS:
        frame(ax, (0.6 + 2 * q, 2.2 + 2 * p), 3, 3, ACCENT if (p, q) == (1, 1) else SECOND)
    sign(ax, (7.4, 5.2), "$*$")
    grid(ax, W, (8.2, 3.7), WEIGHT, title="$W$")
    sign(ax, (12, 5.2), "=")
    grid(ax, y, (12.8, 4.2), OUTPUT, title="$y$")
    frame(ax, (13.8, 5.2), 1, 1)
    note(
        ax,
        (15.8, 5.2),
        "four windows, two pixels apart;\nthe last row and column of zeros\nare read by none",
    )
    note(ax, (0.4, 9.3), "backwards", FAINT, 12)
    dilated = np.zeros((3, 3))
    dilated[::2, ::2] = DY
    real = lambda row, column: row in (2, 4) and column in (2, 4)  # noqa: E731
    between = lambda row, column: 2 <= row < 5 and 2 <= column < 5  # noqa: E731
    grid(
        ax,
        np.pad(dilated, 2),
        (0.6, 11),
        lambda r, c: GRADIENT if real(r, c) else "#e2e2e2" if between(r, c) else EMPTY,
        title="$dy$, dilated, then padded by 2",
        size=9,
        ink=lambda r, c: INK if real(r, c) else FAINT,
    )
    sign(ax, (8.3, 14.5), "$*$")
    grid(ax, W[::-1, ::-1], (9, 13), WEIGHT, title="$W$, turned")
    sign(ax, (12.7, 14.5), "=")
    reached = np.zeros((5, 5))
    for (p, q), value in zip(WINDOWS, DY.reshape(-1), strict=True):
        reached[2 * p : 2 * p + 3, 2 * q : 2 * q + 3] += value * W
    assert np.array_equal(reached[1:, 1:], dx)
    kept = lambda row, column: row > 0 and column > 0  # noqa: E731
    grid(
        ax,
        reached,
        (13.4, 12),
        lambda r, c: GRADIENT if kept(r, c) else EMPTY,
        title="gradient of the padded image",
        size=BIG,
        ink=lambda r, c: INK if kept(r, c) else FAINT,
    )
    frame(ax, (14.4, 13), 4, 4)
    arrow(ax, (18.7, 15), (21.2, 15), "cut")
    grid(ax, dx, (21.5, 13), GRADIENT, title="$dx$", size=BIG)
    save(fig, "conv2d-stride")


def layout() -> None:
    """Two channels: the order of a row of cols here, and in frameworks with channels first."""
    fig, ax = figure(24, 13)
    tints = (INPUT, "#e3d9f0")
    channels = (X, X2)
    for number, (values, tint) in enumerate(zip(channels, tints, strict=True)):
        left = 1 + 5.2 * number
        grid(
            ax,
            values,
            (left, 1.6),
            inside(0, 0, tint, EMPTY),
            title=f"$x$, channel {number}",
            ink=inside(0, 0, INK, FAINT),
        )
        frame(ax, (left, 1.6), 3, 3)
    note(
        ax,
        (11.6, 3.6),
        "two channels: the window is 3x3x2,\n18 numbers, and so is a row of cols.\n"
        "What differs is the order.",
        size=11,
    )
    window = np.stack([X[:3, :3], X2[:3, :3]], axis=-1)
    cell, left = 1.2, 1.2
    label(
        ax,
        (12, 7.1),
        "here, (N, H, W, C): a row of cols is (kh, kw, c), the channels of a pixel side by side",
    )
    grid(ax, window.reshape(1, -1), (left, 7.8), lambda _, k: tints[k % 2], cell=cell)
    for row in range(3):
        frame(ax, (left + 6 * cell * row, 7.8), cell, 6 * cell, FAINT)
        label(ax, (left + (6 * row + 3) * cell, 9.6), f"kernel row {row}", FAINT, 9)
    label(ax, (12, 10.6), "Caffe, PyTorch, (N, C, H, W): (c, kh, kw), one channel after the other")
    first = window.transpose(2, 0, 1).reshape(1, -1)
    grid(ax, first, (left, 11), lambda _, k: tints[k // 9], cell=cell)
    for number in range(2):
        frame(ax, (left + 9 * cell * number, 11), cell, 9 * cell, FAINT)
        label(ax, (left + (9 * number + 4.5) * cell, 12.8), f"channel {number}", FAINT, 9)
    save(fig, "conv2d-layout")


def pixels() -> None:
    """A 1x1 convolution: the image, read as a matrix of pixels, times the weight."""
    x = np.array([[3.0, 1, 4], [1, 5, 9], [2, 6, 5], [3, 5, 8]])  # (4 pixels, 3 channels)
    w = np.arange(1.0, 7).reshape(3, 2)
    conv = Conv2d(3, 2, 1, dtype=np.float64)
    conv.weight.data = w[None, None]
    y = conv.forward(x.reshape(1, 2, 2, 3)).reshape(4, 2)
    fig, ax = figure(23.4, 7.2)
    tints = (INPUT, "#e3d9f0", "#d8eef0")
    for pixel, (row, column) in enumerate(WINDOWS):
        at = (0.6 + 3.2 * column, 2.4 + 1.2 * row)
        grid(ax, x[pixel], at, lambda _, c: tints[c])
        frame(ax, at, 1, 3, FAINT)
    label(ax, (3.7, 1.9), "$x$ (1, 2, 2, 3)")
    label(ax, (3.7, 5.3), "pixels with 3 channels", FAINT, 9)
    arrow(ax, (7.1, 3.5), (9.2, 3.5), "reshape")
    grid(ax, x, (9.5, 1.6), lambda _, c: tints[c], title="cols (4, 3)")
    label(ax, (11, 6.3), "a row a pixel, nothing moved", FAINT, 9)
    sign(ax, (13.1, 3.6), "·", size=22)
    grid(ax, w, (13.7, 2.1), WEIGHT, title="$W$ (3, 2)")
    sign(ax, (16.4, 3.6), "=")
    grid(ax, y, (17.1, 1.6), OUTPUT, title="$y$ (4, 2)")
    note(ax, (19.6, 3.6), "again (1, 2, 2, 2)\nwithout a copy")
    save(fig, "conv2d-pixels")


def linear() -> None:
    """A dense layer: one product forwards, two backwards, in two samples."""
    x, w = np.array([[3.0, 1, 4], [1, 5, 9]]), np.arange(1.0, 7).reshape(3, 2)
    layer = Linear(3, 2, dtype=np.float64)
    layer.weight.data, layer.bias.data = w, np.array([1.0, 2])
    y, dx = layer.forward(x), layer.backward(DY)
    dw, db = layer.weight.grad, layer.bias.grad
    fig, ax = figure(25, 17.6)
    note(ax, (0.4, 0.7), "forwards", FAINT, 12)
    grid(ax, x, (0.8, 3), title="$x$ (2, 3)")
    label(ax, (2.3, 6), "a row a sample", FAINT, 9)
    sign(ax, (4.4, 4), "·", size=22)
    grid(ax, w, (5, 2.5), WEIGHT, title="$W$ (3, 2)")
    sign(ax, (7.7, 4), "+")
    grid(ax, np.array([1.0, 2]), (8.4, 3.5), WEIGHT, title="$b$ (2)")
    sign(ax, (11.1, 4), "=")
    grid(ax, y, (11.8, 3), OUTPUT, title="$y$ (2, 2)")
    note(ax, (14.6, 4), "$y_{00}=3\\cdot1+1\\cdot3+4\\cdot5+1=27$", size=11)

    note(ax, (0.4, 7.2), "backwards: the weights, a sum of outer products", FAINT, 12)
    left = 0.8
    for number in range(2):
        grid(ax, x[number][:, None], (left, 9.2), title=f"$x_{number}$")
        sign(ax, (left + 1.4, 10.7), "·", size=22)
        grid(ax, DY[number], (left + 1.8, 10.2), GRADIENT, title=f"$dy_{number}$", size=9)
        sign(ax, (left + 4.3, 10.7), "=")
        grid(ax, np.outer(x[number], DY[number]), (left + 4.8, 9.2), GRADIENT, size=BIG)
        label(ax, (left + 5.8, 8.9), f"sample {number}", FAINT, 9)
        sign(ax, (left + 7.4, 10.7), "+" if number == 0 else "=")
        left += 8.1
    grid(ax, dw, (left, 9.2), GRADIENT, title="$dW$ (3, 2)", size=BIG)
    grid(ax, db, (left + 3.6, 10.2), GRADIENT, title="$db$: sum of the rows of $dy$", size=BIG)

    note(ax, (0.4, 13.4), "backwards: the inputs", FAINT, 12)
    grid(ax, DY, (0.8, 15.2), GRADIENT, title="$dy$ (2, 2)", size=9)
    sign(ax, (3.3, 16.2), "·", size=22)
    grid(ax, w.T, (3.9, 15.2), WEIGHT, title="$W^T$ (2, 3)")
    sign(ax, (7.4, 16.2), "=")
    grid(ax, dx, (8, 15.2), GRADIENT, title="$dx$ (2, 3)", size=BIG)
    note(ax, (11.8, 15.7), "$dx_{00}=1\\cdot1+10\\cdot2=21$", size=11)
    save(fig, "linear")


def grouped() -> None:
    """Two groups: the weight is block diagonal, and so is its gradient."""
    x = np.array([[3.0, 1, 4, 1]])
    dy = DY.reshape(1, 4)
    layer = GroupedConv2d(4, 4, 1, groups=2, dtype=np.float64, bias=False)
    for number, conv in enumerate(layer.convolutions):
        conv.weight.data = np.arange(1.0, 5).reshape(1, 1, 2, 2) + 4 * number
    y = layer.forward(x.reshape(1, 1, 1, 4)).reshape(1, 4)
    dx = layer.backward(dy.reshape(1, 1, 1, 4)).reshape(1, 4)
    block = lambda row, column: row // 2 == column // 2  # noqa: E731
    blocks, gradients = np.full((4, 4), "", object), np.full((4, 4), "", object)
    for number, conv in enumerate(layer.convolutions):
        place = np.s_[2 * number : 2 * number + 2, 2 * number : 2 * number + 2]
        blocks[place] = [[f"{v:g}" for v in row] for row in conv.weight.data[0, 0]]
        gradients[place] = [[f"{v:g}" for v in row] for row in conv.weight.grad[0, 0]]
    fig, ax = figure(21.5, 14.6)
    note(ax, (0.4, 0.7), "forwards", FAINT, 12)
    halves = (INPUT, "#aed0ee")
    grid(ax, x, (0.8, 3.7), lambda _, c: halves[c // 2], title="$x$, one pixel")
    sign(ax, (5.4, 4.2), "·", size=22)
    grid(ax, blocks, (6, 2.2), lambda r, c: WEIGHT if block(r, c) else EMPTY, title="$W$")
    sign(ax, (10.6, 4.2), "=")
    grid(ax, y, (11.2, 3.7), OUTPUT, title="$y$")
    note(
        ax,
        (15.8, 4.2),
        "an empty cell is no weight:\noutputs 0, 1 do not see\ninputs 2, 3",
    )
    for at in ((6, 2.2), (8, 4.2)):
        frame(ax, at, 2, 2)
    note(ax, (0.4, 7.6), "backwards", FAINT, 12)
    grid(ax, dy, (0.8, 10.7), GRADIENT, title="$dy$", size=9)
    sign(ax, (5.4, 11.2), "·", size=22)
    transposed = blocks.T
    grid(ax, transposed, (6, 9.2), lambda r, c: WEIGHT if block(r, c) else EMPTY, title="$W^T$")
    sign(ax, (10.6, 11.2), "=")
    grid(ax, dx, (11.2, 10.7), GRADIENT, title="$dx$", size=BIG)
    grid(
        ax,
        gradients,
        (16.6, 9.2),
        lambda r, c: GRADIENT if block(r, c) else EMPTY,
        title="$dW=x^T dy$, in the blocks",
        size=BIG,
    )
    for at in ((6, 9.2), (8, 11.2), (16.6, 9.2), (18.6, 11.2)):
        frame(ax, at, 2, 2)
    save(fig, "grouped")


def main() -> None:
    """Draw all of them."""
    for draw in (conv2d, im2col, products, col2im, turned, stride, pixels, layout):
        draw()
    linear()
    grouped()


if __name__ == "__main__":
    main()
