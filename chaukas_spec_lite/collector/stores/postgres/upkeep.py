"""Deletes events from PostgreSQL: what is too old or too much, and what somebody wants deleted.

In steps, each a short transaction, which writers pass by. Whole days are not deleted but dropped with their partition.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timezone
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from chaukas_spec_lite.collector.stores.base import Deletion, Retention
from chaukas_spec_lite.collector.stores.postgres import sizes
from chaukas_spec_lite.collector.stores.postgres.connections import SCHEMA, Database, Lane
from chaukas_spec_lite.collector.stores.postgres.rows import escaped, key
from chaukas_spec_lite.collector.stores.postgres.schema import UPKEEP_LOCK, day_of, drop_detached
from chaukas_spec_lite.collector.stores.postgres.sizes import Sized
from chaukas_spec_lite.collector.stores.postgres.statements import Statement, within
from chaukas_spec_lite.collector.stores.postgres.writing import BEGIN

if TYPE_CHECKING:
    from asyncpg import Connection

_Record: TypeAlias = "Callable[[Connection, int], Awaitable[None]]"
"""Takes down, in the transaction of each step, how many events it deletes."""

_BEGIN = f"{sizes.ALONE}; {BEGIN}"

_STEP = 2000
_STEP_BYTES = 8 << 20
"""How many events are deleted at once, and how many bytes of them; one alone may have more."""

_PARTITIONS = f"""
SELECT relname::text, inhdetachpending FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
WHERE inhparent = '{SCHEMA}.events'::regclass
"""
_DETACHED = f"""
SELECT relname::text FROM pg_class
WHERE relnamespace = '{SCHEMA}'::regnamespace AND relkind = 'r' AND NOT relispartition
    AND relname ~ '^events_[0-9]{{8}}$'
