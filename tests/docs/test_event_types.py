"""docs/guides/event-types.md: an example of each type, and all of them make one session."""

from __future__ import annotations

from typing import Any

import pytest
from chaukas.spec.common.v1 import events_pb2

from tests import snippets

COMMON, EXAMPLES = snippets.event_types()


@pytest.fixture(scope="module")
def examples() -> dict[str, Any]:
    """The event that each example makes, as the official class."""
    space: dict[str, Any] = {}
    exec(COMMON, space)
    made = {}
    for name, code in EXAMPLES.items():
        before = dict(space)
        exec(code, space)
        new = [
            value for key, value in space.items() if type(value).__name__ == "Event" and before.get(key) is not value
        ]
        assert len(new) == 1, f"the example of {name} makes {len(new)} events"
        made[name] = events_pb2.Event.FromString(bytes(new[0]))
    return made


def test_every_block_is_executed() -> None:
    assert len(snippets.blocks(snippets.EVENT_TYPES.read_text(encoding="utf-8"))) == 1 + len(EXAMPLES)


def test_there_is_an_example_of_each_event_type(examples: dict[str, Any]) -> None:
    made = {name: events_pb2.EventType.Name(event.type) for name, event in examples.items()}
    assert made == {name.removeprefix("EVENT_TYPE_"): name for name, number in events_pb2.EventType.items() if number}


def test_examples_hang_together(examples: dict[str, Any]) -> None:
    spans = {event.span_id for event in examples.values()}
    assert all(event.parent_span_id in spans for event in examples.values() if event.parent_span_id)
    for name, event in examples.items():
        if name.endswith("_END"):
            start = examples[name.replace("_END", "_START")]
            assert (event.span_id, event.parent_span_id) == (start.span_id, start.parent_span_id)


def test_the_table_names_the_content_of_each_type(examples: dict[str, Any]) -> None:
    """What the example carries is what the table says; an END that failed carries an error instead."""
    rows = {}
    for line in snippets.EVENT_TYPES.read_text(encoding="utf-8").splitlines():
        if line.startswith("| [`"):
            name, content, _ = (cell.strip() for cell in line.strip("|").split(" | "))
            rows[name.partition("`")[2].partition("`")[0]] = content
    assert rows.keys() == examples.keys()
    for name, event in examples.items():
        expected = rows[name].split("`")[1] if rows[name].startswith("`") else None
        if event.status != events_pb2.EVENT_STATUS_FAILED or not name.endswith("_END"):
            assert event.WhichOneof("content") == expected, name
