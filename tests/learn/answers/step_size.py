# %% right whole arrays and normal equations
import numpy as np


def step_errors(f, df, x, steps, dtype):
    h = np.array(steps).astype(dtype)
    x = np.full(h.shape, x, dtype)
    d = (f(x + h) - f(x - h)) / (h + h)
    assert d.dtype == dtype
    true = df(x.astype(np.float64))
    return np.abs(d.astype(np.float64) / true - 1)


def good_step(x, dtype):
    return np.cbrt(np.finfo(dtype).eps) * np.maximum(1, np.abs(x))


def slope(steps, errors):
    keep = errors != 0
    a = np.stack([np.log10(steps[keep]), np.ones(keep.sum())], axis=1)
    return np.linalg.lstsq(a, np.log10(errors[keep]), rcond=None)[0][0]


# %% right loops and covariance
import numpy as np


def step_errors(f, df, x, steps, dtype):
    true, errors = df(np.float64(x)), []
    for step in steps:
        h = dtype(step)
        d = (f(dtype(x) + h) - f(dtype(x) - h)) / dtype(2 * h)
        errors.append(abs((float(d) - true) / true))
    return np.array(errors)


def good_step(x, dtype):
    h = {np.float32: 2.0**-23, np.float64: 2.0**-52}[dtype] ** (1 / 3)
    return h * abs(x) if abs(x) > 1 else h


def slope(steps, errors):
    pairs = [(np.log(s), np.log(e)) for s, e in zip(steps, errors) if e > 0]
    u, v = np.transpose(pairs)
    u, v = u - u.mean(), v - v.mean()
    return (u @ v) / (u @ u)


# %% wrong float64 in disguise: upcast
# The steps stay float64, and NumPy goes on in float64: both curves are the same.
import numpy as np


def step_errors(f, df, x, steps, dtype):
    x = dtype(x)
    measured = np.array([(f(x + h) - f(x - h)) / (2 * h) for h in steps], dtype).astype(float)
    return np.abs(measured - df(float(x))) / abs(df(float(x)))


def good_step(x, dtype):
    return np.finfo(dtype).eps ** (1 / 3) * max(1, abs(x))


def slope(steps, errors):
    some = errors > 0
    return np.polyfit(np.log(steps[some]), np.log(errors[some]), 1)[0]


# %% wrong float32 afterwards: upcast
# f in float64, its values rounded to float32.
import numpy as np


def step_errors(f, df, x, steps, dtype):
    steps = np.asarray(steps)
    up, down = dtype(f(x + steps)), dtype(f(x - steps))
    measured = ((up - down) / dtype(2 * steps)).astype(float)
    return np.abs(measured - df(x)) / abs(df(x))


def good_step(x, dtype):
    return np.finfo(dtype).eps ** (1 / 3) * max(1, abs(x))


def slope(steps, errors):
    some = errors > 0
    return np.polyfit(np.log(steps[some]), np.log(errors[some]), 1)[0]


# %% wrong forward difference: forward
# apache/mxnet, issue 3693.
import numpy as np


def step_errors(f, df, x, steps, dtype):
    at, steps = dtype(x), np.asarray(steps, dtype)
    measured = np.array([(f(at + h) - f(at)) / h for h in steps], float)
    return np.abs(measured - df(float(x))) / abs(df(float(x)))


def good_step(x, dtype):
    return np.finfo(dtype).eps ** (1 / 3) * max(1, abs(x))


def slope(steps, errors):
    some = errors > 0
    return np.polyfit(np.log(steps[some]), np.log(errors[some]), 1)[0]


# %% wrong absolute error: absolute
# Good for derivatives near 1 only.
import numpy as np


def step_errors(f, df, x, steps, dtype):
    at, steps = dtype(x), np.asarray(steps, dtype)
    measured = np.array([(f(at + h) - f(at - h)) / (2 * h) for h in steps], float)
    return np.abs(measured - df(float(x)))


def good_step(x, dtype):
    return np.finfo(dtype).eps ** (1 / 3) * max(1, abs(x))


def slope(steps, errors):
    some = errors > 0
    return np.polyfit(np.log(steps[some]), np.log(errors[some]), 1)[0]


# %% wrong negative errors: signed | signed-other
# Where the derivative is negative, so is the error, and a minimum then finds the worst.
import numpy as np


def step_errors(f, df, x, steps, dtype):
    at, steps = dtype(x), np.asarray(steps, dtype)
    measured = np.array([(f(at + h) - f(at - h)) / (2 * h) for h in steps], float)
    return np.abs(measured - df(float(x))) / df(float(x))


def good_step(x, dtype):
    return np.finfo(dtype).eps ** (1 / 3) * max(1, abs(x))


def slope(steps, errors):
    some = errors > 0
    return np.polyfit(np.log(steps[some]), np.log(errors[some]), 1)[0]


