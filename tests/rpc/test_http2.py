"""The fast path through HTTP/2: whatever happens on a connection, h2 would have the same bytes, events and state."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pytest
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import Event
from h2.exceptions import FrameTooLargeError, TooManyStreamsError
from h2.settings import SettingCodes
from hpack import Encoder, NeverIndexedHeaderTuple
from hypothesis import example, given
from hypothesis import strategies as st

from chaukas_spec_lite.rpc.transport.fast_path import FastConnection
from chaukas_spec_lite.rpc.transport.headers import RedactedEncoder
from chaukas_spec_lite.rpc.transport.http2 import StrictConnection, configuration

REQUESTS = [
    [(":method", "POST"), (":scheme", "http"), (":path", "/a"), (":authority", "here"), ("te", "trailers")],
    [(":method", "POST"), (":path", "/b"), NeverIndexedHeaderTuple("authorization", "secret")],
    [(":method", "POST"), (":path", "/c"), ("content-length", "5")],
    [(b":method", b"HEAD"), (b":path", b"/d"), ("x", "y" * 300)],
]
RESPONSES = [
    [(":status", "200"), ("content-type", "application/grpc")],
    [(":status", "200"), ("content-length", "3")],
    [(":status", "103")],
    [("grpc-status", "0")],
    [("grpc-status", "5"), ("grpc-message", "no")],
    [("grpc-status", "3"), (b"grpc-message", b"\xff")],
]
STREAMS = st.sampled_from([1, 3, 5, 7, 2])
ENDS = st.booleans()
SETTINGS = st.sampled_from(
    [
        {SettingCodes.INITIAL_WINDOW_SIZE: 20},
        {SettingCodes.INITIAL_WINDOW_SIZE: 100_000},
        {SettingCodes.MAX_CONCURRENT_STREAMS: 1},
        {SettingCodes.HEADER_TABLE_SIZE: 40},
        {SettingCodes.HEADER_TABLE_SIZE: 4096},
        {SettingCodes.MAX_FRAME_SIZE: 20_000},
    ]
)
FRAMES = st.sampled_from(
    [
        "000006 00 08 00000005 02 616263 0000",  # DATA with padding
        "000003 00 00 00000005 616263",
        "000003 00 01 00000005 616263",
        "000003 00 00 00000001 616263",
        "000003 00 00 00000009 616263",
        "000001 01 00 00000009 82 000002 09 04 00000009 8684",  # HEADERS, and what continues them
        "000001 01 00 00000009 82 000003 00 00 00000005 616263",  # HEADERS, and something else instead
        "000001 01 05 00000005 88",
        "000001 01 04 0000000b 88",
        "000004 01 04 00000005 01020304",
        "000006 01 25 00000005 0000000010 88",  # HEADERS with priority
        "000001 03 00 00000005 00",  # RST_STREAM that is too short
        "000004 03 00 00000005 00000008",
        "000004 08 00 00000000 00000010",
        "000004 08 00 00000005 7fffffff",
        "000003 0c 00 00000001 616263",  # of a kind that nobody knows
        "000008 07 00 00000000 00000000 00000000",  # GOAWAY
        "00000b 07 ff 80000000 ffffffff 0000000b 616263",
        "000008 07 00 00000000 00000005 00000063",  # of a code that nobody knows
        "000007 07 00 00000000 00000000 000000",
        "000008 07 00 00000001 00000000 00000000",
        "000001 01 00 00000009 82 000008 07 00 00000000 00000000 00000000",
        "000008 06 00 00000000 0102030405060708",  # PING
    ]
)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("ask"), STREAMS, st.sampled_from(REQUESTS), ENDS),
        st.tuples(st.just("respond"), STREAMS, st.sampled_from(RESPONSES), ENDS),
        st.tuples(st.just("data"), st.booleans(), STREAMS, st.sampled_from([0, 3, 5, 40, 20_000]), ENDS),
        st.tuples(st.just("reset"), st.booleans(), STREAMS),
        st.tuples(st.just("acknowledge"), st.booleans(), STREAMS, st.sampled_from([0, 3, 40_000])),
        st.tuples(st.just("settings"), st.booleans(), SETTINGS),
        st.tuples(st.just("raw"), st.booleans(), FRAMES),
        st.tuples(st.just("deliver"), st.sampled_from([1, 9, 30, 100_000])),
        st.tuples(st.just("deliver"), st.just(100_000)),
    ),
    max_size=40,
)

_RESIZE = [("settings", False, {SettingCodes.HEADER_TABLE_SIZE: 40}), ("deliver", 100_000)]
RESIZED: list[tuple[Any, ...]] = [*_RESIZE, *_RESIZE, ("ask", 5, REQUESTS[0], True), ("deliver", 100_000)]


class World:
    """Two ends and what is between them; what is done here is noted."""

    def __init__(self, make: Callable[[bool], H2Connection]) -> None:
        self.ends = {client: make(client) for client in (True, False)}
        self.between = {True: b"", False: b""}
        """What is on its way to the server, and to the client."""
        self.broken: set[bool] = set()
        """Ends that have refused what they received; nobody would let them go on."""
        for end in self.ends.values():
            end.initiate_connection()
        self.do(("deliver", 100_000))

    def do(self, step: tuple[Any, ...]) -> Any:
        """Do something; return what came of it."""
        try:
            return getattr(self, step[0])(*step[1:])
        except Exception as error:
            return type(error), str(error)

    def ask(self, stream: int, headers: Any, end: bool) -> None:
        self.ends[True].send_headers(stream, headers, end)

    def respond(self, stream: int, headers: Any, end: bool) -> None:
        if stream in self.ends[False].streams:  # grpclib asks, too
            self.ends[False].send_headers(stream, headers, end_stream=end)

    def data(self, client: bool, stream: int, size: int, end: bool) -> None:
        self.ends[client].send_data(stream, b"x" * size, end)

    def reset(self, client: bool, stream: int) -> None:
        self.ends[client].reset_stream(stream)

    def acknowledge(self, client: bool, stream: int, size: int) -> None:
        self.ends[client].acknowledge_received_data(size, stream)

    def settings(self, client: bool, changed: Any) -> None:
        self.ends[client].update_settings(changed)

    def raw(self, client: bool, frame: str) -> None:
        self.flush()
        self.between[client] += bytes.fromhex(frame)

    def flush(self) -> None:
        for client, end in self.ends.items():
            self.between[client] += end.data_to_send()

    def deliver(self, size: int) -> list[Any]:
        """Hand over what is on its way, in pieces of a size, in both directions."""
        self.flush()
        found: list[Any] = []
        for client in (True, False):
            data, self.between[client] = self.between[client], b""
            if (not client) in self.broken:
                continue
            pieces = range(0, min(len(data), 60 * size), size)
            try:
                for start in pieces:
                    found += map(noted, self.ends[not client].receive_data(data[start : start + size]))
            except Exception as error:
                found.append((type(error), str(error)))
                self.broken.add(not client)
            else:
                self.between[client] = data[pieces.stop and len(pieces) * size :]
        self.flush()
        return found

    def state(self) -> Any:
        return {client: state_of(end) for client, end in self.ends.items()} | {"between": self.between}


def noted(value: Any) -> Any:
    if isinstance(value, Event):
        return type(value), {name: noted(part) for name, part in vars(value).items()}
    if isinstance(value, list):
        return type(value), [(type(header), header) for header in value]
    return repr(value)


def state_of(end: H2Connection) -> Any:
    streams = {
        number: vars(stream)
        | {
            "config": None,
            "state_machine": vars(stream.state_machine),
            "_inbound_window_manager": vars(stream._inbound_window_manager),
        }
        for number, stream in end.streams.items()
    }
    kept = (
        "highest_inbound_stream_id",
        "highest_outbound_stream_id",
        "outbound_flow_control_window",
        "max_outbound_frame_size",
        "max_inbound_frame_size",
        "_closed_streams",
    )
    return {name: getattr(end, name) for name in kept} | {
        "streams": streams,
        "state": end.state_machine.state,
        "window": vars(end._inbound_flow_control_window_manager),
        "settings": [dict(end.local_settings), dict(end.remote_settings)],
        "tables": [list(table.dynamic_entries) for table in (end.encoder.header_table, end.decoder.header_table)],
        "to send": bytes(end._data_to_send),
    }


class TellingEncoder(Encoder):
    """hpack's encoder forgets that it has to tell of a size when the same one is set once more."""

    @property
    def header_table_size(self) -> int:
        return self.header_table.maxsize

    @header_table_size.setter
    def header_table_size(self, value: int) -> None:
        if value != self.header_table.maxsize:
            self.table_size_changes.append(value)
        self.header_table.maxsize = value
        self.header_table.resized = bool(self.table_size_changes)


