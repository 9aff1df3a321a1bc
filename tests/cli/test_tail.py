"""``tail`` of a store: what arrives is shown, once each, whenever it happened."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from chaukas_spec_lite import Event
from chaukas_spec_lite.cli.following import Following
from chaukas_spec_lite.cli.store_source import StoreSource
from chaukas_spec_lite.cli.tail import new_events
from chaukas_spec_lite.cli.wanted import Wanted
from chaukas_spec_lite.collector.searched_text import searched_text
from chaukas_spec_lite.collector.stores.base import Store
from chaukas_spec_lite.collector.stores.memory import MemoryStore
from chaukas_spec_lite.collector.stores.sqlite.store import SQLiteStore
from chaukas_spec_lite.spec.common.v1.query import QueryFilter
from tests.collector.stores.events import row_of
from tests.patience import HANG

NOW = datetime.now(timezone.utc)
LATE = [
    Event(event_id="of yesterday", session_id="s", timestamp=NOW - timedelta(days=1)),
    Event(event_id="timeless", session_id="s"),
    Event(event_id="of now", session_id="s", timestamp=NOW),
]


def opened(kind: str, folder: Path) -> Store:
    file = folder / "events.db"
    return SQLiteStore(file, texts=searched_text) if kind == "sqlite" else MemoryStore(texts=searched_text)


async def some(events: AsyncGenerator[Event, None], number: int) -> list[str]:
    async def read() -> list[str]:
        return [(await anext(events)).event_id for _ in range(number)]

    return await asyncio.wait_for(read(), HANG)


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
def test_whatever_arrives_is_shown_once(tmp_path: Path, kind: str) -> None:
    async def main() -> None:
        store = opened(kind, tmp_path)
        await store.open()
        old = [Event(event_id=f"old {n}", session_id="s", timestamp=NOW + timedelta(seconds=n)) for n in range(3)]
        await store.add([row_of(each) for each in old])
        wanted = Wanted(QueryFilter(session_id="s"))
        async with aclosing(new_events(StoreSource(store), wanted, 2, 0.01, Following(NOW))) as events:
            assert await some(events, 1) == ["old 1"]
            # Before the last of those that are there is shown, and of another session, and twice.
            others = [Event(event_id="of others", session_id="t", timestamp=NOW), old[0]]
            await store.add([row_of(each) for each in [LATE[0], *others, *LATE[1:]]])
            assert await some(events, 4) == ["old 2", *(each.event_id for each in LATE)]
            await store.add([row_of(Event(event_id="the last", session_id="s"))])
            assert await some(events, 1) == ["the last"]
        await store.close()

    asyncio.run(main())
