"""Pages against a model: whoever writes between them, through whatever store, all pages show what the first one saw."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaukas_spec_lite.collector.stores.asking import Query, Tenancy
from chaukas_spec_lite.collector.stores.base import EventRow, Store
from chaukas_spec_lite.collector.stores.matching import matches
from tests.collector.stores.conftest import KINDS, place_for
from tests.collector.stores.events import ROOM, id_of, row
from tests.patience import HANG, until

TENANTS = map("tenant-{}".format, itertools.count())
"""One for each example, so that all can share a store."""


@dataclass
class Two:
    """Two stores on the same events, or one twice where they cannot share."""

    stores: tuple[Store, Store]
    loop: asyncio.AbstractEventLoop

    def run(self, work: Any) -> Any:
        return self.loop.run_until_complete(asyncio.wait_for(work, HANG))


@pytest.fixture(scope="module", params=KINDS)
def two(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Two]:
    with contextlib.ExitStack() as stack:
        place = stack.enter_context(place_for(request, tmp_path_factory))
        first = place.store()
        made = Two((first, place.store() if place.shared else first), asyncio.new_event_loop())
        for store in made.stores:
            made.run(store.open())
        yield made
        for store in made.stores:
            made.run(store.close())
        made.loop.close()


@st.composite
def fields(draw: st.DrawFn) -> dict[str, Any]:
    """Of few values each, so that events share them: many of one instant above all."""
    return {
        "at": draw(st.none() | st.sampled_from([1, 2, 2.5])),
        "session_id": draw(st.sampled_from(["", "s", "t"])),
        "project_id": draw(st.sampled_from(["", "p"])),
        "type": draw(st.sampled_from([0, 40])),
        "severity": draw(st.sampled_from([0, 3])),
        "tags": draw(st.lists(st.sampled_from(["x", "y"]), unique=True)),
    }


CONDITIONS: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {"size": st.integers(1, 4), "descending": st.booleans()},
    optional={
        "session_id": st.just("s"),
        "types": st.sampled_from([(0,), (0, 40)]),
        "severities": st.just((3,)),
        "tags": st.sampled_from([("x",), ("x", "y")]),
        "start": st.just((2, 0)),
        "end": st.just((2, 500_000_000)),
    },
)
BATCHES = st.lists(st.lists(fields(), max_size=4), max_size=8)


def expected(rows: list[EventRow], query: Query) -> list[str]:
    """Python's sort is stable, so that events of one instant stay in the order of their arrival."""
    found = [each for each in rows if matches(each, query)]
    found.sort(key=lambda each: (each.timed, each.seconds, each.nanos))
    return [each.event_id for each in (found[::-1] if query.descending else found)]


@pytest.mark.searched
@given(st.lists(fields(), max_size=20), BATCHES, CONDITIONS, st.booleans())
def test_pages_show_what_was_there_at_first(
    two: Two, before: list[dict[str, Any]], between: list[list[dict[str, Any]]], asked: dict[str, Any], project: bool
) -> None:
    tenant = next(TENANTS)
    numbers = itertools.count()
    tenancy = Tenancy(tenant, "p" if project else None)
    query = Query(tenancy=tenancy, **asked)

    def made(batch: list[dict[str, Any]]) -> list[EventRow]:
        return [row(f"{next(numbers)}", tenant_id=tenant, **each) for each in batch]

    async def main() -> None:
        rows = made(before)
        await two.stores[0].add(rows)
        found: list[str] = []
        batches, writers, readers = iter(between), itertools.cycle(two.stores), itertools.cycle(two.stores)
        page = await next(readers).find(query, ROOM)
        while True:
            assert len(page.events) <= query.size
            found += map(id_of, page.events)
            if not page.next_page_token:
                break
            await next(writers).add(made(next(batches, [])))
            page = await next(readers).find(replace(query, page_token=page.next_page_token), ROOM)
        assert found == expected(rows, query)

    two.run(main())


def test_pages_while_two_collectors_write_all_the_time(two: Two) -> None:
    """Each event that was acknowledged before the first page is in exactly one page, and pages are in order."""
    tenant = next(TENANTS)
    stored: list[str] = []
    done = False

    async def write(store: Store, name: str) -> None:
        for number in itertools.count():
            if done:
                break
            batch = [row(f"{name}-{number}-{n}", at=(number * 7 + n) % 5, tenant_id=tenant) for n in range(3)]
            await store.add(batch)
            stored.extend(each.event_id for each in batch)
            await asyncio.sleep(0)

    async def main() -> None:
        nonlocal done
        writing = [asyncio.ensure_future(write(store, name)) for store, name in zip(two.stores, "ab", strict=True)]
        try:
            for turn in range(6):
                await until(partial(lambda least: len(stored) >= least, 30 * (turn + 1)))
                known = set(stored)
                query = Query(tenancy=Tenancy(tenant), size=10, descending=turn % 2 == 0)
                found: list[str] = []
                while True:
                    page = await two.stores[turn % 2].find(query, ROOM)
                    found += map(id_of, page.events)
                    if not page.next_page_token:
                        break
                    query = replace(query, page_token=page.next_page_token)
                assert known <= set(found)
                assert len(found) == len(set(found))
                times = [(int(number) * 7 + int(n)) % 5 for _, number, n in (each.split("-") for each in found)]
                assert times == sorted(times, reverse=query.descending)
        finally:
            done = True
            await asyncio.gather(*writing)

    two.run(main())
