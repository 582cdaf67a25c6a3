"""Grey and small images made to fit, and means."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mydl.data import DataError
from mydl.data.fitted import Fitted, mean_and_deviation, measured


def images(side, channels=None, count=5):
    shape = (count, side, side) + (() if channels is None else (channels,))
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)


@given(st.integers(8, 40), st.sampled_from([None, 1, 3]))
def test_each_pixel_becomes_a_block_in_the_middle(side, channels):
    originals = images(side, channels)
    fitted = Fitted(originals)
    assert fitted.shape == (5, max(32, side), max(32, side), 3)
    whole = fitted[:]
    assert whole.shape == fitted.shape
    block = max(1, 32 // side)
    margin = (whole.shape[1] - block * side) // 2
    inner = whole[:, margin : margin + block * side, margin : margin + block * side]
    colours = originals if channels == 3 else originals.reshape(5, side, side, 1).repeat(3, axis=3)
    for i in range(block):
        np.testing.assert_array_equal(inner[:, i::block, i::block], colours)
    assert whole.sum(dtype=int) == inner.sum(dtype=int), "the rest is black"


def test_any_index_chooses_the_same_images():
    fitted = Fitted(images(28))
    whole = fitted[:]
    for key in (2, slice(1, 3), np.array([4, 0, 4]), np.arange(5) % 2 == 0):
        np.testing.assert_array_equal(fitted[key], whole[key])
    assert len(fitted) == 5


def test_what_comes_out_can_be_changed_without_changing_the_images():
    originals = images(32, 3)
    kept = originals.copy()
    Fitted(originals)[:][...] = 0
    np.testing.assert_array_equal(originals, kept)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (images(28) / 255, "type uint8, 0 black and 255 white, got float64"),
        (np.zeros((5, 3, 32, 32), np.uint8), r"transpose\(0, 2, 3, 1\)"),
        (np.zeros((5, 784), np.uint8), r"got the shape \(5, 784\)"),
        (np.zeros((5, 28, 28, 4), np.uint8), r"got the shape \(5, 28, 28, 4\)"),
        (np.zeros((5, 28, 30), np.uint8), "got 28x30: cut or scale them"),
        (np.zeros((5, 7, 7), np.uint8), "at least 8x8 pixels, got 7x7"),
    ],
)
def test_images_that_cannot_be_made_to_fit_are_refused(wrong, message):
    with pytest.raises(DataError, match=message):
        Fitted(wrong)


@pytest.mark.parametrize("count", [1, 1024, 1030])
def test_mean_and_deviation_are_numpys(count):
    pixels = images(8, 3, count)
    mean, std = mean_and_deviation(pixels)
    np.testing.assert_allclose(mean, pixels.mean(axis=(0, 1, 2)) / 255, rtol=1e-12)
    np.testing.assert_allclose(std, pixels.std(axis=(0, 1, 2)) / 255, rtol=1e-12)


def test_images_of_one_colour_cannot_be_learnt():
    with pytest.raises(DataError, match="all of one colour"):
        measured(np.full((3, 8, 8, 3), 200, np.uint8))
