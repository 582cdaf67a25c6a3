"""A layer as a function of x and its parameters, which gives the same answer each time."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from ..layer import Array, Layer


class Probe:
    """A copy of a layer, or of a loss with its labels, in training mode.

    A forward pass may change the layer: dropout draws numbers, batch norm moves its running
    statistics. Every ``forward`` here first puts both back, so that two calls differ by nothing
    but what was done to ``arrays`` in between.

    Parameters
    ----------
    layer
        A Layer; a loss with ``forward(x, labels)`` and ``backward()``; or a network with ``loss(x,
        labels)`` and ``backward()``.
    x
        The input.
    labels
        What a loss takes beside x; None for a layer.
    dtype
        Of the copy: float64, complex128 for complex steps, or float32.

    Attributes
    ----------
    layer
        The copy.
    parameters
        Its parameters by path.
    arrays
        "x" and the data of every parameter by its path; writing into them moves the point.
    """

    def __init__(self, layer: Any, x: Array, labels: Array | None, dtype: DTypeLike) -> None:
        is_layer = isinstance(layer, Layer)
        self.layer: Any = layer.astype(dtype).train() if is_layer else copy.deepcopy(layer)
        self.parameters = dict(self.layer.named_parameters()) if is_layer else {}
        self.arrays: dict[str, Array] = {"x": x.astype(dtype)}
        self.arrays |= {path: parameter.data for path, parameter in self.parameters.items()}
        self._labels = labels
        layers = [each for _, each in self.layer.named_layers()] if is_layer else [self.layer]
        self._generators = [
            (value, value.bit_generator.state)
            for each in layers
            for value in vars(each).values()
            if isinstance(value, np.random.Generator)
        ]
        buffers = [buffer for _, buffer in self.layer.named_buffers()] if is_layer else []
        self._buffers = [(buffer, buffer.data.copy()) for buffer in buffers]

    def forward(self, x: Array) -> Any:
        """The layer's own answer to ``x``, with nothing copied or converted."""
        for generator, state in self._generators:
            generator.bit_generator.state = state
        for buffer, values in self._buffers:
            buffer.data = values
        if self._labels is None:
            return self.layer.forward(x)
        loss = getattr(self.layer, "loss", self.layer.forward)
        return loss(x, self._labels)

    def backward(self, dy: Array) -> Any:
        """The layer's own answer to ``dy``, which a loss does not take: its gradient is 1."""
        return self.layer.backward(dy) if self._labels is None else self.layer.backward()

    def output(self) -> Array:
        """y where ``arrays`` are now, in memory that no later pass writes to."""
        return np.array(self.forward(self.arrays["x"].copy()))

    def random_state(self) -> list[object]:
        """The states of the layer's generators."""
        return [generator.bit_generator.state for generator, _ in self._generators]

    def gradients(self, dy: Array) -> dict[str, Array]:
        """What backward makes of ``dy``, by array; without "x" if dx has not its shape."""
        data = {path: parameter.data.copy() for path, parameter in self.parameters.items()}
        for parameter in self.parameters.values():
            parameter.zero_grad()
        self.forward(self.arrays["x"].copy())
        dx = self.backward(dy.copy())
        found = {path: parameter.grad.copy() for path, parameter in self.parameters.items()}
        for path, parameter in self.parameters.items():
            parameter.data = data[path]
        if np.shape(dx) == self.arrays["x"].shape:
            found["x"] = np.array(dx, np.float64)
        return found
