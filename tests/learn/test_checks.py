import re

import numpy as np
import pytest

from mydl.learn.checks import WrongAnswer, compare, fail, numeric_gradient, several

WANT = np.random.default_rng(0).normal(size=(2, 3, 4))
SINGLE = WANT.astype(np.float32)


def rejected(got, want=WANT, **options):
    with pytest.raises(WrongAnswer) as caught:
        compare(got, want, name="dx", axes=("N", "H", "C"), **options)
    return caught.value.diagnosis


def test_what_is_close_passes():
    compare(WANT + 1e-10, WANT)
    compare(WANT.astype(np.float32), WANT, rtol=1e-5)
    compare(3.0, np.float64(3))
    compare(np.float64(3), 3.0)


@pytest.mark.parametrize(
    ("got", "kind", "words"),
    [
        (None, "type", "dx should be an array and is a NoneType"),
        (WANT.tolist(), "type", r"is a list: np.array\(...\) makes it one"),
        ((WANT, WANT), "type", "is a tuple of 2"),
        (np.array(["a"]), "type", "is a ndarray of <U1"),
        (WANT[0], "shape", r"dx must have shape \(N, H, C\) = \(2, 3, 4\), got \(3, 4\)"),
        (WANT.transpose(2, 1, 0), "shape", "its axes are in another order"),
        (WANT.astype(int), "dtype", "dx has the dtype int64 and should have float64"),
        (WANT + 0j, "dtype", "take its real part"),
        (WANT > 0, "dtype", "multiply the mask"),
        (SINGLE + np.float32(50) - np.float32(50), "dtype", "as exact as float32 allows"),
        (np.where(WANT > 1, np.nan, WANT), "nan", "dx is nan in"),
        (-WANT, "sign", "dx"),
        (3 * WANT, "factor", "dx"),
        (np.zeros_like(WANT), "zeros", "dx"),
    ],
)
def test_the_first_thing_that_is_wrong_is_said(got, kind, words):
    diagnosis = rejected(got)
    assert diagnosis.kind == kind
    assert re.search(words, diagnosis.sentence)


def test_a_number_is_expected_where_there_are_no_axes():
    with pytest.raises(WrongAnswer, match="the result should be a number and is a list"):
        compare([1.0], 1.0)


def test_a_typical_mistake_comes_before_patterns():
    halves = {"mean": ("you took the mean", WANT / 2)}
    assert rejected(WANT / 2, mistakes=halves).kind == "mean"
    broken = np.where(WANT > 1, np.nan, WANT)
    assert rejected(broken, mistakes={"log-of-zero": ("log(0)", broken)}).kind == "log-of-zero"


def test_a_region_is_named():
    mask = np.zeros(WANT.shape, bool)
    mask[:, 0] = True
    diagnosis = rejected(np.where(mask, WANT + np.abs(WANT) ** 3, WANT), regions={"border": mask})
    assert diagnosis.kind == "border"
    np.testing.assert_array_equal(diagnosis.where, mask)


def test_fail_says_what_it_is_told():
    with pytest.raises(WrongAnswer, match="too large") as caught:
        fail("step", "the step is too large", line=3)
    assert caught.value.diagnosis.kind == "step"
    assert caught.value.line == 3


@pytest.mark.parametrize(
    ("got", "what"),
    [(np.zeros((2, 3)), "one array"), ((1, 2, 3), "a tuple of 3"), ({"y": 1}, "a dict")],
)
def test_several_results_are_counted(got, what):
    with pytest.raises(WrongAnswer, match=f"`return y, kept`; it returned {what}$") as caught:
        several(got, "forward", "y", "kept")
    assert caught.value.diagnosis.kind == "type"


def test_numeric_gradient_is_that_of_a_weighted_sum():
    rng = np.random.default_rng(1)
    x, w, dy = rng.normal(size=(2, 3)), rng.normal(size=(3, 4)), rng.normal(size=(2, 4))
    before = x.copy()
    np.testing.assert_allclose(numeric_gradient(lambda x: x @ w, x, dy), dy @ w.T, rtol=1e-8)
    np.testing.assert_allclose(numeric_gradient(lambda x: np.sum(x**3), x), 3 * x**2, rtol=1e-6)
    np.testing.assert_array_equal(x, before)
