"""A page of the documentation, taken apart into its blocks of code."""

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]

FENCE = re.compile(r"(?P<indent> *)(?P<fence>`{3,}|~{3,})(?P<language>[^\s`]*)")
MARKER = re.compile(r" *<!-- *(?P<key>[^:>]+?)(?:: *(?P<value>.*?))? *-->$")
INLINE = re.compile(r"(?<!`)`(mydl [^`]+)`(?!`)")


@dataclass(frozen=True)
class Block:
    """A block of code: what stands between two fences, and the comments right before them."""

    line: int  # of the opening fence, counted from 1
    language: str
    text: str  # without the fences' indent
    markers: dict[str, str]
    indent: str = ""

    @property
    def is_doctest(self):
        """Whether it is a session at Python's prompt."""
        return self.language in ("python", "pycon") and self.text.lstrip().startswith(">>>")

    @property
    def is_run(self):
        return "not run" not in self.markers


@dataclass(frozen=True)
class Command:
    """A command of a block of shell, and the output that a console shows of it."""

    line: int
    text: str
    typed: str  # the same as it stands on the page
    output: str = ""


def pages():
    """The front pages and all pages in docs, as paths."""
    found = [*ROOT.glob("README*.md"), *(ROOT / "docs").rglob("*.md")]
    return sorted(path for path in found if is_page(path))


def is_page(path):
    """Whether a file is a page that readers see."""
    if not path.is_relative_to(ROOT):
        return False
    parts = path.relative_to(ROOT).parts
    front = len(parts) == 1 and path.name.startswith("README")
    inside = parts[0] == "docs" and not any(part.startswith("_") for part in parts)
    return path.suffix == ".md" and (front or inside)


def blocks(text):
    """The blocks of a page, in order."""
    found, lines = [], text.split("\n")
    start = 0
    while start < len(lines):
        opening = FENCE.match(lines[start])
        if not opening:
            start += 1
            continue
        indent, fence = opening["indent"], opening["fence"]
        end = start + 1
        while end < len(lines) and not re.fullmatch(
            rf" *{fence[0]}{{{len(fence)},}} *", lines[end]
        ):
            end += 1
        if end == len(lines):
            raise ValueError(f"line {start + 1}: the block does not end")
        body = [line.removeprefix(indent) for line in lines[start + 1 : end]]
        found.append(
            Block(
                start + 1,
                opening["language"],
                "".join(f"{line}\n" for line in body),
                _markers(lines, start),
                indent,
            )
        )
        start = end + 1
    return found


def _markers(lines, start):
    """The comments on the lines right above a fence."""
    markers = {}
    while start and (comment := MARKER.match(lines[start - 1])):
        start -= 1
        markers[comment["key"]] = comment["value"] or ""
    return markers


def inline_commands(text):
    """The mydl commands in running text and tables, as pairs of line and command."""
    fenced = set()
    for block in blocks(text):
        fenced.update(range(block.line, block.line + block.text.count("\n") + 2))
    for number, line in enumerate(text.split("\n"), 1):
        if number not in fenced:
            yield from ((number, command) for command in INLINE.findall(line))


def commands(block):
    """The commands of a block of bash, or of a console with their outputs."""
    is_console = block.language == "console"
    lines = block.text.rstrip("\n").split("\n")
    found, at = [], 0
    while at < len(lines):
        start = at
        if is_console and not lines[at].startswith("$ "):
            raise ValueError(f"line {block.line + 1 + at}: a console has lines `$ command`")
        command = lines[at].removeprefix("$ ") if is_console else lines[at]
        at += 1
        while not _is_whole(command) and at < len(lines):
            command += "\n" + (lines[at].removeprefix("> ") if is_console else lines[at])
            at += 1
        typed = "\n".join(lines[start:at])
        first = at
        while is_console and at < len(lines) and not lines[at].startswith("$ "):
            at += 1
        if shlex.split(command, comments=True):
            output = "\n".join(lines[first:at]).strip("\n")
            found.append(Command(block.line + 1 + start, command, typed, output))
    return found


def _is_whole(text):
    """Whether a command ends here: no open quote, no backslash at its end."""
    try:
        shlex.split(text, comments=True)
    except ValueError:
        return False
    return True
