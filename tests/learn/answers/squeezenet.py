"""Answers to 29-squeezenet, each a complete file of a student."""

# %% given
import fire
import numpy as np
from avg_pool import global_avg_pool, global_avg_pool_backward
from cross_entropy import cross_entropy, cross_entropy_backward
from max_pool import max_pool, max_pool_backward
from momentum import SGD
from relu import relu, relu_backward
from stride_padding import conv_backward, conv_forward


def initial_params(rng, channels=12, fires=((8, 16, 16), (8, 16, 16)), classes=10):
    def layer(prefix, kernel, c_in, c_out):
        scale = np.sqrt(2 / (kernel * kernel * c_in))
        weight = rng.normal(size=(kernel, kernel, c_in, c_out)) * scale
        return {f"{prefix}weight": weight, f"{prefix}bias": np.zeros(c_out)}

    params = {"conv1": layer("", 3, 1, channels)}
    for name, (squeeze, expand1x1, expand3x3) in zip(("fire2", "fire3"), fires, strict=True):
        params[name] = {
            **layer("squeeze_", 1, channels, squeeze),
            **layer("expand1x1_", 1, squeeze, expand1x1),
            **layer("expand3x3_", 3, squeeze, expand3x3),
        }
        channels = expand1x1 + expand3x3
    params["conv4"] = layer("", 1, channels, classes)
    return params


# %% right layers that remember
class Conv:
    def __init__(self, params, stride, padding):
        self.params, self.how = params, (stride, padding)

    def forward(self, x):
        self.x = x
        return conv_forward(x, self.params["weight"], self.params["bias"], *self.how)

    def backward(self, dy):
        dx, dweight, dbias = conv_backward(dy, self.x, self.params["weight"], *self.how)
        self.grads = {"bias": dbias, "weight": dweight}
        return dx


class ReLU:
    def forward(self, x):
        self.y = relu(x)
        return self.y

    def backward(self, dy):
        return relu_backward(dy, self.y)


class Fire:
    def __init__(self, params):
        self.params = params

    def forward(self, x):
        y, self.kept = fire.forward(x, self.params)
        return y

    def backward(self, dy):
        dx, self.grads = fire.backward(dy, self.params, self.kept)
        return dx


class Pool:
    def forward(self, x):
        self.x = x
        return max_pool(x, (3, 3), 2, 1)

    def backward(self, dy):
        return max_pool_backward(dy, self.x, (3, 3), 2, 1)


class Mean:
    def forward(self, x):
        self.shape = x.shape
        return x.sum(axis=(1, 2)) / (x.shape[1] * x.shape[2])

    def backward(self, dy):
        _, h, w, _ = self.shape
        return dy[:, None, None].repeat(h, axis=1).repeat(w, axis=2) / (h * w)


def build(params):
    return {
        "conv1": Conv(params["conv1"], 2, 1),
        "relu": ReLU(),
        "fire2": Fire(params["fire2"]),
        "fire3": Fire(params["fire3"]),
        "pool": Pool(),
        "conv4": Conv(params["conv4"], 1, 0),
        "mean": Mean(),
    }


def forward(x, params):
    layers = build(params)
    for layer in layers.values():
        x = layer.forward(x)
    return x, layers


def backward(dlogits, params, kept):
    for layer in reversed(kept.values()):
        dlogits = layer.backward(dlogits)
    return {name: kept[name].grads for name in params}


def train(params, batches, lr, momentum):
    optimizers = {
        name: SGD(list(params[name].values()), lr, momentum, 0.0, True) for name in params
    }
    losses = []
    for images, labels in batches:
        logits, kept = forward(images, params)
        losses += [cross_entropy(logits, labels)]
        grads = backward(cross_entropy_backward(logits, labels), params, kept)
        for name, optimizer in optimizers.items():
            optimizer.step([grads[name][n] for n in params[name]])
    return losses


# %% right closures
def conv1(x, p):
    y = relu(conv_forward(x, p["weight"], p["bias"], 2, 1))

    def back(dy):
        dx, dweight, dbias = conv_backward(relu_backward(dy, y), x, p["weight"], 2, 1)
        return dx, {"weight": dweight, "bias": dbias}

    return y, back


def fire_module(x, p):
    y, kept = fire.forward(x, p)
    return y, lambda dy: fire.backward(dy, p, kept)


def head(x, p):
    # The mean and a 1x1 convolution are both linear: the mean may come first.
    pooled = max_pool(x, (3, 3), 2, 1)
    means = pooled.mean(axis=(1, 2))  # (N, C)
    weight = p["weight"][0, 0]

    def back(dy):
        dpooled = np.zeros(pooled.shape) + (dy @ weight.T)[:, None, None] / pooled[0, ..., 0].size
        grads = {"weight": (means.T @ dy)[None, None], "bias": dy.sum(axis=0)}
        return max_pool_backward(dpooled, x, (3, 3), 2, 1), grads

    return means @ weight + p["bias"], back


STEPS = {"conv1": conv1, "fire2": fire_module, "fire3": fire_module, "conv4": head}


