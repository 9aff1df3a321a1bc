"""Compression and limits between the collector and clients: ours, generated stubs, and grpcio's."""

from __future__ import annotations

import asyncio
import gzip
import random
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import grpc
import pytest
from chaukas.spec.client.v1 import client_pb2, client_pb2_grpc
from grpclib.const import Status
from grpclib.exceptions import GRPCError
from h2.config import H2Configuration
from h2.connection import H2Connection

from chaukas_spec_lite import Event
from chaukas_spec_lite.client.client import ChaukasClient
from chaukas_spec_lite.collector import Collector
from chaukas_spec_lite.errors import MessageTooLargeError, RpcError, StatusCode
from chaukas_spec_lite.retry import NEVER
from chaukas_spec_lite.rpc.client.attempt import unary
from chaukas_spec_lite.rpc.client.channel import Channel
from chaukas_spec_lite.rpc.client.endpoint import parse
from chaukas_spec_lite.rpc.server.server import MessageServer
from chaukas_spec_lite.rpc.transport.framing import TooLarge
from chaukas_spec_lite.rpc.transport.limits import Framing
from chaukas_spec_lite.spec.client.v1 import client as pb
from chaukas_spec_lite.spec.client.v1.client_grpc import ChaukasClientServiceStub
from tests.patience import HANG, run
from tests.rpc import faulty
from tests.rpc.relay import PREFIX, Relay

LIMIT = 50_000
LARGE = "x" * 40_000
TOO_LARGE = "x" * 60_000


@asynccontextmanager
async def collector() -> AsyncIterator[tuple[str, faulty.Relay]]:
    async with (
        Collector(max_message_bytes=LIMIT) as running,
        faulty.relay(f"127.0.0.1:{running.port}") as (between, front),
    ):
        yield front, between


def test_our_client() -> None:
    async def main() -> None:
        async with collector() as (address, between), ChaukasClient(address, retry=NEVER) as client:
            large = Event(branch=LARGE)
            await client.ingest_event(large)
            assert between.passed < 5_000, "the request was not compressed"
            assert [event async for event in client.query_events()] == [large]
            assert between.passed < 10_000, "the answer was not compressed"
            with pytest.raises(MessageTooLargeError, match="refused the request: received message larger than max"):
                await client.ingest_event(Event(branch=TOO_LARGE))
            assert [event async for event in client.query_events()] == [large]

    run(main())


def test_our_client_without_compression() -> None:
    async def main() -> None:
        framing = Framing(compress_above=None)
        async with collector() as (address, between), ChaukasClient(address, retry=NEVER, framing=framing) as client:
            await client.ingest_event(Event(branch=LARGE))
            assert between.passed > len(LARGE)
            with pytest.raises(MessageTooLargeError, match="refused the request"):
                await client.ingest_event(Event(branch=TOO_LARGE))

    run(main())


def test_generated_stubs() -> None:
    async def main() -> None:
        async with collector() as (address, between), Channel(parse(address)) as channel:
            stub = ChaukasClientServiceStub(channel, timeout=HANG)
            large = Event(event_id="1", branch=LARGE)
            await stub.healthz(pb.HealthzRequest())  # whose answer says that the server takes gzip
            await stub.ingest_event(pb.IngestEventRequest(event=large))
            answer = await stub.query_events(pb.QueryEventsRequest())
            assert answer.response is not None
            assert answer.response.events == [large]
            assert between.passed < 10_000, "it was not compressed"
            async with Channel(parse(address), framing=Framing(max_send=1000)) as narrow:
                with pytest.raises(GRPCError, match="to be sent: the message has 40") as caught:
                    await ChaukasClientServiceStub(narrow, timeout=HANG).ingest_event(
                        pb.IngestEventRequest(event=large)
                    )
                assert caught.value.status is Status.RESOURCE_EXHAUSTED

    run(main())


def test_grpcio_s_client() -> None:
    def refusal(call: Any, *arguments: Any) -> tuple[grpc.StatusCode, str]:
        with pytest.raises(grpc.RpcError) as caught:
            call(*arguments, timeout=HANG)
        error: Any = caught.value
        return error.code(), error.details()

    def gzipped(address: str) -> None:
        with grpc.insecure_channel(address, compression=grpc.Compression.Gzip) as channel:
            stub = client_pb2_grpc.ChaukasClientServiceStub(channel)
            request = client_pb2.IngestEventRequest()
            request.event.event_id = "1"
            request.event.branch = LARGE
            stub.IngestEvent(request, timeout=HANG)
            answer = stub.QueryEvents(client_pb2.QueryEventsRequest(), timeout=HANG)
            assert list(answer.response.events) == [request.event]
            request.event.branch = TOO_LARGE
            code, details = refusal(stub.IngestEvent, request)
            assert code is grpc.StatusCode.RESOURCE_EXHAUSTED
            limit = f"the message has {request.ByteSize()} bytes, above the limit of 50000"
            assert details == f"received message larger than max: {limit}", "as its compressed form says at its end"

    def deflated(address: str) -> None:
        with grpc.insecure_channel(address, compression=grpc.Compression.Deflate) as channel:
            stub = client_pb2_grpc.ChaukasClientServiceStub(channel)
            request = client_pb2.IngestEventRequest()
            request.event.branch = LARGE
            code, details = refusal(stub.IngestEvent, request)
            assert code is grpc.StatusCode.UNIMPLEMENTED
            assert "as 'deflate', and only gzip was offered" in details

    async def main() -> None:
        async with collector() as (address, between):
            await asyncio.to_thread(gzipped, address)
            assert between.passed < 10_000, "it was not compressed"
            await asyncio.to_thread(deflated, address)

    run(main())


