"""Class visualisation: an image, made from noise, of what a network takes for a class."""

from __future__ import annotations

import numpy as np

from ..layer import Array
from ..models.network import Network
from .deepdream import octave_sizes
from .gradients import Steps, WatchedNetwork, one_logit
from .pixels import WHITE, scores_of
from .transforms import at_scales, blurred, jitter, scaled, shifted

GREY = WHITE / 2
SCALES = (0.5, 1.0, 2.0)  # pixels, of the blurs of the gradient


def class_image(
    network: Network,
    target: int,
    shape: tuple[int, int, int],
    *,
    octaves: int = 3,
    ratio: float = 1.4,
    iterations: int = 80,
    rate: float = 4.0,
    decay: float = 0.01,
    blur: float = 0.5,
    blur_every: int = 4,
    most_jitter: int = 8,
    seed: int = 0,
    steps: Steps = range,
) -> Array:
    """Gradient ascent on a class's score, from noise, kept smooth.

    ::

        objective = score[target]              before a last ReLU and before softmax
        image    += rate * g / sqrt(mean g^2)  g: dimage at several scales
        image    -= decay * (image - grey)     L2 regularisation

    Without regularisation the result is noise that the network is sure about, as a fooling image
    is. Jitter, a random move before each step, lets no pattern hang on a place; blur, of the image
    now and then and of the gradient (:func:`mydl.visualize.transforms.at_scales`), takes away what
    is too fine to be a shape; and the L2 norm holds back colours that do not matter. The image
    begins small, so that large shapes come first, and grows.

    The score and not the probability is what rises: the latter also rises as other classes' scores
    fall.

    Parameters
    ----------
    network
        Takes grey levels, see :func:`mydl.visualize.pixels.on_pixels`.
    target
        The class.
    shape
        (H, W, C) of the image.
    octaves
        How many sizes; fewer where the image is small.
    ratio
        Of one size to the next.
    iterations
        Steps at each size.
    rate
        Root mean square of a step, in grey levels.
    decay
        The share of what differs from grey that is lost in a step.
    blur
        Standard deviation of the image's blur in pixels.
    blur_every
        Steps from one blur to the next.
    most_jitter
        Pixels that the image is moved by at most.
    seed
        Of the noise and the moves.
    steps
        Counts the steps; one that ends early ends the work.

    Returns
    -------
    Array
        (H, W, C), float32, from 0 to 255.

    References
    ----------
    Simonyan, Vedaldi and Zisserman 2013 (arXiv 1312.6034), section 2; blur: Yosinski et al. 2015,
    "Understanding Neural Networks Through Deep Visualization" (arXiv 1506.06579), section 3; jitter
    and octaves: Mordvintsev, Olah and Tyka 2015.

    Examples
    --------
    >>> from mydl.models import squeezenet_tiny
    >>> class_image(squeezenet_tiny(), target=3, shape=(32, 32, 3), iterations=2).shape
    (32, 32, 3)
    """
    rng = np.random.default_rng(seed)
    scores = WatchedNetwork(scores_of(network))
    sizes = octave_sizes(shape[:2], octaves, ratio)
    image = rng.normal(GREY, 10.0, size=(*sizes[0], shape[2])).astype(np.float32)
    for step in steps(iterations * len(sizes)):
        size = sizes[step // iterations]
        if image.shape[:2] != size:
            image = scaled(image, size)
        by = jitter(most_jitter, rng)
        dimage = _score_gradient(scores, shifted(image, by), target)
        g = at_scales(shifted(dimage, (-by[0], -by[1])), SCALES)
        image += rate * g / (np.sqrt(np.square(g).mean()) + np.finfo(np.float32).tiny)
        image -= decay * (image - GREY)
        if step % blur_every == 0:
            image = blurred(image, blur)
        image = np.clip(image, 0, WHITE)
    return scaled(image, shape[:2])


def _score_gradient(scores: WatchedNetwork, image: Array, target: int) -> Array:
    """The gradient of a class's score with respect to an image, (H, W, C)."""
    return scores.backward(one_logit(scores.forward(image[None]), target))[0]
