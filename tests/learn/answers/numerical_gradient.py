# %% right nditer, moved and put back
import numpy as np


def numerical_gradient(f, x, dy, h=1e-5):
    x = np.array(x, np.float64)
    dx = np.zeros(x.shape)
    it = np.nditer(x, flags=["multi_index", "zerosize_ok"])
    for _ in it:
        index = it.multi_index
        old = x[index]
        x[index] = old + h
        above = np.array(f(x))
        x[index] = old - h
        below = np.array(f(x))
        x[index] = old
        dx[index] = np.vdot(dy, above - below) / (2 * h)
    return dx


# %% right one row of the identity for each entry
import numpy as np


def numerical_gradient(f, x, dy, h=1e-5):
    x = np.asarray(x).astype(float)

    def loss(move):
        return (dy * f(x + move.reshape(x.shape))).sum()

    moves = h * np.eye(x.size)
    slopes = [(loss(m) - loss(-m)) / (2 * h) for m in moves]
    return np.array(slopes).reshape(x.shape)


# %% wrong forward difference: forward
# apache/mxnet, issue 3693: one call of f less, and an error that shrinks with h only.
import numpy as np


def numerical_gradient(f, x, dy, h=1e-5):
    x = np.array(x, float)
    dx = np.zeros(x.shape)
    y = f(x)
    for index in np.ndindex(x.shape):
        up = x.copy()
        up[index] += h
        dx[index] = np.sum(dy * (f(up) - y)) / h
    return dx


# %% wrong divides by h: over-h
# x + h and x - h are 2 h apart.
import numpy as np


def numerical_gradient(f, x, dy, h=1e-5):
    x = np.array(x, float)
    dx = np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        up, down = x.copy(), x.copy()
        up[index] += h
        down[index] -= h
        dx[index] = np.sum(dy * (f(up) - f(down))) / h
    return dx


# %% wrong divides by 2 and multiplies by h: brackets
# ... / 2 * h for ... / (2 * h).
import numpy as np


def numerical_gradient(f, x, dy, h=1e-5):
    x = np.array(x, float)
    dx = np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        up, down = x.copy(), x.copy()
        up[index] += h
        down[index] -= h
        dx[index] = np.sum(dy * (f(up) - f(down))) / 2 * h
    return dx


# %% wrong never puts x back: mutated
# The entry stays moved, and x is the caller's.
import numpy as np


def numerical_gradient(f, x, dy, h=1e-5):
    dx = np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        x[index] += h
        above = np.array(f(x))
        x[index] -= 2 * h
        below = np.array(f(x))
        dx[index] = np.sum(dy * (above - below)) / (2 * h)
    return dx


# %% wrong puts x back by adding: mutated
# (x + h) - 2 h + h is not x: rounding leaves another last digit.
import numpy as np


def numerical_gradient(f, x, dy, h=1e-5):
    dx = np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        x[index] += h
        above = np.array(f(x))
        x[index] -= 2 * h
        below = np.array(f(x))
        x[index] += h
        dx[index] = np.sum(dy * (above - below)) / (2 * h)
    return dx


# %% wrong moves a copy further and further: not-undone
# The copy saves the caller's x, and the second entry is measured beside the moved first one.
import numpy as np


def numerical_gradient(f, x, dy, h=1e-5):
    moved = np.array(x, float)
    dx = np.zeros(moved.shape)
    for index in np.ndindex(moved.shape):
        moved[index] += h
        above = np.array(f(moved))
        moved[index] -= 2 * h
        below = np.array(f(moved))
        dx[index] = np.sum(dy * (above - below)) / (2 * h)
    return dx


# %% wrong whole numbers: integer
# oreilly-japan/deep-learning-from-scratch, issue 51: for x = [1, 2] it answers [5000, 15000].
import numpy as np


def numerical_gradient(f, x, dy, h=1e-5):
    x = x.copy()
    dx = np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        old = x[index]
        x[index] = old + h
        above = np.array(f(x))
        x[index] = old - h
        below = np.array(f(x))
        x[index] = old
        dx[index] = np.sum(dy * (above - below)) / (2 * h)
    return dx


