"""Events of a recorder that go elsewhere for a while, as tests want them to."""

from __future__ import annotations

import pytest

from chaukas_spec_lite import Event, Recorder, SettingTypeError
from tests.trace.recorders import Kept, recorder


def _mask(event: Event) -> Event:
    if event.message is not None:
        event.message.text = "***"
    return event


def test_events_go_elsewhere_within_the_with_through_before_send() -> None:
    here, kept = recorder(before_send=_mask)
    other, inner = Kept(), Kept()
    with here.redirect(other):
        here.input("one")
        with here.redirect(inner):
            here.input("two")
        here.input("three")
    here.input("four")
    assert [len(each.events) for each in (kept, other, inner)] == [1, 2, 1]
    assert {event.message.text for event in kept.events + other.events + inner.events if event.message} == {"***"}
    assert here.stats().recorded == 1


def test_an_exception_ends_it_too_and_a_span_ends_where_it_is_then() -> None:
    here, kept = recorder()
    other = Kept()
    span = here.tool("search").start()

    def fails() -> None:
        here.output("inside")
        raise KeyError

    with pytest.raises(KeyError), here.redirect(other):
        fails()
    span.end()
    assert [event.type.name for event in kept.events] == ["TOOL_CALL_START", "TOOL_CALL_END"]
    assert [event.type.name for event in other.events] == ["OUTPUT_EMITTED"]


def test_what_is_no_sink_is_refused() -> None:
    here: Recorder = recorder()[0]
    nothing: list[Event] = []
    with pytest.raises(SettingTypeError, match="emit"), here.redirect(nothing):  # type: ignore[arg-type]
        pass
    here.input("still recorded")
    assert here.stats().recorded == 1
