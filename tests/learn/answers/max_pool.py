"""Answers to 18-max-pool, each a complete file of a student, or the backward pass of one."""

# %% right loops
import numpy as np


def pad(x, padding):
    return np.pad(
        x, ((0, 0), (padding, padding), (padding, padding), (0, 0)), constant_values=-np.inf
    )


def max_pool(x, kernel_size, stride, padding):
    kh, kw = kernel_size
    padded = pad(x, padding)
    n, h, w, c = padded.shape
    y = np.zeros((n, (h - kh) // stride + 1, (w - kw) // stride + 1, c))
    for p in range(y.shape[1]):
        for q in range(y.shape[2]):
            r, t = p * stride, q * stride
            y[:, p, q] = padded[:, r : r + kh, t : t + kw].max(axis=(1, 2))
    return y


def max_pool_backward(dy, x, kernel_size, stride, padding):
    kh, kw = kernel_size
    padded = pad(x, padding)
    dx = np.zeros(padded.shape)
    for n, p, q, c in np.ndindex(dy.shape):
        r, t = p * stride, q * stride
        window = padded[n, r : r + kh, t : t + kw, c]
        i, j = divmod(int(np.argmax(window)), kw)
        dx[n, r + i, t + j, c] += dy[n, p, q, c]
    h, w = x.shape[1:3]
    return dx[:, padding : padding + h, padding : padding + w]


# %% right add_at
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view


def rows(x, kernel_size, stride, padding):
    around = ((0, 0), (padding, padding), (padding, padding), (0, 0))
    padded = np.pad(x, around, constant_values=-np.inf)
    windows = sliding_window_view(padded, kernel_size, axis=(1, 2))[:, ::stride, ::stride]
    return windows.reshape(*windows.shape[:4], -1)


def max_pool(x, kernel_size, stride, padding):
    return rows(x, kernel_size, stride, padding).max(axis=-1)


def max_pool_backward(dy, x, kernel_size, stride, padding):
    i, j = np.divmod(rows(x, kernel_size, stride, padding).argmax(axis=-1), kernel_size[1])
    n, p, q, c = np.indices(dy.shape)
    dx = np.zeros(x.shape)
    np.add.at(dx, (n, p * stride + i - padding, q * stride + j - padding, c), dy)
    return dx


# %% right clipped_windows
import numpy as np


def max_pool(x, kernel_size, stride, padding):
    kh, kw = kernel_size
    n, h, w, c = x.shape
    h_out = (h + 2 * padding - kh) // stride + 1
    w_out = (w + 2 * padding - kw) // stride + 1
    y = np.empty((n, h_out, w_out, c))
    for p, q in np.ndindex(h_out, w_out):
        r, t = p * stride - padding, q * stride - padding
        y[:, p, q] = x[:, max(r, 0) : r + kh, max(t, 0) : t + kw].max(axis=(1, 2))
    return y


def max_pool_backward(dy, x, kernel_size, stride, padding):
    kh, kw = kernel_size
    dx = np.zeros(x.shape)
    for n, p, q, c in np.ndindex(dy.shape):
        r, t = p * stride - padding, q * stride - padding
        best = None
        for row in range(max(r, 0), min(r + kh, x.shape[1])):
            for column in range(max(t, 0), min(t + kw, x.shape[2])):
                if best is None or x[n, row, column, c] > x[n, best[0], best[1], c]:
                    best = row, column
        dx[n, best[0], best[1], c] += dy[n, p, q, c]
    return dx


# %% given
import numpy as np


def pad(x, padding, value=-np.inf):
    around = ((0, 0), (padding, padding), (padding, padding), (0, 0))
    return np.pad(x, around, constant_values=value)


def max_pool(x, kernel_size, stride, padding):
    kh, kw = kernel_size
    padded = pad(x, padding)
    n, h, w, c = padded.shape
    y = np.zeros((n, (h - kh) // stride + 1, (w - kw) // stride + 1, c))
    for p in range(y.shape[1]):
        for q in range(y.shape[2]):
            r, t = p * stride, q * stride
            y[:, p, q] = padded[:, r : r + kh, t : t + kw].max(axis=(1, 2))
    return y


def cut(dx, x, padding):
    return dx[:, padding : padding + x.shape[1], padding : padding + x.shape[2]]


# %% wrong zero_padding: zero-padding
# Padded with zeros, which are larger than negative numbers (zylo117/Yet-Another-EfficientDet-
# Pytorch, pull request 352; pytorch/pytorch, issue 33384, is about words that say so).
def pad(x, padding):
    return np.pad(x, ((0, 0), (padding, padding), (padding, padding), (0, 0)))


def max_pool_backward(dy, x, kernel_size, stride, padding):
    kh, kw = kernel_size
    padded = pad(x, padding)
    dx = np.zeros(padded.shape)
    for n, p, q, c in np.ndindex(dy.shape):
        r, t = p * stride, q * stride
        i, j = divmod(int(np.argmax(padded[n, r : r + kh, t : t + kw, c])), kw)
        dx[n, r + i, t + j, c] += dy[n, p, q, c]
    return cut(dx, x, padding)


# %% wrong starts_at_zero: start-at-zero
# The search starts at 0 instead of the first pixel.
def max_pool(x, kernel_size, stride, padding):
    kh, kw = kernel_size
    padded = pad(x, padding)
    n, h, w, c = padded.shape
    y = np.zeros((n, (h - kh) // stride + 1, (w - kw) // stride + 1, c))
    for m, p, q, f in np.ndindex(y.shape):
        for i in range(kh):
            for j in range(kw):
                y[m, p, q, f] = max(y[m, p, q, f], padded[m, p * stride + i, q * stride + j, f])
    return y


def max_pool_backward(dy, x, kernel_size, stride, padding):
    return np.zeros(x.shape)


# %% wrong assigns: overwritten-by-zeros
# "=" where "+=" is needed; a popular course's notebook checks 2x2 windows with stride 2 only, where
# it passes (0809zheng/CS231n-assignment2019, issue 19; FluxML/NNlib.jl, issue 205).
def max_pool_backward(dy, x, kernel_size, stride, padding):
    kh, kw = kernel_size
    padded = pad(x, padding)
    dx = np.zeros(padded.shape)
    for n, p, q, c in np.ndindex(dy.shape):
        rows = slice(p * stride, p * stride + kh)
        columns = slice(q * stride, q * stride + kw)
        window = padded[n, rows, columns, c]
        dx[n, rows, columns, c] = (window == window.max()) * dy[n, p, q, c]
    return cut(dx, x, padding)


# %% wrong assigns_winners: overwritten
# max_unpool, which assigns, taken for the backward pass (jmschrei/tangermeme, pull request 95).
def max_pool_backward(dy, x, kernel_size, stride, padding):
    kh, kw = kernel_size
    padded = pad(x, padding)
    dx = np.zeros(padded.shape)
    for n, p, q, c in np.ndindex(dy.shape):
        r, t = p * stride, q * stride
        i, j = divmod(int(np.argmax(padded[n, r : r + kh, t : t + kw, c])), kw)
        dx[n, r + i, t + j, c] = dy[n, p, q, c]
    return cut(dx, x, padding)


# %% wrong ties_twice: ties-twice
# Every pixel equal to the maximum gets the whole gradient (Theano/Theano, issue 5248; apache/mxnet,
# issue 18563).
def max_pool_backward(dy, x, kernel_size, stride, padding):
    kh, kw = kernel_size
    padded = pad(x, padding)
    dx = np.zeros(padded.shape)
    for n, p, q, c in np.ndindex(dy.shape):
        rows = slice(p * stride, p * stride + kh)
        columns = slice(q * stride, q * stride + kw)
        window = padded[n, rows, columns, c]
        dx[n, rows, columns, c] += (window == window.max()) * dy[n, p, q, c]
    return cut(dx, x, padding)


# %% wrong ties_shared: ties-shared
# Shared equally, as TensorFlow's reduce_max does and its max_pool does not (tensorflow/tensorflow,
# issues 4886 and 51682).
def max_pool_backward(dy, x, kernel_size, stride, padding):
    kh, kw = kernel_size
    padded = pad(x, padding)
    dx = np.zeros(padded.shape)
    for n, p, q, c in np.ndindex(dy.shape):
        rows = slice(p * stride, p * stride + kh)
        columns = slice(q * stride, q * stride + kw)
        wins = padded[n, rows, columns, c] == padded[n, rows, columns, c].max()
        dx[n, rows, columns, c] += wins * dy[n, p, q, c] / wins.sum()
    return cut(dx, x, padding)


# %% wrong last_tie: last-tie
# >= in the search for the maximum.
def max_pool_backward(dy, x, kernel_size, stride, padding):
    kh, kw = kernel_size
    padded = pad(x, padding)
    dx = np.zeros(padded.shape)
    for n, p, q, c in np.ndindex(dy.shape):
        best, place = -np.inf, None
        for row in range(p * stride, p * stride + kh):
            for column in range(q * stride, q * stride + kw):
                if padded[n, row, column, c] >= best:
                    best, place = padded[n, row, column, c], (row, column)
        dx[n, place[0], place[1], c] += dy[n, p, q, c]
    return cut(dx, x, padding)


# %% wrong near_maxima: near-maxima
# The winner found with a tolerance (mni-ml/framework, pull request 22); the first of equal ones.
def max_pool_backward(dy, x, kernel_size, stride, padding):
    kh, kw = kernel_size
    padded = pad(x, padding)
    dx = np.zeros(padded.shape)
    for n, p, q, c in np.ndindex(dy.shape):
        seen = set()
        for row in range(p * stride, p * stride + kh):
            for column in range(q * stride, q * stride + kw):
                value = padded[n, row, column, c]
                window = padded[n, p * stride : p * stride + kh, q * stride : q * stride + kw, c]
                if np.isclose(value, window.max()) and value not in seen:
                    dx[n, row, column, c] += dy[n, p, q, c]
                    seen.add(value)
    return cut(dx, x, padding)


# %% wrong last_window_decides: last-window-decides
# Which window a pixel won is noted once for each pixel (ahrefs/ocannl, issue 512).
def max_pool_backward(dy, x, kernel_size, stride, padding):
    kh, kw = kernel_size
    padded = pad(x, padding)
    won = np.zeros(padded.shape, bool)
    for n, p, q, c in np.ndindex(dy.shape):
        rows = slice(p * stride, p * stride + kh)
        columns = slice(q * stride, q * stride + kw)
        window = padded[n, rows, columns, c]
        won[n, rows, columns, c] = window == window.max()
    dx = np.zeros(padded.shape)
    for n, p, q, c in np.ndindex(dy.shape):
        rows = slice(p * stride, p * stride + kh)
        columns = slice(q * stride, q * stride + kw)
        dx[n, rows, columns, c] += won[n, rows, columns, c] * dy[n, p, q, c]
    return cut(dx, x, padding)


# %% wrong returns_early: one-window
# return, indented one step too far (riccardoandreoni0/CNN-from-scratch, issue 1).
def max_pool_backward(dy, x, kernel_size, stride, padding):
    kh, kw = kernel_size
    padded = pad(x, padding)
    dx = np.zeros(padded.shape)
    for p in range(dy.shape[1]):
        for q in range(dy.shape[2]):
            rows = slice(p * stride, p * stride + kh)
            columns = slice(q * stride, q * stride + kw)
            window = padded[:, rows, columns]
            wins = window == window.max(axis=(1, 2), keepdims=True)
            dx[:, rows, columns] += wins * dy[:, p : p + 1, q : q + 1]
            return cut(dx, x, padding)


# %% wrong no_stride: stride-forgotten
# The window of (p, q) sought at row p instead of stride * p, for its winner only.
def max_pool_backward(dy, x, kernel_size, stride, padding):
    kh, kw = kernel_size
    padded = pad(x, padding)
    dx = np.zeros(padded.shape)
    for n, p, q, c in np.ndindex(dy.shape):
        r, t = p * stride, q * stride
        i, j = divmod(int(np.argmax(padded[n, r : r + kh, t : t + kw, c])), kw)
        dx[n, p + i, q + j, c] += dy[n, p, q, c]
    return cut(dx, x, padding)


# %% wrong decoded_by_rows: decoded-by-rows
# divmod by the window's rows instead of its columns, which square windows hide.
def max_pool_backward(dy, x, kernel_size, stride, padding):
    kh, kw = kernel_size
    padded = pad(x, padding)
    dx = np.zeros(padded.shape)
    for n, p, q, c in np.ndindex(dy.shape):
        r, t = p * stride, q * stride
        i, j = divmod(int(np.argmax(padded[n, r : r + kh, t : t + kw, c])), kh)
        dx[n, r + i, t + j, c] += dy[n, p, q, c]
    return cut(dx, x, padding)


# %% wrong shared: shared
# The backward pass of average pooling, taken over from the file next door.
def max_pool_backward(dy, x, kernel_size, stride, padding):
    kh, kw = kernel_size
    dx = np.zeros(pad(x, padding).shape)
    for n, p, q, c in np.ndindex(dy.shape):
        rows = slice(p * stride, p * stride + kh)
        columns = slice(q * stride, q * stride + kw)
        dx[n, rows, columns, c] += dy[n, p, q, c] / (kh * kw)
    return cut(dx, x, padding)


# %% wrong channels_together: channels-together
# argmax over the whole window, channels and all.
def max_pool_backward(dy, x, kernel_size, stride, padding):
    kh, kw = kernel_size
    padded = pad(x, padding)
    dx = np.zeros(padded.shape)
    for n, p, q in np.ndindex(dy.shape[:3]):
        rows = slice(p * stride, p * stride + kh)
        columns = slice(q * stride, q * stride + kw)
        window = padded[n, rows, columns]
        dx[n, rows, columns] += (window == window.max()) * dy[n, p, q]
    return cut(dx, x, padding)


# %% wrong no_upstream: upstream-forgotten
# A mask of winners is not yet a gradient (haifengl/smile, issue 528, for a ReLU).
def max_pool_backward(dy, x, kernel_size, stride, padding):
    kh, kw = kernel_size
    padded = pad(x, padding)
    dx = np.zeros(padded.shape)
    for n, p, q, c in np.ndindex(dy.shape):
        r, t = p * stride, q * stride
        i, j = divmod(int(np.argmax(padded[n, r : r + kh, t : t + kw, c])), kw)
        dx[n, r + i, t + j, c] += 1
    return cut(dx, x, padding)


# %% wrong negative_zero: empty-slice
# x[0:-0] is empty (redwoodresearch/mlab, pull request 11).
def max_pool_backward(dy, x, kernel_size, stride, padding):
    kh, kw = kernel_size
    padded = pad(x, padding)
    dx = np.zeros(padded.shape)
    for n, p, q, c in np.ndindex(dy.shape):
        r, t = p * stride, q * stride
        i, j = divmod(int(np.argmax(padded[n, r : r + kh, t : t + kw, c])), kw)
        dx[n, r + i, t + j, c] += dy[n, p, q, c]
    return dx[:, padding:-padding, padding:-padding]


# %% wrong mean: average
# The other pooling.
def max_pool(x, kernel_size, stride, padding):
    kh, kw = kernel_size
    n, h, w, c = x.shape
    y = np.zeros((n, (h + 2 * padding - kh) // stride + 1, (w + 2 * padding - kw) // stride + 1, c))
    for p, q in np.ndindex(y.shape[1:3]):
        r, t = p * stride, q * stride
        y[:, p, q] = x[:, r : r + kh, t : t + kw].mean(axis=(1, 2))
    return y


def max_pool_backward(dy, x, kernel_size, stride, padding):
    return np.zeros(x.shape)