# %% wrong over h: over-h
# x + h and x - h are 2 h apart.
import numpy as np


def step_errors(f, df, x, steps, dtype):
    at, steps = dtype(x), np.asarray(steps, dtype)
    measured = np.array([(f(at + h) - f(at - h)) / h for h in steps], float)
    return np.abs(measured - df(float(x))) / abs(df(float(x)))


def good_step(x, dtype):
    return np.finfo(dtype).eps ** (1 / 3) * max(1, abs(x))


def slope(steps, errors):
    some = errors > 0
    return np.polyfit(np.log(steps[some]), np.log(errors[some]), 1)[0]


# %% wrong the step after rounding: true-step
# Better in practice (Press et al., Numerical Recipes, section 5.7), and not what is asked.
import numpy as np


def step_errors(f, df, x, steps, dtype):
    at, steps = dtype(x), np.asarray(steps, dtype)
    measured = []
    for h in steps:
        up, down = at + h, at - h
        measured.append(float((f(up) - f(down)) / (up - down)) if up > down else 0.0)
    return np.abs(np.array(measured) - df(float(x))) / abs(df(float(x)))


def good_step(x, dtype):
    return np.finfo(dtype).eps ** (1 / 3) * max(1, abs(x))


def slope(steps, errors):
    some = errors > 0
    return np.polyfit(np.log(steps[some]), np.log(errors[some]), 1)[0]


# %% wrong square root: square-root
# The rule for forward differences.
import numpy as np


def step_errors(f, df, x, steps, dtype):
    at, steps = dtype(x), np.asarray(steps, dtype)
    measured = np.array([(f(at + h) - f(at - h)) / (2 * h) for h in steps], float)
    return np.abs(measured - df(float(x))) / abs(df(float(x)))


def good_step(x, dtype):
    return np.sqrt(np.finfo(dtype).eps) * max(1, abs(x))


def slope(steps, errors):
    some = errors > 0
    return np.polyfit(np.log(steps[some]), np.log(errors[some]), 1)[0]


# %% wrong smallest step: eps
# "The smaller the better".
import numpy as np


def step_errors(f, df, x, steps, dtype):
    at, steps = dtype(x), np.asarray(steps, dtype)
    measured = np.array([(f(at + h) - f(at - h)) / (2 * h) for h in steps], float)
    return np.abs(measured - df(float(x))) / abs(df(float(x)))


def good_step(x, dtype):
    return np.finfo(dtype).eps * max(1, abs(x))


def slope(steps, errors):
    some = errors > 0
    return np.polyfit(np.log(steps[some]), np.log(errors[some]), 1)[0]


# %% wrong fixed: fixed
# jax-ml/jax, pull request 39821: 1e-4 for every type; scipy/scipy, pull request 3945.
import numpy as np


def step_errors(f, df, x, steps, dtype):
    at, steps = dtype(x), np.asarray(steps, dtype)
    measured = np.array([(f(at + h) - f(at - h)) / (2 * h) for h in steps], float)
    return np.abs(measured - df(float(x))) / abs(df(float(x)))


def good_step(x, dtype):
    return 1e-4


def slope(steps, errors):
    some = errors > 0
    return np.polyfit(np.log(steps[some]), np.log(errors[some]), 1)[0]


# %% wrong one precision for all: other-type
# JuliaDiff/FiniteDifferences.jl, issue 98: float64's eps for float32.
import numpy as np


def step_errors(f, df, x, steps, dtype):
    at, steps = dtype(x), np.asarray(steps, dtype)
    measured = np.array([(f(at + h) - f(at - h)) / (2 * h) for h in steps], float)
    return np.abs(measured - df(float(x))) / abs(df(float(x)))


def good_step(x, dtype):
    return np.finfo(float).eps ** (1 / 3) * max(1, abs(x))


def slope(steps, errors):
    some = errors > 0
    return np.polyfit(np.log(steps[some]), np.log(errors[some]), 1)[0]


# %% wrong not scaled: no-scale
# pasteurlabs/tesseract-core, issue 706: an absolute step where a relative one was promised.
import numpy as np


def step_errors(f, df, x, steps, dtype):
    at, steps = dtype(x), np.asarray(steps, dtype)
    measured = np.array([(f(at + h) - f(at - h)) / (2 * h) for h in steps], float)
    return np.abs(measured - df(float(x))) / abs(df(float(x)))


def good_step(x, dtype):
    return np.finfo(dtype).eps ** (1 / 3)


def slope(steps, errors):
    some = errors > 0
    return np.polyfit(np.log(steps[some]), np.log(errors[some]), 1)[0]


# %% wrong zero at zero: zero
# Relative, and nothing else.
import numpy as np


