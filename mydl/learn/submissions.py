"""What students hand in: a folder for each of them, with files or notebooks."""

from __future__ import annotations

import ast
import re
import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from .course import Exercise
from .notebook_file import answer_in
from .syntax import parse

NOTEBOOK = re.compile(r"(?:\d+-)?([a-z0-9-]+)\.ipynb")
# Modules that need no explanation in an answer.
USUAL = {
    *("__future__", "abc", "cmath", "collections", "copy", "dataclasses", "enum", "functools"),
    *("itertools", "math", "numbers", "numpy", "operator", "random", "time", "typing", "warnings"),
}


@dataclass(frozen=True)
class Submission:
    """What one student handed in.

    Attributes
    ----------
    student
        The name of the folder.
    folder
        With the files.
    """

    student: str
    folder: Path

    def file_for(self, exercise: Exercise) -> Path | None:
        """The answer to an exercise: the student's file, or else their notebook."""
        file = self.folder / exercise.file_name
        if file.is_file():
            return file
        found = (path for path, name in self._notebooks() if name == exercise.file_name)
        return next(found, None)

    def copy_to(self, folder: Path, wanted: str) -> None:
        """Copy all answers, those in notebooks as files of Python.

        Parameters
        ----------
        folder
            Is there and empty.
        wanted
            The name of the file for which it is done.

        Raises
        ------
        ValueError, OSError
            If this file cannot be read.
        """
        files = sorted(path for path in self.folder.glob("*.py") if path.is_file())
        for path, name in [*((path, path.name) for path in files), *self._notebooks()]:
            copy = folder / name
            if copy.exists():
                continue
            try:
                if path.suffix == ".py":
                    shutil.copyfile(path, copy)
                else:
                    copy.write_text(answer_in(path), encoding="utf-8")
            except (ValueError, OSError):
                if name == wanted:
                    raise

    def _notebooks(self) -> Iterator[tuple[Path, str]]:
        """The notebooks, each with the name of the file that its answer would be."""
        for path in sorted(self.folder.glob("*.ipynb")):
            match = NOTEBOOK.fullmatch(path.name)
            if match and path.is_file():
                yield path, match[1].replace("-", "_") + ".py"


def find_submissions(folder: Path) -> list[Submission]:
    """The submissions in a folder, by the students' names; hidden folders are left out."""
    if not folder.is_dir():
        raise ValueError(f"{folder} is no folder: give one that has a sub-folder for each student")
    found = [
        Submission(path.name, path)
        for path in sorted(folder.iterdir(), key=lambda path: _natural(path.name))
        if path.is_dir() and not path.name.startswith((".", "__"))
    ]
    if not found:
        raise ValueError(
            f"{folder} has no sub-folders: each student's files are expected in one of their own, "
            f"such as {folder / 'name-of-student' / 'relu.py'}"
        )
    return found


def handed_in(exercises: Iterable[Exercise], submissions: Sequence[Submission]) -> list[Exercise]:
    """The exercises to which there is an answer of at least one student."""
    return [
        exercise
        for exercise in exercises
        if any(submission.file_for(exercise) for submission in submissions)
    ]


def foreign_imports(answer: bytes, usual: Iterable[str] = ()) -> tuple[str, ...]:
    """Modules that an answer imports though no exercise needs them.

    Parameters
    ----------
    answer
        The text.
    usual
        More modules that it may import.

    Examples
    --------
    >>> foreign_imports(b"import numpy as np, os" + bytes([10]) + b"from mydl.layers import ReLU")
    ('mydl.layers', 'os')
    """
    allowed = USUAL | set(usual)
    return tuple(
        name for name in sorted(imports(answer)) if allowed.isdisjoint({name, name.split(".")[0]})
    )


def imports(text: bytes | str) -> set[str]:
    """The modules that a text imports, none if it is not Python."""
    try:
        tree = parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return set()
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


def _natural(name: str) -> list[tuple[bool, int, str]]:
    """A key that sorts student2 before student10."""
    pieces = re.split(r"(\d+)", name.lower())
    return [(not piece.isdigit(), int(piece) if piece.isdigit() else 0, piece) for piece in pieces]
