"""The linear layer and its three gradients

The fully connected layer: each output is a weighted sum of all inputs of its sample, plus a bias.

    y = x W + b        x: (N, in)    W: (in, out)    b: (out,)    y: (N, out)

N is the number of samples, one in each row. Written with indices, and this is where to start
from:

    y[n, j] = sum over i of x[n, i] W[i, j]  +  b[j]

Write `linear`, and `linear_backward`, which gets dy, (N, out), the derivative of the loss by each
y, and returns three arrays. Each has the shape of the array that it is the gradient of:

    dx: (N, in)        dW: (in, out)        db: (out,)

The rule behind all three is one and the same. To find the derivative of the loss by some number,
look for **every y that this number went into**; for each, multiply dy of that y with the
derivative of that y by the number; add them up. `x[n, i]` went into the `out` outputs of its own
sample n. `W[i, j]` went into output j of *every* sample. So did `b[j]`. Sums over indices like
these are matrix products, if you put the right array first and transpose the right one; the
shapes leave hardly another way, but beware of W with as many inputs as outputs, where a wrong way
fits as well.

## An example

Two samples, two inputs, one output:

    x = [[1, 2],     W = [[5],     b = [7]     y = [[1*5 + 2*6 + 7],   = [[24],
         [3, 4]]          [6]]                      [3*5 + 4*6 + 7]]      [46]]

    dy = [[10],      dx = [[10*5, 10*6],   = [[50, 60],
          [ 1]]            [ 1*5,  1*6]]      [ 5,  6]]

                     dW = [[10*1 + 1*3],   = [[13],      db = [10 + 1] = [11]
                           [10*2 + 1*4]]      [24]]

There is no division by N here: the loss is already a mean over samples, so that dy holds the 1/N
(the exercise `cross-entropy` shows it). A layer adds up what it gets.

Read: mydl/layers/linear.py, after you have passed.
"""

import numpy as np


def linear(x, W, b):
    """y = x W + b, (N, out), of x (N, in), W (in, out) and b (out,)."""
    # BEGIN SOLUTION
    return x @ W + b
    # END SOLUTION


def linear_backward(dy, x, W):
    """The gradients (dx, dW, db), in this order.

    Args:
        dy: derivative of the loss by y, (N, out).
        x: the input of the forward pass, (N, in).
        W: the weights, (in, out).
    """
    # BEGIN SOLUTION
    dx = dy @ W.T  # (N, out) (out, in) -> (N, in)
    dW = x.T @ dy  # (in, N) (N, out) -> (in, out)
    db = np.sum(dy, axis=0)  # (N, out) -> (out,)
    return dx, dW, db
    # END SOLUTION
