import warnings

import numpy as np

from mydl.learn.checks import check, compare, fail, numeric_gradient

LIBRARY = ("mydl.gradcheck.slope:ComplexStep.compare",)
PAGE = "gradient-checking"

RNG = np.random.default_rng(10)
X, W, DY = RNG.normal(size=(3, 4)), RNG.normal(size=(4, 5)), RNG.normal(size=(3, 5))
W = W / np.sqrt((W**2).sum(axis=0))
EXACT = {"rtol": 1e-12, "atol": 1e-14}


def mistakes(right, f, x, dy):
    """What typical wrong answers give, and what to say."""
    h = 1e-20
    all_at_once = f(x + 1j * h).imag / h
    return {
        "not-divided": ("you did not divide by h", right * h),
        "sign": (
            "all derivatives have the wrong sign: the imaginary part is divided by h as it is. "
            "Mind np.vdot(a, b), which takes the conjugate of a",
            -right,
        ),
        "upstream": (
            "you forgot the upstream gradient: multiply each imaginary part by its dy",
            each_entry(f, x, np.ones(np.shape(dy)), h),
        ),
        "all-at-once": (
            "you moved all entries of x at once: each derivative needs a step of its own entry "
            "alone",
            np.full(x.shape, np.sum(dy * all_at_once)),
        ),
        "all-at-once-times-dy": (
            "you moved all entries of x at once, which gives a derivative for each y: move one "
            "entry of x after the other, and sum over y",
            dy * all_at_once,
        ),
        "half": (
            "you divided by 2 h, which belongs to the central difference: there is only one step "
            "here",
            right / 2,
        ),
        "real-part": (
            "you took the real part, or the difference of real parts: the derivative is in the "
            "imaginary one",
            each_entry(f, x, dy, h, np.real),
        ),
        "zeros": (
            "all derivatives are 0: the step is lost before f sees it, or you took a part that "
            "does not change",
            np.zeros(x.shape),
        ),
    }


def each_entry(f, x, dy, h, part=np.imag):
    dx = np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        step = np.zeros(x.shape, complex)
        step[index] = 1j * h
        dx[index] = np.sum(dy * part(f(x + step))) / h
    return dx


def stepped(student, f, x, dy):
    """The student's derivatives, after a look at the steps that f was called with."""
    seen = []

    def watched(x):
        seen.append(np.array(x))
        return f(x)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", np.exceptions.ComplexWarning)
        got = student.complex_step(watched, x, dy)
    steps = [np.abs(np.imag(x)).max(initial=0) for x in seen]
    if max(steps, default=0) == 0:
        fail(
            "real-step",
            "f was never called with a complex number: the step is imaginary, x + 1j * h, in an "
            "array that can hold it, np.array(x, dtype=np.complex128)",
        )
    if any(x.dtype == np.complex64 for x in seen):
        fail(
            "complex64",
            "f was called with complex64, which has the seven digits of float32: make the copy "
            "with dtype=np.complex128",
        )
    if max(steps) > 1e-8:
        fail(
            "step",
            f"the imaginary step was {max(steps):.0e}, and its square is seen in the result: use "
            "the argument h, which is 1e-20. Nothing cancels here",
        )
    return got


@check("complex_step of squares, the statement's example")
def squares(student):
    x, dy = np.array([1.0, 3.0]), np.array([10.0, 1.0])
    got, right = stepped(student, np.square, x, dy), np.array([20.0, 6.0])
    compare(got, right, name="dx", mistakes=mistakes(right, np.square, x, dy), **EXACT)


@check("complex_step of a matrix product, to the last digits")
def product(student):
    def f(x):
        return np.exp(x @ W)

    got, right = stepped(student, f, X, DY), (DY * f(X)) @ W.T
    compare(got, right, name="dx", mistakes=mistakes(right, f, X, DY), **EXACT)


@check("complex_step of whole numbers, float32, no axes and three of them")
def types(student):
    for x in (np.array([[1, 2], [3, -4]]), np.array([0.5, -1.5], np.float32), np.array(0.75)):
        dy = np.asarray(RNG.normal(size=x.shape))
        got, right = stepped(student, np.square, x, dy), 2 * np.float64(x) * dy
        typical = mistakes(right, np.square, np.float64(x), dy)
        compare(got, right, name="dx", mistakes=typical, **EXACT)
    x, dy = RNG.normal(size=(2, 3, 2)), RNG.normal(size=2)
    got = stepped(student, lambda x: (x * x * x).sum(axis=(1, 2)), x, dy)
    compare(got, 3 * x**2 * dy[:, None, None], name="dx", **EXACT)


