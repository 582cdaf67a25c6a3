"""What a picture of a network consists of, before anything has a place: boxes and how they join.

A network is taken apart as far as the layers that compute: chains, the branches of a fire module
and the way around a bypass become blocks of their own, and what is left are boxes with text.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, TypeAlias

from ...layer import Layer, Shape
from ...layers import Bypass, Concat, Fire, Sequential
from ..network import Network
from ..summary import Row, Summary
from .gradients import LOSS, Gradient, GradientNorms
from .words import described, in_digits, style_of, times

SYMBOLS = {"weight": "W", "bias": "b"}  # of parameters, where gradients are named after them


class Line(NamedTuple):
    """A line of text in a box: a name and more on the left, a number on the right."""

    name: str
    left: str
    right: str


@dataclass(frozen=True)
class Box:
    """A layer, or the place where two arrays become one.

    Attributes
    ----------
    path
        The layer's; that of a joint in a fire module is the module's with ``.concat``.
    name
        What it is called in the picture.
    style
        Class of the style sheet.
    kind
        Of layer.
    text
        How it is set up.
    shape
        Of its output for one image.
    parameters
        How many numbers are trained.
    norms
        Those of its parameters' gradients by name, where they were measured.
    """

    path: str
    name: str
    style: str
    kind: str
    text: str
    shape: Shape
    parameters: int = 0
    norms: tuple[tuple[str, float], ...] = ()

    @property
    def arriving(self) -> Gradient:
        """Whose gradient comes out at the top, going backwards."""
        return LOSS if self.path == LOSS[0] else (self.path, "dx")

    @property
    def leaving(self) -> Gradient:
        """Whose gradient goes in at the bottom, going backwards."""
        return self.path, "dy"

    @property
    def output(self) -> Box:
        """The box that the output comes from."""
        return self

    @property
    def lines(self) -> tuple[Line, ...]:
        """What is written into the box."""
        lines = [Line(self.name, self.kind, times(self.shape))]
        if self.text or self.parameters:
            lines.append(Line("", self.text, self.count))
        if self.norms:
            sizes = (f"‖d{SYMBOLS.get(n, n)}‖ {in_digits(norm)}" for n, norm in self.norms)
            lines.append(Line("", ", ".join(sizes), ""))
        return tuple(lines)

    @property
    def count(self) -> str:
        """The number of parameters in words, nothing for none."""
        return f"{self.parameters:,} parameters" if self.parameters else ""


@dataclass(frozen=True)
class Chain:
    """Blocks one below the other.

    Attributes
    ----------
    blocks
        At least one.
    name
        Of a stage of the network, such as "features"; empty for others.
    """

    blocks: Sequence[Block]
    name: str = ""

    @property
    def arriving(self) -> Gradient:
        """That of the first block."""
        return self.blocks[0].arriving

    @property
    def leaving(self) -> Gradient:
        """That of the last block."""
        return self.blocks[-1].leaving

    @property
    def output(self) -> Box:
        """The box at the end of the last block."""
        return self.blocks[-1].output


@dataclass(frozen=True)
class Frame:
    """A block with a frame around it and text above: a fire module.

    Attributes
    ----------
    box
        The text, and the path of the module.
    inner
        What is inside.
    """

    box: Box
    inner: Block

    @property
    def arriving(self) -> Gradient:
        """That of the layer that the frame stands for."""
        return self.box.arriving

    @property
    def leaving(self) -> Gradient:
        """That of the layer that the frame stands for."""
        return self.box.leaving

    @property
    def output(self) -> Box:
        """The box at the end of what is inside."""
        return self.inner.output


@dataclass(frozen=True)
class Branches:
    """Blocks side by side that see the same input, and the box that joins their outputs.

    Attributes
    ----------
    arriving
        The gradient of that input, the sum over the branches.
    """

    blocks: Sequence[Block]
    joint: Box
    arriving: Gradient

    @property
    def leaving(self) -> Gradient:
        """That of the box where they join."""
        return self.joint.leaving

    @property
    def output(self) -> Box:
        """The box where they join."""
        return self.joint


@dataclass(frozen=True)
class Around:
    """A block, a way around it, and the box that adds up both.

    Attributes
    ----------
    projection
        What is on the way around; None for nothing.
    """

    inner: Block
    projection: Block | None
    joint: Box

    @property
    def arriving(self) -> Gradient:
        """That of the box where both ways meet."""
        return self.joint.arriving

    @property
    def leaving(self) -> Gradient:
        """That of the box where both ways meet."""
        return self.joint.leaving

    @property
    def output(self) -> Box:
        """The box where both ways meet."""
        return self.joint


Block: TypeAlias = Box | Chain | Frame | Branches | Around


def boxes(block: Block) -> Iterator[Box]:
    """The boxes of a block, without the frames."""
    match block:
        case Box():
            yield block
        case Chain(blocks=blocks):
            for each in blocks:
                yield from boxes(each)
        case Frame(inner=inner):
            yield from boxes(inner)
        case Branches(blocks=blocks, joint=joint):
            for each in (*blocks, joint):
                yield from boxes(each)
        case Around(inner=inner, projection=projection, joint=joint):
            for each in (inner, joint) if projection is None else (inner, projection, joint):
                yield from boxes(each)


def network_blocks(network: Layer, rows: Summary, gradients: GradientNorms | None) -> Chain:
    """The blocks of a network, between the image and, where there are gradients, the loss.

    Parameters
    ----------
    network
        Any layer.
    rows
        Its summary, with the parts of fire modules and bypasses.
    gradients
        Of the same network.
    """
    taker = _Taker({row.path: row for row in rows.rows}, gradients)
    blocks: list[Block] = [Box("image", "image", "end", "", "", rows.input_shape)]
    if (inside := taker.block(network, "")) is not None:
        blocks.append(inside)
    if gradients is not None:
        name = f"loss {in_digits(gradients.loss)}"
        blocks.append(Box(LOSS[0], name, "end", "softmax cross-entropy", "", ()))
    return Chain(blocks)


@dataclass(frozen=True)
class _Taker:
    """Takes layers apart.

    Attributes
    ----------
    around
        The path of the module that is taken apart; names leave it out.
    """

    rows: Mapping[str, Row]
    gradients: GradientNorms | None
    around: str = ""

    def block(self, layer: Layer, path: str) -> Block | None:
        """The block of a layer; None for a chain without links."""
        match layer:
            case Network() | Sequential():
                links = [(n, self.block(c, join(path, n))) for n, c in layer.children().items()]
                blocks = [block for _, block in links if block is not None]
                if isinstance(layer, Network):
                    blocks = [Chain([block], name) for name, block in links if block is not None]
                return Chain(blocks) if blocks else None
            case Fire():
                return Frame(self.box(layer, path, "fire"), self.inside(path).fire(layer, path))
            case Concat():
                frame, taker = self.box(layer, path, "fire"), self.inside(path)
                branches = taker.branches(layer.children(), path, frame.shape, (path, "dx"))
                return Frame(frame, branches)
            case Bypass(inner=inner, projection=projection):
                way, joint = join(path, "projection"), self.box(layer, path, "joint")
                around = self.inside(path).sure(projection, way) if projection else None
                return Around(self.sure(inner, join(path, "inner")), around, joint)
        return self.box(layer, path, style_of(layer))

    def inside(self, path: str) -> _Taker:
        """The same for what is inside the module of a path."""
        return replace(self, around=path)

    def sure(self, layer: Layer, path: str) -> Block:
        """The block of a layer that has to be seen even if it does nothing."""
        return self.block(layer, path) or Box(path, path.rpartition(".")[2], "layer", "", "", ())

    def fire(self, fire: Fire, path: str) -> Block:
        before, after = (join(path, name) for name in ("squeeze_relu", "expand_relu"))
        expands = {"expand1x1": fire.expand1x1, "expand3x3": fire.expand3x3}
        return Chain(
            [
                self.sure(fire.squeeze, join(path, "squeeze")),
                self.box(fire.squeeze_relu, before, "relu"),
                self.branches(expands, path, self.rows[after].output_shape, (before, "dy")),
                self.box(fire.expand_relu, after, "relu"),
            ]
        )

    def branches(
        self, layers: Mapping[str, Layer], path: str, shape: Shape, arriving: Gradient
    ) -> Branches:
        blocks = [self.sure(layer, join(path, name)) for name, layer in layers.items()]
        joint = Box(join(path, "concat"), "concat", "joint", "", "", shape)
        return Branches(blocks, joint, arriving)

    def box(self, layer: Layer, path: str, style: str) -> Box:
        row = self.rows[path or type(layer).__name__]
        name = row.path.removeprefix(f"{self.around}.")
        name = name.removeprefix("features.").removeprefix("classifier.")
        norms = () if isinstance(layer, Bypass | Fire | Concat) else self.norms(layer, path)
        text = described(layer)
        return Box(path, name, style, row.kind, text, row.output_shape, row.parameters, norms)

    def norms(self, layer: Layer, path: str) -> tuple[tuple[str, float], ...]:
        """The norm of each parameter's gradient by its last name, over all groups of a layer."""
        if self.gradients is None:
            return ()
        found: dict[str, list[float]] = {}
        for name, _ in layer.named_parameters():
            value = self.gradients.parameters[join(path, name)]
            found.setdefault(name.rpartition(".")[2], []).append(value)
        return tuple((name, math.hypot(*values)) for name, values in found.items())


def join(path: str, name: str) -> str:
    """The path of what is inside the layer of a path, which is empty for the outermost layer."""
    return f"{path}.{name}" if path else name
