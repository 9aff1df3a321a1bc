"""Whether the fast path is taken is decided by how h2 and hpack behave, and every decision makes calls that work."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections import deque
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
from tests.patience import AGES, HANG
from tests.rpc.test_http2 import World, one_call

ALL, SLOWER, SLOWEST = Verified(True, True), Verified(True, False), Verified(False, False)


@pytest.fixture(autouse=True)
def _anew() -> Iterator[None]:
    """Have each test verify by itself, and what comes after it as well."""
    verification._once.found = None
    yield
    verification._once.found = None


def test_the_installed_libraries_are_used_at_full_speed(caplog: pytest.LogCaptureFixture) -> None:
    assert verify() == ALL
    assert isinstance(new_connection(True), FastConnection)
    assert caplog.records == []


@pytest.mark.parametrize("version", ["99.0", None])
def test_version_numbers_decide_nothing(
    version: str | None, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for library in (h2, hpack):
        if version is None:
            monkeypatch.delattr(library, "__version__")
        else:
            monkeypatch.setattr(library, "__version__", version)
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


def hide(patch: pytest.MonkeyPatch, cls: type[Any], name: str) -> None:
    """Have an attribute of a class be there for its own library only, as if that had renamed it."""
    library = cls.__module__.partition(".")[0]
    get, put = cls.__getattribute__, cls.__setattr__

    def check(asked: str) -> None:
        if asked == name and sys._getframe(2).f_globals["__name__"].partition(".")[0] != library:
            raise AttributeError(name)

    def getattribute(self: Any, asked: str) -> Any:
        check(asked)
        return get(self, asked)

    def setattribute(self: Any, asked: str, value: Any) -> None:
        check(asked)
        put(self, asked, value)

    patch.setattr(cls, "__getattribute__", getattribute, raising=False)
    patch.setattr(cls, "__setattr__", setattribute, raising=False)


def entries_renamed(patch: pytest.MonkeyPatch) -> None:
    hide(patch, HeaderTable, "dynamic_entries")


def table_renamed(patch: pytest.MonkeyPatch) -> None:
    hide(patch, Encoder, "header_table")
    hide(patch, Decoder, "header_table")


def table_size_renamed(patch: pytest.MonkeyPatch) -> None:
    hide(patch, HeaderTable, "maxsize")


def sizes_renamed(patch: pytest.MonkeyPatch) -> None:
    hide(patch, Encoder, "table_size_changes")


def version_gone_as_well(patch: pytest.MonkeyPatch) -> None:
    patch.delattr(hpack, "__version__")
    table_renamed(patch)


def frames_counted(patch: pytest.MonkeyPatch) -> None:
    """h2 counts frames, say to bound them: the fast path would get round the bound."""
    own = H2Connection._receive_frame

    def receive(self: Any, frame: Any) -> Any:
        self.frames_received = getattr(self, "frames_received", 0) + 1
        return own(self, frame)

    patch.setattr(H2Connection, "_receive_frame", receive)


def kept_by_h2(patch: pytest.MonkeyPatch, first: Any, note: Callable[[Any], Any]) -> None:
    """h2 keeps something that changes with every frame it gets."""
    own_init, own_receive = H2Connection.__init__, H2Connection._receive_frame

    def init(self: Any, *args: Any, **kwargs: Any) -> None:
        own_init(self, *args, **kwargs)
        self.frames_seen = first()

    def receive(self: Any, frame: Any) -> Any:
        self.frames_seen = note(self.frames_seen)
        return own_receive(self, frame)

    patch.setattr(H2Connection, "__init__", init)
    patch.setattr(H2Connection, "_receive_frame", receive)


def frames_in_a_set(patch: pytest.MonkeyPatch) -> None:
    kept_by_h2(patch, set, lambda seen: seen | {len(seen)})


def frames_in_a_deque(patch: pytest.MonkeyPatch) -> None:
    kept_by_h2(patch, deque, lambda seen: seen + deque([len(seen)]))


def frames_timed(patch: pytest.MonkeyPatch) -> None:
    kept_by_h2(patch, float, lambda seen: seen + 0.5)


class Limiter:
    def __init__(self) -> None:
        self.count = 0

    def one_more(self) -> Limiter:
        self.count += 1
        return self


def frames_in_a_new_part(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Limiter, "__module__", "h2.limits")
    kept_by_h2(patch, Limiter, Limiter.one_more)


def frames_in_an_unknown_type(patch: pytest.MonkeyPatch) -> None:
    kept_by_h2(patch, Limiter, Limiter.one_more)


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

    def send(self: Any, stream_id: int, data: bytes, end_stream: bool = False, pad_length: Any = None) -> None:
        own(self, stream_id, data, end_stream, pad_length or 1)

    patch.setattr(H2Connection, "send_data", send)


def event_added(patch: pytest.MonkeyPatch) -> None:
    own = H2Connection._receive_data_frame

    def receive(self: Any, frame: Any) -> Any:
        frames, events = own(self, frame)
        return frames, [*events, *events]

    patch.setattr(H2Connection, "_receive_data_frame", receive)


def buffer_renamed(patch: pytest.MonkeyPatch) -> None:
    hide(patch, H2Connection, "_data_to_send")


def class_gone(patch: pytest.MonkeyPatch) -> None:
    patch.delattr("h2.events.TrailersReceived")  # h2's own modules have imported it by name.
    patch.delitem(sys.modules, "chaukas_spec_lite.rpc.transport.fast_path")


CHANGES = [
    (new_entries_last, SLOWEST, "hpack", "headers: "),
    (entries_renamed, SLOWEST, "hpack", "AttributeError: dynamic_entries"),
    (table_renamed, SLOWEST, "hpack", "AttributeError: header_table"),
    (table_size_renamed, SLOWEST, "hpack", "AttributeError: maxsize"),
    (sizes_renamed, SLOWEST, "hpack", "AttributeError: table_size_changes"),
    (version_gone_as_well, SLOWEST, "hpack", "hpack ? has changed"),
    (frames_counted, SLOWER, "h2", "frames_received"),
    (frames_in_a_set, SLOWER, "h2", "frames_seen"),
    (frames_in_a_deque, SLOWER, "h2", "frames_seen"),
    (frames_timed, SLOWER, "h2", "frames_seen"),
    (frames_in_a_new_part, SLOWER, "h2", "frames_seen.count"),
    (frames_in_an_unknown_type, SLOWER, "h2", "frames_seen is of an unknown type: Limiter"),
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
    if change is event_added:
        return  # That is no working HTTP/2.
    world = World(new_connection)
    for step in [*one_call(1), *one_call(3), *one_call(5)]:
        world.do(step)
    assert all(end.streams[5].closed for end in world.ends.values())
    asyncio.run(asyncio.wait_for(calls(), HANG))


async def calls() -> None:
    """Send events to a collector and read them back, as users do."""
    async with Collector() as collector, ChaukasClient(f"127.0.0.1:{collector.port}") as client:
        events = [Event(event_id=str(number), branch="x" * number) for number in range(20)]
        for event in events:
            await client.ingest_event(event)
        assert {event.event_id async for event in client.query_events()} == {event.event_id for event in events}


CHANGED_BEFORE_THE_IMPORT = f"""
import asyncio, grpclib.client, grpclib.server, h2.events
del h2.events.TrailersReceived
from chaukas_spec_lite import ChaukasClient, Event
from chaukas_spec_lite.collector import Collector
from chaukas_spec_lite.rpc.transport.verification import verify
async def main():
    async with Collector() as collector, ChaukasClient(f"127.0.0.1:{{collector.port}}") as client:
        await client.ingest_event(Event())
