"""What stores keep beside events, in parts: conflicts, what was rejected, and deletions. Runs on all of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from chaukas_spec_lite.collector.stores.asking import Tenancy
from chaukas_spec_lite.collector.stores.base import Deletion, KeptCounts, Rejected, Store
from chaukas_spec_lite.collector.stores.listing import PART_BYTES, Part
from chaukas_spec_lite.errors import InvalidRequest
from tests.collector.stores.events import CONFLICT, row
from tests.collector.stores.places import Place
from tests.patience import run

ACME = Tenancy("acme")
LISTS = ["conflicts", "rejected", "deletions"]


def with_store(place: Place, steps: Callable[[Store], Awaitable[None]], now: float = 1_000_000.0) -> None:
    async def main() -> None:
        store = place.store(lambda: now)
        await store.open()
        await steps(store)
        await store.close()

    run(main())


async def keep(store: Store, name: str, number: int, tenant: str = "acme", project: str = "", size: int = 1) -> None:
    """Have something in a list, which ``label`` finds there again."""
    if name == "conflicts":
        first = row(f"{number}", tenant_id=tenant, project_id=project)
        await store.add([first])
        assert await store.add([first._replace(data=b"x" * size, text="")]) == [CONFLICT]
    elif name == "rejected":
        await store.keep_rejected([Rejected(tenant, project, f"{number}", "why", b"x" * size, 1.5)])
    else:
        await store.delete(Deletion(Tenancy(tenant, project), f"{number}", "asked for"))


def label(item: Any) -> str:
    if hasattr(item, "row"):
        return str(item.row.event_id)
    return str(item.deletion.session_id if hasattr(item, "deletion") else item.event_id)


async def parts(store: Store, name: str, tenancy: Tenancy, limit: int) -> list[list[str]]:
    """All parts of a list."""
    found: list[list[str]] = []
    token = ""
    while True:
        part: Part[Any] = await getattr(store, name)(tenancy, limit, token)
        found.append([label(item) for item in part.items])
        token = part.next_page_token
        if not token:
            return found


@pytest.mark.parametrize("name", LISTS)
def test_a_list_is_read_in_parts_while_it_grows(place: Place, name: str) -> None:
    async def steps(store: Store) -> None:
        for number in range(7):
            await keep(store, name, number)
            await keep(store, name, number, tenant="other")
            await keep(store, name, number + 100, project="p")
        assert await parts(store, name, Tenancy("acme", "p"), 3) == [
            ["106", "105", "104"],
            ["103", "102", "101"],
            ["100"],
        ]
        whole = [text for number in range(6, -1, -1) for text in (f"{number + 100}", f"{number}")]
        for limit in (1, 2, 7, 14, 15):
            found = await parts(store, name, ACME, limit)
            assert [text for part in found for text in part] == whole
            assert [len(part) for part in found[:-1]] == [limit] * (len(found) - 1)
            assert len(found) == -(-len(whole) // limit), "and none is empty"
        assert sum(map(len, await parts(store, name, Tenancy(), 4))) == 21
        first: Part[Any] = await getattr(store, name)(ACME, 10, "")
        await keep(store, name, 50)
        second: Part[Any] = await getattr(store, name)(ACME, 10, first.next_page_token)
        assert [label(item) for item in (*first.items, *second.items)] == whole, "the new one came above"

    with_store(place, steps)


@pytest.mark.parametrize("name", LISTS)
def test_a_token_is_one_of_a_list_and_a_tenancy(place: Place, name: str) -> None:
    async def steps(store: Store) -> None:
        for kind in LISTS:
            for number in range(3):
                await keep(store, kind, number)
                await keep(store, kind, number, tenant="other")
        token = (await getattr(store, name)(ACME, 2, "")).next_page_token
        assert token
        others = [kind for kind in LISTS if kind != name]
        wrong = [(name, tenancy, token) for tenancy in (Tenancy("other"), Tenancy(), Tenancy("acme", ""))]
        wrong += [(kind, ACME, token) for kind in others] + [(name, ACME, token[:-1]), (name, ACME, "AAAA")]
        wrong += [(name, Tenancy("nobody"), token)]
        for kind, tenancy, given in wrong:
            with pytest.raises(InvalidRequest, match="page_token: not the next_page_token of a page of this list"):
                await getattr(store, kind)(tenancy, 2, given)

    with_store(place, steps)


@pytest.mark.parametrize("name", LISTS[:2])
def test_a_part_ends_before_it_gets_too_large(place: Place, name: str) -> None:
    async def steps(store: Store) -> None:
        sizes = [PART_BYTES // 2, PART_BYTES // 2, 0, PART_BYTES + 1, 1, PART_BYTES - 1]
        for number, size in enumerate(sizes):
            await keep(store, name, number, size=size)
        assert await parts(store, name, ACME, 100) == [["5", "4"], ["3"], ["2", "1", "0"]]

    with_store(place, steps)


def test_what_is_kept_is_counted_and_shown_whole(place: Place) -> None:
    now = 1_000_000.25

    async def steps(store: Store) -> None:
        assert await store.counts(Tenancy()) == KeptCounts(0, 0, 0)
        for kind, times in zip(LISTS, (1, 2, 3), strict=True):
            for number in range(times):
                await keep(store, kind, number)
            await keep(store, kind, 9, tenant="other", project="p")
        assert await store.counts(ACME) == KeptCounts(1, 2, 3)
        assert await store.counts(Tenancy("acme", "q")) == KeptCounts(0, 0, 0)
        assert await store.counts(Tenancy("other", "p")) == KeptCounts(1, 1, 1)
        assert await store.counts(Tenancy()) == KeptCounts(2, 3, 4)
        ((conflict,), (_, rejected), (deletion, *_)) = [(await getattr(store, name)(ACME, 10)).items for name in LISTS]
        assert (conflict.row._replace(text=None), conflict.received) == (
            row("0", tenant_id="acme")._replace(data=b"x"),
            now,
        )
        assert rejected == Rejected("acme", "", "0", "why", b"x", 1.5)
        assert (deletion.deletion, deletion.at, deletion.events) == (
            Deletion(Tenancy("acme", ""), "2", "asked for"),
            now,
            0,
        )

    with_store(place, steps, now)
