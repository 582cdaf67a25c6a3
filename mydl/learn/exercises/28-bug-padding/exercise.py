"""Find the bug: padding that works until there is none

Here is a convolution with "same" padding, as TensorFlow defines it: zeros are put around the
image so that the output has ceil(H / stride) rows. It takes as many zeros as that needs, and
where their number is odd, the extra row goes to the bottom and the extra column to the right:

    total  = max((H_out - 1) stride + kh - H, 0)
    top    = total // 2
    bottom = total - top                              left and right alike, from W and kw

The forward pass is right. The backward pass computes the gradient of the *padded* image and cuts
the padding off. For 3x3 kernels with stride 1 it is right too: there every side has one row of
zeros. For 1x1 kernels, of which SqueezeNet is full, it returns an empty array, and for 2x2
kernels, or 3x3 with stride 2, it depends on the image's size.

Find out why, and repair it, for all sizes.

In numbers: with H = 3, kh = 3 and stride 1, total is 2, and rows 1 to 3 of the five padded ones
are the image. With H = 4, kh = 3 and stride 2, total is 1: no row above, one below, and rows 0 to
3 of five are the image. With kh = 1, total is 0: all rows are the image.

Only `cut` may need a change. The bug is a real one; the derivation names places where it was
seen. How the library does it: `mydl/layers/window.py`.
"""

import numpy as np


def pads(length, size, stride):
    """The zeros before and after an image's rows (or columns), for "same" padding."""
    length_out = -(-length // stride)  # rounded up
    total = max((length_out - 1) * stride + size - length, 0)
    return total // 2, total - total // 2


def conv(x, weight, stride):
    """A convolution with "same" padding: x (N, H, W, C), weight (kh, kw, C, K)."""
    _, h, w, _ = x.shape
    kh, kw, _, k = weight.shape
    padded = np.pad(x, ((0, 0), pads(h, kh, stride), pads(w, kw, stride), (0, 0)))
    y = np.zeros((len(x), -(-h // stride), -(-w // stride), k))
    for i in range(kh):
        for j in range(kw):
            y += cells(padded, i, j, y.shape, stride) @ weight[i, j]
    return y


def conv_dx(dy, x_shape, weight, stride):
    """The gradient of x, of shape x_shape, from dy (N, H_out, W_out, K)."""
    n, h, w, c = x_shape
    kh, kw, _, _ = weight.shape
    rows, columns = pads(h, kh, stride), pads(w, kw, stride)
    dpadded = np.zeros((n, h + sum(rows), w + sum(columns), c))
    for i in range(kh):
        for j in range(kw):
            cells(dpadded, i, j, dy.shape, stride)[...] += dy @ weight[i, j].T
    return cut(dpadded, rows, columns, x_shape)


def cells(padded, i, j, y_shape, stride):
    """Cell (i, j) of every window: a view of the padded image, as large as the output."""
    _, h_out, w_out, _ = y_shape
    last_row, last_column = i + stride * (h_out - 1), j + stride * (w_out - 1)
    return padded[:, i : last_row + 1 : stride, j : last_column + 1 : stride]


def cut(padded, rows, columns, x_shape):
    """The image inside a padded image.

    Args: padded (N, H + top + bottom, W + left + right, C); rows = (top, bottom) and columns =
        (left, right), the numbers of zeros on each side; x_shape = (N, H, W, C).
    Returns: the image's part, of shape x_shape.
    """
    # BEGIN BUG
    (top, bottom), (left, right) = rows, columns
    return padded[:, top:-bottom, left:-right]
    # INSTEAD
    (top, _), (left, _) = rows, columns
    _, h, w, _ = x_shape
    return padded[:, top : top + h, left : left + w]
    # END BUG
