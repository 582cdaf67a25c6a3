"""The augmentation kernel against its reference, with and without the compiler."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mydl.kernels.augment import shift_and_mirror


def arguments(shape, seed, far=12):
    rng = np.random.default_rng(seed)
    images = rng.integers(0, 256, shape, dtype=np.uint8)
    down, right = rng.integers(-far, far + 1, (2, shape[0]))
    return images, np.full_like(images, 7), down, right, rng.integers(0, 2, shape[0]) > 0


@given(
    st.tuples(st.integers(0, 4), st.integers(1, 9), st.integers(1, 9), st.integers(1, 4)),
    st.integers(0, 1000),
)
def test_the_kernel_equals_its_reference(shape, seed):
    images, shifted, down, right, mirrored = arguments(shape, seed)
    expected = shifted.copy()
    shift_and_mirror.reference(images, expected, down, right, mirrored)
    shift_and_mirror(images, shifted, down, right, mirrored)
    np.testing.assert_array_equal(shifted, expected)


def test_loops_are_right_without_the_compiler():
    images, shifted, down, right, mirrored = arguments((4, 5, 6, 2), 0, far=4)
    expected = shifted.copy()
    shift_and_mirror.reference(images, expected, down, right, mirrored)
    shift_and_mirror.loops(images, shifted, down, right, mirrored)
    np.testing.assert_array_equal(shifted, expected)


@pytest.mark.parametrize(
    ("down", "right", "mirrored", "expected"),
    [
        (0, 0, False, [[1, 2, 3], [4, 5, 6]]),
        (0, 0, True, [[3, 2, 1], [6, 5, 4]]),
        (1, 0, False, [[0, 0, 0], [1, 2, 3]]),
        (0, 1, False, [[0, 1, 2], [0, 4, 5]]),
        (0, 1, True, [[2, 1, 0], [5, 4, 0]]),
        (-1, -2, False, [[6, 0, 0], [0, 0, 0]]),
    ],
)
def test_an_image_by_hand(down, right, mirrored, expected):
    image = np.arange(1, 7, dtype=np.uint8).reshape(1, 2, 3, 1)
    shifted = np.empty_like(image)
    shift_and_mirror(image, shifted, np.array([down]), np.array([right]), np.array([mirrored]))
    assert shifted[0, :, :, 0].tolist() == expected
