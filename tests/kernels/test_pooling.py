"""Pooling kernels against their references, and each backward as what it has to be."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mydl.kernels.pooling import average, maxpool, maxpool_backward, sumpool, sumpool_backward
from mydl.layers.window import Window


@st.composite
def poolings(draw):
    """(images' shape, window) of all kinds of poolings that fit and leave no window empty."""
    kernel = draw(st.tuples(st.integers(1, 4), st.integers(1, 4)))
    stride = draw(st.tuples(st.integers(1, 5), st.integers(1, 5)))
    rows, columns = (
        st.tuples(st.integers(0, size // 2), st.integers(0, size // 2)) for size in kernel
    )
    padding = draw(st.one_of(st.just("same"), st.tuples(rows, columns)))
    window = Window.of(kernel, stride, padding, ceil_mode=draw(st.booleans()))
    shape = tuple(draw(st.integers(low, 9)) for low in (0, 1, 1, 1))
    if min(window.output_size(*shape[1:3])) < 1:
        shape = (shape[0], shape[1] + kernel[0], shape[2] + kernel[1], shape[3])
    return shape, window


def arrays(shape, window, dtype=np.float64, ties=False):
    """Images, outputs and arguments filled with noise, and how the window slides."""
    rng = np.random.default_rng(0)
    (top, _), (left, _) = window.pads(*shape[1:3])
    y_shape = (shape[0], *window.output_size(*shape[1:3]), shape[3])
    x, y = rng.normal(size=shape), rng.normal(size=y_shape)
    if ties:
        x = np.rint(x)
    argument = rng.integers(99, 200, y_shape).astype(np.uint8)
    slide = (window.kernel_size, window.stride, (top, left))
    return x.astype(dtype), y.astype(dtype), argument, slide


@given(poolings(), st.sampled_from([np.float32, np.float64]), st.booleans())
def test_maxpool_equals_its_reference(pooling, dtype, ties):
    x, y, argument, slide = arrays(*pooling, dtype, ties)
    expected_y, expected_argument = y.copy(), argument.copy()
    maxpool.reference(x, expected_y, expected_argument, *slide)
    maxpool(x, y, argument, *slide)
    np.testing.assert_array_equal(y, expected_y)
    np.testing.assert_array_equal(argument, expected_argument)
    for run in (maxpool, maxpool.reference):
        y[...] = 0
        run(x, y, None, *slide)  # where nobody asks for the argument
        np.testing.assert_array_equal(y, expected_y)


@given(poolings(), st.sampled_from([np.float32, np.float64]), st.booleans())
def test_maxpool_by_definition(pooling, dtype, ties):
    """Against cutting out each window with slices and asking NumPy."""
    x, y, argument, slide = arrays(*pooling, dtype, ties)
    maxpool(x, y, argument, *slide)
    (k_h, k_w), (s_h, s_w), (top, left) = slide
    padded = np.pad(x, ((0, 0), (top, 99), (left, 99), (0, 0)), constant_values=-np.inf)
    for p, q in np.ndindex(y.shape[1:3]):
        cut = padded[:, p * s_h : p * s_h + k_h, q * s_w : q * s_w + k_w]
        cells = cut.reshape(len(x), k_h * k_w, x.shape[3])
        np.testing.assert_array_equal(y[:, p, q], cells.max(axis=1))
        np.testing.assert_array_equal(argument[:, p, q], cells.argmax(axis=1))


@given(poolings())
def test_maxpool_backward_equals_its_reference(pooling):
    x, dy, argument, slide = arrays(*pooling)
    maxpool(x, dy.copy(), argument, *slide)
    dx, expected = x.copy(), x.copy()
    maxpool_backward.reference(dy, argument, expected, *slide)
    maxpool_backward(dy, argument, dx, *slide)
    np.testing.assert_allclose(dx, expected, rtol=1e-13, atol=1e-13)


@given(poolings(), st.booleans())
def test_maxpool_backward_is_the_transpose(pooling, ties):
    """Where the winners stay the same, maxpool is linear: <maxpool(x), dy> = <x, dx>."""
    x, y, argument, slide = arrays(*pooling, ties=ties)
    dy, dx = y.copy(), np.empty_like(x)
    maxpool(x, y, argument, *slide)
    maxpool_backward(dy, argument, dx, *slide)
    np.testing.assert_allclose(np.vdot(y, dy), np.vdot(x, dx), atol=1e-9)


@given(poolings())
def test_sumpool_equals_its_reference(pooling):
    x, y, _, slide = arrays(*pooling)
    expected = y.copy()
    sumpool.reference(x, expected, *slide)
    sumpool(x, y, *slide)
    np.testing.assert_allclose(y, expected, rtol=1e-13, atol=1e-13)


@given(poolings())
def test_sumpool_backward_equals_its_reference_and_is_the_transpose(pooling):
    x, dy, _, slide = arrays(*pooling)
    y, dx, expected = np.empty_like(dy), np.empty_like(x), np.empty_like(x)
    sumpool_backward.reference(dy, expected, *slide)
    sumpool_backward(dy, dx, *slide)
    np.testing.assert_allclose(dx, expected, rtol=1e-13, atol=1e-13)
    sumpool(x, y, *slide)
    np.testing.assert_allclose(np.vdot(y, dy), np.vdot(x, dx), atol=1e-9)


@given(poolings())
def test_complex_images_are_ordered_by_their_real_parts(pooling):
    x, y, argument, slide = arrays(*pooling)
    z, z_y, z_argument = x - 1j * x**2, np.empty(y.shape, complex), argument.copy()
    maxpool(x, y, argument, *slide)
    maxpool(z, z_y, z_argument, *slide)
    np.testing.assert_array_equal(z_argument, argument)
    np.testing.assert_array_equal(z_y, y - 1j * y**2)
    dz, dx = np.empty_like(z), np.empty_like(x)
    maxpool_backward(z_y, argument, dz, *slide)
    maxpool_backward(y, argument, dx, *slide)
    np.testing.assert_allclose(dz.real, dx, atol=1e-12)


def pool_one(values, kernel, run=maxpool):
    """One window over one image of one channel: (maximum, number of the cell)."""
    x = np.array(values, float).reshape(1, *kernel, 1)
    y, argument = np.empty((1, 1, 1, 1)), np.empty((1, 1, 1, 1), np.uint16)
    run(x, y, argument, kernel, (1, 1), (0, 0))
    return y.item(), argument.item()


BOTH = pytest.mark.parametrize("run", [maxpool, maxpool.reference], ids=["loops", "reference"])


@BOTH
def test_the_first_of_equal_values_wins(run):
    assert pool_one([1, 3, 3, 3], (2, 2), run) == (3, 1)
    assert pool_one([0.0, -0.0, -0.0, 0.0], (2, 2), run) == (0, 0)
    assert pool_one([-np.inf] * 4, (2, 2), run) == (-np.inf, 0)


@BOTH
def test_nan_wins(run):
    y, argument = pool_one([1, np.nan, 3, np.inf], (2, 2), run)
    assert np.isnan(y)
    assert argument == 1
    assert pool_one([np.nan, 5, np.nan, 3], (2, 2), run)[1] == 2


@BOTH
def test_a_window_of_more_than_256_cells(run):
    values = np.zeros(20 * 20)
    values[301] = 1
    assert pool_one(values, (20, 20), run) == (1, 301)


@pytest.mark.parametrize("name", ["maxpool", "maxpool_backward", "sumpool", "sumpool_backward"])
def test_loops_are_right_without_the_compiler(name):
    kernel = globals()[name]
    window = Window.of((3, 2), (2, 1), ((1, 0), (0, 1)), ceil_mode=True)
    x, y, argument, slide = arrays((2, 6, 5, 3), window)
    maxpool(x, y.copy(), argument, *slide)
    inputs = {"maxpool": [x], "sumpool": [x], "maxpool_backward": [y, argument]}.get(name, [y])
    results = []
    for run in (kernel.reference, kernel.loops):
        outputs = [np.full_like(x if "backward" in name else y, 9)]
        extra = []
        if name == "maxpool":
            outputs.append(np.full_like(argument, 99))
            extra = [0] if run is kernel.loops else []  # the tail
        run(*inputs, *outputs, *slide, *extra)
        results.append(outputs)
    for reference, loops in zip(*results, strict=True):
        np.testing.assert_allclose(loops, reference, atol=1e-14)


@given(
    st.tuples(st.integers(0, 3), st.integers(1, 5), st.integers(1, 5), st.integers(1, 35)),
    st.sampled_from([np.float32, np.float64]),
)
def test_average_equals_its_reference(shape, dtype):
    x = np.random.default_rng(0).normal(size=shape).astype(dtype)
    y, expected = np.full((shape[0], shape[3]), np.nan, dtype), np.empty((shape[0], shape[3]))
    average.reference(x.astype(np.float64), expected)
    average(x, y)
    np.testing.assert_allclose(y, expected, atol=1e-6 if dtype is np.float32 else 1e-14)
    average.loops(x, y, 0)
    np.testing.assert_allclose(y, expected, atol=1e-6 if dtype is np.float32 else 1e-14)
