"""Checks of a whole network: its gradient on a miniature, and that it learns digits."""

import numpy as np

from mydl.data.digits import load_digits
from mydl.learn.checks import WrongAnswer, check, compare, fail, in_place, numeric_gradient, several

LIBRARY = ("mydl.layers.sequential:Sequential.backward", "mydl.training.trainer:Trainer")
PAGE = "squeezenet"
REQUIRES = (
    "relu",
    "stride-padding",
    "max-pool",
    "avg-pool",
    "fire",
    "cross-entropy",
    "momentum",
)
SECONDS = 180  # for convolutions that are written with loops

STEPS, BATCH, LR, MOMENTUM = 120, 24, 0.02, 0.9
LOSS, ACCURACY = 0.7, 0.75


def conv(x, weight, bias, stride, padding):
    kh, kw, _, _ = weight.shape
    x = np.pad(x, ((0, 0), (padding, padding), (padding, padding), (0, 0)))
    h, w = (x.shape[1] - kh) // stride + 1, (x.shape[2] - kw) // stride + 1
    return bias + sum(
        x[:, i : i + stride * h : stride, j : j + stride * w : stride] @ weight[i, j]
        for i, j in np.ndindex(kh, kw)
    )


def relu(x):
    return np.maximum(x, 0)


def fire(x, params):
    s = relu(conv(x, params["squeeze_weight"], params["squeeze_bias"], 1, 0))
    one = conv(s, params["expand1x1_weight"], params["expand1x1_bias"], 1, 0)
    three = conv(s, params["expand3x3_weight"], params["expand3x3_bias"], 1, 1)
    return relu(np.concatenate([one, three], axis=3))


def pool(x):
    x = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)), constant_values=-np.inf)
    h, w = (x.shape[1] - 3) // 2 + 1, (x.shape[2] - 3) // 2 + 1
    cells = [x[:, i : i + 2 * h : 2, j : j + 2 * w : 2] for i, j in np.ndindex(3, 3)]
    return np.max(cells, axis=0)


def forward(x, params, without=()):
    """The logits, or what they are without one of the steps."""
    conv1, conv4 = params["conv1"], params["conv4"]
    y = conv(x, conv1["weight"], conv1["bias"], 2, 1)
    y = y if "relu" in without else relu(y)
    y = fire(fire(y, params["fire2"]), params["fire3"])
    y = y if "pool" in without else pool(y)
    y = conv(y, conv4["weight"], conv4["bias"], 1, 0)
    y = relu(y) if "linear scores" in without else y
    return y.sum(axis=(1, 2)) if "mean" in without else y.mean(axis=(1, 2))


def loss(logits, labels):
    z = logits - logits.max(axis=1, keepdims=True)
    chosen = np.take_along_axis(z, labels[:, None], axis=1)[:, 0]
    return np.mean(np.log(np.exp(z).sum(axis=1)) - chosen)


def miniature(student, seed):
    """A small network whose biases are random, so that no ReLU is on its kink; images; dlogits."""
    rng = np.random.default_rng(seed)
    params = student.initial_params(rng, 2, ((2, 2, 3), (2, 3, 2)), 3)
    for layer in params.values():
        for name, array in layer.items():
            if name.endswith("bias"):
                layer[name] = rng.normal(size=array.shape) * 0.3 + 0.3
    return params, rng.normal(size=(2, 8, 6, 1)), rng.normal(size=(2, 3))


def places(params):
    return [(layer, name) for layer in params for name in params[layer]]


def with_array(params, layer, name, array):
    return {**params, layer: {**params[layer], name: array}}


def forward_of(student, x, params):
    return several(student.forward(x, params), "forward", "logits", "kept")


@check("forward: the logits of a miniature")
def logits(student):
    params, x, _ = miniature(student, 0)
    got, _ = forward_of(student, x, params)
    without = {
        "relu": "the ReLU after conv1 is missing",
        "pool": "the pooling between fire3 and conv4 is missing",
        "mean": "you summed the scores over the pixels; the logit is their mean",
        "linear scores": "conv4 has no ReLU after it: scores may be negative",
    }
    mistakes = {
        f"{step.split()[0]}-wrong": (sentence, forward(x, params, {step}))
        for step, sentence in without.items()
    }
    swapped = {**params, "fire2": params["fire3"], "fire3": params["fire2"]}
    if all(p.shape == swapped["fire2"][n].shape for n, p in params["fire2"].items()):
        mistakes["fires-swapped"] = ("fire2 and fire3 are swapped", forward(x, swapped))
    compare(got, forward(x, params), name="the logits", axes=("N", "classes"), mistakes=mistakes)


