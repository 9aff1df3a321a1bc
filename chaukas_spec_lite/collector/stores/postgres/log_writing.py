"""Appending to the logs in PostgreSQL, inside a transaction that stores events, and filling them with what is there.

The head of each tenant's log is a row, which whoever appends holds until the end of the transaction. So the order of
the log is that in which transactions end, whichever collector they are of.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Sequence
from datetime import date
from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple

from chaukas_spec_lite.audit.merkle import leaf_hash
from chaukas_spec_lite.collector.stores.log_tree import MAX_STRETCH, frontier_of, grow, packed
from chaukas_spec_lite.collector.stores.postgres.connections import Database, Lane
from chaukas_spec_lite.collector.stores.postgres.finding import watermark
from chaukas_spec_lite.collector.stores.postgres.rows import plain

if TYPE_CHECKING:
    from asyncpg import Connection

_log = logging.getLogger(__name__)

BLOCK = 1 << 16
"""How many numbers of arrivals a block has, all of one transaction's. 2**47 blocks are enough for ever."""
_STEP = 500
"""How many events that were there before go into the log at a time."""
_LAST_STEP = 2000
"""And how many, while those who store wait."""
_MAX_TENANTS = 10_000
"""How many tenants are remembered as having a head."""

# Locks the rows in their order, as whoever makes some of them does, so that no two wait for each other.
_HEADS = "SELECT tenant_id, size, roots FROM logs WHERE tenant_id = ANY($1::text[]) ORDER BY tenant_id FOR UPDATE"
_NEW_HEADS = """
INSERT INTO logs (tenant_id, original) SELECT * FROM unnest($1::text[], $2::bytea[]) AS each (tenant_id, original)
ORDER BY tenant_id
ON CONFLICT (tenant_id) DO UPDATE SET size = logs.size RETURNING tenant_id, size, roots
"""
_LEAVES = """
INSERT INTO log_leaves (tenant_id, first, first_seq, day, xid, hashes, seqs)
SELECT * FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::date[], $5::bigint[], $6::bytea[], $7::bytea[])
"""
_NODES = """
INSERT INTO log_nodes (tenant_id, level, place, hash)
SELECT * FROM unnest($1::text[], $2::integer[], $3::bigint[], $4::bytea[])
"""
_GROW = """
UPDATE logs SET size = grown.size, roots = grown.roots
FROM unnest($1::text[], $2::bigint[], $3::bytea[]) AS grown (tenant_id, size, roots)
WHERE logs.tenant_id = grown.tenant_id
"""
_STORED = """
SELECT xid, seq, day, tenant_id, originals, data FROM events
WHERE (xid, seq) > ($1, $2) AND xid < $3 ORDER BY xid, seq LIMIT $4
"""


class Logged(NamedTuple):
    """An event that goes into the log."""

    tenant_id: str
    """As the column has it."""
    seq: int
    day: date
    xid: int
    data: bytes
    originals: bytes | None


class LogWriter:
    """Appends events, and remembers which tenants have a head."""

    def __init__(self) -> None:
        self._tenants: set[str] = set()

    async def append(self, connection: Connection, events: Iterable[Logged]) -> set[str]:
        """Append events; to be called at the end of a transaction, as others wait for it from here on.

        Args:
            connection: In the transaction.
            events: In the order of their arrival.

        Returns:
            Their tenants, for ``remember`` once it is committed.
        """
        by_tenant: dict[str, list[Logged]] = {}
        for event in events:
            by_tenant.setdefault(event.tenant_id, []).append(event)
        leaves: list[tuple[Any, ...]] = []
        nodes: list[tuple[Any, ...]] = []
        grown: list[tuple[Any, ...]] = []
        # All that can be done before others have to wait is done.
        hashes = {tenant: [leaf_hash(event.data) for event in own] for tenant, own in by_tenant.items()}
        for tenant, size, roots in await self._heads(connection, by_tenant):
            frontier = frontier_of(size, roots)
            nodes += [(tenant, *node) for node in grow(frontier, hashes[tenant])]
            leaves += _stretches(size, by_tenant[tenant], hashes[tenant])
            grown.append((tenant, frontier.size, b"".join(frontier.roots)))
        await connection.execute(_LEAVES, *zip(*leaves, strict=True))
        if nodes:
            await connection.execute(_NODES, *zip(*nodes, strict=True))
        await connection.execute(_GROW, *zip(*grown, strict=True))
        return set(by_tenant)

    async def _heads(self, connection: Connection, events: dict[str, list[Logged]]) -> Sequence[Any]:
        tenants = sorted(events)
        if self._tenants.issuperset(tenants):
            found = await connection.fetch(_HEADS, tenants)
            if len(found) == len(tenants):
                return found
            self._tenants.clear()  # of another database under the same address; nothing is locked that is not there
        originals = [json.dumps(_tenant_of(events[tenant][0])).encode() for tenant in tenants]
        return await connection.fetch(_NEW_HEADS, tenants, originals)

    def remember(self, tenants: set[str]) -> None:
        """Remember that tenants have a head: what made it has been committed."""
        if len(self._tenants) > _MAX_TENANTS:
            self._tenants.clear()
        self._tenants |= tenants


