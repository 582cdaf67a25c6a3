"""Checks of batch norm against its formulas, and of its gradients against numbers."""

import numpy as np

from mydl.learn.checks import check, compare, numeric_gradient, several

LIBRARY = ("mydl.layers.batchnorm:BatchNorm2d",)
PAGE = "layers/batchnorm"

AXES = (0, 1, 2)
IMAGE = ("N", "H", "W", "C")
EPS = 0.3  # large, so that it matters where it is added


def draw(shape=(3, 2, 4, 3), seed=0):
    """Images whose channels have different means and spreads, a weight and a bias."""
    rng = np.random.default_rng(seed)
    spread, centre, weight, bias = rng.uniform(0.5, 2, size=(4, shape[3]))
    return rng.normal(size=shape) * spread + centre, weight, bias - 1


def normalised(x, eps, mean=None, var=None):
    mean = x.mean(axis=AXES) if mean is None else mean
    var = x.var(axis=AXES) if var is None else var
    return (x - mean) / np.sqrt(var + eps)


def compare_y(got, x, weight, bias, eps):
    m = x.size // x.shape[3]
    mean, var = x.mean(axis=AXES), x.var(axis=AXES)
    x_hat = normalised(x, eps)

    def with_x_hat(x_hat):
        return weight * x_hat + bias

    compare(
        got,
        with_x_hat(x_hat),
        name="y",
        axes=IMAGE,
        mistakes={
            "eps-outside": (
                "you added eps after the root, sqrt(var) + eps; it belongs under it, "
                "sqrt(var + eps)",
                with_x_hat((x - mean) / (np.sqrt(var) + eps)),
            ),
            "eps-forgotten": (
                "you left out eps: divide by sqrt(var + eps), or a channel of equal pixels "
                "divides by zero",
                with_x_hat(normalised(x, 0)),
            ),
            "unbiased": (
                "you divided the variance by m - 1. A batch is normalised with the mean of the "
                "squares, divided by m (m - 1 is for the running variance)",
                with_x_hat(normalised(x, eps, var=var * m / (m - 1))),
            ),
            "root-forgotten": (
                "you divided by the variance; divide by its root, the standard deviation",
                with_x_hat((x - mean) / (var + eps)),
            ),
            "batch-axis": (
                "you took the statistics over the samples only, for each pixel on its own. A "
                "channel's statistics are over samples, rows and columns: axis=(0, 1, 2)",
                with_x_hat((x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + eps)),
            ),
            "per-sample": (
                "you took the statistics of each sample on its own, which is instance norm. "
                "Batch norm takes them over the whole batch: axis=(0, 1, 2)",
                with_x_hat(
                    (x - x.mean(axis=(1, 2), keepdims=True))
                    / np.sqrt(x.var(axis=(1, 2), keepdims=True) + eps)
                ),
            ),
            "all-channels": (
                "you took one mean and one variance over all channels together; each channel has "
                "its own: axis=(0, 1, 2)",
                with_x_hat((x - x.mean()) / np.sqrt(x.var() + eps)),
            ),
            "squared-sum": (
                "your variance is zero everywhere: x - mean has mean 0 in each channel. Square "
                "first, then take the mean",
                with_x_hat(normalised(x, eps, var=0)),
            ),
            "weight-forgotten": ("you left out weight and bias: y = weight x_hat + bias", x_hat),
        },
    )


def forward_of(student, x, weight, bias, eps):
    got = student.forward(x, weight, bias, eps)
    return several(got, "forward", "y", "x_hat", "scale")


def backward_of(student, dy, x_hat, scale, weight):
    got = student.backward(dy, x_hat, scale, weight)
    return several(got, "backward", "dx", "dweight", "dbias")


@check("forward: two pixels, numbers you can follow")
def two_pixels(student):
    x, weight, bias = np.array([1.0, 3.0]).reshape(2, 1, 1, 1), np.array([2.0]), np.array([5.0])
    y, _, _ = forward_of(student, x, weight, bias, 1e-12)
    compare_y(y, x, weight, bias, 1e-12)


