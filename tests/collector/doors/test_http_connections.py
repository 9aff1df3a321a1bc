"""Who takes too long, or too much, loses a connection; others do not notice."""

from __future__ import annotations

import asyncio
import logging
import select
import socket
import ssl
import sys
from typing import Any

import httpx
import pytest
import trustme
from uvicorn.config import Config

from chaukas_spec_lite import Event
from chaukas_spec_lite.collector.callers import ANYONE, Caller
from chaukas_spec_lite.collector.doors import http
from chaukas_spec_lite.collector.doors.http_connections import HttpConnections, LimitedProtocol
from chaukas_spec_lite.collector.doors.http_limits import HttpLimits
from chaukas_spec_lite.collector.searched_text import searched_text
from chaukas_spec_lite.collector.service import CollectorService
from chaukas_spec_lite.collector.stores.memory import MemoryStore
from chaukas_spec_lite.errors import SettingError
from chaukas_spec_lite.rpc.transport.admission import ConnectionLimits
from tests.collector.doors.http_serving import Served, batch, ended, http_serving, single
from tests.patience import AGES, HANG, run, until

SOON = 0.05
"""Seconds for a limit that a test runs into."""
HEALTH = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
POST = b"POST /events HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-protobuf\r\n"


CAPABILITIES = b"GET /v1/capabilities HTTP/1.1\r\nHost: localhost\r\n\r\n"


def limited(**limits: Any) -> HttpLimits:
    """Limits of connections, whose times no test reaches unless it says so."""
    return HttpLimits(connections=ConnectionLimits(**{"handshake": AGES, "idle": AGES, **limits}))


async def is_well(served: Served) -> bool:
    return (await served.client.get("/healthz")).status_code == 200


@pytest.mark.parametrize("sent", [b"", b"GET", b"GET /healthz HTTP/1.1\r\nHost: local", HEALTH + b"GET /hea"])
def test_who_does_not_come_to_the_point_is_cut_off(sent: bytes) -> None:
    async def main() -> None:
        limits = limited(handshake=SOON)
        async with http_serving(limits=limits) as served:
            reader, writer = await served.connect()
            writer.write(sent)
            said = await ended(reader)
            assert said.startswith(b"HTTP/1.1 200") == sent.startswith(HEALTH)
            writer.close()
            assert await is_well(served)

    run(main())


def test_the_time_of_a_head_is_not_that_of_a_pause() -> None:
    """A client that keeps a connection may wait between two requests for longer than within one."""

    async def main() -> None:
        limits = limited(handshake=SOON)
        async with http_serving(limits=limits) as served:
            reader, writer = await served.connect()
            for _ in range(3):
                writer.write(HEALTH)
                assert (await reader.readuntil(b"}")).startswith(b"HTTP/1.1 200")
                await asyncio.sleep(3 * SOON)
            writer.close()

    run(main())


def test_an_idle_connection_is_closed() -> None:
    async def main() -> None:
        async with http_serving(limits=limited(idle=SOON)) as served:
            reader, writer = await served.connect()
            writer.write(HEALTH)
            assert (await ended(reader)).startswith(b"HTTP/1.1 200")
            writer.close()

    run(main())


def test_who_does_not_take_the_answer_is_cut_off() -> None:
    events = [Event(event_id=f"{number}", branch="x" * 100_000) for number in range(30)]

    async def main() -> None:
        async with http_serving(limits=HttpLimits(send_timeout=SOON)) as served:
            await served.post("/events/batch", batch(*events))
            body = b'{"filter": {}, "page_size": 1000}'
            query = b"POST /v1/query HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            query += b"Content-Length: %d\r\n\r\n%s" % (len(body), body)
            _reader, writer = await asyncio.open_connection("127.0.0.1", served.port, limit=1)
            # It asks for several megabytes again and again, more than any buffer on the way holds, and reads nothing.

            async def ask_for_ever() -> None:
                while True:
                    writer.write(query)
                    await writer.drain()
                    await asyncio.sleep(SOON)

            with pytest.raises(ConnectionError):
                await ask_for_ever()
            writer.close()
            assert await is_well(served)

    run(main())


def busy() -> bytes:
    """A request whose answer takes for ever, in ``Slow``."""
    body = single(Event(event_id="1"))
    return POST + b"Content-Length: %d\r\n\r\n%s" % (len(body), body)


