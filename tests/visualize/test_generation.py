"""Pictures that are made by gradients of the picture: what has to rise rises, within its limits."""

import copy

import numpy as np
import pytest

from mydl.data.preprocess import Preparation
from mydl.gradcheck import gradcheck
from mydl.models import squeezenet1_1_cifar, squeezenet_tiny
from mydl.visualize.deepdream import dream, octave_sizes
from mydl.visualize.fooling import (
    fgsm,
    fool,
    least_probable,
    probability,
    smallest_fgsm,
)
from mydl.visualize.gradients import WatchedNetwork
from mydl.visualize.inversion import feature_distance, invert
from mydl.visualize.pixels import FromPixels, on_pixels
from mydl.visualize.stages import (
    stage_of_content,
    stage_to_dream,
    stages_of_style,
    stages_to_invert,
)
from mydl.visualize.style import StyleObjective, StyleWeights, style_transfer
from mydl.visualize.synthesis import class_image

from .networks import small_network

PREPARATION = Preparation(np.load, (0.5, 0.5, 0.5), (0.25, 0.25, 0.25))
LAYER = "features.fire2"


@pytest.fixture(scope="module")
def image():
    return np.random.default_rng(2).integers(40, 216, (16, 16, 3)).astype(np.float32)


@pytest.fixture(scope="module")
def network(image):
    """A small one that takes grey levels, in float32, and wavers between the classes."""
    small = on_pixels(small_network().astype(np.float32), PREPARATION)
    conv10 = small.classifier["conv10"]
    conv10.weight.data *= 5
    conv10.bias.data -= small.eval().forward(image[None])[0] - (0.5, 0.0, -0.5)
    return small


def first_steps(count):
    """What Ctrl-C makes of the steps: two are done."""
    return range(2)


def test_fooling_raises_the_targets_probability_within_the_limit(network, image):
    target = least_probable(network, image)
    before = probability(network, image, target)
    changed = fool(network, image, target, confidence=1.0, limit=30, rate=2.0, iterations=20)
    assert probability(network, changed, target) > before + 0.1
    assert 0 < np.abs(changed - image).max() <= 30
    np.testing.assert_array_equal(changed, np.rint(changed))  # as a file has it
    assert changed.min() >= 0
    assert changed.max() <= 255


def test_fooling_stops_when_it_has_fooled(network, image):
    target = least_probable(network, image)
    wanted = 1.5 * probability(network, image, target)
    taken = []

    def count(most):
        for step in range(most):
            taken.append(step)
            yield step

    changed = fool(network, image, target, confidence=wanted, limit=50, steps=count)
    assert probability(network, changed, target) >= wanted
    assert len(taken) < 200


def test_fooling_keeps_a_limit_that_is_no_whole_number(network, image):
    changed = fool(network, image, 1, confidence=1.0, limit=1.5, rate=4.0, iterations=3)
    assert np.abs(changed - image).max() == 1


def test_the_least_probable_class_is_told_from_others_that_are_not_seen():
    network = squeezenet1_1_cifar()
    network.classifier["conv10"].bias.data = -1 - np.arange(10, dtype=np.float32)
    assert least_probable(network, np.ones((32, 32, 3))) == 9


def test_fgsm_steps_by_the_sign_of_the_gradient(network, image):
    changed = fgsm(network, image, label=2, step=3)
    watched = WatchedNetwork(network)
    p = np.exp(watched.forward(image[None]).astype(np.float64))
    p /= p.sum()
    p[0, 2] -= 1
    dimage = watched.backward(p.astype(np.float32))[0]
    certain = np.abs(dimage) > 1e-3 * np.abs(dimage).max()
    assert certain.mean() > 0.5
    np.testing.assert_array_equal((changed - image)[certain], 3 * np.sign(dimage)[certain])
    assert probability(network, changed, 2) < probability(network, image, 2)


def test_fgsm_stays_a_picture(network):
    black = np.zeros((16, 16, 3), np.float32)
    changed = fgsm(network, black, label=0, step=5)
    assert set(np.unique(changed)) <= {0.0, 5.0}


def test_the_smallest_step_that_fools(network, image):
    close = copy.deepcopy(network)
    close.classifier["conv10"].bias.data[0] += 1.0
    changed, step = smallest_fgsm(close, image, 0, most=60)
    assert close.predict(changed[None])[0] != 0
    np.testing.assert_array_equal(changed, fgsm(close, image, 0, step))
    assert step > 1
    assert close.predict(fgsm(close, image, 0, step - 1)[None])[0] == 0


def test_an_image_of_a_class_has_its_score(network):
    made = class_image(network, 1, (16, 16, 3), iterations=30, most_jitter=2, seed=4)
    noise = class_image(network, 1, (16, 16, 3), iterations=1, rate=0, blur=0, seed=4)
    assert probability(network, made, 1) > probability(network, noise, 1) + 0.1
    assert made.min() >= 0
    assert made.max() <= 255
    again = class_image(network, 1, (16, 16, 3), iterations=30, most_jitter=2, seed=4)
    np.testing.assert_array_equal(made, again)


