"""The tree of spans: on everything that was recorded, and on what a hostile sender could make up."""

from __future__ import annotations

import copy
import json
import math
import pickle
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaukas_spec_lite import CostDetails, ErrorInfo, Event, EventStatus, EventType, LLMInvocation
from chaukas_spec_lite.trace.kinds import moment
from chaukas_spec_lite.trace.tree import Counts, Edge, Moment, Session, Span, build
from tests import realdata

START = datetime(2026, 1, 1, tzinfo=timezone.utc)


def event(
    kind: str, span: str = "", parent: str = "", *, at: float | None = 0, session: str = "s", **fields: object
) -> Event:
    time = None if at is None else START + timedelta(milliseconds=at)
    status = EventStatus.FAILED if kind == "ERROR" else EventStatus.COMPLETED
    values = {"session_id": session, "span_id": span, "parent_span_id": parent, "timestamp": time, "status": status}
    return Event(type=EventType[kind], **(values | fields))


def tree(events: Iterable[Event]) -> tuple[Session, ...]:
    return build(map(moment, events))


def walk(sessions: Iterable[Session]) -> Iterator[Span]:
    stack = [root for session in sessions for root in session.roots]
    while stack:
        yield (span := stack.pop())
        stack.extend(span.children)


def outline(sessions: Iterable[Session]) -> list[str]:
    """Every span as its depth in dashes, its kind and its title."""
    lines: list[str] = []
    stack = [(0, root) for session in sessions for root in reversed(session.roots)]
    while stack:
        depth, span = stack.pop()
        lines.append(f"{'-' * depth}{span.kind} {span.title}".strip())
        stack.extend((depth + 1, child) for child in reversed(span.children))
    return lines


def assert_whole(events: list[Event], sessions: tuple[Session, ...]) -> None:
    """Every event stands in the tree exactly once, and the totals count what is there."""
    spans = list(walk(sessions))
    shown = Counter(each.event_id for span in spans for each in span.moments)
    assert shown == Counter(each.event_id for each in events)
    totals = Counts.together(session.totals for session in sessions)
    assert totals.events == len(events)
    assert totals.spans == len(spans)
    assert totals.tokens == sum(span.tokens for span in spans)


@pytest.mark.parametrize("name", realdata.CAPTURES)
def test_every_recorded_event_stands_in_the_tree_once(name: str) -> None:
    events = [Event.parse(data) for data in realdata.events(name)]
    assert_whole(events, tree(events))
    assert_whole(events, tree(reversed(events)))


def test_the_recorded_session_has_the_counts_that_were_found_by_hand() -> None:
    events = [Event.parse(data) for data in realdata.events("pypi-openai024-async")[21:91]]
    (session,) = tree(events)
    assert session.totals == Counts(events=70, spans=47, tokens=9, errors=3, retries=2, handoffs=1)
    assert [root.kind for root in session.roots] == ["session"] * 6
    assert session.start is not None
    assert session.end is not None
    assert session.end - session.start == timedelta(microseconds=35_989)


SPANS = {
    "pypi-builder-large": (38, 38),
    "pypi-builder-matrix": (334, 340),
    "pypi-builder-sessions": (30, 238),
    "pypi-crewai-sync": (10, 145),
    "head-langchain-async1": (81, 82),
    "pypi-openai024-async": (1, 172),
    "pypi-openai024-mcp": (3, 66),
}


@pytest.mark.parametrize("name", SPANS)
def test_pairs_are_found_across_sessions_too(name: str) -> None:
    sessions = tree(Event.parse(data) for data in realdata.events(name))
    assert (len(sessions), sum(each.totals.spans for each in sessions)) == SPANS[name]


def test_a_span_lasts_from_start_to_end_whatever_its_duration_fields_say() -> None:
    sessions = tree(
        [
            event("MODEL_INVOCATION_END", "m", at=5, llm_invocation=LLMInvocation(model="unknown", duration_ms=77)),
            event("MODEL_INVOCATION_START", "m", at=2, llm_invocation=LLMInvocation(model="gpt")),
        ]
    )
    (span,) = walk(sessions)
    assert (span.title, span.duration) == ("gpt", timedelta(milliseconds=3))


def test_an_end_before_its_start_gives_a_negative_duration() -> None:
    (span,) = walk(tree([event("TOOL_CALL_START", "t", at=9), event("TOOL_CALL_END", "t", at=4)]))
    assert span.duration == timedelta(milliseconds=-5)
    (session,) = tree([event("TOOL_CALL_START", "t", at=9), event("TOOL_CALL_END", "t", at=4)])
    assert session.start == START + timedelta(milliseconds=4)


