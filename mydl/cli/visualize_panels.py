"""What can be seen of a network that looks at a picture, each as panels of a figure."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import typer

from .subject import Subject
from .visualize_options import class_of, steps_of

if TYPE_CHECKING:
    from ..classifier import TrainedNetwork
    from ..layer import Array
    from ..models.network import Network
    from ..visualize.pictures import Panel

TILE = 24  # pixels of the side of a filter or a map among many, at least
COVER = 5  # the square that covers a part of the picture goes so often into its side
STEP = 5  # and is moved by about such a part of its side


@dataclass(frozen=True)
class Look:
    """A network, a picture, and the class that is asked about.

    Attributes
    ----------
    subject
        The network and the picture.
    label
        The class.
    """

    subject: Subject
    label: int

    @classmethod
    def at(cls, subject: Subject, label: str | None) -> Look:
        """One about the class that a person names, or else the network's answer."""
        return cls(subject, class_of(subject, label))

    @property
    def network(self) -> Network:
        """The network that looks."""
        return self.subject.trained.network

    @cached_property
    def image(self) -> Array:
        """The picture as the network takes it."""
        return self.subject.inputs

    @property
    def class_name(self) -> str:
        """The name of the class that is asked about."""
        return self.subject.class_names[self.label]


def picture(look: Look) -> Panel:
    """The picture itself, and what the network says of it."""
    from ..visualize.pictures import Panel, coloured

    p = look.network.probabilities(look.image[None])[0, look.label]
    title = f"{look.subject.picture_name}: {look.class_name}, {100 * p:.1f} %"
    return Panel(title, coloured(look.subject.pixels))


def filters(look: Look) -> Panel:
    """The first layer's filters; it takes no picture."""
    return filters_of(look.subject.trained, look.subject.network_name)


def filters_of(trained: TrainedNetwork, name: str, layer: str | None = None) -> Panel:
    """The filters of a convolution, the first one if no layer is named; ``name`` the network's."""
    from ..visualize.gradients import layer_path
    from ..visualize.inside import filter_pictures, filters, first_convolution
    from ..visualize.pictures import Panel

    network = trained.network
    path = first_convolution(network) if layer is None else layer_path(network, layer)
    found = filters(network, path)
    count, height, width, channels = found.shape
    if channels == 3 and trained.preparation.blue_first:
        found = found[..., ::-1]
    over = "" if channels == 3 else f", mean over {channels} channels"
    title = f"{name}, {path}: {count} filters {height}x{width}{over}"
    return Panel(title, _in_a_square(filter_pictures(found)))


def activations(look: Look, layer: str | None = None, most: int = 64) -> Panel:
    """A layer's maps, the strongest first; the first layer's if none is named."""
    import numpy as np

    from ..visualize.gradients import layer_path
    from ..visualize.inside import activations
    from ..visualize.pictures import Panel, heat, signed

    first = next(iter(look.network.features.children()))
    path = layer_path(look.network, layer or f"features.{first}")
    maps = activations(look.network, look.image, path)
    if maps.ndim != 3:
        raise ValueError(f"the output of {path} has no rows and columns: name a layer before it")
    maps = np.moveaxis(maps, -1, 0)  # (channels, h, w)
    strongest = np.argsort(-np.abs(maps).mean(axis=(1, 2)), kind="stable")[:most]
    colours = signed if maps.min() < 0 else heat
    some = f"{most} of {len(maps)} maps, the strongest" if most < len(maps) else f"{len(maps)} maps"
    return Panel(f"{path}: {some}", _in_a_square(colours(maps[strongest])))


def saliency(look: Look) -> Panel:
    """How much each pixel matters to the logit."""
    from ..visualize.pictures import Panel, heat
    from ..visualize.saliency_maps import saliency

    found = saliency(look.network, look.image, look.label)
    _warn_of_zeros(look, found)
    return Panel("saliency: |gradient|", heat(found))


