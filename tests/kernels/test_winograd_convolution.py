"""The 3x3 convolution by Winograd in one pass, against plain convolutions."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mydl.kernels import winograd_convolution
from mydl.kernels.winograd_convolution import winograd_backward, winograd_forward

# Relative to the largest value: float32 loses a digit to the powers of the points.
BOUNDS = {np.float32: 2e-5, np.float64: 1e-13}
DTYPES = st.sampled_from([np.float32, np.float64])
CHANNELS = st.sampled_from([1, 3, 16, 17, 32])


@st.composite
def problems(draw):
    """(N, H, W, C, K, padding) of a convolution that fits."""
    n, h, w = draw(st.integers(0, 3)), draw(st.integers(1, 11)), draw(st.integers(1, 11))
    pad = draw(st.tuples(st.integers(0, 2), st.integers(0, 2)))
    h, w = max(h, 3 - 2 * pad[0]), max(w, 3 - 2 * pad[1])
    return n, h, w, draw(CHANNELS), draw(CHANNELS), pad


# More output channels than a block, more tiles than a block in one image, several images a block.
MANY_CHANNELS = (2, 6, 5, 3, 70, (1, 1))
MANY_TILES = (2, 37, 41, 3, 5, (1, 0))
MANY_IMAGES = (70, 5, 4, 3, 5, (1, 1))


def arrays(problem, dtype):
    n, h, w, c, k, pad = problem
    rng = np.random.default_rng(0)
    y_shape = (n, h + 2 * pad[0] - 2, w + 2 * pad[1] - 2)

    def draw(*shape):
        return rng.normal(size=shape).astype(dtype)

    x, weight, bias = draw(n, h, w, c), draw(3, 3, c, k), draw(k)
    y, dy = draw(*y_shape, 2 * k)[..., k:], draw(*y_shape, 2 * k)[..., :k]
    return x, weight, bias, y, dy


def assert_close(ours, expected, dtype):
    assert ours.dtype == dtype
    scale = max(1.0, np.abs(expected).max(initial=0))
    np.testing.assert_allclose(ours, expected, rtol=0, atol=BOUNDS[dtype] * scale)


@given(problem=problems(), relu=st.booleans(), dtype=DTYPES)
@example(MANY_CHANNELS, True, np.float32)
@example(MANY_TILES, True, np.float32)
@example(MANY_IMAGES, True, np.float32)
def test_forward_equals_its_reference(problem, relu, dtype):
    x, weight, bias, y, _ = arrays(problem, dtype)
    expected = y.astype(np.float64)
    exact = (array.astype(np.float64) for array in (x, weight, bias))
    winograd_forward.reference(*exact, expected, problem[-1], relu)
    beside = y.base[..., : y.shape[-1]].copy()
    winograd_forward(x, weight, bias, y, problem[-1], relu)
    assert_close(y, expected, dtype)
    np.testing.assert_array_equal(y.base[..., : y.shape[-1]], beside)


@given(problem=problems(), dtype=DTYPES)
@example(MANY_CHANNELS, np.float32)
@example(MANY_TILES, np.float32)
@example(MANY_IMAGES, np.float32)
def test_backward_equals_its_reference(problem, dtype):
    x, weight, bias, y, dy = arrays(problem, dtype)
    outputs = [weight + 1, bias + 1, x + 1]  # gradients are added to what is there
    expected = [output.astype(np.float64) for output in outputs]
    exact = [array.astype(np.float64) for array in (dy, y, x, weight)]
    winograd_backward.reference(*exact, *expected, problem[-1])
    winograd_backward(dy, y, x, weight, *outputs, problem[-1])
    for ours, other in zip(outputs, expected, strict=True):
        assert_close(ours, other, dtype)


@given(problem=problems())
def test_backward_is_the_transpose_of_forward(problem):
    """Without a ReLU y is linear in x and in the weights: <y, dy> = <x, dx> = <weight, dweight>."""
    x, weight, bias, y, dy = arrays(problem, np.float64)
    winograd_forward(x, weight, 0 * bias, y, problem[-1], False)
    ones = np.broadcast_to(np.ones(y.shape[-1]), y.shape)
    dweight, dbias, dx = 0 * weight, 0 * bias, 0 * x
    winograd_backward(dy, ones, x, weight, dweight, dbias, dx, problem[-1])
    product = np.vdot(y, dy)
    np.testing.assert_allclose(np.vdot(x, dx), product, atol=1e-9)
    np.testing.assert_allclose(np.vdot(weight, dweight), product, atol=1e-9)


def test_errors_in_float32_are_small():
    """About one digit more than a plain float32 convolution loses, relative to the norm."""
    x, weight, bias, y, dy = arrays((4, 16, 16, 64, 64, (1, 1)), np.float32)
    exact = [array.astype(np.float64) for array in (x, weight, bias, y, dy)]
    winograd_forward(x, weight, bias, y, (1, 1), False)
    winograd_forward.reference(*exact[:4], (1, 1), False)
    assert np.linalg.norm(y - exact[3]) < 5e-6 * np.linalg.norm(exact[3])
    outputs = [0 * weight, 0 * bias, 0 * x]
    expected = [0 * exact[1], 0 * exact[2], 0 * exact[0]]
    winograd_backward(dy, y, x, weight, *outputs, (1, 1))
    winograd_backward.reference(exact[4], y, exact[0], exact[1], *expected, (1, 1))
    for ours, other in zip(outputs, expected, strict=True):
        assert np.linalg.norm(ours - other) < 1e-5 * np.linalg.norm(other)


@pytest.mark.parametrize("grid", [(1, 1), (3, 5), (8, 8), (14, 14), (1, 200), (200, 1)])
def test_blocks_hold_as_many_tiles_as_they_may(grid):
    images, rows = winograd_convolution._block(*grid)
    tiles = images * rows * grid[1]
    assert (images == 1) or (rows == grid[0])
    assert tiles <= winograd_convolution._TILES or images == rows == 1


def test_complex_arrays_go_to_the_reference():
    x, weight, bias, y, _ = arrays((1, 4, 4, 2, 3, (1, 1)), np.complex128)
    winograd_forward(x, weight, bias, y, (1, 1), False)
    expected = y.copy()
    winograd_forward.reference(x, weight, bias, expected, (1, 1), False)
    np.testing.assert_array_equal(y, expected)
