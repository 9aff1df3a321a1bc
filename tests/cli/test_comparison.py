"""Differences between what was sent and what came back are found and named."""

from __future__ import annotations

import math

import pytest

from chaukas_spec_lite import ErrorInfo, Event, EventStatus
from chaukas_spec_lite.cli.comparison import MAX_KEPT, Comparison, changes


def compared(sent: list[Event], returned: list[Event]) -> Comparison:
    comparison = Comparison()
    for event in sent:
        comparison.send(event, bytes(event))
    for event in returned:
        comparison.receive(event)
    comparison.close()
    return comparison


A, B = Event(event_id="a", tags=["x"]), Event(event_id="b", metadata={"k": [1.0, None]})


def test_what_came_back_as_it_was_sent_is_no_problem() -> None:
    assert compared([A, B, A], [B, A]).problems == {}
    assert compared([A, B, A], [B, A]).duplicates == 1


def test_another_event_of_the_same_id_is_lost() -> None:
    """A collector keeps the first of them, so the other is not among what comes back."""
    comparison = compared([A, Event(event_id="a", tags=["y"]), A], [A])
    assert comparison.problems == {"lost to another event of its id": 1}
    assert comparison.differences[0].key[2] == "a"
    assert comparison.duplicates == 2


def test_the_same_id_of_another_project_is_another_event() -> None:
    other = Event(event_id="a", project_id="p")
    assert compared([A, other], [A, other]).problems == {}


@pytest.mark.parametrize(
    ("returned", "problem", "event_id"),
    [
        ([A], "did not come back", "b"),
        ([A, B, A], "came back twice", "a"),
        ([A, B, Event(event_id="c")], "was never sent", "c"),
        ([A, Event(event_id="b", metadata={"k": [1.0]})], "came back altered", "b"),
        ([A, Event(event_id="b", metadata={"k": [1.0, None]}, tenant_id="t")], "was never sent", "b"),
    ],
)
def test_every_problem_is_found(returned: list[Event], problem: str, event_id: str) -> None:
    comparison = compared([A, B], returned)
    assert comparison.problems[problem] == 1
    assert event_id in [each.key[2] for each in comparison.differences if each.problem == problem]


def test_only_the_first_few_are_kept() -> None:
    comparison = compared([Event(event_id=str(i)) for i in range(100)], [])
    assert comparison.problems == {"did not come back": 100}
    assert len(comparison.differences) == MAX_KEPT


@pytest.mark.parametrize(
    ("sent", "returned", "text"),
    [
        (
            Event(status=EventStatus.FAILED),
            Event(),
            "Event.status: sent <EventStatus.FAILED: 4>, came back <EventStatus.UNSPECIFIED: 0>",
        ),
        (
            Event(error=ErrorInfo(error_code="a")),
            Event(error=ErrorInfo(error_code="b")),
            "Event.error.error_code: sent 'a', came back 'b'",
        ),
        (
            Event(metadata={"k": {"x": [0.0, 1.0]}}),
            Event(metadata={"k": {"x": [-0.0, 1.0]}}),
            "Event.metadata['k']['x'][0]: sent 0.0, came back -0.0",
        ),
        (
            Event(metadata={"a": 1, "b": 2}),
            Event(metadata={"b": 2, "a": 1}),
            "Event.metadata: sent {'a': 1, 'b': 2}, came back {'b': 2, 'a': 1}",
        ),
        (Event(tags=["x"]), Event(tags=["x", "y"]), "Event.tags[1]: sent None, came back 'y'"),
        (
            Event.parse(b"\xf8\x3f\x01"),
            Event(),
            r"Event._unknown_fields: sent b'\xf8?\x01', came back b''",
        ),
    ],
)
def test_a_change_is_named_with_its_path(sent: Event, returned: Event, text: str) -> None:
    assert list(changes(sent, returned)) == [text]


def test_nan_is_no_change_and_long_values_are_cut() -> None:
    assert list(changes(Event(metadata={"k": math.nan}), Event(metadata={"k": math.nan}))) == []
    (text,) = changes(Event(branch="x" * 1000), Event())
    assert text == f"Event.branch: sent '{'x' * 116}..., came back ''"
