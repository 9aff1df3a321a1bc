"""gunicorn forks its workers with ``os.fork``; with ``--preload`` after the application is loaded."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.servers.running import running
from tests.serving import running_collector

pytestmark = pytest.mark.servers

GUNICORN = ("gunicorn", "--bind", "127.0.0.1:0", "tests.servers.application:application", "--no-control-socket")


CASES = [
    (worker, preload, spool)
    for worker in ("sync", "gthread", "gevent")
    for preload in (False, True)
    for spool in (False, True)
    if (worker, preload, spool) != ("gevent", True, True)
]


@pytest.mark.parametrize(("worker", "preload", "spool"), CASES)
def test_what_workers_emit_is_sent_until_they_end(tmp_path: Path, worker: str, preload: bool, spool: bool) -> None:
    arguments = ["--worker-class", worker, "--workers", "2", *(["--preload"] if preload else [])]
    variables = {"USED_BEFORE": "1"} | ({"SPOOL": str(tmp_path / "spool")} if spool else {})
    with running_collector() as collector:
        endpoint = f"127.0.0.1:{collector.port}"
        with running(tmp_path / "log", endpoint, *GUNICORN, *arguments, **variables) as server:
            for number in range(20):
                assert server.get(f"/emit/{number}") in {"spooled", "queued"}
            assert server.get("/ingest") == "taken"
            said = server.end(signal.SIGTERM)
        stored = sorted(event.agent_name for event in collector.events(session_id="request"))
        assert stored == sorted([*map(str, range(20)), "ingested"]), said
        assert "Dropped" not in said


def test_workers_that_are_replaced(tmp_path: Path) -> None:
    arguments = "--preload", "--workers", "2", "--max-requests", "5"
    with running_collector() as collector:
        with running(tmp_path / "log", f"127.0.0.1:{collector.port}", *GUNICORN, *arguments) as server:
            for number in range(30):
                assert server.get(f"/emit/{number}") == "queued"
            said = server.end(signal.SIGTERM)
        assert "Autorestarting worker" in said
        assert len(collector.events(session_id="request")) == 30, said
