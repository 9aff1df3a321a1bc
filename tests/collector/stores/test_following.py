"""What has arrived since, and which sessions are wanted. Runs on all stores."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from chaukas_spec_lite import EventStatus, EventType
from chaukas_spec_lite.collector.stores.asking import Query, SessionFilter, Tenancy
from chaukas_spec_lite.collector.stores.base import Deletion, Store
from chaukas_spec_lite.collector.stores.following import LOOKED_AT
from chaukas_spec_lite.errors import InvalidRequest, StoreError
from chaukas_spec_lite.wire.envelopes import MAX_FRAME_BYTES
from tests.collector.stores.events import ROOM, id_of, row
from tests.collector.stores.places import Place
from tests.patience import run

ACME = Query(tenancy=Tenancy("acme"))


def with_store(place: Place, steps: Callable[[Store], Awaitable[None]]) -> None:
    async def main() -> None:
        store = place.store()
        await store.open()
        await steps(store)
        await store.close()

    run(main())


async def rest(store: Store, query: Query, cursor: str, room: int = ROOM) -> tuple[list[list[str]], str]:
    """The ids of every answer until there are no more, and the cursor of the last."""
    found: list[list[str]] = []
    while True:
        answer = await store.follow(query, cursor, room)
        found.append([id_of(data) for data in answer.events])
        cursor = answer.cursor
        if not answer.more:
            return found, cursor


def test_arrivals_are_told_once_in_the_order_of_arrival(place: Place) -> None:
    async def steps(store: Store) -> None:
        await store.add([row("before", tenant_id="acme")])
        begun = await store.follow(ACME, "", ROOM)
        assert (begun.events, begun.more) == ([], False)
        assert await rest(store, ACME, begun.cursor) == ([[]], begun.cursor), "nothing has arrived"
        await store.add([row("1", at=50, tenant_id="acme"), row("2", at=10, tenant_id="acme", project_id="p")])
        await store.add(
            [row("other", tenant_id="other"), row("1", at=50, tenant_id="acme"), row("3", tenant_id="acme")]
        )
        found, cursor = await rest(store, ACME, begun.cursor)
        assert found == [["1", "2", "3"]]
        assert (await rest(store, ACME, begun.cursor))[0] == found, "as often as it is asked"
        await store.add([row("4", tenant_id="acme", agent_id="conflict")])
        await store.add([row("4", tenant_id="acme", agent_id="another")])
        await store.delete(Deletion(Tenancy("acme", "p")))
        assert (await rest(store, ACME, cursor))[0] == [["4"]], "of a conflict the first one"
        assert (await rest(store, ACME, begun.cursor))[0] == [["1", "3", "4"]]

    with_store(place, steps)


def test_answers_are_small_and_say_that_there_is_more(place: Place) -> None:
    async def steps(store: Store) -> None:
        cursor = (await store.follow(ACME, "", ROOM)).cursor
        rows = [row(f"{number}", tenant_id="acme") for number in range(7)]
        await store.add(rows)
        names = [each.event_id for each in rows]
        assert (await rest(store, replace(ACME, size=3), cursor))[0] == [names[:3], names[3:6], names[6:]]
        assert (await rest(store, replace(ACME, size=7), cursor))[0] == [names]
        assert (await rest(store, ACME, cursor, 1))[0] == [[name] for name in names], "one at least"
        size = len(rows[0].data) + MAX_FRAME_BYTES
        found, _ = await rest(store, ACME, cursor, 3 * size)
        assert sum(map(len, found)) == 7
        assert max(map(len, found)) == 3

    with_store(place, steps)


def test_conditions_are_met(place: Place) -> None:
    async def steps(store: Store) -> None:
        everybody = (await store.follow(Query(), "", ROOM)).cursor
        wanted = {
            Query(session_id="s"): ["a"],
            Query(agent_id="x"): ["b", "c"],
            Query(types=(int(EventType.ERROR),)): ["b"],
            Query(statuses=(int(EventStatus.FAILED),), agent_id="x"): ["c"],
            Query(tags=("t",)): ["a", "c"],
            Query(start=(10, 0), end=(20, 0)): ["a", "b"],
            Query(text="needle"): ["b"],
            Query(tenancy=Tenancy("acme", "p")): ["c"],
            Query(tenancy=Tenancy("nobody")): [],
            Query(): ["a", "b", "c"],
        }
        cursors = {query: (await store.follow(query, "", ROOM)).cursor for query in wanted}
        await store.add(
            [
                row("a", at=10, tenant_id="acme", session_id="s", tags=["t"]),
                row("b", at=19, agent_id="x", type=EventType.ERROR, metadata={"n": "a Needle"}),
                row("c", at=20, tenant_id="acme", project_id="p", agent_id="x", status=EventStatus.FAILED, tags=["t"]),
            ]
        )
        for query, expected in wanted.items():
            assert (await rest(store, query, cursors[query]))[0] == [expected], query
        for query, cursor in ((ACME, everybody), (Query(), cursors[Query(session_id="s")]), (Query(), "no cursor")):
            with pytest.raises(InvalidRequest, match="cursor: not the cursor of an answer"):
                await store.follow(query, cursor, ROOM)
        token = (await store.find(Query(size=1), ROOM)).next_page_token
        with pytest.raises(InvalidRequest, match="cursor"):
            await store.follow(Query(size=1), token, ROOM)

    with_store(place, steps)


def test_few_among_many_are_found_step_by_step(place: Place) -> None:
    async def steps(store: Store) -> None:
        cursor = (await store.follow(ACME, "", ROOM)).cursor
        text = replace(ACME, text="needle")
        texts = (await store.follow(text, "", ROOM)).cursor
        for start in range(0, LOOKED_AT * 2, 1000):
            await store.add([row(f"{start + number}", tenant_id="other") for number in range(1000)])
        await store.add([row("last", tenant_id="acme", metadata={"a": "needle"})])
        found, _ = await rest(store, ACME, cursor)
        assert [name for part in found for name in part] == ["last"]
        assert len(found) == 3, "a bounded number is looked at for each"
        assert [name for part in (await rest(store, text, texts))[0] for name in part] == ["last"]

    with_store(place, steps)


def test_none_is_missed_while_several_store(place: Place) -> None:
    async def main() -> None:
        store, other = place.store(), place.store()
        await store.open()
        if place.shared:
            await other.open()
        else:
            other = store
        cursor = (await store.follow(Query(), "", ROOM)).cursor

        async def add(to: Store, name: str) -> None:
            for number in range(60):
                await to.add([row(f"{name}{number}-{part}") for part in range(3)])

        adding = asyncio.gather(*(add(to, f"{n}-") for n, to in enumerate((store, other, store, other))))
        seen: list[str] = []
        while not adding.done():
            await asyncio.sleep(0)  # as a store in memory never waits
            found, cursor = await rest(store, Query(size=50), cursor)
            seen += [name for part in found for name in part]
        await adding
        found, _ = await rest(store, Query(size=50), cursor)
        seen += [name for part in found for name in part]
        assert sorted(seen) == sorted(
            f"{n}-{number}-{part}" for n in range(4) for number in range(60) for part in range(3)
        )
        if other is not store:
            await other.close()
        await store.close()
        with pytest.raises(StoreError, match="is not open"):
            await store.follow(Query(), "", ROOM)

    run(main())


def test_sessions_by_agent_errors_and_time(place: Place) -> None:
    async def steps(store: Store) -> None:
        error, failed = EventType.ERROR, EventStatus.FAILED
        await store.add(
            [
                row("1", at=10, tenant_id="acme", session_id="early", agent_id="x"),
                row("2", at=20, tenant_id="acme", session_id="early", agent_id="y", type=error),
                row("3", at=15, tenant_id="acme", session_id="long", agent_id="y"),
                row("4", at=40, tenant_id="acme", session_id="long", status=failed),
                row("5", tenant_id="acme", session_id="untimed", agent_id="x"),
                row("6", at=40, tenant_id="acme", project_id="p", session_id="long", agent_id="x"),
                row("7", at=15, tenant_id="other", session_id="early", agent_id="x", type=error),
            ]
        )
        acme = Tenancy("acme")
        everyone = [("long", "p"), ("long", ""), ("early", ""), ("untimed", "")]
        for only, expected in (
            (SessionFilter(), everyone),
            (SessionFilter(agent_id="x"), [("long", "p"), ("early", ""), ("untimed", "")]),
            (SessionFilter(agent_id="y"), [("long", ""), ("early", "")]),
            (SessionFilter(agent_id="z"), []),
            (SessionFilter(with_errors=True), [("long", ""), ("early", "")]),
            (SessionFilter(with_errors=True, agent_id="x"), [("early", "")]),
            (SessionFilter(start=(20, 0)), everyone[:3]),
            (SessionFilter(start=(20, 1)), everyone[:2]),
            (SessionFilter(end=(40, 0)), [("long", ""), ("early", "")]),
            (SessionFilter(end=(15, 0)), [("early", "")]),
            (SessionFilter(end=(10, 0)), []),
            (SessionFilter(start=(16, 0), end=(17, 0), agent_id="y", with_errors=True), [("long", ""), ("early", "")]),
        ):
            found = await store.sessions(acme, 10, None, only)
            assert [(each.session_id, each.project_id) for each in found] == expected, only
            assert [*found[1:]] == (await store.sessions(acme, 10, found[0].place, only) if found else [])
        (early,) = await store.sessions(acme, 10, None, SessionFilter(agent_id="x", with_errors=True))
        assert (early.events, early.errors, early.first, early.last) == (2, 1, (10, 0), (20, 0)), "of all its events"

    with_store(place, steps)


def test_sessions_of_a_busy_agent_are_found_among_others(place: Place) -> None:
    async def steps(store: Store) -> None:
        for start in range(0, 3000, 500):
            await store.add(
                [row(f"{n}", at=n, session_id=f"s{n % 300}", agent_id="busy") for n in range(start, start + 500)]
            )
        await store.add([row(f"other-{n}", at=9000 + n, session_id=f"o{n}", agent_id="other") for n in range(50)])
        found = await store.sessions(Tenancy(), 1000, None, SessionFilter(agent_id="busy"))
        assert [each.session_id for each in found] == [f"s{n}" for n in range(299, -1, -1)]

    with_store(place, steps)