def compare_layer(student, layer, mistakes=lambda name, want, d: {}):
    params, x, dlogits = miniature(student, 1)
    _, kept = forward_of(student, x, params)
    grads = student.backward(dlogits, params, kept)
    if not isinstance(grads, dict) or not isinstance(grads.get(layer), dict):
        fail(
            "type",
            f"backward should return a dictionary of layers, with a dictionary grads[{layer!r}] "
            "that has the names of params",
        )
    for name, array in params[layer].items():
        if name not in grads[layer]:
            fail("missing", f"there is no grads[{layer!r}][{name!r}]")
        want = numeric_gradient(
            lambda p, name=name: forward(x, with_array(params, layer, name, p)), array, dlogits
        )
        compare(
            grads[layer][name],
            want,
            name=f"grads[{layer!r}][{name!r}]",
            axes=("kh", "kw", "C", "K") if array.ndim == 4 else ("K",),
            mistakes=mistakes(name, want, dlogits),
        )


@check("backward: conv4, whose scores are averaged")
def conv4(student):
    # A miniature's pooled image has 2x2 pixels.
    compare_layer(
        student,
        "conv4",
        lambda name, want, dlogits: {
            "mean-backward": (
                "the mean over the pixels is missing on the way back: each pixel gets 1 / (H W) of "
                "its logit's gradient",
                want * 4,
            ),
            "mean-twice": (
                "the mean over the pixels is taken twice on the way back; the loss's gradient "
                "knows nothing of it, global_avg_pool_backward divides",
                want / 4,
            ),
        },
    )


@check("backward: fire3, through the pooling")
def fire3(student):
    compare_layer(
        student,
        "fire3",
        lambda name, want, dlogits: {
            "pool-backward": (
                "each pixel gets the gradient of the window over it, as after an average. It "
                "belongs to the largest pixel of the window alone: max_pool_backward",
                fire3_with_repeated(*miniature(student, 1), name),
            )
        },
    )


