from math import fsum, log

import numpy as np

from mydl.learn.checks import check, compare, fail
from mydl.learn.overflow import no_overflow

LIBRARY = ("mydl.layers.softmax:LogSoftmax.forward", "mydl.layers.softmax:shifted")
PAGE = "layers/softmax-cross-entropy"

RNG = np.random.default_rng(7)
X = RNG.normal(size=(3, 4))
EPSILON = (
    "log_softmax([0, -800, 1])[1] is -801.3, and with you it cannot fall below {:.4g}: a small "
    "number added to a probability hides that it has rounded to 0, and changes all others. Compute "
    "x - log_sum_exp(x)"
)
EXACT = {"rtol": 1e-12, "atol": 0}
AXES = ("N", "K")


def sums_of_exp(x):
    return np.array([log(fsum(np.exp(row))) for row in x])


def sum_mistakes(x):
    e = np.exp(x - x.max(axis=1, keepdims=True))
    return {
        "maximum-not-added": (
            "you subtracted the maximum of each row, and did not add it again at the end",
            np.log(e.sum(axis=1)),
        ),
        "maximum-subtracted": (
            "you subtracted the maximum of each row at the end: add it again",
            np.log(e.sum(axis=1)) - x.max(axis=1),
        ),
        "only-maximum": ("you return the maximum of each row alone", x.max(axis=1)),
        "no-log": (
            "you return the sum of the exponentials: take its logarithm",
            np.exp(x).sum(axis=1),
        ),
        "sum-of-logs": (
            "you return the sum of the x: the logarithm of a sum is not the sum of logarithms",
            x.sum(axis=1),
        ),
    }


@check("log_sum_exp of ordinary numbers")
def ordinary(student):
    got = student.log_sum_exp(X)
    if np.shape(got) == ():
        fail("over-all", "log_sum_exp returns one number: sum along each row, with axis=1")
    if np.shape(got) == (3, 1):
        fail("shape", "log_sum_exp returns (N, 1) and should return (N,): drop the last axis")
    if np.shape(got) == (4,):
        fail("axis", "log_sum_exp sums down the columns: sum along each row, with axis=1")
    compare(
        got, sums_of_exp(X), name="log_sum_exp(x)", axes=("N",), mistakes=sum_mistakes(X), **EXACT
    )


@check("log_sum_exp of very large and very small numbers")
def far(student):
    x = np.array([[1000.0, 1000.0, 998.0], [-2000.0, -1999.0, -2001.0], [0.0, 3.0, -800.0]])
    tops = np.array([1000.0, -1999.0, 3.0])
    with no_overflow("exp(1000) overflows: subtract the largest entry of each row first"):
        got = student.log_sum_exp(x)
    if np.shape(got) == (3,) and not np.isfinite(got).all():
        fail(
            "underflow",
            "a row with numbers around -2000 comes out as infinity: all its exponentials round to "
            "0. Each row has its own maximum, also where it is negative",
        )
    want = tops + sums_of_exp(x - tops[:, None])
    compare(got, want, name="log_sum_exp(x)", axes=("N",), **EXACT)


@check("log_sum_exp with impossible classes, -inf")
def impossible(student):
    x = np.array([[-np.inf, 0.0, 1.0], [-np.inf, -np.inf, -np.inf], [5.0, -np.inf, -np.inf]])
    with no_overflow("an exponential overflows"):
        got = student.log_sum_exp(x)
    if np.shape(got) == (3,) and np.isnan(got[1]):
        fail(
            "inf-minus-inf",
            "a row of -inf only comes out as NaN: -inf - (-inf) has no value. Shift such a row by "
            "0 instead of its maximum; the result is log 0 = -inf",
        )
    if np.shape(got) == (3,) and got[1] != -np.inf:
        fail(
            "log-zero",
            f"a row of -inf only comes out as {got[1]:g}: all its classes are impossible, and the "
            "logarithm of 0 is -inf",
        )
    want = [log(1 + np.e), np.nan, 5]  # NaN: looked at above
    compare(got, want, name="log_sum_exp(x)", axes=("N",), **EXACT)


@check("log_softmax")
def log_softmax(student):
    axes = {"name": "log_softmax(x)", "axes": AXES}
    want = X - sums_of_exp(X)[:, None]
    e = np.exp(X)
    typical = {
        "softmax": ("you return softmax without its logarithm", np.exp(want)),
        "over-all": (
            "you summed over the whole array: each row has a sum of its own",
            X - np.log(e.sum()),
        ),
        "over-samples": (
            "you summed down the columns: sum along each row, axis=1",
            X - np.log(e.sum(axis=0)),
        ),
        "sign": ("the result has the wrong sign: logarithms of probabilities are negative", -want),
        "shift-not-shared": (
            "the maximum is subtracted in only one of the two terms",
            X - X.max(axis=1, keepdims=True) - np.log(e.sum(axis=1, keepdims=True)),
        ),
    }
    got = student.log_softmax(X)
    if np.shape(got) == X.shape:
        added = np.exp(got) - np.exp(want)
        if 1e-14 < added.min() < 1e-3 and np.allclose(added, added.min(), rtol=0.1, atol=0):
            fail("epsilon", EPSILON.format(np.log(added.min())))
    compare(got, want, mistakes=typical, **axes, **EXACT)
    x = np.array([[0.0, -800.0, 1.0], [1000.0, 999.0, -50.0]])
    with no_overflow("exp(1000) overflows: subtract the largest entry of each row first"):
        got = student.log_softmax(x)
    if np.isinf(got).any():
        fail(
            "log-of-zero",
            "log_softmax([0, -800, 1]) has -inf in it: you took the logarithm of a probability "
            "that has rounded to 0. Compute x - log_sum_exp(x)",
        )
    tops = x.max(axis=1, keepdims=True)
    want = x - tops - sums_of_exp(x - tops)[:, None]
    if np.shape(got) == x.shape and got[0, 1] > -700:
        fail("epsilon", EPSILON.format(got[0, 1]))
    compare(got, want, **axes, **EXACT)
    x = np.array([[1e9, 1e9], [-3e8, -3e8]])
    got = student.log_softmax(x)
    if np.shape(got) == x.shape and not np.allclose(got, -log(2), rtol=1e-12, atol=0):
        fail(
            "absorbed",
            f"log_softmax([1e9, 1e9]) should be -log 2 = -0.693147180559945, and you return "
            f"{got[0, 0]:.15g}: log 2 lost its digits when it was added to 1e9. Subtract the "
            "maximum from x first, and the logarithm of the sum afterwards",
        )


