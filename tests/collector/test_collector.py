"""The collector behind its port, called with our stub."""

from __future__ import annotations

import asyncio
import socket
import sqlite3
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from grpclib.client import Channel
from grpclib.const import Cardinality, Status
from grpclib.exceptions import GRPCError

from chaukas_spec_lite import Capabilities, Event, EventBatch, QueryFilter, QueryRequest, SortOrder
from chaukas_spec_lite.collector import Collector, CollectorSettings
from chaukas_spec_lite.collector.doors.listening import GrpcDoor, HttpDoor
from chaukas_spec_lite.errors import StoreError
from chaukas_spec_lite.rpc.stubs.codec import Encoded, MessageCodec
from chaukas_spec_lite.rpc.transport.admission import ConnectionLimits
from chaukas_spec_lite.rpc.transport.limits import CallLimits
from chaukas_spec_lite.spec.client.v1.client import (
    GetCapabilitiesRequest,
    GetCapabilitiesResponse,
    HealthzRequest,
    HealthzResponse,
    IngestEventBatchRequest,
    IngestEventBatchResponse,
    IngestEventRequest,
    IngestEventResponse,
    QueryEventsRequest,
)
from chaukas_spec_lite.spec.client.v1.client_grpc import ChaukasClientServiceStub
from chaukas_spec_lite.wire.format import varint
from chaukas_spec_lite.wire.reading import fields
from tests import realdata
from tests.patience import HANG


@asynccontextmanager
async def running(path: Path | None = None, **options: Any) -> AsyncIterator[ChaukasClientServiceStub]:
    async with Collector(path, **options) as collector, Channel("127.0.0.1", collector.port) as channel:
        yield ChaukasClientServiceStub(channel, timeout=HANG)


def single(event: Event) -> IngestEventRequest:
    return IngestEventRequest(event=event)


def batch(*events: Event) -> IngestEventBatchRequest:
    return IngestEventBatchRequest(event_batch=EventBatch(events=list(events)))


def query(**fields: Any) -> QueryEventsRequest:
    return QueryEventsRequest(query=QueryRequest(order_by_time=SortOrder.ASC, **fields))


async def ids(stub: ChaukasClientServiceStub, **fields: Any) -> list[str]:
    answer = (await stub.query_events(query(**fields))).response
    assert answer is not None
    return [event.event_id for event in answer.events]


async def refused(awaitable: Any) -> tuple[Status, str]:
    with pytest.raises(GRPCError) as caught:
        await awaitable
    return caught.value.status, caught.value.message or ""


def test_the_five_calls(tmp_path: Path) -> None:
    async def main(path: Path | None) -> None:
        async with running(path) as stub:
            assert await stub.healthz(HealthzRequest()) == HealthzResponse()
            answer = await stub.get_capabilities(GetCapabilitiesRequest())
            assert answer == GetCapabilitiesResponse(Capabilities(policy_decisions=True, data_access_events=True))
            assert await stub.ingest_event(single(Event(event_id="a"))) == IngestEventResponse()
            assert await stub.ingest_event(single(Event(event_id="a", session_id="again"))) == IngestEventResponse()
            await stub.ingest_event_batch(batch(Event(event_id="b"), Event(event_id="a")))
            assert await stub.ingest_event_batch(batch()) == IngestEventBatchResponse()
            assert await ids(stub) == ["a", "b"]
            assert await ids(stub, filter=QueryFilter(session_id="again")) == []
            assert (await stub.query_events(QueryEventsRequest())).response is not None

    asyncio.run(main(None))
    asyncio.run(main(tmp_path / "events.db"))


def test_events_come_back_as_the_bytes_they_were(tmp_path: Path) -> None:
    """Also those that we would encode otherwise, and those with fields that we do not know."""
    odd = [b"\x12\x01t\x0a\x03one", b"\x8a\x00\x03two", b"\x0a\x05three\xfa\x3f\x03new\xf8\x3f\x01\x80\x01\x00"]
    sent = [*realdata.events(), *odd]

    async def main(path: Path | None) -> None:
        async with running(path) as stub:
            await stub.ingest_event(Encoded(part(b"\x0a", sent[0])))
            await stub.ingest_event_batch(Encoded(part(b"\x0a", b"".join(part(b"\x1a", event) for event in sent))))
            received = [event async for event in raw_events(stub.channel)]
            assert len(received) == len(sent)
            assert set(received) == set(sent)
            assert [event for event in received if event in odd] == odd  # without timestamps, so as they arrived

    asyncio.run(main(None))
    asyncio.run(main(tmp_path / "events.db"))


def part(tag: bytes, data: bytes) -> bytes:
    return tag + varint(len(data)).encode("latin-1") + data


