"""Whether the fast path is taken is decided by how h2 and hpack behave, and every decision makes calls that work."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Callable, Iterator
from typing import Any

import h2
import hpack
import pytest
from h2.connection import H2Connection
from h2.stream import H2Stream
from h2.windows import WindowManager
from hpack import Decoder, Encoder
from hpack.table import HeaderTable

from chaukas_spec_lite import Event
from chaukas_spec_lite.client.client import ChaukasClient
from chaukas_spec_lite.collector import Collector
from chaukas_spec_lite.rpc.transport import verification
from chaukas_spec_lite.rpc.transport.fast_path import FastConnection
from chaukas_spec_lite.rpc.transport.headers import RememberingEncoder
from chaukas_spec_lite.rpc.transport.http2 import StrictConnection
from chaukas_spec_lite.rpc.transport.verification import Verified, new_connection, verify
from tests.rpc.test_http2 import World, one_call

ALL, SLOWER, SLOWEST = Verified(True, True), Verified(True, False), Verified(False, False)


@pytest.fixture(autouse=True)
def _anew() -> Iterator[None]:
    """Have each test verify by itself, and what comes after it as well."""
    verify.cache_clear()
    yield
    verify.cache_clear()


def test_the_installed_libraries_are_used_at_full_speed(caplog: pytest.LogCaptureFixture) -> None:
    assert verify() == ALL
    assert isinstance(new_connection(True), FastConnection)
    assert caplog.records == []


def test_version_numbers_decide_nothing(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr(h2, "__version__", "4.4.2")
    monkeypatch.setattr(hpack, "__version__", "99.0")
    assert isinstance(new_connection(False), FastConnection)
    assert caplog.records == []


def new_entries_last(patch: pytest.MonkeyPatch) -> None:
    """hpack keeps its table the other way round: what was remembered would stand for other headers."""
    own_shrink = HeaderTable._shrink

    def add(table: Any, name: bytes, value: bytes) -> None:
        table.dynamic_entries.append((name, value))
        table._current_size += 32 + len(name) + len(value)
        table._shrink()

    def shrink(table: Any) -> None:
        table.dynamic_entries.reverse()
        own_shrink(table)
        table.dynamic_entries.reverse()

    patch.setattr(HeaderTable, "add", add)
    patch.setattr(HeaderTable, "_shrink", shrink)
    for name in ("search", "get_by_index"):
        patch.setattr(HeaderTable, name, newest_first(getattr(HeaderTable, name)))


def newest_first(method: Callable[..., Any]) -> Callable[..., Any]:
    """Have a method see the entries of a table in the order in which hpack keeps them today."""

    def changed(table: Any, *args: Any) -> Any:
        view = HeaderTable()
        view.dynamic_entries.extendleft(table.dynamic_entries)
        return method(view, *args)

    return changed


def table_renamed(patch: pytest.MonkeyPatch) -> None:
    class Renamed(HeaderTable):
        def __getattribute__(self, name: str) -> Any:
            if name == "dynamic_entries" and sys._getframe(1).f_globals["__name__"] != "hpack.table":
                raise AttributeError(name)
            return super().__getattribute__(name)

    patch.setattr("hpack.hpack.HeaderTable", Renamed)


def sizes_renamed(patch: pytest.MonkeyPatch) -> None:
    own = Encoder.__init__

    def init(self: Any) -> None:
        own(self)
        del self.table_size_changes

    patch.setattr(Encoder, "__init__", init)


def frames_counted(patch: pytest.MonkeyPatch) -> None:
    """h2 counts frames, say to bound them: the fast path would get round the bound."""
    own = H2Connection._receive_frame

    def receive(self: Any, frame: Any) -> Any:
        self.frames_received = getattr(self, "frames_received", 0) + 1
        return own(self, frame)

    patch.setattr(H2Connection, "_receive_frame", receive)


def state_added(patch: pytest.MonkeyPatch) -> None:
    own = H2Stream.send_headers

    def send(self: Any, *args: Any, **kwargs: Any) -> Any:
        self.headers_complete = True
        return own(self, *args, **kwargs)

    patch.setattr(H2Stream, "send_headers", send)


def window_counted_elsewhere(patch: pytest.MonkeyPatch) -> None:
    own = WindowManager.window_consumed

    def consumed(self: Any, size: int) -> None:
        own(self, size)
        self.consumed = getattr(self, "consumed", 0) + size

    patch.setattr(WindowManager, "window_consumed", consumed)


def bytes_changed(patch: pytest.MonkeyPatch) -> None:
    """h2 sends data with padding."""
    own = H2Connection.send_data
    patch.setattr(H2Connection, "send_data", lambda self, number, data, end=False: own(self, number, data, end, 1))


def event_added(patch: pytest.MonkeyPatch) -> None:
    own = H2Connection._receive_data_frame

    def receive(self: Any, frame: Any) -> Any:
        frames, events = own(self, frame)
        return frames, [*events, *events]

    patch.setattr(H2Connection, "_receive_data_frame", receive)


def buffer_renamed(patch: pytest.MonkeyPatch) -> None:
    def getattribute(self: Any, name: str) -> Any:
        if name == "_data_to_send" and sys._getframe(1).f_globals["__name__"] != "h2.connection":
            raise AttributeError(name)
        return object.__getattribute__(self, name)

    patch.setattr(H2Connection, "__getattribute__", getattribute, raising=False)


def class_gone(patch: pytest.MonkeyPatch) -> None:
    patch.delattr("h2.connection.AllowedStreamIDs")
    patch.delitem(sys.modules, "chaukas_spec_lite.rpc.transport.fast_path")


CHANGES = [
    (new_entries_last, SLOWEST, "hpack", "headers: "),
    (table_renamed, SLOWEST, "hpack", "AttributeError: dynamic_entries"),
    (sizes_renamed, SLOWEST, "hpack", "table_size_changes"),
    (frames_counted, SLOWER, "h2", "frames_received"),
    (state_added, SLOWER, "h2", "headers_complete"),
    (window_counted_elsewhere, SLOWER, "h2", "consumed"),
    (bytes_changed, SLOWER, "h2", "events"),
    (event_added, SLOWER, "h2", "events"),
    (buffer_renamed, SLOWER, "h2", "AttributeError: _data_to_send"),
    (class_gone, SLOWER, "h2", "ImportError"),
]


@pytest.mark.parametrize(
    ("change", "verified", "library", "reason"), CHANGES, ids=lambda value: getattr(value, "__name__", "")
)
def test_what_has_changed_is_noticed_and_said_once(
    change: Callable[[pytest.MonkeyPatch], None],
    verified: Verified,
    library: str,
    reason: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    change(monkeypatch)
    for _ in range(3):
        assert type(new_connection(True)) is StrictConnection
    assert verify() == verified
    (record,) = caplog.records
    assert (record.levelno, record.name) == (logging.WARNING, "chaukas_spec_lite.rpc")
    assert record.message.startswith(f"{library} ")
    assert reason in record.message
    if change in (event_added, sizes_renamed, class_gone):
        return  # These are no working HTTP/2.
    world = World(new_connection)
    for step in [*one_call(1), *one_call(3), *one_call(5)]:
        world.do(step)
    assert all(end.streams[5].closed for end in world.ends.values())


@pytest.mark.parametrize("verified", [ALL, SLOWER, SLOWEST], ids=["fast", "remembering", "own way"])
def test_calls_work_either_way(verified: Verified, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[StrictConnection] = []

    def noting(client_side: bool) -> StrictConnection:
        made.append(new_connection(client_side))
        return made[-1]

    async def main() -> None:
        async with Collector() as collector, ChaukasClient(f"127.0.0.1:{collector.port}") as client:
            events = [Event(event_id=str(number), branch="x" * number) for number in range(20)]
            for event in events:
                await client.ingest_event(event)
            assert {event.event_id async for event in client.query_events()} == {event.event_id for event in events}

    monkeypatch.setattr(verification, "verify", lambda: verified)
    monkeypatch.setattr("chaukas_spec_lite.rpc.transport.protocol.new_connection", noting)
    asyncio.run(asyncio.wait_for(main(), 60))
    assert len(made) == 2
    for end in made:
        assert isinstance(end, FastConnection) is verified.fast
        assert isinstance(end.encoder, RememberingEncoder) is verified.remember
        assert isinstance(end.encoder, Encoder)
        assert isinstance(end.decoder, Decoder)
