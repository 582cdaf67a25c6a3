"""The augmentation kernels against their references, with and without the compiler."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mydl.kernels.augment import blend, take_windows


def arguments(shape, seed, *, size=None, far=12, hole=0, dtype=np.float32):
    """Images with windows to take, of which many lie partly or wholly outside."""
    rng = np.random.default_rng(seed)
    n, h, w, channels = shape
    images = rng.integers(0, 256, shape, dtype=np.uint8)
    windows = np.full((n, *(size or (h, w)), channels), 7, dtype)
    values = rng.integers(0, 256, (256, channels)).astype(dtype)
    top, left, hole_top, hole_left = rng.integers(-far, far + 1, (4, n))
    mirrored = rng.integers(0, 2, n) > 0
    fill = rng.integers(0, 256, channels).astype(dtype)
    return images, windows, values, top, left, mirrored, hole, hole_top, hole_left, fill


def expected_of(args):
    args = list(args)
    args[1] = args[1].copy()
    take_windows.reference(*args)
    return args[1]


@given(
    st.tuples(st.integers(0, 4), st.integers(1, 9), st.integers(1, 9), st.integers(1, 4)),
    st.tuples(st.integers(1, 9), st.integers(1, 9)),
    st.integers(0, 12),
    st.sampled_from([np.uint8, np.float32]),
    st.integers(0, 1000),
)
def test_windows_equal_their_reference(shape, size, hole, dtype, seed):
    args = arguments(shape, seed, size=size, hole=hole, dtype=dtype)
    expected = expected_of(args)
    take_windows(*args)
    np.testing.assert_array_equal(args[1], expected)


def test_window_loops_are_right_without_the_compiler():
    args = arguments((4, 5, 6, 2), 0, far=4, hole=3)
    expected = expected_of(args)
    take_windows.loops(*args)
    np.testing.assert_array_equal(args[1], expected)


@pytest.mark.parametrize(
    ("top", "left", "mirrored", "expected"),
    [
        (0, 0, False, [[1, 2, 3], [4, 5, 6]]),
        (0, 0, True, [[3, 2, 1], [6, 5, 4]]),
        (-1, 0, False, [[0, 0, 0], [1, 2, 3]]),
        (0, -1, False, [[0, 1, 2], [0, 4, 5]]),
        (0, -1, True, [[2, 1, 0], [5, 4, 0]]),
        (1, 2, False, [[6, 0, 0], [0, 0, 0]]),
    ],
)
def test_a_window_by_hand(top, left, mirrored, expected):
    image = np.arange(1, 7, dtype=np.uint8).reshape(1, 2, 3, 1)
    windows = np.empty((1, 2, 3, 1), np.float32)
    values = 10 * np.arange(256, dtype=np.float32)[:, None]
    zero = np.zeros(1, int)
    place = np.array([top]), np.array([left]), np.array([mirrored])
    take_windows(image, windows, values, *place, 0, zero, zero, np.zeros(1, np.float32))
    assert (windows[0, :, :, 0] / 10).tolist() == expected


@pytest.mark.parametrize(
    ("corner", "filled"),
    [((1, 1), [4, 5, 7, 8]), ((-1, -1), [0]), ((2, 1), [7, 8]), ((3, 0), []), ((-2, 0), [])],
)
def test_a_hole_by_hand(corner, filled):
    image, windows = np.zeros((1, 3, 3, 1), np.uint8), np.empty((1, 3, 3, 1), np.uint8)
    values, zero = np.zeros((256, 1), np.uint8), np.zeros(1, int)
    row, column = (np.array([number]) for number in corner)
    places = (zero, zero, zero > 0, 2, row, column)
    for run in (take_windows, take_windows.reference):
        run(image, windows, values, *places, np.full(1, 9, np.uint8))
        assert np.flatnonzero(windows == 9).tolist() == filled


@given(st.integers(0, 5), st.integers(1, 40), st.integers(0, 1000))
def test_blends_equal_their_reference(n, length, seed):
    rng = np.random.default_rng(seed)
    x, other = rng.normal(size=(2, n, length)).astype(np.float32)
    share = rng.random(n, np.float32)
    compiled, plain, expected = x.copy(), x.copy(), x.copy()
    blend.reference(expected, other, share)
    blend(compiled, other, share)
    blend.loops(plain, other, share)
    np.testing.assert_allclose(compiled, expected, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(plain, expected, rtol=1e-6, atol=1e-6)
