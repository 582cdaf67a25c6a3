"""Answers to 20-batch-norm, each a complete file of a student."""

# %% right paper
import numpy as np

AXES = (0, 1, 2)


def forward(x, weight, bias, eps=1e-5):
    mean = np.mean(x, axis=AXES)
    centred = x - mean
    scale = (np.mean(centred * centred, axis=AXES) + eps) ** -0.5
    return weight * (centred * scale) + bias, centred * scale, scale


def update_running(running_mean, running_var, x, momentum=0.1):
    mean, var = x.mean(axis=AXES), x.var(axis=AXES, ddof=1)
    return (
        running_mean + momentum * (mean - running_mean),
        running_var + momentum * (var - running_var),
    )


def evaluate(x, weight, bias, running_mean, running_var, eps=1e-5):
    factor = weight / np.sqrt(running_var + eps)
    return x * factor + (bias - running_mean * factor)


def backward(dy, x_hat, scale, weight):
    # The equations of section 3, with x - mean = x_hat / scale.
    m = dy.size // dy.shape[3]
    centred = x_hat / scale
    dx_hat = dy * weight
    dvar = (dx_hat * centred).sum(axis=AXES) * -0.5 * scale**3
    dmean = -(dx_hat * scale).sum(axis=AXES) + dvar * (-2 * centred).sum(axis=AXES) / m
    dx = dx_hat * scale + dvar * 2 * centred / m + dmean / m
    return dx, (dy * x_hat).sum(axis=AXES), dy.sum(axis=AXES)


# %% right rows
import numpy as np


def rows(x):
    return x.reshape(-1, x.shape[-1])


def forward(x, weight, bias, eps=1e-5):
    flat = rows(x)
    mean = np.einsum("mc->c", flat) / len(flat)
    var = np.einsum("mc,mc->c", flat - mean, flat - mean) / len(flat)
    scale = 1 / np.sqrt(var + eps)
    x_hat = ((flat - mean) * scale).reshape(x.shape)
    return weight * x_hat + bias, x_hat, scale


def update_running(running_mean, running_var, x, momentum=0.1):
    flat = rows(x)
    mean = flat.mean(axis=0)
    var = ((flat - mean) ** 2).sum(axis=0) / (len(flat) - 1)
    return (1 - momentum) * running_mean + momentum * mean, (
        1 - momentum
    ) * running_var + momentum * var


def evaluate(x, weight, bias, running_mean, running_var, eps=1e-5):
    return weight * (x - running_mean) / np.sqrt(running_var + eps) + bias


def backward(dy, x_hat, scale, weight):
    # One projection: take away what lies along the constant and along x_hat, channel by channel.
    m = dy.size // dy.shape[3]
    dx = np.empty_like(dy)
    for c in range(dy.shape[3]):
        g, h = dy[..., c].ravel(), x_hat[..., c].ravel()
        g = g - g.sum() / m - h * (g @ h) / m
        dx[..., c] = (weight[c] * scale[c] * g).reshape(dy.shape[:3])
    return dx, np.einsum("nhwc,nhwc->c", dy, x_hat), np.einsum("nhwc->c", dy)


# %% given
import numpy as np

AXES = (0, 1, 2)


def forward(x, weight, bias, eps=1e-5):
    scale = 1 / np.sqrt(x.var(axis=AXES) + eps)
    x_hat = (x - x.mean(axis=AXES)) * scale
    return weight * x_hat + bias, x_hat, scale


def update_running(running_mean, running_var, x, momentum=0.1):
    mean, var = x.mean(axis=AXES), x.var(axis=AXES, ddof=1)
    return (
        (1 - momentum) * running_mean + momentum * mean,
        (1 - momentum) * running_var + momentum * var,
    )


def evaluate(x, weight, bias, running_mean, running_var, eps=1e-5):
    return weight * (x - running_mean) / np.sqrt(running_var + eps) + bias


def backward(dy, x_hat, scale, weight):
    d = dy * weight
    dx = scale * (d - d.mean(axis=AXES) - x_hat * (d * x_hat).mean(axis=AXES))
    return dx, (dy * x_hat).sum(axis=AXES), dy.sum(axis=AXES)


# %% wrong statistics are constants: constant-statistics
# "Frozen" statistics in training mode.
def backward(dy, x_hat, scale, weight):
    return dy * weight * scale, (dy * x_hat).sum(axis=AXES), dy.sum(axis=AXES)


# %% wrong forgets the variance: variance-forgotten
# Only the way through the mean.
def backward(dy, x_hat, scale, weight):
    d = dy * weight
    return scale * (d - d.mean(axis=AXES)), (dy * x_hat).sum(axis=AXES), dy.sum(axis=AXES)


# %% wrong forgets the mean: mean-forgotten
# Only the way through the variance.
def backward(dy, x_hat, scale, weight):
    d = dy * weight
    dx = scale * (d - x_hat * (d * x_hat).mean(axis=AXES))
    return dx, (dy * x_hat).sum(axis=AXES), dy.sum(axis=AXES)


