"""``mydl learn check --all``: grade a folder of submissions, as a table, JSON or CSV."""

from __future__ import annotations

import csv
import json
import sys
import textwrap
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from .pages import fail

if TYPE_CHECKING:
    from ..learn.classroom import Grade
    from ..learn.course import Exercise
    from ..learn.submissions import Submission

SECONDS_BETWEEN_LINES = 10.0
COLUMNS = 100  # of a table that is not shown on a terminal
# What a teacher should know about, beside wrong answers.
REMARKABLE = ("unreadable", "not-graded", "tampered", "crash", "timeout", "memory", "output")


@dataclass(frozen=True)
class ClassOptions:
    """The options that go with ``--all``.

    Attributes
    ----------
    as_json
        Print JSON instead of the table.
    csv_file
        Write the points of each part there, too.
    jobs
        How many processes work at the same time; None for one a core.
    time_limit
        Seconds for the checks of one answer; None for what the exercise asks for.
    memory
        Megabytes for one answer; None for the default.
    """

    as_json: bool = False
    csv_file: Path | None = None
    jobs: int | None = None
    time_limit: float | None = None
    memory: int | None = None

    def refuse(self) -> None:
        """Raise ValueError if one of them is given."""
        names = {"as_json": "json", "csv_file": "csv", "time_limit": "time-limit"}
        for field in fields(self):
            if getattr(self, field.name):
                option = names.get(field.name, field.name)
                raise ValueError(f"--{option} goes with --all FOLDER, the submissions of a class")


def check_class(
    folder: Path, names: Sequence[str], extra: Path | None, options: ClassOptions
) -> None:
    """Grade all submissions in a folder.

    Parameters
    ----------
    folder
        Has a sub-folder for each student.
    names
        Of the exercises that count; if there are none, those that somebody handed in.
    extra
        A folder with exercises of the teacher's.
    options
        The others.
    """
    from ..learn.classroom import Grader
    from ..learn.course import Course
    from ..learn.runner import MEGABYTES
    from ..learn.submissions import find_submissions, handed_in
    from ..parallel import usable_cores

    if options.csv_file is not None and not options.csv_file.absolute().parent.is_dir():
        raise ValueError(f"--csv: there is no folder {options.csv_file.parent} to write it into")
    course = Course(extra)
    submissions = find_submissions(folder)
    chosen = [course[name] for name in names]
    exercises = chosen or handed_in(course.exercises, submissions)
    if not exercises:
        raise ValueError(
            f"no submission in {folder} has a file of an exercise, such as "
            f"{submissions[0].folder / course.exercises[0].file_name}"
        )
    csv_file, jobs = options.csv_file, options.jobs or usable_cores()
    grader = Grader(options.time_limit, options.memory or MEGABYTES, jobs)
    with _progress(len(submissions) * len(exercises)) as watch:
        rows = grader.grade_all(exercises, submissions, watch)
    if csv_file is not None:
        _write_csv(csv_file, rows)
    if options.as_json:
        typer.echo(json.dumps(_document(exercises, submissions, rows), indent=2, allow_nan=False))
    else:
        _print(exercises, rows)
        if csv_file is not None:
            typer.echo(f"\nWrote the points of each part to {csv_file}")
    if any(grade.state == "not graded" for row in rows for grade in row):
        fail("teaching", quiet=options.as_json)


def points(value: float) -> str:
    """Points without needless digits.

    >>> points(2.0), points(1.5)
    ('2', '1.5')
    """
    return f"{value:.10g}"


def _print(exercises: Sequence[Exercise], rows: Sequence[Sequence[Grade]]) -> None:
    from .learn_show import width
    from .table import print_table

    header = ["student", "points", *(exercise.name for exercise in exercises)]
    cells = [
        [row[0].student, _share(*_total(row)), *(_cell(grade) for grade in row)] for row in rows
    ]
    for number, columns in enumerate(_blocks([header, *cells])):
        if number:
            typer.echo()
        print_table(
            [header[column] for column in columns],
            [[line[column] for column in columns] for line in cells],
            left=1,
        )
    passed = [grade.state for row in rows for grade in row].count("passed")
    typer.echo(
        f"\n{_many(len(rows), 'student')}, {_many(len(exercises), 'exercise')}: "
        f"{passed} of {len(rows) * len(exercises)} answers pass all checks; "
        "missing: not handed in, 0 points"
    )
    notes = [note for row in rows for grade in row for note in _notes(grade)]
    if notes:
        typer.echo("\nLook at")
        for note in notes:
            typer.echo(textwrap.fill(note, width(), initial_indent="  ", subsequent_indent=" " * 6))


