"""Run an exercise's checks on a student's file, in this process.

Endless loops, floods of output and crashes are not held off here: ``runner.py`` does that, by
calling this in a process of its own.
"""

from __future__ import annotations

import importlib.util
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

from .checks import Check, WrongAnswer
from .course import Exercise
from .guard import Guard
from .result import CheckResult
from .student import Student, explained
from .wrong import fail

# What a check raises that is given something else than it expects.
UNFIT = (TypeError, ValueError, LookupError, AttributeError)


def grade(
    exercise: Exercise,
    file: Path,
    checks: Sequence[Check],
    before: Callable[[int], None] = lambda index: None,
) -> Iterator[CheckResult]:
    """The result of each check, one after the other.

    Parameters
    ----------
    exercise
        That is answered.
    file
        The student's.
    checks
        Of the exercise, loaded.
    before
        Is called with the index of each check before it runs.

    Raises
    ------
    Tampered
        If the student's code replaces what the checks rely on.
    """
    file = file.resolve()
    unchanged = Guard(*(sys.modules[check.run.__module__] for check in checks)).check
    with _importable(file):
        before(0)
        loaded = _load(file, exercise)
        unchanged()
        if isinstance(loaded, Student):
            yield from run_checks(checks, loaded, unchanged, before)
        else:
            yield from (_rejected(check, loaded) for check in checks)


def _load(file: Path, exercise: Exercise) -> Student | WrongAnswer:
    """The student's module, or what is wrong with it."""
    try:
        return Student(load(file, exercise), file.parent)
    except WrongAnswer as wrong:
        return wrong


def run_checks(
    checks: Sequence[Check],
    student: Student,
    unchanged: Callable[[], None],
    before: Callable[[int], None] = lambda index: None,
) -> Iterator[CheckResult]:
    """The result of each check of a module that is loaded.

    Parameters
    ----------
    checks
        Of the exercise.
    student
        The module.
    unchanged
        Raises an error if the checks can no longer be relied on.
    before
        Is called with the index of each check before it runs.
    """
    for index, check in enumerate(checks):
        before(index)
        result = _run(check, student)
        unchanged()
        yield result


def _run(check: Check, student: Student) -> CheckResult:
    try:
        check.run(student)
    except WrongAnswer as wrong:
        return _rejected(check, wrong)
    except Exception as error:
        # The student's code ran through, and the check can do nothing with what came out.
        returned = student._watch.last_result
        problem = f"{type(error).__name__}: {error}"
        if returned and isinstance(error, UNFIT):
            sentence = f"{returned}, and the check expects something else ({problem})"
            return CheckResult(check.title, check.points, "type", sentence)
        line = traceback.extract_tb(error.__traceback__)[-1]
        sentence = (
            f"the check itself is broken, in line {line.lineno} of {line.filename}: {problem}"
        )
        return CheckResult(check.title, check.points, "broken-check", sentence)
    return CheckResult(check.title, check.points)


def _rejected(check: Check, wrong: WrongAnswer) -> CheckResult:
    from ..gradcheck.diagnosis import picture

    found = wrong.diagnosis
    drawn = picture(found, wrong.axes) if found.where is not None else ""
    return CheckResult(check.title, check.points, found.kind, found.sentence, drawn, wrong.line)


def load(file: Path, exercise: Exercise) -> ModuleType:
    """Import a student's file; what goes wrong is a :class:`WrongAnswer`."""
    try:
        text = file.read_bytes()
    except OSError as error:
        fail("missing", f"{file.name} cannot be read: {error.strerror or error}")
    try:
        code = compile(text, str(file), "exec", dont_inherit=True)
    except (SyntaxError, ValueError) as error:  # ValueError: null bytes
        line = getattr(error, "lineno", None)
        place = f"line {line} of {file.name}" if line else file.name
        at = f", `{error.text.strip()}`," if isinstance(error, SyntaxError) and error.text else ""
        problem = error.msg if isinstance(error, SyntaxError) else str(error)
        fail("syntax", f"{place}{at} is not Python: {problem}", line)
    spec = importlib.util.spec_from_file_location(file.stem, file)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[file.stem] = module
    needed = {name.replace("-", "_"): name for name in exercise.requires}
    with explained(file.name, file.parent):
        try:
            exec(code, vars(module))
        except ModuleNotFoundError as error:
            if error.name not in needed:
                raise
            name = needed[str(error.name)]
            fail(
                "requires",
                f"{file.name} imports {error.name}.py, which is not beside it: do the exercise "
                f"{name} first (mydl learn start {name})",
            )
    return module


@contextmanager
def _importable(file: Path) -> Iterator[None]:
    """Let a student's file import the others in its folder, and forget them all afterwards."""
    folder, keep = str(file.parent), sys.dont_write_bytecode
    sys.path.insert(0, folder)
    sys.dont_write_bytecode = True
    try:
        yield
    finally:
        sys.path.remove(folder)
        sys.dont_write_bytecode = keep
        for name, module in list(sys.modules.items()):
            if str(getattr(module, "__file__", "")).startswith(folder):
                del sys.modules[name]
