"""From the tables of format 1 to those of today, in one transaction: a crash on the way leaves the file as it was."""

from __future__ import annotations

import itertools
import logging
import sqlite3
import time
from collections.abc import Callable, Iterator
from operator import itemgetter

from chaukas_spec_lite.collector.stores.base import EventRow
from chaukas_spec_lite.collector.stores.sqlite.schema import SCHEMA
from chaukas_spec_lite.collector.stores.sqlite.writing import Writing

log = logging.getLogger(__name__)

_BATCH = 1000


def migrate(connection: sqlite3.Connection, check: Callable[[], None]) -> None:
    """Move all events over, with the numbers of their arrival. To be called within a transaction.

    Args:
        connection: To the file.
        check: Called now and then; raises an error to stop it.
    """
    ((count,),) = connection.execute("SELECT count(*) FROM events")
    log.info("migrating %d events to a new format of the file", count)
    for index in ("time", "session", "trace"):
        connection.execute(f"DROP INDEX IF EXISTS events_by_{index}")
    connection.execute("ALTER TABLE events RENAME TO events_1")
    connection.execute("ALTER TABLE tags RENAME TO tags_1")
    for statement in SCHEMA.split(";"):
        connection.execute(statement)
    writing = Writing(connection, round(time.time() * 1000))
    events = _events(connection)
    while batch := list(itertools.islice(events, _BATCH)):
        for seq, row in batch:
            writing.add(row, seq)
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