@check("forward: several channels, a large eps")
def forward(student):
    x, weight, bias = draw()
    y, x_hat, scale = forward_of(student, x, weight, bias, EPS)
    compare_y(y, x, weight, bias, EPS)
    compare(x_hat, normalised(x, EPS), name="x_hat", axes=IMAGE)
    scale_want = 1 / np.sqrt(x.var(axis=AXES) + EPS)
    compare(
        scale,
        scale_want,
        name="scale",
        axes=("C",),
        mistakes={
            "inverse": ("scale is 1 / sqrt(var + eps); you returned the root", 1 / scale_want),
        },
    )


@check("running mean and variance")
def running(student):
    x, _, _ = draw((2, 1, 3, 2), seed=1)
    m = x.size // x.shape[3]
    old_mean, old_var = np.array([0.5, -1.0]), np.array([1.0, 2.0])
    mean, var = x.mean(axis=AXES), x.var(axis=AXES)
    momentum = 0.2

    def mix(old, new):
        return (1 - momentum) * old + momentum * new

    swapped = "you swapped the shares: momentum is the share of the *new* batch"
    replaced = "the old running value is lost: keep its share, (1 - momentum), of it"
    got = student.update_running(old_mean, old_var, x, momentum)
    got_mean, got_var = several(got, "update_running", "running_mean", "running_var")
    compare(
        got_mean,
        mix(old_mean, mean),
        name="running_mean",
        axes=("C",),
        mistakes={
            "momentum-swapped": (swapped, momentum * old_mean + (1 - momentum) * mean),
            "replaced": (replaced, mean),
            "mean-corrected": (
                "you multiplied the mean by m / (m - 1) too; only a variance is too small by it",
                mix(old_mean, mean * m / (m - 1)),
            ),
        },
    )
    compare(
        got_var,
        mix(old_var, var * m / (m - 1)),
        name="running_var",
        axes=("C",),
        mistakes={
            "momentum-swapped": (
                swapped,
                momentum * old_var + (1 - momentum) * var * m / (m - 1),
            ),
            "replaced": (replaced, var * m / (m - 1)),
            "biased": (
                "you left out the factor m / (m - 1): the variance of a sample is too small "
                "on average, and evaluation needs that of all images",
                mix(old_var, var),
            ),
            "samples-for-m": (
                "you took the number of samples N for m; a channel has m = N H W values",
                mix(old_var, var * len(x) / (len(x) - 1)),
            ),
        },
    )


@check("evaluation, by the running statistics")
def evaluation(student):
    x, weight, bias = draw(seed=2)
    mean, var = np.array([0.5, -1.0, 2.0]), np.array([1.0, 2.0, 0.5])
    compare(
        student.evaluate(x, weight, bias, mean, var, EPS),
        weight * normalised(x, EPS, mean, var) + bias,
        name="y",
        axes=IMAGE,
        mistakes={
            "batch-statistics": (
                "you normalised by the batch's own mean and variance; in evaluation the running "
                "ones take their place",
                weight * normalised(x, EPS) + bias,
            ),
            "batch-mean": (
                "you subtracted the batch's own mean; in evaluation it is running_mean",
                weight * normalised(x, EPS, var=var) + bias,
            ),
            "batch-variance": (
                "you divided by the batch's own deviation; in evaluation it is that of running_var",
                weight * normalised(x, EPS, mean) + bias,
            ),
            "eps-outside": (
                "you added eps after the root, sqrt(running_var) + eps; it belongs under it",
                weight * (x - mean) / (np.sqrt(var) + EPS) + bias,
            ),
        },
    )


def kept(x, eps=EPS):
    return normalised(x, eps), 1 / np.sqrt(x.var(axis=AXES) + eps)


def upstream(x, seed):
    return np.random.default_rng(seed).normal(size=x.shape) + 0.5


