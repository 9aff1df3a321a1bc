"""The client against the collector and against grpcio: what it sends, what it finds, and what it fills in."""

from __future__ import annotations

import asyncio
import logging
import re
import sys
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import grpc
import pytest
from chaukas.spec.client.v1 import client_pb2, client_pb2_grpc

from chaukas_spec_lite import Capabilities, EncodeError, Event, EventType, SortOrder
from chaukas_spec_lite.audit.chain import Chains
from chaukas_spec_lite.audit.sealing import seal
from chaukas_spec_lite.audit.verification import verify
from chaukas_spec_lite.client.client import ChaukasClient
from chaukas_spec_lite.collector import Collector
from chaukas_spec_lite.errors import MessageTooLargeError, PeerProtocolError, ResponseTooLargeError, SettingError
from chaukas_spec_lite.export import EventExporter
from chaukas_spec_lite.retry import NEVER, RetryPolicy
from chaukas_spec_lite.rpc.client import connecting
from chaukas_spec_lite.rpc.transport.limits import Framing
from chaukas_spec_lite.spec.client.v1 import client as pb
from chaukas_spec_lite.spec.common.v1.query import QueryResponse
from chaukas_spec_lite.spec.server.v1.server import GetEventStatsResponse
from chaukas_spec_lite.wire.envelopes import page_response
from tests.patience import run
from tests.rpc import faulty
from tests.rpc.faulty import Behaviour

OFFICIAL = Path(__file__).parent / "official_server.py"
QUICK = RetryPolicy(initial=0.01, maximum=0.05)


@asynccontextmanager
async def collector(**options: Any) -> AsyncIterator[ChaukasClient]:
    async with Collector() as running, ChaukasClient(f"127.0.0.1:{running.port}", **options) as client:
        yield client


def test_all_five_calls() -> None:
    async def main() -> None:
        async with collector(tenant_id="acme", project_id="demo") as client:
            await client.healthz()
            assert isinstance(await client.get_capabilities(), Capabilities)
            event = Event(session_id="s", type=EventType.ERROR)
            before = datetime.now(timezone.utc)
            await client.ingest_event(event)
            await client.ingest_event(event)  # a repetition is no second event
            assert event.event_id[14] == "7"
            assert event.timestamp is not None
            assert timedelta(0) <= event.timestamp - before < timedelta(seconds=5)
            await client.ingest_events(Event(session_id="s", type=EventType.RETRY) for _ in range(50))
            assert [found async for found in client.query_events(types=[EventType.ERROR])] == [event]
            assert len([found async for found in client.query_events(session_id="s", page_size=7)]) == 51
            assert len([found async for found in client.query_events(limit=20, page_size=7)]) == 20
            assert [found async for found in client.query_events(limit=0)] == []
            assert [found async for found in client.query_events(end=before)] == []
            assert len([found async for found in client.query_events(start=before, order=SortOrder.DESC)]) == 51
            assert [found async for found in client.query_events(tenant_id="other")] == []
            encoded = [found async for found in client.query_encoded(session_id="s", page_size=7, limit=20)]
            expected = [found async for found in client.query_events(session_id="s", limit=20)]
            assert [Event.parse(found) for found in encoded] == expected

    run(main())


def test_what_is_empty_is_filled_in_and_the_rest_left() -> None:
    async def main() -> None:
        async with faulty.faulty(faulty.ok()) as (_, address):
            settings: dict[str, Any] = {"tenant_id": "t", "project_id": "p", "branch": "b", "tags": ["x"]}
            async with ChaukasClient(address, **settings) as client:
                empty = Event()
                then = datetime(2020, 1, 1, tzinfo=timezone.utc)
                full = Event(event_id="e", tenant_id="T", project_id="P", branch="B", tags=["Y"], timestamp=then)
                copy = Event.parse(bytes(full))
                await client.ingest_events([empty, full])
                assert (empty.tenant_id, empty.project_id, empty.branch, empty.tags) == ("t", "p", "b", ["x"])
                assert full == copy
                ids = [Event() for _ in range(100)]
                await client.ingest_events(ids)
                made = [event.event_id for event in [empty, *ids]]
                assert sorted(set(made)) == made
            async with ChaukasClient(address) as client:
                plain = Event()
                await client.ingest_event(plain)
                assert (plain.tenant_id, plain.tags) == ("", [])

    run(main())


