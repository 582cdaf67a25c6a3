# %% right one number after the other
import math

import numpy as np


def log_sum_exp(x):
    y = np.zeros(len(x))
    for n, row in enumerate(x):
        top = max(row)
        if top == -np.inf:
            y[n] = top
        else:
            y[n] = top + math.log(sum(math.exp(v - top) for v in row))
    return y


def log_softmax(x):
    y = np.zeros(x.shape)
    for n, row in enumerate(x):
        top = max(row)
        log_sum = math.log(sum(math.exp(v - top) for v in row))
        y[n] = [v - top - log_sum for v in row]
    return y


def softplus(x):
    def one(v):
        return v + math.log1p(math.exp(-v)) if v > 0 else math.log1p(math.exp(v))

    return np.array([one(v) for v in x.flat]).reshape(x.shape)


def variance(x):
    total = np.zeros(x.shape[1])
    mean = sum(x) / len(x)
    for row in x:
        total += (row - mean) * (row - mean)
    return total / len(x)


# %% right shared parts and running variance
import numpy as np


def log_sum_exp(x):
    y = np.full(len(x), -np.inf)
    some = np.isfinite(x.max(axis=1))
    z = x[some]
    top = z.max(axis=1)
    y[some] = top + np.log(np.einsum("nk->n", np.exp(z - top[:, None])))
    return y


def log_softmax(x):
    z = x - x.max(axis=1)[:, None]
    return z - log_sum_exp(z)[:, None]


def softplus(x):
    return -np.minimum(-x, 0) + np.log1p(np.exp(np.minimum(x, -x)))


def variance(x):
    mean, squares = np.zeros(x.shape[1]), np.zeros(x.shape[1])
    for n, row in enumerate(x, 1):
        d = row - mean
        mean = mean + d / n
        squares += d * (row - mean)
    return squares / len(x)


# %% wrong textbook log-sum-exp: overflow
# As it is defined.
import numpy as np


def log_sum_exp(x):
    return np.log(np.exp(x).sum(axis=1))


def log_softmax(x):
    z = x - x.max(axis=1, keepdims=True)
    return z - np.log(np.exp(z).sum(axis=1, keepdims=True))


def softplus(x):
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


def variance(x):
    return np.mean((x - x.mean(axis=0)) ** 2, axis=0)


# %% wrong one maximum: underflow
# x.max() of the whole array: rows far below it vanish.
import numpy as np


def log_sum_exp(x):
    top = x.max()
    with np.errstate(divide="ignore"):
        return top + np.log(np.exp(x - top).sum(axis=1))


def log_softmax(x):
    z = x - x.max(axis=1, keepdims=True)
    return z - np.log(np.exp(z).sum(axis=1, keepdims=True))


def softplus(x):
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


def variance(x):
    return np.mean((x - x.mean(axis=0)) ** 2, axis=0)


# %% wrong maximum not added: maximum-not-added
# Subtracted, and forgotten.
import numpy as np


def log_sum_exp(x):
    return np.log(np.exp(x - x.max(axis=1, keepdims=True)).sum(axis=1))


def log_softmax(x):
    z = x - x.max(axis=1, keepdims=True)
    return z - np.log(np.exp(z).sum(axis=1, keepdims=True))


def softplus(x):
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


def variance(x):
    return np.mean((x - x.mean(axis=0)) ** 2, axis=0)


# %% wrong minus infinity minus itself: inf-minus-inf
# rmcgibbo/logsumexp, issue 2; HenrikBengtsson/matrixStats, issue 84; microsoft/onnxruntime,
# issue 28461.
import numpy as np


def log_sum_exp(x):
    top = x.max(axis=1)
    with np.errstate(invalid="ignore"):
        return top + np.log(np.exp(x - top[:, None]).sum(axis=1))


def log_softmax(x):
    z = x - x.max(axis=1, keepdims=True)
    return z - np.log(np.exp(z).sum(axis=1, keepdims=True))


def softplus(x):
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


def variance(x):
    return np.mean((x - x.mean(axis=0)) ** 2, axis=0)


