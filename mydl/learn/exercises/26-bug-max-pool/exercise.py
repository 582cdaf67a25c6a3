"""Find the bug: a max pooling whose tests all pass

Here is a max pooling over a square window. Its forward pass is right, its code is short and
clear, and its gradients agree with finite differences for every window of 2x2 with stride 2. It
fails for the 3x3 windows with stride 2 that SqueezeNet has: some pixels get gradients of windows
which they did not win, others lose gradients of windows which they did.

Find out why, and repair it. The rules of max pooling:

    y[n, p, q, c] = the largest of the size x size pixels whose first is x[n, p stride, q stride, c]
    dx            = each dy[n, p, q, c] added to the pixel that was this largest one
                    (the first one, row by row, where several are equal)

In numbers, with windows of 2x2 and stride 1, on an image of two rows:

    x  = [ 5,  3,  1,  2,  5]      y  = [5, 3, 2, 5]       won by the pixels 0, 1, 3 and 4
         [-9, -9, -9, -9, -9]                              of the first row
    dy = [1, 10, 100, 1000]        dx = [1, 10, 0, 100, 1000], and zeros in the second row

The code below computes [1, 11, 0, 0, 1000] from this. Where does the 1 at the second pixel
come from, and where is the 100?

You may change all of `max_pool` and `max_pool_backward`, and also what the first hands to the
second; only their arguments, y and dx have to stay what they are.

The bug is a real one; the derivation names the repository. The library's layer:
`mydl/layers/pool.py`.
"""

import numpy as np


def positions(x_shape, size, stride):
    """For each window: its place (p, q) in the output, and its rows and columns in the image."""
    h, w = x_shape[1:3]
    for p in range((h - size) // stride + 1):
        for q in range((w - size) // stride + 1):
            top, left = p * stride, q * stride
            yield p, q, slice(top, top + size), slice(left, left + size)


def max_pool(x, size, stride):
    """The largest value of each window.

    Args: x (N, H, W, C); size of the window and stride, in pixels.
    Returns: y (N, H_out, W_out, C), and what `max_pool_backward` needs to know.
    """
    n, h, w, c = x.shape
    y = np.empty((n, (h - size) // stride + 1, (w - size) // stride + 1, c))
    # BEGIN BUG
    won = np.zeros(x.shape, bool)  # the pixels that are the largest of their window
    for p, q, rows, columns in positions(x.shape, size, stride):
        window = x[:, rows, columns]
        y[:, p, q] = window.max(axis=(1, 2))
        won[:, rows, columns] = window == y[:, p, None, q, None]
    return y, won
    # INSTEAD
    winners = np.empty(y.shape, int)  # for each window, the number of its largest cell
    for p, q, rows, columns in positions(x.shape, size, stride):
        cells = x[:, rows, columns].reshape(n, size * size, c)
        winners[:, p, q] = cells.argmax(axis=1)
        y[:, p, q] = cells.max(axis=1)
    return y, (winners, x.shape)
    # END BUG


def max_pool_backward(dy, kept, size, stride):
    """The gradient of x.

    Args: dy (N, H_out, W_out, C); kept, the second thing that `max_pool` returned; size and stride.
    Returns: dx (N, H, W, C).
    """
    # BEGIN BUG
    won = kept
    dx = np.zeros(won.shape)
    for p, q, rows, columns in positions(won.shape, size, stride):
        dx[:, rows, columns] += won[:, rows, columns] * dy[:, p, None, q, None]
    return dx
    # INSTEAD
    winners, x_shape = kept
    dx = np.zeros(x_shape)
    for p, q, rows, columns in positions(x_shape, size, stride):
        cells = np.arange(size * size).reshape(size, size, 1)
        wins = cells == winners[:, p, None, q, None]  # (N, size, size, C), one True for each (n, c)
        dx[:, rows, columns] += wins * dy[:, p, None, q, None]
    return dx
    # END BUG
