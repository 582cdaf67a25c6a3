"""Checks of the weights' gradient against derivatives measured on the forward pass."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from mydl.learn.checks import check, compare, numeric_gradient

LIBRARY = ("mydl.layers.conv:Conv2d.backward",)
PAGE = "layers/conv2d"

IMAGE = np.array([[1.0, 0, 2, 1], [3, 1, 0, 2], [0, 2, 1, 1], [1, 3, 2, 0]]).reshape(1, 4, 4, 1)
GRADIENT = np.array([[1.0, 2], [0, -1]]).reshape(1, 2, 2, 1)


def windows(x, kernel_size):
    return sliding_window_view(x, kernel_size, axis=(1, 2))  # (N, H_out, W_out, C, kh, kw)


def forward(x, w):
    return np.einsum("npqcij,ijck->npqk", windows(x, w.shape[:2]), w)


def draw(seed, x_shape, kernel_size, filters):
    """An image, a random upstream gradient that fits, and the kernel's size."""
    rng = np.random.default_rng(seed)
    n, h, w, _ = x_shape
    dy_shape = (n, h - kernel_size[0] + 1, w - kernel_size[1] + 1, filters)
    return rng.normal(size=x_shape), rng.normal(size=dy_shape), kernel_size


def compare_dw(student, x, dy, kernel_size):
    kh, kw = kernel_size
    n, h_out, w_out, k = dy.shape
    c = x.shape[3]
    dw = numeric_gradient(lambda w: forward(x, w), np.ones((kh, kw, c, k)), dy)
    each = np.einsum("npqcij,npqk->nijck", windows(x, kernel_size), dy)  # of each image alone
    last_pixel = np.einsum("ncij,nk->ijck", windows(x, kernel_size)[:, -1, -1], dy[:, -1, -1])
    no_last = np.einsum("npqcij,npqk->ijck", windows(x, kernel_size)[:, :-1, :-1], dy[:, :-1, :-1])
    mistakes = {
        "averaged": (
            f"your dw is divided by {n * h_out * w_out}, the number of all output pixels "
            "(N * H_out * W_out). It is their sum, not their mean: every use of a weight counts in "
            "full",
            dw / (n * h_out * w_out),
        ),
        "averaged-batch": (
            f"your dw is divided by N = {n}. The 1/N of a mean loss is in dy already, and would "
            "be taken twice: add up the images",
            dw / n,
        ),
        "flip": (
            "your dw is turned by 180 degrees. w[i, j] met the pixel x[p + i, q + j] in the "
            "forward pass, so the gradient of w[i, j] takes the same pixel: nothing is turned",
            dw[::-1, ::-1],
        ),
        "last-sample": (
            "only the last image counts: you assign dw for each image where you should add "
            "(dw += ...)",
            each[-1],
        ),
        "first-sample": (
            "only the first image counts. Every image uses the same weights: sum over n too",
            each[0],
        ),
        "overwritten": (
            "only the last output pixel counts: you assign dw in the loop over p and q where you "
            "should add (dw += ...)",
            last_pixel,
        ),
        "overwritten-all": (
            "only the last output pixel of the last image counts: you assign dw in the loops where "
            "you should add (dw += ...)",
            np.einsum("cij,k->ijck", windows(x, kernel_size)[-1, -1, -1], dy[-1, -1, -1]),
        ),
        "upstream-forgotten": (
            "you added up the pixels and left out dy: each pixel x[n, p + i, q + j, c] has to be "
            "multiplied by dy[n, p, q, k]",
            np.broadcast_to(
                windows(x, kernel_size).sum(axis=(0, 1, 2)).transpose(1, 2, 0)[..., None], dw.shape
            ),
        ),
        "separate-sums": (
            "you summed x and dy separately and multiplied the sums. Multiply first, "
            "x[n, p + i, q + j, c] * dy[n, p, q, k], and then sum over n, p and q",
            np.einsum("npqcij,mrsk->ijck", windows(x, kernel_size), dy),
        ),
        "last-window": (
            "the last row and the last column of dy are left out: p runs through all H_out rows "
            "and q through all W_out columns",
            no_last,
        ),
        "sign": ("dw has the wrong sign: the step downhill is the optimizer's business", -dw),
        "channel-order": (
            "right numbers in the wrong order: your rows run through (C, kh, kw) and you reshaped "
            "them to (kh, kw, C, K). A reshape does not exchange axes; transpose does",
            dw.transpose(2, 0, 1, 3).reshape(dw.shape),
        ),
        "transposed-layout": (
            "dw has the layout (K, C, kh, kw) of other frameworks. Here the weights are "
            "(kh, kw, C, K): dw.transpose(2, 3, 1, 0)",
            dw.transpose(3, 2, 0, 1),
        ),
        "flat": (
            "right numbers, but as the matrix (kh * kw * C, K): reshape it to (kh, kw, C, K)",
            dw.reshape(-1, k),
        ),
    }
    if kh == kw:
        mistakes["window-transposed"] = (
            "rows and columns of the window are exchanged: dw[i, j] belongs to the pixels "
            "x[p + i, q + j]",
            dw.swapaxes(0, 1),
        )
    if c == k:
        mistakes["channels-swapped"] = (
            "the channels of the image and those of the output are exchanged: dw[i, j] is (C, K), "
            "that is pixels.T @ dy and not dy.T @ pixels",
            dw.swapaxes(2, 3),
        )
    got = student.conv_dw(x, dy, kernel_size)
    compare(got, dw, name="dw", axes=("kh", "kw", "C", "K"), mistakes=mistakes)


@check("the statement's image and gradient")
def statement(student):
    compare_dw(student, IMAGE, GRADIENT, (3, 3))


@check("an image and a kernel that are not square")
def not_square(student):
    compare_dw(student, *draw(1, (1, 4, 6, 1), (2, 3), 1))


@check("three channels and three filters")
def channels(student):
    compare_dw(student, *draw(2, (1, 4, 5, 3), (2, 2), 3))


@check("two channels and four filters")
def filters(student):
    compare_dw(student, *draw(3, (1, 5, 4, 2), (3, 2), 4))


@check("three images at once: their gradients add up", points=2)
def batch(student):
    compare_dw(student, *draw(4, (3, 4, 5, 2), (3, 2), 3))
