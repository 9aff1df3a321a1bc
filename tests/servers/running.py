"""Servers in processes of their own, as their users start them, and what they say."""

from __future__ import annotations

import http.client
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.patience import HANG, wait_until

ROOT = Path(__file__).parent.parent.parent

LISTENS = re.compile(r"(?:http://|address )127\.0\.0\.1:(\d+)")
"""What servers of HTTP log: where they listen."""


class Server:
    """A server that runs. It logs to a file, in which it also says where it listens."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self._process = process
        self._log = log

    def said(self) -> str:
        """All that it has logged."""
        return self._log.read_text()

    def wait_for(self, pattern: str | re.Pattern[str]) -> re.Match[str]:
        """Wait until it logs something."""
        wait_until(lambda: re.search(pattern, self.said()) is not None or self._process.poll() is not None)
        found = re.search(pattern, self.said())
        assert found, self.said()
        return found

    def get(self, path: str, timeout: float = HANG) -> str:
        """Make a request."""
        port = self.wait_for(LISTENS).group(1)
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=timeout) as response:
            return str(response.read().decode())

    def end(self, how: signal.Signals) -> str:
        """Send it a signal, wait for its end, and return all that it has logged."""
        self._process.send_signal(how)
        deadline = time.monotonic() + HANG
        while self._process.poll() is None:
            if time.monotonic() > deadline:
                self._show_stacks()
                raise AssertionError(self.said())
            time.sleep(0.2)
            # A worker of uWSGI's that hears of the end right before it waits for a request ends after the next one.
            if LISTENS.search(self.said()):
                with suppress(OSError, http.client.HTTPException):
                    self.get("/nothing", timeout=1.0)
        return self.said()

    def _show_stacks(self) -> None:
        """Let it, and all that it has started, log what each thread is at, and end."""
        os.killpg(self._process.pid, signal.SIGABRT)
        time.sleep(2.0)

    def kill(self) -> None:
        """End it and all that it has started, if it has not ended."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()


@contextmanager
def running(log: Path, endpoint: str, *command: str, **variables: str) -> Generator[Server, None, None]:
    """Run a program of this environment: ``gunicorn``, ``uwsgi``, ``celery``, ``flask``.

    Args:
        log: Where it logs to.
        endpoint: The collector's.
        command: Its name and arguments.
        variables: Of the environment.
    """
    name, *arguments = command
    environ = os.environ | {"COLLECTOR": endpoint, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"} | variables
    environ["PYTHONFAULTHANDLER"] = "1"  # for ``_show_stacks``
    program = Path(sys.executable).with_name(name)
    assert program.exists(), f"{name} is missing: python -m pip install -e '.[test,servers]'"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [program, *arguments], cwd=ROOT, env=environ, stdout=output, stderr=output, start_new_session=True
        )
    server = Server(process, log)
    try:
        yield server
    finally:
        server.kill()
