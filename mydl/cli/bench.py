"""``mydl bench``: how fast is this machine, with mydl and with others?"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from .summary import parse_image_shape


def bench(
    input_size: Annotated[
        str | None,
        typer.Option(
            "--input",
            metavar="CxHxW",
            help="Channels, rows and columns of an image.",
            show_default="3x32x32 and 3x224x224",
        ),
    ] = None,
    batch: Annotated[
        list[int] | None,
        typer.Option(
            help="Images in a step; may be repeated.", show_default="32 and 128, or 1 and 8"
        ),
    ] = None,
    mode: Annotated[str | None, typer.Option(help="train or infer.", show_default="both")] = None,
    only: Annotated[
        list[str] | None,
        typer.Option(
            metavar="IMPLEMENTATION",
            help="mydl, torch-eager, torch-channels-last, torch-compile, onnxruntime or "
            "numpy-course; may be repeated.",
            show_default="all",
        ),
    ] = None,
    rounds: Annotated[int, typer.Option(help="Measurements of each.")] = 9,
    seconds: Annotated[float, typer.Option(help="Of steps in a measurement, at least.")] = 0.2,
    threads: Annotated[
        int | None,
        typer.Option(help="For each.", show_default="$OMP_NUM_THREADS or the usable cores"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """Measure training and inference on this machine, beside other implementations.

    Each runs in a process of its own; the processes are asked in turn.
    """
    from ..bench.cases import choose_cases
    from ..bench.compare import compare
    from ..bench.implementations import choose_implementations
    from ..bench.results import missing, results, table
    from ..parallel import usable_threads

    image = None if input_size is None else parse_image_shape(input_size)
    cases = choose_cases(image, batch or [], mode)
    names = choose_implementations(only or [])
    threads = usable_threads() if threads is None else threads
    done = []
    for case in cases:
        comparison = compare(
            case, names, threads, rounds, seconds, lambda s: print(s, file=sys.stderr)
        )
        names = [
            name
            for name in names
            if name not in comparison.absent or not comparison.absent[name].missing
        ]
        done.append(comparison)
        if not as_json:
            print(table(comparison), end="\n\n", flush=True)
    print(missing(done))
