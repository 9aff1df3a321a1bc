"""``Sampler``: what is kept, what waits, and what is told of the rest."""

from __future__ import annotations

import gc
import hashlib
import logging
import os
import pickle
import signal
import subprocess
import sys
import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import FrozenInstanceError
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import chaukas_spec_lite
from chaukas_spec_lite import Event, EventStatus, EventType, SettingError, SettingTypeError
from chaukas_spec_lite.clock import Clock
from chaukas_spec_lite.trace import kinds, tree
from chaukas_spec_lite.trace.sampling import Sampler, is_chosen
from chaukas_spec_lite.trace.selecting import Selection
from chaukas_spec_lite.trace.sending import RecorderStats, Sending
from tests.patience import HANG
from tests.profiles import searched

T = EventType
ROOT = Path(chaukas_spec_lite.__file__).parents[1]


class Listed:
    def __init__(self) -> None:
        self.events: list[Event] = []

    def emit(self, event: Event) -> None:
        self.events.append(event)

    @property
    def ids(self) -> list[str]:
        return [event.event_id for event in self.events]


class Recorded:
    """A ``Sending`` with a sampler, and what it sends."""

    def __init__(self, sampler: Sampler, **settings: Any) -> None:
        self.now = 0.0
        self.sink = Listed()
        self.sending = Sending(self.sink, sampler=sampler, clock=Clock(now=lambda: self.now), **settings)
        self.number = 0

    def __call__(self, event_type: EventType, session_id: str = "s", span_id: str = "", **fields: Any) -> bool:
        self.number += 1
        event = Event(event_id=f"{self.number}", type=event_type, session_id=session_id, span_id=span_id, **fields)
        return self.sending.emit(event)

    @property
    def stats(self) -> RecorderStats:
        stats = self.sending.stats()
        assert stats.recorded == stats.sent + stats.filtered + stats.sampled_out + stats.failed + stats.waiting
        return stats

    @property
    def sent(self) -> list[str]:
        return self.sink.ids


NONE = Sampler(0)
"""Keeps errors only."""


# By session


def test_a_rate_of_one_keeps_all_and_a_rate_of_zero_none() -> None:
    ids = [f"session-{number}" for number in range(1000)]
    assert all(Sampler(1).keeps(each) for each in ids)
    assert not any(Sampler(0).keeps(each) for each in ids)
    assert 350 < sum(Sampler(0.4).keeps(each) for each in ids) < 450


def test_the_hash_is_the_documented_one() -> None:
    for number in range(200):
        session_id = f"sitzung-{number}-ü"
        first = int.from_bytes(hashlib.sha256(session_id.encode()).digest()[:8], "big")
        assert Sampler(0.3).keeps(session_id) == (first / 2**64 < 0.3)
    assert Sampler(0.5).keeps("01a20311-9e4b-7814-927d-4da6e67aa5b1") is True
    assert Sampler(0.5).keeps("01a20311-9e4b-7814-927d-4da6e67aa5b3") is False


@given(st.text(), st.floats(0, 1), st.floats(0, 1))
def test_what_is_kept_at_one_rate_is_kept_at_any_higher_one(session_id: str, one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert Sampler(high).keeps(session_id) >= Sampler(low).keeps(session_id)
    assert is_chosen(session_id, 1.0)
    assert not is_chosen(session_id, 0.0)


def test_a_lone_surrogate_has_a_hash_too() -> None:
    assert Sampler(0.5).keeps("\ud800") in (True, False)


@pytest.mark.parametrize("keep_errors", [True, False])
def test_a_session_is_kept_or_left_out_whole(keep_errors: bool) -> None:
    sampler = Sampler(0.5, keep_errors=keep_errors)
    record = Recorded(sampler)
    ids = [f"session-{number}" for number in range(40)]
    for event_type in (T.SESSION_START, T.INPUT_RECEIVED, T.OUTPUT_EMITTED, T.SESSION_END):
        for session_id in ids:
            record(event_type, session_id, session_id)
    kept = [each for each in ids if sampler.keeps(each)]
    assert 0 < len(kept) < 40
    assert Counter(event.session_id for event in record.sink.events) == dict.fromkeys(kept, 4)
    assert record.stats.sampled_out == 160 - 4 * len(kept)
    assert all(event.metadata is None for event in record.sink.events)


PROGRAM = """
import sys
from chaukas_spec_lite import Event, EventType, Sampler
from chaukas_spec_lite.trace.sending import Sending

class Printed:
    def emit(self, event):
        print(event.session_id, event.type.name, event.span_id, event.event_id)

sending = Sending(Printed(), sampler=Sampler(0.5, rates={"TOOL_CALL": 0.5, "DATA_ACCESS": 0.5}, keep_errors=False))
for number in range(60):
    for name in sys.argv[1:]:
        ids = {"session_id": f"s{number}", "span_id": f"span{number}", "event_id": f"e{number}"}
        sending.emit(Event(type=EventType[name], **ids))
"""


def test_two_processes_decide_alike() -> None:
    """One makes the STARTs, the other the ENDs, with hash seeds of their own, as for the workers of one session."""

    def run(seed: str, *types: str) -> list[list[str]]:
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, *types],
            capture_output=True,
            text=True,
            timeout=HANG,
            check=True,
            cwd=ROOT,
            env=os.environ | {"PYTHONHASHSEED": seed},
        )
        return [line.split() for line in done.stdout.splitlines()]

    starts, ends = run("1", "TOOL_CALL_START", "DATA_ACCESS"), run("2", "TOOL_CALL_END", "DATA_ACCESS")
    assert [each[2] for each in starts if each[1] == "TOOL_CALL_START"] == [
        each[2] for each in ends if each[1] == "TOOL_CALL_END"
    ]
    assert [each for each in starts if each[1] == "DATA_ACCESS"] == [each for each in ends if each[1] == "DATA_ACCESS"]
    assert 5 < len({each[0] for each in starts}) < 40


