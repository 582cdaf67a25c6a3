import numpy as np

from mydl.learn.checks import check, compare, fail, numeric_gradient
from mydl.learn.overflow import no_overflow

LIBRARY = (
    "mydl.losses:SoftmaxCrossEntropy.forward",
    "mydl.losses:SoftmaxCrossEntropy.backward",
)
PAGE = "layers/softmax-cross-entropy"

RNG = np.random.default_rng(6)
LOGITS, LABELS = RNG.normal(size=(4, 5)), np.array([0, 4, 4, 2])
EXAMPLE = np.log([[1.0, 3.0], [1.0, 1.0]]), np.array([1, 0])
FAR = np.array([[0.0, 1000.0, 3.0], [-2000.0, -2001.0, -1999.0], [2.0, 1.0, 0.0]])
FAR_LABELS = np.array([0, 0, 1])
AXES = ("N", "K")


def softmax(z):
    return np.array([np.exp(row) / sum(np.exp(row)) for row in z])


def at_labels(array, labels):
    """The entry of each row that belongs to the row's label."""
    return np.array([row[label] for row, label in zip(array, labels, strict=True)])


def surprises(z, labels):
    return -np.log(at_labels(softmax(z), labels))


def loss(z, labels):
    return surprises(z, labels).sum() / len(z)


def one_hot(labels, k):
    return np.eye(k)[labels]


def loss_mistakes(z, labels):
    costs, p, k = surprises(z, labels), softmax(z), z.shape[1]
    return {
        "sum": ("you return the sum over the samples: the loss is their mean", costs.sum()),
        "mean-over-all": (
            "you divided by the number of all entries, N K: the mean is over the N samples",
            costs.sum() / z.size,
        ),
        "sign": ("the loss has the wrong sign: it is minus the logarithm", -costs.mean()),
        "base-2": (
            "you took the logarithm to base 2: the loss uses the natural one, np.log",
            costs.mean() / np.log(2),
        ),
        "base-10": (
            "you took the logarithm to base 10: the loss uses the natural one, np.log",
            costs.mean() / np.log(10),
        ),
        "no-log": ("you forgot the logarithm", -at_labels(p, labels).mean()),
        "no-softmax": (
            "you return minus the mean logit of the right class: the term log(sum of e^z) is "
            "missing",
            -at_labels(z, labels).mean(),
        ),
        "no-label": (
            "you return the mean of log(sum of e^z): subtract the logit of the right class",
            np.log(np.exp(z).sum(axis=1)).mean(),
        ),
        "all-classes": (
            "you averaged over all pairs of samples and labels: z[:, labels] takes all rows for "
            "each label, z[np.arange(N), labels] one entry of each row",
            -np.log(p)[:, labels].mean(),
        ),
        "predicted": (
            "you took the largest logit of each row, the class that the network would choose: the "
            "loss is about the label",
            (np.log(np.exp(z).sum(axis=1)) - z.max(axis=1)).mean(),
        ),
        "off-by-one": (
            "you took the class before the label: labels count from 0, as NumPy's indices do",
            surprises(z, labels - 1).mean(),
        ),
        "over-samples": (
            "your softmax sums over the samples: sum over the classes, along axis=1",
            -np.log(at_labels(np.exp(z) / np.exp(z).sum(axis=0), labels)).mean(),
        ),
        "binary": (
            "you added the terms (1 - y) log(1 - p), which belong to a loss of two classes: here "
            "only the right class counts",
            -np.sum(one_hot(labels, k) * np.log(p) + (1 - one_hot(labels, k)) * np.log(1 - p))
            / len(z),
        ),
        "softmax-twice": (
            "you took the softmax of probabilities: softmax is applied once, to the logits",
            surprises(p, labels).mean(),
        ),
    }


