"""Images to validate on are held out of each class, always the same, never also trained on."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mydl.data import load_dataset
from mydl.data.dataset import DataError, Dataset
from mydl.data.split import Subset, hold_out


def numbered(labels, classes):
    """A data set whose image number i is filled with i."""
    images = np.zeros((len(labels), 4, 4, 3), np.uint8)
    images += np.arange(len(labels), dtype=np.uint8)[:, None, None, None]
    return Dataset(
        name="numbered",
        train_images=images,
        train_labels=np.array(labels),
        test_images=images[:1],
        test_labels=np.zeros(1, int),
        class_names=tuple("abcde"[:classes]),
        mean=np.zeros(3),
        std=np.ones(3),
        mirror=False,
    )


@settings(max_examples=50, deadline=None)
@given(
    labels=st.lists(st.integers(0, 4), min_size=2, max_size=200),
    share=st.floats(0.001, 0.5),
    seed=st.integers(0, 5),
)
def test_every_image_is_in_one_part_and_keeps_its_label(labels, share, seed):
    dataset = numbered(labels, 5)
    counts = np.bincount(labels, minlength=5)
    if counts.max() < 2:
        with pytest.raises(DataError, match="one image a class"):
            hold_out(dataset, share, seed)
        return
    parted = hold_out(dataset, share, seed)
    numbers = []
    for part in ("train", "validation"):
        images, part_labels = parted.part(part)
        own = images[:][:, 0, 0, 0]
        assert [labels[number] for number in own] == part_labels.tolist()
        numbers += own.tolist()
    assert sorted(numbers) == list(range(len(labels)))
    held = np.bincount(parted.validation_labels, minlength=5)
    wanted = np.minimum(np.maximum(1, np.rint(share * counts)), counts - 1)
    assert held.tolist() == np.maximum(wanted, 0).tolist()


def test_the_same_seed_holds_the_same_images_out_and_another_others():
    digits = load_dataset("digits")
    one, same, other = (hold_out(digits, 0.1, seed).validation_images[:] for seed in (0, 0, 1))
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)


def test_nothing_is_held_out_for_a_share_of_zero():
    digits = load_dataset("digits")
    assert hold_out(digits, 0.0) is digits
    with pytest.raises(DataError, match="digits: there are no validation images"):
        digits.part("validation")


@pytest.mark.parametrize("share", [-0.1, 0.6, float("nan")])
def test_a_share_out_of_range_is_refused(share):
    with pytest.raises(ValueError, match=r"from 0 to 0\.5"):
        hold_out(load_dataset("digits"), share)


def test_a_subset_gives_what_the_images_give():
    images = np.arange(60, dtype=np.uint8).reshape(5, 2, 2, 3)
    subset = Subset(images, np.array([4, 0, 2]))
    assert (len(subset), subset.shape, subset.dtype) == (3, (3, 2, 2, 3), np.uint8)
    for key in (slice(1, 3), np.array([2, 0]), np.array([True, False, True])):
        np.testing.assert_array_equal(subset[key], images[[4, 0, 2]][key])


def test_validation_images_of_another_kind_are_refused():
    digits = load_dataset("digits")
    with pytest.raises(DataError, match="validation images must be uint8"):
        dataclasses.replace(
            digits,
            validation_images=np.zeros((1, 8, 8, 3), np.float32),
            validation_labels=np.zeros(1, int),
        )
