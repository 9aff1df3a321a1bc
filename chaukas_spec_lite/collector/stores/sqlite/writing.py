"""Storing events, inside a transaction of somebody else's."""

from __future__ import annotations

import hashlib
import sqlite3
from collections import defaultdict
from collections.abc import Sequence

from chaukas_spec_lite.collector.stores.base import (
    REJECTED_BYTES_PER_TENANT,
    REJECTED_PER_TENANT,
    Addition,
    EventRow,
    Rejected,
    Texts,
    is_error,
)
from chaukas_spec_lite.collector.stores.sqlite import text_index
from chaukas_spec_lite.collector.stores.sqlite.schema import COLUMNS, UNTIMED, ZERO, Values, values_of

_PLACES = ", ".join("?" * 13)
_INSERT = f"INSERT INTO events ({COLUMNS}, seq) VALUES ({_PLACES}, ?) ON CONFLICT (event_id, owner) DO NOTHING"
_CONFLICT = f"INSERT INTO conflicts ({COLUMNS}, digest) VALUES ({_PLACES}, ?) ON CONFLICT DO NOTHING"
_SESSION = """
INSERT INTO sessions (owner, session_id, events, errors, timed, first, last) VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (owner, session_id) DO UPDATE SET
    events = events + excluded.events,
    errors = errors + excluded.errors,
    first = CASE WHEN excluded.timed = 0 OR (timed > 0 AND first < excluded.first) THEN first ELSE excluded.first END,
    last = CASE WHEN excluded.timed = 0 OR (timed > 0 AND last > excluded.last) THEN last ELSE excluded.last END,
    timed = timed + excluded.timed
"""


class _Session:
    """What a transaction adds to a session."""

    __slots__ = ("errors", "events", "first", "last", "timed")

    def __init__(self) -> None:
        self.events = self.errors = self.timed = 0
        self.first = self.last = UNTIMED

    def add(self, moment: bytes, *, error: bool) -> None:
        self.events += 1
        self.errors += error
        if moment:
            self.first = min(self.first, moment) if self.timed else moment
            self.last = max(self.last, moment)
            self.timed += 1

    @property
    def values(self) -> Values:
        return self.events, self.errors, self.timed, self.first or ZERO, self.last or ZERO


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
        self._owners: dict[tuple[str, str], int] = {}
        self._begin()

    def _begin(self) -> None:
        self._tags: list[Values] = []
        self._sessions: defaultdict[tuple[int, str], _Session] = defaultdict(_Session)
        self._sizes: defaultdict[int, list[int]] = defaultdict(lambda: [0, 0])
        self._indexing: list[tuple[int, str]] = []

    def add(self, row: EventRow, seq: int | None = None) -> Addition:
        """Store an event, under the next number unless it has one."""
        owner = self._owner(row.tenant_id, row.project_id)
        values = values_of(row, self.received)
        cursor = self._connection.execute(_INSERT, (owner, *values, seq))
        if cursor.rowcount != 1:  # its id was there
            return self._again(owner, values)
        number = cursor.lastrowid
        assert number is not None
        moment, size = values[0], self._sizes[owner]
        size[0] += 1
        size[1] += len(row.data)
        if row.session_id:
            self._sessions[owner, row.session_id].add(moment, error=is_error(row))
        if row.tags:
            self._tags += [(tag, owner, moment, number) for tag in row.tags]
        if self._indexed:
            text = row.text if row.text is not None or self._texts is None else self._texts(row.data)
            self._indexing.append((number, text or ""))
        return Addition.NEW

    def _again(self, owner: int, values: Values) -> Addition:
        event_id, data = values[1], values[-1]
        ((there,),) = self._connection.execute(
            "SELECT data FROM events WHERE event_id = ? AND owner = ?", (event_id, owner)
        )
        if there == data:
            return Addition.REPEATED
        self._conflict(owner, values)
        return Addition.CONFLICT

    def add_conflict(self, row: EventRow) -> None:
        """Store what came under the id of another event, whether that is still there or not; each once."""
        owner = self._owner(row.tenant_id, row.project_id)
        same = "SELECT 1 FROM events WHERE event_id = ? AND owner = ? AND data = ?"
        if self._connection.execute(same, (row.event_id, owner, row.data)).fetchone() is None:
            self._conflict(owner, values_of(row, self.received))

    def _conflict(self, owner: int, values: Values) -> None:
        data = values[-1]
        digest = hashlib.blake2b(data, digest_size=16).digest()
        if self._connection.execute(_CONFLICT, (owner, *values, digest)).rowcount == 1:
            self._sizes[owner][1] += len(data)

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
        """Write tags, sums and texts."""
        many = self._connection.executemany
        # In the order of the tables, which touches each of their pages once.
        many("INSERT INTO tags (tag, owner, moment, seq) VALUES (?, ?, ?, ?)", sorted(self._tags))
        many(_SESSION, [(*key, *session.values) for key, session in sorted(self._sessions.items())])
        many(
            "UPDATE owners SET events = events + ?, bytes = bytes + ? WHERE owner = ?",
            [(events, size, owner) for owner, (events, size) in self._sizes.items()],
        )
        text_index.insert(self._connection, self._indexing)
        self._begin()


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