# By type


def test_ends_of_a_span_are_decided_alike() -> None:
    record = Recorded(Sampler(rates={T.TOOL_CALL_START: 0.5}))
    for number in range(40):
        record(T.TOOL_CALL_START, span_id=f"{number}")
        record(T.TOOL_CALL_END, span_id=f"{number}")
    record(T.SESSION_END)
    *events, end = record.sink.events
    by_span = Counter(event.span_id for event in events)
    assert 0 < len(by_span) < 40
    assert set(by_span.values()) == {2}
    left_out = 40 - len(by_span)
    assert end.metadata == {"chaukas": {"left_out": {"TOOL_CALL_START": left_out, "TOOL_CALL_END": left_out}}}


def test_points_are_decided_one_by_one_and_counted_in_the_end_of_the_session() -> None:
    record = Recorded(Sampler(rates={T.DATA_ACCESS: 0.1, "SYSTEM": 0}))
    for _ in range(100):
        record(T.DATA_ACCESS)
    record(T.SYSTEM)
    metadata = {"user": "u-17", "chaukas": {"version": 1}}
    end = Event(type=T.SESSION_END, session_id="s", metadata=metadata)
    record.sending.emit(end)
    *points, sent = record.sink.events
    assert 0 < len(points) < 30
    left_out = {"DATA_ACCESS": 100 - len(points), "SYSTEM": 1}
    assert sent.metadata == {"user": "u-17", "chaukas": {"version": 1, "left_out": left_out}}
    # The program's own event, and its dicts, are as they were.
    assert metadata == {"user": "u-17", "chaukas": {"version": 1}}
    assert end.metadata is metadata
    assert record.stats.sampled_out == sum(left_out.values())


def test_nothing_is_said_where_nothing_was_left_out() -> None:
    record = Recorded(Sampler(rates={T.DATA_ACCESS: 0.5}))
    record(T.SESSION_START)
    record(T.SESSION_END)
    assert record.sink.events[-1].metadata is None


def test_what_others_have_put_there_stays() -> None:
    record = Recorded(Sampler(rates={T.SYSTEM: 0}))
    for metadata in ({"chaukas": "mine"}, [1]):
        record(T.SYSTEM)
        record(T.SESSION_END, metadata=metadata)
        assert record.sink.events[-1].metadata == metadata


def test_counts_begin_anew_with_the_next_session_of_that_id() -> None:
    record = Recorded(Sampler(rates={T.SYSTEM: 0}))
    for _ in range(2):
        record(T.SYSTEM)
        record(T.SESSION_END)
    assert [event.metadata for event in record.sink.events] == [{"chaukas": {"left_out": {"SYSTEM": 1}}}] * 2


def test_an_error_is_not_left_out_by_a_rate_and_its_span_is_whole() -> None:
    record = Recorded(Sampler(rates={T.TOOL_CALL_START: 0, T.SYSTEM: 0}))
    assert record(T.TOOL_CALL_START, span_id="good")
    assert record(T.TOOL_CALL_START, span_id="bad")
    assert record.stats.waiting == 2
    assert not record(T.TOOL_CALL_END, span_id="good")
    record(T.TOOL_CALL_END, span_id="bad", status=EventStatus.FAILED)
    record(T.SYSTEM)
    record(T.SYSTEM, status=EventStatus.FAILED)
    assert record.sent == ["2", "4", "6"]
    assert (record.stats.waiting, record.stats.sampled_out) == (0, 3)


def test_a_start_that_never_ends_is_left_out_at_the_end_of_its_session() -> None:
    record = Recorded(Sampler(rates={T.TOOL_CALL_START: 0}))
    record(T.TOOL_CALL_START, span_id="open")
    record(T.TOOL_CALL_START, span_id="open")
    assert record.stats.sampled_out == 1
    record(T.SESSION_END)
    assert record.sink.events[-1].metadata == {"chaukas": {"left_out": {"TOOL_CALL_START": 2}}}
    assert record.stats.waiting == 0


def test_without_keep_errors_rates_hold_nothing() -> None:
    record = Recorded(Sampler(rates={T.TOOL_CALL_START: 0}, keep_errors=False))
    assert not record(T.TOOL_CALL_START, span_id="bad")
    assert not record(T.TOOL_CALL_END, span_id="bad", status=EventStatus.FAILED)
    assert record.sent == []


def test_spans_of_other_kinds_with_the_same_id_are_apart() -> None:
    record = Recorded(Sampler(rates={T.TOOL_CALL_START: 0}))
    record(T.TOOL_CALL_START, span_id="x")
    record(T.MODEL_INVOCATION_START, span_id="x")
    record(T.MODEL_INVOCATION_END, span_id="x", status=EventStatus.FAILED)
    assert record.sent == ["2", "3"]


def test_the_tree_takes_children_of_a_span_that_was_left_out() -> None:
    record = Recorded(Sampler(rates={T.TOOL_CALL_START: 0}))
    record(T.SESSION_START, span_id="root")
    record(T.TOOL_CALL_START, span_id="tool", parent_span_id="root")
    record(T.MODEL_INVOCATION_START, span_id="model", parent_span_id="tool")
    record(T.MODEL_INVOCATION_END, span_id="model", parent_span_id="tool")
    record(T.TOOL_CALL_END, span_id="tool", parent_span_id="root")
    record(T.SESSION_END, span_id="root")
    [session] = tree.build(map(kinds.moment, record.sink.events))
    assert [span.kind for span in session.roots] == ["session", "model"]


