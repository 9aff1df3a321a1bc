"""Storing events, inside a transaction of somebody else's."""

from __future__ import annotations

import hashlib
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from chaukas_spec_lite.collector.stores.base import (
    ERROR_TYPE,
    FAILED_STATUS,
    REJECTED_BYTES_PER_TENANT,
    REJECTED_PER_TENANT,
    Addition,
    EventRow,
    Rejected,
    Texts,
)
from chaukas_spec_lite.collector.stores.sqlite import log_writing, text_index
from chaukas_spec_lite.collector.stores.sqlite.schema import (
    COLUMNS,
    ZERO,
    Mark,
    Values,
    column_of,
    marks_of,
    stretch_of,
    values_of,
)

_PLACES = ", ".join("?" * 13)
_INSERT = f"INSERT INTO events ({COLUMNS}, seq) VALUES ({_PLACES}, ?) ON CONFLICT (event_id, owner) DO NOTHING"
_CONFLICT = f"INSERT INTO conflicts ({COLUMNS}, digest) VALUES ({_PLACES}, ?) ON CONFLICT DO NOTHING"
_MARK = """
INSERT INTO marks (field, value, owner, since, until) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING
"""
_TYPE = """
INSERT INTO types (owner, type, events) VALUES (?, ?, ?)
ON CONFLICT (owner, type) DO UPDATE SET events = events + excluded.events
"""
_SESSION = """
INSERT INTO sessions (owner, session_id, events, errors, timed, first, last) VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (owner, session_id) DO UPDATE SET
    events = events + excluded.events,
    errors = errors + excluded.errors,
    first = CASE WHEN excluded.timed = 0 OR (timed > 0 AND first < excluded.first) THEN first ELSE excluded.first END,
    last = CASE WHEN excluded.timed = 0 OR (timed > 0 AND last > excluded.last) THEN last ELSE excluded.last END,
    timed = timed + excluded.timed
"""


