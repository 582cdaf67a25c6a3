"""Network in Network: the first to end in an average instead of fully connected layers."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from ..layer import Layer, whole_number
from ..layers import AvgPool2d, Conv2d, Dropout, GlobalAvgPool2d, MaxPool2d, ReLU, Sequential
from .network import Network
from .squeezenet import INPUT_SIZES, check_choice


class NiN(Network):
    """Convolutions, each followed by two of 1x1: a small network that slides over the image.

    The authors call three such layers an mlpconv, and its 1x1 convolutions cccp ("cascaded cross
    channel parametric pooling"). The last 1x1 convolution has a filter for each class, whose mean
    over the image is the logit. SqueezeNet took over both ideas.

    Children are ``features`` and ``classifier``, with the names of the authors' Caffe files inside
    (conv1, cccp1, cccp2, ...); the ReLU behind conv1 is conv1_relu.

    Weights start He-normal, biases at zero.

    Parameters
    ----------
    num_classes
        Logits of the output.
    input_size
        "imagenet" (224x224; four mlpconvs) or "cifar" (32x32; three, the network of the paper's
        section 4.2).
    dropout
        Probability of setting a value to zero while training: before the last mlpconv, and for
        "cifar" before the one in front of it.
    final_relu
        Whether the authors' ReLU follows the last convolution, see :class:`SqueezeNet`.
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
        An image is too small or has another number of channels than 3.

    Notes
    -----
    Shapes: x (N, H, W, 3); y (N, num_classes), the logits.

    References
    ----------
    Lin, Chen and Yan 2013, "Network In Network" (arXiv 1312.4400). The paper has no ImageNet
    network: that is nin_imagenet of Caffe's model zoo, by the same authors.

    Examples
    --------
    >>> net = NiN(num_classes=10, input_size="cifar")
    >>> net.num_parameters()
    966986
    >>> images = np.ones((2, 32, 32, 3), np.float32)
    >>> loss = net.loss(images, np.array([3, 7]))
    >>> net.backward().shape
    (2, 32, 32, 3)
    """

    def __init__(
        self,
        num_classes: int = 1000,
        input_size: str = "imagenet",
        dropout: float = 0.5,
        final_relu: bool = True,
        dtype: DTypeLike = np.float32,
        seed: int | None = 0,
    ) -> None:
        check_choice("input_size", input_size, INPUT_SIZES)
        self.input_size = input_size
        self.num_classes = whole_number(num_classes, "num_classes", 1)
        pixels = 32 if input_size == "cifar" else 224
        self.image_shape = (pixels, pixels, 3)

        options: dict[str, Any] = {"dtype": dtype, "rng": np.random.default_rng(seed)}
        stages = _cifar if input_size == "cifar" else _imagenet
        features, classifier = stages(num_classes, dropout, **options)
        if not final_relu:
            classifier.popitem()
        pool = "pool3" if input_size == "cifar" else "pool4"
        super().__init__(Sequential(features), Sequential({**classifier, pool: GlobalAvgPool2d()}))

    def _describe(self) -> str:
        return f"input_size={self.input_size!r}"


Stages = tuple[dict[str, Layer], dict[str, Layer]]


def _imagenet(num_classes: int, dropout: float, **options: Any) -> Stages:
    """nin_imagenet; Caffe's pools round up."""
    features: dict[str, Layer] = {
        **_mlpconv("conv1 cccp1 cccp2", 3, (96, 96, 96), 11, 4, 0, **options),
        "pool1": MaxPool2d(3, 2, ceil_mode=True),
        **_mlpconv("conv2 cccp3 cccp4", 96, (256, 256, 256), 5, 1, 2, **options),
        "pool2": MaxPool2d(3, 2, ceil_mode=True),
        **_mlpconv("conv3 cccp5 cccp6", 256, (384, 384, 384), 3, 1, 1, **options),
        "pool3": MaxPool2d(3, 2, ceil_mode=True),
    }
    filters = (1024, 1024, num_classes)
    classifier: dict[str, Layer] = {
        "drop": Dropout(dropout, options["rng"]),
        **_mlpconv("conv4 cccp7 cccp8", 384, filters, 3, 1, 1, **options),
    }
    return features, classifier


def _cifar(num_classes: int, dropout: float, **options: Any) -> Stages:
    """cifar10_nin; Caffe's pools round up."""
    features: dict[str, Layer] = {
        **_mlpconv("conv1 cccp1 cccp2", 3, (192, 160, 96), 5, 1, 2, **options),
        "pool1": MaxPool2d(3, 2, ceil_mode=True),
        "drop1": Dropout(dropout, options["rng"]),
        **_mlpconv("conv2 cccp3 cccp4", 96, (192, 192, 192), 5, 1, 2, **options),
        "pool2": AvgPool2d(3, 2, ceil_mode=True),
    }
    filters = (192, 192, num_classes)
    classifier: dict[str, Layer] = {
        "drop2": Dropout(dropout, options["rng"]),
        **_mlpconv("conv3 cccp5 cccp6", 192, filters, 3, 1, 1, **options),
    }
    return features, classifier


def _mlpconv(
    names: str,
    channels: int,
    filters: tuple[int, int, int],
    kernel_size: int,
    stride: int,
    padding: int,
    **options: Any,
) -> dict[str, Layer]:
    """A convolution and two of 1x1, with a ReLU behind each."""
    conv, cccp_a, cccp_b = names.split()
    return {
        conv: Conv2d(channels, filters[0], kernel_size, stride, padding, **options),
        f"{conv}_relu": ReLU(),
        cccp_a: Conv2d(filters[0], filters[1], 1, **options),
        f"{cccp_a}_relu": ReLU(),
        cccp_b: Conv2d(filters[1], filters[2], 1, **options),
        f"{cccp_b}_relu": ReLU(),
    }


def nin(**options: Any) -> NiN:
    """Network in Network for ImageNet; options as for :class:`NiN`."""
    return NiN(**options)


def nin_cifar(num_classes: int = 10, **options: Any) -> NiN:
    """The paper's Network in Network, for images of 32x32 pixels."""
    return NiN(num_classes, "cifar", **options)