def test_a_sealed_event_is_sent_as_it_was_sealed() -> None:
    """Whatever the client filled in would not be in its hash: it would be found to be altered."""

    async def main() -> None:
        async with collector(tenant_id="t", project_id="p", branch="b", tags=["x"]) as client:
            sealed, encoded = (Event(event_id=name, session_id=name) for name in "ab")
            for event in (sealed, encoded):
                seal(event, Chains("w"))
            await client.ingest_events([sealed, bytes(encoded)])
            found = [event async for event in client.query_events(tenant_id="", project_id="", order=SortOrder.ASC)]
            assert found == [sealed, encoded]
            assert verify(found).sound

    run(main())


def test_batches_are_split_to_fit() -> None:
    async def main() -> None:
        async with faulty.faulty(faulty.ok()) as (server, address):

            def batches() -> list[list[Event]]:
                parsed = [pb.IngestEventBatchRequest.parse(request.message).event_batch for request in server.requests]
                server.requests.clear()
                assert all(batch is not None and len(batch.batch_id) == 36 and batch.timestamp for batch in parsed)
                return [batch.events for batch in parsed if batch is not None]

            async with ChaukasClient(address, batch_size=30) as client:
                events = [Event(branch=str(number)) for number in range(100)]
                await client.ingest_events(events)
                sent = batches()
                assert [len(batch) for batch in sent] == [30, 30, 30, 10]
                assert [event for batch in sent for event in batch] == events
                await client.ingest_events([])
                assert batches() == []
            async with ChaukasClient(address, max_batch_bytes=1000, framing=Framing(max_send=2000)) as client:
                events = [Event(branch="x" * size) for size in (300, 300, 300, 1500, 10, 10)]
                await client.ingest_events(events)
                assert [len(batch) for batch in batches()] == [2, 1, 1, 2]
                events = [Event(), Event(event_id="big", branch="x" * 3000), Event()]
                with pytest.raises(MessageTooLargeError, match=r"event 'big' \(number 1\) has 30\d\d bytes") as caught:
                    await client.ingest_events(events)
                assert not caught.value.retryable
                with pytest.raises(MessageTooLargeError, match="big"):
                    await client.ingest_event(events[1])
                with pytest.raises(MessageTooLargeError, match="not sent"):
                    await client.send([bytes(event) for event in events])
                assert batches() == [], "something was sent"
                with pytest.raises(EncodeError, match=r"events\[1\].llm_invocation|events\[1\].branch"):
                    await client.ingest_events([Event(), Event(branch=5)])  # type: ignore[arg-type]
                with pytest.raises(TypeError, match="expects an Event, got dict"):
                    await client.ingest_event({})  # type: ignore[arg-type]
                assert batches() == []

    run(main())


def test_encoded_events_are_sent_as_they_are() -> None:
    async def main() -> None:
        async with collector() as client:
            events = [Event(event_id=str(number), session_id="s") for number in range(300)]
            await client.send([bytes(event) for event in events])
            found = [event async for event in client.query_events(session_id="s")]
            assert sorted(found, key=lambda event: int(event.event_id)) == events

    run(main())


def page(*ids: str, token: str = "") -> Behaviour:
    response = QueryResponse(events=[Event(event_id=each) for each in ids], next_page_token=token)
    return faulty.ok(bytes(pb.QueryEventsResponse(response=response)))


def tokens(server: faulty.FaultyServer) -> list[str]:
    queries = [pb.QueryEventsRequest.parse(request.message).query for request in server.requests]
    return [query.page_token for query in queries if query is not None]