# %% wrong result like x: dtype
# np.zeros_like(x) is an array of integers for an x of integers, and cuts off every derivative.
import numpy as np


def numerical_gradient(f, x, dy, h=1e-5):
    dx = np.zeros_like(x)
    x = x.astype(float)
    for index in np.ndindex(x.shape):
        up, down = x.copy(), x.copy()
        up[index] += h
        down[index] -= h
        dx[index] = np.sum(dy * (f(up) - f(down))) / (2 * h)
    return dx


# %% wrong float32: float32
# PaddlePaddle/Paddle, issue 4283: float32 drowns the difference in rounding.
import numpy as np


def numerical_gradient(f, x, dy, h=1e-5):
    if x.dtype.kind != "f":
        x = x.astype(float)
    dx = np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        up, down = x.copy(), x.copy()
        up[index] += h
        down[index] -= h
        dx[index] = np.sum(dy * (f(up) - f(down))) / (2 * h)
    return dx


# %% wrong plain sum of y: upstream
# minitorch and others check with dy = 1 everywhere; then it makes no difference.
import numpy as np


def numerical_gradient(f, x, dy, h=1e-5):
    x = np.array(x, float)
    dx = np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        up, down = x.copy(), x.copy()
        up[index] += h
        down[index] -= h
        dx[index] = (f(up) - f(down)).sum() / (2 * h)
    return dx


# %% wrong a step of its own: step
# "The smaller the better": the argument is not used.
import numpy as np


def numerical_gradient(f, x, dy, h=1e-5):
    x = np.array(x, float)
    h = 1e-5
    dx = np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        up, down = x.copy(), x.copy()
        up[index] += h
        down[index] -= h
        dx[index] = np.sum(dy * (f(up) - f(down))) / (2 * h)
    return dx


# %% wrong moves rows: row
# for i in range(len(x)) is a loop over entries for one axis only.
import numpy as np


def numerical_gradient(f, x, dy, h=1e-5):
    x = np.array(x, float)
    dx = np.zeros(x.shape)
    for i in range(len(x)):
        up, down = x.copy(), x.copy()
        up[i] += h
        down[i] -= h
        dx[i] = np.sum(dy * (f(up) - f(down))) / (2 * h)
    return dx


# %% wrong moves a flat copy: zeros
# x.flatten() is a copy: f is called with an x in which nothing moves.
import numpy as np


def numerical_gradient(f, x, dy, h=1e-5):
    x = np.array(x, float)
    flat = x.flatten()
    dx = np.zeros(x.size)
    for i in range(x.size):
        old = flat[i]
        flat[i] = old + h
        above = f(x)
        flat[i] = old - h
        below = f(x)
        flat[i] = old
        dx[i] = np.sum(dy * (above - below)) / (2 * h)
    return dx.reshape(x.shape)


# %% wrong two results in one array: view
# Seen where f is a reshape or a transpose: f(x + h) and f(x - h) are then the same memory.
import numpy as np


def numerical_gradient(f, x, dy, h=1e-5):
    x = np.array(x, float)
    dx = np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        old = x[index]
        x[index] = old + h
        above = f(x)
        x[index] = old - h
        below = f(x)
        x[index] = old
        dx[index] = np.sum(dy * (above - below)) / (2 * h)
    return dx


# %% wrong one vector only: exception|shape
# dx[i] for i in range(x.size) is written for one axis.
import numpy as np


def numerical_gradient(f, x, dy, h=1e-5):
    x = np.array(x, float)
    dx = np.zeros(x.size)
    for i in range(x.size):
        up, down = x.copy(), x.copy()
        up.flat[i] += h
        down.flat[i] -= h
        dx[i] = np.sum(dy * (f(up) - f(down))) / (2 * h)
    return dx


# %% wrong minus first: sign
# f(x - h) - f(x + h).
import numpy as np


def numerical_gradient(f, x, dy, h=1e-5):
    x = np.array(x, float)
    dx = np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        up, down = x.copy(), x.copy()
        up[index] += h
        down[index] -= h
        dx[index] = np.sum(dy * (f(down) - f(up))) / (2 * h)
    return dx
