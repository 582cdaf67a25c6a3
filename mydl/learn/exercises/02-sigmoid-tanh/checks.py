import numpy as np

from mydl.learn.checks import check, compare, fail, numeric_gradient
from mydl.learn.overflow import no_overflow

RNG = np.random.default_rng(2)
X, DY = 2 * RNG.normal(size=(3, 4)), RNG.normal(size=(3, 4))
LARGE = np.array([-1e5, -1000.0, -750.0, -40.0, -12.0, 0.0, 12.0, 40.0, 750.0, 1000.0, 1e5])


def plain_sigmoid(x):
    with np.errstate(over="ignore"):
        return 1 / (1 + np.exp(-x))


def sigmoid_mistakes(x):
    return {
        "mirrored": (
            "your sigmoid falls where it should rise: it is 1 / (1 + e^-x), with a minus in the "
            "exponent",
            plain_sigmoid(-x),
        ),
        "tanh-for-sigmoid": ("your sigmoid is tanh: it goes from -1 to 1", np.tanh(x)),
        "half-argument": (
            "you computed sigmoid(2 x): tanh(x) = 2 sigmoid(2 x) - 1, so sigmoid(x) needs "
            "tanh(x / 2)",
            plain_sigmoid(2 * x),
        ),
    }


def tanh_mistakes(x):
    return {
        "argument": (
            "you computed 2 sigmoid(x) - 1, which is tanh(x / 2): tanh(x) = 2 sigmoid(2 x) - 1",
            np.tanh(x / 2),
        ),
        "unscaled": (
            "you computed sigmoid(2 x), between 0 and 1: tanh(x) = 2 sigmoid(2 x) - 1",
            plain_sigmoid(2 * x),
        ),
        "tangent": ("you computed the tangent, tan, not the hyperbolic tangent, tanh", np.tan(x)),
    }


def slope_mistakes(dy, right):
    """Wrong gradients that may happen with any function."""
    return {
        "upstream": (
            "you return the slope alone: multiply it by the upstream gradient dy",
            right / dy,
        ),
        "no-slope": ("you return dy as it came: multiply it by the slope of the function", dy),
        "sign": (
            "dx has the wrong sign everywhere: both functions rise, so their slopes are positive",
            -right,
        ),
    }


@check("sigmoid of ordinary numbers")
def sigmoid(student):
    compare(student.sigmoid(X), plain_sigmoid(X), name="y", mistakes=sigmoid_mistakes(X))


@check("sigmoid_backward")
def sigmoid_gradient(student):
    y = plain_sigmoid(X)
    dx = numeric_gradient(plain_sigmoid, X, DY)
    again = plain_sigmoid(y)
    wrong = {
        "sigmoid-again": (
            "you took the sigmoid of y: y is already sigmoid(x), so the slope is y (1 - y)",
            DY * again * (1 - again),
        ),
        "half-formula": ("the slope is y (1 - y), and you left out the factor y", DY * (1 - y)),
        "half-formula-y": ("the slope is y (1 - y), and you left out the factor (1 - y)", DY * y),
        "tanh-slope": (
            "1 - y^2 is the slope of tanh; that of sigmoid is y (1 - y)",
            DY * (1 - y**2),
        ),
        "plus": ("the slope is y (1 - y), with a minus: you have y (1 + y)", DY * y * (1 + y)),
    }
    typical = {**wrong, **slope_mistakes(DY, dx)}
    compare(student.sigmoid_backward(DY, y), dx, name="dx", mistakes=typical, atol=1e-8)


@check("tanh of ordinary numbers")
def tanh(student):
    compare(student.tanh(X), np.tanh(X), name="y", mistakes=tanh_mistakes(X))


@check("tanh_backward")
def tanh_gradient(student):
    y = np.tanh(X)
    dx = numeric_gradient(np.tanh, X, DY)
    wrong = {
        "tangent": (
            "1 + y^2 is the slope of the tangent; that of tanh is 1 - y^2",
            DY * (1 + y**2),
        ),
        "tanh-again": (
            "you took tanh of y: y is already tanh(x), so the slope is 1 - y^2",
            DY * (1 - np.tanh(y) ** 2),
        ),
        "no-square": ("the slope of tanh is 1 - y^2: you forgot to square y", DY * (1 - y)),
        "sigmoid-slope": (
            "y (1 - y) is the slope of sigmoid; that of tanh is 1 - y^2",
            DY * y * (1 - y),
        ),
    }
    typical = {**wrong, **slope_mistakes(DY, dx)}
    compare(student.tanh_backward(DY, y), dx, name="dx", mistakes=typical, atol=1e-8)


@check("sigmoid of very large numbers, of both signs")
def large_sigmoid(student):
    with no_overflow(
        "an exponential overflows inside sigmoid: for x = -1000 e^-x is too large, for x = 1000 "
        "e^x. np.where computes both of its branches for all x, so that both must be harmless: "
        "np.exp(-np.abs(x)) is an exponential that cannot overflow"
    ):
        y = student.sigmoid(LARGE)
    if np.shape(y) == LARGE.shape and y[0] > 1e-9 and np.isclose(y[3], y[0]):
        fail(
            "clipped",
            f"you cut x off before the exponential: sigmoid(-100000) comes out as {y[0]:.2g}, as "
            "large as sigmoid(-40), which is 4e-18. No limit is needed with np.exp(-np.abs(x))",
        )
    e = np.exp(-np.abs(LARGE))
    compare(y, np.where(LARGE < 0, e, 1) / (1 + e), name="y", mistakes=sigmoid_mistakes(LARGE))


@check("tanh of very large numbers, of both signs")
def large_tanh(student):
    with no_overflow(
        "an exponential overflows inside tanh: use np.tanh, or your own sigmoid, which does not"
    ):
        y = student.tanh(LARGE)
    compare(y, np.tanh(LARGE), name="y", mistakes=tanh_mistakes(LARGE))
