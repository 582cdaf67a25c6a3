"""Each layer in the words of ONNX: which operators compute what its forward pass computes.

ONNX lays images out as (N, C, H, W) and filters as (out, in, K_h, K_w), as PyTorch does. Batch norm
uses its running statistics and dropout does nothing, for ONNX networks only infer.

A network is written for images of one size. Every padding is therefore a number, also that of
"same" and of windows that hang over the edge (``ceil_mode``), on which runtimes have disagreed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..layer import Array, Layer, Shape, all_finite
from ..layers import (
    AvgPool2d,
    BatchNorm2d,
    Bypass,
    Concat,
    Conv2d,
    Dropout,
    Fire,
    Flatten,
    GlobalAvgPool2d,
    GroupedConv2d,
    Linear,
    LocalResponseNorm,
    LogSoftmax,
    MaxPool2d,
    ReLU,
    Sequential,
    Softmax,
)
from ..layers.pool import Pool2d
from ..layers.window import Pair, Window
from .network import Network


@dataclass(frozen=True)
class Tensor:
    """A value between two operators: its name in the graph, and its shape in mydl's order."""

    name: str
    shape: Shape


class Graph:
    """Operators and weights, collected in the order of the forward pass.

    A layer's last operator and its output bear the layer's path, as in ``features.fire2.squeeze``;
    weights have the paths of the parameters, as in ``features.fire2.squeeze.weight``.

    Attributes
    ----------
    nodes
        The operators, ``onnx.NodeProto``.
    weights
        The arrays that they use, ``onnx.TensorProto``.
    """

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.weights: list[Any] = []

    def add(self, layer: Layer, path: str, x: Tensor) -> Tensor:
        """Append the operators of a layer that sees ``x``; returns its output.

        Raises
        ------
        LayerError
            There are no operators for this kind of layer, or a weight is not finite.
        """
        write = _WRITERS.get(type(layer), _chain if _is_chain(layer) else None)
        if write is None:
            known = ", ".join(sorted(kind.__name__ for kind in _WRITERS))
            layer.fail(
                f"ONNX has words for {known}, but a {type(layer).__name__} may compute anything: "
                "build the network of those layers"
            )
        return Tensor(write(self, layer, path, x), layer.output_shape(x.shape))

    def node(self, operator: str, inputs: list[str], name: str, **attributes: Any) -> str:
        """Append an operator; its output gets its name."""
        from onnx import helper

        self.nodes.append(helper.make_node(operator, inputs, [name], name=name, **attributes))
        return name

    def weight(self, layer: Layer, path: str, name: str, transpose: tuple[int, ...] = (0,)) -> str:
        """Add a layer's parameter or buffer as float32, its axes reordered."""
        return self.constant(self.values(layer, name, transpose), join(path, name))

    def values(self, layer: Layer, name: str, transpose: tuple[int, ...]) -> Array:
        """A layer's parameter or buffer in float32, its axes reordered; LayerError if infinite."""
        values: Array = getattr(layer, name).data.transpose(transpose)
        with np.errstate(over="ignore"):
            values = values.astype(np.float32)
        if not all_finite(values):
            layer.fail(f"{name} has values that are not finite in float32")
        return values

    def constant(self, values: Array, name: str) -> str:
        """Add an array."""
        from onnx import numpy_helper

        self.weights.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name


def join(path: str, name: str) -> str:
    """The path of what is inside the layer of a path, which is empty for the outermost layer."""
    return f"{path}.{name}" if path else name


# ---- layers that compute ------------------------------------------------------------------------


def _conv(graph: Graph, layer: Conv2d, path: str, x: Tensor) -> str:
    inputs = [x.name, graph.weight(layer, path, "weight", (3, 2, 0, 1))]
    if layer.bias is not None:
        inputs.append(graph.weight(layer, path, "bias"))
    pads = layer.window.pads(*x.shape[1:3])
    return graph.node("Conv", inputs, path, **_window(layer.window, pads))


def _grouped_conv(graph: Graph, layer: GroupedConv2d, path: str, x: Tensor) -> str:
    """One operator, whose weight holds the groups' one after the other along the outputs."""

    def add(name: str, transpose: tuple[int, ...]) -> str:
        parts = [graph.values(conv, name, transpose) for conv in layer.convolutions]
        return graph.constant(np.concatenate(parts), join(path, name))

    first = layer.convolutions[0]
    inputs = [x.name, add("weight", (3, 2, 0, 1))]
    if first.bias is not None:
        inputs.append(add("bias", (0,)))
    pads = first.window.pads(*x.shape[1:3])
    return graph.node("Conv", inputs, path, group=layer.groups, **_window(first.window, pads))


def _local_response_norm(graph: Graph, layer: LocalResponseNorm, path: str, x: Tensor) -> str:
    return graph.node(
        *("LRN", [x.name], path), size=layer.size, alpha=layer.alpha, beta=layer.beta, bias=layer.k
    )


def _max_pool(graph: Graph, layer: MaxPool2d, path: str, x: Tensor) -> str:
    pads = _pads_with_overhang(layer, x.shape)
    return graph.node("MaxPool", [x.name], path, **_window(layer.window, pads))


