"""Answers to 17-col2im, each a complete file of a student."""

# %% right loops
import numpy as np


def col2im(dcols, x_shape, kernel_size, stride, padding):
    kh, kw = kernel_size
    n, h, w, c = x_shape
    rows = iter(dcols)
    dx = np.zeros((n, h + 2 * padding, w + 2 * padding, c))
    for m in range(n):
        for r in range(0, h + 2 * padding - kh + 1, stride):
            for t in range(0, w + 2 * padding - kw + 1, stride):
                dx[m, r : r + kh, t : t + kw] += next(rows).reshape(kh, kw, c)
    return dx[:, padding : h + padding, padding : w + padding]


# %% right bincount
import numpy as np


def col2im(dcols, x_shape, kernel_size, stride, padding):
    kh, kw = kernel_size
    n, h, w, c = x_shape
    pixels = np.arange(n * h * w * c).reshape(x_shape)
    border = ((0, 0), (padding, padding), (padding, padding), (0, 0))
    padded = np.pad(pixels, border, constant_values=pixels.size)  # one more number: the bin
    windows = np.lib.stride_tricks.sliding_window_view(padded, (kh, kw), axis=(1, 2))
    target = windows[:, ::stride, ::stride].transpose(0, 1, 2, 4, 5, 3)
    sums = np.bincount(target.ravel(), weights=dcols.ravel(), minlength=pixels.size + 1)
    return sums[: pixels.size].reshape(x_shape)


# %% right gather
import numpy as np


def col2im(dcols, x_shape, kernel_size, stride, padding):
    kh, kw = kernel_size
    n, h, w, c = x_shape
    h_out = (h + 2 * padding - kh) // stride + 1
    w_out = (w + 2 * padding - kw) // stride + 1
    cells = dcols.reshape(n, h_out, w_out, kh, kw, c)
    dx = np.zeros(x_shape)
    for r in range(h):
        for t in range(w):
            for i in range(kh):
                for j in range(kw):
                    p, p_rest = divmod(r + padding - i, stride)
                    q, q_rest = divmod(t + padding - j, stride)
                    if p_rest == q_rest == 0 and 0 <= p < h_out and 0 <= q < w_out:
                        dx[:, r, t] += cells[:, p, q, i, j]
    return dx


# %% wrong assigns: overwritten-by-cell
# A test that expects the image back asks for "=" (oreilly-japan/deep-learning-from-scratch,
# issue 27).
import numpy as np


def col2im(dcols, x_shape, kernel_size, stride, padding):
    kh, kw = kernel_size
    n, h, w, c = x_shape
    h_out = (h + 2 * padding - kh) // stride + 1
    w_out = (w + 2 * padding - kw) // stride + 1
    cells = dcols.reshape(n, h_out, w_out, kh, kw, c)
    dx = np.zeros((n, h + 2 * padding, w + 2 * padding, c))
    for i in range(kh):
        for j in range(kw):
            dx[:, i : i + stride * h_out : stride, j : j + stride * w_out : stride] = cells[
                :, :, :, i, j
            ]
    return dx[:, padding : padding + h, padding : padding + w]


# %% wrong assigns_windows: overwritten
# Proposed as a correction of darknet's col2im_add_pixel (pjreddie/darknet, issue 2570).
import numpy as np


def col2im(dcols, x_shape, kernel_size, stride, padding):
    kh, kw = kernel_size
    n, h, w, c = x_shape
    h_out = (h + 2 * padding - kh) // stride + 1
    w_out = (w + 2 * padding - kw) // stride + 1
    cells = dcols.reshape(n, h_out, w_out, kh, kw, c)
    dx = np.zeros((n, h + 2 * padding, w + 2 * padding, c))
    for m, p, q in np.ndindex(n, h_out, w_out):
        r, t = p * stride, q * stride
        dx[m, r : r + kh, t : t + kw] = cells[m, p, q]
    return dx[:, padding : padding + h, padding : padding + w]


# %% wrong buffered: overwritten
# "+=" with arrays of indices adds once where an index occurs twice: np.add.at is meant.
import numpy as np


