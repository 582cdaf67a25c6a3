"""Draw the pictures of docs/layers/softmax.md and softmax-cross-entropy.md.

python docs/images/make_softmax.py
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

from mydl.layers import Softmax
from mydl.losses import SoftmaxCrossEntropy

EXPONENTIALS = np.array([[1.0, 2.0, 5.0]])
NAMES = np.array([["log 1", "log 2", "log 5"]])
WIDE = 1.5  # of a cell that holds a number with three decimals


def row(ax, values, at, color, title="", form="{:.3g}", bold=()):
    """One row of cells, wide enough for three decimals."""
    left, top = at
    for i, value in enumerate(np.ravel(values)):
        x = left + i * WIDE
        ax.add_patch(
            plt.Rectangle((x, top), WIDE, 1, facecolor=color, edgecolor="white", linewidth=1.5)
        )
        text = value if isinstance(value, str) else form.format(value)
        ax.text(
            x + WIDE / 2,
            top + 0.5,
            text.replace("-", "\N{MINUS SIGN}"),
            ha="center",
            va="center",
            fontsize=11,
            color=INK,
            fontweight="bold" if i in bold else "normal",
        )
    if title:
        label(ax, (left + len(np.ravel(values)) * WIDE / 2, top - 0.25), title)


def jacobian(y: np.ndarray) -> np.ndarray:
    """All derivatives dy_i/dx_k of softmax."""
    return np.diag(y) - np.outer(y, y)


def matrix(ax, values, at, title):
    """64 times the Jacobian, which makes whole numbers of it, with its diagonal in bold."""
    left, top = at
    for i, line in enumerate(64 * values):
        row(ax, line, (left, top + i), WEIGHT, form="{:g}", bold=(i,))
    label(ax, (left + 1.5 * WIDE, top - 0.25), title)


def softmax() -> None:
    """Softmax of three scores, and the way back."""
    layer = Softmax()
    y = layer.forward(np.log(EXPONENTIALS))
    dy = np.array([[8.0, 0.0, 0.0]])
    dx = layer.backward(dy)
    fig, ax = figure(22, 8.7)
    row(ax, NAMES, (0.5, 1), INPUT, "scores $x$")
    row(ax, EXPONENTIALS, (8.5, 1), INPUT, "$e^{x}$, in all 8")
    row(ax, y, (17, 1), OUTPUT, "probabilities $y$, in all 1")
    arrow(ax, (5.2, 1.5), (8.3, 1.5), "exp")
    arrow(ax, (13.2, 1.5), (16.8, 1.5), "divide by 8")
    row(ax, dy, (17, 5.3), GRADIENT, "$dy$", form="{:g}")
    matrix(ax, jacobian(y[0]), (8.5, 4.3), r"$64\,J$:  $64\,y_i\,(1[i=k] - y_k)$")
    row(ax, dx, (0.5, 5.3), GRADIENT, "$dx = J\\,dy$, in all 0")
    arrow(ax, (16.8, 5.8), (13.2, 5.8), "times $J$")
    arrow(ax, (8.3, 5.8), (5.2, 5.8))
    label(
        ax,
        (11.25, 8.5),
        "without the matrix:  $dx = y\\,(dy - \\bar g)$ with $\\bar g = \\sum_i y_i\\,dy_i = 1$",
        color=SECOND,
    )
    save(fig, "softmax")


def cross_entropy() -> None:
    """Softmax, logarithm and their gradients one after the other, and in one step."""
    loss = SoftmaxCrossEntropy()
    value = loss.forward(np.log(EXPONENTIALS), np.array([0]))
    p = loss.probabilities
    dz = loss.backward()
    dp = np.array([[-1 / p[0, 0], 0, 0]])
    assert np.allclose(dp @ jacobian(p[0]), dz)
    fig, ax = figure(24, 10.6)
    row(ax, NAMES, (0.5, 1), INPUT, "logits $z$", bold=(0,))
    row(ax, p, (9.5, 1), OUTPUT, "probabilities $p$", bold=(0,))
    row(ax, [value], (20.5, 1), OUTPUT, "loss", form="{:.4f}")
    arrow(ax, (5.2, 1.5), (9.3, 1.5), "softmax")
    arrow(ax, (14.2, 1.5), (20.3, 1.5), "$-\\log$ of the label's $p$")
    label(ax, (1.25, 2.7), "label", color=ACCENT, size=10)
    row(ax, dp, (16.5, 4.9), GRADIENT, "$dp = -y/p$", form="{:g}")
    matrix(ax, jacobian(p[0]), (8.5, 3.9), r"64 times the Jacobian $J$")
    row(ax, dz, (0.5, 4.9), GRADIENT, "$dz = J\\,dp$")
    arrow(ax, (21.5, 2.2), (19.5, 4.1), bend=-0.2)
    arrow(ax, (16.3, 5.4), (13.2, 5.4), "times $J$")
    arrow(ax, (8.3, 5.4), (5.2, 5.4))
    row(ax, dz, (0.5, 8.9), GRADIENT, "$dz = p - y$")
    row(ax, p, (9.5, 8.9), OUTPUT, "$p$", bold=(0,))
    row(ax, [1, 0, 0], (16.5, 8.9), INPUT, "$y$", form="{:g}", bold=(0,))
    label(ax, (14.95 + 0.4, 9.75), "\N{MINUS SIGN}", size=16)
    arrow(ax, (9.3, 9.4), (5.2, 9.4), "in one step", color=SECOND)
    ax.plot([0.3, 23.7], [7.6, 7.6], color=FAINT, linewidth=0.8, linestyle=":")
    save(fig, "softmax-cross-entropy")


def stability() -> None:
    """Loss and gradient in float32, when the label's logit lies far below the largest."""
    gaps = np.linspace(0, 130, 521, dtype=np.float32)
    z = np.stack([np.zeros_like(gaps), -gaps], axis=1)
    labels = np.ones(len(gaps), int)
    curves = {}
    with np.errstate(all="ignore"):
        for name, eps in ("log(p)", 0), ("log(p + 1e-8)", 1e-8):
            layer = Softmax()
            p = layer.forward(z)[:, 1] + np.float32(eps)
            dp = np.stack([np.zeros_like(p), -1 / p], axis=1)
            curves[name] = -np.log(p), -layer.backward(dp)[:, 1]
    loss = SoftmaxCrossEntropy()
    one_by_one = [loss.forward(z[i : i + 1], labels[i : i + 1]) for i in range(len(z))]
    loss.forward(z, labels)
    curves["one step"] = np.array(one_by_one), -loss.backward()[:, 1] * len(z)
    style = {
        "one step": (FAINT, 5, "-"),
        "log(p)": (ACCENT, 1.8, "-"),
        "log(p + 1e-8)": (SECOND, 1.8, "--"),
    }
    fig, axes = plt.subplots(1, 2, figsize=(10, 3.6))
    fig.subplots_adjust(left=0.05, right=0.99, bottom=0.14, top=0.91, wspace=0.13)
    for name, (color, width, line) in style.items():
        for ax, values in zip(axes, curves[name], strict=True):
            values = np.where(np.isfinite(values), values, np.nan)
            ax.plot(gaps, values, color=color, linewidth=width, linestyle=line, label=name)
    last_loss, last_slope = (gaps[np.isfinite(values)][-1] for values in curves["log(p)"])
    step = gaps[1]
    axes[0].plot(last_loss, last_loss, "o", color=ACCENT)
    axes[0].annotate(
        f"infinity from {last_loss + step:.4g} on",
        (last_loss, last_loss),
        (28, 112),
        arrowprops={"arrowstyle": "-", "color": ACCENT},
        color=ACCENT,
    )
    axes[1].plot(last_slope, 1, "o", color=ACCENT)
    axes[1].annotate(
        f"NaN from {last_slope + step:.4g} on",
        (last_slope, 1),
        (80, 0.72),
        arrowprops={"arrowstyle": "-", "color": ACCENT},
        color=ACCENT,
    )
    axes[0].set(title="loss", ylim=(-4, 135))
    axes[1].set(title="pull on the label's logit ($-dz$)", ylim=(-0.05, 1.12))
    for ax in axes:
        ax.set(xlabel="how far the label's logit lies below the largest")
        ax.spines[["top", "right"]].set_visible(False)
    axes[0].legend(frameon=False, loc="lower right", bbox_to_anchor=(1, 0.14))
    save(fig, "softmax-stability")


if __name__ == "__main__":
    softmax()
    cross_entropy()
    stability()
