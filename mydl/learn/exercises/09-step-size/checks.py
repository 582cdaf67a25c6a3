import numpy as np

from mydl.learn.checks import check, compare, fail

LIBRARY = ("mydl.gradcheck.sweep:sweep",)
PAGE = "gradient-checking"

STEPS = np.logspace(-0.5, -3, 11)
EPS32, EPS64 = 2.0**-23, 2.0**-52


def cube(x):
    return -x * x * x


def cube_slope(x):
    return -3 * x * x


def differences(f, x, steps, up, down, over):
    """(f(x + up h) - f(x + down h)) / (over h) for each step h, in float64."""
    return np.array([(f(x + up * h) - f(x + down * h)) / (over * h) for h in steps])


def mistakes(f, df, x):
    true, right = df(x), differences(f, x, STEPS, 1, -1, 2)
    relative = np.abs(right - true) / abs(true)
    return {
        "absolute": (
            "you return the absolute error: divide by the size of the true derivative",
            np.abs(right - true),
        ),
        "signed": (
            "your errors have a sign: take np.abs, also of the derivative that you divide by",
            (right - true) / true,
        ),
        "signed-other": (
            "your errors have a sign: take np.abs, also of the derivative that you divide by",
            (true - right) / true,
        ),
        "by-measured": (
            "you divided by the measured derivative: the error is relative to the true one",
            np.abs(right - true) / np.abs(right),
        ),
        "forward": (
            "you measured with the forward difference, (f(x + h) - f(x)) / h: its error falls "
            "only with h. Take (f(x + h) - f(x - h)) / (2 h)",
            np.abs(differences(f, x, STEPS, 1, 0, 1) - true) / abs(true),
        ),
        "over-h": (
            "you divided by h: x + h and x - h are 2 h apart",
            np.abs(2 * right - true) / abs(true),
        ),
        "squared": ("you squared the errors: take their absolute value", relative**2),
        "derivatives": ("you return the derivatives: asked for are their errors", right),
        "percent": ("you return percentages: leave the 100 out", 100 * relative),
    }


@check("step_errors in float64, where the curvature counts")
def errors(student):
    for f, df, x in ((np.exp, np.exp, 0.75), (cube, cube_slope, 0.5)):
        right = differences(f, x, STEPS, 1, -1, 2)
        want = np.abs(right - df(x)) / abs(df(x))
        got = student.step_errors(f, df, x, STEPS, np.float64)
        typical = mistakes(f, df, x)
        compare(got, want, name="the errors", mistakes=typical, rtol=1e-5, atol=1e-11)


@check("step_errors in float32: everything is computed in float32")
def single(student):
    seen = []

    def f(x):
        seen.append(np.asarray(x).dtype)
        return np.exp(x)

    x, steps = 0.75, np.logspace(-1, -6, 16)
    got = student.step_errors(f, np.exp, x, steps, np.float32)
    if any(dtype != np.float32 for dtype in seen):
        fail(
            "upcast",
            "with dtype=np.float32 f was called with float64: a float64 that takes part makes the "
            "result float64. Convert x and each step first, dtype(x) and np.asarray(steps, dtype)",
        )
    at = np.float32(x)
    measured = np.array([(np.exp(at + h) - np.exp(at - h)) / (2 * h) for h in np.float32(steps)])
    want = np.abs(measured.astype(float) - np.exp(x)) / np.exp(x)
    real = np.float32(at + np.float32(steps)) - np.float32(at - np.float32(steps))
    true_steps = np.abs(measured * 2 * np.float32(steps) / real - np.exp(x)) / np.exp(x)
    typical = {
        "true-step": (
            "you divided by (x + h) - (x - h), the step after rounding. That is a good idea for "
            "practice; here divide by 2 h, so that this rounding is seen, too",
            true_steps,
        ),
    }
    got = np.asarray(got, float) if np.shape(got) == want.shape else got
    compare(got, want, name="the errors", mistakes=typical, rtol=1e-3, atol=1e-6)


@check("good_step")
def step(student):
    for dtype, eps in ((np.float64, EPS64), (np.float32, EPS32)):
        for x in (0.75, 0.0, -200.0, 3000.0):
            want = np.cbrt(eps) * max(1, abs(x))
            got = student.good_step(x, dtype)
            size = max(1, abs(x))
            typical = {
                "square-root": (
                    "you took the square root of eps, which is the rule for forward differences: "
                    "central differences need the cube root",
                    np.sqrt(eps) * size,
                ),
                "eps": (
                    "you took eps itself: a step of that size is all rounding. Take its cube root",
                    eps * size,
                ),
                "no-scale": (
                    f"the step at x = {x:g} does not grow with the size of x: multiply by the "
                    "larger of 1 and |x|",
                    np.cbrt(eps),
                ),
                "zero": (
                    f"the step at x = {x:g} is proportional to |x|, and so 0 at 0: multiply by the "
                    "larger of 1 and |x|",
                    np.cbrt(eps) * abs(x),
                ),
                "sign": (
                    "the step is negative for negative x, or forgets that such an x is large: take "
                    "|x|",
                    np.cbrt(eps) * (x if x < 0 else size),
                ),
                "one-plus": (
                    "you multiplied by 1 + |x|: multiply by the larger of 1 and |x|",
                    np.cbrt(eps) * (1 + abs(x)),
                ),
                "added": (
                    "you added |x|: multiply by the larger of 1 and |x|",
                    np.cbrt(eps) + abs(x),
                ),
                "other-type": (
                    "you took float64's eps for float32: use np.finfo(dtype).eps",
                    np.cbrt(EPS64) * size,
                ),
                "other-type-single": (
                    "you took float32's eps for float64: use np.finfo(dtype).eps",
                    np.cbrt(EPS32) * size,
                ),
            }
            if not np.ndim(got) and got in (1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8):
                fail(
                    "fixed",
                    f"a fixed step of {got:g} is good for one precision and one size of x only: "
                    "take the cube root of np.finfo(dtype).eps, times the larger of 1 and |x|",
                )
            got = float(got) if np.ndim(got) == 0 else got
            compare(got, want, name="the step", mistakes=typical, rtol=1e-5, atol=0)


