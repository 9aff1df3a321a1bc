"""Our server against clients that ask for too much, leave amid calls, or do not keep to the rules."""

from __future__ import annotations

import asyncio
import gzip
import socket
import struct
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import grpc
import pytest
from grpclib.const import Status
from grpclib.exceptions import GRPCError
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import (
    ConnectionTerminated,
    DataReceived,
    ResponseReceived,
    SettingsAcknowledged,
    StreamReset,
    TrailersReceived,
)
from h2.settings import SettingCodes

from chaukas_spec_lite.rpc.server.server import MessageServer
from chaukas_spec_lite.rpc.transport.load import ALL, Load
from tests.patience import AGES, HANG, run, until, wait_until
from tests.rpc.relay import PREFIX, Relay, Word

HEADERS = [(":method", "POST"), (":scheme", "http"), (":path", f"{PREFIX}Echo"), (":authority", "here")]
HEADERS += [("te", "trailers"), ("content-type", "application/grpc"), ("grpc-accept-encoding", "gzip")]


@asynccontextmanager
async def serving(service: Any = None, **options: Any) -> AsyncIterator[MessageServer]:
    server = MessageServer([service or Relay()], **options)
    await server.start("127.0.0.1", 0)
    try:
        yield server
    finally:
        if not server._stopping:
            await server.stop(1)


class Peer:
    """A client by hand; what it hears is kept."""

    def __init__(self, port: int) -> None:
        self.h2 = H2Connection(H2Configuration(header_encoding="ascii"))
        self.h2.initiate_connection()
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.settimeout(HANG)
        self.events: list[Any] = []

    def send(self) -> None:
        self.socket.sendall(self.h2.data_to_send())

    def ask(self, *parts: bytes, end: bool = True, headers: Any = HEADERS) -> int:
        stream: int = self.h2.get_next_available_stream_id()
        self.h2.remote_settings[SettingCodes.MAX_CONCURRENT_STREAMS] = 10_000  # which no well-behaved client would
        self.h2.remote_settings.acknowledge()
        self.h2.send_headers(stream, headers)
        for number, part in enumerate(parts, 1):
            self.h2.send_data(stream, part, end_stream=end and number == len(parts))
        self.send()
        return stream

    def listen(self, kind: type[Any], times: int = 1) -> list[Any]:
        """Read until something has been heard so many times."""
        while len(found := [event for event in self.events if isinstance(event, kind)]) < times:
            data = self.socket.recv(1 << 16)
            assert data, f"closed after {self.events}"
            self.events += self.h2.receive_data(data)
            self.send()
        return found


def peer_of(server: MessageServer, work: Callable[[Peer], None]) -> Any:
    """Let a peer work in a thread."""

    def run() -> None:
        peer = Peer(server.port)
        with peer.socket:
            work(peer)

    return asyncio.to_thread(run)


def frame(message: bytes, flag: int = 0) -> bytes:
    return bytes([flag]) + len(message).to_bytes(4, "big") + message


class Slow(Relay):
    def __init__(self) -> None:
        self.running = 0
        self.may_leave = asyncio.Event()

    async def echo(self, request: Any) -> Any:
        self.running += 1
        try:
            await self.may_leave.wait()
        finally:
            self.running -= 1
        return request


def test_calls_above_the_limit_are_refused_and_the_others_go_on() -> None:
    async def main() -> None:
        service = Slow()

        def work(peer: Peer) -> None:
            for _ in range(250):
                peer.ask(frame(b""))
            refused = peer.listen(StreamReset, 50)
            assert {event.error_code for event in refused} == {ErrorCodes.REFUSED_STREAM}
            loop.call_soon_threadsafe(service.may_leave.set)
            peer.listen(TrailersReceived, 200)
            peer.ask(frame(b""))
            peer.listen(TrailersReceived, 201)

        async with serving(service) as server:
            loop = asyncio.get_running_loop()
            await peer_of(server, work)

    run(main())


def test_the_official_client_may_make_any_number_of_calls_at_once() -> None:
    def official(port: int) -> None:
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            echo = channel.unary_unary(f"{PREFIX}Echo")
            calls = [echo.future(b"", timeout=HANG) for _ in range(500)]
            assert [call.result() for call in calls] == [b""] * 500

    async def main() -> None:
        async with serving() as server:
            await asyncio.to_thread(official, server.port)

    run(main())


