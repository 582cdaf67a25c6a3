"""Random changes to training images, fixed for each sample and epoch.

Nothing here has a running state. What happens to an image is drawn from a hash of the seed, the
epoch and the image's place in the data set: it is the same in any batch, shard, thread or process,
and a run that is taken up again in the middle of an epoch goes on as if it had never stopped.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ..layer import Array
from .dataset import normalise


def augment(
    images: Array,
    indices: Array,
    *,
    seed: int,
    epoch: int,
    crop_padding: int = 4,
    flip: bool = True,
    cutout: int = 0,
    fill: Any = 0,
) -> Array:
    """Shift each image by a few pixels, mirror it or not, and blot a square out, at random.

    What happens to an image depends on ``seed``, ``epoch`` and its index in the data set only, not
    on the batch it is in or the thread that loads it.

    Parameters
    ----------
    images
        (N, H, W, C), uint8.
    indices
        The images' places in the data set, (N,), whole numbers from 0.
    seed, epoch
        Whole numbers from 0; another epoch shifts and mirrors differently.
    crop_padding
        Pixels of black that the image is padded with before a window of its old size is cut out: it
        moves by up to as many pixels each way.
    flip
        Swap left and right of every other image, on average.
    cutout
        Side in pixels of the square that is blotted out; 0 for none. Its centre is any pixel alike,
        so that near an edge only a part of it lies on the image.
    fill
        Colour of the square, a number for each channel from 0 to 255 or one for all.

    Returns
    -------
    Array
        New images of the same shape.

    Raises
    ------
    ValueError
        An argument of another shape, dtype or range.

    References
    ----------
    Lee et al. 2015, "Deeply-Supervised Nets"; He et al. 2016, "Deep Residual Learning for Image
    Recognition", section 4.2; DeVries and Taylor 2017, "Improved Regularization of Convolutional
    Neural Networks with Cutout" (arXiv 1708.04552), section 3.

    Examples
    --------
    >>> images = np.full((2, 8, 8, 3), 255, np.uint8)
    >>> both = augment(images, np.array([7, 9]), seed=0, epoch=1)
    >>> alone = augment(images[1:], np.array([9]), seed=0, epoch=1)
    >>> bool((both[1] == alone[0]).all())
    True
    """
    _check_images(images, indices)
    channels = images.shape[-1]
    fill = np.asarray(fill)
    if fill.shape not in ((), (channels,)) or (fill < 0).any() or (fill > 255).any():
        raise ValueError(
            f"fill must be a number from 0 to 255, or one for each of {channels} channels, "
            f"got {fill.tolist()}"
        )
    draws = _draw(indices, images.shape[1:3], seed, epoch, crop_padding, flip, cutout)
    values = np.arange(256, dtype=np.uint8)[:, None].repeat(channels, axis=1)
    changed = np.empty_like(images, order="C")
    _take(images, changed, values, draws, np.broadcast_to(fill.astype(np.uint8), channels))
    return changed


def augment_inputs(
    images: Array,
    indices: Array,
    *,
    seed: int,
    epoch: int,
    mean: Array,
    std: Array,
    crop_padding: int = 4,
    flip: bool = True,
    cutout: int = 0,
    margin: int = 0,
) -> Array:
    """What a network is trained on: images changed like :func:`augment`, then normalised.

    One pass over the pixels gives the same numbers as ``normalise(augment(...), mean, std)``, but
    for the square that is cut out: it is 0, the mean of the data set.

    Parameters
    ----------
    images
        (N, H, W, C), uint8.
    indices, seed, epoch, crop_padding, flip
        As :func:`augment` takes them.
    mean, std
        Of each channel as fractions of 255, (C,).
    cutout
        Side of the square in pixels of what the network sees; 0 for none.
    margin
        Pixels at each side that the network does not see. A photograph has as many more than the
        network takes, and with ``crop_padding`` equal to them its window moves within the
        photograph, without any black (see :class:`~mydl.data.dataset.Dataset`).

    Returns
    -------
    Array
        (N, H - 2 margin, W - 2 margin, C), float32.

    Raises
    ------
    ValueError
        An argument of another shape, dtype or range.

    References
    ----------
    See :func:`augment`.

    Examples
    --------
    >>> images, mean, std = np.full((1, 8, 8, 3), 51, np.uint8), np.full(3, 0.1), np.full(3, 0.2)
    >>> options = dict(seed=0, epoch=0, mean=mean, std=std, crop_padding=2)
    >>> x = augment_inputs(images, np.array([0]), cutout=4, **options)
    >>> [float(number) for number in np.unique(x.round(6))]  # black, cut out, and the image
    [-0.5, 0.0, 0.5]
    """
    _check_images(images, indices)
    n, h, w, channels = images.shape
    if margin < 0 or 2 * margin >= min(h, w):
        raise ValueError(
            f"margin must be from 0 to less than half of {min(h, w)} pixels, got {margin}"
        )
    size = (h - 2 * margin, w - 2 * margin)
    draws = _draw(indices, size, seed, epoch, crop_padding, flip, cutout, margin)
    pixels = np.arange(256, dtype=np.uint8)[:, None].repeat(channels, axis=1)
    values = normalise(pixels[None, None], mean, std)[0, 0]  # (256, C)
    x = np.empty((n, *size, channels), np.float32)
    _take(images, x, values, draws, np.zeros(channels, np.float32))
    return x


def mixup_partners(
    indices: Array, *, seed: int, epoch: int, count: int, alpha: float
) -> tuple[Array, Array]:
    """Draw for each image another one to mix it with, and the share that it keeps.

    The partner comes from the whole data set, and each image has a share of its own, where the
    authors' program pairs the images of a batch with one share for all. Both are within the paper's
    definition; this way the mixture does not depend on the batch.

    Parameters
    ----------
    indices
        The images' places in the data set, (N,), whole numbers from 0.
    seed, epoch
        Whole numbers from 0.
    count
        Images in the data set.
    alpha
        Of the distribution Beta(alpha, alpha) of the shares. Near 0 a mixture is nearly always one
        of the two images, at 1 any share is alike, above it halves are likely.

    Returns
    -------
    tuple[Array, Array]
        Places of the partners, (N,), and the shares from 0 to 1, (N,), float32.

    Raises
    ------
    ValueError
        An argument of another dtype or range.

    References
    ----------
    Zhang et al. 2018, "mixup: Beyond Empirical Risk Minimization" (arXiv 1710.09412), equation 2;
    the shares by the formula of Devroye 1996, "Random variate generation in one line of code", for
    symmetric beta distributions.

    Examples
    --------
    >>> partners, shares = mixup_partners(np.arange(3), seed=0, epoch=0, count=100, alpha=1.0)
    >>> partners.shape, shares.dtype
    ((3,), dtype('float32'))
    """
    if count < 1:
        raise ValueError(f"count must be the number of images to choose from, got {count}")
    if not 0 < alpha < np.inf:
        raise ValueError(f"alpha must be greater than 0 and finite, got {alpha}")
    bits = _random_bits(seed, epoch, np.asarray(indices)) ^ _MIXUP
    choice = _mix(bits)
    angle = _mix(choice)
    radius = _mix(angle)
    partners = (choice % np.uint64(count)).astype(np.int64)
    # Devroye's 1/2 + S / (2 sqrt(1 + 1/s)), where s = cosine^2 (1 - u) / u, S is the cosine's sign
    # and u = U^(1/alpha), in a form that bears that u is 0, as it is for a small alpha.
    cosine = np.cos(2 * np.pi * _uniform(angle))
    log_u = np.log(_uniform(radius)) / alpha
    u, rest = np.exp(log_u), -np.expm1(log_u)
    shares = 0.5 + 0.5 * cosine * np.sqrt(rest / (cosine**2 * rest + u))
    return partners, shares.clip(0, 1).astype(np.float32)


def mix(x: Array, x_partner: Array, lam: Array) -> None:
    """Mix images in place: ``x <- lam x + (1 - lam) x_partner``, each with its own share.

    Parameters
    ----------
    x
        Inputs of a network, (N, H, W, C), float32 and contiguous.
    x_partner
        Those of the partners, of the same shape.
    lam
        The shares that stay, (N,), float32.

    Raises
    ------
    ValueError
        Arrays that do not fit each other.

    Examples
    --------
    >>> x = np.ones((2, 1, 1, 1), np.float32)
    >>> mix(x, 5 * x, np.array([1, 0.5], np.float32))
    >>> x.ravel()
    array([1., 3.], dtype=float32)
    """
    from ..kernels.augment import blend  # loads Numba, which no other data code needs

    if x.shape != x_partner.shape or lam.shape != x.shape[:1]:
        raise ValueError(
            "two arrays of one shape can be mixed, with a share for each of their samples, got "
            f"{x.shape}, {x_partner.shape} and {lam.shape} shares"
        )
    if not x.flags.c_contiguous or not x.dtype == x_partner.dtype == lam.dtype == np.float32:
        raise ValueError(
            "images are mixed as contiguous float32 arrays, with float32 shares, got "
            f"{x.dtype}, {x_partner.dtype} and {lam.dtype}"
        )
    blend(x.reshape(len(x), -1), x_partner.reshape(len(x), -1), lam)


def mix_labels(labels: Array, partner_labels: Array, lam: Array, num_classes: int) -> Array:
    """Probabilities of the classes of mixed images: ``lam`` the one's, the rest the other's.

    Parameters
    ----------
    labels, partner_labels
        Whole numbers from 0, (N,).
    lam
        The shares of the first, (N,).
    num_classes
        Columns of the result.

    Returns
    -------
    Array
        (N, num_classes), float32; rows sum to 1. The loss takes them in place of labels.

    Raises
    ------
    ValueError
        Arrays that do not fit each other, or a label that is no class.

    Examples
    --------
    >>> mix_labels(np.array([2, 0]), np.array([1, 0]), np.array([0.75, 0.5]), 3)
    array([[0.  , 0.25, 0.75],
           [1.  , 0.  , 0.  ]], dtype=float32)
    """
    if not labels.shape == partner_labels.shape == lam.shape or labels.ndim != 1:
        raise ValueError(
            "each image needs a label, a partner's label and a share, got shapes "
            f"{labels.shape}, {partner_labels.shape} and {lam.shape}"
        )
    both = np.concatenate([labels, partner_labels])
    if both.dtype.kind not in "iu" or ((both < 0) | (both >= num_classes)).any():
        raise ValueError(f"labels must be whole numbers from 0 to {num_classes - 1}")
    mixed = np.zeros((len(labels), num_classes), np.float32)
    samples = np.arange(len(labels))
    mixed[samples, labels] = lam
    mixed[samples, partner_labels] += 1 - lam
    return mixed


class _Draws(NamedTuple):
    """What is done to each image, in the terms of the kernel."""

    top: Array
    left: Array
    mirrored: Array
    hole: int
    hole_top: Array
    hole_left: Array


def _draw(
    indices: Array,
    size: tuple[int, ...],
    seed: int,
    epoch: int,
    crop_padding: int,
    flip: bool,
    cutout: int,
    margin: int = 0,
) -> _Draws:
    """Decide what is done to images of which a network sees ``size`` pixels."""
    for name, value in (("crop_padding", crop_padding), ("cutout", cutout)):
        if value < 0:
            raise ValueError(f"{name} must be 0 or greater, got {value}")
    bits = _random_bits(seed, epoch, np.asarray(indices))
    moves = np.uint64(2 * crop_padding + 1)
    down = (bits % moves).astype(np.int64) - crop_padding
    right = (bits // moves % moves).astype(np.int64) - crop_padding
    mirrored = (bits >> np.uint64(63) == 1) & flip
    more_bits = _mix(bits)
    height, width = (np.uint64(pixels) for pixels in size)
    centre_row = (more_bits % height).astype(np.int64)
    centre_column = (more_bits // height % width).astype(np.int64)
    half = cutout // 2
    return _Draws(
        margin - down, margin - right, mirrored, cutout, centre_row - half, centre_column - half
    )


def _take(images: Array, windows: Array, values: Array, draws: _Draws, fill: Array) -> None:
    from ..kernels.augment import take_windows  # loads Numba, which no other data code needs

    take_windows(images, windows, values, *draws, fill)


def _check_images(images: Array, indices: Array) -> None:
    if images.ndim != 4 or images.dtype != np.uint8:
        raise ValueError(
            f"images must be uint8 (N, H, W, C), got {images.dtype} of shape {images.shape}"
        )
    if np.shape(indices) != images.shape[:1]:
        raise ValueError(
            f"indices must be one for each of {len(images)} images, got {np.shape(indices)}"
        )


_MIXUP = np.uint64(0x6D69787570)  # "mixup": draws that have nothing to do with those of augment


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


def _uniform(bits: Array) -> Array:
    """Numbers between 0 and 1, neither of them included, from 53 of 64 bits."""
    uniform: Array = ((bits >> np.uint64(11)).astype(np.float64) + 0.5) / 2**53
    return uniform