def _cell(grade: Grade) -> str:
    if grade.state in ("missing", "not graded"):
        return grade.state
    return _share(grade.result.earned, grade.result.points)


def _share(earned: float, of: float) -> str:
    return f"{points(earned)}/{points(of)}"


def _total(row: Sequence[Grade]) -> tuple[float, float]:
    return sum(grade.result.earned for grade in row), sum(grade.result.points for grade in row)


def _notes(grade: Grade) -> Iterator[str]:
    """What a teacher should look at, a line each."""
    place = f"{grade.student}, {grade.result.exercise}:"
    first = next((check for check in grade.result.checks if check.kind in REMARKABLE), None)
    if first:
        yield f"{place} {first.sentence}"
    if grade.foreign:
        yield f"{place} imports {', '.join(grade.foreign)}"


def _remarks(grade: Grade) -> Iterator[str]:
    """The same in few words, and what is missing."""
    kinds = [check.kind for check in grade.result.checks if check.kind in REMARKABLE]
    if grade.state == "missing":
        yield f"{grade.result.exercise} is missing"
    elif kinds:
        yield f"{grade.result.exercise}: {kinds[0]}"
    if grade.foreign:
        yield f"{grade.result.exercise} imports {', '.join(grade.foreign)}"


def _blocks(lines: Sequence[Sequence[str]]) -> list[list[int]]:
    """The columns of tables that fit side by side into a line, the first column in each."""
    import shutil

    width = shutil.get_terminal_size((COLUMNS, 24)).columns if sys.stdout.isatty() else COLUMNS
    widths = [max(map(len, column)) + 2 for column in zip(*lines, strict=True)]
    blocks = [[0]]
    for column in range(1, len(widths)):
        if len(blocks[-1]) > 1 and sum(widths[c] for c in [*blocks[-1], column]) - 2 > width:
            blocks.append([0])
        blocks[-1].append(column)
    return blocks


def _document(
    exercises: Sequence[Exercise],
    submissions: Sequence[Submission],
    rows: Sequence[Sequence[Grade]],
) -> dict[str, Any]:
    return {
        "exercises": [
            {"name": exercise.name, "title": exercise.title, "points": grade.result.points}
            for exercise, grade in zip(exercises, rows[0], strict=True)
        ],
        "students": [
            {
                "student": submission.student,
                "folder": str(submission.folder),
                "earned": _total(row)[0],
                "points": _total(row)[1],
                "answers": [grade.to_dict() for grade in row],
            }
            for submission, row in zip(submissions, rows, strict=True)
        ],
    }


def _write_csv(file: Path, rows: Sequence[Sequence[Grade]]) -> None:
    """A line for each student: all points, then those of each exercise and of its parts."""
    with file.open("w", newline="", encoding="utf-8") as stream:
        table = csv.writer(stream)
        heads = ["student", "points", "remarks"]
        for grade in rows[0]:
            heads.append(grade.result.exercise)
            heads += [f"{grade.result.exercise}: {check.title}" for check in grade.result.checks]
        table.writerow(heads)
        for row in rows:
            remarks = "; ".join(remark for grade in row for remark in _remarks(grade))
            line = [_text(row[0].student), points(_total(row)[0]), remarks]
            for grade in row:
                line.append(points(grade.result.earned))
                line += [points(c.points if c.passed else 0) for c in grade.result.checks]
            table.writerow(line)


def _text(name: str) -> str:
    """A name that no spreadsheet takes for a formula."""
    return f"'{name}" if name.startswith(("=", "+", "-", "@")) else name


@contextmanager
def _progress(total: int) -> Iterator[Callable[[Grade], None]]:
    """Shows on standard error how many answers are checked: a bar on a terminal, else lines."""
    if not sys.stderr.isatty():
        yield _Lines(total)
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("checking", total=total)

        def advance(grade: Grade) -> None:
            progress.update(
                task, advance=1, description=f"{grade.student}, {grade.result.exercise}"
            )

        yield advance


class _Lines:
    """A line now and then."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._done = 0
        self._last = time.monotonic()

    def __call__(self, grade: Grade) -> None:
        self._done += 1
        if time.monotonic() - self._last > SECONDS_BETWEEN_LINES:
            self._last = time.monotonic()
            typer.echo(f"{self._done} of {self._total} answers checked", err=True)


def _many(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
