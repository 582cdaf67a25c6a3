"""The commands of ``mydl visualize`` that show what a network looks at in a picture."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..names import unknown
from . import visualize_panels as panels
from .subject import PRETRAINED, find_network, find_subject
from .visualize_options import Image, Index, Label, Model, Out, place_for, write_figure
from .visualize_panels import Look

if TYPE_CHECKING:
    from ..visualize.pictures import Panel

Layer = Annotated[
    str | None,
    typer.Option(
        help="A layer, by its path or the end of it, as in fire4.", show_default="the first one"
    ),
]
LateLayer = Annotated[
    str | None,
    typer.Option(
        help="A layer, by its path or the end of it, as in fire8.",
        show_default="the last one before the classifier",
    ),
]
MOST_ROWS = 6  # of a comparison


def filters(model: Model = PRETRAINED, layer: Layer = None, out: Out = None) -> None:
    """Show the filters of a convolution; those of the first layer are what it looks for."""
    path = place_for(out, "filters")
    trained, name = find_network(None if model == PRETRAINED else Path(model).expanduser())
    write_figure(path, [[panels.filters_of(trained, name, layer)]])


def activations(
    image: Image = None,
    model: Model = PRETRAINED,
    index: Index = None,
    layer: Layer = None,
    maps: Annotated[int, typer.Option(min=1, help="Maps to show, the strongest ones.")] = 64,
    out: Out = None,
) -> None:
    """Show what a layer makes of a picture, a map for each of its channels."""
    _show(
        out, "activations", image, model, index, None, lambda x: panels.activations(x, layer, maps)
    )


def saliency(
    image: Image = None,
    model: Model = PRETRAINED,
    index: Index = None,
    label: Label = None,
    out: Out = None,
) -> None:
    """Show how much each pixel matters to a class: the gradient of its logit."""
    _show(out, "saliency", image, model, index, label, panels.saliency)


def smooth(
    image: Image = None,
    model: Model = PRETRAINED,
    index: Index = None,
    label: Label = None,
    samples: Annotated[int, typer.Option(min=1, help="Noisy copies of the picture.")] = 50,
    noise: Annotated[
        float, typer.Option(min=0, help="Their noise, as a fraction of the picture's range.")
    ] = 0.15,
    out: Out = None,
) -> None:
    """Show the gradient averaged over noisy copies (SmoothGrad), beside the plain one."""

    def averaged(look: Look) -> Panel:
        return panels.smooth(look, samples, noise)

    _show(out, "smooth", image, model, index, label, panels.saliency, averaged)


def guided(
    image: Image = None,
    model: Model = PRETRAINED,
    index: Index = None,
    label: Label = None,
    out: Out = None,
) -> None:
    """Show the gradient along ways on which all is positive (guided backpropagation)."""
    _show(out, "guided", image, model, index, label, panels.guided)


def cam(
    image: Image = None,
    model: Model = PRETRAINED,
    index: Index = None,
    label: Label = None,
    out: Out = None,
) -> None:
    """Show where a network sees a class: its class activation map, conv10's in SqueezeNet."""
    _show(out, "cam", image, model, index, label, panels.cam)


def grad_cam(
    image: Image = None,
    model: Model = PRETRAINED,
    index: Index = None,
    label: Label = None,
    layer: LateLayer = None,
    out: Out = None,
) -> None:
    """Show where a layer sees what speaks for a class (Grad-CAM), and what that is."""

    def where(look: Look) -> Panel:
        return panels.grad_cam(look, layer)

    def what(look: Look) -> Panel:
        return panels.guided_grad_cam(look, layer)

    _show(out, "grad-cam", image, model, index, label, where, what)


def occlusion(
    image: Image = None,
    model: Model = PRETRAINED,
    index: Index = None,
    label: Label = None,
    window: Annotated[
        int | None,
        typer.Option(help="Pixels of the covering square.", show_default="a fifth of the picture"),
    ] = None,
    stride: Annotated[
        int | None, typer.Option(help="Pixels that it moves by.", show_default="a fifth of that")
    ] = None,
    out: Out = None,
) -> None:
    """Show how much less probable a class is where a part of the picture is covered."""
    _show(
        out,
        "occlusion",
        image,
        model,
        index,
        label,
        lambda look: panels.occlusion(look, window, stride),
    )


def compare(
    images: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[IMAGE]...", help="Pictures.", show_default="a test image of the run"
        ),
    ] = None,
    models: Annotated[
        list[str] | None,
        typer.Option(
            "--model",
            metavar="RUN_OR_WEIGHTS",
            help="A network; may be given several times.",
            show_default=PRETRAINED,
        ),
    ] = None,
    indices: Annotated[
        list[int] | None,
        typer.Option("--index", help="Number of the runs' test image; may be given several times."),
    ] = None,
    show: Annotated[
        str, typer.Option(help=f"What to show, of {', '.join(panels.PANELS)}.")
    ] = "saliency,guided,grad-cam",
    label: Label = None,
    out: Out = None,
) -> None:
    """Show two networks or two pictures side by side: a row for each network and picture."""
    path = place_for(out, "compare")
    names = [name.strip() for name in show.split(",")]
    for name in names:
        if name not in panels.PANELS:
            raise ValueError(unknown("view", name, panels.PANELS))
    models = models or [PRETRAINED]
    pictures: list[tuple[str | None, int | None]] = [(image, None) for image in images or ()]
    pictures += [(None, index) for index in indices or ()]
    pairs = list(product(pictures or [(None, None)], models))
    if not 2 <= len(pairs) <= MOST_ROWS:
        raise ValueError(
            f"a comparison needs from 2 to {MOST_ROWS} rows, one for each network and picture, got "
            f"{len(pairs)}: name two pictures, or --model twice"
        )
    rows = []
    for (image, index), model in pairs:
        subject = replace(find_subject(model, image, index), network_name=model)
        look = Look.at(subject, label)
        first = panels.picture(look)
        if len(models) > 1:
            first = replace(first, title=f"{model}: {first.title}")
        rows.append([first, *(panels.PANELS[name](look) for name in names)])
    write_figure(path, rows)


def _show(
    out: Path | None,
    name: str,
    image: str | None,
    model: str,
    index: int | None,
    label: str | None,
    *shown: Callable[[Look], Panel],
) -> None:
    """Write a picture and what can be seen of it side by side."""
    path = place_for(out, name)
    look = Look.at(find_subject(model, image, index), label)
    write_figure(path, [[panels.picture(look), *(panel(look) for panel in shown)]])
