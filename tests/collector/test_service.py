"""The collector's service, on a store in memory: what it stores, rejects and refuses, and for whom."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from chaukas_spec_lite import Event, EventBatch, QueryFilter, QueryRequest, SortOrder
from chaukas_spec_lite.collector import intake, lanes
from chaukas_spec_lite.collector.callers import ANYONE, Caller
from chaukas_spec_lite.collector.metrics import Meter
from chaukas_spec_lite.collector.quotas import Quotas, Rate
from chaukas_spec_lite.collector.receipts import Receipt, RejectedNote, Shape
from chaukas_spec_lite.collector.searched_text import searched_text
from chaukas_spec_lite.collector.service import CollectorService
from chaukas_spec_lite.collector.skim import skim
from chaukas_spec_lite.collector.splitting import split
from chaukas_spec_lite.collector.stores.asking import EVERYBODY, Tenancy
from chaukas_spec_lite.collector.stores.base import Addition, EventRow, Rejected
from chaukas_spec_lite.collector.stores.memory import MemoryStore
from chaukas_spec_lite.errors import ForbiddenError, InvalidRequest, StoreError, ThrottledError, TooMuchError
from chaukas_spec_lite.wire.envelopes import batch_request, event_request
from tests import realdata
from tests.collector.stores.events import all_rejected, conflicting
from tests.patience import HANG
from tests.strategies import delimited

ACME = Caller("acme-key", Tenancy("acme"))
WEB = Caller("web-key", Tenancy("acme", "web"))
NO_ID = "event_id: empty; every event needs an ID of its own, by which the collector knows it when it is sent again"


class Unsteady(MemoryStore):
    """A store that says when it cannot store, and remembers in which order it was asked to."""

    def __init__(self) -> None:
        super().__init__(texts=searched_text)
        self.fails = False
        self.asked: list[list[str]] = []

    async def add(self, rows: Sequence[EventRow]) -> list[Addition]:
        self._check()
        self.asked.append([row.event_id for row in rows])
        return await super().add(rows)

    async def keep_rejected(self, rejected: Sequence[Rejected]) -> int:
        self._check()
        return await super().keep_rejected(rejected)

    def _check(self) -> None:
        if self.fails:
            raise StoreError("the disk is full")


class Running:
    """A service that is open, and its store."""

    def __init__(self, **arguments: Any) -> None:
        self.store = Unsteady()
        self.now = 0.0
        self.service = CollectorService(self.store, clock=lambda: self.now, **arguments)

    async def send(self, *events: bytes, caller: Caller = ANYONE, head: bytes = b"") -> Receipt:
        return await self.service.ingest(batch_request(head, events), Shape.BATCH, caller)

    async def stored(self, caller: Caller = ANYONE, filter_: QueryFilter | None = None) -> list[bytes]:
        request = QueryRequest(filter=filter_, page_size=1000, order_by_time=SortOrder.ASC)
        return (await self.service.query(request, caller)).events

    async def rejected(self, tenancy: Tenancy = EVERYBODY) -> list[tuple[str, bytes]]:
        return [(each.reason, each.data) for each in await all_rejected(self.store, tenancy)]


def run(work: Callable[[Running], Awaitable[None]], **arguments: Any) -> Running:
    running = Running(**arguments)

    async def main() -> None:
        await running.service.open()
        try:
            await asyncio.wait_for(work(running), HANG)
        finally:
            await running.service.close()

    asyncio.run(main())
    return running


def event(id_: str, **fields: Any) -> bytes:
    return bytes(Event(event_id=id_, **fields))


def sample(running: Running, text: str) -> list[str]:
    lines = asyncio.run(metrics(running)).splitlines()
    return [line for line in lines if line.startswith(text)]


async def metrics(running: Running) -> str:
    await running.store.open()
    return await running.service.metrics()


def test_every_recorded_body_is_taken_and_given_back_byte_by_byte() -> None:
    async def work(running: Running) -> None:
        sent: list[bytes] = []
        shapes = {"IngestEventRequest": Shape.EVENT, "IngestEventBatchRequest": Shape.BATCH}
        for body in realdata.bodies():
            shape = shapes[body.message_type.rpartition(".")[2]]
            receipt = await running.service.ingest(body.data, shape, ANYONE)
            assert receipt.accepted == body.events == len(receipt.event_ids)
            assert not receipt.rejected
            sent += split(body.data, shape).events
        found: list[bytes] = []
        request = QueryRequest(page_size=1000)
        while True:
            page = await running.service.query(request, ANYONE)
            found += page.events
            request.page_token = page.next_page_token
            if not request.page_token:
                break
        assert sorted(found) == sorted(set(sent))

    run(work)


POISON = [
    (b"\x12\x01t", NO_ID, ""),
    (b"", NO_ID, ""),
    (b"\x0a\x01e\x22\x01\xff", "session_id: a string is not UTF-8: invalid start byte (at byte 5)", "e"),
    (b"\x0a\x01\xff", "event_id: a string is not UTF-8: invalid start byte (at byte 2)", ""),
    (b"\x0a\x05e", " a length of 5 bytes exceeds the 1 that are left (at byte 1)", ""),
    (
        b"\x0a\x01e" + delimited(90, b"\x0a\x06\x0a\x01k\x12\x01\x1a"),
        "metadata['k']: the input ends inside a varint (at byte 14)",
        "e",
    ),
]


@pytest.mark.parametrize(("bad", "reason", "id_"), POISON, ids=range(len(POISON)))
def test_one_bad_event_holds_up_no_other(bad: bytes, reason: str, id_: str) -> None:
    good = [event(f"e{i}") for i in range(30)]

    async def work(running: Running) -> None:
        receipt = await running.send(*good[:3], bad, *good[3:], head=bytes(EventBatch(batch_id="b")))
        separator = ":" if reason.startswith(" ") else "."
        path = f"IngestEventBatchRequest.event_batch.events[3]{separator}{reason}"
        assert receipt == Receipt("b", 30, 0, 0, (RejectedNote(id_, path, 3),), 1, tuple(f"e{i}" for i in range(30)))
        assert await running.stored() == good
        assert await running.rejected() == [(path, bad)]
        single = await running.service.ingest(event_request(bad), Shape.EVENT, ANYONE)
        assert (single.accepted, single.rejected_count) == (0, 1)
        assert single.rejected[0].reason == f"IngestEventRequest.event{separator}{reason}"

    running = run(work)
    assert sample(running, "chaukas_events_total") == [
        'chaukas_events_total{outcome="new"} 30',
        'chaukas_events_total{outcome="repeated"} 0',
        'chaukas_events_total{outcome="conflict"} 0',
        'chaukas_events_total{outcome="rejected"} 2',
        'chaukas_events_total{outcome="dropped"} 0',
    ]
    assert sample(running, "chaukas_requests_total") == [
        'chaukas_requests_total{call="ingest",outcome="ok"} 2',
        'chaukas_requests_total{call="query",outcome="ok"} 1',
    ]


def test_only_bad_events_are_taken_too() -> None:
    async def work(running: Running) -> None:
        receipt = await running.send(b"", b"\xff")
        assert (receipt.accepted, receipt.rejected_count) == (0, 2)
        assert running.store.asked == [], "there is nothing to store"

    run(work)


def test_more_bad_events_than_a_receipt_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake, "_MAX_NOTES", 5)

    async def work(running: Running) -> None:
        receipt = await running.send(*[b""] * 600)
        assert receipt.rejected_count == 600
        assert [note.position for note in receipt.rejected] == [0, 1, 2, 3, 4]

    run(work)


def test_what_is_kept_and_told_of_a_bad_event_is_bounded() -> None:
    key = b"k" * 100_000
    damaged = delimited(1, b"i" * 100_000) + delimited(
        90, delimited(1, delimited(1, key) + delimited(2, b"\x1a\x01\xff"))
    )
    large = delimited(2, b"t" * 3_000_000)

    async def work(running: Running) -> None:
        receipt = await running.send(damaged, large)
        assert [len(note.event_id) for note in receipt.rejected] == [1000, 0]
        assert max(len(note.reason) for note in receipt.rejected) == 1000
        assert receipt.rejected[1].reason.endswith("(only the first 1048576 of its 3000005 bytes are kept)")
        assert sorted(len(data) for _, data in await running.rejected()) == [len(damaged), 1 << 20]
        batch = delimited(4, delimited(1, delimited(1, key) + delimited(2, b"\x1a\x01\xff")))
        with pytest.raises(InvalidRequest) as caught:
            await running.send(head=batch)
        assert len(str(caught.value)) == 1000

    run(work)


def test_positions_go_on_from_slice_to_slice() -> None:
    async def work(running: Running) -> None:
        receipt = await running.send(*[event(str(i)) for i in range(1000)], b"", event("x" * 300_000), b"")
        assert [note.position for note in receipt.rejected] == [1000, 1002]
        assert receipt.accepted == 1001
        assert [len(ids) for ids in running.store.asked] == [256, 256, 256, 232, 1]

    run(work)


def test_events_sent_again_and_conflicts() -> None:
    async def work(running: Running) -> None:
        first, other = event("a"), event("a", session_id="s")
        receipt = await running.send(first, first, other, event("b"))
        assert (receipt.accepted, receipt.repeated, receipt.conflicts, receipt.rejected_count) == (4, 1, 1, 0)
        assert receipt.event_ids == ("a", "a", "a", "b")
        assert await running.stored() == [first, event("b")]
        assert [row.data for row in await conflicting(running.store, EVERYBODY, 10)] == [other]

    run(work)


@pytest.mark.parametrize("events", [[event("a")], [event("a"), b""], [b""]], ids=["good", "mixed", "bad"])
def test_success_means_that_it_is_stored(events: list[bytes]) -> None:
    async def work(running: Running) -> None:
        assert await running.service.is_serving()
        running.store.fails = True
        assert await running.service.is_serving(), "an answer is good for a moment"
        with pytest.raises(StoreError, match=r"the collector's log says why, at incident \w{8}$"):
            await running.send(*events)
        assert not await running.service.is_serving(), "it has just been seen to fail"
        running.now += 2
        assert not await running.service.is_serving(), "asked again, it still fails"
        running.store.fails = False
        assert not await running.service.is_serving()
        running.now += 2
        assert await running.service.is_serving()
        running.store.fails = True
        running.now += 2
        assert not await running.service.is_serving(), "without traffic, too"
        running.store.fails = False
        await running.send(*events)
        assert await running.service.is_serving(), "what was just stored says so"

    running = run(work)
    assert sample(running, 'chaukas_requests_total{call="ingest"') == [
        'chaukas_requests_total{call="ingest",outcome="ok"} 1',
        'chaukas_requests_total{call="ingest",outcome="store_failed"} 1',
    ]


def test_rejected_events_are_told_in_the_log_without_what_they_hold(caplog: pytest.LogCaptureFixture) -> None:
    bad = [b"\xffsecret", bytes(Event(session_id="secret")), bytes(Event(event_id="secret", tenant_id="other"))]

    async def work(running: Running) -> None:
        for _ in range(3):
            await running.send(*bad, caller=ACME)
        await running.service.ingest_events([], ACME, unread=[("secret", "$: secret", b"secret")])

    with caplog.at_level(logging.WARNING):
        run(work)
    said = [record.getMessage() for record in caplog.records]
    whys = "cannot be decoded", "have no event_id", "name another tenant or project than their key's"
    end = "(chaukas-lite store rejected lists them)"
    assert said == [
        *(f"1 event of key acme-key rejected: they {why} {end}" for why in whys),
        f"1 event of key acme-key rejected: they are no events in JSON {end}",
        *(f"2 events of key acme-key rejected: they {why} {end}" for why in whys),
    ]


def test_a_store_that_fails_fills_no_log(caplog: pytest.LogCaptureFixture) -> None:
    async def work(running: Running) -> None:
        running.store.fails = True
        for _ in range(50):
            with pytest.raises(StoreError):
                await running.send(event("a"))
        running.now += 60
        with pytest.raises(StoreError):
            await running.send(event("a"))

    run(work)
    said = [each.getMessage() for each in caplog.records if each.levelno == logging.ERROR]
    assert len(said) == 2
    assert all(each.startswith("the disk is full (clients are told: incident ") for each in said)


def test_a_service_that_is_not_open() -> None:
    async def main() -> None:
        service = CollectorService(MemoryStore(texts=searched_text))
        for _ in range(2):
            with pytest.raises(StoreError, match="the collector's store in memory is not open"):
                await service.ingest(event_request(event("a")), Shape.EVENT, ANYONE)
            assert not await service.is_serving()
            await service.open()
            await service.close()

    asyncio.run(main())


@pytest.mark.parametrize("body", [b"\x0a\x05", b"", b"\x0a\x03\x0a\x01\xff"])
def test_what_is_no_request(body: bytes) -> None:
    async def work(running: Running) -> None:
        with pytest.raises(InvalidRequest, match=r"^IngestEventBatchRequest"):
            await running.service.ingest(body, Shape.BATCH, ANYONE)
        assert not await running.rejected()

    run(work)


def test_bodies_that_come_in_pieces() -> None:
    events = [event(f"{i}") for i in range(500)]
    body = batch_request(bytes(EventBatch(batch_id="b")), [*events, b""])

    async def pieces(data: bytes, size: int) -> AsyncIterator[bytes]:
        for start in range(0, len(data), size):
            yield data[start : start + size]

    async def work(running: Running) -> None:
        receipt = await running.service.ingest_stream(pieces(body, 100), ANYONE)
        assert (receipt.batch_id, receipt.accepted, receipt.rejected_count) == ("b", 500, 1)
        assert receipt.rejected[0].position == 500
        assert len(running.store.asked) > 10, "they are stored as they come"
        assert await running.stored() == events

    run(work)

    async def cut_off(running: Running) -> None:
        with pytest.raises(InvalidRequest, match="event_batch"):
            await running.service.ingest_stream(pieces(body[:-100], 100), ANYONE)
        assert 0 < len(await running.stored()) < 500, "what came before is stored, and is repeated next time"

    run(cut_off)


def test_events_that_are_split_already() -> None:
    async def work(running: Running) -> None:
        receipt = await running.service.ingest_events(iter([event("a"), b""]), WEB, "b")
        assert (receipt.batch_id, receipt.event_ids, receipt.rejected_count) == ("b", ("a",), 1)
        assert await running.stored(WEB) == [event("a")]

    run(work)


def test_what_cannot_be_read_counts_against_the_rate_and_is_cut() -> None:
    """A flood of it fills no store: the key has to wait as for events, and what made room is counted."""
    unread = [("a", "r" * 5000, b"x" * (2 << 20)), ("b", "not JSON", b"{")]
    quotas = Quotas(lambda name: Rate(2, None, 1), lambda: 0.0)

    async def work(running: Running) -> None:
        await running.service.ingest_events([], WEB, "b", unread)
        with pytest.raises(ThrottledError):
            await running.service.ingest_events([], WEB, "b", unread)
        with pytest.raises(ThrottledError):
            await running.send(event("a"), caller=WEB)
        (second, _), (first, data) = await running.rejected(WEB.tenancy)
        assert second == "not JSON"
        assert len(data) == 1 << 20
        assert len(first) < 1100
        assert first.endswith(f"of its {2 << 20} bytes are kept)")

    running = run(work, quotas=quotas)
    assert 'chaukas_events_total{outcome="rejected"} 2' in sample(running, "chaukas_events_total")

    async def flood(running: Running) -> None:
        for _ in range(20):
            await running.service.ingest_events([], WEB, "b", [("a", "why", b"x" * (1 << 20))])
        assert len(await running.rejected(WEB.tenancy)) == 16

    assert 'chaukas_events_total{outcome="dropped"} 4' in sample(run(flood), "chaukas_events_total")


def test_what_a_key_allows() -> None:
    async def work(running: Running) -> None:
        reader, writer = replace(ACME, may_write=False), replace(ACME, may_read=False)
        await running.send(event("a"), caller=writer)
        with pytest.raises(ForbiddenError, match="does not allow writing"):
            await running.send(event("b"), caller=reader)
        assert await running.stored(reader) == [event("a")]
        with pytest.raises(ForbiddenError, match="does not allow reading"):
            await running.stored(writer)

    run(work)


def test_what_is_not_small_is_decoded_in_threads_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: set[tuple[str, str]] = set()

    def skimmed(data: bytes, *args: Any, **kwargs: Any) -> EventRow:
        row = skim(data, *args, **kwargs)
        seen.add((row.event_id, threading.current_thread().name.rpartition("_")[0]))
        return row

    monkeypatch.setattr(intake, "skim", skimmed)

    async def work(running: Running) -> None:
        await running.send(event("small"))
        await running.send(event("large", session_id="s" * 100_000))

        await running.send(event("larger", session_id="s" * 20_000))

    run(work)
    here = threading.current_thread().name.rpartition("_")[0]
    assert seen == {("small", here), ("larger", "chaukas-decode"), ("large", "chaukas-decode-large")}


def test_many_small_events_are_decoded_in_a_thread_as_large_ones_are(monkeypatch: pytest.MonkeyPatch) -> None:
    threads: set[threading.Thread] = set()

    def skimmed(data: bytes, *args: Any, **kwargs: Any) -> EventRow:
        threads.add(threading.current_thread())
        return skim(data, *args, **kwargs)

    monkeypatch.setattr(intake, "skim", skimmed)

    async def work(running: Running) -> None:
        await running.send(*(event(f"{number}", session_id="s" * 200) for number in range(100)))

    run(work)
    assert threads.isdisjoint({threading.current_thread()})


class Gate:
    """Holds decoding up until it is opened, and counts it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count = 0
        self.entered, self.open = threading.Event(), threading.Event()
        monkeypatch.setattr(intake, "skim", self._skim)
        monkeypatch.setattr(lanes, "_HERE", -1)  # in a thread, however small

    def _skim(self, data: bytes, *args: Any, **kwargs: Any) -> EventRow:
        self.count += 1
        self.entered.set()
        assert self.open.wait(HANG)
        return skim(data, *args, **kwargs)

    async def reached(self) -> None:
        assert await asyncio.to_thread(self.entered.wait, HANG)


