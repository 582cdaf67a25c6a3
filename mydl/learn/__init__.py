"""Exercises in backpropagation: what ``mydl learn`` shows, and what checks the answers.

:class:`~mydl.learn.course.Course` finds the exercises, which are plain files in ``exercises``, and
``grading.py`` runs the checks of one of them on a student's file. ``checks.py`` is what the checks
are written with.
"""
