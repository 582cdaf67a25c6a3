"""A network that takes grey levels: for images that are changed step by step and then looked at.

Networks take numbers that training made of pixels: minus a mean, divided by a deviation, for some
with blue before red. Where an image itself is what is optimised, it is simpler to have that as the
first layer. Images are then grey levels from 0 to 255 all over, red before blue, a step of 1 is one
level whatever the network, and what comes out is a picture.
"""

from __future__ import annotations

import numpy as np

from ..data.preprocess import Preparation
from ..layer import Array, Layer, Shape
from ..layers import ReLU, Sequential
from ..models.differentiable import differentiable
from ..models.network import Network

WHITE = 255.0


class FromPixels(Layer):
    """Make of grey levels what a network takes, and of its gradient that of the grey levels.

    ::

        y  = (x / 255 - mean) / std            with the channels in the network's order
        dx = dy / (255 std)                    with the channels in the picture's order

    Kept for backward: nothing but that there was a forward pass.

    Parameters
    ----------
    preparation
        Mean, deviation and order of the channels.

    Notes
    -----
    Shapes: x (N, H, W, C), floats from 0 to 255, red first; y (N, H, W, C).

    Examples
    --------
    >>> layer = FromPixels(Preparation(read=np.load, mean=(0.5,), std=(0.25,)))
    >>> layer.forward(np.array([0.0, 255.0]).reshape(1, 1, 2, 1)).ravel()
    array([-2.,  2.])
    """

    def __init__(self, preparation: Preparation) -> None:
        self.mean, self.std = np.array(preparation.mean), np.array(preparation.std)
        self._order = slice(None, None, -1 if preparation.blue_first else 1)

    def forward(self, x: Array) -> Array:
        x = self._check_input(x)
        self.output_shape(x.shape)
        self._keep(x.shape)
        y = (x[..., self._order] / WHITE - self.mean) / self.std
        return np.ascontiguousarray(y, x.dtype)

    def backward(self, dy: Array) -> Array:
        (shape,) = self._take()
        dy = self._check_gradient(dy, shape)
        dx = (dy / (WHITE * self.std))[..., self._order]
        return np.ascontiguousarray(dx, dy.dtype)

    def output_shape(self, input_shape: Shape) -> Shape:
        _, _, _, c = self._check_image_shape(input_shape)
        if c != len(self.mean):
            self.fail(f"expected {len(self.mean)} channels, got {c} in an input of {input_shape}")
        return input_shape


def on_pixels(network: Network, preparation: Preparation) -> Network:
    """A copy of a network that takes grey levels from 0 to 255, red first.

    Its layers keep their paths; ``features.pixels`` is the one that comes first.

    >>> from mydl.classifier import TrainedNetwork
    >>> trained = TrainedNetwork.pretrained()
    >>> network = on_pixels(trained.network, trained.preparation)
    >>> white = np.full((64, 64, 3), 255, np.uint8)
    >>> same = trained.network.predict(trained.preparation.inputs(white)[None])
    >>> bool(network.predict(white[None].astype(np.float32)) == same)
    True
    """
    copy = differentiable(network)
    features = {"pixels": FromPixels(preparation), **copy.features.children()}
    copy.features = Sequential(features)
    return copy


def scores_of(network: Network) -> Network:
    """A copy of a network without the ReLU that some, as SqueezeNet, have behind the last filters.

    A class that the network sees nowhere in an image has a logit of 0 behind that ReLU and a
    gradient of 0: there would be no way towards it.

    >>> from mydl.models import squeezenet1_1_cifar
    >>> list(scores_of(squeezenet1_1_cifar()).classifier.children())
    ['dropout9', 'conv10', 'pool10']
    """
    copy = differentiable(network)
    layers = list(copy.classifier.children().items())
    last = max(number for number, (_, layer) in enumerate(layers) if layer.parameters())
    behind = [(name, layer) for name, layer in layers[last:] if not isinstance(layer, ReLU)]
    copy.classifier = Sequential(dict(layers[:last] + behind))
    return copy
