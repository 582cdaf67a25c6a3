import numpy as np

from mydl.learn.checks import check, compare, fail, numeric_gradient, several

LIBRARY = ("mydl.layers.linear:Linear.forward", "mydl.layers.linear:Linear.backward")
PAGE = "layers/linear"

RNG = np.random.default_rng(4)


def arrays(n, inputs, outputs):
    """Random x, W, b and dy."""
    shapes = (n, inputs), (inputs, outputs), (outputs,), (n, outputs)
    return [RNG.normal(size=shape) for shape in shapes]


def plain(x, W, b):
    """The layer, number after number."""
    y = np.zeros((len(x), len(b)))
    for n, j in np.ndindex(y.shape):
        y[n, j] = b[j] + sum(x[n, i] * W[i, j] for i in range(len(W)))
    return y


def gradients(student, dy, x, W):
    """The student's dx, dW and db, after a look at whether there are three, in order."""
    got = several(student.linear_backward(dy, x, W), "linear_backward", "dx", "dW", "db")
    shapes = [x.shape, W.shape, (W.shape[1],)]
    found = [np.shape(array) for array in got]
    if found != shapes and sorted(found) == sorted(shapes):
        fail("order", f"the three gradients come in another order than dx, dW, db: got {found}")
    return got


@check("forwards: the statement's example, and random numbers")
def forward(student):
    example = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[5.0], [6.0]]), np.array([7.0])
    for x, W, b in (example, arrays(4, 3, 5)[:3]):
        typical = {
            "no-bias": ("the bias b is not added", x @ W),
            "minus-bias": ("the bias b is subtracted instead of added", x @ W - b),
        }
        want = plain(x, W, b)
        compare(student.linear(x, W, b), want, name="y", axes=("N", "out"), mistakes=typical)


@check("dx, the gradient of the input")
def input_gradient(student):
    x, W, b, dy = arrays(4, 3, 5)
    dx, _, _ = gradients(student, dy, x, W)
    want = numeric_gradient(lambda x: plain(x, W, b), x, dy)
    compare(dx, want, name="dx", axes=("N", "in"), atol=1e-8)


@check("dW, the gradient of the weights")
def weight_gradient(student):
    x, W, b, dy = arrays(4, 3, 5)
    _, dW, _ = gradients(student, dy, x, W)
    want = numeric_gradient(lambda W: plain(x, W, b), W, dy)
    typical = {
        "mean": (
            "dW is divided by the number of samples N: add up over the samples. A loss that is a "
            "mean has put its 1/N into dy already",
            want / 4,
        ),
        "upstream": (
            "dW does not contain dy: multiply each x by the dy of the output that it went into",
            x.sum(axis=0)[:, None] + np.zeros(5),
        ),
        "first-sample": ("dW is that of the first sample alone: add up over all", x[:1].T @ dy[:1]),
        "last-sample": (
            "dW is that of the last sample alone: add up over all, with += in a loop",
            x[-1:].T @ dy[-1:],
        ),
        "outer-of-sums": (
            "you summed x and dy over the samples before you multiplied them: multiply x and dy of "
            "each sample first, then add up",
            np.outer(x.sum(axis=0), dy.sum(axis=0)),
        ),
        "by-weights": (
            "dW is W times something: the gradient of the weights needs x, not W",
            W * dy.sum(axis=0),
        ),
    }
    compare(dW, want, name="dW", axes=("in", "out"), mistakes=typical, atol=1e-8)


@check("db, the gradient of the bias")
def bias_gradient(student):
    x, W, b, dy = arrays(4, 3, 5)
    _, _, db = gradients(student, dy, x, W)
    want = numeric_gradient(lambda b: plain(x, W, b), b, dy)
    if np.shape(db) == ():
        fail(
            "one-bias",
            "db is one number, the sum over samples and outputs: each output has its own bias, so "
            "sum over the samples only, with axis=0",
        )
    if np.shape(db) == dy.shape:
        fail("not-summed", "db is still (N, out): b was added to every sample, so sum over them")
    if np.shape(db) == (1, 5):
        fail("shape", "db has the shape (1, 5), b has (5,): leave keepdims=True out")
    if np.shape(db) == (4,):
        fail(
            "axis",
            "db has one number for each sample: sum over the samples (axis=0), not over the "
            "outputs",
        )
    typical = {
        "mean": (
            "db is divided by the number of samples N: add up over the samples. A loss that is a "
            "mean has put its 1/N into dy already",
            want / 4,
        ),
        "one-bias": (
            "all entries of db are the same sum over samples and outputs: each output has its own "
            "bias, so sum over the samples only, with axis=0",
            np.full(5, dy.sum()),
        ),
        "first-sample": ("db is dy of the first sample alone: add up over all", dy[0]),
        "last-sample": (
            "db is dy of the last sample alone: add up over all, with += in a loop",
            dy[-1],
        ),
        "count": ("db is the number of samples: add up dy, not ones", np.full(5, 4.0)),
        "upstream": (
            "db is 1 for each output: multiply by dy, and add up over samples",
            np.ones(5),
        ),
    }
    compare(db, want, name="db", axes=("out",), mistakes=typical, atol=1e-8)


@check("as many inputs as outputs and samples, where wrong products fit as well")
def square(student):
    x, W, b, dy = arrays(3, 3, 3)
    dx, dW, db = gradients(student, dy, x, W)
    typical = {
        "not-transposed": ("dx = dy W: sum over the outputs j, that is, transpose W", dy @ W),
        "swapped": ("dx = W^T dy: the samples are the rows of dy, so dy comes first", W.T @ dy),
        "swapped-untransposed": ("dx = W dy: dy comes first, and W is transposed", W @ dy),
    }
    want = numeric_gradient(lambda x: plain(x, W, b), x, dy)
    compare(dx, want, name="dx", axes=("N", "in"), mistakes=typical, atol=1e-8)
    typical = {
        "not-transposed": ("dW = x dy: sum over the samples n, that is, transpose x", x @ dy),
        "swapped": ("dW = dy^T x, which is (out, in): x comes first, x^T dy", dy.T @ x),
        "swapped-untransposed": ("dW = dy x: x comes first, transposed: x^T dy", dy @ x),
    }
    want = numeric_gradient(lambda W: plain(x, W, b), W, dy)
    compare(dW, want, name="dW", axes=("in", "out"), mistakes=typical, atol=1e-8)
    typical = {"axis": ("db is summed over the outputs: sum over the samples", dy.sum(axis=1))}
    want = numeric_gradient(lambda b: plain(x, W, b), b, dy)
    compare(db, want, name="db", axes=("out",), mistakes=typical, atol=1e-8)