def col2im(dcols, x_shape, kernel_size, stride, padding):
    kh, kw = kernel_size
    n, h, w, c = x_shape
    h_out = (h + 2 * padding - kh) // stride + 1
    w_out = (w + 2 * padding - kw) // stride + 1
    p, q, i, j = np.ogrid[:h_out, :w_out, :kh, :kw]
    dx = np.zeros((n, h + 2 * padding, w + 2 * padding, c))
    dx[:, p * stride + i, q * stride + j] += dcols.reshape(n, h_out, w_out, kh, kw, c)
    return dx[:, padding : padding + h, padding : padding + w]


# %% wrong averages: averaged
# Made the inverse of im2col (oreilly-japan/deep-learning-from-scratch, issue 30, notes that it is
# not one).
import numpy as np


def col2im(dcols, x_shape, kernel_size, stride, padding):
    kh, kw = kernel_size
    n, h, w, c = x_shape
    h_out = (h + 2 * padding - kh) // stride + 1
    w_out = (w + 2 * padding - kw) // stride + 1
    cells = dcols.reshape(n, h_out, w_out, kh, kw, c)
    dx = np.zeros((n, h + 2 * padding, w + 2 * padding, c))
    count = np.zeros_like(dx)
    for p, q in np.ndindex(h_out, w_out):
        r, t = p * stride, q * stride
        dx[:, r : r + kh, t : t + kw] += cells[:, p, q]
        count[:, r : r + kh, t : t + kw] += 1
    dx /= np.maximum(count, 1)
    return dx[:, padding : padding + h, padding : padding + w]


# %% wrong no_stride: stride-forgotten
# h where the window starts at stride * h (Kulbear/deep-learning-coursera, pull request 34).
import numpy as np


def col2im(dcols, x_shape, kernel_size, stride, padding):
    kh, kw = kernel_size
    n, h, w, c = x_shape
    h_out = (h + 2 * padding - kh) // stride + 1
    w_out = (w + 2 * padding - kw) // stride + 1
    cells = dcols.reshape(n, h_out, w_out, kh, kw, c)
    dx = np.zeros((n, h + 2 * padding, w + 2 * padding, c))
    for i in range(kh):
        for j in range(kw):
            dx[:, i : i + h_out, j : j + w_out] += cells[:, :, :, i, j]
    return dx[:, padding : padding + h, padding : padding + w]


# %% wrong negative_zero: empty-slice
# x[0:-0] is empty (redwoodresearch/mlab, pull request 11).
import numpy as np


def col2im(dcols, x_shape, kernel_size, stride, padding):
    kh, kw = kernel_size
    n, h, w, c = x_shape
    h_out = (h + 2 * padding - kh) // stride + 1
    w_out = (w + 2 * padding - kw) // stride + 1
    cells = dcols.reshape(n, h_out, w_out, kh, kw, c)
    dx = np.zeros((n, h + 2 * padding, w + 2 * padding, c))
    for p, q in np.ndindex(h_out, w_out):
        dx[:, p * stride : p * stride + kh, q * stride : q * stride + kw] += cells[:, p, q]
    return dx[:, padding:-padding, padding:-padding]


# %% wrong channels_first: channel-order
# The order of the columns is not that of im2col (ravin-d-27/PyDeepFlow, pull request 85).
import numpy as np


def col2im(dcols, x_shape, kernel_size, stride, padding):
    kh, kw = kernel_size
    n, h, w, c = x_shape
    h_out = (h + 2 * padding - kh) // stride + 1
    w_out = (w + 2 * padding - kw) // stride + 1
    cells = dcols.reshape(n, h_out, w_out, c, kh, kw)
    dx = np.zeros((n, h + 2 * padding, w + 2 * padding, c))
    for p, q in np.ndindex(h_out, w_out):
        window = cells[:, p, q].transpose(0, 2, 3, 1)
        dx[:, p * stride : p * stride + kh, q * stride : q * stride + kw] += window
    return dx[:, padding : padding + h, padding : padding + w]


