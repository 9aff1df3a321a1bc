"""Sends one event with chaukas_spec_lite, then says so and how much memory that took. Argument: host:port."""

import asyncio
import sys
from datetime import datetime, timezone

from grpclib.client import Channel

from chaukas_spec_lite import Event, EventType
from chaukas_spec_lite.rpc.stubs.codec import MessageCodec
from chaukas_spec_lite.spec.client.v1.client import IngestEventRequest
from chaukas_spec_lite.spec.client.v1.client_grpc import ChaukasClientServiceStub


async def main(host: str, port: str) -> None:
    async with Channel(host, int(port), codec=MessageCodec()) as channel:
        event = Event(
            event_id="e1",
            tenant_id="acme",
            project_id="demo",
            session_id="s1",
            type=EventType.AGENT_START,
            timestamp=datetime.now(timezone.utc),
            metadata={"framework": "none"},
        )
        await ChaukasClientServiceStub(channel).ingest_event(IngestEventRequest(event=event), timeout=10)
        print("acknowledged", flush=True)


asyncio.run(main(*sys.argv[1].rsplit(":", 1)))
