"""Answers to 11-im2col, each a complete file of a student."""

# %% right loops
import numpy as np


def im2col(x, kernel_size):
    kh, kw = kernel_size
    n, h, w, _ = x.shape
    rows = []
    for m in range(n):
        for p in range(h - kh + 1):
            for q in range(w - kw + 1):
                rows.append(x[m, p : p + kh, q : q + kw].reshape(-1))
    return np.array(rows)


# %% right views
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view


def im2col(x, kernel_size):
    kh, kw = kernel_size
    view = sliding_window_view(x, (kh, kw), axis=(1, 2))  # (N, H_out, W_out, C, kh, kw)
    return view.transpose(0, 1, 2, 4, 5, 3).reshape(-1, kh * kw * x.shape[3])


# %% right indices
import numpy as np


def im2col(x, kernel_size):
    kh, kw = kernel_size
    n, h, w, c = x.shape
    p, q, i, j = np.ogrid[: h - kh + 1, : w - kw + 1, :kh, :kw]
    return x[:, p + i, q + j].reshape(-1, kh * kw * c)


# %% wrong channels_first: channel-order
# ravin-d-27/PyDeepFlow, pull request 85: the columns of im2col in another order than the weights'.
import numpy as np


def im2col(x, kernel_size):
    kh, kw = kernel_size
    n, h, w, c = x.shape
    cols = np.empty((n, h - kh + 1, w - kw + 1, c, kh, kw), x.dtype)
    for i in range(kh):
        for j in range(kw):
            cols[..., i, j] = x[:, i : i + cols.shape[1], j : j + cols.shape[2]]
    return cols.reshape(-1, kh * kw * c)


# %% wrong windows_as_columns: window-columns
# The convention of Caffe and of many a course, where the weight stands to the left.
import numpy as np


def im2col(x, kernel_size):
    kh, kw = kernel_size
    n, h, w, _ = x.shape
    columns = []
    for m in range(n):
        for p in range(h - kh + 1):
            for q in range(w - kw + 1):
                columns.append(x[m, p : p + kh, q : q + kw].ravel())
    return np.stack(columns, axis=1)


# %% wrong last_window: last-window
# H - K instead of H - K + 1 (BVLC/caffe, issue 988, is a discussion of where the + 1 belongs).
import numpy as np


def im2col(x, kernel_size):
    kh, kw = kernel_size
    n, h, w, _ = x.shape
    rows = []
    for m in range(n):
        for p in range(max(h - kh, 1)):
            for q in range(max(w - kw, 1)):
                rows.append(x[m, p : p + kh, q : q + kw].reshape(-1))
    return np.array(rows)


# %% wrong x_before_y: window-transposed
# The loops over "x" and "y", the wrong way round inside the window.
import numpy as np


def im2col(x, kernel_size):
    kh, kw = kernel_size
    n, h, w, c = x.shape
    h_out, w_out = h - kh + 1, w - kw + 1
    cells = []
    for j in range(kw):
        for i in range(kh):
            cells.append(x[:, i : i + h_out, j : j + w_out])
    return np.stack(cells, axis=3).reshape(-1, kh * kw * c)


# %% wrong columns_first: window-order
# The same mistake in the loops over the windows.
import numpy as np


def im2col(x, kernel_size):
    kh, kw = kernel_size
    n, h, w, _ = x.shape
    rows = []
    for m in range(n):
        for q in range(w - kw + 1):
            for p in range(h - kh + 1):
                rows.append(x[m, p : p + kh, q : q + kw].reshape(-1))
    return np.array(rows)


# %% wrong samples_fastest: sample-order
# The order of CS231n's im2col.py, whose columns run through the samples fastest.
import numpy as np


def im2col(x, kernel_size):
    kh, kw = kernel_size
    n, h, w, _ = x.shape
    rows = []
    for p in range(h - kh + 1):
        for q in range(w - kw + 1):
            for m in range(n):
                rows.append(x[m, p : p + kh, q : q + kw].reshape(-1))
    return np.array(rows)


# %% wrong first_image_only: first-sample
# From the days when a batch was one image.
import numpy as np


def im2col(x, kernel_size):
    kh, kw = kernel_size
    _, h, w, _ = x.shape
    rows = []
    for p in range(h - kh + 1):
        for q in range(w - kw + 1):
            rows.append(x[0, p : p + kh, q : q + kw].reshape(-1))
    return np.array(rows)


# %% wrong flipped: flip
# "Convolution turns the kernel": a textbook on signals, applied to the window instead.
import numpy as np


def im2col(x, kernel_size):
    kh, kw = kernel_size
    n, h, w, _ = x.shape
    rows = []
    for m in range(n):
        for p in range(h - kh + 1):
            for q in range(w - kw + 1):
                rows.append(x[m, p : p + kh, q : q + kw][::-1, ::-1].reshape(-1))
    return np.array(rows)


# %% wrong one_index: one-index-i
# i twice, as one types it.
import numpy as np


def im2col(x, kernel_size):
    kh, kw = kernel_size
    n, h, w, c = x.shape
    h_out, w_out = h - kh + 1, w - kw + 1
    cols = np.empty((n, h_out, w_out, kh, kw, c), x.dtype)
    for i in range(kh):
        for j in range(kw):
            cols[:, :, :, i, j] = x[:, i : i + h_out, i : i + w_out]
    return cols.reshape(-1, kh * kw * c)


# %% wrong swapped_sizes: exception
# Rows and columns of the output swapped; square images hide it.
import numpy as np


def im2col(x, kernel_size):
    kh, kw = kernel_size
    n, h, w, c = x.shape
    h_out, w_out = w - kw + 1, h - kh + 1
    cols = np.empty((n, h_out, w_out, kh, kw, c), x.dtype)
    for i in range(kh):
        for j in range(kw):
            cols[:, :, :, i, j] = x[:, i : i + h_out, j : j + w_out]
    return cols.reshape(-1, kh * kw * c)


# %% wrong returns_nothing: none
# The matrix is made and not handed back.
import numpy as np


def im2col(x, kernel_size):
    kh, kw = kernel_size
    n, h, w, c = x.shape
    p, q, i, j = np.ogrid[: h - kh + 1, : w - kw + 1, :kh, :kw]
    cols = x[:, p + i, q + j].reshape(-1, kh * kw * c)
