"""ReLU: what is negative becomes zero

The rectified linear unit is the activation of SqueezeNet:

    y = x where x > 0, else 0

Write `relu` and its backward pass. Each y depends on its own x only:

    dx = dy * (slope at x)       slope 1 where x > 0, slope 0 where x < 0

At x = 0 the function has a kink and no slope. Some choice has to be made, and PyTorch, TensorFlow
and this library all make the same: **the slope at exactly 0 is 0**.

`relu_backward` gets the output y, not x. It is enough: y > 0 exactly where x > 0. A network that
keeps y alone needs half the memory.

## An example

    x  = [-1, 0, 2,  5]
    y  = [ 0, 0, 2,  5]
    dy = [ 7, 7, 7, -3]       may be negative: its sign does not matter here
    dx = [ 0, 0, 7, -3]

## Two rules that hold for every layer from here on

- **The arrays that you get are not yours.** A function that writes into x or dy saves one array
  and spoils the numbers of everyone else who still reads it: in SqueezeNet, one dy is often read
  by two layers. Return a new array.
- **A NaN ("not a number") must stay one.** If something went wrong before, `relu` must not make a
  clean 0 of it, or nobody will find the mistake. Comparisons with NaN are always false, so think
  about what your code makes of one. Infinity is a number: relu(-inf) = 0 and relu(inf) = inf.

Shapes: any; y and dx have that of x. Read: mydl/layers/relu.py, after you have passed.
"""

import numpy as np


def relu(x):
    """max(x, 0), entry by entry; a NaN stays a NaN."""
    # BEGIN SOLUTION
    return np.maximum(x, 0)
    # END SOLUTION


def relu_backward(dy, y):
    """dx of `y = relu(x)`, from dy and y."""
    # BEGIN SOLUTION
    return dy * (y > 0)
    # END SOLUTION