# Sessions with errors


@pytest.mark.parametrize(
    "error", [{"event_type": T.ERROR}, {"event_type": T.TOOL_CALL_END, "status": EventStatus.FAILED}]
)
def test_a_session_with_an_error_is_kept_in_order(error: Any) -> None:
    record = Recorded(NONE)
    assert record(T.SESSION_START)
    assert record(T.INPUT_RECEIVED)
    record(T.INPUT_RECEIVED, "another")
    assert record.sent == []
    assert record.stats.waiting == 3
    assert record(**error)
    assert record.sent == ["1", "2", "4"]
    assert record(T.OUTPUT_EMITTED)
    assert record(T.SESSION_END)
    assert record.sent == ["1", "2", "4", "5", "6"]
    assert (record.stats.waiting, record.stats.sent) == (1, 5)
    assert record.sink.events[-1].metadata is None


def test_a_session_that_fails_at_its_end_is_kept() -> None:
    record = Recorded(NONE)
    record(T.SESSION_START)
    record(T.SESSION_END, status=EventStatus.FAILED)
    assert record.sent == ["1", "2"]


def test_a_session_without_an_error_is_left_out_at_its_end() -> None:
    record = Recorded(NONE)
    record(T.SESSION_START)
    record(T.OUTPUT_EMITTED)
    assert record.stats.waiting == 2
    assert not record(T.SESSION_END)
    assert record.sent == []
    assert (record.stats.waiting, record.stats.sampled_out) == (0, 3)


def test_close_leaves_out_what_waits() -> None:
    record = Recorded(NONE)
    record(T.SESSION_START)
    record(T.SESSION_START, "another")
    assert record.sending.flush()
    assert record.stats.waiting == 2
    assert record.sending.close()
    assert (record.stats.waiting, record.stats.sampled_out, record.sent) == (0, 2, [])


def test_what_waits_is_as_it_was_when_it_was_recorded() -> None:
    record = Recorded(NONE)
    event = Event(type=T.SYSTEM, session_id="s", metadata={"n": 1}, tags=["a"])
    record.sending.emit(event)
    stamped = event.event_id, event.timestamp
    event.metadata = {"n": 2}
    event.tags.append("b")
    record(T.ERROR)
    first = record.sink.events[0]
    assert (first.metadata, first.tags) == ({"n": 1}, ["a"])
    assert (first.event_id, first.timestamp) == stamped
    assert None not in stamped


def test_an_event_with_odd_values_waits_as_it_is() -> None:
    record = Recorded(NONE)
    odd = object()
    record(T.SYSTEM, metadata={"odd": odd})
    assert record.stats.waiting == 1
    record(T.ERROR)
    assert record.sink.events[0].metadata == {"odd": odd}


def test_before_send_runs_before_anything_waits() -> None:
    def hide(event: Event) -> Event | None:
        event.tags = ["hidden"]
        event.session_id = "hashed"  # Sessions are told apart by the ids that the program knows.
        if event.type == T.INPUT_RECEIVED:
            event.status = EventStatus.FAILED  # Whether it reports an error is asked behind that.
        return None if event.type == T.DATA_ACCESS else event

    record = Recorded(NONE, before_send=hide)
    record(T.SESSION_START, "a")
    record(T.SESSION_START, "b")
    assert not record(T.DATA_ACCESS, "a")
    assert (record.stats.waiting, record.stats.filtered) == (2, 1)
    record(T.INPUT_RECEIVED, "a")
    assert record.sent == ["1", "4"]
    assert record.sink.events[0].tags == ["hidden"]


def test_an_end_that_before_send_keeps_back_ends_the_session_all_the_same() -> None:
    record = Recorded(NONE, before_send=lambda event: None if event.type == T.SESSION_END else event)
    record(T.SESSION_START)
    record(T.SESSION_END)
    assert (record.stats.waiting, record.stats.sampled_out, record.stats.filtered) == (0, 1, 1)


def test_no_before_send_sees_what_is_left_out_in_any_case() -> None:
    seen: list[Event] = []

    def see(event: Event) -> Event:
        seen.append(event)
        return event

    record = Recorded(Sampler(0, keep_errors=False), before_send=see)
    assert not record(T.ERROR)
    assert seen == []
    assert record.stats.sampled_out == 1


# Outside of any session


def test_a_trace_outside_of_any_session_ends_when_none_of_its_spans_is_open() -> None:
    record = Recorded(NONE)

    def run(trace_id: str, status: EventStatus) -> None:
        record(T.AGENT_START, "", "root", trace_id=trace_id, parent_span_id="of another process")
        record(T.TOOL_CALL_START, "", "tool", trace_id=trace_id, parent_span_id="root")
        record(T.TOOL_CALL_END, "", "tool", trace_id=trace_id, parent_span_id="root", status=status)
        record(T.AGENT_END, "", "root", trace_id=trace_id, parent_span_id="of another process")

    run("a", EventStatus.COMPLETED)
    assert (record.sent, record.stats.waiting, record.stats.sampled_out) == ([], 0, 4)
    run("b", EventStatus.FAILED)
    assert record.sent == ["5", "6", "7", "8"]
    assert record.stats.waiting == 0


