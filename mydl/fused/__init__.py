"""The same network, rewritten for speed: what the engine's threads run in place of the layers.

A layer that reads like a textbook makes a new array at each step and visits memory more often than
it has to. Here some patterns of layers are replaced by one that computes the same in fewer passes
over memory, in arrays that are reused from shard to shard::

    Conv2d, ReLU, MaxPool2d         of the images: one kernel, in which the maximum comes first
    Fire                            both expands write into their part of one output, bias and ReLU
                                    in the same kernel; 3x3 filters go through Winograd
    Conv2d, BatchNorm2d, ReLU       in a fire module or of the images: norm and ReLU in one pass
    MaxPool2d, GlobalAvgPool2d      reuse their arrays
    Conv2d 1x1, GlobalAvgPool2d     average first: a linear map commutes with the mean
    Conv2d 1x1, ReLU                one kernel

The layers that are replaced stay the specification: the tests compare each pattern with them. The
rules of a thread's replica are looser than those of a layer in one thing: arrays that are returned
are overwritten by the next shard.
"""

from __future__ import annotations

import math

import numpy as np

from ..layer import Layer
from ..layers import Bypass, Conv2d, Fire, GlobalAvgPool2d, MaxPool2d, ReLU, Sequential
from ..layers.window import Window
from ..models.network import Network
from .activation import BiasRelu, NormRelu, activation
from .evaluation import Evaluator
from .layers import (
    Fused,
    FusedAverage,
    FusedAverageConv,
    FusedFire,
    FusedFirst,
    FusedFirstNorm,
    FusedMaxPool,
    FusedPointwise,
)
from .workspace import BrokenTeam, Team, Workspace

__all__ = ["BrokenTeam", "Evaluator", "Fused", "Team", "Workspace", "fuse"]


def fuse(model: Layer, space: Workspace | None = None) -> Layer:
    """Replace what can be replaced in a replica of a model, in place; returns the new model.

    The parameters stay the same objects. Only float32 is rewritten: whoever computes in float64
    wants to look at the layers themselves. A subclass of a layer is never replaced, since its
    forward or backward may be its own, nor a convolution whose ``algorithm`` would change.
    """
    if any(parameter.data.dtype != np.float32 for parameter in model.parameters()):
        return model
    return _fuse(model, Workspace() if space is None else space, "", first=True)


def _fuse(layer: Layer, space: Workspace, chain: str, first: bool) -> Layer:
    """Fuse a layer and those in it.

    Parameters
    ----------
    chain
        Names the sequence that the layer is in, whose outputs take turns in memory. Inside a
        bypass, whose input outlives the layers it goes around, a new one begins.
    first
        Whether the layer sees the images, whose gradient nobody asks for.
    """
    if type(layer) is Fire:
        squeeze, expand1x1, expand3x3 = (
            activation(part, space) for part in (layer.squeeze, layer.expand1x1, layer.expand3x3)
        )
        chosen = expand3x3 is not None and expand3x3.conv.algorithm != "im2col"
        if squeeze and expand1x1 and expand3x3 and chosen:
            return FusedFire(layer, squeeze, expand1x1, expand3x3, space, chain)
    elif type(layer) is Sequential:
        return _fuse_chain(layer, space, chain, first)
    elif type(layer) is MaxPool2d and _argument_fits(layer):
        return FusedMaxPool([layer], layer, space, chain)
    elif type(layer) is GlobalAvgPool2d:
        return FusedAverage([layer], space, chain)
    elif isinstance(layer, Network | Bypass):
        for name, child in layer.children().items():
            inner = child.path if isinstance(layer, Bypass) else chain
            setattr(layer, name, _fuse(child, space, inner, first))
            first = False
    return layer


def _fuse_chain(chain: Sequential, space: Workspace, name: str, first: bool) -> Sequential:
    """Fuse the runs of layers that fit a pattern, and each of the others by itself."""
    left = list(chain.children().items())
    fused: dict[str, Layer] = {}
    while left:
        key, layer = left[0]
        unit = activation(layer, space)
        match [layer for _, layer in left[:3]]:
            case [_, ReLU(), MaxPool2d() as pool] as chosen if (
                first
                and isinstance(unit, BiasRelu)
                and _exact(chosen)
                and _argument_fits(pool)
                and unit.conv.algorithm != "winograd"
            ):
                fused[key], used = FusedFirst(chosen, unit, pool, space, name), 3
            case [_, ReLU() as relu, *_] as chosen if (
                first and isinstance(unit, NormRelu) and _exact([relu])
            ):
                fused[key], used = FusedFirstNorm(chosen[:2], unit, space, name), 2
            case [Conv2d() as conv, GlobalAvgPool2d() as average, *_] if _exact(
                [conv, average]
            ) and _is_pointwise(conv):
                fused[key], used = FusedAverageConv(conv, average, space, name), 2
            case [Conv2d() as conv, ReLU(), *_] as chosen if (
                isinstance(unit, BiasRelu) and _exact(chosen[:2]) and _is_pointwise(conv)
            ):
                fused[key], used = FusedPointwise(chosen[:2], unit, space, name), 2
            case _:
                fused[key], used = _fuse(layer, space, name, first), 1
        left, first = left[used:], False
    result = Sequential(fused)
    result._place(chain.path)
    return result


def _exact(layers: list[Layer]) -> bool:
    """Whether the layers are our own and no subclasses of them."""
    return all(type(layer) in (Conv2d, ReLU, MaxPool2d, GlobalAvgPool2d) for layer in layers)


def _is_pointwise(conv: Conv2d) -> bool:
    return conv.window == Window.of(1, 1, 0)


def _argument_fits(pool: MaxPool2d) -> bool:
    """Whether the number of a cell of the window fits into a byte."""
    return math.prod(pool.window.kernel_size) <= 256
