"""From the tables of formats 1 to 4 to those of today, in one transaction, which a crash leaves without effect."""

from __future__ import annotations

import itertools
import logging
import sqlite3
import time
from collections.abc import Callable, Iterator
from operator import itemgetter

from chaukas_spec_lite.collector.stores.base import EventRow
from chaukas_spec_lite.collector.stores.sqlite.schema import (
    GONE_INDEX,
    LOG,
    MARKS,
    ORDERED_BY,
    OWNER_INDEX,
    SCHEMA,
    VERSION,
    Mark,
    column_of,
    marks_of,
    tags_of,
)
from chaukas_spec_lite.collector.stores.sqlite.writing import Writing, mark

log = logging.getLogger(__name__)

_BATCH = 1000


def migrate(connection: sqlite3.Connection, version: int, check: Callable[[], None]) -> None:
    """Move all events over, with the numbers of their arrival. To be called within a transaction.

    Args:
        connection: To the file.
        version: Of its format.
        check: Called now and then; raises an error to stop it.
    """
    ((count,),) = connection.execute("SELECT count(*) FROM events")
    log.info("migrating %d events to a new format of the file", count)
    (_from_1, _from_2, _from_3, _from_4)[version - 1](connection, check)


def _from_4(connection: sqlite3.Connection, check: Callable[[], None]) -> None:
    """Deletions say who wants them from now on, and those of one tenant are found past all others."""
    for statement in (ORDERED_BY, "DROP INDEX log_gone_by_event", GONE_INDEX):
        connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {VERSION}")


def _from_3(connection: sqlite3.Connection, check: Callable[[], None]) -> None:
    """Tables for logs are there from now on."""
    for statement in LOG.split(";"):
        connection.execute(statement)
    _from_4(connection, check)


def _from_2(connection: sqlite3.Connection, check: Callable[[], None]) -> None:
    """Marks take the place of four indexes and of the table of tags."""
    for index in ("agent", "type", "status", "severity", "owner"):
        connection.execute(f"DROP INDEX IF EXISTS events_by_{index}")
    connection.execute("DROP TABLE tags")
    for statement in (*MARKS.split(";"), OWNER_INDEX):
        connection.execute(statement)
    connection.execute("INSERT INTO types SELECT owner, type, count(*) FROM events GROUP BY owner, type")
    columns = "seq, owner, moment, agent_id, type, status, severity, tags"
    batch_after = f"SELECT {columns} FROM events WHERE seq > ? ORDER BY seq LIMIT {_BATCH}"
    last = 0
    while batch := connection.execute(batch_after, (last,)).fetchall():
        marks: set[Mark] = set()
        retold: list[tuple[str, int]] = []
        for last, owner, moment, agent, type_, status, severity, column in batch:
            tags = tags_of(column)
            marks.update(marks_of(owner, moment, agent, type_, status, severity, tags))
            if tags:
                retold.append((column_of(tags), last))
        mark(connection, marks)
        connection.executemany("UPDATE events SET tags = ? WHERE seq = ?", retold)
        check()
    _from_3(connection, check)


def _from_1(connection: sqlite3.Connection, check: Callable[[], None]) -> None:
    for index in ("time", "session", "trace"):
        connection.execute(f"DROP INDEX IF EXISTS events_by_{index}")
    connection.execute("ALTER TABLE events RENAME TO events_1")
    connection.execute("ALTER TABLE tags RENAME TO tags_1")
    for statement in SCHEMA.split(";"):
        connection.execute(statement)
    writing = Writing(connection, round(time.time() * 1000))
    events = _events(connection)
    while batch := list(itertools.islice(events, _BATCH)):
        writing.add([row for _, row in batch], [seq for seq, _ in batch])
        writing.finish()
        check()
    connection.execute("DROP TABLE events_1")
    connection.execute("DROP TABLE tags_1")


def _events(connection: sqlite3.Connection) -> Iterator[tuple[int, EventRow]]:
    # By seq on both sides, so that neither has to be held in memory.
    rows = connection.execute(
        "SELECT seq, tenant_id, project_id, event_id, session_id, agent_id, span_id, trace_id, type, status, severity, "
        "timed, seconds, nanos, data FROM events_1 ORDER BY seq"
    )
    tagged = connection.execute("SELECT seq, tag FROM tags_1 ORDER BY seq, tag")
    groups = itertools.groupby(tagged, key=itemgetter(0))
    tags_seq, tags = next(groups, (None, iter(())))
    for seq, tenant, project, event_id, session, agent, span, trace, type_, status, severity, *moment, data in rows:
        own: tuple[str, ...] = ()
        if tags_seq == seq:
            own = tuple(tag for _, tag in tags)
            tags_seq, tags = next(groups, (None, iter(())))
        timed, seconds, nanos = moment
        yield (
            seq,
            EventRow(
                *(tenant, project, event_id, session, agent, span, trace, type_, status, severity),
                *(timed, seconds, nanos),
                tags=own,
                data=data,
            ),
        )
