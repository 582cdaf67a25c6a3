"""Augmentation: what it does to an image, and that nothing but the three numbers decides it."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mydl.data import augment, normalise
from mydl.data.augment import augment_inputs

MEAN, STD = np.array([0.5, 0.4, 0.3]), np.array([0.2, 0.25, 0.3])


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
        ({"cutout": -2}, "cutout must be 0 or greater, got -2"),
        ({"fill": 256}, "from 0 to 255, or one for each of 3 channels, got 256"),
        ({"fill": [1, 2]}, r"one for each of 3 channels, got \[1, 2\]"),
    ],
)
def test_bad_arguments_are_told_in_a_sentence(changes, message):
    arguments = {"images": images(2), "indices": np.array([0, 1]), "seed": 0, "epoch": 0}
    with pytest.raises(ValueError, match=message):
        augment(**{**arguments, **changes})


def inputs(originals, indices, **options):
    settings = {"seed": 0, "epoch": 0, "mean": MEAN, "std": STD, **options}
    return augment_inputs(originals, indices, **settings)


@given(st.integers(0, 2**40), st.integers(0, 99), st.integers(0, 4), st.booleans())
def test_inputs_are_the_normalised_images_to_the_last_bit(seed, epoch, padding, flip):
    originals, indices = images(5), np.array([8, 1, 0, 99, 7])
    options = {"seed": seed, "epoch": epoch, "crop_padding": padding, "flip": flip}
    expected = normalise(augment(originals, indices, **options), MEAN, STD)
    assert inputs(originals, indices, **options).tobytes() == expected.tobytes()


@given(st.integers(0, 2**40), st.integers(0, 20))
def test_a_hole_is_zero_and_the_rest_as_without_it(seed, cutout):
    """No pixel of these images is 0 once it is normalised."""
    originals, indices = images(6), np.arange(6)
    without, holed = (inputs(originals, indices, seed=seed, cutout=c) for c in (0, cutout))
    assert (without != 0).all()
    hole = (holed == 0).all(axis=-1)
    np.testing.assert_array_equal(holed[~hole], without[~hole])
    for square in hole:
        rows, columns = np.flatnonzero(square.any(axis=1)), np.flatnonzero(square.any(axis=0))
        assert square.sum() == len(rows) * len(columns)
        assert (len(rows) > 0) == (cutout > 0)
        for lines in (rows, columns):  # a side is shorter only where the edge cuts it off
            at_edge = len(lines) and (lines[0] == 0 or lines[-1] == 8)
            assert len(lines) == cutout or (at_edge and len(lines) < cutout)


def test_every_pixel_is_the_centre_of_a_hole_equally_often():
    n = 81 * 60
    holed = inputs(np.repeat(images(1), n, axis=0), np.arange(n), cutout=1)
    assert ((holed == 0).all(axis=-1).sum(axis=(1, 2)) == 1).all()
    counts = (holed == 0).all(axis=-1).sum(axis=0)
    chi_squared = ((counts - 60) ** 2 / 60).sum()
    assert chi_squared < 80 + 4 * np.sqrt(2 * 80)


def test_half_of_the_images_are_mirrored():
    n = 4000
    marked = np.zeros((n, 1, 2, 3), np.uint8)
    marked[:, 0, 0] = 255
    changed = augment(marked, np.arange(n), seed=5, epoch=1, crop_padding=0)
    assert abs(changed[:, 0, 1, 0].astype(bool).mean() - 0.5) < 4 * 0.5 / np.sqrt(n)


def test_a_hole_can_be_drawn_in_a_colour():
    originals, indices = images(3), np.arange(3)
    options = {"seed": 2, "epoch": 0, "cutout": 4}
    black = augment(originals, indices, **options)
    coloured = augment(originals, indices, **options, fill=[10, 20, 30])
    differs = (black != coloured).any(axis=-1)
    assert (coloured[differs] == [10, 20, 30]).all()
    hole = (inputs(originals, indices, **options) == 0).all(axis=-1)
    np.testing.assert_array_equal(differs, hole)


@given(st.integers(0, 1000), st.integers(0, 4))
def test_a_window_moves_within_a_photograph_and_shows_no_black(seed, margin):
    originals, indices = images(4, size=13), np.arange(4)
    options = {"seed": seed, "epoch": 3, "crop_padding": margin}
    seen = slice(margin, 13 - margin)
    expected = normalise(augment(originals, indices, **options)[:, seen, seen], MEAN, STD)
    x = inputs(originals, indices, **options, margin=margin)
    np.testing.assert_array_equal(x, expected)
    assert (x > normalise(np.zeros_like(originals[:, seen, seen]), MEAN, STD)).all()


def test_threads_and_batches_change_nothing():
    originals, indices = images(40), np.arange(40)
    together = inputs(originals, indices, cutout=4)
    with ThreadPoolExecutor(4) as pool:
        shards = [slice(start, start + 7) for start in range(0, 40, 7)]
        parts = pool.map(lambda s: inputs(originals[s], indices[s], cutout=4), shards)
        assert np.concatenate(list(parts)).tobytes() == together.tobytes()


def test_images_need_not_be_contiguous():
    originals, indices = images(4), np.arange(2)
    for sliced in (originals[::2], originals[:2, :, ::-1], originals[:2].transpose(0, 2, 1, 3)):
        copied = np.ascontiguousarray(sliced)
        np.testing.assert_array_equal(inputs(sliced, indices), inputs(copied, indices))
        options = {"seed": 0, "epoch": 0}
        np.testing.assert_array_equal(
            augment(sliced, indices, **options), augment(copied, indices, **options)
        )


def test_no_image_is_no_mistake():
    assert inputs(images(2)[:0], np.zeros(0, int)).shape == (0, 9, 9, 3)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"margin": 5}, "margin must be from 0 to less than half of 9 pixels, got 5"),
        ({"margin": -1}, "margin must be from 0"),
        ({"cutout": -1}, "cutout must be 0 or greater"),
        ({"mean": np.zeros(2)}, r"images must be uint8 \(N, H, W, 2\)"),
    ],
)
def test_bad_inputs_are_told_in_a_sentence(changes, message):
    with pytest.raises(ValueError, match=message):
        inputs(images(2), np.arange(2), **changes)
