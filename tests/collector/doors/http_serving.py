"""A collector's HTTP door with a store in memory, in the test's own event loop."""

from __future__ import annotations

import asyncio
import gzip
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from chaukas_spec_lite import Event
from chaukas_spec_lite.collector.audit_log import LogSigning
from chaukas_spec_lite.collector.doors.http import HttpServer
from chaukas_spec_lite.collector.query import Query
from chaukas_spec_lite.collector.receipts import IngestLimits
from chaukas_spec_lite.collector.searched_text import searched_text
from chaukas_spec_lite.collector.service import CollectorService
from chaukas_spec_lite.collector.stores.memory import MemoryStore
from chaukas_spec_lite.spec.client.v1.client import IngestEventBatchRequest, IngestEventRequest
from chaukas_spec_lite.spec.common.v1.events import EventBatch
from tests.patience import HANG

BINARY = {"Content-Type": "application/x-protobuf"}
JSON = {"Content-Type": "application/json"}
PROTOJSON = {"Content-Type": "application/protobuf+json"}


@dataclass
class Served:
    """What a test sees of the door."""

    client: httpx.AsyncClient
    port: int
    service: CollectorService
    store: MemoryStore
    server: HttpServer

    async def post(self, path: str, content: Any, headers: dict[str, str] = BINARY) -> httpx.Response:
        return await self.client.post(path, content=content, headers=headers)

    async def stored(self) -> list[Event]:
        """All events that are stored, in the order of their time and arrival."""
        page = await self.store.find(Query(descending=False, size=1000), 1 << 30)
        assert not page.next_page_token
        return [Event.parse(data) for data in page.events]

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self.port)


@asynccontextmanager
async def http_serving(
    *,
    ingest: IngestLimits | None = None,
    make: Callable[[], MemoryStore] | None = None,
    signing: LogSigning | None = None,
    **options: Any,
) -> AsyncIterator[Served]:
    """Run a door; the options are those of ``HttpServer``."""
    store = make() if make else MemoryStore(texts=searched_text, log=signing is not None)
    service = CollectorService(store, signing=signing, **({"limits": ingest} if ingest else {}))
    await service.open()
    server = HttpServer(service, **options)
    port = await server.start("127.0.0.1", 0)
    try:
        scheme, verify = ("https", False) if options.get("tls") else ("http", True)
        base = f"{scheme}://127.0.0.1:{port}"
        async with httpx.AsyncClient(base_url=base, timeout=HANG, verify=verify, trust_env=False) as client:
            yield Served(client, port, service, store, server)
    finally:
        await server.stop(HANG)
        await service.close()


@contextmanager
def served_in_a_thread(**options: Any) -> Iterator[str]:
    """Run a door in a thread of its own, for what waits for each answer; return its address."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    stack = AsyncExitStack()
    try:
        serving = stack.enter_async_context(http_serving(**options))
        served = asyncio.run_coroutine_threadsafe(serving, loop).result(HANG)
        yield f"http://127.0.0.1:{served.port}"
    finally:
        asyncio.run_coroutine_threadsafe(stack.aclose(), loop).result(HANG)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(HANG)
        loop.close()


def single(event: Event) -> bytes:
    return bytes(IngestEventRequest(event=event))


def batch(*events: Event, batch_id: str = "") -> bytes:
    return bytes(IngestEventBatchRequest(event_batch=EventBatch(batch_id=batch_id, events=[*events])))


def zipped(data: bytes) -> bytes:
    return gzip.compress(data, 9)


async def ended(reader: asyncio.StreamReader) -> bytes:
    """Read until the connection ends, one way or another."""
    said = b""
    try:
        while data := await reader.read(1 << 16):
            said += data
    except ConnectionError:
        pass
    return said
