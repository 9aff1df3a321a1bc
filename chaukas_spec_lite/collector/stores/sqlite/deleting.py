"""Deletion in steps: each is a short transaction, so that writers of this and other processes get in between."""

from __future__ import annotations

import sqlite3
from collections import Counter, defaultdict
from dataclasses import dataclass

from chaukas_spec_lite.collector.stores.asking import Tenancy
from chaukas_spec_lite.collector.stores.base import ERROR_TYPE, FAILED_STATUS, Deletion, Texts
from chaukas_spec_lite.collector.stores.sqlite import text_index
from chaukas_spec_lite.collector.stores.sqlite.schema import ZERO, Mark, Values, has, marks_of, stretch_of, tags_of

STEP = 500
"""How many events a step deletes at most."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """Events or conflicts, by their table and numbers."""

    table: str
    numbers: tuple[int, ...]


def owned(tenancy: Tenancy) -> tuple[str, Values]:
    """The condition, and its values, that a row's ``owner`` belongs to a tenancy."""
    terms, values = columns_of(tenancy)
    return (f"owner IN (SELECT owner FROM owners WHERE {terms})" if values else "1"), values


def columns_of(tenancy: Tenancy) -> tuple[str, Values]:
    """The same of a row that has both as columns."""
    wanted = [("tenant_id", tenancy.tenant_id), ("project_id", tenancy.project_id)]
    terms = [f"{column} = ?" for column, value in wanted if value is not None]
    return " AND ".join(terms) or "1", tuple(value for _, value in wanted if value is not None)


def begin(connection: sqlite3.Connection, deletion: Deletion, at: float) -> int:
    """Write the record of a deletion, and delete what has no events; return the record's number."""
    tenancy = deletion.tenancy
    if not deletion.session_id:
        condition, values = columns_of(tenancy)
        connection.execute(f"DELETE FROM rejected WHERE {condition}", values)
    cursor = connection.execute(
        "INSERT INTO deletions (tenant_id, project_id, session_id, reason, at, events) VALUES (?, ?, ?, ?, ?, 0)",
        (tenancy.tenant_id, tenancy.project_id, deletion.session_id, deletion.reason, at),
    )
    assert cursor.lastrowid is not None
    return cursor.lastrowid


def forget_rejected(connection: sqlite3.Connection, before: float) -> None:
    """Delete what was rejected before a time, in seconds since 1970."""
    connection.execute("DELETE FROM rejected WHERE received < ?", (before,))


def choose(connection: sqlite3.Connection, deletion: Deletion, newest: tuple[int, int]) -> Chosen | None:
    """The next events, or conflicts, of a deletion, none above the ``newest`` of each; None at the end."""
    condition, values = owned(deletion.tenancy)
    if deletion.session_id:
        condition, values = f"session_id = ? AND {condition}", (deletion.session_id, *values)
    for table, last in zip(("events", "conflicts"), newest, strict=True):
        statement = f"SELECT seq FROM {table} WHERE {condition} AND seq <= ? LIMIT {STEP}"
        if found := connection.execute(statement, (*values, last)).fetchall():
            return Chosen(table, tuple(seq for (seq,) in found))
    return None


def newest_of(connection: sqlite3.Connection) -> tuple[int, int]:
    """The highest numbers of events and conflicts."""
    statement = "SELECT coalesce((SELECT max(seq) FROM events), 0), coalesce((SELECT max(seq) FROM conflicts), 0)"
    (newest,) = connection.execute(statement)
    return newest[0], newest[1]


def last_arrival(connection: sqlite3.Connection) -> int:
    """The number of the last event that was stored, be it deleted since."""
    found = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'events'").fetchone()
    return int(found[0]) if found else 0


def too_old(connection: sqlite3.Connection, before: int) -> Chosen | None:
    """The next events or conflicts that came before a time, in milliseconds since 1970."""
    for table in ("events", "conflicts"):
        found: list[int] = []
        # In the order of arrival, and only up to the first that is new enough: no index, and no look at all the rest.
        for seq, received in connection.execute(f"SELECT seq, received FROM {table} ORDER BY seq LIMIT {STEP}"):
            if received >= before:
                break
            found.append(seq)
        if found:
            return Chosen(table, tuple(found))
    return None


def excesses(connection: sqlite3.Connection, max_bytes: int) -> list[tuple[str, int]]:
    """Tenants that have more bytes than this, and how many more."""
    statement = "SELECT tenant_id, sum(bytes) - :most FROM owners GROUP BY tenant_id HAVING sum(bytes) > :most"
    return connection.execute(statement, {"most": max_bytes}).fetchall()


def too_much(connection: sqlite3.Connection, tenant: str, after: int, excess: int) -> tuple[Chosen, int] | None:
    """A tenant's next oldest events, behind a number, up to an excess of bytes; and how many bytes they have."""
    condition, values = owned(Tenancy(tenant))
    for table, start in (("events", after), ("conflicts", 0)):
        found: list[int] = []
        size = 0
        statement = f"SELECT seq, length(data) FROM {table} WHERE seq > ? AND {condition} ORDER BY seq LIMIT {STEP}"
        for seq, length in connection.execute(statement, (start, *values)):
            found.append(seq)
            size += length
            if size >= excess:
                break
        if found:
            return Chosen(table, tuple(found)), size
    return None


