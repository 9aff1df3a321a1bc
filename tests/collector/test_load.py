"""Ten producers at once, for a while: nothing is lost, nothing is there twice, and memory does not grow."""

from __future__ import annotations

import asyncio
import faulthandler
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
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
MINUTE = 60.0
WARM = 2 * MINUTE
"""Seconds in which caches fill, and allocators get what they keep."""
LEAK = 100.0
"""How many bytes memory may grow by for each event that comes in after that: a leak is of an object at least for each
one, and the smallest that holds anything, with its place in a table, takes more."""


def memory_of(process: int) -> int:
    """The memory that a process has for itself alone, in bytes: none that is a part of a file."""
    found = re.search(r"^RssAnon:\s+(\d+) kB$", Path(f"/proc/{process}/status").read_text(), re.MULTILINE)
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
    memory: list[tuple[float, int]] = []
    if seconds == LONG:  # a test that takes longer than pytest's own timer, which this one replaces
        faulthandler.dump_traceback_later(4 * LONG, exit=True)
    with serving(tmp_path, "--store", "events.db") as served:
        with producers(tmp_path, served.grpc) as running:
            begin = time.monotonic()
            while (passed := time.monotonic() - begin) < seconds:
                memory.append((passed, memory_of(served.process.pid)))
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
        before, after = around(memory, WARM), around(memory, LONG - MINUTE)
        events = sum(acknowledged) * (LONG - MINUTE - WARM) / LONG
        growth = (after - before) / events
        found = f"{growth:.1f} bytes for each of {events:.0f} events: {before:.0f}, then {after:.0f}"
        sys.stdout.write(f"{found}\n")  # which -s shows
        assert growth < LEAK, found


def around(memory: Sequence[tuple[float, int]], begin: float) -> float:
    """What memory was in a minute, whatever it was for moments of it."""
    return statistics.median(size for passed, size in memory if begin <= passed < begin + MINUTE)
