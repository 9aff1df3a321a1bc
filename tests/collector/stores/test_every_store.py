"""What every store promises. Runs on all of them: see places.py."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from chaukas_spec_lite import EventStatus, EventType
from chaukas_spec_lite.collector.stores.asking import Query, Tenancy
from chaukas_spec_lite.collector.stores.base import (
    REJECTED_BYTES_PER_TENANT,
    REJECTED_PER_TENANT,
    TEXT_SCAN_EVENTS,
    Deletion,
    EventRow,
    EventStats,
    Rejected,
    Retention,
    SessionSummary,
    Store,
)
from chaukas_spec_lite.collector.stores.copied import Exported, Stage
from chaukas_spec_lite.errors import InvalidRequest, QueryTimeoutError, StoreError
from tests.collector.stores.events import CONFLICT, NEW, REPEATED, ROOM, all_rejected, conflicting, id_of, ids, row
from tests.collector.stores.places import Place
from tests.patience import HANG, run

ACME = Tenancy("acme")
ASCENDING = Query(descending=False, size=1000)


class Hand:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@asynccontextmanager
async def opened(store: Store) -> AsyncIterator[Store]:
    await store.open()
    try:
        yield store
    finally:
        await store.close()


def with_store(place: Place, steps: Callable[[Store], Awaitable[None]]) -> None:
    async def main() -> None:
        async with opened(place.store()) as store:
            await steps(store)

    run(main())


def test_an_id_is_stored_once_for_a_tenant_and_project(place: Place) -> None:
    async def steps(store: Store) -> None:
        a, b, c = row("a"), row("b"), row("c")
        assert await store.add([a, b, a]) == [NEW, NEW, REPEATED]
        assert await store.add([a, c]) == [REPEATED, NEW]
        others = [row("a", tenant_id="t"), row("a", project_id="p"), row("a", tenant_id="t", project_id="p")]
        assert await store.add(others) == [NEW, NEW, NEW]
        assert await store.add(others) == [REPEATED] * 3
        assert await ids(store) == ["a", "b", "c", "a", "a", "a"]
        assert await store.add([]) == []
        assert (await store.find(ASCENDING, ROOM)).events[:4] == [a.data, b.data, c.data, others[0].data]

    with_store(place, steps)


def test_another_event_under_the_same_id_is_a_conflict_and_kept(place: Place) -> None:
    async def steps(store: Store) -> None:
        first = row("a", tenant_id="acme", session_id="first", tags=["x", "y"])
        second = row("a", tenant_id="acme", session_id="second", tags=["z"], timestamp=None)
        third = row("a", tenant_id="acme", session_id="third")
        assert await store.add([first, second, row("a", tenant_id="other")]) == [NEW, CONFLICT, NEW]
        assert await store.add([second, third]) == [CONFLICT, CONFLICT]
        assert await store.add([first]) == [REPEATED]
        assert await conflicting(store, ACME, 10) == [third, second], "each once, the latest first"
        assert await conflicting(store, ACME, 1) == [third]
        assert await conflicting(store, Tenancy("other"), 10) == []
        assert await conflicting(store, Tenancy(), 10) == [third, second]
        assert (await store.find(Query(tenancy=ACME), ROOM)).events == [first.data]
        assert (await store.stats(Query(tenancy=ACME))).conflicts == 2
        assert (await store.stats(Query(tenancy=Tenancy("other")))).conflicts == 0

    with_store(place, steps)


def test_rejected_events_are_kept_within_bounds(place: Place) -> None:
    def reject(tenant: str, number: int) -> Rejected:
        return Rejected(tenant, "p", f"{number}", "no event_id", b"\xff\x00", float(number))

    async def steps(store: Store) -> None:
        other = reject("other", 0)
        await store.keep_rejected([other])
        await store.keep_rejected([])
        many = [reject("acme", number) for number in range(REJECTED_PER_TENANT + 7)]
        await store.keep_rejected(many[:5])
        await store.keep_rejected(many[5:])
        assert (await store.rejected(ACME, 3)).items == many[:-4:-1]
        assert (await store.rejected(ACME, 10_000)).items == many[:6:-1], "a tenant's oldest make room for its own"
        assert (await store.rejected(Tenancy("other"), 10)).items == [other]
        assert (await store.rejected(Tenancy("acme", "q"), 10)).items == []
        assert (await store.stats(Query())).rejected == REJECTED_PER_TENANT + 1

    with_store(place, steps)


def test_rejected_events_are_bounded_in_bytes_too(place: Place) -> None:
    def reject(number: int, size: int) -> Rejected:
        return Rejected("acme", "p", f"{number}", "no event_id", b"x" * size, float(number))

    async def steps(store: Store) -> None:
        part = REJECTED_BYTES_PER_TENANT // 4
        many = [reject(number, part) for number in range(7)]
        assert await store.keep_rejected(many[:3]) == 0
        assert await store.keep_rejected(many[3:]) == 3
        assert await all_rejected(store, ACME) == many[:2:-1]
        large = reject(8, REJECTED_BYTES_PER_TENANT + 1)
        assert await store.keep_rejected([large]) == 4
        assert await all_rejected(store, ACME) == [large], "the newest is there in any case"
        assert await store.keep_rejected([reject(9, 1)]) == 1

    with_store(place, steps)


@pytest.mark.parametrize("descending", [False, True])
def test_pages_stay_the_same_while_events_arrive(place: Place, descending: bool) -> None:
    async def steps(store: Store) -> None:
        await store.add([row(f"{number}", at=number % 3) for number in range(10)])
        query = Query(size=4, descending=descending)
        first = await store.find(query, ROOM)
        await store.add([row("new", at=1), row("untimed")])
        second = await store.find(replace(query, page_token=first.next_page_token), ROOM)
        await store.add([row("newer", at=2), row("older", at=0)])
        third = await store.find(replace(query, page_token=second.next_page_token), ROOM)
        assert third.next_page_token == ""
        assert await store.find(replace(query, page_token=first.next_page_token), ROOM) == second
        found = [id_of(data) for part in (first, second, third) for data in part.events]
        expected = ["0", "3", "6", "9", "1", "4", "7", "2", "5", "8"]
        assert found == (expected[::-1] if descending else expected)

    with_store(place, steps)


def test_a_page_ends_before_it_gets_too_large(place: Place) -> None:
    async def steps(store: Store) -> None:
        await store.add([row(f"{number}", session_id="x" * 1000) for number in range(5)])
        await store.add([row("large", session_id="x" * 10_000), row("last")])
        sizes, query = [], ASCENDING
        while True:
            part = await store.find(query, 2500)
            sizes.append(len(part.events))
            if not part.next_page_token:
                break
            query = replace(query, page_token=part.next_page_token)
        assert sizes == [2, 2, 1, 1, 1]

    with_store(place, steps)


def test_a_token_belongs_to_one_query_tenant_and_store(place: Place, tmp_path_factory: pytest.TempPathFactory) -> None:
    async def steps(store: Store) -> None:
        await store.add([row(f"{number}", tenant_id="acme", severity=2) for number in range(5)])
        query = Query(tenancy=ACME, severities=(2,), size=2)
        token = (await store.find(query, ROOM)).next_page_token
        assert (await store.find(replace(query, size=5, page_token=token), ROOM)).events, "the size may change"
        changed = token[:-1] + ("A" if token[-1] != "A" else "B")
        others = [
            replace(query, severities=(3,), page_token=token),
            replace(query, severities=(), page_token=token),
            replace(query, descending=False, page_token=token),
            replace(query, tenancy=Tenancy("other"), page_token=token),
            replace(query, tenancy=Tenancy(), page_token=token),
            replace(query, tenancy=Tenancy("acme", "p"), page_token=token),
            *(replace(query, page_token=bad) for bad in (changed, token[1:], token + "A", token[::-1], "x", "é" * 8)),
        ]
        for other in others:
            with pytest.raises(InvalidRequest, match=r"QueryRequest\.page_token"):
                await store.find(other, ROOM)

    with_store(place, steps)


def test_a_token_shows_nothing_of_what_it_holds(place: Place) -> None:
    """Numbers of arrivals count what all tenants store, and a page may end between events of others."""

    async def steps(store: Store) -> None:
        await store.add([row(f"{number}", tenant_id="acme", at=number) for number in range(100)])
        tokens: list[bytes] = []
        query = replace(ASCENDING, tenancy=ACME, size=1)
        for _ in range(60):
            token = (await store.find(query, ROOM)).next_page_token
            tokens.append(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
            query = replace(query, page_token=token)
        for place in range(len(tokens[0])):
            assert len({token[place] for token in tokens}) > 20, "each byte is as good as random: of 256, 60 are drawn"

    with_store(place, steps)


def test_tokens_are_good_in_another_store_on_the_same_events(place: Place) -> None:
    async def main() -> None:
        if not place.shared:
            return
        async with opened(place.store()) as one, opened(place.store()) as two:
            await one.add([row(f"{number}") for number in range(5)])
            query = replace(ASCENDING, size=2)
            first = await one.find(query, ROOM)
            second = await two.find(replace(query, page_token=first.next_page_token), ROOM)
            assert [id_of(data) for data in second.events] == ["2", "3"]

    run(main())


def test_what_was_stored_is_there_when_it_is_opened_again(place: Place) -> None:
    async def main() -> None:
        if not place.shared:
            return
        conflict, rejected = row("a", session_id="other"), Rejected("t", "p", "", "why", b"data", 5.0)
        async with opened(place.store()) as first:
            await first.add([row("a", tags=["x"], session_id="s"), row("b")])
            await first.add([conflict])
            await first.keep_rejected([rejected])
        async with opened(place.store()) as second:
            assert await second.add([row("a", tags=["x"], session_id="s")]) == [REPEATED]
            assert await ids(second) == ["a", "b"]
            assert await ids(second, Query(tags=("x",))) == ["a"]
            assert await conflicting(second, Tenancy(), 5) == [conflict]
            assert (await second.rejected(Tenancy(), 5)).items == [rejected]
            assert (await second.stats(Query())) == EventStats(2, 1, {0: 2}, 0.0, 1, 1)

    run(main())


def test_several_stores_add_at_once(place: Place) -> None:
    async def main() -> None:
        if not place.shared:
            return
        stores = [place.store() for _ in range(2)]
        await asyncio.gather(*(store.open() for store in stores))
        rows = [row(f"{number}") for number in range(20)]
        outcomes = await asyncio.gather(*(store.add([each]) for each in rows for store in stores))
        assert sorted(outcomes) == [[NEW]] * 20 + [[REPEATED]] * 20
        assert sorted(await ids(stores[0])) == sorted(await ids(stores[1])) == sorted(map(str, range(20)))
        for store in stores:
            await store.close()

    run(main())


def test_a_waiter_hears_of_what_is_stored(place: Place) -> None:
    async def main() -> None:
        async with opened(place.store()) as store:
            assert not await store.changed(0.01)
            waiting = asyncio.ensure_future(store.changed(HANG))
            await asyncio.sleep(0)
            await store.add([row("a")])
            assert await waiting
            if place.shared:
                async with opened(place.store()) as other:
                    heard = asyncio.ensure_future(store.changed(HANG))
                    number = 0
                    while not heard.done():  # what is stored before it listens, it need not hear
                        number += 1
                        await other.add([row(f"other-{number}")])
                        await asyncio.sleep(0.01)
                    assert await heard

    run(main())


async def filled(store: Store) -> list[EventRow]:
    failed, error = EventStatus.FAILED, EventType.ERROR
    rows = [
        row("1", at=10, tenant_id="acme", session_id="s", type=EventType.SYSTEM),
        row("2", at=12.5, tenant_id="acme", session_id="s", type=error, tags=["t"]),
        row("3", at=11, tenant_id="acme", session_id="s", status=failed),
        row("4", at=20, tenant_id="acme", session_id="later", type=error, status=failed),
        row("5", tenant_id="acme", session_id="untimed"),
        row("6", at=30, tenant_id="acme"),
        row("7", at=12.5, tenant_id="acme", project_id="p", session_id="s"),
        row("8", at=5, tenant_id="other", session_id="s", tags=["t"]),
    ]
    await store.add(rows)
    return rows


def test_sessions_are_listed_by_their_last_events(place: Place) -> None:
    def summary(session: str, events: int, errors: int, first: float, last: float, project: str = "") -> SessionSummary:
        def moment(at: float) -> tuple[int, int]:
            return int(at), int(at % 1 * 10**9)

        return SessionSummary("acme", project, session, events, errors, moment(first), moment(last))

    async def steps(store: Store) -> None:
        await filled(store)
        expected = [
            summary("later", 1, 1, 20, 20),
            summary("s", 1, 0, 12.5, 12.5, "p"),
            summary("s", 3, 2, 10, 12.5),
            summary("untimed", 1, 0, 0, 0),
        ]
        assert await store.sessions(ACME, 10) == expected
        assert await store.sessions(ACME, 2) == expected[:2]
        assert await store.sessions(Tenancy("acme", "p"), 10) == expected[1:2]
        for number, each in enumerate(expected, 1):
            assert await store.sessions(ACME, 10, each.place) == expected[number:]
            assert await store.sessions(ACME, 1, each.place) == expected[number : number + 1]
        everyone = await store.sessions(Tenancy(), 10)
        assert [each.tenant_id for each in everyone] == ["acme", "acme", "acme", "other", "acme"]
        await store.add([row("9", at=40, tenant_id="acme", session_id="untimed")])
        assert (await store.sessions(ACME, 1)) == [summary("untimed", 2, 0, 40, 40)]

    with_store(place, steps)


def test_stats_count_what_a_query_finds(place: Place) -> None:
    async def steps(store: Store) -> None:
        await filled(store)
        system, error = int(EventType.SYSTEM), int(EventType.ERROR)
        assert await store.stats(Query()) == EventStats(8, 5, {system: 1, error: 2, 0: 5}, 2500 / 4, 0, 0)
        acme = await store.stats(Query(tenancy=ACME))
        assert acme == EventStats(7, 4, {system: 1, error: 2, 0: 4}, 2500 / 3, 0, 0)
        project = await store.stats(Query(tenancy=Tenancy("acme", "p")))
        assert project == EventStats(1, 1, {0: 1}, 0.0, 0, 0)
        tagged = await store.stats(Query(tags=("t",)))
        assert tagged == EventStats(2, 2, {error: 1, 0: 1}, 0.0, 0, 0)
        early = await store.stats(Query(tenancy=ACME, end=(12, 0), size=1))
        assert early == EventStats(2, 1, {system: 1, 0: 1}, 1000.0, 0, 0)
        assert (await store.stats(Query(text="untime"))).events == 1
        assert await store.stats(Query(session_id="nowhere")) == EventStats(0, 0, {}, 0.0, 0, 0)

    with_store(place, steps)


def test_a_session_is_deleted_and_a_record_of_it_stays(place: Place) -> None:
    clock = Hand()

    async def main() -> None:
        async with opened(place.store(clock)) as store:
            await filled(store)
            await store.add([row("1", tenant_id="acme", session_id="s", agent_id="conflict")])
            deletion = Deletion(Tenancy("acme", ""), "s", reason="asked for", by="user:ann")
            assert await store.delete(deletion) == 3
            assert await ids(store) == ["5", "8", "7", "4", "6"]
            assert await conflicting(store, ACME, 5) == []
            assert [each.session_id for each in await store.sessions(ACME, 5)] == ["later", "s", "untimed"]
            assert await store.delete(deletion) == 0
            records = (await store.deletions(ACME, 5)).items
            assert [(each.deletion, each.at, each.events) for each in records] == [
                (deletion, clock.now, 0),
                (deletion, clock.now, 3),
            ]
            assert (await store.deletions(ACME, 1)).items == records[:1]
            assert (await store.deletions(Tenancy("other"), 5)).items == []
            assert await store.add([row("1", tenant_id="acme", session_id="s")]) == [NEW], "the id is free again"
            assert await store.check() == []

    run(main())


def test_a_tenant_is_deleted(place: Place) -> None:
    async def steps(store: Store) -> None:
        await filled(store)
        await store.add([row("1", tenant_id="acme", agent_id="conflict")])
        await store.keep_rejected([Rejected(name, "", "", "why", b"", 1.0) for name in ("acme", "other")])
        with pytest.raises(ValueError, match="one tenant"):
            Deletion(Tenancy())
        assert await store.delete(Deletion(ACME)) == 7
        assert await ids(store) == ["8"]
        assert await store.sessions(ACME, 5) == []
        assert await store.stats(Query(tenancy=ACME)) == EventStats(0, 0, {}, 0.0, 0, 0)
        assert await ids(store, Query(tags=("t",))) == ["8"]
        assert [each.tenant_id for each in (await store.rejected(Tenancy(), 5)).items] == ["other"]
        assert await store.check() == []
        await store.vacuum()
        assert await ids(store) == ["8"]

    with_store(place, steps)


def test_what_is_too_old_goes(place: Place) -> None:
    clock = Hand()

    async def main() -> None:
        async with opened(place.store(clock)) as store:
            await store.add([row("old", at=9e9, tenant_id="acme", session_id="s", tags=["t"]), row("older")])
            await store.add([row("old", tenant_id="acme")])
            await store.keep_rejected([Rejected("acme", "", "", "old", b"", clock.now)])
            clock.now += 100
            await store.add([row("new", at=1, tenant_id="acme", session_id="s")])
            await store.keep_rejected([Rejected("acme", "", "", "new", b"", clock.now)])
            assert await store.retain(Retention()) == 0
            assert await store.retain(Retention(max_age=1000)) == 0
            assert await store.retain(Retention(max_age=50)) == 2
            assert await ids(store) == ["new"]
            assert await conflicting(store, Tenancy(), 5) == []
            assert [each.reason for each in (await store.rejected(Tenancy(), 5)).items] == ["new"]
            assert [(each.events, each.last) for each in await store.sessions(ACME, 5)] == [(1, (1, 0))]
            assert await store.check() == []

    run(main())


def test_a_clock_that_was_years_ahead_keeps_nothing_that_came_after_it_was_set_right(place: Place) -> None:
    clock = Hand()

    async def main() -> None:
        async with opened(place.store(clock)) as store:
            for what, years in (("early", 0), ("ahead", 10), ("late", 0)):
                clock.now += years * 3e7
                await store.add([row(what, tenant_id="acme"), row("same", tenant_id="acme", agent_id=what)])
                await store.keep_rejected([Rejected("acme", "", "", what, b"", clock.now)])
                clock.now -= years * 3e7
            clock.now += 100
            await store.add([row("new")])
            assert await store.retain(Retention(max_age=50)) == 3
            assert sorted(await ids(store)) == ["ahead", "new"]
            assert [each.agent_id for each in await conflicting(store, Tenancy(), 5)] == ["ahead"]
            assert [each.reason for each in (await store.rejected(Tenancy(), 5)).items] == ["ahead"]
            assert await store.check() == []

    run(main())


def test_what_is_too_much_goes_by_tenants(place: Place) -> None:
    async def steps(store: Store) -> None:
        for number in range(10):
            await store.add([row(f"a{number}", at=-number, tenant_id="acme", agent_id="x" * 1000)])
        await store.add([row("small", tenant_id="other", agent_id="x" * 1000)])
        size = len(row("a0", tenant_id="acme", agent_id="x" * 1000).data)
        assert await store.retain(Retention(max_bytes=3 * size)) == 7
        assert await ids(store, Query(tenancy=ACME)) == ["a7", "a8", "a9"], "the oldest arrivals, not the oldest events"
        assert await ids(store, Query(tenancy=Tenancy("other"))) == ["small"]
        assert await store.retain(Retention(max_bytes=3 * size)) == 0
        assert await store.retain(Retention(max_bytes=0)) == 4
        assert await store.check() == []

    with_store(place, steps)


async def everything(store: Store, limit: int) -> list[Exported]:
    parts: list[Exported] = []
    for stage in Stage:
        after = ""
        while (part := await store.export(stage, after, limit)).size:
            parts.append(part)
            after = part.after
    return parts


@pytest.mark.parametrize("limit", [1, 3, 1000])
def test_all_that_is_there_can_be_copied(place: Place, limit: int) -> None:
    async def steps(store: Store) -> None:
        assert await everything(store, limit) == []
        rows = await filled(store)
        conflicts = [row("1", tenant_id="acme", tags=["b", "a"]), row("2", tenant_id="acme")]
        await store.add(conflicts)
        rejected = [Rejected("t", "p", f"{number}", "why", b"x", float(number)) for number in range(4)]
        await store.keep_rejected(rejected)
        parts = await everything(store, limit)
        assert [each.row for part in parts for each in part.events] == rows
        assert [each.row for part in parts for each in part.conflicts] == conflicts
        assert [each for part in parts for each in part.rejected] == rejected
        assert all(part.size <= limit for part in parts)

    with_store(place, steps)


def test_a_tenant_of_very_many_projects_sees_itself_alone(place: Place) -> None:
    """More projects than a store may look at one by one, and a neighbour whose events meet every condition."""
    shared = {
        "session_id": "s",
        "agent_id": "a",
        "span_id": "x",
        "trace_id": "t",
        "type": 40,
        "status": 3,
        "severity": 2,
    }
    conditions = [
        *({name: shared[name]} for name in ("session_id", "agent_id", "span_id", "trace_id")),
        {"types": (40,)},
        {"statuses": (3,)},
        {"severities": (2,)},
        {"tags": ("tag",)},
        {"types": (40, 41), "tags": ("tag",), "session_id": "s"},
        {},
    ]

    async def steps(store: Store) -> None:
        await store.add([row(f"{number}", tenant_id="many", project_id=f"p{number}") for number in range(250)])
        for tenant in ("few", "many"):
            await store.add([row(f"{tenant}{n}", tenant_id=tenant, tags=["tag"], **shared) for n in range(3)])
        for condition in conditions:
            for tenant, size in (("few", 3), ("many", 3 if condition else 253)):
                query = Query(tenancy=Tenancy(tenant), size=1000, **condition)  # type: ignore[arg-type]
                found = await ids(store, query)
                assert len(found) == size, condition
                assert not [each for each in found if each.startswith({"few": "many", "many": "few"}[tenant])]

    with_store(place, steps)


def test_an_empty_session_trace_or_tag_is_no_condition(place: Place) -> None:
    async def steps(store: Store) -> None:
        await store.add([row("a", tags=[""]), row("b")])
        assert await ids(store, Query(session_id="")) == ["b", "a"]
        assert await ids(store, Query(tags=("",))) == ["a"], "an empty tag is a tag"
        assert await ids(store, Query(tenancy=Tenancy(""))) == ["b", "a"], "so is an empty tenant one"

    with_store(place, steps)


def test_a_query_is_given_up_when_its_time_is_over(place: Place) -> None:
    async def steps(store: Store) -> None:
        await store.add([row(f"{number}", tags=["t"]) for number in range(3000)])
        with pytest.raises(QueryTimeoutError, match="took more than 0 seconds"):
            await store.find(Query(text="nothing has this"), ROOM, time_limit=0.0)
        assert len((await store.find(Query(size=10), ROOM)).events) == 10, "and others are not"

    with_store(place, steps)


def test_a_query_that_was_cancelled_disturbs_no_other(place: Place) -> None:
    async def steps(store: Store) -> None:
        await store.add([row(f"{number}", agent_id="agent") for number in range(600)])
        for _ in range(10):
            asking = asyncio.ensure_future(store.find(Query(text="nothing has this"), ROOM))
            await asyncio.sleep(0)
            asking.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asking
            assert len(await ids(store, Query(text="AGENT".casefold(), size=1000))) == 600

    with_store(place, steps)


def test_a_search_for_text_that_finds_little_goes_on_by_tokens(place: Place) -> None:
    async def steps(store: Store) -> None:
        await store.add([row(f"{n}", at=n, agent_id="needle" if n in (0, 4999) else "hay") for n in range(5000)])
        for text in ("needle", "ne"):
            assert await ids(store, Query(text=text)) == ["4999", "0"]
            assert await ids(store, Query(text=text, descending=False)) == ["0", "4999"]
        assert len(await ids(store, Query(text="ha", size=100))) == 4998
        for text in ("needle", "ne"):
            first = await store.find(Query(text=text), ROOM)
            # Two characters are too few for an index of trigrams.
            if store.indexes_text and len(text) > 2:
                assert (first.scanned, first.next_page_token) == (0, "")
            else:
                assert TEXT_SCAN_EVENTS <= first.scanned <= TEXT_SCAN_EVENTS + 1
                assert first.next_page_token
        assert (await store.find(Query(size=1000), ROOM)).scanned == 0

    with_store(place, steps)


def test_a_store_tells_its_size_and_name(place: Place) -> None:
    async def steps(store: Store) -> None:
        await store.add([row(f"{number}", agent_id="x" * 1000) for number in range(1000)])
        assert await store.size() > 1_000_000
        assert store.name

    with_store(place, steps)


def test_a_store_that_is_not_open_says_so(place: Place) -> None:
    async def main() -> None:
        store = place.store()
        for _ in range(2):  # before it is opened, and after it was closed
            for work in (
                *(store.add([row("a")]), store.find(Query(), ROOM), store.stats(Query()), store.sessions(ACME, 1)),
                *(store.conflicts(ACME, 1), store.rejected(ACME, 1), store.keep_rejected([]), store.check()),
                *(store.delete(Deletion(ACME)), store.deletions(ACME, 1), store.retain(Retention(1.0))),
                *(store.export(Stage.EVENTS, "", 1), store.vacuum(), store.changed(0.01), store.counts(ACME)),
                store.follow(Query(), "", ROOM),
            ):
                with pytest.raises(StoreError, match="is not open"):
                    await work
            await store.open()
            await store.close()

    run(main())
