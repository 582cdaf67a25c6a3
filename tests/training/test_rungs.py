"""Each rung passes what is healthy and fails what is sick, with the right words."""

import dataclasses
import math

import numpy as np
import pytest

from mydl.data import load_dataset
from mydl.training.lr_find import Sweep
from mydl.training.rungs import (
    classes_rung,
    data_rungs,
    dead_rung,
    first_loss_rung,
    gradients_rung,
    images_rung,
    inputs_rung,
    labels_rung,
    learning_rung,
    overfit_rung,
    rate_rung,
    regularisation_rung,
    updates_rung,
)
from mydl.training.trouble import LayerHealth

LN10 = math.log(10)


@pytest.fixture(scope="module")
def digits():
    return load_dataset("digits")


def failed(rungs):
    return [rung for rung in rungs if not rung.passed]


def test_the_digits_are_healthy(digits):
    rungs = data_rungs(digits)
    assert [rung.name for rung in rungs] == ["classes", "images", "inputs", "labels"]
    assert failed(rungs) == []
    assert rungs[3].value > 0.95


def test_few_images_are_healthy_too(stripes):
    assert failed(data_rungs(stripes)) == []


def test_shuffled_labels_are_seen(digits):
    labels = np.random.default_rng(0).permutation(digits.train_labels)
    (rung,) = failed(data_rungs(dataclasses.replace(digits, train_labels=labels)))
    assert rung.name == "labels"
    assert "chance 10.0%: labels have nothing to do with the images" in rung.words
    assert "images and labels may be in different orders" in rung.advice


def test_labels_that_are_all_the_same_are_seen(digits):
    labels = np.full_like(digits.train_labels, 3)
    rung = failed(data_rungs(dataclasses.replace(digits, train_labels=labels)))[0]
    assert rung.name == "classes"
    assert rung.words == f"all {len(labels):,} training labels are '3'"


def test_images_that_are_not_normalised_are_seen(digits):
    for mean, std in ((0.0, 1 / 255), (0.0, 1.0), (5.0, 1.0)):
        change = {"mean": np.full(3, mean), "std": np.full(3, std)}
        (rung,) = failed(data_rungs(dataclasses.replace(digits, **change)))
        assert rung.name == "inputs"
        assert "they are not normalised" in rung.words
        assert "normalise with the mean and deviation" in rung.advice


def test_pretrained_weights_say_how_images_go_in(digits):
    change = {"mean": np.full(3, 0.4), "std": np.full(3, 0.05)}
    assert failed(data_rungs(dataclasses.replace(digits, **change), pretrained=True)) == []


def test_empty_images_are_seen(digits):
    images = digits.train_images.copy()
    images[::2] = 255
    rung = failed(data_rungs(dataclasses.replace(digits, train_images=images)))[0]
    assert rung.name == "images"
    assert "are of a single colour" in rung.words


def test_images_that_repeat_are_seen():
    images = np.random.default_rng(0).integers(0, 255, (20, 4, 4, 3)).astype(np.uint8)
    assert images_rung(images).passed
    rung = images_rung(images[[0, 1] * 10])
    assert not rung.passed
    assert "only 2 of 20 images differ" in rung.words


def test_classes_that_are_missing_or_rare_are_seen():
    names = ("cat", "dog", "eel")
    assert classes_rung(np.array([0, 1, 2, 0]), names).passed
    missing = classes_rung(np.array([0, 1, 0]), names)
    assert not missing.passed
    assert missing.words == "1 of 3 classes have no training image: 'eel'"
    uneven = classes_rung(np.array([0] * 40 + [1, 1, 2, 2]), names)
    assert not uneven.passed
    assert "20 times the images" in uneven.words


def test_inputs_that_are_not_finite_are_seen():
    assert not inputs_rung(np.full((2, 4, 4, 3), np.nan, np.float32)).passed


def test_too_few_images_say_nothing_about_labels():
    rng = np.random.default_rng(0)
    rung = labels_rung(rng.standard_normal((20, 4, 4, 3)), rng.integers(0, 2, 20))
    assert rung.passed
    assert "too few to tell" in rung.words