def remove(connection: sqlite3.Connection, chosen: Chosen, texts: Texts, record: int | None = None) -> int:
    """Delete what was chosen, inside a transaction.

    Args:
        connection: A connection with a transaction that may write.
        chosen: The events or conflicts.
        texts: Tells what a search for text looks at.
        record: The number of a deletion's record, which is kept up.

    Returns:
        How many events it was.
    """
    count = _remove_events(connection, chosen, texts) if chosen.table == "events" else 0
    if chosen.table == "conflicts":
        _remove_conflicts(connection, chosen)
    if record is not None:
        connection.execute("UPDATE deletions SET events = events + ? WHERE number = ?", (count, record))
    return count


def _remove_conflicts(connection: sqlite3.Connection, chosen: Chosen) -> None:
    seqs = [(seq,) for seq in chosen.numbers]
    sizes: defaultdict[int, list[int]] = defaultdict(lambda: [0, 0])
    for owner, size in _each(connection, "SELECT owner, length(data) FROM conflicts WHERE seq = ?", seqs):
        sizes[owner][1] += size
    connection.executemany("DELETE FROM conflicts WHERE seq = ?", seqs)
    _subtract(connection, sizes)


def _remove_events(connection: sqlite3.Connection, chosen: Chosen, texts: Texts) -> int:
    seqs = [(seq,) for seq in chosen.numbers]
    sizes: defaultdict[int, list[int]] = defaultdict(lambda: [0, 0])
    sessions: defaultdict[tuple[int, str], list[int]] = defaultdict(lambda: [0, 0, 0])
    types: Counter[tuple[int, int]] = Counter()
    marks: set[Mark] = set()
    indexed: list[tuple[int, str]] = []
    has_index = text_index.exists(connection)
    columns = "seq, owner, moment, session_id, agent_id, type, status, severity, tags, data"
    rows = _each(connection, f"SELECT {columns} FROM events WHERE seq = ?", seqs)
    for seq, owner, moment, session, agent, type_, status, severity, tags, data in rows:
        sizes[owner][0] += 1
        sizes[owner][1] += len(data)
        if session:
            counts = sessions[owner, session]
            counts[0] += 1
            counts[1] += type_ == ERROR_TYPE or status == FAILED_STATUS
            counts[2] += moment != b""
        types[owner, type_] += 1
        marks.update(marks_of(owner, moment, agent, type_, status, severity, tags_of(tags)))
        if has_index:
            indexed.append((seq, texts(data)))
    connection.executemany("DELETE FROM events WHERE seq = ?", seqs)
    _unmark(connection, marks)
    connection.executemany(
        "UPDATE types SET events = events - ? WHERE owner = ? AND type = ?",
        [(count, *key) for key, count in types.items()],
    )
    connection.executemany("DELETE FROM types WHERE owner = ? AND type = ? AND events <= 0", list(types))
    text_index.delete(connection, indexed)
    _subtract(connection, sizes)
    _shorten(connection, sessions)
    return len(rows)


def _unmark(connection: sqlite3.Connection, marks: set[Mark]) -> None:
    """Delete those marks that no event is left for."""
    for field, value, owner, since in sorted(marks):
        term, sought = has(field, value)
        connection.execute(
            "DELETE FROM marks WHERE field = ? AND value = ? AND owner = ? AND since = ? AND NOT EXISTS ("
            "SELECT 1 FROM events e INDEXED BY events_by_owner "
            f"WHERE e.owner = ? AND e.moment BETWEEN ? AND ? AND {term})",
            (field, value, owner, since, owner, *stretch_of(since), sought),
        )


def _each(connection: sqlite3.Connection, statement: str, keys: list[tuple[int]]) -> list[Values]:
    # One by one: others may have deleted some since they were chosen.
    return [row for key in keys for row in connection.execute(statement, key)]


def _subtract(connection: sqlite3.Connection, sizes: dict[int, list[int]]) -> None:
    connection.executemany(
        "UPDATE owners SET events = events - ?, bytes = bytes - ? WHERE owner = ?",
        [(events, size, owner) for owner, (events, size) in sizes.items()],
    )


def _shorten(connection: sqlite3.Connection, sessions: dict[tuple[int, str], list[int]]) -> None:
    """Take events out of the summaries of their sessions; begin and end are looked up anew."""
    connection.executemany(
        "UPDATE sessions SET events = events - ?, errors = errors - ?, timed = timed - ? "
        "WHERE owner = ? AND session_id = ?",
        [(*counts, *key) for key, counts in sessions.items()],
    )
    connection.executemany("DELETE FROM sessions WHERE owner = ? AND session_id = ? AND events <= 0", list(sessions))
    within = "FROM events WHERE session_id = :session AND owner = :owner AND moment > x''"
    connection.executemany(
        f"UPDATE sessions SET first = coalesce((SELECT min(moment) {within}), :zero), "
        f"last = coalesce((SELECT max(moment) {within}), :zero) WHERE owner = :owner AND session_id = :session",
        [{"owner": owner, "session": session, "zero": ZERO} for owner, session in sessions],
    )
