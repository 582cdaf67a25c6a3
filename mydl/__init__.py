"""mydl: learn backpropagation on a real network.

Layers in NumPy, each with a forward and a hand-written backward pass, composed into SqueezeNet.
The names below load what they need at their first use, so that ``import mydl`` is quick.

>>> import mydl
>>> mydl.squeezenet1_1().num_parameters()
1235496
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .layer import Layer, LayerError, Parameter
    from .layers import (
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
    from .losses import SoftmaxCrossEntropy
    from .models import (
        AlexNet,
        NiN,
        SqueezeNet,
        build_model,
        load_weights,
        network_of,
        save_weights,
        squeezenet1_0,
        squeezenet1_1,
        squeezenet_general,
        squeezenet_tiny,
    )
    from .parallel import ShardedModel

__version__ = "0.1.0"

__all__ = [
    "AlexNet",
    "AvgPool2d",
    "BatchNorm2d",
    "Bypass",
    "Concat",
    "Conv2d",
    "Dropout",
    "Fire",
    "Flatten",
    "GlobalAvgPool2d",
    "GroupedConv2d",
    "Layer",
    "LayerError",
    "Linear",
    "LocalResponseNorm",
    "LogSoftmax",
    "MaxPool2d",
    "NiN",
    "Parameter",
    "ReLU",
    "Sequential",
    "ShardedModel",
    "Softmax",
    "SoftmaxCrossEntropy",
    "SqueezeNet",
    "build_model",
    "load_weights",
    "network_of",
    "save_weights",
    "squeezenet1_0",
    "squeezenet1_1",
    "squeezenet_general",
    "squeezenet_tiny",
]

_HOMES = ("layer", "layers", "losses", "models", "parallel")


def __getattr__(name: str) -> Any:
    """Load a public name from the module that defines it, when it is first asked for."""
    if name in __all__:
        for home in _HOMES:
            module = importlib.import_module(f".{home}", __name__)
            if hasattr(module, name):
                return getattr(module, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
