"""Answers to 23-bypass, each a complete file of a student."""

# %% right one copy
import numpy as np


def simple(x, inner):
    y = np.array(x)
    return x + inner(y)


def simple_backward(dy, inner_backward):
    return dy + inner_backward(np.array(dy))


def projected(x, inner, projection):
    return np.add(inner(np.array(x)), projection(np.array(x)))


def projected_backward(dy, inner_backward, projection_backward):
    return np.add(inner_backward(np.array(dy)), projection_backward(np.array(dy)))


# %% right sum of ways
import numpy as np


def ways(array, *layers):
    total = np.zeros_like(array) if not layers else None
    for layer in layers:
        part = layer(array.copy())
        total = part.copy() if total is None else total + part
    return total


def simple(x, inner):
    return ways(x, inner, lambda x: x)


def simple_backward(dy, inner_backward):
    return ways(dy, inner_backward, lambda dy: dy)


def projected(x, inner, projection):
    return ways(x, inner, projection)


def projected_backward(dy, inner_backward, projection_backward):
    return ways(dy, inner_backward, projection_backward)


# %% given
import numpy as np


def simple(x, inner):
    return inner(x.copy()) + x


def simple_backward(dy, inner_backward):
    return inner_backward(dy.copy()) + dy


def projected(x, inner, projection):
    return inner(x.copy()) + projection(x.copy())


def projected_backward(dy, inner_backward, projection_backward):
    return inner_backward(dy.copy()) + projection_backward(dy.copy())


# %% wrong forgets the bypass: no-bypass
# znxlwm/UGATIT-pytorch, issue 32: a residual block that returned its layers' output alone.
def simple(x, inner):
    return inner(x.copy())


# %% wrong forgets the identity: identity-forgotten
# Only the way through the layer: the bypass is there to carry the other one.
def simple_backward(dy, inner_backward):
    return inner_backward(dy.copy())


# %% wrong counts the identity twice: identity-twice
# The shortcut added in the layer, once more by the caller (yakhyo/darknet-pytorch, issue 2).
def simple_backward(dy, inner_backward):
    return inner_backward(dy.copy()) + dy + dy


# %% wrong averages: averaged
# "Two gradients for one array, so take the mean."
def simple_backward(dy, inner_backward):
    return 0.5 * (inner_backward(dy.copy()) + dy)


# %% wrong multiplies: multiplied
# The chain rule's product, where the ways are side by side.
def simple_backward(dy, inner_backward):
    return inner_backward(dy.copy()) * dy


# %% wrong forgets the projection: identity-for-projection
# dy added as if the bypass were a simple one; equal channels let it pass.
def projected_backward(dy, inner_backward, projection_backward):
    return inner_backward(dy.copy()) + dy


# %% wrong forgets one way: projection-forgotten
# The projection's parameters learn elsewhere, its way back to x is dropped.
def projected_backward(dy, inner_backward, projection_backward):
    projection_backward(dy.copy())
    return inner_backward(dy.copy())


# %% wrong one behind the other: chained
# projection and inner taken for a chain.
def projected(x, inner, projection):
    return inner(projection(x.copy()))


# %% wrong adds into the layer's output: mutated
# y += x: a layer that does nothing has returned x.
def simple(x, inner):
    y = inner(x)
    y += x
    return y


# %% wrong adds into dy: mutated
# dy += ... makes the sum in the caller's array.
def simple_backward(dy, inner_backward):
    dy += inner_backward(dy)
    return dy


# %% wrong lets inner write into x: overwritten-by-layer
# rosinality/vq-vae-2-pytorch, issue 60: a block begins with ReLU(inplace=True), and the input that
# is added is no longer the input.
def simple(x, inner):
    return inner(x) + x


# %% wrong lets inner write into dy: overwritten-by-layer
# The same on the way back.
def simple_backward(dy, inner_backward):
    return inner_backward(dy) + dy


# %% wrong copies too late: overwritten-by-layer
# The copy is made after the layer has written.
def simple(x, inner):
    y = inner(x)
    return y + x.copy()


# %% wrong one copy for two layers: overwritten-by-layer
# The copy is shared, and the first layer writes into the second one's input.
def projected(x, inner, projection):
    safe = x.copy()
    return inner(safe) + projection(safe)
