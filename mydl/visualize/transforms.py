"""Moving, smoothing and scaling floating-point images, (H, W, C)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..layer import Array


def jitter(most: int, rng: np.random.Generator) -> tuple[int, int]:
    """How many rows and columns to move an image by: each from -most to most."""
    rows, columns = rng.integers(-most, most + 1, size=2)
    return int(rows), int(columns)


def shifted(image: Array, by: tuple[int, int]) -> Array:
    """The image moved by rows and columns; what leaves it on one side comes in on the other.

    >>> shifted(np.arange(4.0).reshape(1, 4, 1), (0, 1)).ravel()
    array([3., 0., 1., 2.])
    """
    return np.roll(image, by, axis=(0, 1))


def blurred(image: Array, sigma: float) -> Array:
    """The image seen through a Gaussian of a deviation of ``sigma`` pixels.

    At the border the nearest pixel is repeated.

    >>> blurred(np.array([0.0, 0, 1, 0, 0]).reshape(5, 1, 1), 0.5).ravel().round(2)
    array([0.  , 0.11, 0.79, 0.11, 0.  ])
    """
    if sigma <= 0:
        return image
    reach = max(1, round(3 * sigma))
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    weights = (weights / weights.sum()).astype(image.dtype)
    for axis in (0, 1):  # a Gaussian is the product of one of the rows and one of the columns
        around = [(reach, reach) if each == axis else (0, 0) for each in range(image.ndim)]
        padded = np.pad(image, around, mode="edge")
        length = image.shape[axis]
        parts = (padded.take(range(k, k + length), axis) for k in range(len(weights)))
        image = sum(
            (w * part for w, part in zip(weights, parts, strict=True)), np.zeros_like(image)
        )
    return image


def at_scales(gradient: Array, sigmas: Sequence[float]) -> Array:
    """A gradient with its coarse parts as strong as its fine ones: it is blurred several ways.

    ::

        sum over sigma of g / std g            g: the gradient, blurred by sigma

    What a network answers to is strongest in fine detail, of which a picture has least.

    >>> at_scales(np.array([1.0, -1.0]).reshape(2, 1, 1), [0.0]).ravel()
    array([ 1., -1.])
    """
    total = np.zeros_like(gradient)
    for sigma in sigmas:
        part = blurred(gradient, sigma)
        total += part / (part.std() + np.finfo(part.dtype).tiny)
    return total


def scaled(image: Array, size: tuple[int, int]) -> Array:
    """The image with other numbers of rows and columns, by Pillow's bilinear filter, as float32.

    >>> scaled(np.ones((4, 6, 3), np.float32), (2, 3)).shape
    (2, 3, 3)
    """
    from PIL import Image

    h, w = size
    planes = [Image.fromarray(plane) for plane in np.moveaxis(image.astype(np.float32), -1, 0)]
    resized = [np.asarray(plane.resize((w, h), Image.Resampling.BILINEAR)) for plane in planes]
    return np.stack(resized, axis=-1)
