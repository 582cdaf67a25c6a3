"""Checks of concatenation: where the gradient is cut, and that branches add."""

import numpy as np

from mydl.learn.checks import check, compare, fail, in_place, numeric_gradient

LIBRARY = ("mydl.layers.concat:Concat",)
PAGE = "layers/containers"

AXES = ("N", "H", "W", "C")
CHANNELS = [2, 1, 3]


def draw(seed, channels, shape=(2, 3, 6)):
    """Arrays with these numbers of channels; N, H and W differ, so that axes cannot be mixed up."""
    rng = np.random.default_rng(seed)
    return [rng.normal(size=(*shape, c)) for c in channels]


@check("join along the channels")
def joined(student):
    for seed, channels in ((0, [2, 2]), (1, CHANNELS)):
        xs = draw(seed, channels)
        y = student.concat(xs)
        want = np.concatenate(xs, axis=3)
        if np.ndim(y) == 5:
            fail(
                "stacked",
                f"y has the shape {np.shape(y)}: you stacked the arrays along a new axis; join "
                "them along the last one that there is",
            )
        if np.ndim(y) == 4 and np.shape(y) != want.shape and np.size(y) == want.size:
            fail(
                "axis",
                f"y has the shape {np.shape(y)} and should have {want.shape}: the channels, along "
                "which the arrays are joined, are the last axis, axis=-1",
            )
        mistakes = {
            "reversed": (
                "you joined the arrays in the opposite order",
                np.concatenate(xs[::-1], axis=3),
            )
        }
        if len(set(channels)) == 1:
            mistakes["interleaved"] = (
                "the channels of the arrays alternate; all of the first array's come first, then "
                "all of the second's",
                np.stack(xs, axis=-1).reshape(want.shape),
            )
        compare(y, want, name="y", axes=AXES, mistakes=mistakes)


def compare_pieces(student, dy, channels):
    pieces = student.concat_backward(dy, channels)
    if not isinstance(pieces, list | tuple):
        fail(
            "type",
            "concat_backward should return a list, with one array for each that was joined; it "
            f"returned a {type(pieces).__name__}",
        )
    if len(pieces) != len(channels):
        fail(
            "pieces",
            f"concat_backward returned {len(pieces)} pieces and should return {len(channels)}, "
            "one for each array that was joined. np.split wants the places *between* pieces: "
            "not their widths, and not the end of the last",
        )
    starts = np.cumsum([0, *channels[:-1]])
    starts_of_reversed = dy.shape[3] - starts - channels
    for kind, (sentence, at) in {
        "wrong-order": (
            "you handed out the pieces in the opposite order: the first array's gradient is at "
            "the beginning of dy, also on the way back",
            starts_of_reversed,
        ),
        "from-zero": (
            "each of your pieces begins at channel 0; a piece begins where the one before it ended",
            np.zeros_like(starts),
        ),
    }.items():
        wrong = cut(dy, at, channels)
        if all(np.array_equal(p, w) for p, w in zip(pieces, wrong, strict=True)):
            fail(kind, sentence)
    for i, (piece, want) in enumerate(zip(pieces, cut(dy, starts, channels), strict=True)):
        name = f"the gradient of array {i}"
        check_shape(piece, want, dy, channels, name)
        compare(piece, want, name=name, axes=AXES)


def cut(dy, starts, channels):
    return [dy[..., start : start + c] for start, c in zip(starts, channels, strict=True)]


def check_shape(piece, want, dy, channels, name):
    shape = np.shape(piece)
    if shape == want.shape or len(shape) != 4:
        return
    for axis, letter in enumerate("NHW"):
        if shape[axis] != dy.shape[axis] and shape[3] == dy.shape[3]:
            fail(
                "axis",
                f"{name} has the shape {shape}: you cut dy along {letter}. The channels are the "
                "last axis, axis=-1",
            )
    if shape[3] * len(channels) == dy.shape[3]:
        fail(
            "equal-pieces",
            f"{name} has {shape[3]} channels and should have {want.shape[3]}: you cut dy into "
            "equal pieces. Cut after the numbers of channels that `channels` gives",
        )


@check("cut into two equal pieces")
def halves(student):
    compare_pieces(student, *draw(2, [4]), [2, 2])


@check("cut where the numbers of channels differ")
def uneven(student):
    compare_pieces(student, *draw(3, [6]), CHANNELS)
    compare_pieces(student, *draw(4, [7], shape=(3, 2, 4)), [4, 3])


def branch(weight):
    """A branch x -> tanh(x) weight as the pair of its passes."""

    def forward(x):
        return np.tanh(x) @ weight

    def backward_at(x):
        return lambda piece: (piece @ weight.T) * (1 - np.tanh(x) ** 2)

    return forward, backward_at


def compare_branches(student, x, channels, seed):
    rng = np.random.default_rng(seed)
    branches = [branch(rng.normal(size=(x.shape[3], c))) for c in channels]
    backwards = [backward_at(x) for _, backward_at in branches]
    dy = rng.normal(size=(*x.shape[:3], sum(channels)))
    want = numeric_gradient(
        lambda x: np.concatenate([forward(x) for forward, _ in branches], axis=3), x, dy
    )
    pieces = np.split(dy, np.cumsum(channels)[:-1], axis=3)
    parts = [backward(piece) for backward, piece in zip(backwards, pieces, strict=True)]
    mistakes = {
        "last-branch": (
            "dx is what the last branch returned: you assign in the loop over the branches where "
            "you should add. x reached the loss through every branch",
            parts[-1],
        ),
        "first-branch": (
            "dx is what the first branch returned; x reached the loss through every branch, so "
            "add what the others return",
            parts[0],
        ),
        "averaged": (
            "you took the mean over the branches. The changes that x causes along the branches "
            "add up: take the sum",
            sum(parts) / len(parts),
        ),
    }
    if len(set(channels)) == 1:
        mistakes["wrong-order"] = (
            "each branch got another one's piece: the first branch gets the first piece",
            sum(b(p) for b, p in zip(backwards, pieces[::-1], strict=True)),
        )
    dx = student.branches_backward(dy, channels, backwards)
    compare(dx, want, name="dx", axes=AXES, mistakes=mistakes)


@check("one input, two branches")
def two_branches(student):
    compare_branches(student, *draw(5, [2], shape=(2, 2, 3)), [3, 3], seed=15)


@check("one input, three branches with different numbers of channels")
def three_branches(student):
    compare_branches(student, *draw(6, [2], shape=(1, 3, 2)), CHANNELS, seed=16)


@check("branches that pass their gradient through as it is")
def untouched(student):
    (dy,) = draw(7, [4])
    before = dy.copy()
    want = dy[..., :2] + 3 * dy[..., 2:]
    # The first branch does nothing, and returns the very array that it got.
    backwards = [lambda piece: piece, lambda piece: 3 * piece]
    dx = in_place(student.branches_backward)(dy, [2, 2], backwards)
    if not np.array_equal(dy, before):
        fail(
            "mutated",
            "branches_backward changed dy. A branch that does nothing returns the piece of dy "
            "that it got, and you added the other branch into it with +=. Write total = total + "
            "part, which makes a new array",
        )
    compare(dx, want, name="dx", axes=AXES)
