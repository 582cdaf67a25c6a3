"""``mydl bench``: how fast is this machine, with mydl and with others?"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .summary import parse_image_shape

if TYPE_CHECKING:
    from ..bench.cases import Case
    from ..bench.compare import Comparison


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
            help="Images in a step; may be repeated.",
            show_default="32 and 128, for large images 1 and 8",
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
    threads: Annotated[
        int | None,
        typer.Option(
            help="For each implementation.", show_default="$OMP_NUM_THREADS or the usable cores"
        ),
    ] = None,
    rounds: Annotated[int, typer.Option(help="Measurements of each implementation.")] = 9,
    seconds: Annotated[float, typer.Option(help="Of steps in a measurement, at least.")] = 0.15,
    startup: Annotated[
        bool, typer.Option("--startup/--no-startup", help="Measure start-up as well.")
    ] = True,
    profile: Annotated[
        bool,
        typer.Option("--profile", help="Show where mydl's time goes, layer by layer, instead."),
    ] = False,
    plot: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Draw the speeds too, as .png, .svg or .pdf."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """Measure training and inference of SqueezeNet 1.1 on this machine.

    mydl runs beside PyTorch and ONNX Runtime, where they are installed, and beside NumPy as courses
    write it. Each has a process of its own; the processes are asked in turn. A training step is
    forward, loss, backward and optimizer.
    """
    from ..bench.cases import choose_cases
    from ..bench.implementations import choose_implementations
    from ..layer import whole_number
    from ..parallel import usable_threads

    image = None if input_size is None else parse_image_shape(input_size)
    cases = choose_cases(image, batch or [], mode)
    names = choose_implementations(only or [])
    rounds = whole_number(rounds, "--rounds", 1)
    if not 0 <= seconds <= 60:
        raise ValueError(f"--seconds must be from 0 to 60, got {seconds}")
    if threads is not None:
        threads = whole_number(threads, "--threads", 1)
    if profile:
        if only or plot:
            raise ValueError("--profile is about mydl's layers alone: leave --only and --plot out")
        if image is None and not batch:
            cases = cases[:1]
        _profile(cases, threads or 1, as_json)
        return
    if plot is not None:
        from ..figure_files import check_picture

        check_picture(plot, "--plot")
    threads = threads or usable_threads()
    _compare(cases, names, threads, rounds, seconds, startup, plot, as_json)


def _profile(cases: list[Case], threads: int, as_json: bool) -> None:
    from ..bench.machine import machine
    from ..bench.profile import profile

    profiles = []
    for case in cases:
        with _progress() as tell:
            tell(f"{case}: timing each layer")
            profiles.append(profile(case, threads))
        if not as_json:
            print(profiles[-1], end="\n\n" if len(profiles) < len(cases) else "\n", flush=True)
    if as_json:
        _print_json({"machine": machine(), "profiles": [found.to_dict() for found in profiles]})


def _compare(
    cases: list[Case],
    names: list[str],
    threads: int,
    rounds: int,
    seconds: float,
    startup: bool,
    plot: Path | None,
    as_json: bool,
) -> None:
    from ..bench import machine, results
    from ..bench import startup as start
    from ..bench.compare import compare
    from ..bench.report import report, unsteady

    about, hindrances = machine.machine(), machine.warnings(threads)
    if not as_json:
        print(machine.describe(about))
        crowd = f"{threads} thread{'s' if threads > 1 else ''} for each"
        print(f"{crowd}, medians of up to {rounds} measurements\n", flush=True)
    _warn(hindrances)
    comparisons: list[Comparison] = []
    for case in cases:
        with _progress() as tell:
            found = compare(case, names, threads, rounds, seconds, tell)
        comparisons.append(found)
        names = [name for name in names if name not in found.uninstalled]
        if not as_json:
            print(results.table(found), end="\n\n", flush=True)
    waiting = None
    if startup:
        try:
            with _progress() as tell:
                waiting = start.startup(threads, tell)
        except start.StartFailed as error:
            print(f"mydl: start-up was not measured: {error}", file=sys.stderr)
    whole = report(about, hindrances, threads, comparisons, waiting)
    _warn(unsteady(comparisons))
    if as_json:
        _print_json(whole)
    else:
        print(_closing(whole, start.describe(waiting) if waiting else ""))
    if plot is not None:
        from ..bench.plot import draw

        draw(plot, comparisons)
    if not whole["results"]:
        raise ValueError("nothing could be measured")


def _warn(sentences: list[str]) -> None:
    for sentence in sentences:
        print(f"mydl: {sentence}", file=sys.stderr, flush=True)


def _closing(whole: dict[str, Any], waiting: str) -> str:
    """What is said once, after the last table."""
    lines = [waiting] if waiting else []
    lines.append(
        f"sgemm: {whole['sgemm_gflops']:.0f} GFLOP/s over all rounds, at best "
        f"{whole['sgemm_gflops_best']:.0f}."
    )
    by_reason: dict[str, list[str]] = {}
    for name, reason in whole["missing"].items():
        by_reason.setdefault(reason, []).append(name)
    lines += [f"Not measured: {', '.join(names)}: {why}" for why, names in by_reason.items()]
    return "\n".join(lines)


def _print_json(values: dict[str, Any]) -> None:
    print(json.dumps(values, indent=2, allow_nan=False))


@contextmanager
def _progress() -> Iterator[Callable[[str], None]]:
    """Show on standard error what is going on: a line that changes on a terminal, else lines."""
    if not sys.stderr.isatty():
        yield lambda text: print(text, file=sys.stderr, flush=True)
        return
    from rich.console import Console

    # Few frames a second: drawing them takes time from what is measured.
    with Console(stderr=True).status("", refresh_per_second=2) as status:
        yield status.update
