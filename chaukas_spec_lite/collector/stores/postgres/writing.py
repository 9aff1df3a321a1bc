"""Adds events to PostgreSQL, exactly once each: first their ids, then, by COPY, those whose ids were new."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from chaukas_spec_lite.collector.stores.base import Addition, EventRow, Texts
from chaukas_spec_lite.collector.stores.copied import Arrived
from chaukas_spec_lite.collector.stores.postgres.connections import Database, Lane
from chaukas_spec_lite.collector.stores.postgres.log_writing import BLOCK, Logged, LogWriter
from chaukas_spec_lite.collector.stores.postgres.rows import COLUMNS, columns_of, content, escaped
from chaukas_spec_lite.collector.stores.postgres.schema import add_partitions
from chaukas_spec_lite.collector.stores.write_queue import QueuedCall, WriteQueue, in_time, settle
from chaukas_spec_lite.errors import StoreError

if TYPE_CHECKING:
    from asyncpg import Connection

BEGIN = "LOCK TABLE event_ids IN ROW EXCLUSIVE MODE"
"""How transactions that change events begin: who holds this lock before it gets a number can be told from others."""

_MAX_GROUP = 64
_MAX_GROUP_ROWS = 2000
"""How many calls, and about how many of their events, share a transaction, so that none waits long for the others."""
_WRITERS = 2
"""How many transactions run at a time: while one waits for the disk, or for a replica, the next is under way."""

_MAX_OWNERS = 10_000
"""How many tenants and projects are remembered as known to the database."""
_ATTEMPTS = 5
"""How often an addition is tried that finds ids which are being deleted."""

_T = TypeVar("_T")

ARRIVAL = ("day", "received", "xid", "seq")
"""The columns that an event gets when it arrives."""

_Key: TypeAlias = "tuple[str, str, str]"

_START = """
SELECT pg_current_xact_id()::text::bigint, ARRAY(SELECT nextval('blocks') FROM generate_series(1, $1::integer)),
    (SELECT log FROM store) = 'kept'
