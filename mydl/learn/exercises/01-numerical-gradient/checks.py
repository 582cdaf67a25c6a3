import numpy as np

from mydl.learn.checks import check, compare, fail

LIBRARY = ("mydl.gradcheck.slope:CentralDifference._measure",)
PAGE = "gradient-checking"

RNG = np.random.default_rng(1)
X, DY, W = RNG.normal(size=(2, 3)), RNG.normal(size=(2, 4)), RNG.normal(size=(3, 4))


def differences(f, x, dy, up, down, over):
    """(L(x moved by up) - L(x moved by down)) / over for each entry, one after the other."""

    def loss(index, move):
        moved = np.array(x, float)
        moved[index] += move
        return np.sum(dy * f(moved))

    indices = list(np.ndindex(np.shape(x)))
    values = [(loss(i, up) - loss(i, down)) / over for i in indices]
    return np.array(values).reshape(np.shape(x))


def moved_and_left(f, x, dy, h):
    """What comes out if an entry is never moved back before the next one is moved."""
    x = np.array(x, float)
    dx = np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        x[index] += h
        above = f(x.copy())
        x[index] -= 2 * h
        dx[index] = np.sum(dy * (above - f(x.copy()))) / (2 * h)
    return dx


def row_by_row(f, x, dy, h):
    """What comes out if x[i] moves for each i, as if x had one axis."""
    dx = np.zeros(x.shape)
    for i in range(len(x)):
        up, down = x.copy(), x.copy()
        up[i] += h
        down[i] -= h
        dx[i] = np.sum(dy * (f(up) - f(down))) / (2 * h)
    return dx


def mistakes(f, x, dy, h):
    """What typical wrong answers give, and what to say."""
    x, ones = np.array(x, float), np.ones(np.shape(dy))
    return {
        "forward": (
            "you took the forward difference, (L(x + h) - L(x)) / h, whose error shrinks only with "
            "h: call f at x + h and at x - h, and divide by 2 h",
            differences(f, x, dy, h, 0, h),
        ),
        "backward": (
            "you took the backward difference, (L(x) - L(x - h)) / h, whose error shrinks only "
            "with h: call f at x + h and at x - h, and divide by 2 h",
            differences(f, x, dy, 0, -h, h),
        ),
        "over-h": (
            "all derivatives are twice too large: x + h and x - h are 2 h apart, and you divided "
            "by h",
            differences(f, x, dy, h, -h, h),
        ),
        "over-2": (
            "you divided by 2 and not by 2 h",
            differences(f, x, dy, h, -h, 2),
        ),
        "brackets": (
            "you multiplied by h: Python reads a / 2 * h as (a / 2) * h, so write a / (2 * h)",
            differences(f, x, dy, h, -h, 2 / h),
        ),
        "sign": (
            "all derivatives have the wrong sign: subtract f at x - h from f at x + h, not the "
            "other way round",
            differences(f, x, dy, -h, h, 2 * h),
        ),
        "step": (
            f"you did not use the step h that the function was called with, here {h}",
            differences(f, x, dy, 1e-5, -1e-5, 2e-5),
        ),
        "upstream": (
            "you forgot the upstream gradient: multiply the change of each y by its dy before you "
            "add them up",
            differences(f, x, ones, h, -h, 2 * h),
        ),
        "sums-first": (
            "you summed dy and the change of y by themselves: multiply each dy by the change of "
            "its own y first, then add up",
            differences(f, x, np.full(np.shape(dy), np.sum(dy)), h, -h, 2 * h),
        ),
        "not-undone": (
            "an entry that you have moved is not put back before the next one is moved: each "
            "derivative must start from the same x",
            moved_and_left(f, x, dy, h),
        ),
        "zeros": (
            "all derivatives are 0: f never sees the entry move. You may be moving an entry of a "
            "copy and calling f with the array that you copied from",
            np.zeros(x.shape),
        ),
    }


def watched(f, seen):
    """f, noting the types of the arrays that it is called with."""

    def call(x):
        seen.append(np.asarray(x).dtype)
        return f(x)

    return call


@check("the squares of the statement's example")
def squares(student):
    x, dy = np.array([1.0, 3.0]), np.array([10.0, 1.0])
    f = np.square
    got = student.numerical_gradient(f, x, dy, h=0.1)
    compare(got, [20.0, 6.0], name="dx", mistakes=mistakes(f, x, dy, 0.1))


@check("a matrix product, whose y has another shape than x")
def product(student):
    def f(x):
        return np.tanh(x @ W)

    want = (DY * (1 - f(X) ** 2)) @ W.T
    typical = mistakes(f, X, DY, 1e-5)
    typical["row"] = (
        "you moved a whole row of x at a time: x may have several axes, and np.ndindex(x.shape) "
        "gives the indices of its single entries",
        row_by_row(f, X, DY, 1e-5),
    )
    compare(student.numerical_gradient(f, X, DY), want, name="dx", mistakes=typical, atol=1e-7)


@check("a central difference with the step that is asked for")
def central(student):
    x, dy, h = X, RNG.normal(size=X.shape), 0.05
    f = np.exp
    want = dy * np.exp(x) * np.sinh(h) / h  # what the formula gives for exp, exactly
    got = student.numerical_gradient(f, x, dy, h=h)
    typical = mistakes(f, x, dy, h)
    typical["exact"] = (
        "you return the derivative itself, but asked for is the central difference with the step "
        f"h = {h}: its error must be seen",
        dy * np.exp(x),
    )
    compare(got, want, name="dx", mistakes=typical)


@check("whole numbers and float32 are measured in float64")
def precision(student):
    for x in (np.array([[1, 2], [3, -4]]), np.array([[1, 2], [3, -4]], np.float32)):
        dy, seen = np.array([[1.0, -2.0], [0.5, 3.0]]), []
        got = student.numerical_gradient(watched(np.square, seen), x, dy)
        if any(dtype.kind in "iu" for dtype in seen):
            fail(
                "integer",
                f"x holds whole numbers ({x.dtype}), and you moved an entry inside such an array, "
                "where a step of 0.00001 is cut off: make a float64 copy of x first",
            )
        if any(dtype == np.float32 for dtype in seen):
            fail(
                "float32",
                "x is a float32 array and f was called with float32, which cannot show a small "
                "step: make a float64 copy of x first",
            )
        compare(got, 2 * x * dy, name="dx", mistakes=mistakes(np.square, x, dy, 1e-5), atol=1e-7)


@check("functions that hand back a part of x itself")
def views(student):
    x, dy = X, RNG.normal(size=(3, 2))
    got = student.numerical_gradient(np.transpose, x, dy)
    if np.array_equal(got, np.zeros(x.shape)):
        fail(
            "view",
            "all derivatives are 0 where f returns x.T, which shares the numbers of x: what you "
            "kept of f(x + h) changed when you moved the same array to x - h. Use two arrays",
        )
    compare(got, dy.T, name="dx", mistakes=mistakes(np.transpose, x, dy, 1e-5), atol=1e-7)


@check("no axes, and three of them")
def shapes(student):
    x, dy = np.array(0.5), np.array(-2.0)
    compare(student.numerical_gradient(np.sin, x, dy), -2 * np.cos(0.5), name="dx", atol=1e-7)
    x, dy = RNG.normal(size=(2, 3, 2)), RNG.normal(size=2)

    def f(x):
        return (x**2).sum(axis=(1, 2))

    want = 2 * x * dy[:, None, None]
    got = student.numerical_gradient(f, x, dy)
    compare(got, want, name="dx", mistakes=mistakes(f, x, dy, 1e-5), atol=1e-7)
