"""Draw the pictures of the pages on pooling: maxpool.svg, avgpool.svg, globalavgpool.svg.

python docs/images/make_pooling.py
"""

import numpy as np
from drawing import (
    EMPTY,
    FAINT,
    GRADIENT,
    INPUT,
    OUTPUT,
    arrow,
    figure,
    frame,
    grid,
    label,
    save,
)

from mydl.kernels.pooling import maxpool_reference
from mydl.layers import AvgPool2d, GlobalAvgPool2d, MaxPool2d

# One for each of the four windows, told apart also in grey by their place.
WINDOWS = ("#b3261e", "#1b5e9e", "#b26a00", "#2e7d32")


def one_image(rows):
    return np.array(rows, float)[None, :, :, None]


def windows(ax, at, cells=(3, 3), step=2):
    """The frames of 2x2 windows over an image at ``at``, each a little inside the one before."""
    for number, color in enumerate(WINDOWS):
        p, q = divmod(number, 2)
        inset = 0.04 + 0.045 * number
        x, y = at[0] + q * step + inset, at[1] + p * step + inset
        frame(ax, (x, y), cells[0] - 2 * inset, cells[1] - 2 * inset, color)


def outputs(ax, values, at, color, title):
    """A 2x2 array whose cells have the colours of their windows."""
    grid(ax, values, at, color, title=title)
    for number, window in enumerate(WINDOWS):
        p, q = divmod(number, 2)
        frame(ax, (at[0] + q + 0.06, at[1] + p + 0.06), 0.88, 0.88, window)


def both_ways(x, y, dy, dx, *, winners=(), middle=None, forwards, backwards, name):
    """Image and output above, their gradients below, arrows between them."""
    fig, ax = figure(15.2, 13.2)
    left, right, top, below = 1.2, 12.0, 1.3, 7.6
    grid(ax, x, (left, top), INPUT, title="$x$", bold=winners)
    windows(ax, (left, top))
    outputs(ax, y, (right, top + 1.5), OUTPUT, "$y$")
    grid(
        ax,
        dx,
        (left, below),
        lambda r, s: GRADIENT if dx[r, s] else EMPTY,
        title="$dx$",
        bold=[tuple(place) for place in np.argwhere(dx)] if winners else (),
    )
    windows(ax, (left, below))
    outputs(ax, dy, (right, below + 1.5), GRADIENT, "$dy$")
    arrow(ax, (left + 5.3, top + 2.5), (right - 0.3, top + 2.5))
    arrow(ax, (right - 0.3, below + 2.5), (left + 5.3, below + 2.5))
    between = (left + 5 + right) / 2
    label(ax, (between, top + 2.3), forwards)
    label(ax, (between, below + 2.3), backwards)
    if middle is not None:
        grid(ax, middle, (between - 1, top + 3.3), EMPTY, size=10)
        label(ax, (between, top + 6.15), "kept: number of the\nwinning cell, 0 to 8", FAINT, 9)
    save(fig, name)


def draw_maxpool():
    x = one_image(
        [[1, 0, 2, 4, 1], [3, 2, 1, 0, 4], [2, 8, 3, 1, 0], [0, 1, 2, 6, 3], [4, 1, 0, 5, 2]]
    )
    dy = one_image([[1, 2], [3, -1]])
    pool = MaxPool2d(3, 2)
    y = pool.forward(x)
    dx = pool.backward(dy)
    numbers = np.zeros(y.shape, np.uint8)
    maxpool_reference(x, np.empty_like(y), numbers, (3, 3), (2, 2), (0, 0))
    both_ways(
        *(a[0, :, :, 0] for a in (x, y, dy, dx)),
        winners=[(2, 1), (0, 3), (3, 3)],
        middle=numbers[0, :, :, 0],
        forwards="the largest\nof each 3x3 window",
        backwards="each dy to the pixel\nthat won; where one won\ntwice, they add",
        name="maxpool",
    )


def draw_avgpool():
    x = one_image(
        [[8, 5, 8, 1, 4], [3, 4, 9, 7, 4], [6, 9, 2, 2, 8], [9, 0, 4, 1, 3], [0, 6, 0, 3, 4]]
    )
    dy = one_image([[9, 18], [27, -9]])
    pool = AvgPool2d(3, 2)
    y = pool.forward(x)
    dx = pool.backward(dy)
    both_ways(
        *(a[0, :, :, 0] for a in (x, y, dy, dx)),
        forwards="the mean\nof each 3x3 window",
        backwards="each pixel gets 1/9 of dy,\nfrom each window\nthat it lies in",
        name="avgpool",
    )


def draw_globalavgpool():
    """Three classes, a map of 2x2 pixels for each."""
    maps = np.array([[[4.0, 2], [0, 2]], [[8, 6], [1, 5]], [[0, 1], [2, 1]]])  # class, row, column
    x = maps.transpose(1, 2, 0)[None]
    dy = np.array([[2.0, -4, 2]])
    pool = GlobalAvgPool2d()
    y = pool.forward(x)
    dx = pool.backward(dy)[0].transpose(2, 0, 1)
    fig, ax = figure(13.0, 8.8)
    for k, name in enumerate(("cat", "dog", "car")):
        left = 1.5 + 4.4 * k
        grid(ax, maps[k], (left, 1.3), INPUT, title=f"map of “{name}”")
        grid(ax, y[:, [k]], (left + 0.5, 4.2), OUTPUT)
        arrow(ax, (left + 1.0, 3.4), (left + 1.0, 4.1))
        grid(ax, dy[:, [k]], (left + 0.5, 5.2), GRADIENT)
        grid(ax, dx[k], (left + 0.25, 7.0), GRADIENT, cell=0.75, size=9)
        arrow(ax, (left + 1.0, 6.3), (left + 1.0, 6.95))
    for text, height in (("$x$", 2.5), ("$y$", 4.9), ("$dy$", 5.9), ("$dx$", 7.9)):
        label(ax, (0.7, height), text, size=12)
    save(fig, "globalavgpool")


if __name__ == "__main__":
    draw_maxpool()
    draw_avgpool()
    draw_globalavgpool()
