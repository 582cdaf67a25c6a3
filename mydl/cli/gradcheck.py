"""``mydl gradcheck``: are the library's own backward passes right?"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

if TYPE_CHECKING:
    from ..gradcheck import GradcheckReport
    from ..gradcheck.cases import Case

    Result: TypeAlias = tuple[Case, GradcheckReport]

HEADER = ("layer", "setting", "derivatives", "kinks", "worst error", "")


def gradcheck(
    names: Annotated[
        list[str] | None,
        typer.Argument(help="Layers to check, as in conv2d fire.", show_default="all"),
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
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """Check backward passes against derivatives measured on the forward passes.

    Checks every layer in several settings, and whole small SqueezeNets: plain, with bypass, with
    batch norm. Exits with status 1 when one is wrong.
    """
    from threadpoolctl import threadpool_limits

    from ..gradcheck.cases import select

    cases = select(names or [])
    # The matrices are small, and idle BLAS threads spin against whatever else the machine does.
    with threadpool_limits(limits=1, user_api="blas"):
        results = _check(cases, method, samples, seed)
        if as_json:
            found = list(results)
            print(json.dumps(_plain(found, method, seed), indent=2, allow_nan=False))
        else:
            show = _fill_table if sys.stdout.isatty() else _print_lines
            found = show(results, cases)
            _print_reports(found, details)
    if not all(report for _, report in found):
        raise typer.Exit(1)


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
