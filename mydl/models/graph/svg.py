"""The picture of a network as SVG: text that can be selected, for light and dark pages."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from html import escape
from itertools import pairwise

from ...layer import Layer, Shape
from ..summary import Summary, summary
from .blocks import Line, network_blocks
from .gradients import GradientNorms
from .layout import FONT, INSIDE, LINE, Edge, Layout, Placed, Point, header, placed
from .style import STYLE
from .words import in_digits, text_width

BORDER = 24  # around everything
TITLE = 18  # size of its letters
STAGE = 26  # from the picture to the lines at its left that say which stage is where
THIN, WIDE = 1.2, 9.0  # lines with the smallest and the largest gradient
PLAIN = 1.6  # lines without gradients
CORNER = 9  # radius
LEGEND = 120  # length of its lines


def network_svg(
    network: Layer,
    input_shape: Shape,
    title: str,
    gradients: GradientNorms | None = None,
    about: Sequence[str] = (),
) -> str:
    """Draw a network from top to bottom, with the shape of every output and all parameters.

    Fire modules are boxes around their squeeze and their expands, and a bypass is an arrow around
    what it goes around. With gradients the arrows point the way that these flow, and are as wide
    as their norms are large, on a logarithmic scale; boxes say the norms of the parameters'.

    Parameters
    ----------
    network
        Any layer; what is neither SqueezeNet's nor a chain is one box.
    input_shape
        Of one sample, for images (H, W, C).
    title
        What stands above.
    gradients
        The norms, of the same network.
    about
        Lines of words below it, such as what the gradients are of.

    Returns
    -------
    str
        The text of an SVG file.

    Raises
    ------
    LayerError
        Such an input does not fit the network.

    Examples
    --------
    >>> from mydl.models import squeezenet_tiny
    >>> svg = network_svg(squeezenet_tiny(), (32, 32, 3), "tiny")
    >>> svg.startswith("<svg"), "expand3x3" in svg
    (True, True)
    """
    rows = summary(network, input_shape, expand=True)
    layout = placed(network_blocks(network, rows, gradients), numbers=gradients is not None)
    return "\n".join(_Writer(layout, rows, title, gradients, about).lines()) + "\n"


class _Writer:
    """Writes what has a place."""

    def __init__(
        self,
        layout: Layout,
        rows: Summary,
        title: str,
        gradients: GradientNorms | None,
        about: Sequence[str],
    ) -> None:
        self.layout, self.rows, self.title, self.gradients = layout, rows, title, gradients
        self.head = [
            f"{rows.parameters:,} parameters, {rows.multiply_adds:,} multiply-adds",
            *about,
        ]
        norms = [self._norm(edge) for edge in layout.edges] if gradients else []
        seen = [norm for norm in norms if norm > 0 and math.isfinite(norm)]
        self.smallest, self.largest = (min(seen), max(seen)) if seen else (0.0, 0.0)

    def lines(self) -> Iterator[str]:
        layout = self.layout
        left, right, bottom = layout.extent()
        left -= STAGE if layout.stages else 0
        above = TITLE + LINE * (len(self.head) + 1) + 8
        below = 3 * LINE if self.gradients else 0
        widest = max(text_width(self.title, TITLE), *(text_width(t, FONT) for t in self.head))
        missing = max(0.0, widest - (right - left))
        x, y = left - BORDER - missing / 2, -above - BORDER
        width, height = right - left + missing + 2 * BORDER, bottom - y + below + BORDER
        yield from self._head((x, y), width, height)
        for name, (top, end) in layout.stages.items():
            yield from _stage(left, top, end, name)
        yield from (line for frame in layout.frames for line in _box(frame, framed=True))
        yield from (line for edge in layout.edges for line in self._edge(edge))
        yield from (self._dot(dot) for dot in layout.dots)
        yield from (line for box in layout.boxes for line in _box(box))
        if self.gradients:
            yield from (self._number(edge) for edge in layout.edges)
            yield from self._legend(x + BORDER, bottom + 2 * LINE)
        yield "</svg>"

    def _head(self, at: Point, width: float, height: float) -> Iterator[str]:
        """The picture's beginning: its size, what it shows in words, and the text above."""
        (x, y), box = at, f"{at[0]:.5g} {at[1]:.5g} {width:.6g} {height:.6g}"
        yield (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{box}" width="{width:.6g}" '
            f'height="{height:.6g}" role="img" aria-labelledby="title description">'
        )
        yield f'<title id="title">{escape(self.title)}</title>'
        yield f'<desc id="description">{escape(self._in_words())}</desc>'
        yield f"<style>{STYLE}</style>"
        yield _rect(at, width, height, 'class="page"')
        yield _text((x + BORDER, y + BORDER + TITLE), self.title, "title")
        for number, text in enumerate(self.head, start=1):
            yield _text((x + BORDER, y + BORDER + TITLE + LINE * number + 4), text)

    def _norm(self, edge: Edge) -> float:
        assert self.gradients is not None
        return self.gradients.flows[edge.gradient]

    def _width(self, norm: float) -> float:
        """The width of a line for a norm, on a logarithmic scale."""
        if not norm > 0 or self.largest == self.smallest:
            return THIN
        whole = math.log(self.largest / self.smallest)
        return THIN + (WIDE - THIN) * min(math.log(norm / self.smallest) / whole, 1)

    def _edge(self, edge: Edge) -> Iterator[str]:
        """A line and its arrow's head: at the end of it, or with gradients at its beginning."""
        kind = "edge around" if edge.around else "edge"
        ends = f'data-from="{escape(edge.source)}" data-to="{escape(edge.target)}"'
        if self.gradients is None:
            yield f'<g class="{kind}" {ends}>'
            yield from _arrow(edge.points, PLAIN, head=bool(edge.target))
        else:
            norm = self._norm(edge)
            flow = escape(" ".join(edge.gradient))
            yield f'<g class="{kind} back" {ends} data-gradient="{flow}" data-norm="{norm!r}">'
            yield f"<title>{flow}: {norm!r}</title>"
            yield from _arrow(edge.points[::-1], self._width(norm), head=True)
        yield "</g>"

    def _dot(self, at: Point) -> str:
        """A fork; gradients that meet there are added, and it is a plus in a circle."""
        radius = self.layout.radius
        circle = f'cx="{at[0]:.5g}" cy="{at[1]:.6g}" r="{radius:g}"'
        if self.gradients is None:
            return f'<circle class="dot" {circle}/>'
        half = radius / 2
        plus = f"M{at[0] - half:.5g} {at[1]:.6g}h{2 * half:g}m{-half:g} {-half:g}v{2 * half:g}"
        return f'<g class="sum"><circle {circle}/><path d="{plus}"/></g>'

    def _number(self, edge: Edge) -> str:
        norm = self._norm(edge)
        x, y = edge.number_at
        return _text((x + 6 + self._width(norm) / 2, y + 4), in_digits(norm), "number")

    def _legend(self, x: float, y: float) -> Iterator[str]:
        """The thinnest and the widest line with their norms."""
        yield _text((x, y + 4), "norms of gradients, flowing upwards:")
        x += text_width("norms of gradients, flowing upwards:", FONT)
        for norm in dict.fromkeys((self.smallest, self.largest)):
            yield (
                f'<g class="back"><path class="line" d="M{x:.5g} {y:.5g}h{LEGEND / 4:g}" '
                f'stroke-width="{self._width(norm):.3g}"/></g>'
            )
            yield _text((x + LEGEND / 4 + 8, y + 4), in_digits(norm), "number")
            x += LEGEND

    def _in_words(self) -> str:
        """The picture for those who cannot see it."""
        layers = [
            f"{row.path}: {row.kind}, {'x'.join(map(str, row.output_shape))}"
            + (f", {row.parameters:,} parameters" if row.parameters else "")
            for row in self.rows.rows
        ]
        return f"{'. '.join(self.head)}. From top to bottom: {'; '.join(layers)}."