class Graceful(H2Connection):
    """h2's own connection, which goes on after GOAWAY, and ignores its reserved bit: the differences that there are."""

    def _receive_goaway_frame(self, frame: Any) -> tuple[list[Any], list[Event]]:
        to_send, state = bytes(self._data_to_send), self.state_machine.state
        frames, events = super()._receive_goaway_frame(frame)
        self._data_to_send[:] = to_send
        self.state_machine.state = state
        for event in events:
            event.last_stream_id &= 0x7FFFFFFF  # type: ignore[attr-defined]  # h2 returns nothing but GOAWAY's event
        return frames, events


def plainly(client_side: bool) -> H2Connection:
    connection = Graceful(configuration(client_side))
    connection.encoder = TellingEncoder()
    return connection


def fast(client_side: bool) -> FastConnection:
    """A connection that counts streams, and forgets closed ones, as often as h2 does."""
    connection = FastConnection(client_side)
    connection._has_room = lambda most: H2Connection._open_streams(connection, 1) < most  # type: ignore[method-assign]
    return connection


def remembering(client_side: bool) -> StrictConnection:
    """What is used where h2 has changed."""
    return StrictConnection(client_side, remember=True)


def own_way(client_side: bool) -> StrictConnection:
    """What is used where hpack has changed."""
    connection = StrictConnection(client_side, remember=False)
    connection.encoder = TellingRedacted()
    return connection


