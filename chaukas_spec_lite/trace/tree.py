"""Builds trees of spans out of moments, which is what ``kinds`` takes out of events.

Pure functions that know no message. None is recursive, because chains of parents may be of any length.

The rules, which recorded data forced upon us:

- START and END make one span if they share span id and kind. Those in one session pair first; what is then left pairs
  across sessions, because instrumentation that found no session open gives each event one of its own.
- A span's parent is looked up in the same way: in the span's own session first, then in any. A span whose parent was
  never recorded is a root, and a session may have many.
- A point that carries the id of a span happened inside it.
- Parents that go round in a circle are cut above the earliest of them.
- Siblings stand in the order of time, whatever order they arrived in; those of one time in the order they arrived in.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from enum import Enum
from math import fsum
from types import MappingProxyType
from typing import NamedTuple


class Edge(Enum):
    """Which end of a span an event marks."""

    START = "start"
    END = "end"
    POINT = "point"
    """Neither: the event stands for a moment."""


_NO_COST: Mapping[str, float] = MappingProxyType({})


# Moments and spans are tuples, as there are a hundred thousand of them at a time: frozen dataclasses take three times
# as long to make.
class Moment(NamedTuple):
    """What the tree of spans needs to know of one event."""

    event_id: str
    scope: tuple[str, str]
    """Tenant and project: ids mean nothing outside them."""
    session_id: str
    span_id: str
    parent_id: str
    kind: str
    edge: Edge
    time: datetime | None
    title: str
    """Name or text as it was recorded: it may hold anything, control characters included."""
    tokens: int
    failed: bool
    """Whether the event reports an error."""
    cancelled: bool
    """Whether it says that the work was called off."""
    error: str
    """The error message, if the event carries one, as it was recorded."""
    cost: Mapping[str, float] = _NO_COST
    """The amount by its currency; empty if the event says nothing of a cost."""

    def __hash__(self) -> int:
        return hash(self[:-1])  # a mapping has no hash

    def __reduce__(self) -> tuple[type[Moment], tuple[object, ...]]:
        return Moment, (*self[:-1], dict(self.cost))  # and one that nobody can change, no copy


class Span(NamedTuple):
    """A piece of work, from its START event to its END event, or a moment. One of a span's two ends may be missing."""

    kind: str
    title: str
    start: Moment | None
    end: Moment | None
    point: Moment | None
    """The only event, if the span is a moment; otherwise ``None``, and ``start`` or ``end`` is set."""
    children: tuple[Span, ...] = ()

    @property
    def moments(self) -> tuple[Moment, ...]:
        """Its events."""
        # Asked for again and again, and most spans have both ends.
        if self.start is not None and self.end is not None:
            return self.start, self.end
        return tuple(each for each in (self.start, self.end, self.point) if each is not None)

    @property
    def time(self) -> datetime | None:
        """The time of its first event."""
        return self.moments[0].time

    @property
    def duration(self) -> timedelta | None:
        """Time from START to END by their timestamps, negative if clocks disagree; duration fields often lie."""
        if self.start and self.end and self.start.time and self.end.time:
            return self.end.time - self.start.time
        return None

    # No generators below: one takes longer to begin than one or two moments to be looked at.

    @property
    def tokens(self) -> int:
        """Tokens of this span alone, not of those below it."""
        tokens = 0
        for each in self.moments:
            tokens += each.tokens
        return tokens

    @property
    def cost(self) -> Mapping[str, float]:
        """What this span alone cost, without those below it: an amount for each currency."""
        amounts = [each.cost for each in self.moments if each.cost]
        return _sum(amounts) if amounts else {}

    @property
    def failed(self) -> bool:
        """Whether one of its events reports an error."""
        return True in [each.failed for each in self.moments]

    @property
    def cancelled(self) -> bool:
        """Whether one of its events says that the work was called off."""
        return True in [each.cancelled for each in self.moments]

    @property
    def error(self) -> str:
        """Its error message, or nothing."""
        for each in self.moments:
            if each.error:
                return each.error
        return ""