def _avg_pool(graph: Graph, layer: AvgPool2d, path: str, x: Tensor) -> str:
    """AveragePool leaves its own padding out of the mean; padding that counts goes in before it."""
    (top, bottom), (left, right) = pads = layer.window.pads(*x.shape[1:3])
    (_, hang_bottom), (_, hang_right) = with_overhang = _pads_with_overhang(layer, x.shape)
    name = x.name
    if layer.count_include_pad and layer.window.padding != "same" and pads != ((0, 0), (0, 0)):
        zeros = np.array([0, 0, top, left, 0, 0, bottom, right], np.int64)
        padding = graph.constant(zeros, join(path, "padding"))
        name = graph.node("Pad", [x.name, padding], join(path, "pad"))
        with_overhang = ((0, hang_bottom - bottom), (0, hang_right - right))
    return graph.node("AveragePool", [name], path, **_window(layer.window, with_overhang))


def _global_avg_pool(graph: Graph, layer: GlobalAvgPool2d, path: str, x: Tensor) -> str:
    average = graph.node("GlobalAveragePool", [x.name], join(path, "average"))  # (N, C, 1, 1)
    return graph.node("Flatten", [average], path)  # (N, C)


def _relu(graph: Graph, layer: ReLU, path: str, x: Tensor) -> str:
    return graph.node("Relu", [x.name], path)


def _softmax(graph: Graph, layer: Softmax, path: str, x: Tensor) -> str:
    return graph.node("Softmax", [x.name], path, axis=1)


def _log_softmax(graph: Graph, layer: LogSoftmax, path: str, x: Tensor) -> str:
    return graph.node("LogSoftmax", [x.name], path, axis=1)


def _dropout(graph: Graph, layer: Dropout, path: str, x: Tensor) -> str:
    return x.name


def _flatten(graph: Graph, layer: Flatten, path: str, x: Tensor) -> str:
    """Our images are flattened channels last."""
    name = x.name
    if len(x.shape) == 4:
        name = graph.node("Transpose", [name], join(path, "transpose"), perm=(0, 2, 3, 1))
    return graph.node("Flatten", [name], path)


def _linear(graph: Graph, layer: Linear, path: str, x: Tensor) -> str:
    inputs = [x.name, graph.weight(layer, path, "weight", (1, 0))]
    if layer.bias is not None:
        inputs.append(graph.weight(layer, path, "bias"))
    return graph.node("Gemm", inputs, path, transB=1)


def _batch_norm(graph: Graph, layer: BatchNorm2d, path: str, x: Tensor) -> str:
    names = ("weight", "bias", "running_mean", "running_var")
    statistics = [graph.weight(layer, path, name) for name in names]
    return graph.node("BatchNormalization", [x.name, *statistics], path, epsilon=layer.eps)


# ---- windows ------------------------------------------------------------------------------------


def _window(window: Window, pads: tuple[Pair, Pair]) -> dict[str, Any]:
    """The attributes that say how a window slides."""
    (top, bottom), (left, right) = pads
    return {
        "kernel_shape": window.kernel_size,
        "strides": window.stride,
        "pads": (top, left, bottom, right),
    }


def _pads_with_overhang(layer: Pool2d, shape: Shape) -> tuple[Pair, Pair]:
    """The padding of a pool, grown until its last windows lie inside it."""
    window = layer.window
    rows, columns = (
        (before, max(after, (out - 1) * stride + kernel - size - before))
        for out, size, kernel, stride, (before, after) in zip(
            window.output_size(*shape[1:3]),
            shape[1:3],
            window.kernel_size,
            window.stride,
            window.pads(*shape[1:3]),
            strict=True,
        )
    )
    return rows, columns


# ---- containers ---------------------------------------------------------------------------------


def _is_chain(layer: Layer) -> bool:
    """Whether a layer runs its children one after the other, being a network or a Sequential.

    A subclass that inherits the forward pass is one too.
    """
    forward = type(layer).forward
    return forward is Sequential.forward or forward is Network.forward


def _chain(graph: Graph, layer: Layer, path: str, x: Tensor) -> str:
    for name, child in layer.children().items():
        x = graph.add(child, join(path, name), x)
    return x.name


def _fire(graph: Graph, layer: Fire, path: str, x: Tensor) -> str:
    def add(name: str, x: Tensor) -> Tensor:
        return graph.add(getattr(layer, name), join(path, name), x)

    s = add("squeeze_relu", add("squeeze", x))
    expands = [add("expand1x1", s).name, add("expand3x3", s).name]
    joined = graph.node("Concat", expands, join(path, "concat"), axis=1)
    return add("expand_relu", Tensor(joined, layer.output_shape(x.shape))).name


def _bypass(graph: Graph, layer: Bypass, path: str, x: Tensor) -> str:
    inner = graph.add(layer.inner, join(path, "inner"), x)
    around = x
    if layer.projection is not None:
        around = graph.add(layer.projection, join(path, "projection"), x)
    return graph.node("Add", [inner.name, around.name], path)


def _concat(graph: Graph, layer: Concat, path: str, x: Tensor) -> str:
    branches = layer.children().items()
    ys = [graph.add(branch, join(path, name), x).name for name, branch in branches]
    return graph.node("Concat", ys, path, axis=1)


# By exact class: what overrides a forward pass may compute anything.
_WRITERS: dict[type[Layer], Callable[[Graph, Any, str, Tensor], str]] = {
    AvgPool2d: _avg_pool,
    BatchNorm2d: _batch_norm,
    Bypass: _bypass,
    Concat: _concat,
    Conv2d: _conv,
    Dropout: _dropout,
    Fire: _fire,
    Flatten: _flatten,
    GlobalAvgPool2d: _global_avg_pool,
    GroupedConv2d: _grouped_conv,
    Linear: _linear,
    LocalResponseNorm: _local_response_norm,
    LogSoftmax: _log_softmax,
    MaxPool2d: _max_pool,
    ReLU: _relu,
    Softmax: _softmax,
}
