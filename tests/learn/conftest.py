"""A teacher's folder with one exercise, and a student's file for it."""

import pytest

from mydl.learn.course import exercise_in

EXERCISE = '''\
"""Twice an array

Write double.
"""

import numpy as np


def double(x):
    """2 x."""
    # BEGIN SOLUTION
    return 2 * x
    # END SOLUTION
'''

HINTS = """\
## Hint 1

What is added to x?

## Hint 2

x is.

## Hint 3

`2 * x` is an array.

## Derivation

    x + x = 2 x
"""

CHECKS = """\
import numpy as np

from mydl.learn.checks import check, compare

LIBRARY = ("mydl.layers.relu:ReLU.forward",)
PAGE = "gradient-checking"


@check("one number")
def one(student):
    compare(student.double(np.array([3.0])), np.array([6.0]), name="y", axes=("N",))


@check("an image", points=2)
def image(student):
    x = np.random.default_rng(0).normal(size=(2, 3, 4, 5))
    compare(student.double(x), 2 * x, name="y", axes=("N", "H", "W", "C"))
"""


def write_exercise(folder, exercise=EXERCISE, hints=HINTS, checks=CHECKS):
    folder.mkdir(parents=True)
    (folder / "exercise.py").write_text(exercise)
    (folder / "hints.md").write_text(hints)
    (folder / "checks.py").write_text(checks)
    return folder


@pytest.fixture
def exercises(tmp_path):
    """A teacher's folder with the exercise ``double``."""
    return write_exercise(tmp_path / "exercises" / "90-double").parent


@pytest.fixture
def exercise(exercises):
    """The exercise ``double``: write a function that doubles an array."""
    return exercise_in(exercises / "90-double")


@pytest.fixture
def answer(tmp_path):
    """Writes ``double.py`` with this body of the function."""

    def write(body, head="", end=""):
        file = tmp_path / "student" / "double.py"
        file.parent.mkdir(exist_ok=True)
        lines = "".join(f"    {line}\n" for line in body.splitlines())
        file.write_text(f"{head}def double(x):\n{lines}{end}")
        return file

    return write