async def raw_events(channel: Channel) -> AsyncIterator[bytes]:
    """Every stored event as the bytes in the responses, page by page."""
    token = ""
    while True:
        route, kind = "/chaukas.spec.client.v1.ChaukasClientService/QueryEvents", Cardinality.UNARY_UNARY
        async with channel.request(route, kind, QueryEventsRequest, Encoded) as call:
            await call.send_message(query(page_size=1000, page_token=token), end=True)
            response = await call.recv_message()
        assert response is not None
        (page,) = [response[start:stop] for _, tag, start, stop in fields(response, 0, len(response), 0) if tag == 10]
        token = ""
        for _, tag, start, stop in fields(page, 0, len(page), 0):
            if tag == 10:
                yield page[start:stop]
            else:
                token = page[start:stop].decode()
        if not token:
            return


def test_what_is_refused() -> None:
    async def main() -> None:
        async with running() as stub:
            status, problem = await refused(stub.ingest_event(IngestEventRequest()))
            assert (status, problem) == (
                Status.INVALID_ARGUMENT,
                "IngestEventRequest.event: not set, so there is nothing to store",
            )
            status, problem = await refused(stub.ingest_event_batch(IngestEventBatchRequest()))
            assert problem.startswith("IngestEventBatchRequest.event_batch: not set")
            status, problem = await refused(stub.ingest_event(single(Event(session_id="s"))))
            assert status is Status.INVALID_ARGUMENT
            assert problem.startswith("IngestEventRequest.event.event_id: empty; every event needs an ID")
            events = [Event(event_id="a"), Event(event_id="b"), Event(), Event(event_id="c")]
            await stub.ingest_event_batch(batch(*events))
            torn = bytes(batch(Event(event_id="d"), Event(event_id="e")))[:-1] + b"\xff"
            await stub.ingest_event_batch(Encoded(torn))
            torn = bytes(single(Event(event_id="e")))[:-1] + b"\xff"
            status, problem = await refused(stub.ingest_event(Encoded(torn)))
            assert status is Status.INVALID_ARGUMENT
            assert problem.startswith("IngestEventRequest.event.event_id: a string is not UTF-8")
            status, problem = await refused(stub.query_events(query(page_size=-1)))
            assert (status, problem) == (Status.INVALID_ARGUMENT, "QueryRequest.page_size: -1 is negative")
            assert sorted(await ids(stub)) == ["a", "b", "c", "d"], "of a batch, the good ones are stored"

    asyncio.run(main())


def test_the_size_of_requests_is_limited() -> None:
    async def main() -> None:
        async with running(max_message_bytes=1000) as stub:
            status, problem = await refused(stub.ingest_event(single(Event(event_id="x" * 1000))))
            assert status is Status.RESOURCE_EXHAUSTED
            assert "received message larger than max" in problem
            assert "above the limit of 1000" in problem
            await stub.ingest_event(single(Event(event_id="x" * 900)))

    asyncio.run(main())


def test_answers_are_small_enough_for_other_clients() -> None:
    async def main() -> None:
        async with running() as stub:
            events = [Event(event_id=f"{number}", branch="x" * 500_000) for number in range(20)]
            await stub.ingest_event_batch(batch(*events))
            await stub.ingest_event(single(Event(event_id="huge", branch="x" * 6_000_000)))
            received, token, sizes = [], "", []
            while True:
                answer = await stub.query_events(query(page_token=token))
                assert answer.response is not None
                sizes.append(len(bytes(answer)))
                received += [event.event_id for event in answer.response.events]
                token = answer.response.next_page_token
                if not token:
                    break
            assert received == [*(f"{number}" for number in range(20)), "huge"]
            assert all(size <= 4 * 2**20 for size in sizes[:-1])
            assert 6_000_000 < sizes[-1] < 6_000_100

    asyncio.run(main())


def test_many_at_once(tmp_path: Path) -> None:
    async def main() -> None:
        async with running(tmp_path / "events.db") as stub:
            sending = [stub.ingest_event(single(Event(event_id=f"{number % 150:03}"))) for number in range(300)]
            asking = [ids(stub) for _ in range(20)]
            await asyncio.gather(*sending, *asking)
            assert sorted(await ids(stub, page_size=1000)) == [f"{number:03}" for number in range(150)]

    asyncio.run(main())


def test_the_loop_goes_on_while_the_disk_is_busy(tmp_path: Path) -> None:
    path = tmp_path / "events.db"

    async def main() -> None:
        async with running(path) as stub:
            other = sqlite3.connect(path, isolation_level=None)
            other.execute("BEGIN IMMEDIATE")
            waiting = asyncio.ensure_future(stub.ingest_event(single(Event(event_id="a"))))
            for _ in range(20):
                assert await stub.healthz(HealthzRequest(), timeout=HANG) == HealthzResponse()
                assert await ids(stub) == []
            assert not waiting.done()
            other.execute("ROLLBACK")
            other.close()
            await waiting
            assert await ids(stub) == ["a"]

    asyncio.run(main())


