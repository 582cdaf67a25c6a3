"""What the student's code does wrong is found out and said in plain sentences."""

import numpy as np
import pytest

from mydl.learn.grading import grade

from .conftest import CHECKS


def first(exercise, file):
    results = list(grade(exercise, file, exercise.load_checks()))
    return next((result for result in results if not result.passed), None)


CONDUCT = [
    ("x *= 2\nreturn x", "mutated", "double changed its argument x", None),
    ("2 * x", "none", "double returned None", None),
    ("return [6.0]", "type", "y should be an array and is a list", None),
    ("return x @ np.ones((9, 9))", "exception", "raises ValueError: matmul: Input operand 1", 2),
    ("return 2 * z", "exception", "line 2 of double.py, `return 2 * z`, raises NameError", 2),
    ("raise NotImplementedError", "unfilled", "write it in place of line 2 of double.py", 2),
    ("import sys\nsys.exit()", "exception", "line 3 of double.py, `sys.exit()`, ends", 3),
    ("return double(x)", "exception", "calls itself without end", 2),
    ("raise MemoryError", "memory", "asks for more memory", 2),
    ("def inner():\n    1 / 0\ninner()", "exception", "line 3 of double.py, `1 / 0`, raises", 3),
]


@pytest.mark.parametrize(("body", "kind", "words", "line"), CONDUCT, ids=lambda value: str(value))
def test_conduct(exercise, answer, body, kind, words, line):
    result = first(exercise, answer(body, end="import numpy as np\n"))
    assert result.kind == kind
    assert words in result.sentence
    assert result.line == line


FILES = [
    (
        "def double(x):\n    return (2 * x\n",
        "syntax",
        "line 2 of double.py, `return (2 * x`, is",
    ),
    ("x = 1\x00\n", "syntax", "double.py is not Python"),
    ("def dubble(x):\n    return 2 * x\n", "missing", "did you rename dubble?"),
    ("", "missing", "double.py does not define double: the exercise asks for it by this name"),
    ("import nowhere\n", "exception", "line 1 of double.py, `import nowhere`, raises Module"),
    ("1 / 0\n", "exception", "line 1 of double.py, `1 / 0`, raises ZeroDivisionError"),
    ("raise NotImplementedError\n", "unfilled", "double.py is not written yet"),
    ("import sys\nsys.exit(0)\n", "exception", "line 2 of double.py, `sys.exit(0)`, ends the"),
]


@pytest.mark.parametrize(("text", "kind", "words"), FILES, ids=[text for text, *_ in FILES])
def test_a_file_that_cannot_be_used(exercise, answer, text, kind, words):
    file = answer("pass")
    file.write_text(text)
    result = first(exercise, file)
    assert result.kind == kind
    assert words in result.sentence


def test_a_file_that_is_not_there(exercise, answer):
    file = answer("pass").with_name("other.py")
    assert first(exercise, file).sentence == "other.py cannot be read: No such file or directory"


def with_checks(exercise, body):
    head = CHECKS.partition("@check")[0].replace("compare", "compare, in_place")
    (exercise.folder / "checks.py").write_text(f"{head}@check('it')\ndef it(student):\n{body}")
    return exercise


def test_a_result_that_the_check_cannot_use_is_the_students_affair(exercise, answer):
    body = "    a, b = student.double(np.ones(3))\n"
    result = first(with_checks(exercise, body), answer("return x"))
    assert result.kind == "type"
    assert result.sentence.startswith(
        "double returned an array of shape (3,), and the check expects"
    )


@pytest.mark.parametrize("body", ["1 / 0", "student.double(0)\n    nothing", "[][0]"])
def test_a_broken_check_is_said_to_be_one(exercise, answer, body):
    result = first(with_checks(exercise, f"    {body}\n"), answer("return x"))
    assert result.kind == "broken-check"
    assert "the check itself is broken, in line" in result.sentence
    assert "checks.py: " in result.sentence


CLASS = """\
class Layer:
    def __init__(self, w):
        self.w = w
        self.grad = 0 * w

    def forward(self, x):
        self.x = x
        return x * self.w

    def backward(self, dy):
        self.grad += dy * self.x
        return {result}

    def bad(self):
        return self.nothing


def chain(layers, x):
    assert all(type(layer) is Layer for layer in layers)
    for layer in layers:
        x = layer.forward(x)
    return x


def make(w):
    return Layer(w), Layer(w)
"""

