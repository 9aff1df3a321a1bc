"""Lists what a store in PostgreSQL keeps beside its events."""

from __future__ import annotations

from typing import Any

from chaukas_spec_lite.collector.stores.asking import Tenancy
from chaukas_spec_lite.collector.stores.base import Conflict, DeletionRecord, KeptCounts, Rejected
from chaukas_spec_lite.collector.stores.listing import PART_BYTES, Part, PartAsked
from chaukas_spec_lite.collector.stores.postgres.connections import Database
from chaukas_spec_lite.collector.stores.postgres.rows import COLUMNS, record_of, rejected_of, row_of
from chaukas_spec_lite.collector.stores.postgres.statements import Statement, within

READ_SECONDS = 10.0
"""How long the short lists may take."""


async def conflicts(connections: Database, asked: PartAsked) -> Part[Conflict]:
    """As ``Store.conflicts``."""
    rows = await _read(connections, asked, "conflicts", "seq", f"received, {', '.join(COLUMNS)}")
    return asked.part(
        (seq, 0, None if each is None else Conflict(row_of(each[1:]), each[0].timestamp())) for seq, each in rows
    )


async def rejected(connections: Database, asked: PartAsked) -> Part[Rejected]:
    """As ``Store.rejected``."""
    rows = await _read(connections, asked, "rejected", "number", "texts, data, received")
    return asked.part((number, 0, None if each is None else rejected_of(*each)) for number, each in rows)


async def deletions(connections: Database, asked: PartAsked) -> Part[DeletionRecord]:
    """As ``Store.deletions``."""
    rows = await _read(connections, asked, "deletions", "number", "texts, made, events, ordered_by", "texts")
    return asked.part((number, 0, None if each is None else record_of(*each)) for number, each in rows)


async def counts(connections: Database, tenancy: Tenancy) -> KeptCounts:
    """As ``Store.counts``."""
    own = Statement()
    within(own, tenancy)
    counts = (f"(SELECT count(*) FROM {table} WHERE {own.where})" for table in ("conflicts", "rejected", "deletions"))
    async with connections.reading(READ_SECONDS) as connection:
        found = await connection.fetchrow(f"SELECT {', '.join(counts)}", *own.values)
    assert found
    return KeptCounts(*found)


async def _read(
    connections: Database, asked: PartAsked, table: str, number: str, columns: str, size: str = "data"
) -> list[tuple[int, Any]]:
    """Read rows, the latest first: their number and columns, and at last None for one that is too much."""
    own = Statement()
    within(own, asked.tenancy)
    own.require(f"{number} < {{}}::bigint", asked.below)
    async with connections.reading(READ_SECONDS) as connection:
        rows = await connection.fetch(
            f"""
            SELECT found, {number}, {columns} FROM (
                SELECT *, count(*) OVER () AS found, row_number() OVER latest AS place,
                    sum(octet_length({size})) OVER (latest ROWS UNBOUNDED PRECEDING) AS taken
                FROM (SELECT * FROM {table} WHERE {own.where} ORDER BY {number} DESC LIMIT {asked.wanted}) AS found
                WINDOW latest AS (ORDER BY {number} DESC)
            ) AS summed
            WHERE place = 1 OR taken <= {PART_BYTES} ORDER BY place
            """,
            *own.values,
        )
    part: list[tuple[int, Any]] = [(number, each) for _, number, *each in rows]
    if rows and rows[0][0] > len(rows):
        part.append((0, None))
    return part
