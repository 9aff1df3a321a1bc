"""celery's workers end with ``os._exit``; what they call before that is celery's own."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.patience import HANG, wait_until
from tests.servers.running import ROOT, running
from tests.serving import running_collector

pytestmark = pytest.mark.servers

CELERY = (
    "celery",
    "--app",
    "tests.servers.tasks",
    "worker",
    "--without-gossip",
    "--without-mingle",
    "--loglevel",
    "INFO",
)

SEND = """
import sys
from tests.servers.tasks import emitting
for number in range(10):
    emitting.delay(str(number))
"""

POOLS = [
    ("--concurrency", "2"),
    ("--concurrency", "2", "--max-tasks-per-child", "1"),
    ("--pool", "solo"),
    ("--pool", "threads"),
    ("--pool", "gevent"),
]


SEND_WAITING = """
from tests.servers.tasks import emitting_and_waiting
for number in range(2):
    emitting_and_waiting.delay(str(number))
"""


@pytest.mark.parametrize("spool", [False, True])
def test_a_cold_shutdown_ends_and_sends_what_interrupted_tasks_emitted(tmp_path: Path, spool: bool) -> None:
    """Workers end by SIGTERM, and block it in the main thread while they hold a lock that others wait for."""
    (tmp_path / "broker").mkdir()
    variables = {"BROKER": str(tmp_path / "broker"), "CHAUKAS_FLUSH_INTERVAL": "600"}
    variables |= {"SPOOL": str(tmp_path / "spool")} if spool else {}
    with running_collector() as collector:
        endpoint = f"127.0.0.1:{collector.port}"
        with running(tmp_path / "log", endpoint, *CELERY, "--concurrency", "2", **variables) as server:
            environ = variables | {"COLLECTOR": endpoint, "PYTHONPATH": str(ROOT)}
            subprocess.run([sys.executable, "-c", SEND_WAITING], cwd=ROOT, env=environ, timeout=HANG, check=True)
            wait_until(lambda: len(re.findall("task . is (spooled|queued)", server.said())) == 2)
            said = server.end(signal.SIGQUIT)
        assert sorted(event.agent_name for event in collector.events(session_id="request")) == ["0", "1"], said


@pytest.mark.parametrize("pool", POOLS, ids=" ".join)
@pytest.mark.parametrize("spool", [False, True])
def test_what_tasks_emit_is_sent(tmp_path: Path, pool: tuple[str, ...], spool: bool) -> None:
    (tmp_path / "broker").mkdir()
    variables = {"BROKER": str(tmp_path / "broker")} | ({"SPOOL": str(tmp_path / "spool")} if spool else {})
    with running_collector() as collector:
        endpoint = f"127.0.0.1:{collector.port}"
        with running(tmp_path / "log", endpoint, *CELERY, *pool, **variables) as server:
            environ = variables | {"COLLECTOR": endpoint, "PYTHONPATH": str(ROOT)}
            subprocess.run([sys.executable, "-c", SEND], cwd=ROOT, env=environ, timeout=HANG, check=True)
            wait_until(lambda: len(re.findall("task . is (spooled|queued)", server.said())) == 10)
            said = server.end(signal.SIGTERM)
        stored = sorted(event.agent_name for event in collector.events(session_id="request"))
        assert stored == sorted(map(str, range(10))), said
        assert "Dropped" not in said
