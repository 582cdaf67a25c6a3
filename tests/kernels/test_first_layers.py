"""Convolution, bias, ReLU and pooling in one kernel, against the steps one by one."""

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from mydl.kernels.first_layers import conv_pool, conv_pool_backward
from mydl.layers import Conv2d, MaxPool2d, ReLU
from mydl.layers.window import Window

BOUNDS = {np.float32: 1e-5, np.float64: 1e-13}  # relative to the largest value
DTYPES = st.sampled_from([np.float32, np.float64])


@st.composite
def problems(draw):
    """(N, H, W, C, K), the convolution's window and the pooling's, that fit."""
    pairs = st.tuples(st.integers(1, 3), st.integers(1, 3))
    size = draw(st.tuples(st.integers(1, 4), st.integers(1, 4)))
    conv = Window.of(size, draw(pairs), draw(st.integers(0, 2)))
    pool_size = draw(pairs)
    padding = draw(st.tuples(*(st.integers(0, k // 2) for k in pool_size)))
    pool = Window.of(pool_size, draw(pairs), padding, draw(st.booleans()))
    shape = (draw(st.integers(0, 2)), draw(st.integers(4, 12)), draw(st.integers(4, 12)))
    shape = (*shape, draw(st.sampled_from([1, 3, 5])))
    z = conv.output_size(*shape[1:3])
    if min(*z, *pool.output_size(*z)) < 1:
        conv, pool = Window.of(1, 1, 0), Window.of(1, 1, 0)
    return (*shape, draw(st.sampled_from([1, 3, 16, 18]))), conv, pool


SQUEEZENET = (2, 32, 32, 3, 64), Window.of(3, 1, 1), Window.of(3, 2, 0, ceil_mode=True)
# More rows of output pixels than are worked on at a time; a window of more than 32 numbers.
SEVERAL_BLOCKS = (1, 80, 75, 3, 64), Window.of(7, 2, 3), Window.of(3, 2, 0, ceil_mode=True)
WIDE = (1, 9, 700, 1, 64), Window.of(3, 1, 1), Window.of(3, 1, 1)


def arrays(problem, dtype):
    """The arrays of a call, and the two geometries."""
    (n, h, w, c, k), conv, pool = problem
    z = conv.output_size(h, w)
    (top, _), (left, _) = conv.pads(h, w)
    (pool_top, _), (pool_left, _) = pool.pads(*z)
    rng = np.random.default_rng(0)
    x = rng.normal(size=(n, h, w, c)).astype(dtype)
    weight = rng.normal(size=(*conv.kernel_size, c, k)).astype(dtype)
    bias = rng.normal(size=k).astype(dtype)
    y = rng.normal(size=(n, *pool.output_size(*z), k)).astype(dtype)
    geometries = (
        (z, conv.stride, (top, left)),
        (pool.kernel_size, pool.stride, (pool_top, pool_left)),
    )
    return x, weight, bias, y, np.zeros(y.shape, np.uint8), geometries


def assert_close(ours, expected, dtype):
    assert ours.dtype == dtype
    scale = max(1.0, np.abs(expected).max(initial=0))
    np.testing.assert_allclose(ours, expected, rtol=0, atol=BOUNDS[dtype] * scale)


@given(problem=problems(), dtype=DTYPES)
@example(SQUEEZENET, np.float32)
@example(SEVERAL_BLOCKS, np.float32)
@example(WIDE, np.float32)
def test_forward_equals_its_reference(problem, dtype):
    x, weight, bias, y, argument, geometries = arrays(problem, dtype)
    expected, expected_argument = y.astype(np.float64), argument.copy()
    exact = (array.astype(np.float64) for array in (x, weight, bias))
    conv_pool.reference(*exact, expected, expected_argument, *geometries)
    conv_pool(x, weight, bias, y, argument, *geometries)
    assert_close(y, expected, dtype)
    if dtype is np.float64:  # in float32, rounding may turn a near tie
        np.testing.assert_array_equal(argument, expected_argument)


@given(problem=problems(), dtype=DTYPES)
@example(SQUEEZENET, np.float32)
@example(SEVERAL_BLOCKS, np.float32)
@example(WIDE, np.float32)
def test_backward_equals_its_reference(problem, dtype):
    x, weight, bias, y, argument, geometries = arrays(problem, dtype)
    conv_pool(x, weight, bias, y, argument, *geometries)
    dy = np.random.default_rng(1).normal(size=y.shape).astype(dtype)
    dweight, dbias = weight + 1, bias + 1  # gradients are added to what is there
    expected = dweight.astype(np.float64), dbias.astype(np.float64)
    exact = dy.astype(np.float64), y, argument, x.astype(np.float64)
    conv_pool_backward.reference(*exact, *expected, *geometries)
    conv_pool_backward(dy, y, argument, x, dweight, dbias, *geometries)
    assert_close(dweight, expected[0], dtype)
    assert_close(dbias, expected[1], dtype)


def test_they_are_the_layers_they_stand_for():
    conv, relu = Conv2d(3, 20, 3, stride=2, padding=1, dtype=np.float64), ReLU()
    pool = MaxPool2d(3, 2, ceil_mode=True)
    rng = np.random.default_rng(0)
    conv.bias.data = rng.normal(size=20)
    problem = (2, 17, 20, 3, 20), conv.window, pool.window
    x, _, _, y, argument, geometries = arrays(problem, np.float64)
    expected = pool.forward(relu.forward(conv.forward(x)))
    conv_pool(x, conv.weight.data, conv.bias.data, y, argument, *geometries)
    np.testing.assert_allclose(y, expected, atol=1e-13)
    dy = rng.normal(size=y.shape)
    conv.backward(relu.backward(pool.backward(dy)))
    dweight, dbias = np.zeros_like(conv.weight.data), np.zeros(20)
    conv_pool_backward(dy, y, argument, x, dweight, dbias, *geometries)
    np.testing.assert_allclose(dweight, conv.weight.grad, atol=1e-12)
    np.testing.assert_allclose(dbias, conv.bias.grad, atol=1e-12)


def test_nan_is_passed_on():
    problem = (1, 4, 4, 1, 16), Window.of(1, 1, 0), Window.of(2, 2, 0)
    x, weight, bias, y, argument, geometries = arrays(problem, np.float32)
    x[0, 1, 0] = np.nan
    conv_pool(x, weight, bias, y, argument, *geometries)
    assert np.isnan(y[0, 0, 0]).all()
    assert (argument[0, 0, 0] == 2).all()
    assert np.isfinite(y[0, 1]).all()
