"""Saliency maps against what they are by definition."""

import numpy as np
import pytest

from mydl.visualize import guided_gradient, logit_gradient, saliency, smooth_gradient
from mydl.visualize.saliency_maps import strongest_channel

from .networks import linear_network, random_image, small_network


def test_saliency_is_the_largest_absolute_weight_of_a_linear_network():
    network = linear_network()
    weight = network.classifier["linear"].weight.data[:, 1].reshape(4, 4, 3)
    found = saliency(network, random_image(4, 4), label=1)
    np.testing.assert_array_equal(found, np.abs(weight).max(axis=-1))
    assert (weight.max(axis=-1) != found).any(), "a minimum is the largest somewhere"


def test_without_noise_it_is_the_gradient():
    network, image = small_network(), random_image()
    smooth = smooth_gradient(network, image, label=1, samples=3, noise=0)
    np.testing.assert_allclose(smooth, logit_gradient(network, image, 1))


def test_of_a_linear_network_noise_does_not_change_the_gradient():
    network, image = linear_network(), random_image(4, 4)
    smooth = smooth_gradient(network, image, label=2, samples=4, noise=0.5)
    np.testing.assert_allclose(smooth, logit_gradient(network, image, 2))


def test_smoothgrad_is_the_mean_over_noisy_copies_of_a_share_of_the_range():
    network, image = small_network(), random_image()
    smooth = smooth_gradient(network, image, label=1, samples=5, noise=0.2, seed=7)
    rng = np.random.default_rng(7)
    sigma = 0.2 * (image.max() - image.min())
    noisy = [image + rng.normal(0, sigma, image.shape) for _ in range(5)]
    each = [logit_gradient(network, x, 1) for x in noisy]
    np.testing.assert_allclose(smooth, np.mean(each, axis=0))
    assert not np.allclose(smooth, each[0])


def test_work_that_ends_early_is_the_mean_of_what_is_done():
    network, image = small_network(), random_image()
    few = smooth_gradient(network, image, label=1, samples=2)
    ended = smooth_gradient(network, image, label=1, samples=50, steps=lambda count: range(2))
    np.testing.assert_array_equal(ended, few)


def test_guided_is_the_gradient_where_nothing_negative_flows_back():
    network, image = small_network(), np.abs(random_image())
    guided = guided_gradient(network, image, label=1)
    assert guided.any()
    assert not np.allclose(guided, logit_gradient(network, image, 1))
    for parameter in network.parameters():
        parameter.data = np.abs(parameter.data)
    plain = logit_gradient(network, image, 1)
    np.testing.assert_allclose(guided_gradient(network, image, 1), plain)
    assert plain.any()


def test_the_strongest_channel():
    gradient = np.array([[[1.0, -3.0, 2.0], [0.0, 0.5, 0.0]]])
    np.testing.assert_array_equal(strongest_channel(gradient), [[3.0, 0.5]])


def test_bad_input():
    network, image = linear_network(), random_image(4, 4)
    with pytest.raises(ValueError, match="at least 1 sample, got 0"):
        smooth_gradient(network, image, 0, samples=0)
    with pytest.raises(ValueError, match="not negative, got -1"):
        smooth_gradient(network, image, 0, noise=-1)
