"""Is an exercise ready to be handed out? What a teacher should know before students find out."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from . import runner
from .classroom import parts_of
from .course import Course, Exercise
from .result import Result

HINTS = 3  # that `mydl learn hint` gives


def problems(course: Course, exercise: Exercise) -> Iterator[str]:
    """What is wrong with an exercise, a sentence each.

    Parameters
    ----------
    course
        With the exercises that it builds on.
    exercise
        To look at.
    """
    try:
        yield from _missing_parts(course, exercise)
        solved = run_text(course, exercise, exercise.solution_text())
        untouched = run_text(course, exercise, exercise.student_text())
    except ValueError as error:
        yield str(error)
        return
    for check in solved.checks:
        if not check.passed:
            yield f"its own solution fails the check {check.title!r}: {check.sentence}"
    if untouched.passed:
        yield "the file that students get passes all checks as it is"


def run_text(course: Course, exercise: Exercise, text: str) -> Result:
    """Check an answer, with the solutions that it builds on beside it."""
    with tempfile.TemporaryDirectory(prefix="mydl-learn-") as temporary:
        folder = Path(temporary)
        _write_required(course, exercise, folder)
        file = folder / exercise.file_name
        file.write_text(text, encoding="utf-8")
        return runner.run(exercise, file)


def _missing_parts(course: Course, exercise: Exercise) -> Iterator[str]:
    if not exercise.statement:
        yield "its exercise.py has a title and no statement: write it below the title"
    if len(exercise.hints) != HINTS:
        yield f"its hints.md has {len(exercise.hints)} hints: write {HINTS}, ## Hint 1 and so on"
    if not exercise.derivation:
        yield "its hints.md has no derivation: write one below ## Derivation"
    if exercise.student_text() == exercise.solution_text():
        yield "its exercise.py marks no solution: put # BEGIN SOLUTION and # END SOLUTION around it"
    for name in exercise.requires:
        course[name]
    titles = [part.title for part in parts_of(exercise)]
    for title in sorted({title for title in titles if titles.count(title) > 1}):
        yield f"two of its checks have the title {title!r}"


def _write_required(course: Course, exercise: Exercise, folder: Path) -> None:
    for name in exercise.requires:
        needed = course[name]
        (folder / needed.file_name).write_text(needed.solution_text(), encoding="utf-8")
        _write_required(course, needed, folder)
