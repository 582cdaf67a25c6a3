"""``mydl learn notebook`` and ``mydl learn new``: exercises in other forms, and new ones."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Annotated

import typer

from .learn_options import CLASS, Exercises
from .pages import fail


def notebook(
    folder: Annotated[Path, typer.Argument(help="Where to write them.")],
    names: Annotated[
        list[str] | None,
        typer.Argument(help="Of the exercises, as in conv-dw.", show_default="all"),
    ] = None,
    solutions: Annotated[
        bool,
        typer.Option("--solutions", help="Put the solutions in.", rich_help_panel=CLASS),
    ] = False,
    exercises: Exercises = None,
) -> None:
    """Write exercises as Jupyter notebooks; never over a file that is there."""
    from ..learn.course import Course
    from ..learn.notebook_cells import write_notebooks

    if folder.exists() and not folder.is_dir():
        raise ValueError(f"{folder} is a file: give the folder to write notebooks into")
    kept = 0
    for file, written in write_notebooks(
        Course(exercises), folder, names or [], solutions, exercises
    ):
        typer.echo(f"{file}" if written else f"{file} is there and stays as it is")
        kept += not written
    if kept:
        typer.echo("\nTo write one anew, rename or delete the file that is there.")
    typer.echo("\nOpen them in Jupyter or in an editor that shows notebooks.")


def new(
    name: Annotated[str, typer.Argument(help="Of the exercise, as in huber-loss.")],
    folder: Annotated[Path, typer.Argument(help="Your exercises; it is made where there is none.")],
) -> None:
    """Begin an exercise of your own: three files to fill in, for teachers."""
    from ..learn.skeleton import write_skeleton

    made = write_skeleton(name, folder)
    typer.echo(f"{made}: exercise.py, hints.md and checks.py, which work as they are.")
    typer.echo(f"Change them, then: mydl learn verify {folder}")


def verify(
    folder: Annotated[Path, typer.Argument(help="Your exercises.")],
    names: Annotated[
        list[str] | None,
        typer.Argument(help="Of the exercises, as in huber-loss.", show_default="all"),
    ] = None,
) -> None:
    """Verify that exercises of your own are complete and accept their solutions, for teachers.

    Exits with status 1 if something is wrong.
    """
    from ..learn.course import Course
    from ..learn.verify import problems

    course = Course(folder)
    chosen = [course[name] for name in names or []]
    wrong = 0
    for exercise in chosen or [e for e in course.exercises if e.folder.parent == folder]:
        found = list(problems(course, exercise))
        typer.echo(f"{'WRONG' if found else 'right'}  {exercise.folder.name}")
        for problem in found:
            lines = textwrap.fill(problem, 92, break_on_hyphens=False)
            typer.echo(textwrap.indent(lines, " " * 7))
        wrong += bool(found)
    if wrong:
        fail("teaching")
