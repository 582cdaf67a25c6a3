import numpy as np

from mydl.learn.checks import check, compare, fail, numeric_gradient
from mydl.learn.overflow import no_overflow

LIBRARY = ("mydl.layers.softmax:Softmax.forward", "mydl.layers.softmax:Softmax.backward")
PAGE = "layers/softmax"

RNG = np.random.default_rng(5)
X, DY = RNG.normal(size=(3, 4)), RNG.normal(size=(3, 4))
AXES = ("N", "K")


def plain(x):
    """Softmax, row after row."""
    return np.array([np.exp(row) / sum(np.exp(row)) for row in x])


def forward_mistakes(x):
    e = np.exp(x)
    return {
        "over-all": (
            "you divided by the sum over the whole array: each row has a sum of its own, so add "
            "axis=1, keepdims=True",
            e / e.sum(),
        ),
        "over-samples": (
            "you summed down the columns, over the samples: each sample's probabilities add up to "
            "1, so sum along axis=1",
            e / e.sum(axis=0),
        ),
        "not-divided": ("your rows do not add up to 1: divide by their sum", e),
        "not-divided-shifted": (
            "your rows do not add up to 1: divide by their sum",
            np.exp(x - x.max(axis=1, keepdims=True)),
        ),
        "shift-not-shared": (
            "the maximum is subtracted in only one of numerator and denominator: use the same "
            "shifted scores in both",
            np.exp(x - x.max(axis=1, keepdims=True)) / e.sum(axis=1, keepdims=True),
        ),
        "sign": (
            "the largest score gets the smallest probability: the exponent has the wrong sign",
            plain(-x),
        ),
        "log": ("you return the logarithm of the probabilities", np.log(plain(x))),
    }


def backward_mistakes(dy, y):
    return {
        "diagonal": (
            "y (1 - y) is only the diagonal of the Jacobian, the derivative of a sigmoid: when a "
            "score rises, all other probabilities of its row fall, too",
            dy * y * (1 - y),
        ),
        "no-sum": (
            "you return y dy: the sum over the classes is missing, y (dy - sum of dy y)",
            dy * y,
        ),
        "plain-mean": (
            "you subtract the plain mean of dy: each dy counts by its probability, so subtract "
            "the sum of dy y",
            y * (dy - dy.mean(axis=1, keepdims=True)),
        ),
        "plain-sum": (
            "you subtract the plain sum of dy: each dy counts by its probability, so subtract "
            "the sum of dy y",
            y * (dy - dy.sum(axis=1, keepdims=True)),
        ),
        "over-samples": (
            "you summed dy y over the samples: the classes of one sample belong together, so "
            "sum along axis=1",
            y * (dy - (dy * y).sum(axis=0, keepdims=True)),
        ),
        "over-all": (
            "you summed dy y over the whole array: each row has a sum of its own, so add axis=1, "
            "keepdims=True",
            y * (dy - (dy * y).sum()),
        ),
        "no-y": (
            "you return dy minus the sum of dy y: multiply it by y",
            dy - (dy * y).sum(axis=1, keepdims=True),
        ),
        "sum-without-y": (
            "you return y dy minus the sum of dy y: the sum is multiplied by y as well, "
            "y (dy - sum of dy y)",
            y * dy - (dy * y).sum(axis=1, keepdims=True),
        ),
        "plus": (
            "you added the sum of dy y: subtract it, since the other probabilities fall",
            y * (dy + (dy * y).sum(axis=1, keepdims=True)),
        ),
        "upstream": (
            "dx does not contain dy: multiply the Jacobian by dy",
            y * (1 - y),
        ),
        "log-softmax": (
            "this is the backward pass of log-softmax, dy - y (sum of dy)",
            dy - y * dy.sum(axis=1, keepdims=True),
        ),
        "zeros": (
            "dx is 0 everywhere: that is right only if dy is the same for all classes",
            np.zeros(y.shape),
        ),
        "off-diagonal": (
            "the diagonal of the Jacobian lacks its y_i: dy_i/dx_i is y_i - y_i y_i",
            -y * (dy * y).sum(axis=1, keepdims=True),
        ),
    }


@check("forwards: random scores, and the statement's example")
def forward(student):
    for x in (X, np.log([[1.0, 2.0, 5.0]])):
        got = student.softmax(x)
        compare(got, plain(x), name="y", axes=AXES, mistakes=forward_mistakes(x))


@check("backwards: by measured derivatives, and the statement's example")
def backward(student):
    for x, dy in ((X, DY), (np.log([[1.0, 2.0, 5.0]]), np.array([[8.0, 0.0, 0.0]]))):
        y = plain(x)
        want = numeric_gradient(plain, x, dy)
        got = student.softmax_backward(dy, y)
        compare(got, want, name="dx", axes=AXES, mistakes=backward_mistakes(dy, y), atol=1e-8)


@check("backwards: as many samples as classes")
def square(student):
    y, dy = plain(X[:, :3]), DY[:, :3]
    want = numeric_gradient(plain, X[:, :3], dy)
    got = student.softmax_backward(dy, y)
    compare(got, want, name="dx", axes=AXES, mistakes=backward_mistakes(dy, y), atol=1e-8)


@check("forwards: very high scores")
def high(student):
    x = np.array([[1000.0, 999.0, 998.0]])
    with no_overflow(
        "exp(1000) overflows: subtract the largest score of each row from the row before the "
        "exponential"
    ):
        y = student.softmax(x)
    compare(y, plain(x - 1000), name="y", axes=AXES)


@check("forwards: rows of very different height, and very low scores")
def low(student):
    x = np.array([[1000.0, 999.0, 998.0], [-1.0, 0.0, 1.0], [-5000.0, -5001.0, -5002.0]])
    with no_overflow(
        "an exponential overflows: subtract the largest score of each row from the row before the "
        "exponential"
    ):
        y = student.softmax(x)
    if np.shape(y) == x.shape:
        with np.errstate(invalid="ignore"):
            lost = ~(np.sum(y, axis=1) > 0.5)
        if lost[1]:
            fail(
                "one-maximum",
                "a row with scores around 0 is lost beside one with scores around 1000: you "
                "subtracted one maximum from the whole array. Each row has its own: "
                "x.max(axis=1, keepdims=True)",
            )
        if lost[2]:
            fail(
                "not-negative",
                "a row with scores around -5000 is lost, since all its exponentials round to 0: "
                "subtract the row's maximum also where it is negative",
            )
    compare(y, plain(x - x.max(axis=1)[:, None]), name="y", axes=AXES)