def test_large_images_are_compared_by_their_blocks():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 300)
    images = rng.standard_normal((300, 70, 70, 1)) + 3 * labels[:, None, None, None]
    assert labels_rung(images, labels).value > 0.99


@pytest.mark.parametrize(
    ("loss", "passes", "words"),
    [(2.31, True, "as it should be"), (30.0, False, "above ln(10)"), (0.1, False, "below ln(10)")],
)
def test_first_loss(loss, passes, words):
    rung = first_loss_rung(loss, 10)
    assert rung.passed is passes
    assert words in rung.words


def layer(path="features.fire2.squeeze", kind="Conv2d", dead=0.0, ratio=0.01):
    return LayerHealth(path, kind, dead, dead, 1.0, math.nan if kind == "ReLU" else ratio)


def test_a_layer_without_gradient_is_named():
    assert gradients_rung([layer(), layer("relu", "ReLU")]).passed
    rung = gradients_rung([layer(), layer("features.conv1", ratio=0.0)])
    assert not rung.passed
    assert "smallest gradient 0 of the weights, in features.conv1" in rung.words


def test_overfitting():
    assert overfit_rung([2.3, 0.1], 20, 10, 0.1).passed
    stuck = overfit_rung([2.3, 2.3], 20, 10, 0.04)
    assert not stuck.passed
    assert "stands still at ln(10)" in stuck.words
    wild = overfit_rung([2.3, math.inf], 20, 10, 0.04)
    assert not wild.passed
    assert "not learnt by heart" in wild.words


def test_regularisation():
    assert regularisation_rung(0.1, {"weight decay": 0.7}, 10, 20).passed
    assert regularisation_rung(0.1, {}, 10, 20).passed
    assert not regularisation_rung(0.1, {"weight decay": 0.7, "dropout": -0.1}, 10, 20).passed
    drowned = regularisation_rung(0.1, {"weight decay": 700.0}, 10, 20)
    assert not drowned.passed
    assert "drowns" in drowned.words


@pytest.mark.parametrize(
    ("losses", "error", "words"),
    [
        ([2.3] * 20, "", "it stands still at ln(10)"),
        ([2.3] + [9.0] * 20, "", "it rises above ln(10)"),
        ([2.3, math.inf], "training has diverged at step 2", "diverged at step 2"),
    ],
)
def test_learning(losses, error, words):
    assert learning_rung([2.3] + [1.5] * 20, 10, 0.1).passed
    rung = learning_rung(losses, 10, 0.1, error)
    assert not rung.passed
    assert words in rung.words


def test_dead_layers():
    assert dead_rung([layer(), layer("relu", "ReLU", 0.2), layer()], 60).passed
    rung = dead_rung([layer(), layer("classifier.relu10", "ReLU", 1.0)], 60)
    assert not rung.passed
    assert "classifier.relu10: 100% of the classes" in rung.words
    assert "--no-final-relu" in rung.words


@pytest.mark.parametrize(
    ("ratio", "words"),
    [(1e-6, "too small"), (0.5, "too large"), (math.inf, "too large"), (math.nan, "too large")],
)
def test_updates(ratio, words):
    assert updates_rung(1e-3, 0.1).passed
    rung = updates_rung(ratio, 0.1)
    assert not rung.passed
    assert words in rung.words


def test_learning_rate():
    sweep = Sweep((0.001, 10.0), (2.3, 0.1), (2.3, 0.1), 1.0, 0.3, 2.0, 0.1)
    assert rate_rung(sweep, 0.1).passed
    for lr, words in ((1e-3, "0.001 is too low: rates from 0.01 to 2 serve"), (3.0, "too high")):
        rung = rate_rung(sweep, lr)
        assert not rung.passed
        assert words in rung.words
    none = dataclasses.replace(sweep, lowest=None, steepest=None, suggestion=None)
    assert not rate_rung(none, 0.1).passed
    assert "no rate from 0.001 to 10 lowered the loss" in rate_rung(none, 0.1).words
