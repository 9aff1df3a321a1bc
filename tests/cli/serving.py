"""``chaukas-lite serve`` as a process of its own, for tests."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.patience import HANG, without_slowness

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-W", "error", "-X", "dev", "-m", "chaukas_spec_lite"]


def environment(home: Path, **more: str) -> dict[str, str]:
    """An environment in which nothing is said to the collector, and the user's data are in a folder."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CHAUKAS_")}
    return kept | {"XDG_DATA_HOME": str(home), "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"} | more


def run(
    home: Path, *arguments: str | Path, stdin: str = "", cwd: Path | None = None, **env: str
) -> subprocess.CompletedProcess[str]:
    """Run a command of chaukas-lite to its end."""
    done = subprocess.run(
        [*COMMAND, *map(str, arguments)],
        capture_output=True,
        env=environment(home, **env),
        timeout=HANG,
        check=False,
        encoding="utf-8",
        input=stdin,
        cwd=cwd or home,
    )
    done.stderr = without_slowness(done.stderr)
    return done


class Served:
    """A collector that runs, and what it has said.

    Args:
        process: The process.
    """

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.said: list[str] = []
        assert process.stdout is not None
        for line in process.stdout:
            self.said.append(line.rstrip("\n"))
            if line.startswith(("There are no keys", "Callers need")):
                return
        assert process.stderr is not None
        raise AssertionError(f"it did not come to serve: {self.said} {process.stderr.read()}")

    @property
    def clients(self) -> Mapping[str, str]:
        """The variables that clients are to be told."""
        return dict(re.findall(r"^    export (CHAUKAS_\w+)=(\S+)$", "\n".join(self.said), re.MULTILINE))

    @property
    def grpc(self) -> str:
        """Where gRPC listens."""
        return self.clients["CHAUKAS_GRPC_ENDPOINT"]

    def end(self, number: signal.Signals = signal.SIGTERM) -> tuple[int, str]:
        """Send a signal; return the exit status and what was logged."""
        self.process.send_signal(number)
        _, errors = self.process.communicate(timeout=HANG)
        return self.process.returncode, without_slowness(errors)


@contextmanager
def serving(home: Path, *arguments: str | Path, cwd: Path | None = None, **env: str) -> Iterator[Served]:
    """Run a collector until the block ends. It listens for gRPC on any free port, and not for HTTP, unless told."""
    doors = {"--grpc": "127.0.0.1:0", "--http": "off"}
    told = [part for name, value in doors.items() if name not in arguments for part in (name, value)]
    process = subprocess.Popen(
        [*COMMAND, "serve", *told, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        env=environment(home, **env),
        cwd=cwd or home,
    )
    try:
        yield Served(process)
    finally:
        process.kill()
        process.communicate(timeout=HANG)
