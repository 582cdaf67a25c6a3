"""The arithmetic of the optimizers, one pass over flat arrays.

An update reads and writes every parameter once and computes little, so memory sets its speed: each
kernel does in one pass what NumPy's expressions do in several. All numbers that go with the arrays
have the arrays' dtype, or float32 arrays would be computed in float64. ``decay`` holds the weight
decay of each parameter. Loops divide with ``np.divide``: for ``/`` Numba checks each divisor for
zero, as Python does, and such a loop runs at a tenth of the speed.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..layer import Array
from .compile import kernel

Scalar = np.floating[Any]


def sgd_reference(data: Array, grad: Array, decay: Array, lr: Scalar) -> None:
    """Step down the gradient: data -= lr (grad + decay data)."""
    data -= lr * (grad + decay * data)


@kernel(sgd_reference)
def sgd(data: Array, grad: Array, decay: Array, lr: Scalar) -> None:
    """Step down the gradient; see :func:`sgd_reference`."""
    for i in range(data.size):
        data[i] -= lr * (grad[i] + decay[i] * data[i])


def momentum_sgd_reference(
    data: Array,
    grad: Array,
    velocity: Array,
    decay: Array,
    lr: Scalar,
    momentum: Scalar,
    nesterov: bool,
) -> None:
    """Step down a decaying sum of gradients, updating ``velocity`` and ``data``."""
    g = grad + decay * data
    velocity *= momentum
    velocity += g
    data -= lr * (g + momentum * velocity if nesterov else velocity)


@kernel(momentum_sgd_reference)
def momentum_sgd(
    data: Array,
    grad: Array,
    velocity: Array,
    decay: Array,
    lr: Scalar,
    momentum: Scalar,
    nesterov: bool,
) -> None:
    """Step down a decaying sum of gradients; see :func:`momentum_sgd_reference`."""
    for i in range(data.size):
        g = grad[i] + decay[i] * data[i]
        v = momentum * velocity[i] + g
        velocity[i] = v
        data[i] -= lr * (g + momentum * v if nesterov else v)


def adam_reference(
    data: Array,
    grad: Array,
    mean: Array,
    square: Array,
    decay: Array,
    lr: Scalar,
    mean_rate: Scalar,
    square_rate: Scalar,
    mean_bias: Scalar,
    square_bias: Scalar,
    eps: Scalar,
    decoupled: bool,
) -> None:
    """Step by the running mean of the gradient over the root of that of its square.

    Parameters
    ----------
    data, mean, square
        Updated; parameters, running means of the gradient and of its square.
    grad, decay
        Gradient and weight decay of each parameter.
    lr, eps
        Learning rate, and what keeps the division from zero.
    mean_rate, square_rate
        1 - beta: how far a running mean moves towards the new value.
    mean_bias, square_bias
        1 - beta^t and its root: what the running means, which began at zero, are too small by after
        t steps.
    decoupled
        Shrink the parameters directly (AdamW) instead of through the gradient (Adam).
    """
    if decoupled:
        data -= lr * decay * data
        g = grad
    else:
        g = grad + decay * data
    mean += mean_rate * (g - mean)
    square += square_rate * (g * g - square)
    data -= (lr / mean_bias) * mean / (np.sqrt(square) / square_bias + eps)


@kernel(adam_reference)
def adam(
    data: Array,
    grad: Array,
    mean: Array,
    square: Array,
    decay: Array,
    lr: Scalar,
    mean_rate: Scalar,
    square_rate: Scalar,
    mean_bias: Scalar,
    square_bias: Scalar,
    eps: Scalar,
    decoupled: bool,
) -> None:
    """Step by the running mean over the root of the running square; see :func:`adam_reference`."""
    step = np.divide(lr, mean_bias)
    for i in range(data.size):
        g, x = grad[i], data[i]
        if decoupled:
            x -= lr * decay[i] * x
        else:
            g += decay[i] * x
        m = mean[i] + mean_rate * (g - mean[i])
        s = square[i] + square_rate * (g * g - square[i])
        mean[i], square[i] = m, s
        data[i] = x - np.divide(step * m, np.divide(math.sqrt(s), square_bias) + eps)


def rmsprop_reference(
    data: Array,
    grad: Array,
    square: Array,
    velocity: Array,
    decay: Array,
    lr: Scalar,
    square_rate: Scalar,
    eps: Scalar,
    momentum: Scalar,
) -> None:
    """Step by the gradient over the root of the running mean of its square.

    Updates ``data``, ``square`` and ``velocity``, the decaying sum of the steps before this one.
    """
    g = grad + decay * data
    square += square_rate * (g * g - square)
    velocity *= momentum
    velocity += g / (np.sqrt(square) + eps)
    data -= lr * velocity


@kernel(rmsprop_reference)
def rmsprop(
    data: Array,
    grad: Array,
    square: Array,
    velocity: Array,
    decay: Array,
    lr: Scalar,
    square_rate: Scalar,
    eps: Scalar,
    momentum: Scalar,
) -> None:
    """Step by the gradient over the root of its running square; see :func:`rmsprop_reference`."""
    for i in range(data.size):
        g = grad[i] + decay[i] * data[i]
        s = square[i] + square_rate * (g * g - square[i])
        v = momentum * velocity[i] + np.divide(g, math.sqrt(s) + eps)
        square[i], velocity[i] = s, v
        data[i] -= lr * v


def sum_of_squares_reference(x: Array, total: Array) -> None:
    """Write the sum of the squares of a flat array, added up in float64, into ``total[0]``."""
    total[0] = np.square(x, dtype=total.dtype).sum()


# The order of the additions is the compiler's, and always the same for the same number of values;
# BLAS's depends on the number of its threads.
@kernel(sum_of_squares_reference, fastmath=True)
def sum_of_squares(x: Array, total: Array) -> None:
    """Sum the squares of a flat array in float64; see :func:`sum_of_squares_reference`."""
    result = 0.0
    for i in range(x.size):
        value = np.float64(x[i])
        result += value * value
    total[0] = result
