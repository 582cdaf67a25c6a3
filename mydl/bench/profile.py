"""Where a step's time goes, layer by layer: in the layers as one reads them, and as they are run.

The engine of :mod:`mydl.parallel` does not run the layers themselves but a rewritten network, see
:mod:`mydl.fused`. Both are timed here, on one thread and in shards of the engine's size. A row is a
layer of the rewritten network; beside it stand the layers that it does the work of.
"""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from typing import Any

from threadpoolctl import threadpool_limits

from ..layer import Layer, Shape, whole_number
from ..layers import Fire
from ..parallel import automatic_shard_size, shard_edges
from . import engine, sgemm
from .cases import Case
from .stopwatch import FIRE_PARTS, Time, TimedNetwork, network_layers, undisturbed
from .worker import seconds_of

LEAST_STEPS = 5

NOTE = """\
textbook: the layers as mydl/layers shows them, convolution by im2col
as run: the same layers rewritten by mydl/fused for the engine; gain: how many times as fast
GFLOP/s, as run: two operations for each multiplication of direct convolution, which in training
are those of the output and of the gradients of weights and input; limit: one core's sgemm
rest: what is in no row, other programs' time too; a fire module has one that is not shown
* by Winograd's algorithm, which needs a quarter of these operations and so may pass the limit"""


@dataclass(frozen=True)
class Row:
    """A layer of the rewritten network, or a part of one.

    Attributes
    ----------
    layer
        The names of the layers that it does the work of, as in ``conv1+relu1+pool1``, or that of a
        fire module's part, as in ``fire2.squeeze``.
    output_shape
        Of one image; empty where there is none.
    multiply_adds
        Of one image's forward pass.
    operations
        Of one image in the step, by direct convolution.
    winograd
        Whether it is run by Winograd's algorithm.
    textbook, as_run
        Times of the layers themselves, and of the rewritten network.
    parts
        Of a fire module; their times are in those of the module.
    """

    layer: str
    output_shape: Shape
    multiply_adds: int
    operations: int
    winograd: bool
    textbook: Time
    as_run: Time
    parts: tuple[Row, ...] = ()

    @property
    def gflops(self) -> float:
        """10^9 operations of direct convolution in a second, as run."""
        return 1e-3 * self.operations / self.as_run.total if self.operations else 0.0

    @property
    def gain(self) -> float | None:
        """How many times as fast as the textbook's layers; None where they do not compare."""
        both = min(self.textbook.total, self.as_run.total) > 0 and self.layer != "rest"
        return self.textbook.total / self.as_run.total if both else None

    def with_next(self, row: Row) -> Row:
        """This layer and the one behind it, which the rewritten network does at once."""
        return replace(
            self,
            layer=f"{self.layer}+{row.layer}",
            output_shape=row.output_shape,
            multiply_adds=self.multiply_adds + row.multiply_adds,
            operations=self.operations + row.operations,
            textbook=self.textbook + row.textbook,
            as_run=self.as_run + row.as_run,
        )


@dataclass(frozen=True)
class Profile:
    """The rows of a step; prints as a table.

    Attributes
    ----------
    case
        What was run.
    rows
        The layers in the order of the forward pass; in training then loss and optimizer, whose time
        is with the backward passes; then "rest", what the others missed, and "step", the whole as
        measured.
    shard
        Images that went through the network together, at most.
    sgemm_gflops
        What one core does in a large matrix product, measured in between.
    threads
        Of the engine in ``engine``.
    engine
        Microseconds an image of the engine's step, without stopwatches.
    """

    case: Case
    rows: tuple[Row, ...]
    shard: int
    sgemm_gflops: float
    threads: int
    engine: float

    @property
    def title(self) -> str:
        """What stands above the table."""
        images = "1 image" if self.shard == 1 else f"{self.shard} images"
        return (
            f"{self.case}\nmicroseconds an image on one thread, {images} at a time; "
            f"one core's sgemm does {self.sgemm_gflops:.0f} GFLOP/s"
        )

    @property
    def note(self) -> str:
        """What stands below the table."""
        threads = "1 thread" if self.threads == 1 else f"{self.threads} threads"
        return (
            f"The engine without stopwatches, on {threads}: {_microseconds(self.engine)} "
            f"microseconds an image, {1e6 / self.engine:.0f} images/s.\n\n{NOTE}"
        )

    def cells(self) -> list[tuple[str, ...]]:
        """The table's lines: two of headings, and then a line a row."""
        lines = [
            ("", "", "textbook", "textbook", "as run", "as run", "", "", "of", "of"),
            ("layer", "output", *("forward", "backward") * 2, "gain", "GFLOP/s", "limit", "step"),
            *(self._line(part) for row in self.rows for part in (row, *row.parts)),
        ]
        columns = range(10) if self.case.mode == "train" else (0, 1, 2, 4, 6, 7, 8, 9)
        return [tuple(line[column] for column in columns) for line in lines]

    def _line(self, row: Row) -> tuple[str, ...]:
        _, dot, part = row.layer.partition(".")
        times = (row.textbook, row.as_run)
        rate = (f"{row.gflops:.1f}", f"{row.gflops / self.sgemm_gflops:.0%}")
        return (
            (f"  {part}" if dot else row.layer) + "*" * row.winograd,
            "x".join(map(str, row.output_shape)),
            *(_microseconds(value) for time in times for value in (time.forward, time.backward)),
            f"{row.gain:.1f}x" if row.gain else "",
            *(rate if row.operations else ("", "")),
            f"{row.as_run.total / self.rows[-1].as_run.total:.0%}",
        )

    def to_dict(self) -> dict[str, Any]:
        """Everything in plain dicts, lists and numbers, for JSON; times are microseconds."""
        return {
            **self.case.to_dict(),
            "shard": self.shard,
            "sgemm_gflops": self.sgemm_gflops,
            "rows": [self._values(row) for row in self.rows],
            "engine": {"threads": self.threads, "microseconds": self.engine},
        }

    def _values(self, row: Row) -> dict[str, Any]:
        return {
            **asdict(row),
            "output_shape": list(row.output_shape),
            "gflops": row.gflops,
            "share_of_limit": row.gflops / self.sgemm_gflops,
            "gain": row.gain,
            "parts": [self._values(part) for part in row.parts],
        }

    def __str__(self) -> str:
        lines = self.cells()
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        text = [
            "  ".join(
                cell.ljust(width) if column < 2 else cell.rjust(width)
                for column, (cell, width) in enumerate(zip(line, widths, strict=True))
            ).rstrip()
            for line in lines
        ]
        return "\n".join([self.title, "", *text, "", self.note])