USE = """\
    layer = student.Layer(np.array([2.0, 3.0]))
    x = np.array([5.0, 7.0])
    compare(layer.forward(x), np.array([10.0, 21.0]))
    dy = np.ones(2)
    compare(layer.backward(dy), np.array([2.0, 3.0]))
    compare(layer.grad, x)
    layer.w = np.array([1.0, 1.0])
    compare(layer.forward(x), x)
    compare(student.chain([layer, layer], x), x)
    first, second = student.make(x)
    compare(first.forward(x), x * x)
"""


def test_objects_are_watched_and_handed_on(exercise, answer):
    exercise = with_checks(exercise, USE)
    file = answer("pass")
    file.write_text(CLASS.format(result="dy * self.w"))
    assert first(exercise, file) is None
    file.write_text(CLASS.format(result="dy.__imul__(self.w)"))
    assert first(exercise, file).kind == "mutated"


def test_what_goes_wrong_in_a_method_is_said_with_its_line(exercise, answer):
    file = answer("pass")
    file.write_text(CLASS.format(result="dy"))
    result = first(with_checks(exercise, "    student.Layer(np.ones(1)).bad()\n"), file)
    assert result.sentence.startswith("line 15 of double.py, `return self.nothing`, raises Attrib")
    result = first(with_checks(exercise, "    student.Layer(np.ones(1)).step()\n"), file)
    assert result.kind == "missing"
    assert result.sentence == "an object of Layer has no step: the exercise asks for it"


def test_in_place_allows_changes_and_returning_nothing(exercise, answer):
    body = "    x = np.ones(2)\n    in_place(student.double)(x)\n    compare(x, 2 * np.ones(2))\n"
    assert first(with_checks(exercise, body), answer("x *= 2")) is None


def test_arrays_inside_lists_and_dictionaries_stay_as_they_are(exercise, answer):
    body = "    student.double({'w': [np.ones(2)], 'v': np.ones(2)})\n"
    result = first(with_checks(exercise, body), answer("x['v'] *= 2\nreturn x['v']"))
    assert result.sentence.startswith("double changed its argument x['v']")


def test_other_files_of_the_student_are_imported_and_forgotten(exercise, answer):
    file = answer("return twice(x)", head="from other import twice\n")
    (file.parent / "other.py").write_text("def twice(x):\n    return 2 * x\n")
    assert first(exercise, file) is None
    (file.parent / "other.py").write_text("def twice(x):\n    return 3 * x  # changed\n")
    assert not next(iter(grade(exercise, file, exercise.load_checks()))).passed
    (file.parent / "other.py").write_text("def twice(x):\n    return x.nothing\n")
    result = first(exercise, file)
    assert result.sentence.startswith("line 2 of other.py, `return x.nothing`, raises Attribute")


def test_an_exercise_that_is_needed_is_named(exercise, answer):
    checks = (exercise.folder / "checks.py").read_text()
    (exercise.folder / "checks.py").write_text('REQUIRES = ("conv-dw",)\n' + checks)
    result = first(exercise, answer("return x", head="from conv_dw import conv_dw\n"))
    assert result.kind == "requires"
    assert "do the exercise conv-dw first (mydl learn start conv-dw)" in result.sentence


def test_the_students_folder_is_left_as_it_is(exercise, answer):
    file = answer("return twice(x)", head="from other import twice\n")
    (file.parent / "other.py").write_text("def twice(x):\n    return 2 * x\n")
    list(grade(exercise, file, exercise.load_checks()))
    assert sorted(path.name for path in file.parent.iterdir()) == ["double.py", "other.py"]


def test_a_picture_shows_where_the_mistake_sits(exercise, answer):
    file = answer("y = 2 * x\nif x.ndim > 1: y[:, 0] += 1\nreturn y")
    results = list(grade(exercise, file, exercise.load_checks()))
    assert results[0].passed
    assert "#####\n" not in results[1].picture
    assert results[1].picture.splitlines()[-3:] == ["####", "....", "...."]


def test_numbers_are_checked_to_the_last_bit_of_the_argument(exercise, answer):
    result = first(
        exercise, answer("x[0] = np.nextafter(x[0], 9)\nreturn 2 * x", "import numpy as np\n")
    )
    assert result.kind == "mutated"
    assert np.nextafter(3.0, 9) != 3.0
