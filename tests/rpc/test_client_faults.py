"""The client against servers that fail, over real sockets: each failure has its error, and what can be mended is."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import gzip
import random
import socket
import time
import tracemalloc
import warnings
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import quote

import pytest
from h2.errors import ErrorCodes

from chaukas_spec_lite import Event
from chaukas_spec_lite.client.client import ChaukasClient
from chaukas_spec_lite.clock import Clock
from chaukas_spec_lite.errors import (
    ClientClosedError,
    ConnectError,
    ConnectionLostError,
    DeadlineExceededError,
    HTTP1Error,
    MessageTooLargeError,
    PeerProtocolError,
    ResponseTooLargeError,
    RpcError,
    StatusCode,
    StatusError,
    TLSError,
)
from chaukas_spec_lite.retry import NEVER, RetryPolicy
from chaukas_spec_lite.rpc.client.keepalive import Keepalive
from chaukas_spec_lite.rpc.transport.limits import Framing
from chaukas_spec_lite.spec.client.v1.client import IngestEventRequest
from tests.patience import AGES, HANG, run, until
from tests.rpc import faulty
from tests.rpc.faulty import Behaviour

QUICK = RetryPolicy(initial=0.01, maximum=0.05)


PATIENT: dict[str, Any] = {"timeout": AGES, "attempt_timeout": AGES}
"""Settings of a client whose calls end for other reasons than their deadlines, or hang."""


async def failure(address: str, **options: Any) -> RpcError:
    async with ChaukasClient(address, **{"retry": NEVER} | PATIENT | options) as client:
        with pytest.raises(RpcError) as caught:
            await client.get_capabilities()
    error = caught.value
    assert error.rpc == "GetCapabilities"
    assert error.peer == address.partition("//")[2] or error.peer == address
    assert error.peer in str(error)
    assert error.status.name in str(error)
    return error


PAGE = b"<html><body>a page of the proxy's</body></html>"


SIZES = [
    (8, "Received message larger than max (5 vs. 4)"),  # grpc for C++ and Python, grpc-js
    (8, "grpc: received message larger than max (5 vs. 4)"),  # grpc-go
    (8, "grpc: received message after decompression larger than max (5 vs. 4)"),
    (8, "Received message that decompresses to a size larger than 4"),  # grpc-js
    (8, "gRPC message exceeds maximum size 4: 5"),  # grpc-java
    (8, "Decompressed gRPC message exceeds maximum size 4"),
    (8, "Received message exceeds the maximum configured message size."),  # grpc-dotnet
    (8, "message size 5 is larger than configured max 4"),  # connect-go
    (8, "message is larger than configured max 4 - unable to determine message size: EOF"),
    (8, "message size 5 is larger than configured readMaxBytes 4"),  # connect-es
    (8, "Message has exceeded the configured maximum payload size (max: 4, actual: 5)"),  # grpc-swift
    (11, "Error, decoded message length too large: found 5 bytes, the limit is: 4 bytes"),  # tonic
    (8, "Error decompressing: size limit, of 4 bytes, exceeded while decompressing message"),
    (2, "Payload Too Large"),  # Envoy
]
"""What servers say to a message that is too large for them: a status and words, as in their sources."""

QUOTAS = [
    (8, "quota exceeded: 1000 messages a minute"),
    (8, "the maximum number of requests is exceeded"),
    (8, "Bandwidth exhausted or memory limit exceeded"),
    (8, "out of memory"),
    (14, "message too large for now"),
    (3, "the request is larger than the sum of its parts"),
]


async def failure_with(status: int, details: str) -> RpcError:
    async with faulty.faulty(faulty.status(status, quote(details))) as (_, address):
        return await failure(address)


@pytest.mark.parametrize(("status", "details"), SIZES)
def test_what_servers_say_of_size_is_understood(status: int, details: str) -> None:
    error = asyncio.run(failure_with(status, details))
    assert isinstance(error, MessageTooLargeError)
    assert (error.retryable, error.status) == (False, StatusCode(status))
    assert details in str(error)


@pytest.mark.parametrize(("status", "details"), QUOTAS)
def test_what_they_say_of_other_things_is_not_taken_for_size(status: int, details: str) -> None:
    assert type(asyncio.run(failure_with(status, details))) is StatusError


ANSWERS: list[tuple[Behaviour, type[RpcError], StatusCode, bool, str]] = [
    (faulty.status(3, "bad%20field"), StatusError, StatusCode.INVALID_ARGUMENT, False, "bad field"),
    (faulty.status(16, "who?"), StatusError, StatusCode.UNAUTHENTICATED, False, "who"),
    (faulty.status(14, "busy"), StatusError, StatusCode.UNAVAILABLE, True, "busy"),
    (faulty.status(8, "quota"), StatusError, StatusCode.RESOURCE_EXHAUSTED, True, "quota"),
    (faulty.status(10), StatusError, StatusCode.ABORTED, True, ""),
    (faulty.status(1), StatusError, StatusCode.CANCELLED, True, ""),
    (faulty.status(4), DeadlineExceededError, StatusCode.DEADLINE_EXCEEDED, True, ""),
    (faulty.status(99), StatusError, StatusCode.UNKNOWN, False, "unknown status '99'"),
    (faulty.http(413), MessageTooLargeError, StatusCode.RESOURCE_EXHAUSTED, False, "HTTP status '413'"),
    (faulty.http(503), StatusError, StatusCode.UNAVAILABLE, True, "HTTP status '503'"),
    (faulty.http(502, PAGE), StatusError, StatusCode.UNAVAILABLE, True, "HTTP status '502'"),
    (faulty.http(429, PAGE * 1000), StatusError, StatusCode.UNAVAILABLE, True, "HTTP status '429'"),
    (faulty.http(404, PAGE), StatusError, StatusCode.UNIMPLEMENTED, False, "HTTP status '404'"),
    (faulty.http(200, PAGE), PeerProtocolError, StatusCode.INTERNAL, False, "content-type 'text/html'"),
    (faulty.http(404), StatusError, StatusCode.UNIMPLEMENTED, False, "HTTP status '404'"),
    (faulty.http(200), PeerProtocolError, StatusCode.INTERNAL, False, "content-type 'text/html'"),
    (faulty.no_trailers, PeerProtocolError, StatusCode.INTERNAL, False, "without a status"),
    (faulty.no_message, PeerProtocolError, StatusCode.INTERNAL, False, "without a message"),
    (faulty.truncated, PeerProtocolError, StatusCode.INTERNAL, False, "3 bytes came, where 10 were announced"),
    (faulty.ok(b"\xff"), PeerProtocolError, StatusCode.INTERNAL, False, "cannot be decoded"),
    (faulty.ok(b"", flag=1), PeerProtocolError, StatusCode.INTERNAL, False, "only gzip was offered"),
    (faulty.ok(b"x" * 2000), ResponseTooLargeError, StatusCode.RESOURCE_EXHAUSTED, False, "limit of 1000"),
    (faulty.ok_gzip(b"x" * 2000), ResponseTooLargeError, StatusCode.RESOURCE_EXHAUSTED, False, "inflates to more than"),
    (faulty.reset(ErrorCodes.INTERNAL_ERROR), ConnectionLostError, StatusCode.INTERNAL, True, "INTERNAL_ERROR"),
    (faulty.reset(ErrorCodes.CANCEL, b"\0\0"), ConnectionLostError, StatusCode.CANCELLED, True, "reset the stream"),
    (faulty.reset(ErrorCodes.REFUSED_STREAM), ConnectionLostError, StatusCode.UNAVAILABLE, True, "REFUSED_STREAM"),
    (faulty.reset(ErrorCodes.HTTP_1_1_REQUIRED), HTTP1Error, StatusCode.UNKNOWN, False, "CHAUKAS_GRPC_ENDPOINT"),
    (faulty.abort, ConnectionLostError, StatusCode.UNAVAILABLE, True, "connection was lost"),
    (faulty.abort_amid_answer, ConnectionLostError, StatusCode.UNAVAILABLE, True, "connection was lost"),
    (faulty.goaway, ConnectionLostError, StatusCode.UNAVAILABLE, True, "GOAWAY (NO_ERROR)"),
    (faulty.garbage, PeerProtocolError, StatusCode.INTERNAL, True, "not valid HTTP/2"),
]


@pytest.mark.parametrize(("behaviour", "kind", "status", "retryable", "details"), ANSWERS, ids=range(len(ANSWERS)))
def test_every_failure_becomes_an_error_of_ours(
    behaviour: Behaviour, kind: type[RpcError], status: StatusCode, retryable: bool, details: str
) -> None:
    async def main() -> None:
        async with faulty.faulty(behaviour) as (server, address):
            error = await failure(address, framing=Framing(max_receive=1000))
            assert (type(error), error.status, error.retryable) == (kind, status, retryable)
            assert details in error.details
            # One that has not the method of one service may have that of the other.
            assert len(server.requests) == (2 if status is StatusCode.UNIMPLEMENTED else 1)

    run(main())


@pytest.mark.parametrize("number", [number for number, row in enumerate(ANSWERS) if row[3]])
def test_what_may_pass_is_tried_again(number: int) -> None:
    behaviour = ANSWERS[number][0]

    async def main() -> None:
        async with (
            faulty.faulty(behaviour, behaviour, faulty.ok()) as (server, address),
            ChaukasClient(address, retry=QUICK) as client,
        ):
            await client.get_capabilities()
            assert len(server.requests) == 3

    run(main())


def test_a_server_that_hangs_costs_one_attempt_and_is_told() -> None:
    async def main() -> None:
        async with (
            faulty.faulty(faulty.hang, faulty.ok()) as (server, address),
            ChaukasClient(address, timeout=AGES, attempt_timeout=0.5, retry=QUICK) as client,
        ):
            await client.get_capabilities()
            assert len(server.requests) == 2
            assert len(server.connections) == 1
            await until(lambda: server.resets == 1)
            assert [request.headers["grpc-timeout"][-1] for request in server.requests] == ["m", "m"]
            server.behaviours = [faulty.hang]
            started = time.monotonic()
            with pytest.raises(DeadlineExceededError) as caught:
                await client.get_capabilities(timeout=1.2)
            assert 1.1 < time.monotonic() - started < HANG
            assert isinstance(caught.value, TimeoutError)
            assert caught.value.attempts >= 2

    run(main())


def test_a_server_that_does_not_read_cannot_hold_a_call() -> None:
    """The request does not fit into the windows and buffers on the way, so that sending it waits."""

    async def main() -> None:
        accepted = asyncio.Event()

        async def ignore(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"\0\0\0\4\0\0\0\0\0")  # SETTINGS, so that it counts as a server; then silence
            accepted.set()
            try:
                await asyncio.sleep(HANG)
            finally:
                writer.transport.abort()

        server = await asyncio.start_server(ignore, "127.0.0.1", 0)
        address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        framing = Framing(compress_above=None)
        async with ChaukasClient(address, attempt_timeout=0.3, retry=QUICK, framing=framing) as client:
            with pytest.raises(DeadlineExceededError):
                await client.ingest_event(Event(branch="x" * 3_000_000), timeout=1)
            await accepted.wait()
            task = asyncio.current_task()
            assert not hasattr(task, "cancelling") or task.cancelling() == 0  # type: ignore[union-attr]
            with pytest.raises(asyncio.TimeoutError):  # and our own timeouts around it still work
                await asyncio.wait_for(client.ingest_event(Event(branch="x" * 3_000_000)), 0.2)
        server.close()

    run(main())


def test_a_connection_that_dies_while_a_request_is_being_sent() -> None:
    async def main() -> None:
        async def die(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"\0\0\0\4\0\0\0\0\0")
            await asyncio.sleep(0.2)
            writer.transport.abort()

        server = await asyncio.start_server(die, "127.0.0.1", 0)
        address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with ChaukasClient(address, retry=NEVER, framing=Framing(compress_above=None), **PATIENT) as client:
            events = [Event(branch="x" * 3_000_000) for _ in range(3)]
            errors = await asyncio.gather(*map(client.ingest_event, events), return_exceptions=True)
            assert [type(error) for error in errors] == [ConnectionLostError] * 3
        server.close()

    run(main())


def test_nobody_listens() -> None:
    async def main() -> None:
        with faulty.closed_port() as (_, address):
            error = await failure(address)
        assert (type(error), error.status, error.retryable) == (ConnectError, StatusCode.UNAVAILABLE, True)
        assert isinstance(error.__cause__, ConnectionRefusedError)
        error = await failure("unix:/nonexistent/socket")
        assert (type(error), error.retryable) == (ConnectError, True)
        error = await failure("no-such-host.invalid:1")
        assert (type(error), error.retryable) == (ConnectError, True)
        assert "name cannot be resolved" in error.details

    run(main())


def test_calls_that_fail_together_have_errors_of_their_own() -> None:
    async def main() -> None:
        with faulty.closed_port() as (_, address):
            client = ChaukasClient(address, retry=NEVER)
            one, other = await asyncio.gather(client.healthz(), client.get_capabilities(), return_exceptions=True)
            assert isinstance(one, ConnectError)
            assert isinstance(other, ConnectError)
            assert (one.rpc, other.rpc) == ("Healthz", "GetCapabilities")
            assert one.__cause__ is other.__cause__ is not None
            await client.aclose()

    run(main())


def test_a_server_that_comes_up_late_is_found() -> None:
    async def main() -> None:
        with faulty.closed_port() as (bound, address):
            async with ChaukasClient(address, retry=QUICK, **PATIENT) as client:
                calls = [asyncio.create_task(client.get_capabilities()) for _ in range(5)]
                await asyncio.sleep(0.3)
                assert not any(call.done() for call in calls)
                async with faulty.faulty(faulty.ok(), bound=bound) as (server, _):
                    await asyncio.gather(*calls)
                    assert len(server.connections) == 1

    run(main())


def test_several_addresses_are_tried_in_turn() -> None:
    async def main() -> None:
        with faulty.closed_port() as (_, dead), faulty.closed_port() as (bound, address):
            async with ChaukasClient(f"{dead},{address}", retry=NEVER) as client:
                with pytest.raises(ConnectError) as caught:
                    await client.get_capabilities()
                assert dead in str(caught.value)
                assert address in str(caught.value)
                assert caught.value.retryable
            async with faulty.faulty(faulty.ok(), bound=bound) as (server, _):
                async with ChaukasClient([dead, address], retry=NEVER) as client:
                    await client.get_capabilities()
                    await client.get_capabilities()
                assert len(server.requests) == 2
                assert server.requests[0].headers[":authority"] == address

    run(main())


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"x" * 100, b"\x15\x03\x01\0\2\2\x46"])
def test_an_address_where_no_server_of_ours_answers_is_passed_over(answer: bytes) -> None:
    """That a connection comes about says little: a proxy without a server behind it takes them too."""

    async def main() -> None:
        async with faulty.talking(answer) as wrong, faulty.faulty(faulty.ok(), faulty.abort, faulty.ok()) as right:
            server, address = right
            async with ChaukasClient([wrong, address], retry=NEVER) as client:
                await client.get_capabilities()
                with pytest.raises(ConnectionLostError) as caught:
                    await client.get_capabilities()
                assert caught.value.peer == address
                await client.get_capabilities()
            assert len(server.requests) == 3

    run(main())


def test_an_address_that_takes_connections_and_says_nothing_is_passed_over_within_an_attempt() -> None:
    async def main() -> None:
        async with (
            faulty.silent() as (_, wrong),
            faulty.faulty(faulty.ok()) as (_, address),
            ChaukasClient([wrong, address], retry=NEVER, attempt_timeout=2) as client,
        ):
            await client.get_capabilities()

    run(main())


def test_an_address_that_breaks_off_before_it_answers_anything_goes_last() -> None:
    async def main() -> None:
        for end in (faulty.abort, faulty.goaway, faulty.garbage):
            async with faulty.faulty(end) as (wrong, first), faulty.faulty(faulty.ok()) as (_, second):
                async with ChaukasClient([first, second], retry=QUICK) as client:
                    await client.get_capabilities()
                    await client.get_capabilities()
                assert len(wrong.requests) == 1

    run(main())


def test_what_one_address_is_is_final_only_once_all_were_tried() -> None:
    async def main() -> None:
        async with faulty.talking(HTTP1) as one, faulty.talking(HTTP1) as other:
            async with ChaukasClient([one, other], retry=QUICK) as client:
                with pytest.raises(HTTP1Error) as caught:
                    await client.get_capabilities()
                assert caught.value.attempts == 1
                assert caught.value.peer == f"{one},{other}"
            with faulty.closed_port() as (_, dead):
                client = ChaukasClient([one, dead], retry=NEVER)
                with pytest.raises(ConnectError, match=r"speaks HTTP/1.*refused: is a collector") as refused:
                    await client.get_capabilities()
                await client.aclose()
                assert type(refused.value) is ConnectError
                assert refused.value.retryable

    run(main())


def test_each_of_the_addresses_of_a_name_has_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        async with faulty.faulty(faulty.ok(), faulty.goaway, faulty.ok()) as (_, address):
            port = int(address.rpartition(":")[2])

            async def two(*_: object, **__: object) -> list[tuple[Any, ...]]:
                return [
                    (socket.AF_INET, socket.SOCK_STREAM, 6, "", (host, port)) for host in ("127.0.0.2", "127.0.0.1")
                ]

            monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", two)
            async with (
                faulty.silent("127.0.0.2", port) as (connections, _),
                ChaukasClient(f"two.example:{port}", retry=QUICK, attempt_timeout=2) as client,
            ):
                await client.get_capabilities()
                assert len(connections) == 1
                await client.get_capabilities()
                assert len(connections) == 1, "it forgot which of them works"

    run(main())


HTTP1 = b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"
HTTP09 = b"<!DOCTYPE HTML>\n<html>Bad request version</html>"


@pytest.mark.parametrize(
    ("answer", "kind", "details"),
    [
        (HTTP1, HTTP1Error, "CHAUKAS_GRPC_ENDPOINT is the gRPC address; CHAUKAS_ENDPOINT"),
        (HTTP09, HTTP1Error, "CHAUKAS_GRPC_ENDPOINT"),
        (b"-ERR unknown command\r\n", PeerProtocolError, "does not speak HTTP/2"),
        (b"\x15\x03\x01\0\2\2\x46", TLSError, "expects TLS"),
    ],
)
def test_servers_of_other_protocols(answer: bytes, kind: type[RpcError], details: str) -> None:
    async def main() -> None:
        for piece in (1000, 1, 3):
            async with faulty.talking(answer, piece=piece) as address:
                error = await failure(address, retry=QUICK)
                assert type(error) is kind
                assert details in error.details
                assert error.attempts == 1

    run(main())


def test_a_server_that_closes_at_once() -> None:
    async def main() -> None:
        async with faulty.talking(b"") as address:
            error = await failure(address)
            assert (type(error), error.retryable) == (ConnectionLostError, True)
            assert "does it expect TLS? Then write grpcs://" in error.details

    run(main())


def test_what_http2_wants_ignored_is_ignored() -> None:
    async def main() -> None:
        behaviour = faulty.send_unknown_frame(faulty.ok())
        async with faulty.faulty(behaviour) as (_, address), ChaukasClient(address, retry=NEVER) as client:
            await client.get_capabilities()

    run(main())


def test_damaged_answers_never_do_worse_than_fail(caplog: pytest.LogCaptureFixture) -> None:
    """Bytes are changed, lost, added and cut off at random; each time the call ends, with an error of ours."""
    chance = random.Random(7)

    def damage(data: bytes) -> bytes:
        damaged = bytearray(data)
        for _ in range(chance.randrange(1, 5)):
            at = chance.randrange(len(damaged))
            damaged[at : at + chance.randrange(2)] = chance.randbytes(chance.randrange(2))
        return bytes(damaged[: chance.randrange(len(damaged))] if chance.random() < 0.3 else damaged)

    behaviours = [faulty.ok(), faulty.ok_gzip(b""), faulty.status(5), faulty.goaway, faulty.truncated]
    outcomes: set[type | None] = set()

    async def main() -> None:
        server_behaves = [faulty.damaged(behaviour, damage) for behaviour in behaviours] * 40
        async with faulty.faulty(*server_behaves) as (_, address):
            for _ in range(len(server_behaves) - 1):
                async with ChaukasClient(address, retry=NEVER, timeout=0.05) as client:
                    try:
                        await client.get_capabilities()
                        outcomes.add(None)
                    except RpcError as error:
                        outcomes.add(type(error))

    run(main())
    assert outcomes >= {PeerProtocolError, ConnectionLostError, DeadlineExceededError}
    assert "ClientProtocol" not in caplog.text, caplog.text


def test_a_server_that_calls_the_client() -> None:
    async def main() -> None:
        call = b"\0\0\1\1\4\0\0\0\x0b\x82"  # HEADERS of a stream of its own
        async with faulty.faulty(lambda request: request.connection.transport.write(call)) as (_, address):
            error = await failure(address)
            assert isinstance(error, PeerProtocolError)

    run(main())


def test_it_connects_again_after_the_server_restarted_or_said_goaway() -> None:
    async def main() -> None:
        async with faulty.faulty(faulty.ok()) as (_, address):
            client = ChaukasClient(address, retry=QUICK)
            await client.get_capabilities()
        port = int(address.rpartition(":")[2])
        async with faulty.faulty(faulty.goaway, faulty.ok(), port=port) as (server, _):
            await asyncio.gather(*(client.get_capabilities() for _ in range(10)))
            assert len(server.connections) >= 2
            await client.aclose()

    run(main())


def test_a_half_open_connection_is_noticed_and_replaced() -> None:
    """The peer vanished without a word; calls that wait for it must not wait for their deadlines."""

    async def main() -> None:
        async with faulty.faulty(faulty.ok()) as (server, address), faulty.relay(address) as (between, front):
            keepalive = Keepalive(time=0.2, timeout=0.5)
            async with ChaukasClient(front, keepalive=keepalive, retry=QUICK, **PATIENT) as client:
                await client.get_capabilities()
                between.freeze()
                started = time.monotonic()
                await asyncio.gather(*(client.get_capabilities() for _ in range(5)))
                assert time.monotonic() - started > 0.6
                assert between.accepted == 2
                assert len(server.connections) == 2

    run(main())


def test_a_half_open_connection_is_noticed_by_calls_that_are_shorter_than_it_takes() -> None:
    """Each of them ends before its silence is long enough to ask; and where one hears nothing at all, it asks."""

    async def main() -> None:
        async with faulty.faulty(faulty.ok()) as (_, address), faulty.relay(address) as (between, front):
            keepalive = Keepalive(time=0.4, timeout=0.2)
            for short in (
                lambda: client.get_capabilities(timeout=0.1),
                lambda: asyncio.wait_for(client.get_capabilities(), 0.1),  # which only cancels
            ):
                accepted = between.accepted
                async with ChaukasClient(front, keepalive=keepalive, retry=NEVER) as client:
                    await recover(between, client, short)
                assert between.accepted == accepted + 2
            settings = {"timeout": AGES, "attempt_timeout": 0.5, "retry": QUICK}
            async with ChaukasClient(front, keepalive=keepalive, **settings) as client:
                await client.get_capabilities()
                between.freeze()
                await client.get_capabilities()  # by itself
                assert between.accepted == 6

    async def recover(between: faulty.Relay, client: ChaukasClient, short: Callable[[], Awaitable[None]]) -> None:
        """Call when nobody looks, which is every 0.4 s."""
        started = time.monotonic()
        await client.get_capabilities()
        between.freeze()
        for number in range(8):
            await asyncio.sleep(started + 0.2 + number * 0.4 - time.monotonic())
            with contextlib.suppress(RpcError, asyncio.TimeoutError):
                return await short()
        pytest.fail("it was never noticed")

    run(main())


def test_a_live_peer_that_is_slow_is_left_alone() -> None:
    def late(request: faulty.Request) -> None:
        asyncio.get_running_loop().call_later(1.5, faulty.ok(), request)

    async def main() -> None:
        async with faulty.faulty(late) as (server, address):
            async with ChaukasClient(address, keepalive=Keepalive(0.2, 0.5), retry=NEVER) as client:
                await client.get_capabilities()
            assert len(server.connections) == 1

    run(main())


def test_push_back_is_honoured() -> None:
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    async def main() -> None:
        pushback = ("grpc-retry-pushback-ms", "300")
        stop = ("grpc-retry-pushback-ms", "-1")
        async with (
            faulty.faulty(faulty.status(14, "", pushback), faulty.ok()) as (server, address),
            ChaukasClient(address, retry=QUICK, clock=Clock(sleep=sleep)) as client,
        ):
            await client.get_capabilities()
            server.behaviours = [faulty.status(14, "enough", stop)]
            with pytest.raises(StatusError, match="enough") as caught:
                await client.get_capabilities()
            assert caught.value.attempts == 1
        assert waits == [0.3]

    run(main())


def test_a_lost_answer_makes_a_duplicate_that_can_be_recognised() -> None:
    async def main() -> None:
        async with (
            faulty.faulty(faulty.abort, faulty.goaway, faulty.ok()) as (server, address),
            ChaukasClient(address, retry=QUICK) as client,
        ):
            event = Event(session_id="s")
            await client.ingest_event(event)
            sent = [IngestEventRequest.parse(request.message).event for request in server.requests]
            assert len(sent) == 3
            assert event.event_id
            assert all(each == event for each in sent)

    run(main())


def test_requests_are_compressed_unless_the_server_does_not_understand() -> None:
    def only_plain(code: int) -> Behaviour:
        headers = [pair for pair in faulty.HEADERS if pair[0] != "grpc-accept-encoding"]

        def behave(request: faulty.Request) -> None:
            if "grpc-encoding" in request.headers:
                request.send(headers=[*headers, ("grpc-status", str(code))], end=True)
            else:
                request.send(headers=headers, body=faulty.frame(b""), trailers=faulty.OK)

        return behave

    async def main() -> None:
        large = Event(branch="x" * 5000)
        async with faulty.faulty(faulty.ok()) as (server, address), ChaukasClient(address, retry=NEVER) as client:
            await client.ingest_event(Event())
            await client.ingest_event(large)
            assert [request.headers.get("grpc-encoding") for request in server.requests] == [None, "gzip"]
            assert len(server.requests[1].body) < 500
            assert IngestEventRequest.parse(server.requests[1].message).event == large
        for code in (12, 2, 13):  # what bare grpclib, for one, answers is UNKNOWN
            async with faulty.faulty(only_plain(code)) as (server, address):
                async with ChaukasClient(address, retry=NEVER) as client:
                    await client.ingest_event(large)
                    await client.ingest_event(large)
                encodings = [request.headers.get("grpc-encoding") for request in server.requests]
                assert encodings == ["gzip", None, None]

    run(main())


def test_a_large_answer_comes_through_and_a_bomb_does_not() -> None:
    async def main() -> None:
        size = (4 << 20) - 5
        unknown = b"\x7a" + bytes([size & 127 | 128, size >> 7 & 127 | 128, size >> 14 & 127 | 128, size >> 21])
        unknown += b"x" * size
        assert len(unknown) == 4 << 20
        async with faulty.faulty(faulty.ok(unknown)) as (_, address), ChaukasClient(address, retry=NEVER) as client:
            await asyncio.gather(*(client.get_capabilities() for _ in range(3)))
        bomb = gzip.compress(b"\0" * (64 << 20))
        async with faulty.faulty(faulty.ok_gzip(b"")) as (server, address):
            headers = [*faulty.HEADERS, ("grpc-encoding", "gzip")]
            body = faulty.frame(bomb, 1)
            server.behaviours = [lambda request: request.send(headers=headers, body=body, trailers=faulty.OK)]
            tracemalloc.start()
            error = await failure(address)
            _, most = tracemalloc.get_traced_memory()
            tracemalloc.stop()
            assert isinstance(error, ResponseTooLargeError)
            assert most < 32 << 20, "more was inflated than the limit allows"

    run(main())


def test_calls_end_when_the_client_is_closed() -> None:
    async def main() -> None:
        async with faulty.faulty(faulty.hang) as (server, address):
            client = ChaukasClient(address, retry=QUICK)
            call = asyncio.create_task(client.get_capabilities())
            await server.expect(1)
            await client.aclose()
            with pytest.raises(ConnectionLostError, match="client was closed") as caught:
                await call
            assert not caught.value.retryable
            with pytest.raises(ClientClosedError):
                await client.get_capabilities()
            await client.aclose()

    run(main())


def test_a_client_that_nobody_closed_closes_itself_and_warns() -> None:
    async def main() -> None:
        async with faulty.faulty(faulty.ok()) as (server, address):
            clients = [ChaukasClient(address)]
            await clients[0].get_capabilities()

            def drop() -> None:
                clients.clear()
                gc.collect()

            with pytest.warns(ResourceWarning, match="unclosed Channel"):
                drop()
            await until(lambda: server.closed == 1)

    run(main())


def test_one_client_in_two_event_loops() -> None:
    async def serve(ready: asyncio.Future[str]) -> None:
        async with faulty.faulty(faulty.ok()) as (_, address):
            ready.set_result(address)
            await asyncio.sleep(AGES)

    async def first(address: str) -> ChaukasClient:
        client = ChaukasClient(address)
        await client.get_capabilities()

        def second() -> None:
            with pytest.raises(ClientClosedError, match="another event loop"):
                asyncio.run(client.get_capabilities())

        await asyncio.to_thread(second)
        await client.get_capabilities()
        return client

    async def main() -> None:
        ready: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        serving = asyncio.create_task(serve(ready))
        address = await ready

        def one_after_the_other() -> None:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ResourceWarning)  # the first loop ends with its connection open
                client = asyncio.run(first(address))
                gc.collect()

                async def again() -> None:
                    await client.get_capabilities()
                    await client.aclose()

                asyncio.run(again())
                gc.collect()

        await asyncio.to_thread(one_after_the_other)
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)

    run(main())


def test_cancelling_a_call_cancels_it_and_nothing_else() -> None:
    async def main() -> None:
        async with faulty.faulty(faulty.hang) as (server, address), ChaukasClient(address) as client:
            call = asyncio.create_task(client.get_capabilities())
            other = asyncio.create_task(client.get_capabilities())
            await server.expect(2)
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call
            await until(lambda: server.resets == 1)
            assert not other.done()
            other.cancel()

    run(main())
