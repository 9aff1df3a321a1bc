"""A program: a collector on the given file and port. It says when it listens, and runs until it is killed."""

import asyncio
import sys

from chaukas_spec_lite.collector import Collector


async def main() -> None:
    async with Collector(sys.argv[1], port=int(sys.argv[2])) as collector:
        sys.stdout.write(f"{collector.port}\n")
        sys.stdout.flush()
        await collector.wait_closed()


asyncio.run(main())
