"""The fire module's backward pass

The fire module is SqueezeNet's building block. It squeezes its input to few channels with 1x1
filters, then expands two ways, with 1x1 and with 3x3 filters, and joins the two:

    s_before = conv(x, squeeze)                   (N, H, W, S)
    s        = relu(s_before)                     (N, H, W, S)
    y_before = [conv(s, expand1x1), conv(s, expand3x3)]     (N, H, W, E1 + E3)
    y        = relu(y_before)                     (N, H, W, E1 + E3)

`forward` is written for you, as are a convolution and a ReLU with their backward passes. Write
`backward`: the same steps in the opposite order.

Going back, dy first passes the last ReLU: where y_before was negative, nothing gets through. Then
cut it after E1 channels. Each piece goes back through its own convolution, which gives the
gradients of that convolution's weight and bias *and* a gradient of s. Now s was used **twice**,
and both branches have something to say about it: a change of s changes the loss through the one
branch and through the other, so the two gradients **add** before they go on through the squeeze.

In numbers: say s = 3, expand1x1 doubles it and expand3x3 triples it, so y = [6, 9]. If dy = [1,
1], then ds = 2 + 3 = 5: raising s by 0.1 raises the sum of y by 0.5.

E1 and E3 need not be equal; read them from the shapes of the weights. `params` is a dictionary
with these arrays:

    squeeze_weight (1, 1, C, S)       squeeze_bias (S,)
    expand1x1_weight (1, 1, S, E1)    expand1x1_bias (E1,)
    expand3x3_weight (3, 3, S, E3)    expand3x3_bias (E3,)

You need the ideas of `concat`, `relu`, `conv-dw`, `conv-db` and `conv-dx`, nothing else. The
library's layer: `mydl/layers/fire.py`. Paper: SqueezeNet, arXiv 1602.07360, section 3.2.
"""

import numpy as np


def conv(x, weight, bias):
    """A convolution with stride 1 that keeps the image's size: (N, H, W, C) to (N, H, W, K)."""
    return windows(x, weight.shape[0]) @ weight.reshape(-1, weight.shape[3]) + bias


def conv_backward(dy, x, weight):
    """The gradients of `conv`: dx (N, H, W, C), dweight (k, k, C, K) and dbias (K,)."""
    k, _, _, filters = weight.shape
    cols = windows(x, k).reshape(-1, k * k * x.shape[3])  # (N H W, k k C)
    dweight = (cols.T @ dy.reshape(-1, filters)).reshape(weight.shape)
    dbias = dy.sum(axis=(0, 1, 2))
    # Pixel and window change places: dx is dy under the kernel turned by 180 degrees.
    turned = weight[::-1, ::-1].swapaxes(2, 3).reshape(-1, x.shape[3])  # (k k K, C)
    return windows(dy, k) @ turned, dweight, dbias


def windows(x, k):
    """The k x k window around each pixel, with zeros around the image: (N, H, W, k k C)."""
    h, w = x.shape[1:3]
    p = k // 2
    padded = np.pad(x, ((0, 0), (p, p), (p, p), (0, 0)))
    return np.concatenate(
        [padded[:, i : i + h, j : j + w] for i in range(k) for j in range(k)], axis=-1
    )


def relu(x):
    """x where it is positive, else 0."""
    return np.maximum(x, 0)


def relu_backward(dy, x):
    """The gradient of `relu`, given its input x."""
    return dy * (x > 0)


def forward(x, params):
    """The output y (N, H, W, E1 + E3), and what backward needs: (x, s_before, s, y_before)."""
    s_before = conv(x, params["squeeze_weight"], params["squeeze_bias"])
    s = relu(s_before)
    y_before = np.concatenate(
        [
            conv(s, params["expand1x1_weight"], params["expand1x1_bias"]),
            conv(s, params["expand3x3_weight"], params["expand3x3_bias"]),
        ],
        axis=-1,
    )
    return relu(y_before), (x, s_before, s, y_before)


def backward(dy, params, kept):
    """The gradients of the input and of the parameters.

    Args: dy (N, H, W, E1 + E3); params, the dictionary of the six arrays; kept, the second thing
        that `forward` returned.
    Returns: dx (N, H, W, C) and a dictionary of the six gradients, under the names of `params`.
    """
    x, s_before, s, y_before = kept
    # BEGIN SOLUTION
    e1 = params["expand1x1_weight"].shape[3]
    dy_before = relu_backward(dy, y_before)
    d1, d3 = dy_before[..., :e1], dy_before[..., e1:]
    grads = {}
    ds1, grads["expand1x1_weight"], grads["expand1x1_bias"] = conv_backward(
        d1, s, params["expand1x1_weight"]
    )
    ds3, grads["expand3x3_weight"], grads["expand3x3_bias"] = conv_backward(
        d3, s, params["expand3x3_weight"]
    )
    ds_before = relu_backward(ds1 + ds3, s_before)  # s fed both branches
    dx, grads["squeeze_weight"], grads["squeeze_bias"] = conv_backward(
        ds_before, x, params["squeeze_weight"]
    )
    return dx, grads
    # END SOLUTION
