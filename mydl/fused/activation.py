"""What stands between a convolution's product and the next layer: bias or batch norm, then ReLU."""

from __future__ import annotations

import numpy as np

from ..kernels.norm import moments, norm_gradient, norm_sums, scale_relu
from ..layer import Array, Layer, Parameter
from ..layers import BatchNorm2d, Conv2d, Sequential
from .scratch import rows
from .workspace import Workspace

_ALL = slice(None)


class BiasRelu:
    """y = max(product + bias, 0): the kernels do it while the product is in registers.

    Attributes
    ----------
    conv
        The convolution.
    bias
        Its bias.
    """

    def __init__(self, conv: Conv2d, bias: Parameter) -> None:
        self.conv, self.bias = conv, bias

    def product(self, y: Array, channels: slice = _ALL) -> tuple[Array, Array, bool]:
        """Where the kernel writes, the bias that it adds, and whether it ends with a ReLU.

        Parameters
        ----------
        y
            The output, or the part of it that this thread computes.
        channels
            That ``y`` has.
        """
        return y, self.bias.data[channels], True

    def forward(self, z: Array, y: Array, training: bool, channels: slice = _ALL) -> None:
        """Turn what the kernel wrote into the output: it is the output."""

    def gradient(self, dy: Array, y: Array) -> tuple[Array, Array, Array]:
        """What the kernel starts from: a gradient, the mask that it passes, the bias's gradient."""
        return dy, y, self.bias.grad


class NormRelu:
    """y = max(norm(product), 0); the product z is kept, since its values enter the gradient.

    Attributes
    ----------
    conv
        The convolution, which has no bias.
    norm
        The batch norm behind it.
    """

    def __init__(self, conv: Conv2d, norm: BatchNorm2d, space: Workspace) -> None:
        self.conv, self.norm = conv, norm
        self._space = space
        self._zeros = np.zeros(conv.out_channels, np.float32)
        self._ones = np.ones(conv.out_channels, np.float32)
        self._kept: tuple[Array, Array, Array] | None = None

    def product(self, y: Array, channels: slice = _ALL) -> tuple[Array, Array, bool]:
        """Where the kernel writes the bare product: into memory of its own."""
        z = self._space.own.take(f"{self.conv.path} z", y.shape)
        return z, self._zeros[channels], False

    def forward(self, z: Array, y: Array, training: bool, channels: slice = _ALL) -> None:
        """Normalise the product and cut it at zero; training moves the running statistics."""
        norm = self.norm
        mean, var = norm.running_mean.data, norm.running_var.data
        if training:
            norm.check_batch(z.shape)
            mean, var = np.empty_like(mean), np.empty_like(var)
            moments(rows(z), mean, var)
            norm.update_running(mean, var, len(rows(z)))
        inverse = 1 / np.sqrt(var + norm.eps)
        scale = norm.weight.data * inverse
        shift = norm.bias.data - mean * scale
        self._space.call(scale_relu, rows(z), scale[channels], shift[channels], rows(y))
        self._kept = (z, mean, inverse) if training else None

    def gradient(self, dy: Array, y: Array) -> tuple[Array, Array, Array]:
        """The gradient of the product, which has passed the ReLU, and no bias to give one to.

        With t the sum of dy and p that of dy (z - mean), over the m pixels, where the ReLU passes::

            dz = weight inverse (dy - t / m - (z - mean) inverse^2 p / m)
        """
        assert self._kept is not None
        (z, mean, inverse), self._kept = self._kept, None
        norm, m = self.norm, len(rows(z))
        total, product = np.empty_like(mean), np.empty_like(mean)
        norm_sums(rows(dy), rows(y), rows(z), mean, total, product)
        norm.bias.grad += total
        norm.weight.grad += product * inverse
        direct = norm.weight.data * inverse
        slope = -direct * inverse**2 * product / m
        level = -direct * total / m - slope * mean
        dz = self._space.own.take("dz", dy.shape)
        norm_gradient(rows(dy), rows(y), rows(z), direct, slope, level, rows(dz))
        return dz, np.broadcast_to(self._ones, dy.shape), np.zeros_like(self._zeros)


Activation = BiasRelu | NormRelu


def activation(layer: Layer, space: Workspace) -> Activation | None:
    """The convolution in ``layer`` with what follows it, or None if it is of another kind."""
    if type(layer) is Conv2d and layer.bias is not None:
        return BiasRelu(layer, layer.bias)
    if type(layer) is Sequential:
        parts = list(layer.children().values())
        if [type(part) for part in parts] == [Conv2d, BatchNorm2d]:
            conv, norm = parts
            if isinstance(conv, Conv2d) and isinstance(norm, BatchNorm2d) and conv.bias is None:
                return NormRelu(conv, norm, space)
    return None
