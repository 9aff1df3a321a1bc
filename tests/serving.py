"""A collector for tests that are not asynchronous: it runs on an event loop in a thread of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any

from grpclib.client import Channel

from chaukas_spec_lite import Event, QueryFilter, QueryRequest
from chaukas_spec_lite.collector import Collector
from chaukas_spec_lite.spec.client.v1.client import QueryEventsRequest
from chaukas_spec_lite.spec.client.v1.client_grpc import ChaukasClientServiceStub
from tests.patience import HANG


class RunningCollector:
    """What a test sees of the collector."""

    def __init__(self, loop: asyncio.AbstractEventLoop, port: int) -> None:
        self._loop = loop
        self.port = port

    def events(self, **filters: Any) -> list[Event]:
        """Ask for the stored events that a filter finds; one page of them."""
        return self._run(self._query(QueryFilter(**filters)))

    async def _query(self, filters: QueryFilter) -> list[Event]:
        async with Channel("127.0.0.1", self.port) as channel:
            request = QueryEventsRequest(query=QueryRequest(filter=filters, page_size=1000))
            answer = await ChaukasClientServiceStub(channel).query_events(request, timeout=HANG)
        assert answer.response is not None
        return answer.response.events

    def _run(self, work: Coroutine[Any, Any, list[Event]]) -> list[Event]:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(HANG)


@contextmanager
def running_collector(port: int = 0) -> Iterator[RunningCollector]:
    """Run a collector in memory on a port of the loopback interface, or on a free one."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    collector = Collector(port=port)
    try:
        asyncio.run_coroutine_threadsafe(collector.start(), loop).result(HANG)
        try:
            yield RunningCollector(loop, collector.port)
        finally:
            asyncio.run_coroutine_threadsafe(collector.stop(), loop).result(HANG)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(HANG)
        loop.close()
