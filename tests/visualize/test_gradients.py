"""A gradient of an image, wherever in a network it begins, is the derivative that is measured."""

import numpy as np
import pytest

from mydl.layers import Conv2d, Flatten, Linear, ReLU, Sequential
from mydl.models import squeezenet_tiny
from mydl.visualize import WatchedNetwork, layer_path, logit_gradient
from mydl.visualize.gradients import last_feature_layer, one_logit
from mydl.visualize.inside import activations

from .networks import linear_network, random_image, slopes, small_network


@pytest.mark.parametrize("label", [0, 2])
def test_the_gradient_of_a_logit_is_the_derivative_of_the_network_that_is_used(label):
    network, image = small_network(), random_image()
    used = small_network().eval()
    measured = slopes(lambda x: used.forward(x[None])[0, label], image)
    gradient = logit_gradient(network, image, label)
    np.testing.assert_allclose(gradient, measured, rtol=1e-6, atol=1e-8)
    assert np.abs(measured).max() > 1e-3


@pytest.mark.parametrize(
    "path", ["features.conv1", "features.fire2", "features.fire3.inner.squeeze"]
)
@pytest.mark.parametrize("whole", [True, False])
def test_a_gradient_can_begin_at_a_layer(path, whole):
    network, image = small_network(), random_image()
    watched = WatchedNetwork(network, [path], whole=whole)
    watched.forward(image[None])
    dy = np.random.default_rng(2).normal(size=watched.activations[path].shape)
    dx = watched.backward(begin_at={path: dy})[0]
    measured = slopes(lambda x: (dy[0] * activations(network, x, path)).sum(), image)
    np.testing.assert_allclose(dx, measured, rtol=1e-6, atol=1e-8)
    assert np.abs(measured).max() > 1e-3


def test_gradients_that_begin_at_several_places_add_up():
    network, image = small_network(), random_image()
    paths = ["features.relu1", "features.fire3"]
    watched = WatchedNetwork(network, paths)

    def gradient(*, logits, at):
        output = watched.forward(image[None])
        begin = {path: np.ones_like(watched.activations[path]) for path in at}
        return watched.backward(logits * np.ones_like(output), begin)

    each = [gradient(logits=0, at=[path]) for path in paths] + [gradient(logits=1, at=[])]
    np.testing.assert_allclose(gradient(logits=1, at=paths), sum(each), rtol=1e-12, atol=1e-12)


def test_what_is_watched_is_what_the_layer_got_and_gave():
    network, image = small_network(), random_image()
    watched = WatchedNetwork(network, ["classifier.conv10", "features.fire3"])
    logits = watched.forward(image[None])
    watched.backward(one_logit(logits, 1))
    maps = watched.activations["classifier.conv10"]
    np.testing.assert_allclose(maps.mean(axis=(1, 2)), logits)
    dmaps = np.zeros_like(maps)
    dmaps[..., 1] = 1 / maps[0, ..., 0].size
    np.testing.assert_allclose(watched.gradients["classifier.conv10"], dmaps)
    weight = network.classifier["conv10"].weight.data[0, 0]
    np.testing.assert_allclose(watched.gradients["features.fire3"], dmaps @ weight.T)


def test_without_biases_the_gradient_times_the_image_is_the_logit():
    """ReLUs and maxima of multiples: f(t x) = t f(x), so that x . df/dx = f(x) (Euler)."""
    network, image = small_network(biases=False), random_image()
    for label, logit in enumerate(network.eval().forward(image[None])[0]):
        gradient = logit_gradient(network, image, label)
        np.testing.assert_allclose((gradient * image).sum(), logit, rtol=1e-6)


def test_the_network_is_left_as_it_is():
    network = small_network().eval()
    before = network.state_dict()
    watched = WatchedNetwork(network, ["features.fire2"], guided=True)
    for _ in range(2):
        watched.backward(np.ones_like(watched.forward(random_image()[None])))
    for path, values in network.state_dict().items():
        np.testing.assert_array_equal(values, before[path])
    assert not any(layer.training for _, layer in network.named_layers())
    assert not any(parameter.grad.any() for parameter in network.parameters())
    assert network.features["fire2"].path == "features.fire2"
    assert "forward" not in vars(network.features["fire2"])


def test_what_lies_behind_the_watched_layers_is_cut_away():
    network = squeezenet_tiny()
    watched = WatchedNetwork(network, ["fire2.squeeze", "conv1"], whole=False)
    y = watched.forward(np.ones((1, 32, 32, 3), np.float32))
    assert y.shape == (1, 16, 16, 128)  # a fire module is not cut
    assert set(watched.activations) == {"features.fire2.squeeze", "features.conv1"}
    assert [path for path, _ in watched._network.named_layers()][-1].startswith("features.fire2")


def test_guided_backpropagation_lets_positive_gradients_through_only():
    rng = np.random.default_rng(0)
    hidden, output = (
        Linear(12, 20, dtype=np.float64, rng=rng),
        Linear(20, 3, dtype=np.float64, rng=rng),
    )
    network = Sequential(Flatten(), hidden, ReLU(), output)
    image = random_image(2, 2)
    active = image.ravel() @ hidden.weight.data + hidden.bias.data > 0
    dy = output.weight.data[:, 1]
    plain = hidden.weight.data @ np.where(active, dy, 0)
    guided = hidden.weight.data @ np.where(active & (dy > 0), dy, 0)
    np.testing.assert_allclose(logit_gradient(network, image, 1).ravel(), plain)
    np.testing.assert_allclose(logit_gradient(network, image, 1, guided=True).ravel(), guided)
    assert not np.allclose(plain, guided)


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("fire3", "features.fire3"),
        ("fire2.squeeze", "features.fire2.squeeze"),
        ("classifier.conv10", "classifier.conv10"),
        ("features", "features"),
    ],
)
def test_a_layer_by_the_end_of_its_path(name, path):
    assert layer_path(squeezenet_tiny(), name) == path


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("squeeze", "4 layers are named 'squeeze': write which, as in features.fire2.squeeze"),
        ("fir3", "there is no layer 'fir3': did you mean 'fire3'"),
        ("", "there is no layer '': `mydl summary` lists the layers"),
    ],
)
def test_a_layer_that_is_not_there_or_not_one(name, words):
    with pytest.raises(ValueError, match=words):
        layer_path(squeezenet_tiny(), name)


def test_bad_input_gets_one_clear_sentence():
    network, image = linear_network(), random_image(4, 4)
    for label in (3, -1, "cat"):
        with pytest.raises(ValueError, match="label must be"):
            logit_gradient(network, image, label)
    watched = WatchedNetwork(network)
    watched.forward(image[None])
    with pytest.raises(ValueError, match=r"only, not at features\.flat"):
        watched.backward(begin_at={"features.flat": np.ones((1, 48))})
    with pytest.raises(ValueError, match="say which layer"):
        last_feature_layer(Conv2d(3, 4, 3))
    assert last_feature_layer(squeezenet_tiny()) == "features.fire5"