# %% wrong window_columns: window-transposed
# kh and kw exchanged in the reshape and put right afterwards: the shapes fit.
import numpy as np


def col2im(dcols, x_shape, kernel_size, stride, padding):
    kh, kw = kernel_size
    n, h, w, c = x_shape
    h_out = (h + 2 * padding - kh) // stride + 1
    w_out = (w + 2 * padding - kw) // stride + 1
    cells = dcols.reshape(n, h_out, w_out, kw, kh, c)
    dx = np.zeros((n, h + 2 * padding, w + 2 * padding, c))
    for p, q in np.ndindex(h_out, w_out):
        r, t = p * stride, q * stride
        dx[:, r : r + kh, t : t + kw] += cells[:, p, q].swapaxes(1, 2)
    return dx[:, padding : padding + h, padding : padding + w]


# %% wrong samples_fastest: sample-order
# The order of CS231n's im2col.py, whose columns run through the samples fastest.
import numpy as np


def col2im(dcols, x_shape, kernel_size, stride, padding):
    kh, kw = kernel_size
    n, h, w, c = x_shape
    h_out = (h + 2 * padding - kh) // stride + 1
    w_out = (w + 2 * padding - kw) // stride + 1
    cells = dcols.reshape(h_out, w_out, n, kh, kw, c)
    dx = np.zeros((n, h + 2 * padding, w + 2 * padding, c))
    for p, q in np.ndindex(h_out, w_out):
        dx[:, p * stride : p * stride + kh, q * stride : q * stride + kw] += cells[p, q]
    return dx[:, padding : padding + h, padding : padding + w]


# %% wrong cut_in_the_corner: cut-at-the-wrong-end
# Cut to the right size at the wrong place.
import numpy as np


def col2im(dcols, x_shape, kernel_size, stride, padding):
    kh, kw = kernel_size
    n, h, w, c = x_shape
    h_out = (h + 2 * padding - kh) // stride + 1
    w_out = (w + 2 * padding - kw) // stride + 1
    cells = dcols.reshape(n, h_out, w_out, kh, kw, c)
    dx = np.zeros((n, h + 2 * padding, w + 2 * padding, c))
    for p, q in np.ndindex(h_out, w_out):
        dx[:, p * stride : p * stride + kh, q * stride : q * stride + kw] += cells[:, p, q]
    return dx[:, :h, :w]


# %% wrong turned: flip
# "The gradient of a convolution turns the kernel": here it would turn it once too often.
import numpy as np


def col2im(dcols, x_shape, kernel_size, stride, padding):
    kh, kw = kernel_size
    n, h, w, c = x_shape
    h_out = (h + 2 * padding - kh) // stride + 1
    w_out = (w + 2 * padding - kw) // stride + 1
    cells = dcols.reshape(n, h_out, w_out, kh, kw, c)
    dx = np.zeros((n, h + 2 * padding, w + 2 * padding, c))
    for i in range(kh):
        for j in range(kw):
            rows = slice(i, i + stride * h_out, stride)
            columns = slice(j, j + stride * w_out, stride)
            dx[:, rows, columns] += cells[:, :, :, kh - 1 - i, kw - 1 - j]
    return dx[:, padding : padding + h, padding : padding + w]


# %% wrong exact_fit_only: unread
# The size of the image taken from the windows: too small where the division leaves a rest.
import numpy as np


def col2im(dcols, x_shape, kernel_size, stride, padding):
    kh, kw = kernel_size
    n, h, w, c = x_shape
    h_out = (h + 2 * padding - kh) // stride + 1
    w_out = (w + 2 * padding - kw) // stride + 1
    cells = dcols.reshape(n, h_out, w_out, kh, kw, c)
    dx = np.zeros((n, stride * (h_out - 1) + kh, stride * (w_out - 1) + kw, c))
    for p, q in np.ndindex(h_out, w_out):
        dx[:, p * stride : p * stride + kh, q * stride : q * stride + kw] += cells[:, p, q]
    return dx[:, padding : padding + h, padding : padding + w]
