# %% right one number after the other
import numpy as np


def dropout(x, p, rng, training=True):
    y, mask = np.zeros(x.shape), np.zeros(x.shape)
    for i in np.ndindex(x.shape):
        if not training:
            mask[i] = 1.0
        elif rng.random() >= p:
            mask[i] = 1 / (1 - p)
        y[i] = x[i] * mask[i]
    return y, mask


def dropout_backward(dy, mask):
    dx = np.zeros(dy.shape)
    for i in np.ndindex(dy.shape):
        if mask[i] != 0:
            dx[i] = dy[i] * mask[i]
    return dx


# %% right binomial
import numpy as np


def dropout(x, p, rng, training=True):
    keep = 1 - p if training else 1
    mask = rng.binomial(1, keep, size=x.shape).astype(float)
    if keep > 0:
        mask /= keep
    return np.multiply(x, mask), mask


def dropout_backward(dy, mask):
    return np.where(mask > 0, dy * mask, 0.0)


# %% wrong keeps with probability p: keep-for-drop
# p is that of keeping in the paper of 2014 and in TensorFlow 1 (kok202/Dluid, pull request 125).
import numpy as np


def dropout(x, p, rng, training=True):
    if not training:
        return x.copy(), np.ones(x.shape)
    mask = (rng.random(x.shape) < p) / max(p, 1e-9)
    return x * mask, mask


def dropout_backward(dy, mask):
    return dy * mask


# %% wrong scaled by 1 / p: scale-p
# kaldi-asr/kaldi, issue 2814; lmjohns3/theanets, pull request 123; ayrna/dlordinal, pull request
# 138. With p = 0.5 it makes no difference.
import numpy as np


def dropout(x, p, rng, training=True):
    if not training:
        return x.copy(), np.ones(x.shape)
    mask = (rng.random(x.shape) >= p) / p if p > 0 else np.ones(x.shape)
    return x * mask, mask


def dropout_backward(dy, mask):
    return dy * mask


# %% wrong doubled: scale-2
# mp2893/retain, pull request 1: the scale of p = 0.5, written down as a number.
import numpy as np


def dropout(x, p, rng, training=True):
    if not training:
        return x.copy(), np.ones(x.shape)
    mask = (rng.random(x.shape) >= p) * 2.0
    return x * mask, mask


def dropout_backward(dy, mask):
    return dy * mask


# %% wrong no scale: no-scale
# The mask as 0 and 1.
import numpy as np


def dropout(x, p, rng, training=True):
    if not training:
        return x.copy(), np.ones(x.shape)
    mask = (rng.random(x.shape) >= p) * 1.0
    return x * mask, mask


def dropout_backward(dy, mask):
    return dy * mask


# %% wrong scale outside the mask: no-scale
# y is right, and the mask that backward gets is not.
import numpy as np


def dropout(x, p, rng, training=True):
    if not training:
        return x.copy(), np.ones(x.shape)
    mask = rng.random(x.shape) >= p
    return x * mask / (1 - p), mask


def dropout_backward(dy, mask):
    return dy * mask


# %% wrong scaled by what was kept: counted
# clab/dynet, pull request 182, tried this.
import numpy as np


def dropout(x, p, rng, training=True):
    if not training:
        return x.copy(), np.ones(x.shape)
    kept = rng.random(x.shape) >= p
    mask = kept / max(kept.mean(), 1e-9)
    return x * mask, mask


def dropout_backward(dy, mask):
    return dy * mask


# %% wrong one mask for all samples: shared-mask
# Drawn for one sample and broadcast (joaopauloschuler/neural-api, issue 6).
import numpy as np


def dropout(x, p, rng, training=True):
    if not training:
        return x.copy(), np.ones(x.shape)
    mask = (rng.random(x.shape[1:]) >= p) / (1 - p)
    return x * mask, np.broadcast_to(mask, x.shape).copy()


def dropout_backward(dy, mask):
    return dy * mask


# %% wrong whole rows: shared-mask
# One draw for a sample.
import numpy as np


def dropout(x, p, rng, training=True):
    if not training:
        return x.copy(), np.ones(x.shape)
    mask = (rng.random((len(x), 1)) >= p) / (1 - p) * np.ones(x.shape)
    return x * mask, mask


def dropout_backward(dy, mask):
    return dy * mask


# %% wrong exactly a share: fixed-count
# The effective rate made exact, as proposed in modern-fortran/neural-fortran, pull request 194.
import numpy as np


