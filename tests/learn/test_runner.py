"""Whatever a student's code does to its process is a part of the result."""

import os
import threading
import time

import pytest

from mydl.learn import run

HARD = {
    "loop": ("while True: pass", "timeout", "line 2 of double.py, `while True: pass`, was still"),
    "compiled loop": (
        "return sum(1 for _ in iter(int, 1))",
        "timeout",
        "was still running after 0.5 seconds: look for a loop that does not end",
    ),
    "flood": (
        "while True:\n    print('y' * 999)",
        "output",
        "line 3 of double.py, `print('y' * 999)`, prints more than 1,000,000",
    ),
    "crash": (
        "import ctypes\nctypes.string_at(0)",
        "crash",
        "line 3 of double.py, `ctypes.string_at(0)`, crashed the Python interpreter with SIGSEGV",
    ),
    "os._exit": ("import os\nos._exit(0)", "crash", "ended the whole process, with exit status 0"),
    "killed": ("import os\nos.kill(os.getpid(), 9)", "memory", "as happens when memory runs out"),
    "interrupted": ("raise KeyboardInterrupt", "crash", "ended the whole process"),
    "closed files": ("import os\nos.closerange(3, 99)\nreturn 2 * x", "crash", "ended the whole"),
}
SOFT = {
    "exit": ("import sys\nsys.exit(0)", "exception", "`sys.exit(0)`, ends the program"),
    "input": ("return input()", "exception", "waits for input, and nobody answers here"),
    "memory": (
        "import numpy as np\nreturn np.ones((99999, 99999))",
        "memory",
        "line 3 of double.py, `return np.ones((99999, 99999))`, asks for more memory than there",
    ),
    "list": (
        "kept = []\nwhile True:\n    kept.append(bytearray(10**7))",
        "memory",
        "asks for more",
    ),
}


@pytest.mark.parametrize("name", HARD)
def test_what_ends_the_process_is_the_result_of_the_check_that_ran(exercise, answer, name):
    body, kind, words = HARD[name]
    seconds = 0.5 if kind == "timeout" else None
    first, second = run(exercise, answer(body), seconds=seconds).checks
    assert (first.kind, first.title, first.points) == (kind, "one number", 1)
    assert words in first.sentence
    assert second.kind == "not-run"
    assert second.points == 2


@pytest.mark.parametrize("name", SOFT)
def test_what_does_not_end_the_process_lets_the_other_checks_run(exercise, answer, name):
    body, kind, words = SOFT[name]
    for check in run(exercise, answer(body), megabytes=300).checks:
        assert check.kind == kind
        assert words in check.sentence


@pytest.mark.parametrize(
    "body",
    [
        "import threading, time\nthreading.Thread(target=time.sleep, args=(60,)).start()",
        "import subprocess, sys\nsubprocess.Popen([sys.executable, '-c', 'input()'])",
        "import os\nos.fork()",
        "import numpy as np\nnp.array([1.0]) / 0",
    ],
    ids=["thread", "process", "fork", "warning"],
)
def test_what_is_left_behind_does_not_matter(exercise, answer, body):
    assert run(exercise, answer(f"{body}\nreturn 2 * x")).passed


def test_a_process_of_the_students_is_ended_too(exercise, answer, tmp_path):
    body = f"""\
import subprocess
other = subprocess.Popen(["sleep", "60"])
open({str(tmp_path / "pid")!r}, "w").write(str(other.pid))
while True: pass"""
    run(exercise, answer(body), seconds=0.5)
    pid = int((tmp_path / "pid").read_text())
    for _ in range(200):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        # Its new parent may not have read how it ended.
        with open(f"/proc/{pid}/stat") as stat:
            if stat.read().split()[2] == "Z":
                return
        time.sleep(0.01)
    pytest.fail("the process is still running")


def test_code_that_waits_is_out_of_time_as_well(exercise, answer):
    body = "import time\ntime.sleep(60)"
    (first, _) = run(exercise, answer(body), seconds=0.2).checks
    assert first.kind == "timeout"
    assert first.line == 3


def test_a_right_answer_passes(exercise, answer):
    result = run(exercise, answer("print('hello', x.shape)\nreturn 2 * x"))
    assert result.passed
    assert result.first_failure is None
    assert (result.earned, result.points) == (3, 3)
    assert result.output == "hello (1,)\nhello (2, 3, 4, 5)\n"
    assert result.exercise == "double"
    document = result.to_dict()
    assert document["passed"] is True
    assert document["checks"][1] == {
        "title": "an image",
        "points": 2,
        "kind": "passed",
        "sentence": "",
        "picture": "",
        "line": None,
    }


def test_points_are_for_the_checks_that_pass(exercise, answer):
    result = run(exercise, answer("return 2 * x if x.ndim == 1 else -2 * x"))
    assert (result.earned, result.points) == (1, 3)
    assert result.first_failure.kind == "sign"
    assert result.first_failure.picture


def test_long_output_is_cut_off(exercise, answer):
    result = run(exercise, answer("print('y' * 40_000)\nreturn 2 * x"))
    assert result.passed
    assert len(result.output) < 11_000
    assert result.output.endswith("... (cut off here)\n")


def test_what_was_printed_before_an_endless_loop_is_kept(exercise, answer):
    result = run(exercise, answer("print('so far')\nwhile True: pass"), seconds=0.5)
    assert result.output == "so far\n"


def test_a_file_named_as_a_module_takes_no_modules_place(exercise, answer):
    file = answer("return 2 * x")
    for name in ("json", "numpy", "random", "typing"):
        (file.parent / f"{name}.py").write_text("raise SystemExit\n")
    assert run(exercise, file).passed


def test_names_of_files_may_have_any_letters(exercise, answer):
    file = answer("while True: pass")
    folder = file.parent.with_name("Übung ☃ 1")
    file.parent.rename(folder)
    result = run(exercise, folder / file.name, seconds=0.5)
    assert result.checks[0].line == 2


def test_stop_ends_the_process(exercise, answer):
    stop = threading.Event()
    threading.Timer(0.3, stop.set).start()
    with pytest.raises(KeyboardInterrupt):
        run(exercise, answer("while True: pass"), seconds=60, stop=stop)


def test_a_broken_exercise_is_the_teachers_affair(exercise, answer):
    (exercise.folder / "checks.py").write_text("1 / 0\n")
    with pytest.raises(ValueError, match=r"checks\.py does not run: ZeroDivisionError"):
        run(exercise, answer("return x"))
