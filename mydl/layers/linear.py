"""The fully connected layer: every output is a weighted sum of every input.

Derivation: docs/layers/linear.md, or `mydl help linear`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import DTypeLike

from ..init import he_normal
from ..layer import Array, Layer, Parameter, Shape, whole_number


class Linear(Layer):
    """y = x W + b; gradients go to the weight, the bias and the input.

    ::

        y    = x W + b        x: (N, in)    W: (in, out)    b: (out,)
        dW   = x^T dy         each input met each output once for every sample
        db   = sum of dy      over samples
        dx   = dy W^T

    Kept for backward: ``x``.

    Parameters
    ----------
    in_features, out_features
        Numbers of each sample's inputs and outputs.
    bias
        Whether to add a bias to each output.
    dtype
        float32, or float64 for gradient checks.
    rng
        Generator that draws the weights, He-normal (He et al. 2015, equation 10); the bias starts
        at zero.

    Raises
    ------
    ValueError
        An argument has a wrong value.
    LayerError
        The input has another shape.

    Notes
    -----
    Shapes: x (N, in_features); y (N, out_features). ``weight`` is (in_features, out_features), the
    transpose of PyTorch's; ``bias`` (out_features,).

    References
    ----------
    Rumelhart, Hinton and Williams 1986, "Learning representations by back-propagating errors",
    equations 1, 6 and 7.

    Examples
    --------
    >>> layer = Linear(3, 2, rng=np.random.default_rng(0))
    >>> y = layer.forward(np.ones((5, 3), np.float32))
    >>> y.shape
    (5, 2)
    >>> dx = layer.backward(np.ones_like(y))
    >>> dx.shape, layer.weight.grad.shape
    ((5, 3), (3, 2))
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = True,
        *,
        dtype: DTypeLike = np.float32,
        rng: np.random.Generator | None = None,
    ) -> None:
        self.in_features = whole_number(in_features, "in_features", 1)
        self.out_features = whole_number(out_features, "out_features", 1)
        self.weight = Parameter(he_normal((self.in_features, self.out_features), dtype, rng))
        self.bias = Parameter(np.zeros(self.out_features, dtype)) if bias else None

    def forward(self, x: Array) -> Array:
        x = self._check_input(x)
        self.output_shape(x.shape)
        y = x @ self.weight.data  # (N, out)
        if self.bias is not None:
            y += self.bias.data
        self._keep(x)
        return y

    def backward(self, dy: Array) -> Array:
        (x,) = self._take()
        dy = self._check_gradient(dy, self.output_shape(x.shape))
        if self.bias is not None:
            self.bias.grad += dy.sum(axis=0)
        self.weight.grad += x.T @ dy
        return dy @ self.weight.data.T  # (N, in)

    def output_shape(self, input_shape: Shape) -> Shape:
        if len(input_shape) != 2 or input_shape[1] != self.in_features:
            hint = "; put a Flatten layer before it" if len(input_shape) > 2 else ""
            self.fail(
                f"expected an input of shape (N, {self.in_features}), got {input_shape}{hint}"
            )
        return input_shape[0], self.out_features

    def multiply_adds(self, input_shape: Shape) -> int:
        return self.output_shape(input_shape)[0] * self.weight.size

    def _describe(self) -> str:
        bias = "" if self.bias is not None else ", bias=False"
        return f"{self.in_features}, {self.out_features}{bias}"
