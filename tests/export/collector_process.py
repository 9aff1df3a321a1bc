"""The collector in a process of its own, which can be killed and come back: as a program, a path and a port."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

from chaukas_spec_lite.collector import Collector

ROOT = Path(__file__).parent.parent.parent


class CollectorProcess:
    """Stores events in a file, under the same port after each start."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.port = 0
        self.start()

    def start(self) -> None:
        """Return when it listens."""
        command = [sys.executable, "-m", "tests.export.collector_process", str(self._path), str(self.port)]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=ROOT)
        assert self._process.stdout is not None
        self.port = int(self._process.stdout.readline())

    def kill(self) -> None:
        """End it at once, amid whatever is under way; does nothing if that has happened."""
        self._process.kill()
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()

    def events(self) -> list[bytes]:
        """The very bytes of all events, in order of arrival; each id is there once."""
        database = sqlite3.connect(self._path)
        try:
            return [data for (data,) in database.execute("SELECT data FROM events ORDER BY seq")]
        finally:
            database.close()


async def serve(path: str, port: str) -> None:
    async with Collector(path, port=int(port)) as collector:
        os.write(1, b"%d\n" % collector.port)
        await collector.wait_closed()


if __name__ == "__main__":
    asyncio.run(serve(*sys.argv[1:]))