async def refused(address: str, flag: int, message: bytes) -> RpcError:
    """What the collector says to a message framed by hand."""
    channel = Channel(parse(address))
    async with channel:
        headers = [(":method", "POST"), (":scheme", "http"), (":authority", "here"), ("te", "trailers")]
        headers += [(":path", "/chaukas.spec.client.v1.ChaukasClientService/IngestEvent")]
        headers += [("content-type", "application/grpc"), ("grpc-encoding", "gzip")]
        frame = bytes([flag]) + len(message).to_bytes(4, "big") + message
        stream = await unary(await channel.connection(HANG), headers, frame, HANG)
        with pytest.raises(RpcError) as caught:
            stream.message()
        return caught.value


@pytest.mark.parametrize(
    ("flag", "message", "status", "details"),
    [
        (1, gzip.compress(b"\0" * (64 << 20))[:49_000], StatusCode.RESOURCE_EXHAUSTED, "inflates to more than 50000"),
        (1, b"no gzip", StatusCode.INTERNAL, "cannot be inflated"),
        (1, gzip.compress(b"x" * 100)[:-1], StatusCode.INTERNAL, "ends too early"),
        (1, gzip.compress(b"x") + b"y", StatusCode.INTERNAL, "something behind its end"),
        (1, gzip.compress(b"no event"), StatusCode.INVALID_ARGUMENT, "IngestEventRequest"),
        (2, b"", StatusCode.INTERNAL, "the flag 2, which is neither 0 nor 1"),
    ],
)
def test_what_does_not_inflate_to_a_request(flag: int, message: bytes, status: StatusCode, details: str) -> None:
    async def main() -> None:
        async with collector() as (address, _):
            error = await refused(address, flag, message)
            assert error.status is status
            assert details in error.details
            async with ChaukasClient(address, retry=NEVER) as client:
                await client.get_capabilities()

    run(main())


def test_what_inflates_to_a_hundred_times_its_size_is_refused_by_servers_beyond_some_megabytes() -> None:
    framing = Framing(max_receive=64 << 20)
    harmless, bomb = gzip.compress(bytes(4 << 20)), gzip.compress(bytes((4 << 20) + 1))
    assert framing.inflate(harmless, bounded=True) == bytes(4 << 20)
    assert len(framing.inflate(bomb)) == (4 << 20) + 1
    with pytest.raises(TooLarge, match=r"inflates to more than 4194304 bytes, above the limit of 4194304"):
        framing.inflate(bomb, bounded=True)
    dense = random.Random(1).randbytes(60_000)
    repeated = gzip.compress(b"".join(dense for _ in range(80)))  # gzip looks back 32 kB, and sees no repetition.
    assert len(framing.inflate(repeated, bounded=True)) == 80 * 60_000


def test_a_server_refuses_a_bomb_and_serves_on() -> None:
    bomb = gzip.compress(b"\x0a\x80\x80\x80\x04" + bytes(8 << 20), 9)
    assert len(bomb) < 10_000

    def official(port: int) -> None:
        with socket.create_connection(("127.0.0.1", port)) as peer:
            peer.settimeout(HANG)
            client = H2Connection(H2Configuration(header_encoding="ascii"))
            client.initiate_connection()
            names = {":method": "POST", ":scheme": "http", ":path": f"{PREFIX}Echo", ":authority": "here"}
            names |= {"te": "trailers", "content-type": "application/grpc", "grpc-encoding": "gzip"}
            client.send_headers(1, [*names.items()])
            client.send_data(1, b"\1" + len(bomb).to_bytes(4, "big") + bomb, end_stream=True)
            peer.sendall(client.data_to_send())
            answer: dict[str, str] = {}
            while "grpc-status" not in answer:
                for event in client.receive_data(peer.recv(1 << 16)):
                    answer |= dict(getattr(event, "headers", None) or {})
            assert answer["grpc-status"] == "8"
            assert answer["grpc-message"].startswith("received message larger than max: ")
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            assert channel.unary_unary(f"{PREFIX}Echo")(b"", timeout=HANG) == b""

    async def main() -> None:
        server = MessageServer([Relay()])
        await server.start("127.0.0.1", 0)
        try:
            await asyncio.to_thread(official, server.port)
        finally:
            await server.stop(1)

    run(main())