def test_a_span_that_outlives_the_first_one_keeps_its_trace_open() -> None:
    record = Recorded(NONE)
    record(T.AGENT_START, "", "first", trace_id="t")
    record(T.TOOL_CALL_START, "", "detached", trace_id="t")
    record(T.AGENT_END, "", "first", trace_id="t")
    assert record.stats.waiting == 3
    record(T.TOOL_CALL_END, "", "detached", trace_id="t", status=EventStatus.FAILED)
    assert record.sent == ["1", "2", "3", "4"]


def test_a_process_that_does_a_part_of_a_session_waits_while_spans_of_it_are_open() -> None:
    record = Recorded(NONE)
    for status in (EventStatus.COMPLETED, EventStatus.FAILED, EventStatus.COMPLETED):
        record(T.AGENT_START, span_id="agent")
        record(T.TOOL_CALL_START, span_id="tool")
        record(T.TOOL_CALL_END, span_id="tool", status=status)
        record(T.AGENT_END, span_id="agent")
        assert record.stats.waiting == 0
    # Once it had an error, it is kept.
    assert record.sent == ["5", "6", "7", "8", "9", "10", "11", "12"]
    assert record.stats.sampled_out == 4


def test_spans_that_before_send_keeps_back_are_open_too() -> None:
    record = Recorded(NONE, before_send=lambda event: None if event.span_id == "hidden" else event)
    record(T.SESSION_START, span_id="hidden")
    record(T.INPUT_RECEIVED)
    record(T.TOOL_CALL_START, span_id="hidden")
    record(T.TOOL_CALL_END, span_id="hidden")
    record(T.AGENT_START, span_id="agent")
    record(T.AGENT_END, span_id="agent")
    assert record.stats.waiting == 3
    record(T.SESSION_END, span_id="hidden")
    assert (record.stats.waiting, record.stats.sampled_out, record.stats.filtered) == (0, 3, 4)


def test_what_a_trace_outside_of_any_session_left_out_stands_in_the_end_of_its_last_span() -> None:
    record = Recorded(Sampler(rates={T.SYSTEM: 0}))
    record(T.AGENT_START, "", "root", trace_id="t")
    record(T.SYSTEM, "", "root", trace_id="t")
    record(T.AGENT_END, "", "root", trace_id="t")
    assert record.sink.events[-1].metadata == {"chaukas": {"left_out": {"SYSTEM": 1}}}


def test_traces_are_kept_or_left_out_whole() -> None:
    sampler = Sampler(0.5)
    record = Recorded(sampler)
    ids = [f"trace-{number}" for number in range(40)]
    for trace_id in ids:
        record(T.AGENT_START, "", "x", trace_id=trace_id)
        record(T.AGENT_END, "", "x", trace_id=trace_id)
    assert Counter(event.trace_id for event in record.sink.events) == dict.fromkeys(filter(sampler.keeps, ids), 2)


def test_events_that_belong_to_nothing_are_settled_by_themselves() -> None:
    record = Recorded(NONE)
    assert not record(T.SYSTEM, "")
    assert record(T.AGENT_START, "", "x")
    assert not record(T.AGENT_END, "", "x")
    assert record(T.ERROR, "")
    assert record.sent == ["4"]
    assert (record.stats.waiting, record.stats.sampled_out) == (0, 3)


# Bounds


def test_the_session_that_was_silent_for_the_longest_time_makes_room(caplog: pytest.LogCaptureFixture) -> None:
    record = Recorded(Sampler(0, max_waiting_events=3))
    record(T.SESSION_START, "a")
    record(T.SESSION_START, "b")
    record(T.SYSTEM, "a")
    record(T.SESSION_START, "c")
    assert (record.stats.waiting, record.stats.sampled_out) == (3, 1)
    assert caplog.messages == [
        "1 event was left out before the session b ended, although an error may still come: "
        "more waits than 3 (max_waiting_events)"
    ]
    # What comes later of it is kept with its error, and its END says what is not.
    record(T.ERROR, "b")
    record(T.SESSION_END, "b")
    assert record.sent == ["5", "6"]
    assert record.sink.events[-1].metadata == {"chaukas": {"left_out": {"SESSION_START": 1}}}


def test_an_event_that_is_left_out_is_a_sign_of_life_too() -> None:
    record = Recorded(Sampler(0, rates={T.DATA_ACCESS: 0}, max_waiting_events=2))
    record(T.SESSION_START, "a")
    record(T.SESSION_START, "b")
    record(T.DATA_ACCESS, "a")
    record(T.SESSION_START, "c")
    record(T.ERROR, "a")
    record(T.ERROR, "b")
    assert record.sent == ["1", "5", "6"]


def test_a_session_that_fills_all_of_it_loses_its_oldest_events() -> None:
    record = Recorded(Sampler(0, max_waiting_events=3))
    for _ in range(10):
        record(T.SYSTEM)
    assert record.stats.waiting == 3
    record(T.ERROR)
    assert record.sent == ["8", "9", "10", "11"]


def test_the_bound_of_bytes() -> None:
    record = Recorded(Sampler(0, max_waiting_bytes=1000))
    for _ in range(10):
        record(T.SYSTEM, tags=["x" * 400])
    assert record.stats.waiting == 2
    assert record(T.SYSTEM, tags=["x" * 2000])
    assert (record.stats.waiting, record.stats.sampled_out) == (0, 11)


def test_odd_values_count_as_large_as_they_would_be_sent() -> None:
    record = Recorded(Sampler(0, max_waiting_bytes=1000))
    for _ in range(10):
        record(T.SYSTEM, metadata={"odd": {1: "x" * 400}})
    assert record.stats.waiting == 2


