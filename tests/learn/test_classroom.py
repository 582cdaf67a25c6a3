"""Grading a class: what each student gets does not depend on what the others wrote."""

import signal
import subprocess
import sys
import time

import pytest

from mydl.learn.classroom import Grader
from mydl.learn.course import Course
from mydl.learn.notebook_cells import exercise_cells
from mydl.learn.notebook_file import notebook_text
from mydl.learn.submissions import find_submissions, foreign_imports, handed_in

COURSE = Course()
RELU, LINEAR = COURSE["relu"], COURSE["linear"]
SOLUTION = RELU.solution_text()

# One mistake of each sort, by the kind of the first check that fails.
STUDENTS = {
    "anna": (SOLUTION, None),
    "ben": (RELU.student_text(), "unfilled"),
    "chris": ("while True:\n    pass\n", "timeout"),
    "dora": ("import os\nos._exit(0)\n", "crash"),
    "emil": ("import numpy as np\nx = np.zeros(10**11)\n", "memory"),
    "frida": ("def relu(x) return x\n", "syntax"),
    "gustav": ("while True:\n    print('x' * 10**5)\n", "output"),
    "hanna": ("import os\nfor name in os.listdir():\n    os.remove(name)\n" + SOLUTION, None),
    "ida": (b"\xff\x00\xfe", "syntax"),
    "student2": ("import numpy as np\nnp.abs = np.allclose = None\n", "tampered"),
    "student10": (None, "no-file"),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("submissions")
    for student, (text, _) in STUDENTS.items():
        (folder / student).mkdir()
        if text is not None:
            content = text if isinstance(text, bytes) else text.encode()
            (folder / student / "relu.py").write_bytes(content)
    (folder / ".git").mkdir()
    (folder / "notes.txt").write_text("no submission")
    return folder


@pytest.fixture(scope="module")
def grades(folder):
    seen = []
    rows = Grader(seconds=2, megabytes=512, jobs=4).grade_all(
        [RELU], find_submissions(folder), seen.append
    )
    assert sorted(map(repr, seen)) == sorted(repr(grade) for row in rows for grade in row)
    return {row[0].student: row[0] for row in rows}


def test_students_come_in_a_stable_order(grades):
    assert list(grades) == list(STUDENTS)


@pytest.mark.parametrize("student", STUDENTS)
def test_each_student_gets_what_the_answer_deserves(grades, student):
    _, kind = STUDENTS[student]
    grade = grades[student]
    assert len(grade.result.checks) == 4
    if kind is None:
        assert grade.state == "passed"
        assert grade.result.earned == grade.result.points == 4
    else:
        assert grade.result.first_failure.kind == kind
        assert grade.result.earned == 0
        assert grade.state == ("missing" if kind == "no-file" else "failed")


def test_submissions_stay_as_they_are(grades, folder):
    assert (folder / "hanna" / "relu.py").read_text() == STUDENTS["hanna"][0]
    assert not list(folder.rglob("__pycache__"))


def test_what_an_answer_imports_is_noted(grades):
    assert grades["hanna"].foreign == ("os",)
    assert grades["anna"].foreign == ()
    assert foreign_imports(b"from mydl.layers import ReLU", ["mydl.layers"]) == ()
    assert foreign_imports(b"from .relu import relu\nimport relu", ["relu"]) == ()
    assert foreign_imports(b"not Python") == ()


def test_a_notebook_is_an_answer(tmp_path):
    """Its cell is graded, for this exercise and for those that build on it; files come first."""
    for student, solutions in (("anna", True), ("ben", False)):
        (tmp_path / student).mkdir()
        text = notebook_text(list(exercise_cells(RELU, solutions)))
        (tmp_path / student / "03-relu.ipynb").write_text(text)
    (tmp_path / "chris").mkdir()
    (tmp_path / "chris" / "relu.ipynb").write_text("{}")
    (tmp_path / "chris" / "my-relu.ipynb").write_text("{}")
    submissions = find_submissions(tmp_path)
    assert handed_in(COURSE.exercises, submissions) == [RELU]
    rows = Grader(jobs=2).grade_all([RELU], submissions)
    assert [row[0].result.earned for row in rows] == [4, 0, 0]
    assert rows[0][0].result.file.endswith("03-relu.ipynb")
    assert rows[2][0].result.first_failure.kind == "unreadable"
    assert "expected a Jupyter notebook" in rows[2][0].result.first_failure.sentence
    (tmp_path / "ben" / "relu.py").write_text(SOLUTION)
    assert Grader().grade_all([RELU], submissions[1:2])[0][0].state == "passed"


def test_an_answer_that_cannot_be_graded_stops_nobody(tmp_path, monkeypatch):
    for student in ("anna", "ben"):
        (tmp_path / student).mkdir()
        (tmp_path / student / "relu.py").write_text(SOLUTION)
    from mydl.learn import runner

    run = runner.run

    def fails_for_anna(exercise, file, **limits):
        if not failed:
            failed.append(file)
            raise OSError("no space left on device")
        return run(exercise, file, **limits)

    failed = []
    monkeypatch.setattr(runner, "run", fails_for_anna)
    rows = Grader(jobs=1).grade_all([RELU], find_submissions(tmp_path))
    assert [row[0].state for row in rows] == ["not graded", "passed"]
    assert rows[0][0].result.first_failure.sentence == "no space left on device"


@pytest.mark.parametrize("what", ["nothing", "file", "empty"])
def test_a_folder_without_submissions_is_refused(tmp_path, what):
    if what == "empty":
        (tmp_path / what).mkdir()
    elif what == "file":
        (tmp_path / what).touch()
    with pytest.raises(ValueError, match="sub-folder"):
        find_submissions(tmp_path / what)


@pytest.mark.skipif(sys.platform == "win32", reason="has no process groups")
def test_ctrl_c_ends_what_runs(tmp_path):
    (tmp_path / "anna").mkdir()
    (tmp_path / "anna" / "relu.py").write_text(
        f"open({str(tmp_path / 'pid')!r}, 'w').write(str(__import__('os').getpid()))\n"
        "while True: pass\n"
    )
    command = [sys.executable, "-m", "mydl", "learn", "check", "--all", str(tmp_path), "relu"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    for _ in range(600):
        if (tmp_path / "pid").exists() and (tmp_path / "pid").read_text():
            break
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 130, errors
    assert "Traceback" not in errors
    pid = (tmp_path / "pid").read_text()
    alive = subprocess.run(["ps", "-o", "stat=", "-p", pid], capture_output=True, text=True)
    assert alive.stdout.strip() in ("", "Z")
