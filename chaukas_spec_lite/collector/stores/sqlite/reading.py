"""What is counted and listed, beside pages of events."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable
from typing import Any

from chaukas_spec_lite.collector.stores.asking import Query, Tenancy
from chaukas_spec_lite.collector.stores.base import (
    Conflict,
    Deletion,
    DeletionRecord,
    EventStats,
    KeptCounts,
    Rejected,
    Texts,
)
from chaukas_spec_lite.collector.stores.listing import Part, PartAsked
from chaukas_spec_lite.collector.stores.sqlite.conditions import keys_of
from chaukas_spec_lite.collector.stores.sqlite.deleting import columns_of, owned
from chaukas_spec_lite.collector.stores.sqlite.finding import UNBOUNDED, Allowance, Search, range_of
from chaukas_spec_lite.collector.stores.sqlite.schema import (
    COLUMNS,
    rejected_of,
    row_of,
    timestamp_of,
)

ROW = f"tenant_id, project_id, {COLUMNS.removeprefix('owner, ')}"
REJECTED = "tenant_id, project_id, event_id, reason, received, data"
RECORD = "tenant_id, project_id, session_id, reason, ordered_by, at, events"

Counted = tuple[int, str, int, int, bytes | None, bytes | None]
"""Owner, session, type, events, first and last moment."""


def stats(connection: sqlite3.Connection, query: Query, texts: Texts) -> EventStats:
    """Count what meets a query's conditions."""
    plain = Query(tenancy=query.tenancy, descending=query.descending, size=query.size, page_token=query.page_token)
    if query == plain:
        types, sessions, lengths = _of_tenancy(connection, query.tenancy)
    elif query.text:
        types, sessions, lengths = _summed(_searched(connection, query, texts))
    else:
        types, sessions, lengths = _summed(_grouped(connection, query))
    beside = counts(connection, query.tenancy)
    mean = sum(lengths) / len(lengths) if lengths else 0.0
    return EventStats(sum(types.values()), sessions, dict(types), mean, beside.conflicts, beside.rejected)


def _of_tenancy(connection: sqlite3.Connection, tenancy: Tenancy) -> tuple[Counter[int], int, list[float]]:
    condition, values = owned(tenancy)
    statement = f"SELECT type, sum(events) FROM types WHERE {condition} GROUP BY type"
    types = Counter(dict(connection.execute(statement, values)))
    rows = connection.execute(f"SELECT timed, first, last FROM sessions WHERE {condition}", values).fetchall()
    return types, len(rows), [_milliseconds(first, last) for timed, first, last in rows if timed]


def _grouped(connection: sqlite3.Connection, query: Query) -> Iterable[Counted]:
    keys, rest = keys_of(connection, query)
    for key in keys:
        conditions = [key.named, *rest, range_of(query)]
        yield from connection.execute(
            "SELECT owner, session_id, type, count(*), min(nullif(moment, x'')), max(nullif(moment, x'')) FROM "
            f"{key.source} WHERE {' AND '.join(each.term for each in conditions)} GROUP BY owner, session_id, type",
            [value for each in conditions for value in each.values],
        )


def _searched(connection: sqlite3.Connection, query: Query, texts: Texts) -> Iterable[Counted]:
    everything = Allowance(UNBOUNDED, UNBOUNDED, UNBOUNDED)
    for (moment, seq), data in Search(connection, query, texts, UNBOUNDED, None, everything).looked_at():
        if data is not None:
            statement = "SELECT owner, session_id, type FROM events WHERE seq = ?"
            ((owner, session, type_),) = connection.execute(statement, (seq,))
            yield owner, session, type_, 1, moment or None, moment or None


def _summed(rows: Iterable[Counted]) -> tuple[Counter[int], int, list[float]]:
    types: Counter[int] = Counter()
    sessions: set[tuple[int, str]] = set()
    spans: dict[tuple[int, str], tuple[bytes, bytes]] = {}
    for owner, session, type_, count, first, last in rows:
        types[type_] += count
        if not session:
            continue
        key = owner, session
        sessions.add(key)
        if first is not None and last is not None:
            begin, end = spans.get(key, (first, last))
            spans[key] = min(begin, first), max(end, last)
    return types, len(sessions), [_milliseconds(*span) for span in spans.values()]


def _milliseconds(first: bytes, last: bytes) -> float:
    (_, seconds, nanos), (_, last_seconds, last_nanos) = timestamp_of(first), timestamp_of(last)
    return (last_seconds - seconds) * 1e3 + (last_nanos - nanos) / 1e6


def conflicts(connection: sqlite3.Connection, asked: PartAsked) -> Part[Conflict]:
    """List conflicts, the latest first."""
    condition, values = columns_of(asked.tenancy)
    # The numbers first, of somebody's by the index alone: in the order of all, those of others would be passed by.
    order = "ORDER BY seq DESC LIMIT ?"
    source = "owners CROSS JOIN conflicts USING (owner)" if values else "conflicts"
    rows = connection.execute(
        f"SELECT seq, {ROW} FROM conflicts JOIN owners USING (owner) WHERE seq IN "
        f"(SELECT seq FROM {source} WHERE {condition} AND seq < ? {order}) {order}",
        (*values, asked.below, asked.wanted, asked.wanted),
    )
    return asked.part((seq, len(each[-1]), Conflict(row_of(tuple(each)), each[-2] / 1000)) for seq, *each in rows)


def rejected(connection: sqlite3.Connection, asked: PartAsked) -> Part[Rejected]:
    """List what was rejected, the latest first."""
    condition, values = columns_of(asked.tenancy)
    rows = connection.execute(
        f"SELECT seq, {REJECTED} FROM rejected WHERE {condition} AND seq < ? ORDER BY seq DESC LIMIT ?",
        (*values, asked.below, asked.wanted),
    )
    return asked.part((seq, len(each[-1]), rejected_of(tuple(each))) for seq, *each in rows)


def deletions(connection: sqlite3.Connection, asked: PartAsked) -> Part[DeletionRecord]:
    """List the records of deletions, the latest first."""
    condition, values = columns_of(asked.tenancy)
    rows = connection.execute(
        f"SELECT number, {RECORD} FROM deletions WHERE {condition} AND number < ? ORDER BY number DESC LIMIT ?",
        (*values, asked.below, asked.wanted),
    )
    return asked.part((number, 0, record_of(tuple(each))) for number, *each in rows)


def counts(connection: sqlite3.Connection, tenancy: Tenancy) -> KeptCounts:
    """Count what is kept beside the events."""
    found: list[int] = []
    for table, (condition, values) in (
        ("conflicts", owned(tenancy)),
        ("rejected", columns_of(tenancy)),
        ("deletions", columns_of(tenancy)),
    ):
        ((count,),) = connection.execute(f"SELECT count(*) FROM {table} WHERE {condition}", values)
        found.append(count)
    return KeptCounts(*found)


def record_of(values: tuple[Any, ...]) -> DeletionRecord:
    """The record of the columns of ``RECORD``."""
    tenant, project, session, reason, by, at, events = values
    return DeletionRecord(Deletion(Tenancy(tenant, project), session, reason, by), at, events)


def values_of(record: DeletionRecord) -> tuple[Any, ...]:
    """The columns of ``RECORD``."""
    of = record.deletion
    return of.tenancy.tenant_id, of.tenancy.project_id, of.session_id, of.reason, of.by, record.at, record.events
