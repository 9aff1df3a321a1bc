"""Programs that a test starts: each records something, prints its events as JSON, and may start the next one.

python -m tests.trace.hop_programs NAME [ARGUMENT...]
"""

from __future__ import annotations

import os
import subprocess
import sys

from chaukas_spec_lite import Event
from chaukas_spec_lite.trace.recorder import Recorder
from tests.patience import HANG
from tests.snippets import ROOT


class Printed:
    """A sink that prints a line for each event."""

    def emit(self, event: Event) -> None:
        sys.stdout.write(f"{event.to_json()}\n")


def call(environment: dict[str, str], *arguments: str) -> str:
    """Run one of these programs; return what it printed."""
    command = [sys.executable, "-m", "tests.trace.hop_programs", *arguments]
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=HANG, check=False)
    assert done.returncode == 0, done.stderr
    assert not done.stderr
    return done.stdout


def worker(recorder: Recorder) -> None:
    """A tool, and a moment, outside of any span of this process."""
    with recorder.tool("search", arguments={"order": 7}) as tool:
        tool.result("found")
    recorder.output("it is on its way")


def session(recorder: Recorder) -> None:
    """A session of its own, and in it an agent that starts a worker."""
    with recorder.session("inner"), recorder.agent("billing"):
        sys.stdout.write(call(recorder.environment(), "worker"))


if __name__ == "__main__":
    {"worker": worker, "session": session}[sys.argv[1]](Recorder(Printed(), parent=os.environ))
