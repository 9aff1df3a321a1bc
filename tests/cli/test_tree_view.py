"""The picture: columns, branches, bars, and figures."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from rich.cells import cell_len

from chaukas_spec_lite import AgentHandoff, ErrorInfo, Event, EventStatus, EventType, LLMInvocation, MessageContent
from chaukas_spec_lite.cli.terminal import count
from chaukas_spec_lite.cli.tree_view import View
from chaukas_spec_lite.printable import duration
from chaukas_spec_lite.trace.kinds import moment
from chaukas_spec_lite.trace.tree import build
from tests import realdata
from tests.trace.test_tree import event

HOSTILE = "\x1b[2J\x1b]0;owned\x07\r\n\u202e\x9b31m[bold]" + "\u0301" * 40 + "שלום\x00"


def draw(events: list[Event], width: int = 100, encoding: str = "utf-8") -> list[str]:
    return [line.plain for line in View(width, encoding).sessions(build(map(moment, events)))]


def test_a_session_is_drawn_as_a_tree_with_columns() -> None:
    lines = draw(
        [
            event("SESSION_START", "s", at=0, metadata={"agent_name": "triage"}),
            event("INPUT_RECEIVED", "i", "s", at=0, message=MessageContent(text="first\nsecond")),
            event("AGENT_START", "a", "s", at=2, agent_name="Ann"),
            event("MODEL_INVOCATION_START", "m", "a", at=4, llm_invocation=LLMInvocation(model="gpt")),
            event("MODEL_INVOCATION_END", "m", "a", at=8, llm_invocation=LLMInvocation(total_tokens=1234)),
            event("AGENT_HANDOFF", "h", "a", at=8, agent_handoff=AgentHandoff(from_agent_name="Ann", to_agent_id="b")),
            event("TOOL_CALL_END", "t", "s", at=12, status=EventStatus.FAILED, error=ErrorInfo(error_message="503")),
            event("SESSION_END", "s", at=24),
        ]
    )
    assert lines == [
        "Session s  2026-01-01 00:00:00 UTC",
        "24.0 ms · 8 events · 6 spans · 1,234 tokens · 1 error · 1 hand-off",
        "session triage                                         ━━━━━━━━━━━━━━━━━━━━━━━━   24.0 ms",
        '├─ input "first second"                                •',
        "├─ agent Ann                                             •                         no end",
        "│  ├─ model gpt                                            ━━━━                   4.00 ms  1,234 tok",
        "│  └─ hand-off Ann → b                                         •",
        "└─ tool ✗ 503                                                      •             no start",
        "",
    ]


@pytest.mark.parametrize("width", [1, 40, 55, 56, 75, 76, 95, 96, 120, 500])
@pytest.mark.parametrize("name", ["pypi-crewai-sync", "pypi-builder-sessions", "pypi-openai024-async"])
def test_rows_keep_within_the_line(name: str, width: int) -> None:
    events = [Event.parse(data) for data in realdata.events(name)]
    for encoding in ("utf-8", "ascii"):
        rows = [line for line in draw(events, width, encoding) if line.startswith(("├", "└", "│", "|", "`", "session"))]
        assert len(rows) >= 90
        assert max(map(cell_len, rows)) <= min(max(width, 40), 120)


def test_ascii_is_enough() -> None:
    events = [Event.parse(data) for data in realdata.events("pypi-builder-matrix")]
    assert "".join(draw(events, encoding="ascii")).isascii()


def test_hostile_text_does_nothing_to_the_terminal() -> None:
    events = [
        event(kind.name, HOSTILE, HOSTILE, session=HOSTILE, agent_name=HOSTILE, metadata={"agent_name": HOSTILE})
        for kind in EventType
    ]
    events += [
        event("ERROR", error=ErrorInfo(error_message=HOSTILE)),
        event("OUTPUT_EMITTED", message=MessageContent(text=HOSTILE)),
        event("STATE_UPDATE", state_update={HOSTILE: 1}),
    ]
    text = "".join(draw(events))
    assert "x1b[2J" in text
    assert not set(text) & {*map(chr, range(32)), "\x7f", "\x9b", "\u202e"}


def test_sessions_of_one_span_stand_together() -> None:
    lines = draw([event("SYSTEM", session=str(i), at=i, metadata={"message": f"note {i}"}) for i in range(3)])
    assert lines[:2] == ["3 sessions of a single span", "3 events · 3 spans"]
    assert [line.split("  ")[0] for line in lines[2:]] == ["system note 0", "system note 1", "system note 2", ""]


def test_what_lies_too_deep_to_be_indented_says_how_deep_it_is() -> None:
    lines = draw([event("TOOL_CALL_START", str(i), str(i - 1), at=i) for i in range(3_000)])
    rows = [line for line in lines if "tool" in line]
    assert len(rows) == 3_000
    assert "[2999] tool" in rows[-1]
    assert max(map(cell_len, rows)) <= 100


def test_times_that_are_missing_or_extreme_are_drawn() -> None:
    ages = [None, datetime.min.replace(tzinfo=timezone.utc), datetime.max.replace(tzinfo=timezone.utc)]
    events = [event("SYSTEM", str(i), timestamp=time) for i, time in enumerate(ages)]
    assert draw(events)[0] == "Session s  0001-01-01 00:00:00 UTC"
    assert draw(events)[1].startswith("3,652,059 d 00 h · 3 events")
    assert draw([event("SYSTEM", at=None), event("ERROR", at=None)])[0] == "Session s  at an unknown time"


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [
        (0, "0.00 ms"),
        (0.694, "0.69 ms"),
        (9.996, "10.0 ms"),
        (99.96, "100 ms"),
        (999.4, "999 ms"),
        (999.6, "1.00 s"),
        (-5, "-5.00 ms"),
        (59_940, "59.9 s"),
        (59_990, "1 m 00 s"),
        (3_599_600, "1 h 00 m"),
        (7_620_000, "2 h 07 m"),
        (97_200_000, "1 d 03 h"),
    ],
)
def test_durations_have_about_three_digits(milliseconds: float, text: str) -> None:
    assert duration(timedelta(milliseconds=milliseconds)) == text


@pytest.mark.parametrize(
    ("number", "noun", "text"),
    [(1, "retry", "1 retry"), (2, "retry", "2 retries"), (0, "batch", "0 batches"), (1234, "span", "1,234 spans")],
)
def test_nouns_follow_their_numbers(number: int, noun: str, text: str) -> None:
    assert count(number, noun) == text
