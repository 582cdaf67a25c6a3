"""A convolution with stride and padding, there and back

Two numbers turn the convolution of the exercises before into the one that networks use.

**Padding**: p rows and columns of zeros are put around the image first, so that the
window can also sit on the border. **Stride**: the window moves on by s pixels at a
time, so that the output is smaller. Window (p, q) then starts at pixel (p * s, q * s)
of the padded image.

    x    (N, H, W, C)            xp = x with the zeros around it, (N, H + 2p, W + 2p, C)
    w    (kh, kw, C, K)
    b    (K,)
    y    (N, H_out, W_out, K)    H_out = floor((H + 2p - kh) / s) + 1, and W_out alike

    y[n, p, q, k] = b[k] + sum over i, j, c of  xp[n, p*s + i, q*s + j, c] * w[i, j, c, k]

Write three functions: the size of the output, the forward pass, and the backward pass
with all three gradients. What you wrote for conv-forward, conv-dw, conv-db and conv-dx
needs two changes: the step s in the slices, and the zeros, which are put around x at
the start and cut off dx at the end. What arrives on the zeros of the padding belongs to
nobody.

**Example**: 4x4 pixels, padding 1, a 3x3 kernel, stride 2, bias 0. Four windows.

    0 0 0 0 0 0      w: 1  0 -1     y: -1  4     dy: 1  2     dx: 1  4  2  0
    0 1 0 2 1 0         2  1  0         1  2         0 -1        -1  0 -2  3
    0 3 1 0 2 0         0 -1  1                                   0 -2 -1  0
    0 0 2 1 1 0                                                   0  0  1 -1
    0 1 3 2 0 0
    0 0 0 0 0 0

The windows start at the rows and columns 0 and 2 of the padded image. Nothing reads the
last row and the last column of zeros: (4 + 2 - 3) / 2 is 1.5, rounded down, plus one is
two windows. A pixel of x that no window reads gets the gradient 0, and dx has the shape
of x all the same.

Read on: mydl/layers/window.py, where the library does this arithmetic for all its
layers.
"""

import numpy as np


def output_size(size, kernel, stride, padding):
    """How often a window of `kernel` pixels fits along `size` pixels of an image."""
    # BEGIN SOLUTION
    return (size + 2 * padding - kernel) // stride + 1
    # END SOLUTION


def conv_forward(x, w, b, stride, padding):
    """The convolution of x with the filters w, plus the bias: (N, H_out, W_out, K).

    Args:
        x: images, (N, H, W, C).
        w: weights, (kh, kw, C, K).
        b: biases, (K,).
        stride: pixels from one window to the next, for rows and columns.
        padding: rows and columns of zeros on each of the four sides.
    """
    # BEGIN SOLUTION
    kh, kw, _, k = w.shape
    n, height, width, _ = x.shape
    h_out = output_size(height, kh, stride, padding)
    w_out = output_size(width, kw, stride, padding)
    xp = pad(x, padding)
    y = np.zeros((n, h_out, w_out, k))
    for i in range(kh):
        for j in range(kw):
            y += xp[read_by(i, j, h_out, w_out, stride)] @ w[i, j]
    return y + b
    # END SOLUTION


def conv_backward(dy, x, w, stride, padding):
    """The gradients dx (N, H, W, C), dw (kh, kw, C, K) and db (K,), in this order.

    Args:
        dy: the gradient of the output, (N, H_out, W_out, K).
        x, w, stride, padding: as in the forward pass.
    """
    # BEGIN SOLUTION
    kh, kw, c, k = w.shape
    _, height, width, _ = x.shape
    _, h_out, w_out, _ = dy.shape
    xp = pad(x, padding)
    dxp = np.zeros(xp.shape)
    dw = np.zeros(w.shape)
    for i in range(kh):
        for j in range(kw):
            place = read_by(i, j, h_out, w_out, stride)
            dw[i, j] = xp[place].reshape(-1, c).T @ dy.reshape(-1, k)
            dxp[place] += dy @ w[i, j].T
    dx = dxp[:, padding : padding + height, padding : padding + width]
    return dx, dw, dy.sum(axis=(0, 1, 2))


def pad(x, padding):
    """x with zeros around its rows and columns, not around its samples and channels."""
    return np.pad(x, ((0, 0), (padding, padding), (padding, padding), (0, 0)))


def read_by(i, j, h_out, w_out, stride):
    """The pixels of the padded image that cell (i, j) reads in all windows together."""
    rows = slice(i, i + stride * h_out, stride)
    columns = slice(j, j + stride * w_out, stride)
    return slice(None), rows, columns
    # END SOLUTION
