"""The exercises as notebooks: valid files that run, with answers that are checked in them."""

import json
import subprocess
import sys

import pytest

from mydl.learn.course import Course
from mydl.learn.notebook import check, load_answers
from mydl.learn.notebook_cells import exercise_cells, write_notebooks
from mydl.learn.notebook_file import Cell, answer_in, notebook_text, read_cells

COURSE = Course()
NAMES = [exercise.name for exercise in COURSE.exercises]


@pytest.fixture(scope="module")
def solved(tmp_path_factory):
    folder = tmp_path_factory.mktemp("solved")
    for file, written in write_notebooks(COURSE, folder, [], solutions=True):
        assert written
        assert file.parent == folder
    return folder


@pytest.fixture(scope="module")
def unsolved(tmp_path_factory):
    folder = tmp_path_factory.mktemp("unsolved")
    list(write_notebooks(COURSE, folder, [], solutions=False))
    return folder


def notebook_of(folder, name):
    exercise = COURSE[name]
    return folder / f"{exercise.number}-{name}.ipynb"


def execute(notebook, **replaced):
    """Run the code cells in order, as Jupyter does; some with another text."""
    namespace = {"__name__": "__main__"}
    for cell in read_cells(notebook):
        if cell.kind == "code":
            source = replaced.get(cell.id, cell.source)
            exec(compile(source, f"<cell {cell.id}>", "exec"), namespace)


@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_with_the_solution_runs_and_passes(solved, name, monkeypatch, capsys):
    monkeypatch.chdir(solved)
    execute(notebook_of(solved, name))
    printed = capsys.readouterr().out
    points = sum(check.points for check in COURSE[name].load_checks())
    assert printed.splitlines()[-1] == f"{points:g} of {points:g} points"
    assert "WRONG" not in printed


@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_to_fill_in_gives_nothing_away(unsolved, name):
    exercise = COURSE[name]
    cells = read_cells(notebook_of(unsolved, name))
    shown = "\n".join(cell.source for cell in cells)
    assert exercise.title in cells[0].source
    assert exercise.statement in cells[0].source
    assert shown.count("<summary>Hint") == len(exercise.hints) == 3
    assert exercise.derivation not in shown
    answers = answer_in(notebook_of(unsolved, name))
    assert exercise.student_text().endswith(answers.rstrip() + "\n")
    assert exercise.solution_text() not in shown


@pytest.mark.parametrize("solutions", [False, True])
def test_the_files_are_valid(solved, unsolved, solutions):
    nbformat = pytest.importorskip("nbformat", exc_type=ImportError)
    files = sorted((solved if solutions else unsolved).glob("*.ipynb"))
    assert len(files) == len(NAMES)
    for file in files:
        nbformat.validate(json.loads(file.read_text()))
        assert nbformat.read(file, nbformat.NO_CONVERT).nbformat_minor == 5


@pytest.mark.slow
@pytest.mark.parametrize("name", ["relu", "momentum", "bug-padding", "squeezenet"])
def test_jupyter_runs_a_notebook_with_the_solution(solved, name):
    """A function, a class, a bug, and what builds on other notebooks."""
    pytest.importorskip("ipykernel", exc_type=ImportError)
    nbformat = pytest.importorskip("nbformat", exc_type=ImportError)
    pytest.importorskip("nbclient", exc_type=ImportError)
    script = (
        "import nbformat, nbclient, sys\n"
        "notebook = nbformat.read(sys.argv[1], 4)\n"
        "nbclient.NotebookClient(notebook, timeout=600, startup_timeout=300).execute()\n"
        "nbformat.write(notebook, sys.argv[2])\n"
    )
    ran = solved / "ran" / f"{name}.ipynb"
    ran.parent.mkdir(exist_ok=True)
    # Their libraries warn about themselves, so they run in a process of their own.
    command = [sys.executable, "-c", script, str(notebook_of(solved, name)), str(ran)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=solved)
    assert done.returncode == 0, done.stderr
    cells = {cell.id: cell for cell in nbformat.read(ran, 4).cells}
    printed = "".join(output.get("text", "") for output in cells["check"].outputs)
    assert "WRONG" not in printed
    assert printed.rstrip().endswith("points")


