"""Sigmoid and tanh, forwards and backwards

Two functions that press any number between two limits, entry by entry:

    sigmoid(x) = 1 / (1 + e^-x)                        between 0 and 1
    tanh(x)    = (e^x - e^-x) / (e^x + e^-x)           between -1 and 1

Write both, and the backward pass of each. A backward pass gets `dy`, the derivative of the loss
by the output, and returns `dx`, the derivative of the loss by the input. Each y depends on its
own x only, so the chain rule is a product, entry by entry:

    dx = dy * (derivative of the function at x)

The backward passes here get the **output** y of the forward pass instead of x. Both derivatives
can be written with y alone, and then no exponential has to be computed a second time. Find the
formulas: differentiate 1 / (1 + e^-x) and express the result by y = sigmoid(x); likewise for
tanh.

## An example

    x  = [0, 2]      sigmoid: y = [0.5, 0.8808]      at x = 0 its slope is 0.25
                     tanh:    y = [0,   0.9640]      at x = 0 its slope is 1

    dy = [8, 10]     sigmoid_backward(dy, y) = [2, 1.0499]
                     tanh_backward(dy, y)    = [8, 0.7065]

## Large numbers

`np.exp(1000)` is too large for a float64: NumPy warns of an overflow and gives infinity. Write
both functions so that this does not happen for any x: **no exponential of a large positive
number**, on no way through the code. Two things help:

- for negative x, multiply the fraction above and below by e^x: sigmoid(x) = e^x / (1 + e^x);
- `np.where(condition, a, b)` computes both a and b for all entries and chooses afterwards, so
  that both have to be harmless everywhere.

NumPy has `np.tanh`, which you may use; it has no sigmoid. All arrays have one and the same shape,
any.

Read: mydl/layers/relu.py for a layer of this kind; `Swish` and `Tanh` in
tests/gradcheck/test_wrong_activations.py for what goes wrong.
"""

import numpy as np


def sigmoid(x):
    """1 / (1 + e^-x) for each entry of x, without overflow for any x."""
    # BEGIN SOLUTION
    e = np.exp(-np.abs(x))  # from 0 to 1: this cannot overflow
    return np.where(x >= 0, 1, e) / (1 + e)
    # END SOLUTION


def sigmoid_backward(dy, y):
    """dx of `y = sigmoid(x)`, from dy and y."""
    # BEGIN SOLUTION
    return dy * y * (1 - y)
    # END SOLUTION


def tanh(x):
    """tanh of each entry of x, without overflow for any x."""
    # BEGIN SOLUTION
    return np.tanh(x)
    # END SOLUTION


def tanh_backward(dy, y):
    """dx of `y = tanh(x)`, from dy and y."""
    # BEGIN SOLUTION
    return dy * (1 - y**2)
    # END SOLUTION
