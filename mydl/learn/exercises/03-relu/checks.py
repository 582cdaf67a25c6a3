import numpy as np

from mydl.learn.checks import check, compare, fail, numeric_gradient

LIBRARY = ("mydl.layers.relu:ReLU.forward", "mydl.layers.relu:ReLU.backward")
PAGE = "layers/relu"

RNG = np.random.default_rng(3)
X, DY = RNG.normal(size=(2, 3, 4)), RNG.normal(size=(2, 3, 4))


def plain(x):
    return np.where(x < 0, 0, x)


def forward_mistakes(x):
    return {
        "abs": (
            "negative values come out positive, as with np.abs: they must become 0",
            np.abs(x),
        ),
        "leaky": (
            "negative values come out as 0.01 x: that is a leaky ReLU; here they must become 0",
            np.where(x > 0, x, 0.01 * x),
        ),
        "step": (
            "positive values come out as 1: multiply the mask by x, or use np.maximum",
            (x > 0).astype(float),
        ),
        "mirrored": (
            "you keep what is negative, and it should be the other way round",
            np.minimum(x, 0),
        ),
    }


def backward_mistakes(dy, y):
    return {
        "upstream": (
            "you return the slope, 0 or 1: multiply it by the upstream gradient dy",
            (y > 0).astype(float),
        ),
        "no-mask": (
            "dx is dy as it came: where y is 0 nothing passed forwards, and nothing may pass "
            "backwards. Is your mask y >= 0? That is true everywhere, since outputs of a ReLU are "
            "never negative: write y > 0",
            dy,
        ),
        "negative-gradient": (
            "you cut off what is negative in dy: the mask comes from y, from where the forward "
            "pass let the number through, and the sign of dy does not matter",
            np.maximum(dy, 0),
        ),
        "both-cut": (
            "you cut off where y is 0, which is right, and what is negative in dy, too, which is "
            "not: a gradient may be negative",
            np.maximum(dy, 0) * (y > 0),
        ),
        "values": (
            "you multiply dy by y: the slope is 1 wherever y is positive, however large y is",
            dy * y,
        ),
        "inverted": (
            "your mask is the wrong way round: dy passes where y > 0, and 0 elsewhere",
            dy * (y <= 0),
        ),
        "half": (
            "where y is 0 you pass half of dy: half is a slope between those of both sides, but "
            "the choice here is 0",
            np.where(y > 0, dy, dy / 2),
        ),
    }


@check("forwards: the statement's example, and an image")
def forward(student):
    x = np.array([-1.0, 0.0, 2.0, 5.0])
    y = student.relu(x)
    if np.shape(y) == ():
        fail(
            "max",
            "relu returns one number, the largest of all: np.max takes the maximum over an array, "
            "np.maximum compares entry by entry",
        )
    compare(y, [0.0, 0.0, 2.0, 5.0], name="y", mistakes=forward_mistakes(x))
    compare(student.relu(X), plain(X), name="y", mistakes=forward_mistakes(X))


@check("backwards, away from 0")
def backward(student):
    y = plain(X)
    want = numeric_gradient(plain, X, DY)
    got = student.relu_backward(DY, y)
    compare(got, want, name="dx", mistakes=backward_mistakes(DY, y), atol=1e-8)


@check("backwards at exactly 0")
def kink(student):
    y, dy = np.array([[0.0, 1.5, 0.0], [-0.0, 2.0, 0.0]]), np.array([[4.0, 5, -6], [7, -8, 9]])
    want = [[0.0, 5.0, 0.0], [0.0, -8.0, 0.0]]
    got = student.relu_backward(dy, y)
    compare(got, want, name="dx", mistakes=backward_mistakes(dy, y))


@check("forwards: infinity is cut off, and NaN is not hidden")
def special(student):
    x = np.array([np.nan, -np.inf, np.inf, -0.5, 0.5])
    with np.errstate(invalid="ignore"):
        y = student.relu(x)
    if np.shape(y) == x.shape and not np.isnan(y[0]):
        fail(
            "nan-hidden",
            f"relu(nan) comes out as {y[0]:g}: a comparison with NaN is false, so that "
            "np.where(x > 0, x, 0) hides it. np.maximum(x, 0) keeps it",
        )
    if np.shape(y) == x.shape and np.isnan(y[1]):
        fail(
            "infinity",
            "relu(-inf) comes out as NaN: -inf * 0 has no value, so do not multiply x by a mask. "
            "np.maximum(x, 0) gives 0",
        )
    if np.shape(y) == x.shape and y[2] != np.inf:
        fail("infinity", f"relu(inf) comes out as {y[2]:g}: infinity is positive and stays")
    compare(y, [np.nan, 0, np.nan, 0, 0.5], name="y")  # NaN: looked at above
