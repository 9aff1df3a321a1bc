"""Draws sessions: the tree of spans, when each of them ran, for how long, and what it cost, in tokens and in money."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from rich.cells import cell_len
from rich.text import Text

from chaukas_spec_lite.cli.terminal import count, fit, moment_of, money
from chaukas_spec_lite.printable import Glyphs, duration, glyphs_for, one_line
from chaukas_spec_lite.trace.tree import Counts, Session, Span

MIN_WIDTH, MAX_WIDTH = 40, 120
"""Cells of a line; a terminal that is narrower wraps it."""

MAX_CURRENCIES = 3
"""Currencies that are shown of a sum."""

DIM, ERROR = "bright_black", "red"
STYLES = {
    "session": "bold",
    "agent": "bold cyan",
    "model": "magenta",
    "tool": "yellow",
    "mcp": "yellow",
    "input": "green",
    "output": "green",
    "hand-off": "bold blue",
    "error": "bold red",
    "retry": "bright_red",
}


@dataclass(frozen=True, slots=True)
class Layout:
    """Cells of each column."""

    label: int
    timeline: int
    duration: int
    tokens: int
    cost: int

    @classmethod
    def of(cls, width: int, longest_cost: int = 0) -> Layout:
        """Share out a line: the narrower it is, the fewer columns stand beside the tree.

        Args:
            width: Cells of the line.
            longest_cost: Cells of the longest cost that there is to show; 0 if there is none.
        """
        width = min(max(width, MIN_WIDTH), MAX_WIDTH)
        # The tree keeps its room. What goes first as lines get narrower are the costs, then the timeline, then the
        # tokens.
        cost = min(longest_cost, 12) + 2 if longest_cost and width >= 96 else 0
        timeline = (19 if cost and width < 112 else 25) if width >= 96 else 17 if width >= 76 else 0
        tokens = 11 if width >= 56 else 0
        return cls(width - timeline - 10 - tokens - cost, timeline, 10, tokens, cost)

    @property
    def levels(self) -> int:
        """Levels of the tree that are drawn; what is deeper stands at the last of them, its depth in brackets."""
        return min(12, (self.label - 20) // 3)


def nothing_below(span: Span) -> Iterable[str]:
    """Say nothing more of a span."""
    return ()


class View:
    """Draws lines of a given width, with the characters that an encoding has.

    Args:
        width: Cells of a line.
        encoding: What lines are written in.
        below: Tells what stands on lines below that of a span.
    """

    def __init__(self, width: int, encoding: str, below: Callable[[Span], Iterable[str]] = nothing_below) -> None:
        self._below = below
        self.width = width
        self.layout = Layout.of(width)
        self.encoding = encoding
        self.glyphs = glyphs_for(encoding)

    def sessions(self, sessions: Iterable[Session]) -> Iterator[Text]:
        """Draw every session; those of a single span, which some instrumentation makes by the dozen, as one group."""
        lonely: list[Session] = []
        sessions = list(sessions)
        # One layout for all, so that columns stand below each other. No cost is longer than the sum of all.
        sums = Counts.together(each.totals for each in sessions).cost
        longest = max(map(cell_len, self._amounts(sums)), default=0) if any(sums.values()) else 0
        self.layout = Layout.of(self.width, longest)
        for session in sessions:
            if session.totals.spans == 1:
                lonely.append(session)
            else:
                yield from self._session(session)
        # One is drawn as usual; a group of one would only add a line.
        if len(lonely) == 1:
            yield from self._session(lonely[0])
        elif lonely:
            yield Text(f"{len(lonely):,} sessions of a single span", "bold")
            yield self.totals(Counts.together(each.totals for each in lonely))
            window = _window([time for each in lonely for time in (each.start, each.end) if time])
            yield from self._rows([each.roots[0] for each in lonely], window)
            yield Text()

    def totals(self, totals: Counts, length: timedelta | None = None) -> Text:
        """Write counts on one line, leaving out what did not occur."""
        counts = [(totals.retries, "retry"), (totals.handoffs, "hand-off")]
        parts = [Text(duration(length))] if length else []
        parts += [Text(count(totals.events, "event")), Text(count(totals.spans, "span"))]
        parts += [Text(count(totals.tokens, "token"))] if totals.tokens else []
        parts += [Text(amount) for amount in self._amounts(totals.cost)]
        parts += [Text(count(totals.errors, "error"), ERROR)] if totals.errors else []
        parts += [Text(count(number, noun)) for number, noun in counts if number]
        return Text(f" {self.glyphs.separator} ", DIM).join(parts)

    def _session(self, session: Session) -> Iterator[Text]:
        name = one_line(session.session_id, self.encoding) or "without an id"
        began = moment_of(session.start) if session.start else "at an unknown time"
        yield Text.assemble(("Session ", "bold"), (name, "bold"), ("  " + began, DIM))
        window = _window([time for time in (session.start, session.end) if time])
        yield self.totals(session.totals, window[1] if window else None)
        yield from self._rows(session.roots, window)
        yield Text()

    def _rows(self, roots: Sequence[Span], window: Window | None) -> Iterator[Text]:
        for span, branches in _walk(roots, self.layout.levels, self.glyphs):
            yield self._row(span, branches, window)
            for line in self._below(span):
                indent = " " * (cell_len(branches) + 2 + len(line) - len(line.lstrip(" ")))
                yield Text(indent + one_line(line, self.encoding), DIM)

    def _row(self, span: Span, branches: str, window: Window | None) -> Text:
        layout, style = self.layout, STYLES.get(span.kind, "")
        room = layout.label - len(branches) - len(span.kind) - 1
        row = Text.assemble(
            (branches, DIM), (span.kind, style), " ", (fit(self._title(span), room, self.glyphs), _title_style(span))
        )
        if layout.timeline:
            bar = _bar(span, window, layout.timeline - 1, self.glyphs) if window else " " * (layout.timeline - 1)
            row.append(" " + bar, ERROR if span.failed else style or DIM)
        if span.duration is not None:
            row.append(f"{duration(span.duration):>{layout.duration}}")
        else:
            # A moment has no duration either, and shows nothing here.
            row.append(f"{_missing_end(span):>{layout.duration}}", DIM)
        if layout.tokens:
            row.append((f"{span.tokens:,} tok" if span.tokens else "").rjust(layout.tokens))
        if layout.cost:
            text = fit(" + ".join(self._amounts(span.cost)), layout.cost - 2, self.glyphs).rstrip()
            row.append(" " * (layout.cost - cell_len(text)) + text)
        row.rstrip()
        return row

    def _amounts(self, cost: Mapping[str, float]) -> list[str]:
        amounts = [one_line(money(amount, currency), self.encoding) for currency, amount in cost.items()]
        # More kinds of money than anybody pays with are somebody's mistake, which must not fill the line.
        more = len(amounts) - MAX_CURRENCIES
        return [*amounts[:MAX_CURRENCIES], f"{more:,} other currencies"] if more > 1 else amounts

    def _title(self, span: Span) -> str:
        title = one_line(span.title, self.encoding)
        if span.kind in ("input", "output"):
            title = f'"{title}"'
        elif span.kind == "hand-off":
            title = title.replace(" -> ", f" {self.glyphs.arrow} ")
        if not span.failed:
            return title
        return " ".join(filter(None, [title, self.glyphs.cross, one_line(span.error, self.encoding)]))


Window = tuple[datetime, timedelta]
"""When what is drawn began, and how long it took."""


def _window(times: Sequence[datetime]) -> Window | None:
    return (min(times), max(times) - min(times)) if times else None


def _walk(roots: Iterable[Span], levels: int, glyphs: Glyphs) -> Iterator[tuple[Span, str]]:
    """Every span with the branches of the tree that lead to it; without recursion, for depth has no limit."""
    for root in roots:
        yield root, ""
        stack = [(iter(root.children), "", 1, len(root.children))]
        while stack:
            children, indent, depth, left = stack.pop()
            if (span := next(children, None)) is None:
                continue
            # Back on the stack before the child's own children, so that its siblings follow after them.
            stack.append((children, indent, depth, left - 1))
            branch = glyphs.tee if left > 1 else glyphs.corner
            yield span, indent + branch + (f"[{depth}] " if depth > levels else "")
            # Below the last level that is drawn the indent stays, so that titles keep some room.
            if depth < levels:
                indent += glyphs.pipe if left > 1 else "   "
            stack.append((iter(span.children), indent, depth + 1, len(span.children)))


def _bar(span: Span, window: Window, cells: int, glyphs: Glyphs) -> str:
    """When a span ran, to half a cell; a span of which only one event is known is a point."""
    if span.time is None:
        return " " * cells
    halves = 2 * cells
    start = halves * _share(span.time, window)
    if span.duration is None:
        return (" " * min(cells - 1, int(start / 2)) + glyphs.point).ljust(cells)
    # With clocks that disagree, a span may end before it starts; it is drawn all the same.
    start, end = sorted((start, halves * _share(span.time + span.duration, window)))
    first = min(int(start), halves - 1)
    # At least half a cell, however short the span was.
    last = max(first, ceil(end) - 1)
    shapes = {(True, True): glyphs.bar, (True, False): glyphs.left_half, (False, True): glyphs.right_half}
    covered = [first <= half <= last for half in range(halves)]
    return "".join(shapes.get((covered[half], covered[half + 1]), " ") for half in range(0, halves, 2))


def _share(time: datetime, window: Window) -> float:
    """How much of the window has gone by at a time, from 0 to 1; what lies outside it is brought to its edge."""
    start, length = window
    return min(1.0, max(0.0, (time - start) / length)) if length else 0.0


def _missing_end(span: Span) -> str:
    return "no end" if span.start else "no start" if span.end else ""


def _title_style(span: Span) -> str:
    return ERROR if span.failed else DIM if span.cancelled else ""
