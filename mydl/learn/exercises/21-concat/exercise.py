"""Concatenation: cutting a gradient where the arrays were joined

A fire module computes two arrays side by side and joins them along the channels. Joining computes
nothing: each number of y is a number of one of the inputs. So each number of dy is the gradient
of that one input, and the backward pass cuts dy at the same places:

    y          = [x_1, x_2, ...]        (N, H, W, C_1 + C_2 + ...)
    dx_1, ...  = dy, cut after C_1, after C_1 + C_2, ... channels

With channels [2, 1, 3] the pieces of dy are its channels 0-1, channel 2, and channels 3-5. Mind
the axis: here the channels are the *last* one; much code found elsewhere has them second.

Branches are what concatenation is used for. When *one* x goes into several branches whose outputs
are joined,

    y = [f_1(x), f_2(x), ...]

then x reaches the loss along every branch. Move x a little: each branch's output moves, and the
changes of the loss add up. Therefore

    dx = f_1'(dy_1) + f_2'(dy_2) + ...          a sum: not a mean, not the last one

In numbers: x = [1] goes through f_1(x) = 2x and f_2(x) = 5x, so y = [2, 5]. With dy = [1, 10] the
branches send back 2 * 1 and 5 * 10, and dx = [52].

Write the three functions below. No array that you are given may be changed: dy belongs to the
caller, and so does whatever a branch returned.

The library's layer: `mydl/layers/concat.py`.
"""

import numpy as np


def concat(xs):
    """Join arrays along the channels.

    Args: xs, a list of arrays (N, H, W, C_i) that agree in all but their channels.
    Returns: y (N, H, W, C_1 + C_2 + ...).
    """
    # BEGIN SOLUTION
    return np.concatenate(xs, axis=-1)
    # END SOLUTION


def concat_backward(dy, channels):
    """The gradients of the arrays that were joined.

    Args: dy (N, H, W, C_1 + C_2 + ...); channels, the list [C_1, C_2, ...].
    Returns: a list of the gradients, the i-th of shape (N, H, W, C_i).
    """
    # BEGIN SOLUTION
    ends = np.cumsum(channels)
    starts = ends - channels
    return [dy[..., start:end] for start, end in zip(starts, ends, strict=True)]
    # END SOLUTION


def branches_backward(dy, channels, backwards):
    """The gradient of one x that went into several branches, whose outputs were joined.

    Args: dy and channels as above; backwards, a list with each branch's backward pass: a function
        that takes the gradient of the branch's output (N, H, W, C_i) and returns the gradient of
        its input.
    Returns: dx, shaped as what the branches return.
    """
    # BEGIN SOLUTION
    pieces = concat_backward(dy, channels)
    return sum(backward(piece) for backward, piece in zip(backwards, pieces, strict=True))
    # END SOLUTION
