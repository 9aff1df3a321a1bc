"""Bodies of requests: how slowly they may come in, how much memory they may take, and whose."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest

from chaukas_spec_lite import Event
from chaukas_spec_lite.collector.callers import Caller
from chaukas_spec_lite.collector.doors import http_forms
from chaukas_spec_lite.collector.doors.http_bodies import Pace, TooSlowError, paced
from chaukas_spec_lite.collector.doors.http_held import SMALL, HeldBytes, HeldTooMuchError
from chaukas_spec_lite.collector.doors.http_limits import HttpLimits
from chaukas_spec_lite.collector.doors.http_media import Form
from chaukas_spec_lite.collector.doors.platform_json import write_event
from chaukas_spec_lite.collector.receipts import LIMITS, IngestLimits
from chaukas_spec_lite.collector.searched_text import searched_text
from chaukas_spec_lite.collector.stores.base import Addition, EventRow
from chaukas_spec_lite.collector.stores.memory import MemoryStore
from chaukas_spec_lite.errors import TooMuchError, UnauthenticatedError
from tests.collector.doors.http_serving import JSON, PROTOJSON, Served, batch, ended, http_serving, single
from tests.patience import AGES, HANG, run, until

SOON = 0.05
"""Seconds for a limit that a test runs into."""


def post(path: str, more: str = "", content_type: str = "application/x-protobuf") -> bytes:
    """The head of a request, but for what tells the length of its body."""
    return f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {content_type}\r\n{more}".encode()


def held(served: Served) -> int:
    """How many bytes the door holds."""
    return len(served.server.held)


# Pace


@pytest.mark.parametrize("sent", [b"", b"\x0a"])
def test_a_body_that_does_not_come_is_given_up(sent: bytes) -> None:
    async def main() -> None:
        async with http_serving(limits=HttpLimits(body_patience=SOON)) as served:
            reader, writer = await served.connect()
            writer.write(post("/events") + b"Content-Length: 10\r\n\r\n" + sent)
            said = await ended(reader)
            assert said.startswith(b"HTTP/1.1 408")
            assert b"have come in time" in said
            writer.close()
            assert (await served.client.get("/healthz")).status_code == 200

    run(main())


def test_who_has_sent_much_has_no_right_to_drip() -> None:
    """Sixty megabytes at once bought an hour in which a byte now and then was enough."""
    text = batch(*(Event(event_id=f"{number}", branch="x" * 1_000_000) for number in range(8)))

    async def main() -> None:
        async with http_serving(limits=HttpLimits(body_patience=1.0, body_rate=1000)) as served:
            reader, writer = await served.connect()
            writer.write(post("/events/batch") + b"Content-Length: %d\r\n\r\n" % (2 * len(text)) + text)
            said = await ended(reader)
            assert said.startswith(b"HTTP/1.1 408"), "eight megabytes would be good for two hours"
            writer.close()

    run(main())


def test_a_body_has_a_time_in_all() -> None:
    async def main() -> None:
        limits = HttpLimits(body_patience=AGES, body_timeout=0.5)
        async with http_serving(limits=limits) as served:
            reader, writer = await served.connect()
            writer.write(post("/events") + b"Content-Length: 1000000000\r\n\r\n".replace(b"1000000000", b"10000000"))
            drips = asyncio.ensure_future(drip(writer))
            assert (await ended(reader)).startswith(b"HTTP/1.1 408")
            drips.cancel()
            writer.close()

    async def drip(writer: asyncio.StreamWriter) -> None:
        while True:
            writer.write(b"x")
            await asyncio.sleep(SOON / 5)

    run(main())


def test_the_pace_of_a_body() -> None:
    """On a clock that only the test moves: what is slow is told from what has to wait for us."""
    now = [0.0]
    pace = Pace(patience=10.0, rate=100, most=50.0)

    async def received(*takes: float, size: int = 100, first: int = 0, storing: float = 0.0) -> int:
        """Have pieces come, each after so many seconds, behind what comes first."""
        count, now[0] = 0, 0.0

        async def chunks() -> AsyncIterator[bytes]:
            yield b"x" * first
            for take in takes:
                now[0] += take
                yield b"x" * size

        async for chunk in paced(chunks(), pace, lambda: now[0]):
            count += len(chunk)
            now[0] += storing
        return count

    async def main() -> None:
        assert await received(1, 1, 1) == 300
        # A second back for each hundred bytes.
        assert await received(9, 1, 1, 1, 1, 1) == 600
        assert await received(*[2] * 9) == 900
        with pytest.raises(TooSlowError, match="1000 bytes"):
            await received(*[2] * 12)
        # What came before is no credit beyond the ten seconds.
        with pytest.raises(TooSlowError, match=r"\b1000004 bytes"):
            await received(3, 3, 3, 3, 3, first=1_000_000, size=1)
        # Fifty seconds in all, at any pace.
        with pytest.raises(TooSlowError, match="50000 bytes"):
            await received(*[1] * 52, size=1000)
        # A hundred seconds for storing each: none of them is the sender's.
        assert await received(*[2] * 9, storing=100.0) == 900

    run(main())


# Memory


def test_no_holder_has_more_than_what_is_still_free() -> None:
    together = HeldBytes(1000 * SMALL)
    with together.body("a") as first, together.body("b") as second, together.body("a", "k") as third:
        first.hold(500 * SMALL)
        with pytest.raises(HeldTooMuchError, match="your own requests"):
            first.hold(1)
        with pytest.raises(HeldTooMuchError, match="your own requests"):
            third.hold(2 * SMALL)
        second.hold(250 * SMALL)
        with pytest.raises(HeldTooMuchError, match="your own requests"):
            second.hold(1)
        with together.body("c") as another:
            another.hold(125 * SMALL)
        # Small ones are never kept away.
        third.hold(SMALL)
        assert len(together) == 751 * SMALL
    assert len(together) == 0
    with together.body("k") as again:
        again.hold(500 * SMALL)


def test_one_caller_that_drips_does_not_have_all_memory() -> None:
    """Many large bodies that never end, all of one address: others are served meanwhile, large ones of theirs too."""
    most = 4 << 20
    large = single(Event(event_id="large", branch="x" * 500_000))

    async def main() -> None:
        async with http_serving(limits=HttpLimits(max_held_bytes=most, body_patience=AGES)) as served:
            writers = []
            for _ in range(8):
                _, writer = await served.connect()
                writer.write(post("/events") + b"Content-Length: 2000000\r\n\r\n" + large)
                writers.append(writer)
            await until(lambda: held(served) > most // 3)
            for number in range(3):
                assert (await served.post("/events", single(Event(event_id=f"{number}")))).status_code == 202
            assert held(served) <= most // 2 + SMALL
            refused = await served.post("/events", large)
            assert refused.status_code == 503
            assert "your own requests" in refused.json()["detail"]
            assert refused.headers["retry-after"] == "1"
            other = await asyncio.open_connection("127.0.0.1", served.port, local_addr=("127.0.0.2", 0))
            other[1].write(post("/events") + b"Content-Length: %d\r\n\r\n" % len(large) + large)
            assert (await other[0].readuntil(b"}")).startswith(b"HTTP/1.1 202")
            for writer in (*writers, other[1]):
                writer.close()
            await until(lambda: not held(served))
            assert (await served.post("/events", large)).status_code == 202

    run(main())


def test_keys_have_shares_too() -> None:
    """A key that is used from many addresses has one share."""
    large = Event(event_id="large", branch="x" * 600_000)

    async def authenticate(authorization: str | None, certificate_name: str | None, peer: str) -> Caller:
        return Caller(authorization or "")

    async def main() -> None:
        limits = HttpLimits(max_held_bytes=2 << 20, body_patience=AGES)
        async with http_serving(limits=limits, authenticate=authenticate) as served:
            _, writer = await served.connect()
            writer.write(post("/events", "Authorization: a\r\n") + b"Content-Length: 2000000\r\n\r\n" + single(large))
            await until(lambda: held(served) > 500_000)
            codes = []
            for key in ("a", "b"):
                reader, other = await asyncio.open_connection("127.0.0.1", served.port, local_addr=("127.0.0.2", 0))
                body = single(large)
                other.write(post("/events", f"Authorization: {key}\r\n") + b"Content-Length: %d\r\n\r\n" % len(body))
                other.write(body)
                codes.append((await reader.readuntil(b"}"))[9:12])
                other.close()
            assert codes == [b"503", b"202"]
            writer.close()

    run(main())


@pytest.mark.parametrize("path", ["/events", "/events/batch", "/v1/query"])
def test_strangers_are_refused_before_their_body_is_read(path: str) -> None:
    async def nobody(authorization: str | None, certificate_name: str | None, peer: str) -> Caller:
        raise UnauthenticatedError("a key is needed")

    async def main() -> None:
        async with http_serving(limits=HttpLimits(body_patience=AGES), authenticate=nobody) as served:
            reader, writer = await served.connect()
            writer.write(post(path) + b"Content-Length: 1000000\r\n\r\n")
            assert (await reader.readuntil(b"}")).startswith(b"HTTP/1.1 401")
            assert not held(served)
            writer.close()

    run(main())


# How much they bring


@pytest.mark.parametrize("form", [Form.JSON, Form.PROTOJSON])
def test_json_has_the_same_limit_of_events_as_protobuf(form: Form, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[object] = []
    monkeypatch.setattr(http_forms.platform_json, "read_event", read.append)
    monkeypatch.setattr(Event, "from_dict", read.append)
    events = [{"a": 1}] * (LIMITS.max_events + 1)

    async def main() -> None:
        async with http_serving() as served:
            body = json.dumps({"events": events} if form is Form.JSON else {"event_batch": {"events": events}})
            response = await served.post("/v1/events/batch", body, {"Content-Type": form.value})
            assert response.status_code == 413
            assert f"events: more than the {LIMITS.max_events} allowed of less than 128" in response.json()["detail"]
            assert await served.stored() == []

    run(main())
    assert not read


def test_larger_events_may_be_more(monkeypatch: pytest.MonkeyPatch) -> None:
    events = [write_event(Event(event_id=f"{number}", branch="x" * 100)) for number in range(20)]

    async def main() -> None:
        async with http_serving(ingest=IngestLimits(max_events=10)) as served:
            response = await served.post("/v1/events/batch", json.dumps({"events": events}), JSON)
            assert response.json()["accepted"] == 20

    run(main())


@pytest.mark.parametrize("form", [Form.JSON, Form.PROTOJSON])
@pytest.mark.parametrize("filler", [b"{}", b"[]", b'{"":[]}'])
def test_json_of_nothing_but_brackets_is_not_even_parsed(form: Form, filler: bytes) -> None:
    """Two bytes become a hundred."""
    body = b"[" + b",".join([filler] * 600_000) + b"]"
    for read in (http_forms.read_batch, http_forms.read_event):
        with pytest.raises(TooMuchError, match="objects and arrays"):
            next(read(body, form, LIMITS))
    few = b"[" + b",".join([b"{}"] * 20_000) + b"]"
    next(http_forms.read_batch(few, form, LIMITS))


# Turns


class Held:
    """Reading of events that waits until it is let go on, and counts."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
        self.count = 0
        self.go = threading.Event()
        read = getattr(http_forms.platform_json, name)

        def held_up(*given: Any) -> Any:
            self.count += 1
            self.go.wait(HANG)
            return read(*given)

        monkeypatch.setattr(http_forms.platform_json, name, held_up)


