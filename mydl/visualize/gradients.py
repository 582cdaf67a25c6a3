"""What an image does to a trained network: activations inside it, and gradients of the image."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from difflib import get_close_matches
from types import MappingProxyType
from typing import TypeAlias

import numpy as np

from ..layer import Array, Layer, whole_number
from ..layers import ReLU, Sequential
from ..models.differentiable import differentiable
from ..models.network import Network

# What counts the steps of long work: given how many there are, it yields 0, 1, 2, ... Whoever
# hands over another than ``range`` can show a progress bar, and end the work early.
Steps: TypeAlias = Callable[[int], Iterable[int]]

NOTHING: Mapping[str, Array] = MappingProxyType({})


class WatchedNetwork:
    """A trained network, as it is used, whose activations and gradients inside can be read.

    It is a copy, in which batch norm has its running statistics and dropout drops nothing, with a
    backward pass all the same. A gradient can begin at any watched layer::

        y_l   = the output of layer l
        dx    = sum over the watched layers l of dy_l * (derivative of y_l by x)

    Parameters
    ----------
    network
        Any layer; it is left as it is.
    layers
        The paths of those to watch.
    whole
        False cuts away what comes behind the last watched layer, and saves its time; ``forward``
        then returns that layer's output, or that of the module it is in.
    guided
        Let only positive gradients through a ReLU (guided backpropagation).

    Attributes
    ----------
    activations
        The output of each watched layer in the last forward pass, by path.
    gradients
        Dy of each watched layer in the last backward pass, by path.

    Raises
    ------
    ValueError
        There is no layer with one of these paths.

    Examples
    --------
    >>> from mydl.models import squeezenet_tiny
    >>> watched = WatchedNetwork(squeezenet_tiny(), ["features.fire2"])
    >>> logits = watched.forward(np.ones((1, 32, 32, 3), np.float32))
    >>> watched.activations["features.fire2"].shape
    (1, 16, 16, 128)
    >>> watched.backward(np.ones_like(logits)).shape
    (1, 32, 32, 3)
    >>> watched.gradients["features.fire2"].shape
    (1, 16, 16, 128)
    """

    def __init__(
        self,
        network: Layer,
        layers: Sequence[str] = (),
        *,
        whole: bool = True,
        guided: bool = False,
    ) -> None:
        paths = [layer_path(network, path) for path in layers]
        copy = differentiable(network)
        self._network = copy if whole else _beginning(copy, paths)
        self.activations: dict[str, Array] = {}
        self.gradients: dict[str, Array] = {}
        self._begin_at: Mapping[str, Array] = NOTHING
        for path, layer in self._network.named_layers():
            if guided and isinstance(layer, ReLU):
                _guide(layer)
            if path in paths:
                self._watch(path, layer)

    def forward(self, x: Array) -> Array:
        """The network's output for images (N, H, W, C), usually its logits."""
        self._output = self._network.forward(x)
        return self._output

    def backward(self, dy: Array | None = None, begin_at: Mapping[str, Array] = NOTHING) -> Array:
        """The gradient of the images of the last ``forward``, (N, H, W, C).

        Parameters
        ----------
        dy
            Gradient of the output; None is zero.
        begin_at
            Gradients of the outputs of watched layers by path, which are added to what comes from
            behind.
        """
        strange = begin_at.keys() - self.activations.keys()
        if strange:
            raise ValueError(f"a gradient can begin at a watched layer only, not at {min(strange)}")
        self._begin_at = begin_at
        self._network.zero_grad()  # nobody asks for those of the weights, which would grow
        return self._network.backward(np.zeros_like(self._output) if dy is None else dy)

    def _watch(self, path: str, layer: Layer) -> None:
        """Note what a layer, which nobody else uses, returns and is given."""
        forward, backward = layer.forward, layer.backward

        def watched_forward(x: Array) -> Array:
            y = self.activations[path] = forward(x)
            return y

        def watched_backward(dy: Array) -> Array:
            dy = self.gradients[path] = dy + self._begin_at.get(path, 0)
            return backward(dy)

        layer.forward, layer.backward = watched_forward, watched_backward  # type: ignore[method-assign]


