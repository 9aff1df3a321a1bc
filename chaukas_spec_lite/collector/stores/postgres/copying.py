"""Reads all that a store in PostgreSQL holds, part by part, for a copy to another store."""

from __future__ import annotations

from typing import Any

from chaukas_spec_lite.collector.stores.base import EventRow, Exported
from chaukas_spec_lite.collector.stores.postgres.connections import Database
from chaukas_spec_lite.collector.stores.postgres.finding import STATS_SECONDS, watermark
from chaukas_spec_lite.collector.stores.postgres.rows import COLUMNS, rejected_of, row_of
from chaukas_spec_lite.errors import StoreError

_MAX_BYTES = 16 * 2**20
"""The size of a part; one event may be larger."""


async def export(connections: Database, cursor: str, limit: int) -> Exported:
    """As ``Store.export``: events first, then conflicts, both by transactions that have ended, then rejected ones.

    Conflicts are those that had come when the last event was read, so that none is copied before the event that it is
    in conflict with.
    """
    table, mark, xid, seq = _cursor(connections, cursor)
    async with connections.reading(STATS_SECONDS) as connection:
        if table == "rejected":
            found = await connection.fetch(
                "SELECT number, texts, data, received FROM rejected WHERE number > $1 ORDER BY number LIMIT $2",
                seq,
                limit,
            )
            rejected = [rejected_of(*row) for _, *row in found]
            return Exported([], [], rejected, f"rejected 0 0 {found[-1][0]}" if len(found) == limit else "")
        if table == "events":
            mark = await watermark(connection)
        found = await connection.fetch(
            f"""
            SELECT xid, seq, {", ".join(COLUMNS)} FROM (
                SELECT *, sum(octet_length(data)) OVER placed AS taken, row_number() OVER placed AS place
                FROM (SELECT * FROM {table} WHERE (xid, seq) > ($1, $2) AND xid < $3
                    ORDER BY xid, seq LIMIT $4) AS found
                WINDOW placed AS (ORDER BY xid, seq ROWS UNBOUNDED PRECEDING)
            ) AS placed
            WHERE place = 1 OR taken <= {_MAX_BYTES} ORDER BY place
            """,
            *(xid, seq, mark, limit),
        )
    rows = [row_of(columns) for _, _, *columns in found]
    if found:
        return _part(table, rows, f"{table} {mark} {found[-1][0]} {found[-1][1]}")
    if table == "events":
        return _part(table, rows, f"conflicts {mark} -1 0")
    return _part(table, rows, "rejected 0 0 0")


def _part(table: str, rows: list[EventRow], cursor: str) -> Exported:
    return Exported(rows, [], [], cursor) if table == "events" else Exported([], rows, [], cursor)


def _cursor(connections: Database, cursor: str) -> tuple[str, int, int, int]:
    if not cursor:
        return "events", 0, -1, 0
    parts: list[Any] = cursor.split()
    try:
        table, mark, xid, seq = parts[0], *map(int, parts[1:])
        if table in ("events", "conflicts", "rejected"):
            return table, mark, xid, seq
    except ValueError:
        pass
    raise StoreError(f"{connections.name}: {cursor!r} is no cursor of this store")