def test_queries_do_not_wait_for_bodies_nor_bodies_for_queries(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of the three is held up by itself: what is small, what is large, what is asked."""
    small = json.dumps({"events": [{"event_id": "s"}]})
    large = json.dumps({"events": [{"event_id": "l", "branch": "x" * 100_000}]})

    async def main() -> None:
        async with http_serving() as served:
            reading = Held(monkeypatch, "read_event")
            waiting = [asyncio.ensure_future(served.post("/v1/events/batch", each, JSON)) for each in (small, large)]
            await until(lambda: reading.count == 2)
            assert (await served.post("/v1/query", '{"filter": {}}', JSON)).status_code == 200
            reading.go.set()
            for each in waiting:
                assert (await each).status_code == 202
            asking = Held(monkeypatch, "read_message")
            query = asyncio.ensure_future(served.post("/v1/query", '{"filter": {}}', JSON))
            await until(lambda: asking.count == 1)
            assert (await served.post("/v1/events/batch", small, JSON)).status_code == 202
            asking.go.set()
            assert (await query).status_code == 200

    run(main())


# Callers who leave


@pytest.mark.parametrize("headers", [JSON, PROTOJSON], ids=["json", "protojson"])
def test_for_a_caller_who_is_gone_no_more_events_are_read(
    monkeypatch: pytest.MonkeyPatch, headers: dict[str, str]
) -> None:
    events: list[Any] = [{"event_id": f"{number}"} for number in range(1000)]
    content = {"events": events} if headers is JSON else {"eventBatch": {"events": events}}
    count, go = [0], threading.Event()

    def read(given: Any) -> Event:
        count[0] += 1
        go.wait(HANG)
        return Event(event_id="x")

    async def main() -> None:
        async with http_serving() as served:
            monkeypatch.setattr(http_forms.platform_json, "read_event", read)
            monkeypatch.setattr(Event, "from_dict", read)
            body = json.dumps(content).encode()
            _, writer = await served.connect()
            head = post("/v1/events/batch", f"Content-Length: {len(body)}\r\n\r\n", headers["Content-Type"])
            writer.write(head + body)
            await until(lambda: count[0] == 1)
            writer.close()
            await writer.wait_closed()
            # It is noticed while the step that was begun still runs, and waits for no more than that.
            await until(lambda: not served.server.connections)
            go.set()
            await until(lambda: not held(served))
            assert count[0] <= 50
            assert await served.stored() == []

    run(main())


class Gated(MemoryStore):
    """A store that waits before it stores anything."""

    def __init__(self) -> None:
        super().__init__(texts=searched_text)
        self.asked = 0
        self.go = asyncio.Event()
        self.cancelled = 0

    async def add(self, rows: Sequence[EventRow]) -> list[Addition]:
        self.asked += bool(rows)
        try:
            await self.go.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        return await super().add(rows)


def test_for_a_caller_who_is_gone_nothing_more_is_stored() -> None:
    """All of it has come, and the first slice is being stored."""
    events = [Event(event_id=f"{number}") for number in range(2000)]
    body = json.dumps({"events": [write_event(event) for event in events]}).encode()

    async def main() -> None:
        async with http_serving(make=Gated) as served:
            store = served.store
            assert isinstance(store, Gated)
            _, writer = await served.connect()
            writer.write(post("/events/batch", f"Content-Length: {len(body)}\r\n\r\n", "application/json") + body)
            await until(lambda: store.asked == 1)
            writer.close()
            await until(lambda: not held(served))
            store.go.set()
            assert (store.asked, store.cancelled) == (1, 1)
            assert await served.stored() == []

    run(main())