"""

# PostgreSQL knows the length of content without reading it.
_PLACED = "sum(size) OVER placed AS taken, row_number() OVER placed AS place"
_WINDOW = "WINDOW placed AS ({} ROWS UNBOUNDED PRECEDING)"
_FITS = f"(place = 1 OR taken <= {_STEP_BYTES})"
_OLDEST_FIRST = "ORDER BY xid, seq"
# Of what stands beside the columns, only the texts by which an event is known.
_KEPT = """
CASE WHEN originals IS NOT NULL THEN convert_to(json_build_array(json_build_array(
    convert_from(originals, 'UTF8')::json->0->0,
    convert_from(originals, 'UTF8')::json->0->1,
    convert_from(originals, 'UTF8')::json->0->2
))::text, 'UTF8') END
"""
# One look for all of them: a transaction for each would be thousands in which there is nothing to delete.
_WITH_OLD_IDS = """
SELECT tenant_id FROM (SELECT DISTINCT tenant_id FROM owners) AS each
WHERE EXISTS (SELECT FROM event_ids WHERE event_ids.tenant_id = each.tenant_id AND day < $1)
"""
_TOLD = "SELECT count(*), max(ARRAY[xid, seq]) FROM gone"


class _Step(NamedTuple):
    """What a step has deleted."""

    rows: int
    last: list[int] | None
    """The transaction and number of the last arrival among it."""


@dataclass(frozen=True, slots=True)
class Upkeep:
    """Deletes; one collector at a time does."""

    connections: Database
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Within this collector: whoever waited for the others' lock with a connection would keep away who holds it."""

    async def delete(self, deletion: Deletion, now: float) -> int:
        """As ``Store.delete``."""
        tenancy = deletion.tenancy
        chosen = Statement()
        within(chosen, tenancy)
        if deletion.session_id:
            chosen.require("session_id = {}", key(deletion.session_id))
        texts = json.dumps([tenancy.tenant_id, tenancy.project_id, deletion.session_id, deletion.reason]).encode()
        keys = [None if each is None else key(each) for each in (tenancy.tenant_id, tenancy.project_id)]
        async with self._alone():
            async with self.connections.writing(lane=Lane.UPKEEP) as connection:
                number = await connection.fetchval(
                    "INSERT INTO deletions (tenant_id, project_id, made, texts, ordered_by) VALUES ($1, $2, $3, $4, $5)"
                    " RETURNING number",
                    *(*keys, now, texts, escaped(deletion.by)),
                )

            async def record(connection: Connection, count: int) -> None:
                await connection.execute(
                    "UPDATE deletions SET events = events + $3 WHERE tenant_id = $1 AND number = $2",
                    *(keys[0], number, count),
                )

            count = await self._delete_events(chosen, now, record, number)
            await self._delete_rows("conflicts", chosen)
            if not deletion.session_id:
                await self._delete_rows("rejected", chosen)
        return count

    async def retain(self, retention: Retention, now: float) -> int:
        """As ``Store.retain``."""
        count = 0
        async with self._alone():
            if retention.max_age is not None:
                count += await self._drop_older(now - retention.max_age, now)
            if retention.max_bytes is not None:
                await sizes.count(self.connections)
                for tenant in await sizes.excessive(self.connections, retention.max_bytes):
                    count += await self._shrink(tenant, retention.max_bytes, now)
        return count

    async def _drop_older(self, cutoff: float, now: float) -> int:
        then = datetime.fromtimestamp(max(cutoff, 0.0), timezone.utc)
        count = await self._delete_days(then.date(), now)
        # Before the days are gone, or, if this broke off in between, others would be deleted for what they had.
        await sizes.forget_days(self.connections, then.date())
        await self._drop_partitions(then.date())
        # Not before the events are gone: an event without its id could be stored a second time.
        count += await self._delete_ids(then.date())
        old = Statement()
        old.require("day = {} AND received < {}", then.date(), then)
        count += await self._delete_events(old, now)
        old = Statement()
        old.require("received < {}", then)
        await self._delete_rows("conflicts", old)
        old = Statement()
        old.require("received < {}::double precision", cutoff)
        await self._delete_rows("rejected", old)
        return count

    async def _delete_days(self, first: date, now: float) -> int:
        """Delete the events of whole days one by one, where a record of each stays; nothing where none does."""
        async with self.connections.connection(Lane.UPKEEP) as connection:
            if not await connection.fetchval("SELECT worm FROM store"):
                return 0
            days = [day_of(name) for name, pending in await connection.fetch(_PARTITIONS) if not pending]
        count = 0
        for day in sorted(days):
            if day < first:
                old = Statement()
                old.require("day = {}", day)
                count += await self._delete_events(old, now)
        return count

    async def _drop_partitions(self, first: date) -> None:
        """Drop the partitions of all days before the first that stays, and what is left of an attempt to."""
        async with self.connections.connection(Lane.UPKEEP) as connection:
            for name, pending in await connection.fetch(_PARTITIONS):
                # Concurrently, which waits for queries, where anything else would keep others waiting, too.
                if pending:
                    await connection.execute(f"ALTER TABLE {SCHEMA}.events DETACH PARTITION {SCHEMA}.{name} FINALIZE")
                elif day_of(name) < first:
                    await connection.execute(
                        f"ALTER TABLE {SCHEMA}.events DETACH PARTITION {SCHEMA}.{name} CONCURRENTLY"
                    )
            detached = await connection.fetch(_DETACHED)
        for (name,) in detached:
            await drop_detached(self.connections, f"{SCHEMA}.{name}")

    async def _delete_ids(self, first: date) -> int:
        count = 0
        async with self.connections.connection(Lane.UPKEEP) as connection:
            tenants = await connection.fetch(_WITH_OLD_IDS, first)
        for (tenant,) in tenants:
            old = Statement()
            old.require("tenant_id = {} AND day < {}", tenant, first)
            count += await self._delete_rows("event_ids", old)
        return count

    async def _shrink(self, tenant: str, max_bytes: int, now: float) -> int:
        """Delete a tenant's oldest arrivals, day by day, until it has no more than so many bytes."""
        count = 0
        for sized in await sizes.of_tenant(self.connections, tenant):
            gone, is_enough = await self._delete_oldest(tenant, sized, max_bytes, now)
            count += gone
            if is_enough:
                break
        return count

    async def _delete_oldest(self, tenant: str, sized: Sized, max_bytes: int, now: float) -> tuple[int, bool]:
        """Delete the oldest of what a tenant has of a day; return how many events, and whether that is enough."""
        count = 0
        while True:
            chosen = sizes.oldest(tenant, sized)
            async with self.connections.writing(_BEGIN, Lane.UPKEEP) as connection:
                # Each time anew, as another collector may have deleted meanwhile.
                excess = await sizes.excess(connection, tenant, max_bytes)
                if excess <= 0:
                    return count, True
                step = await _delete(connection, sized.source, chosen, now, excess=excess)
                if step.last is not None:
                    sized = sized._replace(begin=(step.last[0], step.last[1]))
                    await sizes.begin_at(connection, tenant, sized)
                else:  # whatever the sum says, there is no more
                    await sizes.forget(connection, tenant, sized)
            if step.last is None:
                return count, False
            count += step.rows if sized.source == "events" else 0

    async def _delete_events(
        self, chosen: Statement, now: float, record: _Record | None = None, deletion: int | None = None
    ) -> int:
        """Delete events and their ids, step by step; what is to be recorded, with each step."""
        gone = 0
        while True:
            async with self.connections.writing(_BEGIN, Lane.UPKEEP) as connection:
                step = await _delete(connection, "events", chosen, now, deletion)
                if record is not None:
                    await record(connection, step.rows)
            gone += step.rows
            if not step.rows:
                return gone

    async def _delete_rows(self, table: str, chosen: Statement) -> int:
        """Delete rows of any other table, step by step."""
        gone = 0
        while True:
            async with self.connections.writing(_BEGIN, Lane.UPKEEP) as connection:
                if table == "conflicts":
                    count = (await _delete(connection, table, chosen, 0.0)).rows
                else:
                    tag = await connection.execute(f"DELETE FROM {_rows(table, chosen)}", *chosen.values)
                    count = int(tag.rpartition(" ")[2])
            gone += count
            if not count:
                return gone

    @asynccontextmanager
    async def _alone(self) -> AsyncGenerator[None, None]:
        async with self.turn, self.connections.connection(Lane.UPKEEP) as connection:
            await connection.execute(f"SELECT pg_advisory_lock({UPKEEP_LOCK})")
            try:
                yield
            finally:
                # If this fails, the connection is lost, and the lock with it.
                await connection.execute(f"SELECT pg_advisory_unlock({UPKEEP_LOCK})")


