"""The programs in examples/, run as real processes beside a collector."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import snippets
from tests.docs.running import HANG, complaints, environment, run
from tests.serving import RunningCollector, running_collector

EXAMPLES = snippets.ROOT / "examples"
RECORDING = snippets.ROOT / "tests" / "data" / "jsonl" / "pypi-crewai-sync.jsonl"


@pytest.fixture
def collector() -> Iterator[RunningCollector]:
    with running_collector() as collector:
        yield collector


def _run(name: str, collector: RunningCollector, folder: Path, *arguments: str) -> str:
    return run(EXAMPLES / name, folder, *arguments, **_server(collector))


def _server(collector: RunningCollector) -> dict[str, str]:
    return {"CHAUKAS_GRPC_ENDPOINT": f"127.0.0.1:{collector.port}"}


def test_there_are_six_and_the_table_names_them() -> None:
    programs = {path.name for path in EXAMPLES.glob("*.py")}
    table = set(re.findall(r"^\| \[(\w+\.py)\]", (EXAMPLES / "README.md").read_text(encoding="utf-8"), re.MULTILINE))
    assert len(programs) == 6
    assert table == programs


def test_a_recorded_run_is_shown_as_a_tree(collector: RunningCollector, tmp_path: Path) -> None:
    session = _run("record_run.py", collector, tmp_path).strip()
    shown = _run("session_tree.py", collector, tmp_path, session)
    expected = [
        rf"{session}: 13 events, 450 tokens, 1 errors",
        r"  session support [\d.]+ ms",
        r"    input Where is my order 48213\?",
        r"    agent triage-agent [\d.]+ ms",
        r"      model gpt-4o [\d.]+ ms",
        r"      tool search_orders [\d.]+ ms",
        r"      tool send_mail [\d.]+ ms FAILED: the mail server is down",
        r"      system the answer goes out by chat alone",
        r"    output Your order was shipped\.",
    ]
    assert re.fullmatch("\n".join(expected) + "\n", shown), shown


def test_the_web_service_records_requests_until_sigterm(collector: RunningCollector, tmp_path: Path) -> None:
    command = [sys.executable, "-W", "error", str(EXAMPLES / "web_service.py"), str(tmp_path), "0"]
    service = subprocess.Popen(
        command, env=environment(**_server(collector)), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert service.stdout is not None
        port = int(service.stdout.readline().split()[-1])
        with socket.create_connection(("127.0.0.1", port), HANG) as connection:
            connection.sendall(b"GET /orders/48213 HTTP/1.1\r\nHost: x\r\n\r\n")
            with connection.makefile("rb") as file:
                answer = file.read()
        assert answer.endswith(b"was shipped.")
        service.send_signal(signal.SIGTERM)
        _, stderr = service.communicate(timeout=HANG)
    finally:
        service.kill()
        service.wait()
    assert (service.returncode, complaints(stderr)) == (0, "")
    texts = {event.type.name: event.message.text for event in collector.events() if event.message is not None}
    assert texts == {
        "INPUT_RECEIVED": "GET /orders/48213 HTTP/1.1",
        "OUTPUT_EMITTED": "Your order 48213 was shipped.",
    }


def test_all_workers_send_what_they_recorded(collector: RunningCollector, tmp_path: Path) -> None:
    assert _run("worker_pool.py", collector, tmp_path, "spool") == f"{sum(n * n for n in range(20))}\n"
    events = collector.events(session_id="batch-1")
    assert sorted({event.span_id for event in events}) == sorted(f"job-{number}" for number in range(20))
    assert len(events) == 40


def test_files_of_the_sdk_are_imported_once_however_often_it_runs(collector: RunningCollector, tmp_path: Path) -> None:
    lines = sum(1 for line in RECORDING.read_text(encoding="utf-8").splitlines() if line)
    for _ in range(2):
        assert _run("import_jsonl.py", collector, tmp_path, str(RECORDING)) == f"{RECORDING.name}: {lines} events\n"
    assert len(collector.events()) == lines


def test_the_example_of_tests_passes() -> None:
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        str(EXAMPLES / "test_with_a_collector.py"),
    ]
    done = subprocess.run(
        command,
        cwd=snippets.ROOT,
        env=environment(),
        check=False,
        capture_output=True,
        text=True,
        timeout=HANG,
    )
    assert done.returncode == 0, done.stdout
    assert "2 passed" in done.stdout