def logit_gradient(network: Layer, image: Array, label: int, *, guided: bool = False) -> Array:
    """The gradient of one logit with respect to an image: how each value of it speaks for a class.

    Parameters
    ----------
    network
        Gives logits, (N, number of classes).
    image
        As the network takes it, (H, W, C).
    label
        The class.
    guided
        See :class:`WatchedNetwork`.

    Returns
    -------
    Array
        (H, W, C).

    References
    ----------
    Simonyan, Vedaldi and Zisserman 2013, "Deep Inside Convolutional Networks" (arXiv 1312.6034),
    equation 4.

    Examples
    --------
    >>> from mydl.layers import Flatten, Linear
    >>> linear = Linear(4, 2, rng=np.random.default_rng(0))
    >>> network = Sequential(Flatten(), linear)
    >>> dx = logit_gradient(network, np.zeros((2, 2, 1), np.float32), label=1)
    >>> bool((dx.ravel() == linear.weight.data[:, 1]).all())
    True
    """
    watched = WatchedNetwork(network, guided=guided)
    return watched.backward(one_logit(watched.forward(image[None]), label))[0]


def one_logit(logits: Array, label: int) -> Array:
    """dy of the logits (N, number of classes) whose gradient is that of one class's logit.

    >>> one_logit(np.array([[5.0, 6.0, 7.0]]), 2)
    array([[0., 0., 1.]])
    """
    check_label(label, logits.shape[-1])
    dy = np.zeros_like(logits)
    dy[:, label] = 1
    return dy


def check_label(label: int, count: int) -> None:
    """Raise ValueError if there is no class of that number among so many."""
    if whole_number(label, "label", 0) >= count:
        raise ValueError(f"label must be the number of a class, from 0 to {count - 1}, got {label}")


def layer_path(network: Layer, name: str) -> str:
    """The path of the layer that a person names, by its path or the end of it.

    Raises
    ------
    ValueError
        There is no such layer, or several.

    Examples
    --------
    >>> from mydl.models import squeezenet_tiny
    >>> layer_path(squeezenet_tiny(), "fire3.squeeze")
    'features.fire3.squeeze'
    >>> layer_path(squeezenet_tiny(), "fire6")
    Traceback (most recent call last):
    ValueError: there is no layer 'fire6': did you mean 'fire5'? `mydl summary` lists the layers
    """
    paths = [path for path, _ in network.named_layers() if path]
    if name in paths:
        return name
    fitting = [path for path in paths if path.endswith(f".{name}")]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        raise ValueError(
            f"{len(fitting)} layers are named {name!r}: write which, as in {fitting[0]}"
        )
    ends = {path.split(".", at)[-1]: path for path in paths for at in range(path.count(".") + 1)}
    near = get_close_matches(name, ends, 1)
    hint = f"did you mean {near[0]!r}? " if near else ""
    raise ValueError(f"there is no layer {name!r}: {hint}`mydl summary` lists the layers")


def last_feature_layer(network: Layer) -> str:
    """The path of the layer whose output the classifier reads, such as features.fire9."""
    if not isinstance(network, Network):
        raise ValueError("say which layer: this network has no stage of features")
    return f"features.{list(network.features.children())[-1]}"


def _guide(relu: ReLU) -> None:
    """Have a ReLU send back what is positive only: dx = dy where y > 0 and dy > 0, else 0."""
    backward = relu.backward
    relu.backward = lambda dy: backward(np.maximum(dy, 0))  # type: ignore[method-assign]


def _beginning(layer: Layer, paths: Sequence[str]) -> Layer:
    """The layers up to the last of some paths, all in their places.

    Only chains are cut; of a fire module or a bypass all is needed.
    """
    if not paths or "" in paths or not isinstance(layer, Network | Sequential):
        return layer
    children = list(layer.children().items())
    reached = {path.split(".")[0] for path in paths}
    last = max(number for number, (name, _) in enumerate(children) if name in reached)
    kept = dict(children[:last])
    name, child = children[last]
    inside = [path.partition(".")[2] for path in paths if path.split(".")[0] == name]
    return Sequential({**kept, name: _beginning(child, inside)})