def test_calls_that_are_begun_and_reset_at_once_leave_nothing() -> None:
    async def main() -> None:
        def work(peer: Peer) -> None:
            for _ in range(6):
                for _ in range(30):
                    stream = peer.h2.get_next_available_stream_id()
                    peer.h2.send_headers(stream, HEADERS)
                    peer.h2.reset_stream(stream)
                peer.send()
            time.sleep(0.1)
            peer.ask(frame(b""))
            peer.listen(TrailersReceived)

        async with serving() as server:

            def checked(peer: Peer) -> None:
                work(peer)
                (connection,) = server.connections
                wait_until(lambda: not connection.processor.streams)  # the last call ends a moment after its answer
                assert len(connection.framed.h2.streams) < 150

            await peer_of(server, checked)

    run(main())


def test_large_requests_are_bounded_together() -> None:
    async def main() -> None:
        service = Slow()
        async with serving(service, max_message_bytes=1_000_000) as server:
            loop = asyncio.get_running_loop()

            def work(peer: Peer) -> None:
                word = bytes(Word(text="x" * 900_000))
                for _ in range(6):
                    stream = peer.ask(end=False)
                    data = frame(gzip.compress(word), 1)
                    peer.h2.send_data(stream, data, end_stream=True)
                    peer.send()
                small = bytes(Word(text="x" * 50_000))
                peer.ask(*(frame(small)[start : start + 10_000] for start in range(0, 50_010, 10_000)))
                (one, other) = peer.listen(ResponseReceived, 2)
                for event in (one, other):
                    headers = dict(event.headers)
                    assert headers["grpc-status"] == str(Status.RESOURCE_EXHAUSTED.value)
                    assert "try again later" in headers["grpc-message"]
                wait_until(lambda: service.running == 5)
                assert 4_000_000 > server.guard.requests.held > 3_600_000
                loop.call_soon_threadsafe(service.may_leave.set)
                peer.listen(TrailersReceived, 5)

            compressed = [*HEADERS, ("grpc-encoding", "gzip")]
            original = Peer.ask
            Peer.ask = lambda self, *parts, end=True, headers=compressed: original(
                self, *parts, end=end, headers=headers
            )  # type: ignore[method-assign]
            try:
                await peer_of(server, work)
            finally:
                Peer.ask = original  # type: ignore[method-assign]
            await until(lambda: server.guard.requests.held == 0)

    run(main())


def test_messages_that_are_announced_and_do_not_come_take_nothing_from_others() -> None:
    async def main() -> None:
        async with serving(max_message_bytes=1_000_000) as server:

            def work(peer: Peer) -> None:
                for _ in range(50):
                    peer.ask(frame(bytes(1_000_000))[:5], end=False)
                word = bytes(Word(text="x" * 900_000))
                with grpc.insecure_channel(f"127.0.0.1:{server.port}") as channel:
                    assert channel.unary_unary(f"{PREFIX}Echo")(word, timeout=HANG) == word

            await peer_of(server, work)
            await until(lambda: server.guard.requests.held == 0)

    run(main())


def test_what_is_counted() -> None:
    load = Load({"all": 1_000_000, "peer": 500_000})
    here, there = (ALL, ("peer", "here")), (ALL, ("peer", "there"), ("key", "k"))
    load.take(450_000, here)
    assert load.lacking(60_000, here) == ("peer", "here")
    assert load.lacking(60_000, here, small=True) is None, "small ones have a quarter more"
    load.take(500_000, there)
    assert load.lacking(60_000, (ALL,)) == ALL
    assert load.largest("peer") == ("peer", "there")
    load.give(500_000, there)
    assert load.lacking(60_000, (ALL,)) is None
    load.give(450_000, here)
    assert load.held == 0
    assert load.largest("peer") is None


def test_a_peer_that_pings_and_does_not_read_is_left() -> None:
    async def main() -> None:
        async with serving() as server:

            def work(peer: Peer) -> None:
                # Small buffers are full soon; the usual ones take as many pongs as cost ten seconds of processor time.
                peer.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                wait_until(lambda: bool(server.connections))
                for connection in server.connections:
                    connection.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
                peer.send()
                ping = b"\0\0\x08\6\0\0\0\0\0" + b"12345678"
                with pytest.raises(OSError, match=r"."):
                    peer.socket.sendall(ping * 10_000_000)

            await peer_of(server, work)
            await until(lambda: not server.connections)

    run(main())


