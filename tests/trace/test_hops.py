"""A trace that goes on in other processes, over HTTP and in threads is one tree: with all of these, for real."""

from __future__ import annotations

import http.server
import os
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from chaukas_spec_lite import Event, EventType
from chaukas_spec_lite.files import read_events
from chaukas_spec_lite.trace.outline import outline
from chaukas_spec_lite.trace.recorder import Recorder
from tests.patience import HANG
from tests.snippets import ROOT
from tests.trace.hop_programs import call
from tests.trace.recorders import recorder

FOREIGN = "4bf92f3577b34da6a3ce929d0e0e4736"
FOREIGN_SPAN = "00f067aa0ba902b7"
OF_OTHERS = {"traceparent": f"00-{FOREIGN}-{FOREIGN_SPAN}-00", "tracestate": "rojo=1", "baggage": "user=u-17"}


def _events(text: str) -> list[Event]:
    return [Event.from_json(line) for line in text.splitlines()]


def test_two_processes_are_one_tree() -> None:
    here, kept = recorder()
    with here.session("outer") as session, here.agent("triage", agent_id="a-1"):
        there = _events(call(here.environment(), "worker"))
    assert outline(kept.events + there) == "\n".join(
        ["session outer", "  agent triage", "    tool search", "    output it is on its way"]
    )
    for event in there:
        assert (event.trace_id, event.session_id) == (session.trace_id, session.session_id)
        assert (event.agent_id, event.agent_name) == ("a-1", "triage")


def test_a_session_in_a_process_goes_on_with_that_around_it_and_tells_the_next_process() -> None:
    here, kept = recorder()
    with here.session("outer") as session, here.agent("triage"):
        there = _events(call(here.environment(), "session"))
    assert outline(kept.events + there) == "\n".join(
        [
            "session outer",
            "  agent triage",
            "    session inner",
            "      agent billing",
            "        tool search",
            "        output it is on its way",
        ]
    )
    assert {event.trace_id for event in kept.events + there} == {session.trace_id}
    assert {event.session_id for event in kept.events + there} == {session.session_id}
    assert [event.agent_name for event in there if event.type == EventType.TOOL_CALL_START] == ["billing"]


def test_a_process_that_another_system_started_is_in_that_systems_trace() -> None:
    variables = {name.upper(): value for name, value in OF_OTHERS.items()}
    start, end, output = _events(call({**os.environ, **variables}, "worker"))
    for event in (start, end, output):
        assert (event.trace_id, event.parent_span_id, event.session_id) == (FOREIGN, FOREIGN_SPAN, "")


def test_an_environment_outside_of_any_span_says_nothing() -> None:
    here, _ = recorder()
    assert here.environment({"PATH": "/bin"}) == {"PATH": "/bin"}
    assert here.environment() == dict(os.environ)
    one, two, _ = _events(call(here.environment(), "worker"))
    assert one.trace_id == two.trace_id != ""
    assert not one.parent_span_id


def test_a_recorder_that_the_environment_makes_goes_on_with_its_trace(tmp_path: Path) -> None:
    program = """
from chaukas_spec_lite import Recorder

recorder = Recorder.from_env()
with recorder, recorder.tool("search"):
    pass
with Recorder.from_env(parent=None) as alone, alone.tool("alone"):
    pass
"""
    address = f"file:{tmp_path / 'events.jsonl'}"
    with Recorder.to(address) as here, here.session():
        variables = here.environment({**os.environ, "CHAUKAS_ENDPOINT": address})
        done = subprocess.run(
            [sys.executable, "-c", program],
            env=variables,
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=HANG,
            check=False,
        )
    assert (done.returncode, done.stderr) == (0, "")
    events = [recorded.event for recorded in read_events(tmp_path / "events.jsonl")]
    assert outline(events) == "session\n  tool search\ntool alone"
    assert Recorder.from_env(environ={"CHAUKAS_ENDPOINT": "memory:", "TRACEPARENT": OF_OTHERS["traceparent"]}).place


@pytest.fixture
def server() -> Iterator[tuple[str, list[Event]]]:
    """An HTTP server that records what it does for each request, and its events."""
    there, kept = recorder()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            with there.continue_from(self.headers), there.agent("billing"):
                there.state(refunded=True)
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as found:
        thread = threading.Thread(target=found.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{found.server_address[1]}/", kept.events
        found.shutdown()
        thread.join()


def test_a_request_over_http_is_one_tree(server: tuple[str, list[Event]]) -> None:
    url, there = server
    here, kept = recorder()

    def ask(name: str) -> None:
        with here.session(name), here.tool("refund"):
            request = urllib.request.Request(url, headers=here.inject({"accept": "*/*"}))
            with urllib.request.urlopen(request, timeout=HANG) as response:
                assert response.status == 200

    # Several at once, so that the server's threads must not mix them up.
    with ThreadPoolExecutor(4) as executor:
        list(executor.map(ask, [f"s{number}" for number in range(8)]))
    tree = ["  tool refund", "    agent billing", "      state refunded"]
    # They began in any order.
    sessions = f"\n{outline(kept.events + there)}".split("\nsession ")[1:]
    assert sorted(sessions) == ["\n".join([f"s{number}", *tree]) for number in range(8)]
    assert len({event.session_id for event in there}) == 8
    assert {(event.trace_id, event.session_id) for event in there} == {
        (event.trace_id, event.session_id) for event in kept.events
    }


def test_threads_take_over_what_was_continued() -> None:
    here, kept = recorder()
    with here.continue_from(OF_OTHERS), ThreadPoolExecutor(1) as executor:
        headers = executor.submit(here.wrap(here.inject)).result()
        executor.submit(here.wrap(here.output), "done").result()
    assert headers["baggage"] == "user=u-17"
    assert kept.one("OUTPUT_EMITTED").parent_span_id == FOREIGN_SPAN
