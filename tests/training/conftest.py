"""A data set so small and simple that a network learns it within seconds."""

import numpy as np
import pytest

from mydl.data.dataset import Dataset


@pytest.fixture(scope="session")
def stripes():
    """Images of 16x16 pixels with stripes across, along or none, and some noise."""
    rng = np.random.default_rng(0)

    def draw(n):
        labels = rng.integers(0, 3, n)
        images = rng.integers(0, 60, (n, 16, 16, 3))
        images[labels == 0, ::4] += 190
        images[labels == 1, :, ::4] += 190
        return images.astype(np.uint8), labels

    train_images, train_labels = draw(48)
    test_images, test_labels = draw(30)
    return Dataset(
        name="stripes",
        train_images=train_images,
        train_labels=train_labels,
        test_images=test_images,
        test_labels=test_labels,
        class_names=("across", "along", "none"),
        mean=train_images.mean((0, 1, 2)) / 255,
        std=train_images.std((0, 1, 2)) / 255,
        mirror=True,
    )
