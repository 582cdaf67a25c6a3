"""Run one image through a network, forwards and backwards, and keep every number on the way.

The layers compute what they always do: they are watched, not copied. What each was given and what
it returned says how they hang together, because the array that one returns is the array that
another receives. Only sums and joints that a container makes by itself, in a fire module and in a
bypass, have to be told apart, and appear here as layers of their own.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..layer import Array, Layer
from ..layers import Bypass, Concat, Conv2d, Fire, Sequential
from ..losses import SoftmaxCrossEntropy
from ..models.differentiable import differentiable
from ..models.network import Network
from .kinds import KINDS, TraceError, describe

CONTAINERS = (Network, Sequential, Fire, Concat, Bypass)
MASK_SEED = 0  # of what dropout sets to zero, the same for everybody who looks


@dataclass(frozen=True, eq=False)
class Value:
    """An activation, without the axis of the samples: (H, W, C), (C,) or for the loss ().

    Attributes
    ----------
    name
        "image", or the path of the layer that it is the output of.
    data
        float32.
    grad
        The gradient of the loss with respect to it, of the same shape.
    """

    name: str
    data: Array
    grad: Array


@dataclass(frozen=True, eq=False)
class Step:
    """One elementary layer of the forward pass.

    Attributes
    ----------
    path
        Its place in the network.
    kind
        Such as "conv2d"; see ``mydl.explorer.kinds``.
    inputs
        The numbers of the values it reads.
    output
        The number of the value it writes.
    settings
        Numbers that are no arrays, such as the window of a pool.
    arrays
        By name, such as "weight" and "dweight", its gradient.
    group
        The path of the fire module or bypass that it belongs to.
    """

    path: str
    kind: str
    inputs: tuple[int, ...]
    output: int
    settings: Mapping[str, Any] = field(default_factory=dict)
    arrays: Mapping[str, Array] = field(default_factory=dict)
    group: str | None = None


@dataclass(frozen=True, eq=False)
class Trace:
    """What happened to one image.

    Attributes
    ----------
    values
        The image first, the loss last.
    steps
        In the order of the forward pass.
    label
        The class that the loss is about.
    """

    values: tuple[Value, ...]
    steps: tuple[Step, ...]
    label: int

    @property
    def loss(self) -> float:
        """The loss that the pass ended with."""
        return float(self.values[-1].data)


def trace(network: Network, image: Array, label: int) -> Trace:
    """Run an image through a network, forwards and backwards, and keep every number.

    As when the network is used, batch norm has its running statistics; but dropout drops, from a
    fixed seed, so that there is something to see of it. Convolutions go by im2col.

    Parameters
    ----------
    network
        Is left as it is.
    image
        As the network takes it, (H, W, C), float32.
    label
        The right class.

    Raises
    ------
    TraceError
        The network has a layer that cannot be shown, or its loss is not finite.
    LayerError
        The image or the label does not fit the network.

    Examples
    --------
    >>> from mydl.models import squeezenet_tiny
    >>> result = trace(squeezenet_tiny(), np.ones((32, 32, 3), np.float32), label=3)
    >>> [step.path for step in result.steps][:3], result.steps[-1].kind
    (['features.conv1', 'features.relu1', 'features.pool1'], 'softmax_cross_entropy')
    >>> result.values[0].grad.shape
    (32, 32, 3)
    """
    network = differentiable(network, dropout=MASK_SEED)
    network.zero_grad()
    for _, layer in network.named_layers():
        if isinstance(layer, Conv2d):
            layer.algorithm = "im2col"  # whose terms the page shows; Winograd's rounding is coarser
    calls = _watch(network)
    x = np.ascontiguousarray(image)[None]
    loss = SoftmaxCrossEntropy()
    logits = network.forward(x)
    amount = loss.forward(logits, np.array([label]))
    if not math.isfinite(amount):
        raise TraceError(f"the loss of this image is {amount}: the network is not fit for use")
    dlogits = loss.backward()
    dx = network.backward(dlogits)
    graph = _Graph(network, calls)
    graph.add_value("image", x, dx)
    for path in calls:
        graph.add_call(path)
    graph.add_loss(logits, amount, loss)
    return Trace(tuple(graph.values), tuple(graph.steps), label)


@dataclass
class _Call:
    """What a layer was given and returned, in both directions."""

    x: Array
    y: Array
    kept: Any
    dy: Array | None = None
    dx: Array | None = None


def _watch(network: Layer) -> dict[str, _Call]:
    """Let every layer of a network, which nobody else uses, note its calls.

    Returns
    -------
    dict[str, _Call]
        The calls by path, in the order in which the layers were done.
    """
    calls: dict[str, _Call] = {}

    def watch(path: str, layer: Layer) -> None:
        forward, backward = layer.forward, layer.backward

        def watched_forward(x: Array) -> Array:
            y = forward(x)
            calls[path] = _Call(x, y, layer._kept)
            return y

        def watched_backward(dy: Array) -> Array:
            dx = backward(dy)
            calls[path].dy, calls[path].dx = dy, dx
            return dx

        layer.forward, layer.backward = watched_forward, watched_backward  # type: ignore[method-assign]

    for path, layer in network.named_layers():
        if type(layer) not in KINDS and not isinstance(layer, CONTAINERS):
            raise TraceError(
                f"{path}: the explorer cannot show a {type(layer).__name__}; it shows networks of "
                "SqueezeNet's layers"
            )
        watch(path, layer)
    return calls


class _Graph:
    """The values and the steps, found from calls in the order of the forward pass."""

    def __init__(self, network: Layer, calls: Mapping[str, _Call]) -> None:
        self.values: list[Value] = []
        self.steps: list[Step] = []
        self._layers = dict(network.named_layers())
        self._calls = calls
        self._number_of: dict[int, int] = {}  # by the identity of an array, which a call holds

    def add_value(self, name: str, array: Array, grad: Array | None) -> int:
        """Add the value that an array of one sample is, and return its number."""
        assert grad is not None
        number = len(self.values)
        self.values.append(Value(name, array[0], grad[0]))
        self._number_of[id(array)] = number
        return number

    def add_call(self, path: str) -> None:
        """Add what a layer did by itself."""
        layer, call = self._layers[path], self._calls[path]
        match layer:
            case Bypass(projection=projection):
                around = call.x if projection is None else self._calls[f"{path}.projection"].y
                inner = self._calls[f"{path}.inner"].y
                self._add(f"{path}.add", "add", [inner, around], call.y, call.dy)
            case Concat():
                branches = [self._calls[f"{path}.{name}"].y for name in layer.children()]
                self._add(f"{path}.concat", "concat", branches, call.y, call.dy)
            case Network() | Sequential() | Fire():
                pass  # the layers inside did it all
            case _:
                self._add_joint_of_fire(path)
                settings, arrays = describe(layer, call.x, call.kept)
                self._add(path, KINDS[type(layer)], [call.x], call.y, call.dy, settings, arrays)

    def _add_joint_of_fire(self, path: str) -> None:
        """A fire module joins its expands' outputs before the ReLU behind them."""
        parent, _, name = path.rpartition(".")
        if name == "expand_relu" and isinstance(self._layers[parent], Fire):
            expands = [self._calls[f"{parent}.{part}"].y for part in ("expand1x1", "expand3x3")]
            call = self._calls[path]
            self._add(f"{parent}.concat", "concat", expands, call.x, call.dx)

    def add_loss(self, logits: Array, amount: float, loss: SoftmaxCrossEntropy) -> None:
        """Add softmax cross-entropy, the gradient of whose output is 1."""
        assert loss.probabilities is not None
        one = np.ones(1, logits.dtype)
        arrays = {"probabilities": loss.probabilities[0]}
        self._add("loss", "softmax_cross_entropy", [logits], one * amount, one, arrays=arrays)

    def _add(
        self,
        path: str,
        kind: str,
        inputs: list[Array],
        output: Array,
        grad: Array | None,
        settings: Mapping[str, Any] | None = None,
        arrays: Mapping[str, Array] | None = None,
    ) -> None:
        read = tuple(self._number(array, path) for array in inputs)
        written = self.add_value(path, output, grad)
        group = self._group(path)
        self.steps.append(Step(path, kind, read, written, settings or {}, arrays or {}, group))

    def _number(self, array: Array, path: str) -> int:
        """Which value an array is."""
        if id(array) not in self._number_of:
            raise TraceError(
                f"{path}: its input is not the output of another layer, so that the explorer "
                "cannot show where it comes from"
            )
        return self._number_of[id(array)]

    def _group(self, path: str) -> str | None:
        """The path of the outermost fire module or bypass around a layer."""
        names = path.split(".")
        places = [".".join(names[:end]) for end in range(1, len(names))]
        return next((p for p in places if isinstance(self._layers[p], Fire | Bypass)), None)
