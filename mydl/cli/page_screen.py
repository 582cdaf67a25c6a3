"""Markdown on a terminal: headings, lists, tables and code, in colours where there are some."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

from pygments.token import Comment, Generic, Keyword, Name, Number, String
from rich import box
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.markdown import CodeBlock, Heading, Markdown, MarkdownElement, TableElement
from rich.padding import Padding
from rich.style import Style
from rich.syntax import ANSISyntaxTheme, Syntax
from rich.table import Table
from rich.text import Text
from rich.theme import Theme

# Only what can be read on dark and on light ground.
CODE = ANSISyntaxTheme(
    {
        Comment: Style(italic=True, dim=True),
        Keyword: Style(bold=True),
        Name.Function: Style(bold=True),
        Name.Class: Style(bold=True),
        String: Style(color="green"),
        Number: Style(color="cyan"),
        Generic.Prompt: Style(dim=True),
    }
)
THEME = Theme(
    {
        **dict.fromkeys(("markdown.h1", "markdown.h2", "markdown.h3", "markdown.h4"), "bold"),
        "markdown.code": "cyan",
        "markdown.link": "underline",
        "markdown.link_url": "underline",
        "markdown.block_quote": "italic",
    }
)
GAP = 2  # between the columns of a table
UNDERLINES = {"h1": "=", "h2": "-"}


class _Heading(Heading):
    """Flush left, and underlined, so that plain text has headings too."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield self.text
        if self.tag in UNDERLINES:
            wide = min(cell_len(self.text.plain), options.max_width)
            yield Text(UNDERLINES[self.tag] * wide, style="dim")


class _Code(CodeBlock):
    """Indented, on the terminal's own ground."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        code = Syntax(
            str(self.text).rstrip(),
            self.lexer_name,
            theme=CODE,
            word_wrap=True,
            background_color="default",
        )
        yield Padding(code, (0, 0, 0, 4))


class _Table(TableElement):
    """Without a line for headings that are all empty; as a list where the columns do not fit."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        head = self.header.row.cells if self.header and self.header.row else []
        titles = [cell.content for cell in head]
        rows = [[cell.content for cell in row.cells] for row in self.body.rows] if self.body else []
        columns = list(zip(titles, *rows, strict=True))
        widths = _widths(columns, options.max_width - GAP * (len(columns) - 1))
        if not widths:
            yield from _as_list(titles, rows)
            return
        shown = any(title.plain.strip() for title in titles)
        table = Table(
            box=box.SIMPLE, pad_edge=False, show_edge=False, show_header=shown, padding=(0, 1, 0, 0)
        )
        for title, width in zip(titles, widths, strict=True):
            table.add_column(title.copy(), header_style="bold", width=width)
        for row in rows:
            table.add_row(*row)
        yield table


def _widths(columns: Sequence[Sequence[Text]], room: int) -> list[int]:
    """How wide columns are that share a room; none if not every word finds place."""
    least = [max(_longest_word(cell) for cell in column) for column in columns]
    wanted = [max(cell_len(cell.plain) for cell in column) for column in columns]
    spare = room - sum(least)
    missing = sum(wanted) - sum(least)
    if spare < 0:
        return []
    share = min(1.0, spare / missing) if missing else 0.0
    return [low + int((high - low) * share) for low, high in zip(least, wanted, strict=True)]


def _longest_word(text: Text) -> int:
    return max(map(cell_len, text.plain.split()), default=0)


def _as_list(titles: Sequence[Text], rows: Sequence[Sequence[Text]]) -> Iterator[RenderableType]:
    """A table's rows one below the other, each cell behind the title of its column."""
    for number, (first, *others) in enumerate(rows):
        if number:
            yield Text()
        yield Text.assemble(first, style="bold")
        for title, cell in zip(titles[1:], others, strict=True):
            if cell.plain.strip():
                named = Text.assemble(title, ": ", cell) if title.plain.strip() else cell
                yield Padding(named, (0, 0, 0, 2))


class _Page(Markdown):
    elements: ClassVar[dict[str, type[MarkdownElement]]] = {
        **Markdown.elements,
        "heading_open": _Heading,
        "fence": _Code,
        "code_block": _Code,
        "table_open": _Table,
    }


def rendered(markdown: str, width: int) -> str:
    """Markdown as lines of a terminal; without colours where the output is none."""
    console = Console(width=width, theme=THEME)
    with console.capture() as capture:
        console.print(_Page(markdown, hyperlinks=False))
    return "\n".join(line.rstrip() for line in capture.get().splitlines()).strip("\n") + "\n"
