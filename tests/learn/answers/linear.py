# %% right loops
import numpy as np


def linear(x, W, b):
    y = np.zeros((x.shape[0], W.shape[1]))
    for n in range(x.shape[0]):
        for j in range(W.shape[1]):
            y[n, j] = b[j]
            for i in range(W.shape[0]):
                y[n, j] += x[n, i] * W[i, j]
    return y


def linear_backward(dy, x, W):
    dx, dW, db = np.zeros(x.shape), np.zeros(W.shape), np.zeros(W.shape[1])
    for n in range(x.shape[0]):
        for j in range(W.shape[1]):
            db[j] += dy[n, j]
            for i in range(W.shape[0]):
                dx[n, i] += dy[n, j] * W[i, j]
                dW[i, j] += dy[n, j] * x[n, i]
    return dx, dW, db


# %% right einsum
import numpy as np


def linear(x, W, b):
    return np.einsum("ni,ij->nj", x, W) + b[None, :]


def linear_backward(dy, x, W):
    dx = np.einsum("nj,ij->ni", dy, W)
    dW = np.einsum("ni,nj->ij", x, dy)
    db = np.einsum("nj->j", dy)
    return dx, dW, db


# %% right outer products
import numpy as np


def linear(x, W, b):
    return np.array([W.T @ row + b for row in x])


def linear_backward(dy, x, W):
    dW = sum(np.outer(a, d) for a, d in zip(x, dy))
    return np.array([W @ d for d in dy]), dW, np.ones(len(dy)) @ dy


# %% wrong one sum for all biases: one-bias
# rasbt/stat453-deep-learning-ss21, issue 5: torch.sum without a dimension.
import numpy as np


def linear(x, W, b):
    return x @ W + b


def linear_backward(dy, x, W):
    return dy @ W.T, x.T @ dy, np.sum(dy)


# %% wrong one sum in every bias: one-bias
# The same, assigned into an array of the right shape: broadcasting hides it.
import numpy as np


def linear(x, W, b):
    return x @ W + b


def linear_backward(dy, x, W):
    db = np.zeros(W.shape[1])
    db[:] = np.sum(dy)
    return dy @ W.T, x.T @ dy, db


# %% wrong mean of the bias: mean
# kvfrans/notes, issue 5: mean for sum.
import numpy as np


def linear(x, W, b):
    return x @ W + b


def linear_backward(dy, x, W):
    return dy @ W.T, x.T @ dy, dy.mean(axis=0)


# %% wrong divides by N once more: mean
# 1/m in every layer, as the notes of a well-known course have it for a loss that is a sum.
import numpy as np


def linear(x, W, b):
    return x @ W + b


def linear_backward(dy, x, W):
    m = len(x)
    return dy @ W.T, x.T @ dy / m, dy.sum(axis=0) / m


# %% wrong bias not summed: not-summed
# mlpack/mlpack, pull request 3679: right for one sample.
import numpy as np


def linear(x, W, b):
    return x @ W + b


def linear_backward(dy, x, W):
    return dy @ W.T, x.T @ dy, dy.copy()


# %% wrong keepdims: shape
# (1, out) for (out,): the update b -= db then makes a matrix of b, or fails.
import numpy as np


def linear(x, W, b):
    return x @ W + b


def linear_backward(dy, x, W):
    return dy @ W.T, x.T @ dy, dy.sum(axis=0, keepdims=True)


# %% wrong axis: axis
# Summed over outputs; deeplearning4j, pull request 364, had the mean on the wrong dimension.
import numpy as np


def linear(x, W, b):
    return x @ W + b


def linear_backward(dy, x, W):
    return dy @ W.T, x.T @ dy, dy.sum(axis=1)


# %% wrong fits the shape by any means: not-transposed
# Transposes only where the product fails, which it does not for square weights.
import numpy as np


def linear(x, W, b):
    return x @ W + b


def linear_backward(dy, x, W):
    dx = dy @ W if W.shape[0] == W.shape[1] else dy @ W.T
    return dx, x.T @ dy, dy.sum(axis=0)


# %% wrong dW transposed: shape
# (out, in), as PyTorch keeps its weights.
import numpy as np


def linear(x, W, b):
    return x @ W + b


def linear_backward(dy, x, W):
    return dy @ W.T, dy.T @ x, dy.sum(axis=0)


# %% wrong dW transposed where it fits: swapped
# reshape(W.shape) after dy.T @ x: for square weights it is a transpose.
import numpy as np


def linear(x, W, b):
    return x @ W + b


def linear_backward(dy, x, W):
    dW = dy.T @ x
    return dy @ W.T, dW if dW.shape == W.shape else dW.T, dy.sum(axis=0)


# %% wrong sums too early: outer-of-sums
# A mean over the batch taken before the product, "since gradients are averaged".
import numpy as np


def linear(x, W, b):
    return x @ W + b


def linear_backward(dy, x, W):
    return dy @ W.T, np.outer(x.sum(axis=0), dy.sum(axis=0)), dy.sum(axis=0)


# %% wrong keeps the last sample: last-sample
# = in a loop over samples, where += belongs.
import numpy as np


def linear(x, W, b):
    return x @ W + b


def linear_backward(dy, x, W):
    for n in range(len(x)):
        dW = np.outer(x[n], dy[n])
    return dy @ W.T, dW, dy.sum(axis=0)


# %% wrong order: order
# Weights first, as in other libraries.
import numpy as np


def linear(x, W, b):
    return x @ W + b


def linear_backward(dy, x, W):
    return x.T @ dy, dy.sum(axis=0), dy @ W.T


# %% wrong bias forgotten: no-bias
# Biases start at zero, so that a first run does not show it.
import numpy as np


def linear(x, W, b):
    return x @ W


def linear_backward(dy, x, W):
    return dy @ W.T, x.T @ dy, dy.sum(axis=0)