def dropout(x, p, rng, training=True):
    if not training:
        return x.copy(), np.ones(x.shape)
    mask = np.full(x.size, 1 / (1 - p) if p < 1 else 0.0)
    mask[rng.permutation(x.size)[: round(p * x.size)]] = 0
    mask = mask.reshape(x.shape)
    return x * mask, mask


def dropout_backward(dy, mask):
    return dy * mask


# %% wrong global generator: not-rng
# np.random.rand in place of the generator that was passed in.
import numpy as np


def dropout(x, p, rng, training=True):
    if not training:
        return x.copy(), np.ones(x.shape)
    mask = (np.random.rand(*x.shape) >= p) / (1 - p)  # noqa: NPY002
    return x * mask, mask


def dropout_backward(dy, mask):
    return dy * mask


# %% wrong its own seed: not-rng
# Made repeatable once, to debug, and left so.
import numpy as np


def dropout(x, p, rng, training=True):
    rng = np.random.default_rng(0)
    if not training:
        return x.copy(), np.ones(x.shape)
    mask = (rng.random(x.shape) >= p) / (1 - p)
    return x * mask, mask


def dropout_backward(dy, mask):
    return dy * mask


# %% wrong drops in evaluation: eval-drops
# pytorch/pytorch, issue 10584; dlsyscourse/hw2, issue 13: its tests did not look.
import numpy as np


def dropout(x, p, rng, training=True):
    mask = (rng.random(x.shape) >= p) / (1 - p)
    return x * mask, mask


def dropout_backward(dy, mask):
    return dy * mask


# %% wrong scaled in evaluation: eval-scaled
# The paper's scaling in evaluation on top of the one in training; karpathy/convnetjs, pull request
# 106, is about which factor it should be.
import numpy as np


def dropout(x, p, rng, training=True):
    if not training:
        return x * (1 - p), np.ones(x.shape)
    mask = (rng.random(x.shape) >= p) / (1 - p)
    return x * mask, mask


def dropout_backward(dy, mask):
    return dy * mask


# %% wrong divides by zero: divided-by-zero
# p = 1 was not thought of.
import numpy as np


def dropout(x, p, rng, training=True):
    if not training:
        return x.copy(), np.ones(x.shape)
    mask = (rng.random(x.shape) >= p) / np.float64(1 - p)
    return x * mask, mask


def dropout_backward(dy, mask):
    return dy * mask


# %% wrong only the scale backwards: no-mask
# ddbourgin/numpy-ml, issue 94.
import numpy as np


def dropout(x, p, rng, training=True):
    if not training:
        return x.copy(), np.ones(x.shape)
    if p == 1:
        return np.zeros(x.shape), np.zeros(x.shape)
    mask = (rng.random(x.shape) >= p) / (1 - p)
    return x * mask, mask


def dropout_backward(dy, mask):
    return dy * mask.max()


# %% wrong only the mask backwards: no-scale
# The gradient masked, and not scaled.
import numpy as np


def dropout(x, p, rng, training=True):
    if not training:
        return x.copy(), np.ones(x.shape)
    if p == 1:
        return np.zeros(x.shape), np.zeros(x.shape)
    mask = (rng.random(x.shape) >= p) / (1 - p)
    return x * mask, mask


def dropout_backward(dy, mask):
    return dy * (mask > 0)


# %% wrong inverted: inverted
# The mask of the dropped values taken for that of the kept.
import numpy as np


def dropout(x, p, rng, training=True):
    if not training:
        return x.copy(), np.ones(x.shape)
    if p == 1:
        return np.zeros(x.shape), np.zeros(x.shape)
    mask = (rng.random(x.shape) >= p) / (1 - p)
    return x * mask, mask


def dropout_backward(dy, mask):
    return dy * (mask == 0) * mask.max()


# %% wrong draws again: drawn-again
# A new mask in backward.
import numpy as np


def dropout(x, p, rng, training=True):
    if not training:
        return x.copy(), np.ones(x.shape)
    if p == 1:
        return np.zeros(x.shape), np.zeros(x.shape)
    mask = (rng.random(x.shape) >= p) / (1 - p)
    return x * mask, mask


def dropout_backward(dy, mask):
    scale = mask.max()
    return dy * (np.random.rand(*dy.shape) < 1 / scale) * scale  # noqa: NPY002


# %% wrong multiplies into dy: mutated
# dy *= mask saves an array.
import numpy as np


def dropout(x, p, rng, training=True):
    if not training:
        return x.copy(), np.ones(x.shape)
    if p == 1:
        return np.zeros(x.shape), np.zeros(x.shape)
    mask = (rng.random(x.shape) >= p) / (1 - p)
    return x * mask, mask


def dropout_backward(dy, mask):
    dy *= mask
    return dy
