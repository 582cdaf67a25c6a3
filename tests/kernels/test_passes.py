"""Fused element-wise passes against their references."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mydl.kernels.passes import bias_relu, relu_backward

CHANNELS = st.sampled_from([1, 3, 16, 48, 64, 65, 80, 150])
DTYPES = st.sampled_from([np.float32, np.float64])


def draw(seed, dtype, *shapes):
    rng = np.random.default_rng(seed)
    return [rng.normal(size=shape).astype(dtype) for shape in shapes]


@given(rows=st.integers(0, 600), channels=CHANNELS, dtype=DTYPES, left=st.integers(0, 20))
def test_bias_relu_on_a_slice(rows, channels, dtype, left):
    wide, bias = draw(0, dtype, (rows, channels + left + 7), (channels,))
    expected = wide.copy()
    bias_relu.reference(expected[:, left : left + channels], bias)
    bias_relu(wide[:, left : left + channels], bias)
    np.testing.assert_array_equal(wide, expected)


@given(rows=st.integers(0, 600), channels=CHANNELS, dtype=DTYPES, in_place=st.booleans())
def test_relu_backward(rows, channels, dtype, in_place):
    shape = (rows, channels)
    dy, y, d, dbias = draw(1, dtype, shape, shape, shape, (channels,))
    exact = dbias.astype(np.float64)
    expected = np.empty(shape)
    relu_backward.reference(dy.astype(np.float64), y, expected, exact)
    relu_backward(dy, y, dy if in_place else d, dbias)
    np.testing.assert_array_equal(dy if in_place else d, expected)
    bound = {np.float32: 1e-5, np.float64: 1e-13}[dtype]
    np.testing.assert_allclose(dbias, exact, atol=bound * max(1, rows**0.5))


def test_a_last_axis_that_is_not_contiguous_is_refused():
    y = np.zeros((32, 4), np.float32).T
    with pytest.raises(ValueError, match="the last axis of y must be contiguous"):
        bias_relu(y, np.zeros(32, np.float32))