def test_a_failed_page_is_fetched_again_and_nothing_is_lost_or_doubled() -> None:
    async def main() -> None:
        busy, lost = faulty.status(14), faulty.abort_amid_answer
        script = [page("1", "2", token="a"), busy, lost, page("3", token="b"), page(token="c"), busy, page("4")]
        async with faulty.faulty(*script) as (server, address), ChaukasClient(address, retry=QUICK) as client:
            assert [event.event_id async for event in client.query_events()] == ["1", "2", "3", "4"]
            assert tokens(server) == ["", "a", "a", "a", "b", "c", "c"]

    run(main())


def test_a_query_stops_when_its_consumer_stops() -> None:
    async def main() -> None:
        script = [page("1", "2", token="a"), page("3", token="b")]
        async with faulty.faulty(*script) as (server, address), ChaukasClient(address, retry=QUICK) as client:
            found = client.query_events()
            async for event in found:
                if event.event_id == "2":
                    break
            await found.aclose()
            assert tokens(server) == [""]
            assert [event async for event in client.query_events(limit=1)] == [Event(event_id="3")]

    run(main())


def test_what_comes_encoded_stays_as_it_came() -> None:
    """Also what no decoder would take, and what an encoder would write in another way."""
    sent = [b"\x12\x01t\x0a\x01e", b"no event", b"", b"\x0a\x01f"]

    async def main() -> None:
        script = [faulty.ok(page_response(sent[:3], "a")), faulty.ok(page_response(sent[3:], "")), page("4")]
        async with faulty.faulty(*script) as (server, address), ChaukasClient(address, retry=QUICK) as client:
            assert [data async for data in client.query_encoded()] == sent
            assert tokens(server) == ["", "a"]
        damaged = faulty.ok(b"\x0a\x03\x12\x01\xff")
        async with faulty.faulty(damaged) as (_, address), ChaukasClient(address, retry=QUICK) as client:
            with pytest.raises(PeerProtocolError, match="the token of the next page is no UTF-8"):
                await anext(client.query_encoded())

    run(main())


def test_a_page_that_is_too_large_is_asked_for_in_halves() -> None:
    def serve(request: faulty.Request) -> None:
        query = pb.QueryEventsRequest.parse(request.message).query
        assert query is not None
        start = int(query.page_token or 0)
        end = start + query.page_size
        events = [Event(event_id=str(number), branch="x" * 100) for number in range(start, min(end, 20))]
        response = QueryResponse(events=events, next_page_token=str(end) if end < 20 else "")
        faulty.ok(bytes(pb.QueryEventsResponse(response=response)))(request)

    async def main() -> None:
        async with faulty.faulty(serve) as (_, address):
            async with ChaukasClient(address, framing=Framing(max_receive=1000)) as client:
                found = [event.event_id async for event in client.query_events()]
                assert found == [str(number) for number in range(20)]
            async with ChaukasClient(address, framing=Framing(max_receive=50)) as client:
                with pytest.raises(MessageTooLargeError):
                    await anext(client.query_events())

    run(main())


