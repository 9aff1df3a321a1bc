"""The latest sessions alone: the same as at the head of the whole list, and nothing else is read for them."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta, timezone

import pytest

from chaukas_spec_lite import Event
from chaukas_spec_lite.cli import sessions
from chaukas_spec_lite.cli.output import Unreadable
from chaukas_spec_lite.cli.sources import Source
from chaukas_spec_lite.cli.store_source import StoreSource
from chaukas_spec_lite.cli.wanted import Wanted, Whereabouts
from chaukas_spec_lite.collector.stores.memory import MemoryStore
from chaukas_spec_lite.spec.common.v1.query import QueryFilter
from chaukas_spec_lite.trace.figures import SessionSums
from tests.collector.stores.events import row_of

START = datetime(2026, 11, 29, tzinfo=timezone.utc)


class Counted:
    """A source that counts what is read of it."""

    read = 0

    def __init__(self, source: Source) -> None:
        self._source = source

    async def find(self, wanted: Wanted) -> AsyncGenerator[Event, None]:
        async for event in self._source.find(wanted):
            self.read += 1
            yield event


def listed(
    monkeypatch: pytest.MonkeyPatch, events: list[Event], limits: list[int | None], wanted: Wanted
) -> list[tuple[list[SessionSums], int]]:
    async def main() -> list[tuple[list[SessionSums], int]]:
        store = MemoryStore(texts=lambda data: "")
        await store.open()
        await store.add([row_of(event) for event in events])
        found: list[tuple[list[SessionSums], int]] = []
        for limit in limits:
            source = Counted(StoreSource(store))

            @asynccontextmanager
            async def opened(*args: object, source: Source = source) -> AsyncGenerator[Source, None]:
                yield source

            monkeypatch.setattr(sessions, "source_of", opened)
            sums = await sessions._summed_up(Whereabouts(store="memory:"), wanted, Unreadable(), limit)
            found.append((sums[:limit], source.read))
        await store.close()
        return found

    return asyncio.run(main())


@pytest.mark.parametrize("asked", [QueryFilter(), QueryFilter(tenant_id="a"), QueryFilter(agent_id="x")], ids=str)
def test_the_latest_sessions_are_the_first_of_all(monkeypatch: pytest.MonkeyPatch, asked: QueryFilter) -> None:
    chance = random.Random(3)
    events = [
        Event(
            event_id=f"{number}",
            timestamp=chance.choice((None, *(START + timedelta(seconds=each) for each in range(12)))),
            tenant_id=chance.choice(("", "a")),
            project_id=chance.choice(("", "p")),
            session_id=chance.choice(("", *(f"s{each}" for each in range(5)))),
            agent_id=chance.choice("xyz"),
        )
        for number in range(80)
    ]
    (every, _), *others = listed(monkeypatch, events, [None, 0, 1, 2, 3, 5, 8, 100], Wanted(asked))
    assert len(every) > 8
    for limit, (found, _) in zip((0, 1, 2, 3, 5, 8, 100), others, strict=True):
        assert found == every[:limit]


def test_no_other_sessions_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    events = [
        Event(event_id=f"{each}", timestamp=START + timedelta(seconds=each), session_id=f"s{each // 10}")
        for each in range(500)
    ]
    (every, all_of_them), (two, of_two) = listed(monkeypatch, events, [None, 2], Wanted())
    assert two == every[:2]
    assert all_of_them == 500
    assert of_two == 12 + 20, "up to the one behind the newest of the second, and then both of them"
