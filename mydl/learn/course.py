"""The exercises: folders ``NN-name`` with ``exercise.py``, ``hints.md`` and ``checks.py``.

Listing and showing exercises runs no code of theirs; only :meth:`Exercise.load_checks` does.
"""

from __future__ import annotations

import ast
import importlib.util
import re
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..names import unknown
from .syntax import parse
from .template import solution_text, student_text

if TYPE_CHECKING:
    from .checks import Check

BUILT_IN = Path(__file__).parent / "exercises"
FILES = ("exercise.py", "hints.md", "checks.py")
FOLDER = re.compile(r"(\d+)-([a-z0-9]+(?:-[a-z0-9]+)*)")
SECONDS = 10.0  # for an exercise that does not say how long its checks may take


@dataclass(frozen=True)
class Exercise:
    """One exercise.

    Attributes
    ----------
    number
        Its place in the course, "03".
    name
        What students type, such as ``"conv-dw"``.
    folder
        Where its files are.
    """

    number: str
    name: str
    folder: Path

    @property
    def file_name(self) -> str:
        """What the student's file is called."""
        return self.name.replace("-", "_") + ".py"

    @cached_property
    def text(self) -> str:
        """The file that holds statement, student's text and solution."""
        return self._read("exercise.py")

    @cached_property
    def statement(self) -> str:
        """What is asked for, in Markdown, without the title."""
        return self._docstring.partition("\n")[2].strip()

    @cached_property
    def title(self) -> str:
        """One line."""
        return self._docstring.partition("\n")[0].strip()

    @cached_property
    def _docstring(self) -> str:
        docstring = ast.get_docstring(self._tree("exercise.py"))
        if not docstring:
            raise ValueError(
                f"{self.folder / 'exercise.py'} must begin with a docstring, the statement"
            )
        return docstring

    def student_text(self) -> str:
        """The file that the student starts with."""
        return self._cut(student_text)

    def solution_text(self) -> str:
        """The file with the exercise's solution."""
        return self._cut(solution_text)

    def _cut(self, cut: Any) -> str:
        try:
            return str(cut(self.text))
        except ValueError as error:
            raise ValueError(f"{self.folder / 'exercise.py'}, {error}") from None

    @cached_property
    def hints(self) -> tuple[str, ...]:
        """Three hints of growing help."""
        return tuple(text for title, text in self._sections if title.startswith("Hint"))

    @cached_property
    def derivation(self) -> str:
        """How one comes to the solution."""
        return next((text for title, text in self._sections if title == "Derivation"), "")

    @cached_property
    def _sections(self) -> list[tuple[str, str]]:
        parts = re.split(r"^## (.+)$", self._read("hints.md"), flags=re.MULTILINE)
        return [
            (t.strip(), text.strip("\n")) for t, text in zip(parts[1::2], parts[2::2], strict=True)
        ]

    @property
    def library(self) -> tuple[str, ...]:
        """The library's own code of the same, ``module:name``."""
        return tuple(self._settings.get("LIBRARY", ()))

    @property
    def requires(self) -> tuple[str, ...]:
        """Exercises whose files the student's file imports."""
        return tuple(self._settings.get("REQUIRES", ()))

    @property
    def page(self) -> str:
        """A page of the documentation that says more, or ""."""
        return str(self._settings.get("PAGE", ""))

    @property
    def seconds(self) -> float:
        """How long the checks may take."""
        return float(self._settings.get("SECONDS", SECONDS))

    @cached_property
    def _settings(self) -> dict[str, Any]:
        """The constants of checks.py, read without running it."""
        found = {}
        for node in self._tree("checks.py").body:
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                name = node.targets[0].id
                if name in ("LIBRARY", "REQUIRES", "PAGE", "SECONDS"):
                    found[name] = ast.literal_eval(node.value)
        return found

    def _tree(self, file: str) -> ast.Module:
        try:
            return parse(self._read(file))
        except SyntaxError as error:
            place = f"{self.folder / file}, line {error.lineno},"
            raise ValueError(f"{place} is not Python: {error.msg}") from None

    def _read(self, file: str) -> str:
        try:
            return (self.folder / file).read_text(encoding="utf-8")
        except FileNotFoundError:
            raise ValueError(
                f"the exercise in {self.folder} has no {file}: it needs {', '.join(FILES)}"
            ) from None

    def load_checks(self) -> tuple[Check, ...]:
        """Run ``checks.py`` and give its checks in their order."""
        from .checks import Check

        name = f"mydl_learn_checks_{self.name.replace('-', '_')}"
        file = self.folder / "checks.py"
        spec = importlib.util.spec_from_file_location(name, file)
        assert spec is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module  # dataclasses in it look themselves up
        exec(compile(self._read("checks.py"), str(file), "exec"), vars(module))
        checks = tuple(value for value in vars(module).values() if isinstance(value, Check))
        if not checks:
            raise ValueError(f"{file} has no function under @check(title)")
        return checks


def exercise_in(folder: Path) -> Exercise:
    """The exercise that a folder holds."""
    match = FOLDER.fullmatch(folder.name)
    if not match:
        raise ValueError(f"{folder} must be called as an exercise is, such as 01-name")
    return Exercise(match[1], match[2], folder)


class Course:
    """Exercises in their order.

    Parameters
    ----------
    extra
        A folder with exercises of a teacher's, which come after those of mydl.

    Attributes
    ----------
    exercises
        In their order.
    """

    def __init__(self, extra: Path | None = None) -> None:
        self.extra = extra
        self.exercises = _find(BUILT_IN)
        if extra is not None:
            more = _find(extra)
            if not more:
                raise ValueError(
                    f"no exercises in {extra}: one is a folder, such as 01-name, with "
                    f"{', '.join(FILES)}"
                )
            self.exercises += more
        for exercise in self.exercises:
            if self._by_name.setdefault(exercise.name, exercise) is not exercise:
                raise ValueError(
                    f"two exercises are called {exercise.name}: rename the folder {exercise.folder}"
                )

    @cached_property
    def _by_name(self) -> dict[str, Exercise]:
        return {}

    def __getitem__(self, name: str) -> Exercise:
        """The exercise of that name; its number, folder's or file's name do as well."""
        wanted = Path(name).name.removesuffix(".py").replace("_", "-")
        for exercise in self.exercises:
            if wanted in (exercise.name, exercise.number, exercise.folder.name):
                return exercise
        raise ValueError(unknown("exercise", name, self._by_name))


def _find(folder: Path) -> list[Exercise]:
    if not folder.is_dir():
        raise ValueError(f"{folder} is no folder: give one with exercises")
    named = (path for path in sorted(folder.iterdir()) if FOLDER.fullmatch(path.name))
    return [exercise_in(path) for path in named if any((path / file).exists() for file in FILES)]
