"""Draw the pictures of the pages on ReLU, dropout and flatten: relu.svg, dropout.svg, flatten.svg.

python docs/images/make_elementwise.py
"""

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
    grid,
    label,
    note,
    save,
)
from matplotlib.patches import Circle

from mydl.layers import Dropout, Flatten, ReLU


def row(ax, values, at, color, name, remark=""):
    """A row of numbers with its name on the left; zeros are grey, a remark stands on the right."""
    values = np.atleast_2d(values) + 0.0  # shows -0 as 0
    shown = (lambda r, c: color if values[r, c] else EMPTY) if color != INPUT else color
    grid(ax, values, at, shown)
    label(ax, (at[0] - 0.8, at[1] + 0.7), name, size=12)
    note(ax, (at[0] + values.shape[1] + 0.5, at[1] + 0.5), remark, FAINT)


def axes(ax, origin, right=2.6, up=2.4, left=2.6):
    """The axes of a small graph: x to the right, y up."""
    x, y = origin
    arrow(ax, (x - left, y), (x + right, y))
    arrow(ax, (x, y + 0.6), (x, y - up))
    label(ax, (x + right + 0.3, y + 0.2), "$x$")


def draw_relu():
    """The function and its slope; below it a row of numbers there and back."""
    fig, ax = figure(15.2, 12.0)
    for left, title in ((3.8, "$y = \\max(x, 0)$"), (11.0, "$\\partial y / \\partial x$")):
        axes(ax, (left, 3.6))
        label(ax, (left, 0.9), title, size=12)
    ax.plot([1.4, 3.8, 5.9], [3.6, 3.6, 1.5], color=SECOND, linewidth=2.4)
    ax.plot([8.6, 11.0], [3.6, 3.6], color=SECOND, linewidth=2.4)
    ax.plot([11.0, 13.2], [2.4, 2.4], color=SECOND, linewidth=2.4)
    ax.add_patch(Circle((11.0, 3.6), 0.12, facecolor=ACCENT, edgecolor=ACCENT, zorder=4))
    ax.add_patch(Circle((11.0, 2.4), 0.12, facecolor="white", edgecolor=SECOND, zorder=4))
    label(ax, (10.6, 2.6), "1", size=10)
    label(ax, (3.8, 4.7), "no slope at the kink", ACCENT, 10)
    label(ax, (11.0, 4.7), "0 is chosen there", ACCENT, 10)

    x, dy = np.array([-2.0, 0, 3, -1, 2]), np.array([4.0, -1, 2, 3, -5])
    relu = ReLU()
    y = relu.forward(x)
    dx = relu.backward(dy)
    row(ax, x, (3.0, 5.6), INPUT, "$x$")
    row(ax, y, (3.0, 6.8), OUTPUT, "$y$", "what is negative becomes 0")
    row(ax, (y > 0) * 1.0, (3.0, 8.2), WEIGHT, "$y > 0$", "the mask, read from y")
    row(ax, dy, (3.0, 9.4), GRADIENT, "$dy$")
    row(ax, dx, (3.0, 10.6), GRADIENT, "$dx$", "dy where the mask is 1, its sign kept")
    save(fig, "relu")


def draw_dropout():
    """Two passes of training with two masks, and evaluation."""
    x, dy = np.array([[4.0, 4, 8, -2, 6]]), np.array([[1.0, -1, 2, 2, 3]])
    dropout = Dropout(0.5, np.random.default_rng(14))
    fig, ax = figure(20.6, 9.4)
    for left, title in ((2.2, "training, one pass"), (8.6, "training, the next pass")):
        y = dropout.forward(x)
        dx = dropout.backward(dy)
        mask = np.divide(y, x)
        label(ax, (left + 2.5, 0.9), title)
        names = ("$x$", "mask", "$y$", "$dy$", "$dx$") if left < 3 else ("",) * 5
        heights = (1.5, 2.7, 3.9, 6.1, 7.3)
        colors = (INPUT, WEIGHT, OUTPUT, GRADIENT, GRADIENT)
        for values, height, color, name in zip(
            (x, mask, y, dy, dx), heights, colors, names, strict=True
        ):
            row(ax, values, (left, height), color, name)
    left = 15.0
    label(ax, (left + 2.5, 0.9), "evaluation")
    row(ax, x, (left, 1.5), INPUT, "")
    row(ax, dropout.eval().forward(x), (left, 3.9), OUTPUT, "")
    label(ax, (left + 2.5, 3.4), "nothing to do", FAINT, 10)
    label(ax, (left + 2.5, 6.8), "no backward pass", FAINT, 10)
    label(ax, (7.8, 9.1), "the mask is drawn anew, and serves its own backward pass", FAINT, 10)
    save(fig, "dropout")


def draw_flatten():
    """An image of 2x2 pixels and three channels, flattened in both orders."""
    image = np.arange(12.0).reshape(2, 2, 3)  # row, column, channel; numbered in our order
    ours = Flatten().forward(image[None])[0]
    theirs = image.transpose(2, 0, 1).ravel()
    fig, ax = figure(15.4, 10.4)
    shades = (INPUT, OUTPUT, WEIGHT)
    for c, shade in enumerate(shades):
        left = 2.6 + 4.2 * c
        grid(ax, image[:, :, c], (left, 1.3), shade, title=f"channel {c}")
    places = {int(v): c for (_, _, c), v in np.ndenumerate(image)}
    for values, height, text in (
        (ours, 4.9, "(H, W, C): the three channels of a pixel side by side"),
        (theirs, 8.0, "(C, H, W), as in PyTorch: one channel after the other"),
    ):
        label(ax, (8.2, height - 0.25), text)
        grid(ax, values, (2.2, height), lambda _, k, v=values: shades[places[int(v[k])]])
        grid(ax, np.arange(12), (2.2, height + 1.0), "white", size=8, cell=1.0)
        ax.text(2.0, height + 1.5, "position", ha="right", va="center", fontsize=8, color=INK)
    save(fig, "flatten")


if __name__ == "__main__":
    draw_relu()
    draw_dropout()
    draw_flatten()
