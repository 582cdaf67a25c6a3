"""The networks, by class and by name."""

from __future__ import annotations

from collections.abc import Callable
from inspect import signature
from typing import Any

from ..names import unknown
from .alexnet import AlexNet, alexnet, alexnet_torchvision
from .loading import LoadedWeights, load_weights, network_of
from .metaparameters import Metaparameters
from .network import Network
from .nin import NiN, nin, nin_cifar
from .squeezenet import (
    SqueezeNet,
    squeezenet1_0,
    squeezenet1_0_cifar,
    squeezenet1_1,
    squeezenet1_1_cifar,
    squeezenet_general,
    squeezenet_late,
    squeezenet_tiny,
)
from .storing import save_weights
from .summary import Summary, fire_weights, plain_weights, summary

__all__ = [
    "MODEL_NAMES",
    "AlexNet",
    "LoadedWeights",
    "Metaparameters",
    "Network",
    "NiN",
    "SqueezeNet",
    "Summary",
    "alexnet",
    "alexnet_torchvision",
    "build_model",
    "fire_weights",
    "load_weights",
    "model_options",
    "network_of",
    "nin",
    "nin_cifar",
    "plain_weights",
    "save_weights",
    "squeezenet1_0",
    "squeezenet1_0_cifar",
    "squeezenet1_1",
    "squeezenet1_1_cifar",
    "squeezenet_general",
    "squeezenet_late",
    "squeezenet_tiny",
    "summary",
]

# Each name with what builds the network, and the class that has the options.
_MODELS: dict[str, tuple[Callable[..., Network], type[Network]]] = {
    "squeezenet1_0": (squeezenet1_0, SqueezeNet),
    "squeezenet1_1": (squeezenet1_1, SqueezeNet),
    "squeezenet1_0_cifar": (squeezenet1_0_cifar, SqueezeNet),
    "squeezenet1_1_cifar": (squeezenet1_1_cifar, SqueezeNet),
    "squeezenet_late": (squeezenet_late, SqueezeNet),
    "squeezenet_tiny": (squeezenet_tiny, SqueezeNet),
    "squeezenet_general": (squeezenet_general, SqueezeNet),
    "alexnet": (alexnet, AlexNet),
    "alexnet_torchvision": (alexnet_torchvision, AlexNet),
    "nin": (nin, NiN),
    "nin_cifar": (nin_cifar, NiN),
}

MODEL_NAMES = tuple(_MODELS)


def model_options(name: str) -> list[str]:
    """The options that :func:`build_model` takes for a network.

    Raises
    ------
    ValueError
        There is no such network; the message says which names are near.

    Examples
    --------
    >>> model_options("nin_cifar")
    ['num_classes', 'input_size', 'dropout', 'final_relu', 'dtype', 'seed']
    """
    if name not in _MODELS:
        raise ValueError(unknown("model", name, MODEL_NAMES))
    _, kind = _MODELS[name]
    return [
        option for option in signature(kind).parameters if option not in ("version", "save_path")
    ]


def build_model(name: str, **options: Any) -> Network:
    """The network of a name, with options as for its class.

    Raises
    ------
    ValueError
        There is no such network or option, and the message says which are near; or an option has a
        wrong value.

    Examples
    --------
    >>> build_model("squeezenet_tiny", num_classes=3).num_parameters()
    121187
    """
    known = model_options(name)
    for option in options:
        if option not in known:
            raise ValueError(unknown(f"option of {name}", option, known))
    build, _ = _MODELS[name]
    return build(**options)
