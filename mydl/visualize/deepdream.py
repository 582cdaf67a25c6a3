"""DeepDream: have a picture show more of whatever a layer already sees in it."""

from __future__ import annotations

import numpy as np

from ..layer import Array
from ..models.network import Network
from .gradients import Steps, WatchedNetwork, layer_path
from .pixels import WHITE
from .transforms import at_scales, jitter, scaled, shifted

SCALES = (0.5, 1.0)  # pixels, of the blurs of the gradient
SMALLEST = 48  # pixels of a side: a smaller octave leaves a deep layer nothing to see


def dream(
    network: Network,
    image: Array,
    layer: str,
    *,
    octaves: int = 5,
    ratio: float = 1.4,
    iterations: int = 20,
    rate: float = 1.0,
    most_jitter: int = 16,
    seed: int = 0,
    steps: Steps = range,
) -> Array:
    """Gradient ascent on the size of a layer's activations, from a small picture to the whole one.

    ::

        objective = 1/2 sum of a^2            a: the layer's activations
        da        = a                         what the layer sees, it is to see more of
        image    += rate * dimage / mean |dimage|

    Each octave is ``ratio`` times as large as the one before: what was dreamt in a small one, large
    shapes, is scaled up and added to the picture, and dreamt on with smaller ones. The picture is
    moved at random before each step, so that no pattern of the strides appears, and the gradient's
    coarse parts count as much as its fine ones, see :func:`mydl.visualize.transforms.at_scales`.

    Parameters
    ----------
    network
        Takes grey levels, see :func:`mydl.visualize.pixels.on_pixels`.
    image
        (H, W, C), from 0 to 255, of any size.
    layer
        Its path or the end of it, such as fire8. Early layers dream of strokes and textures, late
        ones of parts of animals.
    octaves
        How many sizes; fewer where the picture is small.
    ratio
        Of one size to the next.
    iterations
        In each octave.
    rate
        Mean grey levels that a pixel changes by in a step.
    most_jitter
        Pixels that the picture is moved by at most.
    seed
        Of these moves.
    steps
        Counts the steps of all octaves; one that ends early ends the dream.

    Returns
    -------
    Array
        (H, W, C), float32, from 0 to 255.

    References
    ----------
    Mordvintsev, Olah and Tyka 2015, "Inceptionism: Going Deeper into Neural Networks".

    Examples
    --------
    >>> from mydl.models import squeezenet_tiny
    >>> image = np.random.default_rng(0).uniform(0, 255, (32, 32, 3))
    >>> dream(squeezenet_tiny(), image, "fire3", iterations=1).shape
    (32, 32, 3)
    """
    rng = np.random.default_rng(seed)
    path = layer_path(network, layer)
    watched = WatchedNetwork(network, [path], whole=False)
    image = np.asarray(image, np.float32)
    sizes = octave_sizes(image.shape[:2], octaves, ratio)
    dreamt = np.zeros((*sizes[0], image.shape[-1]), np.float32)
    base, size = scaled(image, sizes[0]), sizes[0]
    for step in steps(iterations * len(sizes)):
        if sizes[step // iterations] != size:
            size = sizes[step // iterations]
            base, dreamt = scaled(image, size), scaled(dreamt, size)
        by = jitter(most_jitter, rng)
        dimage = _towards_more(watched, path, shifted(base + dreamt, by))
        dimage = at_scales(shifted(dimage, (-by[0], -by[1])), SCALES)
        dreamt += rate * dimage / (np.abs(dimage).mean() + np.finfo(np.float32).tiny)
        dreamt = np.clip(base + dreamt, 0, WHITE) - base
    return np.clip(image + scaled(dreamt, sizes[-1]), 0, WHITE)


def octave_sizes(size: tuple[int, ...], octaves: int, ratio: float) -> list[tuple[int, int]]:
    """Rows and columns of each octave, the smallest first and ``size`` last.

    >>> octave_sizes((224, 224), 3, 1.4)
    [(114, 114), (160, 160), (224, 224)]
    >>> octave_sizes((32, 32), 3, 1.4)
    [(32, 32)]
    """
    h, w = size
    scales = [ratio**-number for number in reversed(range(octaves))]
    sizes = [(round(h * scale), round(w * scale)) for scale in scales]
    return [each for each in sizes[:-1] if min(each) >= SMALLEST] + [sizes[-1]]


def _towards_more(watched: WatchedNetwork, path: str, image: Array) -> Array:
    """The gradient of half the squared norm of a layer's activations, (H, W, C)."""
    watched.forward(image[None])
    return watched.backward(begin_at={path: watched.activations[path]})[0]
