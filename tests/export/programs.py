"""Programs that run in processes of their own, to be killed, forked or ended, and what they leave in a spool."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

from chaukas_spec_lite import Event
from chaukas_spec_lite.spool.directory import SpoolDirectory
from chaukas_spec_lite.spool.log import Log
from tests.patience import HANG

ROOT = Path(__file__).parent.parent.parent


PRELUDE = """
    import asyncio, os, signal, sys, threading, time
    from pathlib import Path
    from chaukas_spec_lite import BlockingExporter, Emitted, Event, EventExporter, EventType
    from tests.export.doubles import Recorder, numbered, unavailable
    from tests.patience import AGES, HANG, until, wait_until
    def down(_): return unavailable()
    def spooled(exporter, number):
        result = exporter.emit(numbered(number))
        assert result is Emitted.SPOOLED, (number, result, exporter.stats())
    """


def left_in(directory: Path) -> list[str]:
    """The names of the events in a spool that nobody uses any more, in order."""
    names = []
    for folder in SpoolDirectory(directory).logs():
        log = Log.claim(folder)
        records = log.peek(0, 1 << 30, 1 << 40)
        assert (len(records), log.tally.lost, log.tally.lost_bytes) == (log.tally.pending, 0, 0), folder
        names += [Event.parse(record.content or b"").agent_name for record in records]
        log.close()
    return names


def source(program: str) -> str:
    """A whole program: it finds ``numbered``, ``Recorder`` and the exporters imported."""
    return textwrap.dedent(PRELUDE) + textwrap.dedent(program)


def run(program: str, *arguments: object, prefix: tuple[str, ...] = (), status: int = 0) -> str:
    """Run a program in a process of its own."""
    # From 3.12 on Python warns of forks beside threads, which some of these programs are about.
    strict = ("-W", "error", "-W", "ignore:This process")
    command = [*prefix, sys.executable, *strict, "-c", source(program), *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=2 * HANG, check=False)
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout + done.stderr