def test_what_is_wrong_is_said_in_the_notebook(unsolved, monkeypatch, capsys):
    monkeypatch.chdir(unsolved)
    notebook = notebook_of(unsolved, "relu")
    execute(notebook)
    printed = capsys.readouterr().out
    assert "relu is not written yet: write it in place of line" in printed
    assert "of your cell" in printed
    assert "the same as above" in printed
    assert printed.endswith("0 of 4 points\n")
    execute(notebook, answer="def relu(x):\n    return x * nothing\n")
    printed = capsys.readouterr().out
    assert "line 2 of your cell" in printed
    assert "NameError" in printed
    assert "your notebook does not define relu_backward" in printed
    execute(notebook, answer="class relu:\n    def __init__(self, x):\n        self.y = x[9]\n")
    assert "line 3 of your cell" in capsys.readouterr().out


def test_what_replaces_a_function_is_said_in_the_notebook(unsolved, monkeypatch, capsys):
    import numpy as np

    allclose = np.allclose
    text = (
        "import numpy as np\ndef relu(x):\n    np.allclose = lambda *a, **k: True\n    return x\n"
    )
    try:
        execute(notebook_of(unsolved, "relu"), answer=text)
    finally:
        np.allclose = allclose
    assert "your code replaces numpy.allclose" in capsys.readouterr().out


def test_notebooks_that_are_there_stay(tmp_path):
    (file,) = [file for file, _ in write_notebooks(COURSE, tmp_path, ["relu"], False)]
    file.write_text("mine")
    assert list(write_notebooks(COURSE, tmp_path, ["relu"], True)) == [(file, False)]
    assert file.read_text() == "mine"


def test_what_an_exercise_builds_on_is_written_too(tmp_path):
    written = {file.name for file, _ in write_notebooks(COURSE, tmp_path, ["squeezenet"], False)}
    pending, needed = ["squeezenet"], set()
    while pending:
        exercise = COURSE[pending.pop()]
        needed.add(f"{exercise.number}-{exercise.name}.ipynb")
        pending += exercise.requires
    assert written == needed
    assert len(written) > 1


def test_earlier_answers_come_from_notebooks_or_files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FileNotFoundError, match=r"mydl learn notebook \. relu"):
        load_answers("relu")
    exercise = COURSE["relu"]
    (tmp_path / "03-relu.ipynb").write_text(notebook_text(list(exercise_cells(exercise, True))))
    load_answers("relu")
    assert list(sys.modules.pop("relu").relu(__import__("numpy").array([-1.0, 2]))) == [0, 2]
    (tmp_path / "relu.py").write_text("relu = 3")
    load_answers("relu")
    assert sys.modules.pop("relu").relu == 3


def test_names_are_found_or_the_nearest_is_told():
    with pytest.raises(ValueError, match="did you mean 'relu'"):
        check("relo", {"__name__": "__main__"})


def test_a_notebook_that_was_saved_by_others_is_read(tmp_path):
    """Without ids, its texts in one piece or in lines, and with cells of other kinds."""
    cells = [
        {"cell_type": "raw", "metadata": {}, "source": "x"},
        {"cell_type": "code", "metadata": {"tags": ["answer"]}, "source": ["a = 1\n", "b = 2"]},
        {"cell_type": "code", "metadata": {"tags": ["answer"]}, "source": "c = 3"},
    ]
    file = tmp_path / "relu.ipynb"
    file.write_text(json.dumps({"nbformat": 4, "nbformat_minor": 2, "cells": cells}))
    assert answer_in(file) == "a = 1\nb = 2\n\nc = 3\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "could not read it as one"),
        ("[]", "could not read it as one"),
        ('{"nbformat": 3, "worksheets": []}', "could not read it as one"),
        ('{"nbformat": 4, "cells": [{"cell_type": "code", "source": [1]}]}', "could not read"),
        ("[" * 100_000, "could not read it as one"),
        (notebook_text([Cell("a", "code", "x = 1")]), "no cell with the tag 'answer'"),
    ],
)
def test_what_is_no_notebook_is_refused(tmp_path, text, message):
    file = tmp_path / "relu.ipynb"
    file.write_text(text)
    with pytest.raises(ValueError, match=message):
        answer_in(file)
