"""Sinks and their settings that both checkers refuse."""

from __future__ import annotations

from chaukas_spec_lite import Recorder
from chaukas_spec_lite.sinks import FileSink, HttpSender, MemorySink, open_sink

Recorder.to("memory:", tennant_id="acme")  # error: misspelt setting of the recorder
Recorder.to("memory:", spol="/x")  # error: misspelt setting of the sink
Recorder.to("memory:", batch_size="many")  # error: wrong type
Recorder.to(5)  # error: no address
Recorder.from_env("memory:")  # error: takes no address
open_sink("memory:", tenant_id="acme")  # error: the recorder's
open_sink()  # error: no address
FileSink("e.txt", form="json")  # error: no such form
HttpSender("https://h", headers=[("a", "b")])  # error: no mapping
MemorySink(limit="3")  # error: wrong type
