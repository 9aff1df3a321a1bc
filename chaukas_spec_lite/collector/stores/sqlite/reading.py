"""What is counted and listed, beside pages of events."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable

from chaukas_spec_lite.collector.stores.asking import Query, Tenancy
from chaukas_spec_lite.collector.stores.base import (
    Deletion,
    DeletionRecord,
    EventRow,
    EventStats,
    Exported,
    Rejected,
    SessionSummary,
    Texts,
)
from chaukas_spec_lite.collector.stores.sqlite.conditions import keys_of
from chaukas_spec_lite.collector.stores.sqlite.deleting import columns_of, owned
from chaukas_spec_lite.collector.stores.sqlite.finding import UNBOUNDED, Allowance, Search, range_of
from chaukas_spec_lite.collector.stores.sqlite.schema import (
    COLUMNS,
    Values,
    moment_of,
    rejected_of,
    row_of,
    timestamp_of,
)

_EXPORT_BYTES = 16 * 2**20
"""How many bytes of events a part of a copy has, about, even if more events were asked for."""
_ROW = f"tenant_id, project_id, {COLUMNS.removeprefix('owner, ')}"
_REJECTED = "tenant_id, project_id, event_id, reason, received, data"

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
    condition, values = owned(query.tenancy)
    ((conflicts,),) = connection.execute(f"SELECT count(*) FROM conflicts WHERE {condition}", values)
    condition, values = columns_of(query.tenancy)
    ((rejected,),) = connection.execute(f"SELECT count(*) FROM rejected WHERE {condition}", values)
    mean = sum(lengths) / len(lengths) if lengths else 0.0
    return EventStats(sum(types.values()), sessions, dict(types), mean, conflicts, rejected)


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


def sessions(
    connection: sqlite3.Connection, tenancy: Tenancy, limit: int, before: tuple[int, int, str] | None
) -> list[SessionSummary]:
    """List sessions, those with the latest events first."""
    found: list[Values] = []
    condition, values = columns_of(tenancy)
    owners = connection.execute(f"SELECT owner, tenant_id, project_id FROM owners WHERE {condition}", values)
    below = "(last, session_id) < (?, ?) AND" if before else ""
    bound = (moment_of(*before[:2]), before[2]) if before else ()
    for owner, tenant, project in owners.fetchall():
        statement = (
            f"SELECT last, session_id, ?, ?, events, errors, first FROM sessions INDEXED BY sessions_by_end "
            f"WHERE {below} owner = ? ORDER BY last DESC, session_id DESC LIMIT ?"
        )
        found += connection.execute(statement, (tenant, project, *bound, owner, limit))
    found.sort(reverse=True)
    return [
        SessionSummary(tenant, project, session, events, errors, timestamp_of(first)[1:], timestamp_of(last)[1:])
        for last, session, tenant, project, events, errors, first in found[:limit]
    ]


def conflicts(connection: sqlite3.Connection, tenancy: Tenancy, limit: int) -> list[EventRow]:
    """List conflicts, the latest first."""
    condition, values = columns_of(tenancy)
    statement = f"SELECT {_ROW} FROM conflicts JOIN owners USING (owner) WHERE {condition} ORDER BY seq DESC LIMIT ?"
    return [row_of(row) for row in connection.execute(statement, (*values, limit))]


def rejected(connection: sqlite3.Connection, tenancy: Tenancy, limit: int) -> list[Rejected]:
    """List what was rejected, the latest first."""
    condition, values = columns_of(tenancy)
    statement = f"SELECT {_REJECTED} FROM rejected WHERE {condition} ORDER BY seq DESC LIMIT ?"
    return [rejected_of(row) for row in connection.execute(statement, (*values, limit))]


def deletions(connection: sqlite3.Connection, tenancy: Tenancy, limit: int) -> list[DeletionRecord]:
    """List the records of deletions, the latest first."""
    condition, values = columns_of(tenancy)
    statement = (
        "SELECT tenant_id, project_id, session_id, reason, at, events FROM deletions "
        f"WHERE {condition} ORDER BY number DESC LIMIT ?"
    )
    return [
        DeletionRecord(Deletion(Tenancy(tenant, project), session, reason), at, events)
        for tenant, project, session, reason, at, events in connection.execute(statement, (*values, limit))
    ]


def export(connection: sqlite3.Connection, cursor: str, limit: int) -> Exported:
    """Return the next part of all that is there: events, then conflicts, then what was rejected."""
    part, _, after = (cursor or "events:0").partition(":")
    if part not in ("events", "conflicts", "rejected") or not after.isdecimal():
        raise ValueError(f"{cursor!r} is no cursor of a copy from this store")
    if part == "rejected":
        statement = f"SELECT seq, {_REJECTED} FROM rejected WHERE seq > ? ORDER BY seq LIMIT ?"
        found = connection.execute(statement, (int(after), limit)).fetchall()
        next_ = f"rejected:{found[-1][0]}" if len(found) == limit else ""
        return Exported([], [], [rejected_of(tuple(values)) for _, *values in found], next_)
    rows: list[EventRow] = []
    size, last = 0, int(after)
    # CROSS JOIN reads the events first, in their order.
    statement = f"SELECT seq, {_ROW} FROM {part} CROSS JOIN owners USING (owner) WHERE seq > ? ORDER BY seq LIMIT ?"
    found_rows = connection.execute(statement, (last, limit))
    for number, *values in found_rows:
        last = number
        rows.append(row_of(tuple(values)))
        size += len(rows[-1].data)
        if size > _EXPORT_BYTES:
            break
    found_rows.close()
    following = f"{part}:{last}" if rows else {"events": "conflicts:0", "conflicts": "rejected:0"}[part]
    return Exported(rows if part == "events" else [], rows if part == "conflicts" else [], [], following)
