"""``mydl summary``: what a network is made of, layer by layer, or several side by side."""

from __future__ import annotations

import json
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from ..classifier import TrainedNetwork
    from ..models.comparison import Comparison
    from ..models.summary import Summary
    from .summary_graph import Drawing

_squeezenet = partial(typer.Option, rich_help_panel="SqueezeNets")
_picture = partial(typer.Option, rich_help_panel="Picture")


def summary(
    models: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="MODEL",
            help="Names of networks; or a run's folder, a file of weights, or the word pretrained.",
            show_default="squeezenet1_1",
        ),
    ] = None,
    compare: Annotated[
        bool, typer.Option("--compare", help="Show the networks' totals side by side.")
    ] = False,
    input_size: Annotated[
        str | None,
        typer.Option(
            "--input",
            metavar="CxHxW",
            help="Channels, rows and columns of an image.",
            show_default="what the network was designed for, as 3x224x224",
        ),
    ] = None,
    num_classes: Annotated[
        int | None,
        typer.Option(help="Classes to tell apart.", show_default="1000, for small images 10"),
    ] = None,
    expand: Annotated[
        bool, typer.Option("--expand", help="List the parts of each fire module.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
    graph: Annotated[
        Path | None,
        _picture("--graph", metavar="FILE.svg", help="Draw the network instead of the table."),
    ] = None,
    backward: Annotated[
        bool, _picture("--backward", help="Draw the norm of every gradient, too.")
    ] = False,
    image: Annotated[
        Path | None,
        _picture(help="Photograph that the gradients are of.", show_default="random pixels"),
    ] = None,
    label: Annotated[
        str | None,
        _picture(
            help="Class that the loss is about: its name or number.",
            show_default="the network's answer",
        ),
    ] = None,
    bypass: Annotated[str, _squeezenet(help="none, simple or complex.")] = "none",
    batch_norm: Annotated[
        bool, _squeezenet("--batch-norm", help="Normalise after each convolution.")
    ] = False,
    base_e: Annotated[
        int | None,
        _squeezenet(help="Expand filters of the first fire module.", show_default="128"),
    ] = None,
    incr_e: Annotated[
        int | None, _squeezenet(help="Expand filters added after each --freq.", show_default="128")
    ] = None,
    freq: Annotated[
        int | None, _squeezenet(help="Fire modules of the same size.", show_default="2")
    ] = None,
    pct_3x3: Annotated[
        float | None,
        _squeezenet("--pct-3x3", help="Share of 3x3 expand filters, 0 to 1.", show_default="0.5"),
    ] = None,
    squeeze_ratio: Annotated[
        float | None,
        _squeezenet(help="Squeeze filters for each expand filter.", show_default="0.125"),
    ] = None,
    conv10_padding: Annotated[
        int | None, _squeezenet(help="Pixels of zeros around conv10's input.", show_default="0")
    ] = None,
) -> None:
    """Show a network's layers: output shape, parameters and multiply-adds of each.

    Beside each fire module stands what a plain 3x3 convolution of the same output would cost. With
    --compare, networks are shown side by side instead; with --graph, one is drawn.
    """
    given = {
        "num_classes": num_classes,
        "bypass": None if bypass == "none" else bypass,
        "batch_norm": batch_norm or None,
        "base_e": base_e,
        "incr_e": incr_e,
        "freq": freq,
        "pct_3x3": pct_3x3,
        "squeeze_ratio": squeeze_ratio,
        "conv10_padding": conv10_padding,
    }
    options = {name: value for name, value in given.items() if value is not None}
    shape = None if input_size is None else parse_image_shape(input_size)
    drawing = _drawing(graph, backward, image, label)
    if drawing is not None and (compare or as_json):
        raise ValueError("--graph draws one network: leave out --compare and --json")
    if compare:
        _compare(
            models or ["squeezenet1_0", "squeezenet1_1", "nin", "alexnet"], shape, options, as_json
        )
    elif models is not None and len(models) > 1:
        raise ValueError(f"one network at a time, got {len(models)}: add --compare to see several")
    else:
        name = models[0] if models else "squeezenet1_1"
        trained, title = _find(name, shape, options)
        if drawing is None:
            _summarize(trained, name, shape, expand, as_json)
        else:
            from ..models import MODEL_NAMES
            from .summary_graph import draw

            draw(drawing, trained, title, shape, initial=name in MODEL_NAMES)


def _drawing(
    path: Path | None, backward: bool, image: Path | None, label: str | None
) -> Drawing | None:
    from .summary_graph import Drawing

    if path is not None:
        return Drawing(path, backward, image, label)
    if backward or image is not None or label is not None:
        raise ValueError("--backward, --image and --label say what to draw: add --graph model.svg")
    return None


def _find(
    name: str, shape: tuple[int, int, int] | None, options: dict[str, Any]
) -> tuple[TrainedNetwork, str]:
    """The network of a name, with initial weights, or one that was trained; what to call it."""
    from ..models import MODEL_NAMES, build_model
    from .subject import PRETRAINED, find_network
    from .summary_graph import untrained

    path = Path(name).expanduser()
    if name in MODEL_NAMES or (name != PRETRAINED and not path.exists()):
        return untrained(build_model(name, **options), shape), name
    if options:
        option = next(iter(options)).replace("_", "-")
        raise ValueError(f"{name} is a network that is built already: leave out --{option}")
    return find_network(None if name == PRETRAINED else path)


def _summarize(
    trained: TrainedNetwork,
    name: str,
    shape: tuple[int, int, int] | None,
    expand: bool,
    as_json: bool,
) -> None:
    from ..models.summary import HEADER, summary
    from .summary_graph import usual_shape

    result = summary(trained.network, shape or usual_shape(trained), expand)
    if as_json:
        print(json.dumps({"model": name, **result.to_dict()}, indent=2))
    else:
        *lines, total = result.cells()
        _print(result, HEADER, lines, total, left=2)


def _compare(
    names: list[str],
    shape: tuple[int, int, int] | None,
    options: dict[str, Any],
    as_json: bool,
) -> None:
    from ..models.comparison import HEADER, compare

    result = compare(names, shape, **options)
    if as_json:
        print(json.dumps(result.to_dict(), indent=2))
    else:
        _print(result, HEADER, result.cells(), None, left=1)


def parse_image_shape(text: str) -> tuple[int, int, int]:
    """The (H, W, C) of "CxHxW", as in "3x224x224".

    >>> parse_image_shape("3x224x224")
    (224, 224, 3)
    """
    numbers = text.lower().split("x")
    if len(numbers) != 3 or not all(n.isascii() and n.isdigit() and int(n) for n in numbers):
        raise ValueError(
            f"--input must be channels x rows x columns of an image, as in 3x224x224, got {text!r}"
        )
    c, h, w = map(int, numbers)
    return h, w, c


def _print(
    result: Summary | Comparison,
    header: tuple[str, ...],
    lines: list[tuple[str, ...]],
    total: tuple[str, ...] | None,
    left: int,
) -> None:
    """Draw the table in a terminal, elsewhere print its plain text; ``left`` columns flush left."""
    if not sys.stdout.isatty():
        print(result)
        return
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(box=box.SIMPLE, padding=0, show_edge=False)  # fits 80 columns
    for column, title in enumerate(header):
        table.add_column(title, justify="left" if column < left else "right")
    for line in lines:
        table.add_row(*line)
    if total is not None:
        table.add_section()
        table.add_row(*total, style="bold")
    console = Console()
    console.print(table)
    console.print(result.note, highlight=False, markup=False)
