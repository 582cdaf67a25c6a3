"""Draw the pictures of docs/squeezenet.md from numbers that mydl computes, and from the paper's.

python docs/images/make_squeezenet.py
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

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
    plt,
    save,
)
from matplotlib.axes import Axes
from matplotlib.patches import FancyBboxPatch

from mydl import Fire
from mydl.models import build_model
from mydl.models.graph import gradient_norms
from mydl.models.summary import summary

BYPASSES = (None, "simple", "complex")

# What the paper reports for ImageNet (arXiv 1602.07360, table 2, table 3 and section 5.2): the
# network, megabytes as printed there, top-5 accuracy in per cent.
PAPER = (
    ("AlexNet", 240, 80.3),
    ("SVD", 48, 79.4),
    ("pruning", 27, 80.3),
    ("Deep Compression", 6.9, 80.3),
    ("SqueezeNet", 4.8, 80.3),
    ("8 bits", 0.66, 80.3),
    ("6 bits", 0.47, 80.3),
    ("simple bypass", 4.8, 82.5),
    ("complex bypass", 7.7, 82.0),
    ("SR = 0.75", 19, 86.0),
)


def parameters_by_layer(name: str) -> dict[str, int]:
    """The layers of a network that have parameters, and how many."""
    network = build_model(name)
    rows = summary(network, network.image_shape).rows
    return {row.path.rsplit(".", 1)[-1]: row.parameters for row in rows if row.parameters}


# ---- where the parameters are -------------------------------------------------------------------


def draw_parameters() -> None:
    """Bars of the parameters of each layer: AlexNet's, and SqueezeNet's enlarged."""
    alexnet, squeezenet = (parameters_by_layer(n) for n in ("alexnet", "squeezenet1_0"))
    everything = sum(squeezenet.values())
    fig, (left, right) = plt.subplots(1, 2, figsize=(10, 4.2))
    fig.subplots_adjust(0.1, 0.04, 0.98, 0.91, wspace=0.25)

    colors = [WEIGHT if name.startswith("conv") else GRADIENT for name in alexnet]
    bars(left, [*alexnet, "SqueezeNet"], [*alexnet.values(), everything], [*colors, OUTPUT])
    left.set_title(f"AlexNet: {sum(alexnet.values()):,}", color=INK, fontsize=12)

    colors = [WEIGHT if name.startswith("conv") else OUTPUT for name in squeezenet]
    bars(right, list(squeezenet), list(squeezenet.values()), colors)
    right.set_title(f"SqueezeNet 1.0: {everything:,}", color=INK, fontsize=12)
    save(fig, "squeezenet-parameters")


def bars(ax: Axes, names: Sequence[str], values: Sequence[int], colors: Sequence[str]) -> None:
    """Horizontal bars from top to bottom, each with its number."""
    places = np.arange(len(names))
    ax.barh(places, values, color=colors, edgecolor=FAINT, linewidth=0.6, height=0.72)
    ax.set_yticks(places, names, fontsize=10, color=INK)
    ax.invert_yaxis()
    ax.set_xlim(0, max(values) * 1.28)
    ax.set_xticks([])
    ax.spines[["top", "right", "bottom"]].set_visible(False)
    ax.tick_params(length=0)
    for place, value in zip(places, values, strict=True):
        ax.text(
            value + max(values) * 0.012, place, f"{value:,}", va="center", fontsize=10, color=INK
        )


# ---- the fire module ----------------------------------------------------------------------------


def box(
    ax: Axes, at: tuple[float, float], width: float, text: str, fill: str, height: float = 1.1
) -> None:
    """A rounded box whose middle is at ``at`` = (x, y)."""
    x, y = at
    shape = FancyBboxPatch(
        (x - width / 2, y - height / 2),
        width,
        height,
        boxstyle="round,pad=0,rounding_size=0.18",
        facecolor=fill,
        edgecolor=FAINT,
        linewidth=0.9,
    )
    ax.add_patch(shape)
    ax.text(x, y, text, ha="center", va="center", fontsize=10.5, color=INK)


def draw_fire(ax: Axes, center: float, fire: Fire, count: Callable[..., str]) -> None:
    """A fire module from top to bottom; ``count`` writes the sum below it."""
    channels, squeeze = fire.squeeze.in_channels, fire.squeeze.out_channels
    one, three = fire.expand1x1.out_channels, fire.expand3x3.out_channels
    weights = [part.weight.data.size for part in (fire.squeeze, fire.expand1x1, fire.expand3x3)]
    products = (
        f"{channels}·{squeeze} = {weights[0]:,}",
        f"{squeeze}·{one} = {weights[1]:,}",
        f"9·{squeeze}·{three} = {weights[2]:,}",
    )
    left, right = center - 2.6, center + 2.6
    box(ax, (center, 1.4), 4.2, f"x: C = {channels}", INPUT)
    arrow(ax, (center, 1.95), (center, 2.75))
    box(ax, (center, 3.6), 4.7, f"squeeze 1x1: S = {squeeze}\n{products[0]}", WEIGHT, 1.7)
    arrow(ax, (center - 0.6, 4.45), (left, 5.5))
    arrow(ax, (center + 0.6, 4.45), (right, 5.5))
    box(ax, (left, 6.35), 4.7, f"expand 1x1: $e_1$ = {one}\n{products[1]}", WEIGHT, 1.7)
    box(ax, (right, 6.35), 4.7, f"expand 3x3: $e_3$ = {three}\n{products[2]}", WEIGHT, 1.7)
    arrow(ax, (left, 7.2), (center - 0.7, 8.45))
    arrow(ax, (right, 7.2), (center + 0.7, 8.45))
    box(ax, (center, 9.0), 4.2, f"y: {one} + {three} = {one + three}", OUTPUT)
    label(ax, (center, 10.6), count(*weights), size=11.5)


def draw_plain(ax: Axes, center: float, channels: int, filters: int) -> None:
    """One 3x3 convolution with the same input and output."""
    product = f"9·{channels}·{filters} = {9 * channels * filters:,}"
    box(ax, (center, 1.4), 4.2, f"x: C = {channels}", INPUT)
    arrow(ax, (center, 1.95), (center, 4.1))
    box(ax, (center, 4.95), 4.7, f"3x3: {filters}\n{product}", WEIGHT, 1.7)
    arrow(ax, (center, 5.8), (center, 8.45))
    box(ax, (center, 9.0), 4.2, f"y: {filters}", OUTPUT)
    label(ax, (center, 10.6), product.split(" = ")[1], size=11.5)


def draw_fires() -> None:
    """The fire module of the paper's figure 1 on 3 channels, and SqueezeNet's own fire2."""

    def count(squeeze: int, one: int, three: int) -> str:
        return f"{squeeze:,} + {one:,} + {three:,} = {squeeze + one + three:,}"

    fire2 = build_model("squeezenet1_0").features["fire2"]
    for name, fire in (("figure1", Fire(3, 3, 4, 4)), ("fire2", fire2)):
        fig, ax = figure(19, 11.2)
        filters = fire.expand1x1.out_channels + fire.expand3x3.out_channels
        draw_fire(ax, 5.9, fire, count)
        draw_plain(ax, 15.6, fire.squeeze.in_channels, filters)
        save(fig, f"squeezenet-{name}")


# ---- the network, plain and with bypass ---------------------------------------------------------


def draw_network() -> None:
    """Version 1.0 from top to bottom, plain, with simple and with complex bypass."""
    fig, ax = figure(26, 28.6)
    for column, bypass in enumerate(BYPASSES):
        network = build_model("squeezenet1_0", bypass=bypass)
        rows = [
            row
            for row in summary(network, network.image_shape).rows
            if row.depth == 0 and row.kind not in ("ReLU", "Dropout")
        ]
        center = 4.4 + 8.6 * column
        label(ax, (center, 0.75), bypass or "SqueezeNet", size=13)
        label(ax, (center, 1.5), f"{network.num_parameters():,}", color=SECOND, size=11)
        y = 2.4
        previous = y
        for row in rows:
            name = row.path.rsplit(".", 1)[-1]
            shape = "x".join(map(str, row.output_shape))
            fill = WEIGHT if row.parameters else INPUT
            if name.startswith("fire"):
                fill = OUTPUT
            box(ax, (center, y), 4.7, f"{name}   {shape}", fill, height=0.95)
            if row is not rows[0]:
                arrow(ax, (center, previous + 0.47), (center, y - 0.47))
            number = int(name[4:]) if name.startswith("fire") else 0
            if bypass and number % 2 == 1:
                around(ax, center, y, SECOND, "")
            elif bypass == "complex" and number:
                around(ax, center, y, ACCENT, "1x1")
            previous = y
            y += 1.9
    save(fig, "squeezenet-network")


def around(ax: Axes, center: float, y: float, color: str, text: str) -> None:
    """An arrow that leaves the chain above the box at ``y`` and joins it below."""
    right = center + 2.85
    ax.plot([center, right, right], [y - 0.78, y - 0.78, y + 0.84], color=color, linewidth=1.4)
    arrow(ax, (right, y + 0.84), (center - 0.05, y + 0.84), color=color)
    if text:
        ax.text(right + 0.15, y, text, fontsize=10, color=color, va="center")


# ---- what bypass does to the gradient -----------------------------------------------------------


def gradients_by_module(bypass: str | None, samples: int = 12) -> dict[str, float]:
    """Median norm of the gradient at each fire module's input, in networks as they are drawn."""
    norms: dict[str, list[float]] = {}
    for seed in range(samples):
        network = build_model("squeezenet1_0_cifar", bypass=bypass, final_relu=False, seed=seed)
        image = np.random.default_rng(seed).normal(size=network.image_shape).astype(np.float32)
        flows = gradient_norms(network, image, label=seed % 10).flows
        for number in range(2, 10):
            norms.setdefault(f"fire{number}", []).append(flows[f"features.fire{number}", "dx"])
    return {name: float(np.median(values)) for name, values in norms.items()}


