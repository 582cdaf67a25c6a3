"""Checks of a repaired cut: sides with padding and sides without, in all combinations."""

import numpy as np

from mydl.learn.checks import check, compare, fail, numeric_gradient

LIBRARY = ("mydl.layers.window:Window", "mydl.layers.conv:Conv2d.backward")
PAGE = "layers/conv2d"

AXES = ("N", "H", "W", "C")


def compare_cut(student, rows, columns, shape=(2, 4, 5, 3)):
    n, h, w, c = shape
    (top, bottom), (left, right) = rows, columns
    padded = np.random.default_rng(0).normal(size=(n, h + top + bottom, w + left + right, c))
    got = student.cut(padded, rows, columns, shape)
    want = padded[:, top : top + h, left : left + w]
    sides = f"with rows = {rows} and columns = {columns}"
    check_shape(got, want, padded, sides)
    compare(
        got,
        want,
        name=f"the image {sides}",
        axes=AXES,
        mistakes={
            "both-sides-alike": (
                f"{sides} you cut off above what there is below, and left what there is right: "
                "the two sides can differ. Begin at row `top` and column `left`",
                padded[:, bottom : bottom + h, right : right + w],
            ),
            "from-the-first": (
                f"{sides} you took the first {h} rows and {w} columns of the padded image; the "
                "image begins after the padding, at row `top` and column `left`",
                padded[:, :h, :w],
            ),
            "from-the-last": (
                f"{sides} you took the last {h} rows and {w} columns; the image begins at row "
                "`top` and column `left`, whatever comes after it",
                padded[:, -h:, -w:],
            ),
            "sides-swapped": (
                f"{sides} rows and columns are mixed up: rows are the second axis of the image "
                "and have top and bottom",
                padded[:, left : left + h, top : top + w],
            ),
        },
    )


def check_shape(got, want, padded, sides):
    shape = np.shape(got)
    if shape == want.shape:
        return
    if len(shape) == 4 and 0 in shape:
        fail(
            "empty-slice",
            f"{sides} the result is empty, its shape is {shape}. What does Python make of the "
            "end of a slice, as in [1, 2, 3][0:-0]?",
        )
    if shape == padded.shape:
        fail(
            "not-cut",
            f"{sides} nothing was cut off: the shape is still the padded one, {shape}. One side "
            "without padding does not mean that no side has any",
        )
    if len(shape) == 4:
        for axis, side in ((1, "rows"), (2, "columns")):
            missing = want.shape[axis] - shape[axis]
            if missing:
                fail(
                    "too-small" if missing > 0 else "too-large",
                    f"{sides} the result has {shape[axis]} {side} and should have "
                    f"{want.shape[axis]}: cut off the padding, no more and no less, on each side "
                    "by itself",
                )


@check("padding on all sides, as the author tested it")
def all_sides(student):
    compare_cut(student, (1, 1), (1, 1))


@check("no padding at all, as for 1x1 kernels")
def none(student):
    compare_cut(student, (0, 0), (0, 0))


@check("padding on one side: below and to the right only")
def one_side(student):
    compare_cut(student, (0, 1), (0, 1))


@check("rows and columns that differ")
def differ(student):
    compare_cut(student, (1, 1), (0, 0))
    compare_cut(student, (0, 0), (1, 2))
    compare_cut(student, (0, 1), (2, 2))
    compare_cut(student, (1, 2), (0, 1))
    compare_cut(student, (2, 0), (3, 0))


def conv(x, weight, stride):
    """The convolution, by its formula on a padded image that is larger than it need be."""
    h, w = x.shape[1:3]
    kh, kw, _, k = weight.shape
    h_out, w_out = -(-h // stride), -(-w // stride)
    top = max((h_out - 1) * stride + kh - h, 0) // 2
    left = max((w_out - 1) * stride + kw - w, 0) // 2
    padded = np.pad(x, ((0, 0), (top, kh + stride), (left, kw + stride), (0, 0)))
    y = np.empty((len(x), h_out, w_out, k))
    for p in range(h_out):
        for q in range(w_out):
            window = padded[:, p * stride : p * stride + kh, q * stride : q * stride + kw]
            y[:, p, q] = np.tensordot(window, weight, axes=3)
    return y


@check("the gradient of the convolution, for all kernels and strides", points=2)
def gradient(student):
    rng = np.random.default_rng(1)
    for (kh, kw), stride, (h, w) in (
        ((3, 3), 1, (4, 5)),
        ((1, 1), 1, (3, 4)),
        ((2, 2), 1, (3, 4)),
        ((3, 3), 2, (4, 6)),
        ((3, 3), 2, (5, 4)),
        ((1, 3), 1, (3, 3)),
        ((2, 2), 2, (4, 4)),
    ):
        x, weight = rng.normal(size=(2, h, w, 2)), rng.normal(size=(kh, kw, 2, 3))
        y = conv(x, weight, stride)
        dy = rng.normal(size=y.shape)
        want = numeric_gradient(lambda x, k=weight, s=stride: conv(x, k, s), x, dy)
        got = student.conv_dx(dy, x.shape, weight, stride)
        name = f"dx of a {kh}x{kw} kernel with stride {stride} on {h}x{w} pixels"
        compare(got, want, name=name, axes=AXES)