def _box(each: Placed, framed: bool = False) -> Iterator[str]:
    """A box, or a frame with its text above."""
    box, right = each.box, each.x + each.width - INSIDE
    norms = "".join(f' data-d{name}="{norm!r}"' for name, norm in box.norms)
    yield (
        f'<g class="{"frame" if framed else "box"} {box.style}" data-path="{escape(box.path)}" '
        f'data-shape="{"x".join(map(str, box.shape))}" data-parameters="{box.parameters}"{norms}>'
    )
    yield f"<title>{escape(box.path)}</title>"
    radius = 10 if framed else 5
    yield _rect((each.x, each.y), each.width, each.height, f'rx="{radius}"')
    lines = [Line(*map("".join, zip(*header(box), strict=True)))] if framed else box.lines
    for number, line in enumerate(lines, start=1):
        y = each.y + LINE * number + (4 if framed else 0.5)
        words = [f'<tspan class="name">{escape(line.name)}</tspan>'] if line.name else []
        words += [escape(line.left)] if line.left else []
        if words:
            yield f'<text x="{each.x + INSIDE:.5g}" y="{y:.6g}">{" ".join(words)}</text>'
        if line.right:
            yield _text((right, y), line.right, "size")
    yield "</g>"


def _stage(x: float, top: float, bottom: float, name: str) -> Iterator[str]:
    """A line along a stage, with its name across."""
    yield f'<path class="stage" d="M{x + 8:.5g} {top:.6g}h-5V{bottom:.6g}h5"/>'
    middle = (top + bottom) / 2
    yield (
        f'<text transform="translate({x - 3:.5g} {middle:.6g}) rotate(-90)" '
        f'text-anchor="middle">{escape(name)}</text>'
    )


