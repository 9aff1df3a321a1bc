"""Test what your program records: a real collector inside the test, in memory, on a free port.

    python -m pytest examples/test_with_a_collector.py

The tests see what a server would see after a real network call, so nothing has to be mocked.
"""

from __future__ import annotations

import asyncio
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from threading import Thread

import pytest

from chaukas_spec_lite import BlockingChaukasClient, Event, EventStatus, EventType
from chaukas_spec_lite.collector import Collector


def greet(client: BlockingChaukasClient, name: str) -> str:
    """The program to be tested: it greets, and records that it did."""
    client.ingest_event(Event(session_id=name, type=EventType.AGENT_START, status=EventStatus.STARTED))
    if not name:
        raise ValueError("nobody to greet")
    client.ingest_event(Event(session_id=name, type=EventType.AGENT_END, status=EventStatus.COMPLETED))
    return f"Hello {name}"


@contextmanager
def running_collector() -> Generator[str, None, None]:
    """Run a collector on an event loop in a thread; gives its endpoint."""
    loop = asyncio.new_event_loop()
    thread = Thread(target=loop.run_forever, daemon=True)
    thread.start()
    collector = Collector()
    try:
        asyncio.run_coroutine_threadsafe(collector.start(), loop).result(30)
        yield f"127.0.0.1:{collector.port}"
        asyncio.run_coroutine_threadsafe(collector.stop(), loop).result(30)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@pytest.fixture
def client() -> Iterator[BlockingChaukasClient]:
    """A client of a collector that holds nothing yet."""
    with running_collector() as endpoint, BlockingChaukasClient(endpoint) as client:
        yield client


def test_a_greeting_is_recorded(client: BlockingChaukasClient) -> None:
    """Both events of the pair arrive."""
    assert greet(client, "Ada") == "Hello Ada"
    types = {event.type for event in client.query_events(session_id="Ada")}
    assert types == {EventType.AGENT_START, EventType.AGENT_END}


def test_a_failure_leaves_a_start_without_an_end(client: BlockingChaukasClient) -> None:
    """The collector has the START only."""
    with pytest.raises(ValueError, match="nobody"):
        greet(client, "")
    assert [event.type for event in client.query_events()] == [EventType.AGENT_START]
