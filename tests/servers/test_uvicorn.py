"""uvicorn ends gracefully at SIGTERM, and then dies of it: exporters have to be closed at the end of the lifespan."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from chaukas_spec_lite.blocking import BlockingChaukasClient, blocking_drain
from tests.patience import HANG, wait_until
from tests.servers.running import Server, running
from tests.serving import RunningCollector, running_collector

pytestmark = pytest.mark.servers

UVICORN = ("uvicorn", "tests.servers.asgi:application", "--port", "0")
WORKERS = ("--workers", "2")


def names(collector: RunningCollector) -> list[str]:
    return sorted(event.agent_name for event in collector.events(session_id="request"))


def process_of(server: Server) -> str:
    """Ask which process answers; empty while none does: uvicorn says where it listens before it does."""
    try:
        return server.get("/process")
    except OSError:
        return ""


def emit(server: Server) -> tuple[list[str], list[str]]:
    """Make twenty requests; return the names of their events, in order, and what became of those."""
    wait_until(lambda: process_of(server) != "")
    outcomes = [server.get(f"/emit/{number}").split()[0] for number in range(20)]
    return sorted(map(str, range(20))), outcomes


@pytest.mark.parametrize(
    ("exporter", "arguments"),
    [("async", ()), ("async", WORKERS), ("blocking", ()), ("blocking", WORKERS), ("global", ())],
    ids=lambda value: value if isinstance(value, str) else " ".join(value) or "one process",
)
@pytest.mark.parametrize("how", ["SIGTERM", "SIGINT"])
def test_what_requests_emit_is_sent_until_it_ends(
    tmp_path: Path, exporter: str, arguments: tuple[str, ...], how: str
) -> None:
    with running_collector() as collector:
        endpoint = f"127.0.0.1:{collector.port}"
        with running(tmp_path / "log", endpoint, *UVICORN, *arguments, EXPORTER=exporter) as server:
            emitted, outcomes = emit(server)
            said = server.end(signal.Signals[how])
        assert outcomes == ["queued"] * 20
        assert names(collector) == emitted, said
        assert "Dropped" not in said


def test_what_workers_leave_that_close_nothing_is_in_the_spool(tmp_path: Path) -> None:
    """Workers, other than one process, have uvicorn's handler of SIGTERM already when they load the application."""
    spool = tmp_path / "spool"
    with running_collector() as collector:
        endpoint = f"127.0.0.1:{collector.port}"
        variables = {"EXPORTER": "global", "SPOOL": str(spool)}
        with running(tmp_path / "log", endpoint, *UVICORN, *WORKERS, **variables) as server:
            emitted, outcomes = emit(server)
            server.end(signal.SIGTERM)
        assert outcomes == ["spooled"] * 20
        with BlockingChaukasClient(endpoint) as client:
            assert blocking_drain(spool, client, HANG).all_sent
        assert names(collector) == emitted


def change_until_noticed(source: Path, server: Server) -> None:
    """Change a file again and again: the reloader compares with what it finds at its first look.

    That comes a quarter of a second after the start of the process, which may answer by then.
    """

    def change() -> bool:
        source.write_text("changed = True\n")
        return "detected changes" in server.said()

    wait_until(change)


@pytest.mark.parametrize("exporter", ["async", "blocking"])
def test_a_reload_sends_what_the_process_before_it_held(tmp_path: Path, exporter: str) -> None:
    source = tmp_path / "watched" / "source.py"
    source.parent.mkdir()
    source.touch()
    with running_collector() as collector:
        endpoint = f"127.0.0.1:{collector.port}"
        command = (*UVICORN, "--reload", "--reload-dir", str(source.parent))
        with running(tmp_path / "log", endpoint, *command, EXPORTER=exporter) as server:
            wait_until(lambda: process_of(server) != "")
            _, before = server.get("/emit/before").split()
            change_until_noticed(source, server)
            wait_until(lambda: process_of(server) not in {"", before})
            assert names(collector) == ["before"]
            server.get("/emit/after")
            said = server.end(signal.SIGTERM)
        assert names(collector) == ["after", "before"], said