def test_starts_that_wait_for_their_ends_are_bounded_too() -> None:
    record = Recorded(Sampler(rates={T.TOOL_CALL_START: 0}, max_waiting_events=3))
    for number in range(10):
        record(T.TOOL_CALL_START, span_id=f"{number}")
    assert (record.stats.waiting, record.stats.sampled_out) == (3, 7)
    record(T.TOOL_CALL_END, span_id="0", status=EventStatus.FAILED)
    record(T.TOOL_CALL_END, span_id="9", status=EventStatus.FAILED)
    assert record.sent == ["11", "10", "12"]


def test_a_session_that_never_ends_is_settled_after_a_time(caplog: pytest.LogCaptureFixture) -> None:
    record = Recorded(Sampler(0, max_waiting_seconds=60))
    record(T.SESSION_START, "silent")
    record(T.SESSION_START, "busy")
    for record.now in (50.0, 59.0):
        record(T.SYSTEM, "busy")
    assert record.stats.waiting == 4
    record.now = 60.0
    record(T.SYSTEM, "busy")
    assert (record.stats.waiting, record.stats.sampled_out) == (4, 1)
    assert caplog.messages == [
        "1 event was left out before the session silent ended, although an error may still come: "
        "no event of it came for 60 s (max_waiting_seconds)"
    ]
    record.now = 119.0
    record(T.ERROR, "busy")
    assert record.stats.waiting == 0
    # If it goes on after all, its END says what is missing.
    record(T.ERROR, "silent")
    record(T.SESSION_END, "silent")
    assert record.sink.events[-1].metadata == {"chaukas": {"left_out": {"SESSION_START": 1}}}


def test_a_session_with_an_error_is_not_settled_by_time() -> None:
    record = Recorded(Sampler(0, max_waiting_seconds=60))
    record(T.ERROR)
    record.now = 1000.0
    record(T.SYSTEM, "another")
    assert record(T.SYSTEM)
    assert record.sent == ["1", "3"]


def test_the_number_of_sessions_is_bounded(caplog: pytest.LogCaptureFixture) -> None:
    record = Recorded(Sampler(0, max_sessions=2))
    for session_id in ("a", "b", "a", "c"):
        record(T.SYSTEM, session_id)
    assert (record.stats.waiting, record.stats.sampled_out) == (3, 1)
    assert "session b ended" in caplog.messages[0]
    assert "more sessions than 2 (max_sessions)" in caplog.messages[0]


def test_the_log_repeats_no_line_without_end(caplog: pytest.LogCaptureFixture) -> None:
    record = Recorded(Sampler(0, max_waiting_events=1))
    for number in range(100):
        record(T.SYSTEM, f"{number}")
    assert len(caplog.messages) == 1


# Any program


TYPES = [each for each in T if each not in (T.SESSION_START, T.SESSION_END, T.UNSPECIFIED, T.ERROR)]
KIND_OF = {each: kinds.KINDS[each] for each in TYPES}
SPAN_STARTS = [each for each in TYPES if KIND_OF[each][1] is tree.Edge.START]
END_OF = {
    start: next(end for end in TYPES if KIND_OF[end] == (KIND_OF[start][0], tree.Edge.END)) for start in SPAN_STARTS
}
POINTS = [each for each in TYPES if KIND_OF[each][1] is tree.Edge.POINT]


