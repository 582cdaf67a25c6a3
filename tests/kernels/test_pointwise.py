"""The matrix product in tiles and the 1x1 convolution against their references."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mydl.kernels.pointwise import multiply, pointwise_backward
from mydl.layers import Conv2d, ReLU

BOUNDS = {np.float32: 1e-5, np.float64: 1e-13}  # relative to the largest value
DTYPES = st.sampled_from([np.float32, np.float64])
CHANNELS = st.sampled_from([1, 3, 15, 16, 17, 32, 48])


def normal(*shape, dtype, seed=0):
    return np.random.default_rng([seed, *shape]).normal(size=shape).astype(dtype)


def assert_close(ours, expected, dtype):
    assert ours.dtype == dtype
    scale = max(1.0, np.abs(expected).max(initial=0))
    np.testing.assert_allclose(ours, expected, rtol=0, atol=BOUNDS[dtype] * scale)


@given(
    rows=st.integers(0, 20),
    inner=st.integers(0, 40),
    columns=CHANNELS,
    transposed=st.booleans(),
    add=st.booleans(),
    relu=st.booleans(),
    dtype=DTYPES,
)
def test_multiply_equals_its_reference(rows, inner, columns, transposed, add, relu, dtype):
    a = normal(inner, rows, dtype=dtype).T if transposed else normal(rows, inner, dtype=dtype)
    b, bias = normal(inner, columns, dtype=dtype), normal(columns, dtype=dtype)
    wide = normal(rows, columns + 7, dtype=dtype)
    out = wide[:, 3 : 3 + columns]
    expected = out.astype(np.float64)
    multiply.reference(a.astype(np.float64), b, bias, expected, add, relu)
    around = wide.copy()
    multiply(a, b, bias, out, add, relu)
    assert_close(out, expected, dtype)
    around[:, 3 : 3 + columns] = out
    np.testing.assert_array_equal(wide, around)  # nothing written beside the slice


@given(pixels=st.integers(0, 300), c=CHANNELS, k=CHANNELS, dtype=DTYPES)
def test_pointwise_backward_equals_its_reference(pixels, c, k, dtype):
    wide_dy, wide_y = normal(pixels, 2 * k, dtype=dtype), normal(pixels, 2 * k, dtype=dtype, seed=1)
    inputs = wide_dy[:, k:], wide_y[:, k:], normal(pixels, c, dtype=dtype)
    inputs = *inputs, normal(c, k, dtype=dtype)
    outputs = [
        normal(c, k, dtype=dtype, seed=2),
        normal(k, dtype=dtype),
        normal(pixels, c, dtype=dtype),
    ]
    expected = [out.astype(np.float64) for out in outputs]
    kept = [array.copy() for array in inputs]
    pointwise_backward.reference(*(array.astype(np.float64) for array in inputs), *expected)
    pointwise_backward(*inputs, *outputs)
    for ours, other in zip(outputs, expected, strict=True):
        assert_close(ours, other, dtype)
    assert all(map(np.array_equal, inputs, kept))


def test_they_are_a_convolution_and_a_relu():
    conv, relu = Conv2d(5, 18, 1, dtype=np.float64), ReLU()
    conv.bias.data = normal(18, dtype=np.float64)
    x, dy = normal(2, 4, 3, 5, dtype=np.float64), normal(2, 4, 3, 18, dtype=np.float64)
    expected = relu.forward(conv.forward(x))
    expected_dx = conv.backward(relu.backward(dy))
    y, dx = np.empty_like(expected), np.empty_like(x)
    weight, dweight, dbias = conv.weight.data.reshape(5, 18), np.zeros((5, 18)), np.zeros(18)
    multiply(x.reshape(-1, 5), weight, conv.bias.data, y.reshape(-1, 18), False, True)
    pointwise_backward(
        dy.reshape(-1, 18), y.reshape(-1, 18), x.reshape(-1, 5), weight, dweight, dbias,
        dx.reshape(-1, 5),
    )  # fmt: skip
    np.testing.assert_allclose(y, expected, atol=1e-13)
    np.testing.assert_allclose(dx, expected_dx, atol=1e-13)
    np.testing.assert_allclose(dweight, conv.weight.grad.reshape(5, 18), atol=1e-13)
    np.testing.assert_allclose(dbias, conv.bias.grad, atol=1e-13)


def test_no_relu_is_an_output_of_ones():
    dy, weight = normal(4, 16, dtype=np.float32), normal(3, 16, dtype=np.float32)
    ones = np.broadcast_to(np.ones(16, np.float32), dy.shape)
    dweight, dbias, dx = (
        np.zeros_like(weight),
        np.zeros(16, np.float32),
        np.empty((4, 3), np.float32),
    )
    pointwise_backward(dy, ones, dx * 0, weight, dweight, dbias, dx)
    np.testing.assert_allclose(dbias, dy.sum(axis=0), atol=1e-6)
    np.testing.assert_allclose(dx, dy @ weight.T, atol=1e-5)


def test_columns_apart_are_refused():
    a = np.zeros((4, 4), np.float32)
    with pytest.raises(ValueError, match="the last axis of b must be contiguous"):
        multiply(a, a.T, a[0], a.copy(), False, False)
