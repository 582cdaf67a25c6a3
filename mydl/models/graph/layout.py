"""Where everything in the picture of a network is: blocks become rectangles and lines.

Every block has an axis, on which its input arrives from above and its output leaves below. Going
down a chain, only heights add up; the branches of a fire module lie on both sides of the axis, and
the way around a bypass on its right.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from .blocks import Around, Block, Box, Branches, Chain, Frame, Line, boxes
from .gradients import Gradient
from .words import text_width, times

# In pixels, where the picture is shown in its own size.
FONT = 12
LINE = 17  # from one line of text to the next
INSIDE = 9  # between a box and its text
BETWEEN = 14  # between what is on the left of a line of text and on the right
ASIDE = 26  # between branches
AROUND = 34  # between a block and the way around it
MARGIN = 12  # in a frame
HEADER = 30  # of a frame
RADIUS, RADIUS_WITH_NUMBERS = 4, 8  # of a fork
GAP, GAP_WITH_NUMBERS = 20, 32  # from one box to the next

Point = tuple[float, float]


class Size(NamedTuple):
    """How far a block reaches from its axis, and how high it is."""

    left: float
    right: float
    height: float


@dataclass(frozen=True)
class Placed:
    """A box, or a frame with a box's text, and its place."""

    box: Box
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Edge:
    """A connection, drawn as a line with corners.

    Attributes
    ----------
    points
        In the direction of the forward pass.
    source, target
        Paths of the boxes at its ends; where it forks, the target is empty.
    gradient
        What flows back on it.
    number_at
        Where that is written.
    around
        Whether it belongs to the way around a bypass.
    """

    points: tuple[Point, ...]
    source: str
    target: str
    gradient: Gradient
    number_at: Point
    around: bool = False


