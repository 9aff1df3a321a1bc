"""docs/guides/event-types.md: two examples of each type, by hand and with the recorder, which say the same."""

from __future__ import annotations

from typing import Any

import pytest
from chaukas.spec.common.v1 import events_pb2
from google.protobuf.json_format import MessageToDict

from tests import snippets

COMMON, EXAMPLES = snippets.event_types()


@pytest.fixture(scope="module")
def examples() -> dict[str, Any]:
    """The event that each example by hand makes, as the official class."""
    space: dict[str, Any] = {}
    exec(COMMON, space)
    made = {}
    for name, (_, code) in EXAMPLES.items():
        before = dict(space)
        exec(code, space)
        new = [
            value for key, value in space.items() if type(value).__name__ == "Event" and before.get(key) is not value
        ]
        assert len(new) == 1, f"the example of {name} makes {len(new)} events"
        made[name] = events_pb2.Event.FromString(bytes(new[0]))
    return made


@pytest.fixture(scope="module")
def recorded() -> dict[str, list[Any]]:
    """The events that each example with the recorder makes, as the official class."""
    space: dict[str, Any] = {}
    exec(COMMON, space)
    made = {}
    for name, (code, _) in EXAMPLES.items():
        before = len(space["recorder"].events)
        exec(code, space)
        made[name] = [events_pb2.Event.FromString(bytes(event)) for event in space["recorder"].events[before:]]
    return made


def test_every_block_is_executed() -> None:
    assert len(snippets.blocks(snippets.EVENT_TYPES.read_text(encoding="utf-8"))) == 2 + 2 * len(EXAMPLES)


def test_there_is_an_example_of_each_event_type(examples: dict[str, Any]) -> None:
    made = {name: events_pb2.EventType.Name(event.type) for name, event in examples.items()}
    assert made == {name.removeprefix("EVENT_TYPE_"): name for name, number in events_pb2.EventType.items() if number}


def test_the_recorder_makes_each_type_and_no_other(recorded: dict[str, list[Any]]) -> None:
    """A span makes both events of its pair."""
    for name, events in recorded.items():
        types = [events_pb2.EventType.Name(event.type).removeprefix("EVENT_TYPE_") for event in events]
        stem = name.removesuffix("_START").removesuffix("_END")
        assert types == ([name] if stem == name else [f"{stem}_START", f"{stem}_END"])
    assert recorded.keys() == EXAMPLES.keys()


WHOSE = {
    "eventId",
    "sessionId",
    "traceId",
    "spanId",
    "parentSpanId",
    "timestamp",
    "agentId",
    "agentName",
    "performance",
}
"""Where an event stands, and what only running work has."""
MEASURED = {"startTime", "endTime", "durationMs", "executionTimeMs", "toolCallId"}


def test_the_recorder_says_all_that_is_written_by_hand(
    examples: dict[str, Any], recorded: dict[str, list[Any]]
) -> None:
    """Content, status, severity, author, tenant: all that does not depend on when and where it happened."""
    for name, by_hand in examples.items():
        (event,) = [each for each in recorded[name] if each.type == by_hand.type]
        ours = MessageToDict(event)
        for field, value in MessageToDict(by_hand).items():
            if field == "metadata" and name.endswith(("_START", "_END")):
                continue  # which depends on the program
            if field == "error":
                assert ours[field]["errorMessage"] == value["errorMessage"], name
            elif isinstance(value, dict) and field != "stateUpdate":
                assert {**ours[field], **dict.fromkeys(MEASURED & value.keys())} == {
                    **ours[field],
                    **value,
                    **dict.fromkeys(MEASURED & value.keys()),
                }, name
            elif field not in WHOSE:
                assert ours[field] == value, (name, field)


def test_examples_hang_together(examples: dict[str, Any]) -> None:
    spans = {event.span_id for event in examples.values()}
    assert all(event.parent_span_id in spans for event in examples.values() if event.parent_span_id)
    for name, event in examples.items():
        if name.endswith("_END"):
            start = examples[name.replace("_END", "_START")]
            assert (event.span_id, event.parent_span_id) == (start.span_id, start.parent_span_id)


def test_the_table_names_the_content_of_each_type(examples: dict[str, Any], recorded: dict[str, list[Any]]) -> None:
    """What the examples carry is what the table says; an END that failed carries an error instead."""
    rows = {}
    for line in snippets.EVENT_TYPES.read_text(encoding="utf-8").splitlines():
        if line.startswith("| [`"):
            name, content, _ = (cell.strip() for cell in line.strip("|").split(" | "))
            rows[name.partition("`")[2].partition("`")[0]] = content
    assert rows.keys() == examples.keys()
    for name, by_hand in examples.items():
        expected = rows[name].split("`")[1] if rows[name].startswith("`") else None
        for event in [by_hand, *(each for each in recorded[name] if each.type == by_hand.type)]:
            if event.status != events_pb2.EVENT_STATUS_FAILED or not name.endswith("_END"):
                assert event.WhichOneof("content") == expected, name
