"""A server that sends its clients away: what it has begun ends on the old connection, the rest goes to a new one."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from grpclib.exceptions import StreamTerminatedError
from h2.errors import ErrorCodes
from h2.settings import SettingCodes

from chaukas_spec_lite import Event
from chaukas_spec_lite.client.client import ChaukasClient
from chaukas_spec_lite.errors import ClientClosedError, ConnectionLostError
from chaukas_spec_lite.retry import NEVER
from chaukas_spec_lite.rpc.client.channel import Channel
from chaukas_spec_lite.rpc.client.endpoint import parse
from chaukas_spec_lite.rpc.client.keepalive import Keepalive
from chaukas_spec_lite.spec.client.v1.client import HealthzRequest
from chaukas_spec_lite.spec.client.v1.client_grpc import ChaukasClientServiceStub
from tests.patience import AGES, HANG, run, until
from tests.rpc import faulty

PROGRAM = Path(__file__).parent / "aging_server.py"
GOAWAY = 7
PATIENT: dict[str, Any] = {"timeout": AGES, "attempt_timeout": AGES, "retry": NEVER}


@contextmanager
def aging_server() -> Iterator[tuple[subprocess.Popen[str], str]]:
    command = [sys.executable, str(PROGRAM)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdin
        try:
            yield process, f"127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.stdin.close()
            assert process.wait(HANG) == 0


def codes_of_goaway(sent: bytes) -> list[int]:
    """The error codes of the GOAWAY frames among what a client has sent."""
    codes, at = [], len(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
    while at < len(sent):
        size = int.from_bytes(sent[at : at + 3], "big")
        if sent[at + 3] == GOAWAY:
            codes.append(int.from_bytes(sent[at + 13 : at + 17], "big"))
        at += 9 + size
    return codes


def test_a_server_that_limits_the_age_of_connections_stores_each_event_once() -> None:
    """Without any repetition: calls that the server has taken end well, and no other one reaches it."""

    async def send(address: str, count: int) -> None:
        async with faulty.relay(address) as (between, front):
            async with ChaukasClient(front, **PATIENT) as client:

                async def some(worker: int) -> None:
                    for number in range(count // 20):
                        await client.ingest_event(Event(event_id=f"{worker}-{number}"))

                await asyncio.gather(*map(some, range(20)))
            assert between.accepted > 3
            await until(lambda: not between.open)
            codes = [code for sent in between.sent for code in codes_of_goaway(bytes(sent))]
        assert set(codes) <= {ErrorCodes.NO_ERROR}

    with aging_server() as (process, address):
        run(send(address, 1200))
        assert process.stdin
        assert process.stdout
        process.stdin.write("\n")
        process.stdin.flush()
        stored = json.loads(process.stdout.readline())
    assert len(stored) == 1200
    assert set(stored.values()) == {1}


def leave(request: faulty.Request, last: int, code: ErrorCodes = ErrorCodes.NO_ERROR) -> None:
    """Say GOAWAY, and go on with the calls up to the last."""
    body = last.to_bytes(4, "big") + int(code).to_bytes(4, "big")
    request.connection.transport.write(b"\0\0\x08\7\0\0\0\0\0" + body)


def test_calls_that_the_server_has_taken_end_on_the_old_connection() -> None:
    """Large answers, too: the server needs WINDOW_UPDATEs from the client to the end, and PINGs are answered."""

    async def main() -> None:
        async with faulty.faulty(faulty.hang) as (server, address), ChaukasClient(address, **PATIENT) as client:
            calls = [asyncio.create_task(client.get_capabilities()) for _ in range(10)]
            await server.expect(10)
            taken, server.behaviours = list(server.requests), [faulty.ok()]
            leave(taken[0], 2**31 - 1)
            pinged = taken[0].connection
            pinged.h2.ping(b"12345678")
            pinged.flush()
            await until(lambda: pinged.pongs == 1)
            await client.healthz()
            assert len(server.connections) == 2
            assert not any(call.done() for call in calls)
            leave(taken[0], taken[-1].stream_id)
            large = b"\x0a\x80\x80\xc0\x01" + bytes([0x9A, 6, 0xFA, 0xFF, 0xBF, 1]) + b"x" * (3 * 2**20 - 6)
            for request in taken:
                faulty.ok(large)(request)
            await asyncio.gather(*calls)
            await until(lambda: server.closed == 1)
            assert len(server.requests) == 11
            await client.healthz()
            assert len(server.connections) == 2

    run(main())


def test_calls_above_the_last_go_to_a_new_connection_at_once() -> None:
    """The server says that it has not begun them, so this is no repetition."""

    async def main() -> None:
        async with faulty.faulty(faulty.ok()) as (server, address), ChaukasClient(address, **PATIENT) as client:
            await client.healthz()
            server.behaviours = [faulty.hang]
            calls = [asyncio.create_task(client.healthz()) for _ in range(10)]
            await server.expect(11)
            old, server.behaviours = server.requests[1:], [faulty.ok()]
            leave(old[0], old[4].stream_id)
            await server.expect(16)
            for request in old[:5]:
                faulty.ok()(request)
            await asyncio.gather(*calls)
            assert len(server.requests) == 16
            assert len(server.connections) == 2
            await until(lambda: server.closed == 1)

    run(main())


def test_calls_that_wait_for_a_stream_go_to_a_new_connection() -> None:
    async def main() -> None:
        limit: dict[SettingCodes | int, int] = {SettingCodes.MAX_CONCURRENT_STREAMS: 5}
        async with (
            faulty.faulty(faulty.ok(), settings=limit) as (server, address),
            ChaukasClient(address, **PATIENT) as client,
        ):
            await client.healthz()
            server.behaviours = [faulty.hang]
            calls = [asyncio.create_task(client.healthz()) for _ in range(30)]
            await server.expect(6)
            old, server.behaviours = server.requests[1:], [faulty.ok()]
            leave(old[0], 2**31 - 1)
            await server.expect(31)
            for request in old:
                faulty.ok()(request)
            await asyncio.gather(*calls)
            assert len(server.requests) == 31

    run(main())


def test_a_server_that_serves_nothing_and_says_goaway_is_not_asked_without_end() -> None:
    async def main() -> None:
        async with (
            faulty.faulty(lambda request: leave(request, 0)) as (server, address),
            ChaukasClient(address, **PATIENT) as client,
        ):
            with pytest.raises(ConnectionLostError, match="GOAWAY"):
                await client.healthz()
            assert len(server.requests) == 1

    run(main())


def test_a_server_that_begins_with_goaway_is_passed_over() -> None:
    """As a server does that is shutting down while it still listens."""

    async def main() -> None:
        settings_and_goaway = bytes.fromhex("000000 04 00 00000000 000008 07 00 00000000 00000000 00000000")
        async with (
            faulty.talking(settings_and_goaway) as wrong,
            faulty.faulty(faulty.ok()) as (_, address),
            ChaukasClient([wrong, address], **PATIENT) as client,
        ):
            await client.healthz()

    run(main())


def test_an_error_ends_the_connection_at_once() -> None:
    """After it, the server must close the connection (RFC 9113, section 5.4.1), so nothing else can come."""

    async def main() -> None:
        async with (
            faulty.faulty(lambda request: leave(request, 1, ErrorCodes.ENHANCE_YOUR_CALM)) as (_, address),
            ChaukasClient(address, **PATIENT) as client,
        ):
            with pytest.raises(ConnectionLostError, match=r"GOAWAY \(ENHANCE_YOUR_CALM\)"):
                await client.healthz()

    run(main())


def test_a_connection_that_is_lost_before_the_last_answer_is_an_error_that_says_so() -> None:
    async def main() -> None:
        async with faulty.faulty(faulty.hang) as (server, address), ChaukasClient(address, **PATIENT) as client:
            call = asyncio.create_task(client.healthz())
            await server.expect(1)
            leave(server.requests[0], 1)
            server.requests[0].connection.transport.close()
            with pytest.raises(
                ConnectionLostError, match=r"GOAWAY \(NO_ERROR\), then the connection was lost"
            ) as caught:
                await call
            assert caught.value.retryable

    run(main())


def test_a_silent_server_is_found_out_on_the_old_connection_too() -> None:
    async def main() -> None:
        async with faulty.faulty(faulty.hang) as (server, address), faulty.relay(address) as (between, front):
            keepalive = Keepalive(time=0.2, timeout=0.5)
            async with ChaukasClient(front, keepalive=keepalive, **PATIENT) as client:
                call = asyncio.create_task(client.healthz())
                await server.expect(1)
                leave(server.requests[0], 1)
                await until(lambda: server.requests[0].connection.pings > 1)  # They are answered: it goes on.
                assert not call.done()
                between.freeze()
                with pytest.raises(ConnectionLostError, match="silent"):
                    await call

    run(main())


def test_closing_the_client_ends_calls_on_old_connections() -> None:
    async def main() -> None:
        async with faulty.faulty(faulty.hang) as (server, address):
            client = ChaukasClient(address, **PATIENT)
            call = asyncio.create_task(client.healthz())
            await server.expect(1)
            leave(server.requests[0], 1)
            server.behaviours = [faulty.ok()]
            await client.get_capabilities()
            await client.aclose()
            with pytest.raises((ClientClosedError, ConnectionLostError), match="closed"):
                await call
            await until(lambda: server.closed == 2)

    run(main())


def test_stubs_keep_the_calls_that_the_server_has_taken() -> None:
    async def main() -> None:
        async with faulty.faulty(faulty.hang) as (server, address), Channel(parse(address)) as channel:
            stub = ChaukasClientServiceStub(channel, timeout=AGES)
            calls = [asyncio.create_task(stub.healthz(HealthzRequest())) for _ in range(3)]
            await server.expect(3)
            old, server.behaviours = list(server.requests), [faulty.ok()]
            leave(old[0], old[1].stream_id)
            with pytest.raises(StreamTerminatedError):
                await calls[2]
            await stub.healthz(HealthzRequest())
            assert len(server.connections) == 2
            for request in old[:2]:
                faulty.ok()(request)
            await asyncio.gather(*calls[:2])
            await until(lambda: server.closed == 1)

    run(main())
