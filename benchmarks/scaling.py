"""How speed grows with the batch, the image and the threads: mydl beside what else is installed.

    python benchmarks/scaling.py --plot scaling.svg --csv scaling.csv
    python benchmarks/scaling.py --over batch --values 1,8,64 --only mydl --csv mine.csv

The three curves, each with one thing that changes:

    batch      1 to 256 images of 32x32 on all cores
    image      32 to 224 pixels a side, 8 images on all cores, in the ImageNet form of the network
    threads    one to all cores, 128 images of 32x32

Each point is measured as ``mydl bench`` measures: every implementation in a process of its own,
the processes asked in turn. Files are written anew after each point, so that little is lost when it
is interrupted.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mydl.bench.cases import Case, Mode
from mydl.bench.compare import Comparison, compare
from mydl.bench.implementations import choose_implementations
from mydl.bench.machine import machine
from mydl.bench.plot import COLOURS, LIMIT, TITLES, save_with_legend
from mydl.bench.results import results
from mydl.figure_files import check_picture
from mydl.layer import whole_number
from mydl.parallel import usable_threads

MODES: tuple[Mode, ...] = ("train", "infer")
LABELS = {"batch": "images in a batch", "image": "pixels a side", "threads": "threads"}


@dataclass(frozen=True)
class Point:
    """One value of what changes, and the setting that it makes."""

    over: str
    value: int
    case: Case
    threads: int


@dataclass(frozen=True)
class Measured:
    """A point and what the implementations gave there."""

    point: Point
    comparison: Comparison


def usual_values(over: str, cores: int) -> list[int]:
    """The values of a curve unless others are asked for."""
    if over == "batch":
        return [1, 2, 4, 8, 16, 32, 64, 128, 256]
    if over == "image":
        return [32, 48, 64, 96, 128, 160, 224]
    return list(range(1, cores + 1))


def make_point(over: str, value: int, mode: Mode, cores: int) -> Point:
    """The setting of a value of a curve.

    Raises:
        ValueError: the value is not a whole number from 1, or the image is too small.
    """
    whole_number(value, f"--values for {over}", 1)
    small, large = ("squeezenet1_1_cifar", 10), ("squeezenet1_1", 1000)
    case = {
        "batch": Case(*small, (32, 32, 3), value, mode),
        "image": Case(*large, (value, value, 3), 8, mode),
        "threads": Case(*small, (32, 32, 3), 128, mode),
    }[over]
    if over == "image":
        case.multiply_adds()  # fails if the image does not fit
    return Point(over, value, case, value if over == "threads" else cores)


def measure(
    points: Sequence[Point], names: list[str], rounds: int, seconds: float
) -> Iterable[Measured]:
    """Measure the points one after the other; what is not installed is asked for once."""
    for number, point in enumerate(points, start=1):

        def tell(text: str, place: str = f"{number}/{len(points)}") -> None:
            print(f"{place} {text}", file=sys.stderr, flush=True)

        comparison = compare(point.case, names, point.threads, rounds, seconds, tell)
        for name, reason in comparison.absent.items():
            print(f"not measured: {name}: {reason}", file=sys.stderr, flush=True)
        names = [name for name in names if name not in comparison.uninstalled]
        yield Measured(point, comparison)


def table(measured: Iterable[Measured]) -> list[dict[str, Any]]:
    """A row of values for each point and implementation, as ``mydl bench --json`` has them."""
    return [
        {"over": m.point.over, "value": m.point.value, "threads": m.point.threads, **row}
        for m in measured
        for row in results(m.comparison)
    ]


def write_csv(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    """A line for each row; the two ends of the spread in columns of their own."""
    flat = []
    for row in rows:
        low, high = row["spread"]
        flat.append({k: v for k, v in row.items() if k != "spread"} | {"low": low, "high": high})
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(flat[0]) if flat else ["over"])
        writer.writeheader()
        writer.writerows(flat)


def draw(path: Path, measured: Sequence[Measured]) -> None:
    """A panel for each curve and mode: images per second, both axes logarithmic."""
    from matplotlib.figure import Figure

    overs = list(dict.fromkeys(m.point.over for m in measured))
    modes = list(dict.fromkeys(m.point.case.mode for m in measured))
    figure = Figure(figsize=(5 * len(overs), 1 + 3.5 * len(modes)), layout="constrained")
    grid = figure.subplots(len(modes), len(overs), squeeze=False)
    handles: dict[str, Any] = {}
    for line, mode in zip(grid, modes, strict=True):
        for axes, over in zip(line, overs, strict=True):
            chosen = [m for m in measured if (m.point.over, m.point.case.mode) == (over, mode)]
            handles |= _draw_panel(axes, chosen)
            axes.set(title=TITLES[mode], xlabel=LABELS[over], ylabel="images per second")
    save_with_legend(figure, handles, path)


def _draw_panel(axes: Any, measured: Sequence[Measured]) -> dict[str, Any]:
    """The curves of one panel, the middle half of the measurements as shade; a handle of each."""
    handles: dict[str, Any] = {}
    rows = table(measured)
    for name in dict.fromkeys(row["implementation"] for row in rows):
        own = [row for row in rows if row["implementation"] == name]
        x = [row["value"] for row in own]
        low, high = zip(*(row["spread"] for row in own), strict=True)
        y = [row["images_per_second"] for row in own]
        (handles[name],) = axes.plot(x, y, marker="o", markersize=3, color=COLOURS[name])
        axes.fill_between(x, low, high, color=COLOURS[name], alpha=0.2, linewidth=0)
    values = [m.point.value for m in measured]
    limits = [m.comparison.limit for m in measured]
    (handles[LIMIT],) = axes.plot(values, limits, color="black", linestyle="--", linewidth=1)
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    axes.set_xticks(values, [str(value) for value in values])
    axes.minorticks_off()
    axes.yaxis.set_major_formatter("{x:,g}")
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    return handles


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--over", choices=LABELS, action="append", help="a curve; default: all")
    parser.add_argument("--values", metavar="N,N,...", help="of one curve, instead of the usual")
    parser.add_argument("--mode", choices=MODES, action="append", help="default: both")
    parser.add_argument("--only", action="append", default=[], metavar="IMPLEMENTATION")
    parser.add_argument("--threads", type=int, help="most threads; default: all usable cores")
    parser.add_argument("--rounds", type=int, default=5, help="measurements of each")
    parser.add_argument("--seconds", type=float, default=0.15, help="of steps in a measurement")
    parser.add_argument("--plot", type=Path, metavar="FILE", help=".png, .svg or .pdf")
    parser.add_argument("--csv", type=Path, metavar="FILE")
    parser.add_argument("--json", type=Path, metavar="FILE", help="with the machine")
    options = parser.parse_args(arguments)
    try:
        names = choose_implementations(options.only)
        for path in filter(None, (options.plot, options.csv, options.json)):
            if not path.parent.is_dir():
                raise ValueError(f"there is no folder {path.parent}")
        if options.plot:
            check_picture(options.plot, "--plot")
        whole_number(options.rounds, "--rounds", 1)
        points = choose_points(options)
    except ValueError as error:
        parser.error(str(error))
    measured: list[Measured] = []
    for new in measure(points, names, options.rounds, options.seconds):
        measured.append(new)
        for row in table([new]):
            print(
                f"{row['over']} {row['value']:<4} {row['mode']:6} {row['implementation']:20} "
                f"{row['images_per_second']:8,.0f} images/s",
                flush=True,
            )
        write(options, measured)


def choose_points(options: argparse.Namespace) -> list[Point]:
    """The points that the command line asks for."""
    cores = usable_threads() if options.threads is None else options.threads
    whole_number(cores, "--threads", 1)
    overs = list(dict.fromkeys(options.over or LABELS))
    if options.values is not None and len(overs) > 1:
        raise ValueError("--values needs one --over that they are values of")
    points = []
    for over in overs:
        values = usual_values(over, cores)
        if options.values is not None:
            try:
                values = [int(value) for value in options.values.split(",")]
            except ValueError:
                raise ValueError(
                    f"--values must be numbers with commas between, as in 1,8,64, got "
                    f"{options.values!r}"
                ) from None
        modes = dict.fromkeys(options.mode or MODES)
        points += [make_point(over, value, mode, cores) for mode in modes for value in values]
    return points


def write(options: argparse.Namespace, measured: Sequence[Measured]) -> None:
    """Write the files that were asked for, with all that has been measured so far."""
    rows = table(measured)
    if options.csv:
        write_csv(options.csv, rows)
    if options.json:
        options.json.write_text(json.dumps({"machine": machine(), "results": rows}, indent=2))
    if options.plot:
        draw(options.plot, measured)


if __name__ == "__main__":
    main()
