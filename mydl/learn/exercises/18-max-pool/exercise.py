"""Max pooling, with overlap and ties

Max pooling makes an image smaller: of each window it keeps the largest value. Every
channel is pooled for itself. There are no weights.

    x    (N, H, W, C)
    y    (N, H_out, W_out, C)    H_out = (H + 2 * padding - kh) // stride + 1, W_out alike

    y[n, p, q, c] = max over i, j of  x[n, p*s + i - padding, q*s + j - padding, c]

Cells of a window that lie outside the image, in the padding, never win: the padding is
not zero here, since zero is larger than a negative pixel. Take it for minus infinity.

**Backwards**: y[n, p, q, c] follows one pixel only, the winner of the window, and not
at all the others. So dy[n, p, q, c] goes back to the winner, as it is. Two things need
care:

- Windows **overlap**, in SqueezeNet they are 3x3 with stride 2. One pixel can win several
  windows, and then collects from all of them.
- **Ties**: if several cells of a window hold the largest value, the first one gets the
  gradient, as one reads (row by row, from left to right), and only that one.

**Example**: 5x5 pixels, 3x3 windows, stride 2, padding 0. Four windows; the last column
of x holds a tie.

    x: 1 4 2 0 3      y: 7 7      dy: 10 20      dx: 0 0  0 0  0
       0 2 7 1 1         8 6          30 40          0 0 30 0  0
       5 0 3 5 2                                     0 0  0 0  0
       3 8 4 0 6                                     0 30 0 0 40
       2 0 1 3 6                                     0 0  0 0  0

The 7 wins the first two windows: 10 + 20. The last window has two sixes, and the upper
one wins.

Read on: MaxPool2d in mydl/layers/pool.py, and mydl/kernels/pooling.py.
"""

import numpy as np


def max_pool(x, kernel_size, stride, padding):
    """The largest value of each window, (N, H_out, W_out, C).

    Args:
        x: images, (N, H, W, C).
        kernel_size: rows and columns of the window, the pair (kh, kw).
        stride: pixels from one window to the next, for rows and columns.
        padding: rows and columns around the image that windows may reach into, at most half a
            window.
    """
    # BEGIN SOLUTION
    padded = pad(x, padding)
    y = np.full(output_shape(x, kernel_size, stride, padding), -np.inf)
    for place in places(y.shape, kernel_size, stride):
        y = np.maximum(y, padded[place])
    return y
    # END SOLUTION


def max_pool_backward(dy, x, kernel_size, stride, padding):
    """The gradient of the image, (N, H, W, C).

    Args:
        dy: the gradient of the output, (N, H_out, W_out, C).
        x, kernel_size, stride, padding: as in the forward pass.
    """
    # BEGIN SOLUTION
    padded = pad(x, padding)
    y = max_pool(x, kernel_size, stride, padding)
    dx = np.zeros(padded.shape)
    taken = np.zeros(y.shape, bool)  # windows whose winner is found
    for place in places(y.shape, kernel_size, stride):
        wins = (padded[place] == y) & ~taken
        dx[place] += wins * dy
        taken |= wins
    _, h, w, _ = x.shape
    return dx[:, padding : padding + h, padding : padding + w]


def pad(x, padding):
    """x with minus infinity around its rows and columns."""
    around = ((0, 0), (padding, padding), (padding, padding), (0, 0))
    return np.pad(x.astype(float), around, constant_values=-np.inf)


def output_shape(x, kernel_size, stride, padding):
    n, h, w, c = x.shape
    kh, kw = kernel_size
    h_out = (h + 2 * padding - kh) // stride + 1
    w_out = (w + 2 * padding - kw) // stride + 1
    return n, h_out, w_out, c


def places(out_shape, kernel_size, stride):
    """For each cell of the window, row by row: the pixels that it covers in all windows."""
    _, h_out, w_out, _ = out_shape
    for i in range(kernel_size[0]):
        for j in range(kernel_size[1]):
            rows = slice(i, i + stride * h_out, stride)
            columns = slice(j, j + stride * w_out, stride)
            yield slice(None), rows, columns
    # END SOLUTION
