"""Class activation maps: what they add up to, and how the two kinds are related."""

import numpy as np
import pytest

from mydl.models import alexnet, squeezenet1_1_cifar, squeezenet_tiny
from mydl.visualize import (
    class_activation_map,
    grad_cam,
    guided_grad_cam,
    guided_gradient,
)
from mydl.visualize.gradients import WatchedNetwork

from .networks import averaging_network, linear_network, random_image, small_network


@pytest.mark.parametrize("label", range(3))
def test_the_mean_of_a_map_is_the_logit(label):
    network, image = small_network(), random_image()
    found = class_activation_map(network, image, label)
    assert found.shape == (3, 3)
    logit = network.eval().forward(image[None])[0, label]
    np.testing.assert_allclose(found.mean(), logit)


def test_with_a_linear_layer_the_bias_comes_on_top():
    network, image = averaging_network(), random_image()
    found = class_activation_map(network, image, 2)
    logit = network.eval().forward(image[None])[0, 2]
    bias = network.classifier["linear"].bias.data[2]
    np.testing.assert_allclose(found.mean() + bias, logit)


def test_with_the_last_relu_a_map_is_not_negative_and_its_mean_the_logit():
    network = squeezenet1_1_cifar(final_relu=True, seed=3)
    image = np.random.default_rng(0).normal(size=(32, 32, 3)).astype(np.float32)
    found = class_activation_map(network, image, 4)
    assert found.min() >= 0
    np.testing.assert_allclose(found.mean(), network.eval().forward(image[None])[0, 4], rtol=1e-5)


@pytest.mark.parametrize(
    ("network", "layer"), [(averaging_network(), "relu1"), (small_network(), "conv10")]
)
def test_grad_cam_before_the_average_is_the_class_activation_map_up_to_scale(network, layer):
    image = random_image()
    maps = np.array([class_activation_map(network, image, label) for label in range(3)])
    found = np.array([grad_cam(network, image, label, layer) for label in range(3)])
    scaled = found * maps[0].size
    np.testing.assert_allclose(scaled, np.maximum(maps, 0), rtol=1e-10, atol=1e-12)
    assert found.any()


def test_grad_cam_weighs_the_channels_by_their_mean_gradient():
    network, image = small_network(), random_image()
    watched = WatchedNetwork(network, ["features.fire2"])
    watched.forward(image[None])
    watched.backward(np.array([[0.0, 1.0, 0.0]]))
    maps, gradients = (x["features.fire2"][0] for x in (watched.activations, watched.gradients))
    want = sum(gradients[..., k].mean() * maps[..., k] for k in range(6))
    np.testing.assert_allclose(grad_cam(network, image, 1, "fire2"), np.maximum(want, 0))


def test_by_itself_it_takes_the_last_layer_of_the_features():
    network, image = small_network(), random_image()
    np.testing.assert_array_equal(
        grad_cam(network, image, 0), grad_cam(network, image, 0, "features.fire3")
    )


def test_guided_grad_cam_is_the_guided_gradient_where_the_class_is_seen():
    network, image = small_network(), random_image()
    found = guided_grad_cam(network, image, 1, "relu1")  # as large as the image: nothing to scale
    where = grad_cam(network, image, 1, "relu1")
    want = guided_gradient(network, image, 1) * where[..., None]
    np.testing.assert_allclose(found, want, rtol=1e-6)
    assert found.any()


def test_a_network_that_does_not_end_in_an_average():
    small = np.zeros((4, 4, 3))
    with pytest.raises(ValueError, match="needs a network that ends in a global average"):
        class_activation_map(linear_network(), small, 0)
    with pytest.raises(ValueError, match="use Grad-CAM for this one"):
        class_activation_map(alexnet(num_classes=2), np.zeros((224, 224, 3), np.float32), 0)


def test_bad_input():
    network, image = squeezenet_tiny(), np.zeros((32, 32, 3), np.float32)
    with pytest.raises(
        ValueError, match=r"pool10 has no rows and columns.* such as features\.fire5"
    ):
        grad_cam(network, image, 0, "pool10")
    for function in (class_activation_map, grad_cam):
        with pytest.raises(ValueError, match="from 0 to 9, got 10"):
            function(network, image, 10)
