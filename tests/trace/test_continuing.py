"""What recorders tell of where they stand, and how they go on where another process stood."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from chaukas_spec_lite import Redactor
from chaukas_spec_lite.trace.outline import outline
from chaukas_spec_lite.trace.propagation import TracePosition, extract
from chaukas_spec_lite.trace.recorder import Recorder
from tests.trace.recorders import recorder

FOREIGN = "4bf92f3577b34da6a3ce929d0e0e4736"
FOREIGN_SPAN = "00f067aa0ba902b7"
OF_OTHERS = {"traceparent": f"00-{FOREIGN}-{FOREIGN_SPAN}-00", "tracestate": "rojo=1", "baggage": "user=u-17"}


def test_what_came_from_others_goes_on_to_the_next_process() -> None:
    here, kept = recorder()
    with here.continue_from(OF_OTHERS) as position:
        assert position is not None
        assert (position.trace_id, position.span_id, position.flags) == (FOREIGN, FOREIGN_SPAN, 0)
        with here.session() as session, here.agent("triage") as agent:
            headers = here.inject()
    assert headers == {
        "traceparent": f"00-{FOREIGN}-{agent.span_id.replace('-', '')[16:]}-00",
        "tracestate": f"chaukas=p:{agent.span_id};t:{FOREIGN};s:{session.session_id},rojo=1",
        "baggage": "chaukas.agent_id=triage,chaukas.agent_name=triage,user=u-17",
    }
    assert {event.trace_id for event in kept.events} == {FOREIGN}
    assert kept.one("SESSION_START").parent_span_id == FOREIGN_SPAN
    # Outside again, a trace of its own has nothing of theirs.
    with here.session(), here.agent("triage"):
        assert "rojo" not in here.inject()["tracestate"]
        assert "user" not in here.inject()["baggage"]
        assert here.inject()["traceparent"].endswith("-03")


MAIL = "alice@example.com"


@pytest.mark.parametrize(
    ("redactor", "agent", "session", "name"),
    [
        (Redactor(), f"helper of {MAIL}", "s-1", "helper of [redacted EMAIL]"),
        (Redactor(), "triage", "s-1", "triage"),
        (Redactor(paths=["agent_name", "agent_id"]), "triage", "s-1", "[redacted]"),
        (
            Redactor(paths=["session_id"], method="hash", salt=b"0123456789abcdef", salt_id="1"),
            "triage",
            MAIL,
            "triage",
        ),
        (Redactor(functions=[lambda path, text: text.replace("triage", "x")]), "triage", "s-1", "x"),
        ([lambda event: event, Redactor()], MAIL, "s-1", "[redacted EMAIL]"),
    ],
    ids=["pattern", "nothing", "path", "id", "function", "several"],
)
@pytest.mark.parametrize("way", ["headers", "environment"])
def test_headers_say_of_a_place_what_its_events_say(
    redactor: Any, agent: str, session: str, name: str, way: str
) -> None:
    here, kept = recorder(before_send=redactor)
    with here.session(session_id=session), here.agent(agent), here.tool("search"):
        found = here.inject({}) if way == "headers" else here.environment({})
    there = extract(found)
    assert there is not None
    event = kept.one("TOOL_CALL_START")
    assert (there.agent_name, there.agent_id) == (name, name) == (event.agent_name, event.agent_id)
    assert (there.session_id, there.span_id, there.trace_id) == (event.session_id, event.span_id, event.trace_id)
    assert "alice" not in str(found)


def test_a_redactor_that_raises_keeps_a_place_to_itself(caplog: pytest.LogCaptureFixture) -> None:
    here, _ = recorder(before_send=Redactor(functions=[lambda path, text: 1 / 0]))  # type: ignore[list-item,return-value]
    with here.agent("triage"):
        assert here.inject({"accept": "*/*"}) == {"accept": "*/*"}
    assert "ZeroDivisionError" in caplog.text
    without, _ = recorder(before_send=Redactor(paths=["trace_id"], method="remove"))
    with without.agent("triage"):
        assert without.inject({}) == {}


def test_other_functions_are_not_asked_for_what_is_no_event() -> None:
    seen: list[str] = []
    here, kept = recorder(before_send=lambda event: seen.append(event.type.name) or event)  # type: ignore[func-returns-value]
    with here.agent(MAIL):
        headers = here.inject({})
    assert "alice" in headers["baggage"]
    assert seen == [event.type.name for event in kept.events]


def test_without_a_span_of_this_process_headers_are_passed_on_as_they_came() -> None:
    here, _ = recorder()
    with here.continue_from(OF_OTHERS):
        assert here.inject() == OF_OTHERS | {"tracestate": f"chaukas=p:{FOREIGN_SPAN};t:{FOREIGN},rojo=1"}


@pytest.mark.parametrize("headers", [None, {}, {"traceparent": "00"}, 7, "text", [("traceparent", "x")], object()])
def test_without_a_valid_traceparent_nothing_changes(headers: object) -> None:
    here, kept = recorder()
    with here.continue_from(headers) as position:
        assert position is None
        assert here.place is None
        with here.session() as session:
            inside = here.continue_from(headers)
            with inside, here.tool("search"):
                pass
    assert kept.outline() == "session\n  tool search"
    assert {event.trace_id for event in kept.events} == {session.trace_id}


def test_inside_an_open_session_what_the_headers_do_not_say_stays() -> None:
    here, kept = recorder()
    with here.session(tags=["mine"]) as session, here.agent("dispatcher"):
        with here.continue_from(OF_OTHERS), here.tool("search"):
            assert here.current is not None
        with here.continue_from({"traceparent": OF_OTHERS["traceparent"]}), here.session("inner"):
            pass
        assert here.place is not None
        assert here.place.trace_id == session.trace_id
    tool = kept.one("TOOL_CALL_START")
    assert (tool.trace_id, tool.parent_span_id) == (FOREIGN, FOREIGN_SPAN)
    assert (tool.session_id, tool.agent_name, [*tool.tags]) == (session.session_id, "dispatcher", ["mine"])
    inner = kept.of("SESSION_START")[1]
    assert (inner.trace_id, inner.session_id) == (FOREIGN, session.session_id)


def test_what_the_headers_say_goes_before_what_is_around() -> None:
    there, _ = recorder()
    with there.session() as theirs, there.agent("remote"):
        headers = there.inject()
    here, kept = recorder()
    with here.session(), here.agent("dispatcher"), here.continue_from(headers):
        here.output("done")
        with here.session(session_id="given"):
            pass
    output = kept.one("OUTPUT_EMITTED")
    assert (output.trace_id, output.session_id, output.agent_name) == (theirs.trace_id, theirs.session_id, "remote")
    assert kept.of("SESSION_START")[1].session_id == "given"


def test_tasks_that_continue_different_traces_do_not_mix() -> None:
    here, kept = recorder()

    async def serve(number: int) -> None:
        trace = f"{number + 1:032x}"
        async with here.continue_from({"traceparent": f"00-{trace}-{FOREIGN_SPAN}-01"}) as position:
            assert position == TracePosition(trace, FOREIGN_SPAN, flags=1)
            await asyncio.sleep(0)
            async with here.tool(f"tool {number}"):
                await asyncio.sleep(0)
                assert here.inject()["traceparent"].startswith(f"00-{trace}-")
        assert here.place is None

    async def main() -> None:
        await asyncio.gather(*(serve(number) for number in range(10)))

    asyncio.run(main())
    for event in kept.of("TOOL_CALL_START"):
        assert event.tool_call is not None
        assert event.tool_call.name == f"tool {int(event.trace_id, 16) - 1}"


def test_a_generator_that_continues_a_trace_keeps_it_from_its_consumer() -> None:
    """As a WSGI application does whose answer is a generator."""
    here, kept = recorder()

    def answer() -> Iterator[str]:
        with here.continue_from(OF_OTHERS):
            yield "one"
            here.output("inside")
            yield "two"

    for _ in answer():
        assert here.place is None
        here.output("outside")
    assert [event.trace_id == FOREIGN for event in kept.events] == [False, True, False]


def test_one_continuation_may_be_entered_again() -> None:
    here, _ = recorder()
    again = here.continue_from(OF_OTHERS)
    with again, again:
        pass
    assert here.place is None
    with again:
        assert here.place is not None
        assert here.place.span_id == FOREIGN_SPAN


def test_a_recorder_that_is_off_leaves_everything_as_it_is() -> None:
    here, kept = recorder(enabled=False, parent=OF_OTHERS)
    with here.continue_from(OF_OTHERS) as position, here.session():
        assert position is None
        assert here.inject({"a": "b"}) == {"a": "b"}
        assert here.inject() == {}
        assert here.environment({"A": "b"}) == {"A": "b"}
    assert kept.events == []


class _Raises:
    """Headers of somebody else, that have their own ideas."""

    def items(self) -> Any:
        raise RuntimeError("no headers today")

    def __setitem__(self, name: str, value: str) -> None:
        raise RuntimeError("not this one")


def test_headers_that_raise_cost_the_program_nothing(caplog: pytest.LogCaptureFixture) -> None:
    here, _ = recorder()
    odd = _Raises()
    with caplog.at_level(logging.WARNING, "chaukas_spec_lite"), here.continue_from(odd) as position, here.session():
        assert position is None
        assert here.inject(odd) is odd
        variables: Any = {"A": 1}
        assert here.environment(variables)["TRACEPARENT"]
    assert "no headers today" in caplog.text


def test_a_recorder_with_a_parent_stands_in_its_span() -> None:
    there, sent = recorder()
    with there.session() as session:
        headers = there.inject()
    here, kept = recorder(parent=headers)
    assert here.current is None
    assert here.place is not None
    assert here.inject() == headers
    with here.agent("worker"):
        pass
    assert outline(sent.events + kept.events) == "session\n  agent worker"
    assert kept.events[0].session_id == session.session_id
    nowhere, _ = recorder(parent={"traceparent": "nonsense"})
    assert nowhere.place is None


def test_what_is_injected_is_typed() -> None:
    here: Recorder = recorder()[0]
    pairs: list[tuple[bytes, bytes]] = [(b"accept", b"*/*")]
    with here.session():
        assert here.inject(pairs) is pairs
        assert [name for name, _ in pairs] == [b"accept", b"traceparent", b"tracestate"]
