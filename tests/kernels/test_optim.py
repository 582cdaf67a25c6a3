"""The optimizers' kernels against their references, with and without the compiler."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mydl.kernels import optim

# kernel: how many arrays it takes, and the numbers and flags after them
ARGUMENTS = {
    "sgd": (3, (0.1,), ()),
    "momentum_sgd": (4, (0.1, 0.9), (False,)),
    "momentum_sgd, Nesterov": (4, (0.1, 0.9), (True,)),
    "adam": (5, (0.01, 0.1, 0.001, 0.271, 0.0547, 1e-8), (False,)),
    "adam, decoupled": (5, (0.01, 0.1, 0.001, 0.271, 0.0547, 1e-8), (True,)),
    "rmsprop": (5, (0.01, 0.01, 1e-8, 0.9), ()),
}


def arguments(name, size, dtype):
    """Arrays, which are positive so that running means of squares make sense, numbers and flags."""
    count, numbers, flags = ARGUMENTS[name]
    rng = np.random.default_rng(0)
    arrays = [rng.uniform(0.1, 1, size).astype(dtype) for _ in range(count)]
    return arrays, [dtype(number) for number in numbers], flags


@pytest.mark.parametrize("name", ARGUMENTS)
@given(size=st.integers(0, 70), dtype=st.sampled_from([np.float32, np.float64]))
def test_kernels_equal_their_references(name, size, dtype):
    kernel = getattr(optim, name.split(",")[0])
    arrays, numbers, flags = arguments(name, size, dtype)
    expected = [array.copy() for array in arrays]
    kernel.reference(*expected, *numbers, *flags)
    kernel(*arrays, *numbers, *flags)
    for array, want in zip(arrays, expected, strict=True):
        assert array.dtype == dtype
        np.testing.assert_allclose(array, want, rtol=20 * np.finfo(dtype).eps)


@pytest.mark.parametrize("name", ARGUMENTS)
def test_loops_are_right_without_the_compiler(name):
    kernel = getattr(optim, name.split(",")[0])
    arrays, numbers, flags = arguments(name, 9, np.float64)
    expected = [array.copy() for array in arrays]
    kernel.reference(*expected, *numbers, *flags)
    kernel.loops(*arrays, *numbers, *flags)
    for array, want in zip(arrays, expected, strict=True):
        np.testing.assert_allclose(array, want, rtol=1e-13)


@given(st.integers(0, 300), st.sampled_from([np.float32, np.float64]))
def test_sum_of_squares_equals_its_reference(size, dtype):
    x = np.random.default_rng(0).normal(size=size).astype(dtype)
    results = []
    for run in (optim.sum_of_squares, optim.sum_of_squares.reference):
        total = np.full(1, 9.0)
        run(x, total)
        results.append(total[0])
    assert results[0] == pytest.approx(results[1], rel=1e-12)
    total = np.zeros(1)
    optim.sum_of_squares.loops(x, total)
    assert total[0] == pytest.approx(results[1], rel=1e-12)
