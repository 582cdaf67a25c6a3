# %% right with tanh
import numpy as np


def sigmoid(x):
    return 0.5 * (1 + np.tanh(0.5 * x))


def sigmoid_backward(dy, y):
    return dy * (y - y * y)


def tanh(x):
    return 2 * sigmoid(2 * x) - 1


def tanh_backward(dy, y):
    return dy * (1 - y) * (1 + y)


# %% right masks
import numpy as np


def sigmoid(x):
    y = np.empty(x.shape)
    positive = x >= 0
    y[positive] = 1 / (1 + np.exp(-x[positive]))
    e = np.exp(x[~positive])
    y[~positive] = e / (1 + e)
    return y


def sigmoid_backward(dy, y):
    return np.multiply(dy, np.multiply(y, 1 - y))


def tanh(x):
    e = np.exp(-2 * np.abs(x))
    return np.sign(x) * (1 - e) / (1 + e)


def tanh_backward(dy, y):
    return dy - dy * y * y


# %% right one number after the other
import math

import numpy as np


def sigmoid(x):
    def one(v):
        return 1 / (1 + math.exp(-v)) if v > 0 else math.exp(v) / (1 + math.exp(v))

    return np.array([one(v) for v in x.flat]).reshape(x.shape)


def sigmoid_backward(dy, y):
    dx = np.zeros(y.shape)
    for i in np.ndindex(y.shape):
        dx[i] = dy[i] * y[i] * (1 - y[i])
    return dx


def tanh(x):
    return np.array([math.tanh(v) for v in x.flat]).reshape(x.shape)


def tanh_backward(dy, y):
    dx = np.zeros(y.shape)
    for i in np.ndindex(y.shape):
        dx[i] = dy[i] * (1 - y[i] ** 2)
    return dx


# %% wrong as in the textbook: overflow
# ahmedfgad/NumPyCNN, issue 13: right in the end, with infinity on the way.
import numpy as np


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def sigmoid_backward(dy, y):
    return dy * y * (1 - y)


def tanh(x):
    return np.tanh(x)


def tanh_backward(dy, y):
    return dy * (1 - y**2)


# %% wrong branches the wrong way round: overflow
# hail-is/hail, pull request 10606: each form is used where it overflows.
import numpy as np


def sigmoid(x):
    y = np.empty(x.shape)
    positive = x >= 0
    e = np.exp(x[positive])
    y[positive] = e / (1 + e)
    y[~positive] = 1 / (1 + np.exp(-x[~positive]))
    return y


def sigmoid_backward(dy, y):
    return dy * y * (1 - y)


def tanh(x):
    return np.tanh(x)


def tanh_backward(dy, y):
    return dy * (1 - y**2)


# %% wrong where computes both: overflow
# The right forms, but np.where does not skip what it will not choose.
import numpy as np


def sigmoid(x):
    return np.where(x >= 0, 1 / (1 + np.exp(-x)), np.exp(x) / (1 + np.exp(x)))


def sigmoid_backward(dy, y):
    return dy * y * (1 - y)


def tanh(x):
    return np.tanh(x)


def tanh_backward(dy, y):
    return dy * (1 - y**2)


# %% wrong clipped: clipped
# nextgis/qgis_molusce, pull request 57, cuts x off against overflow; here at 10, which is too soon.
import numpy as np


def sigmoid(x):
    return 1 / (1 + np.exp(-np.clip(x, -10, 10)))


def sigmoid_backward(dy, y):
    return dy * y * (1 - y)


def tanh(x):
    return np.tanh(x)


def tanh_backward(dy, y):
    return dy * (1 - y**2)


# %% wrong sigmoid of the output: sigmoid-again
# davidrmiller/neural2d, issue 40; proposed in rasmusbergpalm/DeepLearnToolbox, issue 165.
import numpy as np


def sigmoid(x):
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1, e) / (1 + e)


def sigmoid_backward(dy, y):
    s = sigmoid(y)
    return dy * s * (1 - s)


def tanh(x):
    return np.tanh(x)


def tanh_backward(dy, y):
    return dy * (1 - y**2)


# %% wrong half a formula: half-formula
# torch/torch7, issue 232: 1 * (1 - y) taken for the derivative.
import numpy as np


def sigmoid(x):
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1, e) / (1 + e)


def sigmoid_backward(dy, y):
    return dy * (1 - y)


def tanh(x):
    return np.tanh(x)


def tanh_backward(dy, y):
    return dy * (1 - y**2)


# %% wrong slope without dy: upstream
# The derivative of the function, not that of the loss.
import numpy as np


def sigmoid(x):
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1, e) / (1 + e)


def sigmoid_backward(dy, y):
    return y * (1 - y)


def tanh(x):
    return np.tanh(x)


def tanh_backward(dy, y):
    return 1 - y**2


# %% wrong multiplies into dy: mutated
# dy *= ... saves an array and spoils the caller's.
import numpy as np


def sigmoid(x):
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1, e) / (1 + e)


def sigmoid_backward(dy, y):
    dy *= y * (1 - y)
    return dy


def tanh(x):
    return np.tanh(x)


def tanh_backward(dy, y):
    return dy * (1 - y**2)


# %% wrong the tangent's slope: tangent
# gy910210/neural-network-from-scratch, issue 2: 1 + y^2 belongs to tan.
import numpy as np


def sigmoid(x):
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1, e) / (1 + e)


def sigmoid_backward(dy, y):
    return dy * y * (1 - y)


def tanh(x):
    return np.tanh(x)


def tanh_backward(dy, y):
    return dy * (1 + y**2)


# %% wrong sigmoid's slope for tanh: sigmoid-slope
# The line above, copied.
import numpy as np


def sigmoid(x):
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1, e) / (1 + e)


def sigmoid_backward(dy, y):
    return dy * y * (1 - y)


def tanh(x):
    return np.tanh(x)


def tanh_backward(dy, y):
    return dy * y * (1 - y)


# %% wrong tanh as quotient: overflow
# The definition, taken literally: infinity by infinity.
import numpy as np


def sigmoid(x):
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1, e) / (1 + e)


def sigmoid_backward(dy, y):
    return dy * y * (1 - y)


def tanh(x):
    return (np.exp(x) - np.exp(-x)) / (np.exp(x) + np.exp(-x))


def tanh_backward(dy, y):
    return dy * (1 - y**2)


# %% wrong tanh from sigmoid(x): argument
# tanh(x) = 2 sigmoid(2 x) - 1, with both 2s.
import numpy as np


def sigmoid(x):
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1, e) / (1 + e)


def sigmoid_backward(dy, y):
    return dy * y * (1 - y)


def tanh(x):
    return 2 * sigmoid(x) - 1


def tanh_backward(dy, y):
    return dy * (1 - y**2)


# %% wrong sign of the exponent: mirrored
# 1 / (1 + e^x).
import numpy as np


def sigmoid(x):
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, e, 1) / (1 + e)


def sigmoid_backward(dy, y):
    return dy * y * (1 - y)


def tanh(x):
    return np.tanh(x)


def tanh_backward(dy, y):
    return dy * (1 - y**2)
