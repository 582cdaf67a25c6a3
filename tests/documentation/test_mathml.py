"""Formulas become MathML, also those in words that docutils does not know."""

import importlib.util
from pathlib import Path

import pytest

nodes = pytest.importorskip("docutils.nodes", reason="needs pip install 'mydl[docs]'")
pytest.importorskip("sphinx", reason="needs pip install 'mydl[docs]'")

PLACE = Path(__file__).parents[2] / "docs" / "_extensions" / "mathml.py"


@pytest.fixture(scope="module")
def mathml():
    spec = importlib.util.spec_from_file_location("mathml_extension", PLACE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def converted(mathml, formula):
    """The formula without the blanks of the layout."""
    text = mathml.mathml(nodes.math(formula, formula), as_block=False)
    return "".join(line.strip() for line in text.splitlines())


@pytest.mark.parametrize(
    ("formula", "known"),
    [
        (r"\big[ x \big]", r"\bigl[ x \bigr]"),
        (r"\Bigg\{ x \Bigg\}", r"\Biggl\{ x \Biggr\}"),
        (r"1, \dots, n", r"1, \ldots, n"),
        (r"\dotsb", r"\dotsb"),
        (r"\tfrac12 x", r"\tfrac{1}{2} x"),
        ("f'(x) + g_n''", r"f^{\prime}(x) + g_n^{\prime\prime}"),
        (r"\text{the layer's } x'", r"\text{the layer's } x^{\prime}"),
    ],
)
def test_some_words_are_said_in_others(mathml, formula, known):
    assert mathml.in_known_words(formula) == known
    assert "<math" in converted(mathml, formula)


def test_a_formula_is_mathml(mathml):
    made = converted(mathml, r"\frac{\partial L}{\partial x_i}")
    assert "<mfrac><mrow><mi>∂</mi><mi>L</mi></mrow>" in made
    assert "<msub><mi>x</mi><mi>i</mi></msub>" in made


def test_what_cannot_be_converted_is_warned_of(mathml, monkeypatch):
    """A warning is an error when the site is built."""
    said = []
    monkeypatch.setattr(mathml.logger, "warning", lambda *words, **more: said.append(words))
    assert converted(mathml, r"\nosuchcommand") == ""
    assert "nosuchcommand" in said[0][1]
