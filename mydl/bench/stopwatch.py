"""A network whose layers are timed from outside: the layers know nothing of it."""

from __future__ import annotations

import statistics
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

import numpy as np

from ..fused import fuse
from ..fused.activation import Activation, BiasRelu, NormRelu
from ..layer import Layer
from ..layers import Conv2d, Fire
from ..losses import SoftmaxCrossEntropy
from ..models import build_model
from ..optim import SGD
from ..parameter_vector import ParameterVector
from .cases import Case

Direction = Literal["forward", "backward"]
Key = tuple[str, Direction]

# The parts of a fire module, and the layers that belong to each.
FIRE_PARTS = {
    "squeeze": ("squeeze", "squeeze_relu"),
    "expand1x1": ("expand1x1",),
    "expand3x3": ("expand3x3",),
}


@dataclass(frozen=True)
class Time:
    """Microseconds an image."""

    forward: float = 0.0
    backward: float = 0.0

    @property
    def total(self) -> float:
        """Both directions together."""
        return self.forward + self.backward

    def __add__(self, other: Time) -> Time:
        return Time(self.forward + other.forward, self.backward + other.backward)

    def __sub__(self, other: Time) -> Time:
        return Time(self.forward - other.forward, self.backward - other.backward)


class TimedNetwork:
    """A network on one thread, run as the engine runs it: shard by shard, there and back.

    A layer's time goes under its name, as in ``fire2``, that of a fire module's part under
    ``fire2.squeeze``. ``loss``, ``optimizer`` and ``step``, which is the whole, are there too.

    Parameters
    ----------
    case
        Network, images, batch and mode.
    edges
        Where shards begin and end.
    rewritten
        By :func:`mydl.fused.fuse`; else the layers themselves are run.

    Attributes
    ----------
    model
        The network with its stopwatches.
    parameters
        Its parameters, which rewritten layers no longer list.
    """

    def __init__(self, case: Case, edges: list[int], rewritten: bool) -> None:
        rng = np.random.default_rng(0)
        self._x = rng.normal(size=(case.batch, *case.image)).astype(np.float32)
        self._labels = rng.integers(0, case.classes, case.batch)
        self._edges = edges
        self._training = case.mode == "train"
        model = build_model(case.model, num_classes=case.classes)
        self._vector = ParameterVector(model)
        self.parameters = model.parameters()
        if not rewritten:
            for _, layer in model.named_layers():
                if isinstance(layer, Conv2d):
                    layer.algorithm = "im2col"  # the one that conv.py shows
        self.model: Layer = fuse(model) if rewritten else model
        self.model.train(self._training)
        self._loss = SoftmaxCrossEntropy()
        self._optimizer = SGD(self._vector.data, 0.001, momentum=0.9, weight_decay=5e-4)
        self._seconds: dict[Key, float] = defaultdict(float)
        self._steps: list[dict[Key, float]] = []
        self._lap: tuple[Key, float] | None = None
        for name, layer in network_layers(self.model).items():
            self._watch_layer(name, layer)
        self._watch(self._loss, "forward", ("loss", "forward"))
        self._watch(self._loss, "backward", ("loss", "backward"))
        self._watch(self._optimizer, "step", ("optimizer", "backward"))

    def warm_up(self) -> None:
        """Take a step that compiles and allocates, and forget its times."""
        self.step()
        self._steps.clear()

    def step(self) -> None:
        """Take a step, and remember its times."""
        self._seconds.clear()
        for lo, hi in pairwise(self._edges):
            began = time.perf_counter()
            outputs = self.model.forward(self._x[lo:hi])
            if self._training:
                self._loss.forward(outputs, self._labels[lo:hi])
            turned = time.perf_counter()
            if self._training:
                share = outputs.dtype.type((hi - lo) / len(self._x))
                self.model.backward(self._loss.backward() * share)
            self._seconds["step", "forward"] += turned - began
            self._seconds["step", "backward"] += time.perf_counter() - turned
        if self._training:
            began = time.perf_counter()
            self._optimizer.step(self._vector.grad)
            self._vector.grad[...] = 0
            self._seconds["step", "backward"] += time.perf_counter() - began
        self._steps.append(dict(self._seconds))

    def time(self, name: str) -> Time:
        """Means over the fastest quarter of the steps, forwards and backwards each."""
        return Time(self._microseconds((name, "forward")), self._microseconds((name, "backward")))

    def _microseconds(self, key: Key) -> float:
        return 1e6 * undisturbed([step.get(key, 0.0) for step in self._steps]) / len(self._x)

    def _watch_layer(self, name: str, layer: Layer) -> None:
        if isinstance(layer, Fire):
            for part, children in FIRE_PARTS.items():
                for child in children:
                    self._watch_layer(f"{name}.{part}", layer.children()[child])
        units = [value for value in vars(layer).values() if isinstance(value, BiasRelu | NormRelu)]
        if len(units) == len(FIRE_PARTS):
            for unit in units:
                self._watch_unit(f"{name}.{_part(unit)}", unit)
            _around(layer, "backward", after=self._end_lap)
        self._watch(layer, "forward", (name, "forward"))
        self._watch(layer, "backward", (name, "backward"))

    def _watch(self, owner: object, method: str, key: Key) -> None:
        """Time every call of a method."""
        began = 0.0

        def start() -> None:
            nonlocal began
            began = time.perf_counter()

        def stop() -> None:
            self._seconds[key] += time.perf_counter() - began

        _around(owner, method, start, stop)

    def _watch_unit(self, name: str, unit: Activation) -> None:
        """Time a part of a rewritten fire module, which has no method of its own.

        Forwards it asks first where the product goes and ends with what follows the product;
        backwards it asks first for the gradient, and ends where the next part begins.
        """
        _around(unit, "product", before=lambda: self._begin_lap((name, "forward")))
        _around(unit, "forward", after=self._end_lap)
        _around(unit, "gradient", before=lambda: self._begin_lap((name, "backward")))

    def _begin_lap(self, key: Key) -> None:
        self._end_lap()
        self._lap = key, time.perf_counter()

    def _end_lap(self) -> None:
        if self._lap is not None:
            key, began = self._lap
            self._seconds[key] += time.perf_counter() - began
            self._lap = None


def network_layers(model: Layer) -> dict[str, Layer]:
    """The layers of a network's stages by name."""
    stages = model.children().values()
    return {name: layer for stage in stages for name, layer in stage.children().items()}


def undisturbed(seconds: list[float]) -> float:
    """The mean of the fastest quarter of measurements: other programs can only slow them down.

    >>> undisturbed([5.0, 3.0, 9.0, 6.0, 4.0])
    3.5
    """
    return statistics.mean(sorted(seconds)[: -(-len(seconds) // 4)])


def _part(unit: Activation) -> str:
    """Which part of a fire module it is, from the path of its convolution."""
    return next(name for name in unit.conv.path.split(".") if name in FIRE_PARTS)


def _nothing() -> None:
    pass


def _around(
    owner: object,
    method: str,
    before: Callable[[], None] = _nothing,
    after: Callable[[], None] = _nothing,
) -> None:
    """Let an object do something before and after each call of one of its methods."""
    run = getattr(owner, method)

    def watched(*arguments: Any) -> Any:
        before()
        result = run(*arguments)
        after()
        return result

    setattr(owner, method, watched)
