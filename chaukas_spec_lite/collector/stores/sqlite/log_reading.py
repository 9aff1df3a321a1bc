"""The log of the file, as one snapshot of it has it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from chaukas_spec_lite.collector.stores.asking import Tenancy
from chaukas_spec_lite.collector.stores.base import Deletion
from chaukas_spec_lite.collector.stores.copied import EXPORT_BYTES
from chaukas_spec_lite.collector.stores.event_log import Gone, KeptCheckpoint, LogEntry, LogHead, LogLeaves, LogPlace
from chaukas_spec_lite.collector.stores.log_tree import (
    LogCheck,
    frontier_of,
    head_of,
    kept_below,
    leaves_of,
    node_of,
    paired,
    stretch_of,
)
from chaukas_spec_lite.errors import StoreError

_STRETCHES = """
SELECT first, hashes, seqs FROM log_leaves WHERE log = :log AND first < :end AND first >= coalesce(
    (SELECT max(first) FROM log_leaves WHERE log = :log AND first <= :begin), 0
) ORDER BY first
"""
_HEAD = "size, roots, (SELECT max(size) FROM checkpoints WHERE checkpoints.log = logs.log)"
_STRETCH_OF = (
    "SELECT first, hashes, seqs FROM log_leaves WHERE log = ? AND first_seq <= ? ORDER BY first_seq DESC LIMIT 1"
)
_EVENTS = """
SELECT seq, project_id, event_id, coalesce(CAST(data AS BLOB), x'') FROM json_each(?) AS asked
LEFT JOIN events ON seq = asked.value LEFT JOIN owners USING (owner)
"""
"""Of the numbers that are asked for, in their order."""
_GONE = """
SELECT g.project_id, g.event_id, g.at, d.tenant_id, d.project_id, d.session_id, d.reason, d.ordered_by, d.at
FROM log_gone g LEFT JOIN deletions d ON d.number = g.deletion WHERE g.seq = ?
"""
_ANYBODYS = """
SELECT seq, log, tenant_id, project_id FROM events JOIN owners USING (owner) JOIN logs USING (tenant_id)
WHERE event_id = :id
UNION ALL SELECT seq, log, tenant_id, project_id FROM log_gone JOIN logs USING (log) WHERE event_id = :id
"""
# CROSS JOIN begins with the tenant.
_TENANTS = """
SELECT seq, log, tenant_id, project_id FROM logs CROSS JOIN owners USING (tenant_id) CROSS JOIN events USING (owner)
WHERE event_id = :id AND tenant_id = :tenant
UNION ALL SELECT seq, log, tenant_id, project_id FROM logs CROSS JOIN log_gone USING (log)
WHERE event_id = :id AND tenant_id = :tenant
"""
_FEW = 100
"""How many events of one id are looked at, whoever has them."""


class _Log(NamedTuple):
    number: int
    size: int


def heads(connection: sqlite3.Connection, after_tenant: str | None, limit: int) -> list[LogHead]:
    """As ``EventLog.heads``."""
    rows = connection.execute(
        f"SELECT tenant_id, {_HEAD} FROM logs WHERE size > 0 AND (:after IS NULL OR tenant_id > :after)"
        " ORDER BY tenant_id LIMIT :limit",
        {"after": after_tenant, "limit": limit},
    )
    return [head_of(*row) for row in rows]


def head(connection: sqlite3.Connection, tenant: str) -> LogHead:
    """As ``EventLog.head``."""
    found = connection.execute(f"SELECT {_HEAD} FROM logs WHERE tenant_id = ?", (tenant,)).fetchone()
    size, roots, newest = found or (0, b"", None)
    return LogHead(tenant, size, frontier_of(size, roots).root(), newest)


def _log_of(connection: sqlite3.Connection, tenant: str) -> _Log:
    log, size = connection.execute("SELECT log, size FROM logs WHERE tenant_id = ?", (tenant,)).fetchone() or (0, 0)
    if not isinstance(size, int):
        raise StoreError(f"the head of the log of tenant {tenant!r} is damaged: it is of {size!r} entries")
    return _Log(log, size)


def hashes(connection: sqlite3.Connection, tenant: str, level: int, first: int, count: int) -> list[bytes]:
    """As ``EventLog.hashes``."""
    log = _log_of(connection, tenant)
    kept, begin, end, times = kept_below(level, first, count, log.size)
    if kept == 0:
        return paired(leaves_of(_stretches(connection, log.number, begin, end), begin, end).hashes, times)
    rows = connection.execute(
        "SELECT hash FROM log_nodes WHERE log = ? AND level = ? AND place >= ? AND place < ? ORDER BY place",
        (log.number, kept, begin, end),
    )
    return paired([node_of(hashed) for (hashed,) in rows], times)


def _stretches(connection: sqlite3.Connection, log: int, begin: int, end: int) -> sqlite3.Cursor:
    """The rows that hold entries side by side."""
    return connection.execute(_STRETCHES, {"log": log, "begin": begin, "end": end})


def _of_id(connection: sqlite3.Connection, tenant: str | None, event_id: str) -> list[tuple[int, int, str, str]]:
    """The events of an id: all that a tenant has, or all; perhaps some of others, too."""
    if tenant is None:
        return connection.execute(_ANYBODYS, {"id": event_id}).fetchall()
    # Nearly always there are few, whoever has them. To ask for each project of a tenant would take long where there are
    # thousands of them; but others may have used the id, too, and as often as they like.
    found = connection.execute(f"{_ANYBODYS} LIMIT {_FEW}", {"id": event_id}).fetchall()
    return found if len(found) < _FEW else connection.execute(_TENANTS, {"id": event_id, "tenant": tenant}).fetchall()


def places(connection: sqlite3.Connection, tenancy: Tenancy, event_ids: Sequence[str]) -> list[LogPlace]:
    """As ``EventLog.places``."""
    asked: list[tuple[int, int, tuple[str, str, str]]] = []
    for event_id in dict.fromkeys(event_ids):
        for seq, log, tenant, project in _of_id(connection, tenancy.tenant_id, event_id):
            if tenancy.tenant_id in (None, tenant) and tenancy.project_id in (None, project):
                asked.append((log, seq, (tenant, project, event_id)))
    found: list[LogPlace] = []
    known = -1
    stretch: dict[int, tuple[int, bytes]] = {}
    # Of those that came together, the same row tells.
    for log, seq, names in sorted(asked):
        if log != known or seq not in stretch:
            row = connection.execute(_STRETCH_OF, (log, seq)).fetchone()
            stretch = {own: (index, leaf) for index, leaf, own in (stretch_of(*row) if row is not None else [])}
            known = log
        if seq in stretch:
            index, leaf = stretch[seq]
            found.append(LogPlace(index, *names, leaf))
    return sorted(found, key=lambda each: (each.tenant_id, each.index))


def leaves(connection: sqlite3.Connection, tenant: str, first: int, limit: int) -> LogLeaves:
    """As ``EventLog.leaves``."""
    end = first + limit
    return leaves_of(_stretches(connection, _log_of(connection, tenant).number, first, end), first, end)


def entries(connection: sqlite3.Connection, tenant: str, first: int, limit: int) -> list[LogEntry]:
    """As ``EventLog.entries``."""
    found: list[LogEntry] = []
    room = EXPORT_BYTES
    end = first + limit
    rows = _stretches(connection, _log_of(connection, tenant).number, first, end)
    placed = [each for row in rows for each in stretch_of(*row) if first <= each[0] < end]
    # All by one statement, which is left where there is enough: events may be large.
    events = connection.execute(_EVENTS, (json.dumps([seq for *_, seq in placed]),))
    for (index, leaf, seq), (stored, project, event_id, data) in zip(placed, events, strict=False):
        room -= len(data)
        if found and room < 0:
            break
        there = stored is not None
        found.append(LogEntry(index, leaf, project, event_id, data) if there else _gone(connection, index, leaf, seq))
    return found


def _gone(connection: sqlite3.Connection, index: int, leaf: bytes, seq: int) -> LogEntry:
    recorded = connection.execute(_GONE, (seq,)).fetchone()
    if recorded is None:
        return LogEntry(index, leaf, "", "", None, Gone())
    project, event_id, at, tenant, of_project, session, reason, by, begun = recorded
    deletion = None if begun is None else Deletion(Tenancy(tenant, of_project), session, reason, by)
    return LogEntry(index, leaf, project, event_id, None, Gone(at if begun is None else begun, deletion))


def keep_checkpoint(connection: sqlite3.Connection, tenant: str, size: int, note: str, former: str) -> str | int:
    """As ``EventLog.keep_checkpoint``, in a transaction; returns the size of a log that is too small."""
    connection.execute("INSERT INTO logs (tenant_id) VALUES (?) ON CONFLICT DO NOTHING", (tenant,))
    log = _log_of(connection, tenant)
    if size > log.size:
        return log.size
    found = connection.execute("SELECT note FROM checkpoints WHERE log = ? AND size = ?", (log.number, size)).fetchone()
    kept = str(found[0]) if found else ""
    if kept != former:
        return kept
    connection.execute(
        "INSERT OR REPLACE INTO checkpoints (log, size, note) VALUES (?, ?, ?)", (log.number, size, note)
    )
    return note


def checkpoints(connection: sqlite3.Connection, tenant: str, before: int | None, limit: int) -> list[KeptCheckpoint]:
    """As ``EventLog.checkpoints``."""
    # Cast, as somebody may have written bytes there, or nothing.
    rows = connection.execute(
        "SELECT size, coalesce(CAST(note AS TEXT), '') FROM checkpoints WHERE log = :log"
        " AND (:before IS NULL OR size < :before) ORDER BY size DESC LIMIT :limit",
        {"log": _log_of(connection, tenant).number, "before": before, "limit": limit},
    )
    return [KeptCheckpoint(size, note) for size, note in rows]


def check(connection: sqlite3.Connection) -> Iterator[str]:
    """Hold each log against the events, and against its checkpoints."""
    for number, tenant, size, roots in connection.execute("SELECT log, tenant_id, size, roots FROM logs").fetchall():
        kept = connection.execute(
            "SELECT size, coalesce(CAST(note AS TEXT), '') FROM checkpoints WHERE log = ?", (number,)
        )
        nodes = connection.execute("SELECT level, place, hash FROM log_nodes WHERE log = ?", (number,))
        checking = LogCheck(tenant, [KeptCheckpoint(*each) for each in kept], nodes)
        own = "seq = ? AND owner IN (SELECT owner FROM owners WHERE tenant_id = ?)"
        rows = connection.execute("SELECT first, hashes, seqs FROM log_leaves WHERE log = ? ORDER BY first", (number,))
        for row in rows:
            try:
                stretch = stretch_of(*row)
            except StoreError as error:
                yield f"log of tenant {tenant!r}: {error}"
                continue
            for _, leaf, seq in stretch:
                found = connection.execute(f"SELECT data FROM events WHERE {own}", (seq, tenant)).fetchone()
                checking.add(leaf, found[0] if found else None)
        ((events,),) = connection.execute("SELECT coalesce(sum(events), 0) FROM owners WHERE tenant_id = ?", (tenant,))
        yield from checking.findings(size, roots, events)
    for (tenant,) in connection.execute(
        "SELECT DISTINCT tenant_id FROM owners WHERE events > 0 AND tenant_id NOT IN (SELECT tenant_id FROM logs)"
    ):
        yield f"tenant {tenant!r} has events and no log"
