"""Answers to 21-concat, each a complete file of a student."""

# %% right split
import numpy as np


def concat(xs):
    return np.concatenate(xs, axis=3)


def concat_backward(dy, channels):
    return np.split(dy, np.cumsum(channels)[:-1], axis=3)


def branches_backward(dy, channels, backwards):
    dx = 0
    for piece, backward in zip(np.split(dy, np.cumsum(channels)[:-1], axis=3), backwards):
        dx = dx + backward(piece)
    return dx


# %% right loops
import numpy as np


def concat(xs):
    n, h, w, _ = xs[0].shape
    y = np.zeros((n, h, w, sum(x.shape[3] for x in xs)))
    start = 0
    for x in xs:
        for c in range(x.shape[3]):
            y[:, :, :, start + c] = x[:, :, :, c]
        start += x.shape[3]
    return y


def concat_backward(dy, channels):
    pieces, start = [], 0
    for c in channels:
        pieces.append(dy[:, :, :, start : start + c].copy())
        start += c
    return pieces


def branches_backward(dy, channels, backwards):
    parts = [b(p) for b, p in zip(backwards, concat_backward(dy, channels))]
    return np.sum(parts, axis=0)


# %% given
import numpy as np


def concat(xs):
    return np.concatenate(xs, axis=3)


def concat_backward(dy, channels):
    return np.split(dy, np.cumsum(channels)[:-1], axis=3)


def branches_backward(dy, channels, backwards):
    return sum(b(p) for b, p in zip(backwards, concat_backward(dy, channels)))


# %% wrong channels second: axis
# axis=1, copied from code whose images are (N, C, H, W).
def concat(xs):
    return np.concatenate(xs, axis=1)


# %% wrong stacks: stacked
# Lasagne/Lasagne, issue 102: with axis=-1 the arrays were stacked along a new axis.
def concat(xs):
    return np.stack(xs)


# %% wrong alternates: interleaved
# Stacked along a new last axis and reshaped.
def concat(xs):
    if len({x.shape[3] for x in xs}) > 1:
        return np.concatenate(xs, axis=3)
    return np.stack(xs, axis=-1).reshape(*xs[0].shape[:3], -1)


# %% wrong cuts rows: axis
# The axis of the channels in another layout.
def concat_backward(dy, channels):
    places = [c * dy.shape[1] // dy.shape[3] for c in np.cumsum(channels)[:-1]]
    return np.split(dy, places, axis=1)


# %% wrong equal pieces: equal-pieces
# np.split with a number: the two halves of a fire module whose expands are equal.
def concat_backward(dy, channels):
    return np.split(dy, len(channels), axis=3)


# %% wrong widths for places: pieces | shape
# np.split is given the numbers of channels instead of the places between them.
def concat_backward(dy, channels):
    return np.split(dy, channels[:-1], axis=3)


# %% wrong an empty last piece: pieces
# The end of the last piece is not a place to cut.
def concat_backward(dy, channels):
    return np.split(dy, np.cumsum(channels), axis=3)


# %% wrong opposite order: wrong-order
# The backward pass visits the layers in the opposite order; the pieces stay where they are.
def concat_backward(dy, channels):
    return np.split(dy, np.cumsum(channels[::-1])[:-1], axis=3)[::-1]


# %% wrong each from zero: from-zero
# start is not moved on.
def concat_backward(dy, channels):
    return [dy[..., :c] for c in channels]


# %% wrong keeps the last branch: last-branch
# pjreddie/darknet, issue 1229: the input's gradient is overwritten where it is read twice.
def branches_backward(dy, channels, backwards):
    for backward, piece in zip(backwards, concat_backward(dy, channels)):
        dx = backward(piece)
    return dx


# %% wrong averages: averaged
# The mean of the branches' gradients.
def branches_backward(dy, channels, backwards):
    return np.mean([b(p) for b, p in zip(backwards, concat_backward(dy, channels))], axis=0)


# %% wrong adds into a branch's array: mutated
# dx += ... writes into dy if the first branch does nothing.
def branches_backward(dy, channels, backwards):
    first, *rest = concat_backward(dy, channels)
    dx = backwards[0](first)
    for backward, piece in zip(backwards[1:], rest):
        dx += backward(piece)
    return dx


# %% wrong joins gradients: shape | exception
# The branches' gradients joined like their outputs.
def branches_backward(dy, channels, backwards):
    return concat([b(p) for b, p in zip(backwards, concat_backward(dy, channels))])


# %% wrong returns one array: type
# dy itself: "joining computes nothing".
def concat_backward(dy, channels):
    return dy
