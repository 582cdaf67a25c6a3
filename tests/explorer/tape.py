"""Payloads made by hand: a few layers of the library in a row, and what they computed.

A tape records calls of layers, plays them backwards, and writes all of it down in the form that the
explorer's page reads.
"""

from __future__ import annotations

import base64
import math
from typing import Any

import numpy as np

from mydl import Layer, SoftmaxCrossEntropy
from mydl.layer import Array
from mydl.layers import AvgPool2d, Conv2d, Dropout, MaxPool2d
from mydl.models.differentiable import FixedNorm2d


class Tape:
    """Records layers that are called one after the other on one image."""

    def __init__(self, image: Array) -> None:
        self.values: list[Array] = []
        self.grads: list[Array] = []
        self.layers: list[dict[str, Any]] = []
        self._backward: list[Any] = []
        self._arrays: list[Array] = []
        self.image = self._value(np.asarray(image, np.float32))

    def call(self, kind: str, layer: Layer, x: int) -> int:
        """Run a layer on value ``x`` and return the number of its output."""
        y = self._value(layer.forward(self.values[x][None])[0])
        self._record(kind, [x], y, lambda dy: [layer.backward(dy[None])[0]], layer)
        return y

    def add(self, *xs: int) -> int:
        y = self._value(np.sum([self.values[x] for x in xs], axis=0))
        self._record("add", list(xs), y, lambda dy: [dy for _ in xs])
        return y

    def concat(self, *xs: int) -> int:
        y = self._value(np.concatenate([self.values[x] for x in xs], axis=-1))
        cuts = np.cumsum([self.values[x].shape[-1] for x in xs])[:-1]
        self._record("concat", list(xs), y, lambda dy: np.split(dy, cuts, axis=-1))
        return y

    def payload(self, logits: int, label: int) -> dict[str, Any]:
        """End with the loss, go backwards, and write down all there is."""
        loss = SoftmaxCrossEntropy()
        z = self.values[logits][None]
        y = self._value(np.array(loss.forward(z, np.array([label])), np.float32))
        self._record("softmax_cross_entropy", [logits], y, lambda dy: [dy * loss.backward()[0]])
        self.layers[-1]["probabilities"] = self._array(loss.probabilities[0])
        self.grads[y][...] = 1
        for layer, backward in zip(reversed(self.layers), reversed(self._backward), strict=True):
            for x, dx in zip(layer["inputs"], backward(self.grads[layer["output"]]), strict=True):
                self.grads[x] += dx
        for layer in self.layers:
            of = layer.pop("of")
            for name in ("weight", "bias"):
                if getattr(of, name, None) is not None:
                    layer[name] = self._array(getattr(of, name).data)
                    layer[f"d{name}"] = self._array(getattr(of, name).grad)
        values = [
            {
                "id": number,
                "name": f"value{number}",
                "shape": list(value.shape),
                "data": self._array(value),
                "grad": self._array(self.grads[number]),
            }
            for number, value in enumerate(self.values)
        ]
        return {
            "format": 1,
            "title": "a tape",
            "loss": float(self.values[y]),
            "label": label,
            "classes": [str(k) for k in range(z.shape[1])],
            "layers": self.layers,
            "values": values,
        } | self._bytes()

    def _record(self, kind: str, xs: list[int], y: int, backward: Any, of: Any = None) -> None:
        layer = {"path": f"{kind}{len(self.layers)}", "kind": kind, "inputs": xs, "output": y}
        if isinstance(of, Conv2d | MaxPool2d | AvgPool2d):
            h, w, _ = self.values[xs[0]].shape
            window = of.window
            layer["window"] = {
                "kernel": window.kernel_size,
                "stride": window.stride,
                "pads": window.pads(h, w),
            }
        if isinstance(of, AvgPool2d):
            layer["count_include_pad"] = of.count_include_pad and of.window.padding != "same"
        if isinstance(of, FixedNorm2d):
            scale = of.weight.data / np.sqrt(of.running_var.data + of.eps)
            layer |= {
                "eps": of.eps,
                "scale": self._array(scale),
                "shift": self._array(of.bias.data - of.running_mean.data * scale),
                "mean": self._array(of.running_mean.data),
                "var": self._array(of.running_var.data),
            }
        if isinstance(of, Dropout):
            layer["mask"] = self._array(of._kept[0][0])
        self.layers.append(layer | {"of": of})
        self._backward.append(backward)

    def _value(self, data: Array) -> int:
        self.values.append(data)
        self.grads.append(np.zeros_like(data))
        return len(self.values) - 1

    def _array(self, array: Array) -> int:
        self._arrays.append(array)
        return len(self._arrays) - 1

    def _bytes(self) -> dict[str, Any]:
        """The arrays one after the other, the first at an odd place: nothing need be aligned."""
        arrays, parts, offset = [], [b"\0"], 1
        for array in self._arrays:
            arrays.append({"shape": array.shape, "offset": offset, "dtype": array.dtype.name})
            parts.append(np.ascontiguousarray(array).tobytes())
            offset += math.prod(array.shape) * array.itemsize
        return {"arrays": arrays, "bytes": base64.b64encode(b"".join(parts)).decode()}
