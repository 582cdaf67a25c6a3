"""Draw the pictures of docs/layers/batchnorm.md and lrn.md.

python docs/images/make_batchnorm.py
"""

from __future__ import annotations

import numpy as np
from drawing import (
    ACCENT,
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
    save,
)
from matplotlib.patches import Rectangle

from mydl.layers import BatchNorm2d, LocalResponseNorm

WIDE = 1.2


def cells(ax, values, at, color):
    """A row of cells that are a little wider than high."""
    left, top = at
    for i, value in enumerate(np.ravel(values)):
        x = left + i * WIDE
        ax.add_patch(
            Rectangle((x, top), WIDE, 1, facecolor=color, edgecolor="white", linewidth=1.5)
        )
        text = f"{round(float(value), 4):g}".replace("-", "\N{MINUS SIGN}")
        ax.text(x + WIDE / 2, top + 0.5, text, ha="center", va="center", fontsize=11, color=INK)


def node(ax, at, values, gradient, name, gradient_name, color):
    """A value with its gradient below it."""
    left, top = at
    width = np.size(values) * WIDE
    label(ax, (left + width / 2, top - 0.25), name)
    cells(ax, values, at, color)
    cells(ax, gradient, (left, top + 1.05), GRADIENT)
    label(ax, (left + width / 2, top + 2.85), gradient_name, color=ACCENT, size=10)


def batchnorm() -> None:
    """One channel with four values: every step of batch norm, forwards and backwards."""
    x, gamma, beta = np.array([3.0, 9, 11, 17]), 5.0, 1.0
    dy = np.array([10.0, 0, 0, 0])
    m = len(x)
    mean = x.mean()
    c = x - mean
    var = (c**2).mean()
    s = 1 / np.sqrt(var)
    x_hat = c * s
    y = gamma * x_hat + beta
    dbeta, dgamma, dx_hat = dy.sum(), (dy * x_hat).sum(), gamma * dy
    ds = (dx_hat * c).sum()
    dvar = -0.5 * s**3 * ds
    dc = dx_hat * s + dvar * 2 * c / m
    dmean = -dc.sum()
    dx = dc + dmean / m

    layer = BatchNorm2d(1, eps=1e-12, dtype=np.float64)
    layer.weight.data, layer.bias.data = np.array([gamma]), np.array([beta])
    assert np.allclose(layer.forward(x.reshape(2, 1, 2, 1)).ravel(), y)
    assert np.allclose(layer.backward(dy.reshape(2, 1, 2, 1)).ravel(), dx)
    assert np.allclose([layer.weight.grad[0], layer.bias.grad[0]], [dgamma, dbeta])

    fig, ax = figure(25.4, 9.6)
    node(ax, (0.3, 1.3), x, dx, "$x$", "$dx$", INPUT)
    node(ax, (7, 1.3), c, dc, r"$c = x - \mu$", "$dc$", INPUT)
    node(ax, (13.7, 1.3), x_hat, dx_hat, r"$\hat{x} = c\,s$", r"$d\hat{x}$", INPUT)
    node(ax, (20.4, 1.3), y, dy, r"$y = \gamma\,\hat{x} + \beta$", "$dy$", OUTPUT)
    node(ax, (4.9, 6.3), mean, dmean, r"$\mu$ = mean of $x$", r"$d\mu$", INPUT)
    node(ax, (9.6, 6.3), var, dvar, "$v$ = mean of $c^2$", "$dv$", INPUT)
    node(ax, (13.9, 6.3), s, ds, r"$s = 1/\sqrt{v}$", "$ds$", INPUT)
    node(ax, (18.4, 6.3), gamma, dgamma, r"$\gamma$", r"$d\gamma$", WEIGHT)
    node(ax, (21.4, 6.3), beta, dbeta, r"$\beta$", r"$d\beta$", WEIGHT)
    for start, end in ((5.2, 6.9), (11.9, 13.6), (18.6, 20.3)):
        arrow(ax, (start, 1.8), (end, 1.8))
        arrow(ax, (end, 2.85), (start, 2.85), color=ACCENT)
    for start, end in (
        ((1.8, 4.2), (4.7, 6.8)),
        ((6.2, 5.6), (8.3, 4.2)),
        ((9.6, 4.2), (10.0, 5.5)),
        ((11.0, 6.8), (13.7, 6.8)),
        ((14.7, 5.5), (15.8, 4.2)),
        ((19.2, 5.7), (21.4, 4.2)),
        ((22.1, 5.7), (22.7, 4.2)),
    ):
        arrow(ax, start, end)
    save(fig, "batchnorm")


def lrn() -> None:
    """Four channels of a pixel: the window, and the gradient of one output."""
    layer = LocalResponseNorm(3, alpha=3.0, beta=1.0, k=1.0)
    x = np.array([1.0, 2, 2, 0])
    s = 1 + np.array([5.0, 9, 8, 4])
    y = layer.forward(x.reshape(1, 1, 1, 4)).ravel()
    assert np.allclose(y, x / s)
    dy = np.array([0.0, 10, 0, 0])
    dx = layer.backward(dy.reshape(1, 1, 1, 4)).ravel()
    fig, ax = figure(20.6, 6)
    columns = {"cell": 1.2, "form": "{:.3g}"}
    grid(ax, x, (0.4, 1), INPUT, title="four channels of a pixel, $x$", **columns)
    frame(ax, (0.4, 1), 1.2, 3.6)
    grid(ax, s, (7.8, 1), INPUT, title="$s$ = 1 + squares around", **columns)
    frame(ax, (9, 1), 1.2, 1.2)
    grid(ax, y, (15.2, 1), OUTPUT, title="$y = x / s$", **columns)
    arrow(ax, (5.4, 1.6), (7.6, 1.6))
    arrow(ax, (12.8, 1.6), (15, 1.6))
    label(ax, (9.6, 2.95), r"$1 + 1^2 + 2^2 + 2^2$", color=ACCENT, size=10)
    grid(ax, dy, (15.2, 4.2), GRADIENT, title="$dy$", **columns)
    grid(ax, dx, (0.4, 4.2), GRADIENT, title="$dx$", **columns)
    frame(ax, (0.4, 4.2), 1.2, 3.6)
    arrow(ax, (15, 4.8), (5.4, 4.8), color=ACCENT)
    through = r"through $s_1$, to all three:  $-2\,x_j\,y_1 \cdot 10 / 10$"
    label(ax, (10.2, 4.6), "directly, to channel 1:  $10 / 10$", color=SECOND, size=10)
    label(ax, (10.2, 5.5), through, color=SECOND, size=10)
    save(fig, "lrn")


if __name__ == "__main__":
    batchnorm()
    lrn()
