"""Our stubs against a grpcio server with the official packages' services, in a process of its own."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from grpclib.client import Channel
from grpclib.const import Status
from grpclib.exceptions import GRPCError

from chaukas_spec_lite import Capabilities, Event, EventBatch, QueryRequest, TimeRange
from chaukas_spec_lite.rpc.stubs.codec import Encoded, MessageCodec
from chaukas_spec_lite.spec.client.v1 import client
from chaukas_spec_lite.spec.client.v1.client_grpc import ChaukasClientServiceStub
from chaukas_spec_lite.spec.server.v1 import server
from chaukas_spec_lite.spec.server.v1.server_grpc import ChaukasServerServiceStub
from chaukas_spec_lite.wellknown.times import WireDatetime
from tests import realdata
from tests.patience import HANG
from tests.rpc.official import large_events

PROGRAM = Path(__file__).parent / "official_server.py"


@pytest.fixture
def port() -> Iterator[int]:
    command = [sys.executable, str(PROGRAM)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdin
        try:
            yield int(process.stdout.readline())
        finally:
            process.stdin.close()
            assert process.wait(HANG) == 0


async def all_events(stub: ChaukasClientServiceStub, page_size: int) -> list[Event]:
    found: list[Event] = []
    token = ""
    while True:
        query = QueryRequest(page_size=page_size, page_token=token)
        page = (await stub.query_events(client.QueryEventsRequest(query=query))).response
        assert page is not None
        found += page.events
        token = page.next_page_token
        if not token:
            return found


def test_the_client_service(port: int) -> None:
    events = [Event.parse(data) for data in realdata.events()]

    async def main() -> None:
        async with Channel("127.0.0.1", port, codec=MessageCodec()) as channel:
            stub = ChaukasClientServiceStub(channel, timeout=HANG)
            assert await stub.healthz(client.HealthzRequest()) == client.HealthzResponse()
            answer = await stub.get_capabilities(client.GetCapabilitiesRequest())
            assert answer == client.GetCapabilitiesResponse(capabilities=Capabilities(rbac=True))
            assert await stub.ingest_event(client.IngestEventRequest(event=events[0])) == client.IngestEventResponse()
            batch = client.IngestEventBatchRequest(event_batch=EventBatch(events=events[1:]))
            assert await stub.ingest_event_batch(batch) == client.IngestEventBatchResponse()
            assert await all_events(stub, 500) == events
            with pytest.raises(GRPCError) as caught:
                await all_events(stub, -1)
            assert (caught.value.status, caught.value.message) == (Status.INVALID_ARGUMENT, "page_size")

    asyncio.run(main())


def test_a_batch_of_four_megabytes_there_and_back(port: int) -> None:
    events = [Event.parse(data) for data in large_events()]

    async def main() -> None:
        async with Channel("127.0.0.1", port) as channel:
            stub = ChaukasClientServiceStub(channel, timeout=HANG)
            batch = EventBatch(events=events)
            request = Encoded(bytes(client.IngestEventBatchRequest(event_batch=batch)))
            assert 4_000_000 <= len(request) <= 4 * 2**20
            await stub.IngestEventBatch(request)
            assert await all_events(stub, 1000) == events
            with pytest.raises(GRPCError) as caught:  # it takes 4 MiB, not more
                await stub.ingest_event(client.IngestEventRequest(event=Event(branch="x" * 5_000_000)))
            assert caught.value.status is Status.RESOURCE_EXHAUSTED

    asyncio.run(main())


def test_the_server_service(port: int) -> None:
    async def main() -> None:
        async with Channel("127.0.0.1", port) as channel:
            stub = ChaukasServerServiceStub(channel, timeout=HANG)
            assert await stub.healthz(server.HealthzRequest()) == server.HealthzResponse()
            capabilities = await stub.get_capabilities(server.GetCapabilitiesRequest())
            assert capabilities.capabilities == Capabilities(sso=True)
            accepted = await stub.ingest_event(server.IngestEventRequest(event=Event(event_id="a")))
            assert accepted == server.IngestEventResponse(event_id="a", status="accepted", processed_at=-1)
            batch = EventBatch(batch_id="b", events=[Event(event_id="a"), Event(event_id="b")])
            rejected = await stub.ingest_event_batch(server.IngestEventBatchRequest(event_batch=batch))
            assert rejected == server.IngestEventBatchResponse(
                batch_id="b", accepted_count=2, rejected_event_ids=["a", "b"]
            )
            page = await stub.query_events(server.QueryEventsRequest(query=QueryRequest()))
            assert page.response is not None
            assert page.response.next_page_token == "next"
            range_ = TimeRange(start=WireDatetime(1, 999_999_999))
            stats = await stub.get_event_stats(server.GetEventStatsRequest(tenant_id="t", time_range=range_))
            assert stats == server.GetEventStatsResponse(total_events=999_999_999, events_by_type={"t": 2**63 - 1})

    asyncio.run(main())