@dataclass
class Layout:
    """The places of a network's blocks.

    Attributes
    ----------
    width
        Of every box, but for one that joins wider branches.
    numbers
        Whether there are norms to be written beside the edges.
    boxes, frames, edges
        In the order of the forward pass.
    dots
        The middles of forks.
    stages
        By name, from which height to which they reach.
    """

    width: float
    numbers: bool = False
    boxes: list[Placed] = field(default_factory=list)
    frames: list[Placed] = field(default_factory=list)
    edges: list[Edge] = field(default_factory=list)
    dots: list[Point] = field(default_factory=list)
    stages: dict[str, tuple[float, float]] = field(default_factory=dict)

    @property
    def gap(self) -> float:
        """Pixels between two boxes, with room for numbers if there are any."""
        return GAP_WITH_NUMBERS if self.numbers else GAP

    @property
    def room(self) -> float:
        """The width of a number beside an edge."""
        return 8 + text_width("1.23e-05", FONT) if self.numbers else 0

    @property
    def radius(self) -> float:
        """Of a fork, which with numbers is where gradients are added up."""
        return RADIUS_WITH_NUMBERS if self.numbers else RADIUS

    # ---- sizes --------------------------------------------------------------------------------

    def size(self, block: Block) -> Size:
        """How much room a block takes."""
        match block:
            case Box():
                return Size(self.width / 2, self.width / 2, height(block))
            case Chain(blocks=blocks):
                sizes = [self.size(each) for each in blocks]
                inside = sum(size.height for size in sizes) + self.gap * (len(sizes) - 1)
                return Size(max(s.left for s in sizes), max(s.right for s in sizes), inside)
            case Frame(box=box, inner=inner):
                left, right, inside = self.size(inner)
                missing = max(0.0, header_width(box) - left - right) / 2  # for the text above
                return Size(
                    left + missing + MARGIN, right + missing + MARGIN, HEADER + inside + MARGIN
                )
            case Branches(blocks=blocks, joint=joint):
                half = max(self._span(blocks), self.width) / 2
                most = max(self.size(each).height for each in blocks)
                return Size(half, half, self._forked(most, joint))
            case Around(inner=inner, joint=joint):
                left, _, inside = self.size(inner)
                most = inside
                right = self._lane(block) + self.room
                if block.projection is not None:
                    projection = self.size(block.projection)
                    right = max(right, self._lane(block) + projection.right)
                    most = max(inside, projection.height)
                return Size(max(left, self.width / 2), right, self._forked(most, joint))

    def _forked(self, tallest: float, joint: Box) -> float:
        """The height of a fork, of what is below it, and of the box that joins that."""
        return 2 * self.radius + self.gap + tallest + self.gap + height(joint)

    def _span(self, blocks: Sequence[Block]) -> float:
        """The width of blocks side by side."""
        sizes = [self.size(each) for each in blocks]
        return sum(size.left + size.right for size in sizes) + ASIDE * (len(sizes) - 1)

    def _lane(self, block: Around) -> float:
        """How far from the axis the way around is."""
        right = max(self.size(block.inner).right, self.width / 2)
        left = 0.0 if block.projection is None else self.size(block.projection).left
        return right + AROUND + left

    # ---- places -------------------------------------------------------------------------------

    def place(self, block: Block, x: float, y: float, source: str = "") -> None:
        """Put a block under the point (x, y) of its axis.

        Parameters
        ----------
        block
            What to put there.
        x, y
            The middle of its upper edge, in pixels.
        source
            The path of the box that its input comes from.
        """
        match block:
            case Box():
                self._place_box(block, x, y, self.width)
            case Chain():
                self._place_chain(block, x, y, source)
            case Frame(box=box, inner=inner):
                left, right, tall = self.size(block)
                self.frames.append(Placed(box, x - left, y, left + right, tall))
                self.place(inner, x, y + HEADER, source)
            case Branches():
                self._place_branches(block, x, y, source)
            case Around():
                self._place_around(block, x, y, source)

    def _place_box(self, box: Box, x: float, y: float, width: float) -> None:
        self.boxes.append(Placed(box, x - width / 2, y, width, height(box)))

    def _place_chain(self, chain: Chain, x: float, y: float, source: str) -> None:
        top = y
        before: Block | None = None
        for block in chain.blocks:
            if before is not None:
                source = before.output.path
                start, end = (x, y - _below(before)), (x, y + self.gap + self._above(block))
                number = x, y + self.gap / 2
                self._connect((start, end), source, block, block.arriving, number)
                y += self.gap
            self.place(block, x, y, source)
            y += self.size(block).height
            before = block
        if chain.name:
            self.stages[chain.name] = top, y

    def _place_branches(self, block: Branches, x: float, y: float, source: str) -> None:
        middle, top = self._fork(x, y)
        span = self._span(block.blocks)
        bottom = y + self.size(block).height - height(block.joint)
        left = x - span / 2
        for each in block.blocks:
            size = self.size(each)
            axis = left + size.left
            end = axis, top + self._above(each)
            side = (axis > x) - (axis < x)
            corners = [(x + side * self.radius, middle), (axis, middle), end]
            if not side:
                corners = [(x, middle + self.radius), end]
            self._connect(corners, source, each, each.arriving, (axis, top - self.gap / 2))
            self.place(each, axis, top, source)
            ends = (axis, top + size.height - _below(each)), (axis, bottom)
            number = axis, bottom - self.gap / 2
            self._connect(ends, each.output.path, block.joint, each.leaving, number)
            left += size.left + size.right + ASIDE
        self._place_box(block.joint, x, bottom, max(span, self.width))

    def _place_around(self, block: Around, x: float, y: float, source: str) -> None:
        middle, top = self._fork(x, y)
        joint, inner, way = block.joint, block.inner, block.projection
        bottom = y + self.size(block).height - height(joint)
        down = (x, middle + self.radius), (x, top + self._above(inner))
        self._connect(down, source, inner, inner.arriving, (x, top - self.gap / 2))
        self.place(inner, x, top, source)
        below = top + self.size(inner).height - _below(inner)
        number = x, bottom - self.gap / 2
        self._connect(((x, below), (x, bottom)), inner.output.path, joint, inner.leaving, number)
        lane = x + self._lane(block)
        start = (x + self.radius, middle), (lane, middle)
        entry = x + self.width / 2, bottom + height(joint) / 2
        end = (lane, entry[1]), entry
        half = (middle + entry[1]) / 2
        if way is None:
            self._connect((*start, *end), source, joint, joint.leaving, (lane, half), around=True)
        else:
            tall = self.size(way).height
            above, under = half - tall / 2, half + tall / 2
            arrives = *start, (lane, above + self._above(way))
            number = lane, (middle + above) / 2
            self._connect(arrives, source, way, way.arriving, number, around=True)
            self.place(way, lane, above, source)
            leaves = (lane, under - _below(way)), *end
            number = lane, (under + entry[1]) / 2
            self._connect(leaves, way.output.path, joint, way.leaving, number, around=True)
        self._place_box(joint, x, bottom, self.width)

    def _fork(self, x: float, y: float) -> tuple[float, float]:
        """Put a fork under a point; the height of its middle, and of the top of what is below."""
        self.dots.append((x, y + self.radius))
        return y + self.radius, y + 2 * self.radius + self.gap

    def _connect(
        self,
        points: Sequence[Point],
        source: str,
        target: Block,
        gradient: Gradient,
        number_at: Point,
        around: bool = False,
    ) -> None:
        self.edges.append(Edge(tuple(points), source, _input(target), gradient, number_at, around))

    def _above(self, block: Block) -> float:
        """How far below the top of a block a line that arrives there ends."""
        match block:
            case Chain(blocks=blocks):
                return self._above(blocks[0])
            case Frame(inner=inner):
                return HEADER + self._above(inner)
            case _:
                return 0

    # ---- the whole ----------------------------------------------------------------------------

    def extent(self) -> tuple[float, float, float]:
        """How far left, right and down everything reaches; up it is 0."""
        xs, ys = zip(*self._corners(), strict=True)
        return min(xs), max(xs), max(ys)

    def _corners(self) -> Iterator[Point]:
        for each in (*self.boxes, *self.frames):
            yield each.x, each.y
            yield each.x + each.width, each.y + each.height
        for edge in self.edges:
            yield from edge.points
            yield edge.number_at[0] + self.room, edge.number_at[1]