def test_who_is_of_least_use_gives_way(caplog: pytest.LogCaptureFixture) -> None:
    """First who is silent, then who is idle, then whose body does not come; nobody whose request is being served."""

    async def main() -> None:
        async with http_serving(limits=limited(connections=4, per_address=4), make=Slow) as served:
            store = served.store
            assert isinstance(store, Slow)
            opened = [await served.connect() for _ in range(4)]
            served_one, unfinished, idle, silent = opened
            served_one[1].write(busy())
            await store.begun.wait()
            unfinished[1].write(POST + b"Content-Length: 10\r\n\r\n")
            idle[1].write(CAPABILITIES)
            assert (await idle[0].readuntil(b"}")).startswith(b"HTTP/1.1 200")
            for leaving in (silent, idle, unfinished):
                reader, writer = await served.connect()
                writer.write(busy())
                assert await ended(leaving[0]) == b""
                opened.append((reader, writer))
            await until(lambda: store.waiting == 4)
            refused = await served.connect()
            assert await ended(refused[0]) == b""
            store.go.set()
            for reader, _ in (served_one, *opened[4:]):
                assert (await reader.readuntil(b"}")).startswith(b"HTTP/1.1 202")
            for _, writer in (*opened, refused):
                writer.close()

    with caplog.at_level(logging.WARNING):
        run(main())
    said = [record.getMessage() for record in caplog.records]
    assert said == [
        "there is no room for more connections: one from 127.0.0.1 that is of no use gives way",
        "a connection from 127.0.0.1 is refused: all 4 of its address are at work",
    ]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has more than one loopback address from the start")
def test_one_address_does_not_have_all_connections() -> None:
    """Requests of one address that never end, more than there may be, do not keep another address away."""

    async def main() -> None:
        async with http_serving(limits=limited(connections=8), make=Slow) as served:
            store = served.store
            assert isinstance(store, Slow)
            writers = []
            for _ in range(20):
                _, writer = await served.connect()
                writer.write(busy())
                writers.append(writer)
            await until(lambda: store.waiting == 4)
            other = await asyncio.open_connection("127.0.0.1", served.port, local_addr=("127.0.0.2", 0))
            other[1].write(CAPABILITIES)
            assert (await other[0].readuntil(b"}")).startswith(b"HTTP/1.1 200")
            store.go.set()
            for writer in (*writers, other[1]):
                writer.close()

    run(main())


def test_who_does_not_speak_tls_is_left_or_gives_way() -> None:
    ca = trustme.CA()
    server, client = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    ca.issue_cert("127.0.0.1").configure_cert(server)
    ca.configure_trust(client)

    async def main() -> None:
        async with http_serving(tls=server, limits=limited(handshake=SOON)) as served:
            for said in (b"", b"\x16\x03", b"GET / HTTP/1.1\r\n\r\n"):
                reader, writer = await served.connect()
                writer.write(said)
                await ended(reader)
                writer.close()
        limits = limited(connections=3, per_address=3)
        async with http_serving(tls=server, limits=limits) as served:
            silent = [await served.connect() for _ in range(9)]
            url = f"https://127.0.0.1:{served.port}/v1/capabilities"
            async with httpx.AsyncClient(verify=client, trust_env=False, timeout=HANG) as somebody:
                assert (await somebody.get(url)).status_code == 200
            for _, writer in silent:
                writer.close()

    run(main())


