"""A network that takes grey levels, and what is done to images of them."""

import numpy as np
import pytest

from mydl.data.preprocess import Preparation, imagenet_preparation
from mydl.gradcheck import gradcheck
from mydl.layer import LayerError
from mydl.layers import Flatten, Linear, ReLU, Sequential
from mydl.models import Network, squeezenet1_1_cifar, squeezenet_tiny
from mydl.visualize.pixels import FromPixels, on_pixels, scores_of
from mydl.visualize.strokes import brush_strokes
from mydl.visualize.transforms import at_scales, blurred, jitter, scaled, shifted


def preparation(blue_first):
    return Preparation(np.load, (0.4, 0.5, 0.6), (0.2, 0.25, 0.3), blue_first)


@pytest.mark.parametrize("blue_first", [False, True])
def test_grey_levels_become_what_training_made_of_them(blue_first):
    pixels = np.random.default_rng(0).integers(0, 256, (4, 5, 3), np.uint8)
    layer = FromPixels(preparation(blue_first))
    found = layer.forward(pixels[None].astype(np.float32))
    assert found.dtype == np.float32
    np.testing.assert_allclose(found[0], preparation(blue_first).inputs(pixels), atol=1e-6)


@pytest.mark.parametrize("blue_first", [False, True])
def test_gradient_of_grey_levels(blue_first):
    x = np.random.default_rng(0).uniform(0, 255, (1, 3, 4, 3))
    report = gradcheck(FromPixels(preparation(blue_first)), x, samples=None)
    assert report, str(report)


def test_another_number_of_channels():
    with pytest.raises(LayerError, match="expected 3 channels, got 1"):
        FromPixels(preparation(False)).forward(np.zeros((1, 4, 4, 1)))


def test_a_network_on_pixels_says_the_same_and_keeps_its_paths():
    network = squeezenet_tiny()
    caffe = imagenet_preparation("caffe")
    pixels = np.random.default_rng(0).integers(0, 256, (32, 32, 3), np.uint8)
    other = on_pixels(network, caffe)
    np.testing.assert_allclose(
        other.probabilities(pixels[None].astype(np.float32)),
        network.probabilities(caffe.inputs(pixels)[None]),
        rtol=1e-4,
    )
    paths = {path for path, _ in network.named_layers()}
    assert {path for path, _ in other.named_layers()} - paths == {"features.pixels"}
    assert other.image_shape == network.image_shape
    assert "pixels" not in network.features.children(), "the network is left as it is"


def test_scores_have_no_dead_ends():
    network = squeezenet1_1_cifar()
    network.classifier["conv10"].bias.data -= 1.0  # no class is seen anywhere
    x = np.random.default_rng(0).normal(size=(1, 32, 32, 3)).astype(np.float32)
    assert not network.eval().forward(x).any()
    scores = scores_of(network)
    assert (scores.forward(x) < 0).any()
    assert scores.backward(np.ones((1, 10), np.float32)).any()


def test_scores_keep_the_relus_between_filters():
    hidden = {"flat": Flatten(), "fc1": Linear(4, 3), "relu1": ReLU(), "fc2": Linear(3, 2)}
    network = Network(Sequential({"relu": ReLU()}), Sequential({**hidden, "relu2": ReLU()}))
    assert list(scores_of(network).classifier.children()) == list(hidden)


def test_moving_there_and_back():
    image = np.random.default_rng(0).normal(size=(4, 6, 3))
    moved = shifted(image, (1, -2))
    assert (moved[1, 0] == image[0, 2]).all()
    np.testing.assert_array_equal(shifted(moved, (-1, 2)), image)
    moves = {jitter(2, np.random.default_rng(seed)) for seed in range(60)}
    assert {by for move in moves for by in move} == {-2, -1, 0, 1, 2}


def test_blur_spreads_a_point_as_a_gaussian():
    image = np.zeros((31, 31, 2), np.float32)
    image[15, 15] = 1.0, -2.0
    rows, columns = np.mgrid[-15:16, -15:16]
    want = np.exp(-(rows**2 + columns**2) / (2 * 2.0**2)) / (2 * np.pi * 2.0**2)
    found = blurred(image, 2.0)
    np.testing.assert_allclose(found[..., 0], want, atol=3e-4)
    np.testing.assert_allclose(found[..., 1], -2 * want, atol=6e-4)
    assert found[..., 0].sum() == pytest.approx(1, rel=1e-5)


def test_blur_leaves_the_border_of_a_plain_image_alone():
    image = np.full((5, 4, 2), 3.0, np.float32)
    np.testing.assert_allclose(blurred(image, 1.5), image, rtol=1e-6)
    assert blurred(image, 0) is image


def test_each_scale_counts_the_same():
    image = np.random.default_rng(0).normal(size=(12, 12, 1))
    found = at_scales(image, (0.0, 1.0))
    soft = blurred(image, 1.0)
    np.testing.assert_allclose(found, image / image.std() + soft / soft.std())
    assert not at_scales(np.zeros((4, 4, 1)), (0.0, 1.0)).any()


def test_scaling_keeps_the_mean():
    image = np.random.default_rng(0).uniform(0, 255, (16, 8, 3)).astype(np.float32)
    small = scaled(image, (8, 4))
    assert small.shape == (8, 4, 3)
    np.testing.assert_allclose(small.mean(axis=(0, 1)), image.mean(axis=(0, 1)), rtol=0.1)


def test_strokes_are_the_same_each_time_and_not_plain():
    one, two = brush_strokes(16), brush_strokes(16)
    np.testing.assert_array_equal(one, two)
    assert one.std() > 20
