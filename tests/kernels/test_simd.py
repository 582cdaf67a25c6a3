"""The vector type: each operation is what its NumPy body says, to the end of any array."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mydl.kernels.compile import LANES, inlined, kernel
from mydl.kernels.simd import load, maximum, splat, spread, store, where

DTYPES = st.sampled_from([np.float32, np.float64])
LENGTHS = st.integers(0, 40)


@inlined
def combine(a, b):
    """Every operator, between vectors and with numbers on either side, in a tuple."""
    low, high = where(a > b, b, a), maximum(a, b)
    special = (a == b) | (a != a)
    return 2 * low - 3 + high * b, where(special, -1, where(a > 0.5, high, low - high))


def combined_reference(a, b, one, two):
    low, high = np.where(a > b, b, a), np.where(b > a, b, a)
    one[...] = 2 * low - 3 + high * b
    two[...] = np.where((a == b) | np.isnan(a), -1, np.where(a > 0.5, high, low - high))


@kernel(combined_reference, vectors="a b one two")
def combined(a, b, one, two, tail):
    for row in range(a.shape[0]):
        for c in range(0, a.shape[1], LANES):
            x, y = combine(load(a, (row, c), tail), load(b, (row, c), tail))
            store(one, (row, c), x, tail)
            store(two, (row, c), y, tail)


@given(length=LENGTHS, dtype=DTYPES)
def test_operators_equal_numpys(length, dtype):
    wide = np.random.default_rng(length).integers(-3, 4, (4, 3, length + 5)).astype(dtype) / 2
    wide[0, 0] = np.nan
    a, b, one, two = wide[..., 2 : 2 + length]
    expected = np.empty_like(one), np.empty_like(two)
    before = wide.copy()
    combined.reference(a, b, *expected)
    combined(a, b, one, two)
    np.testing.assert_array_equal(one, expected[0])  # of small halves, nothing is rounded
    np.testing.assert_array_equal(two, expected[1])
    before[2:, :, 2 : 2 + length] = wide[2:, :, 2 : 2 + length]
    np.testing.assert_array_equal(wide, before)  # nothing written beside the slices


def first_largest_reference(a, best, which):
    best[...], which[...] = a.max(axis=0), a.argmax(axis=0)


@kernel(first_largest_reference, vectors="a best which")
def first_largest(a, best, which, tail):
    """Bytes beside floats: the largest of each column, and the row it is in."""
    for c in range(0, a.shape[1], LANES):
        value, number = load(a, (0, c), tail), splat(which, 0)
        for row in range(a.shape[0]):
            larger = load(a, (row, c), tail) > value
            number = where(larger, row, number)
            value = where(larger, load(a, (row, c), tail), value)
        store(best, (c,), value, tail)
        store(which, (c,), number, tail)


@given(length=LENGTHS, dtype=DTYPES)
def test_vectors_of_bytes(length, dtype):
    a = np.random.default_rng(length).normal(size=(9, length)).astype(dtype)
    best, which = np.empty(length, dtype), np.empty(length, np.uint8)
    first_largest(a, best, which)
    np.testing.assert_array_equal(best, a.max(axis=0))
    np.testing.assert_array_equal(which, a.argmax(axis=0))


def outer_reference(a, b, out):
    out[...] = a[:, 0, None] * b


@kernel(outer_reference, vectors="b out")
def outer(a, b, out, tail):
    for row in range(a.shape[0]):
        for c in range(0, b.shape[0], LANES):
            store(out, (row, c), spread(a, (row, 0)) * load(b, (c,), tail), tail)


@given(length=LENGTHS, dtype=DTYPES)
def test_a_number_spread_over_a_vector(length, dtype):
    rng = np.random.default_rng(length)
    a, b = rng.normal(size=(2, 5)).astype(dtype).T, rng.normal(size=length).astype(dtype)
    out, expected = np.empty((2, 5, length), dtype)
    outer(a, b, out)
    outer.reference(a, b, expected)
    np.testing.assert_array_equal(out, expected)


def copy_reference(a, b, first):
    b[:, first:] = a[:, first:]


@kernel(copy_reference, vectors="a b")
def copy(a, b, first, tail):
    for row in range(a.shape[0]):
        for c in range(first, a.shape[1], LANES):
            store(b, (row, c), load(a, (row, c), tail), tail)


@pytest.mark.parametrize("length", [LANES - 1, LANES + 1, 2 * LANES + 3])
@pytest.mark.parametrize("first", [0, 1, 2, 3, 4])
@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64])
def test_only_a_vector_that_reaches_past_the_end_is_cut_off(length, first, dtype):
    a = np.arange(1, 2 * length + 1).reshape(2, length).astype(dtype)
    wide = np.zeros((2, length + LANES), dtype)
    copy(a, wide[:, :length], first)
    expected = np.zeros_like(wide)
    copy.reference(a, expected[:, :length], first)
    np.testing.assert_array_equal(wide, expected)


def test_a_kernel_says_which_array_is_not_contiguous():
    a = np.zeros((16, 2), np.float32)
    with pytest.raises(ValueError, match=r"outer: the last axis of b must be contiguous.*\(8,\)"):
        outer(a, a[:, 0], np.zeros((16, 16), np.float32))


def test_contiguous_arrays_and_slices_may_be_mixed():
    a, b = np.ones((2, 16), np.float32), np.ones((2, 32), np.float32)[:, 16:]
    for left, right in ((a, a), (a, b), (b, b)):
        one, two = np.empty_like(a), np.empty_like(a)
        combined(left, right, one, two)
        assert (one == 0).all()
        assert (two == -1).all()


def test_complex_arrays_go_to_the_reference():
    a, b, out = np.ones((2, 1), complex), np.ones(3, complex), np.zeros((2, 3), complex)
    outer(1j * a, b, out)
    assert (out == 1j).all()
