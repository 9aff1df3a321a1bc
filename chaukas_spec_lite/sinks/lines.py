"""Events as lines for people, one for each, as they happen; without terminal, stream or colour codes.

A line is made of pieces with the name of a style each. What a line needs to know of events before it, such as how deep
a span stands and when it began, is remembered within bounds.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from chaukas_spec_lite.printable import Glyphs, cells, cut, duration, glyphs_for, one_line
from chaukas_spec_lite.trace.tree import Edge, Moment

MAX_OPEN = 10_000
"""Spans that are remembered until they end. Some never do."""

_MAX_DEPTH = 12
_NARROW = 60
"""A line with less cells has no room for the time."""
_LEAST_TITLE = 12
_SHORT_ID = 8
_EDGES = {Edge.START: "start", Edge.END: "end", Edge.POINT: ""}
_DIM = "dim"


class Piece(NamedTuple):
    """Part of a line, in one style."""

    text: str
    style: str = ""
    """A kind of span, ``dim``, ``failed``, or nothing."""


@dataclass(frozen=True, slots=True)
class _Open:
    """A span that has begun."""

    depth: int
    time: datetime | None
    title: str


class Lines:
    """Makes the lines.

    Args:
        tree: Whether what happens in a span stands below it, indented; then a line with its id begins each session, and
            each return to one.
        encoding: What lines have to be written in; characters that it lacks are replaced.
    """

    def __init__(self, tree: bool, encoding: str) -> None:
        self._tree = tree
        self._encoding = encoding
        self._glyphs: Glyphs = glyphs_for(encoding)
        self._open: OrderedDict[tuple[object, str], _Open] = OrderedDict()
        self._session: str | None = None

    def of(self, moment: Moment, width: int | None) -> Iterator[list[Piece]]:
        """Make the lines of an event.

        Args:
            moment: What is to be said of it.
            width: How many cells a line may take; None for any number.
        """
        depth, began = self._place(moment)
        if self._tree and moment.session_id != self._session:
            self._session = moment.session_id
            rule = self._glyphs.bar * 2
            name = self._text(moment.session_id) or "none"
            yield [Piece(cut(f"{rule} session {name}", width or 1000, self._glyphs.ellipsis), "session")]
        time = "" if width is not None and width < _NARROW else _time_of_day(moment.time)
        lead = self._indent(moment, depth) if self._tree else f"{self._text(moment.session_id)[-_SHORT_ID:]:8} "
        what = moment.kind if self._tree else f"{moment.kind:8} {_EDGES[moment.edge]:5}"
        details = self._details(moment, began)
        room = 1000 if width is None else width - cells(time) - cells(lead) - cells(what) - 1
        if room - cells(details) < _LEAST_TITLE:
            details = ""
        title = cut(self._title(moment, began), room - cells(details), self._glyphs.ellipsis)
        style = "failed" if moment.failed else _DIM if moment.cancelled else ""
        line = [
            Piece(time, _DIM),
            Piece(lead, _DIM),
            Piece(what, moment.kind),
            Piece(f" {title}" if title else "", style),
        ]
        yield [*line, Piece(details, _DIM)]

    def _place(self, moment: Moment) -> tuple[int, _Open | None]:
        """How deep an event stands, and the span that it ends; remember a span that it begins."""
        own, above = (moment.scope, moment.span_id), (moment.scope, moment.parent_id)
        if moment.edge is Edge.END and moment.span_id:
            ended = self._open.pop(own, None)
            if ended is not None:
                return ended.depth, ended
        # A point that carries the id of a span happened inside it.
        inside = self._open.get(own) if moment.edge is Edge.POINT else None
        parent = inside or self._open.get(above)
        depth = 0 if parent is None else parent.depth + 1
        if moment.edge is Edge.START and moment.span_id:
            self._open[own] = _Open(depth, moment.time, moment.title)
            if len(self._open) > MAX_OPEN:
                self._open.popitem(last=False)
        return depth, None

    def _indent(self, moment: Moment, depth: int) -> str:
        glyphs = self._glyphs
        shown = min(depth, _MAX_DEPTH)
        deeper = f"[{depth}] " if depth > shown else ""
        branch = {Edge.START: glyphs.tee, Edge.END: glyphs.corner, Edge.POINT: f"{glyphs.point}  "}[moment.edge]
        return glyphs.pipe * shown + branch + deeper

    def _title(self, moment: Moment, began: _Open | None) -> str:
        title = self._text(moment.title or (began.title if began is not None else ""))
        if moment.kind in ("input", "output"):
            title = f'"{title}"'
        elif moment.kind == "hand-off":
            title = title.replace(" -> ", f" {self._glyphs.arrow} ")
        if moment.failed:
            title = " ".join(filter(None, [title, self._glyphs.cross, self._text(moment.error)]))
        return title

    def _details(self, moment: Moment, began: _Open | None) -> str:
        parts: list[str] = []
        if began is not None and began.time is not None and moment.time is not None:
            parts.append(duration(moment.time - began.time))
        if moment.tokens:
            parts.append(f"{moment.tokens:,} tok")
        if moment.cancelled:
            parts.append("cancelled")
        return "".join(f" {self._glyphs.separator} {part}" for part in parts)

    def _text(self, text: str) -> str:
        return one_line(text, self._encoding)


def _time_of_day(time: datetime | None) -> str:
    if time is None:
        return ""
    try:
        return f"{time.astimezone():%H:%M:%S}.{time.microsecond // 1000:03} "
    except (OverflowError, ValueError, OSError):  # the first or the last day of the calendar, or what a system lacks
        return ""
