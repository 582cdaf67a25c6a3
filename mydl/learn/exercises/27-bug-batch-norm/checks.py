"""Checks of a repaired batch norm, with weights that are 1 and weights that are not."""

import numpy as np

from mydl.learn.checks import check, compare, numeric_gradient, several

LIBRARY = ("mydl.layers.batchnorm:BatchNorm2d.backward",)
PAGE = "layers/batchnorm"

AXES = (0, 1, 2)
IMAGE = ("N", "H", "W", "C")
EPS = 1e-3


def forward(x, weight, bias):
    return weight * (x - x.mean(axis=AXES)) / np.sqrt(x.var(axis=AXES) + EPS) + bias


def draw(seed, shape=(2, 3, 4, 3)):
    rng = np.random.default_rng(seed)
    x = 2 * rng.normal(size=shape) + 1
    return x, rng.normal(size=shape[3]) * 0.3 + 2, rng.normal(size=shape[3]), rng.normal(size=shape)


def compare_backward(student, x, weight, bias, dy):
    kept = (x, x.mean(axis=AXES), x.var(axis=AXES), weight, EPS)
    dx, dweight, dbias = several(student.backward(dy, kept), "backward", "dx", "dweight", "dbias")
    want = numeric_gradient(lambda x: forward(x, weight, bias), x, dy)
    _, direct, through_mean, through_var = parts(x, weight, dy)
    compare(
        dx,
        want,
        name="dx",
        axes=IMAGE,
        mistakes={
            "weight-forgotten": (
                "dx lacks the weight in every channel, as in the file that you were given: it is "
                "right where the weight is 1. Which of the paper's lines has the weight in it, and "
                "which lines of the code use what comes of it?",
                want / weight,
            ),
            "weight-in-direct-way": (
                "the weight is in the direct way only; d var and d mean are made of d x_hat too",
                direct + (through_mean + through_var) / weight,
            ),
            "weight-in-mean-missing": (
                "the weight is missing on the way through the mean: it is made of d x_hat too",
                direct + through_mean / weight + through_var,
            ),
            "weight-in-variance-missing": (
                "the weight is missing on the way through the variance: it is made of d x_hat too",
                direct + through_mean + through_var / weight,
            ),
            "weight-twice": (
                "the weight is in dx twice: multiply dy by it once, in d x_hat",
                want * weight,
            ),
            "divided-by-weight": (
                "you divided by the weight; d x_hat = dy weight",
                want / weight**2,
            ),
        },
    )
    dweight_want = numeric_gradient(lambda weight: forward(x, weight, bias), weight, dy)
    compare(
        dweight,
        dweight_want,
        name="dweight",
        axes=("C",),
        mistakes={
            "weight-in-dweight": (
                "dweight was right, and now has a factor weight too many. It is the sum of dy "
                "x_hat with the dy that came in: multiply by the weight only afterwards",
                dweight_want * weight,
            )
        },
    )
    compare(
        dbias,
        dy.sum(axis=AXES),
        name="dbias",
        axes=("C",),
        mistakes={
            "weight-in-dbias": (
                "dbias was right, and now has a factor weight too many. It is the sum of the dy "
                "that came in: multiply by the weight only afterwards",
                dy.sum(axis=AXES) * weight,
            )
        },
    )


def parts(x, weight, dy):
    """x_hat and dx's three parts: directly, through the mean and through the variance."""
    scale = 1 / np.sqrt(x.var(axis=AXES) + EPS)
    x_hat = (x - x.mean(axis=AXES)) * scale
    d = dy * weight
    through_mean = np.broadcast_to(-scale * d.mean(axis=AXES), x.shape)
    return x_hat, scale * d, through_mean, -scale * x_hat * (d * x_hat).mean(axis=AXES)


@check("a new layer: all weights are 1, as the author tested it")
def new(student):
    x, weight, bias, dy = draw(0)
    compare_backward(student, x, np.ones_like(weight), np.zeros_like(bias), dy)


@check("the statement's three pixels, weight 3")
def statement(student):
    x = np.array([1.0, 2.0, 6.0]).reshape(1, 1, 3, 1)
    dy = np.array([1.0, 0.0, 0.0]).reshape(x.shape)
    compare_backward(student, x, np.array([3.0]), np.array([0.0]), dy)


@check("a trained layer: each channel has a weight of its own", points=2)
def trained(student):
    compare_backward(student, *draw(1))


@check("weights that are negative or zero")
def negative(student):
    x, _, bias, dy = draw(2)
    weight = np.array([-0.5, 0.0, 1.5])
    kept = (x, x.mean(axis=AXES), x.var(axis=AXES), weight, EPS)
    dx, _, _ = several(student.backward(dy, kept), "backward", "dx", "dweight", "dbias")
    want = numeric_gradient(lambda x: forward(x, weight, bias), x, dy)
    compare(
        dx,
        want,
        name="dx",
        axes=IMAGE,
        mistakes={
            "absolute-weight": (
                "a negative weight turns the sign of dx; do not take its absolute value",
                np.where(weight < 0, -want, want),
            )
        },
    )
