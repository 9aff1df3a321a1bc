"""The picture: columns, branches, bars, and figures."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from rich.cells import cell_len

from chaukas_spec_lite import (
    AgentHandoff,
    CostDetails,
    ErrorInfo,
    Event,
    EventStatus,
    EventType,
    LLMInvocation,
    MessageContent,
)
from chaukas_spec_lite.cli.terminal import count, money
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


def costly(*costs: tuple[float, str]) -> list[Event]:
    events = [event("SESSION_START", "s", at=0), event("SESSION_END", "s", at=24)]
    for at, (amount, currency) in enumerate(costs):
        cost, llm = CostDetails(total_cost=amount, currency=currency), LLMInvocation(model="gpt", total_tokens=1234)
        for kind in ("MODEL_INVOCATION_START", "MODEL_INVOCATION_END"):
            events.append(event(kind, f"m{at}", "s", at=at, llm_invocation=llm, cost=cost))
    return events


def test_costs_have_a_column_where_there_are_any() -> None:
    assert draw(costly((0.00141, "USD"), (2.5, "EUR"), (0.02, "usd"))) == [
        "Session s  2026-01-01 00:00:00 UTC",
        "24.0 ms · 8 events · 4 spans · 3,702 tokens · 2.50 EUR · $0.0214",
        "session                                            ━━━━━━━━━━━━━━━━━━   24.0 ms",
        "├─ model gpt                                       ╸                    0.00 ms  1,234 tok   $0.0014",
        "├─ model gpt                                       ╺                    0.00 ms  1,234 tok  2.50 EUR",
        "└─ model gpt                                        ╺                   0.00 ms  1,234 tok   $0.0200",
        "",
    ]


def test_costs_give_way_on_narrow_lines_but_for_their_sum() -> None:
    lines = draw(costly((0.00141, "USD")), width=95)
    assert "$0.0014" in lines[1]
    assert not any("$" in line for line in lines[2:])


def test_where_nothing_costs_anything_the_tree_has_the_room() -> None:
    free = draw(costly((0, "USD")))
    assert free[1] == "24.0 ms · 4 events · 2 spans · 1,234 tokens · $0"
    assert free[3].endswith("1,234 tok")
    assert free[2:] == draw(costly((0, "")))[2:]


def test_more_currencies_than_there_are_do_not_fill_the_line() -> None:
    lines = draw(costly(*[(1, f"{'X' * 50}\x1b{i}") for i in range(9)], *[(1, f"\x1b{i:03}") for i in range(50)]))
    assert lines[1].endswith("1.00 \\x1b000 · 1.00 \\x1b001 · 1.00 \\x1b002 · 48 other currencies")
    assert max(map(cell_len, lines)) <= 120


def test_what_the_sdk_recorded_is_drawn_as_it_always_was() -> None:
    """Six runs of OpenAI Agents, with texts in several scripts, events out of order and spans without an end."""
    events = [Event.parse(data) for data in realdata.events("pypi-openai024-async")[21:91]]
    expected = Path(__file__).parent / "expected" / "openai-agents.txt"
    assert "".join(f"{line}\n" for line in draw(events)) == expected.read_text(encoding="utf-8")


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
    ("amount", "currency", "text"),
    [
        (0, "USD", "$0"),
        (0.00141, "USD", "$0.0014"),
        (0.99499, "USD", "$0.9950"),
        (0.9951, "USD", "$1.00"),
        (1234.5, "USD", "$1,234.50"),
        (0.00000141, "USD", "<$0.0001"),
        (-0.5, "USD", "-$0.5000"),
        (0.00141, "EUR", "0.0014 EUR"),
        (2, "", "2.00"),
    ],
)
def test_money_keeps_what_calls_cost(amount: float, currency: str, text: str) -> None:
    assert money(amount, currency) == text


@pytest.mark.parametrize(
    ("number", "noun", "text"),
    [(1, "retry", "1 retry"), (2, "retry", "2 retries"), (0, "batch", "0 batches"), (1234, "span", "1,234 spans")],
)
def test_nouns_follow_their_numbers(number: int, noun: str, text: str) -> None:
    assert count(number, noun) == text
