"""``mydl learn solution``: a student's code beside the exercise's and the library's."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import typer

from .learn_show import fill
from .pages import command

if TYPE_CHECKING:
    from ..learn import Exercise
    from ..learn.progress import Folder

COLORS = {"-": typer.colors.RED, "+": typer.colors.GREEN}


def show_solution(student: Folder, exercise: Exercise) -> None:
    """The exercise's code against the student's, the derivation and the library's code."""
    file = student.file(exercise)
    theirs = exercise.solution_text()
    if file.is_file():
        _title(f"Your code (-) and the exercise's (+): {exercise.title}")
        _show_difference(file.read_text(encoding="utf-8", errors="replace"), theirs)
    else:
        _title(f"The exercise's code: {exercise.title}")
        typer.echo(theirs.strip())
    _title("Derivation")
    typer.echo(exercise.derivation)
    _show_library(exercise)
    if exercise.page:
        typer.echo(f"\nTo read on: {command(exercise.page)}")


def _show_difference(yours: str, theirs: str) -> None:
    from ..learn.difference import diff, in_words

    lines = diff(yours, theirs)
    if not lines:
        typer.echo("The code is the same.")
    for line in lines:
        typer.secho(line, fg=COLORS.get(line[:1]))
    try:
        sentences = in_words(yours, theirs)
    except SyntaxError as error:
        sentences = [f"Line {error.lineno} of yours is not Python: {error.msg}."]
    typer.echo()
    for sentence in sentences if lines else []:
        typer.echo(fill(sentence))


def _show_library(exercise: Exercise) -> None:
    from ..learn.source import source_of

    for name in exercise.library:
        source = source_of(name)
        _title(f"How mydl does it: {name.partition(':')[2]}, {source.file}, line {source.line}")
        typer.echo(textwrap.dedent(source.text))


def _title(text: str) -> None:
    typer.secho(f"\n{text}\n", bold=True)
