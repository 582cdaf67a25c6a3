"""Random shifts and mirror images of training data, fixed for each sample and epoch."""

from __future__ import annotations

import numpy as np

from ..layer import Array


def augment(
    images: Array,
    indices: Array,
    *,
    seed: int,
    epoch: int,
    crop_padding: int = 4,
    flip: bool = True,
) -> Array:
    """Shift each image by a few pixels and mirror it or not, at random.

    What happens to an image depends on ``seed``, ``epoch`` and its index in the data set only, not
    on the batch it is in or the thread that loads it.

    Args:
        images: (N, H, W, C), uint8.
        indices: the images' places in the data set, (N,), whole numbers from 0.
        seed, epoch: whole numbers from 0; another epoch shifts and mirrors differently.
        crop_padding: pixels of black that the image is padded with before a window of its old size
            is cut out: it moves by up to as many pixels each way.
        flip: swap left and right of every other image, on average.

    Returns:
        New images of the same shape.

    Raises:
        ValueError: an argument of another shape, dtype or range.

    Source: Lee et al. 2015, "Deeply-Supervised Nets"; He et al. 2016, "Deep Residual Learning for
    Image Recognition", section 4.2.

    >>> images = np.full((2, 8, 8, 3), 255, np.uint8)
    >>> both = augment(images, np.array([7, 9]), seed=0, epoch=1)
    >>> alone = augment(images[1:], np.array([9]), seed=0, epoch=1)
    >>> bool((both[1] == alone[0]).all())
    True
    """
    from ..kernels.augment import shift_and_mirror  # loads Numba, which no other data code needs

    if images.ndim != 4 or images.dtype != np.uint8:
        raise ValueError(
            f"images must be uint8 (N, H, W, C), got {images.dtype} of shape {images.shape}"
        )
    if np.shape(indices) != images.shape[:1]:
        raise ValueError(
            f"indices must be one for each of {len(images)} images, got {np.shape(indices)}"
        )
    if crop_padding < 0:
        raise ValueError(f"crop_padding must be 0 or greater, got {crop_padding}")
    bits = _random_bits(seed, epoch, np.asarray(indices))
    moves = np.uint64(2 * crop_padding + 1)
    down = (bits % moves).astype(np.int64) - crop_padding
    right = (bits // moves % moves).astype(np.int64) - crop_padding
    mirrored = (bits >> np.uint64(63) == 1) & flip
    shifted = np.empty_like(images)
    shift_and_mirror(images, shifted, down, right, mirrored)
    return shifted


def _random_bits(seed: int, epoch: int, indices: Array) -> Array:
    """64 random bits for each index, from a hash of all three numbers.

    A generator for each image would take longer than the image itself.
    """
    if seed < 0 or epoch < 0 or indices.dtype.kind not in "iu" or (indices < 0).any():
        raise ValueError(
            f"seed, epoch and indices must be whole numbers from 0, got {seed}, {epoch} and "
            f"{indices.dtype}"
        )
    bits = np.full(indices.shape, seed % 2**64, np.uint64)
    for number in (np.uint64(epoch), indices.astype(np.uint64)):
        bits = _mix(_mix(bits) + number)
    return bits


def _mix(bits: Array) -> Array:
    """One output of SplitMix64 (Steele et al. 2014, figure 15), modulo 2^64 like all of uint64."""
    bits = bits + np.uint64(0x9E3779B97F4A7C15)
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed: Array = bits ^ (bits >> np.uint64(31))
    return mixed
