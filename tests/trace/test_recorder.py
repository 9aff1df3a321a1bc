"""The recorder: what it makes of the steps of a program."""

from __future__ import annotations

import asyncio
import copy
import pickle
from typing import Any

import pytest

from chaukas_spec_lite import SettingTypeError, Severity
from tests.trace.recorders import Kept, recorder, tree


def test_the_program_of_the_tutorial() -> None:
    record, kept = recorder(project_id="support-bot")

    @record.tool
    def search_orders(order_id: str) -> dict[str, str]:
        return {"order": order_id}

    @record.agent("triage-agent", role="assistant")
    async def triage(question: str) -> str:
        with record.model("openai", "gpt-4o", request={"messages": [question]}) as call:
            call.response("It was shipped.", prompt_tokens=412, completion_tokens=38, finish_reason="stop")
        search_orders("48213")
        record.handoff("billing-agent", reason="refund")
        return "Shipped."

    with record.session(metadata={"user": "u-17"}) as session:
        session.input("Where is my order 48213?")
        session.output(asyncio.run(triage("Where is my order 48213?")))
    assert kept.outline() == tree("""
        session
          input Where is my order 48213?
          agent triage-agent
            model gpt-4o
            tool search_orders
            hand-off triage-agent -> billing-agent
          output Shipped.
    """)
    assert {event.project_id for event in kept.events} == {"support-bot"}
    assert len({(event.session_id, event.trace_id) for event in kept.events}) == 1
    assert record.stats().recorded == len(kept.events) == 11


def test_objects_that_hold_a_recorder_can_be_copied() -> None:
    record, _ = recorder()
    held = {"recorder": record}
    assert copy.deepcopy(held) == held == copy.copy(held)
    assert copy.copy(record) is record
    with pytest.raises(TypeError, match=r"make one in each process, with Recorder\.from_env"):
        pickle.dumps(record)


@pytest.mark.parametrize("settings", [{}, {"before_send": lambda event: event}], ids=["alone", "before_send"])
def test_events_go_to_another_sink_for_a_while(settings: dict[str, Any]) -> None:
    record, kept = recorder(**settings)
    elsewhere = Kept()
    with record.redirect(elsewhere):
        record.system("meanwhile")
    record.system("afterwards")
    assert elsewhere.outline() == "system meanwhile"
    assert kept.outline() == "system afterwards"


@pytest.mark.parametrize("name", ["enabled", "stream"])
def test_a_word_is_no_switch(name: str) -> None:
    with pytest.raises(SettingTypeError, match=f"{name}: has to be True or False, not 'no'"):
        recorder(**{name: "no"})


def test_an_odd_cost_is_told_and_stands_in_the_metadata(caplog: pytest.LogCaptureFixture) -> None:
    record, kept = recorder()
    odd: Any
    for odd in ("dear", -1, {"tea": 1}):
        with record.model("openai", "gpt-4o") as call:
            call.response("x", cost=odd)
        assert (kept.events[-1].cost, kept.events[-1].metadata) == (None, {"cost": odd})
    assert len(caplog.records) == 3


def test_numbers_of_tokens_may_be_texts_and_another_word_is_told(caplog: pytest.LogCaptureFixture) -> None:
    record, kept = recorder()
    with record.model("openai", "gpt-4o") as call:
        call.response("It was shipped.", prompt_tokens="412", completion_tokens=38.0)  # type: ignore[arg-type]
    with record.model("openai", "gpt-4o") as call:
        call.response("It was shipped.", prompt_tokens="many", completion_tokens=38)  # type: ignore[arg-type]
    first, second = [event.llm_invocation for event in kept.of("MODEL_INVOCATION_END")]
    assert first is not None
    assert second is not None
    assert (first.prompt_tokens, first.completion_tokens, first.total_tokens) == (412, 38, 450)
    assert (second.prompt_tokens, second.completion_tokens, second.total_tokens) == (0, 38, 38)
    (told,) = caplog.messages
    assert told.startswith("what ModelSpan.response() was given could not be recorded: TypeError")
    assert "prompt_tokens cannot be 'many'" in told
    assert kept.events[-1].metadata == {"prompt_tokens": "many"}


def test_a_severity_may_be_a_name_and_another_word_is_told(caplog: pytest.LogCaptureFixture) -> None:
    record, kept = recorder()
    for given in (Severity.ERROR, "warn", "loud", 7):
        record.system("x", severity=given)  # type: ignore[arg-type]
    assert [event.severity.name for event in kept.events] == ["ERROR", "WARN", "INFO", "INFO"]
    assert [each.rpartition(", not ")[2] for each in caplog.messages] == [
        "'loud'; INFO is recorded",
        "7; INFO is recorded",
    ]
