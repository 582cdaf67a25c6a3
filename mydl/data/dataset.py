"""A data set, and how its images become a network's input."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from ..layer import Array, Shape


class DataError(ValueError):
    """Data that is damaged or of the wrong kind; the message says which file and what to do."""


class MissingDataError(DataError):
    """Data that is not where it was looked for; the message says what to put where."""


class Images(Protocol):
    """What a data set asks of its images: an array, or what gives out parts of one when asked."""

    @property
    def shape(self) -> Shape:
        """(N, H, W, C) of all images."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """What the values are, such as uint8."""

    def __len__(self) -> int: ...
    def __getitem__(self, key: Any, /) -> Array: ...


@dataclass(frozen=True, eq=False)
class Dataset:
    """Labelled images, split into those to train on, those to test on and perhaps a third part.

    The third are the validation images: choices are made by them, such as which epoch was the best,
    so that the test images can say at the end how good the outcome is. See
    :func:`mydl.data.split.hold_out`.

    Attributes
    ----------
    name
        As ``load_dataset`` takes it.
    train_images, test_images
        (N, H, W, C), uint8, H = W; arrays, or photographs that are read when they are asked for.
    train_labels, test_labels
        Index of each image's class, (N,), int64.
    class_names
        Of the K classes.
    mean, std
        Of each channel over the training images, as fractions of 255, (C,).
    mirror
        Whether a mirror image is as good as the original: true of photographs, not of digits.
    margin
        Pixels at each side of the images that are there to choose from: a network sees a window
        that much smaller, at a random place in training and the centre in a test.
    notes
        Sentences about the data that a person should see, such as which files are damaged.
    validation_images, validation_labels
        As the others; None where nothing is held out.

    Raises
    ------
    DataError
        Arrays that do not fit each other.
    """

    name: str
    train_images: Images
    train_labels: Array
    test_images: Images
    test_labels: Array
    class_names: tuple[str, ...]
    mean: Array
    std: Array
    mirror: bool
    margin: int = 0
    notes: tuple[str, ...] = ()
    validation_images: Images | None = None
    validation_labels: Array | None = None

    def __post_init__(self) -> None:
        shape = self.train_images.shape[1:]
        for part in ("train", "test", "validation"):
            if part == "validation" and self.validation_images is None:
                continue
            images, labels = self.part(part)
            if images.dtype != np.uint8 or len(images.shape) != 4 or images.shape[1:] != shape:
                raise DataError(
                    f"{self.name}: {part} images must be uint8 (N, H, W, C), all of one size, "
                    f"got {images.dtype} of shape {images.shape}"
                )
            if shape[0] != shape[1]:
                raise DataError(f"{self.name}: images must be square, got {shape[0]}x{shape[1]}")
            if labels.shape != images.shape[:1] or labels.dtype.kind not in "iu":
                raise DataError(
                    f"{self.name}: expected a whole number as label for each of {len(images)} "
                    f"{part} images, got {labels.dtype} of shape {labels.shape}"
                )
            if not len(labels):
                raise DataError(f"{self.name}: there are no {part} images")
            if labels.min() < 0 or labels.max() >= len(self.class_names):
                bad = labels[(labels < 0) | (labels >= len(self.class_names))][0]
                raise DataError(
                    f"{self.name}: {part} labels must be from 0 to {len(self.class_names) - 1}, "
                    f"got {bad}"
                )
        if not len(self.mean) == len(self.std) == shape[-1]:
            raise DataError(f"{self.name}: mean and std must have a number for each channel")
        if not 0 <= 2 * self.margin < shape[0]:
            raise DataError(
                f"{self.name}: a margin of {self.margin} pixels leaves nothing of {shape[0]}"
            )

    def part(self, name: str) -> tuple[Images, Array]:
        """The images and labels of "train", "validation" or "test".

        Raises
        ------
        DataError
            There is no such part.
        """
        images, labels = getattr(self, f"{name}_images"), getattr(self, f"{name}_labels")
        if images is None or labels is None:
            raise DataError(f"{self.name}: there are no {name} images")
        return images, labels

    @property
    def image_size(self) -> int:
        """Rows, and columns, in pixels of what a network sees of an image."""
        return int(self.train_images.shape[1]) - 2 * self.margin

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """(H, W, C) of what a network sees of an image."""
        return (self.image_size, self.image_size, int(self.train_images.shape[3]))

    def inputs(self, images: Array) -> Array:
        """The centres of images of this data set as a network takes them, (N, size, size, C)."""
        seen = slice(self.margin, self.margin + self.image_size)
        return normalise(images[:, seen, seen], self.mean, self.std)


def normalise(images: Array, mean: Array, std: Array) -> Array:
    """Images as a network takes them: (x / 255 - mean) / std for each channel, float32.

    Parameters
    ----------
    images
        (N, H, W, C), uint8.
    mean, std
        Of each channel as fractions of 255, (C,).

    Examples
    --------
    >>> images = np.array([0, 255], np.uint8).reshape(1, 1, 2, 1)
    >>> normalise(images, np.array([0.5]), np.array([0.25])).ravel()
    array([-2.,  2.], dtype=float32)
    """
    mean, std = np.asarray(mean), np.asarray(std)
    if images.dtype != np.uint8 or images.ndim != 4 or images.shape[-1:] != mean.shape:
        raise ValueError(
            f"images must be uint8 (N, H, W, {mean.size}), "
            f"got {images.dtype} of shape {images.shape}"
        )
    n, h, w, c = images.shape
    # NumPy is slow over a last axis of three: the channels' numbers are laid out for a whole row.
    scale = np.tile(1 / (255 * std), w).astype(np.float32)  # (W*C,)
    shift = np.tile(mean / std, w).astype(np.float32)  # (W*C,)
    x = images.reshape(n, h, w * c) * scale
    x -= shift
    return x.reshape(images.shape)
