"""Answers to 22-fire, each a complete file of a student."""

# %% given
import numpy as np


def windows(x, k):
    h, w = x.shape[1:3]
    p = k // 2
    padded = np.pad(x, ((0, 0), (p, p), (p, p), (0, 0)))
    return np.concatenate(
        [padded[:, i : i + h, j : j + w] for i in range(k) for j in range(k)], axis=-1
    )


def conv(x, weight, bias):
    return windows(x, weight.shape[0]) @ weight.reshape(-1, weight.shape[3]) + bias


def conv_backward(dy, x, weight):
    k, _, _, filters = weight.shape
    cols = windows(x, k).reshape(-1, k * k * x.shape[3])
    dweight = (cols.T @ dy.reshape(-1, filters)).reshape(weight.shape)
    turned = weight[::-1, ::-1].swapaxes(2, 3).reshape(-1, x.shape[3])
    return windows(dy, k) @ turned, dweight, dy.sum(axis=(0, 1, 2))


def relu_backward(dy, x):
    return dy * (x > 0)


def forward(x, params):
    s_before = conv(x, params["squeeze_weight"], params["squeeze_bias"])
    s = np.maximum(s_before, 0)
    y1 = conv(s, params["expand1x1_weight"], params["expand1x1_bias"])
    y3 = conv(s, params["expand3x3_weight"], params["expand3x3_bias"])
    y_before = np.concatenate([y1, y3], axis=-1)
    return np.maximum(y_before, 0), (x, s_before, s, y_before)


def fill(params, kept, d1, d3, merge=lambda ds1, ds3, s_before: (ds1 + ds3) * (s_before > 0)):
    """The wrong answers' common part: what goes to the branches, and how their gradients meet."""
    x, s_before, s, _ = kept
    grads = {}
    ds1, grads["expand1x1_weight"], grads["expand1x1_bias"] = conv_backward(
        d1, s, params["expand1x1_weight"]
    )
    ds3, grads["expand3x3_weight"], grads["expand3x3_bias"] = conv_backward(
        d3, s, params["expand3x3_weight"]
    )
    dx, grads["squeeze_weight"], grads["squeeze_bias"] = conv_backward(
        merge(ds1, ds3, s_before), x, params["squeeze_weight"]
    )
    return dx, grads


def pieces(dy, params, kept):
    dy = relu_backward(dy, kept[3])
    return np.split(dy, [params["expand1x1_weight"].shape[3]], axis=3)


# %% right loop over the branches
def backward(dy, params, kept):
    x, s_before, s, y_before = kept
    dy = relu_backward(dy, y_before)
    grads, ds, start = {}, np.zeros_like(s), 0
    for name in ("expand1x1", "expand3x3"):
        weight = params[name + "_weight"]
        piece = dy[..., start : start + weight.shape[3]]
        start += weight.shape[3]
        dbranch, grads[name + "_weight"], grads[name + "_bias"] = conv_backward(piece, s, weight)
        ds += dbranch
    ds[s_before <= 0] = 0
    dx, grads["squeeze_weight"], grads["squeeze_bias"] = conv_backward(
        ds, x, params["squeeze_weight"]
    )
    return dx, grads


# %% right one convolution
def backward(dy, params, kept):
    # The 1x1 filters stand in the middle of 3x3 filters of zeros: both expands are one convolution.
    x, s_before, s, y_before = kept
    w1, w3 = params["expand1x1_weight"], params["expand3x3_weight"]
    both = np.concatenate([np.pad(w1, ((1, 1), (1, 1), (0, 0), (0, 0))), w3], axis=3)
    ds, dboth, dbias = conv_backward(dy * (y_before > 0), s, both)
    cut = w1.shape[3]
    ds = ds * (s_before > 0)
    return np.einsum("nhws,cs->nhwc", ds, params["squeeze_weight"][0, 0]), {
        "squeeze_weight": np.einsum("nhwc,nhws->cs", x, ds)[None, None],
        "squeeze_bias": ds.sum(axis=(0, 1, 2)),
        "expand1x1_weight": dboth[1:2, 1:2, :, :cut],
        "expand1x1_bias": dbias[:cut],
        "expand3x3_weight": dboth[..., cut:],
        "expand3x3_bias": dbias[cut:],
    }