def profile(case: Case, threads: int = 1, *, seconds: float = 5.0) -> Profile:
    """Time the layers of a case, themselves and rewritten, and the engine's whole step.

    Parameters
    ----------
    case
        Network, images, batch and mode.
    threads
        Of the engine's step; the layers are timed on one.
    seconds
        Of measuring, at least. Layers, rewritten layers and engine take steps in turn; of each row
        the fastest quarter of its times counts.

    Raises
    ------
    ValueError
        ``threads`` is not a whole number from 1, or the images do not fit the network.
    """
    threads = whole_number(threads, "threads", 1)
    edges = shard_edges(case.batch, automatic_shard_size(case.batch, (1, *case.image)))
    with threadpool_limits(1, user_api="blas"):
        textbook, as_run = (TimedNetwork(case, edges, rewritten) for rewritten in (False, True))
        engine_step, product = engine.step(case, threads), sgemm.step(case, 1)
        for step in (textbook.warm_up, as_run.warm_up, engine_step, product):
            step()
        engine_seconds: list[float] = []
        product_seconds: list[float] = []
        end = time.perf_counter() + seconds
        while len(engine_seconds) < LEAST_STEPS or time.perf_counter() < end:
            if len(engine_seconds) % 4 == 0:  # takes longer than a step of small images
                product_seconds.append(seconds_of(product))
            textbook.step()
            as_run.step()
            engine_seconds.append(seconds_of(engine_step))
    return Profile(
        case,
        tuple(_rows(case, textbook, as_run)),
        max(hi - lo for lo, hi in pairwise(edges)),
        1e-9 * sgemm.FLOPS / undisturbed(product_seconds),
        threads,
        1e6 * undisturbed(engine_seconds) / case.batch,
    )


def _rows(case: Case, textbook: TimedNetwork, as_run: TimedNetwork) -> list[Row]:
    """A row for each layer of the rewritten network, and for the rest."""

    def row(name: str, layer: Layer | None = None, shape: Shape = ()) -> Row:
        multiply_adds = layer.multiply_adds(shape) if layer else 0
        # Forwards, for the weights' gradient and for the input's, which the images do not need.
        passes = 1 if case.mode == "infer" else 2 if name == "conv1" else 3
        return Row(
            name,
            layer.output_shape(shape)[1:] if layer else (),
            multiply_adds,
            2 * passes * multiply_adds,
            name.endswith(".expand3x3"),
            textbook.time(name),
            as_run.time(name),
        )

    rows: list[Row] = []
    shape: Shape = (1, *case.image)
    units = network_layers(as_run.model)
    for name, layer in network_layers(textbook.model).items():
        this = row(name, layer, shape)
        if isinstance(layer, Fire):
            inside = {"squeeze": shape}
            squeezed = layer.squeeze.output_shape(shape)
            parts = (
                row(f"{name}.{part}", layer.children()[part], inside.get(part, squeezed))
                for part in FIRE_PARTS
            )
            this = replace(this, parts=tuple(parts))
        if name in units:
            rows.append(this)
        else:
            rows[-1] = rows[-1].with_next(this)
        shape = layer.output_shape(shape)
    if case.mode == "train":
        rows += [row("loss"), row("optimizer")]
    step = replace(
        row("step"),
        multiply_adds=sum(row.multiply_adds for row in rows),
        operations=sum(row.operations for row in rows),
    )
    rest = replace(
        row("rest"),
        textbook=step.textbook - sum((row.textbook for row in rows), Time()),
        as_run=step.as_run - sum((row.as_run for row in rows), Time()),
    )
    return [*rows, rest, step]


def _microseconds(value: float) -> str:
    """With the digits that mean something."""
    return f"{value:.1f}" if abs(value) < 99.95 else f"{value:,.0f}"