def pages_of(events: list[Event], respond: Callable[[bytes], Behaviour], sizes: list[int]) -> Behaviour:
    """Serve events in pages; their sizes, as they were asked for, are noted."""

    def serve(request: faulty.Request) -> None:
        query = pb.QueryEventsRequest.parse(request.message).query
        assert query is not None
        start = int(query.page_token or 0)
        end = start + query.page_size
        sizes.append(query.page_size)
        response = QueryResponse(events=events[start:end], next_page_token=str(end) if end < len(events) else "")
        respond(bytes(pb.QueryEventsResponse(response=response)))(request)

    return serve


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("at", [0, 7])
def test_an_event_above_the_limit_is_named_with_the_limit_that_is_needed(at: int, compressed: bool) -> None:
    """With that limit all is read, and the pages behind the event grow again."""
    events = [Event(event_id=str(number)) for number in range(300)]
    events[at].branch = "x" * 5_000_000
    sizes: list[int] = []

    async def main() -> None:
        serve = pages_of(events, faulty.ok_gzip if compressed else faulty.ok, sizes)
        async with faulty.faulty(serve) as (_, address):
            async with ChaukasClient(address, retry=NEVER) as client:
                found = client.query_events(page_size=100)
                assert [await anext(found) for _ in range(at)] == events[:at]
                with pytest.raises(ResponseTooLargeError, match="max_receive is 4194304 bytes") as caught:
                    await anext(found)
            where = f"the event behind '{at - 1}'" if at else "the first event"
            assert caught.value.details.startswith(f"{where} of the query cannot be received")
            needed = re.search(r"framing=Framing\(max_receive=(\d+)\)$", caught.value.details)
            assert (needed is None) is compressed
            sizes.clear()
            alone = QueryResponse(events=[events[at]], next_page_token=str(at + 1))
            size = len(bytes(pb.QueryEventsResponse(response=alone)))
            assert needed is None or int(needed[1]) == size
            framing = Framing(max_receive=size)
            async with ChaukasClient(address, retry=NEVER, framing=framing) as client:
                assert [event async for event in client.query_events(page_size=100)] == events
            assert min(sizes) == 1, sizes
            assert max(sizes[sizes.index(1) :]) > 20, sizes
            assert len(sizes) < 60, sizes

    run(main())


def test_an_event_that_the_server_cannot_send_by_itself_is_told_too() -> None:
    refused = faulty.status(8, "trying to send message larger than max (5000 vs. 4000)")

    async def main() -> None:
        async with faulty.faulty(page("1", token="a"), refused) as (_, address), ChaukasClient(address) as client:
            found = client.query_events()
            await anext(found)
            with pytest.raises(MessageTooLargeError, match=r"the event behind '1' .*it has to be raised there$"):
                await anext(found)

    run(main())


def test_a_query_that_is_too_large_itself_is_not_asked_again() -> None:
    """Halving its pages would not make it smaller; a small one can only have been refused for its answer."""
    refused = faulty.status(8, "grpc: received message larger than max (5000 vs. 4000)")

    async def main() -> None:
        async with faulty.faulty(refused, page("1")) as (server, address), ChaukasClient(address) as client:
            assert [event.event_id async for event in client.query_events()] == ["1"]
            queries = [pb.QueryEventsRequest.parse(request.message).query for request in server.requests]
            assert [query.page_size for query in queries if query is not None] == [500, 250]
            server.requests.clear()
            server.behaviours = [refused]
            with pytest.raises(MessageTooLargeError):
                [event async for event in client.query_events(text_query="x" * 100_000)]
            assert len(server.requests) == 1
        async with ChaukasClient("127.0.0.1:1", framing=Framing(max_send=1000)) as client:
            with pytest.raises(MessageTooLargeError, match="not sent"):
                [event async for event in client.query_events(text_query="x" * 2000)]

    run(main())


def test_what_comes_back_makes_no_event_too_large() -> None:
    """A proxy's page and an answer above the limit say nothing about the events, so none is given up for them."""
    page = b"<html><body>502 Bad Gateway</body></html>"
    wrong = [faulty.http(502, page), faulty.http(502), faulty.ok(b"x" * 2000), faulty.ok_gzip(b"x" * 2000)]

    async def main() -> None:
        async with (
            faulty.faulty(*wrong, faulty.ok()) as (server, address),
            ChaukasClient(address, retry=NEVER, framing=Framing(max_receive=1000)) as client,
            EventExporter(client, retry=QUICK) as exporter,
        ):
            for number in range(5):
                exporter.emit(Event(event_id=str(number)))
            assert await exporter.flush(10)
            assert exporter.stats().sent == 5
            assert exporter.stats().dropped == {}
            batches = [pb.IngestEventBatchRequest.parse(request.message).event_batch for request in server.requests]
            assert [len(batch.events) for batch in batches if batch is not None] == [5] * 5, "a batch was halved"

    run(main())


