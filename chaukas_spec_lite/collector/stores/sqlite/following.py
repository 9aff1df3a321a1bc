"""What has arrived since: events by their numbers, which commits of one file follow."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

from chaukas_spec_lite.collector.page_tokens import PageTokens
from chaukas_spec_lite.collector.stores.asking import Query
from chaukas_spec_lite.collector.stores.base import TEXT_SCAN_BYTES, Texts
from chaukas_spec_lite.collector.stores.following import LOOKED_AT, Followed, LookedAt, beginning, followed, place_of
from chaukas_spec_lite.collector.stores.sqlite.conditions import conditions_of
from chaukas_spec_lite.collector.stores.sqlite.finding import joined, range_of

__all__ = ["Followed", "follow"]


def follow(connection: sqlite3.Connection, query: Query, tokens: PageTokens, max_bytes: int, texts: Texts) -> Followed:
    """Return what has arrived since the query's token; call it within a transaction."""
    place = place_of(tokens, query)
    if place is None:
        ((newest,),) = connection.execute("SELECT coalesce(max(seq), 0) FROM events")
        return Followed([], beginning(tokens, query, (0, newest)), more=False)
    return followed(tokens, query, place, _looked_at(connection, query, place[1], texts), max_bytes)


def _looked_at(connection: sqlite3.Connection, query: Query, after: int, texts: Texts) -> Iterator[LookedAt | None]:
    met = joined(conditions_of(query), range_of(query))
    rows = connection.execute(
        f"SELECT e.seq, {met.term} FROM events e WHERE e.seq > ? ORDER BY e.seq LIMIT ?",
        (*met.values, after, LOOKED_AT),
    ).fetchall()
    text_bytes = 0
    for seq, is_met in rows:
        data = None
        if is_met:
            ((data,),) = connection.execute("SELECT CAST(data AS BLOB) FROM events WHERE seq = ?", (seq,))
            if query.text:
                text_bytes += len(data)
                data = data if query.text in texts(data) else None
        yield (0, seq), data
        if text_bytes > TEXT_SCAN_BYTES:
            yield None
    if len(rows) == LOOKED_AT:
        yield None
