"""Answers to 28-bug-padding, each a complete file of a student."""

# %% given
import numpy as np


def pads(length, size, stride):
    total = max((-(-length // stride) - 1) * stride + size - length, 0)
    return total // 2, total - total // 2


def conv_dx(dy, x_shape, weight, stride):
    n, h, w, c = x_shape
    kh, kw, _, _ = weight.shape
    rows, columns = pads(h, kh, stride), pads(w, kw, stride)
    dpadded = np.zeros((n, h + sum(rows), w + sum(columns), c))
    for i in range(kh):
        for j in range(kw):
            cells(dpadded, i, j, dy.shape, stride)[...] += dy @ weight[i, j].T
    return cut(dpadded, rows, columns, x_shape)


def cells(padded, i, j, y_shape, stride):
    _, h_out, w_out, _ = y_shape
    last_row, last_column = i + stride * (h_out - 1), j + stride * (w_out - 1)
    return padded[:, i : last_row + 1 : stride, j : last_column + 1 : stride]


# %% right ends from the front
def cut(padded, rows, columns, x_shape):
    height, width = padded.shape[1:3]
    return padded[:, rows[0] : height - rows[1], columns[0] : width - columns[1]]


# %% right none for zero
def cut(padded, rows, columns, x_shape):
    (top, bottom), (left, right) = rows, columns
    return padded[:, top : -bottom or None, left : -right or None]


# %% right pixel by pixel
def cut(padded, rows, columns, x_shape):
    image = np.empty(x_shape)
    for r in range(x_shape[1]):
        for s in range(x_shape[2]):
            image[:, r, s] = padded[:, rows[0] + r, columns[0] + s]
    return image


# %% wrong not repaired: empty-slice
# redwoodresearch/mlab, pull request 11: the file as it is handed out.
def cut(padded, rows, columns, x_shape):
    (top, bottom), (left, right) = rows, columns
    return padded[:, top:-bottom, left:-right]


# %% wrong only no padding at all: empty-slice
# The case that was noticed, and no other.
def cut(padded, rows, columns, x_shape):
    (top, bottom), (left, right) = rows, columns
    if top == bottom == left == right == 0:
        return padded
    return padded[:, top:-bottom, left:-right]


# %% wrong no side if one has none: not-cut
# if not all(...) takes one side without padding for none at all.
def cut(padded, rows, columns, x_shape):
    (top, bottom), (left, right) = rows, columns
    if not (top and bottom and left and right):
        return padded
    return padded[:, top:-bottom, left:-right]


# %% wrong at least one: too-small
# max(bottom, 1) avoids the zero and cuts off a row of the image.
def cut(padded, rows, columns, x_shape):
    (top, bottom), (left, right) = rows, columns
    return padded[:, top : -max(bottom, 1), left : -max(right, 1)]


# %% wrong forgets to cut the end: too-large
# Without the end there is no -0, and the padding below stays.
def cut(padded, rows, columns, x_shape):
    return padded[:, rows[0] :, columns[0] :]


# %% wrong the first rows: from-the-first
# The size is right, the place is not.
def cut(padded, rows, columns, x_shape):
    return padded[:, : x_shape[1], : x_shape[2]]


# %% wrong the last rows: from-the-last
# Counted from the end, which cuts off all padding above: the same where there is none there.
def cut(padded, rows, columns, x_shape):
    (_, bottom), (_, right) = rows, columns
    return padded[:, -x_shape[1] :, -x_shape[2] :]


# %% wrong equal on both sides: both-sides-alike
# vtjeng/MIPVerify.jl, pull request 23: as much before the image as after it.
def cut(padded, rows, columns, x_shape):
    (_, bottom), (_, right) = rows, columns
    return padded[:, bottom : bottom + x_shape[1], right : right + x_shape[2]]


# %% wrong rows for columns: sides-swapped | too-small
# left where top belongs, which square kernels and images hide.
def cut(padded, rows, columns, x_shape):
    top, left = columns[0], rows[0]
    return padded[:, top : top + x_shape[1], left : left + x_shape[2]]


# %% wrong the size as the end: too-small
# top:H in the place of top:top + H.
def cut(padded, rows, columns, x_shape):
    return padded[:, rows[0] : x_shape[1], columns[0] : x_shape[2]]


# %% wrong reshapes: exception
# np.reshape cannot know which rows to leave out.
def cut(padded, rows, columns, x_shape):
    return padded.reshape(x_shape)


# %% wrong resizes: scattered | permuted | misplaced | shift
# np.resize makes it fit, and takes the first numbers.
def cut(padded, rows, columns, x_shape):
    return np.resize(padded, x_shape)
