"""A line for each event: readable on any terminal, harmless whatever it holds, and never a reason to fail."""

from __future__ import annotations

import contextlib
import io
import os
import re
import sys
import threading
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from chaukas_spec_lite import ErrorInfo, Event, EventStatus, EventType, LLMInvocation, MessageContent
from chaukas_spec_lite.export.stats import Emitted
from chaukas_spec_lite.printable import cells
from chaukas_spec_lite.sinks.console import ConsoleSink
from chaukas_spec_lite.sinks.lines import MAX_OPEN, Lines
from chaukas_spec_lite.sinks.opening import open_sink
from chaukas_spec_lite.trace.kinds import moment
from tests import realdata

START = datetime(2026, 11, 29, 12, 0, 0, 5000, tzinfo=timezone.utc)
TIME = re.compile(r"^[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3} ", re.MULTILINE)


def event(kind: EventType, span: str = "", parent: str = "", ms: int = 0, **fields: Any) -> Event:
    return Event(
        type=kind,
        session_id="s-1",
        span_id=span,
        parent_span_id=parent,
        timestamp=START + timedelta(milliseconds=ms),
        **fields,
    )


MODEL = LLMInvocation(model="gpt-4o", prompt_tokens=400, completion_tokens=50)
RUN = [
    event(EventType.SESSION_START, "a"),
    event(EventType.INPUT_RECEIVED, "", "a", 1, message=MessageContent(text="Where is\n my order?")),
    event(EventType.AGENT_START, "b", "a", 2, agent_name="triage"),
    event(EventType.MODEL_INVOCATION_START, "c", "b", 3, llm_invocation=MODEL),
    event(EventType.RETRY, "c", "b", 4),
    event(EventType.MODEL_INVOCATION_END, "c", "b", 1243, llm_invocation=MODEL),
    event(
        EventType.AGENT_END,
        "b",
        "a",
        1300,
        status=EventStatus.FAILED,
        error=ErrorInfo(error_message="no \x1b[2J way"),
    ),
    event(EventType.SESSION_END, "a", "", 1301, status=EventStatus.CANCELLED),
]


def shown(*events: Event, **settings: Any) -> str:
    stream = io.StringIO()
    sink = ConsoleSink(stream=stream, **settings)
    for each in events:
        assert sink.emit(each) is Emitted.QUEUED
    assert sink.flush()
    assert sink.close()
    return stream.getvalue()


def test_a_line_for_each_event() -> None:
    text = shown(*RUN)
    assert len(TIME.findall(text)) == len(RUN)
    assert TIME.sub("", text).splitlines() == [
        "s-1      session  start",
        's-1      input          "Where is my order?"',
        "s-1      agent    start triage",
        "s-1      model    start gpt-4o",
        "s-1      retry",
        "s-1      model    end   gpt-4o · 1.24 s · 450 tok",
        r"s-1      agent    end   triage ✗ no \x1b[2J way · 1.30 s",
        "s-1      session  end   · 1.30 s · cancelled",
    ]


def test_a_tree_as_it_grows() -> None:
    assert TIME.sub("", shown(*RUN, tree=True)).splitlines() == [
        "━━ session s-1",
        "├─ session",
        '│  •  input "Where is my order?"',
        "│  ├─ agent triage",
        "│  │  ├─ model gpt-4o",
        "│  │  │  •  retry",
        "│  │  └─ model gpt-4o · 1.24 s · 450 tok",
        r"│  └─ agent triage ✗ no \x1b[2J way · 1.30 s",
        "└─ session · 1.30 s · cancelled",
    ]


def test_sessions_that_run_at_a_time_are_told_apart_in_a_tree() -> None:
    other = Event(type=EventType.SYSTEM, session_id="s-2", timestamp=START)
    text = shown(RUN[0], other, RUN[1], tree=True)
    assert re.findall("━━ session (.*)", text) == ["s-1", "s-2", "s-1"]


def test_colours_are_codes_around_words_only() -> None:
    text = shown(*RUN, color=True)
    assert "\x1b[35mmodel    end  \x1b[0m gpt-4o" in text
    assert r"\x1b[2J" in text
    assert re.sub(r"\x1b\[[0-9;]+m", "", text).split() == shown(*RUN).split()


