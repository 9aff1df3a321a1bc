"""uWSGI forks in C, where none of Python's fork hooks runs, after its master has loaded the application."""

from __future__ import annotations

import re
import signal
from collections import Counter
from pathlib import Path

import pytest

from tests.patience import wait_until
from tests.servers.running import Server, running
from tests.serving import RunningCollector, running_collector

pytestmark = pytest.mark.servers

UWSGI = (
    *("uwsgi", "--http-socket", "127.0.0.1:0", "--module", "tests.servers.application:application"),
    *("--master", "--need-app", "--hook-master-start", "unix_signal:15 gracefully_kill_them_all"),
)
THREADS = "--enable-threads"


def names(collector: RunningCollector) -> list[str]:
    return sorted(event.agent_name for event in collector.events(session_id="request"))


def emit(server: Server, events: int) -> list[str]:
    for number in range(events):
        assert server.get(f"/emit/{number}") in {"spooled", "queued"}
    return sorted(map(str, range(events)))


CASES = [
    # What a thread of the master does at the moment of the fork may leave the child without Python's global lock: that
    # is uWSGI's. So what the master has used has to be at rest by then, as an exporter without a spool is.
    ({"USED_BEFORE": "1"}, False, ()),
    ({}, False, ()),
    # One worker: uWSGI loses the signal for its end if another one is still loading the application.
    ({"USED_BEFORE": "1"}, True, ("--lazy-apps", "--processes", "1")),
]


@pytest.mark.parametrize(("before", "spool", "arguments"), CASES, ids=["used", "unused", "lazy"])
def test_what_workers_emit_is_sent_until_they_end(
    tmp_path: Path, before: dict[str, str], spool: bool, arguments: tuple[str, ...]
) -> None:
    variables = before | ({"SPOOL": str(tmp_path / "spool")} if spool else {})
    with running_collector() as collector:
        endpoint = f"127.0.0.1:{collector.port}"
        command = *UWSGI, THREADS, "--processes", "3", *arguments
        with running(tmp_path / "log", endpoint, *command, **variables) as server:
            emitted = emit(server, 30)
            said = server.end(signal.SIGTERM)
        assert "Dropped" not in said
        assert names(collector) == emitted, said


def test_calls_and_flushes_end(tmp_path: Path) -> None:
    with running_collector() as collector:
        endpoint = f"localhost:{collector.port}"
        with running(tmp_path / "log", endpoint, *UWSGI, THREADS, USED_BEFORE="1") as server:
            assert server.get("/ingest") == "taken"
            assert server.get("/emit/1") == "queued"
            assert server.get("/flush") == "True"
            assert names(collector) == ["1", "ingested"]
            said = server.end(signal.SIGTERM)
        assert "Traceback" not in said


def test_flush_ends_in_time_without_a_collector(tmp_path: Path) -> None:
    with running(tmp_path / "log", "127.0.0.1:1", *UWSGI, THREADS) as server:
        assert server.get("/emit/1") == "queued"
        assert server.get("/flush") == "False"


def test_without_threads_the_end_of_a_worker_sends(tmp_path: Path) -> None:
    """There, uWSGI lets no thread run between requests."""
    with running_collector() as collector:
        with running(tmp_path / "log", f"127.0.0.1:{collector.port}", *UWSGI) as server:
            emitted = emit(server, 20)
            said = server.end(signal.SIGTERM)
        assert names(collector) == emitted, said


def test_workers_that_are_replaced(tmp_path: Path) -> None:
    arguments = THREADS, "--processes", "2", "--max-requests", "5", "--min-worker-lifetime", "0"
    with running_collector() as collector:
        with running(tmp_path / "log", f"127.0.0.1:{collector.port}", *UWSGI, *arguments) as server:
            emitted = emit(server, 30)
            # A worker that is sending at its end is not given the time if uWSGI itself is told to end meanwhile.
            wait_until(lambda: _all_are_replaced(server.said(), len(emitted), 5))
            said = server.end(signal.SIGTERM)
        assert names(collector) == emitted, said


def _all_are_replaced(said: str, requests: int, most: int) -> bool:
    """Whether each worker that has served as many requests as it may has a successor."""
    served = Counter(re.findall(r"\[pid: (\d+)\|", said))
    return served.total() == requests and said.count("Respawned") == sum(each >= most for each in served.values())


def test_a_killed_worker_s_spool_is_sent_by_the_others(tmp_path: Path) -> None:
    variables = {"SPOOL": str(tmp_path / "spool")}
    with running_collector() as collector:
        arguments = THREADS, "--lazy-apps", "--processes", "1"
        with running(tmp_path / "log", f"127.0.0.1:{collector.port}", *UWSGI, *arguments, **variables) as server:
            emitted = emit(server, 10)
        with running(tmp_path / "again", f"127.0.0.1:{collector.port}", *UWSGI, *arguments, **variables) as server:
            assert server.get("/emit/again") != "dropped"
            wait_until(lambda: names(collector) == [*emitted, "again"])
