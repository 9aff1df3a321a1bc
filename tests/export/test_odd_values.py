"""One odd value never costs an event: ``emit`` converts it, counts it and says where.

What becomes of each kind of value is held by ``tests/lenient``.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import sys
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from chaukas.spec.common.v1 import events_pb2

from chaukas_spec_lite import Event, EventType
from chaukas_spec_lite.audit.verification import FaultKind, verify
from chaukas_spec_lite.export import Emitted, EventExporter
from chaukas_spec_lite.retry import RetryPolicy
from tests.export.doubles import Recorder, numbered
from tests.export.programs import run as run_program
from tests.patience import HANG, run

ID = UUID("01a20312-f7fe-75c5-a0af-9eef5c84126b")
QUICK = RetryPolicy(initial=0.001, maximum=0.001)


class Hostile:
    """A value of which nothing can be asked."""

    def __bool__(self) -> bool:
        raise RuntimeError("no truth")

    def __repr__(self) -> str:
        raise RuntimeError("no repr")

    def __iter__(self) -> Any:
        raise RuntimeError("no items")

    def __len__(self) -> int:
        raise RuntimeError("no length")

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("no comparison")

    __hash__ = None  # type: ignore[assignment]


def received(sender: Recorder) -> list[Any]:
    """What was sent, read by the reference."""
    return [events_pb2.Event.FromString(data) for data in sender.received]


@pytest.mark.parametrize("spooled", [True, False])
def test_an_odd_value_is_sent_in_another_form_and_told_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, spooled: bool
) -> None:
    async def main() -> None:
        sender = Recorder()
        async with EventExporter(sender, spool=tmp_path if spooled else None, retry=QUICK) as exporter:
            for _ in range(3):
                metadata: Any = {"id": ID, "list": [1, ID, ID]}
                event = Event(type=EventType.SYSTEM, metadata=metadata)
                assert exporter.emit(event) is (Emitted.SPOOLED if spooled else Emitted.QUEUED)
                assert metadata == {"id": ID, "list": [1, ID, ID]}, "the caller's objects are not changed"
            exporter.emit(numbered(1))
            assert await exporter.flush(HANG)
            stats = exporter.stats()
            assert (stats.emitted, stats.sent, stats.converted, stats.dropped) == (4, 4, 3, {})
        assert [dict(event.metadata) for event in received(sender)[:3]] == [
            {"id": str(ID), "list": events.metadata["list"]} for events in received(sender)[:3]
        ]
        assert list(received(sender)[0].metadata["list"]) == [1, str(ID), str(ID)]

    run(main())
    told = [record.getMessage() for record in caplog.records if "converted" in record.getMessage()]
    assert len(told) == 2, told
    assert "Event.metadata['id']" in told[0]
    assert "Event.metadata['list'][1]" in told[1]


class Liar:
    """A value that does not even say of which class it is."""

    @property  # type: ignore[misc]
    def __class__(self) -> type[Any]:
        raise RuntimeError("no class")


class HostileText(str):
    """A text with methods of somebody's own."""

    __slots__ = ()

    def encode(self, *_: object, **__: object) -> bytes:
        raise RuntimeError("no bytes")

    def __hash__(self) -> int:
        raise RuntimeError("no hash")

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("no comparison")


class HostileNumber(int):
    """Likewise."""

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("no comparison")

    __hash__ = int.__hash__


class NotCopied(Event):
    """An event of a class that somebody derived."""

    def __copy__(self) -> Any:
        raise RuntimeError("no copy")


HOSTILE = [Hostile(), [Hostile()], {"x": Hostile()}, Liar(), HostileText("x"), HostileText(""), HostileNumber(5)]


@pytest.mark.parametrize("audit", [True, False])
@pytest.mark.parametrize("field", Event.__dataclass_fields__)
def test_emit_raises_for_no_value_in_any_field(field: str, audit: bool) -> None:
    sender = Recorder()
    exporter = EventExporter(sender, audit=audit)
    for value in [*HOSTILE, ID, object(), float("nan"), "\ud800", 2**70]:
        event = Event()
        setattr(event, field, value)
        assert exporter.emit(event) is Emitted.QUEUED
    assert exporter.stats().dropped == {}
    assert asyncio.run(exporter.aclose())
    if audit and field not in ("content_hash", "event_id"):  # what has a seal keeps it; odd ids may be the same
        assert {fault.kind for fault in verify(sender.received).faults} == {FaultKind.CUT_OFF}


@pytest.mark.parametrize("audit", [True, False])
@pytest.mark.parametrize("field", Event.__dataclass_fields__)
def test_a_deleted_attribute_counts_as_not_set(field: str, audit: bool) -> None:
    sender = Recorder()
    exporter = EventExporter(sender, audit=audit)
    event = Event(metadata={"there": True})
    delattr(event, field)
    assert exporter.emit(event) is Emitted.QUEUED
    assert asyncio.run(exporter.aclose())
    sent = Event.parse(sender.received[0])
    assert sent.event_id
    assert sent.timestamp
    assert bool(sent.content_hash) is audit
    assert (sent.metadata == {"there": True}) is (field != "metadata")


