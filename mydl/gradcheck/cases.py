"""What ``mydl gradcheck`` checks: every layer in several settings, and whole small networks."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..layer import Array, Layer, Shape
from ..layers import (
    AvgPool2d,
    BatchNorm2d,
    Bypass,
    Concat,
    Conv2d,
    Dropout,
    Fire,
    Flatten,
    GlobalAvgPool2d,
    GroupedConv2d,
    Linear,
    LocalResponseNorm,
    LogSoftmax,
    MaxPool2d,
    ReLU,
    Sequential,
    Softmax,
)
from ..layers.window import Padding
from ..losses import SoftmaxCrossEntropy
from ..models import SqueezeNet
from ..names import unknown
from .check import gradcheck
from .report import GradcheckReport
from .sweep import Sweep, sweep

Rng = np.random.Generator


@dataclass(frozen=True)
class Case:
    """A layer in one setting, and the input to check it with.

    Parameters
    ----------
    name
        The layer's, in small letters, or its algorithm's; several cases share it.
    setting
        What sets this case apart.
    build
        Makes the layer, drawing from a generator.
    shape
        Of x, whose values are drawn from N(0, 1).
    labels
        For a loss, draws the labels.
    samples
        Entries to visit in each array.
    """

    name: str
    setting: str
    build: Callable[[Rng], Any]
    shape: Shape
    labels: Callable[[Rng], Array] | None = None
    samples: int = 64

    def check(self, method: str = "central", seed: int = 0, **options: Any) -> GradcheckReport:
        """Build the layer and check it; options as for :func:`mydl.gradcheck.gradcheck`."""
        layer, x, labels = self._draw(seed)
        options = {"samples": self.samples, **options}
        return gradcheck(layer, x, labels=labels, method=method, seed=seed, **options)

    def sweep(self, seed: int = 0) -> Sweep:
        """Build the layer and measure derivatives with many steps."""
        layer, x, labels = self._draw(seed)
        return sweep(layer, x, labels=labels, seed=seed)

    def _draw(self, seed: int) -> tuple[Any, Array, Array | None]:
        """The layer, off its kinks, the input and the labels."""
        rng = np.random.default_rng(seed)
        layer = self.build(rng)
        if isinstance(layer, Layer):
            off_the_kinks(layer, rng)
        x = rng.normal(size=self.shape)
        return layer, x, None if self.labels is None else self.labels(rng)


def off_the_kinks(layer: Layer, rng: Rng) -> None:
    """Add random numbers to the biases, and to the scales of batch norm.

    With biases of zero a pixel at which every squeeze filter is silent gives the next ReLU an input
    of exactly 0, where it has no derivative.
    """
    for parameter in layer.parameters():
        if parameter.data.ndim == 1:
            parameter.data = parameter.data + rng.uniform(0.1, 0.6, parameter.shape)


def _classes(n: int, k: int) -> Callable[[Rng], Array]:
    return lambda rng: rng.integers(0, k, n)


def _probabilities(n: int, k: int) -> Callable[[Rng], Array]:
    return lambda rng: rng.dirichlet(np.ones(k), n)


IMAGES = (2, 5, 4, 2)
SCORES = (3, 5)
PHOTOS = (2, 16, 16, 3)


def _conv(setting: str, *args: Any, shape: Shape = IMAGES, **kwargs: Any) -> Case:
    return Case("conv2d", setting, lambda rng: Conv2d(2, 3, *args, rng=rng, **kwargs), shape)


def _winograd(setting: str, padding: Padding, *, shape: Shape = IMAGES, bias: bool = True) -> Case:
    def build(rng: Rng) -> Conv2d:
        return Conv2d(2, 3, 3, 1, padding, bias, algorithm="winograd", rng=rng)

    return Case("winograd", setting, build, shape)


def _squeezenet(
    setting: str, version: str = "tiny", *, shape: Shape = PHOTOS, samples: int = 3, **options: Any
) -> Case:
    def build(rng: Rng) -> SqueezeNet:
        seed = int(rng.integers(2**31))
        return SqueezeNet(version, 10, "cifar", seed=seed, **options)

    return Case("squeezenet", setting, build, shape, samples=samples)


CASES = [
    _conv("1x1", 1),
    _conv("1x1, stride 2", 1, 2),
    _conv("3x3", 3),
    _conv("3x3, padding 1", 3, 1, 1),
    _conv("3x3, stride 2, same", 3, 2, "same"),
    _conv("2x3, stride (2, 1), padding ((0, 1), (2, 0))", (2, 3), (2, 1), ((0, 1), (2, 0))),
    _conv("5x5, stride 3, padding 2", 5, 3, 2, shape=(1, 7, 8, 2)),
    _conv("no bias", 3, bias=False),
    _winograd("valid", "valid"),
    _winograd("padding 1", 1),
    _winograd("padding ((0, 3), (2, 1))", ((0, 3), (2, 1))),
    _winograd("more than a tile, same", "same", shape=(2, 6, 9, 2)),
    _winograd("no bias", 1, bias=False),
    Case("groupedconv2d", "3x3, stride 2, same, 2 groups",
         lambda rng: GroupedConv2d(4, 6, 3, 2, "same", groups=2, rng=rng), (2, 5, 4, 4)),
    Case("groupedconv2d", "a group for each channel, no bias",
         lambda rng: GroupedConv2d(3, 3, 3, bias=False, groups=3, rng=rng), (2, 5, 4, 3)),
    Case("maxpool2d", "2x2", lambda rng: MaxPool2d(2), (2, 4, 6, 2)),
    Case("maxpool2d", "3x3, stride 2", lambda rng: MaxPool2d(3, 2), (2, 5, 7, 2)),
    Case("maxpool2d", "3x3, stride 2, ceil", lambda rng: MaxPool2d(3, 2, 0, True), (2, 6, 4, 2)),
    Case("maxpool2d", "3x3, stride 1, padding 1", lambda rng: MaxPool2d(3, 1, 1), (1, 4, 5, 2)),
    Case("maxpool2d", "2x3, stride (1, 2), same", lambda rng: MaxPool2d((2, 3), (1, 2), "same"),
         IMAGES),
    Case("avgpool2d", "2x2", lambda rng: AvgPool2d(2), (2, 4, 6, 2)),
    Case("avgpool2d", "3x3, stride 2, padding 1", lambda rng: AvgPool2d(3, 2, 1), IMAGES),
    Case("avgpool2d", "3x3, stride 2, padding 1, padding not counted",
         lambda rng: AvgPool2d(3, 2, 1, count_include_pad=False), IMAGES),
    Case("avgpool2d", "3x3, stride 2, ceil", lambda rng: AvgPool2d(3, 2, 0, True), (2, 6, 4, 2)),
    Case("avgpool2d", "3x2, stride 2, same", lambda rng: AvgPool2d((3, 2), 2, "same"), IMAGES),
    Case("globalavgpool2d", "5x4 pixels", lambda rng: GlobalAvgPool2d(), IMAGES),
    Case("globalavgpool2d", "one pixel", lambda rng: GlobalAvgPool2d(), (3, 1, 1, 4)),
    Case("relu", "images", lambda rng: ReLU(), IMAGES),
    Case("relu", "rows", lambda rng: ReLU(), SCORES),
    Case("dropout", "p=0.5", lambda rng: Dropout(0.5, rng), IMAGES),
    Case("dropout", "p=0.2", lambda rng: Dropout(0.2, rng), SCORES),
    Case("dropout", "p=0", lambda rng: Dropout(0, rng), SCORES),
    Case("linear", "4 to 3", lambda rng: Linear(4, 3, rng=rng), (5, 4)),
    Case("linear", "square", lambda rng: Linear(4, 4, rng=rng), (3, 4)),
    Case("linear", "no bias, one sample", lambda rng: Linear(6, 2, False, rng=rng), (1, 6)),
    Case("flatten", "images", lambda rng: Flatten(), IMAGES),
    Case("batchnorm2d", "3 channels", lambda rng: BatchNorm2d(3), (2, 3, 4, 3)),
    Case("batchnorm2d", "two values in a channel", lambda rng: BatchNorm2d(2), (2, 1, 1, 2)),
    Case("batchnorm2d", "eps=0.5", lambda rng: BatchNorm2d(2, eps=0.5), (3, 2, 2, 2)),
    Case("localresponsenorm", "5 channels of 7", lambda rng: LocalResponseNorm(5, alpha=2.0),
         (2, 2, 2, 7)),
    Case("localresponsenorm", "window larger than the image, k=2",
         lambda rng: LocalResponseNorm(7, alpha=1.0, beta=1.5, k=2.0), (2, 2, 3, 2)),
    Case("softmax", "rows", lambda rng: Softmax(), SCORES),
    Case("softmax", "pixels", lambda rng: Softmax(), IMAGES),
    Case("logsoftmax", "rows", lambda rng: LogSoftmax(), SCORES),
    Case("logsoftmax", "pixels", lambda rng: LogSoftmax(), IMAGES),
    Case("softmaxcrossentropy", "classes", lambda rng: SoftmaxCrossEntropy(), SCORES,
         _classes(*SCORES)),
    Case("softmaxcrossentropy", "label smoothing 0.1", lambda rng: SoftmaxCrossEntropy(0.1), SCORES,
         _classes(*SCORES)),
    Case("softmaxcrossentropy", "probabilities", lambda rng: SoftmaxCrossEntropy(), SCORES,
         _probabilities(*SCORES)),
    Case("softmaxcrossentropy", "probabilities, label smoothing 0.3",
         lambda rng: SoftmaxCrossEntropy(0.3), SCORES, _probabilities(*SCORES)),
    Case("sequential", "linear, relu, linear",
         lambda rng: Sequential(Linear(4, 6, rng=rng), ReLU(), Linear(6, 3, rng=rng)), (3, 4)),
    Case("sequential", "conv, batch norm, relu, pool, flatten, linear",
         lambda rng: Sequential(Conv2d(2, 3, 3, padding=1, rng=rng), BatchNorm2d(3), ReLU(),
                                MaxPool2d(2), Flatten(), Linear(12, 3, rng=rng), LogSoftmax()),
         IMAGES),
    Case("concat", "1x1 beside 3x3",
         lambda rng: Concat(Conv2d(2, 2, 1, rng=rng), Conv2d(2, 3, 3, padding=1, rng=rng)), IMAGES),
    Case("concat", "three branches of rows",
         lambda rng: Concat(Linear(4, 1, rng=rng), ReLU(), Linear(4, 2, rng=rng)), (3, 4)),
    Case("bypass", "simple", lambda rng: Bypass(Conv2d(2, 2, 3, padding=1, rng=rng)), IMAGES),
    Case("bypass", "complex",
         lambda rng: Bypass(Conv2d(2, 3, 3, padding=1, rng=rng), Conv2d(2, 3, 1, rng=rng)), IMAGES),
    Case("fire", "plain", lambda rng: Fire(4, 2, 3, 3, rng=rng), (2, 3, 4, 4)),
    Case("fire", "expands of different sizes", lambda rng: Fire(3, 4, 1, 5, rng=rng), (1, 4, 4, 3)),
    Case("fire", "batch norm", lambda rng: Fire(4, 2, 3, 3, batch_norm=True, rng=rng),
         (2, 3, 4, 4)),
    Case("fire", "in a bypass", lambda rng: Bypass(Fire(4, 2, 2, 2, rng=rng)), (2, 3, 4, 4)),
    _squeezenet("tiny"),
    _squeezenet("tiny, simple bypass", bypass="simple"),
    _squeezenet("tiny, complex bypass", bypass="complex"),
    _squeezenet("tiny, batch norm", batch_norm=True, dropout=0.0),
    _squeezenet("tiny, no final ReLU", final_relu=False),
    Case("squeezenet", "tiny, with its loss",
         lambda rng: SqueezeNet("tiny", 10, "cifar", seed=int(rng.integers(2**31))), PHOTOS,
         _classes(2, 10), samples=3),
    _squeezenet("1.1", "1.1", samples=1),
    _squeezenet("1.1, complex bypass, batch norm", "1.1", bypass="complex", batch_norm=True,
                samples=1),
    _squeezenet("1.0", "1.0", samples=1),
]  # fmt: skip

NAMES = list(dict.fromkeys(case.name for case in CASES))


def select(names: Iterable[str]) -> list[Case]:
    """The cases of the named layers, or all of them if there is no name.

    >>> len(select(["MaxPool2d"])) == len(select(["max-pool2d"])) > 1
    True
    """
    wanted = {_find(name) for name in names}
    return [case for case in CASES if not wanted or case.name in wanted]


def _find(name: str) -> str:
    plain = name.lower().replace("-", "").replace("_", "")
    if plain not in NAMES:
        raise ValueError(unknown("layer", name, NAMES))
    return plain
