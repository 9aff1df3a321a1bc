"""Rows for stores, made of events, and what the suite asks of a store again and again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timezone
from functools import lru_cache
from typing import Any

from chaukas_spec_lite import Event, EventStatus, EventType, Severity
from chaukas_spec_lite.collector.stores.asking import Query, Tenancy, fold, moment
from chaukas_spec_lite.collector.stores.base import Addition, EventRow, Rejected, Store
from chaukas_spec_lite.message.message import Message

ROOM = 2**30
NEW, REPEATED, CONFLICT = Addition


def row_of(event: Event, data: bytes | None = None) -> EventRow:
    timed, seconds, nanos = moment(event.timestamp)
    return EventRow(
        tenant_id=event.tenant_id,
        project_id=event.project_id,
        event_id=event.event_id,
        session_id=event.session_id,
        agent_id=event.agent_id,
        span_id=event.span_id,
        trace_id=event.trace_id,
        type=int(event.type),
        status=int(event.status),
        severity=int(event.severity),
        timed=timed,
        seconds=seconds,
        nanos=nanos,
        tags=tuple(dict.fromkeys(event.tags)),
        data=bytes(event) if data is None else data,
    )


def row(event_id: str, at: float | None = None, **fields: Any) -> EventRow:
    """The row of an event with these fields, at so many seconds since 1970."""
    made = row_of(Event(event_id=event_id, **fields))
    if at is None:
        return made
    seconds, part = divmod(round(at * 10**9), 10**9)
    return made._replace(timed=1, seconds=seconds, nanos=part)


WHEN = datetime(2026, 11, 29, tzinfo=timezone.utc)


def their_event(number: int, text: str = "their-text", **whose: str) -> bytes:
    """An encoded event of theirs at ``WHEN``: it says so in every field that queries look at."""
    return bytes(
        Event(
            event_id=f"their-{number}",
            session_id="their-session",
            agent_id="their-agent",
            span_id="their-span",
            trace_id="their-trace",
            type=EventType.ERROR,
            status=EventStatus.FAILED,
            severity=Severity.ERROR,
            tags=["their-tag"],
            timestamp=WHEN,
            metadata={"text": text},
            **whose,
        )
    )


@lru_cache(10_000)
def texts(data: bytes) -> str:
    """What a search for text looks at in an event."""
    return "\x1f".join(fold(text) for text in texts_in(Event.parse(data)))


def texts_in(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Message):
        for name in value.__dataclass_fields__:
            yield from texts_in(getattr(value, name))
    elif isinstance(value, dict):
        for item in value.values():
            yield from texts_in(item)
    elif isinstance(value, list):
        for item in value:
            yield from texts_in(item)


async def every_page(store: Store, query: Query, room: int = ROOM) -> list[bytes]:
    """The encoded events of all pages."""
    found: list[bytes] = []
    while True:
        page = await store.find(query, room)
        assert len(page.events) <= query.size
        found += page.events
        if not page.next_page_token:
            return found
        query = replace(query, page_token=page.next_page_token)


def id_of(data: bytes) -> str:
    return Event.parse(data).event_id


EVERYTHING = Query(descending=False, size=1000)


async def ids(store: Store, query: Query = EVERYTHING) -> list[str]:
    return [id_of(data) for data in await every_page(store, query)]


async def all_rejected(store: Store, tenancy: Tenancy) -> list[Rejected]:
    """All that was rejected, the latest first, of as many parts as there are."""
    found: list[Rejected] = []
    token = ""
    while True:
        part = await store.rejected(tenancy, 10_000, token)
        found += part.items
        token = part.next_page_token
        if not token:
            return found


async def conflicting(store: Store, tenancy: Tenancy, limit: int = 100) -> list[EventRow]:
    """The rows of the latest conflicts."""
    return [each.row for each in (await store.conflicts(tenancy, limit)).items]