def test_odd_pages() -> None:
    async def main() -> None:
        async with faulty.faulty(page("1", token="a")) as (server, address), ChaukasClient(address) as client:
            with pytest.raises(PeerProtocolError, match="token of that very page"):
                [event async for event in client.query_events()]
            assert tokens(server) == ["", "a"]
            server.behaviours = [faulty.ok()]
            assert [event async for event in client.query_events()] == []
            for wrong in ({"limit": -1}, {"page_size": 0}, {"page_size": 2**31}):
                with pytest.raises(SettingError):
                    client.query_events(**wrong)  # type: ignore[arg-type]
            with pytest.raises(SettingError, match="timeout"):
                await client.get_capabilities(timeout=0)

    run(main())


def test_secrets_stay_out_of_logs(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)

    async def main() -> None:
        async with (
            faulty.faulty(faulty.status(14, "busy"), faulty.ok()) as (server, address),
            ChaukasClient(address, api_key="sesame", metadata={"x-t": "hush"}, retry=QUICK) as client,
        ):
            await client.get_capabilities()
            assert server.requests[0].headers["authorization"] == "Bearer sesame"
            assert server.requests[0].headers["x-t"] == "hush"

    run(main())
    assert "repeating in" in caplog.text
    assert "Adding" in caplog.text
    said = [text for text in caplog.text.splitlines() if "sesame" in text or "hush" in text]
    # The server is of this process too, and it does log what it decodes.
    assert [line for line in said if "Decoded" not in line] == []


def test_the_token_stays_out_of_the_server_s_logs_too(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)

    async def main() -> None:
        async with collector(api_key="sesame") as client:
            await client.get_capabilities()
            await client.ingest_event(Event())

    run(main())
    assert caplog.records
    assert "sesame" not in caplog.text
    assert "hpack" not in caplog.text


def test_plain_tokens_are_warned_about_once(caplog: pytest.LogCaptureFixture) -> None:
    ChaukasClient("127.0.0.1:1", api_key="sesame")
    ChaukasClient("unix:/x", api_key="sesame")
    ChaukasClient("https://h", api_key="sesame")
    assert not caplog.records
    ChaukasClient("collector.example:1", api_key="sesame")
    assert "api_key goes to collector.example:1 in plain text" in caplog.text
    assert "sesame" not in caplog.text


def test_an_ipv6_address() -> None:
    async def main() -> None:
        async with faulty.faulty(faulty.ok(), host="::1") as (server, address):
            port = address.rpartition(":")[2]
            async with ChaukasClient(f"[::1]:{port}") as client:
                await client.get_capabilities()
            assert server.requests[0].headers[":authority"] == f"[::1]:{port}"

    run(main())


@pytest.mark.parametrize(
    ("at", "host"),
    [
        (("fe80::1", 50051, 0, 3), "fe80::1%3"),
        (("fe80::1%eth0", 50051, 0, 3), "fe80::1%eth0"),
        (("::1", 50051, 0, 0), "::1"),
        (("127.0.0.1", 50051), "127.0.0.1"),
    ],
)
def test_a_link_local_address_keeps_its_link(at: tuple[Any, ...], host: str) -> None:
    assert connecting.socket_host(at) == host