def forward(x, params):
    backs = {}
    for name, step in STEPS.items():
        x, backs[name] = step(x, params[name])
    return x, backs


def backward(dlogits, params, kept):
    grads = {}
    for name in reversed(list(kept)):
        dlogits, grads[name] = kept[name](dlogits)
    return grads


def flat(arrays):
    return [arrays[layer][name] for layer in sorted(arrays) for name in sorted(arrays[layer])]


def train(params, batches, lr, momentum):
    optimizer, losses = SGD(flat(params), lr, momentum=momentum, nesterov=True), []
    for images, labels in batches:
        logits, backs = forward(images, params)
        losses.append(float(cross_entropy(logits, labels)))
        optimizer.step(flat(backward(cross_entropy_backward(logits, labels), params, backs)))
    return losses


# %% given
import fire
import numpy as np
from avg_pool import global_avg_pool, global_avg_pool_backward
from cross_entropy import cross_entropy, cross_entropy_backward
from max_pool import max_pool, max_pool_backward
from momentum import SGD
from relu import relu, relu_backward
from stride_padding import conv_backward, conv_forward


def initial_params(rng, channels=12, fires=((8, 16, 16), (8, 16, 16)), classes=10):
    def layer(prefix, kernel, c_in, c_out):
        scale = np.sqrt(2 / (kernel * kernel * c_in))
        weight = rng.normal(size=(kernel, kernel, c_in, c_out)) * scale
        return {f"{prefix}weight": weight, f"{prefix}bias": np.zeros(c_out)}

    params = {"conv1": layer("", 3, 1, channels)}
    for name, (squeeze, expand1x1, expand3x3) in zip(("fire2", "fire3"), fires, strict=True):
        params[name] = {
            **layer("squeeze_", 1, channels, squeeze),
            **layer("expand1x1_", 1, squeeze, expand1x1),
            **layer("expand3x3_", 3, squeeze, expand3x3),
        }
        channels = expand1x1 + expand3x3
    params["conv4"] = layer("", 1, channels, classes)
    return params


def head(pooled, params):
    return conv_forward(pooled, params["conv4"]["weight"], params["conv4"]["bias"], 1, 0)


def forward(x, params):
    y1 = relu(conv_forward(x, params["conv1"]["weight"], params["conv1"]["bias"], 2, 1))
    y2, kept2 = fire.forward(y1, params["fire2"])
    y3, kept3 = fire.forward(y2, params["fire3"])
    pooled = max_pool(y3, (3, 3), 2, 1)
    scores = head(pooled, params)
    return global_avg_pool(scores), (x, y1, kept2, kept3, y3, pooled, scores.shape)


def scores_backward(dlogits, kept):
    return global_avg_pool_backward(dlogits, kept[6])


def pool_backward(d, kept):
    return max_pool_backward(d, kept[4], (3, 3), 2, 1)


def first_relu_backward(d, kept):
    return relu_backward(d, kept[1])


def backward(dlogits, params, kept):
    x, _, kept2, kept3, _, pooled, _ = kept
    grads = {"conv1": {}, "conv4": {}}
    d = scores_backward(dlogits, kept)
    d, *conv4 = conv_backward(d, pooled, params["conv4"]["weight"], 1, 0)
    grads["conv4"]["weight"], grads["conv4"]["bias"] = conv4
    d, grads["fire3"] = fire.backward(pool_backward(d, kept), params["fire3"], kept3)
    d, grads["fire2"] = fire.backward(d, params["fire2"], kept2)
    d = first_relu_backward(d, kept)
    _, *conv1 = conv_backward(d, x, params["conv1"]["weight"], 2, 1)
    grads["conv1"]["weight"], grads["conv1"]["bias"] = conv1
    return grads


def train(params, batches, lr, momentum):
    places = [(layer, name) for layer in params for name in params[layer]]
    optimizer = SGD([params[layer][n] for layer, n in places], lr, momentum, nesterov=True)
    losses = []
    for images, labels in batches:
        logits, kept = forward(images, params)
        losses.append(cross_entropy(logits, labels))
        grads = backward(cross_entropy_backward(logits, labels), params, kept)
        optimizer.step([grads[layer][n] for layer, n in places])
    return losses


# %% wrong forgets the ReLU: relu-wrong
# conv1 without its ReLU, forwards: fire modules have their own, conv1 does not.
def forward(x, params):
    y1 = conv_forward(x, params["conv1"]["weight"], params["conv1"]["bias"], 2, 1)
    y2, kept2 = fire.forward(y1, params["fire2"])
    y3, kept3 = fire.forward(y2, params["fire3"])
    pooled = max_pool(y3, (3, 3), 2, 1)
    scores = head(pooled, params)
    return global_avg_pool(scores), (x, y1, kept2, kept3, y3, pooled, scores.shape)


# %% wrong ReLU on the scores: linear-wrong
# The original SqueezeNet has one there; with it a class of negative scores cannot learn.
def head(pooled, params):
    return relu(conv_forward(pooled, params["conv4"]["weight"], params["conv4"]["bias"], 1, 0))


# %% wrong sums the scores: mean-wrong
# A sum over the pixels for their mean.
def global_avg_pool(scores):
    return scores.sum(axis=(1, 2))