@pytest.mark.parametrize(
    ("fields", "tokens"),
    [({"total_tokens": 9, "prompt_tokens": 1}, 9), ({"prompt_tokens": 2, "completion_tokens": 3}, 5), ({}, 0)],
)
def test_tokens_are_those_of_the_end_of_a_model_invocation(fields: dict[str, int], tokens: int) -> None:
    llm = LLMInvocation(**fields)  # pyright: ignore[reportArgumentType]
    pair = [
        event("MODEL_INVOCATION_START", "m", llm_invocation=llm),
        event("MODEL_INVOCATION_END", "m", llm_invocation=llm),
    ]
    (span,) = walk(tree(pair))
    assert span.tokens == tokens


def test_costs_are_those_of_the_ends_and_add_up_by_currency() -> None:
    quarter = CostDetails(total_cost=0.25, currency="USD")
    events = [
        event("SESSION_START", "s"),
        *[event(kind, "m", "s", cost=quarter) for kind in ("MODEL_INVOCATION_START", "MODEL_INVOCATION_END")],
        *[event("TOOL_CALL_END", f"t{i}", "s", cost=quarter) for i in range(2)],
        event("MCP_CALL_END", "p", "s", cost=CostDetails(input_cost=1, output_cost=2, currency=" eur ")),
        # The sum of those below, which must not count twice.
        event("SESSION_END", "s", cost=CostDetails(total_cost=3.3, currency="USD")),
    ]
    (session,) = tree(events)
    assert session.totals.cost == {"EUR": 3, "USD": 0.75}
    (root,) = session.roots
    assert [each.cost for each in root.children] == [{"USD": 0.25}] * 3 + [{"EUR": 3}]
    assert root.cost == {}
    assert Counts.together([session.totals] * 2).cost == {"EUR": 6, "USD": 1.5}


def test_trees_have_hashes_and_can_be_copied_and_written() -> None:
    """Whether they say what they cost or not, and however they were made."""
    bare = Moment("e", ("", ""), "s", "a", "", "agent", Edge.POINT, None, "", 0, False, False, "")
    costly = moment(event("MODEL_INVOCATION_END", "a", cost=CostDetails(total_cost=1.5, currency="USD")))
    assert costly.cost
    for one in bare, costly:
        sessions = build([one])
        span = sessions[0].roots[0]
        json.dumps(span.cost)
        for each in one, span, sessions:
            for copied in copy.deepcopy(each), pickle.loads(pickle.dumps(each)):
                assert copied == each
                assert hash(copied) == hash(each)
    assert bare._replace(cost={"USD": 1.0}) != bare


@pytest.mark.parametrize("amount", [math.nan, math.inf, -math.inf, 1e308, -2e12])
def test_a_cost_that_cannot_be_spoils_no_sum(amount: float) -> None:
    wrong = [event("TOOL_CALL_END", f"{i}", cost=CostDetails(total_cost=amount, currency="USD")) for i in range(3)]
    right = event("TOOL_CALL_END", "r", cost=CostDetails(total_cost=1, currency="USD"))
    (session,) = tree([*wrong, right, event("TOOL_CALL_END", "n", cost=CostDetails())])
    assert session.totals.cost == {"USD": 1}


class Currency(str):
    """A currency that counts how often it is looked up."""

    looked_up = 0

    def __hash__(self) -> int:
        Currency.looked_up += 1
        return super().__hash__()


def test_adding_up_what_many_sessions_cost_takes_as_long_as_there_are_sessions() -> None:
    """A currency of its own for each of 100,000 sessions took half an hour."""
    counts = [Counts(events=1, cost={Currency(f"C{number}"): 1.0}) for number in range(300)]
    Currency.looked_up = 0
    total = Counts.together(counts)
    assert (total.events, len(total.cost)) == (300, 300)
    assert Currency.looked_up < 10 * len(counts)


def test_the_recorded_costs_are_found() -> None:
    sessions = tree(Event.parse(data) for data in realdata.events("pypi-builder-sessions"))
    total = Counts.together(session.totals for session in sessions).cost
    events = map(Event.parse, realdata.events("pypi-builder-sessions"))
    expected = math.fsum(each.cost.total_cost for each in events if each.cost is not None)
    assert expected > 0
    assert total == {"USD": pytest.approx(expected)}


