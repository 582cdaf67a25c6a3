"""Hold a part of the training images out, to make choices by."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from ..layer import Array, Shape
from .dataset import DataError, Dataset, Images

MOST = 0.5  # of the training images


class Subset:
    """Some of a data set's images, in a given order, without a copy of them.

    Parameters
    ----------
    images
        All of them, (N, H, W, C).
    indices
        Which, (n,).

    Examples
    --------
    >>> images = np.arange(4, dtype=np.uint8).reshape(4, 1, 1, 1)
    >>> Subset(images, np.array([3, 1]))[:1].ravel()
    array([3], dtype=uint8)
    """

    def __init__(self, images: Images, indices: Array) -> None:
        self._images, self._indices = images, indices

    @property
    def shape(self) -> Shape:
        """(N, H, W, C) of the chosen images."""
        return (len(self._indices), *self._images.shape[1:])

    @property
    def dtype(self) -> np.dtype[Any]:
        """As of all images."""
        return self._images.dtype

    def __len__(self) -> int:
        return len(self._indices)

    def __getitem__(self, key: Any, /) -> Array:
        return self._images[self._indices[key]]


def hold_out(dataset: Dataset, share: float, seed: int = 0) -> Dataset:
    """Part a data set's training images into those to train on and those to validate on.

    Each class gives the same share, to the nearest image but at least one, and keeps at least one
    to train on; a class of a single image keeps it.

    Parameters
    ----------
    dataset
        What to part; it stays as it is.
    share
        Of the training images, from 0 (none are held out) to 0.5.
    seed
        Chooses which. Runs that are to be compared have the same.

    Raises
    ------
    ValueError
        The share is out of range.
    DataError
        Every class has a single image, so that there is nothing to hold out.

    Examples
    --------
    >>> from mydl.data import load_dataset
    >>> parted = hold_out(load_dataset("digits"), 0.1)
    >>> len(parted.train_images), len(parted.validation_images)
    (1295, 142)
    """
    if not 0 <= share <= MOST:
        raise ValueError(f"the share to hold out must be from 0 to {MOST}, got {share!r}")
    if share == 0:
        return dataset
    labels = dataset.train_labels
    order = np.random.default_rng(seed).permutation(len(labels))
    held = np.zeros(len(labels), bool)
    for label in range(len(dataset.class_names)):
        members = order[labels[order] == label]
        count = min(max(1, round(share * len(members))), len(members) - 1)
        held[members[: max(count, 0)]] = True
    if not held.any():
        raise DataError(
            f"{dataset.name}: with one image a class there is none to hold out for validation: "
            "set validation to 0"
        )
    train, validation = np.flatnonzero(~held), np.flatnonzero(held)
    return replace(
        dataset,
        train_images=Subset(dataset.train_images, train),
        train_labels=labels[train],
        validation_images=Subset(dataset.train_images, validation),
        validation_labels=labels[validation],
    )