@asynccontextmanager
async def official() -> AsyncIterator[str]:
    """The official servicer under grpcio, in a process of its own."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(sys.executable, str(OFFICIAL), stdin=pipe, stdout=pipe)
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield f"127.0.0.1:{int(await process.stdout.readline())}"
    finally:
        process.stdin.close()
        await process.wait()


def test_with_grpcio_s_server() -> None:
    async def main() -> None:
        async with official() as address, ChaukasClient(address, batch_size=200) as client:
            await client.get_capabilities()
            assert (await client.get_capabilities()).rbac
            events = [Event(branch=f"{number} {'x' * 2000}") for number in range(1000)]
            await client.ingest_events(events)
            await client.ingest_event(events[0])
            assert [event async for event in client.query_events(page_size=300)] == [*events, events[0]]
            async with ChaukasClient(address, framing=Framing(max_send=8 << 20)) as large:
                with pytest.raises(MessageTooLargeError, match="larger than max"):
                    await large.send([bytes(Event(branch="x" * (5 << 20)))])
            await asyncio.gather(*(client.get_capabilities() for _ in range(200)))

    run(main())


def test_statistics_are_asked_of_the_server_s_service() -> None:
    begin = datetime(2026, 5, 1, tzinfo=timezone.utc)
    hour = timedelta(hours=1)

    async def main() -> None:
        async with collector(tenant_id="acme", project_id="demo") as client:
            events = [Event(session_id="s", type=EventType.ERROR, timestamp=begin + hour * each) for each in range(3)]
            others = [Event(tenant_id="acme", project_id="other"), Event(tenant_id="else", type=EventType.RETRY)]
            await client.ingest_events([*events, *others])
            stats = await client.get_event_stats()
            assert (stats.total_events, stats.total_sessions) == (3, 1)
            assert stats.events_by_type == {"EVENT_TYPE_ERROR": 3}
            assert stats.avg_session_duration_ms == 2 * 3_600_000
            assert (await client.get_event_stats(project_id="")).total_events == 4
            assert (await client.get_event_stats(tenant_id="else", project_id="demo")).total_events == 1
            assert (await client.get_event_stats(tenant_id="", project_id="")).total_events == 5
            assert (await client.get_event_stats(start=begin + hour)).total_events == 2
            assert (await client.get_event_stats(start=begin + hour, end=begin + 2 * hour)).total_events == 1
            with pytest.raises(SettingError, match="timeout"):
                await client.get_event_stats(timeout=0)
        async with official() as address, ChaukasClient(address, tenant_id="t") as client:
            stats = await client.get_event_stats(start=datetime.fromtimestamp(0.5, timezone.utc))
            assert (stats.total_events, stats.events_by_type) == (500_000_000, {"t": 2**63 - 1})

    run(main())


def test_statistics_are_asked_for_again_as_pages_are() -> None:
    async def main() -> None:
        answer = faulty.ok(bytes(GetEventStatsResponse(total_events=7)))
        script = [faulty.status(14), faulty.abort_amid_answer, answer]
        async with faulty.faulty(*script) as (server, address), ChaukasClient(address, retry=QUICK) as client:
            assert (await client.get_event_stats()).total_events == 7
            assert len(server.requests) == 3

    run(main())


def test_gzip_from_grpcio_s_server() -> None:
    class Servicer(client_pb2_grpc.ChaukasClientServiceServicer):
        def QueryEvents(self, request: Any, context: grpc.ServicerContext) -> Any:
            seen.extend(context.invocation_metadata())
            answer = client_pb2.QueryEventsResponse()
            answer.response.events.add(event_id="1", branch="x" * 100_000)
            return answer

        def IngestEvent(self, request: Any, context: grpc.ServicerContext) -> Any:
            events.append(request.event)
            return client_pb2.IngestEventResponse()

    seen: list[tuple[str, str]] = []
    events: list[Any] = []

    async def main() -> None:
        with ThreadPoolExecutor(2) as pool:
            server = grpc.server(pool, compression=grpc.Compression.Gzip)
            client_pb2_grpc.add_ChaukasClientServiceServicer_to_server(Servicer(), server)
            port = server.add_insecure_port("127.0.0.1:0")
            server.start()
            try:
                async with faulty.relay(f"127.0.0.1:{port}") as (between, front), ChaukasClient(front) as client:
                    (found,) = [event async for event in client.query_events()]
                    assert found.branch == "x" * 100_000
                    await client.ingest_event(Event(branch="y" * 100_000))
                    assert events[0].branch == "y" * 100_000
                    assert between.passed < 10_000, "it was not compressed"
            finally:
                await asyncio.to_thread(server.stop(0).wait)

    run(main())
    assert any(key == "user-agent" and value.startswith("chaukas-spec-lite") for key, value in seen)