@check("backward: dweight and dbias")
def parameters(student):
    x, weight, bias = draw(seed=3)
    dy = upstream(x, 13)
    x_hat, scale = kept(x)
    _, dweight, dbias = backward_of(student, dy, x_hat, scale, weight)
    compare(
        dbias,
        numeric_gradient(lambda bias: weight * x_hat + bias, bias, dy),
        name="dbias",
        axes=("C",),
    )
    compare(
        dweight,
        numeric_gradient(lambda weight: weight * x_hat + bias, weight, dy),
        name="dweight",
        axes=("C",),
        mistakes={
            "x-hat-forgotten": (
                "dweight is the sum of dy x_hat; you left out x_hat",
                dy.sum(axis=AXES),
            ),
            "weight-in-dweight": (
                "the weight is in dweight: y = weight x_hat + bias, so its derivative by the "
                "weight is x_hat alone; take dy, not dy weight",
                weight * (dy * x_hat).sum(axis=AXES),
            ),
            "through-scale": (
                "you multiplied by the scale; x_hat has it already",
                (dy * x_hat).sum(axis=AXES) * scale,
            ),
        },
    )


@check("backward: dx, all three ways", points=2)
def image(student):
    x, weight, bias = draw(seed=4)
    dy = upstream(x, 14)
    x_hat, scale = kept(x)
    compare_dx(student, x, weight, bias, dy, x_hat, scale)


@check("backward: dx of one sample with few pixels")
def few_pixels(student):
    x, weight, bias = draw((1, 2, 2, 2), seed=5)
    dy = upstream(x, 15)
    x_hat, scale = kept(x)
    compare_dx(student, x, weight, bias, dy, x_hat, scale)


def compare_dx(student, x, weight, bias, dy, x_hat, scale):
    m = x.size // x.shape[3]
    d = dy * weight
    mean_d, mean_d_x_hat = d.mean(axis=AXES), (d * x_hat).mean(axis=AXES)
    want = numeric_gradient(lambda x: weight * normalised(x, EPS) + bias, x, dy)
    dx, _, _ = backward_of(student, dy, x_hat, scale, weight)
    sample = {"axis": (1, 2), "keepdims": True}
    missing = "dx is the sum of three ways, and {} is missing: {}"
    compare(
        dx,
        want,
        name="dx",
        axes=IMAGE,
        mistakes={
            "constant-statistics": (
                "you treated mean and variance as constants. Both depend on x, and dx gets two "
                "more terms: - mean of dx_hat - x_hat (mean of dx_hat x_hat)",
                scale * d,
            ),
            "variance-forgotten": (
                missing.format(
                    "the one through the variance", "subtract x_hat (mean of dx_hat x_hat)"
                ),
                scale * (d - mean_d),
            ),
            "mean-forgotten": (
                missing.format("the one through the mean", "subtract the mean of dx_hat"),
                scale * (d - x_hat * mean_d_x_hat),
            ),
            "weight-forgotten": (
                "dx lacks the weight: y = weight x_hat + bias, so dx_hat = dy weight. While all "
                "weights are 1 nobody sees it",
                want / weight,
            ),
            "scale-forgotten": (
                "dx lacks the scale: x_hat = (x - mean) scale, so multiply by it",
                want / scale,
            ),
            "sum-for-mean": (
                "you subtracted sums over the channel; it is their means that go (divide by m)",
                scale * (d - m * mean_d - x_hat * m * mean_d_x_hat),
            ),
            "divided-by-one-less": (
                "you divided by m - 1 on the way through the variance; forward divides by m",
                scale * (d - mean_d - x_hat * mean_d_x_hat * m / (m - 1)),
            ),
            "per-sample": (
                "you took the means over each sample's pixels; they are over the whole batch, "
                "axis=(0, 1, 2), as in forward",
                scale * (d - d.mean(**sample) - x_hat * (d * x_hat).mean(**sample)),
            ),
            "variance-sign": (
                "the way through the variance has the wrong sign: a wider variance makes x_hat "
                "smaller, so it is subtracted",
                scale * (d - mean_d + x_hat * mean_d_x_hat),
            ),
        },
    )
