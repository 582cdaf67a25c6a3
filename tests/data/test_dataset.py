"""Data sets that do not fit themselves, normalisation, and loading by name."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mydl.data import DataError, Dataset, load_dataset, normalise


def dataset(**changes):
    images = np.zeros((4, 8, 8, 3), np.uint8)
    arguments = {
        "name": "spots",
        "train_images": images,
        "train_labels": np.array([0, 1, 1, 0]),
        "test_images": images[:2],
        "test_labels": np.array([0, 1]),
        "class_names": ("light", "dark"),
        "mean": np.full(3, 0.5),
        "std": np.full(3, 0.25),
        "mirror": True,
    }
    return Dataset(**{**arguments, **changes})


def test_a_data_set_knows_its_size():
    assert dataset().image_size == 8
    assert dataset().image_shape == (8, 8, 3)


def test_a_network_sees_what_is_within_the_margin():
    framed = dataset(margin=1)
    images = np.zeros((1, 8, 8, 3), np.uint8)
    images[:, 1:-1, 1:-1] = 255
    assert framed.image_shape == (6, 6, 3)
    assert (framed.inputs(images) == 2).all()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"train_images": np.zeros((4, 8, 8, 3))}, "train images must be uint8"),
        ({"test_images": np.zeros((2, 8, 8), np.uint8)}, "test images must be uint8"),
        ({"test_images": np.zeros((2, 9, 9, 3), np.uint8)}, "all of one size"),
        (
            {
                "train_images": np.zeros((4, 8, 9, 3), np.uint8),
                "test_images": np.zeros((2, 8, 9, 3), np.uint8),
            },
            "images must be square, got 8x9",
        ),
        ({"train_labels": np.array([0, 1])}, "as label for each of 4 train images"),
        ({"test_labels": np.array([0.0, 1.0])}, "a whole number as label"),
        ({"test_labels": np.array([0, 2])}, "test labels must be from 0 to 1, got 2"),
        ({"train_labels": np.array([0, -1, 0, 0])}, "from 0 to 1, got -1"),
        (
            {"test_images": np.zeros((0, 8, 8, 3), np.uint8), "test_labels": np.zeros(0, int)},
            "there are no test images",
        ),
        ({"mean": np.zeros(1)}, "a number for each channel"),
        ({"margin": 4}, "a margin of 4 pixels leaves nothing of 8"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(changes, message):
    with pytest.raises(DataError, match=f"spots: .*{message}"):
        dataset(**changes)


@given(
    st.tuples(st.integers(0, 3), st.integers(1, 5), st.integers(1, 5), st.integers(1, 4)),
    st.integers(0, 2**32 - 1),
)
def test_normalise_is_its_formula(shape, seed):
    rng = np.random.default_rng(seed)
    images = rng.integers(0, 256, shape, dtype=np.uint8)
    mean, std = rng.uniform(0, 1, shape[-1]), rng.uniform(0.1, 1, shape[-1])
    x = normalise(images, mean, std)
    assert x.dtype == np.float32
    np.testing.assert_allclose(x, (images / 255 - mean) / std, rtol=1e-5, atol=1e-5)


def test_normalised_training_images_have_mean_zero_and_deviation_one():
    digits = load_dataset("digits")
    x = normalise(digits.train_images, digits.mean, digits.std)
    np.testing.assert_allclose(x.mean(axis=(0, 1, 2), dtype=float), 0, atol=1e-5)
    np.testing.assert_allclose(x.std(axis=(0, 1, 2), dtype=float), 1, atol=1e-5)


@pytest.mark.parametrize(
    "images", [np.zeros((1, 2, 2, 3)), np.zeros((2, 2, 3), np.uint8), np.zeros((1, 2, 2, 1), "u1")]
)
def test_images_of_another_kind_are_not_normalised(images):
    with pytest.raises(ValueError, match=r"images must be uint8 \(N, H, W, 3\), got"):
        normalise(images, np.zeros(3), np.ones(3))


def test_an_unknown_name_is_told_with_those_there_are():
    with pytest.raises(DataError, match=r"'cifar': did you mean 'cifar10'\? There are digits, "):
        load_dataset("cifar")


def test_images_of_one_size_cannot_be_asked_for_in_another():
    assert load_dataset("digits", image_size=32).image_size == 32
    with pytest.raises(
        DataError, match="the images of digits have 32 pixels a side, image_size is"
    ):
        load_dataset("digits", image_size=64)


def test_digits_load_without_compiler_or_network_library():
    script = (
        "import sys; from mydl.data import load_dataset; load_dataset('digits');"
        "loaded = {'numba', 'pooch', 'requests', 'rich', 'PIL'} & set(sys.modules);"
        "sys.exit(f'loaded {loaded}' if loaded else 0)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert not done.stderr
