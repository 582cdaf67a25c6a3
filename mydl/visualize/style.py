"""Style transfer: what one picture shows, painted as another is painted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..layer import Array
from ..models.network import Network
from ..optim import Adam
from .gradients import Steps, WatchedNetwork, layer_path
from .losses import ContentLoss, StyleLoss, TotalVariation, gram
from .pixels import WHITE


@dataclass(frozen=True)
class StyleWeights:
    """What counts how much.

    Attributes
    ----------
    content, style, smoothness
        Of the three losses.
    """

    content: float = 1.0
    style: float = 10.0
    smoothness: float = 1e-4


class StyleObjective:
    """The loss of style transfer, as a function of the image.

    ::

        loss = content    * |f(x) - f(content picture)|^2 / |f(content picture)|^2
             + style      * mean over the style layers of |G(x) - G(style picture)|^2 / |G(style)|^2
             + smoothness * total variation of x

    Every layer's share begins its way backwards at that layer and is added to what comes from
    behind.

    Parameters
    ----------
    network
        Takes grey levels, see :func:`mydl.visualize.pixels.on_pixels`.
    content, style
        Pictures, (H, W, C) each, from 0 to 255, of any two sizes.
    content_layer
        Whose features say what there is to be seen.
    style_layers
        Whose Gram matrices say how it is painted.
    weights
        What counts how much.

    Attributes
    ----------
    style_loss, content_loss
        Those of the last forward pass, without their weights.
    """

    def __init__(
        self,
        network: Network,
        content: Array,
        style: Array,
        content_layer: str,
        style_layers: Sequence[str],
        weights: StyleWeights,
    ) -> None:
        self._content_layer = layer_path(network, content_layer)
        self._style_layers = [layer_path(network, name) for name in style_layers]
        self._weights = weights
        watched = [self._content_layer, *self._style_layers]
        self._dtype = network.parameters()[0].data.dtype
        self._network = WatchedNetwork(network, watched, whole=False)
        self._content_target = self._features(content)[self._content_layer]
        features = self._features(style)
        self._style_targets = {path: gram(features[path]) for path in self._style_layers}
        self._content = ContentLoss()
        self._styles = {path: StyleLoss() for path in self._style_layers}
        self._variation = TotalVariation()

    def forward(self, x: Array) -> float:
        """The loss of images, (1, H, W, C)."""
        self._network.forward(x)
        seen, weights = self._network.activations, self._weights
        self.content_loss = self._content.forward(seen[self._content_layer], self._content_target)
        each = [self._styles[p].forward(seen[p], self._style_targets[p]) for p in self._styles]
        self.style_loss = sum(each) / len(each)
        return (
            weights.content * self.content_loss
            + weights.style * self.style_loss
            + weights.smoothness * self._variation.forward(x)
        )

    def backward(self) -> Array:
        """dLoss/dx of the last ``forward``, (1, H, W, C)."""
        weights = self._weights
        share = weights.style / len(self._styles)
        begin_at = {path: share * loss.backward() for path, loss in self._styles.items()}
        dcontent = weights.content * self._content.backward()
        begin_at[self._content_layer] = begin_at.get(self._content_layer, 0) + dcontent
        dx = self._network.backward(begin_at=begin_at)
        return dx + weights.smoothness * self._variation.backward()

    def _features(self, picture: Array) -> dict[str, Array]:
        self._network.forward(np.asarray(picture, self._dtype)[None])
        return dict(self._network.activations)


def style_transfer(
    objective: StyleObjective,
    start: Array,
    *,
    iterations: int = 300,
    rate: float = 8.0,
    steps: Steps = range,
) -> Array:
    """Change a picture until it has the content of one and the style of another.

    Parameters
    ----------
    objective
        The loss that falls.
    start
        (H, W, C), from 0 to 255: the content picture, or noise.
    iterations
        Of Adam.
    rate
        Grey levels that a pixel changes by in a step, at first; it falls to a tenth.
    steps
        Counts the steps; one that ends early ends the work.

    Returns
    -------
    Array
        (H, W, C), float32, from 0 to 255.

    References
    ----------
    Gatys, Ecker and Bethge 2015, "A Neural Algorithm of Artistic Style" (arXiv 1508.06576),
    equation 7; total variation: Johnson, Alahi and Fei-Fei 2016 (arXiv 1603.08155), section 3.2.

    Examples
    --------
    >>> from mydl.models import squeezenet_tiny
    >>> content, style = np.random.default_rng(0).uniform(0, 255, (2, 32, 32, 3))
    >>> objective = StyleObjective(
    ...     squeezenet_tiny(), content, style, "fire3", ["conv1", "fire2"], StyleWeights()
    ... )
    >>> style_transfer(objective, content, iterations=2).shape
    (32, 32, 3)
    """
    x = np.array(start, np.float32)
    adam = Adam(x.reshape(-1), rate)
    for step in steps(iterations):
        adam.lr = rate * 0.1 ** (step / iterations)
        objective.forward(x[None])
        adam.step(objective.backward().reshape(-1).astype(np.float32, copy=False))
        np.clip(x, 0, WHITE, out=x)
    return x
