"""The way back from rows to the image (col2im)

im2col lays every window of the image out as a row of a matrix, and the convolution is
then one product. Its backward pass ends with the gradient of that matrix, a number for
each pixel of each window:

    dcols   (N * H_out * W_out, kh * kw * C)    the gradient of the rows: dy @ W.T

Windows overlap, so that im2col copied one pixel into several rows. Whatever is copied
forwards is **added up** backwards: the gradient of a pixel is the sum over all rows
into which it was copied. Write this sum, with stride and padding.

    dx      (N, H, W, C)                        the gradient of the image: what you return

Row (n * H_out + p) * W_out + q belongs to window (p, q) of image n, and its entry (i *
kw + j) * C + c is the gradient of the pixel that this window's cell (i, j) read:

    row p*s + i, column q*s + j of the padded image, channel c

s is the stride; the padded image has `padding` rows and columns of zeros on each side,
and what arrives there is dropped. H_out = (H + 2 * padding - kh) // s + 1, and W_out
alike.

**Example**: one image of 4x4 pixels, windows of 3x3, stride 1. Nothing but ones in
dcols counts in how many windows each pixel lies:

    1 1 1 1 1 1 1 1 1             1 2 2 1
    1 1 1 1 1 1 1 1 1   becomes   2 4 4 2
    1 1 1 1 1 1 1 1 1             2 4 4 2
    1 1 1 1 1 1 1 1 1             1 2 2 1

So col2im is not the inverse of im2col, which would give back the image. It is its
gradient.

Read on: col2im in mydl/kernels/im2col.py, and Conv2d.backward in mydl/layers/conv.py.
"""

import numpy as np


def col2im(dcols, x_shape, kernel_size, stride, padding):
    """The sum of the rows of dcols into an image, (N, H, W, C).

    Args:
        dcols: the gradient of im2col's matrix, (N * H_out * W_out, kh * kw * C).
        x_shape: the shape of the image, (N, H, W, C).
        kernel_size: rows and columns of the window, the pair (kh, kw).
        stride: pixels from one window to the next, for rows and columns.
        padding: rows and columns of zeros that were around the image.
    """
    # BEGIN SOLUTION
    kh, kw = kernel_size
    n, h, w, c = x_shape
    h_out = (h + 2 * padding - kh) // stride + 1
    w_out = (w + 2 * padding - kw) // stride + 1
    dcols = dcols.reshape(n, h_out, w_out, kh, kw, c)
    padded = np.zeros((n, h + 2 * padding, w + 2 * padding, c))
    for i in range(kh):
        for j in range(kw):
            # Cell (i, j) of all windows at once: stride pixels apart, so that none meets another.
            rows = slice(i, i + stride * h_out, stride)
            columns = slice(j, j + stride * w_out, stride)
            padded[:, rows, columns] += dcols[:, :, :, i, j]
    return padded[:, padding : padding + h, padding : padding + w]
    # END SOLUTION
