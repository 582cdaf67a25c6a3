"""Filters and activations, as they are in the network and as pictures."""

import numpy as np
import pytest

from mydl.layers import GroupedConv2d, Linear, Sequential
from mydl.models import squeezenet_tiny
from mydl.visualize import activations, filters
from mydl.visualize.inside import filter_pictures, first_convolution

from .networks import averaging_network, random_image, small_network


def test_the_filters_are_the_weights_a_filter_first():
    network = small_network()
    found = filters(network)
    weight = network.features["conv1"].weight.data
    assert found.shape == (4, 3, 3, 3)
    np.testing.assert_array_equal(found[2], weight[..., 2])
    assert filters(network, "fire2.expand3x3").shape == (3, 3, 3, 2)


def test_the_filters_of_a_grouped_convolution():
    network = Sequential({"conv": GroupedConv2d(6, 8, 3, groups=2)})
    assert filters(network, "conv.1").shape == (4, 3, 3, 3)
    with pytest.raises(ValueError, match=r"conv is a GroupedConv2d and .* such as conv\.0"):
        filters(network, "conv")


def test_activations_are_what_the_network_that_is_used_computes():
    network, image = small_network(), random_image()
    used = small_network().eval()
    wanted = used.extract_features(image[None])
    for path, want in zip(network.features.children(), wanted, strict=True):
        np.testing.assert_allclose(activations(network, image, path), want[0])
    logits = activations(network, image, "pool10")
    np.testing.assert_allclose(logits, used.forward(image[None])[0])


def test_a_filter_as_a_picture_has_grey_at_zero_and_its_largest_weight_at_an_end():
    rng = np.random.default_rng(0)
    weight = rng.normal(size=(5, 3, 3, 3))
    pictures = filter_pictures(weight)
    assert pictures.dtype == np.uint8
    for picture, values in zip(pictures, weight, strict=True):
        end = np.unravel_index(np.abs(values).argmax(), values.shape)
        assert picture[end] == (255 if values[end] > 0 else 0)
    grey = filter_pictures(np.zeros((1, 2, 2, 3)))
    assert set(grey.ravel()) <= {127, 128}


def test_filters_over_many_channels_are_drawn_as_their_mean():
    weight = np.zeros((1, 1, 2, 4))
    weight[0, 0, 0] = 3, 1, 0, 0
    weight[0, 0, 1] = -1, 0, 0, 0
    np.testing.assert_array_equal(filter_pictures(weight)[0, 0], [[255] * 3, [96] * 3])


def test_bad_input():
    with pytest.raises(ValueError, match=r"pool1 is a MaxPool2d and has no .* as features\.conv1"):
        filters(squeezenet_tiny(), "pool1")
    with pytest.raises(ValueError, match="no convolution, and so no filters"):
        first_convolution(Linear(3, 2))
    with pytest.raises(ValueError, match="there is no layer 'relu7'"):
        activations(averaging_network(), random_image(), "relu7")
