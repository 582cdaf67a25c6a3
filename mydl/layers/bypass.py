"""Bypass: add a layer's input to its output, so that gradients have a way around it.

Derivation: docs/layers/containers.md, or `mydl help containers`.
"""

from __future__ import annotations

from ..layer import Array, Layer, Shape


class Bypass(Layer):
    """y = inner(x) + x, or inner(x) + projection(x) where channels differ.

    The gradient takes both ways and meets again at the input::

        simple:   dx = inner'(dy) + dy
        complex:  dx = inner'(dy) + projection'(dy)

    Kept for backward: nothing; the layers inside keep their own.

    Parameters
    ----------
    inner
        The layer to go around.
    projection
        A 1x1 convolution that gives ``x`` the channels of the output ("complex bypass"); None adds
        ``x`` itself ("simple bypass").

    Raises
    ------
    TypeError
        An argument is not a layer.
    LayerError
        The two summands differ in shape.

    Notes
    -----
    Shapes: x (..., C); y that of ``inner(x)``.

    References
    ----------
    SqueezeNet (arXiv 1602.07360), section 6 and figure 2; He et al. 2015, "Deep Residual Learning",
    equations 1 and 2.

    Examples
    --------
    >>> import numpy as np
    >>> from mydl.layers import ReLU
    >>> bypass = Bypass(ReLU())
    >>> bypass.forward(np.array([[1.0, -2.0]]))
    array([[ 2., -2.]])
    >>> bypass.backward(np.array([[1.0, 1.0]]))
    array([[2., 1.]])
    """

    def __init__(self, inner: Layer, projection: Layer | None = None) -> None:
        for layer in (inner,) if projection is None else (inner, projection):
            if not isinstance(layer, Layer):
                raise TypeError(f"Bypass takes layers, got {type(layer).__name__}")
        self.inner = inner
        self.projection = projection

    def forward(self, x: Array) -> Array:
        x = self._check_input(x)
        self.output_shape(x.shape)
        around = x if self.projection is None else self.projection.forward(x)
        return self.inner.forward(x) + around

    def backward(self, dy: Array) -> Array:
        around = dy if self.projection is None else self.projection.backward(dy)
        return self.inner.backward(dy) + around

    def output_shape(self, input_shape: Shape) -> Shape:
        inner = self.inner.output_shape(input_shape)
        around = input_shape
        if self.projection is not None:
            around = self.projection.output_shape(input_shape)
        if inner != around:
            self.fail(
                f"the bypass adds an array of shape {around} to one of {inner}: a projection with "
                f"{inner[-1]} output channels makes them equal"
            )
        return inner