# %% wrong down the columns: axis
# clcarwin/sphereface_pytorch, issue 24, had the logarithm of softmax along the batch.
import numpy as np


def log_sum_exp(x):
    top = x.max(axis=0)
    return top + np.log(np.exp(x - top).sum(axis=0))


def log_softmax(x):
    z = x - x.max(axis=1, keepdims=True)
    return z - np.log(np.exp(z).sum(axis=1, keepdims=True))


def softplus(x):
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


def variance(x):
    return np.mean((x - x.mean(axis=0)) ** 2, axis=0)


# %% wrong logarithm of softmax: log-of-zero
# Two stable functions after one another; the first one rounds to 0.
import numpy as np


def log_sum_exp(x):
    top = x.max(axis=1)
    top = np.where(np.isfinite(top), top, 0)
    with np.errstate(divide="ignore"):
        return top + np.log(np.exp(x - top[:, None]).sum(axis=1))


def log_softmax(x):
    e = np.exp(x - x.max(axis=1, keepdims=True))
    return np.log(e / e.sum(axis=1, keepdims=True))


def softplus(x):
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


def variance(x):
    return np.mean((x - x.mean(axis=0)) ** 2, axis=0)


# %% wrong a small number: epsilon
# The usual repair of the above.
import numpy as np


def log_sum_exp(x):
    top = x.max(axis=1)
    top = np.where(np.isfinite(top), top, 0)
    with np.errstate(divide="ignore"):
        return top + np.log(np.exp(x - top[:, None]).sum(axis=1))


def log_softmax(x):
    e = np.exp(x - x.max(axis=1, keepdims=True))
    return np.log(e / e.sum(axis=1, keepdims=True) + 1e-12)


def softplus(x):
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


def variance(x):
    return np.mean((x - x.mean(axis=0)) ** 2, axis=0)


# %% wrong subtracts in the wrong order: absorbed
# x - (m + log(...)): right on paper.
import numpy as np


def log_sum_exp(x):
    top = x.max(axis=1)
    top = np.where(np.isfinite(top), top, 0)
    with np.errstate(divide="ignore"):
        return top + np.log(np.exp(x - top[:, None]).sum(axis=1))


def log_softmax(x):
    return x - log_sum_exp(x)[:, None]


def softplus(x):
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


def variance(x):
    return np.mean((x - x.mean(axis=0)) ** 2, axis=0)


# %% wrong textbook softplus: overflow
# rushter/MLAlgorithms, pull request 30; borgwang/tinynn, pull request 7.
import numpy as np


def log_sum_exp(x):
    top = x.max(axis=1)
    top = np.where(np.isfinite(top), top, 0)
    with np.errstate(divide="ignore"):
        return top + np.log(np.exp(x - top[:, None]).sum(axis=1))


def log_softmax(x):
    z = x - x.max(axis=1, keepdims=True)
    return z - np.log(np.exp(z).sum(axis=1, keepdims=True))


def softplus(x):
    return np.log(1 + np.exp(x))


def variance(x):
    return np.mean((x - x.mean(axis=0)) ** 2, axis=0)


# %% wrong the other side: overflow
# rushter/MLAlgorithms, pull request 31: the first repair divides by zero for negative numbers.
import numpy as np


def log_sum_exp(x):
    top = x.max(axis=1)
    top = np.where(np.isfinite(top), top, 0)
    with np.errstate(divide="ignore"):
        return top + np.log(np.exp(x - top[:, None]).sum(axis=1))


def log_softmax(x):
    z = x - x.max(axis=1, keepdims=True)
    return z - np.log(np.exp(z).sum(axis=1, keepdims=True))


def softplus(x):
    with np.errstate(divide="ignore"):
        return x + np.log(1 + 1 / np.exp(x))


def variance(x):
    return np.mean((x - x.mean(axis=0)) ** 2, axis=0)


# %% wrong threshold: threshold
# aesara-devs/aesara, issue 260: from 14 on x itself was returned, in single precision.
import numpy as np