asyncio.run(asyncio.wait_for(main(), {HANG}))
print(verify())
"""


def test_the_fast_path_cannot_even_be_imported() -> None:
    command = [sys.executable, "-c", CHANGED_BEFORE_THE_IMPORT]
    done = subprocess.run(command, capture_output=True, text=True, timeout=AGES, check=False)
    assert (done.stdout.strip(), done.stderr.count("calls take longer")) == (repr(SLOWER), 1), done.stderr


def test_it_is_done_before_the_first_call() -> None:
    """It takes a millisecond or two, which the first call must not show."""
    assert verification._once.found is None
    ChaukasClient("127.0.0.1:1")
    assert verification._once.found is not None


def test_threads_that_begin_at_once_verify_and_warn_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    together = threading.Barrier(4)
    tried: list[int] = []
    found: list[Verified] = []

    def check() -> None:
        tried.append(1)
        time.sleep(0.05)  # Long enough for the other threads to come here, too, if nothing keeps them out.
        raise verification.Unexpected("changed")

    def begin() -> None:
        together.wait(HANG)
        found.append(verify())

    monkeypatch.setattr(verification, "check_headers", check)
    threads = [threading.Thread(target=begin) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(HANG)
    assert (len(tried), found, len(caplog.records)) == (1, [SLOWEST] * 4, 1)


def test_a_log_handler_may_make_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    """An exporter's handler sends what is logged, by a client of its own."""
    found: list[Verified] = []

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            found.append(verify())

    handler = Handler()
    monkeypatch.setattr(verification.log, "handlers", [*verification.log.handlers, handler])
    frames_counted(monkeypatch)
    thread = threading.Thread(target=verify, daemon=True)
    thread.start()
    thread.join(HANG)
    assert (thread.is_alive(), found) == (False, [SLOWER])


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
def test_a_child_does_not_inherit_the_lock() -> None:
    with verification._once.lock:  # As if another thread of the parent were verifying.
        child = os.fork()
        if not child:
            signal.alarm(int(HANG))
            os._exit(0 if verify() == ALL else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


@pytest.mark.parametrize("verified", [ALL, SLOWER, SLOWEST], ids=["fast", "remembering", "own way"])
def test_calls_work_either_way(verified: Verified, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[StrictConnection] = []

    def noting(client_side: bool) -> StrictConnection:
        made.append(new_connection(client_side))
        return made[-1]

    monkeypatch.setattr(verification, "verify", lambda: verified)
    monkeypatch.setattr("chaukas_spec_lite.rpc.transport.protocol.new_connection", noting)
    asyncio.run(asyncio.wait_for(calls(), HANG))
    assert len(made) == 2
    for end in made:
        assert isinstance(end, FastConnection) is verified.fast
        assert isinstance(end.encoder, RememberingEncoder) is verified.remember
        assert isinstance(end.encoder, Encoder)
        assert isinstance(end.decoder, Decoder)
