"""The logs of stores against a plain model: whatever is stored, refused, deleted and asked for, in any order."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Coroutine, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from chaukas_spec_lite.audit.merkle import (
    leaf_hash,
    prove_consistency,
    prove_inclusion,
    root_of,
    tree_root,
    verify_consistency,
    verify_inclusion,
)
from chaukas_spec_lite.audit.notes import Checkpoint, SignedNote
from chaukas_spec_lite.collector.stores.asking import Tenancy
from chaukas_spec_lite.collector.stores.base import Addition, Deletion, EventRow, Retention, Store
from chaukas_spec_lite.collector.stores.event_log import EventLog, Gone, LogEntry, LogHead, hashes_for
from chaukas_spec_lite.errors import StoreError
from tests.collector.stores.conftest import place_for
from tests.collector.stores.events import CONFLICT, NEW, REPEATED, row
from tests.collector.stores.places import Place
from tests.collector.stores.test_every_store import Hand, opened
from tests.collector.stores.test_log import noted
from tests.patience import HANG
from tests.profiles import examples

T = TypeVar("T")

ENTRIES = st.lists(
    st.tuples(
        *(st.sampled_from(choices) for choices in (("acme", "other"), "pq", "abcdef", "st", "xy")),
    ),
    min_size=1,
    max_size=8,
)
"""Tenant, project, id, session, and something by which events of one id differ."""
_numbers = itertools.count()


@dataclass
class Known:
    """What the model has of an entry."""

    stored: EventRow
    received: float
    gone: Gone | None = None


class AnyLog(RuleBasedStateMachine):
    """A store, and what its logs should be. Each run has tenants of its own, so that runs can share a place."""

    place: Place
    loop: asyncio.AbstractEventLoop
    clock = Hand()

    def __init__(self) -> None:
        super().__init__()
        self.prefix = f"{next(_numbers)}-"
        self.logs: dict[str, list[Known]] = {f"{self.prefix}{name}": [] for name in ("acme", "other")}
        self.kept: dict[str, dict[int, bytes]] = {tenant: {} for tenant in self.logs}
        self.store: Store = self.place.store(self.clock, worm=True)

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(asyncio.wait_for(work, HANG))

    @initialize()
    def open(self) -> None:
        self.do(self.store.open())

    def teardown(self) -> None:
        self.do(self.store.close())

    @property
    def log(self) -> EventLog:
        assert self.store.log is not None
        return self.store.log

    def rows(self, entries: list[tuple[str, ...]]) -> list[EventRow]:
        return [
            row(event_id, tenant_id=self.prefix + tenant, project_id=project, session_id=session, agent_id=agent)
            for tenant, project, event_id, session, agent in entries
        ]

    def there(self, wanted: EventRow) -> Known | None:
        for each in self.logs[wanted.tenant_id]:
            if each.gone is None and each.stored[:3] == wanted[:3]:
                return each
        return None

    @rule(entries=ENTRIES)
    def add(self, entries: list[tuple[str, ...]]) -> None:
        rows, expected = self.rows(entries), list[Addition]()
        for each in rows:
            there = self.there(each)
            if there is None:
                self.logs[each.tenant_id].append(Known(each, self.clock.now))
            expected.append(NEW if there is None else REPEATED if there.stored.data == each.data else CONFLICT)
        assert self.do(self.store.add(rows)) == expected

    @precondition(lambda self: self.place.shared)
    @rule(entries=ENTRIES)
    def fail(self, entries: list[tuple[str, ...]]) -> None:
        """What is undone leaves nothing behind."""
        rows = self.rows(entries)
        with pytest.raises((StoreError, OverflowError)):
            self.do(self.store.add([*rows, rows[0]._replace(event_id="too large", type=2**70)]))

    @precondition(lambda self: self.place.shared)
    @rule()
    def reopen(self) -> None:
        self.do(self.store.close())
        self.store = self.place.store(self.clock)
        self.do(self.store.open())

    @rule(
        tenant=st.sampled_from(["acme", "other"]),
        project=st.sampled_from([None, "p"]),
        session=st.sampled_from(["", "s"]),
    )
    def delete(self, tenant: str, project: str | None, session: str) -> None:
        self.clock.now += 1
        deletion = Deletion(Tenancy(self.prefix + tenant, project), session, "why", "user:ann")
        chosen = [
            each
            for each in self.logs[self.prefix + tenant]
            if each.gone is None
            and project in (None, each.stored.project_id)
            and session in ("", each.stored.session_id)
        ]
        for each in chosen:
            each.gone = Gone(self.clock.now, deletion)
        assert self.do(self.store.delete(deletion)) == len(chosen)

    @rule(seconds=st.sampled_from([5, 90_000]))
    def retain(self, seconds: int) -> None:
        self.clock.now += seconds
        for each in itertools.chain(*self.logs.values()):
            if each.gone is None and each.received < self.clock.now - 50_000:
                each.gone = Gone(self.clock.now)
        self.do(self.store.retain(Retention(max_age=50_000)))

    @rule(tenant=st.sampled_from(["acme", "other"]))
    def keep_checkpoint(self, tenant: str) -> None:
        tenant = self.prefix + tenant
        head = self.do(self.log.head(tenant))
        self.kept[tenant].setdefault(head.size, head.root)
        note = noted([each.stored for each in self.logs[tenant]], head.size)
        assert self.do(self.log.keep_checkpoint(tenant, head.size, note)) == note
        with pytest.raises(StoreError, match="whose log has"):
            self.do(self.log.keep_checkpoint(tenant, head.size + 1, note))

    @rule(data=st.data())
    def prove(self, data: st.DataObject) -> None:
        for tenant, known in self.logs.items():
            leaves = [leaf_hash(each.stored.data) for each in known]
            head = self.do(self.log.head(tenant))
            assert head == LogHead(tenant, len(known), root_of(leaves), max(self.kept[tenant], default=None))
            if known:
                index = data.draw(st.integers(0, len(known) - 1))
                proof = self.hashed(tenant, partial(prove_inclusion, index=index, size=head.size))
                verify_inclusion(leaves[index], index, head.size, proof, head.root)
            for size, root in self.kept[tenant].items():
                assert self.hashed(tenant, partial(tree_root, size=size)) == root
                proof = self.hashed(tenant, partial(prove_consistency, old_size=size, size=head.size))
                verify_consistency(size, head.size, root, head.root, proof)

    def hashed(self, tenant: str, make: Any) -> Any:
        return self.do(hashes_for(self.log, tenant, make))

    @rule()
    def look(self) -> None:
        for tenant, known in self.logs.items():
            entries = [
                LogEntry(
                    index,
                    leaf_hash(each.stored.data),
                    each.stored.project_id,
                    each.stored.event_id,
                    each.stored.data if each.gone is None else None,
                    each.gone,
                )
                for index, each in enumerate(known)
            ]
            assert self.do(self.log.entries(tenant, 0, 1000)) == entries
            for event_id in "af":
                places = [entry.index for entry in entries if entry.event_id == event_id]
                assert [each.index for each in self.do(self.log.places(Tenancy(tenant), event_id))] == places
            kept = self.do(self.log.checkpoints(tenant, limit=1000))
            told = [Checkpoint.of(SignedNote.parse(each.note)) for each in kept]
            assert [(each.size, each.root) for each in told] == sorted(self.kept[tenant].items(), reverse=True)


@pytest.fixture(scope="module", params=["memory", "sqlite", pytest.param("postgres", marks=pytest.mark.stores)])
def shared_place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with place_for(request, tmp_path_factory) as made:
        yield made


@pytest.mark.searched
def test_any_log(shared_place: Place) -> None:
    loop = asyncio.new_event_loop()

    class OnThisPlace(AnyLog):
        place = shared_place

    async def check() -> None:
        async with opened(shared_place.store()) as store:
            assert await store.check() == []  # of all runs at once, as each one's check would look at those before it

    OnThisPlace.loop = loop
    try:
        run_state_machine_as_test(OnThisPlace, settings=settings(max_examples=examples(40), stateful_step_count=30))
        loop.run_until_complete(asyncio.wait_for(check(), HANG))
    finally:
        loop.close()
