"""What a network is made of, layer by layer: shapes, parameters, multiplications."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ..layer import Layer, Shape
from ..layers import Bypass, Concat, Fire, GroupedConv2d, Sequential
from .network import Network

HEADER = ("layer", "kind", "output", "parameters", "multiply-adds", "weights", "plain 3x3")
NOTE = (
    "weights: those of a fire module without biases, C S + S e1 + 9 S e3\n"
    "plain 3x3: those of one 3x3 convolution in its place, 9 C (e1 + e3)"
)


def fire_weights(in_channels: int, squeeze: int, expand1x1: int, expand3x3: int) -> int:
    """Weights of a fire module without biases: C S + S e1 + 9 S e3.

    >>> fire_weights(3, squeeze=3, expand1x1=4, expand3x3=4)
    129
    """
    return in_channels * squeeze + squeeze * expand1x1 + 9 * squeeze * expand3x3


def plain_weights(in_channels: int, out_channels: int) -> int:
    """Weights of a plain 3x3 convolution without biases: 9 C_in C_out.

    >>> plain_weights(3, 4 + 4)
    216
    """
    return 9 * in_channels * out_channels


@dataclass(frozen=True)
class Row:
    """One layer of a network.

    Attributes
    ----------
    path
        The layer's place, as in ``features.fire2.squeeze``.
    kind
        Its class.
    depth
        0 for a layer of the network, 1 for a part of one, 2 for a part of that.
    output_shape
        Of one image, without the batch.
    parameters
        How many numbers are trained, biases included.
    multiply_adds
        Of one image's forward pass.
    fire_weights
        For a fire module its weights without biases, else None.
    plain_weights
        For a fire module the weights of a plain 3x3 convolution of the same input and output, else
        None.
    """

    path: str
    kind: str
    depth: int
    output_shape: Shape
    parameters: int
    multiply_adds: int
    fire_weights: int | None = None
    plain_weights: int | None = None


@dataclass(frozen=True)
class Summary:
    """The layers of a network and their totals; prints as a table.

    Attributes
    ----------
    rows
        The layers in the order of the forward pass.
    input_shape
        Of one image.
    parameters, multiply_adds
        Of the whole network.
    """

    rows: tuple[Row, ...]
    input_shape: Shape
    parameters: int
    multiply_adds: int

    @property
    def float32_bytes(self) -> int:
        """What the parameters take up at four bytes each."""
        return 4 * self.parameters

    @property
    def note(self) -> str:
        """What stands below the table."""
        size = f"{self.parameters:,} parameters take {self.float32_bytes:,} bytes in float32"
        return f"{size}\n{NOTE}" if any(row.fire_weights for row in self.rows) else size

    def cells(self) -> list[tuple[str, ...]]:
        """The table's lines below ``HEADER``, the totals last."""
        lines = [
            (
                row.path.removeprefix("features.").removeprefix("classifier."),
                row.kind,
                "x".join(map(str, row.output_shape)),
                _number(row.parameters),
                _number(row.multiply_adds),
                _number(row.fire_weights),
                _number(row.plain_weights),
            )
            for row in self.rows
        ]
        whole = [row for row in self.rows if row.depth == 0]
        total = (
            *("total", "", ""),
            _number(self.parameters),
            _number(self.multiply_adds),
            _number(sum(row.fire_weights or 0 for row in whole)),
            _number(sum(row.plain_weights or 0 for row in whole)),
        )
        return [*lines, total]

    def to_dict(self) -> dict[str, Any]:
        """Everything in plain dicts, lists and numbers, for JSON."""
        return {
            "input_shape": list(self.input_shape),
            "layers": [
                {**asdict(row), "output_shape": list(row.output_shape)} for row in self.rows
            ],
            "parameters": self.parameters,
            "float32_bytes": self.float32_bytes,
            "multiply_adds": self.multiply_adds,
        }

    def __str__(self) -> str:
        return "\n".join([*aligned([HEADER, *self.cells()], left=2), "", self.note])


