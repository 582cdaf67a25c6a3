"""``mydl visualize``: what a trained network looks at, and what it has learnt."""

from __future__ import annotations

import typer

from .visualize_attribution import (
    activations,
    cam,
    compare,
    filters,
    grad_cam,
    guided,
    occlusion,
    saliency,
    smooth,
)
from .visualize_generation import class_, dream, fgsm, fool, invert, style

visualize = typer.Typer(
    help="See what a network looks at and what it has learnt, as pictures in files.",
    rich_markup_mode="markdown",
    no_args_is_help=True,
)

visualize.command("filters")(filters)
visualize.command("activations")(activations)
visualize.command("saliency")(saliency)
visualize.command("smooth")(smooth)
visualize.command("guided")(guided)
visualize.command("cam")(cam)
visualize.command("grad-cam")(grad_cam)
visualize.command("occlusion")(occlusion)
visualize.command("fool")(fool)
visualize.command("fgsm")(fgsm)
visualize.command("class")(class_)
visualize.command("dream")(dream)
visualize.command("invert")(invert)
visualize.command("style")(style)
visualize.command("compare")(compare)
