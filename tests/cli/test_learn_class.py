"""``mydl learn`` for teachers, as they type it: a class, notebooks and exercises of their own."""

import csv
import json

import pytest
from typer.testing import CliRunner

from mydl.cli.main import app
from mydl.learn.course import Course
from mydl.learn.notebook_file import read_cells

COURSE = Course()


@pytest.fixture(autouse=True)
def empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def submissions(tmp_path):
    """Three students: one is right, one is half right, one handed in something else."""
    right = COURSE["relu"].solution_text()
    half = right.replace("def relu_backward", "def relu_back")
    texts = {"anna/relu.py": right, "ben/relu.py": half, "=chris/linear.py": "import mydl.layers"}
    for name, text in texts.items():
        file = tmp_path / "submissions" / name
        file.parent.mkdir(parents=True)
        file.write_text(text)
    return tmp_path / "submissions"


def learn(*arguments, code=0):
    done = CliRunner().invoke(app, ["learn", *map(str, arguments)])
    if isinstance(done.exception, ValueError):
        assert code == 1, done.exception
        return str(done.exception)
    assert done.exit_code == code, done.output
    return done.stdout


def test_a_table_shows_students_by_exercises(submissions):
    lines = learn("check", "--all", submissions, "--jobs", 2).splitlines()
    table = [line.split() for line in lines[:4]]
    assert table[0] == ["student", "points", "relu", "linear"]
    assert table[1] == ["=chris", "0/9", "missing", "0/5"]
    assert table[2] == ["anna", "4/9", "4/4", "missing"]
    assert table[3][2:] == ["2/4", "missing"]
    assert lines[5].startswith("3 students, 2 exercises: 1 of 6 answers pass all checks")
    assert "  =chris, linear: imports mydl.layers" in lines


def test_a_wide_table_is_cut_into_several(submissions):
    names = [exercise.name for exercise in COURSE.exercises[:12]]
    lines = learn("check", *names, "--all", submissions).splitlines()
    heads = [line.split() for line in lines if line.startswith("student")]
    assert len(heads) > 1
    assert [name for head in heads for name in head[1:]] == ["points", *names]
    assert all(len(line) <= 100 for line in lines)


def test_json_has_each_part(submissions):
    found = json.loads(learn("check", "relu", "--all", submissions, "--json"))
    assert [exercise["name"] for exercise in found["exercises"]] == ["relu"]
    assert [student["student"] for student in found["students"]] == ["=chris", "anna", "ben"]
    chris, anna, ben = (student["answers"][0] for student in found["students"])
    assert (chris["state"], anna["state"], ben["state"]) == ("missing", "passed", "failed")
    assert chris["checks"][0]["sentence"] == "relu.py was not handed in"
    assert [check["kind"] for check in ben["checks"]].count("missing") == 2
    assert found["students"][2]["earned"] == ben["earned"] == 2
    assert found["students"][2]["points"] == 4


def test_csv_has_each_part_and_no_formulas(submissions, tmp_path):
    text = learn("check", "--all", submissions, "--csv", "points.csv")
    assert "Wrote the points of each part to points.csv" in text
    with (tmp_path / "points.csv").open(newline="", encoding="utf-8") as file:
        head, *rows = csv.reader(file)
    titles = [f"relu: {check.title}" for check in COURSE["relu"].load_checks()]
    assert head[:8] == ["student", "points", "remarks", "relu", *titles]
    by_student = {row[0]: dict(zip(head, row, strict=True)) for row in rows}
    assert list(by_student) == ["'=chris", "anna", "ben"]
    assert by_student["anna"]["remarks"] == "linear is missing"
    assert by_student["'=chris"]["remarks"] == "relu is missing; linear imports mydl.layers"
    for row in by_student.values():
        assert sum(int(row[title]) for title in titles) == int(row["relu"])
        assert int(row["relu"]) + int(row["linear"]) == int(row["points"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--json",), "--json goes with --all FOLDER"),
        (("--time-limit", 3), "--time-limit goes with --all FOLDER"),
        (("relu", "linear"), "give one exercise, or several with --all FOLDER"),
        (("--all", "nowhere"), "nowhere is no folder"),
        (("--all", "submissions/anna"), "submissions/anna has no sub-folders"),
        (("--all", "submissions", "relo"), "did you mean 'relu'?"),
        (("--all", "submissions", "--csv", "no/such/place.csv"), "there is no folder no/such"),
        (("--all", "submissions", "--exercises", "submissions"), "no exercises in submissions"),
    ],
)
def test_wrong_arguments_are_answered_in_one_sentence(submissions, arguments, message):
    assert message in learn("check", *arguments, code=1)


