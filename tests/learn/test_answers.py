"""Does the grader grade? Right answers pass, wrong ones are told what is wrong with them.

An answer is a cell of a file in ``answers``, whose name is that of its exercise:

    # %% right NAME
    # %% wrong NAME: KIND or: KIND | KIND
    # %% given

What is given stands before each of the answers below it.
"""

import functools
import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from mydl.learn import run
from mydl.learn.course import Course
from mydl.learn.grading import grade

ANSWERS = Path(__file__).parent / "answers"
COURSE = Course()
CELL = re.compile(r"^# %% (given|right|wrong)(?: ([^:\n]+?))?(?:: ([^\n]+))?$", re.MULTILINE)


@dataclass(frozen=True)
class Answer:
    exercise: str
    verdict: str
    name: str
    kinds: tuple[str, ...]
    text: str

    def __str__(self):
        return f"{self.exercise}-{self.verdict}-{self.name.replace(' ', '_')}"


def read_answers(path):
    text = path.read_text()
    cells = list(CELL.finditer(text))
    ends = [*(cell.start() for cell in cells[1:]), len(text)]
    given = ""
    for cell, end in zip(cells, ends, strict=True):
        body = text[cell.start() : end]
        if cell[1] == "given":
            given = body
            continue
        kinds = tuple(kind.strip() for kind in (cell[3] or "").split("|") if kind.strip())
        name = path.stem.replace("_", "-")
        yield Answer(name, cell[1], cell[2].strip(), kinds, given + body)


ALL = [answer for path in sorted(ANSWERS.glob("*.py")) for answer in read_answers(path)]
RIGHT = [answer for answer in ALL if answer.verdict == "right"]
WRONG = [answer for answer in ALL if answer.verdict == "wrong"]
EXERCISES = COURSE.exercises


def write_needed(exercise, folder):
    """Write the solutions of the exercises that an exercise builds on."""
    pending = list(exercise.requires)
    while pending:
        needed = COURSE[pending.pop()]
        (folder / needed.file_name).write_text(needed.solution_text())
        pending += needed.requires


def results(exercise, text, folder):
    """Grade a text, check by check, with the solutions that it builds on beside it."""
    write_needed(exercise, folder)
    file = folder / exercise.file_name
    file.write_text(text)
    return grade(exercise, file, exercise.load_checks())


@functools.cache
def first_failure(answer, folder):
    found = results(COURSE[answer.exercise], answer.text, folder)
    return next((result for result in found if not result.passed), None)


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("answers")


def test_the_answers_belong_to_exercises():
    assert {answer.exercise for answer in ALL} <= {exercise.name for exercise in EXERCISES}
    assert all(answer.kinds for answer in WRONG)


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda e: e.name)
def test_there_are_answers_enough(exercise):
    assert len([answer for answer in RIGHT if answer.exercise == exercise.name]) >= 2
    assert len([answer for answer in WRONG if answer.exercise == exercise.name]) >= 5


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda e: e.name)
def test_the_solution_passes(exercise, tmp_path):
    for result in results(exercise, exercise.solution_text(), tmp_path):
        assert result.passed, f"{result.title}: {result.kind}: {result.sentence}"


@pytest.mark.slow
@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda e: e.name)
def test_the_solution_passes_within_the_limits_of_students(exercise, tmp_path):
    write_needed(exercise, tmp_path)
    file = tmp_path / exercise.file_name
    file.write_text(exercise.solution_text())
    result = run(exercise, file)
    assert result.passed, result.first_failure
    assert not result.output


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda e: e.name)
def test_the_file_to_start_with_is_rejected(exercise, tmp_path):
    found = list(results(exercise, exercise.student_text(), tmp_path))
    assert not all(result.passed for result in found)
    if "# BEGIN SOLUTION" in exercise.text:
        assert "unfilled" in {result.kind for result in found}


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda e: e.name)
def test_an_exercise_is_complete(exercise):
    assert exercise.title
    assert exercise.statement
    assert len(exercise.hints) == 3
    assert exercise.derivation
    assert len({check.title for check in exercise.load_checks()}) == len(exercise.load_checks())


@pytest.mark.parametrize("answer", RIGHT, ids=str)
def test_a_right_answer_passes(answer, tmp_path):
    for result in results(COURSE[answer.exercise], answer.text, tmp_path):
        assert result.passed, f"{result.title}: {result.kind}: {result.sentence}"


@pytest.mark.parametrize("answer", WRONG, ids=str)
def test_a_wrong_answer_is_rejected(answer, folder):
    failure = first_failure(answer, folder)
    assert failure is not None, "all checks pass"
    assert failure.kind != "broken-check", failure.sentence


@pytest.mark.parametrize("exercise", sorted({answer.exercise for answer in WRONG}))
def test_the_words_name_the_mistake(exercise, folder):
    """Of an exercise's wrong answers at least four in five get the diagnosis they should."""
    wrong = [answer for answer in WRONG if answer.exercise == exercise]
    missed = []
    for answer in wrong:
        failure = first_failure(answer, folder)
        if failure is None or failure.kind not in answer.kinds:
            got = f"{failure.kind}: {failure.sentence}" if failure else "passed"
            missed.append(f"{answer.name}: expected {' | '.join(answer.kinds)}, got {got}")
    assert len(missed) <= 0.2 * len(wrong), "\n".join(missed)
    if missed:
        print("\n".join(missed))
