"""How much each tenant has in PostgreSQL, by days: sums that are kept, so that a look at them reads what is new alone.

Whoever holds the turn to delete counts, and only they: those who store never touch a sum, so none waits for another.
What has been counted is told by a place in the order of transactions, below which nothing new comes. Deleting
what is up to there takes it out of the sums in the same transaction.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from chaukas_spec_lite.collector.stores.postgres.connections import Database, Lane
from chaukas_spec_lite.collector.stores.postgres.finding import watermark
from chaukas_spec_lite.collector.stores.postgres.schema import DAYS, SIZES_LOCK, counted
from chaukas_spec_lite.collector.stores.postgres.statements import Statement

if TYPE_CHECKING:
    from asyncpg import Connection

_STEP = 20_000
"""How many events a transaction counts."""

ALONE = f"SELECT pg_advisory_xact_lock({SIZES_LOCK})"
"""How transactions begin that change sums, or what has been counted: so each sees what the one before has done."""

_COUNT = """
WITH found AS MATERIALIZED (
    SELECT tenant_id, {day} AS day, xid, seq, octet_length(data) AS size FROM {table}
    WHERE (xid, seq) > (SELECT xid, seq FROM counted WHERE source = '{table}') AND xid < $1
    ORDER BY xid, seq LIMIT {step}
), summed AS (
    INSERT INTO sizes (tenant_id, day, source, bytes)
    SELECT tenant_id, day, '{table}', sum(size) FROM found GROUP BY tenant_id, day
    ON CONFLICT (tenant_id, day, source) DO UPDATE SET bytes = sizes.bytes + excluded.bytes
)
UPDATE counted SET xid = found.xid, seq = found.seq
FROM (SELECT xid, seq FROM found ORDER BY xid DESC, seq DESC LIMIT 1) AS found WHERE source = '{table}'
"""


class Sized(NamedTuple):
    """What a tenant has of a day, as it was counted."""

    day: date
    source: str
    size: int
    begin: tuple[int, int]
    """Up to which transaction and arrival nothing of it is left."""


def without_gone(table: str) -> str:
    """What takes the rows of ``gone``, which are deleted from a table, out of the sums: a part of a WITH."""
    return f"""
    UPDATE sizes SET bytes = sizes.bytes - lost.bytes FROM (
        SELECT tenant_id, {DAYS[table]} AS day, sum(octet_length(data)) AS bytes FROM gone
        WHERE {counted(table)} GROUP BY 1, 2
    ) AS lost
    WHERE sizes.tenant_id = lost.tenant_id AND sizes.day = lost.day AND sizes.source = '{table}'
    """


async def count(connections: Database) -> None:
    """Count what has been stored since the last time, step by step."""
    for table, day in DAYS.items():
        statement = _COUNT.format(table=table, day=day, step=_STEP)
        tag = ""
        while tag != "UPDATE 0":
            async with connections.writing(ALONE, Lane.UPKEEP) as connection:
                tag = await connection.execute(statement, await watermark(connection))


async def excessive(connections: Database, max_bytes: int) -> list[str]:
    """Tenants that have more bytes than this."""
    statement = "SELECT tenant_id FROM sizes GROUP BY 1 HAVING sum(bytes) > $1"
    async with connections.connection(Lane.UPKEEP) as connection:
        return [tenant for (tenant,) in await connection.fetch(statement, max_bytes)]


async def excess(connection: Connection, tenant: str, max_bytes: int) -> int:
    """How many bytes more than this a tenant has; in a transaction that begins with ``ALONE``, as it deletes them."""
    found = await connection.fetchval("SELECT sum(bytes)::bigint FROM sizes WHERE tenant_id = $1", tenant)
    return (found or 0) - max_bytes


async def of_tenant(connections: Database, tenant: str) -> list[Sized]:
    """What a tenant has, the oldest days first."""
    statement = """
    SELECT day, source, bytes, begin_xid, begin_seq FROM sizes WHERE tenant_id = $1 ORDER BY day, source DESC
    """
    async with connections.connection(Lane.UPKEEP) as connection:
        found = await connection.fetch(statement, tenant)
    return [Sized(day, source, size, (xid, seq)) for day, source, size, xid, seq in found]


def oldest(tenant: str, sized: Sized) -> Statement:
    """The condition of what has been counted of it."""
    chosen = Statement()
    chosen.require(f"tenant_id = {{}} AND {DAYS[sized.source]} = {{}}", tenant, sized.day)
    chosen.require("(xid, seq) > ({}::bigint, {}::bigint)", *sized.begin)
    chosen.require(counted(sized.source))
    return chosen


async def begin_at(connection: Connection, tenant: str, sized: Sized) -> None:
    """Note up to where nothing is left, in the transaction that has deleted it: the next look does not pass it by."""
    await connection.execute(
        "UPDATE sizes SET begin_xid = $4, begin_seq = $5 WHERE tenant_id = $1 AND day = $2 AND source = $3",
        *(tenant, sized.day, sized.source, *sized.begin),
    )


async def forget(connection: Connection, tenant: str, sized: Sized) -> None:
    """Forget what nothing is left of, in the transaction that has found this."""
    await connection.execute(
        "DELETE FROM sizes WHERE tenant_id = $1 AND day = $2 AND source = $3", tenant, sized.day, sized.source
    )


async def forget_days(connections: Database, first: date) -> None:
    """Forget all days before the first that stays."""
    async with connections.writing(ALONE, Lane.UPKEEP) as connection:
        await connection.execute("DELETE FROM sizes WHERE day < $1", first)
