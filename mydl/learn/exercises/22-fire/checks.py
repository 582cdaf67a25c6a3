"""Checks of the fire module's backward pass against finite differences of its forward pass."""

import numpy as np

from mydl.learn.checks import check, compare, fail, numeric_gradient, several

LIBRARY = ("mydl.layers.fire:Fire.forward", "mydl.layers.fire:Fire.backward")
PAGE = "layers/containers"

IMAGE = ("N", "H", "W", "C")
LAYERS = ("squeeze", "expand1x1", "expand3x3")


def draw(seed, c, s, e1, e3, shape=(2, 4, 3)):
    """Random input, parameters (the biases too: zeros would put ReLUs on their kink) and dy."""
    rng = np.random.default_rng(seed)
    params = {}
    for name, k, c_in, c_out in (
        ("squeeze", 1, c, s),
        ("expand1x1", 1, s, e1),
        ("expand3x3", 3, s, e3),
    ):
        params[f"{name}_weight"] = rng.normal(size=(k, k, c_in, c_out))
        params[f"{name}_bias"] = rng.normal(size=c_out) + 0.5
    return rng.normal(size=(*shape, c)), params, rng.normal(size=(*shape, e1 + e3))


def conv(x, weight, bias):
    """One shifted product for each cell of the window."""
    p, (h, w) = weight.shape[0] // 2, x.shape[1:3]
    padded = np.pad(x, ((0, 0), (p, p), (p, p), (0, 0)))
    cells = np.ndindex(weight.shape[:2])
    return bias + sum(padded[:, i : i + h, j : j + w] @ weight[i, j] for i, j in cells)


def conv_dx(dy, weight):
    p, (h, w) = weight.shape[0] // 2, dy.shape[1:3]
    dpadded = np.zeros((len(dy), h + 2 * p, w + 2 * p, weight.shape[2]))
    for i, j in np.ndindex(weight.shape[:2]):
        dpadded[:, i : i + h, j : j + w] += dy @ weight[i, j].T
    return dpadded[:, p : p + h, p : p + w]


def conv_dw(x, dy, shape):
    p, (h, w) = shape[0] // 2, x.shape[1:3]
    padded = np.pad(x, ((0, 0), (p, p), (p, p), (0, 0)))
    dweight = np.empty(shape)
    for i, j in np.ndindex(shape[:2]):
        dweight[i, j] = np.einsum("nhwc,nhwk->ck", padded[:, i : i + h, j : j + w], dy)
    return dweight


def forward(x, params):
    """The output, and what the exercise's backward gets."""
    s_before = conv(x, params["squeeze_weight"], params["squeeze_bias"])
    s = np.maximum(s_before, 0)
    pieces = [
        conv(s, params[f"{name}_weight"], params[f"{name}_bias"])
        for name in ("expand1x1", "expand3x3")
    ]
    y_before = np.concatenate(pieces, axis=3)
    return np.maximum(y_before, 0), (x, s_before, s, y_before)


def backward(student, x, params, dy):
    result = student.backward(dy, params, forward(x, params)[1])
    result = several(result, "backward", "dx", "grads")
    if not isinstance(result[1], dict):
        fail("type", "the second thing that backward returns should be a dictionary, like params")
    missing = sorted(params.keys() - result[1].keys())
    if missing:
        fail("missing", f"the dictionary of gradients has no {' and no '.join(missing)}")
    return result


def compare_grad(student, case, name, mistakes=None):
    x, params, dy = case
    got = backward(student, x, params, dy)[1][name]
    want = numeric_gradient(lambda p: forward(x, {**params, name: p})[0], params[name], dy)
    axes = ("kh", "kw", "C", "K") if name.endswith("weight") else ("K",)
    compare(got, want, name=f"the gradient of {name}", axes=axes, mistakes=mistakes)


EXPAND_RELU = "the last ReLU is missing on the way back: begin with relu_backward(dy, y_before)"
WRONG_CUT = (
    "the two branches got each other's piece of dy: the first E1 channels belong to expand1x1, "
    "the rest to expand3x3"
)


@check("expand1x1: its bias and its weight")
def expand1x1(student):
    compare_expand(student, draw(0, 3, 4, 2, 3), "expand1x1")


@check("expand3x3: its bias and its weight")
def expand3x3(student):
    compare_expand(student, draw(0, 3, 4, 2, 3), "expand3x3")


@check("both expands, of equal size")
def equal_expands(student):
    case = draw(1, 3, 2, 3, 3)
    for name in ("expand1x1", "expand3x3"):
        compare_expand(student, case, name)


