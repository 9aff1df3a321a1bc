"""Aligns the spans of two sessions by their paths, and says how they differ. Pure, and without recursion.

A path is made of kinds and titles from the root down. Of siblings with the same kind and title, the first stands beside
the first, the second beside the second, and so on.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from chaukas_spec_lite.trace.tree import Session, Span

SLOWER = 1.2
"""From how many times the duration on a span counts as slower, ..."""
LEAST = timedelta(milliseconds=10)
"""... if that is at least so much more."""
DEARER = 1.05
"""The same for tokens and costs."""

WAYS = (
    "added",
    "gone",
    "slower",
    "faster",
    "dearer",
    "cheaper",
    "failed",
    "recovered",
    "answered differently",
)
"""How a span can differ from its counterpart."""

Step = tuple[str, str, int]
"""Kind, title, and the place among siblings that have the same."""
Path = tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class SpanChange:
    """How a span of one session differs from that of another."""

    depth: int
    before: Span | None
    """None if it was added."""
    after: Span | None
    """None if it is gone."""
    ways: tuple[str, ...]
    """Some of ``WAYS``; none for a span that is the same."""

    @property
    def span(self) -> Span:
        """One of the two."""
        found = self.after or self.before
        assert found is not None
        return found


@dataclass(slots=True)
class _Level:
    """What is still to be aligned: the children of two spans, each side of which may be missing."""

    pairs: Iterator[tuple[Span | None, Span | None]]
    depth: int


def align(
    before: Iterable[Session], after: Iterable[Session], answer: Callable[[Span], object] = lambda span: None
) -> Iterator[SpanChange]:
    """Compare two sessions, span by span, in the order of the second; what is gone stands where it was.

    Args:
        before: The trees of one, as ``build`` makes them.
        after: Those of the other.
        answer: What came out of a span; equal values are equal answers.
    """
    roots = [tuple(root for each in sessions for root in each.roots) for sessions in (before, after)]
    waiting = [_Level(_pairs(*roots), 0)]
    while waiting:
        level = waiting[-1]
        pair = next(level.pairs, None)
        if pair is None:
            waiting.pop()
            continue
        old, new = pair
        yield SpanChange(level.depth, old, new, tuple(_ways(old, new, answer)))
        # Of a span that was added, or is gone, so are all below it, and one line says that.
        if old is not None and new is not None:
            waiting.append(_Level(_pairs(old.children, new.children), level.depth + 1))


def _pairs(before: Iterable[Span], after: Iterable[Span]) -> Iterator[tuple[Span | None, Span | None]]:
    """Put siblings beside each other by their steps."""
    old, new = _steps(before), _steps(after)
    gone: list[Span] = []
    places = {step: place for place, step in enumerate(old)}
    left = list(old)
    next_old = 0
    for step, span in new.items():
        if step in old:
            # What stood before its counterpart and has none itself is gone, and is told first.
            while next_old < places[step]:
                if left[next_old] not in new:
                    gone.append(old[left[next_old]])
                next_old += 1
            next_old = max(next_old, places[step] + 1)
            for each in gone:
                yield each, None
            gone.clear()
        yield old.get(step), span
    for step in left[next_old:]:
        if step not in new:
            yield old[step], None


def _steps(spans: Iterable[Span]) -> dict[Step, Span]:
    seen: Counter[tuple[str, str]] = Counter()
    steps: dict[Step, Span] = {}
    for span in spans:
        # What was said differs from run to run, so texts are no part of a path.
        title = "" if span.kind in ("input", "output", "error", "system") else span.title
        number = seen[span.kind, title]
        seen[span.kind, title] += 1
        steps[span.kind, title, number] = span
    return steps


def _ways(old: Span | None, new: Span | None, answer: Callable[[Span], object]) -> Iterator[str]:
    if old is None or new is None:
        yield "added" if old is None else "gone"
        return
    if old.failed != new.failed:
        yield "failed" if new.failed else "recovered"
    yield from _by_time(old.duration, new.duration)
    yield from _by_cost(old, new)
    # An error in place of an answer has been told.
    if old.failed == new.failed and answer(old) != answer(new):
        yield "answered differently"


def _by_time(old: timedelta | None, new: timedelta | None) -> Iterator[str]:
    if old is None or new is None:
        return
    if new > old * SLOWER and new - old >= LEAST:
        yield "slower"
    elif old > new * SLOWER and old - new >= LEAST:
        yield "faster"


def _by_cost(old: Span, new: Span) -> Iterator[str]:
    amounts: list[tuple[float, float]] = [
        (old.cost.get(each, 0.0), new.cost.get(each, 0.0)) for each in {**old.cost, **new.cost}
    ]
    # Tokens tell where nobody has prices.
    if not any(map(any, amounts)):
        amounts = [(float(old.tokens), float(new.tokens))]
    if any(b > a * DEARER for a, b in amounts):
        yield "dearer"
    elif any(a > b * DEARER for a, b in amounts):
        yield "cheaper"


@dataclass(slots=True)
class Differences:
    """How often spans differ in each way."""

    spans: int = 0
    """Spans that both have."""
    ways: Counter[str] = field(default_factory=Counter[str])

    def add(self, change: SpanChange) -> None:
        """Count one."""
        self.spans += change.before is not None and change.after is not None
        self.ways.update(change.ways)

    @property
    def counts(self) -> Mapping[str, int]:
        """Each way, and how many spans differ in it."""
        return self.ways