"""
_OWNERS = "INSERT INTO owners SELECT * FROM unnest($1::text[], $2::text[]) ON CONFLICT DO NOTHING"
_IDS = """
INSERT INTO event_ids (tenant_id, project_id, event_id, seq, content, day)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::bytea[], $6::date[])
ON CONFLICT DO NOTHING
"""
_FOUND = """
SELECT wanted.seq, ids.seq, ids.content
FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[]) AS wanted (tenant_id, project_id, event_id, seq)
JOIN event_ids AS ids USING (tenant_id, project_id, event_id)
"""
_CONFLICT = f"""
INSERT INTO conflicts (content, received, xid, seq, {", ".join(COLUMNS)})
VALUES ({", ".join(f"${number}" for number in range(1, len(COLUMNS) + 5))})
ON CONFLICT DO NOTHING
"""


_SAME = """
SELECT true FROM event_ids WHERE tenant_id = $1 AND project_id = $2 AND event_id = $3 AND content = $4
"""

Also: TypeAlias = "Callable[[Connection], Awaitable[None]]"
"""What else belongs into a transaction."""


class _JustDeleted(Exception):
    """An id was in the way, and then was gone; or a day was. Nothing was stored, and it has to be tried again."""


@dataclass(slots=True, eq=False)
class _Event:
    """An event on its way."""

    columns: tuple[Any, ...]
    content: bytes
    text: str | None
    received: datetime
    seq: int = 0
    kept: bytes = b""
    """The content of the one that is kept under its id."""
    outcome: Addition = Addition.NEW

    @property
    def key(self) -> _Key:
        return self.columns[:3]

    @property
    def day(self) -> date:
        return self.received.date()

    def logged(self, xid: int) -> Logged:
        """What goes into the log, of a transaction."""
        *_, data, originals = self.columns
        return Logged(self.columns[0], self.seq, self.day, xid, data, originals)


@dataclass(frozen=True, slots=True)
class _Stored:
    """What a transaction has stored."""

    owners: set[tuple[str, str]]
    logged: list[Logged]
    """What is still to go into the log."""


class GroupWriter:
    """Adds events; calls that come at the same time share transactions, but not their errors.

    Args:
        connections: The database.
        clock: Tells the time in seconds since 1970.
        added: Called when events have been stored.

    Attributes:
        texts: Tells what a search for text looks at, for events that come without; None without an index of texts.
    """

    def __init__(self, connections: Database, clock: Callable[[], float], added: Callable[[], None]) -> None:
        self._connections = connections
        self._clock = clock
        self._added = added
        self.texts: Texts | None = None
        self._queue = WriteQueue(connections.name)
        self._writing: set[asyncio.Task[None]] = set()
        self._days: set[date] = set()
        self._owners: set[tuple[str, str]] = set()
        self._log = LogWriter()

    async def close(self) -> None:
        """Finish what was begun. The tasks go on even if all callers that wait for them were cancelled."""
        while self._writing:
            await asyncio.wait(list(self._writing))

    async def add(self, rows: Sequence[EventRow]) -> list[Addition]:
        """As ``Store.add``."""
        if not rows:
            return await in_time(self._connections.name, self._probe())
        waiting = self._queue.put(rows)
        if len(self._writing) < _WRITERS:
            self._writing.add(asyncio.ensure_future(self._write()))
        return await self._queue.outcome(waiting)

    async def _probe(self) -> list[Addition]:
        async with self._connections.writing(lane=Lane.SIGNAL):  # which fails unless the server takes writes
            return []

    async def _write(self) -> None:
        task = asyncio.current_task()
        assert task
        try:
            while group := self._queue.take(_MAX_GROUP, _MAX_GROUP_ROWS):
                outcomes: Sequence[list[Addition] | Exception]
                try:
                    outcomes = await self._add([each.rows for each in group])
                except Exception as error:  # raised again where the events are waited for
                    outcomes = [error] if len(group) == 1 else await self._one_by_one(group, error)
                settle(group, outcomes)
        finally:
            # No await since the queue was seen empty, so that nobody can have counted on this one in between.
            self._writing.discard(task)

    async def _one_by_one(self, group: Sequence[QueuedCall], error: Exception) -> list[list[Addition] | Exception]:
        """Add each by itself after an error that may be one's alone; a lost connection is that of all."""
        if isinstance(error, StoreError) and not _is_of_values(error):
            return [error] * len(group)
        outcomes: list[list[Addition] | Exception] = []
        for each in group:
            try:
                outcomes += await self._add([each.rows])
            except Exception as own:  # raised again where the events are waited for
                outcomes.append(own)
        return outcomes

    async def _add(self, group: Sequence[Sequence[EventRow]]) -> list[list[Addition] | Exception]:
        received = datetime.fromtimestamp(self._clock(), timezone.utc)
        calls = [[self._event(row, received) for row in rows] for rows in group]
        # The next day's partition, too, before its first event waits for it.
        await self._commit([event for call in calls for event in call], ahead={received.date() + timedelta(days=1)})
        return [[event.outcome for event in call] for call in calls]

    async def restore(self, events: Sequence[Arrived], conflicts: Sequence[Arrived], also: Also) -> list[Addition]:
        """Store events and conflicts of a copy with the times of their arrival, and what else belongs to it."""
        restored = [self._event(row, _instant(received)) for row, received in events]
        in_conflict = [self._event(row, _instant(received)) for row, received in conflicts]
        await self._commit(restored, in_conflict, also)
        return [event.outcome for event in restored]

    async def _commit(
        self,
        events: Sequence[_Event],
        conflicts: Sequence[_Event] = (),
        also: Also | None = None,
        ahead: AbstractSet[date] = frozenset(),
    ) -> None:
        days = {event.day for event in events}
        for _ in range(_ATTEMPTS):
            if not days <= self._days:
                self._days |= await add_partitions(self._connections, days | ahead)
            try:
                async with self._connections.writing(BEGIN) as connection:
                    stored = await self._store(connection, events, conflicts)
                    if also is not None:
                        await also(connection)
                    # At last: other collectors wait for the heads of the logs from here to the commit.
                    tenants = await self._log.append(connection, stored.logged) if stored.logged else set[str]()
            except _JustDeleted:
                continue
            except (ValueError, OverflowError) as error:  # of the driver, which encodes the columns
                raise StoreError(
                    f"{self._connections.name}: an event has a value that fits no column: {error}"
                ) from error
            except StoreError as error:
                if not _is_of_days(error):
                    raise
                # Another collector has dropped the partition of a day that was known here.
                self._days.clear()
                continue
            if len(self._owners) > _MAX_OWNERS:
                self._owners.clear()
            self._owners |= stored.owners  # not before they are committed
            self._log.remember(tenants)
            if any(event.outcome is Addition.NEW for event in events):
                self._added()
            return
        raise StoreError(f"{self._connections.name}: events are being deleted while they are added; try again")

    async def _store(self, connection: Connection, events: Sequence[_Event], conflicts: Sequence[_Event]) -> _Stored:
        """Store events that are not there, set the outcome of all, and store conflicts."""
        started = await connection.fetchrow(_START, -(-(len(events) + len(conflicts)) // BLOCK))
        assert started
        xid, blocks, logs = started
        firsts: dict[_Key, _Event] = {}
        for number, event in enumerate((*events, *conflicts)):
            event.seq, event.kept = blocks[number // BLOCK] * BLOCK + number % BLOCK, event.content
        for event in events:
            firsts.setdefault(event.key, event)
        owners = {event.key[:2] for event in (*firsts.values(), *conflicts)}
        # In one order by all collectors, here and below, so that no two wait for each other.
        if unknown := sorted(owners - self._owners):
            await connection.execute(_OWNERS, *_transposed(unknown))
        if firsts:
            await _claim(connection, [firsts[key] for key in sorted(firsts)])
        new: list[_Event] = []
        for event in events:
            first = firsts[event.key]
            if event is first and event.outcome is Addition.NEW:
                new.append(event)
            else:
                event.outcome = Addition.REPEATED if event.content == first.kept else Addition.CONFLICT
        if new:
            await connection.copy_records_to_table(
                "events",
                columns=(*ARRIVAL, *COLUMNS, "text"),
                records=((event.day, event.received, xid, event.seq, *event.columns, event.text) for event in new),
            )
        for event in events:
            if event.outcome is Addition.CONFLICT:
                await _keep_conflict(connection, event, xid)
        for event in conflicts:
            if not await connection.fetchval(_SAME, *event.key, event.content):
                await _keep_conflict(connection, event, xid)
        return _Stored(owners, [event.logged(xid) for event in new] if logs else [])

    def _event(self, row: EventRow, received: datetime) -> _Event:
        text = None
        if self.texts is not None:
            text = escaped(self.texts(row.data) if row.text is None else row.text)
        return _Event(columns_of(row), content(row.data), text, received)


async def _keep_conflict(connection: Connection, event: _Event, xid: int) -> None:
    await connection.execute(_CONFLICT, event.content, event.received, xid, event.seq, *event.columns)


def _instant(received: float) -> datetime:
    return datetime.fromtimestamp(received, timezone.utc)


async def _claim(connection: Connection, events: Sequence[_Event]) -> None:
    """Store the ids of events. Those whose ids are there are marked as repeated, with what is kept under them."""
    keys = _transposed([event.key for event in events])
    seqs = [event.seq for event in events]
    # This waits for other transactions that are storing the same ids, and sees what became of them.
    tag = await connection.execute(
        _IDS, *keys, seqs, [event.content for event in events], [event.day for event in events]
    )
    by_seq = {event.seq: event for event in events}
    for event in events:
        event.outcome = Addition.NEW
    if tag == f"INSERT 0 {len(events)}":
        return
    found = await connection.fetch(_FOUND, *keys, seqs)
    if len(found) < len(events):  # deleted since it was in the way
        raise _JustDeleted
    for seq, stored, kept in found:
        if seq != stored:
            by_seq[seq].kept, by_seq[seq].outcome = kept, Addition.REPEATED


def _transposed(rows: Sequence[tuple[_T, ...]]) -> list[list[_T]]:
    return [list(column) for column in zip(*rows, strict=True)]


def _is_of_values(error: StoreError) -> bool:
    """Whether an error is about what was to be stored, rather than the database."""
    import asyncpg

    return isinstance(error.__cause__, (asyncpg.DataError, ValueError, OverflowError))


def _is_of_days(error: StoreError) -> bool:
    """Whether an error says that a day has no partition."""
    import asyncpg

    return isinstance(error.__cause__, asyncpg.CheckViolationError)