@pytest.mark.parametrize(
    ("environ", "colored"),
    [({"TERM": "xterm"}, True), ({"TERM": "xterm", "NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)],
)
def test_colours_are_for_terminals_that_want_them(environ: dict[str, str], colored: bool) -> None:
    text = on_terminal(80, ConsoleSink, environ)
    assert ("\x1b[" in text) is colored
    assert "\x1b[" not in shown(*RUN, environ=environ)


@pytest.mark.parametrize("tree", [False, True])
@pytest.mark.parametrize("width", [1, 5, 20, 40, 59, 60, 80, 200])
def test_no_line_is_wider_than_its_terminal(width: int, tree: bool) -> None:
    lines = Lines(tree, "utf-8")
    wide = event(EventType.INPUT_RECEIVED, "", "a", message=MessageContent(text="窓側の席" * 30))
    for each in [*RUN, wide, *map(Event.parse, realdata.events("pypi-openai024-async"))]:
        for line in lines.of(moment(each), width):
            text = "".join(piece.text for piece in line).rstrip()
            # The kind, and how deep it stands, are said however narrow it is.
            assert cells(text) <= max(width, 60), text
            if width >= 60:
                assert cells(text) <= width, text


def on_terminal(width: int, make: Any, environ: dict[str, str]) -> str:
    import fcntl
    import pty
    import struct
    import termios

    parent, child = pty.openpty()
    fcntl.ioctl(child, termios.TIOCSWINSZ, struct.pack("HHHH", 24, width, 0, 0))
    with os.fdopen(child, "w", encoding="utf-8") as stream:
        sink = make(stream=stream, environ=environ)
        for each in RUN:
            sink.emit(each)
        text = os.read(parent, 1 << 16).decode()
    os.close(parent)
    return text


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "cp437", "shift_jis", "utf-8", "utf-16"])
@pytest.mark.parametrize("tree", [False, True])
def test_every_encoding_will_do(encoding: str, tree: bool) -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding=encoding)
    sink = ConsoleSink(stream=stream, tree=tree)
    events = [Event.parse(data) for data in realdata.events("pypi-openai024-async")]
    for each in events:
        assert sink.emit(each) is Emitted.QUEUED
    stream.flush()
    assert len(TIME.findall(raw.getvalue().decode(encoding))) == len(events)


def test_standard_error_is_looked_up_at_each_event(capsys: pytest.CaptureFixture[str]) -> None:
    sink = ConsoleSink()
    sink.emit(RUN[2])
    out, err = capsys.readouterr()
    assert not out
    assert err.endswith("agent    start triage\n")


def test_whatever_the_stream_does_the_program_goes_on(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Broken(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError("gone")

    closed = io.StringIO()
    closed.close()
    for stream in (Broken(), closed):
        sink = ConsoleSink(stream=stream)
        assert sink.emit(RUN[0]) is Emitted.DROPPED
        assert not sink.flush()
        assert not sink.close()
        assert sink.stats().dropped == 1
    assert caplog.text.count("Events are not shown") == 2
    with monkeypatch.context() as patched:
        patched.setattr(sys, "stderr", None)
        assert ConsoleSink().emit(RUN[0]) is Emitted.DROPPED


def test_odd_values_and_times_are_shown() -> None:
    odd = [
        Event(agent_name=5, type=EventType.AGENT_START),  # type: ignore[arg-type]
        Event(metadata={"a": object()}, type=EventType.SYSTEM),
        Event(type=EventType.SYSTEM, timestamp=datetime(1, 1, 1, tzinfo=timezone.utc)),
        Event(type=EventType.SYSTEM, timestamp=datetime(9999, 12, 31, 23, 59, 59, tzinfo=timezone.utc)),
        Event(type=99),  # type: ignore[arg-type]
        Event(),
    ]
    assert len(shown(*odd).splitlines()) == len(odd)
    assert len(shown(*odd, tree=True).splitlines()) == len(odd) + 1
    with pytest.raises(TypeError, match="emit expects an Event"):
        shown("event")  # type: ignore[arg-type]


def test_what_is_remembered_of_spans_is_bounded() -> None:
    lines = Lines(True, "utf-8")
    for number in range(MAX_OPEN + 10):
        list(lines.of(moment(event(EventType.AGENT_START, f"{number}", f"{number - 1}")), None))
    assert len(lines._open) == MAX_OPEN
    deep = event(EventType.SYSTEM, "", f"{MAX_OPEN + 9}")
    ((*_, lead, what, _, _),) = list(lines.of(moment(deep), None))
    assert (lead.text.strip(), what.text) == (f"{'│  ' * 12}•  [{MAX_OPEN + 10}]", "system")


def test_lines_of_threads_do_not_mix() -> None:
    stream = io.StringIO()
    sink = ConsoleSink(stream=stream)
    threads = [threading.Thread(target=lambda: [sink.emit(RUN[2]) for _ in range(50)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(TIME.sub("", stream.getvalue()).splitlines()) == {"s-1      agent    start triage"}
    assert sink.stats().written == 200


def test_odd_values_are_counted_and_told(caplog: pytest.LogCaptureFixture) -> None:
    sink = ConsoleSink(stream=io.StringIO())
    for _ in range(3):
        sink.emit(Event(metadata={"a": {1}}, agent_name=5))  # type: ignore[arg-type]
    sink.emit(RUN[0])
    assert (sink.stats().written, sink.stats().converted) == (4, 3)
    what = "A value was converted, so that its event is not lost"
    assert caplog.messages == [
        f"{what}: Event.agent_name: int became text",
        f"{what}: Event.metadata['a']: set became a list",
    ]


def test_beside_another_sink_they_are_not_told_twice(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    for address, told in ((f"file:{tmp_path}/e.jsonl", 1), ("memory:", 1), ("null:", 1)):
        with contextlib.closing(open_sink(address, environ={"CHAUKAS_DEBUG": "1"})) as sink:
            sink.emit(Event(metadata={"a": {1}}))
        assert len(caplog.messages) == told, address
        caplog.clear()
