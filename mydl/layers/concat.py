"""Branches side by side: each sees the same input, and the input's gradient is their sum.

Derivation: docs/layers/containers.md, or `mydl help containers`.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ..layer import Array, Layer, Shape
from .sequential import named_layers


class Concat(Layer):
    """Run branches on one input and join their outputs along the channels.

    Backward cuts ``dy`` at the same places, sends each piece down its branch, and adds up what
    comes back, since ``x`` reached the loss through every branch::

        y  = [f_1(x), f_2(x), ...]
        dx = f_1'(dy_1) + f_2'(dy_2) + ...

    Kept for backward: the number of channels of each branch and the output's shape.

    Parameters
    ----------
    *branches
        The layers, named "0", "1", ..., or a mapping of names to layers.

    Raises
    ------
    ValueError
        There is no branch.
    LayerError
        The branches' outputs differ in more than their channels.

    Notes
    -----
    Shapes: x (..., C); y (..., C_1 + C_2 + ...), where the branches agree in all but channels.

    Examples
    --------
    >>> from mydl.layers import ReLU
    >>> both = Concat(ReLU(), ReLU())
    >>> both.forward(np.array([[1.0, -2.0]]))
    array([[1., 0., 1., 0.]])
    >>> both.backward(np.array([[1.0, 1.0, 10.0, 10.0]]))
    array([[11.,  0.]])
    """

    def __init__(self, *branches: Layer | Mapping[str, Layer]) -> None:
        self._branches = named_layers("Concat", branches)
        if not self._branches:
            raise ValueError("Concat needs at least one branch")
        self._place(self.path)

    def forward(self, x: Array) -> Array:
        x = self._check_input(x)
        y_shape = self.output_shape(x.shape)
        ys = [branch.forward(x) for branch in self._branches.values()]
        self._keep([y.shape[-1] for y in ys], y_shape)
        return np.concatenate(ys, axis=-1)

    def backward(self, dy: Array) -> Array:
        channels, y_shape = self._take()
        dy = self._check_gradient(dy, y_shape)
        pieces = np.split(dy, np.cumsum(channels)[:-1], axis=-1)
        dxs = [
            branch.backward(piece)
            for branch, piece in zip(self._branches.values(), pieces, strict=True)
        ]
        return sum(dxs[1:], start=dxs[0])

    def children(self) -> dict[str, Layer]:
        return self._branches

    def output_shape(self, input_shape: Shape) -> Shape:
        shapes = {n: branch.output_shape(input_shape) for n, branch in self._branches.items()}
        if len({shape[:-1] for shape in shapes.values()}) > 1:
            self.fail(f"the branches must agree in all but channels, got {shapes}")
        first = next(iter(shapes.values()))
        return (*first[:-1], sum(shape[-1] for shape in shapes.values()))
