"""A collector in a process of its own that is attacked over HTTP, and what that costs it. Linux alone tells."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from tests.cli.serving import environment
from tests.patience import HANG
from tests.snippets import ROOT
from tests.sockets import until_closed

HEALTH = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
_TICK = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100


class Attacked:
    """The collector's process."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        said = ""
        assert process.stdout is not None
        for line in process.stdout:
            said += line
            if line.startswith("There are no keys"):
                break
        self.ports = {door: int(port) for door, port in re.findall(r"(\w+) listens on 127\.0\.0\.1:(\d+)", said)}

    def connect(self, door: str = "HTTP", source: str = "127.0.0.1") -> socket.socket:
        peer = socket.create_connection(("127.0.0.1", self.ports[door]), source_address=(source, 0))
        peer.settimeout(HANG)
        return peer

    def asked(self, request: bytes) -> bytes:
        """Send a request, and read until the connection ends."""
        with self.connect() as peer:
            with suppress(ConnectionError):  # It has been refused already.
                peer.sendall(request)
            return until_closed(peer)

    def is_well(self) -> bool:
        """Ask, and ask again if others came in between and the connection gave way before it had said anything."""
        answers = (self.asked(HEALTH) for _ in range(3))
        return next(filter(None, answers), b"").startswith(b"HTTP/1.1 200")

    @property
    def processor_seconds(self) -> float:
        """How long it has worked, in all of its threads."""
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICK

    @property
    def most_memory(self) -> int:
        """How many bytes it has had in memory at most."""
        found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{self._process.pid}/status").read_text())
        assert found
        return int(found[1]) << 10

    @contextmanager
    def others_served(self, seconds: float, bytes_more: int) -> Iterator[None]:
        """Check that others are served while the block runs, and what it costs.

        Args:
            seconds: How much processor time it may take in all, and half of it before any one answer to others.
            bytes_more: How much more memory it may take.
        """
        assert self.is_well()
        before, memory = self.processor_seconds, self.most_memory
        waits: list[float] = []
        failures: list[BaseException] = []
        ended = threading.Event()

        def ask() -> None:
            try:
                while not ended.is_set() or not waits:
                    asked = self.processor_seconds
                    assert self.is_well()
                    waits.append(self.processor_seconds - asked)
                    ended.wait(0.01)
            except BaseException as error:
                failures.append(error)

        asking = threading.Thread(target=ask)
        asking.start()
        try:
            yield
        finally:
            ended.set()
            asking.join(HANG)
        assert not failures, failures
        assert self.is_well()
        assert max(waits) < seconds / 2
        assert self.processor_seconds - before < seconds
        assert self.most_memory - memory < bytes_more

    def log(self) -> str:
        """End it; return what it logged."""
        self._process.terminate()
        _, stderr = self._process.communicate(timeout=HANG)
        assert self._process.returncode == 0, stderr
        return stderr


@contextmanager
def attacked(home: Path, *options: str, files: int = 0) -> Iterator[Attacked]:
    """Run a collector in memory with both doors until the block ends; it may open so many files."""
    command = [sys.executable, "-m", "chaukas_spec_lite", "serve", "--store", "memory:"]
    command += ["--grpc", "127.0.0.1:0", "--http", "127.0.0.1:0", *options]
    if files:
        command = ["sh", "-c", f'ulimit -n {files}; exec "$@"', "sh", *command]
    pipes: dict[str, Any] = dict.fromkeys(("stdout", "stderr"), subprocess.PIPE)
    with subprocess.Popen(command, cwd=ROOT, text=True, env=environment(home), **pipes) as process:
        try:
            yield Attacked(process)
        finally:
            process.kill()