# %% wrong forgets expand3x3: expand3x3-forgotten
# s fed both branches, but only one gradient comes back.
def backward(dy, params, kept):
    d1, d3 = pieces(dy, params, kept)
    return fill(params, kept, d1, d3, lambda ds1, ds3, s_before: ds1 * (s_before > 0))


# %% wrong overwrites ds: expand1x1-forgotten
# pjreddie/darknet, issue 1229: the second branch writes its gradient over the first one's.
def backward(dy, params, kept):
    d1, d3 = pieces(dy, params, kept)
    return fill(params, kept, d1, d3, lambda ds1, ds3, s_before: ds3 * (s_before > 0))


# %% wrong forgets the squeeze's ReLU: squeeze-relu-forgotten
# The mask between squeeze and expand left out.
def backward(dy, params, kept):
    d1, d3 = pieces(dy, params, kept)
    return fill(params, kept, d1, d3, lambda ds1, ds3, s_before: ds1 + ds3)


# %% wrong masks one summand: half-masked
# The ReLU applied before the sum, to one of the two.
def backward(dy, params, kept):
    d1, d3 = pieces(dy, params, kept)
    return fill(params, kept, d1, d3, lambda ds1, ds3, s_before: ds1 * (s_before > 0) + ds3)


# %% wrong averages the branches: averaged
# "Two gradients for one array, so take the mean."
def backward(dy, params, kept):
    d1, d3 = pieces(dy, params, kept)
    return fill(params, kept, d1, d3, lambda ds1, ds3, s_before: (ds1 + ds3) / 2 * (s_before > 0))


# %% wrong cuts negative gradients: negative-gradients-cut
# A reading of ReLU's derivative that is seen in forums: "zero where the gradient is negative".
def backward(dy, params, kept):
    d1, d3 = pieces(dy, params, kept)
    return fill(params, kept, d1, d3, lambda ds1, ds3, s_before: np.maximum(ds1 + ds3, 0))


# %% wrong forgets the last ReLU: expand-relu-forgotten
# dy goes into the convolutions as it came.
def backward(dy, params, kept):
    d1, d3 = np.split(dy, [params["expand1x1_weight"].shape[3]], axis=3)
    return fill(params, kept, d1, d3)


# %% wrong swaps the pieces: wrong-cut
# The first part to expand3x3.
def backward(dy, params, kept):
    e3 = params["expand3x3_weight"].shape[3]
    dy = relu_backward(dy, kept[3])
    return fill(params, kept, dy[..., e3:], dy[..., :e3])


# %% wrong cuts in the middle: exception
# dy halved, though the expands differ.
def backward(dy, params, kept):
    d1, d3 = np.split(relu_backward(dy, kept[3]), 2, axis=3)
    return fill(params, kept, d1, d3)


# %% wrong takes s before the ReLU: before-relu
# The convolution's input was s, not s_before.
def backward(dy, params, kept):
    x, s_before, _, y_before = kept
    d1, d3 = pieces(dy, params, kept)
    return fill(params, (x, s_before, s_before, y_before), d1, d3)


# %% wrong writes into dy: mutated
# dy[y_before <= 0] = 0 saves an array, and spoils the gradient of everyone else who reads dy.
def backward(dy, params, kept):
    dy[kept[3] <= 0] = 0
    d1, d3 = np.split(dy, [params["expand1x1_weight"].shape[3]], axis=3)
    return fill(params, kept, d1, d3)


# %% wrong forgets the biases: missing
# A dictionary with the weights only.
def backward(dy, params, kept):
    dx, grads = fill(params, kept, *pieces(dy, params, kept))
    return dx, {name: grad for name, grad in grads.items() if name.endswith("weight")}


# %% wrong returns dx only: type
# The gradients of the parameters are computed and dropped.
def backward(dy, params, kept):
    return fill(params, kept, *pieces(dy, params, kept))[0]


# %% wrong averages the biases: factor | row-factor
# mean instead of sum over the pixels (kvfrans/notes, issue 5).
def backward(dy, params, kept):
    dx, grads = fill(params, kept, *pieces(dy, params, kept))
    m = dy[..., 0].size
    return dx, {n: g / m if n.endswith("bias") else g for n, g in grads.items()}
