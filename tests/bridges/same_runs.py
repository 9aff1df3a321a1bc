"""Runs all of `same_agents` and writes what was recorded, with the official SDK or with the bridge.

    python -m tests.bridges.same_runs sdk|bridge FOLDER

The SDK is as it comes: it posts its events to a server on loopback, as it would to its own. Each run gets a file.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock, Thread
from typing import Any

from agents import set_default_openai_client
from agents.tracing import add_trace_processor, set_trace_processors
from openai import AsyncOpenAI

from chaukas_spec_lite import Event
from chaukas_spec_lite.spec.client.v1.client import IngestEventBatchRequest, IngestEventRequest
from tests.bridges.fake_openai import fake_openai
from tests.bridges.same_agents import RUNS, SCRIPT
from tests.strategies import varint


def main(who: str, folder: Path) -> None:
    with fake_openai(SCRIPT) as server:
        # Not more than one attempt, and nothing of tracing to OpenAI.
        client = AsyncOpenAI(base_url=server.url, api_key="none", max_retries=0)
        set_default_openai_client(client, use_for_tracing=False)
        set_trace_processors([])
        asyncio.run({"sdk": with_sdk, "bridge": with_bridge}[who](folder))


async def with_sdk(folder: Path) -> None:
    import chaukas.sdk

    with _capturing() as (url, posted):
        chaukas.sdk.enable_chaukas(
            endpoint=url, api_key="none", tenant_id="acme", project_id="support", auto_flush=False
        )
        client = chaukas.sdk.get_client()
        assert client is not None
        await _settle()
        await client.flush()
        _write(folder / "start.delim", posted)
        for name, run in RUNS.items():
            # A task of its own for each: the SDK's context would leak from one into the next.
            await asyncio.create_task(run(lambda: None))  # type: ignore[arg-type]  # a coroutine
            await _settle()
            await client.flush()
            _write(folder / f"{name}.delim", posted)
        await client.close()


async def with_bridge(folder: Path) -> None:
    from chaukas_spec_lite import Recorder
    from chaukas_spec_lite.bridges.openai_agents import ChaukasTracing

    events: list[Event] = []

    class Listing:
        def emit(self, event: Event) -> None:
            events.append(event)

    recorder = Recorder(Listing(), tenant_id="acme", project_id="support")
    tracing = ChaukasTracing(recorder)
    add_trace_processor(tracing)
    for name, run in RUNS.items():
        await asyncio.create_task(run(lambda: tracing.hooks))  # type: ignore[arg-type]  # a coroutine
        _write(folder / f"{name}.delim", events)


async def _settle() -> None:
    """What the SDK has left to tasks of its own is done."""
    for _ in range(10):
        await asyncio.sleep(0)


def _write(path: Path, events: list[Event]) -> None:
    with path.open("wb") as file:
        for event in events:
            data = bytes(event)
            file.write(varint(len(data)) + data)
    events.clear()


@contextmanager
def _capturing() -> Iterator[tuple[str, list[Event]]]:
    posted: list[Event] = []
    lock = Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            with lock:
                if self.path.endswith("/batch"):
                    batch = IngestEventBatchRequest.parse(body).event_batch
                    posted.extend(batch.events if batch else [])
                else:
                    event = IngestEventRequest.parse(body).event
                    posted.extend([event] if event else [])
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", posted
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
