"""The official client, in a process of its own, against our collector."""

from __future__ import annotations

import asyncio
import re
import sys
from importlib.metadata import metadata
from pathlib import Path

from chaukas_spec_lite import Event, EventType, QueryRequest
from chaukas_spec_lite.collector import Collector
from chaukas_spec_lite.spec.client.v1.client import QueryEventsRequest
from chaukas_spec_lite.wire.format import varint
from tests import realdata
from tests.patience import HANG
from tests.rpc.official import large_events

CLIENT = Path(__file__).parent / "official_client.py"


async def python(*arguments: str, given: bytes = b"") -> str:
    """Run a Python program; returns what it prints."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(sys.executable, *arguments, stdin=pipe, stdout=pipe, stderr=pipe)
    output, errors = await asyncio.wait_for(process.communicate(given), 2 * HANG)
    assert process.returncode == 0, errors.decode()
    return output.decode()


async def official_client(path: Path | None, events: list[bytes]) -> str:
    given = b"".join(varint(len(event)).encode("latin-1") + event for event in events)
    async with Collector(path) as collector:
        return await python(str(CLIENT), str(collector.port), given=given)


def test_every_recorded_event(tmp_path: Path) -> None:
    events = realdata.events()
    printed = asyncio.run(official_client(tmp_path / "events.db", events))
    assert printed.startswith(f"{len(events)} events; ")


def test_a_batch_of_four_megabytes_there_and_back() -> None:
    """As much as the official client takes in one message by default: the collector answers with one page."""
    printed = asyncio.run(official_client(None, large_events()))
    match = re.fullmatch(r"(\d+) events; batch of (\d+) bytes; pages of \[(\d+)\]\n", printed)
    assert match, printed
    assert 4_000_000 <= int(match[2]) <= 4 * 2**20
    assert match[1] == match[3]


def test_the_quick_start_of_the_official_readme() -> None:
    """Word for word as the official package describes itself, but for the port."""
    description = metadata("chaukas-spec-client")["Description"]
    block = re.search(r"^## Quick Start\n\n```python\n(.*?)^```$", description, re.DOTALL | re.MULTILINE)
    assert block
    program = block[1]
    assert program.count("'localhost:50051'") == 1

    async def main() -> None:
        async with Collector() as collector:
            await python("-c", program.replace("50051", str(collector.port)))
            from grpclib.client import Channel

            from chaukas_spec_lite.spec.client.v1.client_grpc import ChaukasClientServiceStub

            async with Channel("127.0.0.1", collector.port) as channel:
                stub = ChaukasClientServiceStub(channel, timeout=HANG)
                answer = (await stub.query_events(QueryEventsRequest(query=QueryRequest()))).response
        assert answer is not None
        assert answer.events == [
            Event(event_id="evt_123", type=EventType.AGENT_START, session_id="session_abc", trace_id="trace_xyz")
        ]

    asyncio.run(main())
