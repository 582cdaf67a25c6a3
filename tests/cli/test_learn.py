"""``mydl learn`` as students type it, from an empty folder on."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from mydl.cli import learn_show, learn_watch
from mydl.cli.main import app
from mydl.learn.course import Course
from mydl.learn.progress import PROGRESS, UnsavedProgress

COURSE = Course()
FIRST, SECOND = COURSE.exercises[:2]
TOTAL = len(COURSE.exercises)


@pytest.fixture(autouse=True)
def empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def learn(*arguments, code=0, keys=None):
    """What is printed; the sentence if it is an error."""
    done = CliRunner().invoke(app, ["learn", *map(str, arguments)], input=keys)
    if isinstance(done.exception, ValueError):
        assert code == 1, done.exception
        return str(done.exception)
    assert done.exit_code == code, done.output
    return done.stdout


def solve(exercise, change=lambda text: text):
    Path(exercise.file_name).write_text(change(exercise.solution_text()))


def test_the_first_call_says_what_it_is_about_and_what_to_type():
    output = learn()
    assert "mydl learn watch     does so whenever you save" in output
    assert f"> {FIRST.number} {FIRST.name}" in output
    assert all(exercise.name in output for exercise in COURSE.exercises)
    assert output.endswith(
        f"0 of {len(COURSE.exercises)} done. Next: mydl learn start {FIRST.name}\n"
    )
    assert "\x1b" not in output, "no colours where the output is no terminal"
    assert list(Path().iterdir()) == []


def test_the_way_from_the_first_exercise_to_the_second():
    output = learn("start")
    assert output.startswith(
        f"{FIRST.file_name}: {FIRST.title}\nRead it, fill it in and save it.\n"
    )
    assert f"Then: mydl learn check {FIRST.name}\n" in output
    output = learn()
    assert "does so whenever you save" not in output
    assert f"Next: write {FIRST.file_name}, then mydl learn check {FIRST.name}" in output
    output = learn("check", code=1)
    assert "is not written yet: write it in place of line" in output
    assert "the same as above" in output
    assert output.endswith(f"check again. Stuck? mydl learn hint {FIRST.name}\n")
    solve(FIRST)
    output = learn("check")
    assert "wrong" not in output
    assert f"mydl learn solution {FIRST.name}" in output
    assert output.endswith(f"1 of {TOTAL} done. Next: mydl learn start {SECOND.name}\n")
    assert learn("start").startswith(SECOND.file_name)
    assert f"{FIRST.number} {FIRST.name:19}done" in learn("list")


def test_work_is_never_overwritten():
    learn("start", "relu")
    Path("relu.py").write_text("mine")
    assert "relu.py is there and stays as it is: go on with it" in learn("start", "relu")
    assert Path("relu.py").read_text() == "mine"
    solve(COURSE["relu"])
    learn("check")
    assert "relu.py is there and done, and stays as it is" in learn("start", "relu")


def test_exercises_that_are_needed_are_named():
    needed = COURSE["squeezenet"].requires
    learn("start", needed[0])
    output = " ".join(learn("start", "squeezenet").split())
    assert f"of {', '.join(needed[1:])}, first: mydl learn start {needed[1]}" in output
    solve(COURSE["squeezenet"])
    Path(COURSE[needed[0]].file_name).unlink()
    assert "which is not beside it" in learn("check", "squeezenet", code=1)


def test_what_is_wrong_is_said_with_a_picture():
    solve(COURSE["conv-dx"], lambda text: text.replace("+=", "="))
    output = learn("check", "conv-dx", code=1)
    assert "you assign where" in output
    assert "         .#.." in output
    assert output.count("wrong    ") == output.count("the same as above") + 1


def test_an_exercise_that_no_longer_passes_is_not_done():
    solve(COURSE["relu"])
    learn("check")
    assert "relu               done" in learn()
    solve(COURSE["relu"], lambda text: text.replace("def relu(", "def rely("))
    assert "did you rename rely?" in learn("check", code=1)
    assert "relu               started" in learn()


def test_what_the_students_code_prints_is_shown():
    solve(COURSE["relu"], lambda text: text + "\nfor i in range(99):\n    print('line', i)\n")
    output = learn("check")
    assert "Your code printed:\n  | line 0\n  | line 1\n" in output
    assert "  | line 9\n  | ... and more\n" in output


def test_files_are_looked_for_and_written_in_the_folder_that_is_named(tmp_path):
    folder = tmp_path / "deep" / "folder"
    output = learn("start", "relu", "--dir", folder)
    assert str(folder / "relu.py") in output
    assert f"Then: mydl learn check relu --dir {folder}\n" in output
    assert "relu.py" in os.listdir(folder)
    assert "is not written yet" in learn("check", "--dir", folder, code=1)
    assert learn("--dir", folder).count("started") == 1
    assert learn().count("started") == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["start", "conv-dww"], "there is no exercise 'conv-dww': did you mean 'conv-dw'?"),
        (["check"], "there is no exercise in this folder yet: `mydl learn start` writes one"),
        (
            ["check", "--dir", "there"],
            "there is no exercise in there yet: `mydl learn start --dir",
        ),
        (["solution"], "there is no exercise in this folder yet"),
        (["check", "relu"], "relu.py is not there: `mydl learn start relu` writes it"),
        (["check", "relu", "linear"], "give one exercise"),
        (
            ["--dir", "x", "check"],
            "write --dir and --exercises behind the command: mydl learn check",
        ),
        (["--exercises", "nowhere"], "nowhere is no folder: give one with exercises"),
    ],
)
def test_a_mistake_on_the_command_line_is_one_sentence(arguments, message):
    assert learn(*arguments, code=1).startswith(message)


def test_a_renamed_file_is_missed_by_its_name():
    learn("start", "relu")
    Path("relu.py").rename("my_relu.py")
    output = learn("check", "relu", code=1)
    assert output.startswith("relu.py is not there")
    assert output.endswith("a file with another name has to be renamed to it")


def test_without_the_progress_file_a_check_finds_what_is_done():
    solve(COURSE["relu"])
    learn("check")
    Path(PROGRESS).unlink()
    assert "relu               started" in learn()
    learn("check")
    assert "relu               done" in learn()


def test_a_check_goes_on_where_progress_cannot_be_saved(monkeypatch):
    def refuse(*arguments):
        raise UnsavedProgress("progress could not be saved in x: Read-only file system")

    monkeypatch.setattr("mydl.learn.progress.Folder.set_done", refuse)
    solve(COURSE["relu"])
    output = learn("check")
    assert "4 of 4 points." in output
    assert "progress could not be saved in x: Read-only file system" in output


def test_three_hints_are_given_one_after_the_other():
    exercise = COURSE["conv-dw"]
    learn("start", "conv-dw")
    for number, text in enumerate(exercise.hints, 1):
        output = learn("hint")
        assert f"conv-dw, hint {number} of 3" in output
        assert text in output
        assert output.count("hint ") == 1 + (number < 3)
    assert "mydl learn solution conv-dw" in output
    output = learn("hint", "conv-dw")
    assert "You have had all 3 hints of conv-dw" in output
    assert all(text in output for text in exercise.hints)
    assert all(text in learn("hint", "relu", "--all") for text in COURSE["relu"].hints)
    assert "relu, hint 1 of 3" in learn("hint", "relu")


def test_the_solution_is_shown_freely_when_the_exercise_is_done():
    solve(COURSE["relu"], lambda text: text.replace("np.maximum(x, 0)", "np.maximum(0, x) + 0.0"))
    learn("check", code=0)
    output = learn("solution")
    assert "Your code (-) and the exercise's (+): ReLU" in output
    assert "-    return np.maximum(0, x) + 0.0" in output
    assert "+    return np.maximum(x, 0)" in output
    assert "It counts the same" in output
    assert COURSE["relu"].derivation in output
    assert "How mydl does it: " in output
    assert "mydl/layers/relu.py, line" in output


def test_before_that_the_solution_is_shown_on_demand():
    learn("start", "conv-dw")
    sentence = learn("solution", "conv-dw", code=1)
    assert sentence.startswith("conv-dw is not done: there are hints, `mydl learn hint conv-dw`")
    assert "With --yes" in sentence
    assert "Derivation" in learn("solution", "conv-dw", "--yes")
    output = learn("solution", "linear", "--yes")
    assert "The exercise's code" in output
    assert "def linear" in output


@pytest.mark.parametrize(("typed", "shown"), [("yes\n", True), ("no\n", False), ("\n", False)])
def test_in_a_terminal_one_types_yes(monkeypatch, typed, shown):
    monkeypatch.setattr("mydl.cli.learn.in_a_terminal", lambda: True)
    assert ("Derivation" in learn("solution", "relu", keys=typed)) == shown


def test_a_solution_beside_code_that_is_not_python():
    Path("relu.py").write_text("def relu(x:\n")
    assert "Line 1 of yours is not Python" in learn("solution", "relu", "--yes")


def test_exercises_of_a_teacher_are_there_as_well(tmp_path):
    folder = tmp_path / "more" / "50-plus-one"
    folder.mkdir(parents=True)
    source = Path(FIRST.folder)
    for name in ("exercise.py", "hints.md", "checks.py"):
        (folder / name).write_text((source / name).read_text())
    more = ["--exercises", folder.parent]
    assert "50 plus-one" in learn(*more)
    assert learn("start", "plus-one", *more).startswith("plus_one.py")
    assert "is not written yet" in learn("check", *more, code=1)


def test_narrow_terminals_fold_sentences(monkeypatch):
    monkeypatch.setenv("COLUMNS", "50")
    learn("start", "relu")
    Path("relu.py").write_text("raise ValueError('a long text ' * 9)\n")
    lines = learn("check", code=1).splitlines()
    found = [line for line in lines if line.startswith("         ")]
    assert len(found) > 4
    assert max(map(len, found)) <= 50


def watch(monkeypatch, actions, *arguments):
    """Watch, with one action at each moment at which nothing happens; "q" ends it."""
    steps = iter(actions)

    def key():
        step = next(steps)
        return step if isinstance(step, str) else step() or ""

    monkeypatch.setattr(learn_watch, "_key", key)
    return learn("watch", *arguments)


def test_watch_checks_at_every_save_and_goes_on(monkeypatch):
    def spoil():
        solve(FIRST, lambda text: text + "\n1 / 0\n")

    output = watch(monkeypatch, [spoil, lambda: None, lambda: solve(FIRST), "h", "l", "q"])
    first, wrong, right, second = _rounds(output)
    assert "is not written yet" in first
    assert "raises ZeroDivisionError" in wrong
    assert "wrong" not in right
    assert f"{SECOND.file_name}: {SECOND.title}" in right
    assert "is not written yet" in second
    assert f"{SECOND.name}, hint 1 of 3" in second
    assert f"{FIRST.name:19}done" in second
    assert output.endswith("`mydl learn watch` goes on from here.\n")


def _rounds(output):
    line = "-" * learn_show.width()
    return output.split(f"{line}\n")[1:]


def test_watch_waits_while_a_file_is_away(monkeypatch):
    def away():
        Path(FIRST.file_name).rename("kept.py")

    def back():
        os.replace("kept.py", FIRST.file_name)

    output = watch(monkeypatch, [away, lambda: None, back, "q"])
    assert len(_rounds(output)) == 1


def test_watch_ends_with_the_course(monkeypatch):
    monkeypatch.setattr("mydl.learn.course._find", lambda folder: [FIRST])
    output = watch(monkeypatch, [lambda: solve(FIRST)])
    assert output.endswith("1 of 1 done. That is the whole course: well done!\n")
    assert learn("watch") == "1 of 1 done. That is the whole course: well done!\n"
    assert learn("start") == "1 of 1 done. That is the whole course: well done!\n"


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="signals")
@pytest.mark.parametrize("command", ["check", "watch"])
def test_an_interrupt_ends_it_without_a_traceback(tmp_path, command):
    Path("relu.py").write_text("open('started', 'w')\nwhile True: pass\n")
    process = subprocess.Popen(
        [sys.executable, "-m", "mydl", "learn", command, "relu"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    while not Path("started").exists():
        assert process.poll() is None
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGINT)
    output, _ = process.communicate(timeout=60)
    assert "Traceback" not in output
    assert "Error" not in output
    assert process.returncode == (130 if command == "check" else 0)
