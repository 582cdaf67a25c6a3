"""Where fine-tuning starts: weights that have learnt to see, but for those of the last layer.

What a network has learnt of edges, textures and parts serves other photographs too (Yosinski et al.
2014, "How transferable are features in deep neural networks?"). Only its last layer, which names
the classes, is drawn anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..classifier import usual_preprocessing
from ..data.preprocess import CAFFE_MEAN, MEAN, PREPROCESSING, STD
from ..layer import Array, Layer
from ..layers import BatchNorm2d, Bypass
from ..models import Metaparameters, Network, SqueezeNet, network_of, squeezenet1_1
from ..models.saved import is_saved_model, load_model
from ..names import unknown


@dataclass(frozen=True, eq=False)
class Start:
    """What a run takes over from an earlier one.

    Attributes
    ----------
    state
        Parameters and buffers by path, as ``state_dict()`` has them.
    settings
        Those of the configuration that make a network which these fit.
    mean, std
        How images go in, see ``mydl.data.normalise``.
    """

    state: dict[str, Array]
    settings: dict[str, Any]
    mean: Array
    std: Array

    def give_to(self, network: Network) -> None:
        """Set all parameters and buffers of a network but the weight and bias of its last layer.

        Raises
        ------
        ValueError
            They are those of another network.
        """
        own = network.state_dict()
        *_, weight, bias = (path for path, _ in network.named_parameters())
        for path, values in own.items():
            if path in (weight, bias):
                continue
            if path not in self.state or self.state[path].shape != values.shape:
                got = self.state[path].shape if path in self.state else "nothing"
                raise ValueError(
                    f"the weights to start from are of another network: {path} needs an array of "
                    f"shape {values.shape}, they have {got}; leave out --model and its options"
                )
            own[path] = self.state[path]
        network.load_state_dict(own)


def read_start(pretrained: bool, weights: str, preprocess: str) -> Start | None:
    """What to start from; None: from random weights.

    Parameters
    ----------
    pretrained, weights, preprocess
        See :class:`mydl.training.config.TrainingConfig`.

    Raises
    ------
    WeightsError
        The file is missing, damaged or none of the SqueezeNet family.
    ValueError
        There is no such preprocessing.
    """
    if preprocess and preprocess not in PREPROCESSING:
        raise ValueError(unknown("preprocessing", preprocess, PREPROCESSING))
    if pretrained:
        return _imagenet_start(squeezenet1_1(pretrained=True), "caffe")
    if not weights:
        return None
    path = Path(weights).expanduser()
    if path.is_dir() or is_saved_model(path):
        network, card = load_model(path)
        settings = {"model": card.model, **_options(network)}
        return Start(network.state_dict(), settings, np.array(card.mean), np.array(card.std))
    network = network_of(path, "imagenet")
    return _imagenet_start(network, preprocess or usual_preprocessing(path, network))


def _imagenet_start(network: Network, preprocess: str) -> Start:
    """Weights that expect images as Caffe's or torchvision's networks do."""
    assert isinstance(network, SqueezeNet)
    settings = {"model": f"squeezenet{network.version.replace('.', '_')}", **_options(network)}
    state = network.state_dict()
    if preprocess == "torchvision":
        return Start(state, settings, MEAN, STD)
    first = next(iter(state))
    state[first] = caffe_to_rgb(state[first])
    return Start(state, settings, CAFFE_MEAN[::-1] / 255, STD)


def caffe_to_rgb(weight: Array) -> Array:
    """The filters of a first layer for normalised RGB images, given those for Caffe's.

    ::

        Caffe's:       b = 255 p - m              p, m from blue to red, p from 0 to 1
        normalised:    x = (p - m / 255) / s      p, m from red to blue

    The first is the second times 255 s with the channels reversed, and filters are linear: with
    their channels reversed and multiplied by 255 s they make the same of ``x``. The factors also
    leave the filters with values of a size that learns at the same rate as the other layers'.

    Parameters
    ----------
    weight
        (K_h, K_w, 3, C_out).
    """
    factors = (255 * STD).astype(weight.dtype)
    converted: Array = weight[:, :, ::-1] * factors[:, None]
    return converted


def _options(network: Network) -> dict[str, Any]:
    """The settings of a network that its layers show."""
    layers: list[Layer] = [layer for _, layer in network.named_layers()]
    bypasses = [layer for layer in layers if isinstance(layer, Bypass)]
    bypass = "simple" if bypasses else "none"
    if any(layer.projection is not None for layer in bypasses):
        bypass = "complex"
    sizes = network.metaparameters if isinstance(network, SqueezeNet) else Metaparameters()
    return {
        "bypass": bypass,
        "squeeze_ratio": sizes.squeeze_ratio if sizes != Metaparameters() else 0.0,
        "batch_norm": any(isinstance(layer, BatchNorm2d) for layer in layers),
    }
