"""Where events go, as type checkers see it."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from typing_extensions import assert_type

from chaukas_spec_lite import Emitted, Event, EventExporter, Recorder, RetryPolicy
from chaukas_spec_lite.sinks import (
    BothSinks,
    ConsoleSink,
    FileSink,
    HttpSender,
    MemorySink,
    NullSink,
    OpenSink,
    from_environment,
    open_sink,
)

with Recorder.to("memory:", tenant_id="acme", spool="/x", batch_size=5, tags=["a"], before_send=None) as recorder:
    assert_type(recorder, Recorder)
    assert_type(recorder.events, list[Event])
assert_type(Recorder.from_env(environ={"CHAUKAS_DISABLED": "1"}, api_key="k", retry=RetryPolicy()), Recorder)

assert_type(open_sink("null:", timeout=5, spool=None), OpenSink)
found = from_environment({"CHAUKAS_ENDPOINT": "memory:"})
assert_type(found.sink, OpenSink)
assert_type(found.enabled, bool)

with TemporaryDirectory() as directory, FileSink(Path(directory) / "e.jsonl") as file:
    assert_type(file.emit(Event()), Emitted)
    assert_type(file.flush(), bool)
    assert_type(file.stats().written, int)
memory = MemorySink(limit=3)
assert_type(memory.events, list[Event])
sinks: list[OpenSink] = [memory, NullSink(), ConsoleSink(tree=True), BothSinks(memory, NullSink())]
EventExporter(HttpSender("https://h", environ={}))
Recorder(memory)
