"""The pytest plugin, in runs of pytest as users have them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import textwrap
from contextlib import ExitStack
from pathlib import Path

import pytest

from chaukas_spec_lite import Event, EventStatus, EventType, Recorder, SettingError
from chaukas_spec_lite.files import read_events
from chaukas_spec_lite.pytest_plugin import EventTree, RecordedEvents, pytest_assertrepr_compare
from chaukas_spec_lite.sinks.memory import MemorySink
from chaukas_spec_lite.trace.outline import outline
from tests import snippets
from tests.patience import HANG
from tests.snippets import ROOT

AGENT = """
def answer(recorder, question):
    with recorder.session(), recorder.agent("triage"):
        recorder.input(question)
        with recorder.tool("search_orders", arguments={"order_id": "48213"}) as tool:
            tool.result({"state": "shipped"})
        recorder.output("It is on its way.")
        return "It is on its way."
"""

TREE = """
session
  agent triage
    input Where is it?
    tool search_orders
    output It is on its way.
"""


def run(folder: Path, tests: str, *options: str, by_entry_point: bool = False) -> subprocess.CompletedProcess[str]:
    """Run pytest on a file of tests, with the plugin."""
    (folder / "agent.py").write_text(AGENT, encoding="utf-8")
    (folder / "test_agent.py").write_text(tests, encoding="utf-8")
    (folder / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    plugin = [] if by_entry_point else ["-p", "no:chaukas", "-p", "chaukas_spec_lite.pytest_plugin"]
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "pytest", "-p", "no:cacheprovider", "--color=no", *plugin, *options],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "100"},
        capture_output=True,
        text=True,
        timeout=HANG,
        check=False,
    )


def test_events_of_a_test(tmp_path: Path) -> None:
    done = run(
        tmp_path,
        '''
from agent import answer
from chaukas_spec_lite import EventType

def test_answer(chaukas_events):
    assert len(chaukas_events) == 0
    assert answer(chaukas_events.recorder, "Where is it?") == "It is on its way."
    assert chaukas_events.tree() == """
        session
          agent triage
            input Where is it?
            tool search_orders
            output It is on its way.
    """
    assert len(chaukas_events) == 8
    assert chaukas_events[0].type == EventType.SESSION_START
    assert [event.type for event in chaukas_events[-2:]] == [EventType.AGENT_END, EventType.SESSION_END]
    (start,) = chaukas_events.of(EventType.TOOL_CALL_START)
    assert start.tool_call.arguments == {"order_id": "48213"}
    assert chaukas_events.one(EventType.TOOL_CALL_END).tool_response.output == {"output": {"state": "shipped"}}
    assert repr(chaukas_events) == "<8 recorded events>"
    chaukas_events.clear()
    assert list(chaukas_events) == []

def test_another_one_begins_anew(chaukas_events):
    assert chaukas_events.tree() == ""
''',
    )
    assert done.returncode == 0, done.stdout
    assert "2 passed" in done.stdout


def test_an_assertion_shows_what_differs_and_where(tmp_path: Path) -> None:
    done = run(
        tmp_path,
        '''
from agent import answer
from chaukas_spec_lite import EventType

def test_answer(chaukas_events):
    answer(chaukas_events.recorder, "Where is it?")
    assert chaukas_events.tree() == """
        session
          agent triage
            input Where is it?
            tool cancel_order
            output It is on its way.
    """

def test_one(chaukas_events):
    answer(chaukas_events.recorder, "Where is it?")
    chaukas_events.one(EventType.ERROR)
''',
    )
    assert done.returncode == 1, done.stdout
    errors = [line[1:].rstrip() for line in done.stdout.splitlines() if line.startswith("E ")]
    second = next(number for number, line in enumerate(errors) if "expected one" in line)
    assert errors[0].strip() == "assert recorded tree == expected tree"
    assert textwrap.dedent("\n".join(errors[1:second])).strip("\n").splitlines() == [
        "  session",
        "    agent triage",
        "      input Where is it?",
        "-     tool cancel_order",
        "+     tool search_orders",
        "      output It is on its way.",
    ]
    assert errors[second].strip() == "AssertionError: expected one ERROR, found 0; recorded:"
    assert textwrap.dedent("\n".join(errors[second + 1 :])).strip() == TREE.strip()


def test_a_recorder_of_the_program_itself_can_be_used(tmp_path: Path) -> None:
    done = run(
        tmp_path,
        """
from agent import answer
from chaukas_spec_lite import Recorder

class Server:
    def __init__(self):
        self.events = []

    def emit(self, event):
        self.events.append(event)

def mask(event):
    if event.message is not None:
        event.message.text = "***"
    return event

server = Server()
program = Recorder(server, before_send=mask)

def test_one(chaukas_events):
    chaukas_events.use(program)
    answer(program, "Where is it?")
    assert "input ***" in chaukas_events.tree()
    assert server.events == []

def test_two():
    answer(program, "Where is it?")
    assert len(server.events) == 8
""",
    )
    assert done.returncode == 0, done.stdout


OUTCOMES = """
import pytest
from agent import answer

def test_passes(chaukas_events):
    answer(chaukas_events.recorder, "Where is it?")

def test_records_nothing():
    pass

def test_fails(chaukas_events):
    with chaukas_events.recorder.tool("search_orders"):
        raise LookupError("no such order")