@check("slope of straight lines, and of scattered points")
def slope(student):
    rng = np.random.default_rng(9)
    steps = np.logspace(-1, -6, 12)
    scattered = 3 * steps**2 * np.exp(rng.normal(size=12))
    for errors in (4 * steps**2, 1e-16 / steps, 0.5 * steps, scattered):
        logs = np.log(steps), np.log(errors)
        want, height = np.polyfit(*logs, 1)
        with np.errstate(divide="ignore", invalid="ignore"):
            typical = {
                "inverted": (
                    "you return 1 / p: log(error) belongs on the vertical axis, log(step) on the "
                    "horizontal one",
                    np.polyfit(*logs[::-1], 1)[0],
                ),
                "no-log": (
                    "you fitted the errors themselves over the steps: take the logarithms of both",
                    np.polyfit(steps, errors, 1)[0],
                ),
                "half-log": (
                    "you took the logarithm of the errors only: take that of the steps, too",
                    np.polyfit(steps, logs[1], 1)[0],
                ),
                "height": (
                    "you return the height of the line, not its slope: np.polyfit gives the "
                    "coefficient of the highest power first",
                    height,
                ),
                "end-points": (
                    "you took the slope between the first and the last point: fit a line through "
                    "all of them",
                    (logs[1][-1] - logs[1][0]) / (logs[0][-1] - logs[0][0]),
                ),
                "mean-slope": (
                    "you took the mean of the slopes between neighbours, which is that between "
                    "the first and the last point or worse: fit a line through all of them",
                    np.mean(np.diff(logs[1]) / np.diff(logs[0])),
                ),
                "sign": ("the slope has the wrong sign: a power of 2 rises", -want),
            }
        got = student.slope(steps, errors)
        if np.shape(got) == (2,):
            fail("polyfit", "np.polyfit gives slope and height: return the first of them")
        compare(got, want, name="the slope", mistakes=typical)


@check("slope with an error of exactly 0")
def lucky(student):
    steps = np.array([0.1, 0.01, 0.001, 0.0001])
    errors = np.array([3e-2, 3e-4, 0.0, 3e-8])
    with np.errstate(divide="ignore", invalid="ignore"):
        got = student.slope(steps, errors)
    if np.shape(got) == () and not np.isfinite(got):
        fail(
            "log-of-zero",
            "an error of 0 makes the slope NaN: it has no logarithm, so leave such points out, "
            "steps[errors > 0] and errors[errors > 0]",
        )
    if np.shape(got) == () and not np.isclose(got, 2, rtol=1e-9):
        fail(
            "zero-replaced",
            f"an error of 0 counts in your fit as some small number, and the slope becomes "
            f"{got:.3g} instead of 2: leave such points out",
        )
    compare(got, 2.0, name="the slope")


@check("the whole curve: slope 2 on the right, -1 on the left, and the rule finds the foot")
def curve(student):
    for dtype, right, left in (
        (np.float64, (-1, -4), (-7, -10.5)),
        (np.float32, (-0.5, -1.5), (-3, -5.5)),
    ):
        name = dtype.__name__
        for f, df, x in ((np.exp, np.exp, 0.75), (np.sin, np.cos, 1.25)):
            for (start, stop), want in ((right, 2), (left, -1)):
                steps = np.logspace(start, stop, 60)
                got = student.slope(steps, student.step_errors(f, df, x, steps, dtype))
                if np.shape(got) != ():
                    fail("type", "slope should return one number")
                if not abs(got - want) < 0.3:
                    fail(
                        "curve",
                        f"in {name} the errors from h = {steps[-1]:.0e} to {steps[0]:.0e} have the "
                        f"slope {got:.2f} and should have {want}",
                    )
            steps = np.logspace(0, -12, 100)
            best = np.median(np.sort(student.step_errors(f, df, x, steps, dtype))[:10])
            h = student.good_step(x, dtype)
            at = np.max(student.step_errors(f, df, x, h * np.array([0.8, 1, 1.2]), dtype))
            if not at < 50 * best:
                fail(
                    "foot",
                    f"in {name} the rule's step {h:.1e} has the error {at:.1e}, and there are "
                    f"steps with {best:.1e}: it does not lie at the foot of the curve",
                )
