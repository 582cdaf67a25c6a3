"""Softmax and its logarithm: scores become probabilities that add up to 1.

Derivation: docs/layers/softmax.md, or `mydl help softmax`.
"""

from __future__ import annotations

import numpy as np

from ..layer import Array, Layer, Shape


class _OverLastAxis(Layer):
    """What both share: an input with at least one class along its last axis."""

    def output_shape(self, input_shape: Shape) -> Shape:
        if len(input_shape) < 1 or input_shape[-1] < 1:
            self.fail(f"expected at least one class along the last axis, got {input_shape}")
        return input_shape


def shifted(x: Array) -> Array:
    """``x`` minus its maximum along the last axis: the same softmax, without overflow in exp."""
    return x - x.real.max(axis=-1, keepdims=True)


class Softmax(_OverLastAxis):
    """y_i = exp(x_i) / sum_k exp(x_k); backward multiplies dy by the Jacobian, never built.

    The Jacobian of K classes is K x K, ``dy_i/dx_k = y_i (1[i = k] - y_k)``, but its product with
    dy needs only one sum::

        dx = y (dy - sum of dy y)        the sum over classes

    Adding a number to all of x changes nothing, so dx sums to zero, and a dy of equal values gives
    dx = 0. The largest x is subtracted before exp, which cannot overflow then.

    Kept for backward: ``y``.

    Raises
    ------
    LayerError
        There is no class.

    Notes
    -----
    Shapes: x (..., K) with the classes along the last axis; y and dx alike.

    References
    ----------
    Bridle 1990, "Probabilistic Interpretation of Feedforward Classification Network Outputs". For
    training, :class:`mydl.losses.SoftmaxCrossEntropy` holds a softmax already.

    Examples
    --------
    >>> softmax = Softmax()
    >>> softmax.forward(np.log([[1.0, 2.0, 5.0]]))
    array([[0.125, 0.25 , 0.625]])
    >>> softmax.backward(np.array([[8.0, 0.0, 0.0]]))
    array([[ 0.875, -0.25 , -0.625]])
    """

    def forward(self, x: Array) -> Array:
        x = self._check_input(x)
        self.output_shape(x.shape)
        e = np.exp(shifted(x))
        y = e / e.sum(axis=-1, keepdims=True)
        self._keep(y)
        return y

    def backward(self, dy: Array) -> Array:
        (y,) = self._take()
        dy = self._check_gradient(dy, y.shape)
        return y * (dy - (dy * y).sum(axis=-1, keepdims=True))


class LogSoftmax(_OverLastAxis):
    """y_i = x_i - log sum_k exp(x_k); the logarithm of softmax, exact where softmax rounds to 0.

    ::

        dx = dy - softmax(x) (sum of dy)        the sum over classes

    Kept for backward: ``y``, for softmax(x) = exp(y).

    Raises
    ------
    LayerError
        There is no class.

    Notes
    -----
    Shapes: x (..., K) with the classes along the last axis; y and dx alike.

    Examples
    --------
    >>> log_softmax = LogSoftmax()
    >>> log_softmax.forward(np.array([[0.0, -1000.0]]))
    array([[    0., -1000.]])
    >>> log_softmax.backward(np.array([[0.0, 1.0]]))
    array([[-1.,  1.]])
    """

    def forward(self, x: Array) -> Array:
        x = self._check_input(x)
        self.output_shape(x.shape)
        x = shifted(x)
        y = x - np.log(np.exp(x).sum(axis=-1, keepdims=True))
        self._keep(y)
        return y

    def backward(self, dy: Array) -> Array:
        (y,) = self._take()
        dy = self._check_gradient(dy, y.shape)
        return dy - np.exp(y) * dy.sum(axis=-1, keepdims=True)
