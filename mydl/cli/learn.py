"""``mydl learn``: exercises in backpropagation, one after the other."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .learn_options import (
    AsJson,
    CsvFile,
    Dir,
    Everyone,
    Exercises,
    Jobs,
    Memory,
    Name,
    Names,
    TimeLimit,
)
from .learn_teach import new, notebook, verify
from .pages import about

if TYPE_CHECKING:
    from ..learn import Exercise
    from ..learn.progress import Folder

learn = typer.Typer(
    help="Learn backpropagation by doing: exercises that are checked, in an order that builds up.",
    rich_markup_mode="markdown",
)

WELCOME = """\
Write the backward passes of a neural network yourself, one after the other, from a numerical
gradient to a SqueezeNet that trains with your own layers. You need NumPy and an editor.

  mydl learn start     writes the file of the next exercise: read it and fill it in
  mydl learn check     says what is right and, where something is not, what is wrong with it
  mydl learn watch     does so whenever you save, and goes on to the next exercise
  mydl learn hint      helps, three times, more each time
  mydl learn solution  shows the exercise's code, the derivation and the library's own code
"""


@learn.callback(invoke_without_command=True)
def welcome(context: typer.Context, folder: Dir = Path(), exercises: Exercises = None) -> None:
    """``mydl learn`` without a command lists the exercises."""
    if context.invoked_subcommand is None:
        list_exercises(folder, exercises)
    elif folder != Path() or exercises is not None:
        command = context.invoked_subcommand
        raise ValueError(
            f"write --dir and --exercises behind the command: mydl learn {command} ..."
        )


@learn.command("list")
def list_exercises(folder: Dir = Path(), exercises: Exercises = None) -> None:
    """List the exercises: what is done, what is started and which is next."""
    from .learn_show import next_step, show_list

    student = open_folder(folder, exercises)
    if student.new:
        typer.echo(WELCOME)
    show_list(student)
    typer.echo("\n" + next_step(student))


@learn.command()
def start(name: Name = None, folder: Dir = Path(), exercises: Exercises = None) -> None:
    """Write an exercise's file into your folder; never over a file that is there."""
    from .learn_show import begin, next_step, typed

    student = open_folder(folder, exercises)
    exercise = choose(student, name)
    if exercise is None:
        typer.echo(next_step(student))
    else:
        begin(student, exercise)
        typer.echo(f"Then: {typed(student, 'check', exercise)}")
        typer.echo(f"Or, to check whenever you save: {typed(student, 'watch')}")


@learn.command()
def check(
    names: Names = None,
    folder: Dir = Path(),
    exercises: Exercises = None,
    everyone: Everyone = None,
    as_json: AsJson = False,
    csv_file: CsvFile = None,
    jobs: Jobs = None,
    time_limit: TimeLimit = None,
    memory: Memory = None,
) -> None:
    """Check your answer to an exercise. Exits with status 1 if it is not right yet.

    Teachers check a whole class with --all. The status is then 0 whatever the points are, and 1 if
    an answer could not be checked.
    """
    from .learn_class import ClassOptions, check_class
    from .learn_show import check_and_show, compare_with, next_step

    options = ClassOptions(as_json, csv_file, jobs, time_limit, memory)
    with about("teaching"):
        if everyone is not None:
            check_class(everyone, names or [], exercises, options)
            return
        options.refuse()
    if len(names or []) > 1:
        raise ValueError("give one exercise, or several with --all FOLDER")
    student = open_folder(folder, exercises)
    exercise = at_hand(student, names[0] if names else None)
    passed = check_and_show(student, exercise)
    if passed:
        typer.echo(compare_with(student, exercise))
    typer.echo(next_step(student, exercise))
    if not passed:
        raise typer.Exit(1)


@learn.command()
def watch(name: Name = None, folder: Dir = Path(), exercises: Exercises = None) -> None:
    """Check whenever you save, and go on to the next exercise when all is right."""
    from .learn_show import next_step
    from .learn_watch import watch_folder

    student = open_folder(folder, exercises)
    exercise = choose(student, name)
    if exercise is None:
        typer.echo(next_step(student))
    else:
        watch_folder(student, exercise)


@learn.command()
def hint(
    name: Name = None,
    everything: Annotated[bool, typer.Option("--all", help="Show all hints at once.")] = False,
    folder: Dir = Path(),
    exercises: Exercises = None,
) -> None:
    """Give the next of an exercise's three hints."""
    from .learn_show import show_hint

    student = open_folder(folder, exercises)
    exercise = choose(student, name) or student.last()
    assert exercise is not None  # with all done there are files
    show_hint(student, exercise, everything)


@learn.command()
def solution(
    name: Name = None,
    yes: Annotated[
        bool, typer.Option("--yes", help="Show it before the exercise is done, without asking.")
    ] = False,
    folder: Dir = Path(),
    exercises: Exercises = None,
) -> None:
    """Compare your code with the exercise's, and read the derivation and the library's own code."""
    from .learn_show import typed
    from .learn_solution import show_solution

    student = open_folder(folder, exercises)
    exercise = at_hand(student, name)
    if not (yes or student.is_done(exercise)):
        question = (
            f"{exercise.name} is not done: there are hints, `{typed(student, 'hint', exercise)}`."
        )
        if not in_a_terminal():
            raise ValueError(f"{question} With --yes the solution is shown all the same")
        typer.echo(question)
        if typer.prompt("Type yes to see the solution", default="no").strip().lower() != "yes":
            return
    show_solution(student, exercise)


learn.command()(notebook)
learn.command()(new)
learn.command()(verify)


def in_a_terminal() -> bool:
    """Whether somebody can answer."""
    return sys.stdin.isatty()


def open_folder(folder: Path, exercises: Path | None) -> Folder:
    """The student's folder and the course."""
    from ..learn.course import Course
    from ..learn.progress import Folder

    return Folder(folder, Course(exercises))


def choose(student: Folder, name: str | None) -> Exercise | None:
    """The exercise of that name; without one the exercise to work on, None if all are done."""
    return student.course[name] if name else student.next()


def at_hand(student: Folder, name: str | None) -> Exercise:
    """The exercise of that name; without one the exercise that was worked on last."""
    from .learn_show import typed

    exercise = student.course[name] if name else student.last()
    if exercise is None:
        place = "this folder" if student.path == Path() else student.path
        command = typed(student, "start")
        raise ValueError(f"there is no exercise in {place} yet: `{command}` writes one")
    return exercise
