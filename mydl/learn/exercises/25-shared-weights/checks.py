"""Checks of the gradient of shared weights: a codebook entry collects from all its uses."""

import numpy as np

from mydl.learn.checks import check, compare, numeric_gradient, several

LIBRARY = ("mydl.weights.deep_compression:_layer",)

CODEBOOK = np.array([0.0, 0.5, -1.0])
CODES = np.array([[1, 2], [1, 0]])


def draw(seed, shape, size, used=None):
    """Codes and gradients of that shape; only the first ``used`` entries occur, each of them."""
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, used or size, shape)
    codes.flat[: used or size] = np.arange(used or size)
    return rng.normal(size=size), codes, rng.normal(size=shape)


@check("decode a codebook")
def decoded(student):
    want = np.array([[0.5, -1.0], [0.5, 0.0]])
    compare(student.decode(CODEBOOK, CODES), want, name="the weights")
    codebook, codes, _ = draw(0, (3, 3, 2, 4), 5)
    want = np.array([codebook[code] for code in codes.flat]).reshape(codes.shape)
    axes = ("kh", "kw", "C", "K")
    compare(student.decode(codebook, codes), want, name="the weights", axes=axes)


def sums(dweights, codes, size):
    """The sum over the uses of each entry, one after the other."""
    out = np.zeros(size)
    for code, d in zip(codes.flat, dweights.flat, strict=True):
        out[code] += d
    return out


def fancy(dweights, codes, size):
    out = np.zeros(size)
    out[codes] += dweights
    return out


def compare_gradient(got, dweights, codes, size, pruned=False):
    want = sums(dweights, codes, size)
    uses = np.bincount(codes.ravel(), minlength=size)
    first = np.zeros(size)
    for code, d in zip(codes.flat[::-1], dweights.flat[::-1], strict=True):
        first[code] = d
    wrong = {
        "overwritten": (
            "each entry has only the gradient of its *last* use. out[codes] += dweights reads "
            "out[codes] once, before it adds; np.add.at(out, codes, dweights) adds them all",
            fancy(dweights, codes, size),
        ),
        "first-use": ("each entry has only the gradient of its first use; add them all", first),
        "averaged": (
            "you took the mean over an entry's uses. Changing the entry changes all of "
            "them, so their gradients add",
            want / np.maximum(uses, 1),
        ),
        "counted": (
            "you counted the uses; add up their gradients (np.bincount needs weights=...)",
            uses.astype(float),
        ),
        "times-uses": (
            "you multiplied each entry's sum by the number of its uses; the sum has them already",
            want * uses,
        ),
        "magnitudes": (
            "you added up absolute values; gradients of opposite sign cancel",
            sums(np.abs(dweights), codes, size),
        ),
        "all-by-size": (
            "you divided by the number of weights; it is a plain sum",
            want / dweights.size,
        ),
    }
    if pruned:
        kept = want.copy()
        want[0] = 0
        wrong = {
            kind: (sentence, np.concatenate([[0.0], values[1:]]))
            for kind, (sentence, values) in wrong.items()
        }
        wrong["pruned-moves"] = (
            "entry 0 stands for weights that were pruned, and has to stay 0.0: with pruned=True "
            "its gradient is 0",
            kept,
        )
        wrong["pruned-shifted"] = (
            "with pruned=True the gradients moved by one entry; only entry 0 becomes 0, the "
            "others stay where they are",
            np.concatenate([[0.0], kept[:-1]]),
        )
    compare(got, want, name="dcodebook", axes=("K",), mistakes=wrong)


@check("the statement's numbers")
def statement(student):
    dweights = np.array([[1.0, 2.0], [3.0, 4.0]])
    compare_gradient(student.codebook_gradient(dweights, CODES, 3), dweights, CODES, 3)


@check("a convolution's weights, many uses of each entry", points=2)
def convolution(student):
    codebook, codes, dweights = draw(1, (3, 3, 2, 4), 5)
    got = student.codebook_gradient(dweights, codes, 5)
    compare_gradient(got, dweights, codes, 5)
    numeric = numeric_gradient(lambda codebook: codebook[codes], codebook, dweights)
    compare(got, numeric, name="dcodebook", axes=("K",))


@check("entries that no weight uses")
def unused(student):
    _, codes, dweights = draw(2, (4, 3), 7, used=4)
    compare_gradient(student.codebook_gradient(dweights, codes, 7), dweights, codes, 7)


@check("a pruned network: entry 0 stays")
def pruned(student):
    _, codes, dweights = draw(3, (5, 4), 4)
    got = student.codebook_gradient(dweights, codes, 4, pruned=True)
    compare_gradient(got, dweights, codes, 4, pruned=True)


@check("through a linear layer", points=2)
def linear(student):
    rng = np.random.default_rng(4)
    codebook, codes, _ = draw(5, (4, 3), 5)
    x, bias, dy = rng.normal(size=(6, 4)), rng.normal(size=3), rng.normal(size=(6, 3))
    got = student.linear_backward(dy, x, codebook, codes)
    dx, dcodebook, dbias = several(got, "linear_backward", "dx", "dcodebook", "dbias")
    forward = {
        "dx": numeric_gradient(lambda x: x @ codebook[codes] + bias, x, dy),
        "dbias": numeric_gradient(lambda bias: x @ codebook[codes] + bias, bias, dy),
    }
    compare(
        dx,
        forward["dx"],
        name="dx",
        axes=("N", "I"),
        mistakes={
            "codes-for-weights": (
                "you multiplied by the codes; decode them first, codebook[codes]",
                dy @ codes.T,
            )
        },
    )
    compare_gradient(dcodebook, x.T @ dy, codes, 5)
    numeric = numeric_gradient(lambda codebook: x @ codebook[codes] + bias, codebook, dy)
    compare(dcodebook, numeric, name="dcodebook", axes=("K",))
    compare(dbias, forward["dbias"], name="dbias", axes=("O",))
