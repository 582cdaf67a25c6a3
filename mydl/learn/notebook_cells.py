"""Exercises as Jupyter notebooks: statement, a cell to fill in, a cell that checks, hints."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from .course import Course, Exercise
from .notebook_file import ANSWER, Cell, notebook_text
from .syntax import parse


def write_notebooks(
    course: Course, folder: Path, names: Sequence[str], solutions: bool, extra: Path | None = None
) -> Iterator[tuple[Path, bool]]:
    """Write notebooks, never over a file that is there.

    Parameters
    ----------
    course
        The exercises.
    folder
        To write into; it is made where there is none.
    names
        Of the exercises, to which those that they build on are added; all if there are none.
    solutions
        Put the solutions in, and the derivations below.
    extra
        The folder of a teacher's exercises that the course was made with.

    Yields
    ------
    Iterator[tuple[Path, bool]]
        The file of each exercise, and whether it was written.
    """
    wanted = _with_required(course, [course[name] for name in names] or course.exercises)
    folder.mkdir(parents=True, exist_ok=True)
    for exercise in course.exercises:
        if exercise not in wanted:
            continue
        more = "" if extra is None else os.path.relpath(extra.resolve(), folder.resolve())
        text = notebook_text(list(exercise_cells(exercise, solutions, more)))
        file = folder / f"{exercise.number}-{exercise.name}.ipynb"
        try:
            with file.open("x", encoding="utf-8") as stream:
                stream.write(text)
        except FileExistsError:
            yield file, False
        else:
            yield file, True


def exercise_cells(exercise: Exercise, solutions: bool, extra: str = "") -> Iterator[Cell]:
    """The cells of an exercise's notebook.

    Parameters
    ----------
    exercise
        Whose.
    solutions
        Whether to put the solution in.
    extra
        The folder of a teacher's exercises, as the notebook finds it.
    """
    option = f", exercises={Path(extra).as_posix()!r}" if extra else ""
    yield Cell("statement", "markdown", f"# {exercise.title}\n\n{exercise.statement}")
    if exercise.requires:
        names = ", ".join(f'"{name}"' for name in exercise.requires)
        yield Cell(
            "earlier-answers",
            "code",
            "from mydl.learn.notebook import load_answers\n\n"
            f"load_answers({names}{option})  # from the notebooks beside this one",
        )
    text = exercise.solution_text() if solutions else exercise.student_text()
    yield Cell("answer", "code", _without_docstring(text), (ANSWER,))
    yield Cell(
        "check",
        "code",
        f'from mydl.learn.notebook import check\n\ncheck("{exercise.name}", globals(){option})',
    )
    for number, hint in enumerate(exercise.hints, 1):
        yield Cell(f"hint-{number}", "markdown", _folded(f"Hint {number}", hint))
    if solutions and exercise.derivation:
        yield Cell("derivation", "markdown", f"## Derivation\n\n{exercise.derivation}")


def _with_required(course: Course, exercises: Sequence[Exercise]) -> set[Exercise]:
    """The exercises and those whose answers they import."""
    found = set(exercises)
    for exercise in exercises:
        found |= _with_required(course, [course[name] for name in exercise.requires])
    return found


def _without_docstring(text: str) -> str:
    """A file's code without the statement at its top."""
    end = parse(text).body[0].end_lineno
    return "\n".join(text.splitlines()[end:]).strip()


def _folded(title: str, text: str) -> str:
    """Markdown that shows its title alone until one clicks on it."""
    return f"<details>\n<summary>{title}</summary>\n\n{text}\n\n</details>"
