"""A spool that is opened before the server forks, where no hook runs, or where threads are greenlets and live on."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.servers.running import running
from tests.servers.test_gunicorn import GUNICORN
from tests.servers.test_uwsgi import THREADS, UWSGI
from tests.serving import running_collector

pytestmark = pytest.mark.servers

COMMANDS = {
    "uwsgi": (*UWSGI, THREADS, "--processes", "3"),
    "gunicorn": (*GUNICORN, "--worker-class", "gevent", "--workers", "2", "--preload"),
}


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_what_workers_emit_is_on_disk_and_sent_until_they_end(tmp_path: Path, command: tuple[str, ...]) -> None:
    variables = {"SPOOL": str(tmp_path / "spool")}
    with running_collector() as collector:
        endpoint = f"127.0.0.1:{collector.port}"
        with running(tmp_path / "log", endpoint, *command, **variables) as server:
            outcomes = [server.get(f"/emit/{number}") for number in range(30)]
            said = server.end(signal.SIGTERM)
        stored = sorted(event.agent_name for event in collector.events(session_id="request"))
        assert stored == sorted(map(str, range(30))), said
        assert outcomes == ["spooled"] * 30
        assert "Dropped" not in said
