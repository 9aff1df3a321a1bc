"""What is odd in recorded events: ids that are missing, spans that lack an end, clocks that jump. Pure.

Events are looked at one by one, in any order. Of each span and each event a few bytes are kept.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from chaukas_spec_lite.spec.common.v1.events import Event, EventType
from chaukas_spec_lite.trace.kinds import KINDS, moment
from chaukas_spec_lite.trace.tree import Edge, Moment

FUTURE = timedelta(days=1)
"""How far ahead of now a timestamp may be."""
OLDEST = datetime(2000, 1, 1, tzinfo=timezone.utc)
"""What is older happened before there were such agents."""

KIND_TEXTS = {
    "no event id": "without an id, an event cannot be stored",
    "no session id": "without a session, an event stands in no tree",
    "no span id": "START and END are put together by their span",
    "no timestamp": "without a time, an event lies in no range of a query",
    "no type": "nobody can tell what happened",
    "unknown type": "the schema has no such type",
    "same id twice": "the very same event, again",
    "id of another event": "two different events have one id; a collector keeps them apart as a conflict",
    "START without END": "the work never ended, or its end was not recorded",
    "END without START": "the beginning was not recorded",
    "parent not recorded": "the tree has a gap above",
    "own parent": "a span names itself as its parent",
    "END before START": "the clock was set back, or clocks disagree",
    "begins before its parent": "clocks disagree",
    "time in the future": "the clock is ahead",
    "time long ago": "the clock was not set",
}
"""Each kind, and why it is odd."""


@dataclass(frozen=True, slots=True)
class Oddity:
    """Something odd."""

    kind: str
    """One of ``KIND_TEXTS``."""
    event_id: str
    session_id: str
    details: str = ""


@dataclass(slots=True)
class _Seen:
    """What is known of a span."""

    event_id: str
    kind: str
    session_id: str
    parents: tuple[str, ...] = ()
    start: float | None = None
    end: float | None = None
    starts: int = 0
    ends: int = 0


_Key = tuple[tuple[str, str], str, str]
"""Scope, span id, and kind."""


class Oddities:
    """Looks at events.

    Args:
        now: What time it is, for timestamps that are ahead of it.
    """

    def __init__(self, now: datetime) -> None:
        self.events = 0
        self.counts: Counter[str] = Counter()
        """How often each kind was found."""
        self._latest = now + FUTURE
        # By their hashes, which takes a fifth of the memory. Two that are alike by chance would be told as one.
        self._ids: dict[int, int] = {}
        self._known = 0
        self._spans: dict[_Key, _Seen] = {}
        self._starts: dict[tuple[tuple[str, str], str], float | None] = {}

    def add(self, event: Event, data: bytes) -> Iterator[Oddity]:
        """Look at an event, whose bytes these are, and yield what is odd about it by itself."""
        self.events += 1
        for kind, details in self._of_event(event, data):
            yield self._odd(kind, event.event_id, event.session_id, details)
        self._note(moment(event))

    def rest(self) -> Iterator[Oddity]:
        """Yield what is odd about events together, once all have been looked at."""
        for (scope, span_id, kind), seen in self._spans.items():
            for odd, details in self._of_span(scope, span_id, kind, seen):
                yield self._odd(odd, seen.event_id, seen.session_id, details)

    def _odd(self, kind: str, event_id: str, session_id: str, details: str) -> Oddity:
        self.counts[kind] += 1
        return Oddity(kind, event_id, session_id, details)

    def _of_event(self, event: Event, data: bytes) -> Iterator[tuple[str, str]]:
        if not event.event_id:
            yield "no event id", ""
        else:
            key, content = hash((event.tenant_id, event.project_id, event.event_id)), hash(data)
            if self._ids.setdefault(key, content) != content:
                yield "id of another event", ""
            elif len(self._ids) == self._known:
                yield "same id twice", ""
            self._known = len(self._ids)
        if not event.session_id:
            yield "no session id", ""
        if event.type == EventType.UNSPECIFIED:
            yield "no type", ""
        elif event.type not in KINDS:
            yield "unknown type", str(int(event.type))
        elif KINDS[event.type][1] is not Edge.POINT and not event.span_id:
            yield "no span id", ""
        _, edge = KINDS.get(event.type, ("", Edge.POINT))
        if event.span_id and event.span_id == event.parent_span_id and edge is not Edge.POINT:
            yield "own parent", event.span_id
        if event.timestamp is None:
            yield "no timestamp", ""
        elif event.timestamp > self._latest:
            yield "time in the future", event.timestamp.isoformat()
        elif event.timestamp < OLDEST:
            yield "time long ago", event.timestamp.isoformat()

    def _note(self, seen: Moment) -> None:
        if not seen.span_id:
            return
        time = None if seen.time is None else seen.time.timestamp()
        key = seen.scope, seen.span_id, seen.kind if seen.edge is not Edge.POINT else ""
        span = self._spans.get(key)
        if span is None:
            span = self._spans[key] = _Seen(seen.event_id, seen.kind, seen.session_id)
        if seen.parent_id and seen.parent_id not in span.parents and len(span.parents) < 2:
            span.parents += (seen.parent_id,)
        if seen.edge is Edge.START:
            span.starts += 1
            span.start = time if span.start is None else span.start
            self._starts.setdefault((seen.scope, seen.span_id), time)
        elif seen.edge is Edge.END:
            span.ends += 1
            span.end = time if span.end is None else span.end
            self._starts.setdefault((seen.scope, seen.span_id), None)
        else:
            self._starts.setdefault((seen.scope, seen.span_id), None)

    def _of_span(self, scope: tuple[str, str], span_id: str, kind: str, seen: _Seen) -> Iterator[tuple[str, str]]:
        if kind:
            name = f"{kind} {span_id}"
            if seen.starts > seen.ends:
                yield "START without END", name
            elif seen.ends > seen.starts:
                yield "END without START", name
            if seen.start is not None and seen.end is not None and seen.end < seen.start:
                yield "END before START", f"{name}, by {seen.start - seen.end:.3f} s"
        others = [each for each in seen.parents if each != span_id]
        known = [each for each in others if (scope, each) in self._starts]
        if others and not known:
            yield "parent not recorded", others[0]
        began = seen.start
        parent = self._starts.get((scope, known[0])) if known else None
        if began is not None and parent is not None and began < parent:
            yield "begins before its parent", f"{span_id}, by {parent - began:.3f} s"
