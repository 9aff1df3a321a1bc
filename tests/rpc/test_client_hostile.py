"""The client against servers that keep to the letter of HTTP/2 and are hard to live with, or do not even do that."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from h2.errors import ErrorCodes
from h2.settings import SettingCodes

from chaukas_spec_lite import Event
from chaukas_spec_lite.client.client import ChaukasClient
from chaukas_spec_lite.clock import Clock
from chaukas_spec_lite.errors import ClientClosedError, ConnectionLostError, RpcError, StatusCode, StatusError
from chaukas_spec_lite.retry import NEVER, RetryPolicy
from chaukas_spec_lite.rpc.client.channel import Channel
from chaukas_spec_lite.rpc.client.endpoint import parse
from chaukas_spec_lite.rpc.transport.limits import Framing
from chaukas_spec_lite.spec.client.v1.client import HealthzRequest, IngestEventRequest
from chaukas_spec_lite.spec.client.v1.client_grpc import ChaukasClientServiceStub
from tests.patience import AGES, HANG, run, until
from tests.rpc import faulty

QUICK = RetryPolicy(initial=0.01, maximum=0.05)


PATIENT: dict[str, Any] = {"timeout": AGES, "attempt_timeout": AGES}
"""Settings of a client whose calls end for other reasons than their deadlines, or hang."""


def change(request: faulty.Request, settings: dict[SettingCodes | int, int]) -> None:
    request.connection.h2.update_settings(settings)
    request.connection.flush()


def test_no_stream_is_allowed_for_a_while() -> None:
    """Calls that wait for a stream are told when the server allows more, though none has ended meanwhile."""

    def closing(request: faulty.Request) -> None:
        change(request, {SettingCodes.MAX_CONCURRENT_STREAMS: 0})
        faulty.ok()(request)

    async def main() -> None:
        async with (
            faulty.faulty(closing, faulty.ok()) as (server, address),
            ChaukasClient(address, retry=NEVER, **PATIENT) as client,
        ):
            await client.get_capabilities()
            calls = [asyncio.create_task(client.get_capabilities()) for _ in range(10)]
            await asyncio.sleep(0.3)
            assert len(server.requests) == 1
            change(server.requests[0], {SettingCodes.MAX_CONCURRENT_STREAMS: 2})
            await asyncio.gather(*calls)
            assert len(server.connections) == 1

    run(main())


def test_one_stream_at_a_time() -> None:
    most = 0

    def late(request: faulty.Request) -> None:
        nonlocal most
        most = max(most, request.connection.h2.open_inbound_streams)
        asyncio.get_running_loop().call_later(0.002, faulty.ok(), request)

    async def main() -> None:
        async with (
            faulty.faulty(late, settings={SettingCodes.MAX_CONCURRENT_STREAMS: 1}) as (server, address),
            ChaukasClient(address, retry=NEVER) as client,
        ):
            await client.get_capabilities()
            await asyncio.gather(*(client.get_capabilities() for _ in range(50)))
            assert len(server.requests) == 51
            assert most == 1

    run(main())


def test_many_calls_at_once_on_a_new_connection_keep_to_what_any_server_allows() -> None:
    """Until the server has said how many streams it takes, there are 100 at most (RFC 9113, section 6.5.2)."""
    most = 0

    def late(request: faulty.Request) -> None:
        nonlocal most
        most = max(most, request.connection.h2.open_inbound_streams)
        asyncio.get_running_loop().call_later(0.05, faulty.ok(), request)

    async def main() -> None:
        async with (
            faulty.faulty(late) as (server, address),
            ChaukasClient(address, retry=NEVER) as client,
        ):
            server.silent_for = 0.2
            await asyncio.gather(*(client.get_capabilities() for _ in range(300)))
            assert len(server.connections) == 1
            assert most <= 100

    run(main())


def test_a_server_that_sets_no_limit_gets_as_many_streams_as_there_are_calls() -> None:
    async def main() -> None:
        async with (
            faulty.faulty(faulty.hang, settings={SettingCodes.MAX_CONCURRENT_STREAMS: 2**32 - 1}) as (server, address),
            ChaukasClient(address, retry=NEVER, **PATIENT) as client,
        ):
            calls = [asyncio.create_task(client.get_capabilities()) for _ in range(300)]
            await server.expect(300)
            server.behaviours = [faulty.ok()]
            for request in server.requests:
                faulty.ok()(request)
            await asyncio.gather(*calls)

    run(main())


@pytest.mark.parametrize("end", ["goaway", "close", "reset"])
def test_calls_that_wait_for_a_stream_go_on_when_the_connection_ends(end: str) -> None:
    """They are repeated on a new one at once, as those are that had a stream."""

    def end_all(request: faulty.Request) -> None:
        if len(server.requests) == 5:
            server.behaviours = [faulty.ok()]
            if end == "goaway":
                faulty.goaway(request)
            elif end == "close":
                request.connection.transport.close()
            else:
                faulty.abort(request)

    server: faulty.FaultyServer

    async def main() -> None:
        nonlocal server
        limit: dict[SettingCodes | int, int] = {SettingCodes.MAX_CONCURRENT_STREAMS: 5}
        async with faulty.faulty(faulty.ok(), settings=limit) as (server, address):
            async with ChaukasClient(address, retry=QUICK, **PATIENT) as client:
                await client.get_capabilities()
                server.requests.clear()
                server.behaviours = [end_all]
                await asyncio.gather(*(client.get_capabilities() for _ in range(30)))
            async with Channel(parse(address)) as channel:
                stub = ChaukasClientServiceStub(channel, timeout=AGES)
                await stub.healthz(HealthzRequest())
                server.requests.clear()
                server.behaviours = [end_all]
                calls = (stub.healthz(HealthzRequest()) for _ in range(30))
                errors = await asyncio.gather(*calls, return_exceptions=True)
                assert not any(isinstance(error, asyncio.TimeoutError) for error in errors)

    run(main())


def test_a_window_of_one_byte() -> None:
    async def main() -> None:
        async with (
            faulty.faulty(faulty.ok(), settings={SettingCodes.INITIAL_WINDOW_SIZE: 1}) as (server, address),
            ChaukasClient(address, retry=NEVER, framing=Framing(compress_above=None)) as client,
        ):
            events = [Event(event_id=str(number), branch="x" * 300) for number in range(5)]
            await client.get_capabilities()
            await asyncio.gather(*map(client.ingest_event, events))
            sent = [IngestEventRequest.parse(request.message).event for request in server.requests[1:]]
            assert {event.event_id for event in sent if event} == set("01234")

    run(main())


def test_a_window_that_shrinks_below_nothing_amid_a_request() -> None:
    def shrink(request: faulty.Request) -> None:
        change(request, {SettingCodes.INITIAL_WINDOW_SIZE: 0})
        faulty.ok()(request)
        later = asyncio.get_running_loop().call_later
        later(0.2, change, request, {SettingCodes.INITIAL_WINDOW_SIZE: 70_000})

    async def main() -> None:
        async with (
            faulty.faulty(shrink, faulty.ok()) as (server, address),
            ChaukasClient(address, retry=NEVER, framing=Framing(compress_above=None)) as client,
        ):
            calls = [client.get_capabilities(), client.ingest_event(Event(branch="x" * 200_000))]
            await asyncio.gather(*calls)
            assert len(server.connections) == 1

    run(main())


def test_details_that_are_not_ascii() -> None:
    """gRPC wants them percent-encoded; some servers send them as they are."""
    text = "größe: 象"
    raw = [(b":status", b"200"), (b"content-type", b"application/grpc"), (b"grpc-status", b"3")]

    def plain(details: bytes) -> faulty.Behaviour:
        return lambda request: request.send(headers=[*raw, (b"grpc-message", details)], end=True)

    async def main() -> None:
        for sent, shown in ((text.encode(), text), (b"a\xffb", "a\ufffdb")):
            async with faulty.faulty(plain(sent)) as (_, address), ChaukasClient(address, retry=QUICK) as client:
                with pytest.raises(StatusError) as caught:
                    await client.get_capabilities()
                assert caught.value.status is StatusCode.INVALID_ARGUMENT
                assert caught.value.details == shown
                assert caught.value.attempts == 1

    run(main())


def test_closing_ends_calls_that_wait_to_be_repeated() -> None:
    async def main() -> None:
        waits: list[float] = []

        async def sleep(seconds: float) -> None:
            waits.append(seconds)
            await asyncio.sleep(seconds)

        slow = RetryPolicy(initial=1000, maximum=1000)
        pushback = ("grpc-retry-pushback-ms", str(round(AGES / 2 * 1000)))
        async with faulty.faulty(faulty.status(14, "", pushback)) as (_, address):
            client = ChaukasClient(address, retry=slow, clock=Clock(sleep=sleep), **PATIENT)
            call = asyncio.create_task(client.get_capabilities())
            await until(lambda: waits == [AGES / 2])
            await client.aclose()
            with pytest.raises((ClientClosedError, ConnectionLostError, StatusError)):
                await call

    run(main())


def test_a_stub_on_our_channel_compresses_once_the_server_has_said_that_it_understands() -> None:
    """A server that does not know gzip may refuse the mere mention of it, and stubs do not try again."""
    large = IngestEventRequest(event=Event(branch="x" * 5000))
    silent = [pair for pair in faulty.HEADERS if pair[0] != "grpc-accept-encoding"]

    def only_plain(request: faulty.Request) -> None:
        if "grpc-encoding" in request.headers:
            request.send(headers=[*silent, ("grpc-status", "12")], end=True)
        else:
            request.send(headers=silent, body=faulty.frame(b""), trailers=faulty.OK)

    async def main() -> None:
        for behaviour, encodings in ((only_plain, [None] * 3), (faulty.ok(), [None, "gzip", "gzip"])):
            async with faulty.faulty(behaviour) as (server, address), Channel(parse(address)) as channel:
                stub = ChaukasClientServiceStub(channel, timeout=AGES)
                for _ in range(3):
                    await stub.ingest_event(large)
                assert [request.headers.get("grpc-encoding") for request in server.requests] == encodings
                assert all(IngestEventRequest.parse(request.message) == large for request in server.requests)

    run(main())


def test_a_server_that_pings_and_does_not_read_is_left() -> None:
    """Each ping has to be answered; the answers must not pile up for one who does not take them."""

    async def main() -> None:
        gone = asyncio.Event()

        async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"\0\0\0\4\0\0\0\0\0")
            ping = b"\0\0\x08\6\0\0\0\0\0" + b"12345678"
            try:
                while True:
                    writer.write(ping * 10_000)
                    await writer.drain()
            except OSError:
                gone.set()

        server = await asyncio.start_server(flood, "127.0.0.1", 0)
        address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with ChaukasClient(address, retry=NEVER, **PATIENT) as client:
            with pytest.raises(
                ConnectionLostError, match="the peer does not read, and keeps sending frames that have to be answered"
            ):
                await client.get_capabilities()
        await asyncio.wait_for(gone.wait(), HANG)
        server.close()

    run(main())


@pytest.mark.parametrize("code", list(ErrorCodes))
def test_every_code_of_goaway_and_reset_has_an_error(code: ErrorCodes) -> None:
    def leave(request: faulty.Request) -> None:
        request.connection.h2.close_connection(code, last_stream_id=0)
        request.connection.flush()

    async def main() -> None:
        for behaviour in (faulty.reset(code), leave):
            async with faulty.faulty(behaviour) as (_, address), ChaukasClient(address, retry=NEVER) as client:
                with pytest.raises(RpcError, match=f"^GetCapabilities at {address}: "):
                    await client.get_capabilities()

    run(main())
