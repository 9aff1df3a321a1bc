"""What an event costs the collector that comes in, beside what it cost before events were skimmed, and with a log.

``python -m benchmarks.ingest [--copies N] [--rounds N]`` measures them in processes of their own, in turns, over the
recorded events in batches of 100, each copy a month after the one before and with ids of its own. It takes the former
collector out of the repository's history. Times are of the processor: waiting for the disk says more about the disk.

``python -m benchmarks.ingest --served [--events N]`` measures the whole collectors instead, each as a process that one
producer sends the same events to: one in each call, or a hundred. One in each call is what had cost 187 to 209 us.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import json
import os
import re
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from statistics import median
from time import process_time
from typing import Any

from benchmarks import served_ingest
from benchmarks.measure import Row
from benchmarks.report import header, line
from chaukas_spec_lite import Event
from chaukas_spec_lite.wire.envelopes import batch_request
from tests import realdata

ROOT = Path(__file__).parents[1]
SECTION = "Collector: an event that comes in, in batches of 100"
BEFORE = "1b6f6a4e857a2f915557b134607d13867bbe1f47"
"""The last commit whose collector decoded every event in the thread that writes."""
BAR = 0.5
LOG_BAR = 1.1
"""What a log may cost: a tenth."""
_BATCH = 100
_ID = re.compile(rb"[0-9a-f]{8}(?=(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})")


def bodies(copies: int) -> list[bytes]:
    """Requests with so many copies of the recorded events."""
    found: list[bytes] = []
    for copy in range(copies):
        events = [_moved(event, copy) for event in realdata.events()]
        found += [batch_request(b"", events[start : start + _BATCH]) for start in range(0, len(events), _BATCH)]
    return found


def _moved(data: bytes, copy: int) -> bytes:
    event = Event.parse(_ID.sub(lambda match: b"%04x" % (0x100 + copy) + match[0][4:], data))
    if event.timestamp is not None:
        event.timestamp += timedelta(days=30 * copy)
    return bytes(event)


async def now(requests: list[bytes], folder: str, *, log: bool = False) -> dict[str, float]:
    """Measure the collector as it is; its store keeps a log or not."""
    from chaukas_spec_lite.collector.callers import ANYONE
    from chaukas_spec_lite.collector.intake import Intake
    from chaukas_spec_lite.collector.receipts import Shape
    from chaukas_spec_lite.collector.searched_text import searched_text
    from chaukas_spec_lite.collector.service import CollectorService
    from chaukas_spec_lite.collector.splitting import split
    from chaukas_spec_lite.collector.stores.sqlite.store import SQLiteStore

    def decode(request: bytes) -> None:
        Intake(ANYONE, Shape.BATCH).sift(split(request, Shape.BATCH).events, with_text=False)

    service = CollectorService(SQLiteStore(Path(folder, "events.db"), texts=searched_text, log=log))
    await service.open()
    try:
        return await _measured(requests, decode, lambda request: service.ingest(request, Shape.BATCH, ANYONE))
    finally:
        await service.close()


async def before(requests: list[bytes], folder: str) -> dict[str, float]:
    """Measure the collector as it was; its modules are no longer here, so they are named where they are loaded."""
    records_of: Callable[[bytes], list[Any]] = import_module("chaukas_spec_lite.collector.service").records_of
    store = import_module("chaukas_spec_lite.collector.store").Store(Path(folder, "events.db"))

    def decode(request: bytes) -> None:
        for record in records_of(request):
            _ = record.columns

    await store.open()
    try:
        return await _measured(requests, decode, lambda request: store.add(lambda: records_of(request)))
    finally:
        await store.close()


async def _measured(
    requests: list[bytes], decode: Callable[[bytes], None], store: Callable[[bytes], Awaitable[object]]
) -> dict[str, float]:
    begun = process_time()
    for request in requests:
        decode(request)
    decoded = process_time()
    for request in requests:
        await store(request)
    return {"decoded": decoded - begun, "stored": process_time() - decoded}


@contextmanager
def former() -> Generator[str, None, None]:
    """The folder of the package as it was."""
    with tempfile.TemporaryDirectory() as folder:
        archive = subprocess.run(
            ["git", "archive", BEFORE, "chaukas_spec_lite"], cwd=ROOT, check=True, capture_output=True
        )
        with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as tar:
            tar.extractall(folder, filter="data")
        yield folder


def rows(before: str, copies: int, rounds: int) -> list[Row]:
    """Measure the collector's code in this tree, without a log and with one, and in the folder of the former one."""
    count = copies * len(realdata.events())
    found: dict[str, list[dict[str, float]]] = {"now": [], "logged": [], "before": []}
    for _ in range(rounds):
        for which, path in (("now", str(ROOT)), ("logged", str(ROOT)), ("before", before)):
            found[which].append(_in_a_process(which, path, copies))
    names = {"decoded": "split, checked and its columns read", "stored": "the same, and stored in SQLite"}
    found_rows: list[Row] = []
    for key, name in names.items():
        found_rows.append(
            Row(SECTION, name, _each(found["now"], key, count), _each(found["before"], key, count), "us", BAR)
        )
    ours, theirs = (_each(found[which], "stored", count) for which in ("logged", "now"))
    found_rows.append(Row(SECTION, "stored with a log, and without", ours, theirs, "us", LOG_BAR))
    return found_rows


def _each(measured: list[dict[str, float]], key: str, count: int) -> float:
    return 1e6 * median(each[key] for each in measured) / count


def _in_a_process(which: str, path: str, copies: int) -> dict[str, float]:
    # The package of either tree, and the benchmarks and recorded events of this one.
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([path, str(ROOT)])}
    command = [sys.executable, "-m", "benchmarks.ingest", "--copies", str(copies), "--only", which]
    done = subprocess.run(command, cwd=path, env=environment, check=True, capture_output=True, text=True)
    result: dict[str, float] = json.loads(done.stdout)
    return result


def main() -> None:
    """Measure, and fail where the bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--copies", type=int, default=20, help="how often each recorded event comes (default: 20)")
    parser.add_argument("--rounds", type=int, default=3, help="how often each is measured (default: 3)")
    parser.add_argument("--only", choices=("now", "logged", "before"), help="measure one of them here, and print JSON")
    parser.add_argument("--served", action="store_true", help="measure them whole, as processes that clients reach")
    parser.add_argument("--events", type=int, default=100_000, help="how many go to each in batches (default: 100000)")
    options = parser.parse_args()
    if options.only:
        with tempfile.TemporaryDirectory() as folder:
            requests = bodies(options.copies)
            measuring = (
                before(requests, folder)
                if options.only == "before"
                else now(requests, folder, log=options.only == "logged")
            )
            print(json.dumps(asyncio.run(measuring)))
        return
    section = served_ingest.SECTION if options.served else SECTION
    print(header(section))
    with former() as path:
        if options.served:
            measured = served_ingest.rows({"now": str(ROOT), "before": path}, options.events, options.rounds, BAR)
        else:
            measured = rows(path, options.copies, options.rounds)
    for row in measured:
        print(line(row))
    raise SystemExit(0 if all(row.met for row in measured) else 1)


if __name__ == "__main__":
    main()