class Writing:
    """One transaction's additions. ``finish`` writes what is summed up: call it before the commit.

    Args:
        connection: A connection with a transaction that may write.
        received: When the events came, in milliseconds since 1970.
        texts: Tells what a search for text looks at, should the file have an index of it.

    Attributes:
        received: When the next events came.
    """

    def __init__(self, connection: sqlite3.Connection, received: int, texts: Texts | None = None) -> None:
        self._connection = connection
        self.received = received
        self._texts = texts
        self._indexed = text_index.exists(connection)
        self._logged = log_writing.is_kept(connection)
        self._owners: dict[tuple[str, str], int] = {}
        self._columns: dict[tuple[str, ...], str] = {(): ""}
        """Of tags, which many events have in common."""
        self._begin()

    def _begin(self) -> None:
        self._marked: set[tuple[int, bytes, str, int, int, int, tuple[str, ...]]] = set()
        self._moments: defaultdict[tuple[int, str], list[bytes]] = defaultdict(list)
        """Of each session."""
        self._errors: Counter[tuple[int, str]] = Counter()
        self._types: Counter[tuple[int, int]] = Counter()
        self._bytes: Counter[int] = Counter()
        self._indexing: list[tuple[int, str]] = []
        self._logging: defaultdict[str, list[tuple[int, bytes]]] = defaultdict(list)

    def add(self, rows: Sequence[EventRow], seqs: Sequence[int] | None = None) -> list[Addition]:
        """Store events, under the next numbers unless they have some; return what became of each."""
        if not rows:
            return []
        if seqs is None:
            first = self._next()
            seqs = range(first, first + len(rows))
        found = [self._values(row, seq) for row, seq in zip(rows, seqs, strict=True)]
        # All at once; which of them were there already is asked only if some were.
        if self._connection.executemany(_INSERT, found).rowcount == len(found):
            self._sum_up(rows, found)
            return [Addition.NEW] * len(found)
        statement = "SELECT seq FROM events WHERE seq BETWEEN ? AND ?"
        new = {seq for (seq,) in self._connection.execute(statement, (seqs[0], seqs[-1]))}
        stored = [(row, values) for row, values in zip(rows, found, strict=True) if values[-1] in new]
        self._sum_up([row for row, _ in stored], [values for _, values in stored])
        return [Addition.NEW if values[-1] in new else self._again(values[:-1]) for values in found]

    def _values(self, row: EventRow, seq: int) -> Values:
        column = self._columns.get(row.tags)
        if column is None:
            column = self._columns[row.tags] = column_of(row.tags)
        return (self._owner(row.tenant_id, row.project_id), *values_of(row, column, self.received), seq)

    def _next(self) -> int:
        found = self._connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'events'").fetchone()
        return int(found[0]) + 1 if found else 1

    def _sum_up(self, rows: Sequence[EventRow], stored: Sequence[Values]) -> None:
        for row, values in zip(rows, stored, strict=True):
            owner, moment, _, session, agent, _, _, type_, status, severity, _, _, data, _ = values
            self._types[owner, type_] += 1
            self._bytes[owner] += len(data)
            self._marked.add((owner, moment[:8], agent, type_, status, severity, row.tags))
            if session:
                self._moments[owner, session].append(moment)
                if type_ == ERROR_TYPE or status == FAILED_STATUS:
                    self._errors[owner, session] += 1
        if self._logged:
            for row, values in zip(rows, stored, strict=True):
                self._logging[row[0]].append((values[-1], row.data))
        if self._indexed:
            for row, values in zip(rows, stored, strict=True):
                text = row.text if row.text is not None or self._texts is None else self._texts(row.data)
                self._indexing.append((values[-1], text or ""))

    def _again(self, values: Values) -> Addition:
        owner, event_id, data = values[0], values[2], values[-1]
        ((there,),) = self._connection.execute(
            "SELECT data FROM events WHERE event_id = ? AND owner = ?", (event_id, owner)
        )
        if there == data:
            return Addition.REPEATED
        self._conflict(values)
        return Addition.CONFLICT

    def add_conflict(self, row: EventRow) -> None:
        """Store what came under the id of another event, whether that is still there or not; each once."""
        owner = self._owner(row.tenant_id, row.project_id)
        same = "SELECT 1 FROM events WHERE event_id = ? AND owner = ? AND data = ?"
        if self._connection.execute(same, (row.event_id, owner, row.data)).fetchone() is None:
            self._conflict(self._values(row, 0)[:-1])

    def _conflict(self, values: Values) -> None:
        data = values[-1]
        digest = hashlib.blake2b(data, digest_size=16).digest()
        if self._connection.execute(_CONFLICT, (*values, digest)).rowcount == 1:
            self._bytes[values[0]] += len(data)

    def _owner(self, tenant: str, project: str) -> int:
        key = tenant, project
        owner = self._owners.get(key)
        if owner is None:
            self._connection.execute(
                "INSERT INTO owners (tenant_id, project_id) VALUES (?, ?) ON CONFLICT DO NOTHING", key
            )
            ((owner,),) = self._connection.execute(
                "SELECT owner FROM owners WHERE tenant_id = ? AND project_id = ?", key
            )
            self._owners[key] = owner
        return owner

    def finish(self) -> None:
        """Write marks, sums, texts, and what goes into the log."""
        many = self._connection.executemany
        mark(self._connection, {each for one in self._marked for each in marks_of(*one)})
        events: Counter[int] = Counter()
        for (owner, _), count in self._types.items():
            events[owner] += count
        many(_TYPE, [(*key, count) for key, count in self._types.items()])
        # In the order of the table, which touches each of its pages once.
        many(_SESSION, [(*key, *self._summary(key)) for key in sorted(self._moments)])
        many(
            "UPDATE owners SET events = events + ?, bytes = bytes + ? WHERE owner = ?",
            [(events[owner], size, owner) for owner, size in self._bytes.items()],
        )
        text_index.insert(self._connection, self._indexing)
        for tenant, entries in self._logging.items():
            log_writing.append(self._connection, tenant, entries)
        self._begin()

    def _summary(self, session: tuple[int, str]) -> Values:
        moments = self._moments[session]
        timed = [moment for moment in moments if moment]
        return (
            *(len(moments), self._errors[session], len(timed)),
            *(min(timed, default=ZERO), max(timed, default=ZERO)),
        )


def mark(connection: sqlite3.Connection, marks: Iterable[Mark]) -> None:
    """Add marks, some of which may be there."""
    # In the order of the table, which touches each of its pages once.
    values = [(field, value, owner, *stretch_of(since)) for field, value, owner, since in sorted(marks)]
    connection.executemany(_MARK, values)


def keep_rejected(connection: sqlite3.Connection, rejected: Sequence[Rejected]) -> int:
    """Keep rejected events, and let a tenant's oldest ones make room for its own; return how many did."""
    connection.executemany(
        "INSERT INTO rejected (tenant_id, project_id, event_id, reason, received, data) VALUES (?, ?, ?, ?, ?, ?)",
        [(one.tenant_id, one.project_id, one.event_id, one.reason, one.received, one.data) for one in rejected],
    )
    dropped = 0
    for tenant in {one.tenant_id for one in rejected}:
        # The newest is kept in any case.
        dropped += connection.execute(
            """
            DELETE FROM rejected WHERE tenant_id = :tenant AND seq <= (
                SELECT max(seq) FROM (
                    SELECT seq, row_number() OVER newest AS place, sum(length(data)) OVER newest AS taken
                    FROM rejected WHERE tenant_id = :tenant WINDOW newest AS (ORDER BY seq DESC)
                ) WHERE place > :most OR (place > 1 AND taken > :most_bytes)
            )
            """,
            {"tenant": tenant, "most": REJECTED_PER_TENANT, "most_bytes": REJECTED_BYTES_PER_TENANT},
        ).rowcount
    return dropped
