"""AlexNet: the network that SqueezeNet is measured against."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from ..layer import Layer, whole_number
from ..layers import (
    Conv2d,
    Dropout,
    Flatten,
    GroupedConv2d,
    Linear,
    LocalResponseNorm,
    MaxPool2d,
    ReLU,
    Sequential,
)
from .network import Network
from .squeezenet import check_choice

VERSIONS = ("original", "torchvision")

# Pixels of the side of an image. The paper says 224 for the original, but its conv1 of 55 pixels
# comes out of 227, as Caffe's file has it.
PIXELS = {"original": 227, "torchvision": 224}


class AlexNet(Network):
    """Five convolutions, then three fully connected layers, which hold 96 % of the parameters.

    Two networks have this name, and both are compared with SqueezeNet:

    - "original" won ImageNet in 2012, and has 60,965,224 parameters: the paper's 60 million, and
      the 240 MB of SqueezeNet's paper. Conv2, 4 and 5 are cut into two groups; local response
      normalisation follows conv1 and conv2.
    - "torchvision" is the one that PyTorch users load, and has 61,100,840. It descends from the
      single-card network of Krizhevsky 2014: no groups, no normalisation, fewer filters.

    Children are ``features`` and ``classifier``, with Caffe's names inside (conv1 ... conv5, fc6,
    fc7, fc8).

    Weights start He-normal, biases at zero. The authors drew all weights from N(0, 0.01) and set
    the biases of conv2, 4, 5, fc6 and fc7 to 1, so that their ReLUs began alive.

    Parameters
    ----------
    version
        "original" or "torchvision".
    num_classes
        Logits of the output.
    image_pixels
        Of the side of the images, at least 67 (63 for "torchvision"). The weight of fc6 depends on
        it; None takes 227 (224), for which the network was designed.
    hidden
        Outputs of fc6 and of fc7.
    dropout
        Probability of setting a value to zero while training: the outputs of fc6 and fc7 in the
        original, the inputs of fc6 and fc7 in torchvision's.
    dtype
        float32, or float64 for gradient checks.
    seed
        Fixes the weights, the same for both dtypes up to rounding, and the dropout; None draws
        unpredictable ones.

    Raises
    ------
    ValueError
        An argument has a wrong value.
    LayerError
        An image is of another size.

    Notes
    -----
    Shapes: x (N, image_pixels, image_pixels, 3); y (N, num_classes), the logits.

    References
    ----------
    Krizhevsky, Sutskever and Hinton 2012, "ImageNet Classification with Deep Convolutional Neural
    Networks", sections 3.3 to 3.5 and 4.2; Krizhevsky 2014, arXiv 1404.5997.

    Examples
    --------
    >>> net = AlexNet(num_classes=10, image_pixels=67, hidden=32)
    >>> images = np.ones((2, 67, 67, 3), np.float32)
    >>> loss = net.loss(images, np.array([3, 7]))
    >>> net.backward().shape
    (2, 67, 67, 3)
    """

    def __init__(
        self,
        version: str = "original",
        num_classes: int = 1000,
        image_pixels: int | None = None,
        hidden: int = 4096,
        dropout: float = 0.5,
        dtype: DTypeLike = np.float32,
        seed: int | None = 0,
    ) -> None:
        check_choice("version", version, VERSIONS)
        self.version = version
        self.num_classes = whole_number(num_classes, "num_classes", 1)
        least = 67 if version == "original" else 63  # conv1 gives 15 pixels, and the pools 7, 3, 1
        pixels = PIXELS[version] if image_pixels is None else image_pixels
        pixels = whole_number(pixels, "image_pixels", least)
        self.image_shape = (pixels, pixels, 3)

        options: dict[str, Any] = {"dtype": dtype, "rng": np.random.default_rng(seed)}
        stage = _original(**options) if version == "original" else _torchvision(**options)
        features = Sequential(stage)
        _, h, w, c = features.output_shape((1, *self.image_shape))
        hidden = whole_number(hidden, "hidden", 1)
        fc6: dict[str, Layer] = {"fc6": Linear(h * w * c, hidden, **options), "relu6": ReLU()}
        fc7: dict[str, Layer] = {"fc7": Linear(hidden, hidden, **options), "relu7": ReLU()}
        fc8: dict[str, Layer] = {"fc8": Linear(hidden, num_classes, **options)}
        drop6, drop7 = ({name: Dropout(dropout, options["rng"])} for name in ("drop6", "drop7"))
        if version == "original":
            layers = {**fc6, **drop6, **fc7, **drop7, **fc8}
        else:
            layers = {**drop6, **fc6, **drop7, **fc7, **fc8}
        super().__init__(features, Sequential({"flatten": Flatten(), **layers}))

    def _describe(self) -> str:
        return f"version={self.version!r}"


def _original(**options: Any) -> dict[str, Layer]:
    """The paper's figure 2, both halves together."""

    def norm() -> LocalResponseNorm:
        return LocalResponseNorm(5, alpha=5e-4, beta=0.75, k=2.0)  # the paper's alpha is not / 5

    return {
        "conv1": Conv2d(3, 96, 11, stride=4, **options),
        "relu1": ReLU(),
        "norm1": norm(),
        "pool1": MaxPool2d(3, 2),
        "conv2": GroupedConv2d(96, 256, 5, padding=2, groups=2, **options),
        "relu2": ReLU(),
        "norm2": norm(),
        "pool2": MaxPool2d(3, 2),
        "conv3": Conv2d(256, 384, 3, padding=1, **options),
        "relu3": ReLU(),
        "conv4": GroupedConv2d(384, 384, 3, padding=1, groups=2, **options),
        "relu4": ReLU(),
        "conv5": GroupedConv2d(384, 256, 3, padding=1, groups=2, **options),
        "relu5": ReLU(),
        "pool5": MaxPool2d(3, 2),
    }


def _torchvision(**options: Any) -> dict[str, Layer]:
    """``torchvision.models.alexnet``, whose AdaptiveAvgPool2d changes nothing at 224 pixels."""
    return {
        "conv1": Conv2d(3, 64, 11, stride=4, padding=2, **options),
        "relu1": ReLU(),
        "pool1": MaxPool2d(3, 2),
        "conv2": Conv2d(64, 192, 5, padding=2, **options),
        "relu2": ReLU(),
        "pool2": MaxPool2d(3, 2),
        "conv3": Conv2d(192, 384, 3, padding=1, **options),
        "relu3": ReLU(),
        "conv4": Conv2d(384, 256, 3, padding=1, **options),
        "relu4": ReLU(),
        "conv5": Conv2d(256, 256, 3, padding=1, **options),
        "relu5": ReLU(),
        "pool5": MaxPool2d(3, 2),
    }


def alexnet(**options: Any) -> AlexNet:
    """The original AlexNet, with groups; options as for :class:`AlexNet`."""
    return AlexNet("original", **options)


def alexnet_torchvision(**options: Any) -> AlexNet:
    """torchvision's AlexNet; options as for :class:`AlexNet`."""
    return AlexNet("torchvision", **options)
