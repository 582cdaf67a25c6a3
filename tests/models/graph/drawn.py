"""Networks to draw, and what their pictures consist of."""

from functools import partial
from xml.etree import ElementTree

import numpy as np

from mydl.layers import Concat, Conv2d, ReLU, Sequential
from mydl.models import build_model, summary
from mydl.models.graph import gradient_norms, network_svg
from mydl.models.graph.blocks import network_blocks
from mydl.models.graph.layout import placed

SVG = "{http://www.w3.org/2000/svg}"

NETWORKS = {
    "1.0": partial(build_model, "squeezenet1_0"),
    "1.1": partial(build_model, "squeezenet1_1"),
    "1.1 complex": partial(build_model, "squeezenet1_1_cifar", bypass="complex"),
    "tiny": partial(build_model, "squeezenet_tiny"),
    "tiny simple": partial(build_model, "squeezenet_tiny", bypass="simple"),
    "tiny complex": partial(build_model, "squeezenet_tiny", bypass="complex"),
    "tiny norm": partial(build_model, "squeezenet_tiny", bypass="complex", batch_norm=True),
    "alexnet": partial(build_model, "alexnet", image_pixels=67, hidden=16, num_classes=10),
    "alexnet torchvision": partial(
        build_model, "alexnet_torchvision", image_pixels=63, hidden=16, num_classes=10
    ),
    "nin": partial(build_model, "nin_cifar"),
}
SMALL = ("tiny", "tiny complex", "tiny norm", "alexnet")  # to be run in a moment


def three_branches():
    """A network of no family: three branches of unequal heights, one in the middle."""
    first = Sequential({"conv": Conv2d(3, 2, 1), "relu": ReLU()})
    second = Sequential({"conv": Conv2d(3, 4, 3, padding=1)})
    return Sequential({"fork": Concat({"a": first, "b": second, "c": ReLU()}), "line": ReLU()})


def image_of(network, seed=0):
    shape = network.image_shape
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def svg(network, shape=None, norms=None, title="a network"):
    """The picture as an element tree, after a check that it is well-formed XML."""
    return ElementTree.fromstring(
        network_svg(network, shape or network.image_shape, title, norms, ["about it"])
    )


def backward_svg(network, label=1):
    norms = gradient_norms(network, image_of(network), label)
    return svg(network, norms=norms), norms


def layout_of(network, shape=None, norms=None):
    rows = summary(network, shape or network.image_shape, expand=True)
    return placed(network_blocks(network, rows, norms), numbers=norms is not None)


def layers(root):
    """The boxes and frames of a picture by path."""
    return {each.get("data-path"): each for each in root.iter(f"{SVG}g") if each.get("data-path")}


def edges(root):
    return [each for each in root.iter(f"{SVG}g") if each.get("data-from") is not None]


def words(element):
    """The text that is seen in an element."""
    return " ".join("".join(each.itertext()) for each in element.iter(f"{SVG}text"))
