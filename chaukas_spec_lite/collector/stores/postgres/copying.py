"""Copies of stores: what is read of this one, part by part, and what of another one is put into it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from chaukas_spec_lite.collector.stores.base import Addition, DeletionRecord, Rejected
from chaukas_spec_lite.collector.stores.copied import (
    EXPORT_BYTES,
    Arrived,
    CopyNote,
    Exported,
    Stage,
    no_place,
    other_copy,
)
from chaukas_spec_lite.collector.stores.postgres.connections import Database
from chaukas_spec_lite.collector.stores.postgres.finding import STATS_SECONDS, watermark
from chaukas_spec_lite.collector.stores.postgres.rejecting import keep_rejected
from chaukas_spec_lite.collector.stores.postgres.rows import COLUMNS, escaped, key, record_of, rejected_of, row_of
from chaukas_spec_lite.collector.stores.postgres.writing import GroupWriter

if TYPE_CHECKING:
    from asyncpg import Connection

_MADE = "texts, made, events, ordered_by"


async def export(connections: Database, stage: Stage, after: str, limit: int) -> Exported:
    """As ``Store.export``: of transactions that have ended, in their order, and within each in that of arrival."""
    if stage is Stage.EVENTS or stage is Stage.CONFLICTS:
        place = _place(connections, after)
        async with connections.reading(STATS_SECONDS) as connection:
            mark = await watermark(connection)
            found = await connection.fetch(_ROWS.format(table=stage.value), *place, mark, limit)
        end = f"{found[-1][0]} {found[-1][1]}" if found else after
        # Transactions that ran beside each other may have taken their numbers in another order than they began in.
        found.sort(key=lambda each: each[1])
        rows = [Arrived(row_of(columns), received.timestamp()) for _, _, received, *columns in found]
        return Exported(events=rows, after=end) if stage is Stage.EVENTS else Exported(conflicts=rows, after=end)
    _, last = _place(connections, after)
    size, columns = ("octet_length(data)", "texts, data, received") if stage is Stage.REJECTED else ("0", _MADE)
    # The lock lets those that are storing some finish: one with a lower number could otherwise come after this.
    async with connections.writing(f"LOCK TABLE {stage.value} IN SHARE MODE") as connection:
        found = await connection.fetch(_NUMBERED.format(table=stage.value, size=size, columns=columns), last, limit)
    end = f"0 {found[-1][0]}" if found else after
    if stage is Stage.REJECTED:
        return Exported(rejected=[rejected_of(*row) for _, *row in found], after=end)
    return Exported(deletions=[record_of(*row) for _, *row in found], after=end)


_ROWS = f"""
SELECT xid, seq, received, {", ".join(COLUMNS)} FROM (
    SELECT *, sum(octet_length(data)) OVER placed AS taken, row_number() OVER placed AS place
    FROM (SELECT * FROM {{table}} WHERE (xid, seq) > ($1, $2) AND xid < $3 ORDER BY xid, seq LIMIT $4) AS found
    WINDOW placed AS (ORDER BY xid, seq ROWS UNBOUNDED PRECEDING)
) AS placed
WHERE place = 1 OR taken <= {EXPORT_BYTES} ORDER BY place
"""
_NUMBERED = f"""
SELECT number, {{columns}} FROM (
    SELECT *, sum({{size}}) OVER placed AS taken, row_number() OVER placed AS place
    FROM (SELECT * FROM {{table}} WHERE number > $1 ORDER BY number LIMIT $2) AS found
    WINDOW placed AS (ORDER BY number ROWS UNBOUNDED PRECEDING)
) AS placed
WHERE place = 1 OR taken <= {EXPORT_BYTES} ORDER BY place
"""


async def count_until(connections: Database, after: str) -> int:
    """As ``Store.count_until``."""
    async with connections.reading(STATS_SECONDS) as connection:
        place = _place(connections, after)
        return int(await connection.fetchval("SELECT count(*) FROM events WHERE (xid, seq) <= ($1, $2)", *place))


async def restore(connections: Database, writer: GroupWriter, part: Exported, note: CopyNote) -> list[Addition]:
    """As ``Store.restore``."""

    async def also(connection: Connection) -> None:
        await connection.execute("LOCK TABLE copies IN EXCLUSIVE MODE")
        found = await connection.fetchval("SELECT note FROM copies WHERE source = $1", note.source)
        if (found or "") != note.before:
            raise other_copy(connections.name)
        await connection.execute("DELETE FROM copies WHERE source = $1", note.source)
        await connection.execute("INSERT INTO copies VALUES ($1, $2)", note.source, note.after)
        await _restore_others(connection, part.rejected, part.deletions)

    return await writer.restore(part.events, part.conflicts, also)


async def _restore_others(
    connection: Connection, rejected: Sequence[Rejected], deletions: Sequence[DeletionRecord]
) -> None:
    if rejected:
        await keep_rejected(connection, rejected)
    for record in deletions:
        deletion = record.deletion
        tenant, project = deletion.tenancy.tenant_id, deletion.tenancy.project_id
        texts = json.dumps([tenant, project, deletion.session_id, deletion.reason]).encode()
        await connection.execute(
            "INSERT INTO deletions (tenant_id, project_id, made, events, texts, ordered_by)"
            " VALUES ($1, $2, $3, $4, $5, $6)",
            *(key(tenant or ""), None if project is None else key(project), record.at, record.events, texts),
            escaped(deletion.by),
        )


async def read_note(connections: Database, source: str) -> str:
    """As ``Store.copy_note``."""
    async with connections.reading(STATS_SECONDS) as connection:
        return await connection.fetchval("SELECT note FROM copies WHERE source = $1", source) or ""


def _place(connections: Database, after: str) -> tuple[int, int]:
    if not after:
        return -1, -1
    parts: list[Any] = after.split()
    if len(parts) != 2 or not all(each.isdecimal() for each in parts):
        raise no_place(connections.name, after)
    return int(parts[0]), int(parts[1])
