"""A server in a process of its own: prints its port, then, for each line that it reads, its processor time (s)."""

from __future__ import annotations

import asyncio
import resource
import sys
import time

from chaukas_spec_lite.rpc.server.server import MessageServer
from chaukas_spec_lite.rpc.transport.admission import ConnectionLimits
from tests.rpc.relay import Relay


async def main(files: int, connections: int) -> None:
    if files:
        resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
    server = MessageServer([Relay()], limits=ConnectionLimits(connections or None, connections or None))
    await server.start("127.0.0.1", 0)
    sys.stdout.write(f"{server.port}\n")
    sys.stdout.flush()
    while await asyncio.to_thread(sys.stdin.readline):
        sys.stdout.write(f"{time.process_time()}\n")
        sys.stdout.flush()
    await server.stop(0)


if __name__ == "__main__":
    asyncio.run(main(*map(int, sys.argv[1:])))
