"""How quickly ``chaukas-lite send`` takes a file into ``chaukas-lite serve``: two processes, a socket, and SQLite."""

from __future__ import annotations

import itertools
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.measure import Row
from benchmarks.served_ingest import events
from chaukas_spec_lite.wire.format import varint

SECTION = "Sending: `chaukas-lite send` into `chaukas-lite serve`, on SQLite"
BAR = 5_000.0
"""Events in a second."""
_COMMAND = [sys.executable, "-m", "chaukas_spec_lite"]


def rows(quick: bool) -> Iterator[Row]:
    """Send recorded events, their file being of encoded ones.

    Seconds are those of the processor, of both processes together and with their starts: others may use it, too, and
    with one processor it could be no quicker.
    """
    number = 5_000 if quick else 20_000
    with tempfile.TemporaryDirectory() as folder:
        processor, clock = _measured(Path(folder), number)
    name = f"events in a second, of {number:,}"
    yield Row(SECTION, f"{name}, processor time of both", number / processor, None, "/s", BAR, faster=True)
    yield Row(SECTION, f"{name}, by the clock", number / clock, None, "/s")


def _measured(folder: Path, number: int) -> tuple[float, float]:
    """How many seconds it takes: of the processor, and of the clock while it sends."""
    with (folder / "events.delim").open("wb") as file:
        for data in itertools.islice(events(), number):
            file.write(varint(len(data)).encode("latin-1") + data)
    # What an earlier command has sent is noted among the user's data.
    environment = {**os.environ, "XDG_DATA_HOME": str(folder)}
    doors = ["--grpc", "127.0.0.1:0", "--http", "off", "--store", "events.db"]
    with subprocess.Popen(
        [*_COMMAND, "serve", *doors],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        encoding="utf-8",
    ) as collector:
        try:
            assert collector.stdout is not None
            line = next(each for each in collector.stdout if each.startswith("gRPC listens on"))
            (address,) = re.findall(r"\S+$", line.rstrip())
            begun = time.perf_counter()
            sender = subprocess.Popen(
                [*_COMMAND, "send", "--endpoint", address, "events.delim"],
                cwd=folder,
                env=environment,
                stderr=subprocess.DEVNULL,
            )
            used = _seconds(sender)
            took = time.perf_counter() - begun
        finally:
            collector.send_signal(signal.SIGTERM)
            served = _seconds(collector)
    return used + served, took


def _seconds(process: subprocess.Popen[bytes] | subprocess.Popen[str]) -> float:
    """Wait for a process that has to end well; return the processor's seconds that it took."""
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, process.args
    return used.ru_utime + used.ru_stime
