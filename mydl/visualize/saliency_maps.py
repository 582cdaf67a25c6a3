"""Which pixels a network's answer hangs on, as the gradient of a logit says."""

from __future__ import annotations

import numpy as np

from ..layer import Array, Layer
from .gradients import Steps, WatchedNetwork, logit_gradient, one_logit


def saliency(network: Layer, image: Array, label: int) -> Array:
    """How much the logit of a class changes where a pixel changes a little.

    ::

        w      = d logit[label] / d image              (H, W, C)
        map    = maximum over the channels of |w|      (H, W)

    Parameters
    ----------
    network
        Gives logits.
    image
        As the network takes it, (H, W, C).
    label
        The class.

    Returns
    -------
    Array
        (H, W), not negative.

    References
    ----------
    Simonyan, Vedaldi and Zisserman 2013, "Deep Inside Convolutional Networks" (arXiv 1312.6034),
    section 3.1.

    Examples
    --------
    >>> from mydl.models import squeezenet_tiny
    >>> saliency(squeezenet_tiny(), np.ones((32, 32, 3), np.float32), label=3).shape
    (32, 32)
    """
    return strongest_channel(logit_gradient(network, image, label))


def strongest_channel(gradient: Array) -> Array:
    """The largest absolute value of each pixel's channels: (H, W) of (H, W, C)."""
    return np.abs(gradient).max(axis=-1)


def smooth_gradient(
    network: Layer,
    image: Array,
    label: int,
    *,
    samples: int = 50,
    noise: float = 0.15,
    seed: int = 0,
    steps: Steps = range,
) -> Array:
    """The mean of the gradients of noisy copies of an image.

    A logit's gradient jumps from pixel to pixel, because the network is made of ReLUs and maxima
    that switch all the time; in the mean over a neighbourhood of the image they level out. ::

        w  = mean over the samples of d logit[label] / d x at x = image + noise
        each value of noise is N(0, sigma^2) with sigma = noise (max of image - min of image)

    Parameters
    ----------
    network, image, label
        See :func:`saliency`.
    samples
        Noisy copies.
    noise
        Standard deviation as a fraction of the image's range; the paper has 0.1 to 0.2.
    seed
        Of the noise.
    steps
        Counts the samples; the mean is over those done.

    Returns
    -------
    Array
        (H, W, C); :func:`strongest_channel` makes a map of it.

    References
    ----------
    Smilkov, Thorat, Kim, Viégas and Wattenberg 2017, "SmoothGrad: removing noise by adding noise"
    (arXiv 1706.03825), section 3.

    Examples
    --------
    >>> from mydl.models import squeezenet_tiny
    >>> image = np.random.default_rng(0).normal(size=(32, 32, 3)).astype(np.float32)
    >>> smooth_gradient(squeezenet_tiny(), image, label=3, samples=2).shape
    (32, 32, 3)
    """
    if samples < 1:
        raise ValueError(f"a mean needs at least 1 sample, got {samples}")
    if noise < 0:
        raise ValueError(f"noise is a fraction of the image's range, not negative, got {noise}")
    rng = np.random.default_rng(seed)
    sigma = noise * float(np.ptp(image))
    watched = WatchedNetwork(network)
    total, done = np.zeros_like(image), 0
    for _ in steps(samples):
        noisy = (image + rng.normal(0, sigma, image.shape))[None].astype(image.dtype)
        total += watched.backward(one_logit(watched.forward(noisy), label))[0]
        done += 1
    return total / done


def guided_gradient(network: Layer, image: Array, label: int) -> Array:
    """The gradient of a logit along ways on which all that flows back is positive.

    Each ReLU lets a gradient through where its output and the gradient are positive::

        dx = dy where y > 0 and dy > 0, else 0

    What is left are the pixels that make neurons active which speak for the class. The picture is
    sharp; but it shows edges of the image more than reasons for the class, and hardly changes with
    the class (Adebayo et al. 2018, "Sanity Checks for Saliency Maps", arXiv 1810.03292).

    Parameters
    ----------
    network, image, label
        See :func:`saliency`.

    Returns
    -------
    Array
        (H, W, C).

    References
    ----------
    Springenberg, Dosovitskiy, Brox and Riedmiller 2014, "Striving for Simplicity" (arXiv
    1412.6806), section 3.4.
    """
    return logit_gradient(network, image, label, guided=True)
