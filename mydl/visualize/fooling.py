"""Images that look the same to people and like something else to a network."""

from __future__ import annotations

import numpy as np

from ..layer import Array
from ..losses import SoftmaxCrossEntropy
from ..models.differentiable import differentiable
from ..models.network import Network
from .gradients import Steps, WatchedNetwork
from .pixels import WHITE, scores_of


def fool(
    network: Network,
    image: Array,
    target: int,
    *,
    confidence: float = 0.9,
    limit: float = 8.0,
    rate: float = 0.1,
    iterations: int = 200,
    steps: Steps = range,
) -> Array:
    """Change an image little by little until the network takes it for what one likes.

    ::

        objective = log p[target]              p = softmax of the logits
        image    += rate * dimage / sqrt(mean dimage^2)
        image     = the nearest image within limit of the original, from 0 to 255

    It ends as soon as the image, rounded to whole grey levels, has the wanted probability. A ReLU
    behind the last filters is left out of the gradient, see
    :func:`mydl.visualize.pixels.scores_of`, but not of that probability.

    Parameters
    ----------
    network
        Takes grey levels, see :func:`mydl.visualize.pixels.on_pixels`.
    image
        (H, W, C), from 0 to 255.
    target
        The class.
    confidence
        The probability of the target to stop at.
    limit
        Grey levels that a pixel may change by.
    rate
        Root mean square of a step, in grey levels.
    iterations
        At most so many.
    steps
        Counts the steps; one that ends early ends the work.

    Returns
    -------
    Array
        (H, W, C), float32, whole grey levels from 0 to 255.

    References
    ----------
    Szegedy et al. 2013, "Intriguing properties of neural networks" (arXiv 1312.6199), section 4;
    with plain gradient ascent in place of their L-BFGS.

    Examples
    --------
    >>> from mydl.models import squeezenet_tiny
    >>> network, image = squeezenet_tiny(), np.full((32, 32, 3), 128.0)
    >>> changed = fool(network, image, target=3, iterations=4, limit=2)
    >>> float(np.abs(changed - image).max()) <= 2
    True
    """
    image = np.asarray(image, np.float32)
    low, high = np.maximum(image - limit, 0), np.minimum(image + limit, WHITE)
    scores = WatchedNetwork(scores_of(network))
    loss, labels = SoftmaxCrossEntropy(), np.array([target])
    changed = image.copy()
    for _ in steps(iterations):
        loss.forward(scores.forward(changed[None]), labels)
        dimage = -scores.backward(loss.backward())[0]  # uphill: the loss is -log p
        size = np.sqrt(np.square(dimage).mean())
        if size == 0:
            break
        changed = np.clip(changed + rate * dimage / size, low, high)
        if probability(network, _whole(changed, low, high), target) >= confidence:
            break
    return _whole(changed, low, high)


def fgsm(network: Network, image: Array, label: int, step: float = 2.0) -> Array:
    """The fast gradient sign method: one step of the same size for every pixel, against the answer.

    ::

        x' = x + step * sign(dLoss/dx)         cut to 0 ... 255

    Each value alone changes by next to nothing, but what they do to a logit adds up over all of
    them: for a linear score w x the change is ``step * sum of |w|``, which grows with their number.

    Parameters
    ----------
    network
        Takes grey levels, see :func:`mydl.visualize.pixels.on_pixels`.
    image
        (H, W, C), from 0 to 255.
    label
        The class whose loss is to rise, the right one or the network's answer.
    step
        Grey levels.

    Returns
    -------
    Array
        (H, W, C), float32, from 0 to 255.

    References
    ----------
    Goodfellow, Shlens and Szegedy 2014, "Explaining and Harnessing Adversarial Examples" (arXiv
    1412.6572), section 4.

    Examples
    --------
    >>> from mydl.models import squeezenet_tiny
    >>> image = np.full((32, 32, 3), 128.0)
    >>> changed = fgsm(squeezenet_tiny(), image, label=3, step=2)
    >>> sorted(set(np.abs(changed - image).ravel().tolist()))
    [2.0]
    """
    image = np.asarray(image, np.float32)
    return _stepped(image, _uphill(network, image, label), step)


def smallest_fgsm(
    network: Network, image: Array, label: int, most: int = 16, steps: Steps = range
) -> tuple[Array, int]:
    """The image of :func:`fgsm` with the smallest step, in whole grey levels, that fools.

    Parameters
    ----------
    network, image, label
        As for :func:`fgsm`.
    most
        The largest step to try; where that does not fool either, it is what is returned.
    steps
        Counts the tries; one that ends early ends them.

    Returns
    -------
    tuple[Array, int]
        The image and the step.

    Examples
    --------
    >>> from mydl.models import squeezenet_tiny
    >>> network, image = squeezenet_tiny(), np.random.default_rng(0).uniform(0, 255, (32, 32, 3))
    >>> changed, step = smallest_fgsm(network, image, label=int(network.predict(
    ...     image[None].astype(np.float32))[0]), most=2)
    >>> step in (1, 2)
    True
    """
    image = np.asarray(image, np.float32)
    uphill = _uphill(network, image, label)
    changed, step = image, 0
    for number in steps(most):
        step = number + 1
        changed = _stepped(image, uphill, step)
        if network.predict(changed[None])[0] != label:
            break
    return changed, step


def probability(network: Network, image: Array, label: int) -> float:
    """That of a class for an image (H, W, C)."""
    return float(network.probabilities(np.asarray(image, np.float32)[None])[0, label])


def _whole(image: Array, low: Array, high: Array) -> Array:
    """The nearest whole grey levels, as a file has them, that lie within the limits."""
    return np.clip(np.rint(image), np.ceil(low), np.floor(high))


def least_probable(network: Network, image: Array) -> int:
    """The class with the smallest score; behind a last ReLU many would have the same, 0."""
    scores = scores_of(network).forward(np.asarray(image, np.float32)[None])
    return int(scores[0].argmin())


def _uphill(network: Network, image: Array, label: int) -> Array:
    """The sign of the loss's gradient with respect to an image, (H, W, C)."""
    copy = differentiable(network)
    copy.loss(image[None], np.array([label]))
    return np.sign(copy.backward()[0])


def _stepped(image: Array, direction: Array, step: float) -> Array:
    return np.clip(image + np.float32(step) * direction, 0, WHITE)
