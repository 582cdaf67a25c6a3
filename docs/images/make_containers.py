"""Draw the pictures of docs/layers/containers.md.

python docs/images/make_containers.py
"""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
from drawing import (
    ACCENT,
    FAINT,
    GRADIENT,
    INK,
    INPUT,
    OUTPUT,
    SECOND,
    WEIGHT,
    arrow,
    figure,
    label,
    save,
)
from matplotlib.patches import Rectangle

from mydl.layers import Bypass, Conv2d, Fire, ReLU, Sequential


def value(ax, at, number, gradient, color=INPUT):
    """A number and, below it, its gradient."""
    for i, (n, fill) in enumerate(((number, color), (gradient, GRADIENT))):
        left, top = at[0], at[1] + i * 1.05
        cell = Rectangle((left, top), 1.4, 1, facecolor=fill, edgecolor="white", linewidth=1.5)
        ax.add_patch(cell)
        ax.text(left + 0.7, top + 0.5, f"{n:g}", ha="center", va="center", fontsize=12, color=INK)


def box(ax, at, width, height, text, color=WEIGHT, size=11):
    """A layer."""
    ax.add_patch(Rectangle(at, width, height, facecolor=color, edgecolor=FAINT, linewidth=0.8))
    center = at[0] + width / 2, at[1] + height / 2
    ax.text(*center, text, ha="center", va="center", fontsize=size, color=INK)


def both(ax, start, end):
    """Forwards, and a little lower the way back."""
    arrow(ax, start, end)
    (x0, y0), (x1, y1) = start, end
    arrow(ax, (x1, y1 + 0.7), (x0, y0 + 0.7), color=ACCENT)


def heading(ax, at, text):
    """What a row shows, from the left edge."""
    ax.text(*at, text, ha="left", va="bottom", fontsize=12, color=INK)


def three_ways() -> None:
    """Sequential, Concat and Bypass with a single number."""
    fig, ax = figure(22.4, 15)
    heading(ax, (0.3, 1), "Sequential: the factors multiply")
    value(ax, (0.4, 1.6), 3, 24)
    box(ax, (4, 1.7), 3.6, 1.8, "$u = 2x$")
    value(ax, (10, 1.6), 6, 12)
    box(ax, (13.6, 1.7), 3.6, 1.8, "$y = u^2$")
    value(ax, (19.6, 1.6), 36, 1, OUTPUT)
    for start, end in ((2.1, 3.8), (7.8, 9.8), (11.7, 13.4), (17.4, 19.4)):
        both(ax, (start, 2.2), (end, 2.2))
    label(ax, (5.8, 4.4), r"$12 \cdot 2 = 24$", color=ACCENT)
    label(ax, (15.4, 4.4), r"$1 \cdot 2u = 12$", color=ACCENT)

    heading(ax, (0.3, 5.8), "Concat: what comes back from the branches adds up")
    value(ax, (0.4, 7.5), 1, 52)
    box(ax, (7, 6.4), 3.6, 1.6, "$2x$")
    box(ax, (7, 9), 3.6, 1.6, "$5x$")
    value(ax, (14.4, 6.2), 2, 1, OUTPUT)
    value(ax, (14.4, 8.8), 5, 10, OUTPUT)
    for top, bottom in ((6.8, 7.2), (9.4, 9.0)):
        both(ax, (2.1, bottom), (6.8, top))
        both(ax, (10.8, top), (14.2, top))
    label(ax, (19.3, 8.7), r"$2 \cdot 1 + 5 \cdot 10 = 52$", color=ACCENT)

    heading(ax, (0.3, 11.7), "Bypass: one way is always open")
    value(ax, (0.4, 12.7), 2, 1.1)
    box(ax, (7, 12.8), 3.6, 1.6, "$0.1x$")
    value(ax, (15.2, 12.7), 2.2, 1, OUTPUT)
    ax.text(12.9, 13.5, "+", ha="center", va="center", fontsize=17, color=INK)
    both(ax, (2.1, 13.2), (6.8, 13.2))
    both(ax, (10.8, 13.2), (12.4, 13.2))
    both(ax, (13.4, 13.2), (15, 13.2))
    arrow(ax, (1.4, 12.5), (12.8, 12.9), color=SECOND, bend=-0.12)
    label(ax, (12.6, 11.9), "$x$ itself; on the way back $dy$ itself", color=SECOND, size=10)
    label(ax, (19.6, 14), r"$0.1 \cdot 1 + 1 = 1.1$", color=ACCENT)
    save(fig, "containers")