def test_a_head_has_a_largest_size(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        async with http_serving(limits=HttpLimits(max_header_bytes=4096)) as served:
            for _ in range(5):
                reader, writer = await served.connect()
                writer.write(b"GET /healthz HTTP/1.1\r\nX: " + b"x" * 10_000)
                assert (await ended(reader)).startswith(b"HTTP/1.1 400")
                writer.close()
            assert await is_well(served)

    with caplog.at_level(logging.INFO):
        run(main())
    # Mistakes of clients fill no log.
    assert len([record for record in caplog.records if "Invalid HTTP request" in record.message]) == 1


# Stopping


class Slow(MemoryStore):
    """A store that stores nothing until it is told to."""

    def __init__(self) -> None:
        super().__init__(texts=searched_text)
        self.begun, self.go = asyncio.Event(), asyncio.Event()
        self.waiting = 0

    async def add(self, rows: object) -> object:
        self.begun.set()
        self.waiting += 1
        await self.go.wait()
        return await super().add(rows)  # type: ignore[arg-type]


def test_a_stop_lets_requests_finish() -> None:
    async def main() -> None:
        async with http_serving(make=Slow) as served:
            store = served.store
            assert isinstance(store, Slow)
            idle_reader, idle_writer = await served.connect()
            request = asyncio.ensure_future(served.post("/events", single(Event(event_id="1"))))
            await store.begun.wait()
            stop = asyncio.ensure_future(served.server.stop(HANG))
            assert await ended(idle_reader) == b""
            idle_writer.close()
            with pytest.raises(ConnectionRefusedError):
                await served.connect()
            assert not stop.done()
            store.go.set()
            assert (await request).status_code == 202
            await stop
            with pytest.raises(RuntimeError, match="not running"):
                await served.server.stop(HANG)
            await served.server.start("127.0.0.1", served.port)

    run(main())


def test_a_stop_does_not_wait_for_ever() -> None:
    async def main() -> None:
        async with http_serving(make=Slow) as served:
            store = served.store
            assert isinstance(store, Slow)
            request = asyncio.ensure_future(served.post("/events", single(Event(event_id="1"))))
            await store.begun.wait()
            await served.server.stop(SOON)
            with pytest.raises(httpx.TransportError):
                (await request).raise_for_status()
            await served.server.start("127.0.0.1", served.port)
            store.go.set()

    run(main())


def test_starting() -> None:
    async def main() -> None:
        async with http_serving() as served:
            with pytest.raises(RuntimeError, match="already"):
                await served.server.start("127.0.0.1", 0)
            service = CollectorService(MemoryStore(texts=searched_text))
            with pytest.raises(OSError, match=r"in use|Only one usage"):
                await http.HttpServer(service).start("127.0.0.1", served.port)

    run(main())


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "uvicorn.config", None)

    async def main() -> None:
        with pytest.raises(SettingError, match=r"pip install 'chaukas-spec-lite\[server\]'"):
            await http.HttpServer(CollectorService(MemoryStore(texts=searched_text))).start("127.0.0.1", 0)

    run(main())


# TLS


def test_a_body_that_comes_in_records_of_its_own_by_tls_is_what_was_sent() -> None:
    """TLS reads record after record into one buffer, behind what is in it already."""
    ca = trustme.CA()
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert("127.0.0.1").configure_cert(server)
    events = [Event(event_id=f"{number}-{'x' * 5000}", session_id="s") for number in range(20)]

    async def main() -> None:
        async with http_serving(tls=server) as served:
            answer = await served.post("/events/batch", batch(*events))
            assert answer.json()["accepted"] == len(events)
            assert [each.event_id for each in await served.stored()] == [each.event_id for each in events]

    run(main())


def test_a_client_is_known_by_its_certificate() -> None:
    ca = trustme.CA()
    server, client = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    ca.issue_cert("127.0.0.1").configure_cert(server)
    ca.configure_trust(server)
    server.verify_mode = ssl.CERT_OPTIONAL
    ca.configure_trust(client)
    seen: list[str | None] = []

    async def authenticate(authorization: str | None, certificate_name: str | None, peer: str) -> Caller:
        seen.append(certificate_name)
        return ANYONE

    async def main() -> None:
        async with http_serving(tls=server, authenticate=authenticate) as served:
            url = f"https://127.0.0.1:{served.port}/v1/capabilities"
            async with httpx.AsyncClient(verify=client, trust_env=False, timeout=HANG) as nobody:
                assert (await nobody.get(url)).status_code == 200
            ca.issue_cert("worker-7.example", common_name="worker-7").configure_cert(client)
            async with httpx.AsyncClient(verify=client, trust_env=False, timeout=HANG) as somebody:
                assert (await somebody.get(url)).status_code == 200
            # Who says nothing in the handshake does not stay either.
            assert seen == [None, "worker-7"]

    run(main())


class Unread(asyncio.Transport):
    """The transport of a socket that nobody reads just now, so that the event loop is told nothing of it."""

    def __init__(self, end: socket.socket) -> None:
        super().__init__({"socket": end})

    def is_closing(self) -> bool:
        return False


@pytest.mark.skipif(not hasattr(select, "POLLRDHUP"), reason="the system does not tell it")
@pytest.mark.parametrize("sent", [b"", b"what is still to be read"])
def test_a_client_that_has_left_is_known_before_all_it_sent_is_read(sent: bytes) -> None:
    async def main() -> None:
        with socket.create_server(("127.0.0.1", 0)) as listening:
            client = socket.create_connection(listening.getsockname())
            end, _ = listening.accept()
        with end, client:
            protocol = LimitedProtocol(Config(lambda: None), HttpConnections(HttpLimits()))
            protocol.transport = Unread(end)
            client.sendall(sent)
            assert not protocol.has_left()
            client.close()
            await until(protocol.has_left)
            assert end.recv(100) == sent

    run(main())
