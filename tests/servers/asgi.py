"""The application that uvicorn runs in these tests, without a framework.

``EXPORTER`` says which exporter it has: ``async`` or ``blocking``, closed at the end of the lifespan as the guide
says, or ``global``, which nobody closes. Requests to ``/emit/<name>`` emit an event. Each says which process answers.
"""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from chaukas_spec_lite import (
    BlockingChaukasClient,
    BlockingExporter,
    ChaukasClient,
    Event,
    EventExporter,
    EventType,
    exit_on_sigterm,
)

KIND, COLLECTOR, SPOOL = os.environ["EXPORTER"], os.environ["COLLECTOR"], os.environ.get("SPOOL")

exporter: EventExporter | BlockingExporter

if KIND == "global":
    exit_on_sigterm()
    exporter = BlockingExporter(BlockingChaukasClient(COLLECTOR), spool=SPOOL)


@asynccontextmanager
async def lifespan() -> AsyncGenerator[None]:
    global exporter
    if KIND == "async":
        async with ChaukasClient(COLLECTOR) as client, EventExporter(client, spool=SPOOL) as exporter:
            yield
    elif KIND == "blocking":
        with BlockingChaukasClient(COLLECTOR) as client, BlockingExporter(client, spool=SPOOL) as exporter:
            yield
    else:
        yield


async def application(
    scope: dict[str, Any],
    receive: Callable[[], Awaitable[dict[str, Any]]],
    send: Callable[[dict[str, Any]], Awaitable[None]],
) -> None:
    if scope["type"] == "lifespan":
        await receive()
        async with lifespan():
            await send({"type": "lifespan.startup.complete"})
            await receive()
        await send({"type": "lifespan.shutdown.complete"})
        return
    answer = str(os.getpid())
    if scope["path"].startswith("/emit/"):
        name = scope["path"].rpartition("/")[2]
        outcome = exporter.emit(Event(type=EventType.SYSTEM, session_id="request", agent_name=name))
        answer = f"{outcome.value} {answer}"
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": answer.encode()})
