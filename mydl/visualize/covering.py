"""Which part of an image a network's answer needs: cover it and look again."""

from __future__ import annotations

import copy

import numpy as np

from ..layer import Array, whole_number
from ..layers import Softmax
from ..models.network import Network
from ..parallel import ShardedModel
from .gradients import Steps, check_label


def occlusion(
    network: Network,
    image: Array,
    label: int,
    *,
    window: int,
    stride: int,
    fill: float = 0.0,
    threads: int | None = None,
    steps: Steps = range,
) -> Array:
    """How much the probability of a class falls while a square of the image is covered.

    Needs no gradient, only many forward passes: it asks the network as a stranger would.

    Parameters
    ----------
    network
        Gives logits.
    image
        As the network takes it, (H, W, C).
    label
        The class.
    window
        Pixels of the square's side.
    stride
        Pixels from one place of the square to the next.
    fill
        What covers it; 0 is the mean of the training images.
    threads
        How many; None takes one a core.
    steps
        Counts the rows of places; those that are not done are 0.

    Returns
    -------
    Array
        (H, W): for each pixel the mean fall of the probability over the squares that cover it.
        Negative where the class becomes more probable.

    Raises
    ------
    ValueError
        The window is larger than the image, or the stride larger than the window.

    References
    ----------
    Zeiler and Fergus 2014, "Visualizing and Understanding Convolutional Networks" (arXiv
    1311.2901), section 4.2.

    Examples
    --------
    >>> from mydl.models import squeezenet_tiny
    >>> image = np.ones((32, 32, 3), np.float32)
    >>> occlusion(squeezenet_tiny(), image, label=3, window=8, stride=8, threads=1).shape
    (32, 32)
    """
    height, width, _ = image.shape
    tops, lefts = places(height, window, stride), places(width, window, stride)
    engine = ShardedModel(copy.deepcopy(network), threads=threads)

    def probabilities(images: Array) -> Array:
        logits = engine.outputs(len(images), lambda lo, hi: images[lo:hi])
        check_label(label, logits.shape[-1])
        return Softmax().eval().forward(logits)[:, label]

    usual = probabilities(image[None])[0]
    total, count = np.zeros((2, height, width))
    for row in steps(len(tops)):
        rows = slice(tops[row], tops[row] + window)
        columns = [slice(left, left + window) for left in lefts]
        covered = np.repeat(image[None], len(lefts), axis=0)
        for each, across in zip(covered, columns, strict=True):
            each[rows, across] = fill
        for across, p in zip(columns, probabilities(covered), strict=True):
            total[rows, across] += usual - p
            count[rows, across] += 1
    engine.close()
    return total / np.maximum(count, 1)


def places(size: int, window: int, stride: int) -> list[int]:
    """Where a window begins on its way along a side; the last one ends where the side does.

    >>> places(10, window=4, stride=3), places(11, window=4, stride=3)
    ([0, 3, 6], [0, 3, 6, 7])
    """
    if not 1 <= whole_number(window, "window", 1) <= size:
        raise ValueError(f"the window must have from 1 to {size} pixels, got {window}")
    if not 1 <= whole_number(stride, "stride", 1) <= window:
        raise ValueError(
            f"the stride must be from 1 to {window}, the window's side, so that every pixel is "
            f"covered, got {stride}"
        )
    begins = list(range(0, size - window + 1, stride))
    return begins if begins[-1] == size - window else [*begins, size - window]