def test_decoding_ends_with_its_caller(monkeypatch: pytest.MonkeyPatch) -> None:
    gate = Gate(monkeypatch)

    async def work(running: Running) -> None:
        task = asyncio.ensure_future(running.send(*[event(f"a{i}") for i in range(5000)]))
        await gate.reached()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        gate.open.set()
        await running.send(event("b"))
        assert gate.count == 256 + 1, "the slice that was begun, and the other caller's event"
        assert await running.stored() == [event("b")]

    running = run(work)
    assert 'chaukas_requests_total{call="ingest",outcome="cancelled"} 1' in sample(running, "chaukas_requests")


def test_callers_take_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    gate = Gate(monkeypatch)

    async def work(running: Running) -> None:
        large = asyncio.ensure_future(running.send(*[event(f"a{i}") for i in range(5120)]))
        await gate.reached()
        small = asyncio.ensure_future(running.send(event("b")))
        await asyncio.sleep(0)  # it has got as far as the lane, where it waits
        gate.open.set()
        await asyncio.gather(large, small)
        assert running.store.asked.index(["b"]) <= 4, "of 20 slices of the other one"
        assert len(running.store.asked) == 21

    run(work)


@pytest.mark.parametrize("count", [500_000, 7_500_000])
def test_batches_of_empty_events_are_refused_before_they_are_decoded(
    monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    gate = Gate(monkeypatch)
    body = delimited(1, b"\x1a\x00" * count)

    async def work(running: Running) -> None:
        with pytest.raises(TooMuchError, match="events: more than the 10000 allowed"):
            await running.service.ingest(body, Shape.BATCH, ANYONE)
        assert running.store.asked == []
        assert not await running.rejected()

    running = run(work)
    assert gate.count == 0
    assert sample(running, "chaukas_requests") == ['chaukas_requests_total{call="ingest",outcome="too_much"} 1']


def test_quotas() -> None:
    clock = [0.0]
    quotas = Quotas(lambda name: Rate(1, None, 10) if name == "acme-key" else Rate(), lambda: clock[0])

    async def work(running: Running) -> None:
        await running.send(*[event(f"a{i}") for i in range(30)], caller=ACME)
        for _ in range(2):
            with pytest.raises(ThrottledError) as caught:
                await running.send(event("b"), caller=ACME)
            assert caught.value.retry_after == pytest.approx(20)
        await running.send(event("c"), caller=WEB)
        clock[0] = 20.1
        await running.send(event("b"), caller=ACME)
        with pytest.raises(ThrottledError, match=r"try again in 0\.9 s"):
            await running.send(event("d"), caller=ACME)
        assert len(await running.stored()) == 32

    running = run(work, quotas=quotas, meter=Meter())
    assert 'chaukas_requests_total{call="ingest",outcome="throttled"} 3' in sample(running, "chaukas_requests")
