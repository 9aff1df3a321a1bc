"""``emit`` is given events of the official package, and encoded ones."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from chaukas.spec.client.v1 import client_pb2
from chaukas.spec.common.v1 import events_pb2

from chaukas_spec_lite import BlockingExporter, Event
from chaukas_spec_lite.client.settings import Settings
from chaukas_spec_lite.export import Dropped, DropReason, Emitted, EventExporter
from chaukas_spec_lite.retry import RetryPolicy
from tests import realdata
from tests.export.doubles import Recorder, invalid

NO_WAITS = RetryPolicy(initial=0.001, maximum=0.001)
UNKNOWN = b"\xaa\x7d\x03new"
"""A field that no version of the schema knows yet."""


def exporter(sender: Recorder, **settings: Any) -> EventExporter:
    return EventExporter(sender, **{"retry": NO_WAITS, **settings})


def official(event_id: str = "e1", **fields: Any) -> events_pb2.Event:
    event = events_pb2.Event(event_id=event_id, **fields)
    event.timestamp.FromJsonString("2026-11-22T11:45:06.7Z")
    return event


def _ids(sender: Recorder) -> list[str]:
    return [Event.parse(event).event_id for event in sender.received]


def test_an_official_event_is_sent_byte_for_byte() -> None:
    async def main() -> None:
        sender = Recorder()
        event = official(tags=["b", "a"])
        event.MergeFromString(UNKNOWN)
        data = event.SerializeToString()
        odd = bytes(Event(tags=["late"])) + data  # no encoder would write its fields in this order
        async with exporter(sender) as export:
            assert export.emit(event) is Emitted.QUEUED
            event.tags.append("afterwards")
            for kind in (bytes, bytearray, memoryview):
                assert export.emit(kind(odd)) is Emitted.QUEUED
        assert sender.received == [data, odd, odd, odd]

    asyncio.run(main())


def test_what_is_missing_stands_behind_what_is_there() -> None:
    async def main() -> None:
        sender: Any = Recorder()
        sender.settings = Settings.load("localhost:1", tenant_id="acme", tags=["a"], environ={})
        event = events_pb2.Event(agent_name="triage", tenant_id="mine")
        async with exporter(sender) as export:
            export.emit(event)
            export.emit(event.SerializeToString())
        assert event == events_pb2.Event(agent_name="triage", tenant_id="mine")
        for data in sender.received:
            assert data.startswith(event.SerializeToString())
            sent = events_pb2.Event.FromString(data)
            assert (sent.tenant_id, sent.agent_name, sent.tags) == ("mine", "triage", ["a"])
            assert sent.event_id[14] == "7"
            assert sent.HasField("timestamp")
        first, second = map(Event.parse, sender.received)
        assert first.event_id < second.event_id

    asyncio.run(main())


def test_real_events_are_sent_as_they_are(tmp_path: Path) -> None:
    recorded = realdata.events()
    with BlockingExporter(sender := Recorder(), spool=tmp_path) as export:
        for number, data in enumerate(recorded):
            event = events_pb2.Event.FromString(data)
            assert export.emit(data if number % 2 else event) is Emitted.SPOOLED
    for data, sent in zip(recorded, sender.received, strict=True):
        assert sent.startswith(data) or events_pb2.Event.FromString(sent) == events_pb2.Event.FromString(data)


def test_bytes_that_are_no_event_become_a_dead_letter(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        sender = Recorder()
        offered: list[Dropped] = []
        damaged = bytes(Event(event_id="e1")) + b"\x5a\x01\x08"
        async with exporter(sender, spool=tmp_path, on_drop=offered.append) as export:
            assert export.emit(damaged) is Emitted.DROPPED
            assert export.emit(official("e2")) is Emitted.SPOOLED
            assert await export.flush()
            (letter,) = await export.dead_letters()
            assert letter.data == damaged
            assert letter.reason is DropReason.INVALID
            assert letter.path == "Event.timestamp"
            assert letter.detail.startswith("it is no event: Event.timestamp: ")
            # It would be refused by every server: it stays for people to look at.
            assert await export.resend_dead_letters() == 0
            assert len(await export.dead_letters()) == 1
            assert [each.data for each in offered] == [damaged]
        assert _ids(sender) == ["e2"]
        assert "it is no event" in caplog.text

    asyncio.run(main())


def test_dead_letters_of_official_events_are_sent_again(tmp_path: Path) -> None:
    async def main() -> None:
        sender = Recorder(lambda events: invalid())
        async with exporter(sender, spool=tmp_path) as export:
            export.emit(official("e1"))
            assert not await export.flush()
            assert [letter.event_id for letter in await export.dead_letters()] == ["e1"]
            sender._judge = None
            assert await export.resend_dead_letters() == 1
            assert await export.flush()
        assert _ids(sender) == ["e1"]

    asyncio.run(main())


class Unwilling(Exception):
    """What a class of somebody else's raises."""


class Broken:
    DESCRIPTOR = events_pb2.Event.DESCRIPTOR

    def __init__(self, made: object) -> None:
        self.made = made

    def SerializeToString(self) -> Any:
        if isinstance(self.made, Exception):
            raise self.made
        return self.made


def test_what_an_official_class_gets_wrong_never_raises(caplog: pytest.LogCaptureFixture) -> None:
    offered: list[Dropped] = []
    export = exporter(Recorder(), on_drop=offered.append)
    for made in (Unwilling("no"), None, b"\x0a\x7f"):
        assert export.emit(Broken(made)) is Emitted.DROPPED
    assert [each.reason for each in offered] == [DropReason.INVALID] * 3
    assert [each.data for each in offered] == [b"", b"", b"\x0a\x7f"]
    details = [each.detail for each in offered]
    assert details[0] == "Event: the class Broken cannot encode it: Unwilling('no')"
    assert details[1] == "Event: the class Broken made NoneType of it, not bytes"
    assert details[2].startswith("it is no event: Event: a length of 127 bytes exceeds")
    asyncio.run(export.aclose())


def test_an_event_above_the_limit_is_cut_as_ours_is(tmp_path: Path) -> None:
    async def main() -> None:
        sender = Recorder()
        large = official(agent_name="x")
        large.message.text = "long " * 1000
        async with exporter(sender, max_event_bytes=2000) as export:
            export.emit(large)
            export.emit(large.SerializeToString())
        assert all(len(data) <= 2000 for data in sender.received)
        assert [event.agent_name for event in map(Event.parse, sender.received)] == ["x", "x"]
        async with exporter(sender, max_event_bytes=2000, strict=True, spool=tmp_path) as export:
            assert export.emit(large) is Emitted.DROPPED
            (letter,) = await export.dead_letters()
            assert letter.reason is DropReason.TOO_LARGE
            assert letter.event_id == "e1"
            assert letter.data == large.SerializeToString()

    asyncio.run(main())


def test_another_message_is_refused_with_both_names() -> None:
    export = exporter(Recorder())
    other: Any
    for other, said in [
        (client_pb2.IngestEventRequest(), r"chaukas.spec.client.v1.IngestEventRequest; make one with Event\(...\)"),
        (events_pb2.EventBatch(), "chaukas.spec.common.v1.EventBatch; call it once for each of batch.events"),
    ]:
        with pytest.raises(TypeError, match=f"emit expects chaukas.spec.common.v1.Event, got {said}"):
            export.emit(other)
    with pytest.raises(TypeError, match="emit expects an Event, got the class Event"):
        export.emit(events_pb2.Event)  # type: ignore[arg-type]
    asyncio.run(export.aclose())