def log_sum_exp(x):
    top = x.max(axis=1)
    top = np.where(np.isfinite(top), top, 0)
    with np.errstate(divide="ignore"):
        return top + np.log(np.exp(x - top[:, None]).sum(axis=1))


def log_softmax(x):
    z = x - x.max(axis=1, keepdims=True)
    return z - np.log(np.exp(z).sum(axis=1, keepdims=True))


def softplus(x):
    return np.where(x > 14, x, np.log1p(np.exp(np.minimum(x, 14))))


def variance(x):
    return np.mean((x - x.mean(axis=0)) ** 2, axis=0)


# %% wrong without log1p: absorbed
# borgwang/tinynn, issue 25; inv_softplus(-40) in sims1253/bayesfam, issue 31.
import numpy as np


def log_sum_exp(x):
    top = x.max(axis=1)
    top = np.where(np.isfinite(top), top, 0)
    with np.errstate(divide="ignore"):
        return top + np.log(np.exp(x - top[:, None]).sum(axis=1))


def log_softmax(x):
    z = x - x.max(axis=1, keepdims=True)
    return z - np.log(np.exp(z).sum(axis=1, keepdims=True))


def softplus(x):
    return np.maximum(x, 0) + np.log(1 + np.exp(-np.abs(x)))


def variance(x):
    return np.mean((x - x.mean(axis=0)) ** 2, axis=0)


# %% wrong x for its positive part: linear-everywhere
# x + log(1 + e^-|x|), for all signs.
import numpy as np


def log_sum_exp(x):
    top = x.max(axis=1)
    top = np.where(np.isfinite(top), top, 0)
    with np.errstate(divide="ignore"):
        return top + np.log(np.exp(x - top[:, None]).sum(axis=1))


def log_softmax(x):
    z = x - x.max(axis=1, keepdims=True)
    return z - np.log(np.exp(z).sum(axis=1, keepdims=True))


def softplus(x):
    return x + np.log1p(np.exp(-np.abs(x)))


def variance(x):
    return np.mean((x - x.mean(axis=0)) ** 2, axis=0)


# %% wrong square multiplied out: cancellation
# google/flax, issue 1491; tensorflow/tensorflow, issue 3290; tenstorrent/tt-metal, issue 45968.
import numpy as np


def log_sum_exp(x):
    top = x.max(axis=1)
    top = np.where(np.isfinite(top), top, 0)
    with np.errstate(divide="ignore"):
        return top + np.log(np.exp(x - top[:, None]).sum(axis=1))


def log_softmax(x):
    z = x - x.max(axis=1, keepdims=True)
    return z - np.log(np.exp(z).sum(axis=1, keepdims=True))


def softplus(x):
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


def variance(x):
    return np.mean(x**2, axis=0) - np.mean(x, axis=0) ** 2


# %% wrong cut off at zero: cancellation
# The repair in google/flax, issue 1491: no longer negative, and still wrong.
import numpy as np


def log_sum_exp(x):
    top = x.max(axis=1)
    top = np.where(np.isfinite(top), top, 0)
    with np.errstate(divide="ignore"):
        return top + np.log(np.exp(x - top[:, None]).sum(axis=1))


def log_softmax(x):
    z = x - x.max(axis=1, keepdims=True)
    return z - np.log(np.exp(z).sum(axis=1, keepdims=True))


def softplus(x):
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


def variance(x):
    return np.maximum(np.mean(x**2, axis=0) - np.mean(x, axis=0) ** 2, 0)


# %% wrong N - 1: n-minus-1
# The estimate of statistics.
import numpy as np


def log_sum_exp(x):
    top = x.max(axis=1)
    top = np.where(np.isfinite(top), top, 0)
    with np.errstate(divide="ignore"):
        return top + np.log(np.exp(x - top[:, None]).sum(axis=1))


def log_softmax(x):
    z = x - x.max(axis=1, keepdims=True)
    return z - np.log(np.exp(z).sum(axis=1, keepdims=True))


def softplus(x):
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


def variance(x):
    return np.sum((x - x.mean(axis=0)) ** 2, axis=0) / (len(x) - 1)
