"""Rectified linear unit: what is negative becomes zero, and so does its gradient.

Derivation: docs/layers/relu.md, or `mydl help relu`.
"""

from __future__ import annotations

import numpy as np

from ..layer import Array, Layer, Shape


class ReLU(Layer):
    """y = max(x, 0), element by element; the gradient passes where the output is positive.

    ::

        dx = dy where y > 0, else 0

    At exactly zero the function has a kink and no derivative; the gradient there is 0, as in
    PyTorch and TensorFlow. A NaN comes out as NaN, so that it is seen.

    Kept for backward: ``y``, whose sign says everything about that of ``x``.

    Notes
    -----
    Shapes: any; y and dx have that of x.

    References
    ----------
    Nair and Hinton 2010, "Rectified Linear Units Improve Restricted Boltzmann Machines".

    Examples
    --------
    >>> relu = ReLU()
    >>> relu.forward(np.array([-1.0, 0.0, 2.0]))
    array([0., 0., 2.])
    >>> relu.backward(np.array([5.0, 6.0, 7.0]))
    array([0., 0., 7.])
    """

    def forward(self, x: Array) -> Array:
        x = self._check_input(x)
        y = np.maximum(x, 0)  # NaN stays NaN; NumPy orders complex numbers by their real part first
        self._keep(y)
        return y

    def backward(self, dy: Array) -> Array:
        (y,) = self._take()
        dy = self._check_gradient(dy, y.shape)
        return dy * (y > 0)

    def output_shape(self, input_shape: Shape) -> Shape:
        return input_shape
