"""The kinds of layers that the explorer shows, and what there is to know of each beside x and y."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..layer import Array, Layer, Parameter
from ..layers import (
    AvgPool2d,
    Conv2d,
    Dropout,
    Flatten,
    GlobalAvgPool2d,
    Linear,
    MaxPool2d,
    ReLU,
)
from ..layers.pool import Pool2d
from ..models.differentiable import FixedNorm2d

# Beside these there are "concat" and "add", of containers, and "softmax_cross_entropy", the last.
KINDS: Mapping[type[Layer], str] = {
    Conv2d: "conv2d",
    ReLU: "relu",
    MaxPool2d: "maxpool2d",
    AvgPool2d: "avgpool2d",
    GlobalAvgPool2d: "globalavgpool2d",
    FixedNorm2d: "batchnorm2d",
    Dropout: "dropout",
    Linear: "linear",
    Flatten: "flatten",
}


class TraceError(ValueError):
    """A network, an image or a label that the explorer cannot show; the message says why."""


def describe(layer: Layer, x: Array, kept: Any) -> tuple[dict[str, Any], dict[str, Array]]:
    """The settings and the arrays of a layer, under the names that the page knows them by.

    Parameters
    ----------
    layer
        Of a type in ``KINDS``, after its backward pass.
    x
        Its input, one sample.
    kept
        What its forward pass kept for backward.
    """
    settings: dict[str, Any] = {}
    arrays: dict[str, Array] = {}
    for name, parameter in vars(layer).items():
        if isinstance(parameter, Parameter):
            arrays |= {name: parameter.data, f"d{name}": parameter.grad}
    match layer:
        case Conv2d() | Pool2d():
            window = layer.window
            settings["window"] = {
                "kernel": window.kernel_size,
                "stride": window.stride,
                "pads": window.pads(*x.shape[1:3]),
            }
        case FixedNorm2d(running_mean=mean, running_var=var):
            scale = layer.weight.data / np.sqrt(var.data + layer.eps)
            arrays |= {"mean": mean.data, "var": var.data, "scale": scale}
            arrays["shift"] = layer.bias.data - mean.data * scale
            settings["eps"] = layer.eps
        case Dropout(p=p):
            settings["p"] = p
            if p:
                arrays["mask"] = kept[0][0]
    if isinstance(layer, AvgPool2d):
        settings["count_include_pad"] = layer.count_include_pad and layer.window.padding != "same"
    return settings, arrays
