"""Small networks, one for each kind of layer, and their payloads."""

from functools import partial

import numpy as np

from mydl.layers import (
    AvgPool2d,
    BatchNorm2d,
    Conv2d,
    Dropout,
    Flatten,
    GlobalAvgPool2d,
    Linear,
    MaxPool2d,
    ReLU,
)
from mydl.models.differentiable import FixedNorm2d

from .tape import Tape

CONVOLUTIONS = {
    "padded": Conv2d(3, 4, 3, padding=1),
    "pixel": Conv2d(3, 5, 1),
    "strided": Conv2d(3, 4, 3, stride=2),
    "same": Conv2d(3, 4, 4, stride=2, padding="same"),
    "uneven": Conv2d(3, 2, (2, 3), stride=(3, 1), padding=((2, 0), (0, 1))),
    "without a bias": Conv2d(3, 4, 3, padding=1, bias=False),
}
POOLS = {
    "overlapping": MaxPool2d(3, 2),
    "overhanging": MaxPool2d(3, 2, ceil_mode=True),
    "padded": MaxPool2d(3, 1, padding=1),
    "uneven": MaxPool2d((2, 3), (1, 2), padding=((1, 0), (0, 1))),
    "same": MaxPool2d(3, 2, padding="same"),
}
AVERAGES = {
    "plain": AvgPool2d(2),
    "overhanging": AvgPool2d(3, 2, padding=1, ceil_mode=True),
    "without padding": AvgPool2d(3, 2, padding=1, count_include_pad=False),
    "same": AvgPool2d(3, 2, padding="same"),
}


def image(seed=0, shape=(7, 8, 3)):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def drawn(layer, seed=1):
    """The layer with random parameters and no gradients, whatever it was used for before."""
    rng = np.random.default_rng(seed)
    for parameter in layer.parameters():
        parameter.data = rng.normal(size=parameter.shape).astype(np.float32)
        parameter.zero_grad()
    return layer


def classified(tape, value, label=1):
    """The payload of a tape that goes on to three logits and the loss."""
    flat = tape.call("flatten", Flatten(), value)
    size = tape.values[flat].size
    linear = drawn(Linear(size, 3))
    linear.weight.data = linear.weight.data / np.float32(np.sqrt(size))
    return tape.payload(tape.call("linear", linear, flat), label)


def single(kind, layer):
    """An image, one layer and the loss."""
    tape = Tape(image())
    return classified(tape, tape.call(kind, drawn(layer), tape.image))


def normalised():
    """Batch normalisation with the statistics of a training."""
    norm = BatchNorm2d(3, eps=1e-3)
    norm.running_mean.data = np.array([0.1, -0.2, 0.3])
    norm.running_var.data = np.array([0.5, 1.5, 2.5])
    return single("batchnorm2d", FixedNorm2d(norm))


def fire():
    """A squeeze that two branches read, joined along the channels, with a bypass around."""
    tape = Tape(image(shape=(6, 6, 4)))
    squeeze = tape.call("conv2d", drawn(Conv2d(4, 2, 1)), tape.image)
    squeezed = tape.call("relu", ReLU(), squeeze)
    one = tape.call("conv2d", drawn(Conv2d(2, 1, 1)), squeezed)
    three = tape.call("conv2d", drawn(Conv2d(2, 3, 3, padding=1)), squeezed)
    joined = tape.concat(tape.call("relu", ReLU(), one), tape.call("relu", ReLU(), three))
    around = tape.add(joined, tape.image)
    pooled = tape.call("maxpool2d", MaxPool2d(3, 2, ceil_mode=True), tape.add(around, around))
    average = tape.call("globalavgpool2d", GlobalAvgPool2d(), pooled)
    return tape.payload(average, 2)


def each(kind, layers):
    return {f"{kind} {name}": partial(single, kind, layer) for name, layer in layers.items()}


NETWORKS = {
    **each("conv2d", CONVOLUTIONS),
    **each("maxpool2d", POOLS),
    **each("avgpool2d", AVERAGES),
    "globalavgpool2d": partial(single, "globalavgpool2d", GlobalAvgPool2d()),
    "relu": partial(single, "relu", ReLU()),
    "dropout": partial(single, "dropout", Dropout(0.4, np.random.default_rng(0))),
    "batchnorm2d": normalised,
    "fire": fire,
}
