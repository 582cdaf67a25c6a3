"""A new exercise for a teacher to change: small, and complete."""

from __future__ import annotations

import re
from pathlib import Path

from .course import BUILT_IN, FILES, FOLDER

NAME = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")

EXERCISE = '''"""The square of every entry

What is given, with shapes, and what to write. For example: x has the shape (N, D). Write
`FUNCTION`, which returns y = x^2 of the same shape, and `FUNCTION_dx`, the gradient by x of the sum
of dy * y.

With x = [[3]] and dy = [[10]], y is [[9]] and dx is [[60]].
"""

import numpy as np


def FUNCTION(x):
    """Every entry squared, (N, D)."""
    # BEGIN SOLUTION
    return np.square(x)
    # END SOLUTION


def FUNCTION_dx(x, dy):
    """The gradient by x, (N, D)."""
    # BEGIN SOLUTION
    return 2 * x * dy
    # END SOLUTION
'''

HINTS = """\
## Hint 1

A question that leads into the right direction.

## Hint 2

The step that most students miss.

## Hint 3

The solution in words.

## Derivation

How one comes to it:

    y_nd       = x_nd^2
    dy_nd/dx_nd = 2 x_nd
    dx_nd      = 2 x_nd dy_nd        (N, D)
"""

CHECKS = '''"""Checks of NAME. The right numbers come from elsewhere than exercise.py."""

import numpy as np

from mydl.learn.checks import check, compare, numeric_gradient

AXES = ("N", "D")


def some_numbers():
    """x and dy, the same each time; dy is random, since gradients of ones hide mistakes."""
    rng = np.random.default_rng(0)
    return rng.normal(size=(3, 4)), rng.normal(size=(3, 4))


@check("the statement's numbers", points=1)
def statement(student):
    compare(student.FUNCTION(np.array([[3.0]])), [[9.0]], name="y", axes=AXES)


@check("the gradient", points=2)
def gradient(student):
    x, dy = some_numbers()
    want = numeric_gradient(lambda x: x**2, x, dy)
    mistakes = {
        "upstream": ("you left out dy: every gradient is multiplied by what comes back", 2 * x),
    }
    compare(student.FUNCTION_dx(x, dy), want, name="dx", axes=AXES, mistakes=mistakes)
'''


def write_skeleton(name: str, folder: Path) -> Path:
    """Write a new exercise behind those that are in a folder.

    Parameters
    ----------
    name
        What students will type.
    folder
        Of the teacher's exercises; it is made where there is none.

    Returns
    -------
    Path
        The folder of the exercise.
    """
    if not NAME.fullmatch(name):
        raise ValueError(
            f"an exercise cannot be called {name!r}: use lower-case letters, digits and hyphens, "
            "such as huber-loss"
        )
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"{folder} is a file: give the folder of your exercises")
    folders = [*BUILT_IN.iterdir(), *(folder.iterdir() if folder.exists() else ())]
    found = [match for path in folders if (match := FOLDER.fullmatch(path.name))]
    if name in {match[2] for match in found}:
        raise ValueError(f"there is an exercise {name} already: choose another name")
    number = 1 + max(int(match[1]) for match in found)
    made = folder / f"{number:02}-{name}"
    made.mkdir(parents=True)
    function = name.replace("-", "_")
    for file, text in zip(FILES, (EXERCISE, HINTS, CHECKS), strict=True):
        text = text.replace("FUNCTION", function).replace("NAME", name)
        (made / file).write_text(text, encoding="utf-8")
    return made
