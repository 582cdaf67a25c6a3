"""A trained network as it is used, with a backward pass: for gradients of an image, not training.

In evaluation mode layers keep nothing, so that there is no gradient; in training mode dropout and
the statistics of batch norm make another function of the network. Whoever asks a trained network
what a pixel does to its answer wants the gradient of the function that is used.
"""

from __future__ import annotations

import copy
from typing import TypeVar

import numpy as np

from ..layer import Array, Layer
from ..layers import BatchNorm2d, Dropout

L = TypeVar("L", bound=Layer)


def differentiable(network: L, *, dropout: int | None = None) -> L:
    """A copy of a network that computes in training mode what the network does in evaluation mode.

    Its ``backward`` therefore gives the gradients of that. The network itself is left as it is.

    Parameters
    ----------
    network
        Any layer.
    dropout
        A seed to draw what dropout sets to zero from, where that is wanted; None drops nothing, as
        in evaluation mode.

    Examples
    --------
    >>> from mydl.models import squeezenet_tiny
    >>> network = squeezenet_tiny(batch_norm=True)
    >>> image = np.ones((1, 32, 32, 3), np.float32)
    >>> same = differentiable(network)
    >>> bool((same.forward(image) == network.eval().forward(image)).all())
    True
    >>> same.backward(np.ones((1, 10), np.float32)).shape
    (1, 32, 32, 3)
    """
    other = copy.deepcopy(network).train()
    if isinstance(other, BatchNorm2d):
        return FixedNorm2d(other)  # type: ignore[return-value]
    for _, layer in list(other.named_layers()):
        if isinstance(layer, Dropout):
            layer.p = layer.p if dropout is not None else 0.0
            layer.rng = np.random.default_rng(dropout)
        for name, child in layer.children().items():
            if isinstance(child, BatchNorm2d):
                _replace(layer, name, FixedNorm2d(child))
    return other


def _replace(parent: Layer, name: str, child: Layer) -> None:
    """Put another child in the place of that name."""
    if name in vars(parent):
        setattr(parent, name, child)
    else:  # a container, which gives out the children it works with
        parent.children()[name] = child
        parent._place(parent.path)


class FixedNorm2d(BatchNorm2d):
    """Batch norm whose mean and variance are numbers and not functions of x: a scale and a shift.

    With the running statistics the gradient takes the direct way only::

        x_hat = (x - running_mean) / sqrt(running_var + eps)
        y     = weight x_hat + bias

        dbias   = sum of dy
        dweight = sum of dy x_hat
        dx      = dy weight / sqrt(running_var + eps)

    Kept for backward: ``x_hat`` and 1 / sqrt(running_var + eps).

    Parameters
    ----------
    norm
        The batch norm whose parameters and statistics are taken, shared and not copied.

    References
    ----------
    Ioffe and Szegedy 2015, "Batch Normalization" (arXiv 1502.03167), algorithm 2.

    Examples
    --------
    >>> norm = FixedNorm2d(BatchNorm2d(1))
    >>> norm.running_mean.data = np.array([1.0], np.float32)
    >>> norm.forward(np.array([1.0, 3.0], np.float32).reshape(1, 1, 2, 1)).ravel().round(4)
    array([0., 2.], dtype=float32)
    """

    def __init__(self, norm: BatchNorm2d) -> None:
        self.num_features, self.eps, self.momentum = norm.num_features, norm.eps, norm.momentum
        self.weight, self.bias = norm.weight, norm.bias
        self.running_mean, self.running_var = norm.running_mean, norm.running_var

    def forward(self, x: Array) -> Array:
        x = self._check_input(x)
        self.output_shape(x.shape)
        scale = 1 / np.sqrt(self.running_var.data + self.eps)
        x_hat = (x - self.running_mean.data) * scale  # (N, H, W, C)
        self._keep(x_hat, scale)
        return self.weight.data * x_hat + self.bias.data

    def backward(self, dy: Array) -> Array:
        x_hat, scale = self._take()
        dy = self._check_gradient(dy, x_hat.shape)
        over = tuple(range(dy.ndim - 1))  # samples and pixels
        self.bias.grad += dy.sum(axis=over)
        self.weight.grad += (dy * x_hat).sum(axis=over)
        return dy * (self.weight.data * scale)
