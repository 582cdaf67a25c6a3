"""``mydl summary``: what a network is made of, layer by layer."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ..models import Summary


def summary(
    model: Annotated[str, typer.Argument(help="Name of the network.")] = "squeezenet1_1",
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
    bypass: Annotated[str, typer.Option(help="none, simple or complex.")] = "none",
    batch_norm: Annotated[
        bool, typer.Option("--batch-norm", help="Normalise after each convolution.")
    ] = False,
    expand: Annotated[
        bool, typer.Option("--expand", help="List the parts of each fire module.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """Show a network's layers: output shape, parameters and multiply-adds of each.

    Beside each fire module stands what a plain 3x3 convolution of the same output would cost.
    """
    from ..models import build_model
    from ..models import summary as summarize

    options = {} if num_classes is None else {"num_classes": num_classes}
    network = build_model(
        model, bypass=None if bypass == "none" else bypass, batch_norm=batch_norm, **options
    )
    shape = network.image_shape if input_size is None else parse_image_shape(input_size)
    result = summarize(network, shape, expand)
    if as_json:
        print(json.dumps({"model": model, **result.to_dict()}, indent=2))
    elif sys.stdout.isatty():
        _print_table(result)
    else:
        print(result)


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


def _print_table(result: Summary) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    from ..models.summary import HEADER

    *lines, total = result.cells()
    table = Table(box=box.SIMPLE, padding=0, show_edge=False)  # fits 80 columns
    for column, title in enumerate(HEADER):
        table.add_column(title, justify="left" if column < 2 else "right")
    for line in lines:
        table.add_row(*line)
    table.add_section()
    table.add_row(*total, style="bold")
    console = Console()
    console.print(table)
    console.print(result.note, highlight=False, markup=False)