# %% wrong forgets the weight: weight-forgotten
# denizyuret/Knet.jl, issue 288: dy in the place of dx_hat, which a weight of ones hides.
def backward(dy, x_hat, scale, weight):
    dx = scale * (dy - dy.mean(axis=AXES) - x_hat * (dy * x_hat).mean(axis=AXES))
    return dx, (dy * x_hat).sum(axis=AXES), dy.sum(axis=AXES)


# %% wrong divides by one less: divided-by-one-less
# The variance of the population in forward, that of the sample in backward.
def backward(dy, x_hat, scale, weight):
    d = dy * weight
    m = dy.size // dy.shape[3]
    dx = scale * (d - d.mean(axis=AXES) - x_hat * (d * x_hat).sum(axis=AXES) / (m - 1))
    return dx, (dy * x_hat).sum(axis=AXES), dy.sum(axis=AXES)


# %% wrong means of each sample: per-sample
# Means over the pixels of each sample, as instance norm has them.
def backward(dy, x_hat, scale, weight):
    d = dy * weight
    mean = d.mean(axis=(1, 2), keepdims=True)
    along = (d * x_hat).mean(axis=(1, 2), keepdims=True)
    return scale * (d - mean - x_hat * along), (dy * x_hat).sum(axis=AXES), dy.sum(axis=AXES)


# %% wrong sums in the place of means: sum-for-mean
# The 1/m of the paper's last terms is easily lost.
def backward(dy, x_hat, scale, weight):
    d = dy * weight
    dx = scale * (d - d.sum(axis=AXES) - x_hat * (d * x_hat).sum(axis=AXES))
    return dx, (dy * x_hat).sum(axis=AXES), dy.sum(axis=AXES)


# %% wrong eps after the root: eps-outside
# sqrt(var) + eps, as in many a first version.
def forward(x, weight, bias, eps=1e-5):
    scale = 1 / (x.std(axis=AXES) + eps)
    x_hat = (x - x.mean(axis=AXES)) * scale
    return weight * x_hat + bias, x_hat, scale


# %% wrong squares the sum: squared-sum
# denizyuret/Knet.jl, pull request 102: (sum of x - mean)^2 for sum of (x - mean)^2, which is zero.
def forward(x, weight, bias, eps=1e-5):
    mean = x.mean(axis=AXES)
    scale = 1 / np.sqrt((x - mean).mean(axis=AXES) ** 2 + eps)
    x_hat = (x - mean) * scale
    return weight * x_hat + bias, x_hat, scale


# %% wrong statistics over the samples: batch-axis
# axis=0, as for the rows of a linear layer.
def forward(x, weight, bias, eps=1e-5):
    scale = 1 / np.sqrt(x.var(axis=0) + eps)
    x_hat = (x - x.mean(axis=0)) * scale
    return weight * x_hat + bias, x_hat, scale


# %% wrong momentum the other way round: momentum-swapped
# TensorFlow's momentum is one minus PyTorch's.
def update_running(running_mean, running_var, x, momentum=0.1):
    mean, var = x.mean(axis=AXES), x.var(axis=AXES, ddof=1)
    return (
        momentum * running_mean + (1 - momentum) * mean,
        momentum * running_var + (1 - momentum) * var,
    )


# %% wrong biased running variance: biased
# tenstorrent/tt-metal, issue 55438; keras-team/keras, issue 8982.
def update_running(running_mean, running_var, x, momentum=0.1):
    mean, var = x.mean(axis=AXES), x.var(axis=AXES)
    return (
        (1 - momentum) * running_mean + momentum * mean,
        (1 - momentum) * running_var + momentum * var,
    )


# %% wrong corrects the mean: mean-corrected
# chainer/chainer, issue 332: m / (m - 1) applied to the mean as well.
def update_running(running_mean, running_var, x, momentum=0.1):
    m = x.size // x.shape[3]
    adjust = m / (m - 1)
    return (
        (1 - momentum) * running_mean + momentum * adjust * x.mean(axis=AXES),
        (1 - momentum) * running_var + momentum * adjust * x.var(axis=AXES),
    )


# %% wrong running arrays changed in place: mutated
# The caller's arrays change, and a second evaluation with the old ones is another one.
def update_running(running_mean, running_var, x, momentum=0.1):
    running_mean *= 1 - momentum
    running_mean += momentum * x.mean(axis=AXES)
    running_var *= 1 - momentum
    running_var += momentum * x.var(axis=AXES, ddof=1)
    return running_mean, running_var


# %% wrong batch statistics in evaluation: batch-statistics
# The training flag was never passed on.
def evaluate(x, weight, bias, running_mean, running_var, eps=1e-5):
    return forward(x, weight, bias, eps)[0]


# %% wrong centres in place: mutated
# x -= mean saves an array, and spoils x for everyone else.
def forward(x, weight, bias, eps=1e-5):
    scale = 1 / np.sqrt(x.var(axis=AXES) + eps)
    x -= x.mean(axis=AXES)
    x_hat = x * scale
    return weight * x_hat + bias, x_hat, scale
