"""Charts as SVG: bars of ratios, and curves on logarithmic axes. Plain text, so that a change shows in a diff."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

from benchmarks.measure import Row
from benchmarks.scaling import Curve

OURS, THEIRS, INK, GRID, MISSED = "#2563eb", "#d97706", "#6b7280", "#d1d5db", "#dc2626"
_FONT = "font-family='system-ui, sans-serif'"


def svg(width: float, height: float, parts: Sequence[str], title: str) -> str:
    """A picture; greys and colours that show on light and dark pages."""
    head = f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {width:g} {height:g}' width='{width:g}' role='img'>"
    return "\n".join([head, f"<title>{escape(title)}</title>", *parts, "</svg>", ""])


def text(x: float, y: float, words: str, *, anchor: str = "start", size: int = 12, colour: str = INK) -> str:
    """Words at a place."""
    place = f"x='{x:.1f}' y='{y:.1f}' text-anchor='{anchor}'"
    return f"<text {place} {_FONT} font-size='{size}' fill='{colour}'>{escape(words)}</text>"


def line(x1: float, y1: float, x2: float, y2: float, colour: str = GRID) -> str:
    """A thin line."""
    return f"<line x1='{x1:.1f}' y1='{y1:.1f}' x2='{x2:.1f}' y2='{y2:.1f}' stroke='{colour}'/>"


def ratios(rows: Sequence[Row], title: str) -> str:
    """Bars of ours against theirs, whose time is the line at 1; a mark shows the bar to meet."""
    left, width, step = 430.0, 330.0, 22.0
    shown = [row for row in rows if row.ratio is not None and not row.faster]
    most = max(2.0, *(min(row.ratio or 0, 4.0) for row in shown))
    scale = width / most
    parts = [text(0, 16, title, size=14)]
    top = 30.0
    bottom = top + step * len(shown)
    parts += [
        line(left + scale, top, left + scale, bottom, INK),
        text(left + scale, bottom + 14, "official = 1", anchor="middle"),
        text(left + width + 45, bottom + 14, "| what it has to stay below", anchor="end", size=11),
    ]
    for position, row in enumerate(shown):
        assert row.ratio is not None
        y = top + step * position
        colour = MISSED if row.met is False else OURS if row.met else GRID
        length = min(row.ratio, most) * scale
        parts.append(text(left - 8, y + 15, row.name.replace("`", ""), anchor="end", size=11))
        parts.append(
            f"<rect x='{left}' y='{y + 4:.1f}' width='{length:.1f}' height='{step - 8}' rx='2' fill='{colour}'/>"
        )
        parts.append(text(left + width + 45, y + 15, f"{row.ratio:.2f}", anchor="end", size=11))
        if row.bar is not None:
            x = left + row.bar * scale
            parts.append(line(x, y + 2, x, y + step - 2, INK))
    return svg(left + width + 50, bottom + 22, parts, title)


def curve(data: Curve) -> str:
    """Times against size: ours and the official ones, encoding and decoding."""
    series = [
        ("ours, encode", OURS, "", data.encode),
        ("ours, decode", OURS, "6 4", data.decode),
        ("official, encode", THEIRS, "", data.official_encode),
        ("official, decode", THEIRS, "6 4", data.official_decode),
    ]
    axes = _Axes(data.sizes, [value for *_, values in series for value in values])
    parts = [text(0, 16, f"Time against {data.name}", size=14), *axes.drawn(data.axis)]
    for _, colour, dashes, values in series:
        points = " ".join(
            f"{axes.x(size):.1f},{axes.y(value):.1f}" for size, value in zip(data.sizes, values, strict=True)
        )
        parts.append(
            f"<polyline points='{points}' fill='none' stroke='{colour}' stroke-width='2' stroke-dasharray='{dashes}'/>"
        )
    for position, (name, colour, dashes, _) in enumerate(series):
        y = 40 + 18 * position
        parts.append(
            f"<line x1='70' y1='{y}' x2='100' y2='{y}' stroke='{colour}' stroke-width='2' stroke-dasharray='{dashes}'/>"
        )
        parts.append(text(106, y + 4, name, size=11))
    return svg(_Axes.RIGHT + 30, _Axes.BOTTOM + 40, parts, f"Time against {data.name}")


class _Axes:
    """Logarithmic axes around some values."""

    LEFT, TOP, RIGHT, BOTTOM = 60.0, 26.0, 400.0, 280.0

    def __init__(self, sizes: Sequence[float], times: Sequence[float]) -> None:
        self.low_x, self.high_x = math.log10(sizes[0]), math.log10(sizes[-1])
        self.low_y, self.high_y = math.floor(math.log10(min(times))), math.ceil(math.log10(max(times)))

    def x(self, size: float) -> float:
        share = (math.log10(size) - self.low_x) / (self.high_x - self.low_x)
        return self.LEFT + share * (self.RIGHT - self.LEFT)

    def y(self, microseconds: float) -> float:
        share = (math.log10(microseconds) - self.low_y) / (self.high_y - self.low_y)
        return self.BOTTOM - share * (self.BOTTOM - self.TOP)

    def drawn(self, unit: str) -> list[str]:
        parts = []
        for power in range(self.low_y, self.high_y + 1):
            y = self.y(10.0**power)
            parts += [
                line(self.LEFT, y, self.RIGHT, y),
                text(self.LEFT - 6, y + 4, _time(power), anchor="end", size=11),
            ]
        for power in range(math.ceil(self.low_x), math.floor(self.high_x) + 1):
            x = self.x(10.0**power)
            parts += [
                line(x, self.TOP, x, self.BOTTOM),
                text(x, self.BOTTOM + 16, f"{10**power:,}", anchor="middle", size=11),
            ]
        return [*parts, text(self.RIGHT, self.BOTTOM + 32, unit, anchor="end", size=11)]


def _time(power: int) -> str:
    unit, shift = ("s", 6) if power >= 6 else ("ms", 3) if power >= 3 else ("µs", 0)
    return f"{10.0 ** (power - shift):g} {unit}"
