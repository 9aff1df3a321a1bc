"""Deletion in steps: each is a short transaction, so that writers of this and other processes get in between."""

from __future__ import annotations

import sqlite3
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from chaukas_spec_lite.collector.stores.asking import Tenancy
from chaukas_spec_lite.collector.stores.base import ERROR_TYPE, FAILED_STATUS, Deletion, Texts
from chaukas_spec_lite.collector.stores.sqlite import log_writing, text_index
from chaukas_spec_lite.collector.stores.sqlite.schema import ZERO, Mark, Values, marks_of, tags_of
from chaukas_spec_lite.collector.stores.sqlite.unmarking import unmark

STEP = 500
STEP_BYTES = 4 << 20
"""How many events a step deletes at most, and how many bytes of them; one event alone may have more. SQLite frees page
after page, and whoever writes waits for it."""
_SCAN = 20_000
"""How many events a step looks at, to find those."""

_TABLES = ("events", "conflicts", "rejected")


@dataclass(frozen=True, slots=True)
class Chosen:
    """Events, conflicts or rejected ones, by their table and numbers."""

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
    """Write the record of a deletion; return its number."""
    tenancy = deletion.tenancy
    cursor = connection.execute(
        "INSERT INTO deletions (tenant_id, project_id, session_id, reason, ordered_by, at, events)"
        " VALUES (?, ?, ?, ?, ?, ?, 0)",
        (tenancy.tenant_id, tenancy.project_id, deletion.session_id, deletion.reason, deletion.by, at),
    )
    assert cursor.lastrowid is not None
    return cursor.lastrowid


def choose(connection: sqlite3.Connection, deletion: Deletion, newest: Sequence[int]) -> Chosen | None:
    """What a deletion deletes next, nothing above the ``newest`` of each table; None at the end."""
    for table, last in zip(_TABLES, newest, strict=True):
        if table == "rejected":
            if deletion.session_id:
                continue
            condition, values = columns_of(deletion.tenancy)
        else:
            condition, values = owned(deletion.tenancy)
        if deletion.session_id:
            condition, values = f"session_id = ? AND {condition}", (deletion.session_id, *values)
        # SQLite knows the length of content without reading it.
        statement = f"SELECT seq, length(data) FROM {table} WHERE {condition} AND seq <= ? LIMIT {STEP}"
        step = _Step()
        for seq, size in connection.execute(statement, (*values, last)):
            if not step.take(seq, size):
                break
        if step.numbers:
            return Chosen(table, tuple(step.numbers))
    return None


class _Step:
    """What is deleted at once, on its way."""

    def __init__(self) -> None:
        self.numbers: list[int] = []
        self.size = 0

    def take(self, seq: int, size: int) -> bool:
        """Take one more, unless it would be too much."""
        if self.numbers and (len(self.numbers) == STEP or self.size + size > STEP_BYTES):
            return False
        self.numbers.append(seq)
        self.size += size
        return True


def newest_of(connection: sqlite3.Connection) -> tuple[int, ...]:
    """The highest numbers of events, conflicts and rejected ones."""
    newest = ", ".join(f"coalesce((SELECT max(seq) FROM {table}), 0)" for table in _TABLES)
    (found,) = connection.execute(f"SELECT {newest}")
    return tuple(found)


def last_arrival(connection: sqlite3.Connection) -> int:
    """The number of the last event that was stored, be it deleted since."""
    found = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'events'").fetchone()
    return int(found[0]) if found else 0


def too_old(
    connection: sqlite3.Connection, table: str, before: float, now: float, after: int
) -> tuple[Chosen, int] | None:
    """Choose of a table what came before a time, in seconds since 1970, behind a number; say where to go on."""
    # They stand in the order of arrival, so that the first one that is new enough is the end: no index, and no look at
    # all the rest. Where a copy has put older ones behind newer ones, all are looked at. What is to come later than now
    # came while the clock was wrong, which might be by years: it tells nothing of those behind it. Once its time is
    # there, nobody can tell it from what came then: it is an end until it is too old, which is as long again.
    mixed = mixed_until(connection, table)
    received = "received" if table == "rejected" else "received / 1000.0"
    step, last = _Step(), None
    statement = f"SELECT seq, {received}, length(data) FROM {table} WHERE seq > ? ORDER BY seq LIMIT {_SCAN}"
    for seq, came, size in connection.execute(statement, (after,)):
        if came < before:
            if not step.take(seq, size):
                break
        elif seq > mixed and came <= now:
            break
        last = seq
    return None if last is None else (Chosen(table, tuple(step.numbers)), last)


def mixed_until(connection: sqlite3.Connection, table: str) -> int:
    """The number of the last row of a table that a copy has put behind one that came later."""
    found = connection.execute("SELECT value FROM settings WHERE name = ?", (_mixed(table),)).fetchone()
    return int(found[0]) if found else 0


