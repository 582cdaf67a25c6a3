"""Muon against its definition by singular values, PyTorch's numbers, AdamW and bad input."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mydl.layers import Conv2d, Linear, Sequential
from mydl.optim import AdamW, Muon, make_optimizer
from mydl.optim.muon import COEFFICIENTS, EPS, ITERATIONS, orthogonalize
from mydl.parameter_vector import ParameterVector

REFERENCES = np.load(Path(__file__).parents[1] / "references" / "optim.npz")
SIZES = st.integers(1, 9)


def by_singular_values(matrix):
    """What the iteration does, told by what it does to each singular value."""
    u, s, vt = np.linalg.svd(matrix, full_matrices=False)
    a, b, c = COEFFICIENTS
    s = s / (np.linalg.norm(matrix) + EPS)
    for _ in range(ITERATIONS):
        s = a * s + b * s**3 + c * s**5
    return u * s @ vt


@given(SIZES, SIZES, st.integers(0, 100))
def test_the_iteration_changes_singular_values_and_no_directions(rows, columns, seed):
    matrix = np.random.default_rng(seed).normal(size=(rows, columns))
    np.testing.assert_allclose(orthogonalize(matrix), by_singular_values(matrix), atol=1e-10)


@given(SIZES, SIZES, st.floats(1e-3, 1e3))
def test_the_size_of_the_gradient_does_not_matter(rows, columns, factor):
    matrix = np.random.default_rng(0).normal(size=(rows, columns))
    np.testing.assert_allclose(orthogonalize(factor * matrix), orthogonalize(matrix), atol=1e-2)


def test_a_step_has_nearly_equal_length_in_every_direction():
    """Also where the gradient is a thousand times longer in one than in another."""
    rng = np.random.default_rng(0)
    u, v = (np.linalg.qr(rng.normal(size=(n, 4)))[0] for n in (12, 7))
    matrix = u * [10.0, 1.0, 0.3, 0.1] @ v.T
    singular_values = np.linalg.svd(orthogonalize(matrix), compute_uv=False)
    assert np.all((singular_values[:4] > 0.6) & (singular_values[:4] < 1.3))
    assert np.all(singular_values[4:] < 1e-10)


def test_no_gradient_is_no_step():
    assert not orthogonalize(np.zeros((3, 4), np.float32)).any()
    data = np.ones(12, np.float32)
    Muon(data, 0.1, weight_decay=0.0, matrices=[(slice(0, 12), (3, 4))]).step(np.zeros_like(data))
    np.testing.assert_array_equal(data, 1)


@pytest.mark.parametrize("name", ["wide", "tall"])
def test_every_step_is_pytorchs_but_for_its_rounding(name):
    """PyTorch iterates in bfloat16, which has 8 bits: a step differs by about a hundredth."""
    weight, grads = REFERENCES[f"muon/{name}/data"], REFERENCES[f"muon/{name}/grads"]
    data = weight.ravel().copy()
    place = slice(0, data.size)
    optimizer = Muon(data, 0.05, weight_decay=0.2, momentum=0.9, matrices=[(place, weight.shape)])
    before = weight
    for grad, expected in zip(grads, REFERENCES[f"muon/{name}"], strict=True):
        optimizer.step(grad.ravel())
        step = np.abs(expected - before).max()
        np.testing.assert_allclose(data.reshape(weight.shape), expected, atol=0.05 * step)
        data[...], before = expected.ravel(), expected


def test_what_is_no_matrix_goes_adamws_way():
    rng = np.random.default_rng(0)
    data, grads = rng.normal(size=20), rng.normal(size=(4, 20))
    twin = data.copy()
    optimizer = Muon(data, 0.01, weight_decay=0.1, matrices=[(slice(6, 12), (2, 3))])
    other = AdamW(twin, 0.01, weight_decay=0.1)
    for grad in grads:
        optimizer.step(grad)
        other.step(grad)
    rest = np.r_[:6, 12:20]
    np.testing.assert_array_equal(data[rest], twin[rest])
    assert not np.isclose(data[6:12], twin[6:12]).any()


def test_the_matrices_of_a_network_are_those_of_its_products():
    rng = np.random.default_rng(0)
    conv, linear = Conv2d(2, 5, 3, rng=rng), Linear(4, 3, rng=rng)
    vector = ParameterVector(Sequential(conv, linear))
    shapes = [shape for _, shape in vector.matrices]
    assert shapes == [(18, 5), (4, 3)]
    (place, shape), _ = vector.matrices
    np.testing.assert_array_equal(
        vector.data[place].reshape(shape), conv.weight.data.reshape(shape)
    )


def test_the_bits_do_not_depend_on_threads():
    rng = np.random.default_rng(0)
    start, grads = rng.normal(size=3000).astype(np.float32), rng.normal(size=(3, 3000))
    matrices = [(slice(1000 * i, 1000 * i + 1000), (20, 50)) for i in range(3)]
    results = []
    for threads in (1, 3):
        data = start.copy()
        optimizer = Muon(data, 0.1, matrices=matrices, threads=threads)
        for grad in grads.astype(np.float32):
            optimizer.step(grad)
        results.append(data)
    np.testing.assert_array_equal(*results)


def test_a_resumed_optimizer_goes_on_with_the_same_bits():
    rng = np.random.default_rng(1)
    start, grads = rng.normal(size=40), rng.normal(size=(6, 40))
    options = {"matrices": [(slice(8, 32), (4, 6))], "lr": 0.02}
    straight = Muon(start.copy(), **options)
    for grad in grads:
        straight.step(grad)
    first = Muon(start.copy(), **options)
    for grad in grads[:3]:
        first.step(grad)
    second = Muon(first.data.copy(), **options)
    second.load_state_dict(first.state_dict())
    for grad in grads[3:]:
        second.step(grad)
    np.testing.assert_array_equal(second.data, straight.data)


def test_the_mask_says_which_parameters_decay():
    data = np.full(8, 2.0)
    mask = np.array([1, 1, 1, 1, 0, 0, 0, 0], bool)
    matrices = [(slice(0, 4), (2, 2)), (slice(4, 8), (2, 2))]
    Muon(data, 0.1, weight_decay=0.5, decay_mask=mask, matrices=matrices).step(np.zeros(8))
    np.testing.assert_allclose(data, [1.9] * 4 + [2.0] * 4)


def test_by_name_it_takes_momentum_and_matrices():
    matrices = [(slice(0, 4), (2, 2))]
    data, twin = np.ones(6), np.ones(6)
    optimizer = make_optimizer(
        "muon", data, 0.1, momentum=0.8, weight_decay=0.3, matrices=matrices, threads=2
    )
    other = Muon(twin, 0.1, momentum=0.8, weight_decay=0.3, matrices=matrices)
    for grad in (np.arange(6.0), -np.ones(6)):
        optimizer.step(grad)
        other.step(grad)
    np.testing.assert_array_equal(data, twin)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"momentum": 1.0}, "momentum must be from 0 up to, not including, 1, got 1.0"),
        ({"matrices": [(slice(0, 4), (2, 3))]}, r"no matrix of shape \(2, 3\) in slice\(0, 4"),
        ({"betas": (1.0, 0.9)}, "betas must be"),
    ],
)
def test_bad_arguments_are_told_in_a_sentence(options, message):
    with pytest.raises(ValueError, match=message):
        Muon(np.ones(8), 0.1, **{"matrices": [], **options})