def width(box: Box) -> float:
    """The width of a box in which its text fits."""
    return max(_line_width(line) for line in box.lines)


def header_width(frame: Box) -> float:
    """The width that a frame needs for its text, with room for a line in the middle."""
    return 2 * max(_line_width(line) for line in header(frame)) + BETWEEN


def header(frame: Box) -> tuple[Line, Line]:
    """What is written above the content of a frame: on the left, and on the right."""
    size = " · ".join([times(frame.shape), *([frame.count] if frame.count else [])])
    return Line(frame.name, frame.kind, ""), Line("", "", size)


def _line_width(line: Line) -> float:
    words = [word for word in line if word]
    inside = sum(text_width(word, FONT) for word in words) + BETWEEN * (len(words) - 1)
    return inside + 2 * INSIDE


def height(box: Box) -> float:
    """The height of a box."""
    return LINE * len(box.lines) + INSIDE


def _below(block: Block) -> float:
    """How far above the bottom of a block the line that leaves it begins."""
    match block:
        case Chain(blocks=blocks):
            return _below(blocks[-1])
        case Frame(inner=inner):
            return MARGIN + _below(inner)
        case _:
            return 0


def _input(block: Block) -> str:
    """The path of the box where a line that arrives at a block ends; empty for a fork."""
    match block:
        case Box(path=path):
            return path
        case Chain(blocks=blocks):
            return _input(blocks[0])
        case Frame(inner=inner):
            return _input(inner)
        case _:
            return ""


def placed(chain: Chain, numbers: bool) -> Layout:
    """The places of a network's blocks, the axis at x = 0 and the top at y = 0."""
    layout = Layout(max(width(box) for box in boxes(chain)), numbers)
    layout.place(chain, 0, 0)
    return layout
