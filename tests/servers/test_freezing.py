"""AWS Lambda and the like freeze a process after each call, for minutes: here by SIGSTOP, with short keepalives."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.patience import HANG
from tests.servers.running import ROOT
from tests.serving import RunningCollector, running_collector

pytestmark = pytest.mark.servers

FROZEN = 1.5
"""Seconds for which it is frozen: longer than the client waits for an answer to a keepalive, or for an idle server."""

FUNCTION = """
import os, sys
from chaukas_spec_lite import BlockingChaukasClient, BlockingExporter, Event, EventType, Keepalive

client = BlockingChaukasClient(os.environ["COLLECTOR"], keepalive=Keepalive(time=0.5, timeout=0.5))
exporter = BlockingExporter(client, spool=os.environ.get("SPOOL"), flush_interval=1.0)

for line in sys.stdin:
    name, flush = line.split()
    answer = exporter.emit(Event(type=EventType.SYSTEM, session_id="call", agent_name=name)).value
    if float(flush):
        answer += f" {exporter.flush(float(flush))}"
    print(answer, flush=True)
print("errors", exporter.stats().last_error, exporter.stats().dropped, flush=True)
"""


class Function:
    """A process that does one thing for each line, and is frozen in between."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process

    def call(self, name: str, flush: float = 30.0) -> str:
        """Let it emit an event, and flush for so many seconds at most."""
        assert self.process.stdin is not None
        self.process.send_signal(signal.SIGCONT)
        self.process.stdin.write(f"{name} {flush}\n")
        self.process.stdin.flush()
        answer = self.line()
        self.process.send_signal(signal.SIGSTOP)
        return answer

    def line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def end(self) -> str:
        """Let it end in order; return what it says then."""
        assert self.process.stdin is not None
        self.process.send_signal(signal.SIGCONT)
        self.process.stdin.close()
        said = self.line()
        assert self.process.wait(HANG) == 0
        return said


@contextmanager
def function(endpoint: str, **variables: str) -> Iterator[Function]:
    environ = os.environ | {"COLLECTOR": endpoint, "PYTHONPATH": str(ROOT)} | variables
    command = [sys.executable, "-c", FUNCTION]
    with subprocess.Popen(command, env=environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield Function(process)
        finally:
            process.kill()


def names(collector: RunningCollector) -> list[str]:
    return sorted(event.agent_name for event in collector.events(session_id="call"))


@pytest.mark.parametrize("spool", [False, True])
def test_what_a_call_flushes_arrives_before_the_process_is_frozen(tmp_path: Path, spool: bool) -> None:
    variables = {"SPOOL": str(tmp_path / "spool")} if spool else {}
    with running_collector() as collector, function(f"127.0.0.1:{collector.port}", **variables) as called:
        for number in range(3):
            assert called.call(str(number)).endswith(" True")
            assert names(collector) == [*map(str, range(number + 1))], "while it is frozen"
            time.sleep(FROZEN)
        assert called.end() == "errors None {}"


def test_what_a_call_does_not_flush_is_sent_when_the_process_goes_on() -> None:
    with running_collector() as collector, function(f"127.0.0.1:{collector.port}") as called:
        assert called.call("first") == "queued True"
        assert called.call("left", 0.0) == "queued"
        time.sleep(FROZEN)
        assert called.call("last") == "queued True"
        assert names(collector) == ["first", "last", "left"]
        assert called.end() == "errors None {}"


def test_a_flush_that_is_frozen_ends_when_the_process_goes_on() -> None:
    """Its time has passed meanwhile; what it did not send is still there."""
    with function("127.0.0.1:1") as called:
        assert called.process.stdin is not None
        called.process.stdin.write("a 1.0\n")
        called.process.stdin.flush()
        time.sleep(0.5)
        called.process.send_signal(signal.SIGSTOP)
        time.sleep(FROZEN)
        called.process.send_signal(signal.SIGCONT)
        assert called.line() == "queued False"
        called.process.kill()


def test_a_server_that_is_restarted_meanwhile_is_found_again() -> None:
    with ExitStack() as stack:
        with running_collector() as before:
            port = before.port
            called = stack.enter_context(function(f"127.0.0.1:{port}"))
            assert called.call("first") == "queued True"
        after = stack.enter_context(running_collector(port))
        time.sleep(FROZEN)
        assert called.call("second") == "queued True"
        assert names(after) == ["second"]
