"""A tiny SqueezeNet, trained with your own layers

Everything that you have written comes together: a network of your convolution, ReLU, fire module
and pooling, its loss, its whole backward pass, and a training loop with your optimizer. It learns
to read handwritten digits in a few seconds.

This file imports your files `relu.py`, `stride_padding.py`, `max_pool.py`, `avg_pool.py`,
`fire.py`, `cross_entropy.py` and `momentum.py`, which have to be beside it and done. The network,
with the shapes for digits of 8x8 pixels:

    x                                                 (N, 8, 8, 1)
    conv1    3x3, stride 2, padding 1, then ReLU      (N, 4, 4, 12)
    fire2                                             (N, 4, 4, 32)
    fire3                                             (N, 4, 4, 32)
    pool     maximum of 3x3, stride 2, padding 1      (N, 2, 2, 32)
    conv4    1x1, stride 1, padding 0, no ReLU        (N, 2, 2, 10)
    logits   global average                           (N, 10)

SqueezeNet has no large linear layer at its end: conv4 gives each pixel a score for each class,
and the mean over the pixels is the logit.

`params` is a dictionary of layers, each a dictionary of arrays, as `initial_params` makes it; the
gradients have the same form. Take all sizes from the arrays: the checks use a smaller network
too. `fire.forward` and `fire.backward` take `params["fire2"]` as it is.

Write three functions: `forward`, `backward`, and `train`, which makes one optimizer and then, for
each batch, goes forward, notes the loss, goes backward and takes a step.

In `train` your SGD wants two lists, of parameters and of gradients, that belong together. **Pair
them by name.** The dictionary that `fire.backward` makes may have its names in another order than
`params` has, and a list of its values would move a weight by another one's gradient. Make the
optimizer with `nesterov=True`, which helps here.

A loss of log(10) = 2.3 is guessing. Below 0.7, after 120 batches of 24 digits, is what is asked
for; 0.4, and 17 of 20 new digits read rightly, is what to expect. Read:
`mydl/models/squeezenet.py`.
"""

import fire
import numpy as np
from avg_pool import global_avg_pool, global_avg_pool_backward
from cross_entropy import cross_entropy, cross_entropy_backward
from max_pool import max_pool, max_pool_backward
from momentum import SGD
from relu import relu, relu_backward
from stride_padding import conv_backward, conv_forward


def initial_params(rng, channels=12, fires=((8, 16, 16), (8, 16, 16)), classes=10):
    """He's weights and biases of zero (He et al. 2015, equation 10).

    Args: rng; channels of conv1; for each fire module its numbers of filters, (squeeze, expand1x1,
        expand3x3); classes.
    """

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


def forward(x, params):
    """The logits (N, classes) of images (N, H, W, 1), and whatever `backward` needs."""
    # BEGIN SOLUTION
    conv1, conv4 = params["conv1"], params["conv4"]
    y1 = relu(conv_forward(x, conv1["weight"], conv1["bias"], 2, 1))
    y2, kept2 = fire.forward(y1, params["fire2"])
    y3, kept3 = fire.forward(y2, params["fire3"])
    pooled = max_pool(y3, (3, 3), 2, 1)
    scores = conv_forward(pooled, conv4["weight"], conv4["bias"], 1, 0)
    return global_avg_pool(scores), (x, y1, kept2, kept3, y3, pooled, scores.shape)
    # END SOLUTION


def backward(dlogits, params, kept):
    """The gradients of all parameters.

    Args: dlogits (N, classes); params; kept, the second thing that `forward` returned.
    Returns: a dictionary of layers, each a dictionary of gradients, under the names of `params`.
    """
    # BEGIN SOLUTION
    x, y1, kept2, kept3, y3, pooled, scores_shape = kept
    grads = {"conv1": {}, "conv4": {}}
    d = global_avg_pool_backward(dlogits, scores_shape)
    d, *conv4 = conv_backward(d, pooled, params["conv4"]["weight"], 1, 0)
    grads["conv4"]["weight"], grads["conv4"]["bias"] = conv4
    d = max_pool_backward(d, y3, (3, 3), 2, 1)
    d, grads["fire3"] = fire.backward(d, params["fire3"], kept3)
    d, grads["fire2"] = fire.backward(d, params["fire2"], kept2)
    d = relu_backward(d, y1)
    _, *conv1 = conv_backward(d, x, params["conv1"]["weight"], 2, 1)
    grads["conv1"]["weight"], grads["conv1"]["bias"] = conv1
    return grads
    # END SOLUTION


def train(params, batches, lr, momentum):
    """Take one step for each batch; params change in place.

    Args: params; batches, a list of pairs of images (N, H, W, 1) and labels (N,); lr and momentum
        of the optimizer.
    Returns: a list of the losses, each of a batch *before* its step.
    """
    # BEGIN SOLUTION
    places = [(layer, name) for layer in params for name in params[layer]]
    optimizer = SGD([params[layer][name] for layer, name in places], lr, momentum, nesterov=True)
    losses = []
    for images, labels in batches:
        logits, kept = forward(images, params)
        losses.append(cross_entropy(logits, labels))
        grads = backward(cross_entropy_backward(logits, labels), params, kept)
        optimizer.step([grads[layer][name] for layer, name in places])
    return losses
    # END SOLUTION
