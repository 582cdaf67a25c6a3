"""Line charts as SVG, to be put into a page: they take their colours from its style sheet."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

from matplotlib.ticker import MaxNLocator

# In units of the picture, which the page scales.
WIDTH, HEIGHT = 480, 260
LEFT, RIGHT, TOP, BOTTOM = 62, 468, 40, 222  # of the area with the lines
MARKED = 40  # so many points are shown one by one


@dataclass(frozen=True)
class Line:
    """A line of a chart.

    Attributes
    ----------
    name
        For the legend.
    style
        Class of the style sheet, which gives it a colour and dashes.
    values
        One for each epoch; NaN leaves a gap.
    """

    name: str
    style: str
    values: Sequence[float]


def line_chart(
    title: str, epochs: Sequence[int], lines: Sequence[Line], percent: bool = False
) -> str:
    """Draw numbers over the epochs.

    Parameters
    ----------
    title
        What the numbers are.
    epochs
        In order.
    lines
        Those without any finite number are left out.
    percent
        The numbers are fractions, to be shown as percent.

    Returns
    -------
    str
        An ``<svg>`` element, with its content in words for those who cannot see it; nothing if
        there is nothing to draw.
    """
    lines = [line for line in lines if any(map(math.isfinite, line.values))]
    finite = [value for line in lines for value in line.values if math.isfinite(value)]
    if not finite:
        return ""
    rows = _ticks(min(0.0, *finite), max(0.0, *finite))
    x = _scale(epochs[0], epochs[-1], LEFT, RIGHT)
    y = _scale(rows[0], rows[-1], BOTTOM, TOP)
    words = escape(_in_words(title, epochs, lines, percent))
    parts = [
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{words}">',
        *_legend(title, lines),
    ]
    for tick in rows:
        parts.append(f'<path class="grid" d="M{LEFT} {y(tick):.1f}H{RIGHT}"/>')
        parts.append(_text(LEFT - 6, y(tick) + 4, number(tick, percent), "end"))
    parts.extend(
        _text(x(epoch), BOTTOM + 17, f"{epoch}", "middle")
        for epoch in _whole_ticks(epochs[0], epochs[-1])
    )
    parts.append(_text((LEFT + RIGHT) / 2, BOTTOM + 34, "epoch", "middle"))
    for line in lines:
        points = [(x(epoch), y(value)) for epoch, value in zip(epochs, line.values, strict=True)]
        parts.append(f'<g class="{line.style}"><path class="line" d="{_path(points)}"/>')
        if len(points) <= MARKED:
            parts.extend(
                f'<circle cx="{across:.1f}" cy="{down:.1f}" r="2.5"/>'
                for across, down in points
                if math.isfinite(down)
            )
        parts.append("</g>")
    return "".join([*parts, "</svg>"])


def number(value: float, percent: bool = False) -> str:
    """A number in few digits; NaN is a dash.

    >>> number(0.9375, percent=True), number(0.00123456), number(1500.0), number(float("nan"))
    ('93.75%', '0.001235', '1500', '-')
    """
    if math.isnan(value):
        return "-"
    return f"{100 * value:.4g}%" if percent else f"{value:.4g}"


def _ticks(low: float, high: float) -> list[float]:
    """Round numbers from one that is not above ``low`` to one that is not below ``high``."""
    found = MaxNLocator(nbins=5, steps=[1, 2, 2.5, 5, 10]).tick_values(
        low, high if high > low else low + 1
    )
    return [float(tick) for tick in found]


def _whole_ticks(first: int, last: int) -> list[int]:
    """The first and some other whole numbers up to the last."""
    found = MaxNLocator(nbins=6, steps=[1, 2, 5, 10], integer=True).tick_values(first, last + 1)
    return sorted({first, *(int(tick) for tick in found if first < tick <= last)})


def _scale(low: float, high: float, start: float, end: float) -> Callable[[float], float]:
    """Map numbers from low to high onto places from start to end."""
    if low == high:
        return lambda value: (start + end) / 2
    return lambda value: start + (value - low) / (high - low) * (end - start)


def _path(points: Sequence[tuple[float, float]]) -> str:
    """A line through the points, interrupted where one is not known."""
    commands, drawing = [], False
    for across, down in points:
        known = math.isfinite(down)
        if known:
            commands.append(f"{'L' if drawing else 'M'}{across:.1f} {down:.1f}")
        drawing = known
    return "".join(commands)


def _text(across: float, down: float, text: str, anchor: str) -> str:
    return f'<text x="{across:.1f}" y="{down:.1f}" text-anchor="{anchor}">{escape(text)}</text>'


def _legend(title: str, lines: Sequence[Line]) -> list[str]:
    """The title on the left; on the right, if there are several lines, what each of them is."""
    parts = [f'<text class="title" x="4" y="18">{escape(title)}</text>']
    place = RIGHT - 112 * len(lines)
    for line in lines if len(lines) > 1 else ():
        parts.append(
            f'<g class="{line.style}"><path class="line" d="M{place} 14h26"/>'
            f'<circle cx="{place + 13}" cy="14" r="2.5"/></g>'
        )
        parts.append(_text(place + 32, 18, line.name, "start"))
        place += 112
    return parts


def _in_words(title: str, epochs: Sequence[int], lines: Sequence[Line], percent: bool) -> str:
    """Where each line begins and ends.

    >>> line = Line("training", "train", [0.5, 0.25])
    >>> _in_words("loss", [1, 2], [line], percent=False)
    'loss: training 0.5 after epoch 1, 0.25 after epoch 2'
    """
    ends = []
    for line in lines:
        known = [
            (epoch, value)
            for epoch, value in zip(epochs, line.values, strict=True)
            if math.isfinite(value)
        ]
        said = [f"{number(v, percent)} after epoch {epoch}" for epoch, v in (known[0], known[-1])]
        ends.append(f"{line.name} {', '.join(dict.fromkeys(said))}")
    return f"{title}: {'; '.join(ends)}"