def fire() -> None:
    """fire2 of SqueezeNet 1.0 with its shapes and parameters."""
    module = Fire(96, 16, 64, 64)
    count = {name: layer.num_parameters() for name, layer in module.children().items()}
    assert sum(count.values()) == 11920
    fig, ax = figure(26, 9.4)
    box(ax, (0.3, 3.6), 3.2, 2, "$x$\n55 x 55 x 96", INPUT)
    box(ax, (5.6, 3.6), 4.2, 2, f"squeeze 1x1, ReLU\n{count['squeeze']:,} parameters")
    box(ax, (11.3, 3.6), 3.2, 2, "$s$\n55 x 55 x 16", INPUT)
    box(ax, (16.2, 1.6), 3.6, 2, f"expand 1x1\n{count['expand1x1']:,}")
    box(ax, (16.2, 5.6), 3.6, 2, f"expand 3x3\n{count['expand3x3']:,}")
    box(ax, (21.8, 1.6), 3.9, 2, "channels 0 to 63", OUTPUT)
    box(ax, (21.8, 5.6), 3.9, 2, "channels 64 to 127", OUTPUT)
    label(ax, (23.75, 1.3), "ReLU, $y$: 55 x 55 x 128")
    both(ax, (3.6, 4.2), (5.5, 4.2))
    both(ax, (9.9, 4.2), (11.2, 4.2))
    both(ax, (14.6, 3.6), (16.1, 2.2))
    both(ax, (14.6, 4.9), (16.1, 6.3))
    both(ax, (19.9, 2.2), (21.7, 2.2))
    both(ax, (19.9, 6.2), (21.7, 6.2))
    for at, text in (
        ((23.75, 8.5), "$dy$, where $y > 0$,\ncut after 64 channels:\n$d_1$ and $d_3$"),
        ((13.4, 8.5), "$ds$ = what expand 1x1 makes of $d_1$\n+ what expand 3x3 makes of $d_3$"),
        ((4.2, 8.5), "$dx$ = what squeeze makes\nof $ds$, where $s > 0$"),
    ):
        ax.text(*at, text, ha="center", va="center", fontsize=10.5, color=ACCENT)
    save(fig, "fire")


def depth() -> None:
    """The gradient's norm on its way back through 20 layers, with and without a bypass."""

    def block(rng: np.random.Generator) -> Sequential:
        conv = Conv2d(8, 8, 3, padding=1, dtype=np.float64)
        bound = 1 / np.sqrt(9 * 8)
        conv.weight.data = rng.uniform(-bound, bound, conv.weight.shape)
        return Sequential(conv, ReLU())

    fig, ax = plt.subplots(figsize=(7.5, 3.4))
    fig.subplots_adjust(left=0.1, right=0.98, bottom=0.14, top=0.97)
    for name, wrap, color in (
        ("y = inner(x)", lambda layer: layer, ACCENT),
        ("y = inner(x) + x", Bypass, SECOND),
    ):
        rng = np.random.default_rng(0)
        net = Sequential(*[wrap(block(rng)) for _ in range(20)])
        y = net.forward(rng.normal(size=(2, 16, 16, 8)))
        dy = rng.normal(size=y.shape)
        norms = [np.linalg.norm(dy)]
        for layer in reversed(net.children().values()):
            dy = layer.backward(dy)
            norms.append(np.linalg.norm(dy))
        ax.semilogy(np.array(norms) / norms[0], color=color, marker=".", label=name)
    ax.set(xlabel="layers on the way back", ylabel="norm of the gradient", xlim=(0, 20.3))
    ax.set_xticks(range(0, 21, 5))
    ax.spines[["top", "right"]].set_visible(False)
    ax.legend(frameon=False)
    save(fig, "bypass-gradient")


if __name__ == "__main__":
    three_ways()
    fire()
    depth()