# %% wrong forgets to divide: mean-backward
# Each pixel gets the logit's whole gradient.
def scores_backward(dlogits, kept):
    return np.zeros(kept[6]) + dlogits[:, None, None]


# %% wrong leaves the pooling out backwards: exception
# Every convolution was thought of, and the layer without parameters was not.
def pool_backward(d, kept):
    return d


# %% wrong repeats the gradient: pool-backward
# Upsampling, as for an average, in the place of the maximum's way back.
def pool_backward(d, kept):
    _, h, w, _ = kept[4].shape
    return d.repeat(2, axis=1).repeat(2, axis=2)[:, :h, :w]


# %% wrong forgets the ReLU backwards: relu-backward
# conv1's gradient without the mask.
def first_relu_backward(d, kept):
    return d


# %% wrong keeps one fire's arrays for both: exception
# kept2 overwritten by kept3.
def forward(x, params):
    y1 = relu(conv_forward(x, params["conv1"]["weight"], params["conv1"]["bias"], 2, 1))
    y2, kept = fire.forward(y1, params["fire2"])
    y3, kept = fire.forward(y2, params["fire3"])
    pooled = max_pool(y3, (3, 3), 2, 1)
    scores = head(pooled, params)
    return global_avg_pool(scores), (x, y1, kept, kept, y3, pooled, scores.shape)


# %% wrong pairs by place: pairs
# The values of two dictionaries, in whatever order they have.
def train(params, batches, lr, momentum):
    def flat(arrays):
        return [array for layer in params for array in arrays[layer].values()]

    optimizer, losses = SGD(flat(params), lr, momentum, nesterov=True), []
    for images, labels in batches:
        logits, kept = forward(images, params)
        losses.append(cross_entropy(logits, labels))
        grads = backward(cross_entropy_backward(logits, labels), params, kept)
        optimizer.step(flat(grads))
    return losses


# %% wrong a new optimizer for each batch: forgetful
# kozistr/pytorch_optimizer, pull request 516, in another form: the momentum starts from zero.
def train(params, batches, lr, momentum):
    places = [(layer, name) for layer in params for name in params[layer]]
    losses = []
    for images, labels in batches:
        optimizer = SGD([params[layer][n] for layer, n in places], lr, momentum, nesterov=True)
        logits, kept = forward(images, params)
        losses.append(cross_entropy(logits, labels))
        grads = backward(cross_entropy_backward(logits, labels), params, kept)
        optimizer.step([grads[layer][n] for layer, n in places])
    return losses


# %% wrong trains a copy: not-in-place
# The optimizer gets copies, and the network stays as it is.
def train(params, batches, lr, momentum):
    places = [(layer, name) for layer in params for name in params[layer]]
    optimizer = SGD([params[layer][n].copy() for layer, n in places], lr, momentum, nesterov=True)
    losses = []
    for images, labels in batches:
        logits, kept = forward(images, params)
        losses.append(cross_entropy(logits, labels))
        grads = backward(cross_entropy_backward(logits, labels), params, kept)
        optimizer.step([grads[layer][n] for layer, n in places])
    return losses


# %% wrong loss after the step: late
# The loss of a batch that the network has just learned from looks better than it is.
def train(params, batches, lr, momentum):
    places = [(layer, name) for layer in params for name in params[layer]]
    optimizer = SGD([params[layer][n] for layer, n in places], lr, momentum, nesterov=True)
    losses = []
    for images, labels in batches:
        logits, kept = forward(images, params)
        grads = backward(cross_entropy_backward(logits, labels), params, kept)
        optimizer.step([grads[layer][n] for layer, n in places])
        losses.append(cross_entropy(forward(images, params)[0], labels))
    return losses


# %% wrong returns nothing: none
# The losses are printed, or dropped.
def train(params, batches, lr, momentum):
    places = [(layer, name) for layer in params for name in params[layer]]
    optimizer = SGD([params[layer][n] for layer, n in places], lr, momentum, nesterov=True)
    for images, labels in batches:
        logits, kept = forward(images, params)
        grads = backward(cross_entropy_backward(logits, labels), params, kept)
        optimizer.step([grads[layer][n] for layer, n in places])


# %% wrong forgets a layer: missing | type
# fire2's gradients are passed on and not kept.
def backward(dlogits, params, kept):
    x, _, kept2, kept3, _, pooled, _ = kept
    grads = {"conv1": {}, "conv4": {}}
    d = scores_backward(dlogits, kept)
    d, *conv4 = conv_backward(d, pooled, params["conv4"]["weight"], 1, 0)
    grads["conv4"]["weight"], grads["conv4"]["bias"] = conv4
    d, grads["fire3"] = fire.backward(pool_backward(d, kept), params["fire3"], kept3)
    d, _ = fire.backward(d, params["fire2"], kept2)
    d = first_relu_backward(d, kept)
    _, *conv1 = conv_backward(d, x, params["conv1"]["weight"], 2, 1)
    grads["conv1"]["weight"], grads["conv1"]["bias"] = conv1
    return grads
