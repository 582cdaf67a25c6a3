"""im2col and col2im against their references, and col2im as the transpose of im2col."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mydl.kernels.im2col import col2im, im2col
from mydl.layers.window import Window


@st.composite
def convolutions(draw):
    """(images' shape, window) of all kinds of convolutions that fit."""
    kernel = draw(st.tuples(st.integers(1, 4), st.integers(1, 4)))
    stride = draw(st.tuples(st.integers(1, 4), st.integers(1, 4)))
    side = st.tuples(st.integers(0, 3), st.integers(0, 3))
    padding = draw(st.one_of(st.just("same"), st.tuples(side, side)))
    window = Window.of(kernel, stride, padding)
    shape = tuple(draw(st.integers(low, 9)) for low in (0, 1, 1, 1))
    h_out, w_out = window.output_size(*shape[1:3])
    if min(h_out, w_out) < 1:
        shape = (shape[0], shape[1] + kernel[0], shape[2] + kernel[1], shape[3])
    return shape, window


def arrays(shape, window, dtype):
    rng = np.random.default_rng(0)
    (top, _), (left, _) = window.pads(*shape[1:3])
    cols_shape = (shape[0], *window.output_size(*shape[1:3]), *window.kernel_size, shape[3])
    x = rng.normal(size=shape).astype(dtype)
    cols = rng.normal(size=cols_shape).astype(dtype)
    return x, cols, window.stride, (top, left)


@given(convolutions(), st.sampled_from([np.float32, np.float64]))
def test_im2col_equals_its_reference(convolution, dtype):
    x, cols, stride, pad = arrays(*convolution, dtype)
    expected = cols.copy()
    im2col.reference(x, expected, stride, pad)
    im2col(x, cols, stride, pad)
    np.testing.assert_array_equal(cols, expected)


@given(convolutions())
def test_col2im_equals_its_reference(convolution):
    x, cols, stride, pad = arrays(*convolution, np.float64)
    expected = x.copy()
    col2im.reference(cols, expected, stride, pad)
    col2im(cols, x, stride, pad)
    np.testing.assert_allclose(x, expected, rtol=1e-13, atol=1e-13)


@given(convolutions())
def test_col2im_is_the_transpose_of_im2col(convolution):
    """<im2col(x), c> = <x, col2im(c)>: what makes it the backward pass."""
    x, dcols, stride, pad = arrays(*convolution, np.float64)
    cols, dx = np.empty_like(dcols), np.empty_like(x)
    im2col(x, cols, stride, pad)
    col2im(dcols, dx, stride, pad)
    np.testing.assert_allclose(np.vdot(cols, dcols), np.vdot(x, dx), atol=1e-9)


def test_a_window_by_hand():
    x = np.arange(9.0).reshape(1, 3, 3, 1)
    cols = np.empty((1, 2, 2, 2, 2, 1))
    im2col(x, cols, (2, 2), (1, 1))
    assert cols.reshape(4, 4).tolist() == [[0, 0, 0, 0], [0, 0, 1, 2], [0, 3, 0, 6], [4, 5, 7, 8]]


@pytest.mark.parametrize("kernel", [im2col, col2im])
def test_loops_are_right_without_the_compiler(kernel):
    x, cols, stride, pad = arrays((2, 5, 4, 3), Window.of((3, 2), (2, 1), 1), np.float64)
    source = (x, cols) if kernel is im2col else (cols, x)
    results = []
    for run in (kernel.reference, kernel.loops):
        target = np.full_like(source[1], 9)
        run(source[0], target, stride, pad)
        results.append(target)
    np.testing.assert_allclose(results[0], results[1], atol=1e-14)
