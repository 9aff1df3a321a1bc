"""Events by type, sessions and errors: where a collector or a store counts them itself, at once, however many."""

from __future__ import annotations

from collections import Counter
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from chaukas_spec_lite.cli.http_source import HttpSource, understood
from chaukas_spec_lite.cli.store_source import StoreSource
from chaukas_spec_lite.spec.common.v1.events import EventStatus, EventType
from chaukas_spec_lite.trace.figures import Figures, type_name

if TYPE_CHECKING:
    from chaukas_spec_lite.cli.sources import Source
    from chaukas_spec_lite.cli.wanted import Wanted


@dataclass(slots=True)
class EventTotals:
    """How many events and sessions there are."""

    events: int = 0
    sessions: int = 0
    errors: int = 0
    """Events that report an error."""
    by_type: Counter[str] = field(default_factory=Counter[str])


async def totals(source: Source, wanted: Wanted) -> EventTotals:
    """Count what meets conditions: by the store's own counts, or else event by event.

    A search for text is answered by no count, and neither is anything by gRPC, which counts by time alone.
    """
    if isinstance(source, (StoreSource, HttpSource)) and not wanted.filter.text_query:
        counted = await _counted(source, wanted)
        errors = counted.by_type[type_name(EventType.ERROR)]
        statuses = wanted.filter.statuses
        if not statuses or EventStatus.FAILED in statuses:
            failed = replace(wanted, filter=replace(wanted.filter, statuses=[EventStatus.FAILED]))
            by_type = (await _counted(source, failed)).by_type
            errors += by_type.total() - by_type[type_name(EventType.ERROR)]
        counted.errors = errors
        return counted
    figures = Figures()
    async with aclosing(source.find(wanted)) as events:
        async for event in events:
            figures.add(event)
    return EventTotals(figures.all.events, figures.sessions, figures.all.errors, figures.by_type)


async def _counted(source: StoreSource | HttpSource, wanted: Wanted) -> EventTotals:
    if isinstance(source, StoreSource):
        stats = await source.count(wanted)
        by_type = {type_name(EventType(number)): count for number, count in stats.by_type.items()}
        return EventTotals(stats.events, stats.sessions, by_type=Counter(by_type))
    with understood():
        found = await source.object("/api/stats", source.conditions(wanted))
        by_type = {f"TYPE {name}" if name.isdigit() else name: count for name, count in found["by_type"].items()}
        return EventTotals(found["events"], found["sessions"], by_type=Counter(by_type))