def plain(x, w, constant_lengths=None):
    """The scores, number after number, for real and complex x."""
    y = np.zeros((len(x), w.shape[1]), np.asarray(x).dtype)
    for n, k in np.ndindex(y.shape):
        length = constant_lengths[n] if constant_lengths is not None else sum(x[n] * x[n]) ** 0.5
        cosine = sum(a * b for a, b in zip(x[n], w[:, k], strict=True)) / length
        y[n, k] = np.exp(cosine if cosine.real >= 0 else -cosine)
    return np.array([row / sum(row) for row in y])


def of_signless(x, w):
    """The scores without the absolute value."""
    c = x / np.sqrt((x * x).sum(axis=1, keepdims=True)) @ w
    return np.exp(c) / np.exp(c).sum(axis=1, keepdims=True)


@check("scores of real x are what they were")
def real(student):
    typical = {
        "no-abs": (
            "negative cosines stay negative: asked for is their size",
            of_signless(X, W),
        ),
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", np.exceptions.ComplexWarning)
        got = student.scores(X, W)
    if np.iscomplexobj(got):
        fail("complex-result", "scores of real x come out complex: they must stay real")
    compare(got, plain(X, W), name="scores(x)", axes=("N", "K"), mistakes=typical)


@check("scores of complex x keep the imaginary part")
def imaginary(student):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        got = student.scores(X + 1e-20j * RNG.normal(size=X.shape), W)
    if any(issubclass(one.category, np.exceptions.ComplexWarning) for one in caught):
        fail(
            "discarded",
            "complex numbers are put into an array of real ones, and NumPy drops their imaginary "
            "parts: give np.zeros the dtype of what you put in, or compute the array in one go",
        )
    if not np.iscomplexobj(got):
        fail(
            "abs",
            "scores of complex x come out real: np.abs of a complex number is its distance from 0. "
            "Take z where z.real >= 0, and -z elsewhere",
        )
    compare(np.real(got), plain(X, W), name="the real part", axes=("N", "K"))


@check("the complex step of scores is its derivative")
def derivative(student):
    if np.shape(student.scores(X, W)) != DY.shape:
        fail("shape", f"scores should return an array of shape (N, K) = {DY.shape}")

    def f(x):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", np.exceptions.ComplexWarning)
            return np.asarray(student.scores(x, W)) + 0j

    lengths = np.sqrt((X * X).sum(axis=1))
    measured = numeric_gradient(lambda x: plain(x, W), X, DY)
    right = each_entry(lambda x: plain(x, W), X, DY, 1e-20)
    compare(right, measured, name="the derivative", atol=1e-7)
    typical = {
        "norm": (
            "the lengths count as constants: np.linalg.norm, np.abs(x)**2 and x * x.conj() are "
            "real for complex x. The length is the root of the sum of x * x",
            each_entry(lambda x: plain(x, W, lengths), X, DY, 1e-20),
        ),
        "zeros": (
            "the imaginary part is lost on the way: look for np.abs, np.linalg.norm, conj, real "
            "arrays made by np.zeros, and .real in what is computed (in a condition it is right)",
            np.zeros(X.shape),
        ),
        "sign-function": (
            "np.sign(z) of a complex z is z / |z| and has an imaginary part of its own: use "
            "np.sign(z.real), or choose between z and -z with np.where",
            each_entry(with_sign, X, DY, 1e-20),
        ),
        "no-abs": (
            "negative cosines stay negative: asked for is their size",
            each_entry(lambda x: of_signless(x, W), X, DY, 1e-20),
        ),
        "conjugated": (
            "all derivatives have the wrong sign: x is conjugated somewhere",
            -right,
        ),
    }
    got = each_entry(f, X, DY, 1e-20)
    compare(got, right, name="the derivative", axes=("N", "D"), mistakes=typical, rtol=1e-10)


def with_sign(x):
    """The scores with np.sign(z) z for the size of z, as NumPy 2 computes it."""
    c = x / np.sqrt((x * x).sum(axis=1, keepdims=True)) @ W
    size = c / np.abs(c) * c
    return np.exp(size) / np.exp(size).sum(axis=1, keepdims=True)