def test_a_class_that_handed_in_nothing_known_is_told_so(tmp_path):
    (tmp_path / "class" / "anna").mkdir(parents=True)
    assert "no submission in class has a file of an exercise" in learn(
        "check", "--all", "class", code=1
    )


def test_notebooks_are_written_once(tmp_path):
    text = learn("notebook", "nb", "relu", "linear")
    assert text.split()[:2] == ["nb/03-relu.ipynb", "nb/04-linear.ipynb"]
    assert "is there and stays as it is" in learn("notebook", "nb", "relu", "--solutions")
    assert "NotImplementedError" in (tmp_path / "nb" / "03-relu.ipynb").read_text()
    (tmp_path / "file").touch()
    assert "file is a file" in learn("notebook", "file", code=1)


@pytest.mark.slow
def test_an_exercise_of_ones_own_from_beginning_to_end(tmp_path, capsys):
    assert "mine/30-huber-loss" in learn("new", "huber-loss", "mine")
    assert learn("verify", "mine").split() == ["right", "30-huber-loss"]
    assert "huber-loss" in learn("list", "--exercises", "mine")
    learn("start", "huber-loss", "--exercises", "mine")
    assert "0 of 3 points" in learn("check", "huber-loss", "--exercises", "mine", code=1)
    solution = Course(tmp_path / "mine")["huber-loss"].solution_text()
    (tmp_path / "huber_loss.py").write_text(solution)
    assert "3 of 3 points" in learn("check", "huber-loss", "--exercises", "mine")
    (tmp_path / "class" / "anna").mkdir(parents=True)
    (tmp_path / "class" / "anna" / "huber_loss.py").write_text(solution)
    assert "3/3" in learn("check", "--all", "class", "--exercises", "mine")


def test_a_notebook_finds_the_exercises_of_a_teacher(tmp_path, monkeypatch, capsys):
    learn("new", "huber-loss", "mine")
    learn("notebook", "nb", "huber-loss", "--exercises", "mine", "--solutions")
    monkeypatch.chdir(tmp_path / "nb")
    namespace = {"__name__": "__main__"}
    for cell in read_cells(tmp_path / "nb" / "30-huber-loss.ipynb"):
        if cell.kind == "code":
            exec(compile(cell.source, "<cell>", "exec"), namespace)
    assert "3 of 3 points" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "message"),
    [("Huber", "use lower-case letters"), ("../x", "use lower-case"), ("relu", "relu already")],
)
def test_a_new_exercise_needs_a_name_of_its_own(name, message):
    assert message in learn("new", name, "mine", code=1)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("exercise.py", "return 2 * x", "return 3 * x", "its own solution fails the check"),
        ("exercise.py", "# BEGIN SOLUTION", "# begin", "# END SOLUTION` does not belong"),
        ("exercise.py", "SOLUTION\n", "\n", "marks no solution"),
        ("exercise.py", "def huber_loss(x):", "def huber_loss(x)", "line 13, is not Python"),
        ("checks.py", "def gradient(student):", "def gradient(student)", "is not Python"),
        ("hints.md", "## Hint 2", "## Second hint", "has 2 hints: write 3"),
        ("hints.md", "## Derivation", "## The end", "has no derivation"),
        ("checks.py", "import numpy", "import nunpy", "No module named 'nunpy'"),
        ("checks.py", "the statement's numbers", "the gradient", "have the title 'the gradient'"),
        ("checks.py", "    compare(", "    return\n    compare(", "passes all checks as it is"),
    ],
)
def test_what_is_wrong_with_an_exercise_is_told(tmp_path, file, old, new, message):
    learn("new", "huber-loss", "mine")
    path = tmp_path / "mine" / "30-huber-loss" / file
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))
    text = learn("verify", "mine", code=1)
    assert text.startswith("WRONG  30-huber-loss\n")
    assert message in " ".join(text.split())
