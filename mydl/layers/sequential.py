"""Layers one after the other: the chain rule, written as a loop.

Derivation: docs/layers/containers.md, or `mydl help containers`.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..layer import Array, Layer, Shape


def named_layers(owner: str, layers: tuple[Layer | Mapping[str, Layer], ...]) -> dict[str, Layer]:
    """The layers by name: those of a mapping, or "0", "1", ... in order."""
    first = layers[0] if layers else {}
    pairs = first.items() if isinstance(first, Mapping) else enumerate(layers)
    named = {str(name): layer for name, layer in pairs}
    if len(layers) > 1 and isinstance(first, Mapping):
        raise TypeError(f"{owner} takes layers one by one or a single mapping of names to layers")
    for name, layer in named.items():
        if not isinstance(layer, Layer):
            raise TypeError(f"{owner} takes layers, got {type(layer).__name__} as {name!r}")
    return named  # type: ignore[return-value]


class Sequential(Layer):
    """Call each layer on the output of the one before; backward calls them in the opposite order.

    ::

        y  = f_n(... f_2(f_1(x)))
        dx = f_1'(f_2'(... f_n'(dy)))        each f_i' is that layer's backward

    Kept for backward: nothing; each layer keeps its own.

    Parameters
    ----------
    *layers
        The layers in order, which are then named "0", "1", ..., or a mapping of names to layers.
        The names make up the paths of parameters and of error messages.

    Notes
    -----
    Shapes: whatever the layers make of them.

    Examples
    --------
    >>> from mydl.layers import Linear, ReLU
    >>> net = Sequential({"hidden": Linear(4, 8), "relu": ReLU(), "output": Linear(8, 2)})
    >>> net
    Sequential()
      hidden: Linear(4, 8)
      relu: ReLU()
      output: Linear(8, 2)
    >>> net["hidden"].weight.shape
    (4, 8)
    """

    def __init__(self, *layers: Layer | Mapping[str, Layer]) -> None:
        self._layers = named_layers("Sequential", layers)
        self._place(self.path)

    def forward(self, x: Array) -> Array:
        for layer in self._layers.values():
            x = layer.forward(x)
        return x

    def backward(self, dy: Array) -> Array:
        for layer in reversed(self._layers.values()):
            dy = layer.backward(dy)
        return dy

    def children(self) -> dict[str, Layer]:
        return self._layers

    def output_shape(self, input_shape: Shape) -> Shape:
        for layer in self._layers.values():
            input_shape = layer.output_shape(input_shape)
        return input_shape

    def multiply_adds(self, input_shape: Shape) -> int:
        total = 0
        for layer in self._layers.values():
            total += layer.multiply_adds(input_shape)
            input_shape = layer.output_shape(input_shape)
        return total

    def __getitem__(self, key: int | str) -> Layer:
        """The layer at a position or of a name."""
        return self._layers[key] if isinstance(key, str) else list(self._layers.values())[key]

    def __len__(self) -> int:
        return len(self._layers)
