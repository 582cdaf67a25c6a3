"""Checks of the image's gradient against derivatives measured on the forward pass."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from mydl.learn.checks import check, compare, numeric_gradient

LIBRARY = ("mydl.layers.conv:Conv2d.backward", "mydl.kernels.im2col:col2im_reference")
PAGE = "layers/conv2d"

KERNEL = np.array([[1.0, 0, -1], [2, 1, 0], [0, -1, 1]]).reshape(3, 3, 1, 1)
GRADIENT = np.array([[1.0, 2], [0, -1]]).reshape(1, 2, 2, 1)


def forward(x, w):
    windows = sliding_window_view(x, w.shape[:2], axis=(1, 2))  # (N, H_out, W_out, C, kh, kw)
    return np.einsum("npqcij,ijck->npqk", windows, w)


def one_index(w):
    """The square kernels that act like w if its place is taken to be (i, i), and (j, j)."""
    cells = np.arange(len(w))
    along_i, along_j = np.zeros_like(w), np.zeros_like(w)
    along_i[cells, cells], along_j[cells, cells] = w.sum(axis=1), w.sum(axis=0)
    return {"i": along_i, "j": along_j}


def draw(seed, x_shape, kernel_size, filters):
    """A random upstream gradient, weights and the shape of the image."""
    rng = np.random.default_rng(seed)
    n, h, w, c = x_shape
    dy_shape = (n, h - kernel_size[0] + 1, w - kernel_size[1] + 1, filters)
    return rng.normal(size=dy_shape), rng.normal(size=(*kernel_size, c, filters)), x_shape


def windows_of(dy, w):
    """For each window, row by row: where it lies and what it sends back, (N, kh, kw, C)."""
    for p, q in np.ndindex(dy.shape[1:3]):
        sent = np.einsum("nk,ijck->nijc", dy[:, p, q], w)
        yield (slice(None), slice(p, p + w.shape[0]), slice(q, q + w.shape[1])), sent


def assigned_by_window(dy, w, x_shape):
    dx = np.zeros(x_shape)
    for place, sent in windows_of(dy, w):
        dx[place] = sent
    return dx


def assigned_by_cell(dy, w, x_shape):
    dx = np.zeros(x_shape)
    _, h_out, w_out, _ = dy.shape
    for i, j in np.ndindex(w.shape[:2]):
        dx[:, i : i + h_out, j : j + w_out] = np.einsum("npqk,ck->npqc", dy, w[i, j])
    return dx


def compare_dx(student, dy, w, x_shape):
    kh, kw, c, k = w.shape
    _, h_out, w_out, _ = dy.shape

    def gradient(dy, w):
        return numeric_gradient(lambda x: forward(x, w), np.zeros(x_shape), dy)

    dx = gradient(dy, w)
    count = gradient(np.ones_like(dy[..., :1]), np.ones((kh, kw, c, 1)))  # windows of each pixel
    at_corner = np.zeros_like(w)
    at_corner[0, 0] = w.sum(axis=(0, 1))
    transposed = w.swapaxes(2, 3)
    overwritten = (
        "where windows overlap only the last of them counts: you assign where you should add. A "
        "pixel collects from every window that read it: dx[...] += ..."
    )
    mistakes = {
        "overwritten": (overwritten, assigned_by_window(dy, w, x_shape)),
        "overwritten-by-cell": (overwritten, assigned_by_cell(dy, w, x_shape)),
        "flip": (
            "the kernel meets dy upside down, turned by 180 degrees. Whoever sends dy back with += "
            "to the pixels x[p + i, q + j] must not turn it; whoever pads dy and slides the kernel "
            "over it must turn it, once",
            gradient(dy, w[::-1, ::-1]),
        ),
        "filter-forgotten": (
            "only the first filter sends its gradient back. All K output channels read the same "
            "pixels: sum over k",
            gradient(dy[..., :1], w[..., :1]),
        ),
        "filter-overwritten": (
            "only the last filter sends its gradient back: you assign in the loop over the "
            "filters where you should add",
            gradient(dy[..., -1:], w[..., -1:]),
        ),
        "first-sample": (
            "only the first image has a gradient. Do the same for every n",
            np.concatenate([dx[:1], np.zeros_like(dx[1:])]),
        ),
        "batch-summed": (
            "every image has the sum of all images' gradients. A pixel of image n was read by the "
            "output of image n only: keep n",
            np.broadcast_to(dx.sum(axis=0, keepdims=True), dx.shape),
        ),
        "channels-alike": (
            "all channels of the image have the same gradient, the sum over them. Each channel c "
            "has weights of its own: w[..., c, k]",
            np.broadcast_to(dx.sum(axis=3, keepdims=True), dx.shape),
        ),
        "channel-forgotten": (
            "only the first channel of the image has a gradient; the others were read as well",
            np.concatenate([dx[..., :1], np.zeros_like(dx[..., 1:])], axis=3),
        ),
        "one-pixel": (
            "all that a window sends back arrives at its first pixel. Each weight w[i, j] sends "
            "to the pixel that it read, x[p + i, q + j]",
            gradient(dy, at_corner),
        ),
        "one-window": (
            "only the gradient of the first window arrives: does a return stand inside the loop?",
            gradient(np.pad(dy[:, :1, :1], ((0, 0), (0, h_out - 1), (0, w_out - 1), (0, 0))), w),
        ),
        "last-window": (
            "the last row and the last column of dy are left out: p runs through all H_out rows "
            "and q through all W_out columns",
            gradient(np.pad(dy[:, :-1, :-1], ((0, 0), (0, 1), (0, 1), (0, 0))), w),
        ),
        "upstream-forgotten": (
            "you added up weights and left out dy: every weight is multiplied by dy[n, p, q, k]",
            gradient(np.ones_like(dy), w),
        ),
        "averaged": (
            "you divided by the number of windows that read each pixel. Their gradients add up: "
            "it is a sum, not a mean",
            dx / count,
        ),
        "sign": ("dx has the wrong sign: the step downhill is the optimizer's business", -dx),
    }
    for padding in range(min(kh, kw) - 1):
        padded = np.pad(dy, ((0, 0), (padding, padding), (padding, padding), (0, 0)))
        if padded.shape[1] >= kh and padded.shape[2] >= kw:
            mistakes[f"padded-by-{padding}"] = (
                f"you slid the kernel over dy with a padding of {padding}, and so not every pixel "
                "of x gets its number: pad by kh - 1 rows and kw - 1 columns on each side",
                forward(padded, transposed[::-1, ::-1]),
            )
    if kh == kw:
        mistakes["quarter-turn"] = (
            "you turned the kernel by 90 degrees: np.rot90(w) turns once, np.rot90(w, 2) by 180. "
            "And whoever adds to the pixels x[p + i, q + j] does not turn it at all",
            gradient(dy, np.rot90(w)),
        )
        mistakes["window-transposed"] = (
            "rows and columns of the window are exchanged: w[i, j] read the pixel x[p + i, q + j]",
            gradient(dy, w.swapaxes(0, 1)),
        )
        for i, kernel in one_index(w).items():
            mistakes[f"one-index-{i}"] = (
                f"rows and columns are moved by the same index {i}: w[i, j] read the pixel "
                "(p + i, q + j), i for the row and j for the column",
                gradient(dy, kernel),
            )
    if kh < kw:
        mistakes["columns-left-out"] = (
            "only the first kh columns of the window send something back: i runs through kh rows, "
            "and j through kw columns",
            gradient(dy, np.where(np.arange(kw)[:, None, None] < kh, w, 0)),
        )
    if c == k:
        mistakes["transpose-forgotten"] = (
            "the channels of the image and those of the output are exchanged. w[i, j] is (C, K) "
            "and leads from C to K; back leads its transpose: dy @ w[i, j].T",
            gradient(dy, transposed),
        )
        mistakes["one-filter-each"] = (
            "channel c receives from filter c only. Every filter read every channel: sum over k "
            "for each c, dx += dy[..., k] * w[i, j, c, k]",
            gradient(dy, w * np.eye(c)),
        )
    axes = ("N", "H", "W", "C")
    compare(student.conv_dx(dy, w, x_shape), dx, name="dx", axes=axes, mistakes=mistakes)


@check("the statement's gradient and kernel")
def statement(student):
    compare_dx(student, GRADIENT, KERNEL, (1, 4, 4, 1))


@check("an image and a kernel that are not square")
def not_square(student):
    compare_dx(student, *draw(1, (1, 4, 6, 1), (2, 3), 1))


@check("three channels and three filters")
def channels(student):
    compare_dx(student, *draw(2, (1, 4, 5, 3), (2, 2), 3))


@check("two channels and four filters")
def filters(student):
    compare_dx(student, *draw(3, (1, 6, 5, 2), (3, 2), 4))


@check("two images at once", points=2)
def batch(student):
    compare_dx(student, *draw(4, (2, 4, 5, 2), (3, 3), 3))
