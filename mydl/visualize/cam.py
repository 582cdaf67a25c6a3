"""Where in an image a network sees a class: class activation maps."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..layer import Array, Layer
from ..layers import Dropout, Flatten, GlobalAvgPool2d, Linear, Sequential
from ..models.network import Network
from .gradients import WatchedNetwork, check_label, last_feature_layer, layer_path, one_logit
from .inside import activations
from .pictures import enlarged
from .saliency_maps import guided_gradient


def class_activation_map(network: Layer, image: Array, label: int) -> Array:
    """How much each place of the last layer's maps adds to the logit of a class.

    Where a global average comes last, the average of a class's map *is* its logit, so that the map
    says exactly where the logit comes from. In SqueezeNet it is there for the taking: conv10 has a
    map for each class. If a linear layer follows the average, its weights make the map::

        logit[c] = mean over the places of map_c                          SqueezeNet, NiN
        map_c    = sum over the channels k of weight[k, c] A_k            with a linear layer
        logit[c] = mean over the places of map_c + bias[c]

    Parameters
    ----------
    network
        Ends in a global average, or in that and a linear layer.
    image
        As the network takes it, (H, W, C).
    label
        The class.

    Returns
    -------
    Array
        (h, w), of the last maps.

    Raises
    ------
    ValueError
        The network ends otherwise; :func:`grad_cam` works for it.

    References
    ----------
    Zhou, Khosla, Lapedriza, Oliva and Torralba 2016, "Learning Deep Features for Discriminative
    Localization" (arXiv 1512.04150), equations 1 and 2.

    Examples
    --------
    >>> from mydl.models import squeezenet_tiny
    >>> network, image = squeezenet_tiny(), np.ones((32, 32, 3), np.float32)
    >>> found = class_activation_map(network, image, label=3)
    >>> logit = network.forward(image[None])[0, 3]
    >>> found.shape, bool(np.isclose(found.mean(), logit))
    ((8, 8), True)
    """
    path, linear = _before_the_average(network)
    maps = activations(network, image, path)  # (h, w, channels)
    check_label(label, maps.shape[-1] if linear is None else linear.weight.shape[-1])
    return maps[..., label] if linear is None else maps @ linear.weight.data[:, label]


def grad_cam(network: Layer, image: Array, label: int, layer: str | None = None) -> Array:
    """How much each place of a layer's maps speaks for a class, for any network and layer.

    The gradient says how much each channel matters to the class, on average over the image; the
    channels are added with these weights, and only what speaks for the class is kept::

        alpha_k = mean over the places of d logit[label] / d A_k
        map     = max(sum over the channels k of alpha_k A_k, 0)

    With the maps before a global average, this is :func:`class_activation_map` divided by their
    number of places (and without what is negative).

    Parameters
    ----------
    network
        Gives logits.
    image
        As the network takes it, (H, W, C).
    label
        The class.
    layer
        The path or the end of it, as in fire9; None is the last layer of the features.

    Returns
    -------
    Array
        (h, w), of that layer's maps, not negative.

    Raises
    ------
    ValueError
        There is no such layer, or its output has no rows and columns.

    References
    ----------
    Selvaraju et al. 2017, "Grad-CAM: Visual Explanations from Deep Networks via Gradient-based
    Localization" (arXiv 1610.02391), equations 1 and 2.

    Examples
    --------
    >>> from mydl.models import squeezenet_tiny
    >>> grad_cam(squeezenet_tiny(), np.ones((32, 32, 3), np.float32), label=3).shape
    (8, 8)
    """
    path = last_feature_layer(network) if layer is None else layer_path(network, layer)
    watched = WatchedNetwork(network, [path])
    watched.backward(one_logit(watched.forward(image[None]), label))
    maps, gradients = watched.activations[path], watched.gradients[path]
    if maps.ndim != 4:
        raise ValueError(
            f"the output of {path} has no rows and columns: name a layer before it, such as "
            f"{last_feature_layer(network)}"
        )
    alpha = gradients[0].mean(axis=(0, 1))  # (channels,)
    return np.maximum(maps[0] @ alpha, 0)


def guided_grad_cam(network: Layer, image: Array, label: int, layer: str | None = None) -> Array:
    """The guided gradient where Grad-CAM sees the class: sharp, and about this class.

    Parameters
    ----------
    network, image, label, layer
        See :func:`grad_cam`.

    Returns
    -------
    Array
        (H, W, C).

    References
    ----------
    Selvaraju et al. 2017 (arXiv 1610.02391), section 3.2.
    """
    where = enlarged(grad_cam(network, image, label, layer), image.shape[:2])
    return guided_gradient(network, image, label) * where[..., None]


def _before_the_average(network: Layer) -> tuple[str, Linear | None]:
    """The path of the layer whose maps are averaged at the end, and the linear layer behind."""
    chain = [(path, layer) for path, layer in _chain(network) if not isinstance(layer, Dropout)]
    last = chain[-1][1] if chain else None
    linear = last if isinstance(last, Linear) else None
    if linear is not None:
        chain.pop()
    if chain and isinstance(chain[-1][1], Flatten):
        chain.pop()
    if len(chain) < 2 or not isinstance(chain[-1][1], GlobalAvgPool2d):
        raise ValueError(
            "a class activation map needs a network that ends in a global average, as SqueezeNet "
            "does, or in that and one linear layer: use Grad-CAM for this one"
        )
    return chain[-2][0], linear


def _chain(layer: Layer, path: str = "") -> Iterator[tuple[str, Layer]]:
    """The layers that come one behind the other, with their paths."""
    if isinstance(layer, Network | Sequential):
        for name, child in layer.children().items():
            yield from _chain(child, f"{path}.{name}" if path else name)
    else:
        yield path, layer
