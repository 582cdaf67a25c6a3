"""Answers to 15-conv-dx, each a complete file of a student."""

# %% right loops
import numpy as np


def conv_dx(dy, w, x_shape):
    kh, kw = w.shape[:2]
    dx = np.zeros(x_shape)
    for m, p, q in np.ndindex(dy.shape[:3]):
        dx[m, p : p + kh, q : q + kw] += w @ dy[m, p, q]
    return dx


# %% right turned_kernel
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view


def conv_dx(dy, w, x_shape):
    kh, kw = w.shape[:2]
    padded = np.pad(dy, ((0, 0), (kh - 1, kh - 1), (kw - 1, kw - 1), (0, 0)))
    windows = sliding_window_view(padded, (kh, kw), axis=(1, 2))
    return np.einsum("nrskij,ijck->nrsc", windows, w[::-1, ::-1])


# %% right add_at
import numpy as np


def conv_dx(dy, w, x_shape):
    kh, kw, c, k = w.shape
    n, h_out, w_out, _ = dy.shape
    dcols = dy.reshape(-1, k) @ w.reshape(-1, k).T
    p, q, i, j = np.ogrid[:h_out, :w_out, :kh, :kw]
    dx = np.zeros(x_shape)
    np.add.at(dx, (slice(None), p + i, q + j), dcols.reshape(n, h_out, w_out, kh, kw, c))
    return dx


# %% wrong assigns: overwritten
# "=" where "+=" is needed; proposed as a correction of darknet's col2im (pjreddie/darknet,
# issue 2570).
import numpy as np


def conv_dx(dy, w, x_shape):
    kh, kw = w.shape[:2]
    dx = np.zeros(x_shape)
    for m, p, q in np.ndindex(dy.shape[:3]):
        dx[m, p : p + kh, q : q + kw] = w @ dy[m, p, q]
    return dx


# %% wrong assigns_cells: overwritten-by-cell
# The same in the loop over the cells.
import numpy as np


def conv_dx(dy, w, x_shape):
    dx = np.zeros(x_shape)
    _, h_out, w_out, _ = dy.shape
    for i in range(w.shape[0]):
        for j in range(w.shape[1]):
            dx[:, i : i + h_out, j : j + w_out] = dy @ w[i, j].T
    return dx


# %% wrong turned_twice: flip
# "The backward pass rotates the filter by 180 degrees": the scatter does so by itself, and who
# rotates once more undoes it (a question in ddbourgin/numpy-ml, issue 27, and pytorch/pytorch,
# issue 61100).
import numpy as np


def conv_dx(dy, w, x_shape):
    kh, kw = w.shape[:2]
    turned = np.rot90(w, 2)
    dx = np.zeros(x_shape)
    for m, p, q in np.ndindex(dy.shape[:3]):
        dx[m, p : p + kh, q : q + kw] += turned @ dy[m, p, q]
    return dx


# %% wrong never_turned: flip
# The other way round: dy padded, and the kernel slid over it as it is.
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view


def conv_dx(dy, w, x_shape):
    kh, kw = w.shape[:2]
    padded = np.pad(dy, ((0, 0), (kh - 1, kh - 1), (kw - 1, kw - 1), (0, 0)))
    windows = sliding_window_view(padded, (kh, kw), axis=(1, 2))
    return np.einsum("nrskij,ijck->nrsc", windows, w)


# %% wrong quarter_turn: quarter-turn
# np.rot90(w) turns by 90 degrees; twice is meant (amsukdu/SimplePythonCNN, issue 6, asks why it is
# not 90; mlpack/mlpack, pull request 3376, for kernels that are not square).
import numpy as np


def conv_dx(dy, w, x_shape):
    kh, kw = w.shape[:2]
    turned = np.rot90(w)
    dx = np.zeros(x_shape)
    for m, p, q in np.ndindex(dy.shape[:3]):
        dx[m, p : p + kh, q : q + kw] += turned @ dy[m, p, q]
    return dx


# %% wrong no_transpose: transpose-forgotten
# The transpose of the weights forgotten; equal numbers of channels let the product pass.
import numpy as np


def conv_dx(dy, w, x_shape):
    dx = np.zeros(x_shape)
    _, h_out, w_out, _ = dy.shape
    for i in range(w.shape[0]):
        for j in range(w.shape[1]):
            dx[:, i : i + h_out, j : j + w_out] += dy @ w[i, j]
    return dx


# %% wrong one_filter_each: one-filter-each
# One letter for two channels, as if the convolution were a depthwise one.
import numpy as np


def conv_dx(dy, w, x_shape):
    kh, kw, c, _ = w.shape
    dx = np.zeros(x_shape)
    for m, p, q in np.ndindex(dy.shape[:3]):
        for k in range(c):
            dx[m, p : p + kh, q : q + kw, k] += w[:, :, k, k] * dy[m, p, q, k]
    return dx


# %% wrong first_filter: filter-forgotten
# Only the first plane is right (soumith/cudnn.torch, issue 28).
import numpy as np


def conv_dx(dy, w, x_shape):
    kh, kw = w.shape[:2]
    dx = np.zeros(x_shape)
    for m, p, q in np.ndindex(dy.shape[:3]):
        dx[m, p : p + kh, q : q + kw] += w[..., 0] * dy[m, p, q, 0]
    return dx


# %% wrong first_pixel: one-pixel
# The output's index where the input's belongs (NervanaSystems/neon, issue 111).
import numpy as np


def conv_dx(dy, w, x_shape):
    kh, kw = w.shape[:2]
    dx = np.zeros(x_shape)
    for m, p, q in np.ndindex(dy.shape[:3]):
        for i in range(kh):
            for j in range(kw):
                dx[m, p, q] += w[i, j] @ dy[m, p, q]
    return dx


# %% wrong returns_early: one-window
# return, indented too far (riccardoandreoni0/CNN-from-scratch, issue 1, for its pooling).
import numpy as np


def conv_dx(dy, w, x_shape):
    kh, kw = w.shape[:2]
    dx = np.zeros(x_shape)
    for p in range(dy.shape[1]):
        for q in range(dy.shape[2]):
            dx[:, p : p + kh, q : q + kw] += np.einsum("nk,ijck->nijc", dy[:, p, q], w)
            return dx


# %% wrong sums_the_batch: batch-summed
# The index of the image forgotten on the left side.
import numpy as np


def conv_dx(dy, w, x_shape):
    kh, kw = w.shape[:2]
    dx = np.zeros(x_shape)
    for m, p, q in np.ndindex(dy.shape[:3]):
        dx[:, p : p + kh, q : q + kw] += w @ dy[m, p, q]
    return dx


# %% wrong little_padding: padded-by-1
# A "valid" convolution of dy, which is smaller than the image.
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view


def conv_dx(dy, w, x_shape):
    padded = np.pad(dy, ((0, 0), (1, 1), (1, 1), (0, 0)))
    windows = sliding_window_view(padded, w.shape[:2], axis=(1, 2))
    return np.einsum("nrskij,ijck->nrsc", windows, w[::-1, ::-1])
