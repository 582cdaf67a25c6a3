"""Batch normalisation

A batch norm gives each channel mean 0 and variance 1 over the whole batch, then a learned scale
(`weight`) and shift (`bias`). Images are (N, H, W, C); each channel has m = N H W values:

    mean  = sum of x / m                           (C,)
    var   = sum of (x - mean)^2 / m                (C,)  divide by m, not by m - 1
    scale = 1 / sqrt(var + eps)                    (C,)
    x_hat = (x - mean) scale                       (N, H, W, C)
    y     = weight x_hat + bias                    (N, H, W, C)

That is training. In evaluation a photograph must not depend on what else is in its batch, so that
running averages, collected during training, take the place of mean and var:

    running_mean <- (1 - momentum) running_mean + momentum mean
    running_var  <- (1 - momentum) running_var  + momentum var m / (m - 1)

The factor m / (m - 1) makes the variance of a sample an estimate for all images.

Write the four functions below. `backward` is where to think: y depends on x in **three** ways, as
x itself, through mean, and through var, and dx is the sum of what comes back along all three.

In numbers: one channel with two pixels, x = [1, 3], eps = 0. Then mean = 2, var = 1, x_hat = [-1,
1]. With weight 2 and bias 5, y = [3, 7]. Add 10 to both pixels: y is still [3, 7]. Double both: y
is still [3, 7]. So for any dy, dx must be 0 here: two pixels can only move in those two
directions. If your dx is not, one of the three ways is missing.

The library's layer: `mydl/layers/batchnorm.py`. Paper: Ioffe and Szegedy 2015, arXiv 1502.03167.
"""

import numpy as np


def forward(x, weight, bias, eps=1e-5):
    """Normalise a batch in training.

    Args: x (N, H, W, C); weight and bias (C,); eps, added to the variance before the root.
    Returns: y (N, H, W, C), x_hat (N, H, W, C), scale (C,).
    """
    # BEGIN SOLUTION
    mean = x.mean(axis=(0, 1, 2))
    var = ((x - mean) ** 2).mean(axis=(0, 1, 2))
    scale = 1 / np.sqrt(var + eps)
    x_hat = (x - mean) * scale
    return weight * x_hat + bias, x_hat, scale
    # END SOLUTION


def update_running(running_mean, running_var, x, momentum=0.1):
    """Let the statistics of one batch enter the running ones.

    Args: running_mean and running_var (C,), which stay as they are; x (N, H, W, C); momentum, the
        share of the new batch.
    Returns: the new running_mean and the new running_var, both (C,).
    """
    # BEGIN SOLUTION
    mean, var = x.mean(axis=(0, 1, 2)), x.var(axis=(0, 1, 2))
    m = x.shape[0] * x.shape[1] * x.shape[2]
    new_mean = (1 - momentum) * running_mean + momentum * mean
    new_var = (1 - momentum) * running_var + momentum * var * m / (m - 1)
    return new_mean, new_var
    # END SOLUTION


def evaluate(x, weight, bias, running_mean, running_var, eps=1e-5):
    """Normalise by the running statistics, as in evaluation; returns y (N, H, W, C)."""
    # BEGIN SOLUTION
    x_hat = (x - running_mean) / np.sqrt(running_var + eps)
    return weight * x_hat + bias
    # END SOLUTION


def backward(dy, x_hat, scale, weight):
    """The gradients of `forward`, from dy and from what forward returned.

    Args: dy (N, H, W, C), the gradient of y; x_hat (N, H, W, C); scale (C,); weight (C,).
    Returns: dx (N, H, W, C), dweight (C,), dbias (C,).
    """
    # BEGIN SOLUTION
    axes = (0, 1, 2)
    dbias = dy.sum(axis=axes)
    dweight = (dy * x_hat).sum(axis=axes)

    dx_hat = dy * weight
    through_mean = dx_hat.mean(axis=axes)
    through_var = x_hat * (dx_hat * x_hat).mean(axis=axes)
    return scale * (dx_hat - through_mean - through_var), dweight, dbias
    # END SOLUTION