def compare_expand(student, case, name):
    x, params, dy = case
    e1 = params["expand1x1_weight"].shape[3]
    _, s_before, s, y_before = forward(x, params)[1]
    first = name == "expand1x1"
    masked = dy * (y_before > 0)
    e3 = dy.shape[3] - e1
    mine, other = (slice(0, e1), slice(e3, None)) if first else (slice(e1, None), slice(0, e3))
    weight = params[f"{name}_weight"]

    def bias_and_weight(d, s=s):
        return d.sum(axis=(0, 1, 2)), conv_dw(s, d, weight.shape)

    wrong = {
        "expand-relu-forgotten": (EXPAND_RELU, bias_and_weight(dy[..., mine])),
        "negative-gradients-cut": (
            "a ReLU lets a gradient pass where its *input* was positive, whatever the "
            "gradient's own sign",
            bias_and_weight(np.maximum(dy, 0)[..., mine]),
        ),
        "before-relu": (
            "the expand convolutions had s as their input, after the ReLU; you took s_before",
            bias_and_weight(masked[..., mine], s_before),
        ),
        "wrong-cut": (WRONG_CUT, bias_and_weight(masked[..., other])),
    }
    if e1 == e3:
        wrong["alternate-cut"] = (
            "you took every second channel; the pieces stand one after the other",
            bias_and_weight(masked[..., 0::2] if first else masked[..., 1::2]),
        )
    for i, part in enumerate(("bias", "weight")):
        mistakes = {kind: (sentence, arrays[i]) for kind, (sentence, arrays) in wrong.items()}
        compare_grad(student, case, f"{name}_{part}", mistakes)


@check("squeeze: its bias and its weight, where both branches meet", points=2)
def squeeze(student):
    compare_squeeze(student, draw(2, 3, 4, 2, 3))


@check("squeeze, with equal expands and one channel")
def small_squeeze(student):
    compare_squeeze(student, draw(3, 2, 1, 2, 2, shape=(1, 3, 4)))


def compare_squeeze(student, case):
    x, params, _ = case
    wrong = wrong_ds(case)
    axes = (0, 1, 2)
    for part in ("bias", "weight"):
        mistakes = {
            kind: (
                sentence,
                ds.sum(axis=axes)
                if part == "bias"
                else conv_dw(x, ds, params["squeeze_weight"].shape),
            )
            for kind, (sentence, ds) in wrong.items()
        }
        compare_grad(student, case, f"squeeze_{part}", mistakes)


def wrong_ds(case):
    """What is wrong by its kind: the sentence, and the gradient of s_before that comes of it."""
    x, params, dy = case
    _, s_before, _, y_before = forward(x, params)[1]
    e1 = params["expand1x1_weight"].shape[3]
    d1, d3 = np.split(dy * (y_before > 0), [e1], axis=3)
    ds1, ds3 = conv_dx(d1, params["expand1x1_weight"]), conv_dx(d3, params["expand3x3_weight"])
    mask = s_before > 0
    forgotten = (
        "the gradient of {} is missing. s fed both branches, so ds is the sum of what both of "
        "them send back"
    )
    return {
        "expand3x3-forgotten": (forgotten.format("expand3x3"), ds1 * mask),
        "expand1x1-forgotten": (forgotten.format("expand1x1"), ds3 * mask),
        "squeeze-relu-forgotten": (
            "the ReLU between squeeze and expand is missing on the way back: "
            "relu_backward(ds, s_before)",
            ds1 + ds3,
        ),
        "half-masked": (
            "only one of the two summands went through the ReLU: add first, then mask the sum",
            ds1 * mask + ds3,
        ),
        "averaged": (
            "you took the mean of the two branches' gradients; they add",
            (ds1 + ds3) / 2 * mask,
        ),
        "expand-added-twice": (
            "you added the 1x1 branch twice; ds is ds1 + ds3",
            2 * ds1 * mask,
        ),
        "negative-gradients-cut": (
            "at the squeeze's ReLU you cut negative gradients; it lets a gradient pass where its "
            "*input* was positive",
            np.maximum(ds1 + ds3, 0),
        ),
    }


@check("dx", points=2)
def image(student):
    case = draw(4, 3, 2, 2, 3)
    x, params, dy = case
    want = numeric_gradient(lambda x: forward(x, params)[0], x, dy)
    mistakes = {
        kind: (sentence, conv_dx(ds, params["squeeze_weight"]))
        for kind, (sentence, ds) in wrong_ds(case).items()
    }
    compare(backward(student, *case)[0], want, name="dx", axes=IMAGE, mistakes=mistakes)
