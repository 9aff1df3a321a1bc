"""What our server adds to grpclib's: the limit on requests, and stopping in good order."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, ClassVar, cast

import grpc
import pytest
from grpclib.const import Status
from h2.connection import H2Connection
from h2.settings import SettingCodes

from chaukas_spec_lite.rpc.server.server import MessageServer
from tests.patience import AGES, HANG, run, until
from tests.rpc.relay import PREFIX, Relay, Word, error_of, stub_of


class Slow(Relay):
    """Says a word back when it may."""

    def __init__(self) -> None:
        self.entered, self.may_leave = asyncio.Event(), asyncio.Event()

    async def echo(self, request: Any) -> Any:
        self.entered.set()
        await self.may_leave.wait()
        return request


@asynccontextmanager
async def serving(service: Any, **options: Any) -> AsyncIterator[MessageServer]:
    server = MessageServer([service], **options)
    await server.start("127.0.0.1", 0)
    try:
        yield server
    finally:
        if server.connections or not server._stopping:
            await server.stop(1)


def test_requests_above_the_limit_are_refused() -> None:
    def official(port: int) -> None:
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            with pytest.raises(grpc.RpcError) as caught:
                channel.unary_unary(f"{PREFIX}Echo")(b"\x0a\x7f" + b"x" * 127, timeout=HANG)
            assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
            problem = "received message larger than max: the message has 129 bytes, above the limit of 100"
            assert caught.value.details() == problem
            assert len(channel.unary_unary(f"{PREFIX}Echo")(b"\x0a\x62" + b"x" * 98, timeout=HANG)) == 100

    async def main() -> None:
        async with serving(Relay(), max_message_bytes=100) as server:
            await asyncio.to_thread(official, server.port)
            async with stub_of(server.port) as stub:
                error = await error_of(stub.echo(Word(text="x" * 5_000_000)))
                assert error.status is Status.RESOURCE_EXHAUSTED
                error = await error_of(stub.join([Word(text="x"), Word(text="x" * 101)]))
                assert error.status is Status.RESOURCE_EXHAUSTED
                assert (await stub.echo(Word(text="x"))).text == "x"

    run(main())


def test_calls_finish_before_it_stops() -> None:
    async def main() -> None:
        service = Slow()
        async with serving(service) as server, stub_of(server.port) as stub:
            call = asyncio.ensure_future(stub.echo(Word(text="a")))
            await service.entered.wait()
            stopping = asyncio.ensure_future(server.stop(AGES))
            await asyncio.sleep(0.05)
            refused = await error_of(stub.echo(Word()))
            assert (refused.status, refused.message) == (Status.UNAVAILABLE, "the server is stopping")
            assert not call.done()
            assert not stopping.done()
            service.may_leave.set()
            assert (await call).text == "a"
            await stopping
            with pytest.raises(OSError, match=r"."):
                await stub.echo(Word())

    run(main())


@pytest.mark.parametrize("turns", range(6))
def test_a_cancellation_of_stopping_arrives_also_in_the_moment_in_which_the_last_call_ends(turns: int) -> None:
    async def main() -> None:
        async with serving(Relay()) as server:
            server._idle.clear()  # as while a call runs

            async def goes_on() -> None:
                await server.stop(AGES)
                await asyncio.sleep(AGES)

            task = asyncio.create_task(goes_on())
            for _ in range(5):
                await asyncio.sleep(0)
            server._idle.set()
            for _ in range(turns):
                await asyncio.sleep(0)
            assert task.cancel()
            await asyncio.wait([task], timeout=HANG)
            assert task.cancelled()
            await server.stop(0)

    run(main())


def test_calls_that_take_too_long_are_ended() -> None:
    async def main() -> None:
        service = Slow()
        async with serving(service) as server, stub_of(server.port) as stub:
            call = asyncio.ensure_future(stub.echo(Word(text="a")))
            await service.entered.wait()
            await server.stop(0.1)
            with pytest.raises(Exception, match=r".") as caught:
                await call
            assert not isinstance(caught.value, AssertionError)

    run(main())


def test_who_only_stays_connected_does_not_hold_it_up() -> None:
    async def main() -> None:
        async with serving(Relay()) as server, stub_of(server.port) as stub:
            await stub.echo(Word())
            with socket.create_connection(("127.0.0.1", server.port)) as silent:
                await until(lambda: len(server.connections) == 2)
                await server.stop(AGES)
                silent.settimeout(HANG)
                while silent.recv(4096):
                    pass

    run(main())


def test_who_does_not_read_does_not_hold_it_up() -> None:
    entered = asyncio.Event()

    class Talkative(Relay):
        async def echo(self, request: Any) -> Any:
            entered.set()
            return Word(text="x" * 20_000_000)

    async def main() -> None:
        async with serving(Talkative()) as server:
            with socket.create_connection(("127.0.0.1", server.port)) as deaf:
                deaf.sendall(request_with_a_large_window())
                await entered.wait()
                (connection,) = server.connections
                await until(lambda: not connection.connection.write_ready.is_set())
                started = time.monotonic()
                await server.stop(0.2)
                assert time.monotonic() - started > 0.19, "the call had its time"
                assert server.connections == set()
                deaf.settimeout(HANG)
                assert 0 < len(b"".join(iter(lambda: deaf.recv(2**20), b""))) < 20_000_000

    run(main())


def request_with_a_large_window() -> bytes:
    connection = H2Connection()
    connection.initiate_connection()
    connection.update_settings({SettingCodes.INITIAL_WINDOW_SIZE: 2**30})
    connection.increment_flow_control_window(2**30)
    pseudo = [(":method", "POST"), (":scheme", "http"), (":path", f"{PREFIX}Echo"), (":authority", "here")]
    connection.send_headers(1, [*pseudo, ("te", "trailers"), ("content-type", "application/grpc")])
    connection.send_data(1, b"\x00\x00\x00\x00\x00", end_stream=True)
    return connection.data_to_send()


def test_the_port_is_that_of_a_running_server() -> None:
    async def main() -> None:
        server = MessageServer([Relay()])
        with pytest.raises(RuntimeError, match="has no port"):
            _ = server.port
        await server.start("127.0.0.1", 0)
        assert server.port > 0
        await server.stop(1)

    run(main())


def test_event_loops_have_servers_of_their_own() -> None:
    """uvloop's, for one, is no ``asyncio.Server``."""

    class Foreign:
        sockets: ClassVar[list[Any]] = []

        def close(self) -> None:
            pass

    async def main() -> None:
        server = MessageServer([Relay()])
        server._server = cast("Any", Foreign())
        with socket.create_server(("127.0.0.1", 0)) as listening:
            Foreign.sockets.append(listening)
            assert server.port == listening.getsockname()[1]

    run(main())