def gradient_mistakes(z, labels):
    n, k = z.shape
    p, y = softmax(z), one_hot(labels, k)
    d = (p - y) / n
    columns = p.copy()
    columns[:, labels] -= 1
    return {
        "no-mean": (
            "you return p - y: the loss is a mean over N samples, so divide by N",
            p - y,
        ),
        "mean-over-all": (
            "you divided by all N K entries: the mean is over the N samples only",
            (p - y) / z.size,
        ),
        "divided-by-classes": (
            "you divided by the number of classes K: the mean is over the N samples",
            (p - y) / k,
        ),
        "twice": ("the gradient is twice too large: there is no factor 2 in it", 2 * d),
        "sign": ("you return (y - p) / N, the negative: the gradient is (p - y) / N", -d),
        "no-labels": (
            "you return p / N: subtract 1 at the label of each sample",
            p / n,
        ),
        "no-p": (
            "you return -y / N: the derivative of log(sum of e^z), which is p, is missing",
            -y / n,
        ),
        "all-rows": (
            "d[:, labels] -= 1 subtracts in every row for every label: d[np.arange(N), labels] "
            "takes one entry of each row",
            columns / n,
        ),
        "label-over-n": (
            "1 / N is subtracted at the label, and then everything is divided by N once more: "
            "subtract 1, then divide",
            (p - y / n) / n,
        ),
        "off-by-one": (
            "you subtracted at the class before the label: labels count from 0, as NumPy's "
            "indices do",
            (p - one_hot(labels - 1, k)) / n,
        ),
        "softmax-twice": (
            "(p - y) / N holds the step through softmax already: do not put softmax's backward "
            "pass after it",
            p * (d - (d * p).sum(axis=1, keepdims=True)),
        ),
        "only-log": (
            "you return -y / p / N, the derivative by p: go on through softmax, where p cancels",
            -y / p / n,
        ),
        "diagonal": (
            "you went back through softmax with y (1 - y), the derivative of a sigmoid: the other "
            "classes' scores have a gradient, too",
            -y / p / n * p * (1 - p),
        ),
    }


@check("the loss: random logits, and the statement's example")
def forward(student):
    for z, labels in ((LOGITS, LABELS), EXAMPLE):
        got = student.cross_entropy(z, labels)
        if np.shape(got) != () and np.size(got) > 1:
            fail("not-a-mean", "the loss is one number: take the mean over the samples")
        typical = loss_mistakes(z, labels)
        compare(got, loss(z, labels), name="the loss", mistakes=typical)


@check("the gradient: by measured derivatives, and the statement's example")
def backward(student):
    for z, labels in ((LOGITS, LABELS), EXAMPLE):
        want = numeric_gradient(lambda z, labels=labels: loss(z, labels), z)
        got = student.cross_entropy_backward(z, labels)
        typical = gradient_mistakes(z, labels)
        compare(got, want, name="dlogits", axes=AXES, mistakes=typical, atol=1e-8)


@check("the loss of a network that is sure, and wrong")
def sure(student):
    with no_overflow(
        "exp(1000) overflows: subtract the largest logit of each row from the row first"
    ):
        got = student.cross_entropy(FAR, FAR_LABELS)
    z = FAR - FAR.max(axis=1, keepdims=True)
    want = np.mean(np.log(np.exp(z).sum(axis=1)) - z[np.arange(3), FAR_LABELS])
    if np.shape(got) == () and np.isinf(got):
        fail(
            "log-of-zero",
            "the loss of logits [0, 1000, 3] with label 0 comes out as infinity: p has rounded to "
            "0 before you took its logarithm. Compute log p = z - log(sum of e^z) without p",
        )
    if np.shape(got) == () and np.isnan(got):
        fail(
            "nan",
            "the loss of large logits comes out as NaN: infinity minus infinity, or 0 / 0. "
            "Subtract the largest logit of each row, and compute log p = z - log(sum of e^z) "
            "without p",
        )
    if np.shape(got) == () and 5 < got < 0.9 * want:
        fail(
            "epsilon",
            f"the loss of logits [0, 1000, 3] with label 0 is 1000 for that sample, and you are at "
            f"{got:.4g} in the mean instead of {want:.4g}: adding a small number to p, or cutting "
            "it off, hides the problem. Compute log p = z - log(sum of e^z) without p",
        )
    compare(got, want, name="the loss")


@check("the gradient of a network that is sure, and wrong")
def sure_gradient(student):
    with no_overflow(
        "exp(1000) overflows: subtract the largest logit of each row from the row first"
    ):
        got = student.cross_entropy_backward(FAR, FAR_LABELS)
    if np.isnan(got).any():
        fail(
            "nan",
            "the gradient of large logits has NaN in it: you divide by a p that is 0, or "
            "subtracted one maximum from the whole array. (p - y) / N divides by nothing but N",
        )
    z = FAR - FAR.max(axis=1, keepdims=True)
    want = (softmax(z) - one_hot(FAR_LABELS, 3)) / 3
    compare(got, want, name="dlogits", axes=AXES)
