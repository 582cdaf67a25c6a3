"""``mydl learn notebook`` and ``mydl learn new``: exercises in other forms, and new ones."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .learn_options import CLASS, Exercises


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
    typer.echo(f"Change them. To see what students get: mydl learn list --exercises {folder}")
