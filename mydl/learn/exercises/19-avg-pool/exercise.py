"""Average pooling and global average pooling

Average pooling replaces each window by the mean of its pixels, every channel for
itself. No padding here.

    x    (N, H, W, C)
    y    (N, H_out, W_out, C)    H_out = (H - kh) // stride + 1, W_out alike

    y[n, p, q, c] = mean over i, j of  x[n, p*s + i, q*s + j, c]

**Backwards**, think of how much each pixel of a window has to do with its mean: of kh *
kw pixels each has the same share. A pixel that lies in several windows collects from
all of them.

**Global** average pooling is the case of one window that covers the whole image.
SqueezeNet ends with it: a map for each class becomes a number for each class. The rows
and columns disappear:

    x    (N, H, W, C)    becomes    y    (N, C)

Write the two forward passes and the two backward passes.

**Example**: one image of 4x4 pixels, 2x2 windows with stride 2.

    x: 1 3 0 0      y: 2 1      dy: 4 8      dx: 1 1 2 2
       2 2 4 0         3 2          0 4          1 1 2 2
       3 3 1 3                                   0 0 1 1
       3 3 2 2                                   0 0 1 1

The global average of the same image is 2. If dy is 16 there, every pixel of dx is 1.

Read on: AvgPool2d and GlobalAvgPool2d in mydl/layers/avgpool.py.
"""

import numpy as np


def avg_pool(x, kernel_size, stride):
    """The mean of each window, (N, H_out, W_out, C).

    Args:
        x: images, (N, H, W, C).
        kernel_size: rows and columns of the window, the pair (kh, kw).
        stride: pixels from one window to the next, for rows and columns.
    """
    # BEGIN SOLUTION
    kh, kw = kernel_size
    n, h, w, c = x.shape
    y = np.zeros((n, (h - kh) // stride + 1, (w - kw) // stride + 1, c))
    for place in places(y.shape, kernel_size, stride):
        y += x[place]
    return y / (kh * kw)
    # END SOLUTION


def avg_pool_backward(dy, x_shape, kernel_size, stride):
    """The gradient of the image, (N, H, W, C).

    Args:
        dy: the gradient of the output, (N, H_out, W_out, C).
        x_shape: the shape of the image, (N, H, W, C).
        kernel_size, stride: as in the forward pass.
    """
    # BEGIN SOLUTION
    kh, kw = kernel_size
    dx = np.zeros(x_shape)
    for place in places(dy.shape, kernel_size, stride):
        dx[place] += dy / (kh * kw)
    return dx


def places(out_shape, kernel_size, stride):
    """For each cell of the window: the pixels that it covers in all windows together."""
    _, h_out, w_out, _ = out_shape
    for i in range(kernel_size[0]):
        for j in range(kernel_size[1]):
            rows = slice(i, i + stride * h_out, stride)
            columns = slice(j, j + stride * w_out, stride)
            yield slice(None), rows, columns
    # END SOLUTION


def global_avg_pool(x):
    """The mean of each channel over the whole image, (N, C)."""
    # BEGIN SOLUTION
    return x.mean(axis=(1, 2))
    # END SOLUTION


def global_avg_pool_backward(dy, x_shape):
    """The gradient of the image, (N, H, W, C), from dy (N, C)."""
    # BEGIN SOLUTION
    _, h, w, _ = x_shape
    dx = np.zeros(x_shape)
    dx += dy[:, None, None, :] / (h * w)
    return dx
    # END SOLUTION
