"""An exercise's file holds the student's text and the solution: here one becomes the other.

The solution stands between ``# BEGIN SOLUTION`` and ``# END SOLUTION``; the student finds a line
there that says what to write. In an exercise on finding a bug, ``# BEGIN BUG``, ``# INSTEAD`` and
``# END BUG`` hold first what the student gets and then what is right.
"""

from __future__ import annotations

import ast

from .syntax import parse

PARTS = {"# BEGIN SOLUTION": "# END SOLUTION", "# BEGIN BUG": "# END BUG"}
MIDDLE = "# INSTEAD"


def student_text(text: str) -> str:
    """The file that a student starts with.

    >>> print(student_text('''
    ... def double(x):
    ...     # BEGIN SOLUTION
    ...     return 2 * x
    ...     # END SOLUTION
    ... ''').strip())
    def double(x):
        raise NotImplementedError("write double here")
    """
    names = _Names(text)
    lines: list[str] = []
    for plain, begin, number, parts in _pieces(text):
        lines += plain
        if begin == "# BEGIN BUG":
            lines += parts[0]
        elif begin:
            marker = text.splitlines()[number - 1]
            indent = marker[: len(marker) - len(marker.lstrip())]
            lines.append(f'{indent}raise NotImplementedError("write {names.at(number)} here")')
    return "\n".join(lines) + "\n"


def solution_text(text: str) -> str:
    """The file with the solution, without the markers."""
    lines: list[str] = []
    for plain, begin, _, parts in _pieces(text):
        lines += plain
        if begin:
            lines += parts[-1]
    return "\n".join(lines) + "\n"


def _pieces(text: str) -> list[tuple[list[str], str, int, list[list[str]]]]:
    """The text as lines that stay, the marker after them, its line number and what is marked."""
    pieces: list[tuple[list[str], str, int, list[list[str]]]] = []
    plain: list[str] = []
    begin, first, parts = "", 0, [[]]  # type: tuple[str, int, list[list[str]]]
    for number, line in enumerate(text.splitlines(), 1):
        word = line.strip()
        if not begin and word in PARTS:
            begin, first, parts = word, number, [[]]
        elif begin == "# BEGIN BUG" and word == MIDDLE and len(parts) == 1:
            parts.append([])
        elif begin and word == PARTS[begin]:
            if begin == "# BEGIN BUG" and len(parts) != 2:
                raise ValueError(
                    f"line {first}: `{begin}` needs `{MIDDLE}` before `{PARTS[begin]}`"
                )
            pieces.append((plain, begin, first, parts))
            plain, begin = [], ""
        elif word in (*PARTS, *PARTS.values(), MIDDLE):
            raise ValueError(
                f"line {number}: `{word}` does not belong to a `# BEGIN ...` before it"
            )
        else:
            (parts[-1] if begin else plain).append(line)
    if begin:
        raise ValueError(f"line {first}: `{begin}` has no `{PARTS[begin]}` after it")
    return [*pieces, (plain, "", 0, [[]])]


class _Names:
    """Which function a line of a file belongs to."""

    def __init__(self, text: str) -> None:
        self._tree = parse(text)

    def at(self, line: int) -> str:
        """The function around a line, with its class; "the rest" outside of all functions."""
        names: list[str] = []
        node: ast.AST = self._tree
        while node:
            inner = [
                child
                for child in ast.iter_child_nodes(node)
                if isinstance(child, ast.FunctionDef | ast.ClassDef)
                and child.lineno <= line <= (child.end_lineno or line)
            ]
            if not inner:
                break
            node = inner[0]
            names.append(inner[0].name)
        return ".".join(names) or "the rest"
