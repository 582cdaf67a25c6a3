"""``mydl doctor``: why won't it train?"""

from __future__ import annotations

import json
import shutil
import sys
import textwrap
from typing import TYPE_CHECKING, Annotated

import typer

from .options import Run, takes_run
from .pages import fail

if TYPE_CHECKING:
    from ..training.rungs import Rung

NAME_WIDTH = 16
INDENT = 6 + NAME_WIDTH  # of a rung's words, behind "pass  name"


@takes_run
def doctor(
    run: Run,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """Find out why a network does not learn: pass or fail, rung by rung.

    Takes the options of `mydl train`. Looks at the data, the first loss, whether 20 images can be
    learnt by heart, dead layers, the size of the steps and the learning rate. Where a rung fails,
    changes are tried and the one that helps most is named. Exits with status 1 when a rung fails.
    """
    from ..training.doctor import examine
    from ..training.runs import without_nan

    dataset = run.open_dataset()
    waiting = sys.stderr.isatty() and not as_json
    diagnosis = examine(
        run.config,
        dataset,
        threads=run.threads,
        on_rung=(lambda rung: None) if as_json else (lambda rung: _print(rung, waiting)),
        on_work=_wait if waiting else (lambda work: None),
    )
    if waiting:
        _clear()
    if as_json:
        print(json.dumps(without_nan(diagnosis.to_dict()), indent=2, allow_nan=False))
    else:
        print(f"\n{textwrap.fill(diagnosis.advice, _width())}")
    if not diagnosis.healthy:
        fail("doctor", quiet=as_json)


def _print(rung: Rung, waiting: bool) -> None:
    if waiting:
        _clear()
    head = f"{'pass' if rung.passed else 'FAIL'}  {rung.name}".ljust(INDENT)
    print(
        textwrap.fill(
            rung.words, _width(), initial_indent=head, subsequent_indent=" " * INDENT,
            break_on_hyphens=False,
        ),
        flush=True,
    )  # fmt: skip


def _width() -> int:
    return max(60, min(100, shutil.get_terminal_size().columns))


def _wait(work: str) -> None:
    print(f"\r\033[K... {work}", end="", file=sys.stderr, flush=True)


def _clear() -> None:
    print("\r\033[K", end="", file=sys.stderr, flush=True)
