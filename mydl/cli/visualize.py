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
visualize.command("compare")(compare)