def aligned(lines: Sequence[Sequence[str]], left: int) -> list[str]:
    """The lines of a table in columns of equal width, the first ``left`` of them flush left.

    >>> aligned([("layer", "size"), ("a", "10")], left=1)
    ['layer  size', 'a        10']
    """
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return [
        "  ".join(
            cell.ljust(width) if column < left else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    ]


def summary(model: Layer, input_shape: Shape, expand: bool = False) -> Summary:
    """List a network's layers for images of a shape, without running it.

    Parameters
    ----------
    model
        A network, or any other layer.
    input_shape
        Of one sample, for images (H, W, C).
    expand
        List the parts of fire modules, bypasses and grouped convolutions below each.

    Raises
    ------
    LayerError
        Such an image does not fit the network; the message says which layer.

    Examples
    --------
    >>> from mydl.layers import Conv2d, Fire, ReLU
    >>> conv = Conv2d(3, 8, kernel_size=3, stride=2)
    >>> print(summary(Sequential({"conv1": conv, "fire2": Fire(8, 2, 4, 4)}), (9, 9, 3)))
    layer  kind    output  parameters  multiply-adds  weights  plain 3x3
    conv1  Conv2d   4x4x8         224          3,456
    fire2  Fire     4x4x8         106          1,536       96        576
    total                         330          4,992       96        576
    <BLANKLINE>
    330 parameters take 1,320 bytes in float32
    weights: those of a fire module without biases, C S + S e1 + 9 S e3
    plain 3x3: those of one 3x3 convolution in its place, 9 C (e1 + e3)
    """
    batch_of_one = (1, *input_shape)
    model.output_shape(batch_of_one)  # names the layer that does not fit, if there is one
    return Summary(
        tuple(_rows(model, "", batch_of_one, 0, expand)),
        tuple(input_shape),
        model.num_parameters(),
        model.multiply_adds(batch_of_one),
    )


def _rows(layer: Layer, path: str, shape: Shape, depth: int, expand: bool) -> Iterator[Row]:
    """The rows of a layer: for a chain those of its links, for others one and perhaps its parts."""
    if isinstance(layer, (Network, Sequential)):
        for name, child in layer.children().items():
            yield from _rows(child, _join(path, name), shape, depth, expand)
            shape = child.output_shape(shape)
        return
    fire = layer.inner if isinstance(layer, Bypass) else layer
    yield Row(
        path or type(layer).__name__,
        type(layer).__name__,
        depth,
        layer.output_shape(shape)[1:],
        layer.num_parameters(),
        layer.multiply_adds(shape),
        *(_weights(fire, shape) if isinstance(fire, Fire) else ()),
    )
    if expand:
        for name, part, part_shape in _parts(layer, shape):
            yield from _rows(part, _join(path, name), part_shape, depth + 1, expand)


def _weights(fire: Fire, shape: Shape) -> tuple[int, int]:
    """Weights of a fire module, and of a plain 3x3 convolution in its place."""
    squeezed = fire.squeeze.output_shape(shape)
    expand1x1, expand3x3 = (
        branch.output_shape(squeezed)[-1] for branch in (fire.expand1x1, fire.expand3x3)
    )
    return (
        fire_weights(shape[-1], squeezed[-1], expand1x1, expand3x3),
        plain_weights(shape[-1], expand1x1 + expand3x3),
    )


def _parts(layer: Layer, shape: Shape) -> Iterator[tuple[str, Layer, Shape]]:
    """Name, layer and input shape of what is inside a fire module or runs side by side."""
    if isinstance(layer, Fire):
        squeezed = layer.squeeze.output_shape(shape)
        yield "squeeze", layer.squeeze, shape
        yield "squeeze_relu", layer.squeeze_relu, squeezed
        yield "expand1x1", layer.expand1x1, squeezed
        yield "expand3x3", layer.expand3x3, squeezed
        yield "expand_relu", layer.expand_relu, layer.output_shape(shape)
    elif isinstance(layer, (Bypass, Concat)):
        for name, child in layer.children().items():
            yield name, child, shape
    elif isinstance(layer, GroupedConv2d):
        for name, child in layer.children().items():
            yield name, child, (*shape[:-1], layer.in_channels // layer.groups)


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _number(value: int | None) -> str:
    """12,345 for a count, nothing for none or zero."""
    return f"{value:,}" if value else ""
