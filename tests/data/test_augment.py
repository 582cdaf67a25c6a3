"""Augmentation: what it does to an image, and that nothing but the three numbers decides it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mydl.data import augment


def images(n, size=9, channels=3):
    rng = np.random.default_rng(0)
    return rng.integers(1, 256, (n, size, size, channels), dtype=np.uint8)


def windows(image, padding, flip):
    """Every image that a shift by up to ``padding`` pixels and a mirror can make."""
    h, w, _ = image.shape
    padded = np.pad(image, ((padding, padding), (padding, padding), (0, 0)))
    for top in range(2 * padding + 1):
        for left in range(2 * padding + 1):
            window = padded[top : top + h, left : left + w]
            yield window.tobytes()
            if flip:
                yield window[:, ::-1].tobytes()


@given(st.integers(0, 2**70), st.integers(0, 1000), st.integers(0, 4), st.booleans())
def test_each_result_is_a_shifted_and_perhaps_mirrored_original(seed, epoch, padding, flip):
    originals = images(3)
    kept = originals.copy()
    results = augment(
        originals, np.array([5, 0, 70_000]), seed=seed, epoch=epoch, crop_padding=padding, flip=flip
    )
    np.testing.assert_array_equal(originals, kept)
    for original, result in zip(originals, results, strict=True):
        assert result.tobytes() in set(windows(original, padding, flip))


@given(st.permutations(range(8)), st.integers(1, 8))
def test_a_sample_fares_the_same_in_every_batch(order, batch):
    originals, order = images(8), np.array(order)
    together = augment(originals, np.arange(8), seed=3, epoch=2)
    for start in range(0, 8, batch):
        part = order[start : start + batch]
        alone = augment(originals[part], part, seed=3, epoch=2)
        np.testing.assert_array_equal(alone, together[part])


def test_seed_epoch_and_index_each_change_what_happens():
    same = np.repeat(images(1), 64, axis=0)
    indices = np.arange(64)
    base = augment(same, indices, seed=0, epoch=0)
    others = [
        augment(same, indices, seed=1, epoch=0),
        augment(same, indices, seed=0, epoch=1),
        augment(same, indices + 64, seed=0, epoch=0),
        augment(same, indices, seed=2**64 - 1, epoch=0),
    ]
    for other in others:
        equal = (base == other).all(axis=(1, 2, 3)).mean()
        assert equal < 0.1
    assert len({image.tobytes() for image in base}) > 30


def test_all_shifts_and_both_sides_come_up_equally_often():
    """A marked pixel in the middle shows where each image went."""
    n = 81 * 2 * 50
    marked = np.zeros((n, 17, 17, 1), np.uint8)
    marked[:, 8, 8] = 200
    marked[:, 8, 7] = 100
    shifted = augment(marked, np.arange(n), seed=0, epoch=0)[..., 0]
    place = (shifted == 200).reshape(n, -1).argmax(axis=1)
    mirrored = np.take_along_axis(shifted.reshape(n, -1), place[:, None] + 1, axis=1)[:, 0] == 100
    right = np.where(mirrored, 16 - place % 17, place % 17) - 8
    cells = ((place // 17 - 8 + 4) * 9 + right + 4) * 2 + mirrored
    counts = np.bincount(cells, minlength=162)
    assert len(counts) == 162
    chi_squared = ((counts - 50) ** 2 / 50).sum()
    assert chi_squared < 161 + 4 * np.sqrt(2 * 161)


def test_nothing_to_do_gives_an_equal_copy():
    originals = images(2)
    result = augment(originals, np.array([0, 1]), seed=0, epoch=0, crop_padding=0, flip=False)
    np.testing.assert_array_equal(result, originals)
    assert not np.shares_memory(result, originals)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"images": np.zeros((2, 4, 4, 3))}, r"images must be uint8 \(N, H, W, C\), got float64"),
        ({"images": np.zeros((2, 4, 4), np.uint8)}, r"of shape \(2, 4, 4\)"),
        ({"indices": np.array([1, 2, 3])}, r"one for each of 2 images, got \(3,\)"),
        ({"indices": np.array([1, -2])}, "whole numbers from 0"),
        ({"indices": np.array([1.0, 2.0])}, "whole numbers from 0, got 0, 0 and float64"),
        ({"seed": -1}, "whole numbers from 0, got -1"),
        ({"epoch": -1}, "whole numbers from 0, got 0, -1"),
        ({"crop_padding": -1}, "crop_padding must be 0 or greater, got -1"),
    ],
)
def test_bad_arguments_are_told_in_a_sentence(changes, message):
    arguments = {"images": images(2), "indices": np.array([0, 1]), "seed": 0, "epoch": 0}
    with pytest.raises(ValueError, match=message):
        augment(**{**arguments, **changes})
