"""A program that the official SDK observes, in which nothing is ours: it makes events until it is told to stop.

Each line on stdin is a number of events to make; after each it prints the ids of those, and how many the SDK has yet to
send. At the end of stdin it closes the SDK.
"""

from __future__ import annotations

import asyncio
import sys
from typing import Any

from chaukas.sdk import disable_chaukas, enable_chaukas, get_tracer
from chaukas.sdk.core.event_builder import EventBuilder


async def work(numbers: list[int], client: Any, builder: EventBuilder) -> None:
    for number in numbers:
        event = builder.create_model_invocation_start(
            provider="openai",
            model="gpt-4o",
            messages=[{"role": "user", "content": f"number {number} \N{SNOWMAN}"}],
            temperature=0.25,
        )
        await client.send_event(event)
        print(event.event_id, end=" ")


async def main() -> None:
    enable_chaukas(config={"auto_detect": False}, auto_flush=False)
    tracer: Any = get_tracer()
    client, made = tracer.client, 0
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        await work([*range(made, made := made + int(line))], client, EventBuilder())
        await client.flush()
        print(f"left={len(client._events_queue)}", flush=True)
    await client.close()
    disable_chaukas()


if __name__ == "__main__":
    asyncio.run(main())
