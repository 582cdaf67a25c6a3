"""Grey and small images for networks that take photographs, and the mean of any images."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..layer import Array, Shape
from .dataset import DataError, Images

SMALLEST = 8  # pixels of the side of images that can be made to fit
SIDE = 32  # of what comes out, at least
PART = 1024  # images that are measured at once


class Fitted:
    """Square images as a network for photographs takes them, made when they are asked for.

    Each pixel becomes a block of the largest size with which the image has at most 32 pixels a
    side; black around it fills it up to 32; grey becomes three equal channels. So 8x8 images are
    enlarged four times, and 28x28 ones get two pixels of black at each side.

    Parameters
    ----------
    images
        (N, S, S), (N, S, S, 1) or (N, S, S, 3), uint8, S at least 8.

    Raises
    ------
    DataError
        Images of another shape or type; the message is the second half of a sentence.

    Examples
    --------
    >>> images = Fitted(np.full((5, 28, 28), 255, np.uint8))
    >>> images.shape
    (5, 32, 32, 3)
    >>> images[:2].shape, images[0][16, :4, 0]
    ((2, 32, 32, 3), array([  0,   0, 255, 255], dtype=uint8))
    """

    dtype = np.dtype(np.uint8)

    def __init__(self, images: Array) -> None:
        if images.dtype != np.uint8:
            raise DataError(
                f"expected images of type uint8, 0 black and 255 white, got {images.dtype}: save "
                "them so"
            )
        if images.ndim == 4 and images.shape[1] in (1, 3) and images.shape[3] not in (1, 3):
            raise DataError(
                f"expected images (N, H, W, channels), got the shape {images.shape}: save "
                "images.transpose(0, 2, 3, 1)"
            )
        if images.ndim == 3:
            images = images[..., None]
        if images.ndim != 4 or images.shape[3] not in (1, 3):
            raise DataError(
                f"expected images (N, H, W), (N, H, W, 1) or (N, H, W, 3), got the shape "
                f"{images.shape}"
            )
        side = images.shape[1]
        if side != images.shape[2] or side < SMALLEST:
            raise DataError(
                f"expected square images of at least {SMALLEST}x{SMALLEST} pixels, got "
                f"{side}x{images.shape[2]}: cut or scale them"
            )
        self._images = images
        self._enlargement = max(1, SIDE // side)
        self._size = max(SIDE, side)

    @property
    def shape(self) -> Shape:
        """(N, H, W, 3), as they come out."""
        return (len(self), self._size, self._size, 3)

    def __len__(self) -> int:
        return len(self._images)

    def __getitem__(self, key: Any) -> Array:
        """The images that NumPy's indexing of the first axis chooses, in memory of their own."""
        chosen = self._images[key]  # (..., S, S, C)
        large = chosen.repeat(self._enlargement, axis=-3).repeat(self._enlargement, axis=-2)
        framed = np.zeros((*chosen.shape[:-3], self._size, self._size, 3), np.uint8)
        start = (self._size - large.shape[-2]) // 2
        seen = slice(start, start + large.shape[-2])
        framed[..., seen, seen, :] = large
        return framed


def mean_and_deviation(images: Images) -> tuple[Array, Array]:
    """Mean and standard deviation of each channel as fractions of 255, (C,).

    Parameters
    ----------
    images
        (N, H, W, C), uint8, N at least 1; a part of them is in memory at a time.

    Examples
    --------
    >>> mean_and_deviation(np.array([0, 255], np.uint8).reshape(2, 1, 1, 1))
    (array([0.5]), array([0.5]))
    """
    levels = np.arange(256)
    counts = np.zeros((images.shape[3], 256), np.int64)  # how often each level occurs
    for start in range(0, len(images), PART):
        part = images[start : start + PART]
        for channel, count in enumerate(counts):
            count += np.bincount(part[..., channel].ravel(), minlength=256)
    pixels = counts.sum(axis=1)
    mean = counts @ levels / pixels
    # Of whole numbers, without the cancellation that rounded squares would bring.
    variance = (counts * (levels - mean[:, None]) ** 2).sum(axis=1) / pixels
    return mean / 255, np.sqrt(variance) / 255


def measured(images: Images) -> tuple[Array, Array]:
    """As :func:`mean_and_deviation`, of images to train on: these cannot be all alike.

    Raises
    ------
    DataError
        They are of one colour; the message is the second half of a sentence.
    """
    mean, std = mean_and_deviation(images)
    if not std.all():
        raise DataError("the training images are all of one colour: there is nothing to learn")
    return mean, std