@dataclass(frozen=True, slots=True)
class Counts:
    """Counts over spans and events."""

    events: int = 0
    spans: int = 0
    tokens: int = 0
    errors: int = 0
    """Events that report an error."""
    retries: int = 0
    handoffs: int = 0
    cost: Mapping[str, float] = field(default_factory=dict[str, float], hash=False)
    """The amount spent in each currency that occurs."""

    @classmethod
    def together(cls, counts: Iterable[Counts]) -> Counts:
        """Add counts up."""
        # In one go: if each were added to the sum of those before, a sum of many currencies would be made each time.
        counts = [*counts]
        return cls(
            sum(each.events for each in counts),
            sum(each.spans for each in counts),
            sum(each.tokens for each in counts),
            sum(each.errors for each in counts),
            sum(each.retries for each in counts),
            sum(each.handoffs for each in counts),
            _sum(each.cost for each in counts),
        )


@dataclass(frozen=True, slots=True)
class Session:
    """The root spans of one session; what is below them may carry other session ids."""

    session_id: str
    roots: tuple[Span, ...]
    start: datetime | None
    """Time of the earliest event in its trees, and below of the latest; ``None`` if no event has a time."""
    end: datetime | None
    totals: Counts


def _sum(costs: Iterable[Mapping[str, float]]) -> dict[str, float]:
    """Add up amounts, each currency by itself: what one is worth in another, nothing here knows."""
    amounts: dict[str, list[float]] = defaultdict(list)
    for cost in costs:
        for currency, amount in cost.items():
            amounts[currency].append(amount)
    # Exactly rounded, so that the sum of many small amounts does not depend on their order.
    return {currency: fsum(each) for currency, each in sorted(amounts.items())}


def build(moments: Iterable[Moment]) -> tuple[Session, ...]:
    """Build the span trees of all sessions, in the order in which the sessions begin."""
    in_order = sorted(moments, key=_time_of)
    places = {id(each): place for place, each in enumerate(in_order)}
    spans = _pair(in_order)
    # Sorted again, as ``_pair`` puts points, pairs and the rest one after the other. From here on an index stands for a
    # place in time. Not by the time itself, which may be that of many events where clocks count milliseconds.
    spans.sort(key=lambda span: places[id(span.moments[0])])
    parents = _parents(spans)
    _break_circles(parents)
    children: dict[int | None, list[int]] = defaultdict(list)
    for index, parent in enumerate(parents):
        children[parent].append(index)
    by_session: dict[Hashable, list[int]] = defaultdict(list)
    for root in children[None]:
        # A tree belongs to the session of its root, whatever session ids the spans below it carry.
        first = spans[root].moments[0]
        by_session[first.scope, first.session_id].append(root)
    return tuple(_session(spans, children, roots) for roots in by_session.values())


_LAST = datetime.max.replace(tzinfo=timezone.utc)


def _time_of(moment: Moment) -> datetime:
    """The key to sort by: what has no time comes last, and equals stay in the order they arrived in."""
    return moment.time or _LAST


def _pair(moments: list[Moment]) -> list[Span]:
    spans = [Span(each.kind, each.title, None, None, each) for each in moments if each.edge is Edge.POINT]
    # Within a session first: the same span id may stand for another span in another session.
    pairs, left = _match([each for each in moments if each.edge is not Edge.POINT], lambda m: m.session_id)
    # Only what is left: a START with its END in one session must never be torn apart by another session's.
    across, left = _match(left, lambda m: "")
    spans += [Span(start.kind, start.title or end.title, start, end, None) for start, end in pairs + across]
    for each in left:
        start, end = (each, None) if each.edge is Edge.START else (None, each)
        spans.append(Span(each.kind, each.title, start, end, None))
    return spans