@st.composite
def programs(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Events of some sessions at once: spans that nest, points, errors; each session whole, its END last."""
    sessions: list[list[dict[str, Any]]] = []
    for number in range(draw(st.integers(1, 4))):
        session_id, open_spans = f"session-{draw(st.integers(0, 10**6))}-{number}", list[tuple[EventType, str]]()
        events: list[dict[str, Any]] = [{"type": T.SESSION_START, "span_id": session_id}]
        for step in range(draw(st.integers(0, 8))):
            what = draw(st.sampled_from(["open", "close", "point", "error"]))
            failed = {"status": EventStatus.FAILED} if draw(st.integers(0, 5)) == 0 else {}
            if what == "open":
                open_spans.append((draw(st.sampled_from(SPAN_STARTS)), f"{session_id}-{step}"))
                events.append({"type": open_spans[-1][0], "span_id": open_spans[-1][1]})
            elif what == "close" and open_spans:
                start, span_id = open_spans.pop()
                events.append({"type": END_OF[start], "span_id": span_id} | failed)
            elif what == "point":
                events.append({"type": draw(st.sampled_from(POINTS))})
            elif what == "error" and failed:
                events.append({"type": T.ERROR})
        events += [{"type": END_OF[start], "span_id": span_id} for start, span_id in reversed(open_spans)]
        events.append({"type": T.SESSION_END, "span_id": session_id})
        sessions.append([each | {"session_id": session_id} for each in events])
    mixed: list[dict[str, Any]] = []
    while sessions := [each for each in sessions if each]:
        mixed.append(draw(st.sampled_from(sessions)).pop(0))
    return mixed


def samplers() -> st.SearchStrategy[Sampler]:
    rates = st.dictionaries(st.sampled_from(SPAN_STARTS + POINTS), st.sampled_from([0.0, 0.3, 0.7, 1.0]), max_size=4)
    return st.builds(Sampler, st.sampled_from([0.0, 0.3, 0.7, 1.0]), rates=rates, keep_errors=st.booleans())


def is_error(event: Event) -> bool:
    return event.type == T.ERROR or event.status == EventStatus.FAILED


@searched(300)
@given(programs(), samplers())
def test_sessions_are_whole_spans_have_both_ends_and_the_counts_add_up(
    program: Sequence[Mapping[str, Any]], sampler: Sampler
) -> None:
    record = Recorded(sampler)
    all_events = [Event(event_id=f"{number}", **fields) for number, fields in enumerate(program)]
    for event in all_events:
        record.sending.emit(event)
        assert record.stats.recorded == int(event.event_id) + 1
    assert record.stats.waiting == record.stats.failed == 0
    assert (record.stats.sent, record.stats.sampled_out) == (len(record.sent), len(all_events) - len(record.sent))
    before, after = by_session(all_events), by_session(record.sink.events)
    for session_id, events in before.items():
        has_error = sampler.keep_errors and any(map(is_error, events))
        if not sampler.keeps(session_id) and not has_error:
            assert session_id not in after
            continue
        sent = after[session_id]
        assert sent[0].type == T.SESSION_START
        assert sent[-1].type == T.SESSION_END
        left_out = Counter(str(event.type.name) for event in events)
        left_out.subtract(str(event.type.name) for event in sent)
        said = (sent[-1].metadata or {}).get("chaukas", {}).get("left_out", {})
        assert said == {name: number for name, number in left_out.items() if number}
        assert {name.rsplit("_", 1)[0] for name in said} <= {str(each.name).rsplit("_", 1)[0] for each in sampler.rates}
        if sampler.keep_errors:
            assert [event.event_id for event in events if is_error(event)] == [
                event.event_id for event in sent if is_error(event)
            ]
        # Each START has its END, and each END its START, which is before it.
        ends = Counter((KINDS_ALL[event.type][0], event.span_id) for event in sent if edge(event) is tree.Edge.END)
        seen: set[object] = set()
        for event in sent:
            span = KINDS_ALL[event.type][0], event.span_id
            if edge(event) is tree.Edge.START:
                assert ends[span] == 1
                seen.add(span)
            assert edge(event) is not tree.Edge.END or span in seen


KINDS_ALL = kinds.KINDS


def edge(event: Event) -> tree.Edge:
    return KINDS_ALL[event.type][1]


def by_session(events: Iterable[Event]) -> dict[str, list[Event]]:
    found: dict[str, list[Event]] = defaultdict(list)
    for event in events:
        found[event.session_id].append(event)
    return found


# Threads, signals, forks


def test_threads_that_share_sessions_lose_nothing_and_what_is_released_is_in_order() -> None:
    record = Recorded(Sampler(0))
    threads_number, events_number = 8, 200
    barrier = threading.Barrier(threads_number)

    def run(thread: int) -> None:
        barrier.wait(HANG)
        for number in range(events_number):
            event_type = T.ERROR if number == events_number // 2 else T.SYSTEM
            record.sending.emit(Event(type=event_type, session_id=f"s{number % 3}", event_id=f"{thread} {number}"))

    threads = [threading.Thread(target=run, args=(each,)) for each in range(threads_number)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(HANG)
    record.sending.flush()
    stats = record.stats
    assert stats.recorded == threads_number * events_number
    assert stats.sent == len(record.sent) == len(set(record.sent))
    by_source: dict[object, list[int]] = defaultdict(list)
    for event in record.sink.events:
        thread, number = event.event_id.split()
        by_source[thread, event.session_id].append(int(number))
    assert all(numbers == sorted(numbers) for numbers in by_source.values())
    # All threads have an error in the same session, which is so kept whole.
    kept = f"s{events_number // 2 % 3}"
    assert sum(event.session_id == kept for event in record.sink.events) == threads_number * len(
        [number for number in range(events_number) if f"s{number % 3}" == kept]
    )
    record.sending.close()
    assert record.stats.waiting == 0


def elsewhere(work: Callable[[], object]) -> None:
    """Do something in another thread, and wait for that: it hangs if it needs a lock that is held here."""
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(HANG)
    assert not thread.is_alive()


def test_a_sink_may_wait_for_another_thread_that_emits() -> None:
    class Waits(Listed):
        def emit(self, event: Event) -> None:
            if event.event_id in ("1", "2"):
                elsewhere(lambda: record(T.SYSTEM))
            super().emit(event)

    record = Recorded(NONE)
    record.sink = Waits()
    record.sending = Sending(record.sink, sampler=NONE)
    record(T.SYSTEM)
    record(T.ERROR)
    assert record.sent == ["1", "2", "3", "4"]


def test_a_handler_of_the_log_may_wait_for_another_thread_that_emits() -> None:
    class Waits(logging.Handler):
        def emit(self, each: logging.LogRecord) -> None:
            lines.append(each.getMessage())
            elsewhere(lambda: record(T.SYSTEM, "of the log"))

    lines: list[str] = []
    record = Recorded(Sampler(0, max_waiting_events=1))
    logger, handler = logging.getLogger("chaukas_spec_lite"), Waits()
    logger.addHandler(handler)
    try:
        record(T.SYSTEM, "a")
        record(T.SYSTEM, "b")
    finally:
        logger.removeHandler(handler)
    assert len(lines) == 1
    assert record.stats.recorded == 3


def test_a_sink_that_emits_while_it_is_given_what_was_released() -> None:
    class Echo(Listed):
        def emit(self, event: Event) -> None:
            super().emit(event)
            if not event.event_id.startswith("echo"):
                record.sending.emit(Event(type=T.SYSTEM, session_id="s", event_id=f"echo of {event.event_id}"))

    record = Recorded(NONE)
    record.sink = Echo()
    record.sending = Sending(record.sink, sampler=NONE)
    record(T.SYSTEM)
    record(T.SYSTEM)
    record(T.ERROR)
    assert record.sent == ["1", "2", "3", "echo of 1", "echo of 2", "echo of 3"]
    assert record.stats.waiting == 0


def test_ctrl_c_in_the_middle_of_a_release_costs_one_event() -> None:
    class Interrupted(Listed):
        def emit(self, event: Event) -> None:
            if event.event_id == "2":
                raise KeyboardInterrupt
            super().emit(event)

    record = Recorded(NONE)
    record.sink = Interrupted()
    record.sending = Sending(record.sink, sampler=NONE)
    for _ in range(3):
        record(T.SYSTEM)
    with pytest.raises(KeyboardInterrupt):
        record(T.ERROR)
    assert record.sent == ["1"]
    assert record.sending.flush()
    assert record.sent == ["1", "3", "4"]
    assert (record.stats.failed, record.stats.waiting) == (1, 0)


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="there are no such signals")
def test_signal_handlers_that_emit_lose_nothing() -> None:
    """The handler interrupts whatever is done, again and again."""
    record = Recorded(Sampler(0.5, rates={T.TOOL_CALL_START: 0.5}, max_waiting_events=50, max_sessions=5))
    emitted = [0]

    def handle(*_: object) -> None:
        emitted[0] += 1
        types = (T.SYSTEM, T.TOOL_CALL_START, T.TOOL_CALL_END, T.ERROR, T.SESSION_END)
        record(types[emitted[0] % 5], f"s{emitted[0] % 7}", f"{emitted[0] % 3}")
        signal.setitimer(signal.ITIMER_REAL, 0.0001)  # Only now, so that handlers do not lie within one another.

    before = signal.signal(signal.SIGALRM, handle)
    signal.setitimer(signal.ITIMER_REAL, 0.0001)
    mine = 0
    try:
        while emitted[0] < 300:
            mine += 1
            record((T.SYSTEM, T.TOOL_CALL_START, T.TOOL_CALL_END)[mine % 3], f"s{mine % 7}", f"{mine % 3}")
            record.sending.stats()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert record.stats.recorded == mine + emitted[0]
    assert record.stats.sent == len(record.sent)
    record.sending.close()
    assert record.stats.waiting == record.stats.failed == 0
    assert record.stats.sent == len(record.sent)


def test_finalizers_that_emit_lose_nothing() -> None:
    """The garbage collector runs at nearly every allocation, and each time finds something that emits."""
    record = Recorded(Sampler(0.5, rates={T.SYSTEM: 0.5}, max_waiting_events=20, max_sessions=5))
    emitted = [0]

    class Emits:
        def __init__(self) -> None:
            self.itself = self

        def __del__(self) -> None:
            emitted[0] += 1
            record((T.SYSTEM, T.ERROR, T.SESSION_END)[emitted[0] % 3], f"s{emitted[0] % 7}")

    thresholds = gc.get_threshold()
    gc.collect()
    gc.set_threshold(1, 1, 1)
    try:
        for number in range(300):
            Emits()
            record((T.SYSTEM, T.TOOL_CALL_START)[number % 2], f"s{number % 7}", f"{number}")
    finally:
        gc.set_threshold(*thresholds)
    gc.collect()
    assert emitted[0] == 300
    record.sending.close()
    assert (record.stats.recorded, record.stats.failed, record.stats.waiting) == (600, 0, 0)
    assert record.stats.sent == len(record.sent)


FORKING = """
import ctypes, os
from chaukas_spec_lite import Event, EventType, Sampler
from chaukas_spec_lite.trace.sending import Sending

class Printed:
    def emit(self, event):
        os.write(1, f"{name} {event.event_id} {event.metadata}\\n".encode())

name = "parent"
sending = Sending(Printed(), sampler=Sampler(0, rates={"DATA_ACCESS": 0}))
def emit(event_id, event_type, session_id="s"):
    sending.emit(Event(event_id=event_id, type=event_type, session_id=session_id))

emit("1", EventType.SESSION_START)
emit("2", EventType.ERROR, "kept")
emit("3", EventType.DATA_ACCESS, "kept")
if not FORK():
    name = "child"
    assert sending.stats().recorded == sending.stats().waiting == 0
    emit("4", EventType.SYSTEM, "kept")
    emit("5", EventType.SYSTEM)
    emit("6", EventType.ERROR)
    emit("7", EventType.SESSION_END, "kept")
    stats = sending.stats()
    assert (stats.recorded, stats.sent, stats.waiting) == (4, 4, 0), stats
    os._exit(0)
assert os.wait()[1] == 0
assert sending.stats().waiting == 1
emit("8", EventType.ERROR)
emit("9", EventType.SESSION_END, "kept")
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing forks there")
@pytest.mark.parametrize("fork", ["os.fork", "ctypes.PyDLL(None).fork"])  # the other one as uWSGI does, without hooks
def test_what_waits_at_a_fork_is_the_parents(fork: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FORKING.replace("FORK", fork)],
        capture_output=True,
        text=True,
        timeout=HANG,
        check=False,
        cwd=ROOT,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "parent 2 None",
        "child 4 None",
        "child 5 None",
        "child 6 None",
        "child 7 None",
        "parent 1 None",
        "parent 8 None",
        "parent 9 {'chaukas': {'left_out': {'DATA_ACCESS': 1}}}",
    ]


