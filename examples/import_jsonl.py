"""Move files that the official SDK wrote (JSON lines), or recordings, into a collector.

    CHAUKAS_GRPC_ENDPOINT=localhost:50051 python examples/import_jsonl.py FILE...

It may be stopped and run again: the collector knows each event by its ``event_id``, and stores it once. Only a part of
a file is in memory at a time.
"""

from __future__ import annotations

import asyncio
import sys
from itertools import islice
from pathlib import Path

from chaukas_spec_lite import ChaukasClient, ChaukasError
from chaukas_spec_lite.files import read_events

PART = 1000
"""How many events are in memory at a time; the client cuts them into batches of its own."""


async def main(paths: list[Path]) -> None:
    """Send each file, and say how many events it held."""
    async with ChaukasClient(batch_size=200) as client:
        for path in paths:
            events = (recorded.event for recorded in read_events(path))
            sent = 0
            while part := list(islice(events, PART)):
                await client.ingest_events(part)
                sent += len(part)
            print(f"{path.name}: {sent} events")


if __name__ == "__main__":
    try:
        asyncio.run(main([Path(argument) for argument in sys.argv[1:]]))
    except (ChaukasError, OSError) as error:
        # It names the file and line, or the server.
        raise SystemExit(f"stopped: {error}") from error
