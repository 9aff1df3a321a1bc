"""Events by type, sessions and errors: where a collector or a store counts them itself, at once, however many."""

from __future__ import annotations

from collections import Counter
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from chaukas_spec_lite.cli.grpc_source import CollectorSource
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

    A search for text is answered by no count, and gRPC counts by tenant, project and time alone.
    """
    if isinstance(source, CollectorSource) and (told := await _told_by_grpc(source, wanted)) is not None:
        return told
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


async def _told_by_grpc(source: CollectorSource, wanted: Wanted) -> EventTotals | None:
    """Ask for the counts; None if there are none. Events that failed are in none of them, and are read."""
    if (stats := await source.count(wanted)) is None:
        return None
    by_type = {_name_of(name.removeprefix("EVENT_TYPE_")): count for name, count in stats.events_by_type.items()}
    found = EventTotals(stats.total_events, stats.total_sessions, by_type=Counter(by_type))
    found.errors = found.by_type[type_name(EventType.ERROR)]
    failed = replace(wanted, filter=replace(wanted.filter, statuses=[EventStatus.FAILED]))
    async with aclosing(source.find(failed)) as events:
        async for event in events:
            found.errors += event.type != EventType.ERROR
    return found


async def _counted(source: StoreSource | HttpSource, wanted: Wanted) -> EventTotals:
    if isinstance(source, StoreSource):
        stats = await source.count(wanted)
        by_type = {type_name(EventType(number)): count for number, count in stats.by_type.items()}
        return EventTotals(stats.events, stats.sessions, by_type=Counter(by_type))
    with understood():
        found = await source.object("/api/stats", source.conditions(wanted))
        by_type = {_name_of(name): count for name, count in found["by_type"].items()}
        return EventTotals(found["events"], found["sessions"], by_type=Counter(by_type))


def _name_of(key: str) -> str:
    """The name of a type, of which a collector tells the number if it has none."""
    return f"TYPE {key}" if key.isdigit() else key