@check("softplus")
def softplus(student):
    want = np.array([log(1 + np.exp(x)) for x in X.flat]).reshape(X.shape)
    typical = {
        "mirrored": (
            "you computed log(1 + e^-x), which falls: softplus rises",
            np.log1p(np.exp(-X)),
        ),
        "no-linear-part": (
            "for positive x the term x is missing: log(1 + e^x) = max(x, 0) + log(1 + e^-|x|)",
            np.log1p(np.exp(-np.abs(X))),
        ),
        "no-abs": (
            "max(x, 0) + log(1 + e^-x) is right for positive x only: the exponent is -|x|",
            np.maximum(X, 0) + np.log1p(np.exp(-X)),
        ),
        "relu": ("you return max(x, 0): the logarithm is missing", np.maximum(X, 0)),
        "linear-everywhere": (
            "x + log(1 + e^-|x|) is right for positive x only: it is max(x, 0) that is added",
            X + np.log1p(np.exp(-np.abs(X))),
        ),
    }
    got = student.softplus(X)
    compare(got, want, name="softplus(x)", mistakes=typical, rtol=1e-11, atol=0)
    x = np.array([1000.0, 800.0, 15.5, 0.0, -15.5, -800.0, -1e5])
    with no_overflow(
        "an exponential overflows in softplus: only e^-|x| is harmless for all x. np.where "
        "computes both of its branches for all entries"
    ):
        got = student.softplus(x)
    if np.shape(got) == x.shape and not np.isfinite(got).all():
        fail(
            "infinite",
            f"softplus of {x[~np.isfinite(got)][0]:g} comes out as {got[~np.isfinite(got)][0]}: "
            "something is divided by an exponential that has rounded to 0, or infinity is "
            "subtracted from infinity",
        )
    if np.shape(got) == x.shape and got[2] == 15.5:
        fail(
            "threshold",
            "softplus(15.5) is 15.5 + 1.9e-7, and you return 15.5: a threshold above which x "
            "itself is returned must not lie so low. max(x, 0) + log(1 + e^-|x|) needs none",
        )
    want = np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))
    compare(got, want, name="softplus(x)", rtol=1e-9, atol=1e-300)
    x = np.array([-20.0, -30.0, -40.0, -100.0])
    got = student.softplus(x)
    if np.shape(got) == x.shape and not np.allclose(got, np.exp(x), rtol=1e-8, atol=0):
        fail(
            "absorbed",
            f"softplus(-40) is 4.248e-18, and you return {got[2]:.4g}: e^-40 is lost in 1 + e^-40. "
            "np.log1p(u) is log(1 + u) for small u",
        )
    compare(got, np.log1p(np.exp(x)), name="softplus(x)", **EXACT)


@check("variance")
def variance(student):
    axes = {"name": "variance(x)", "axes": ("C",)}
    x = RNG.normal(size=(5, 3))
    means = [fsum(column) / 5 for column in x.T]
    want = np.array([fsum((column - m) ** 2) / 5 for column, m in zip(x.T, means, strict=True)])
    typical = {
        "n-minus-1": (
            "you divided by N - 1: asked for is the mean of the squares, divided by N",
            want * 5 / 4,
        ),
        "not-divided": ("you return the sum of the squares: divide by N", want * 5),
        "root": ("you return the standard deviation: leave the root out", np.sqrt(want)),
        "one-mean": (
            "you subtracted the mean of the whole array: each column has its own, with axis=0",
            np.mean((x - x.mean()) ** 2, axis=0),
        ),
        "square-of-mean": (
            "you took the square of the mean distance, which is 0: take the mean of the squares",
            np.zeros(3),
        ),
        "mean-squared": (
            "you return the mean of x^2: subtract the mean of x before you square",
            np.mean(x**2, axis=0),
        ),
    }
    got = student.variance(x)
    if np.shape(got) == (1, 3):
        fail("shape", "variance returns (1, C) and should return (C,): drop the first axis")
    if np.shape(got) in ((5,), ()):
        fail("axis", "variance should be that of each column: average over axis 0")
    compare(got, want, mistakes=typical, **axes, **EXACT)
    x = np.array([[0.0, 1.0, -1.0], [2.0, -1.0, 1.0], [1.0, 0.0, 0.0]]) + np.array([1e8, 1e6, -1e9])
    want = np.full(3, 2 / 3)
    with np.errstate(invalid="ignore"):
        got = student.variance(x)
    if np.shape(got) == (3,) and not np.allclose(got, want, rtol=1e-6, atol=0):
        fail(
            "cancellation",
            f"the numbers 1e8, 1e8 + 1, 1e8 + 2 have the variance 0.6667, and you return "
            f"{got[0]:.4g}: the mean of x^2 and the square of the mean agree in their first 16 "
            "digits. Subtract the mean from x first, then square",
        )
    compare(got, want, **axes, rtol=1e-9, atol=0)
