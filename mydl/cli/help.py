"""``mydl help``: the pages of the documentation in the terminal, without a network."""

from __future__ import annotations

import os
import pydoc
import re
import shutil
import sys
from typing import Annotated

import typer

from .manual import Manual, Page

STYLE = re.compile(r"\x1b\[[0-9;]*m")
WIDEST = 100  # columns of text that is read with ease


def help_(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[PAGE]",
            help="A page, such as checkpoints or conv2d, or a command, such as train.",
            show_default="the list of all pages",
        ),
    ] = None,
) -> None:
    """Show a page of the documentation, or list the pages that there are.

    Works without a network. Where the output is a terminal, a long page goes through a pager: q
    leaves it.
    """
    from .page_screen import rendered
    from .page_text import Reading

    manual = Manual()
    if not words:
        show(_contents(manual))
        return
    page = manual.find(" ".join(words))
    show(rendered(Reading(manual, page).whole(), _width(WIDEST)))


def show(text: str) -> None:
    """Print text, through a pager if it is longer than the terminal."""
    encoding = sys.stdout.encoding or "utf-8"
    text = text.encode(encoding, "replace").decode(encoding)
    height = shutil.get_terminal_size().lines
    if sys.stdin.isatty() and sys.stdout.isatty() and text.count("\n") >= height:
        # `less` shows colours only if it is told to.
        if "r" not in os.environ.setdefault("LESS", "-R").lower():
            text = STYLE.sub("", text)
        pydoc.pager(text)
    else:
        typer.echo(text, nl=False)


def _contents(manual: Manual) -> str:
    """The names and titles of all pages, group by group."""
    groups = list(manual.groups())
    if not groups:
        raise OSError(f"there are no pages in {manual.folder}: install mydl again")
    wide = max(len(page.name) for _, pages in groups for page in pages)
    lines = ["mydl help PAGE shows a page, mydl COMMAND --help the options of a command.", ""]
    for heading, pages in groups:
        lines.append(typer.style(heading, bold=True))
        lines += [_row(page, wide) for page in pages]
        lines.append("")
    text = "\n".join(lines[:-1]) + "\n"
    return text if sys.stdout.isatty() and "NO_COLOR" not in os.environ else STYLE.sub("", text)


def _row(page: Page, wide: int) -> str:
    return f"  {typer.style(page.name.ljust(wide), fg=typer.colors.CYAN)}  {page.title}"


def _width(most: int) -> int:
    """The columns to write in."""
    return max(40, min(most, shutil.get_terminal_size().columns))
