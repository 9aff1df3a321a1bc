"""Ten producers at once, for a while: nothing is lost, nothing is there twice, and memory does not grow."""

from __future__ import annotations

import asyncio
import faulthandler
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from chaukas_spec_lite.collector.query import Query, Tenancy
from chaukas_spec_lite.collector.searched_text import searched_text
from chaukas_spec_lite.collector.stores.opening import store_for
from tests.cli.serving import ROOT, environment, serving
from tests.patience import HANG

PRODUCERS = 10
LONG = 300.0
"""Seconds of the run that memory is measured in."""
GROWTH = 64 * 2**20
"""Bytes that memory may grow by from the second minute to the last: caches fill, and allocators keep what they got. In
that time hundreds of thousands of events come in, with more bytes than this."""


def memory_of(process: int) -> int:
    """The resident memory of a process, in bytes."""
    found = re.search(r"^VmRSS:\s+(\d+) kB$", Path(f"/proc/{process}/status").read_text(), re.MULTILINE)
    assert found
    return int(found[1]) * 1024


@contextmanager
def producers(home: Path, endpoint: str) -> Iterator[list[subprocess.Popen[str]]]:
    program = str(ROOT / "tests" / "collector" / "producer.py")
    started = [
        subprocess.Popen(
            [sys.executable, program, endpoint, f"p{number}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            env=environment(home),
        )
        for number in range(PRODUCERS)
    ]
    try:
        yield started
    finally:
        for each in started:
            each.kill()
            each.communicate(timeout=HANG)


async def stored(path: Path) -> list[int]:
    """How many events of each producer are there."""
    store = store_for(path, texts=searched_text)
    await store.open()
    try:
        return [(await store.stats(Query(tenancy=Tenancy(f"p{number}")))).events for number in range(PRODUCERS)]
    finally:
        await store.close()


@pytest.mark.skipif(sys.platform != "linux", reason="reads memory from /proc")
@pytest.mark.parametrize("seconds", [1.0, pytest.param(LONG, marks=pytest.mark.thorough)])
def test_ten_producers(seconds: float, tmp_path: Path) -> None:
    memory: list[int] = []
    if seconds == LONG:  # a test that takes longer than pytest's own timer, which this one replaces
        faulthandler.dump_traceback_later(4 * LONG, exit=True)
    with serving(tmp_path, "--store", "events.db") as served:
        with producers(tmp_path, served.grpc) as running:
            end = time.monotonic() + seconds
            while time.monotonic() < end:
                memory.append(memory_of(served.process.pid))
                time.sleep(0.5)
            acknowledged = []
            for each in running:
                out, errors = each.communicate("stop\n", timeout=10 * HANG)
                assert (each.returncode, errors) == (0, "")
                acknowledged.append(int(out))
        status, errors = served.end()
        assert status == 0
        assert "Traceback" not in errors
    # An id is stored once, so as many as were acknowledged are those that were acknowledged.
    assert asyncio.run(stored(tmp_path / "events.db")) == acknowledged
    assert sum(acknowledged) > 0
    if seconds == LONG:
        minute = 120
        before, after = statistics.median(memory[minute : 2 * minute]), statistics.median(memory[-minute:])
        assert after - before < GROWTH, f"{before / 2**20:.0f} MiB, then {after / 2**20:.0f} MiB"
