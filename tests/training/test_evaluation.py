"""How a network is judged, with and without mirror images."""

import dataclasses

import numpy as np
import pytest

from mydl.models import squeezenet_tiny
from mydl.parallel import ShardedModel
from mydl.training.evaluation import evaluate, judge


@pytest.fixture(scope="module")
def engine():
    return ShardedModel(squeezenet_tiny(num_classes=3, seed=3), threads=1)


def mirrored(dataset):
    return dataclasses.replace(dataset, test_images=dataset.test_images[:, :, ::-1])


def test_with_mirror_the_logits_of_both_images_are_averaged(engine, stripes):
    network = engine.model
    images = stripes.inputs(stripes.test_images)
    logits = [network.eval().forward(x) for x in (images, images[:, :, ::-1])]
    expected = judge(np.mean(logits, axis=0), stripes.test_labels, 3)
    both = evaluate(engine, stripes, mirror=True)
    assert both.loss == pytest.approx(expected.loss, rel=1e-4)
    np.testing.assert_allclose(both.probabilities, expected.probabilities, atol=1e-4)
    assert both.loss != pytest.approx(evaluate(engine, stripes).loss, rel=1e-4)


def test_with_mirror_it_does_not_matter_which_of_both_images_comes(engine, stripes):
    one = evaluate(engine, stripes, mirror=True)
    other = evaluate(engine, mirrored(stripes), mirror=True)
    np.testing.assert_array_equal(one.probabilities, other.probabilities)
    plain = evaluate(engine, mirrored(stripes))
    assert not np.allclose(plain.probabilities, evaluate(engine, stripes).probabilities)
