"""Differences between what was sent and what came back are found and named."""

from __future__ import annotations

import math

import pytest

from chaukas_spec_lite import ErrorInfo, Event, EventStatus
from chaukas_spec_lite.cli.comparison import MAX_KEPT, Ledger, changes


def ledger(sent: list[Event], returned: list[Event]) -> Ledger:
    book = Ledger()
    for event in sent:
        book.send(event, bytes(event))
    for event in returned:
        book.receive(event)
    book.close()
    return book


A, B = Event(event_id="a", tags=["x"]), Event(event_id="b", metadata={"k": [1.0, None]})


def test_what_came_back_as_it_was_sent_is_no_problem() -> None:
    assert ledger([A, B, A], [B, A]).problems == {}
    assert ledger([A, B, A], [B, A]).duplicates == 1


def test_another_event_of_the_same_id_is_lost() -> None:
    """A collector keeps the first of them, so the other is not among what comes back."""
    book = ledger([A, Event(event_id="a", tags=["y"]), A], [A])
    assert book.problems == {"lost to another event of its id": 1}
    assert book.differences[0].key[2] == "a"
    assert book.duplicates == 2


def test_the_same_id_of_another_project_is_another_event() -> None:
    other = Event(event_id="a", project_id="p")
    assert ledger([A, other], [A, other]).problems == {}


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
    book = ledger([A, B], returned)
    assert book.problems[problem] == 1
    assert event_id in [each.key[2] for each in book.differences if each.problem == problem]


def test_only_the_first_few_are_kept() -> None:
    book = ledger([Event(event_id=str(i)) for i in range(100)], [])
    assert book.problems == {"did not come back": 100}
    assert len(book.differences) == MAX_KEPT


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
