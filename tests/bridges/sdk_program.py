"""A program that the official SDK observes: it makes ten events, prints their ids, and ends.

``python -m tests.bridges.sdk_program own`` leaves the SDK as it is; ``exporter [SPOOL]`` has the one line more;
``briefly SPOOL`` too, but does not try for long to send.
"""

from __future__ import annotations

import asyncio
import os
import sys
from typing import Any

from chaukas.sdk import enable_chaukas, get_tracer
from chaukas.sdk.core.event_builder import EventBuilder

from chaukas_spec_lite import BlockingExporter
from chaukas_spec_lite.bridges.sdk import SdkSink
from tests.bridges.http_sender import HttpSender


def main(way: str, spool: str | None = None) -> None:
    enable_chaukas(config={"auto_detect": False})
    if way != "own":
        sender, timeout = HttpSender(os.environ["CHAUKAS_ENDPOINT"]), 0.2 if way == "briefly" else 30.0
        exporter = BlockingExporter(sender, spool=spool, close_timeout=timeout)
        SdkSink(exporter, flush_timeout=0.1).install()
    asyncio.run(work())


async def work() -> None:
    builder = EventBuilder()
    tracer: Any = get_tracer()
    for number in range(10):
        event = builder.create_session_start(metadata={"number": number})
        await tracer.client.send_event(event)
        print(event.event_id)


if __name__ == "__main__":
    main(*sys.argv[1:])
