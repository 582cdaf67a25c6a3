"""The digits that come with mydl."""

from pathlib import Path

import numpy as np

import mydl.data.digits
from mydl.data.digits import load_digits

FOLDER = Path(mydl.data.digits.__file__).parent


def test_shapes_types_and_range():
    digits = load_digits()
    assert digits.train_images.shape == (1437, 32, 32, 3)
    assert digits.test_images.shape == (360, 32, 32, 3)
    assert digits.train_images.dtype == digits.test_images.dtype == np.uint8
    assert (digits.train_images.min(), digits.train_images.max()) == (0, 255)
    assert digits.class_names == tuple("0123456789")
    assert digits.image_size == 32
    assert not digits.mirror


def test_both_parts_have_the_same_share_of_each_digit():
    digits = load_digits()
    train, test = np.bincount(digits.train_labels), np.bincount(digits.test_labels)
    assert len(train) == len(test) == 10
    np.testing.assert_allclose(test, (train + test) * 360 / 1797, atol=1)


def test_the_parts_together_are_the_original():
    """Numbers that the original's documentation and every copy of it give."""
    with np.load(FOLDER / "digits.npz") as file:
        images = np.concatenate([file["train_images"], file["test_images"]])
        labels = np.concatenate([file["train_labels"], file["test_labels"]])
    assert images.shape == (1797, 8, 8)
    assert int(images.max()) == 16
    assert images.sum(dtype=int) == 561_718
    assert np.bincount(labels).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    rows = {image.tobytes() for image in images}
    assert len(rows) == 1797  # and so no image is in both parts


def test_each_pixel_becomes_a_grey_block():
    digits = load_digits()
    with np.load(FOLDER / "digits.npz") as file:
        small = file["test_images"]
    for row in range(32):
        for col in range(32):
            expected = np.round(small[:, row // 4, col // 4] * (255 / 16))
            for channel in range(3):
                np.testing.assert_array_equal(digits.test_images[:, row, col, channel], expected)


def test_mean_and_deviation_are_those_of_the_training_images():
    digits = load_digits()
    values = digits.train_images[..., 1] / 255
    np.testing.assert_allclose(digits.mean, values.mean(), rtol=1e-12)
    np.testing.assert_allclose(digits.std, values.std(), rtol=1e-12)


def test_the_licence_lies_beside_the_data():
    text = (FOLDER / "LICENSE-digits.txt").read_text()
    for word in ("Alpaydin", "Kaynak", "10.24432/C50P49", "CC BY 4.0", "What was changed"):
        assert word in text
