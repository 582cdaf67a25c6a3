"""The gradient, measured

Before you write a backward pass you need a judge for it. This is the judge: it measures how much
a function's output changes when one number of its input changes a little.

Given are a function `f`, which takes an array `x` and returns an array `y = f(x)`, and an array
`dy` of the shape of y, the *upstream gradient*: `dy[j]` says how much the final loss grows when
`y[j]` grows. The two make one number of the many in y:

    L(x) = sum over j of dy[j] * y[j]

Write `numerical_gradient`, which returns `dx`, the derivative of L by every entry of x. It has
the shape of x. For an entry i, move only that entry, by a small step h up and then down:

    dx[i] = (L(x with x[i] + h) - L(x with x[i] - h)) / (2 h)

This is the *central difference*. Its error shrinks with h^2. The *forward difference*
`(L(x + h) - L(x)) / h` needs one call less, but its error shrinks only with h.

## An example

`f` squares each entry, x = [1, 3], dy = [10, 1], h = 0.1:

    entry 0:  L([1.1, 3]) = 10 * 1.21 + 9 = 21.1      L([0.9, 3]) = 10 * 0.81 + 9 = 17.1
              dx[0] = (21.1 - 17.1) / 0.2 = 20
    entry 1:  L([1, 3.1]) = 19.61                      L([1, 2.9]) = 18.41
              dx[1] = (19.61 - 18.41) / 0.2 = 6

## What else it has to do

- x and y may have any number of axes, also none, and different shapes: f may be a matrix product.
- x is the caller's: when you return, it holds the same numbers as before, to the last bit.
- Measure in float64, even if x holds whole numbers (a step of 0.00001 added to an array of
  integers is lost) or float32 numbers (seven digits are too few to see a small step).
- f may hand back a part of its own input, `x.T` for one. Do not change the array that you gave to
  f as long as you still need what came back.

Read: docs/gradient-checking.md, and mydl/gradcheck/slope.py for what the library does.
"""

import numpy as np


def numerical_gradient(f, x, dy, h=1e-5):
    """dx, the derivative of `sum(dy * f(x))` by each entry of x, by central differences.

    Args:
        f: a function from an array like x to an array like dy.
        x: where to measure, an array of any shape and of any type of real numbers.
        dy: the upstream gradient, with the shape of f(x).
        h: the step.

    Returns:
        An array of float64 with the shape of x.
    """
    # BEGIN SOLUTION
    x = np.array(x, dtype=np.float64)  # a copy: the caller's x stays as it is
    dx = np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        up, down = x.copy(), x.copy()
        up[index] += h
        down[index] -= h
        dx[index] = np.sum(dy * (f(up) - f(down))) / (2 * h)
    return dx
    # END SOLUTION
