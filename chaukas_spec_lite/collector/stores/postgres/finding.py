"""Runs queries on PostgreSQL: pages, counts and lists of sessions."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from chaukas_spec_lite.collector.page_tokens import PageTokens, Position
from chaukas_spec_lite.collector.stores.asking import Query
from chaukas_spec_lite.collector.stores.base import (
    TEXT_SCAN_BYTES,
    TEXT_SCAN_EVENTS,
    EventPage,
    EventStats,
    Texts,
)
from chaukas_spec_lite.collector.stores.postgres.connections import Database
from chaukas_spec_lite.collector.stores.postgres.rows import UNTIMED, key, plain
from chaukas_spec_lite.collector.stores.postgres.statements import (
    MAX_PLACES,
    Extent,
    Owner,
    Statement,
    found_within,
    indexable,
    owners,
    page,
    places,
    within,
)
from chaukas_spec_lite.collector.stores.stopping import Job
from chaukas_spec_lite.wire.envelopes import MAX_FRAME_BYTES

if TYPE_CHECKING:
    from asyncpg import Connection

STATS_SECONDS = 60.0
"""How long counting and listing sessions may take, which look at all that they count."""

_SETTLE_SECONDS = 0.25
"""How long a query waits for transactions that began before it, at most, to find all that was acknowledged by then."""
_SETTLE_PAUSE = 0.002
_PREFETCH = 100
"""How many events are read at a time where Python looks at all of them."""

# Who stores events holds a lock on the table from before it had a number until it has ended. Others' transactions do
# not count, however long they run: they will store no event under their number. The snapshot of this statement is taken
# before it looks at locks, so that whoever had a number below ``ahead`` and holds no lock has ended.
_RUNNING = """
WITH locks AS MATERIALIZED (SELECT * FROM pg_locks WHERE granted)
SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint, ARRAY(
    SELECT holder.transactionid::text::bigint
    FROM locks AS holder JOIN locks AS writer USING (virtualtransaction)
    WHERE holder.locktype = 'transactionid' AND holder.mode = 'ExclusiveLock' AND writer.locktype = 'relation'
        AND writer.mode = 'RowExclusiveLock' AND writer.relation = 'event_ids'::regclass
        AND writer.database = (SELECT oid FROM pg_database WHERE datname = current_database())
)
"""
_EPOCH = 1 << 32
"""Locks name transactions by their lower 32 bits."""


async def watermark(connection: Connection) -> int:
    """Return the number of the first transaction that may still store events, or any that is to come.

    It waits a moment for those that have begun, since one that is younger may have been acknowledged already.
    """
    wanted, deadline = 0, time.monotonic() + _SETTLE_SECONDS
    while True:
        found = await connection.fetchrow(_RUNNING)
        assert found
        ahead, running = found
        wanted = wanted or ahead
        first = min((ahead - (ahead - each) % _EPOCH for each in running), default=ahead)
        if first >= wanted or time.monotonic() > deadline:
            return int(first)
        await asyncio.sleep(_SETTLE_PAUSE)


@dataclass(frozen=True, slots=True)
class Finder:
    """Finds events.

    Args:
        connections: The database.
        tokens: Those of the store.
        texts: Tells what a search for text looks at in an encoded event.
        indexed: Whether there is an index of texts.
    """

    connections: Database
    tokens: PageTokens
    texts: Texts
    indexed: bool

    async def find(self, query: Query, max_bytes: int, time_limit: float) -> EventPage:
        """As ``Store.find``."""
        job = Job(time_limit)
        try:
            return await self.connections.limited(self._find(query, max_bytes, job), time_limit)
        finally:
            job.cancelled = True  # if the caller leaves while a thread looks for a text

    async def _find(self, query: Query, max_bytes: int, job: Job) -> EventPage:
        at = self.tokens.read(query)
        in_sql = self._in_sql(query)
        sizes = (query.size + 1, max_bytes) if in_sql else (TEXT_SCAN_EVENTS, TEXT_SCAN_BYTES)
        extent = Extent(in_sql, *sizes)
        async with self.connections.reading(job.time_limit) as connection:
            mark, after = at or (await watermark(connection), None)
            whose = await _owners(connection, query)
            if not whose:
                return EventPage([], "")
            statement, values = page(query, whose, mark, after, extent)
            rows = await connection.fetch(statement, *values)
        found = _Page(query.size, max_bytes)
        if in_sql:
            found.of(rows)
        else:
            await asyncio.to_thread(self._look, query, rows, found, job)
        more = found.full or (not in_sql and len(rows) == extent.limit)
        token = self.tokens.write(query, mark, found.last) if more and found.last else ""
        return EventPage(found.events, token, found.scanned, found.numbers)

    def _look(self, query: Query, rows: Sequence[tuple[Any, ...]], found: _Page, job: Job) -> None:
        """Look for a text in events that no index answers for. If the job ends before, nobody reads what was found."""
        for row in rows:
            if job.shall_end():
                return
            found.scanned += 1
            text, data = row[3:]
            if data is not None and query.text not in (self.texts(data) if text is None else plain(text)):
                found.pass_by(row)
            elif not found.take(row):
                return

    def _in_sql(self, query: Query) -> bool:
        return not query.text or (self.indexed and indexable(query.text))

    async def stats(self, query: Query) -> EventStats:
        """As ``Store.stats``."""
        job = Job(STATS_SECONDS)
        try:
            return await self.connections.limited(self._stats(query, job), STATS_SECONDS)
        finally:
            job.cancelled = True

    async def _stats(self, query: Query, job: Job) -> EventStats:
        in_sql = self._in_sql(query)
        statement = found_within(query, in_sql)
        async with self.connections.reading(STATS_SECONDS) as connection:
            if in_sql:
                types, sessions, mean = await _counted(connection, statement)
            else:
                types, sessions, mean = await self._counted_by_text(connection, statement, query.text, job)
            others: list[int] = []
            for table in ("conflicts", "rejected"):
                own = Statement()
                within(own, query.tenancy)
                others.append(await connection.fetchval(f"SELECT count(*) FROM {table} WHERE {own.where}", *own.values))
        return EventStats(sum(types.values()), sessions, types, mean, *others)

    async def _counted_by_text(
        self, connection: Connection, statement: Statement, wanted: str, job: Job
    ) -> tuple[dict[int, int], int, float]:
        types: Counter[int] = Counter()
        sessions: dict[tuple[str, ...], list[tuple[int, int]]] = {}

        def count(rows: Sequence[tuple[Any, ...]]) -> None:
            for *session, seconds, nanos, type_, data, text in rows:
                if job.shall_end():
                    return
                if wanted not in (self.texts(data) if text is None else plain(text)):
                    continue
                types[type_] += 1
                if session[2]:
                    moments = sessions.setdefault(tuple(session), [])
                    if seconds != UNTIMED:
                        moments.append((seconds, nanos))

        query = (
            "SELECT tenant_id, project_id, session_id, seconds, nanos, type, data, text FROM events"
            f" WHERE {statement.where}"
        )
        cursor = await connection.cursor(query, *statement.values)
        while rows := await cursor.fetch(_PREFETCH):
            await asyncio.to_thread(count, rows)  # it decodes, for which no event loop waits
        lengths = [_milliseconds(min(each), max(each)) for each in sessions.values() if each]
        return dict(types), len(sessions), sum(lengths) / len(lengths) if lengths else 0.0


@dataclass(slots=True)
class _Page:
    """A page on its way."""

    size: int
    room: int
    events: list[bytes] = field(default_factory=list[bytes])
    numbers: list[int] = field(default_factory=list[int])
    last: Position | None = None
    full: bool = False
    scanned: int = 0
    """How many events were looked into in search of a text."""

    def of(self, rows: Sequence[tuple[Any, ...]]) -> None:
        """Take what fits of rows."""
        for row in rows:
            if not self.take(row):
                break

    def take(self, row: tuple[Any, ...]) -> bool:
        """Take an event; False if it starts the next page."""
        data = row[4]
        if data is not None:
            self.room -= len(data) + MAX_FRAME_BYTES
        # Unless the page is still empty: there would be no page with this event.
        if len(self.events) == self.size or data is None or (self.events and self.room < 0):
            self.full = True
            return False
        self.events.append(bytes(data))
        self.numbers.append(row[2])
        self.pass_by(row)
        return True

    def pass_by(self, row: tuple[Any, ...]) -> None:
        """Go on behind an event."""
        seconds, nanos, number = row[:3]
        timed = seconds != UNTIMED
        self.last = int(timed), seconds if timed else 0, nanos, number


async def _owners(connection: Connection, query: Query) -> list[Owner]:
    tenancy = query.tenancy
    if tenancy.project_id is None and (asked := places(query)):
        statement, values = asked
        found: list[Owner] = [(tenant, project) for tenant, project in await connection.fetch(statement, *values)]
        if len(found) <= MAX_PLACES:
            return found
    if tenancy.tenant_id is not None:
        return [(key(tenancy.tenant_id), None if tenancy.project_id is None else key(tenancy.project_id))]
    statement, values = owners(tenancy)
    return [(tenant, project) for tenant, project in await connection.fetch(statement, *values)]


async def _counted(connection: Connection, statement: Statement) -> tuple[dict[int, int], int, float]:
    types = await connection.fetch(
        f"SELECT type, count(*) FROM events WHERE {statement.where} GROUP BY type", *statement.values
    )
    untimed = statement.value(UNTIMED)
    sessions = await connection.fetchrow(
        f"""
        SELECT count(*), avg((last[1] - first[1]) * 1e3 + (last[2] - first[2]) / 1e6)::double precision
        FROM (
            SELECT min(ARRAY[seconds, nanos]) FILTER (WHERE seconds > {untimed}::bigint) AS first,
                max(ARRAY[seconds, nanos]) FILTER (WHERE seconds > {untimed}::bigint) AS last
            FROM events WHERE {statement.where} AND session_id <> '' GROUP BY tenant_id, project_id, session_id
        ) AS each
        """,
        *statement.values,
    )
    assert sessions
    return dict(types), sessions[0], sessions[1] or 0.0


def _milliseconds(first: tuple[int, int], last: tuple[int, int]) -> float:
    return (last[0] - first[0]) * 1e3 + (last[1] - first[1]) / 1e6
