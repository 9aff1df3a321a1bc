"""The clients are given events and batches of the official package, and encoded ones; a collector stores them."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from chaukas.spec.common.v1 import events_pb2

from chaukas_spec_lite import BlockingChaukasClient, ChaukasClient, Collector, Event, EventBatch
from chaukas_spec_lite.errors import DecodeError, EncodeError, MessageTooLargeError
from chaukas_spec_lite.rpc.transport.limits import Framing

Official = events_pb2.Event


def test_one_call_takes_events_of_every_kind(tmp_path: Path) -> None:
    async def main() -> None:
        async with (
            Collector(tmp_path / "events.db") as collector,
            ChaukasClient(f"127.0.0.1:{collector.port}", tenant_id="acme") as client,
        ):
            await client.ingest_event(Official(event_id="e1", tenant_id="mine"))
            await client.ingest_event(bytes(Event(event_id="e2")))
            mixed = [Official(event_id="e3"), Event(event_id="e4"), Official(event_id="e5").SerializeToString()]
            await client.ingest_events(mixed)
            await client.ingest_events(events_pb2.EventBatch(events=[Official(event_id="e6"), Official()]))
            await client.ingest_events(EventBatch(events=[Event(event_id="e8")]))
            found = [event async for event in client.query_events(tenant_id="")]
        tenants = {event.event_id: event.tenant_id for event in found}
        (made,) = (event_id for event_id in tenants if len(event_id) == 36)
        assert tenants == {"e1": "mine", **dict.fromkeys(["e2", "e3", "e4", "e5", "e6", made, "e8"], "acme")}
        assert all(event.timestamp for event in found)

    asyncio.run(main())


def test_the_blocking_client_takes_them_too(tmp_path: Path) -> None:
    async def serve() -> None:
        async with Collector(tmp_path / "events.db") as collector:
            await asyncio.to_thread(send, collector.port)

    def send(port: int) -> None:
        with BlockingChaukasClient(f"127.0.0.1:{port}") as client:
            client.ingest_event(Official(event_id="e1"))
            client.ingest_events(events_pb2.EventBatch(events=[Official(event_id="e2")]))
            client.ingest_events([Official(event_id="e3"), b"\x0a\x02e4"])
            assert {event.event_id for event in client.query_events()} == {"e1", "e2", "e3", "e4"}

    asyncio.run(serve())


class Broken:
    DESCRIPTOR = events_pb2.Event.DESCRIPTOR

    def SerializeToString(self) -> Any:
        raise ValueError("no")


def test_what_is_no_event_is_refused_before_anything_connects() -> None:
    async def main() -> None:
        client = ChaukasClient("localhost:1", framing=Framing(max_send=2000))
        with pytest.raises(DecodeError, match=r"Event.timestamp: "):
            await client.ingest_event(b"\x5a\x01\x08")
        with pytest.raises(DecodeError, match=r"events\[1\].timestamp: "):
            await client.ingest_events([Event(), b"\x5a\x01\x08"])
        with pytest.raises(EncodeError, match=r"Event: the class Broken cannot encode it"):
            await client.ingest_event(Broken())
        with pytest.raises(EncodeError, match=r"events\[0\]: the class Broken cannot encode it"):
            await client.ingest_events([Broken()])
        with pytest.raises(MessageTooLargeError, match="event 'e1' "):
            await client.ingest_event(Official(event_id="e1", branch="x" * 2000))

    asyncio.run(main())
