"""SqueezeNet: AlexNet's accuracy with fifty times fewer parameters."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from ..init import normal
from ..layer import Layer, whole_number
from ..layers import Bypass, Conv2d, Dropout, Fire, GlobalAvgPool2d, MaxPool2d, ReLU, Sequential
from ..layers.fire import convolution
from .metaparameters import Metaparameters
from .network import Network


@dataclass(frozen=True)
class Plan:
    """What tells one version from another.

    Attributes
    ----------
    conv1
        Pixels of its filters' sides, number of filters.
    pools
        Numbers of the layers that a max pool follows: 3 for pool3, behind fire3.
    fires
        How many fire modules there are, the first of which is fire2.
    pixels
        Of the side of an ImageNet image.
    """

    conv1: tuple[int, int]
    pools: tuple[int, ...]
    fires: int
    pixels: int


# Table 1 says 224 pixels, but its conv1 of 111 comes out of the 227 that the authors' own files
# feed to version 1.0.
VERSIONS = {
    "1.0": Plan(conv1=(7, 96), pools=(1, 4, 8), fires=8, pixels=227),
    "1.1": Plan(conv1=(3, 64), pools=(1, 3, 5), fires=8, pixels=224),
    "late": Plan(conv1=(3, 64), pools=(2, 4, 6), fires=8, pixels=224),
    "tiny": Plan(conv1=(3, 64), pools=(1, 3), fires=4, pixels=224),
}

IMAGENET_CLASSES = 1000
INPUT_SIZES = ("imagenet", "cifar")
BYPASSES = (None, "simple", "complex")


class SqueezeNet(Network):
    """A convolution, fire modules with pooling between them, and an average instead of neurons.

    Children are ``features`` and ``classifier``, with the paper's names inside, so that a parameter
    is found as ``features.fire4.expand3x3.weight`` or ``classifier.conv10.bias``.

    Weights start He-normal (He et al. 2015, equation 10), those of conv10 N(0, 0.01), biases at
    zero. The authors drew conv10 in the same way and the rest from Glorot's uniform distribution,
    which lets the signal fade through ReLUs.

    Parameters
    ----------
    version
        "1.0", the paper's; "1.1", the authors' later one with 2.4 times less computation; "late",
        which is 1.1 with each pool a module later, for small images (the paper's third strategy,
        section 3.1: downsample late); or "tiny", for laptops, with four fire modules.
    num_classes
        Logits of the output.
    input_size
        "imagenet" (224x224; conv1 has stride 2 and no padding) or "cifar" (32x32; conv1 has stride
        1 and is padded, so that the pools halve 32 to 16, 8 and 4).
    bypass
        None; "simple" adds the input of a fire module to its output where both have equally many
        channels (fire3, 5, 7, 9); "complex" also sends the input of the others (fire2, 4, 6, 8)
        through a 1x1 convolution and adds that. A fire module with a bypass is found as
        ``features.fire3.inner``, its convolution as ``features.fire2.projection``.
    dropout
        Probability of setting an input of conv10 to zero while training.
    batch_norm
        Normalise after every convolution but conv10.
    final_relu
        Whether conv10 is followed by the paper's ReLU. Without it training starts more surely: a
        logit that is negative for every image gets no gradient through a ReLU.
    base_e, incr_e, pct_3x3, freq, squeeze_ratio
        The paper's metaparameters, from which the sizes of the fire modules follow, see
        :class:`Metaparameters`. The defaults make table 1.
    conv10_padding
        Pixels of zeros around the input of conv10. The authors' file of version 1.0 has 1, table 1
        and version 1.1 have 0. At the border conv10 then gives its bias, which goes into the
        average.
    dtype
        float32, or float64 for gradient checks.
    seed
        Fixes the weights, the same for both dtypes up to rounding, and the dropout; None draws
        unpredictable ones.
    save_path
        A file to load the weights from, of any kind that :func:`load_weights` reads.

    Attributes
    ----------
    image_shape
        (H, W, 3) of the images that the network was designed for. Others work too, as long as every
        window finds enough pixels.

    Raises
    ------
    ValueError
        An argument has a wrong value.
    WeightsError
        The file at ``save_path`` is missing, damaged or belongs to another network.
    LayerError
        An image is too small or has another number of channels than 3.

    Notes
    -----
    Shapes: x (N, H, W, 3); y (N, num_classes), the logits.

    References
    ----------
    SqueezeNet (arXiv 1602.07360), table 1 and sections 5 and 6; version 1.1 is that of
    https://github.com/forresti/SqueezeNet.

    Examples
    --------
    >>> net = SqueezeNet(num_classes=10, input_size="cifar")
    >>> net.num_parameters()
    727626
    >>> images = np.ones((2, 32, 32, 3), np.float32)
    >>> loss = net.loss(images, np.array([3, 7]))
    >>> net.backward().shape
    (2, 32, 32, 3)
    >>> net.features["fire2"].squeeze.weight.grad.shape
    (1, 1, 64, 16)
    """

    def __init__(
        self,
        version: str = "1.1",
        num_classes: int = 1000,
        input_size: str = "imagenet",
        bypass: str | None = None,
        dropout: float = 0.5,
        batch_norm: bool = False,
        final_relu: bool = True,
        base_e: int = 128,
        incr_e: int = 128,
        pct_3x3: float = 0.5,
        freq: int = 2,
        squeeze_ratio: float = 0.125,
        conv10_padding: int = 0,
        dtype: DTypeLike = np.float32,
        seed: int | None = 0,
        save_path: str | os.PathLike[str] | None = None,
    ) -> None:
        check_choice("version", version, VERSIONS)
        check_choice("input_size", input_size, INPUT_SIZES)
        check_choice("bypass", bypass, BYPASSES)
        self.version, self.input_size = version, input_size
        self.num_classes = whole_number(num_classes, "num_classes", 1)
        self.metaparameters = Metaparameters(base_e, incr_e, pct_3x3, freq, squeeze_ratio)
        padding = whole_number(conv10_padding, "conv10_padding", 0)
        plan = VERSIONS[version]
        pixels = 32 if input_size == "cifar" else plan.pixels
        self.image_shape = (pixels, pixels, 3)

        rng = np.random.default_rng(seed)
        features, channels = _features(
            plan,
            self.metaparameters,
            input_size,
            bypass,
            batch_norm=batch_norm,
            dtype=dtype,
            rng=rng,
        )
        conv10 = Conv2d(channels, num_classes, 1, padding=padding, dtype=dtype, rng=rng)
        conv10.weight.data = normal(conv10.weight.shape, 0.01, dtype, rng)
        classifier: dict[str, Layer] = {"dropout9": Dropout(dropout, rng=rng), "conv10": conv10}
        if final_relu:
            classifier["relu10"] = ReLU()
        classifier["pool10"] = GlobalAvgPool2d()
        super().__init__(Sequential(features), Sequential(classifier))
        if save_path is not None:
            from .loading import load_weights  # which builds networks itself

            load_weights(self, save_path)

    def _describe(self) -> str:
        return f"version={self.version!r}, input_size={self.input_size!r}"


def _features(
    plan: Plan, sizes: Metaparameters, input_size: str, bypass: str | None, **options: Any
) -> tuple[dict[str, Layer], int]:
    """The layers in front of the classifier by name, and the channels of the last one's output."""
    layers: dict[str, Layer] = {}

    def pool(number: int) -> None:
        if number in plan.pools:
            # Caffe rounds up: a last window may hang over the edge.
            layers[f"pool{number}"] = MaxPool2d(3, 2, ceil_mode=True)

    kernel_size, channels = plan.conv1
    stride, padding = (1, kernel_size // 2) if input_size == "cifar" else (2, 0)
    layers["conv1"] = convolution(3, channels, kernel_size, stride, padding, **options)
    layers["relu1"] = ReLU()
    pool(1)
    for number in range(2, 2 + plan.fires):
        squeeze, expand1x1, expand3x3 = sizes.fire(number - 2)
        filters = expand1x1 + expand3x3
        layer: Layer = Fire(channels, squeeze, expand1x1, expand3x3, **options)
        if bypass and filters == channels:
            layer = Bypass(layer)
        elif bypass == "complex":
            layer = Bypass(layer, convolution(channels, filters, 1, **options))
        layers[f"fire{number}"] = layer
        pool(number)
        channels = filters
    return layers, channels


def check_choice(name: str, value: object, choices: Iterable[object]) -> None:
    """Raise a ValueError that lists the choices if ``value`` is none of them."""
    choices = list(choices)
    if value not in choices:
        listed = ", ".join(map(repr, choices))
        raise ValueError(f"{name} must be one of {listed}, got {value!r}")


def squeezenet1_0(**options: Any) -> SqueezeNet:
    """The paper's SqueezeNet; options as for :class:`SqueezeNet`."""
    return SqueezeNet("1.0", **options)


def squeezenet1_1(*, pretrained: bool = False, **options: Any) -> SqueezeNet:
    """SqueezeNet version 1.1; options as for :class:`SqueezeNet`.

    Parameters
    ----------
    pretrained
        Whether to take the embedded weights, which the authors trained on ImageNet; their images go
        in by ``mydl.data.preprocess`` of the kind "caffe". With another number of classes than
        1,000, conv10 is drawn anew and everything before it is taken.
    **options
        Of :class:`SqueezeNet`.
    """
    network = SqueezeNet("1.1", **options)
    if pretrained:
        from ..pretrained import pretrained_state

        state = pretrained_state()
        if network.num_classes != IMAGENET_CLASSES:
            own = network.state_dict()
            state |= {name: own[name] for name in own if name.startswith("classifier.")}
        network.load_state_dict(state)
    return network


def squeezenet_general(
    base_e: int = 128,
    incr_e: int = 128,
    pct_3x3: float = 0.5,
    freq: int = 2,
    squeeze_ratio: float = 0.125,
    **options: Any,
) -> SqueezeNet:
    """The paper's general form (section 5), of which its SqueezeNet is the case of the defaults.

    Parameters
    ----------
    base_e, incr_e, pct_3x3, freq, squeeze_ratio
        See :class:`Metaparameters`.
    **options
        Others of :class:`SqueezeNet`.

    Examples
    --------
    >>> squeezenet_general(squeeze_ratio=0.75).num_parameters()
    4841704
    """
    return SqueezeNet(
        "1.0",
        base_e=base_e,
        incr_e=incr_e,
        pct_3x3=pct_3x3,
        freq=freq,
        squeeze_ratio=squeeze_ratio,
        **options,
    )


def squeezenet1_0_cifar(num_classes: int = 10, **options: Any) -> SqueezeNet:
    """The paper's SqueezeNet for images of 32x32 pixels."""
    return SqueezeNet("1.0", num_classes, "cifar", **options)


def squeezenet1_1_cifar(num_classes: int = 10, **options: Any) -> SqueezeNet:
    """SqueezeNet version 1.1 for images of 32x32 pixels."""
    return SqueezeNet("1.1", num_classes, "cifar", **options)


def squeezenet_late(
    num_classes: int = 10, *, dropout: float = 0.0, final_relu: bool = False, **options: Any
) -> SqueezeNet:
    """Version 1.1 with pools after fire2, 4 and 6, for images of 32x32 pixels.

    It has the parameters of :func:`squeezenet1_1_cifar`, twice the computation, and is right more
    often. Without dropout and the ReLU after conv10, unless they are asked for.
    """
    return SqueezeNet(
        "late", num_classes, "cifar", dropout=dropout, final_relu=final_relu, **options
    )


def squeezenet_tiny(
    num_classes: int = 10, *, dropout: float = 0.0, final_relu: bool = False, **options: Any
) -> SqueezeNet:
    """Four fire modules for images of 32x32 pixels: 122,986 parameters with 10 classes.

    Without dropout and the ReLU after conv10, unless they are asked for: so small a network
    underfits before it overfits.
    """
    return SqueezeNet(
        "tiny", num_classes, "cifar", dropout=dropout, final_relu=final_relu, **options
    )
