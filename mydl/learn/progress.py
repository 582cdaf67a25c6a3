"""A student's folder: the files of the exercises, and what is done.

Progress is kept beside the files, in ``.mydl-learn.json``. Which exercise was worked on last is
read from the times of the files, so that it is right without that file as well.
"""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path
from typing import Any

from .course import Course, Exercise

PROGRESS = ".mydl-learn.json"
FORMAT = 1


class Folder:
    """A student's folder.

    Parameters
    ----------
    path
        Where it is; it is made when the first exercise is started.
    course
        The exercises.

    Attributes
    ----------
    new
        Whether nothing was started here yet.
    """

    def __init__(self, path: Path, course: Course) -> None:
        if path.exists() and not path.is_dir():
            raise ValueError(f"{path} is a file: --dir takes the folder with your exercises")
        self.path = path
        self.course = course
        self._progress = path / PROGRESS
        self._done, self._hints = self._read()
        self.new = not self._progress.exists() and not self._files()

    def file(self, exercise: Exercise) -> Path:
        """Where the student's answer stands, or will stand."""
        return self.path / exercise.file_name

    def state(self, exercise: Exercise) -> str:
        """One of "done", "started" and "-"."""
        if exercise.name in self._done:
            return "done"
        return "started" if self.file(exercise).exists() else "-"

    def is_done(self, exercise: Exercise) -> bool:
        """Whether the exercise passed when it was checked last."""
        return exercise.name in self._done

    def start(self, exercise: Exercise) -> bool:
        """Write the exercise's file; False if there is one already, which stays as it is."""
        text = exercise.student_text()
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            with self.file(exercise).open("x", encoding="utf-8") as file:
                file.write(text)
        except FileExistsError:
            return False
        except OSError as error:
            raise ValueError(f"cannot write {self.file(exercise)}: {error.strerror}") from None
        return True

    def last(self) -> Exercise | None:
        """The exercise whose file was written last."""
        files = self._files()
        return max(files, key=lambda pair: pair[0])[1] if files else None

    def next(self) -> Exercise | None:
        """The exercise to work on: the last one; if that is done, one after it that is not."""
        exercises = self.course.exercises
        last = self.last()
        first = exercises.index(last) if last else 0
        ahead = exercises[first:] + exercises[:first]
        return next((exercise for exercise in ahead if not self.is_done(exercise)), None)

    def _files(self) -> list[tuple[int, Exercise]]:
        """The exercises with a file here, and when that was written."""
        found = []
        for exercise in self.course.exercises:
            with contextlib.suppress(OSError):
                found.append((self.file(exercise).stat().st_mtime_ns, exercise))
        return found

    def count_done(self) -> int:
        """How many exercises of the course are done."""
        return sum(map(self.is_done, self.course.exercises))

    def set_done(self, exercise: Exercise, done: bool) -> None:
        """Remember what a check found."""
        if done == self.is_done(exercise):
            return
        if done:
            self._done.append(exercise.name)
        else:
            self._done.remove(exercise.name)
        self._write()

    def take_hint(self, exercise: Exercise) -> int | None:
        """The index of the next hint to give; None if all were given."""
        given = self._hints.get(exercise.name, 0)
        if given >= len(exercise.hints):
            return None
        self._hints[exercise.name] = given + 1
        self._write()
        return given

    def _read(self) -> tuple[list[str], dict[str, int]]:
        try:
            saved: dict[str, Any] = json.loads(self._progress.read_text(encoding="utf-8"))
            version = int(saved["format"])
            done = [str(name) for name in saved["done"]]
            hints = {str(name): int(given) for name, given in saved["hints"].items()}
        except FileNotFoundError:
            return [], {}
        except (ValueError, KeyError, TypeError, AttributeError):
            raise ValueError(
                f"{self._progress} is damaged: delete it, and check the exercises again that you "
                "have done; their files are not touched"
            ) from None
        if version != FORMAT:
            raise ValueError(f"{self._progress} is of another version of mydl: update mydl")
        return done, hints

    def _write(self) -> None:
        saved = {"format": FORMAT, "done": self._done, "hints": self._hints}
        unfinished = self._progress.with_suffix(f".{os.getpid()}")
        try:
            unfinished.write_text(json.dumps(saved, indent=1) + "\n", encoding="utf-8")
            os.replace(unfinished, self._progress)
        except OSError as error:
            raise UnsavedProgress(
                f"progress could not be saved in {self._progress}: {error.strerror}"
            ) from None


class UnsavedProgress(OSError):
    """The student's folder cannot be written to."""
