"""Tables on the screen: drawn in a terminal, where long cells are folded, elsewhere plain text."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import typer


def print_table(header: Sequence[str], rows: Sequence[Sequence[str]], left: int) -> None:
    """Print rows below their header, the first ``left`` columns flush left, the others right."""
    if not sys.stdout.isatty():
        typer.echo(plain_table(header, rows, left))
        return
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE, padding=(0, 1, 0, 0), show_edge=False)
    for column, title in enumerate(header):
        if column < left:
            table.add_column(Text(title), overflow="fold")
        else:
            table.add_column(Text(title), justify="right", no_wrap=True)
    for row in rows:
        table.add_row(*map(Text, row))  # a name in brackets is no markup
    Console().print(table)


def plain_table(header: Sequence[str], rows: Sequence[Sequence[str]], left: int) -> str:
    """The same as text.

    >>> print(plain_table(["run", "epochs"], [["first", "3"], ["b", "12"]], left=1))
    run    epochs
    first       3
    b          12
    """
    lines = [header, *rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]

    def pad(cell: str, column: int) -> str:
        return cell.ljust(widths[column]) if column < left else cell.rjust(widths[column])

    return "\n".join(
        "  ".join(pad(cell, column) for column, cell in enumerate(line)).rstrip() for line in lines
    )
