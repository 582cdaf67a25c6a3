"""Make digits.npz from the copy of the data set that scikit-learn distributes.

    python mydl/data/digits/make_digits.py .../sklearn/datasets/data/digits.csv.gz

The file has a row for each image: its 64 pixels, row by row, and its label. They are split here,
once and for all, into 360 test images and 1,437 training images, with the same share of each digit
in both.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[Any]

TEST_IMAGES = 360


def split(labels: Integers, rng: np.random.Generator) -> tuple[Integers, Integers]:
    """Indices of the training and of the test images, both in random order."""
    counts = np.bincount(labels)
    shares = counts * TEST_IMAGES / len(labels)
    wanted = np.floor(shares).astype(int)
    # Whole numbers fall short of the sum; the digits that lost the most get one more.
    most_lost = np.argsort(wanted - shares, kind="stable")
    wanted[most_lost[: TEST_IMAGES - wanted.sum()]] += 1
    train, test = [], []
    for digit, count in enumerate(wanted):
        indices = rng.permutation(np.flatnonzero(labels == digit))
        test.append(indices[:count])
        train.append(indices[count:])
    return rng.permutation(np.concatenate(train)), rng.permutation(np.concatenate(test))


def main(source: str) -> None:
    """Write digits.npz beside this file from scikit-learn's CSV file."""
    rows = np.loadtxt(source, delimiter=",").astype(np.uint8)
    images, labels = rows[:, :64].reshape(-1, 8, 8), rows[:, 64]
    train, test = split(labels, np.random.default_rng(0))
    np.savez_compressed(
        Path(__file__).with_name("digits.npz"),
        train_images=images[train],
        train_labels=labels[train],
        test_images=images[test],
        test_labels=labels[test],
    )


if __name__ == "__main__":
    main(sys.argv[1])