def smooth(look: Look, samples: int = 50, noise: float = 0.15) -> Panel:
    """The same, averaged over noisy copies."""
    from ..visualize.pictures import Panel, heat
    from ..visualize.saliency_maps import smooth_gradient, strongest_channel

    found = smooth_gradient(
        look.network,
        look.image,
        look.label,
        samples=samples,
        noise=noise,
        steps=steps_of("SmoothGrad"),
    )
    return Panel(f"SmoothGrad: noise {noise:g}", heat(strongest_channel(found)))


def guided(look: Look) -> Panel:
    """What of the picture makes neurons active that speak for the class."""
    from ..visualize.pictures import Panel, grey_at_zero
    from ..visualize.saliency_maps import guided_gradient

    found = guided_gradient(look.network, look.image, look.label)
    return Panel("guided backpropagation", grey_at_zero(_red_first(look, found)))


def cam(look: Look) -> Panel:
    """Where the logit comes from."""
    from ..visualize.cam import class_activation_map
    from ..visualize.pictures import Panel, overlaid

    found = class_activation_map(look.network, look.image, look.label)
    return Panel("class activation map", overlaid(look.subject.pixels, found))


def grad_cam(look: Look, layer: str | None = None) -> Panel:
    """Where a layer sees what speaks for the class."""
    from ..visualize.cam import grad_cam
    from ..visualize.gradients import last_feature_layer, layer_path
    from ..visualize.pictures import Panel, overlaid

    path = layer_path(look.network, layer or last_feature_layer(look.network))
    found = grad_cam(look.network, look.image, look.label, path)
    _warn_of_zeros(look, found)
    return Panel(f"Grad-CAM of {path}", overlaid(look.subject.pixels, found))


def guided_grad_cam(look: Look, layer: str | None = None) -> Panel:
    """What of the picture is there where a layer sees what speaks for the class."""
    from ..visualize.cam import guided_grad_cam
    from ..visualize.pictures import Panel, grey_at_zero

    found = guided_grad_cam(look.network, look.image, look.label, layer)
    return Panel("guided Grad-CAM", grey_at_zero(_red_first(look, found)))


def occlusion(look: Look, window: int | None = None, stride: int | None = None) -> Panel:
    """How much less probable the class is where a part of the picture is covered."""
    from ..visualize.covering import occlusion
    from ..visualize.pictures import Panel, overlaid

    side = min(look.image.shape[:2])
    window = max(1, side // COVER) if window is None else window
    stride = min(window, max(2, window // STEP)) if stride is None else stride
    found = occlusion(
        look.network,
        look.image,
        look.label,
        window=window,
        stride=stride,
        steps=steps_of("occlusion"),
    )
    title = f"occlusion, {window}x{window}: up to {100 * found.max():.0f} points less"
    return Panel(title, overlaid(look.subject.pixels, found, with_sign=True))


# What `mydl visualize compare --show` can show.
PANELS: Mapping[str, Callable[[Look], Panel]] = {
    "filters": filters,
    "activations": activations,
    "saliency": saliency,
    "smooth": smooth,
    "guided": guided,
    "cam": cam,
    "grad-cam": grad_cam,
    "occlusion": occlusion,
}


def _in_a_square(pictures: Array) -> Array:
    """Small pictures (n, h, w, 3) in about as many rows as columns, each large enough to see."""
    from ..visualize.pictures import tiled

    count, height, width, _ = pictures.shape
    times = max(1, -(-TILE // max(height, width)))
    large = pictures.repeat(times, axis=1).repeat(times, axis=2)
    return tiled(large, math.ceil(math.sqrt(count)), gap=2, between=255)


def _red_first(look: Look, gradient: Array) -> Array:
    """The gradient of an image with its channels in the order of a picture's."""
    return gradient[..., ::-1] if look.subject.trained.preparation.blue_first else gradient


def _warn_of_zeros(look: Look, found: Array) -> None:
    """Say why a map is empty, if it is."""
    if not found.any():
        typer.echo(
            f"Nothing in this picture speaks for {look.class_name}: the map is 0 everywhere "
            "(as it is where the network's last ReLU gives this class a logit of 0)",
            err=True,
        )