@pytest.mark.parametrize("audit", [True, False])
def test_an_event_that_cannot_be_copied_is_sent(audit: bool) -> None:
    sender = Recorder()
    exporter = EventExporter(sender, audit=audit)
    assert exporter.emit(NotCopied(session_id="s")) is Emitted.QUEUED
    assert asyncio.run(exporter.aclose())
    assert Event.parse(sender.received[0]).session_id == "s"


def test_an_event_with_a_deleted_attribute_is_dropped_where_all_is_strict() -> None:
    exporter = EventExporter(Recorder(), strict=True)
    event = Event()
    del event.event_id
    assert exporter.emit(event) is Emitted.DROPPED
    assert exporter.stats().dropped == {"invalid": 1}
    asyncio.run(exporter.aclose())


def test_default_is_asked_first_and_may_fail() -> None:
    async def main() -> None:
        def default(value: Any) -> Any:
            if isinstance(value, Hostile):
                raise ValueError("not this one")
            return {"kind": type(value).__name__}

        sender = Recorder()
        async with EventExporter(sender, default=default) as exporter:
            exporter.emit(Event(metadata={"a": object(), "b": Hostile()}))
            assert await exporter.flush(HANG)
        (event,) = received(sender)
        assert event.metadata["a"]["kind"] == "object"
        assert isinstance(event.metadata["b"], str)

    run(main())


def test_what_is_too_large_is_cut_and_arrives(tmp_path: Path) -> None:
    async def main() -> None:
        sender = Recorder()
        async with EventExporter(sender, spool=tmp_path, max_event_bytes=2000) as exporter:
            event = Event(type=EventType.SYSTEM, session_id="s-1", metadata={"short": "kept", "long": "x" * 10_000})
            assert exporter.emit(event) is Emitted.SPOOLED
            assert await exporter.flush(HANG)
            assert exporter.stats().converted == 1
        (event_,) = received(sender)
        assert event_.ByteSize() <= 2000
        assert (event_.session_id, event_.metadata["short"]) == ("s-1", "kept")
        assert 500 < len(event_.metadata["long"]) < 2000

    run(main())


def test_media_are_replaced_on_request() -> None:
    async def main() -> None:
        image = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 100
        url = f"data:image/png;base64,{base64.b64encode(image).decode()}"
        for most, kept in ((None, True), (1000, False)):
            sender = Recorder()
            async with EventExporter(sender, max_media_bytes=most) as exporter:
                exporter.emit(Event(metadata={"image": url}))
                assert await exporter.flush(HANG)
            (event,) = received(sender)
            said = event.metadata["image"]
            assert (said == url) is kept
            if not kept:
                assert hashlib.sha256(image).hexdigest() in str(said)

    run(main())


def test_strict_is_as_it_was() -> None:
    exporter = EventExporter(Recorder(), strict=True)
    assert exporter.emit(Event(metadata={"id": ID})) is Emitted.DROPPED  # type: ignore[dict-item]
    assert exporter.stats().dropped == {"invalid": 1}
    assert exporter.stats().converted == 0
    asyncio.run(exporter.aclose())


def test_paths_that_are_made_up_for_each_event_do_not_flood_the_log(caplog: pytest.LogCaptureFixture) -> None:
    exporter = EventExporter(Recorder())
    for number in range(300):
        exporter.emit(Event(metadata={f"key {number}": ID}))  # type: ignore[dict-item]
    told = [record for record in caplog.records if "converted" in record.getMessage()]
    assert 20 <= len(told) <= 21
    assert exporter.stats().converted == 300
    asyncio.run(exporter.aclose())


@pytest.mark.skipif(sys.platform != "linux", reason="the C library is found by its name in this process")
def test_a_child_that_no_hook_saw_counts_its_own() -> None:
    """As uWSGI forks, in C: the first thing that happens in the child is the conversion."""
    run_program(
        """
        import ctypes
        from chaukas_spec_lite import Event
        exporter = EventExporter(Recorder(), close_timeout=0.1)
        exporter.emit(Event(metadata={"odd": object()}))
        pid = ctypes.PyDLL(None).fork()
        if not pid:
            exporter.emit(Event(metadata={"odd": object()}))
            exporter.emit(Event(metadata={"odd": object()}))
            stats = exporter.stats()
            os._exit(0 if (stats.emitted, stats.converted) == (2, 2) else 1)
        assert os.waitpid(pid, 0)[1] == 0
        assert exporter.stats().converted == 1
        """
    )


def test_what_is_lost_is_logged_however_much_is_only_converted(caplog: pytest.LogCaptureFixture) -> None:
    """Twenty paths have a line of their own; those that lose something are counted by themselves."""
    loop: list[Any] = []
    loop.append(loop)
    exporter = EventExporter(Recorder())
    for number in range(50):
        exporter.emit(Event(metadata={f"key {number}": ID}))  # type: ignore[dict-item]
    # Within one event, too, and behind more of the others than have lines.
    odd: Any = {f"odd {number}": ID for number in range(50)}
    exporter.emit(Event(metadata={**odd, "itself": loop}))
    lines = [record.getMessage() for record in caplog.records]
    lost = "list contains itself; the second time it became the text [contains itself: list of 1]"
    assert lines[-1] == f"A part of an event was not recorded: Event.metadata['itself'][0]: {lost}"
    assert len([line for line in lines if line.startswith("A value was converted")]) in (20, 21)
    asyncio.run(exporter.aclose())
