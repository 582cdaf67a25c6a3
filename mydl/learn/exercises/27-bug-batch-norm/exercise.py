"""Find the bug: a batch norm that is right on the first day

Here is a batch norm after the equations of the paper, with its backward pass. The author checked
it against finite differences, in a new network, and it passed. In a network that has been trained
for a while it does not: dx is wrong, though dweight and dbias are right.

Find out why, and repair it. The paper's equations (Ioffe and Szegedy 2015, section 3), for one
channel with m values, and with x_hat = (x - mean) / sqrt(var + eps), y = weight x_hat + bias:

    d x_hat = dy weight
    d var   = sum of d x_hat (x - mean) (-1/2) (var + eps)^(-3/2)
    d mean  = sum of d x_hat (-1 / sqrt(var + eps))  +  d var (sum of -2 (x - mean)) / m
    d x     = d x_hat / sqrt(var + eps)  +  d var 2 (x - mean) / m  +  d mean / m
    dweight = sum of dy x_hat
    dbias   = sum of dy

Compare the code with these lines. What is special about a new network, so that the check passed?

In numbers: one channel, x = [1, 2, 6], weight = 3, bias = 0 and dy = [1, 0, 0] give dx = [0.529,
-0.661, 0.132]. With weight = 1 all three are a third of it, and the code below gets those right.

Only `backward` may need a change. The bug is a real one; the derivation names the repository. The
library's layer: `mydl/layers/batchnorm.py`; your own is in the exercise `batch-norm`.
"""

import numpy as np

AXES = (0, 1, 2)  # of (N, H, W, C): a channel's statistics are over all samples and pixels


def forward(x, weight, bias, eps=1e-5):
    """The output y (N, H, W, C), and what `backward` needs: (x, mean, var, weight, eps)."""
    mean = x.mean(axis=AXES)
    var = x.var(axis=AXES)
    x_hat = (x - mean) / np.sqrt(var + eps)
    return weight * x_hat + bias, (x, mean, var, weight, eps)


def backward(dy, kept):
    """The gradients of x, weight and bias.

    Args: dy (N, H, W, C); kept, the second thing that `forward` returned.
    Returns: dx (N, H, W, C), dweight (C,), dbias (C,).
    """
    x, mean, var, weight, eps = kept
    m = x.size // x.shape[3]
    centred = x - mean
    # BEGIN BUG
    inverse_std = 1 / np.sqrt(var + eps)
    dy_scaled = dy * inverse_std

    dweight = (centred * dy_scaled).sum(axis=AXES)
    dbias = dy.sum(axis=AXES)
    dy = dy * weight

    dvar = -0.5 * (dy_scaled * centred * inverse_std**2).sum(axis=AXES)
    dmean = -dy_scaled.sum(axis=AXES) - 2 * dvar * centred.sum(axis=AXES) / m
    dx = dy_scaled + dvar * 2 * centred / m + dmean / m
    return dx, dweight, dbias
    # INSTEAD
    inverse_std = 1 / np.sqrt(var + eps)

    dweight = (dy * centred * inverse_std).sum(axis=AXES)
    dbias = dy.sum(axis=AXES)
    dx_hat = dy * weight

    dx_hat_scaled = dx_hat * inverse_std
    dvar = -0.5 * (dx_hat_scaled * centred * inverse_std**2).sum(axis=AXES)
    dmean = -dx_hat_scaled.sum(axis=AXES) - 2 * dvar * centred.sum(axis=AXES) / m
    dx = dx_hat_scaled + dvar * 2 * centred / m + dmean / m
    return dx, dweight, dbias
    # END BUG
