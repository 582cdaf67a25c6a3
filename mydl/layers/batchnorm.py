"""Batch normalisation: give each channel mean 0 and variance 1, then a learned scale and shift.

Derivation: docs/layers/batchnorm.md, or `mydl help batchnorm`.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import DTypeLike

from ..layer import DTYPES, Array, Buffer, Layer, Parameter, Shape, whole_number


def channel_mean(x: Array) -> Array:
    """The mean of each channel over samples and pixels, (N, H, W, C) to (C,)."""
    # One axis after the other: three short sums lose less in float32 than one long one.
    return x.mean(axis=1).mean(axis=1).mean(axis=0)


class BatchNorm2d(Layer):
    """Normalise each channel over the batch; gradients go to the weight, bias and input.

    The mean and the variance are functions of ``x`` too, so the gradient reaches ``x`` three ways::

        mean  = sum of x / m                      over samples and pixels, m = N H W
        var   = sum of (x - mean)^2 / m
        x_hat = (x - mean) / sqrt(var + eps)
        y     = weight x_hat + bias

        dbias   = sum of dy
        dweight = sum of dy x_hat
        dx      = weight / sqrt(var + eps) (dy                          directly
                                            - mean of dy                through mean
                                            - x_hat (mean of dy x_hat)) through var

    What is taken from dy is its mean and its part along x_hat: shifting or scaling all of a
    channel's x changes no output, so dx must have no part in these two directions.

    In evaluation mode ``running_mean`` and ``running_var`` take the place of the batch's::

        running_mean <- (1 - momentum) running_mean + momentum mean
        running_var  <- (1 - momentum) running_var  + momentum var m / (m - 1)

    Kept for backward: ``x_hat`` and 1 / sqrt(var + eps).

    Parameters
    ----------
    num_features
        Channels.
    eps
        Added to the variance before the root, against division by zero.
    momentum
        The share of the new batch in the running statistics, as in PyTorch. TensorFlow's momentum
        is 1 minus this.
    dtype
        float32, or float64 for gradient checks.

    Raises
    ------
    ValueError
        An argument has a wrong value.
    LayerError
        The input has another number of channels; in training mode, fewer than two values in each
        channel, which have no variance.

    Notes
    -----
    Shapes: x (N, H, W, num_features), y alike. ``weight`` (starts at 1), ``bias`` (starts at 0),
    ``running_mean`` and ``running_var`` are (num_features,).

    References
    ----------
    Ioffe and Szegedy 2015, "Batch Normalization" (arXiv 1502.03167), algorithm 1, its backward
    formulas in section 3, and algorithm 2.

    Examples
    --------
    >>> norm = BatchNorm2d(1, dtype=np.float64)
    >>> norm.forward(np.array([1.0, 3.0]).reshape(2, 1, 1, 1)).ravel().round(4)
    array([-1., 1.])
    >>> norm.running_mean.data, norm.running_var.data
    (array([0.2]), array([1.1]))
    """

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float = 0.1,
        *,
        dtype: DTypeLike = np.float32,
    ) -> None:
        self.num_features = whole_number(num_features, "num_features", 1)
        if not eps > 0:
            raise ValueError(f"eps must be greater than 0, got {eps}")
        if not 0 <= momentum <= 1:
            raise ValueError(f"momentum must be from 0 to 1, got {momentum}")
        if np.dtype(dtype) not in DTYPES[:2]:
            raise ValueError(f"dtype must be float32 or float64, got {np.dtype(dtype)}")
        self.eps, self.momentum = float(eps), float(momentum)
        self.weight = Parameter(np.ones(num_features, dtype))
        self.bias = Parameter(np.zeros(num_features, dtype))
        self.running_mean = Buffer(np.zeros(num_features, dtype))
        self.running_var = Buffer(np.ones(num_features, dtype))

    def forward(self, x: Array) -> Array:
        x = self._check_input(x)
        self.output_shape(x.shape)
        if self.training:
            mean, var = self._statistics(x)  # (C,), (C,)
        else:
            mean, var = self.running_mean.data, self.running_var.data
        scale = 1 / np.sqrt(var + self.eps)
        x_hat = (x - mean) * scale  # (N, H, W, C)
        self._keep(x_hat, scale)
        return self.weight.data * x_hat + self.bias.data

    def _statistics(self, x: Array) -> tuple[Array, Array]:
        """Mean and variance of each channel of the batch, which enter the running ones."""
        self.check_batch(x.shape)
        mean = channel_mean(x)
        var = channel_mean((x - mean) ** 2)
        self.update_running(mean, var, x.size // self.num_features)
        return mean, var

    def check_batch(self, shape: Shape) -> None:
        """Refuse, in training, a batch with fewer than two values in each channel."""
        m = math.prod(shape[:-1])
        if m < 2:
            self.fail(
                f"training needs at least two values in each channel, got {m} in an input of "
                f"{shape}: use a larger batch or call eval()"
            )

    def update_running(self, mean: Array, var: Array, m: int) -> None:
        """Let the statistics of a batch, with m values in each channel, enter the running ones."""
        old, new = 1 - self.momentum, self.momentum
        self.running_mean.data = old * self.running_mean.data + new * mean
        self.running_var.data = old * self.running_var.data + new * var * (m / (m - 1))

    def backward(self, dy: Array) -> Array:
        x_hat, scale = self._take()
        dy = self._check_gradient(dy, x_hat.shape)
        m = dy.size // self.num_features
        mean_dy, mean_dy_x_hat = channel_mean(dy), channel_mean(dy * x_hat)  # (C,), (C,)
        self.bias.grad += m * mean_dy
        self.weight.grad += m * mean_dy_x_hat
        return self.weight.data * scale * (dy - mean_dy - x_hat * mean_dy_x_hat)

    def output_shape(self, input_shape: Shape) -> Shape:
        c = self._check_image_shape(input_shape)[3]
        if c != self.num_features:
            self.fail(
                f"expected {self.num_features} channels, got {c} in an input of {input_shape}"
            )
        return input_shape

    def _describe(self) -> str:
        return f"{self.num_features}, eps={self.eps:g}, momentum={self.momentum:g}"