def fire3_with_repeated(params, x, dlogits, name):
    """The gradient of fire3 if the pooling's gradient were repeated for each pixel."""
    y1 = relu(conv(x, **params["conv1"], stride=2, padding=1))
    y2 = fire(y1, params["fire2"])
    _, h, w, _ = y2.shape
    dpooled = dlogits @ params["conv4"]["weight"][0, 0].T / (-(-h // 2) * -(-w // 2))
    repeated = np.broadcast_to(dpooled[:, None, None], (len(x), h, w, dpooled.shape[1]))

    def module(array):
        return fire(y2, {**params["fire3"], name: array})

    return numeric_gradient(module, params["fire3"][name], repeated)


@check("backward: fire2, through fire3")
def fire2(student):
    compare_layer(student, "fire2")


@check("backward: conv1, through its ReLU", points=2)
def conv1(student):
    compare_layer(
        student,
        "conv1",
        lambda name, want, dlogits: {
            "relu-backward": (
                "the ReLU after conv1 is missing on the way back",
                conv1_without_relu(*miniature(student, 1), name),
            )
        },
    )


def conv1_without_relu(params, x, dlogits, name):
    """The gradient of conv1 if its ReLU let everything pass on the way back."""

    def convolve(**changed):
        return conv(x, **{**params["conv1"], **changed}, stride=2, padding=1)

    def rest(y):
        y = pool(fire(fire(y, params["fire2"]), params["fire3"]))
        return conv(y, **params["conv4"], stride=1, padding=0).mean(axis=(1, 2))

    d = numeric_gradient(rest, relu(convolve()), dlogits)
    return numeric_gradient(lambda p: convolve(**{name: p}), params["conv1"][name], d)


def sgd(params, batches, lr, momentum):
    """Nesterov's SGD on measured gradients.

    Returns the parameters after the last step, what they are if that step has forgotten the
    momentum, the losses, and what each loss is after its step.
    """
    params = {layer: dict(arrays) for layer, arrays in params.items()}
    velocity = dict.fromkeys(places(params), 0.0)
    losses, late = [], []
    for x, labels in batches:
        losses.append(loss(forward(x, params), labels))
        forgetful = {layer: {} for layer in params}
        stepped = {layer: {} for layer in params}
        for layer, name in places(params):
            p = params[layer][name]

            def of(p, x=x, labels=labels, place=(layer, name), params=params):
                return loss(forward(x, with_array(params, *place, p)), labels)

            grad = numeric_gradient(of, p)
            v = velocity[layer, name] = momentum * velocity[layer, name] + grad
            stepped[layer][name] = p - lr * (grad + momentum * v)
            forgetful[layer][name] = p - lr * (grad + momentum * grad)
        params = stepped
        late.append(loss(forward(x, params), labels))
    return params, forgetful, np.array(losses), np.array(late)


@check("train: two steps on a miniature", points=2)
def two_steps(student):
    params, x, _ = miniature(student, 2)
    batches = [(x, np.array([0, 2])), (x[::-1].copy(), np.array([1, 1]))]
    before = {layer: {n: p.copy() for n, p in arrays.items()} for layer, arrays in params.items()}
    losses = run(student, params, batches, 0.1, 0.8)
    if all(np.array_equal(params[layer][n], before[layer][n]) for layer, n in places(params)):
        fail(
            "not-in-place",
            "train has not changed params: hand the network's own arrays to the optimizer, not "
            "copies, and call its step",
        )
    want, forgetful, want_losses, late = sgd(before, batches, 0.1, 0.8)
    check_pairs(params, want, before)
    for layer, name in places(params):
        compare(
            params[layer][name],
            want[layer][name],
            name=f"params[{layer!r}][{name!r}] after two steps",
            mistakes={
                "forgetful": (
                    "the momentum is forgotten after each batch: make the optimizer once, before "
                    "the loop",
                    forgetful[layer][name],
                )
            },
        )
    if len(losses) != len(batches):
        fail("losses", f"train returned {len(losses)} losses for {len(batches)} batches")
    compare(
        np.array(losses, float),
        want_losses,
        name="the losses",
        axes=("batch",),
        mistakes={
            "late": ("each loss is taken after its step; note it before", late),
        },
    )


PAIRS = "pair parameters and gradients by name, not by their place in a dictionary"


def run(student, params, batches, lr, momentum):
    """The student's training, for its losses."""
    try:
        losses = in_place(student.train)(params, batches, lr, momentum)
    except WrongAnswer as wrong:
        if "broadcast" in wrong.diagnosis.sentence:
            fail("pairs", f"{wrong.diagnosis.sentence}; {PAIRS}", wrong.line)
        raise
    if losses is None:
        fail("none", "train returned None: collect the losses in a list, and return it")
    return losses


def check_pairs(params, want, before):
    """Whether some parameters moved as others of their shape should have."""

    def moved(to, place):
        layer, name = place
        return to[layer][name] - before[layer][name]

    for place in places(before):
        if parallel(moved(params, place), moved(want, place)):
            continue
        for other in places(before):
            if parallel(moved(params, place), moved(want, other)):
                fail("pairs", f"{place} was moved by the gradient of {other}: {PAIRS}")


def parallel(a, b):
    product = np.linalg.norm(a) * np.linalg.norm(b)
    return a.shape == b.shape and product > 0 and np.vdot(a, b) > 0.999 * product


def digits(images):
    """One channel of the 8x8 pixels, with mean 0 and variance 1 over the training images."""
    return (images[:, ::4, ::4, :1] / 255 - 0.305) / 0.376


@check(f"train: read digits, with a loss below {LOSS} after {STEPS} batches", points=3)
def learns(student):
    data, rng = load_digits(), np.random.default_rng(1)
    params = student.initial_params(rng)
    images = digits(data.train_images)
    batches = []
    for _ in range(STEPS):
        chosen = rng.choice(len(images), BATCH, replace=False)
        batches.append((images[chosen], data.train_labels[chosen]))
    losses = run(student, params, batches, LR, MOMENTUM)
    reached = float(np.mean(losses[-20:]))
    if not reached < LOSS:
        fail(
            "does-not-learn",
            f"the mean loss of the last 20 batches is {reached:.2f}, where guessing has 2.30 and "
            f"below {LOSS} is asked for: repair what the checks above say first",
        )
    logits, _ = forward_of(student, digits(data.test_images), params)
    accuracy = float(np.mean(np.argmax(logits, axis=1) == data.test_labels))
    if accuracy < ACCURACY:
        fail(
            "does-not-generalise",
            f"the loss is {reached:.2f}, but only {accuracy:.0%} of new digits are read rightly, "
            f"and {ACCURACY:.0%} is asked for: train on the batches that are given",
        )
