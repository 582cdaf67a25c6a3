"""Every window of an image as one row (im2col)

A convolution looks at an image through a small window that slides over it. Cut out
every window, lay each one out as a row of a matrix, and a convolution is a single
matrix product. Write the function that makes this matrix.

    x     (N, H, W, C)                        N images, H rows, W columns, C channels
    cols  (N * H_out * W_out, kh * kw * C)    a row for each window

The window has kh rows and kw columns and moves one pixel at a time, so that it fits

    H_out = H - kh + 1    times from top to bottom and
    W_out = W - kw + 1    times from left to right.

**The order of the rows**: all windows of the first image, then those of the second.
Within an image as one reads: from left to right, then the next row. **The order within
a row** is the same: the window's first row from left to right, then its second; all
channels of a pixel side by side. In indices, window (p, q) of image n starts at pixel
(p, q), and

    cols[(n * H_out + p) * W_out + q, (i * kw + j) * C + c] = x[n, p + i, q + j, c]

**Example**: one image of 4x4 pixels, one channel, and a window of 3x3. Four windows
fit.

    1 0 2 1             1 0 2  3 1 0  0 2 1     window (0, 0), top left
    3 1 0 2   becomes   0 2 1  1 0 2  2 1 1     window (0, 1), one pixel further right
    0 2 1 1             3 1 0  0 2 1  1 3 2     window (1, 0)
    1 3 2 0             1 0 2  2 1 1  3 2 0     window (1, 1)

Read on: the library's im2col, mydl/kernels/im2col.py, and Conv2d in
mydl/layers/conv.py.
"""

import numpy as np


def im2col(x, kernel_size):
    """The windows of x as the rows of a matrix, (N * H_out * W_out, kh * kw * C).

    Args:
        x: images, (N, H, W, C).
        kernel_size: rows and columns of the window, the pair (kh, kw).
    """
    # BEGIN SOLUTION
    kh, kw = kernel_size
    n, h, w, c = x.shape
    h_out, w_out = h - kh + 1, w - kw + 1
    cols = np.empty((n, h_out, w_out, kh, kw, c), x.dtype)
    for i in range(kh):
        for j in range(kw):
            # Cell (i, j) of all windows at once: the image without its first i rows, j columns.
            cols[:, :, :, i, j] = x[:, i : i + h_out, j : j + w_out]
    return cols.reshape(n * h_out * w_out, kh * kw * c)
    # END SOLUTION
