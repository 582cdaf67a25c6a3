"""What a layer has learnt and what it sees: its filters, and its activations for an image."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..layer import Array, Layer
from .gradients import WatchedNetwork, layer_path


def first_convolution(network: Layer) -> str:
    """The path of the convolution that sees the image.

    Raises
    ------
    ValueError
        There is no convolution.
    """
    try:
        return next(_convolutions(network))
    except StopIteration:
        raise ValueError("this network has no convolution, and so no filters to show") from None


def filters(network: Layer, layer: str | None = None) -> Array:
    """The filters of a convolution.

    Those of the first layer are small pictures of what it looks for: strokes, edges and colours.

    Parameters
    ----------
    network
        Any layer.
    layer
        The path or the end of it; None is the first convolution.

    Returns
    -------
    Array
        (number of filters, K_h, K_w, C_in), channels in the network's order.

    Raises
    ------
    ValueError
        There is no such layer, or it is no convolution.

    References
    ----------
    Krizhevsky, Sutskever and Hinton 2012, "ImageNet Classification with Deep Convolutional Neural
    Networks", figure 3.

    Examples
    --------
    >>> from mydl.models import squeezenet_tiny
    >>> filters(squeezenet_tiny()).shape
    (64, 3, 3, 3)
    """
    path = first_convolution(network) if layer is None else layer_path(network, layer)
    if path not in _convolutions(network):
        kind = type(dict(network.named_layers())[path]).__name__
        raise ValueError(
            f"{path} is a {kind} and has no filters itself: name a convolution, such as "
            f"{first_convolution(network)}"
        )
    weight = dict(network.named_parameters())[f"{path}.weight"].data
    return np.moveaxis(weight, -1, 0)  # (C_out, K_h, K_w, C_in)


def filter_pictures(filters: Array) -> Array:
    """Filters as pictures, in which zero is middle grey.

    Each is scaled so that its largest weight, up or down, is the lightest or darkest there is.
    Filters over three channels are in colour; of any other number the mean over them is drawn.

    Parameters
    ----------
    filters
        (n, K_h, K_w, C_in), of three channels the red one first.

    Returns
    -------
    Array
        (n, K_h, K_w, 3), uint8.
    """
    if filters.shape[-1] != 3:
        filters = np.repeat(filters.mean(axis=-1, keepdims=True), 3, axis=-1)
    largest = np.maximum(np.abs(filters).max(axis=(1, 2, 3), keepdims=True), 1e-12)
    return np.rint(127.5 + 127.5 * filters / largest).astype(np.uint8)


def _convolutions(network: Layer) -> Iterator[str]:
    """The paths of the layers with weights (K_h, K_w, C_in, C_out)."""
    for path, parameter in network.named_parameters():
        if path.endswith(".weight") and len(parameter.shape) == 4:
            yield path.removesuffix(".weight")


def activations(network: Layer, image: Array, layer: str) -> Array:
    """What a layer makes of an image.

    Parameters
    ----------
    network
        Any layer.
    image
        As the network takes it, (H, W, C).
    layer
        The path or the end of it, as in fire4.

    Returns
    -------
    Array
        The layer's output: (h, w, channels), or (features,) behind the last average.

    Raises
    ------
    ValueError
        There is no such layer.

    Examples
    --------
    >>> from mydl.models import squeezenet_tiny
    >>> activations(squeezenet_tiny(), np.ones((32, 32, 3), np.float32), "fire2").shape
    (16, 16, 128)
    """
    path = layer_path(network, layer)
    watched = WatchedNetwork(network, [path], whole=False)
    watched.forward(image[None])
    return watched.activations[path][0]