async def _delete(
    connection: Connection,
    table: str,
    chosen: Statement,
    now: float,
    deletion: int | None = None,
    excess: int | None = None,
) -> _Step:
    """Delete some of the events or conflicts that are chosen, in a transaction; the oldest, of so many bytes.

    They are taken out of the sums of sizes; with events go their ids, and what is to be kept of them is.
    """
    values = Statement([*chosen.values], [*chosen.conditions])
    room = None if excess is None else f"taken - size < {values.value(excess)}::bigint"
    if table == "conflicts":
        gone, beside = f"gone AS (DELETE FROM {_rows(table, chosen, room)} RETURNING conflicts.*)", ""
    else:
        gone = _GONE_EVENTS.format(chosen=_placed(_EVENT_KEY, table, chosen, room))
        beside = _BESIDE_EVENTS.format(at=values.value(now), deletion=values.value(deletion))
    statement = f"WITH {gone}, sized AS ({sizes.without_gone(table)}){beside} {_TOLD}"
    found = await connection.fetchrow(statement, *values.values)
    assert found
    return _Step(*found)


_EVENT_KEY = "day, tenant_id, project_id, seconds, nanos, seq"
_GONE_EVENTS = """
chosen AS MATERIALIZED ({chosen}), gone AS (
    DELETE FROM events USING chosen
    WHERE events.day = chosen.day AND events.tenant_id = chosen.tenant_id
        AND events.project_id = chosen.project_id AND events.seconds = chosen.seconds
        AND events.nanos = chosen.nanos AND events.seq = chosen.seq
    RETURNING events.*
)
"""
_BESIDE_EVENTS = f""", recorded AS (
    INSERT INTO log_gone (tenant_id, project_id, event_id, seq, at, deletion, originals)
    SELECT tenant_id, project_id, event_id, seq, {{at}}::double precision, {{deletion}}::bigint, {_KEPT}
    FROM gone WHERE (SELECT worm FROM store) ON CONFLICT DO NOTHING
), ids AS (
    DELETE FROM event_ids USING gone
    WHERE event_ids.tenant_id = gone.tenant_id AND event_ids.project_id = gone.project_id
        AND event_ids.event_id = gone.event_id
)
"""


def _rows(table: str, chosen: Statement, room: str | None = None) -> str:
    """A step's rows of a table without partitions."""
    # The tenant once more: where a database has several nodes, each has rows at these places.
    return f"{table} WHERE {chosen.where} AND ctid = ANY(ARRAY({_placed('ctid', table, chosen, room)}))"


def _placed(columns: str, table: str, chosen: Statement, room: str | None) -> str:
    """What finds a step's rows of a table; with ``room``, the oldest ones for which that holds."""
    size = "0" if table == "event_ids" else "octet_length(data)"
    order = _OLDEST_FIRST if room else ""
    found = f"SELECT *, ctid, {size} AS size FROM {table} WHERE {chosen.where} {order} LIMIT {_STEP}"
    placed = f"SELECT *, {_PLACED} FROM ({found}) AS found {_WINDOW.format(order)}"
    return f"SELECT {columns} FROM ({placed}) AS placed WHERE {_FITS}{f' AND {room}' if room else ''}"
