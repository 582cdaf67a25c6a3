"""Checks of the bias' gradient against derivatives measured on the forward pass."""

import numpy as np

from mydl.learn.checks import check, compare, numeric_gradient

LIBRARY = ("mydl.layers.conv:Conv2d.backward",)
PAGE = "layers/conv2d"

EXAMPLE = np.array([[[1.0, 5], [2, 0]], [[0, 0], [-1, 3]]])[None]  # (1, 2, 2, 2)


def compare_db(student, dy):
    n, h_out, w_out, k = dy.shape
    db = numeric_gradient(lambda b: np.zeros(dy.shape) + b, np.ones(k), dy)
    sums = "It is the sum over all images, rows and columns: axes 0, 1 and 2"
    mistakes = {
        "averaged": (
            f"you took the mean over all {n * h_out * w_out} pixels of a channel. {sums}, and "
            "nothing is divided",
            db / (n * h_out * w_out),
        ),
        "averaged-batch": (
            "you divided by the number of images. The 1/N of a mean loss is in dy already: add up",
            db / n,
        ),
        "averaged-pixels": (
            f"you took the mean over the output pixels. {sums}, and nothing is divided",
            db / (h_out * w_out),
        ),
        "all-channels": (
            "every bias has the sum of all of dy. Each filter has its own bias, which reached its "
            "own channel only: keep the last axis, sum over 0, 1 and 2",
            np.full(k, dy.sum()),
        ),
        "one-number": (
            "you summed everything to a single number. Each filter has its own bias: keep the "
            "last axis, sum over 0, 1 and 2",
            np.array(dy.sum()),
        ),
        "channels-first": (
            "you summed over the axes 0, 2 and 3, which is right for channels in front of the "
            "rows, (N, K, H, W). Here they are last: sum over 0, 1 and 2",
            dy.sum(axis=(0, 2, 3)),
        ),
        "rows-and-filters": (
            "you summed over the filters and kept the columns: keep the last axis, sum over 0, 1 "
            "and 2",
            dy.sum(axis=(0, 1, 3)),
        ),
        "by-sample": (
            "you have a number for each image instead of each filter: keep the last axis, sum "
            "over 0, 1 and 2",
            dy.sum(axis=(1, 2, 3)),
        ),
        "samples-left": (
            "you did not sum over the images: every image uses the same bias, so sum over "
            "axis 0 as well as 1 and 2",
            dy.sum(axis=(1, 2)),
        ),
        "pixels-left": (
            "you summed over the images only. The bias is added to every pixel, so sum over the "
            "axes 1 and 2 as well as 0",
            dy.sum(axis=0),
        ),
        "keepdims": (
            "right sums, but with axes of length 1 in front: leave keepdims out, db is (K,)",
            dy.sum(axis=(0, 1, 2), keepdims=True),
        ),
        "first-sample": (f"only the first image counts. {sums}", dy[0].sum(axis=(0, 1))),
        "last-sample": (
            "only the last image counts: you assign db for each image where you should add "
            "(db += ...)",
            dy[-1].sum(axis=(0, 1)),
        ),
        "overwritten": (
            "only the last pixel of the last image counts: you assign where you should add "
            "(db += ...)",
            dy[-1, -1, -1],
        ),
        "upstream-forgotten": (
            "you counted the pixels. Each of them changes the loss by its dy, so sum up dy",
            np.full(k, n * h_out * w_out),
        ),
        "sign": ("db has the wrong sign: the step downhill is the optimizer's business", -db),
    }
    compare(student.conv_db(dy), db, name="db", axes=("K",), mistakes=mistakes)


@check("the statement's gradient")
def statement(student):
    compare_db(student, EXAMPLE)


@check("one image, three filters, an output that is not square")
def not_square(student):
    compare_db(student, np.random.default_rng(1).normal(size=(1, 2, 4, 3)))


@check("two images: their gradients add up")
def batch(student):
    compare_db(student, np.random.default_rng(2).normal(size=(2, 3, 4, 5)))


@check("as many images, rows and columns as filters")
def square(student):
    compare_db(student, np.random.default_rng(3).normal(size=(3, 3, 3, 3)))
