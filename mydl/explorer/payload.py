"""What the page reads: a trace as JSON, its arrays as one block of bytes in base64.

::

    {"format": 1, "title": ..., "loss": 0.123, "label": 3, "classes": ["0", ...],
     "image": {"array": 0},
     "layers": [{"path": "features.conv1", "kind": "conv2d", "inputs": [0], "output": 1,
                 "group": null, "window": {"kernel": [3, 3], "stride": [1, 1],
                                           "pads": [[1, 1], [1, 1]]},
                 "weight": 2, "bias": 3, "dweight": 4, "dbias": 5}, ...],
     "values": [{"id": 0, "name": "image", "shape": [32, 32, 3], "data": 7, "grad": 8}, ...],
     "arrays": [{"shape": [32, 32, 3], "offset": 0, "dtype": "uint8"}, ...],
     "bytes": "..."}

``layers`` are in the order of the forward pass; ``inputs`` and ``output`` are ids of values, which
are the activations, without the axis of the samples. All other numbers that stand for arrays count
the rows of ``arrays``, whose numbers begin at ``offset`` of the bytes, the last axis running
fastest, little-endian. ``image`` is the picture as people see it, (H, W, 3) or (H, W, 1); value 0
is what the network gets of it. Beside the fields above layers have

==========================  =====================================================================
``conv2d``, ``linear``      ``weight``, ``bias`` and their gradients ``dweight``, ``dbias``; the
                            biases are missing where the layer has none
``maxpool2d``               ``window``; cells outside the image never win, those that hang over
                            the edge farther than ``pads`` say included
``avgpool2d``               ``window``, ``count_include_pad``: whether cells on ``pads`` count
``batchnorm2d``             y = ``scale`` x + ``shift``; ``mean``, ``var``, ``eps``; parameters
                            and gradients as above
``dropout``                 ``p``, and unless that is 0 the ``mask`` that x is multiplied by
``softmax_cross_entropy``   ``probabilities``; it is the last, and its output the loss
``relu``, ``flatten``,      nothing
``globalavgpool2d``,
``concat``, ``add``
==========================  =====================================================================
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..layer import Array
from .trace import Trace

FORMAT = 1
_ALIGNMENT = 4  # bytes, of which the offset of every array is a multiple


def payload(trace: Trace, picture: Array, title: str, classes: Sequence[str]) -> dict[str, Any]:
    """The page's data, ready to be written as JSON.

    Parameters
    ----------
    trace
        What happened to an image.
    picture
        The image as people see it, uint8, (H, W, 3) or (H, W, 1).
    title
        Of the page.
    classes
        Of the network's outputs, in order.
    """
    block = _Block()
    image = block.add(picture)
    layers = [
        {
            "path": step.path,
            "kind": step.kind,
            "inputs": step.inputs,
            "output": step.output,
            "group": step.group,
            **step.settings,
            **{name: block.add(array) for name, array in step.arrays.items()},
        }
        for step in trace.steps
    ]
    values = [
        {
            "id": number,
            "name": value.name,
            "shape": value.data.shape,
            "data": block.add(value.data),
            "grad": block.add(value.grad),
        }
        for number, value in enumerate(trace.values)
    ]
    return {
        "format": FORMAT,
        "title": title,
        "loss": trace.loss,
        "label": trace.label,
        "classes": list(classes),
        "image": {"array": image},
        "layers": layers,
        "values": values,
        "arrays": block.rows,
        "bytes": base64.b64encode(block.bytes).decode("ascii"),
    }


class _Block:
    """Arrays one behind the other, and a row for each that says where it begins.

    Attributes
    ----------
    rows
        Shape, offset and dtype.
    bytes
        Of all arrays.
    """

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []
        self.bytes = bytearray()

    def add(self, array: Array) -> int:
        """Add an array, uint8 or float32, and return the number of its row."""
        dtype = np.dtype("<u1" if array.dtype == np.uint8 else "<f4")
        self.rows.append({"shape": array.shape, "offset": len(self.bytes), "dtype": dtype.name})
        self.bytes += np.ascontiguousarray(array, dtype).tobytes()
        self.bytes += bytes(-len(self.bytes) % _ALIGNMENT)
        return len(self.rows) - 1
