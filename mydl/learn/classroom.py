"""Grade a class: the checks of every exercise on every submission, several at the same time.

Each answer is checked in a process of its own and in a copy of its folder, so that one of them can
neither stop nor change another.
"""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from . import runner
from .course import Exercise
from .result import CheckResult, Result
from .submissions import Submission, foreign_imports, imports

NO_FILE = "no-file"
UNREADABLE = "unreadable"
NOT_GRADED = "not-graded"


@dataclass(frozen=True)
class Grade:
    """What one student earned with one exercise.

    Attributes
    ----------
    student
        Whose.
    result
        Of the checks.
    foreign
        Modules that the answer imports and that the exercise does not need, such as
        ``"mydl.layers"``.
    """

    student: str
    result: Result
    foreign: tuple[str, ...] = ()

    @property
    def state(self) -> str:
        """``passed``, ``failed``, ``missing`` where nothing was handed in, or ``not graded``."""
        first = self.result.first_failure
        if first is None:
            return "passed"
        return {NO_FILE: "missing", NOT_GRADED: "not graded"}.get(first.kind, "failed")

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {**self.result.to_dict(), "state": self.state, "imports": list(self.foreign)}


@dataclass(frozen=True)
class Grader:
    """Checks answers within limits.

    Attributes
    ----------
    seconds
        For the checks of one answer; None for what the exercise asks for.
    megabytes
        Of memory for one answer.
    jobs
        How many processes work at the same time.
    """

    seconds: float | None = None
    megabytes: int = runner.MEGABYTES
    jobs: int = 1
    _stop: threading.Event = field(default_factory=threading.Event)

    def grade_all(
        self,
        exercises: Sequence[Exercise],
        submissions: Sequence[Submission],
        watch: Callable[[Grade], None] = lambda grade: None,
    ) -> list[list[Grade]]:
        """A row of grades for each submission, with one for each exercise.

        Parameters
        ----------
        exercises
            The columns.
        submissions
            The rows.
        watch
            Is called with each grade as soon as it is known, from this thread.

        Raises
        ------
        ValueError
            If the checks of an exercise cannot be loaded.
        """
        parts = [parts_of(exercise) for exercise in exercises]
        grades: dict[tuple[int, int], Grade] = {}
        with ThreadPoolExecutor(self.jobs) as pool:
            places = {
                pool.submit(self.grade, exercise, submission, parts[column]): (row, column)
                for row, submission in enumerate(submissions)
                for column, exercise in enumerate(exercises)
            }
            try:
                for done in as_completed(places):
                    grades[places[done]] = done.result()
                    watch(done.result())
            except BaseException:  # Ctrl-C, say: end what runs and begin nothing more
                self._stop.set()
                pool.shutdown(wait=False, cancel_futures=True)
                raise
        columns = range(len(exercises))
        return [[grades[row, column] for column in columns] for row in range(len(submissions))]

    def grade(
        self, exercise: Exercise, submission: Submission, parts: tuple[CheckResult, ...]
    ) -> Grade:
        """Check one answer.

        Parameters
        ----------
        exercise
            That is answered.
        submission
            With the answer.
        parts
            Of the exercise, for an answer that cannot be checked.
        """
        file = submission.file_for(exercise)
        if file is None:
            reason = f"{exercise.file_name} was not handed in"
            return Grade(submission.student, without(exercise, "", parts, NO_FILE, reason))
        with tempfile.TemporaryDirectory(prefix="mydl-learn-") as temporary:
            answer = Path(temporary, exercise.file_name)
            try:
                submission.copy_to(answer.parent, wanted=answer.name)
            except (ValueError, OSError) as error:
                result = without(exercise, str(file), parts, UNREADABLE, str(error))
                return Grade(submission.student, result)
            usual = {path.stem for path in answer.parent.iterdir()} | imports(exercise.text)
            foreign = foreign_imports(answer.read_bytes(), usual)
            try:
                result = runner.run(
                    exercise,
                    answer,
                    seconds=self.seconds,
                    megabytes=self.megabytes,
                    stop=self._stop,
                )
            except (ValueError, OSError) as error:  # which is not the student's fault
                result = without(exercise, str(file), parts, NOT_GRADED, str(error))
        return Grade(submission.student, replace(result, file=str(file)), foreign)


def parts_of(exercise: Exercise) -> tuple[CheckResult, ...]:
    """The checks of an exercise with their points, as if all were passed.

    Raises
    ------
    ValueError
        If its ``checks.py`` does not run.
    """
    try:
        return tuple(CheckResult(check.title, check.points) for check in exercise.load_checks())
    except Exception as error:
        place = exercise.folder / "checks.py"
        raise ValueError(f"{place} does not run: {type(error).__name__}: {error}") from error


def without(
    exercise: Exercise, file: str, parts: tuple[CheckResult, ...], kind: str, reason: str
) -> Result:
    """The result of an answer that was not checked."""
    checks = tuple(replace(part, kind=kind, sentence=reason) for part in parts)
    return Result(exercise.name, file, checks)