# Settings


@pytest.mark.parametrize(
    ("make", "error", "says"),
    [
        (lambda: Sampler(2), SettingError, "rate: has to be a number from 0 to 1, not 2; for 2 percent write 0.02"),
        (lambda: Sampler(-0.1), SettingError, "rate: has to be a number from 0 to 1, not -0.1"),
        (lambda: Sampler(float("nan")), SettingError, "rate: has to be a number from 0 to 1, not nan"),
        (lambda: Sampler("10%"), SettingTypeError, "rate: has to be a number from 0 to 1, not '10%'"),
        (
            lambda: Sampler(rates={"DATA_ACESS": 0.1}),
            SettingError,
            "rates: EventType has no value 'DATA_ACESS'; did you mean 'DATA_ACCESS'?",
        ),
        (
            lambda: Sampler(rates={T.DATA_ACCESS: 7}),
            SettingError,
            "rates[DATA_ACCESS]: has to be a number from 0 to 1, not 7; for 7 percent write 0.07",
        ),
        (
            lambda: Sampler(rates={T.TOOL_CALL_START: 0.1, T.TOOL_CALL_END: 0.2}),
            SettingError,
            "rates: TOOL_CALL_START and TOOL_CALL_END are the ends of the same spans, and cannot have different rates",
        ),
        (
            lambda: Sampler(rates={"SESSION": 0.1}),
            SettingError,
            "rates: cannot leave out the ends of sessions: `rate` says how many sessions are kept",
        ),
        (lambda: Sampler(rates={2.5: 1}), SettingTypeError, "rates: has to have members of EventType or their names"),
        (lambda: Sampler(rates=0.1), SettingTypeError, "rates: has to be a mapping such as"),
        (lambda: Sampler(keep_errors=1), SettingTypeError, "keep_errors: has to be True or False, not 1"),
        (lambda: Sampler(max_sessions=0), SettingError, "max_sessions: has to be at least 1, not 0"),
        (lambda: Sampler(keep_error=True), TypeError, "there is no setting 'keep_error'; did you mean 'keep_errors'?"),
        (lambda: Sending(Listed(), sampler=0.1), SettingTypeError, "sampler: has to be a Sampler, not float; write"),
        (lambda: Sending(Listed(), sampler=Sampler), SettingTypeError, "sampler: has to be a Sampler, not type; write"),
    ],
)
def test_wrong_settings_say_what_to_write(make: Callable[[], object], error: type[Exception], says: str) -> None:
    with pytest.raises(error) as caught:
        make()
    assert str(caught.value).startswith(says)


