"""Mistakes around traces of several processes, logging and tests, that type checkers find."""

from __future__ import annotations

from chaukas_spec_lite import Recorder
from chaukas_spec_lite.pytest_plugin import RecordedEvents
from chaukas_spec_lite.trace.logs import RecorderHandler
from chaukas_spec_lite.trace.propagation import TracePosition, inject

recorder = Recorder.to("null:")

RecorderHandler("recorder")  # error: no recorder
RecorderHandler(recorder, outside="yes")  # error: no bool
recorder.environment({"A": 1})  # error: variables are texts
inject("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", {})  # error: no place in a trace
TracePosition("t")  # error: no span

with recorder.continue_from({}) as position:
    text: str = position.trace_id  # error: there may be none


def test_it(chaukas_events: RecordedEvents) -> None:
    chaukas_events.one("ERROR")  # error: a text is no type
