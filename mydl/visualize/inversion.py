"""Feature inversion: which image has these features? It shows what a layer keeps of an image."""

from __future__ import annotations

import numpy as np

from ..layer import Array
from ..models.network import Network
from ..optim import Adam
from .gradients import Steps, WatchedNetwork, layer_path
from .losses import ContentLoss, TotalVariation
from .pixels import WHITE
from .transforms import at_scales

SCALES = (0.0, 1.0, 2.0, 4.0)  # pixels, of the blurs of the gradient


def invert(
    network: Network,
    image: Array,
    layer: str,
    *,
    smoothness: float = 6e-4,
    iterations: int = 200,
    rate: float = 8.0,
    seed: int = 0,
    steps: Steps = range,
) -> Array:
    """Make noise into an image whose features are those of another image.

    ::

        loss = |f(x) - f(image)|^2 / |f(image)|^2 + smoothness * total variation of x

    The gradient's coarse parts count as much as its fine ones, see
    :func:`mydl.visualize.transforms.at_scales`: late layers hardly tell coarse shapes and colours
    apart, and noise would hide them.

    Early layers give back the image nearly as it was; late ones the parts and not their places.

    Parameters
    ----------
    network
        Takes grey levels, see :func:`mydl.visualize.pixels.on_pixels`.
    image
        (H, W, C), from 0 to 255: nothing but its features is used.
    layer
        Its path or the end of it, such as fire5.
    smoothness
        Weight of the total variation, in squared grey levels. Neighbouring pixels that a layer does
        not tell apart would stay noise without it.
    iterations
        Of Adam.
    rate
        Grey levels that a pixel changes by in a step, at first; it falls to a tenth.
    seed
        Of the noise.
    steps
        Counts the steps; one that ends early ends the work.

    Returns
    -------
    Array
        (H, W, C), float32, from 0 to 255.

    References
    ----------
    Mahendran and Vedaldi 2014, "Understanding Deep Image Representations by Inverting Them" (arXiv
    1412.0035), equations 1 and 5, with Adam in place of gradient descent with momentum.

    Examples
    --------
    >>> from mydl.models import squeezenet_tiny
    >>> image = np.random.default_rng(0).uniform(0, 255, (32, 32, 3))
    >>> invert(squeezenet_tiny(), image, "fire2", iterations=2).shape
    (32, 32, 3)
    """
    path = layer_path(network, layer)
    watched = WatchedNetwork(network, [path], whole=False)
    image = np.asarray(image, np.float32)
    watched.forward(image[None])
    target = watched.activations[path]
    noise = np.random.default_rng(seed).normal(WHITE / 2, 10.0, size=image.shape)
    x = noise.astype(np.float32)
    adam = Adam(x.reshape(-1), rate)
    content, variation = ContentLoss(), TotalVariation()
    for step in steps(iterations):
        adam.lr = rate * 0.1 ** (step / iterations)
        watched.forward(x[None])
        content.forward(watched.activations[path], target)
        dx = watched.backward(begin_at={path: content.backward()})
        variation.forward(x[None])
        dx += np.float32(smoothness) * variation.backward()
        adam.step(at_scales(dx[0], SCALES).reshape(-1))
        np.clip(x, 0, WHITE, out=x)
    return x


def feature_distance(network: Network, x: Array, image: Array, layer: str) -> float:
    """How far the features of ``x`` are from an image's in a layer: 0 for the same, 1 for none."""
    path = layer_path(network, layer)
    watched = WatchedNetwork(network, [path], whole=False)
    found = []
    for each in (x, image):
        watched.forward(np.asarray(each, np.float32)[None])
        found.append(watched.activations[path])
    return ContentLoss().forward(*found)