def _rect(at: Point, width: float, height: float, more: str) -> str:
    x, y = at
    return f'<rect {more} x="{x:.5g}" y="{y:.6g}" width="{width:.6g}" height="{height:.6g}"/>'


def _text(at: Point, text: str, kind: str = "") -> str:
    mark = f' class="{kind}"' if kind else ""
    return f'<text{mark} x="{at[0]:.5g}" y="{at[1]:.6g}">{escape(text)}</text>'


def _arrow(points: Sequence[Point], width: float, head: bool) -> Iterator[str]:
    """A line through points with rounded corners, and a head at its end."""
    (x, y), before = points[-1], points[-2]
    if head:
        long, half = 5 + width, 2.5 + 0.8 * width
        across, down = (_sign(x - before[0]), _sign(y - before[1]))
        base = x - long * across, y - long * down
        sides = [
            (base[0] - half * down, base[1] + half * across),
            (base[0] + half * down, base[1] - half * across),
        ]
        path = "L".join(f"{a:.5g} {b:.6g}" for a, b in [(x, y), *sides])
        points = [*points[:-1], base]
    yield f'<path class="line" d="{_rounded(points)}" stroke-width="{width:.3g}"/>'
    if head:
        yield f'<path class="head" d="M{path}Z"/>'


def _rounded(points: Sequence[Point]) -> str:
    """The commands that draw a line with rounded corners."""
    commands = [f"M{points[0][0]:.5g} {points[0][1]:.6g}"]
    for (before, corner), (_, after) in pairwise(pairwise(points)):
        ends = [_towards(corner, other) for other in (before, after)]
        (a, b), (c, d) = ends
        commands.append(f"L{a:.5g} {b:.6g}Q{corner[0]:.5g} {corner[1]:.6g} {c:.5g} {d:.6g}")
    return "".join([*commands, f"L{points[-1][0]:.5g} {points[-1][1]:.6g}"])


def _towards(corner: Point, other: Point) -> Point:
    """The point near a corner where its rounding begins."""
    distance = math.dist(corner, other)
    share = min(CORNER, distance / 2) / distance if distance else 0.0
    return tuple(c + share * (o - c) for c, o in zip(corner, other, strict=True))  # type: ignore[return-value]


def _sign(value: float) -> int:
    return (value > 0) - (value < 0)
