"""A collector that serves the page, in a thread of its own, with a store in memory."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterable, Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from chaukas_spec_lite.collector.callers import ANYONE
from tests import realdata
from tests.collector.doors.http_serving import Served, http_serving
from tests.patience import HANG

RECORDED = ("head-langchain-async1", "pypi-crewai-sync", "pypi-openai024-async")
"""Captures that are small, and have agents, models, tools, hand-offs and errors."""


@dataclass(frozen=True)
class PageServer:
    """What a test sees of the collector."""

    url: str
    served: Served
    loop: asyncio.AbstractEventLoop

    def add(self, events: Iterable[bytes]) -> None:
        """Store encoded events, as if somebody had sent them now."""
        self.run(self.served.service.ingest_events(events, ANYONE))

    def run(self, work: Any) -> Any:
        """Wait for a coroutine on the collector's event loop."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(HANG)


@contextmanager
def page_serving(events: Iterable[bytes] = (), **options: Any) -> Iterator[PageServer]:
    """Run a collector that has some events. The options are those of ``http_serving``."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    stack = AsyncExitStack()
    try:
        entering = stack.enter_async_context(http_serving(**options))
        served = asyncio.run_coroutine_threadsafe(entering, loop).result(HANG)
        server = PageServer(f"http://127.0.0.1:{served.port}", served, loop)
        server.add(events)
        yield server
    finally:
        asyncio.run_coroutine_threadsafe(stack.aclose(), loop).result(HANG)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(HANG)
        loop.close()


def recorded() -> list[bytes]:
    """Real events, of several frameworks."""
    return [event for name in RECORDED for event in realdata.events(name)]
