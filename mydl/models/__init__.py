"""The networks, by class and by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..names import unknown
from .loading import LoadedWeights, load_weights, network_of
from .metaparameters import Metaparameters
from .network import Network
from .squeezenet import (
    SqueezeNet,
    squeezenet1_0,
    squeezenet1_0_cifar,
    squeezenet1_1,
    squeezenet1_1_cifar,
    squeezenet_general,
    squeezenet_tiny,
)
from .storing import save_weights
from .summary import Summary, fire_weights, plain_weights, summary

__all__ = [
    "MODEL_NAMES",
    "LoadedWeights",
    "Metaparameters",
    "Network",
    "SqueezeNet",
    "Summary",
    "build_model",
    "fire_weights",
    "load_weights",
    "network_of",
    "plain_weights",
    "save_weights",
    "squeezenet1_0",
    "squeezenet1_0_cifar",
    "squeezenet1_1",
    "squeezenet1_1_cifar",
    "squeezenet_general",
    "squeezenet_tiny",
    "summary",
]

_MODELS: dict[str, Callable[..., SqueezeNet]] = {
    "squeezenet1_0": squeezenet1_0,
    "squeezenet1_1": squeezenet1_1,
    "squeezenet1_0_cifar": squeezenet1_0_cifar,
    "squeezenet1_1_cifar": squeezenet1_1_cifar,
    "squeezenet_tiny": squeezenet_tiny,
    "squeezenet_general": squeezenet_general,
}

MODEL_NAMES = tuple(_MODELS)


def build_model(name: str, **options: Any) -> SqueezeNet:
    """The network of a name, with options as for its class.

    Raises:
        ValueError: there is no such network; the message says which names are near.

    >>> build_model("squeezenet_tiny", num_classes=3).num_parameters()
    121187
    """
    if name not in _MODELS:
        raise ValueError(unknown("model", name, MODEL_NAMES))
    return _MODELS[name](**options)