def _match(moments: list[Moment], session: Callable[[Moment], str]) -> tuple[list[tuple[Moment, Moment]], list[Moment]]:
    """Match the first START of each key with its first END, the second with the second, and so on.

    The key is scope, session, span id and kind; ``session`` says what counts as the session.

    Returns:
        The pairs, and the moments that are left over.
    """
    starts: dict[Hashable, list[Moment]] = defaultdict(list)
    pairs: list[tuple[Moment, Moment]] = []
    left: list[Moment] = []

    def key(moment: Moment) -> Hashable:
        return moment.scope, session(moment), moment.span_id, moment.kind

    # All STARTs before all ENDs: with clocks that disagree, an END may carry the earlier time.
    for each in moments:
        # An empty span id is no id: two events without one have nothing to do with each other.
        if each.edge is Edge.START and each.span_id:
            starts[key(each)].append(each)
    for waiting in starts.values():
        waiting.reverse()  # The first is taken first, from the end: a deque for each would take ten times the memory.
    for each in moments:
        if each.edge is Edge.END and (found := starts.get(key(each))):
            pairs.append((found.pop(), each))
        elif each.edge is Edge.END or not each.span_id:
            left.append(each)
    left += [each for waiting in starts.values() for each in reversed(waiting)]
    return pairs, sorted(left, key=_time_of)


def _parents(spans: list[Span]) -> list[int | None]:
    """The index of each span's parent. The first span of an id owns it, one with an extent before a mere point."""
    # Two kinds of keys in one dict: with the session, which is exact, and without, for spans of other sessions.
    owners: dict[Hashable, int] = {}
    # Spans with an extent come first (False sorts before True); among equals the order of time is kept.
    for index in sorted(range(len(spans)), key=lambda index: spans[index].point is not None):
        for each in spans[index].moments:
            if each.span_id:
                owners.setdefault((each.scope, each.session_id, each.span_id), index)
                owners.setdefault((each.scope, each.span_id), index)

    def owner(moment: Moment, span_id: str) -> int | None:
        here = owners.get((moment.scope, moment.session_id, span_id))
        return here if here is not None else owners.get((moment.scope, span_id))

    def parent(index: int) -> int | None:
        span = spans[index]
        # A point with the id of a span stands inside that span, wherever its parent id points.
        if span.point and (inside := owner(span.point, span.point.span_id)) not in (None, index):
            assert inside is not None
            if spans[inside].point is None:
                return inside
        # END may name the parent when START does not, or names one that was never recorded. A span that names itself
        # has no parent.
        known = (owner(each, each.parent_id) for each in span.moments if each.parent_id)
        return next((found for found in known if found not in (None, index)), None)

    return [parent(index) for index in range(len(spans))]


def _break_circles(parents: list[int | None]) -> None:
    """Make the earliest span of every circle a root. Indexes are in the order of time, so that is the smallest one.

    A walk up the parents ends at a root, at a span that an earlier walk has passed, or at one that it has passed
    itself. Only the last of these is a circle.
    """
    seen_from: list[int | None] = [None] * len(parents)
    for start in range(len(parents)):
        index: int | None = start
        # Each span is walked over once in all, so long chains cost linear time.
        while index is not None and seen_from[index] is None:
            seen_from[index] = start
            index = parents[index]
        if index is None or seen_from[index] != start:
            continue
        circle = [index]
        while (following := parents[circle[-1]]) not in (None, index):
            assert following is not None
            circle.append(following)
        parents[min(circle)] = None


def _session(spans: list[Span], children: dict[int | None, list[int]], roots: list[int]) -> Session:
    order: list[int] = []
    # Depth first with a stack of our own; reversed, so that the first child is popped first.
    stack = list(reversed(roots))
    while stack:
        order.append(index := stack.pop())
        stack.extend(reversed(children.get(index, ())))
    built: dict[int, Span] = {}
    for index in reversed(order):  # children before their parents
        # Spans do not change, so each is built when its children are, and a child is taken out once it has its place.
        below = children.get(index)
        span = spans[index]
        built[index] = span._replace(children=tuple(map(built.pop, below))) if below else span
    moments = [each for index in order for each in spans[index].moments]
    times = [each.time for each in moments if each.time is not None]
    return Session(
        session_id=spans[roots[0]].moments[0].session_id,
        roots=tuple(built[root] for root in roots),
        start=min(times, default=None),
        end=max(times, default=None),
        totals=Counts(
            events=len(moments),
            spans=len(order),
            tokens=sum(each.tokens for each in moments),
            errors=sum(each.failed for each in moments),
            retries=sum(each.kind == "retry" for each in moments),
            handoffs=sum(each.kind == "hand-off" for each in moments),
            cost=_sum(each.cost for each in moments),
        ),
    )
