"""What the cells of an exercise's notebook call: check the answer, load earlier ones.

The checks run in the notebook's own process. A loop that does not end is ended from Jupyter's menu:
Kernel, Interrupt.
"""

from __future__ import annotations

import inspect
import sys
import textwrap
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from .course import Course
from .grading import run_checks
from .guard import Guard, Tampered
from .notebook_file import answer_in
from .result import Result
from .student import Student
from .submissions import Submission

NAME = "your notebook"
CELL = "your cell"
INDENT = " " * 7
COLUMNS = 90


def check(name: str, namespace: Mapping[str, Any], exercises: str | None = None) -> None:
    """Print what is right and what is wrong with the answer to an exercise.

    Parameters
    ----------
    name
        Of the exercise.
    namespace
        Of the notebook: ``globals()``.
    exercises
        A folder with exercises of a teacher's, relative to the notebook's.
    """
    exercise = _course(exercises)[name]
    checks = exercise.load_checks()
    unchanged = Guard(*(sys.modules[check.run.__module__] for check in checks)).check
    module = ModuleType(str(namespace["__name__"]))
    vars(module).update(namespace, __file__=NAME)
    files = _files(namespace)
    folder = next(iter(files), Path(NAME)).parent
    try:
        results = tuple(run_checks(checks, Student(module, folder), unchanged))
    except Tampered as error:
        print(error)
        return
    text = _text(Result(exercise.name, NAME, results))
    for file in files:
        text = text.replace(file.name, CELL)
    print(text)


def load_answers(*names: str, exercises: str | None = None) -> None:
    """Make answers to other exercises importable, from the notebooks or files beside this one.

    Parameters
    ----------
    *names
        Of the exercises.
    exercises
        As in :func:`check`.
    """
    course = _course(exercises)
    for name in names:
        exercise = course[name]
        file = Submission("", Path()).file_for(exercise)
        if file is None:
            raise FileNotFoundError(
                f"this exercise builds on your answer to {name}: `mydl learn notebook . {name}` "
                "writes its notebook into this folder"
            )
        load_answers(*exercise.requires, exercises=exercises)
        module = ModuleType(exercise.file_name.removesuffix(".py"))
        module.__file__ = str(file)
        text = answer_in(file) if file.suffix == ".ipynb" else file.read_text(encoding="utf-8")
        exec(compile(text, str(file), "exec"), vars(module))
        sys.modules[module.__name__] = module


def _course(exercises: str | None) -> Course:
    return Course(None if exercises is None else Path(exercises))


def _files(namespace: Mapping[str, Any]) -> list[Path]:
    """The names by which Python knows the cells of a notebook, which mean nothing to anybody."""
    own = [
        value
        for value in namespace.values()
        if getattr(value, "__module__", None) == namespace["__name__"]
    ]
    methods = [
        method for value in own if isinstance(value, type) for method in vars(value).values()
    ]
    functions = filter(inspect.isfunction, [*own, *methods])
    return sorted({Path(function.__code__.co_filename) for function in functions})


def _text(result: Result) -> str:
    """A line for each check, with what is wrong below it, and the points."""
    lines: list[str] = []
    said: set[str] = set()
    for one in result.checks:
        lines.append(f"{'right' if one.passed else 'WRONG':7}{one.title}")
        if one.sentence in said:
            lines.append(f"{INDENT}the same as above")
        elif not one.passed:
            lines += [f"{INDENT}{line}" for line in textwrap.wrap(one.sentence, COLUMNS)]
            lines += [f"{INDENT}{line}" for line in one.picture.splitlines()]
            said.add(one.sentence)
    return "\n".join([*lines, f"\n{result.earned:g} of {result.points:g} points"])
