"""Networks of every kind that the explorer shows, for the tests of the trace and of the page."""

import numpy as np

from mydl.layers import (
    AvgPool2d,
    BatchNorm2d,
    Concat,
    Conv2d,
    Dropout,
    Flatten,
    Linear,
    MaxPool2d,
    ReLU,
    Sequential,
)
from mydl.models import Network, SqueezeNet, nin_cifar, squeezenet_tiny

LABEL = 2


def own_network():
    """One with what SqueezeNets lack: average pooling, branches, flatten and linear."""
    branches = {"wide": Conv2d(6, 4, 3, padding=1), "same": Sequential(), "narrow": Conv2d(6, 6, 1)}
    features = {
        "conv": Conv2d(3, 6, 3, stride=2, padding="same", bias=False),
        "norm": BatchNorm2d(6),
        "relu": ReLU(),
        "branches": Concat(branches),
        "average": AvgPool2d(3, 2, ceil_mode=True),
        "most": MaxPool2d(3, 1, 1),
    }
    classifier = {"drop": Dropout(0.3), "flatten": Flatten(), "linear": Linear(16 * 4 * 4, 5)}
    return Network(Sequential(features), Sequential(classifier))


# Each makes a network; beside it rows and columns of an image.
NETWORKS = {
    "tiny": (lambda: squeezenet_tiny(5), 32),
    "simple bypass, batch norm": (
        lambda: squeezenet_tiny(5, bypass="simple", batch_norm=True),
        32,
    ),
    "1.1 complex bypass, dropout, final ReLU": (
        lambda: SqueezeNet("1.1", 5, "cifar", bypass="complex", dropout=0.5),
        32,
    ),
    "1.0 complex bypass, batch norm": (
        lambda: SqueezeNet("1.0", 5, "cifar", bypass="complex", batch_norm=True, final_relu=False),
        32,
    ),
    "1.1 for photographs": (lambda: SqueezeNet("1.1", 5, dropout=0, conv10_padding=1), 64),
    "network in network": (lambda: nin_cifar(5, final_relu=False), 32),
    "own": (own_network, 15),
}


def network_and_image(name):
    """A network with random biases and statistics, which no kink depends on, and an image."""
    build, size = NETWORKS[name]
    network, rng = build(), np.random.default_rng(7)
    for path, parameter in network.named_parameters():
        if path.endswith("bias"):
            parameter.data = rng.normal(0.05, 0.1, parameter.shape)
    for path, buffer in network.named_buffers():
        low = 0.5 if path.endswith("var") else -0.2
        buffer.data = rng.uniform(low, 1.5, buffer.shape)
    image = rng.normal(size=(size, size, 3)).astype(np.float32)
    return network, image
