"""Small networks that can be looked into, in float64."""

import numpy as np

from mydl.layers import (
    BatchNorm2d,
    Bypass,
    Conv2d,
    Dropout,
    Fire,
    Flatten,
    GlobalAvgPool2d,
    Linear,
    MaxPool2d,
    ReLU,
    Sequential,
)
from mydl.models import Network

CLASSES = 3


def small_network(*, biases=True, seed=0):
    """All kinds of SqueezeNet's layers; random biases and statistics of batch norm, or none."""
    rng = np.random.default_rng(seed)
    options = {"dtype": np.float64, "rng": rng}
    features = {
        "conv1": Conv2d(3, 4, 3, padding=1, **options),
        "norm1": BatchNorm2d(4, dtype=np.float64),
        "relu1": ReLU(),
        "pool1": MaxPool2d(3, 2, ceil_mode=True),
        "fire2": Fire(4, 2, 3, 3, **options),
        "fire3": Bypass(Fire(6, 2, 3, 3, **options)),
    }
    classifier = {
        "dropout9": Dropout(0.5, rng=rng),
        "conv10": Conv2d(6, CLASSES, 1, **options),
        "pool10": GlobalAvgPool2d(),
    }
    network = Network(Sequential(features), Sequential(classifier))
    for path, parameter in network.named_parameters():
        if path.endswith("bias"):
            parameter.data = biases * rng.normal(size=parameter.shape)
    norm = network.features["norm1"]
    if biases:
        norm.running_mean.data = rng.normal(size=4)
        norm.running_var.data = rng.uniform(0.5, 2, size=4)
    return network


def averaging_network(seed=0):
    """Maps, their global average, and a linear layer: the network of Zhou et al."""
    rng = np.random.default_rng(seed)
    features = {"conv1": Conv2d(3, 5, 3, dtype=np.float64, rng=rng), "relu1": ReLU()}
    linear = Linear(5, CLASSES, dtype=np.float64, rng=rng)
    linear.bias.data = rng.normal(size=CLASSES)
    classifier = {"pool": GlobalAvgPool2d(), "dropout": Dropout(0.5, rng=rng), "linear": linear}
    return Network(Sequential(features), Sequential(classifier))


def linear_network(height=4, width=4, channels=3, seed=0):
    """One linear layer, in which every gradient is a column of its weights."""
    rng = np.random.default_rng(seed)
    linear = Linear(height * width * channels, CLASSES, dtype=np.float64, rng=rng)
    return Network(Sequential({"flat": Flatten()}), Sequential({"linear": linear}))


def random_image(height=6, width=7, channels=3, seed=1):
    return np.random.default_rng(seed).normal(size=(height, width, channels))


def slopes(function, image, h=1e-6):
    """The derivative of a number by each entry of an image, measured."""
    gradient = np.zeros_like(image)
    for index in np.ndindex(image.shape):
        moved = np.zeros_like(image)
        moved[index] = h
        gradient[index] = (function(image + moved) - function(image - moved)) / (2 * h)
    return gradient
