"""Headers keep their type through ``inject``, and what another process said can be asked for."""

from __future__ import annotations

import asyncio
import logging
import subprocess
import sys

from typing_extensions import assert_type

from chaukas_spec_lite import Event, EventType, Recorder
from chaukas_spec_lite.pytest_plugin import EventTree, RecordedEvents
from chaukas_spec_lite.trace.logs import RecorderHandler
from chaukas_spec_lite.trace.propagation import TracePosition, extract

recorder = Recorder.to("memory:")

assert_type(recorder.inject(), dict[str, str])
assert_type(recorder.inject({"accept": "*/*"}), dict[str, str])
pairs: list[tuple[bytes, bytes]] = [(b"accept", b"*/*")]
assert_type(recorder.inject(pairs), list[tuple[bytes, bytes]])

with recorder.continue_from({"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}) as position:
    assert_type(position, TracePosition | None)
    if position is not None:
        assert_type(position.trace_id, str)
        assert_type(position.flags, int | None)


async def serve() -> None:
    async with recorder.continue_from(pairs) as found:
        assert_type(found, TracePosition | None)


asyncio.run(serve())

assert_type(extract(None), TracePosition | None)
assert_type(recorder.environment(), dict[str, str])
subprocess.run([sys.executable, "-c", ""], env=recorder.environment({"PATH": "/bin"}), check=True)
assert_type(Recorder.from_env(parent=None, enabled=False), Recorder)

logging.getLogger("shop").addHandler(RecorderHandler(recorder, logging.DEBUG, outside=True))


def test_it(chaukas_events: RecordedEvents) -> None:
    assert_type(chaukas_events.tree(), EventTree)
    assert_type(chaukas_events.one(EventType.ERROR), Event)
    assert_type(chaukas_events.of(EventType.ERROR, EventType.RETRY), list[Event])
    assert_type(chaukas_events[0], Event)
    assert_type(chaukas_events[1:], list[Event])
    assert_type(chaukas_events.recorder, Recorder)
