# %% right with the Jacobian
import numpy as np


def softmax(x):
    y = np.zeros(x.shape)
    for n in range(len(x)):
        e = np.exp(x[n] - max(x[n]))
        y[n] = e / sum(e)
    return y


def softmax_backward(dy, y):
    dx = np.zeros(y.shape)
    for n in range(len(y)):
        jacobian = np.diag(y[n]) - np.outer(y[n], y[n])
        dx[n] = jacobian @ dy[n]
    return dx


# %% right einsum and logarithms
import numpy as np


def softmax(x):
    return np.exp(x - np.logaddexp.reduce(x, axis=1, keepdims=True))


def softmax_backward(dy, y):
    return y * dy - np.einsum("ni,ni,nk->nk", dy, y, y)


# %% wrong overflow: overflow
# deeplearning4j/deeplearning4j-examples, issue 730; numenta/nupic-legacy, pull request 3819.
import numpy as np


def softmax(x):
    e = np.exp(x)
    return e / e.sum(axis=1, keepdims=True)


def softmax_backward(dy, y):
    return y * (dy - (dy * y).sum(axis=1, keepdims=True))


# %% wrong one maximum for all: one-maximum
# x.max() without an axis, as softmax is written for one sample (githubharald/CTCWordBeamSearch,
# pull request 19).
import numpy as np


def softmax(x):
    e = np.exp(x - x.max())
    return e / e.sum(axis=1, keepdims=True)


def softmax_backward(dy, y):
    return y * (dy - (dy * y).sum(axis=1, keepdims=True))


# %% wrong maximum not below zero: not-negative
# FluxML/NNlib.jl, pull request 43; uTensor/uTensor, pull request 176: max(0, maximum).
import numpy as np


def softmax(x):
    e = np.exp(x - np.maximum(0, x.max(axis=1, keepdims=True)))
    return e / e.sum(axis=1, keepdims=True)


def softmax_backward(dy, y):
    return y * (dy - (dy * y).sum(axis=1, keepdims=True))


# %% wrong sum over everything: over-all
# rickwierenga/MLFundamentals, issue 1: np.exp(z) / np.sum(np.exp(z)) for a batch.
import numpy as np


def softmax(x):
    e = np.exp(x - x.max(axis=1, keepdims=True) + x.max(axis=1, keepdims=True))
    return e / np.sum(e)


def softmax_backward(dy, y):
    return y * (dy - (dy * y).sum(axis=1, keepdims=True))


# %% wrong down the columns: over-samples
# ethanfetaya/NRI, issue 25; deeplearning4j/deeplearning4j, issue 345: softmax along the batch.
import numpy as np


def softmax(x):
    e = np.exp(x)
    return e / e.sum(axis=0, keepdims=True)


def softmax_backward(dy, y):
    return y * (dy - (dy * y).sum(axis=1, keepdims=True))


# %% wrong shifts the numerator only: shift-not-shared
# The maximum subtracted above the line and not below it.
import numpy as np


def softmax(x):
    z = x - x.max(axis=1, keepdims=True)
    return np.exp(z) / np.exp(x).sum(axis=1, keepdims=True)


def softmax_backward(dy, y):
    return y * (dy - (dy * y).sum(axis=1, keepdims=True))


# %% wrong diagonal: diagonal
# y (1 - y), the derivative of a sigmoid (deeplearning4j/libnd4j, issue 440).
import numpy as np


def softmax(x):
    e = np.exp(x - x.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def softmax_backward(dy, y):
    return dy * y * (1 - y)


# %% wrong no sum over classes: no-sum
# y dy (HomericIntelligence/Odyssey, issue 2134).
import numpy as np


def softmax(x):
    e = np.exp(x - x.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def softmax_backward(dy, y):
    return y * dy


# %% wrong plain mean: plain-mean
# The mean of dy where the mean weighted by y belongs; right for any uniform dy.
import numpy as np


def softmax(x):
    e = np.exp(x - x.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def softmax_backward(dy, y):
    return y * (dy - dy.mean(axis=1, keepdims=True))


# %% wrong zeros: zeros
# With dy = 1 everywhere the true gradient is zero, so that this passes a check with ones.
import numpy as np


def softmax(x):
    e = np.exp(x - x.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def softmax_backward(dy, y):
    return np.zeros_like(dy)


# %% wrong sums over samples backwards: over-samples
# The wrong axis; a square batch hides it from a look at the shapes.
import numpy as np


def softmax(x):
    e = np.exp(x - x.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def softmax_backward(dy, y):
    return y * (dy - (dy * y).sum(axis=0, keepdims=True))


# %% wrong keepdims forgotten: exception
# (N,) does not go with (N, K), and where N = K it goes wrong without a word.
import numpy as np


def softmax(x):
    e = np.exp(x - x.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def softmax_backward(dy, y):
    return y * (dy - (dy * y).sum(axis=1))


# %% wrong subtracts in place: mutated
# x -= x.max(...) changes the caller's scores.
import numpy as np


def softmax(x):
    x -= x.max(axis=1, keepdims=True)
    e = np.exp(x)
    return e / e.sum(axis=1, keepdims=True)


def softmax_backward(dy, y):
    return y * (dy - (dy * y).sum(axis=1, keepdims=True))


# %% wrong that of the logarithm: log-softmax
# dy - y (sum of dy) belongs to log-softmax.
import numpy as np


def softmax(x):
    e = np.exp(x - x.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def softmax_backward(dy, y):
    return dy - y * dy.sum(axis=1, keepdims=True)
