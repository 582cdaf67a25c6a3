"""The handwritten digits that come with mydl: small enough to learn in a minute, without a network.

E. Alpaydin and C. Kaynak (1998), Optical Recognition of Handwritten Digits, UCI Machine Learning
Repository, https://doi.org/10.24432/C50P49, CC BY 4.0; see LICENSE-digits.txt in this folder.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ...layer import Array
from ..dataset import Dataset

BRIGHTEST = 16  # a pixel of the original counts the inked ones among the 4x4 that it stands for
ENLARGEMENT = 4


def load_digits() -> Dataset:
    """1,437 training and 360 test images of the digits 0 to 9, as 32x32 RGB.

    The original's 8x8 grey pixels become blocks of 4x4 in three equal channels, so that networks
    for photographs take them. The split is fixed and has the same share of each digit in both
    parts; a writer may be in both.

    >>> digits = load_digits()
    >>> digits.train_images.shape, digits.test_images.shape
    ((1437, 32, 32, 3), (360, 32, 32, 3))
    """
    with np.load(Path(__file__).with_name("digits.npz"), allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    train_images = _show(arrays["train_images"])
    pixels = train_images[:, ::ENLARGEMENT, ::ENLARGEMENT]  # one of each block
    return Dataset(
        name="digits",
        train_images=train_images,
        train_labels=arrays["train_labels"].astype(np.int64),
        test_images=_show(arrays["test_images"]),
        test_labels=arrays["test_labels"].astype(np.int64),
        class_names=tuple("0123456789"),
        mean=pixels.mean(axis=(0, 1, 2)) / 255,
        std=pixels.std(axis=(0, 1, 2)) / 255,
        mirror=False,
    )


def _show(images: Array) -> Array:
    """(N, 8, 8) with values 0 to 16 as (N, 32, 32, 3) with values 0 to 255."""
    scaled = np.round(images * (255 / BRIGHTEST)).astype(np.uint8)
    large = scaled.repeat(ENLARGEMENT, axis=1).repeat(ENLARGEMENT, axis=2)  # (N, 32, 32)
    return large[..., None].repeat(3, axis=-1)
