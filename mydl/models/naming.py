"""What other frameworks call the parameters of a network, and how they lay them out.

===========  ========================================  =============================================
who          name                                      layout
===========  ========================================  =============================================
mydl         ``features.fire2.squeeze.weight``         filters (K_h, K_w, in, out), Linear (in, out)
torchvision  ``features.3.squeeze.weight``             filters (out, in, K_h, K_w), Linear (out, in)
TensorFlow   ``features/layer3/fire/squeeze/weights``  as mydl
===========  ========================================  =============================================

The number is the layer's position in its stage, counted from 0, whether it has parameters or not.
"""

from __future__ import annotations

import re

from ..layer import Array, Shape
from ..layers import Flatten, Linear
from .network import Network

STAGES = ("features", "classifier")

# What training programs put before every name.
WRAPPERS = ("module.", "_orig_mod.")

TENSORFLOW = re.compile(
    r"(?P<stage>features|classifier)/layer(?P<position>\d+)/(?:fire/(?P<part>squeeze|e11|e33)/)?"
    r"(?P<array>weights|bias)"
)
PARTS = {"squeeze": "squeeze.", "e11": "expand1x1.", "e33": "expand3x3.", None: ""}
ARRAYS = {"weights": "weight", "bias": "bias"}


def positions(network: Network) -> dict[str, str]:
    """The place of each layer of both stages by position, "features.3": "features.fire2"."""
    return {
        f"{stage}.{position}": f"{stage}.{name}"
        for stage in STAGES
        for position, name in enumerate(
            # PyTorch's networks flatten between the layers of their lists.
            name
            for name, layer in getattr(network, stage).children().items()
            if not isinstance(layer, Flatten)
        )
    }


def to_path(name: str, places: dict[str, str]) -> str:
    """The path that a name in a file stands for; the name itself where it is none.

    Parameters
    ----------
    name
        Of any framework.
    places
        From :func:`positions`.

    Examples
    --------
    >>> to_path("module.features.3.squeeze.weight", {"features.3": "features.fire2"})
    'features.fire2.squeeze.weight'
    >>> to_path("features/layer3/fire/e11/weights", {"features.3": "features.fire2"})
    'features.fire2.expand1x1.weight'
    """
    for wrapper in WRAPPERS:
        name = name.removeprefix(wrapper)
    found = TENSORFLOW.fullmatch(name)
    if found:
        part, array = PARTS[found["part"]], ARRAYS[found["array"]]
        name = f"{found['stage']}.{found['position']}.{part}{array}"
    stage, _, inside = name.partition(".")
    position, _, rest = inside.partition(".")
    place = f"{stage}.{position}"
    return f"{places.get(place, place)}.{rest}" if rest else name


def torch_names(network: Network) -> dict[str, str]:
    """What torchvision calls each parameter and buffer, by path."""
    numbers = {place: position for position, place in positions(network).items()}
    names = {}
    for path in network.state_dict():
        stage, layer, rest = path.split(".", 2)
        names[path] = f"{numbers[f'{stage}.{layer}']}.{rest}"
    return names


# ---- layouts ------------------------------------------------------------------------------------


def flattened(network: Network) -> dict[str, Shape]:
    """By path, the (H, W, C) that a Flatten puts in a row before the weights of a Linear.

    PyTorch's row has another order, (C, H, W).
    """
    shape: Shape = (1, *getattr(network, "image_shape", ()))
    before: Shape | None = None
    found = {}
    for layer in network.layers:
        if isinstance(layer, Flatten) and len(shape) == 4:
            before = shape[1:]
        if isinstance(layer, Linear) and before:
            found[f"{layer.path}.weight"] = before
            before = None
        shape = layer.output_shape(shape)
    return found


def torch_shape(shape: Shape) -> Shape:
    """The shape that PyTorch gives an array of ours."""
    if len(shape) == 4:
        return shape[3], shape[2], shape[0], shape[1]
    return shape[::-1]


def our_shape(shape: Shape) -> Shape:
    """The shape that we give an array of PyTorch's."""
    if len(shape) == 4:
        return shape[2], shape[3], shape[1], shape[0]
    return shape[::-1]


def from_torch(values: Array, before: Shape | None = None) -> Array:
    """An array of PyTorch's in our layout.

    Parameters
    ----------
    values
        Weights of a convolution or a Linear, or numbers of one axis.
    before
        For a Linear behind a Flatten, the (H, W, C) that it flattens.
    """
    if values.ndim == 4:
        return values.transpose(2, 3, 1, 0)
    if values.ndim == 2 and before:
        h, w, c = before
        return values.reshape(-1, c, h, w).transpose(2, 3, 1, 0).reshape(h * w * c, -1)
    return values.T


def to_torch(values: Array, before: Shape | None = None) -> Array:
    """An array of ours in PyTorch's layout; arguments as for :func:`from_torch`."""
    if values.ndim == 4:
        return values.transpose(3, 2, 0, 1)
    if values.ndim == 2 and before:
        h, w, c = before
        return values.reshape(h, w, c, -1).transpose(3, 2, 0, 1).reshape(-1, h * w * c)
    return values.T
