"""The logs in PostgreSQL, read; what is written to them stands in ``log_writing``."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable
from typing import TYPE_CHECKING, Any

from chaukas_spec_lite.collector.stores.asking import Tenancy
from chaukas_spec_lite.collector.stores.copied import EXPORT_BYTES
from chaukas_spec_lite.collector.stores.event_log import (
    Gone,
    KeptCheckpoint,
    LogEntry,
    LogHead,
    LogLeaves,
    LogPlace,
    beyond,
)
from chaukas_spec_lite.collector.stores.log_tree import (
    LogCheck,
    frontier_of,
    head_of,
    kept_below,
    leaves_of,
    node_of,
    paired,
    stretch_of,
)
from chaukas_spec_lite.collector.stores.postgres.connections import Database, Lane
from chaukas_spec_lite.collector.stores.postgres.listing import READ_SECONDS
from chaukas_spec_lite.collector.stores.postgres.rows import key, plain, record_of
from chaukas_spec_lite.collector.stores.postgres.statements import Statement
from chaukas_spec_lite.collector.stores.write_queue import in_time
from chaukas_spec_lite.errors import StoreError

if TYPE_CHECKING:
    from asyncpg import Connection

_HEAD = """
size, roots, (SELECT max(size) FROM checkpoints WHERE checkpoints.tenant_id = logs.tenant_id)
"""
_HEADS = f"""
SELECT original, {_HEAD} FROM logs WHERE size > 0 AND ($1::text IS NULL OR tenant_id > $1)
ORDER BY tenant_id LIMIT $2
"""
_ROW = "first, day, xid, hashes, seqs"
_STRETCHES = f"""
SELECT {_ROW} FROM log_leaves WHERE tenant_id = $1 AND first < $3::bigint AND first >= coalesce(
    (SELECT max(first) FROM log_leaves WHERE tenant_id = $1 AND first <= $2::bigint), 0
) ORDER BY first LIMIT $4
"""
_STRETCHES_OF = f"""
SELECT {_ROW} FROM log_leaves WHERE tenant_id = $1 AND first_seq = ANY(ARRAY(
    SELECT DISTINCT (SELECT max(first_seq) FROM log_leaves WHERE tenant_id = $1 AND first_seq <= each.seq)
    FROM unnest($2::bigint[]) AS each (seq)
))
"""
_NODES = """
SELECT hash FROM log_nodes WHERE tenant_id = $1 AND level = $2 AND place >= $3::bigint AND place < $4::bigint
ORDER BY place
"""
# A database that was restored from a dump says of all that it brought that it is of transaction 0.
_EVENTS = """
SELECT seq, project_id, event_id, originals, data FROM events
WHERE day = $1 AND tenant_id = $2 AND xid = ANY($3::bigint[]) AND seq = ANY($4::bigint[])
"""
_SIZES = """
SELECT seq, octet_length(data) FROM events
WHERE day = $1 AND tenant_id = $2 AND xid = ANY($3::bigint[]) AND seq = ANY($4::bigint[])
"""
_GONE = """
SELECT gone.seq, gone.project_id, gone.event_id, gone.originals, gone.at, each.texts, each.made, each.ordered_by
FROM log_gone AS gone LEFT JOIN deletions AS each ON each.tenant_id = gone.tenant_id AND each.number = gone.deletion
WHERE gone.tenant_id = $1 AND gone.seq = ANY($2::bigint[])
"""
_KEEP = {
    True: """
        INSERT INTO checkpoints (tenant_id, size, note) SELECT $1, $2, $3 WHERE $4 = '' ON CONFLICT DO NOTHING
        RETURNING note
    """,
    False: "UPDATE checkpoints SET note = $3 WHERE tenant_id = $1 AND size = $2 AND note = $4 RETURNING note",
}


class PostgresLog:
    """See ``EventLog``.

    Args:
        connections: The database.
        worm: Whether a record stays of each event that is deleted.
    """

    def __init__(self, connections: Database, *, worm: bool) -> None:
        self.worm = worm
        self._connections = connections

    async def heads(self, after_tenant: str | None = None, limit: int = 1000) -> list[LogHead]:
        """List the tenants that have entries; see ``EventLog.heads``."""
        after = None if after_tenant is None else key(after_tenant)
        async with self._connections.reading(READ_SECONDS) as connection:
            rows = await connection.fetch(_HEADS, after, limit)
        return [head_of(json.loads(original), size, roots, newest) for original, size, roots, newest in rows]

    async def head(self, tenant_id: str) -> LogHead:
        """Return how far the log of a tenant is; see ``EventLog.head``."""
        async with self._connections.reading(READ_SECONDS) as connection:
            found = await connection.fetchrow(f"SELECT {_HEAD} FROM logs WHERE tenant_id = $1", key(tenant_id))
        size, roots, newest = found or (0, b"", None)
        return LogHead(tenant_id, size, frontier_of(size, roots).root(), newest)

    async def hashes(self, tenant_id: str, level: int, first: int, count: int) -> list[bytes]:
        """Return the roots of full subtrees; see ``EventLog.hashes``."""
        tenant = key(tenant_id)
        async with self._connections.reading(READ_SECONDS) as connection:
            size = await connection.fetchval("SELECT size FROM logs WHERE tenant_id = $1", tenant)
            kept, begin, end, times = kept_below(level, first, count, size or 0)
            if kept:
                rows = await connection.fetch(_NODES, tenant, kept, begin, end)
                return paired([node_of(hashed) for (hashed,) in rows], times)
            stretches = await connection.fetch(_STRETCHES, tenant, begin, end, end - begin)
        return paired(leaves_of(((row[0], row[3], row[4]) for row in stretches), begin, end).hashes, times)

    async def places(self, tenancy: Tenancy, *event_ids: str) -> list[LogPlace]:
        """Find the events of ids; see ``EventLog.places``."""
        own = Statement()
        for column, value in (("tenant_id", tenancy.tenant_id), ("project_id", tenancy.project_id)):
            if value is not None:
                own.require(f"{column} = {{}}", key(value))
        ids = {key(event_id): event_id for event_id in event_ids}
        own.require("event_id = ANY({}::text[])", list(ids))
        joined = "JOIN owners USING (tenant_id, project_id) JOIN logs USING (tenant_id)"
        found: list[LogPlace] = []
        async with self._connections.reading(READ_SECONDS) as connection:
            rows = await connection.fetch(
                f"SELECT tenant_id, original, project_id, event_id, seq FROM event_ids {joined} WHERE {own.where}"
                f" UNION SELECT tenant_id, original, project_id, event_id, seq FROM log_gone {joined}"
                f" WHERE {own.where}",
                *own.values,
            )
            for tenant in {row[0] for row in rows}:
                asked = {row[4]: row for row in rows if row[0] == tenant}
                for row in await connection.fetch(_STRETCHES_OF, tenant, list(asked)):
                    for index, leaf, seq in stretch_of(row[0], row[3], row[4]):
                        if seq in asked:
                            _, original, project, event_id, _ = asked[seq]
                            project = plain(project) if tenancy.project_id is None else tenancy.project_id
                            found.append(LogPlace(index, json.loads(original), project, ids[event_id], leaf))
        return sorted(found, key=lambda each: (each.tenant_id, each.index))

    async def leaves(self, tenant_id: str, first: int, limit: int) -> LogLeaves:
        """Return the hashes of entries side by side; see ``EventLog.leaves``."""
        end = first + limit
        async with self._connections.reading(READ_SECONDS) as connection:
            rows = await connection.fetch(_STRETCHES, key(tenant_id), first, end, limit + 1)
        return leaves_of(((row[0], row[3], row[4]) for row in rows), first, end)

    async def entries(self, tenant_id: str, first: int, limit: int) -> list[LogEntry]:
        """Return entries side by side; see ``EventLog.entries``."""
        tenant, end = key(tenant_id), first + limit
        found: list[LogEntry] = []
        room = EXPORT_BYTES
        async with self._connections.reading(READ_SECONDS) as connection:
            # Row by row, as events may be large; a row has 256 at most.
            while first < end:
                row = await connection.fetchrow(_STRETCHES, tenant, first, end, 1)
                stretch = [] if row is None else stretch_of(row[0], row[3], row[4])
                stretch = [each for each in stretch if first <= each[0] < end]
                if row is None or not stretch:
                    break
                seqs = [seq for _, _, seq in stretch]
                asked = (row[1], tenant, [row[2], 0])
                sizes = dict(await connection.fetch(_SIZES, *asked, seqs))
                wanted: list[int] = []
                for seq in seqs:
                    room -= sizes.get(seq, 0)
                    if room < 0 and (found or wanted):
                        break
                    wanted.append(seq)
                contents = await _contents(connection, asked, wanted)
                found += [LogEntry(index, leaf, *contents[seq]) for index, leaf, seq in stretch[: len(wanted)]]
                if len(wanted) < len(seqs):
                    break
                first += len(wanted)
        return found

    async def keep_checkpoint(self, tenant_id: str, size: int, note: str, former: str = "") -> str:
        """Keep a checkpoint; see ``EventLog.keep_checkpoint``."""
        return await in_time(self._connections.name, self._keep(tenant_id, size, note, former))

    async def _keep(self, tenant_id: str, size: int, note: str, former: str) -> str:
        tenant = key(tenant_id)
        async with self._connections.writing(lane=Lane.REJECT) as connection:
            known = await connection.fetchval("SELECT size FROM logs WHERE tenant_id = $1", tenant) or 0
            if size > known:
                raise beyond(self._connections.name, tenant_id, size, known)
            kept = await connection.fetchval(_KEEP[not former], tenant, size, note, former)
            if kept is None:
                kept = await connection.fetchval(
                    "SELECT note FROM checkpoints WHERE tenant_id = $1 AND size = $2", tenant, size
                )
        return kept or ""

    async def checkpoints(self, tenant_id: str, before: int | None = None, limit: int = 1) -> list[KeptCheckpoint]:
        """List what was kept; see ``EventLog.checkpoints``."""
        async with self._connections.reading(READ_SECONDS) as connection:
            rows = await connection.fetch(
                "SELECT size, note FROM checkpoints WHERE tenant_id = $1 AND ($2::bigint IS NULL OR size < $2)"
                " ORDER BY size DESC LIMIT $3",
                *(key(tenant_id), before, limit),
            )
        return [KeptCheckpoint(size, note) for size, note in rows]


async def _contents(connection: Connection, asked: tuple[Any, ...], seqs: list[int]) -> dict[int, tuple[Any, ...]]:
    """What the entries of events hold, by their numbers, behind place and hash."""
    contents: dict[int, tuple[Any, ...]] = {seq: ("", "", None, Gone()) for seq in seqs}
    for seq, project, event, originals, data in await connection.fetch(_EVENTS, *asked, seqs):
        contents[seq] = (*_ids(project, event, originals), bytes(data))
    gone = [seq for seq, content in contents.items() if len(content) == 4]
    # Behind the events: whatever was deleted in between has its record by now.
    for seq, project, event, originals, at, texts, made, by in await connection.fetch(_GONE, asked[1], gone):
        why = Gone(at) if texts is None else Gone(made, record_of(texts, made, 0, by).deletion)
        contents[seq] = (*_ids(project, event, originals), None, why)
    return contents


def _ids(project: str, event: str, originals: bytes | None) -> tuple[str, str]:
    """Project and id of an event, of the columns that hold them."""
    if originals is None:
        return plain(project), plain(event)
    _, original_project, original_event, *_ = json.loads(originals)[0]
    return original_project, original_event


async def check_logs(connections: Database) -> list[str]:
    """Hold each log against the events, and against its checkpoints, in one snapshot; return what is wrong."""
    async with connections.connection(Lane.UPKEEP) as connection:
        await connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        found = [finding async for finding in _findings(connection)]
        await connection.execute("COMMIT")
    return found


async def _findings(connection: Connection) -> AsyncIterator[str]:
    if await connection.fetchval("SELECT log FROM store") != "kept":
        return
    for tenant, original, size, roots in await connection.fetch("SELECT tenant_id, original, size, roots FROM logs"):
        kept = await connection.fetch("SELECT size, note FROM checkpoints WHERE tenant_id = $1", tenant)
        nodes = await connection.fetch("SELECT level, place, hash FROM log_nodes WHERE tenant_id = $1", tenant)
        checking = LogCheck(json.loads(original), _kept(kept), nodes)
        last = -1
        while rows := await connection.fetch(
            f"SELECT {_ROW} FROM log_leaves WHERE tenant_id = $1 AND first > $2 ORDER BY first LIMIT 100", tenant, last
        ):
            for last, day, xid, hashes, seqs in rows:
                try:
                    stretch = stretch_of(last, hashes, seqs)
                except StoreError as error:
                    yield f"log of tenant {json.loads(original)!r}: {error}"
                    continue
                found = await connection.fetch(_EVENTS, day, tenant, [xid, 0], [seq for _, _, seq in stretch])
                events = {seq: data for seq, *_, data in found}
                for _, leaf, seq in stretch:
                    checking.add(leaf, events.get(seq))
        count = await connection.fetchval("SELECT count(*) FROM events WHERE tenant_id = $1", tenant)
        for finding in checking.findings(size, roots, count):
            yield finding
    for (tenant,) in await connection.fetch(
        "SELECT DISTINCT tenant_id FROM owners WHERE NOT EXISTS (SELECT FROM logs WHERE tenant_id = owners.tenant_id)"
        " AND EXISTS (SELECT FROM events WHERE tenant_id = owners.tenant_id)"
    ):
        yield f"tenant {plain(tenant)!r} has events and no log"


def _kept(rows: Iterable[Any]) -> list[KeptCheckpoint]:
    return [KeptCheckpoint(size, note) for size, note in rows]