def draw_gradients() -> None:
    """The norm of dx at fire9 ... fire2, for the three networks."""
    fig, ax = plt.subplots(figsize=(7.4, 3.8))
    fig.subplots_adjust(0.1, 0.13, 0.86, 0.93)
    for bypass, color in zip(BYPASSES, (INK, SECOND, ACCENT), strict=True):
        norms = dict(reversed(gradients_by_module(bypass).items()))
        ax.plot(list(norms), list(norms.values()), "o-", color=color)
        text = bypass or "SqueezeNet"
        ax.annotate(
            text, (7, norms["fire2"]), (8, 0), textcoords="offset points", va="center", color=color
        )
    ax.set_yscale("log")
    ax.set_ylabel("‖dx‖")
    ax.spines[["top", "right"]].set_visible(False)
    ax.grid(axis="y", color="#e4e4e4", linewidth=0.7)
    ax.set_axisbelow(True)
    save(fig, "squeezenet-gradients")


# ---- the paper's accuracies ---------------------------------------------------------------------


def draw_accuracy() -> None:
    """Size against top-5 accuracy, as the paper's tables and its section 5.2 have them."""
    fig, ax = plt.subplots(figsize=(8.4, 4.2))
    fig.subplots_adjust(0.08, 0.14, 0.97, 0.95)
    for text, megabytes, accuracy in PAPER:
        ours = text in ("SqueezeNet", "8 bits", "6 bits", "simple bypass", "complex bypass")
        ours = ours or text.startswith("SR")
        ax.plot(megabytes, accuracy, "o", color=ACCENT if ours else SECOND, markersize=7)
        below = text in ("SVD", "SqueezeNet", "8 bits")
        beside = text == "complex bypass"
        ax.annotate(
            text,
            (megabytes, accuracy),
            (9, -4) if beside else (0, -15 if below else 8),
            textcoords="offset points",
            ha="left" if beside else "center",
            fontsize=10,
            color=INK,
        )
    ax.set_xscale("log")
    ax.set_xticks([0.5, 1, 5, 10, 50, 100, 240], ["0.5", "1", "5", "10", "50", "100", "240"])
    ax.minorticks_off()
    ax.set(xlim=(0.3, 420), ylim=(78.3, 87.2), xlabel="MB", ylabel="top-5, %")
    ax.spines[["top", "right"]].set_visible(False)
    ax.grid(color="#e8e8e8", linewidth=0.7)
    ax.set_axisbelow(True)
    save(fig, "squeezenet-accuracy")


if __name__ == "__main__":
    draw_parameters()
    draw_fires()
    draw_network()
    draw_gradients()
    draw_accuracy()