def test_a_blurred_image_of_a_class_is_smoother(network):
    def roughness(blur):
        made = class_image(network, 1, (16, 16, 3), iterations=10, most_jitter=2, blur=blur)
        return np.abs(np.diff(made, axis=0)).mean()

    assert roughness(1.0) < 0.8 * roughness(0.0)


def norm(network, image):
    watched = WatchedNetwork(network, [LAYER], whole=False)
    watched.forward(image[None])
    return np.linalg.norm(watched.activations[LAYER])


def test_a_dream_raises_the_layers_norm(network, image):
    made = dream(network, image, LAYER, octaves=1, iterations=10, rate=2.0, most_jitter=2)
    assert norm(network, made) > 1.2 * norm(network, image)
    assert made.min() >= 0
    assert made.max() <= 255


def test_octaves_end_with_the_picture():
    assert octave_sizes((300, 200), 3, 2.0) == [(75, 50), (150, 100), (300, 200)]
    assert octave_sizes((300, 200), 9, 2.0) == [(75, 50), (150, 100), (300, 200)]
    assert octave_sizes((40, 40), 1, 2.0) == [(40, 40)]


def test_a_dream_that_ends_in_a_small_octave_has_the_pictures_size():
    network = on_pixels(small_network().astype(np.float32), PREPARATION)
    picture = np.full((100, 120, 3), 128, np.float32)
    made = dream(network, picture, LAYER, octaves=2, ratio=2.0, steps=first_steps)
    assert made.shape == picture.shape
    assert (made != picture).any()


def test_inversion_lowers_the_distance_of_the_features(network, image):
    start = invert(network, image, LAYER, iterations=1, rate=0)
    made = invert(network, image, LAYER, iterations=60)
    distances = [feature_distance(network, x, image, LAYER) for x in (start, made)]
    assert distances[1] < 0.3 * distances[0]
    assert feature_distance(network, image, image, LAYER) == 0


def objective_of(network, image, **weights):
    style = np.random.default_rng(5).uniform(0, 255, (12, 20, 3))
    layers = ["features.relu1", "features.fire3"]
    return StyleObjective(network, image, style, LAYER, layers, StyleWeights(**weights))


def test_painting_lowers_the_style_loss(network, image):
    objective = objective_of(network, image)
    objective.forward(image[None])
    before = objective.style_loss
    assert objective.content_loss == 0
    made = style_transfer(objective, image, iterations=40)
    objective.forward(made[None])
    assert objective.style_loss < 0.5 * before
    assert 0 < objective.content_loss < 1


def test_content_holds_a_picture_back(network, image):
    def distance(content):
        objective = objective_of(network, image, content=content)
        made = style_transfer(objective, image, iterations=20)
        return feature_distance(network, made, image, LAYER)

    assert distance(1000.0) < 0.5 * distance(0.0)


@pytest.mark.parametrize("content_layer", ["features.fire2", "features.fire3"])
def test_gradient_of_the_whole_objective(content_layer):
    """Through the network, with layers that two losses share."""
    rng = np.random.default_rng(3)
    content, style, x = rng.uniform(0, 255, (3, 6, 7, 3))
    network = small_network()
    network.features._layers = {"pixels": FromPixels(PREPARATION), **network.features.children()}
    layers = ["features.relu1", "features.fire3"]
    weights = StyleWeights(content=0.7, style=3.0, smoothness=1e-3)

    objective = StyleObjective(network, content, style, content_layer, layers, weights)
    report = gradcheck(AsALoss(objective), x[None], labels=np.zeros(1), samples=40)
    assert report, str(report)


class AsALoss:
    """An objective as the gradient check calls a loss; its network keeps nothing between calls."""

    def __init__(self, objective):
        self._objective = objective

    def __deepcopy__(self, memo):
        return self

    def forward(self, x, labels):
        return self._objective.forward(x)

    def backward(self):
        return self._objective.backward()


@pytest.mark.parametrize("make", ["class", "dream", "invert", "style", "fool", "fgsm"])
def test_work_that_ends_early_gives_what_there_is(make, network, image):
    made = {
        "class": lambda: class_image(network, 1, (16, 16, 3), steps=first_steps),
        "dream": lambda: dream(network, image, LAYER, steps=first_steps),
        "invert": lambda: invert(network, image, LAYER, steps=first_steps),
        "style": lambda: style_transfer(objective_of(network, image), image, steps=first_steps),
        "fool": lambda: fool(network, image, 1, confidence=1.0, rate=3.0, steps=first_steps),
        "fgsm": lambda: smallest_fgsm(network, image, 0, steps=first_steps)[0],
    }[make]()
    assert made.shape == image.shape
    assert np.isfinite(made).all()
    assert (made != image).any()


def test_layers_where_nobody_names_one():
    network = squeezenet_tiny()
    assert stage_to_dream(network) == "features.fire4"
    assert stages_to_invert(network) == ["features.relu1", "features.fire3", "features.fire5"]
    assert stage_of_content(network) == "features.fire3"
    assert stages_of_style(network)[:2] == ["features.relu1", "features.fire2"]
