import numpy as np

from mydl.learn.checks import check, compare, fail, several

LIBRARY = ("mydl.layers.dropout:Dropout.forward", "mydl.layers.dropout:Dropout.backward")
PAGE = "layers/dropout"

RNG = np.random.default_rng(8)
X = RNG.uniform(1, 2, size=(50, 40))


def draw(student, x, p, seed=0, **training):
    """The student's y and mask, after a look at whether there are two arrays like x."""
    got = student.dropout(x, p, np.random.default_rng(seed), **training)
    got = several(got, "dropout", "y", "mask")
    for name, array in zip(("y", "the mask"), got, strict=True):
        if np.shape(array) != x.shape:
            fail(
                "shared-mask" if name == "the mask" else "shape",
                f"{name} has the shape {np.shape(array)} and should have that of x, {x.shape}: "
                "draw one number for each entry, with rng.random(x.shape)",
            )
    return got


def check_values(mask, p):
    """What the entries of a mask say about how it was made."""
    mask = np.asarray(mask, float)
    kept = mask != 0
    values = np.unique(mask[kept])
    if np.array_equal(values, [1]):
        fail(
            "no-scale",
            "the mask holds 0 and 1: what is kept must be scaled up, by 1 / (1 - p), and the scale "
            "belongs into the mask, since backward needs it, too",
        )
    if len(values) != 1:
        fail("values", "the mask should hold only two numbers, 0 and 1 / (1 - p)")
    share = kept.mean()
    if np.isclose(values[0], 1 / share, rtol=1e-9) and not np.isclose(share, 1 - p, rtol=1e-9):
        fail(
            "counted",
            f"you divided by the share of entries that happened to be kept, {share:.4f}: divide by "
            f"its expected value, 1 - p = {1 - p:g}",
        )
    swapped, right = abs(share - p) < 0.05, np.isclose(values[0], 1 / (1 - p), rtol=1e-6)
    if swapped:
        fail(
            "keep-for-drop",
            f"you keep an entry with probability p: with p = {p:g} a share of {share:.2f} is kept "
            f"and should be {1 - p:g}, for p is the probability of dropping",
        )
    if abs(share - (1 - p)) > 0.05:
        fail("share", f"with p = {p:g} a share of {1 - share:.2f} is dropped and should be {p:g}")
    if not right:
        known = {
            1 / p: ("scale-p", "you divided by p, the probability of dropping"),
            2: ("scale-2", "you doubled what is kept, which is right for p = 0.5 only"),
            1 - p: ("scale-inverted", "you multiplied what is kept by 1 - p"),
            p: ("scale-inverted", "you multiplied what is kept by p"),
        }
        for value, (kind, sentence) in known.items():
            if np.isclose(values[0], value):
                fail(kind, f"{sentence}: divide by the probability of keeping, 1 - p")
        fail(
            "scale",
            f"what is kept is multiplied by {values[0]:.4g}, and 1 / (1 - p) is {1 / (1 - p):.4g}",
        )


@check("forwards: each entry is drawn by itself")
def independent(student):
    _, mask = draw(student, X, 0.3)
    kept = np.asarray(mask) != 0
    if (kept == kept[0]).all():
        fail("shared-mask", "all rows (samples) have the same mask: draw it with the shape of x")
    if (kept == kept[:, :1]).all():
        fail("shared-mask", "each row is kept or dropped as a whole: draw with the shape of x")


@check("forwards: the mask")
def mask(student):
    for p in (0.3, 0.8):
        _, mask = draw(student, X, p)
        check_values(mask, p)


@check("forwards: y is x times the mask")
def product(student):
    x = np.concatenate([X[:20], np.zeros((2, 40)), -X[:5]])
    y, mask = draw(student, x, 0.3)
    kept = np.asarray(mask) != 0
    typical = {
        "y-unscaled": ("y holds what is kept without the scale: y = x * mask", x * kept),
        "y-scaled-twice": ("y is scaled twice: the scale is in the mask already", x * mask / 0.7),
        "not-dropped": ("y is x with nothing dropped: multiply it by the mask", x),
    }
    compare(y, x * mask, name="y", mistakes=typical)