def test_a_sampler_is_a_frozen_value() -> None:
    sampler = Sampler(0.5, rates={"TOOL_CALL": 0.1})
    assert sampler == Sampler(0.5, rates={T.TOOL_CALL_END: 0.1})
    assert sampler != Sampler(0.5)
    assert hash(sampler) == hash(pickle.loads(pickle.dumps(sampler)))
    assert pickle.loads(pickle.dumps(sampler)) == sampler
    assert sampler.rates == {T.TOOL_CALL_START: 0.1, T.TOOL_CALL_END: 0.1}
    with pytest.raises(FrozenInstanceError):
        sampler.rate = 1  # type: ignore[misc]  # what is tested


def test_numbers_of_types_without_a_name() -> None:
    record = Recorded(Sampler(rates={EventType(99): 0}))
    record(EventType(99))
    record(T.SESSION_END)
    assert record.sink.events[0].metadata == {"chaukas": {"left_out": {"99": 1}}}


@pytest.mark.parametrize(
    "fields", [{"type": "text"}, {"type": []}, {"session_id": 5}, {"span_id": b"x"}, {"type": None}]
)
def test_events_that_hold_anything_are_decided_too(fields: Any) -> None:
    for sampler in (Sampler(), NONE, Sampler(rates={T.SYSTEM: 0})):
        record = Recorded(sampler)
        event = Event(type=T.SYSTEM, session_id="s")
        for name, value in fields.items():
            setattr(event, name, value)
        record.sending.emit(event)
        assert record.stats.failed == 0
        assert record.stats.recorded == 1


def test_an_event_whose_id_cannot_be_read_is_counted_and_told(caplog: pytest.LogCaptureFixture) -> None:
    class Unreadable:
        def __str__(self) -> str:
            raise ValueError("no text")

    record = Recorded(NONE)
    assert not record(T.SYSTEM, Unreadable())  # type: ignore[arg-type]  # what is tested
    assert record.stats.failed == 1
    assert caplog.messages == ["An event was not recorded: ValueError: no text"]


def test_the_sink_is_never_called_within_the_lock_whatever_is_interrupted() -> None:
    """The sink may wait for a lock of its own, and who holds that for the sampler's, in a finalizer."""
    within: list[bool] = []

    class Asking:
        def emit(self, event: Event) -> None:
            within.append(selection._lock._is_owned())  # type: ignore[union-attr]

    sending = Sending(Asking(), sampler=Sampler(rate=0.0))
    selection = sending._selection
    assert selection is not None
    codes = {each.__code__ for each in (Selection.take, Selection._do_whole, Selection._hand_over, Selection.hand_over)}
    seen: set[tuple[object, int]] = set()

    def emitted(number: int) -> None:
        begin = Event(type=EventType.SESSION_START, session_id=f"s{number}", span_id=f"p{number}", trace_id="t")
        sending.emit(begin)
        failed = Event(type=EventType.ERROR, session_id=f"s{number}", status=EventStatus.FAILED, trace_id="t")
        sending.emit(failed)

    def interrupt(frame: FrameType, what: str, _: object) -> Any:
        if frame.f_code not in codes:
            return None
        place = frame.f_code, frame.f_lineno
        if what == "line" and place not in seen:
            seen.add(place)
            emitted(len(seen))
        return interrupt

    before = sys.gettrace()
    sys.settrace(interrupt)
    try:
        emitted(0)
        emitted(-1)
    finally:
        sys.settrace(before)
    sending.flush()
    assert len(seen) > 20
    assert within == [False] * (2 * len(seen) + 4)
    assert sending.stats().waiting == 0
