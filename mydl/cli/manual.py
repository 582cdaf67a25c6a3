"""The pages of the documentation: which there are, and how a person names them."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path

from .pages import COMMANDS, LAYERS, of_command

PACKAGE = Path(__file__).parents[1]
CONTENTS = re.compile(
    r"^(`{3,}|:{3,})\{toctree\}\n(?P<options>(?::[^\n]*\n)*)(?P<body>.*?)^\1",
    re.MULTILINE | re.DOTALL,
)
OTHERS = "Others"
SOME = 4  # pages with a word that is no page's name


def pages_folder() -> Path:
    """Where the pages are: in the package, or in the repository that it is used from."""
    installed = PACKAGE / "pages"
    return installed if installed.is_dir() else PACKAGE.parent / "docs"


@dataclass(frozen=True)
class Page:
    """A page of the documentation.

    Attributes
    ----------
    folder
        The folder of all pages.
    path
        Of this one in it, such as "layers/conv2d.md".
    name
        What to type for it, such as "conv2d".
    """

    folder: Path
    path: str
    name: str

    def text(self) -> str:
        """The page, in MyST's Markdown."""
        return (self.folder / self.path).read_text(encoding="utf-8")

    @property
    def title(self) -> str:
        """Its heading."""
        found = re.search(r"^# +(.+)$", self.text(), re.MULTILINE)
        return re.sub(r"[`*]", "", found[1]).strip() if found else self.name.capitalize()


class Manual:
    """All pages.

    Parameters
    ----------
    folder
        The folder of the pages; None takes those of the package.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = pages_folder() if folder is None else folder

    @cached_property
    def pages(self) -> list[Page]:
        """All pages but the front page, which lists them, by their paths."""
        paths = sorted(
            path.relative_to(self.folder).as_posix()
            for path in self.folder.rglob("*.md")
            if not any(part[0] in "._" for part in path.relative_to(self.folder).parts)
        )
        return [Page(self.folder, path, _name(path)) for path in paths if path != "index.md"]

    def at(self, path: str) -> Page | None:
        """The page with a path; that of a folder is its ``index.md``."""
        return next((page for page in self.pages if page.path == path), None)

    def find(self, words: str) -> Page:
        """The page of a name, of a command or of a layer.

        Parameters
        ----------
        words
            What a person types, such as "conv2d", "MaxPool2d" or "learn check".

        Returns
        -------
        Page
            The page.

        Raises
        ------
        ValueError
            There is none; the message has the nearest name.
        """
        wanted = words.removesuffix(".md").removeprefix("docs/").removeprefix("mydl ").lower()
        by_name = self._names()
        if wanted in by_name:
            return by_name[wanted]
        near = get_close_matches(wanted, by_name, 1)
        hint = f": did you mean {by_name[near[0]].name!r}?" if near else ""
        counts = {page.name: page.text().lower().count(wanted) for page in self.pages}
        speaking = sorted(filter(counts.get, counts), key=lambda name: -counts[name])[:SOME]
        if speaking:
            hint += f"{'' if hint else ';'} the word is most often in {', '.join(speaking)}"
        error = ValueError(f"there is no page {words!r}{hint}")
        error.page = ""  # type: ignore[attr-defined]  # the list of all pages
        raise error

    def _names(self) -> dict[str, Page]:
        """Everything that a page may be called, the more usual names last."""
        names: dict[str, Page] = {}
        paths = {page.path.removesuffix(".md"): page for page in self.pages}
        for command in filter(None, COMMANDS):
            page = paths.get(of_command(command.split()))
            if page is not None:
                names[command] = page
        names |= {kind.lower(): paths[path] for kind, path in LAYERS.items() if path in paths}
        for path, page in paths.items():
            names[path.lower()] = page
        names |= {page.name.lower(): page for page in self.pages}
        return names

    def groups(self) -> Iterator[tuple[str, list[Page]]]:
        """The pages in the order of the front page, with the heading of each group."""
        left = {page.path: page for page in self.pages}
        groups: dict[str, list[Page]] = {}

        def visit(place: str, heading: str) -> None:
            text = (self.folder / place).read_text(encoding="utf-8")
            for match in CONTENTS.finditer(text):
                caption = re.search(r":caption: *(.+)", match["options"])
                own = caption[1].strip() if caption and place == "index.md" else heading
                for target in targets(match["body"]):
                    page = left.pop(beside(place, f"{target}.md"), None)
                    if page is not None:
                        groups.setdefault(own, []).append(page)
                        visit(page.path, own)

        front = self.folder / "index.md"
        if front.is_file():
            visit("index.md", "Pages")
        yield from groups.items()
        if left:
            yield OTHERS, list(left.values())


def targets(body: str) -> list[str]:
    """The pages that a list of contents names, without their endings.

    >>> targets("The layers <layers/index>")
    ['layers/index']
    """
    found = []
    for line in body.splitlines():
        named = re.match(r".*<(.+)>\s*$", line)
        target = (named[1] if named else line).strip()
        if target and not re.match(r"\w+:", target):
            found.append(target.removesuffix(".md").lstrip("/"))
    return found


def beside(place: str, target: str) -> str:
    """A path that a page names, relative to the folder of all pages.

    >>> beside("layers/conv2d.md", "../winograd.md")
    'winograd.md'
    """
    return posixpath.normpath(posixpath.join(posixpath.dirname(place), target))


def _name(path: str) -> str:
    """What to type for a page: its path, where layers need not be said to be some.

    >>> _name("checkpoints.md"), _name("layers/conv2d.md"), _name("layers/index.md")
    ('checkpoints', 'conv2d', 'layers')
    """
    name = path.removesuffix(".md").removesuffix("/index")
    return name.removeprefix("layers/")
