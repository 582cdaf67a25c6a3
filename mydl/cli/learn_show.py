"""What ``mydl learn`` shows: the list, what a check found, hints and the next step."""

from __future__ import annotations

import shlex
import shutil
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from ..learn import CheckResult, Exercise, Result
    from ..learn.progress import Folder

COLORS = {"passed": typer.colors.GREEN, "not-run": typer.colors.YELLOW}
INDENT = " " * 9
OUTPUT_LINES = 10  # of what the student's code prints


def show_list(student: Folder) -> None:
    """The exercises, one in a line, the next one marked."""
    upcoming = student.next()
    for exercise in student.course.exercises:
        state = student.state(exercise)
        mark = ">" if exercise is upcoming else " "
        line = f"{mark} {exercise.number} {exercise.name:19}{state:8} {exercise.title}"
        color = COLORS["passed"] if state == "done" else None
        shown = line[: width()] if sys.stdout.isatty() else line
        typer.secho(shown, fg=color, bold=exercise is upcoming)


def next_step(student: Folder, checked: Exercise | None = None) -> str:
    """One or two lines: how far the student is, and what to type next.

    Parameters
    ----------
    student
        The folder.
    checked
        The exercise that was checked a moment ago.
    """
    if checked is not None and not student.is_done(checked):
        hint = typed(student, "hint", checked)
        return f"Change {student.file(checked)} and check again. Stuck? {hint}"
    upcoming = student.next()
    if upcoming is None:
        return f"{count(student)} That is the whole course: well done!"
    if student.state(upcoming) == "started":
        file = student.file(upcoming)
        return f"{count(student)} Next: write {file}, then {typed(student, 'check', upcoming)}"
    return f"{count(student)} Next: {typed(student, 'start', upcoming)}"


def count(student: Folder) -> str:
    """How far the student is."""
    return f"{student.count_done()} of {len(student.course.exercises)} done."


def typed(student: Folder, command: str, exercise: Exercise | None = None) -> str:
    """What to type for a command in this folder."""
    words = ["mydl", "learn", command, *([exercise.name] if exercise else [])]
    if student.path != Path():
        words += ["--dir", str(student.path)]
    if student.course.extra is not None:
        words += ["--exercises", str(student.course.extra)]
    return shlex.join(words)


def compare_with(student: Folder, exercise: Exercise) -> str:
    """Where there is more to learn from an exercise that is done."""
    return f"Other ways to write it, and why: {typed(student, 'solution', exercise)}"


def begin(student: Folder, exercise: Exercise) -> None:
    """Write the file of an exercise, unless there is one."""
    file = student.file(exercise)
    if student.start(exercise):
        typer.echo(f"{file}: {exercise.title}\nRead it, fill it in and save it.")
    elif student.is_done(exercise):
        typer.echo(f"{file} is there and done, and stays as it is: rename it to begin anew.")
    else:
        typer.echo(
            f"{file} is there and stays as it is: go on with it, or rename it to begin anew."
        )
    needed = [student.course[name] for name in exercise.requires]
    missing = [one for one in needed if not student.file(one).exists()]
    if missing:
        names = ", ".join(one.name for one in missing)
        first = typed(student, "start", missing[0])
        typer.echo(fill(f"It builds on your own files of {names}, first: {first}"))


def check_and_show(student: Folder, exercise: Exercise) -> bool:
    """Check the student's file, show what was found and remember it; True if all is right."""
    from ..learn.progress import UnsavedProgress
    from ..learn.runner import run

    file = student.file(exercise)
    if not file.is_file():
        raise ValueError(
            f"{file} is not there: `{typed(student, 'start', exercise)}` writes it, and a file "
            "with another name has to be renamed to it"
        )
    result = run(exercise, file)
    show_result(exercise, result)
    try:
        student.set_done(exercise, result.passed)
    except UnsavedProgress as error:
        typer.secho(f"{error}\n", fg=typer.colors.YELLOW)
    return result.passed


def show_result(exercise: Exercise, result: Result) -> None:
    """Each check in a line, and what is wrong below it."""
    typer.secho(f"{exercise.name}: {exercise.title}\n", bold=True)
    said: set[tuple[str, str]] = set()
    for check in result.checks:
        _show_check(check, (check.kind, check.sentence) in said)
        said.add((check.kind, check.sentence))
    if result.output.strip():
        typer.echo("\nYour code printed:")
        lines = result.output.rstrip().splitlines()
        for line in lines[:OUTPUT_LINES]:
            typer.echo("  | " + line[: width() - 4])
        if len(lines) > OUTPUT_LINES:
            typer.echo("  | ... and more")
    score = f"{result.earned:g} of {result.points:g} points."
    typer.secho(f"\n{score}", fg=COLORS["passed"] if result.passed else typer.colors.RED)


def _show_check(check: CheckResult, said: bool) -> None:
    mark = {"passed": "right", "not-run": "not run"}.get(check.kind, "wrong")
    color = COLORS.get(check.kind, typer.colors.RED)
    typer.secho(f"{mark:9}", fg=color, nl=False)
    typer.echo(fill(check.title, INDENT).strip())
    if check.passed or check.kind == "not-run":
        return
    typer.echo(fill("the same as above" if said else check.sentence, INDENT))
    if check.picture and not said:
        typer.echo(textwrap.indent(check.picture, INDENT))


def show_hint(student: Folder, exercise: Exercise, everything: bool) -> None:
    """The next hint of an exercise, or all."""
    hints = exercise.hints
    index = None if everything else student.take_hint(exercise)
    if everything or index is None:
        if not everything:
            typer.echo(
                f"You have had all {len(hints)} hints of {exercise.name}. Here they are again."
            )
        shown = range(len(hints))
    else:
        shown = range(index, index + 1)
    for number in shown:
        typer.secho(f"\n{exercise.name}, hint {number + 1} of {len(hints)}\n", bold=True)
        typer.echo(hints[number])
    if shown.stop == len(hints):
        typer.echo(f"\nIf that is not enough: {typed(student, 'solution', exercise)}")
    else:
        typer.echo(f"\nMore help: {typed(student, 'hint', exercise)}")


def fill(text: str, indent: str = "") -> str:
    """Text broken into lines that fit the terminal."""
    return textwrap.fill(
        text,
        width(),
        initial_indent=indent,
        subsequent_indent=indent,
        break_on_hyphens=False,
    )


def width() -> int:
    """The columns to write in."""
    return min(100, max(40, shutil.get_terminal_size().columns))
