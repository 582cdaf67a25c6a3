"""How large the gradients are, along every connection of a network and in every parameter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from ...layer import Array, Layer
from ...losses import SoftmaxCrossEntropy
from ..differentiable import differentiable

# A layer's path and which of its two gradients: what backward is given, or what it returns.
Gradient: TypeAlias = tuple[str, Literal["dy", "dx"]]
LOSS: Gradient = ("loss", "dx")  # of the logits


@dataclass(frozen=True)
class GradientNorms:
    """Euclidean norms of the gradients of one loss.

    Attributes
    ----------
    loss
        Softmax cross-entropy.
    label
        The class that it is about.
    flows
        By layer and side. What one layer hands to one other is the ``dx`` of the latter; where
        several hand something to one, its ``dy`` is the sum.
    parameters
        By path, as in ``features.conv1.weight``.
    """

    loss: float
    label: int
    flows: Mapping[Gradient, float]
    parameters: Mapping[str, float]


def gradient_norms(network: Layer, image: Array, label: int | None = None) -> GradientNorms:
    """Run an image through a network, forwards and backwards, and measure every gradient.

    The network computes as when it is used: dropout drops nothing, and batch norm has its running
    statistics.

    Parameters
    ----------
    network
        Gives logits; it is left as it is.
    image
        As the network takes it, (H, W, C).
    label
        The class that the loss is about; None takes the one that the network answers.

    Raises
    ------
    LayerError
        The image or the label does not fit the network.

    Examples
    --------
    >>> from mydl.models import squeezenet_tiny
    >>> norms = gradient_norms(squeezenet_tiny(), np.ones((32, 32, 3), np.float32), label=3)
    >>> norms.flows["features.conv1", "dx"] > 0, norms.parameters["features.conv1.weight"] > 0
    (True, True)
    """
    network = differentiable(network)
    network.zero_grad()
    logits = network.forward(np.ascontiguousarray(image)[None])
    if label is None:
        label = int(logits[0].argmax())
    cross_entropy = SoftmaxCrossEntropy()
    loss = cross_entropy.forward(logits, np.array([label]))
    dlogits = cross_entropy.backward()
    flows: dict[Gradient, float] = {LOSS: norm(dlogits)}
    for path, layer in network.named_layers():
        _measure_backward(layer, path, flows)
    network.backward(dlogits)
    parameters = {path: norm(parameter.grad) for path, parameter in network.named_parameters()}
    return GradientNorms(loss, label, flows, parameters)


def norm(array: Array) -> float:
    """The square root of the sum of squares, added up in float64.

    >>> norm(np.array([[3.0, 4.0]], np.float32))
    5.0
    """
    return float(np.sqrt(np.square(array, dtype=np.float64).sum()))


def _measure_backward(layer: Layer, path: str, flows: dict[Gradient, float]) -> None:
    """Let a layer, which nobody else uses, note the norms of its two gradients."""
    backward = layer.backward

    def measured(dy: Array) -> Array:
        dx = backward(dy)
        flows[path, "dy"], flows[path, "dx"] = norm(dy), norm(dx)
        return dx

    layer.backward = measured  # type: ignore[method-assign]
