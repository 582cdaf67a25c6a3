"""Answers to 26-bug-max-pool, each a complete file of a student."""

# %% right places of the maxima
import numpy as np


def max_pool(x, size, stride):
    n, h, w, c = x.shape
    h_out, w_out = (h - size) // stride + 1, (w - size) // stride + 1
    y = np.empty((n, h_out, w_out, c))
    place = np.empty((n, h_out, w_out, c, 2), int)
    for index in np.ndindex(y.shape):
        m, p, q, k = index
        window = x[m, p * stride : p * stride + size, q * stride : q * stride + size, k]
        i, j = divmod(int(window.argmax()), size)
        place[index] = p * stride + i, q * stride + j
        y[index] = window[i, j]
    return y, (place, x.shape)


def max_pool_backward(dy, kept, size, stride):
    place, x_shape = kept
    dx = np.zeros(x_shape)
    n, _, _, c = np.indices(dy.shape)
    np.add.at(dx, (n, place[..., 0], place[..., 1], c), dy)
    return dx


# %% right looks again
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view


def max_pool(x, size, stride):
    view = sliding_window_view(x, (size, size), axis=(1, 2))[:, ::stride, ::stride]
    return view.max(axis=(4, 5)), x.copy()


def max_pool_backward(dy, kept, size, stride):
    x, dx = kept, np.zeros(kept.shape)
    for p in range(dy.shape[1]):
        for q in range(dy.shape[2]):
            rows = slice(p * stride, p * stride + size)
            columns = slice(q * stride, q * stride + size)
            left = np.ones((len(x), x.shape[3]), bool)  # windows whose winner was not met yet
            largest = x[:, rows, columns].max(axis=(1, 2))
            for i in range(size):
                for j in range(size):
                    wins = left & (x[:, rows, columns][:, i, j] == largest)
                    dx[:, rows, columns][:, i, j] += wins * dy[:, p, q]
                    left &= ~wins
    return dx


# %% given
import numpy as np


