"""The tree of a run as a small text, which tests compare and people read."""

from __future__ import annotations

from collections.abc import Iterable

from chaukas_spec_lite.spec.common.v1.events import Event
from chaukas_spec_lite.trace.kinds import moment
from chaukas_spec_lite.trace.tree import Span, build

_INDENT = "  "


def outline(events: Iterable[Event]) -> str:
    """Write the trees of spans that events make, a line for each span and moment, what is inside of it below.

    A line is the kind, the title, and what became of work that did not end well: ``failed:`` with the error,
    A line is the kind, the title, and what became of work that did not end well: ``failed:`` and the error,
    on ids or times, so two runs that did the same have the same text::

        session
          agent triage
            model gpt-4o
            tool search_orders [failed: no such order]

    Args:
        events: The events, in any order, of any number of sessions, which follow in the order of their beginning.

    Returns:
        The lines, with a line break behind each but the last.
    """
    lines: list[str] = []
    for session in build(moment(event) for event in events):
        # A stack of our own: chains of spans may be of any length.
        waiting = [(root, 0) for root in reversed(session.roots)]
        while waiting:
            span, depth = waiting.pop()
            lines.append(_INDENT * depth + _line(span))
            waiting.extend((child, depth + 1) for child in reversed(span.children))
    return "\n".join(lines)


def _line(span: Span) -> str:
    # A title is what was recorded: line breaks in it would make lines of their own.
    words = [span.kind, " ".join(span.title.split())]
    if outcome := _outcome(span):
        words.append(f"[{outcome}]")
    return " ".join(filter(None, words))


def _outcome(span: Span) -> str:
    if span.point is not None:
        return f"failed: {_flat(span.error)}" if span.failed and span.error else ""
    words: list[str] = []
    if span.failed:
        words.append(f"failed: {_flat(span.error)}" if span.error else "failed")
    if span.cancelled:
        words.append("cancelled")
    if span.end is None:
        words.append("no end")
    if span.start is None:
        words.append("no start")
    return ", ".join(words)


def _flat(text: str) -> str:
    return " ".join(text.split())
