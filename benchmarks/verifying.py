"""How many events ``chaukas-lite verify`` follows in a second, from a file: its whole process, but for its start."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.measure import Row
from chaukas_spec_lite import Recorder

SECTION = "Verifying: `chaukas-lite verify`"
BAR = 50_000.0
"""Events in a second."""
SESSION = 8
"""Events of a session."""


def rows(quick: bool) -> Iterator[Row]:
    """Files of encoded events, and of JSON lines. Times are of the processor: others may use it, too."""
    sessions = 2_000 if quick else 12_500
    for suffix, bar in ((".delim", BAR), (".jsonl", None)):
        name = f"events in a second, {suffix} of {sessions * SESSION:,} events"
        yield Row(SECTION, name, measured(suffix, sessions), None, "/s", bar, faster=True)


def measured(suffix: str, sessions: int, rounds: int = 3) -> float:
    """Record two files, of which one is short, and compare how long they take."""
    with tempfile.TemporaryDirectory() as folder:
        short, long = Path(folder, f"short{suffix}"), Path(folder, f"long{suffix}")
        record(short, 1)
        record(long, sessions)
        times = [(seconds(str(short)), seconds(str(long))) for _ in range(rounds)]
        least_short, least_long = (min(each) for each in zip(*times, strict=True))
        return (sessions - 1) * SESSION / (least_long - least_short)


def record(path: Path, sessions: int) -> None:
    """Record sessions with a tool and a model."""
    with Recorder.to(f"file:{path}", tenant_id="acme", audit=True) as recorder:
        for number in range(sessions):
            with recorder.session("shop"), recorder.agent("triage-agent"):
                with recorder.tool("search_orders", arguments={"order": number, "items": [1, 2, {"a": "b"}]}) as tool:
                    tool.result({"status": "shipped", "carrier": "DHL"})
                with recorder.model("openai", "gpt-4o") as call:
                    call.response("It is on its way.", prompt_tokens=812, completion_tokens=9)


def seconds(*arguments: str) -> float:
    """The processor's seconds of a process that verifies something."""
    process = subprocess.Popen(
        [sys.executable, "-m", "chaukas_spec_lite", "verify", *arguments], stdout=subprocess.DEVNULL
    )
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, arguments
    return used.ru_utime + used.ru_stime
