"""What an event costs a collector as its clients meet it: a process, a socket, calls, and a SQLite file.

``benchmarks.ingest --served`` measures two of them side by side. ``python -m benchmarks.served_ingest FILE`` is such a
process: it prints its port, and then, for each line that it reads, how many seconds of processor it has taken. It uses
nothing that the former collector did not have.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from statistics import median
from time import process_time
from typing import IO

from benchmarks.measure import Row
from chaukas_spec_lite import ChaukasClient, Event
from chaukas_spec_lite.collector.server import Collector
from tests import realdata

SECTION = "Collector: what an event costs its process, over a socket"
_ROOT = str(Path(__file__).parents[1])
_WARM_UP = 2_000
"""How many events it takes before it is measured."""
_ID = re.compile(rb"[0-9a-f]{8}(?=(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})")
_KINDS = {"one event in each call, 50 calls at a time": (1, 50), "a hundred in each call, 8 at a time": (100, 8)}
_UNARY_PART = 5
"""Of as many as go in batches, one in so many is sent where each has a call of its own: those take that much longer."""


def events() -> Iterator[bytes]:
    """The recorded events, over and over: each time a month later, and with ids of its own."""
    recorded = [Event.parse(data) for data in realdata.events()]
    for copy in itertools.count():
        salt = b"%04x" % (copy * 40503 % 65536)  # spread, as ids are that are drawn
        for event in recorded:
            yield _ID.sub(lambda match: salt + match[0][4:], bytes(event))  # noqa: B023 (used at once)
            if event.timestamp is not None:
                event.timestamp += timedelta(days=30)


def rows(trees: Mapping[str, str], count: int, rounds: int, bar: float) -> list[Row]:
    """Measure the collectors of two folders, ``now`` and ``before``, in turns."""
    found: list[Row] = []
    for name, (size, at_once) in _KINDS.items():
        most = count if size > 1 else count // _UNARY_PART
        taken: dict[str, list[float]] = {which: [] for which in trees}
        for _ in range(rounds):
            for which, path in trees.items():
                taken[which].append(_cost(path, most, size, at_once))
        ours, theirs = (1e6 * median(taken[which]) for which in ("now", "before"))
        found.append(Row(SECTION, f"{name}; {most:,} events", ours, theirs, "us", bar))
    return found


def _cost(path: str, count: int, size: int, at_once: int) -> float:
    source = events()
    with tempfile.TemporaryDirectory() as folder, _serving(path, str(Path(folder, "events.db"))) as (address, tell):
        asyncio.run(_send(address, list(itertools.islice(source, _WARM_UP)), size, at_once))
        begun = tell()
        asyncio.run(_send(address, list(itertools.islice(source, count)), size, at_once))
        return (tell() - begun) / count


async def _send(address: str, encoded: list[bytes], size: int, at_once: int) -> None:
    batches = iter([encoded[start : start + size] for start in range(0, len(encoded), size)])
    async with ChaukasClient(address) as client:

        async def work() -> None:
            for batch in batches:
                if size == 1:
                    await client.ingest_event(batch[0])
                else:
                    await client.ingest_encoded(batch)

        await asyncio.gather(*(work() for _ in range(at_once)))


@contextmanager
def _serving(path: str, file: str) -> Generator[tuple[str, Tell], None, None]:
    # The package of either tree, and the benchmarks and recorded events of this one.
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([path, _ROOT])}
    command = [sys.executable, "-m", "benchmarks.served_ingest", file]
    with subprocess.Popen(
        command, cwd=path, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        port = process.stdout.readline().strip()
        if not port:
            raise RuntimeError(f"the collector of {path} has not started; its exit code is {process.wait()}")
        yield f"127.0.0.1:{port}", Tell(process.stdin, process.stdout)


class Tell:
    """Asks a process how many seconds of processor it has taken."""

    def __init__(self, asked: IO[str], told: IO[str]) -> None:
        self._asked = asked
        self._told = told

    def __call__(self) -> float:
        """Ask."""
        self._asked.write("\n")
        self._asked.flush()
        return float(self._told.readline())


async def serve(file: str) -> None:
    """Serve until the standard input ends."""
    async with Collector(file) as collector:
        print(collector.port, flush=True)
        while await asyncio.to_thread(sys.stdin.readline):
            print(process_time(), flush=True)


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1]))
