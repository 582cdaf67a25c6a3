"""Exercises in backpropagation: what ``mydl learn`` shows, and what checks the answers.

An exercise is a folder of plain files (``course.py`` says which). ``grading.py`` runs its checks on
a student's file, and ``runner.py`` does so in a process of its own, within limits. The checks are
written with ``checks.py``, and see the student's code through ``student.py``.

>>> course = Course()
>>> exercise = course["relu"]
>>> exercise.file_name
'relu.py'

``run(exercise, Path("relu.py"))`` then gives a :class:`Result`.
"""

from .course import Course, Exercise
from .result import CheckResult, Result
from .runner import run

__all__ = ["CheckResult", "Course", "Exercise", "Result", "run"]
