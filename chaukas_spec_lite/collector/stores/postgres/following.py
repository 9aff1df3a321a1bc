"""What has arrived since: events by the transactions that stored them, of those that have ended."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from typing import Any

from chaukas_spec_lite.collector.page_tokens import PageTokens
from chaukas_spec_lite.collector.stores.asking import Query
from chaukas_spec_lite.collector.stores.base import TEXT_SCAN_BYTES, Texts
from chaukas_spec_lite.collector.stores.following import LOOKED_AT, Followed, LookedAt, beginning, followed, place_of
from chaukas_spec_lite.collector.stores.postgres.connections import Database
from chaukas_spec_lite.collector.stores.postgres.finding import watermark
from chaukas_spec_lite.collector.stores.postgres.rows import plain
from chaukas_spec_lite.collector.stores.postgres.statements import found_within
from chaukas_spec_lite.wire.envelopes import MAX_FRAME_BYTES

_LAST = 2**63 - 1


async def follow(
    connections: Database, tokens: PageTokens, texts: Texts, query: Query, max_bytes: int, time_limit: float
) -> Followed:
    """As ``Store.follow``; the query has the cursor for its page token."""
    place = place_of(tokens, query)
    async with connections.reading(time_limit) as connection:
        mark = await watermark(connection)
        if place is None:
            return Followed([], beginning(tokens, query, (mark - 1, _LAST)), more=False)
        rows = await connection.fetch(*_statement(query, place, mark, max_bytes))
    looked_at = _looked_at(rows, query, texts)
    if query.text:
        return await asyncio.to_thread(followed, tokens, query, place, looked_at, max_bytes)
    return followed(tokens, query, place, looked_at, max_bytes)


def _statement(query: Query, place: tuple[int, int], mark: int, max_bytes: int) -> tuple[Any, ...]:
    """The statement, with its values, for a row of each arrival: transaction, number, whether it is found, and what.

    Data are None where an event is not found, and from where they would be too large.
    """
    found = found_within(query, text_in_sql=False)
    after, until = ", ".join(f"{found.value(each)}::bigint" for each in place), found.value(mark)
    room = found.value(max(max_bytes, TEXT_SCAN_BYTES) if query.text else max_bytes)
    return (
        f"""
        SELECT xid, seq, met, CASE WHEN met AND (taken = size OR taken <= {room}::bigint) THEN data END, text FROM (
            SELECT *, sum(size) OVER (ORDER BY xid, seq ROWS UNBOUNDED PRECEDING) AS taken FROM (
                SELECT *, CASE WHEN met THEN octet_length(data) + {MAX_FRAME_BYTES} ELSE 0 END AS size FROM (
                    SELECT xid, seq, data, text, ({found.where}) AS met FROM events
                    WHERE (xid, seq) > ({after}) AND xid < {until}::bigint ORDER BY xid, seq LIMIT {LOOKED_AT}
                ) AS arrived
            ) AS sized
        ) AS summed
        ORDER BY xid, seq
        """,
        *found.values,
    )


def _looked_at(rows: Sequence[Any], query: Query, texts: Texts) -> Iterator[LookedAt | None]:
    for xid, seq, met, data, text in rows:
        if not met:
            yield (xid, seq), None
        elif data is None:  # from here on they are too large
            yield None
        else:
            is_found = not query.text or query.text in (texts(data) if text is None else plain(text))
            yield (xid, seq), bytes(data) if is_found else None
    if len(rows) == LOOKED_AT:
        yield None