@pytest.mark.skip
def test_skipped():
    pass

@pytest.mark.xfail
def test_known():
    raise AssertionError

@pytest.mark.xfail
def test_unknown():
    pass

@pytest.fixture
def broken():
    raise OSError("no database")

def test_needs(broken):
    pass

@pytest.fixture
def untidy():
    yield
    raise OSError("still open")

def test_leaves(untidy):
    pass
"""


@pytest.mark.parametrize("name", ["events.jsonl", "events.delim", "events.jsonl.gz"])
def test_tests_are_recorded_as_sessions(tmp_path: Path, name: str) -> None:
    done = run(tmp_path, OUTCOMES, "--chaukas-record", name)
    assert done.returncode == 1, done.stdout
    events = [recorded.event for recorded in read_events(tmp_path / name)]
    ends = [event for event in events if event.type == EventType.SESSION_END and (event.metadata or {}).get("outcome")]
    assert [((event.metadata or {})["outcome"], event.status) for event in ends] == [
        ("passed", EventStatus.COMPLETED),
        ("passed", EventStatus.COMPLETED),
        ("failed", EventStatus.FAILED),
        ("skipped", EventStatus.CANCELLED),
        ("xfailed", EventStatus.COMPLETED),
        ("xpassed", EventStatus.COMPLETED),
        ("setup failed", EventStatus.FAILED),
        ("teardown failed", EventStatus.FAILED),
    ]
    assert [event.error.error_message for event in ends if event.error] == [
        "no such order",
        "no database",
        "still open",
    ]
    starts = {event.span_id: (event.metadata or {}) for event in events if event.type == EventType.SESSION_START}
    assert [starts[event.span_id]["name"] for event in ends][:2] == [
        "test_agent.py::test_passes",
        "test_agent.py::test_records_nothing",
    ]
    # What a test records is inside of its session.
    assert outline(_of_session(events, ends[0])) == f"session test_agent.py::test_passes\n{_indented(TREE)}"
    assert "  tool search_orders [failed: no such order]" in outline(_of_session(events, ends[2]))


def _of_session(events: list[Event], end: Event) -> list[Event]:
    return [event for event in events if event.session_id == end.session_id]


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.strip().splitlines())


def test_runs_append_to_the_file(tmp_path: Path) -> None:
    for _ in range(2):
        assert run(tmp_path, "def test_it(): pass\n", "--chaukas-record=all.jsonl").returncode == 0
    assert [recorded.event.type.name for recorded in read_events(tmp_path / "all.jsonl")] == [
        "SESSION_START",
        "SESSION_END",
    ] * 2


def test_a_file_that_cannot_be_written_is_an_error_of_usage(tmp_path: Path) -> None:
    done = run(tmp_path, "def test_it(): pass\n", "--chaukas-record=missing/all.jsonl")
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert "--chaukas-record" in done.stderr
    assert "Traceback" not in done.stderr


def test_pytest_finds_the_plugin_by_its_entry_point(tmp_path: Path) -> None:
    """Where the package is installed; from a folder that is only on the path it is loaded by name, as above."""
    done = run(tmp_path, "def test_it(chaukas_events): assert not chaukas_events\n", "-v", by_entry_point=True)
    assert done.returncode == 0, done.stdout
    assert re.search(r"^plugins: .*chaukas-spec-lite", done.stdout, re.MULTILINE)
    done = run(tmp_path, "def test_it(chaukas_events): pass\n", "-p", "no:chaukas", by_entry_point=True)
    assert "fixture 'chaukas_events' not found" in done.stdout


def test_the_guide_is_tests_that_pass(tmp_path: Path) -> None:
    guide = (snippets.DOCS / "guides" / "testing.md").read_text(encoding="utf-8")
    done = run(tmp_path, snippets.program(guide))
    assert done.returncode == 0, done.stdout
    assert "2 passed" in done.stdout


def test_help_names_the_option(tmp_path: Path) -> None:
    done = run(tmp_path, "", "--help")
    assert re.search(r"--chaukas-record=FILE\s+append what tests record", done.stdout)


def test_a_tree_equals_a_text_however_that_is_indented() -> None:
    tree = EventTree("session\n  tool search")
    assert tree == "session\n  tool search"
    assert tree == "\n    session  \n      tool search\n\n    "
    assert tree != "session\ntool search"
    assert tree != 7
    assert "tool search" in tree


def test_a_recorder_that_is_not_enabled_is_refused() -> None:
    with ExitStack() as stack:
        kept = MemorySink()
        events = RecordedEvents(Recorder(kept), kept, kept, stack)
        with pytest.raises(
            SettingError, match=r'recorder: is not enabled.*CHAUKAS_ENDPOINT"\] = "memory:" in conftest.py'
        ):
            events.use(Recorder(kept, enabled=False))
        recorder = Recorder.to("null:")
        events.use(recorder)
        recorder.system("hello")
        assert events.tree() == "system hello"


def test_other_comparisons_are_explained_by_others() -> None:
    tree = EventTree("session")
    assert pytest_assertrepr_compare("==", "a", "b") is None
    assert pytest_assertrepr_compare("!=", tree, "b") is None
    assert pytest_assertrepr_compare("==", tree, 7) is None
    assert pytest_assertrepr_compare("==", "tool", tree) == [
        "recorded tree == expected tree",
        "",
        "- tool",
        "+ session",
    ]
