"""Freezing: parameters that stay as they are, and layers that training need not go back through."""

from __future__ import annotations

import copy
import threading
from collections.abc import Sequence

from ..fused import Evaluator, Workspace, fuse
from ..layer import Array, Layer
from ..layers import Dropout, Sequential
from ..models.network import Network


def frozen_parameters(network: Network, freeze: Sequence[str]) -> set[str]:
    """The paths of the parameters that belong to the layers of ``freeze``.

    Parameters
    ----------
    network
        Whose parameters.
    freeze
        Paths of layers or parameters, such as "features", "features.fire2" or
        "classifier.conv10.bias".

    Raises
    ------
    ValueError
        A path leads to no parameter, or none would be left to train.

    Examples
    --------
    >>> from mydl.models import squeezenet_tiny
    >>> sorted(frozen_parameters(squeezenet_tiny(), ["features.conv1"]))
    ['features.conv1.bias', 'features.conv1.weight']
    """
    paths = [path for path, _ in network.named_parameters()]
    frozen: set[str] = set()
    for place in freeze:
        below = {path for path in paths if path == place or path.startswith(f"{place}.")}
        if not below:
            layers = [name for name, layer in _stages(network) if _parameters(name, layer)]
            raise ValueError(
                f"freeze: no parameter is at {place!r}; there are features, classifier, "
                f"{', '.join(layers)}"
            )
        frozen |= below
    if len(frozen) == len(paths):
        raise ValueError(f"freeze: {', '.join(freeze)} leaves no parameter to train")
    return frozen


def split(network: Network, frozen: set[str]) -> tuple[Stem | None, Layer]:
    """Part a network into its leading frozen layers, if there are any, and what is trained.

    ::

        features.conv1, ..., features.fire5 | features.fire6, ..., classifier.pool10
        frozen: forwards only               | forwards and backwards

    No gradient is needed below the first layer that learns. Layers without parameters go with
    those before them; dropout is for those that learn. The layers keep their paths.
    """
    layers = _stages(network)
    last = next(
        number
        for number, (name, layer) in enumerate(layers)
        if isinstance(layer, Dropout) or not _parameters(name, layer) <= frozen
    )
    if not any(_parameters(name, layer) for name, layer in layers[:last]):
        return None, network
    stem = Stem(Sequential({name: copy.deepcopy(layer) for name, layer in layers[:last]}))
    return stem, Sequential(dict(layers[last:]))


class Stem:
    """The leading layers that are frozen, in evaluation mode.

    They are a part of the images' way in. Each thread has a copy of its own, rewritten for speed.
    """

    def __init__(self, layers: Sequential) -> None:
        self._layers = layers.eval()
        self._of_thread = threading.local()

    def forward(self, x: Array) -> Array:
        """What the first layer that learns gets to see of images, (N, H, W, C)."""
        if not hasattr(self._of_thread, "evaluator"):
            space = Workspace()
            replica = fuse(copy.deepcopy(self._layers), space).eval()
            self._of_thread.evaluator = Evaluator(replica, space)
        evaluator: Evaluator = self._of_thread.evaluator
        return evaluator.forward(x).copy()  # its memory is used again


def _stages(network: Network) -> list[tuple[str, Layer]]:
    """The layers of both stages in the order of the forward pass, by path."""
    return [
        (f"{stage}.{name}", layer)
        for stage, layers in network.children().items()
        for name, layer in layers.children().items()
    ]


def _parameters(name: str, layer: Layer) -> set[str]:
    return {f"{name}.{path}" for path, _ in layer.named_parameters()}
