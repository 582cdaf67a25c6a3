"""The pages on the exercises tell the truth: what they show is what mydl prints.

    python tests/learn/test_docs.py

writes what is shown anew, after a change of the commands or of the course.
"""

import html
import os
import re
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

import pytest
from typer.testing import CliRunner

from mydl.cli.main import app
from mydl.learn.course import Course
from mydl.learn.notebook_cells import write_notebooks
from mydl.learn.runner import run

DOCS = Path(__file__).parents[2] / "docs"
PAGES = [DOCS / "learn.md", DOCS / "teaching.md"]
COURSE = Course()

FENCE = re.compile(
    r"(?:\*\*`(?P<file>\S+)`\*\*.*?)?^```(?P<kind>\w+)\n(?P<body>.*?)^```$", re.M | re.S
)
TABLE = re.compile(r"(<!-- exercises -->\n).*?(<!-- end of exercises -->)", re.S)
COMMAND = re.compile(r"^\$ mydl (?P<arguments>.*)\n(?:(?!\$ ).*\n)*", re.M)
OWN = Path("exercises/30-huber-loss")


def table():
    """The exercises as a table in Markdown."""
    rows = [f"| {e.number} | `{e.name}` | {e.title} |\n" for e in COURSE.exercises]
    return "".join(["\n| | name | what it is |\n| --- | --- | --- |\n", *rows, "\n"])


def replayed(text, folder):
    """A page with the output that its commands have in a folder, its files written before."""
    started = None

    def fence(match):
        nonlocal started
        kind, body, file = match["kind"], match["body"], match["file"]
        if file:
            (folder / OWN).mkdir(parents=True, exist_ok=True)
            (folder / OWN / file).write_text(body)
        elif kind == "python":
            answer = folder / started
            head = re.split(r"^def ", answer.read_text(), maxsplit=1, flags=re.M)[0]
            answer.write_text(head + body)
        elif kind == "console":
            for arguments in re.findall(r"^\$ mydl learn start (\S+)", body, re.M):
                started = arguments.replace("-", "_") + ".py"
            body = COMMAND.sub(lambda command: shown(command["arguments"], folder), body)
        head, _, _ = match[0].partition(f"```{kind}\n")
        return f"{head}```{kind}\n{body}```"

    return FENCE.sub(fence, text)


def shown(arguments, folder):
    """A command and what it prints, as it stands on a page."""
    environment = {**os.environ, "COLUMNS": "88", "PYTHONWARNINGS": "error"}
    done = subprocess.run(
        [sys.executable, "-m", "mydl", *arguments.split()],
        capture_output=True,
        text=True,
        cwd=folder,
        env=environment,
    )
    errors = [line for line in done.stderr.splitlines() if not line.endswith("answers checked")]
    assert not errors, done.stderr
    return f"$ mydl {arguments}\n{done.stdout.strip()}\n"


def hand_in(folder):
    """The class of the example: all right, a part wrong, and the library's own code."""
    for student in ("anna", "ben", "chris"):
        (folder / student).mkdir(parents=True)
    for name in ("relu", "linear", "conv-dw"):
        exercise = COURSE[name]
        (folder / "anna" / exercise.file_name).write_text(exercise.solution_text())
    (folder / "ben" / "relu.py").write_text(COURSE["relu"].solution_text())
    ((notebook, _),) = write_notebooks(COURSE, folder / "ben", ["linear"], solutions=True)
    wrong = notebook.read_text().replace("x.T @ dy", "x.T @ dy / len(x)")
    assert wrong != notebook.read_text()
    notebook.write_text(wrong)
    library = "from mydl.layers import ReLU\n\n\ndef relu(x):\n    return ReLU.forward(x)\n"
    (folder / "chris" / "relu.py").write_text(library)


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_what_is_shown_is_what_is_printed(page, tmp_path):
    hand_in(tmp_path / "submissions")
    assert page.read_text() == replayed(page.read_text(), tmp_path)


def test_the_list_of_exercises_is_the_course():
    assert TABLE.search((DOCS / "learn.md").read_text())[0].split("\n", 1)[1].startswith(table())


def test_the_exercise_of_the_example_accepts_its_solution(tmp_path):
    for match in FENCE.finditer((DOCS / "teaching.md").read_text()):
        if match["file"]:
            (tmp_path / OWN).mkdir(parents=True, exist_ok=True)
            (tmp_path / OWN / match["file"]).write_text(match["body"])
    exercise = Course(tmp_path / OWN.parent)["huber-loss"]
    assert len(exercise.hints) == 3
    answer = tmp_path / exercise.file_name
    answer.write_text(exercise.solution_text())
    assert run(exercise, answer).passed
    answer.write_text(exercise.student_text())
    assert run(exercise, answer).first_failure.kind == "unfilled"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_links_and_commands_are_real(page):
    text = page.read_text()
    for link in re.findall(r"\]\(([^)#]+)\)", text):
        assert link.startswith("https://") or (page.parent / link).exists()
    commands = set(re.findall(r"^\$? ?mydl learn ([a-z]+)|`mydl learn ([a-z]+)", text, re.M))
    for name in {first or second for first, second in commands}:
        assert CliRunner().invoke(app, ["learn", name, "--help"]).exit_code == 0, name


def test_the_picture_shows_the_session():
    """`python docs/images/make_learn.py` draws it anew."""
    lines = defaultdict(str)
    drawn = (DOCS / "images" / "learn.svg").read_text()
    for y, text in re.findall(r'<text [^>]*y="([\d.]+)"[^>]*>(.*?)</text>', drawn):
        lines[float(y)] += html.unescape(text).replace("\xa0", " ")
    sessions = re.findall(r"```console\n(.*?)```", (DOCS / "learn.md").read_text(), re.S)
    shown = {line.rstrip() for line in lines.values()}
    assert any(set(session.splitlines()) - {""} <= shown for session in sessions)


if __name__ == "__main__":
    for page in PAGES:
        with tempfile.TemporaryDirectory() as folder:
            hand_in(Path(folder, "submissions"))
            text = TABLE.sub(lambda m: m[1] + table() + m[2], page.read_text())
            page.write_text(replayed(text, Path(folder)))