def note_mixed(connection: sqlite3.Connection, table: str) -> None:
    """Note that the last row of a table may have come before others."""
    connection.execute(
        f"INSERT OR REPLACE INTO settings (name, value) SELECT ?, coalesce(max(seq), 0) FROM {table}", (_mixed(table),)
    )


def _mixed(table: str) -> str:
    return "mixed_until" if table == "events" else f"mixed_until of {table}"


def excessive(connection: sqlite3.Connection, max_bytes: int) -> list[str]:
    """Tenants that have more bytes than this."""
    statement = "SELECT tenant_id FROM owners GROUP BY tenant_id HAVING sum(bytes) > ?"
    return [tenant for (tenant,) in connection.execute(statement, (max_bytes,))]


@dataclass(frozen=True, slots=True)
class TooMuch:
    """What is deleted next of what a tenant has too much."""

    whose: tuple[str, int]
    """The tenant, and how many bytes it may have."""
    excess: int
    """How many more it had when these were chosen."""
    chosen: Chosen
    last: int
    """Where to go on."""


def _excess(connection: sqlite3.Connection, whose: tuple[str, int]) -> int:
    tenant, max_bytes = whose
    statement = "SELECT coalesce(sum(bytes), 0) FROM owners WHERE tenant_id = ?"
    ((size,),) = connection.execute(statement, (tenant,))
    return int(size) - max_bytes


def too_much(connection: sqlite3.Connection, table: str, whose: tuple[str, int], after: int) -> TooMuch | None:
    """Choose a tenant's next oldest events or conflicts, what it has too much, behind a number; None at the end."""
    excess = _excess(connection, whose)
    if excess <= 0:
        return TooMuch(whose, excess, Chosen(table, ()), after)
    own = {owner for (owner,) in connection.execute("SELECT owner FROM owners WHERE tenant_id = ?", whose[:1])}
    step, last = _Step(), None
    # Past those of others, rather than by an index of the tenant's, which would have to be sorted for each step.
    statement = f"SELECT seq, owner, length(data) FROM {table} WHERE seq > ? ORDER BY seq LIMIT {_SCAN}"
    for seq, owner, size in connection.execute(statement, (after,)):
        if owner in own and (step.size >= excess or not step.take(seq, size)):
            break
        last = seq
    return None if last is None else TooMuch(whose, excess, Chosen(table, tuple(step.numbers)), last)


def remove_excess(connection: sqlite3.Connection, found: TooMuch, texts: Texts, at: float) -> tuple[int, int] | None:
    """Delete what was too much, as ``remove`` does.

    Returns:
        How many events it was, and how many bytes are too much still; None if nothing was deleted, since another
        process has deleted some meanwhile, and less is too much.
    """
    if _excess(connection, found.whose) < found.excess:
        return None
    count = remove(connection, found.chosen, texts, at)
    return count, _excess(connection, found.whose)


def remove(connection: sqlite3.Connection, chosen: Chosen, texts: Texts, at: float, record: int | None = None) -> int:
    """Delete what was chosen, inside a transaction.

    Args:
        connection: A connection with a transaction that may write.
        chosen: The events or conflicts.
        texts: Tells what a search for text looks at.
        at: When, in seconds since 1970.
        record: The number of a deletion's record, which is kept up.

    Returns:
        How many events it was.
    """
    count = 0
    if chosen.table == "events":
        log_writing.record(connection, [(seq,) for seq in chosen.numbers], at, record)
        count = _remove_events(connection, chosen, texts)
    if chosen.table == "conflicts":
        _remove_conflicts(connection, chosen)
    if chosen.table == "rejected":
        connection.executemany("DELETE FROM rejected WHERE seq = ?", [(seq,) for seq in chosen.numbers])
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
    content = "data" if has_index else "NULL"
    columns = f"seq, owner, moment, session_id, agent_id, type, status, severity, tags, length(data), {content}"
    rows = _each(connection, f"SELECT {columns} FROM events WHERE seq = ?", seqs)
    for seq, owner, moment, session, agent, type_, status, severity, tags, size, data in rows:
        sizes[owner][0] += 1
        sizes[owner][1] += size
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
    unmark(connection, marks)
    connection.executemany(
        "UPDATE types SET events = events - ? WHERE owner = ? AND type = ?",
        [(count, *key) for key, count in types.items()],
    )
    connection.executemany("DELETE FROM types WHERE owner = ? AND type = ? AND events <= 0", list(types))
    text_index.delete(connection, indexed)
    _subtract(connection, sizes)
    _shorten(connection, sessions)
    return len(rows)


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