class TellingRedacted(TellingEncoder, RedactedEncoder):
    pass


@pytest.mark.parametrize("make", [fast, remembering, own_way])
@example(steps=RESIZED)
@given(steps=STEPS)
def test_it_does_what_h2_does(make: Callable[[bool], H2Connection], steps: list[tuple[Any, ...]]) -> None:
    ours, plain = World(make), World(plainly)
    assert ours.state() == plain.state()
    for step in [*one_call(1), *one_call(3), *steps]:
        assert ours.do(step) == plain.do(step), step
        assert ours.state() == plain.state(), step


def one_call(stream: int) -> list[tuple[Any, ...]]:
    return [
        ("ask", stream, REQUESTS[0], False),
        ("data", True, stream, 5, True),
        ("deliver", 100_000),
        ("acknowledge", False, stream, 5),
        ("respond", stream, RESPONSES[0], False),
        ("data", False, stream, 5, False),
        ("respond", stream, RESPONSES[3], True),
        ("deliver", 100_000),
        ("acknowledge", True, stream, 5),
    ]


def test_calls_take_the_short_way(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> None:
        raise AssertionError("h2's own way")

    ours = World(FastConnection)
    for step in [*one_call(1), *one_call(3)]:
        ours.do(step)
    for name in ("receive_data", "send_headers", "send_data"):
        monkeypatch.setattr(H2Connection, name, refuse)
    for step in [*one_call(5), *one_call(7)]:
        ours.do(step)
    assert all(end.streams[7].closed for end in ours.ends.values())


@pytest.mark.parametrize("make", [fast, remembering, lambda client: StrictConnection(client, remember=False)])
def test_what_leaves_the_table_of_headers_is_not_logged(
    make: Callable[[bool], H2Connection], caplog: pytest.LogCaptureFixture
) -> None:
    """A peer may ask for a smaller table at any time, and hpack logs the entries that it drops."""
    caplog.set_level(logging.DEBUG)
    world = World(make)
    secret = ("authorization", "sesame")
    world.ask(1, [*REQUESTS[0], secret], False)
    world.deliver(100_000)
    world.respond(1, [*RESPONSES[0], secret], False)
    world.deliver(100_000)
    for client in (True, False):
        world.settings(client, {SettingCodes.HEADER_TABLE_SIZE: 0})
    world.deliver(100_000)
    world.deliver(100_000)
    assert not world.broken
    assert [end.encoder.header_table_size for end in world.ends.values()] == [0, 0]
    assert not [record for record in caplog.records if record.name.startswith("hpack")]


@pytest.mark.parametrize("client", [True, False])
def test_a_frame_that_is_too_long_is_refused_when_it_begins(client: bool) -> None:
    world = World(FastConnection)
    with pytest.raises(FrameTooLargeError, match="1048576 bytes"):
        world.ends[client].receive_data(b"\x10\0\0\0\0\0\0\0\1")
    goaway = world.ends[client].data_to_send()
    assert goaway[3] == 7
    assert goaway[-4:] == ErrorCodes.FRAME_SIZE_ERROR.to_bytes(4, "big")


def test_as_many_streams_as_allowed_and_closed_ones_are_forgotten() -> None:
    world = World(FastConnection)
    client = world.ends[True]
    for step in (one for stream in range(1, 1001, 2) for one in one_call(stream)):
        world.do(step)
    assert all(len(end.streams) < 200 for end in world.ends.values())
    for stream in range(1001, 1201, 2):
        world.ask(stream, REQUESTS[0], False)
    with pytest.raises(TooManyStreamsError):
        client.send_headers(1201, REQUESTS[0])
    world.deliver(100_000)
    world.reset(True, 1001)
    world.ask(1201, REQUESTS[0], False)
    world.deliver(100_000)
    assert world.ends[False].open_inbound_streams == 100
    client.remote_settings[SettingCodes.MAX_CONCURRENT_STREAMS] = 1000  # a client that does not keep to the limit
    client.remote_settings.acknowledge()
    world.ask(1203, REQUESTS[0], False)
    ((error, _),) = world.deliver(100_000)
    assert error is TooManyStreamsError
