"""Write a network as an ONNX file, which ONNX Runtime and many other programs run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from .. import __version__
from ..layer import Layer, Shape, whole_number
from ..weights import checksum
from ..weights.writing import whole_file
from .onnx_graph import Graph, Tensor
from .saved import ModelCard

INPUT, OUTPUT = "images", "logits"

# The oldest with every operator as it is used here; ONNX Runtime reads it since 1.10, of 2021.
OPSET, IR_VERSION = 15, 8


def export_onnx(
    model: Layer,
    path: Path,
    image_shape: tuple[int, int, int] | None = None,
    card: ModelCard | None = None,
) -> None:
    """Write a network for inference in float32, all or nothing, after ONNX's own checker agreed.

    The network's input is ``images``, (N, C, H, W) with any N, and its output ``logits``. Weights
    have the names of the parameters, as in ``features.fire2.squeeze.weight``, and the layouts of
    PyTorch: those of a Conv2d (out, in, K_h, K_w), those of a Linear (out, in).

    Parameters
    ----------
    model
        Any layer made of this package's layers. Its mode does not matter.
    path
        Of the file to write.
    image_shape
        (H, W, C) of the images; None takes that of the card, or the one that the network was
        designed for.
    card
        What else to write into the file (``metadata_props``): the names of the classes and the mean
        and deviation that images are normalised with, each in JSON.

    Raises
    ------
    ImportError
        The package ``onnx`` is missing.
    LayerError
        A layer is of a kind that the export does not know, or such images do not fit; the message
        names the layer.
    ValueError
        No shape of images is known.
    OSError
        The place cannot be written; an earlier file there is intact.
    """
    content = onnx_model(model, image_shape, card).SerializeToString(deterministic=True)
    with whole_file(path) as file:
        file.write(content)


def onnx_model(
    model: Layer,
    image_shape: tuple[int, int, int] | None = None,
    card: ModelCard | None = None,
) -> Any:
    """The ``onnx.ModelProto`` that :func:`export_onnx` writes, with the same arguments."""
    try:
        import onnx
        from onnx import checker, helper, numpy_helper
    except ImportError as error:
        raise ImportError(
            "ONNX files are written with the package onnx: pip install 'mydl[onnx]'"
        ) from error
    h, w, c = _image_shape(model, image_shape, card)
    x = Tensor(INPUT, (1, h, w, c))
    model.output_shape(x.shape)  # names the layer that does not fit, if there is one
    graph = Graph()
    y = graph.add(model, "", x)
    if not graph.nodes:
        graph.node("Identity", [x.name], "")
    graph.nodes[-1].output[0] = OUTPUT
    inputs, outputs = (
        helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, ["N", *_channels_first(shape)])
        for name, shape in ((INPUT, x.shape), (OUTPUT, y.shape))
    )
    written = helper.make_model(
        helper.make_graph(
            graph.nodes, type(model).__name__, [inputs], [outputs], initializer=graph.weights
        ),
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name="mydl",
        producer_version=__version__,
    )
    weights = {weight.name: numpy_helper.to_array(weight) for weight in graph.weights}
    properties = {} if card is None else _properties(card)
    helper.set_model_props(written, {**properties, checksum.NAME: checksum.sha256_of(weights)})
    checker.check_model(written, full_check=True)
    return written


def _image_shape(model: Layer, image_shape: Any, card: ModelCard | None) -> tuple[int, int, int]:
    """The first shape that is given: as an argument, by the card, by the network."""
    given = image_shape or (card.image_shape if card else getattr(model, "image_shape", None))
    if not isinstance(given, tuple) or len(given) != 3:
        raise ValueError(
            f"image_shape must be (H, W, C), rows, columns and channels of an image, got {given!r}"
        )
    h, w, c = (whole_number(size, "each size of image_shape", 1) for size in given)
    return h, w, c


def _channels_first(shape: Shape) -> Shape:
    """A sample's shape as ONNX orders it."""
    return shape[-1:] + shape[1:-1]


def _properties(card: ModelCard) -> dict[str, str]:
    """What a card says that whoever runs the network needs."""
    return {
        "model": card.model,
        "data": card.data,
        "class_names": json.dumps(card.class_names),
        "mean": json.dumps(card.mean),
        "std": json.dumps(card.std),
        "preprocessing": "images = (pixels / 255 - mean) / std, by channel, laid out (N, C, H, W)",
    }
