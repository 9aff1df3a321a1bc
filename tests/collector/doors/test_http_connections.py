"""Who takes too long, or too much, loses a connection; others do not notice."""

from __future__ import annotations

import asyncio
import logging
import ssl
import sys

import httpx
import pytest
import trustme

from chaukas_spec_lite import Event
from chaukas_spec_lite.collector.callers import ANYONE, Caller
from chaukas_spec_lite.collector.doors import http
from chaukas_spec_lite.collector.doors.http_limits import HttpLimits
from chaukas_spec_lite.collector.searched_text import searched_text
from chaukas_spec_lite.collector.service import CollectorService
from chaukas_spec_lite.collector.stores.memory import MemoryStore
from chaukas_spec_lite.errors import SettingError
from tests.collector.doors.http_serving import Served, batch, ended, http_serving, single
from tests.patience import AGES, HANG, run

SOON = 0.05
"""Seconds for a limit that a test runs into."""
HEALTH = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
POST = b"POST /events HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-protobuf\r\n"


async def is_well(served: Served) -> bool:
    return (await served.client.get("/healthz")).status_code == 200


@pytest.mark.parametrize("sent", [b"", b"GET", b"GET /healthz HTTP/1.1\r\nHost: local", HEALTH + b"GET /hea"])
def test_who_does_not_come_to_the_point_is_cut_off(sent: bytes) -> None:
    async def main() -> None:
        limits = HttpLimits(header_timeout=SOON, idle_timeout=AGES)
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
        limits = HttpLimits(header_timeout=SOON, idle_timeout=AGES)
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
        async with http_serving(limits=HttpLimits(header_timeout=AGES, idle_timeout=SOON)) as served:
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


def test_an_address_has_only_so_many_connections(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        async with http_serving(limits=HttpLimits(max_connections_per_address=4)) as served:
            taken = [await served.connect() for _ in range(4)]
            for _, writer in taken:
                writer.write(HEALTH)
            for reader, _ in taken:
                assert (await reader.readuntil(b"}")).startswith(b"HTTP/1.1 200")
            for _ in range(20):
                reader, writer = await served.connect()
                assert await ended(reader) == b""
                writer.close()
            for _, writer in taken:
                writer.close()
                await writer.wait_closed()
            # Their places are free again, as soon as the server knows.
            while True:
                try:
                    assert await is_well(served)
                    break
                except httpx.TransportError:
                    await asyncio.sleep(0)

    with caplog.at_level(logging.WARNING):
        run(main())
    assert len([record for record in caplog.records if "refused a connection" in record.message]) == 1


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has more than one loopback address from the start")
def test_one_address_does_not_have_all_connections(caplog: pytest.LogCaptureFixture) -> None:
    """Silent sockets of one address, more than there may be, do not keep another address away."""

    async def main() -> None:
        async with http_serving(limits=HttpLimits(max_connections=8, header_timeout=AGES)) as served:
            silent = [await served.connect() for _ in range(6)]
            for reader, writer in silent:
                writer.write(HEALTH)
                assert (await reader.readuntil(b"}")).startswith(b"HTTP/1.1 200")
            for _ in range(50):
                silent.append(await served.connect())
                assert await ended(silent[-1][0]) == b""
            for expected in (b"HTTP/1.1 200", b"HTTP/1.1 200", b""):
                other = await asyncio.open_connection("127.0.0.1", served.port, local_addr=("127.0.0.2", 0))
                other[1].write(HEALTH)
                try:
                    assert (await other[0].read(12)) == expected
                except ConnectionError:
                    assert expected == b""
                silent.append(other)
            for _, writer in silent:
                writer.close()
            await served.server.stop(SOON)
            await served.server.start("127.0.0.1", 0)

    with caplog.at_level(logging.WARNING):
        run(main())
    said = [record.message for record in caplog.records if "refused a connection" in record.message]
    assert len(said) == 2


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

    async def add(self, rows: object) -> object:
        self.begun.set()
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