@check("forwards: random numbers come from rng alone")
def generator(student):
    first, again = draw(student, X, 0.5, seed=1)[1], draw(student, X, 0.5, seed=1)[1]
    other = draw(student, X, 0.5, seed=2)[1]
    if not np.array_equal(first, again):
        fail(
            "not-rng",
            "two generators in the same state give two different masks: draw from rng, not from "
            "np.random",
        )
    if np.array_equal(first, other):
        fail(
            "not-rng",
            "two generators in different states give the same mask: draw from rng, and do not set "
            "a seed yourself",
        )
    rng = np.random.default_rng(1)
    one, two = student.dropout(X, 0.5, rng)[1], student.dropout(X, 0.5, rng)[1]
    if np.array_equal(one, two):
        fail("same-again", "two calls in a row give the same mask: each must draw anew from rng")


@check("forwards: how many are dropped is a matter of chance")
def chance(student):
    counts = {int((np.asarray(draw(student, X, 0.3, seed)[1]) != 0).sum()) for seed in range(3)}
    if len(counts) == 1:
        fail(
            "fixed-count",
            "exactly the same number of entries is dropped each time: each entry decides by "
            "itself, so that the number is a matter of chance",
        )


@check("backwards")
def backward(student):
    mask, dy = 1.25 * (RNG.random((20, 30)) > 0.2), RNG.normal(size=(20, 30))
    typical = {
        "no-mask": (
            "you scaled dy and did not mask it: where x was dropped, dx is 0",
            dy * 1.25,
        ),
        "no-scale": (
            "dx lacks the scale: the mask that you get holds it, so multiply by the mask itself",
            dy * (mask > 0),
        ),
        "unchanged": ("you return dy as it came: multiply it by the mask", dy),
        "scaled-twice": (
            "dx is scaled twice: the mask that you get holds the scale already",
            dy * mask * 1.25,
        ),
        "inverted": (
            "dx passes where x was dropped, and is 0 where it was kept: the mask is the wrong way "
            "round",
            dy * (mask == 0) * 1.25,
        ),
        "divided": (
            "you divided dy by the mask: multiply",
            np.divide(dy, mask, out=np.zeros_like(dy), where=mask > 0),
        ),
        "upstream": ("you return the mask alone: multiply it by dy", mask),
    }
    with np.errstate(divide="ignore"):
        got = student.dropout_backward(dy, mask)
    zeros = mask == 0
    if np.shape(got) == dy.shape and not np.allclose(got, dy * mask) and (got[zeros] != 0).any():
        again = student.dropout_backward(dy, mask)
        if not np.array_equal(got, again):
            fail(
                "drawn-again",
                "two calls with the same mask give two results: backward must not draw again, but "
                "use the mask of the forward pass",
            )
    compare(got, dy * mask, name="dx", mistakes=typical)


@check("evaluation: nothing is dropped and nothing is scaled")
def evaluation(student):
    y, mask = draw(student, X, 0.3, training=False)
    typical = {
        "eval-scaled": (
            "y is scaled in evaluation: with inverted dropout the scale is applied in "
            "training only",
            X * 0.7,
        ),
        "eval-scaled-p": (
            "y is scaled in evaluation, by p: with inverted dropout nothing is scaled there",
            X * 0.3,
        ),
        "eval-scaled-up": (
            "y is scaled up in evaluation, where nothing is dropped: y = x",
            X / 0.7,
        ),
    }
    if np.shape(y) == X.shape and (np.asarray(y) == 0).any():
        fail("eval-drops", "values are dropped in evaluation: with training=False y is x")
    compare(y, X, name="y in evaluation", mistakes=typical)
    compare(mask, np.ones(X.shape), name="the mask in evaluation")


@check("p = 0 and p = 1")
def edges(student):
    y, mask = draw(student, X, 0.0)
    if (np.asarray(mask) == 0).any():
        fail("edge", "with p = 0 something is dropped: compare so that none of [0, 1) is below p")
    compare(y, X, name="y for p = 0")
    with np.errstate(divide="ignore", invalid="ignore"):
        y, mask = draw(student, X, 1.0)
    if not (np.isfinite(y).all() and np.isfinite(mask).all()):
        fail("divided-by-zero", "with p = 1 you divide by 1 - p = 0: all is dropped, so y is 0")
    compare(y, np.zeros(X.shape), name="y for p = 1")
    compare(np.asarray(mask) * 1.0, np.zeros(X.shape), name="the mask for p = 1")
