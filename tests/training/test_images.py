"""Training images reach the network changed as the configuration says, alike from any thread."""

import dataclasses

import numpy as np
import pytest

from mydl.data.split import hold_out
from mydl.training.config import TrainingConfig
from mydl.training.images import TrainingImages

PLAIN = TrainingConfig(data="stripes", augment=False, seed=3)
EVERYTHING = dataclasses.replace(PLAIN, augment=True, cutout=5, mixup=0.5)


def test_without_any_change_images_are_only_normalised(stripes):
    x, labels = TrainingImages(stripes, PLAIN).load(np.array([4, 2]), epoch=1)
    np.testing.assert_allclose(x, stripes.inputs(stripes.train_images[[4, 2]]), atol=1e-6)
    assert labels.tolist() == stripes.train_labels[[4, 2]].tolist()


def test_an_image_is_alike_in_any_shard_and_another_in_another_epoch(stripes):
    images = TrainingImages(hold_out(stripes, 0.1), EVERYTHING)
    x, labels = images.load(np.arange(12), epoch=2)
    for part in (np.arange(4, 9), np.array([7]), np.array([11, 0])):
        again, again_labels = images.load(part, epoch=2)
        assert np.array_equal(again, x[part])
        assert np.array_equal(again_labels, labels[part])
    assert not np.array_equal(images.load(np.arange(12), epoch=3)[0], x)


def test_cutout_leaves_a_square_of_the_mean(stripes):
    config = dataclasses.replace(PLAIN, cutout=7)
    indices = np.arange(20)
    x, _ = TrainingImages(stripes, config).load(indices, epoch=0)
    plain, _ = TrainingImages(stripes, PLAIN).load(indices, epoch=0)
    holes = (x == 0).all(axis=3).sum(axis=(1, 2))
    assert holes.max() == 49
    assert holes.min() >= 16  # a corner's
    assert np.array_equal(x[x != 0], plain[x != 0])


def test_mixed_images_are_mostly_their_own_and_their_labels_say_how_much(stripes):
    config = dataclasses.replace(PLAIN, mixup=1.0)
    indices = np.arange(30)
    x, labels = TrainingImages(stripes, config).load(indices, epoch=0)
    plain, own = TrainingImages(stripes, PLAIN).load(indices, epoch=0)
    assert labels.shape == (30, 3)
    np.testing.assert_allclose(labels.sum(axis=1), 1, atol=1e-6)
    assert (labels[np.arange(30), own] >= 0.5).all()
    assert (labels.max(axis=1) < 0.99).any()
    assert not np.allclose(x, plain)


@pytest.mark.parametrize("accumulate", [1, 3])
def test_every_image_is_seen_once_an_epoch_in_an_order_of_its_own(stripes, accumulate):
    config = dataclasses.replace(PLAIN, batch_size=5, accumulate=accumulate)
    images = TrainingImages(stripes, config)
    orders = [images.order(epoch) for epoch in (0, 1)]
    for order in orders:
        assert sorted(order) == list(range(len(stripes.train_labels)))
    assert not np.array_equal(*orders)
    assert [len(batch) for batch in images.batches(orders[0][:12])] == [5, 5, 2]
