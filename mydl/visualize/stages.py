"""Layers to look at where a person names none: how deep they are is what matters."""

from __future__ import annotations

from ..layers import Bypass, Fire, ReLU
from ..models.network import Network

SPREAD = (0.0, 0.5, 1.0)  # of the depth: what the first keeps, the middle and the last


def stages(network: Network) -> list[str]:
    """The paths of the layers among the features that end in a ReLU, in order.

    >>> from mydl.models import squeezenet_tiny
    >>> stages(squeezenet_tiny())[:3]
    ['features.relu1', 'features.fire2', 'features.fire3']
    """
    found = [
        f"features.{name}"
        for name, layer in network.features.children().items()
        if isinstance(layer, ReLU | Fire | Bypass)
    ]
    if not found:
        raise ValueError("this network has no ReLU among its features: name a layer with --layer")
    return found


def stage_to_dream(network: Network) -> str:
    """The last but one, which sees parts of things: fire8 in SqueezeNet."""
    return stages(network)[-2:][0]


def stages_to_invert(network: Network) -> list[str]:
    """An early, a middle and the last one."""
    paths = stages(network)
    picked = [paths[round(share * (len(paths) - 1))] for share in SPREAD]
    return list(dict.fromkeys(picked))


def stage_of_content(network: Network) -> str:
    """One that still knows the places: the third, fire3 in SqueezeNet."""
    return stages(network)[:3][-1]


def stages_of_style(network: Network) -> list[str]:
    """From the first on, those that see strokes and textures, as far as the sixth."""
    return stages(network)[:6]
