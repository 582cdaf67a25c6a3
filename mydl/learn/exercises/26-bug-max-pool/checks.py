"""Checks of a repaired max pooling: windows side by side, windows that overlap, and ties."""

import numpy as np

from mydl.learn.checks import check, compare, fail, numeric_gradient, several

LIBRARY = ("mydl.layers.pool:MaxPool2d",)
PAGE = "layers/maxpool"

AXES = ("N", "H", "W", "C")


def windows(x_shape, size, stride):
    h, w = x_shape[1:3]
    for p in range((h - size) // stride + 1):
        for q in range((w - size) // stride + 1):
            rows = slice(p * stride, p * stride + size)
            yield p, q, rows, slice(q * stride, q * stride + size)


def pool(x, size, stride):
    return np.array(
        [
            [x[:, rows, columns].max(axis=(1, 2)) for _, q, rows, columns in row]
            for row in by_rows(x.shape, size, stride)
        ]
    ).transpose(2, 0, 1, 3)


def by_rows(x_shape, size, stride):
    places = list(windows(x_shape, size, stride))
    return [[place for place in places if place[0] == p] for p in range(places[-1][0] + 1)]


def winner(window, share="first"):
    """For each sample and channel, what each cell of a window gets of the gradient."""
    wins = (window == window.max(axis=(1, 2), keepdims=True)).astype(float)
    n, size, _, c = window.shape
    if share == "all":
        return wins
    if share == "equal":
        return wins / wins.sum(axis=(1, 2), keepdims=True)
    cells = wins.reshape(n, size * size, c)
    if share == "last":
        chosen = size * size - 1 - cells[:, ::-1].argmax(axis=1)
    else:
        chosen = cells.argmax(axis=1)
    return np.eye(size * size)[chosen].transpose(0, 2, 1).reshape(window.shape)


def backward(dy, x, size, stride, share="first", add=True):
    dx = np.zeros(x.shape)
    for p, q, rows, columns in windows(x.shape, size, stride):
        got = winner(x[:, rows, columns], share)
        part = got * dy[:, p, None, q, None]
        dx[:, rows, columns] = (
            dx[:, rows, columns] + part if add else np.where(got, part, dx[:, rows, columns])
        )
    return dx


def by_pixel(dy, x, size, stride, combine, add=True):
    """What comes of one note for each pixel."""
    won = np.full(x.shape, combine is np.logical_and)
    for _, _, rows, columns in windows(x.shape, size, stride):
        window = x[:, rows, columns]
        wins = window == window.max(axis=(1, 2), keepdims=True)
        won[:, rows, columns] = combine(won[:, rows, columns], wins)
    dx = np.zeros(x.shape)
    for p, q, rows, columns in windows(x.shape, size, stride):
        part = won[:, rows, columns] * dy[:, p, None, q, None]
        dx[:, rows, columns] = part + (dx[:, rows, columns] if add else 0)
    return dx


def without_stride(dy, x, size, stride):
    """The winner of (p, q) looked for in the window that begins at (p, q)."""
    dx = np.zeros(x.shape)
    for p, q, rows, columns in windows(x.shape, size, stride):
        part = winner(x[:, rows, columns]) * dy[:, p, None, q, None]
        dx[:, p : p + size, q : q + size] += part
    return dx


def latest(old, new):
    return new


def compare_pool(student, x, dy, size, stride, want):
    y, kept = several(student.max_pool(x, size, stride), "max_pool", "y", "kept")
    y_want = pool(x, size, stride)
    if np.shape(y) == y_want.shape and not np.array_equal(y, y_want):
        fail(
            "forward-broken",
            "y is no longer the largest value of each window. The forward pass was right; keep "
            "what it computes, and change only what it notes for the backward pass",
        )
    compare(y, y_want, name="y", axes=("N", "H_out", "W_out", "C"))
    dx = student.max_pool_backward(dy, kept, size, stride)
    one_note = (
        "there is one note for each pixel, though a pixel can win one window and lose another. "
    )
    compare(
        dx,
        want,
        name="dx",
        axes=AXES,
        mistakes={
            "last-window-decides": (
                "where windows overlap, the last one decides for all that a pixel belongs to, as "
                "in the file that you were given: pixels get gradients of windows that they did "
                "not win, and lose those of windows that they did. Where is it noted who won?",
                by_pixel(dy, x, size, stride, latest),
            ),
            "any-window-decides": (
                one_note + "With |= a pixel that won once gets the gradient of every window around "
                "it. Note the winner of each *window*: an array of y's shape",
                by_pixel(dy, x, size, stride, np.logical_or),
            ),
            "all-windows-decide": (
                one_note + "With &= a pixel has to win all its windows to get anything. Note the "
                "winner of each *window*: an array of y's shape",
                by_pixel(dy, x, size, stride, np.logical_and),
            ),
            "overwritten": (
                "the winners are right now, but a pixel that wins several windows has only the "
                "last one's gradient: += in the place of =",
                backward(dy, x, size, stride, add=False),
            ),
            "notes-overwritten": (
                "there is still one note for each pixel, and with = in the place of += each "
                "window also wipes out what the windows before it gave to its pixels",
                by_pixel(dy, x, size, stride, latest, add=False),
            ),
            "stride-forgotten": (
                "you count the winning cell from pixel (p, q); the window begins at (p stride, "
                "q stride)",
                without_stride(dy, x, size, stride),
            ),
            "ties-twice": (
                "several pixels of a window are equal to its largest value, and each of them got "
                "the whole gradient. Only the first one, row by row, gets it: argmax names it",
                backward(dy, x, size, stride, share="all"),
            ),
            "ties-shared": (
                "several pixels of a window are equal to its largest value, and you shared the "
                "gradient among them. Only the first one, row by row, gets it",
                backward(dy, x, size, stride, share="equal"),
            ),
            "ties-last": (
                "among equal pixels you chose the last one; the first one, row by row, wins",
                backward(dy, x, size, stride, share="last"),
            ),
        },
    )


@check("2x2 windows side by side, as the author tested it")
def side_by_side(student):
    rng = np.random.default_rng(0)
    x, dy = rng.permutation(96).reshape(2, 4, 6, 2) / 10, rng.normal(size=(2, 2, 3, 2))
    want = numeric_gradient(lambda x: pool(x, 2, 2), x, dy)
    compare_pool(student, x, dy, 2, 2, want)


@check("the statement's row of pixels, where windows overlap")
def statement(student):
    x = np.array([[5.0, 3, 1, 2, 5], [-9, -9, -9, -9, -9]]).reshape(1, 2, 5, 1)
    dy = np.array([1.0, 10, 100, 1000]).reshape(1, 1, 4, 1)
    want = np.array([[1.0, 10, 0, 100, 1000], [0, 0, 0, 0, 0]]).reshape(x.shape)
    compare_pool(student, x, dy, 2, 1, want)


@check("3x3 windows with stride 2, as in SqueezeNet", points=2)
def overlap(student):
    rng = np.random.default_rng(1)
    x, dy = rng.permutation(140).reshape(2, 5, 7, 2) / 10 - 5, rng.normal(size=(2, 2, 3, 2))
    want = numeric_gradient(lambda x: pool(x, 3, 2), x, dy)
    compare_pool(student, x, dy, 3, 2, want)


@check("equal pixels: the first one wins")
def ties(student):
    rng = np.random.default_rng(2)
    x, dy = rng.integers(0, 8, (2, 5, 6, 2)).astype(float), rng.normal(size=(2, 3, 4, 2))
    compare_pool(student, x, dy, 3, 1, backward(dy, x, 3, 1))