def _tenant_of(event: Logged) -> str:
    return plain(event.tenant_id) if event.originals is None else json.loads(event.originals)[0][0]


def _stretches(size: int, events: Sequence[Logged], hashes: Sequence[bytes]) -> list[tuple[Any, ...]]:
    """The rows of entries: those of a row have come in one transaction, on one day, and their numbers rise."""
    found: list[tuple[Any, ...]] = []
    first = 0
    for (_, day, xid), together in groupby(events, lambda each: (each.seq // BLOCK, each.day, each.xid)):
        seqs = [each.seq for each in together]
        for start in range(0, len(seqs), MAX_STRETCH):
            own = seqs[start : start + MAX_STRETCH]
            joined = b"".join(hashes[first : first + len(own)])
            found.append((events[0].tenant_id, size + first, own[0], day, xid, joined, packed(own)))
            first += len(own)
    return found


async def make(connections: Database, *, wanted: bool, worm: bool) -> tuple[bool, bool]:
    """Keep logs from now on, if it is wanted or was once; fill them in steps, between which others can store.

    Args:
        connections: The database.
        wanted: Whether there shall be logs.
        worm: Whether there shall be some, with records of what is deleted.

    Returns:
        Whether there are logs, and whether records are kept of what is deleted.
    """
    async with connections.writing(lane=Lane.UPKEEP) as connection:
        if wanted:
            await connection.execute("UPDATE store SET log = '-1 -1' WHERE log = ''")
        if worm:
            await connection.execute("UPDATE store SET worm = true WHERE NOT worm")
        found = await connection.fetchrow("SELECT log, worm FROM store")
    assert found
    state, recorded = found
    if state not in ("", "kept"):
        _log.info("putting the events that are there already into the log")
        writer = LogWriter()
        while await _fill(connections, writer, _STEP):
            pass
        while await _fill(connections, writer, _LAST_STEP, alone=True):
            pass
    return bool(state), recorded


async def _fill(connections: Database, writer: LogWriter, most: int, *, alone: bool = False) -> bool:
    """Put the next events into the log; return whether there may be more.

    Alone, while nobody stores any, it is complete when there are none left: whoever stores the next looks then.
    """
    begin = "LOCK TABLE event_ids IN SHARE ROW EXCLUSIVE MODE" if alone else ""
    async with connections.writing(begin, Lane.UPKEEP) as connection:
        state = await connection.fetchval("SELECT log FROM store FOR UPDATE")
        if state == "kept":  # another collector has done it meanwhile
            return False
        place = map(int, state.split())
        rows = await connection.fetch(_STORED, *place, _END if alone else await watermark(connection), most)
        events = [
            Logged(tenant, seq, day, xid, bytes(data), originals) for xid, seq, day, tenant, originals, data in rows
        ]
        if events:
            await writer.append(connection, events)
            await connection.execute("UPDATE store SET log = $1", f"{events[-1].xid} {events[-1].seq}")
        if alone and len(events) < most:
            await connection.execute("UPDATE store SET log = 'kept'")
        return len(events) == most


_END = 2**63 - 1
"""Above the numbers of all transactions."""
