"""What models and agents took over time: calls, tokens, cost, errors and durations, stretch by stretch. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from enum import Enum
from math import ceil

from chaukas_spec_lite.trace.rows import NO_DETAIL, Details, key_of, rows
from chaukas_spec_lite.trace.tree import Edge, Moment, Session

MAX_GROUPS = 12
"""Models or agents that are told apart; those with the fewest events are taken together."""
OTHERS = "(others)"
"""What stands for those."""
_MAX_CURRENCIES = 5

WIDTHS = (1, 5, 10, 30, 60, 300, 600, 1800, 3600, 10_800, 21_600, 43_200, 86_400, 604_800, 2_592_000)
"""How many seconds a stretch may have; beyond, it has whole multiples of the last one."""
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_SECOND = timedelta(seconds=1)


class By(Enum):
    """What is told apart."""

    NOTHING = ""
    MODEL = "model"
    AGENT = "agent"


@dataclass(slots=True)
class Stretch:
    """What happened in a stretch of time."""

    events: int = 0
    errors: int = 0
    """Events that report an error."""
    calls: int = 0
    """Calls of models, by their END."""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    tokens: int = 0
    cost: dict[str, float] = field(default_factory=dict[str, float])
    """The amount by its currency."""
    durations: list[float] = field(default_factory=list[float])
    """In milliseconds, of what began in it."""


@dataclass(frozen=True, slots=True)
class Series:
    """Stretches of time, and what happened in them."""

    start: int
    """Where the first stretch begins, in seconds since 1970."""
    width: int
    """How many seconds each has."""
    count: int
    """How many there are."""
    groups: dict[str, dict[int, Stretch]]
    """By the name of a model or agent, empty where nothing is told apart; by the number of the stretch."""

    @property
    def times(self) -> list[int]:
        """Where each stretch begins, in seconds since 1970."""
        return [self.start + number * self.width for number in range(self.count)]


def series(
    sessions: Sequence[Session],
    details: Details,
    by: By,
    most: int,
    start: int | None = None,
    end: int | None = None,
) -> Series | None:
    """Put what happened in sessions into stretches of time.

    Durations are those of calls of models, or of agents where they are told apart by agent.

    Args:
        sessions: Their trees, as ``build`` makes them.
        details: What is known of their events.
        by: What is told apart.
        most: How many stretches at most.
        start: From when on, in seconds since 1970; None: from the first event.
        end: Until when, exclusive; None: to the last event.

    Returns:
        The series; None if there is no event with a time, and no range either.
    """
    seen: list[tuple[Moment, str, float | None]] = list(_named(sessions, details, by))
    times = [_seconds(moment.time) for moment, _, _ in seen if moment.time is not None]
    first = start if start is not None else min(times, default=None)
    # Exclusive, as the end of a range is.
    last = end if end is not None else max(times) + 1 if times else None
    if first is None or last is None:
        return None
    last = max(first + 1, last)
    width = _width(last - first, most)
    begin = first // width * width
    count = ceil((last - begin) / width)
    names = _names(name for _, name, _ in seen)
    found: dict[str, dict[int, Stretch]] = {name: {} for name in dict.fromkeys(names.values())}
    for moment, name, milliseconds in seen:
        if moment.time is not None and 0 <= (number := (_seconds(moment.time) - begin) // width) < count:
            stretch = found[names[name]].setdefault(number, Stretch())
            _add(stretch, moment, details, milliseconds)
    return Series(begin, width, count, found)


def _named(sessions: Iterable[Session], details: Details, by: By) -> Iterator[tuple[Moment, str, float | None]]:
    """Each event with the name that it counts for, and, if it begins what is timed, how long that took."""
    timed = "agent" if by is By.AGENT else "model"
    for row in rows(sessions, details):
        span = row.span
        name = row.model if by is By.MODEL else row.agent if by is By.AGENT else ""
        if by is not By.NOTHING and not name:
            continue
        took = span.duration.total_seconds() * 1e3 if span.kind == timed and span.duration is not None else None
        for moment in span.moments:
            yield moment, name, took if moment is span.start else None


def _add(stretch: Stretch, moment: Moment, details: Details, milliseconds: float | None) -> None:
    stretch.events += 1
    stretch.errors += moment.failed
    if moment.kind == "model" and moment.edge is Edge.END:
        known = details.get(key_of(moment), NO_DETAIL)
        stretch.calls += 1
        stretch.tokens += moment.tokens
        stretch.prompt_tokens += known.prompt_tokens
        stretch.completion_tokens += known.completion_tokens
    for currency, amount in moment.cost.items():
        if currency in stretch.cost or len(stretch.cost) < _MAX_CURRENCIES:
            stretch.cost[currency] = stretch.cost.get(currency, 0.0) + amount
    if milliseconds is not None and milliseconds >= 0:
        stretch.durations.append(milliseconds)


def _names(named: Iterable[str]) -> dict[str, str]:
    """What each name is told as: those with the most events by themselves."""
    common = Counter(named)
    kept = [name for name, _ in common.most_common(MAX_GROUPS)]
    if len(common) == MAX_GROUPS + 1:  # nothing is gained by another name for one
        kept = [*common]
    names: defaultdict[str, str] = defaultdict(lambda: OTHERS, {name: name for name in kept})
    return {name: names[name] for name in [*kept, *common]}


def _seconds(time: datetime) -> int:
    # Not as a datetime: the borders of stretches may lie outside the years that one can have.
    return (time - _EPOCH) // _SECOND


def _width(length: int, most: int) -> int:
    """The shortest stretch of which so many are enough; one more may be begun at the start."""
    wanted = length / max(1, most - 1)
    for width in WIDTHS:
        if width >= wanted:
            return width
    return ceil(wanted / WIDTHS[-1]) * WIDTHS[-1]


def percentile(durations: Sequence[float], share: float) -> float | None:
    """The duration that such a share of all do not exceed: the nearest rank; None without any."""
    if not durations:
        return None
    return sorted(durations)[max(0, ceil(share * len(durations)) - 1)]
