"""A server process that is killed and started again, amid calls: the client does not lose an event over it."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from chaukas_spec_lite import Event
from chaukas_spec_lite.client.client import ChaukasClient
from chaukas_spec_lite.retry import RetryPolicy
from tests.patience import AGES, run, until

ROOT = Path(__file__).parents[2]
PROGRAM = Path(__file__).parent / "collector_program.py"
RUN = f"import runpy, sys; sys.path.insert(0, {str(ROOT)!r}); runpy.run_path({str(PROGRAM)!r}, run_name='__main__')"


@asynccontextmanager
async def process(path: Path, port: int) -> AsyncIterator[int]:
    """A collector in a process of its own, killed at the end, and its port."""
    arguments = [sys.executable, "-c", RUN, str(path), str(port)]
    running = await asyncio.create_subprocess_exec(*arguments, stdout=asyncio.subprocess.PIPE)
    assert running.stdout is not None
    try:
        yield int(await running.stdout.readline())
    finally:
        running.kill()
        await running.wait()


def test_a_server_that_is_killed_and_comes_back(tmp_path: Path) -> None:
    async def main() -> None:
        path = tmp_path / "events.db"
        sent: list[str] = []
        stop = asyncio.Event()

        async def send(client: ChaukasClient) -> None:
            while not stop.is_set():
                event = Event(session_id="s")
                await client.ingest_event(event)
                sent.append(event.event_id)

        async with process(path, 0) as port:
            client = ChaukasClient(f"127.0.0.1:{port}", retry=RetryPolicy(initial=0.05, maximum=0.2), timeout=AGES)
            await client.get_capabilities()
            senders = [asyncio.create_task(send(client)) for _ in range(5)]
            await until(lambda: len(sent) > 20)
        before = len(sent)
        await asyncio.sleep(0.3)
        async with process(path, port):
            await until(lambda: len(sent) > before + 20)
            stop.set()
            await asyncio.gather(*senders)
            found = [event.event_id async for event in client.query_events(session_id="s")]
            assert len(set(found)) == len(found), "an event is stored twice"
            assert set(found) >= set(sent), "an event that was acknowledged is missing"
            assert len(found) <= len(sent) + 5
            await client.aclose()

    run(main())
