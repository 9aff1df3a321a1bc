"""uWSGI forks in C, where none of Python's fork hooks runs, after its master has loaded the application."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.patience import wait_until
from tests.servers.running import Server, running
from tests.serving import RunningCollector, running_collector

pytestmark = pytest.mark.servers

UWSGI = (
    *("uwsgi", "--http-socket", "127.0.0.1:0", "--module", "tests.servers.application:application"),
    *("--master", "--need-app", "--die-on-term"),
)
THREADS = "--enable-threads"

BEFORE = [{}, {"USED_BEFORE": "1"}]


def names(collector: RunningCollector) -> list[str]:
    return sorted(event.agent_name for event in collector.events(session_id="request"))


def emit(server: Server, events: int, outcome: str) -> list[str]:
    for number in range(events):
        assert server.get(f"/emit/{number}") == outcome
    return sorted(map(str, range(events)))


@pytest.mark.parametrize("before", BEFORE, ids=["unused", "used"])
@pytest.mark.parametrize("spool", [False, True])
@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT, signal.SIGQUIT])
def test_what_workers_emit_is_sent_until_they_end(
    tmp_path: Path, before: dict[str, str], spool: bool, ending: signal.Signals
) -> None:
    variables = before | ({"SPOOL": str(tmp_path / "spool")} if spool else {})
    with running_collector() as collector:
        endpoint = f"127.0.0.1:{collector.port}"
        with running(tmp_path / "log", endpoint, *UWSGI, THREADS, "--processes", "3", **variables) as server:
            emitted = emit(server, 30, "spooled" if spool else "queued")
            said = server.end(ending)
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
            emitted = emit(server, 20, "queued")
            said = server.end(signal.SIGTERM)
        assert names(collector) == emitted, said


def test_workers_that_are_replaced(tmp_path: Path) -> None:
    arguments = THREADS, "--processes", "2", "--max-requests", "5", "--min-worker-lifetime", "0"
    with running_collector() as collector:
        with running(tmp_path / "log", f"127.0.0.1:{collector.port}", *UWSGI, *arguments) as server:
            emitted = emit(server, 30, "queued")
            server.wait_for("respawned")
            said = server.end(signal.SIGTERM)
        assert names(collector) == emitted, said


def test_a_killed_worker_s_spool_is_sent_by_the_others(tmp_path: Path) -> None:
    variables = {"SPOOL": str(tmp_path / "spool")}
    with running_collector() as collector:
        arguments = THREADS, "--processes", "1"
        with running(tmp_path / "log", f"127.0.0.1:{collector.port}", *UWSGI, *arguments, **variables) as server:
            emitted = emit(server, 10, "spooled")
        with running(tmp_path / "again", f"127.0.0.1:{collector.port}", *UWSGI, *arguments, **variables) as server:
            assert server.get("/emit/again") == "spooled"
            wait_until(lambda: names(collector) == [*emitted, "again"])
