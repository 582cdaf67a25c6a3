"""The pages on the exercises tell the truth, beside what their blocks print when they are run.

    python -m tests.learn.test_docs

writes the list of exercises anew, after a change of the course.
"""

import html
import re
from collections import defaultdict
from pathlib import Path

from mydl.learn.course import Course
from mydl.learn.runner import run
from tests.documentation.page import blocks

DOCS = Path(__file__).parents[2] / "docs"
COURSE = Course()

TABLE = re.compile(r"(<!-- exercises -->\n).*?(<!-- end of exercises -->)", re.S)


def table():
    """The exercises as a table in Markdown."""
    rows = [f"| {e.number} | `{e.name}` | {e.title} |\n" for e in COURSE.exercises]
    return "".join(["\n| | name | what it is |\n| --- | --- | --- |\n", *rows, "\n"])


def test_the_list_of_exercises_is_the_course():
    assert TABLE.search((DOCS / "learn.md").read_text())[0].split("\n", 1)[1].startswith(table())


def test_the_exercise_of_the_example_accepts_its_solution(tmp_path):
    for block in blocks((DOCS / "teaching.md").read_text()):
        if "file" in block.markers:
            path = tmp_path / block.markers["file"]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text)
    exercise = Course(tmp_path / "exercises")["huber-loss"]
    assert len(exercise.hints) == 3
    answer = tmp_path / exercise.file_name
    answer.write_text(exercise.solution_text())
    assert run(exercise, answer).passed
    answer.write_text(exercise.student_text())
    assert run(exercise, answer).first_failure.kind == "unfilled"


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
    page = DOCS / "learn.md"
    page.write_text(TABLE.sub(lambda m: m[1] + table() + m[2], page.read_text()))