def test_a_failing_database_is_an_answer_too(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "events.db"

    async def main() -> None:
        async with running(path) as stub:
            with sqlite3.connect(path) as other:
                other.execute("DROP TABLE events")
            other.close()
            status, problem = await refused(stub.ingest_event(single(Event(event_id="a"))))
            assert status is Status.UNAVAILABLE
            told.append(problem)
            status, problem = await refused(stub.query_events(query()))
            assert status is Status.UNAVAILABLE
            told.append(problem)

    told: list[str] = []
    asyncio.run(main())
    (record,) = caplog.records
    assert record.name == "chaukas_spec_lite.collector.service"
    assert "events.db: no such table: events (clients" in record.getMessage()
    # Both of one incident, and nothing of what the file is called.
    assert told[0] == told[1]
    assert str(tmp_path) not in told[0]
    assert f"incident {told[0].rpartition(' ')[2]})" in record.getMessage()


def test_starting_and_stopping(tmp_path: Path) -> None:
    async def main() -> None:
        collector = Collector(tmp_path / "events.db")
        with pytest.raises(RuntimeError, match="not running"):
            _ = collector.port
        with pytest.raises(RuntimeError, match="not running"):
            await collector.stop()
        for _ in range(2):
            async with collector:
                with pytest.raises(RuntimeError, match="started already"):
                    await collector.start()
                async with Channel("127.0.0.1", collector.port, codec=MessageCodec()) as channel:
                    stub = ChaukasClientServiceStub(channel, timeout=HANG)
                    await stub.ingest_event(single(Event(event_id="a")))
                    assert await ids(stub) == ["a"]
        first, second = await asyncio.gather(collector.start(), collector.start(), return_exceptions=True)
        assert (first, type(second)) == (None, RuntimeError), "a second start during the first is refused"
        await collector.stop()
        refusal = pytest.raises(OSError, match="another program listens there")
        with socket.create_server(("127.0.0.1", 0)) as taken, refusal:
            await Collector(port=taken.getsockname()[1]).start()
        with pytest.raises(StoreError, match="unable to open"):
            await Collector(tmp_path / "no" / "where").start()

    before = threading.active_count()
    asyncio.run(main())
    assert [file.name for file in tmp_path.iterdir()] == ["events.db"]
    assert threading.active_count() == before


def test_collectors_do_not_share_anything() -> None:
    async def main() -> None:
        async with running() as one, running() as two:
            await one.ingest_event(single(Event(event_id="a")))
            assert (await ids(one), await ids(two)) == (["a"], [])

    asyncio.run(main())


def test_limits_reach_store_and_doors() -> None:
    said = {"store": "memory:", "grpc": "127.0.0.1:0", "http": "127.0.0.1:0", "max_memory": "5000"}
    said |= {"max_json": "30", "max_bodies": "100kB", "max_connections": "7", "max_connections_per_address": "3"}
    said |= {"handshake_timeout": "7s", "idle_timeout": "8s", "body_timeout": "9s", "max_calls": "70"}
    said |= {"max_calls_per_address": "60", "max_requests": "1MB", "max_requests_per_address": "600kB"}
    said |= {"max_answers": "8MB"}

    async def main() -> None:
        async with Collector.from_settings(CollectorSettings.load(said, environ={})) as collector:
            async with Channel("127.0.0.1", collector.port) as channel:
                stub = ChaukasClientServiceStub(channel)
                for number in range(20):
                    await stub.ingest_event(single(Event(event_id=f"{number}")))
                answer = await stub.query_events(query())
                assert answer.response is not None
                assert 1 <= len(answer.response.events) < 5
            http = collector._doors["http"]
            assert isinstance(http, HttpDoor)
            limits = http._server._limits
            assert limits.connections == ConnectionLimits(7, 3, 7.0, 8.0)
            assert (limits.max_json_bytes, limits.max_held_bytes, limits.body_timeout) == (30, 100_000, 9.0)
            grpc = collector._doors["grpc"]
            assert isinstance(grpc, GrpcDoor)
            assert grpc._server.admission.limits == ConnectionLimits(7, 3, 7.0, 8.0)
            assert grpc._server.guard.limits == CallLimits(
                calls=70,
                calls_per_peer=60,
                requests_held=10**6,
                requests_held_per_peer=600_000,
                answers_held=8 * 10**6,
                answers_held_per_peer=2 * 10**6,
                answers_held_per_connection=10**6,
            )

    asyncio.run(main())