def test_spans_of_other_kinds_or_tenants_do_not_pair_though_they_share_an_id() -> None:
    lonely = [
        event("TOOL_CALL_START", "x"),
        event("MODEL_INVOCATION_END", "x"),
        event("TOOL_CALL_END", "x", tenant_id="other"),
        event("AGENT_START"),
        event("AGENT_END"),
    ]
    assert [(span.start is None) + (span.end is None) for span in walk(tree(lonely))] == [1] * 5


def test_a_pair_in_one_session_goes_before_one_across_sessions() -> None:
    events = [
        event("TOOL_CALL_START", "1", at=0, session="a"),
        event("TOOL_CALL_START", "1", at=1, session="b"),
        event("TOOL_CALL_END", "1", at=2, session="b"),
        event("TOOL_CALL_END", "1", at=9, session="c"),
    ]
    durations = {session.session_id: session.roots[0].duration for session in tree(events)}
    assert durations == {"a": timedelta(milliseconds=9), "b": timedelta(milliseconds=1)}


def test_repeated_pairs_of_one_id_are_matched_in_order() -> None:
    times = [("TOOL_CALL_START", 0), ("TOOL_CALL_END", 1), ("TOOL_CALL_START", 5), ("TOOL_CALL_END", 8)]
    spans = list(walk(tree([event(kind, "x", at=at) for kind, at in times])))
    assert sorted(span.duration / timedelta(milliseconds=1) for span in spans if span.duration) == [1, 3]


def test_what_has_one_time_stands_in_the_order_it_came_in() -> None:
    events = [
        event("AGENT_START", "a", agent_name="a"),
        event("TOOL_CALL_START", "b", "a"),
        event("TOOL_CALL_END", "b", "a"),
        event("SYSTEM", "c", "a"),
        event("MCP_CALL_START", "d", "a"),
        event("ERROR", "e", "a"),
        event("AGENT_END", "a"),
    ]
    assert outline(tree(events)) == ["agent a", "-tool", "-system", "-mcp", "-error"]


def test_children_stand_in_order_of_time_below_their_parents_whatever_order_they_came_in() -> None:
    events = [
        event("OUTPUT_EMITTED", "o", "s", at=8),
        event("TOOL_CALL_START", "t", "a", at=3),
        event("INPUT_RECEIVED", "i", "s", at=-1),  # before its session begins, as recorded
        event("AGENT_START", "a", "s", at=1, agent_name="Ann"),
        event("STATE_UPDATE", "u", "s", at=None),
        event("SESSION_START", "s", at=0),
        event("SESSION_END", "s", at=9),
        event("RETRY", "t", "a", at=4),  # inside the tool call, whose id it carries
        event("ERROR", "e", "missing", at=7, error=ErrorInfo(error_message="boom")),
    ]
    assert outline(tree(events)) == [
        "session",
        "-input",
        "-agent Ann",
        "--tool",
        "---retry",
        "-output",
        "-state",
        "error",
    ]


def test_parents_in_a_circle_are_cut_above_the_earliest() -> None:
    events = [
        event("TOOL_CALL_START", "a", "c", at=1),
        event("TOOL_CALL_START", "b", "a", at=2),
        event("TOOL_CALL_START", "c", "b", at=0),
        event("TOOL_CALL_START", "tail", "b", at=-5),
        event("TOOL_CALL_START", "self", "self", at=9),
    ]
    sessions = tree(events)
    assert [root.moments[0].span_id for root in sessions[0].roots] == ["c", "self"]
    assert outline(sessions) == ["tool", "-tool", "--tool", "---tool", "tool"]


def test_a_chain_of_any_length_is_built() -> None:
    events = [event("TOOL_CALL_START", str(i), str(i - 1), at=i) for i in range(20_000)]
    (session,) = tree(events)
    assert session.totals.spans == 20_000
    assert len(session.roots) == 1


def test_no_events_make_no_sessions() -> None:
    assert build([]) == ()


few = st.sampled_from(["", "1", "2", "3"])


@given(
    st.lists(
        st.builds(
            Event,
            event_id=st.uuids().map(str),
            type=st.sampled_from([*EventType, EventType(77)]),
            status=st.sampled_from(list(EventStatus)),
            session_id=few,
            span_id=few,
            parent_span_id=few,
            tenant_id=st.sampled_from(["", "t"]),
            timestamp=st.none() | st.datetimes(timezones=st.just(timezone.utc)),
        ),
        max_size=12,
    )
)
def test_any_events_stand_in_the_tree_once(events: list[Event]) -> None:
    assert_whole(events, tree(events))