def step_errors(f, df, x, steps, dtype):
    at, steps = dtype(x), np.asarray(steps, dtype)
    measured = np.array([(f(at + h) - f(at - h)) / (2 * h) for h in steps], float)
    return np.abs(measured - df(float(x))) / abs(df(float(x)))


def good_step(x, dtype):
    return np.finfo(dtype).eps ** (1 / 3) * abs(x)


def slope(steps, errors):
    some = errors > 0
    return np.polyfit(np.log(steps[some]), np.log(errors[some]), 1)[0]


# %% wrong negative x: no-scale
# max(1, x) without | |.
import numpy as np


def step_errors(f, df, x, steps, dtype):
    at, steps = dtype(x), np.asarray(steps, dtype)
    measured = np.array([(f(at + h) - f(at - h)) / (2 * h) for h in steps], float)
    return np.abs(measured - df(float(x))) / abs(df(float(x)))


def good_step(x, dtype):
    return np.finfo(dtype).eps ** (1 / 3) * max(1, x)


def slope(steps, errors):
    some = errors > 0
    return np.polyfit(np.log(steps[some]), np.log(errors[some]), 1)[0]


# %% wrong no logarithms: no-log
# A line through the numbers themselves.
import numpy as np


def step_errors(f, df, x, steps, dtype):
    at, steps = dtype(x), np.asarray(steps, dtype)
    measured = np.array([(f(at + h) - f(at - h)) / (2 * h) for h in steps], float)
    return np.abs(measured - df(float(x))) / abs(df(float(x)))


def good_step(x, dtype):
    return np.finfo(dtype).eps ** (1 / 3) * max(1, abs(x))


def slope(steps, errors):
    return np.polyfit(steps, errors, 1)[0]


# %% wrong axes exchanged: inverted
# np.polyfit(y, x).
import numpy as np


def step_errors(f, df, x, steps, dtype):
    at, steps = dtype(x), np.asarray(steps, dtype)
    measured = np.array([(f(at + h) - f(at - h)) / (2 * h) for h in steps], float)
    return np.abs(measured - df(float(x))) / abs(df(float(x)))


def good_step(x, dtype):
    return np.finfo(dtype).eps ** (1 / 3) * max(1, abs(x))


def slope(steps, errors):
    some = errors > 0
    return np.polyfit(np.log(errors[some]), np.log(steps[some]), 1)[0]


# %% wrong both coefficients: polyfit
# np.polyfit gives two numbers.
import numpy as np


def step_errors(f, df, x, steps, dtype):
    at, steps = dtype(x), np.asarray(steps, dtype)
    measured = np.array([(f(at + h) - f(at - h)) / (2 * h) for h in steps], float)
    return np.abs(measured - df(float(x))) / abs(df(float(x)))


def good_step(x, dtype):
    return np.finfo(dtype).eps ** (1 / 3) * max(1, abs(x))


def slope(steps, errors):
    some = errors > 0
    return np.polyfit(np.log(steps[some]), np.log(errors[some]), 1)


# %% wrong first and last: end-points
# Two points of many.
import numpy as np


def step_errors(f, df, x, steps, dtype):
    at, steps = dtype(x), np.asarray(steps, dtype)
    measured = np.array([(f(at + h) - f(at - h)) / (2 * h) for h in steps], float)
    return np.abs(measured - df(float(x))) / abs(df(float(x)))


def good_step(x, dtype):
    return np.finfo(dtype).eps ** (1 / 3) * max(1, abs(x))


def slope(steps, errors):
    some = errors > 0
    u, v = np.log(steps[some]), np.log(errors[some])
    return (v[-1] - v[0]) / (u[-1] - u[0])


# %% wrong logarithm of zero: log-of-zero | exception
# -inf in the fit.
import numpy as np


def step_errors(f, df, x, steps, dtype):
    at, steps = dtype(x), np.asarray(steps, dtype)
    measured = np.array([(f(at + h) - f(at - h)) / (2 * h) for h in steps], float)
    return np.abs(measured - df(float(x))) / abs(df(float(x)))


def good_step(x, dtype):
    return np.finfo(dtype).eps ** (1 / 3) * max(1, abs(x))


def slope(steps, errors):
    return np.polyfit(np.log(steps), np.log(errors), 1)[0]


# %% wrong a small number for zero: zero-replaced
# errors + 1e-30 against log(0).
import numpy as np


def step_errors(f, df, x, steps, dtype):
    at, steps = dtype(x), np.asarray(steps, dtype)
    measured = np.array([(f(at + h) - f(at - h)) / (2 * h) for h in steps], float)
    return np.abs(measured - df(float(x))) / abs(df(float(x)))


def good_step(x, dtype):
    return np.finfo(dtype).eps ** (1 / 3) * max(1, abs(x))


def slope(steps, errors):
    return np.polyfit(np.log(steps), np.log(errors + 1e-30), 1)[0]
