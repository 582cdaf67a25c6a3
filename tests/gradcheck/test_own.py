"""Layers from a user's file, and what they are told when something is wrong with it."""

import re

import numpy as np
import pytest

from mydl.gradcheck.own import own_case, parse_shape

LAYERS = """
import numpy as np
from mydl.layer import Layer
from mydl.layers import Linear

class Half(Layer):
    def forward(self, x):
        self._keep(x)
        return x * x / 2
    def backward(self, dy):
        (x,) = self._take()
        return dy * x

class Wrong(Half):
    def backward(self, dy):
        return 2 * super().backward(dy)

class Plain:
    def forward(self, x):
        return 3 * x
    def backward(self, dy):
        return 3 * dy

class Raises(Half):
    def backward(self, dy):
        return dy @ np.ones((7, 7))

class Needs(Half):
    def __init__(self, size):
        super().__init__()

def make():
    return Linear(3, 2)

def nothing():
    return 3

ready = Linear(3, 4)
"""


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(LAYERS)
    return path


@pytest.mark.parametrize("name", ["Half", "Plain", "make", "ready"])
def test_a_class_a_function_and_a_layer(file, name):
    case = own_case(f"{file}:{name}", "2x3")
    assert (case.name, case.setting, case.shape) == (name, "2x3", (2, 3))
    report = case.check()
    assert report, str(report)
    assert case.sweep().best("float64")[1] < 1e-8


def test_a_wrong_layer_is_explained(file):
    (found,) = own_case(f"{file}:Wrong", "2x3").check().diagnoses
    assert found.kind == "twice"


@pytest.mark.parametrize(
    ("target", "shape", "message"),
    [
        ("mine.py:Half", None, "say the shape of the input for .*--input 2x5x4x3"),
        ("mine.py:Half", "2xa", "--input must be the shape of the input, .* got '2xa'"),
        ("mine.py:Half", "2x0", "got '2x0'"),
        ("mine.py:Hlaf", "2x3", "mine.py: there is no name 'Hlaf': did you mean 'Half'"),
        ("mine.py", "2x3", "say which layer of .*mine.py to check, as in .*mine.py:Half"),
        ("mine.py:Needs", "2x3", "Needs takes arguments .*'size'.*: name a function without"),
        ("mine.py:nothing", "2x3", "must be or make a layer with forward and backward, got int"),
        ("gone.py:Half", "2x3", "there is no file .*gone.py"),
    ],
)
def test_what_is_wrong_is_said(file, target, shape, message):
    with pytest.raises(ValueError, match=message):
        own_case(str(file.parent / target), shape)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x = 1\ndef f(:\n", ":2: invalid syntax"),
        ("\nimport gone_away\n", ":2: ModuleNotFoundError: No module named 'gone_away'"),
        ("exit()\n", ":1: SystemExit"),
    ],
)
def test_a_file_that_does_not_load_is_told_by_its_line(tmp_path, text, message):
    path = tmp_path / "broken.py"
    path.write_text(text)
    with pytest.raises(ValueError, match=re.escape(message)):
        own_case(f"{path}:Layer", "2x3")


def test_an_error_in_backward_is_told_by_its_line(file):
    line = next(i for i, text in enumerate(LAYERS.splitlines(), 1) if "np.ones((7, 7))" in text)
    with pytest.raises(ValueError, match=f"mine.py:{line}: ValueError: matmul"):
        own_case(f"{file}:Raises", "2x3").check()


def test_an_error_of_the_library_stays_as_it_is(file):
    with pytest.raises(ValueError, match=r"^Linear: expected"):
        own_case(f"{file}:make", "2x5").check()


def test_a_file_may_import_its_neighbours(file):
    (file.parent / "neighbour.py").write_text("from mine import Half\n")
    assert own_case(f"{file.parent / 'neighbour.py'}:Half", "2x3").check()


def test_shapes():
    assert parse_shape("7") == (7,)
    assert parse_shape("2X5x4") == (2, 5, 4)
    assert np.prod(parse_shape("2,3")) == 6
