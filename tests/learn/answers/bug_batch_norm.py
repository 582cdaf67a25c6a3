"""Answers to 27-bug-batch-norm, each a complete file of a student."""

# %% right factor at the end
import numpy as np

AXES = (0, 1, 2)


def forward(x, weight, bias, eps=1e-5):
    mean, var = x.mean(axis=AXES), x.var(axis=AXES)
    return weight * (x - mean) / np.sqrt(var + eps) + bias, (x, mean, var, weight, eps)


def backward(dy, kept):
    x, mean, var, weight, eps = kept
    m = x.size // x.shape[3]
    centred = x - mean
    inverse_std = 1 / np.sqrt(var + eps)
    dy_scaled = dy * inverse_std
    dweight = (centred * dy_scaled).sum(axis=AXES)
    dbias = dy.sum(axis=AXES)
    dvar = -0.5 * (dy_scaled * centred * inverse_std**2).sum(axis=AXES)
    dmean = -dy_scaled.sum(axis=AXES) - 2 * dvar * centred.sum(axis=AXES) / m
    dx = dy_scaled + dvar * 2 * centred / m + dmean / m
    return weight * dx, dweight, dbias


# %% right written anew
import numpy as np


def backward(dy, kept):
    x, mean, var, weight, eps = kept
    scale = 1 / np.sqrt(var + eps)
    x_hat = (x - mean) * scale
    dx = np.empty_like(dy)
    for c in range(dy.shape[3]):
        g, h = weight[c] * dy[..., c], x_hat[..., c]
        dx[..., c] = scale[c] * (g - g.mean() - h * (g * h).mean())
    return dx, np.einsum("nhwc,nhwc->c", dy, x_hat), np.einsum("nhwc->c", dy)


# %% given
import numpy as np

AXES = (0, 1, 2)


def forward(x, weight, bias, eps=1e-5):
    mean, var = x.mean(axis=AXES), x.var(axis=AXES)
    return weight * (x - mean) / np.sqrt(var + eps) + bias, (x, mean, var, weight, eps)


def terms(d, kept):
    """The direct way, the one through the variance and the one through the mean, of a d x_hat."""
    x, mean, var, _, eps = kept
    m = x.size // x.shape[3]
    centred = x - mean
    scaled = d / np.sqrt(var + eps)
    dvar = -0.5 * (scaled * centred / (var + eps)).sum(axis=AXES)
    return scaled, dvar * 2 * centred / m, -scaled.sum(axis=AXES) / m


def parameters(dy, kept):
    x, mean, var, _, eps = kept
    x_hat = (x - mean) / np.sqrt(var + eps)
    return (dy * x_hat).sum(axis=AXES), dy.sum(axis=AXES)


# %% wrong not repaired: weight-forgotten
# denizyuret/Knet.jl, issue 288: the file as it is handed out.
def backward(dy, kept):
    x, mean, var, weight, eps = kept
    m = x.size // x.shape[3]
    centred = x - mean
    inverse_std = 1 / np.sqrt(var + eps)
    dy_scaled = dy * inverse_std
    dweight = (centred * dy_scaled).sum(axis=AXES)
    dbias = dy.sum(axis=AXES)
    dy = dy * weight
    dvar = -0.5 * (dy_scaled * centred * inverse_std**2).sum(axis=AXES)
    dmean = -dy_scaled.sum(axis=AXES) - 2 * dvar * centred.sum(axis=AXES) / m
    dx = dy_scaled + dvar * 2 * centred / m + dmean / m
    return dx, dweight, dbias


# %% wrong only the direct way: weight-in-direct-way
# dx = dy / sqrt(var + eps) + ..., with the dy that has the weight; dvar and dmean stay.
def backward(dy, kept):
    direct, var_way, mean_way = terms(dy, kept)
    return kept[3] * direct + var_way + mean_way, *parameters(dy, kept)


# %% wrong not through the mean: weight-in-mean-missing
# dmean is left as it was.
def backward(dy, kept):
    direct, var_way, mean_way = terms(dy, kept)
    return kept[3] * (direct + var_way) + mean_way, *parameters(dy, kept)


# %% wrong not through the variance: weight-in-variance-missing
# dvar is left as it was.
def backward(dy, kept):
    direct, var_way, mean_way = terms(dy, kept)
    return kept[3] * (direct + mean_way) + var_way, *parameters(dy, kept)


# %% wrong at the top: weight-in-dweight
# dy = dy * weight moved to the first line repairs dx and breaks the other two.
def backward(dy, kept):
    dy = dy * kept[3]
    return sum(terms(dy, kept)), *parameters(dy, kept)


# %% wrong before the bias: weight-in-dbias
# The line moved up by one: dweight is right, dbias is not.
def backward(dy, kept):
    dweight, _ = parameters(dy, kept)
    dy = dy * kept[3]
    return sum(terms(dy, kept)), dweight, dy.sum(axis=AXES)


# %% wrong twice: weight-twice
# dy * weight, and the factor at the end as well.
def backward(dy, kept):
    return kept[3] * sum(terms(dy * kept[3], kept)), *parameters(dy, kept)


# %% wrong divides: divided-by-weight
# "y was multiplied by the weight, so on the way back divide by it."
def backward(dy, kept):
    return sum(terms(dy, kept)) / kept[3], *parameters(dy, kept)


# %% wrong multiplies in place: mutated
# dy *= weight: dx is right, and the caller's dy is spoiled.
def backward(dy, kept):
    dweight, dbias = parameters(dy, kept)
    dy *= kept[3]
    return sum(terms(dy, kept)), dweight, dbias


# %% wrong absolute weight: absolute-weight
# A weight is taken for a scale that cannot be negative.
def backward(dy, kept):
    return np.abs(kept[3]) * sum(terms(dy, kept)), *parameters(dy, kept)


# %% wrong mean of the weights: channels | row-factor | weight-of-all
# One weight for all channels.
def backward(dy, kept):
    return kept[3].mean() * sum(terms(dy, kept)), *parameters(dy, kept)
