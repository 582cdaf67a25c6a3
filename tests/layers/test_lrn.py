"""Local response normalisation against the paper's formula, term by term."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mydl.gradcheck import gradcheck
from mydl.layer import LayerError
from mydl.layers import LocalResponseNorm


def paper(a, n, alpha, beta, k):
    """Section 3.3 of Krizhevsky et al. 2012, as it is written there."""
    b = np.empty_like(a)
    channels = a.shape[-1]
    for i in range(channels):
        window = range(max(0, i - n // 2), min(channels - 1, i + n // 2) + 1)
        b[..., i] = a[..., i] / (k + alpha * sum(a[..., j] ** 2 for j in window)) ** beta
    return b


layers = st.tuples(
    st.sampled_from([1, 3, 5, 7]), st.floats(0, 2), st.floats(0, 2), st.floats(0.5, 3)
)
shapes = st.tuples(*[st.integers(1, 3)] * 3, st.integers(1, 9))


@settings(max_examples=50)
@given(layers, shapes)
def test_it_is_the_paper_s_formula_with_alpha_divided_by_n(arguments, shape):
    size, alpha, beta, k = arguments
    x = np.random.default_rng(0).normal(size=shape)
    y = LocalResponseNorm(*arguments).forward(x)
    np.testing.assert_allclose(y, paper(x, size, alpha / size, beta, k), rtol=1e-12)


@settings(max_examples=25)
@given(layers, shapes, st.sampled_from(["central", "complex"]))
def test_any_gradient(arguments, shape, method):
    x = np.random.default_rng(0).normal(size=shape)
    report = gradcheck(LocalResponseNorm(*arguments), x, method=method, samples=16)
    assert report, str(report)


def test_a_loud_channel_dampens_its_neighbours_only():
    x = np.ones((1, 1, 1, 9))
    quiet = LocalResponseNorm(5, alpha=1.0).forward(x)
    x[..., 4] = 100
    loud = LocalResponseNorm(5, alpha=1.0).forward(x)
    changed = np.flatnonzero(~np.isclose(loud, quiet).ravel())
    assert changed.tolist() == [2, 3, 4, 5, 6]
    assert (loud[0, 0, 0, [2, 3, 5, 6]] < quiet[0, 0, 0, [2, 3, 5, 6]]).all()


def test_pixels_and_samples_do_not_see_each_other():
    x = np.random.default_rng(0).normal(size=(2, 3, 4, 6))
    norm = LocalResponseNorm(3, alpha=2.0)
    alone = [norm.forward(x[n : n + 1, r : r + 1, c : c + 1]) for n, r, c in np.ndindex(2, 3, 4)]
    np.testing.assert_array_equal(norm.forward(x), np.reshape(alone, x.shape))


def test_nothing_to_do():
    x = np.random.default_rng(0).normal(size=(2, 2, 2, 4))
    for norm in (LocalResponseNorm(beta=0), LocalResponseNorm(alpha=0)):
        np.testing.assert_array_equal(norm.forward(x), x)
        np.testing.assert_array_equal(norm.backward(x), x)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"size": 4}, "size must be odd, for a window with a middle, got 4"),
        ({"size": 0}, "size must be at least 1, got 0"),
        ({"size": 2.5}, "size must be a whole number, got 2.5"),
        ({"alpha": -1}, "alpha must be 0 or greater and finite, got -1"),
        ({"alpha": np.nan}, "alpha must be 0 or greater and finite, got nan"),
        ({"beta": -0.5}, "beta must be 0 or greater and finite, got -0.5"),
        ({"beta": np.inf}, "beta must be 0 or greater and finite, got inf"),
        ({"k": 0}, "k must be greater than 0 and finite, got 0"),
    ],
)
def test_wrong_arguments_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        LocalResponseNorm(**arguments)


def test_what_is_no_batch_of_images():
    with pytest.raises(
        LayerError, match=r"expected an input of shape \(N, H, W, C\), got \(2, 3\)"
    ):
        LocalResponseNorm().forward(np.zeros((2, 3)))


def test_repr():
    norm = LocalResponseNorm(5, alpha=5e-4, k=2)
    assert repr(norm) == "LocalResponseNorm(size=5, alpha=0.0005, beta=0.75, k=2)"
