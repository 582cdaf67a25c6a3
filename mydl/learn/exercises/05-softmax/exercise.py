"""Softmax: scores become probabilities

A network that tells K classes apart gives K scores for each sample. Softmax makes them
probabilities, positive numbers that add up to 1:

    y[n, i] = e^x[n, i] / (sum over k of e^x[n, k])         x, y: (N, K), one row for each sample

The sum runs over the classes of one sample. The rows have nothing to do with each other.

Write `softmax`, for scores of any size: `np.exp(1000)` overflows, but scores of 1000 and 999 have
a softmax like any others. What helps: if the same number c is added to all scores of a row, the
fraction above does not change (e^c appears above and below). Choose c so that no exponential can
overflow. Each row needs a c of its own: with one for the whole array, all exponentials of a row
with low scores would round to 0, and 0 / 0 has no value.

Then write `softmax_backward`, which gets dy and the output y, and returns dx, all of them (N, K).
For the first time, one x goes into **several** y: raise one score, and its own probability rises
while all others of the row fall. The chain rule adds up over all of them:

    dx[n, k] = sum over i of dy[n, i] * (derivative of y[n, i] by x[n, k])

The derivatives of one row are a K x K matrix, the *Jacobian*, and dx is its product with dy. Find
the derivatives with the quotient rule, once for i = k and once for i not k; both can be written
with y alone. Then simplify the sum: the Jacobian need not be built, one sum over the classes for
each row is enough. (Building it in a loop over the rows is also right, only slower.)

## An example

    x  = [[log 1, log 2, log 5]]        e^x = [[1, 2, 5]], their sum is 8
    y  = [[0.125, 0.25,  0.625]]

    dy = [[8, 0, 0]]                    the loss grows with the first probability
    dx = [[0.875, -0.25, -0.625]]       dx[0, 0] = 8 * 0.125 * (1 - 0.125)
                                        dx[0, 1] = 8 * -(0.125 * 0.25)

Every row of dx adds up to 0, since adding the same number to all scores changes nothing. And
where dy is the same for all classes, dx is 0: the probabilities add up to 1, whatever the scores
do. This is why gradients are checked with random dy.

Read: mydl/layers/softmax.py, after you have passed.
"""

import numpy as np


def softmax(x):
    """The softmax of each row of x, (N, K), without overflow for any x."""
    # BEGIN SOLUTION
    e = np.exp(x - x.max(axis=1, keepdims=True))  # the largest of each row is e^0 = 1
    return e / e.sum(axis=1, keepdims=True)
    # END SOLUTION


def softmax_backward(dy, y):
    """dx of `y = softmax(x)`, from dy and y, all (N, K)."""
    # BEGIN SOLUTION
    return y * (dy - np.sum(dy * y, axis=1, keepdims=True))
    # END SOLUTION
