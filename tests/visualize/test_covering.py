"""Occlusion of images for which one can say beforehand what it does."""

import numpy as np
import pytest

from mydl.layers import Conv2d, GlobalAvgPool2d, Sequential
from mydl.models import Network
from mydl.visualize import occlusion
from mydl.visualize.covering import places


def brightness_network():
    """Two classes: the logit of the first is the mean of the pixels, that of the second 0."""
    conv = Conv2d(1, 2, 1, dtype=np.float64)
    conv.weight.data = np.array([1.0, 0.0]).reshape(1, 1, 1, 2)
    return Network(Sequential({"conv": conv}), Sequential({"pool": GlobalAvgPool2d()}))


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def test_only_the_square_that_covers_what_is_bright_matters():
    image = np.zeros((12, 8, 1))
    image[4:8, 4:8] = 6.0  # mean 1
    found = occlusion(brightness_network(), image, 0, window=4, stride=4, threads=1)
    want = np.zeros((12, 8))
    want[4:8, 4:8] = sigmoid(1.0) - sigmoid(0.0)
    np.testing.assert_allclose(found, want, atol=1e-12)
    other = occlusion(brightness_network(), image, 1, window=4, stride=4, threads=1)
    np.testing.assert_allclose(other, -want, atol=1e-12)


def test_what_covers_it_can_be_bright_itself():
    image = np.zeros((4, 4, 1))
    found = occlusion(brightness_network(), image, 0, window=2, stride=2, fill=8.0, threads=1)
    np.testing.assert_allclose(found, sigmoid(0.0) - sigmoid(2.0))


def test_a_pixel_has_the_mean_over_the_squares_that_cover_it():
    image = np.random.default_rng(0).normal(size=(7, 9, 1))
    found = occlusion(brightness_network(), image, 0, window=3, stride=2, threads=2)
    falls = [[[] for _ in range(9)] for _ in range(7)]
    for top in (0, 2, 4):
        for left in (0, 2, 4, 6):
            square = image[top : top + 3, left : left + 3]
            fall = sigmoid(image.mean()) - sigmoid((image.sum() - square.sum()) / image.size)
            for row in range(top, top + 3):
                for column in range(left, left + 3):
                    falls[row][column].append(fall)
    want = [[np.mean(each) for each in row] for row in falls]
    np.testing.assert_allclose(found, want, atol=1e-12)


def test_work_that_ends_early_leaves_the_rest_at_zero():
    image = np.ones((8, 8, 1))
    found = occlusion(
        brightness_network(), image, 0, window=4, stride=4, threads=1, steps=lambda count: range(1)
    )
    assert (found[:4] > 0).all()
    assert not found[4:].any()


def test_the_image_and_the_network_are_left_as_they_are():
    image, network = np.ones((8, 8, 1)), brightness_network()
    weight = network.features["conv"].weight.data
    occlusion(network, image, 0, window=4, stride=4, threads=1)
    assert (image == 1).all()
    assert network.features["conv"].weight.data is weight


@pytest.mark.parametrize(
    ("size", "window", "stride"), [(10, 4, 3), (10, 10, 1), (11, 4, 4), (5, 1, 1)]
)
def test_the_places_cover_all(size, window, stride):
    covered = {
        pixel for place in places(size, window, stride) for pixel in range(place, place + window)
    }
    assert covered == set(range(size))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"window": 9}, "from 1 to 8 pixels, got 9"),
        ({"window": 0}, "window must be at least 1, got 0"),
        ({"stride": 5}, "the stride must be from 1 to 4, .* got 5"),
        ({"stride": 0}, "stride must be at least 1, got 0"),
        ({"label": 2}, "from 0 to 1, got 2"),
    ],
)
def test_bad_input(options, words):
    options = {"label": 0, "window": 4, "stride": 4, "threads": 1} | options
    with pytest.raises(ValueError, match=words):
        occlusion(brightness_network(), np.ones((8, 8, 1)), **options)
