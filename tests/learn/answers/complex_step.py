# %% right root of the square
import numpy as np


def complex_step(f, x, dy, h=1e-20):
    z = np.array(x, complex)
    dx = []
    for i in range(z.size):
        z.flat[i] = z.flat[i] + 1j * h
        dx.append(np.vdot(dy, f(z.copy()).imag) / h)
        z.flat[i] = z.flat[i].real
    return np.array(dx, float).reshape(np.shape(x))


def scores(x, w):
    lengths = np.einsum("nd,nd->n", x, x) ** 0.5
    cosines = np.einsum("nd,dk,n->nk", x, w, 1 / lengths)
    size = np.sqrt(cosines**2)
    e = np.exp(size - size.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


# %% right one number after the other
import numpy as np


def complex_step(f, x, dy, h=1e-20):
    def slope(i):
        step = np.zeros(x.size, np.complex128)
        step[i] = h * 1j
        y = f(np.asarray(x, np.float64) + step.reshape(x.shape))
        return sum(d * v.imag / h for d, v in zip(dy.flat, np.asarray(y).flat))

    return np.reshape([slope(i) for i in range(x.size)], x.shape)


def scores(x, w):
    y = np.zeros((x.shape[0], w.shape[1]), dtype=x.dtype)
    for n in range(len(x)):
        length = np.sqrt(np.dot(x[n], x[n]))
        for k in range(w.shape[1]):
            c = np.dot(x[n], w[:, k]) / length
            y[n, k] = np.exp(c * np.sign(c.real))
        y[n] /= y[n].sum()
    return y


# %% wrong real part: real-part
# The step is imaginary, so is the answer.
import numpy as np


def complex_step(f, x, dy, h=1e-20):
    dx = np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        z = x.astype(complex)
        z[index] += 1j * h
        dx[index] = np.sum(dy * f(z)).real / h
    return dx


def scores(x, w):
    lengths = np.sqrt(np.sum(x * x, axis=1, keepdims=True))
    cosines = (x / lengths) @ w
    size = np.where(cosines.real < 0, -cosines, cosines)
    e = np.exp(size)
    return e / np.sum(e, axis=1, keepdims=True)


# %% wrong real step: real-step
# The forward difference with 1e-20, which vanishes beside any x.
import numpy as np


def complex_step(f, x, dy, h=1e-20):
    dx = np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        z = x.astype(complex)
        z[index] += h
        dx[index] = np.sum(dy * (f(z) - f(x.astype(complex)))).real / h
    return dx


def scores(x, w):
    lengths = np.sqrt(np.sum(x * x, axis=1, keepdims=True))
    cosines = (x / lengths) @ w
    size = np.where(cosines.real < 0, -cosines, cosines)
    e = np.exp(size)
    return e / np.sum(e, axis=1, keepdims=True)


# %% wrong not divided: not-divided
# The imaginary part is h times the derivative.
import numpy as np


def complex_step(f, x, dy, h=1e-20):
    dx = np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        z = x.astype(complex)
        z[index] += 1j * h
        dx[index] = np.sum(dy * f(z)).imag
    return dx


def scores(x, w):
    lengths = np.sqrt(np.sum(x * x, axis=1, keepdims=True))
    cosines = (x / lengths) @ w
    size = np.where(cosines.real < 0, -cosines, cosines)
    e = np.exp(size)
    return e / np.sum(e, axis=1, keepdims=True)


# %% wrong step of central differences: step
# 1e-5 is the best step there; here its square is seen.
import numpy as np


def complex_step(f, x, dy, h=1e-20):
    h = 1e-5
    dx = np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        z = x.astype(complex)
        z[index] += 1j * h
        dx[index] = np.sum(dy * f(z)).imag / h
    return dx


def scores(x, w):
    lengths = np.sqrt(np.sum(x * x, axis=1, keepdims=True))
    cosines = (x / lengths) @ w
    size = np.where(cosines.real < 0, -cosines, cosines)
    e = np.exp(size)
    return e / np.sum(e, axis=1, keepdims=True)


# %% wrong over 2 h: half
# From the central difference.
import numpy as np


def complex_step(f, x, dy, h=1e-20):
    dx = np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        z = x.astype(complex)
        z[index] += 1j * h
        dx[index] = np.sum(dy * f(z)).imag / (2 * h)
    return dx


def scores(x, w):
    lengths = np.sqrt(np.sum(x * x, axis=1, keepdims=True))
    cosines = (x / lengths) @ w
    size = np.where(cosines.real < 0, -cosines, cosines)
    e = np.exp(size)
    return e / np.sum(e, axis=1, keepdims=True)


# %% wrong all at once: all-at-once-times-dy
# Right for functions of single entries, and for nothing else.
import numpy as np


def complex_step(f, x, dy, h=1e-20):
    return dy * f(x + 1j * h).imag / h


def scores(x, w):
    lengths = np.sqrt(np.sum(x * x, axis=1, keepdims=True))
    cosines = (x / lengths) @ w
    size = np.where(cosines.real < 0, -cosines, cosines)
    e = np.exp(size)
    return e / np.sum(e, axis=1, keepdims=True)


# %% wrong vdot conjugates: sign
# np.vdot(a, b) takes the conjugate of a: the order matters.
import numpy as np


def complex_step(f, x, dy, h=1e-20):
    dx = np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        z = x.astype(complex)
        z[index] += 1j * h
        dx[index] = np.vdot(f(z), dy).imag / h
    return dx


def scores(x, w):
    lengths = np.sqrt(np.sum(x * x, axis=1, keepdims=True))
    cosines = (x / lengths) @ w
    size = np.where(cosines.real < 0, -cosines, cosines)
    e = np.exp(size)
    return e / np.sum(e, axis=1, keepdims=True)


# %% wrong into a real array: real-step
# x.copy() of floats cannot hold a complex number.
import numpy as np


def complex_step(f, x, dy, h=1e-20):
    dx = np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        z = x.copy()
        z[index] += 1j * h
        dx[index] = np.sum(dy * f(z)).imag / h
    return dx


def scores(x, w):
    lengths = np.sqrt(np.sum(x * x, axis=1, keepdims=True))
    cosines = (x / lengths) @ w
    size = np.where(cosines.real < 0, -cosines, cosines)
    e = np.exp(size)
    return e / np.sum(e, axis=1, keepdims=True)


# %% wrong complex64: complex64
# float32 plus a Python complex number is complex64.
import numpy as np


def complex_step(f, x, dy, h=1e-20):
    dx = np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        z = x + 0j
        z[index] += 1j * h
        dx[index] = np.sum(dy * f(z)).imag / h
    return dx


def scores(x, w):
    lengths = np.sqrt(np.sum(x * x, axis=1, keepdims=True))
    cosines = (x / lengths) @ w
    size = np.where(cosines.real < 0, -cosines, cosines)
    e = np.exp(size)
    return e / np.sum(e, axis=1, keepdims=True)


# %% wrong forgets dy: upstream
# The plain sum of y.
import numpy as np


def complex_step(f, x, dy, h=1e-20):
    dx = np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        z = x.astype(complex)
        z[index] += 1j * h
        dx[index] = np.sum(f(z)).imag / h
    return dx


def scores(x, w):
    lengths = np.sqrt(np.sum(x * x, axis=1, keepdims=True))
    cosines = (x / lengths) @ w
    size = np.where(cosines.real < 0, -cosines, cosines)
    e = np.exp(size)
    return e / np.sum(e, axis=1, keepdims=True)


# %% wrong scores as they were: discarded
# Nothing repaired.
import numpy as np


def complex_step(f, x, dy, h=1e-20):
    dx = np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        z = x.astype(complex)
        z[index] += 1j * h
        dx[index] = np.sum(dy * f(z)).imag / h
    return dx


def scores(x, w):
    lengths = np.linalg.norm(x, axis=1, keepdims=True)
    cosines = np.zeros((x.shape[0], w.shape[1]))
    for n in range(len(x)):
        cosines[n] = (x[n] / lengths[n]) @ w
    size = np.abs(cosines)
    e = np.exp(size)
    return e / np.sum(e, axis=1, keepdims=True)


# %% wrong real array kept: discarded
# OpenMDAO/OpenMDAO, pull request 2517: a vector that was not allocated as complex.
import numpy as np


def complex_step(f, x, dy, h=1e-20):
    dx = np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        z = x.astype(complex)
        z[index] += 1j * h
        dx[index] = np.sum(dy * f(z)).imag / h
    return dx


def scores(x, w):
    lengths = np.sqrt(np.sum(x * x, axis=1, keepdims=True))
    cosines = np.zeros((x.shape[0], w.shape[1]))
    for n in range(len(x)):
        cosines[n] = (x[n] / lengths[n]) @ w
    size = np.where(cosines < 0, -cosines, cosines)
    e = np.exp(size)
    return e / np.sum(e, axis=1, keepdims=True)


# %% wrong abs kept: abs
# OpenMDAO/OpenMDAO, pull request 1715: NumPy's absolute value in place of a complex-safe one.
import numpy as np


def complex_step(f, x, dy, h=1e-20):
    dx = np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        z = x.astype(complex)
        z[index] += 1j * h
        dx[index] = np.sum(dy * f(z)).imag / h
    return dx


def scores(x, w):
    lengths = np.sqrt(np.sum(x * x, axis=1, keepdims=True))
    size = np.abs((x / lengths) @ w)
    e = np.exp(size)
    return e / np.sum(e, axis=1, keepdims=True)


# %% wrong norm kept: norm
# OpenMDAO/OpenMDAO, pull request 782, was about a norm under complex step.
import numpy as np


def complex_step(f, x, dy, h=1e-20):
    dx = np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        z = x.astype(complex)
        z[index] += 1j * h
        dx[index] = np.sum(dy * f(z)).imag / h
    return dx


def scores(x, w):
    lengths = np.linalg.norm(x, axis=1, keepdims=True)
    cosines = (x / lengths) @ w
    size = np.where(cosines.real < 0, -cosines, cosines)
    e = np.exp(size)
    return e / np.sum(e, axis=1, keepdims=True)


# %% wrong conjugate in the norm: norm
# x^H x for x^T x (kroneckerbio/kroneckerbio, issue 98, suspects its transposes).
import numpy as np


def complex_step(f, x, dy, h=1e-20):
    dx = np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        z = x.astype(complex)
        z[index] += 1j * h
        dx[index] = np.sum(dy * f(z)).imag / h
    return dx


def scores(x, w):
    lengths = np.sqrt(np.sum(x * x.conj(), axis=1, keepdims=True))
    cosines = (x / lengths) @ w
    size = np.where(cosines.real < 0, -cosines, cosines)
    e = np.exp(size)
    return e / np.sum(e, axis=1, keepdims=True)


# %% wrong sign of a complex number: sign-function
# np.sign(z) z, right for real z.
import numpy as np


def complex_step(f, x, dy, h=1e-20):
    dx = np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        z = x.astype(complex)
        z[index] += 1j * h
        dx[index] = np.sum(dy * f(z)).imag / h
    return dx


def scores(x, w):
    lengths = np.sqrt(np.sum(x * x, axis=1, keepdims=True))
    cosines = (x / lengths) @ w
    size = np.sign(cosines) * cosines
    e = np.exp(size)
    return e / np.sum(e, axis=1, keepdims=True)


# %% wrong size left out: no-abs
# The absolute value removed, since it made trouble.
import numpy as np


def complex_step(f, x, dy, h=1e-20):
    dx = np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        z = x.astype(complex)
        z[index] += 1j * h
        dx[index] = np.sum(dy * f(z)).imag / h
    return dx


def scores(x, w):
    lengths = np.sqrt(np.sum(x * x, axis=1, keepdims=True))
    e = np.exp((x / lengths) @ w)
    return e / np.sum(e, axis=1, keepdims=True)


# %% wrong always complex: complex-result
# Made complex at the beginning, to be safe.
import numpy as np


def complex_step(f, x, dy, h=1e-20):
    dx = np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        z = x.astype(complex)
        z[index] += 1j * h
        dx[index] = np.sum(dy * f(z)).imag / h
    return dx


def scores(x, w):
    x = x.astype(complex)
    lengths = np.sqrt(np.sum(x * x, axis=1, keepdims=True))
    size = np.sqrt(((x / lengths) @ w) ** 2)
    e = np.exp(size)
    return e / np.sum(e, axis=1, keepdims=True)


# %% wrong takes the real part: abs
# Silences the warning, and the derivative with it.
import numpy as np


def complex_step(f, x, dy, h=1e-20):
    dx = np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        z = x.astype(complex)
        z[index] += 1j * h
        dx[index] = np.sum(dy * f(z)).imag / h
    return dx


def scores(x, w):
    lengths = np.sqrt(np.sum(x * x, axis=1, keepdims=True))
    cosines = np.zeros((x.shape[0], w.shape[1]))
    for n in range(len(x)):
        cosines[n] = ((x[n] / lengths[n]) @ w).real
    size = np.abs(cosines)
    e = np.exp(size)
    return e / np.sum(e, axis=1, keepdims=True)