def test_it_says_goaway_to_who_does_not_speak_http2_well() -> None:
    async def main() -> None:
        async with serving() as server:

            def work(peer: Peer) -> None:
                peer.ask(frame(b""))
                peer.listen(TrailersReceived)
                peer.socket.sendall(b"\0\0\x03\0\0\0\0\0\0abc")  # DATA on no stream
                (goaway,) = peer.listen(ConnectionTerminated)
                assert goaway.error_code is ErrorCodes.PROTOCOL_ERROR

            await peer_of(server, work)

    run(main())


GOAWAY = b"\0\0\x08\7\0\0\0\0\0" + bytes(4)


def test_a_client_that_says_goaway_has_its_calls_to_the_end() -> None:
    """As Java's do, which say it when their channel is shut down, and wait for what is under way."""

    async def main() -> None:
        service = Slow()
        async with serving(service) as server:
            loop = asyncio.get_running_loop()

            def work(peer: Peer) -> None:
                for _ in range(3):
                    peer.ask(frame(b""))
                peer.socket.sendall(GOAWAY + bytes([0, 0, 0, ErrorCodes.NO_ERROR]))
                peer.ask(frame(b""))
                wait_until(lambda: service.running == 4)
                loop.call_soon_threadsafe(service.may_leave.set)
                peer.listen(TrailersReceived, 4)

            await peer_of(server, work)
            await until(lambda: not server.connections)

    run(main())


def test_a_client_that_says_goaway_for_an_error_or_without_calls_is_left_at_once() -> None:
    async def main() -> None:
        service = Slow()
        async with serving(service) as server:

            def without_calls(peer: Peer) -> None:
                peer.send()
                peer.listen(SettingsAcknowledged)
                peer.socket.sendall(GOAWAY + bytes([0, 0, 0, ErrorCodes.NO_ERROR]))
                assert peer.socket.recv(1 << 16) == b""

            def after_an_error(peer: Peer) -> None:
                peer.ask(frame(b""))
                peer.listen(SettingsAcknowledged)
                wait_until(lambda: service.running == 1)
                peer.socket.sendall(GOAWAY + bytes([0, 0, 0, ErrorCodes.PROTOCOL_ERROR]))
                assert peer.socket.recv(1 << 16) == b""

            await peer_of(server, without_calls)
            await peer_of(server, after_an_error)
            await until(lambda: service.running == 0)

    run(main())


def test_a_connection_that_arrives_while_it_stops_is_closed() -> None:
    async def main() -> None:
        async with serving() as server:
            stopping = asyncio.ensure_future(server.stop(AGES))
            with socket.create_connection(("127.0.0.1", server.port)) as late:  # which waits in the backlog
                late.settimeout(HANG)
                await stopping
                protocol = server._protocol_factory()
                ours, theirs = socket.socketpair()
                with ours:
                    await asyncio.get_running_loop().create_connection(lambda: protocol, sock=theirs)
                    await until(lambda: not server.connections)
                    ours.settimeout(HANG)
                    assert ours.recv(1000) == b""

    run(main())


def test_details_are_no_longer_than_any_client_takes() -> None:
    """grpcio refuses an answer whose headers have more than 16 kB, and every client some more than that."""

    class Verbose(Relay):
        async def echo(self, request: Any) -> Any:
            raise GRPCError(Status.INVALID_ARGUMENT, "象" * 100_000)

    def official(port: int) -> None:
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            with pytest.raises(grpc.RpcError) as caught:
                channel.unary_unary(f"{PREFIX}Echo")(b"", timeout=HANG)
            assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
            assert caught.value.details().startswith("象" * 500)
            assert caught.value.details().endswith("象 …")

    async def main() -> None:
        async with serving(Verbose()) as server:
            await asyncio.to_thread(official, server.port)

    run(main())


def test_headers_that_are_not_ascii_end_no_connection() -> None:
    async def main() -> None:
        async with serving() as server:

            def work(peer: Peer) -> None:
                peer.ask(frame(b""), headers=[*HEADERS, ("x", "größe")])
                peer.listen(TrailersReceived)
                assert b"".join(event.data for event in peer.listen(DataReceived)) == frame(b"")

            await peer_of(server, work)

    run(main())


def test_a_client_that_resets_its_connection_amid_calls() -> None:
    async def main() -> None:
        service = Slow()
        async with serving(service) as server:

            def work(peer: Peer) -> None:
                for _ in range(20):
                    peer.ask(frame(b""))
                wait_until(lambda: service.running == 20)
                peer.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

            await peer_of(server, work)
            await until(lambda: not server.connections)
            await until(lambda: service.running == 0 and server.guard.requests.held == 0)

    run(main())