def positions(x_shape, size, stride):
    h, w = x_shape[1:3]
    for p in range((h - size) // stride + 1):
        for q in range((w - size) // stride + 1):
            top, left = p * stride, q * stride
            yield p, q, slice(top, top + size), slice(left, left + size)


def empty_output(x, size, stride):
    n, h, w, c = x.shape
    return np.empty((n, (h - size) // stride + 1, (w - size) // stride + 1, c))


def max_pool(x, size, stride):
    y = empty_output(x, size, stride)
    won = np.zeros(x.shape, bool)  # the pixels that are the largest of their window
    for p, q, rows, columns in positions(x.shape, size, stride):
        window = x[:, rows, columns]
        y[:, p, q] = window.max(axis=(1, 2))
        won[:, rows, columns] = window == y[:, p, None, q, None]
    return y, won


def max_pool_backward(dy, kept, size, stride):
    won = kept
    dx = np.zeros(won.shape)
    for p, q, rows, columns in positions(won.shape, size, stride):
        dx[:, rows, columns] += won[:, rows, columns] * dy[:, p, None, q, None]
    return dx


# %% wrong not repaired: last-window-decides
# ahrefs/ocannl, issue 512: the file as it is handed out.


# %% wrong ors the notes: any-window-decides
# |= keeps every window's note, for the wrong windows too.
def max_pool(x, size, stride):
    y = empty_output(x, size, stride)
    won = np.zeros(x.shape, bool)
    for p, q, rows, columns in positions(x.shape, size, stride):
        window = x[:, rows, columns]
        y[:, p, q] = window.max(axis=(1, 2))
        won[:, rows, columns] |= window == y[:, p, None, q, None]
    return y, won


# %% wrong ands the notes: all-windows-decide
# "A pixel wins if no window says otherwise."
def max_pool(x, size, stride):
    y = empty_output(x, size, stride)
    won = np.ones(x.shape, bool)
    for p, q, rows, columns in positions(x.shape, size, stride):
        window = x[:, rows, columns]
        y[:, p, q] = window.max(axis=(1, 2))
        won[:, rows, columns] &= window == y[:, p, None, q, None]
    return y, won


# %% wrong assigns: overwritten
# The winners are kept for each window, and = stands where += is needed
# (0809zheng/CS231n-assignment2019, issue 19; FluxML/NNlib.jl, issue 205).
def max_pool(x, size, stride):
    y = empty_output(x, size, stride)
    for p, q, rows, columns in positions(x.shape, size, stride):
        y[:, p, q] = x[:, rows, columns].max(axis=(1, 2))
    return y, x.copy()


def max_pool_backward(dy, kept, size, stride):
    dx = np.zeros(kept.shape)
    for p, q, rows, columns in positions(kept.shape, size, stride):
        n, _, _, c = kept.shape
        best = kept[:, rows, columns].reshape(n, size * size, c).argmax(axis=1)
        wins = np.arange(size * size).reshape(size, size, 1) == best[:, None, None]
        dx[:, rows, columns] = np.where(wins, dy[:, p, None, q, None], dx[:, rows, columns])
    return dx


# %% wrong sends ties twice: ties-twice
# The winners sought again by == (Theano/Theano, issue 5248; apache/mxnet, issue 18563).
def max_pool(x, size, stride):
    y = empty_output(x, size, stride)
    for p, q, rows, columns in positions(x.shape, size, stride):
        y[:, p, q] = x[:, rows, columns].max(axis=(1, 2))
    return y, (x.copy(), y)


def max_pool_backward(dy, kept, size, stride):
    x, y = kept
    dx = np.zeros(x.shape)
    for p, q, rows, columns in positions(x.shape, size, stride):
        wins = x[:, rows, columns] == y[:, p, None, q, None]
        dx[:, rows, columns] += wins * dy[:, p, None, q, None]
    return dx


# %% wrong shares ties: ties-shared
# The gradient divided among equal pixels: another subgradient than the one asked for.
def max_pool(x, size, stride):
    y = empty_output(x, size, stride)
    for p, q, rows, columns in positions(x.shape, size, stride):
        y[:, p, q] = x[:, rows, columns].max(axis=(1, 2))
    return y, (x.copy(), y)


def max_pool_backward(dy, kept, size, stride):
    x, y = kept
    dx = np.zeros(x.shape)
    for p, q, rows, columns in positions(x.shape, size, stride):
        wins = x[:, rows, columns] == y[:, p, None, q, None]
        share = wins / wins.sum(axis=(1, 2), keepdims=True)
        dx[:, rows, columns] += share * dy[:, p, None, q, None]
    return dx


# %% wrong assigns the notes: notes-overwritten
# "Each pixel gets its gradient once."
def max_pool_backward(dy, kept, size, stride):
    dx = np.zeros(kept.shape)
    for p, q, rows, columns in positions(kept.shape, size, stride):
        dx[:, rows, columns] = kept[:, rows, columns] * dy[:, p, None, q, None]
    return dx


# %% wrong forgets the stride: stride-forgotten
# The winner's place taken as p + i instead of p stride + i.
def max_pool(x, size, stride):
    n, _, _, c = x.shape
    y = empty_output(x, size, stride)
    best = np.empty(y.shape, int)
    for p, q, rows, columns in positions(x.shape, size, stride):
        cells = x[:, rows, columns].reshape(n, size * size, c)
        best[:, p, q], y[:, p, q] = cells.argmax(axis=1), cells.max(axis=1)
    return y, (best, x.shape)


def max_pool_backward(dy, kept, size, stride):
    best, x_shape = kept
    dx = np.zeros(x_shape)
    for n, p, q, c in np.ndindex(dy.shape):
        i, j = divmod(int(best[n, p, q, c]), size)
        dx[n, p + i, q + j, c] += dy[n, p, q, c]
    return dx


# %% wrong changes the output: forward-broken
# Windows side by side whatever the stride: the bug is gone, and the pooling too.
def positions(x_shape, size, stride):
    h, w = x_shape[1:3]
    for p in range(h // size):
        for q in range(w // size):
            yield p, q, slice(p * size, (p + 1) * size), slice(q * size, (q + 1) * size)
