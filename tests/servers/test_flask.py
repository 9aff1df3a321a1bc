"""Flask's own server handles no SIGTERM: it ends as any program does that nobody prepared for it."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.servers.running import running
from tests.serving import running_collector

pytestmark = pytest.mark.servers

FLASK = ("flask", "--app", "tests.servers.application", "run", "--port", "0")


@pytest.mark.parametrize(("how", "helped"), [("SIGINT", False), ("SIGTERM", True)])
def test_what_requests_emit_is_sent_at_the_end(tmp_path: Path, how: str, helped: bool) -> None:
    variables = {"EXIT_ON_SIGTERM": "1"} if helped else {}
    with running_collector() as collector:
        with running(tmp_path / "log", f"127.0.0.1:{collector.port}", *FLASK, **variables) as server:
            for number in range(10):
                assert server.get(f"/emit/{number}") == "queued"
            said = server.end(signal.Signals[how])
        assert len(collector.events(session_id="request")) == 10, said
        assert "Traceback" not in said


def test_a_spool_survives_sigterm_without_the_helper(tmp_path: Path) -> None:
    variables = {"SPOOL": str(tmp_path / "spool")}
    with running_collector() as collector:
        endpoint = f"127.0.0.1:{collector.port}"
        with running(tmp_path / "log", endpoint, *FLASK, **variables) as server:
            outcomes = [server.get(f"/emit/{number}") for number in range(10)]
            server.end(signal.SIGTERM)
        with running(tmp_path / "again", endpoint, *FLASK, **variables) as server:
            server.wait_for("Running on")
            server.wait_for(r"127\.0\.0\.1:\d+")
            server.get("/emit/again")
            server.get("/flush")
            server.end(signal.SIGINT)
        assert len(collector.events(session_id="request")) >= outcomes.count("spooled") + 1
