"""``mydl gradcheck``: are backward passes right, the library's own and those of a user's file?"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from .pages import fail

if TYPE_CHECKING:
    from ..gradcheck import GradcheckReport
    from ..gradcheck.cases import Case

    Result: TypeAlias = tuple[Case, GradcheckReport]

HEADER = ("layer", "setting", "derivatives", "kinks", "worst error", "")


def gradcheck(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            help="Layers to check, as in conv2d fire, or a layer of your own, FILE.py:NAME.",
            show_default="all",
        ),
    ] = None,
    shape: Annotated[
        str | None,
        typer.Option(
            "--input",
            metavar="SHAPE",
            help="Shape of the input for your own layer, as in 2x5x4x3: samples, rows, columns, "
            "channels.",
        ),
    ] = None,
    method: Annotated[
        str, typer.Option(help="central (differences) or complex (steps, exact to last digits).")
    ] = "central",
    samples: Annotated[
        int | None,
        typer.Option(help="Entries to visit in each array.", show_default="64, in networks 1 to 3"),
    ] = None,
    seed: Annotated[int, typer.Option(help="Fixes weights, inputs and samples.")] = 0,
    details: Annotated[
        bool, typer.Option("--details", help="Show every array of every layer.")
    ] = False,
    plot: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Draw where errors sit, as .png, .svg or .pdf."),
    ] = None,
    sweep: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Draw the error of a measured derivative against its step, for one layer.",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """Check backward passes against derivatives measured on the forward passes.

    Checks every layer in several settings, and whole small SqueezeNets: plain, with bypass, with
    batch norm. Of what is wrong it says how, from the pattern of the errors. Exits with status 1
    when one is wrong.

    FILE.py:NAME is a class whose layers need no arguments, or a function that returns a layer.
    """
    from threadpoolctl import threadpool_limits

    cases = _choose(names or [], shape)
    for path, option in ((plot, "--plot"), (sweep, "--sweep")):
        if path is not None:
            from ..figure_files import check_picture

            check_picture(path, option)
    # The matrices are small, and idle BLAS threads spin against whatever else the machine does.
    with threadpool_limits(limits=1, user_api="blas"):
        if sweep is not None:
            _sweep(cases, sweep, seed, as_json)
            return
        results = _check(cases, method, samples, seed)
        if as_json:
            found = list(results)
            print(json.dumps(_plain(found, method, seed), indent=2, allow_nan=False))
        else:
            show = _fill_table if sys.stdout.isatty() else _print_lines
            found = show(results, cases)
            _print_reports(found, details)
    if plot is not None:
        _plot(found, plot, quiet=as_json)
    if not all(report for _, report in found):
        fail("gradient-checking", quiet=as_json)


def _choose(names: list[str], shape: str | None) -> list[Case]:
    """The cases of the library's layers, and of the user's, that are named."""
    from ..gradcheck.cases import select
    from ..gradcheck.own import is_file, own_case

    own = [own_case(name, shape) for name in names if is_file(name)]
    if shape is not None and not own:
        raise ValueError("--input is for a layer of your own: name it as FILE.py:NAME")
    others = [name for name in names if not is_file(name)]
    return own + (select(others) if others or not own else [])


def _sweep(cases: list[Case], path: Path, seed: int, as_json: bool) -> None:
    """Print and draw the error against the step, for the first setting of one layer."""
    if len({case.name for case in cases}) > 1:
        raise ValueError(
            "--sweep draws one layer: name it, as in mydl gradcheck conv2d --sweep v.png"
        )
    found = cases[0].sweep(seed)
    found.plot(path)
    if as_json:
        print(json.dumps(found.to_dict(), indent=2, allow_nan=False))
    else:
        print(f"{cases[0].name}, {cases[0].setting}\n{found}\n\nwritten: {path}")


def _plot(results: list[Result], path: Path, quiet: bool) -> None:
    """Draw the wrong gradients of all reports."""
    from ..gradcheck.picture import draw_errors

    wrong = [(case, report) for case, report in results if report.diagnoses]
    if wrong:
        title = "; ".join(f"{case.name}, {case.setting}" for case, _ in wrong)
        draw_errors(path, [each for _, report in wrong for each in report.diagnoses], title)
    if not quiet:
        print(f"written: {path}" if wrong else f"no gradient is wrong: {path} was not written")


def _check(cases: list[Case], method: str, samples: int | None, seed: int) -> Iterator[Result]:
    options = {} if samples is None else {"samples": samples}
    return ((case, case.check(method, seed, **options)) for case in cases)


def _plain(results: list[Result], method: str, seed: int) -> dict[str, object]:
    return {
        "passed": all(report for _, report in results),
        "method": method,
        "seed": seed,
        "cases": [
            {"layer": case.name, "setting": case.setting, **report.to_dict()}
            for case, report in results
        ],
    }


def _print_lines(results: Iterable[Result], cases: list[Case]) -> list[Result]:
    """A line for each case as soon as it is there."""
    known = [HEADER, *((case.name, case.setting, *HEADER[2:]) for case in cases)]
    widths = [max(map(len, column)) for column in zip(*known, strict=True)]

    def line(cells: Iterable[str]) -> str:
        padded = [cell.ljust(width) for cell, width in zip(cells, widths, strict=True)]
        return "  ".join(padded).rstrip()

    print(line(HEADER))
    found = []
    for case, report in results:
        print(line(_cells(case, report)), flush=True)
        found.append((case, report))
    return found


def _fill_table(results: Iterable[Result], cases: list[Case]) -> list[Result]:
    """A progress bar, and then a table."""
    from rich import box
    from rich.console import Console
    from rich.progress import track
    from rich.table import Table

    console = Console()
    table = Table(box=box.SIMPLE, padding=(0, 1, 0, 0), pad_edge=False)
    for column, title in enumerate(HEADER):
        table.add_column(title, justify="right" if 2 <= column <= 4 else "left")
    found = []
    for case, report in track(
        results, "checking", total=len(cases), console=console, transient=True
    ):
        table.add_row(*_cells(case, report), style=None if report else "bold red")
        found.append((case, report))
    console.print(table)
    return found


def _cells(case: Case, report: GradcheckReport) -> list[str]:
    derivatives, kinks = len(report.entries) - len(report.kinks), len(report.kinks)
    error = "-" if report.worst is None else f"{report.worst.error:.1e}"
    result = "passed" if report else "FAILED"
    return [case.name, case.setting, str(derivatives), str(kinks), error, result]


def _print_reports(results: list[Result], details: bool) -> None:
    """The reports of what failed, or all, and one line about the whole."""
    for case, report in results:
        if details or not report:
            print(f"\n{case.name}, {case.setting}\n{report}")
    passed = sum(bool(report) for _, report in results)
    derivatives = sum(len(report.entries) for _, report in results)
    print(f"\n{passed} of {len(results)} passed, {derivatives:,} derivatives measured.")
