"""All that ``rpc/transport`` relies on in grpclib, h2 and hpack beyond what they document, one test for each.

When one of these fails with a new version of theirs, its docstring says what is broken. For h2's and hpack's state, on
which only speed depends, ``rpc/transport/verification.py`` finds that out in each process, and does without.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import grpclib.client
import grpclib.protocol
import grpclib.server
import grpclib.stream
import h2.events
import pytest
from grpclib.config import Configuration
from grpclib.metadata import USER_AGENT, encode_timeout
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.exceptions import NoAvailableStreamIDError, ProtocolError, StreamClosedError, TooManyStreamsError
from h2.settings import SettingCodes
from hpack import Decoder, Encoder, HPACKDecodingError, NeverIndexedHeaderTuple

from chaukas_spec_lite.rpc.transport.log_redaction import loggers
from chaukas_spec_lite.rpc.transport.verification import check_fast_path, check_headers

HEADERS = [(":method", "POST"), (":scheme", "http"), (":path", "/"), (":authority", "here")]


def connected() -> tuple[H2Connection, H2Connection]:
    """Two ends that have agreed on their settings."""
    ends = H2Connection(H2Configuration(client_side=True)), H2Connection(H2Configuration(client_side=False))
    for end in ends:
        end.initiate_connection()
    for _ in range(2):
        exchange(*ends)
    return ends


def exchange(client: H2Connection, server: H2Connection) -> list[h2.events.Event]:
    events = server.receive_data(client.data_to_send())
    return [*events, *client.receive_data(server.data_to_send())]


# hpack


def test_hpack_s_table_tells_of_every_addition() -> None:
    """``headers`` would send one call's headers for another's; at run time, nothing would be remembered instead."""
    check_headers()


def test_hpack_s_errors_about_damage_are_of_one_class() -> None:
    """``headers`` would let texts into errors and logs that hold what is left of a block, perhaps a token."""
    for block in (b"\0\x05abc", b"\0\xff\xff\xff\xff\xff\xff\xff", b"\x40\x01a\x7f"):
        with pytest.raises(HPACKDecodingError) as caught:
            Decoder().decode(block)
        assert type(caught.value) is HPACKDecodingError


def test_hpack_logs_headers_to_loggers_that_its_modules_hold(caplog: pytest.LogCaptureFixture) -> None:
    """``log_redaction`` would not find the loggers, and tokens would stand in the debug log."""
    caplog.set_level(logging.DEBUG)
    encoder, decoder = Encoder(), Decoder()
    decoder.decode(encoder.encode([("authorization", "Bearer sesame")]))
    encoder.header_table_size = 0
    assert "sesame" in caplog.text
    names = {record.name for record in caplog.records}
    assert names <= {logger.name for logger in loggers()}


def test_hpack_keeps_some_headers_out_of_tables() -> None:
    """Tokens would stand in the tables of every machine on the way (``headers.secret``)."""
    encoder, decoder = Encoder(), Decoder()
    (found,) = decoder.decode(encoder.encode([NeverIndexedHeaderTuple("authorization", "sesame")]))
    assert isinstance(found, NeverIndexedHeaderTuple)
    assert not encoder.header_table.dynamic_entries
    assert not decoder.header_table.dynamic_entries


# h2


def test_h2_s_frames_have_the_effects_that_the_fast_path_has() -> None:
    """``fast_path`` would leave h2 in another state; at run time, it would not be taken instead."""
    check_fast_path()


def test_h2_uses_the_coders_that_it_is_given() -> None:
    """``http2`` could not keep headers out of logs, nor remember them."""
    client, server = connected()
    assert client.decoder.max_header_list_size == client.local_settings.max_header_list_size
    used: list[str] = []

    class Noted(Encoder):
        def encode(self, *args: Any, **kwargs: Any) -> bytes:
            used.append("encoder")
            return super().encode(*args, **kwargs)

    class Read(Decoder):
        def decode(self, *args: Any, **kwargs: Any) -> Any:
            used.append("decoder")
            return super().decode(*args, **kwargs)

    client.encoder, server.decoder = Noted(), Read()
    client.send_headers(1, HEADERS)
    server.receive_data(client.data_to_send())
    assert used == ["encoder", "decoder"]


@pytest.mark.parametrize("size", [1, 8, 9, 10, 13, 100])
def test_h2_takes_frames_one_by_one(size: int) -> None:
    """``http2`` hands over whole frames, whatever comes together or in pieces."""
    client, server = connected()
    client.send_headers(1, HEADERS)
    client.send_data(1, b"abc", True)
    data = client.data_to_send()
    events = [event for at in range(0, len(data), size) for event in server.receive_data(data[at : at + size])]
    assert list(map(type, events)) == [h2.events.RequestReceived, h2.events.DataReceived, h2.events.StreamEnded]


def test_h2_knows_how_long_frames_may_be() -> None:
    """``http2`` could not refuse a frame that is too long when it begins."""
    client, _ = connected()
    assert client.max_inbound_frame_size == client.local_settings.max_frame_size == 16384


def test_h2_s_settings_can_be_set_on_this_end_only() -> None:
    """``protocol`` would end connections for a stream too many, and send a new server too many at once."""
    client, server = connected()
    for settings in (client.remote_settings, server.local_settings):
        settings[SettingCodes.MAX_CONCURRENT_STREAMS] = 1
        settings.acknowledge()
    client.send_headers(1, HEADERS)
    with pytest.raises(TooManyStreamsError):
        client.send_headers(3, HEADERS)
    client.remote_settings[SettingCodes.MAX_CONCURRENT_STREAMS] = 2**32 - 1
    client.remote_settings.acknowledge()
    client.send_headers(3, HEADERS)
    server.local_settings[SettingCodes.MAX_CONCURRENT_STREAMS] = 2**32 - 1
    server.local_settings.acknowledge()
    assert len(server.receive_data(client.data_to_send())) == 2


def test_h2_refuses_streams_on_a_closed_connection() -> None:
    """Calls that wait for a free stream would wait on when their connection ends (``client_side.Processor.close``)."""
    client, _ = connected()
    client.send_headers(1, HEADERS)
    client.close_connection()
    with pytest.raises(ProtocolError) as caught:
        client.send_headers(3, HEADERS)
    assert not isinstance(caught.value, TooManyStreamsError)


def test_h2_says_when_a_stream_is_closed() -> None:
    """A server could not tell a call that its client has left; ``protocol`` resets the calls that are too many."""
    client, server = connected()
    client.send_headers(1, HEADERS)
    client.reset_stream(1)
    exchange(client, server)
    with pytest.raises(StreamClosedError):
        server.reset_stream(1, ErrorCodes.REFUSED_STREAM)


def test_h2_s_events_name_codes_and_settings() -> None:
    """``client_side`` would give wrong reasons, and miss how many streams a server allows."""
    client, server = connected()
    client.send_headers(1, HEADERS)
    server.update_settings({SettingCodes.MAX_CONCURRENT_STREAMS: 5})
    exchange(client, server)
    server.reset_stream(1, ErrorCodes.REFUSED_STREAM)
    server.update_settings({SettingCodes.MAX_CONCURRENT_STREAMS: 6})
    server.close_connection(77)
    reset, changed, goaway = client.receive_data(server.data_to_send())
    assert isinstance(reset, h2.events.StreamReset)
    assert (int(reset.error_code or 0), reset.remote_reset) == (7, True)
    assert isinstance(changed, h2.events.RemoteSettingsChanged)
    assert SettingCodes.MAX_CONCURRENT_STREAMS in changed.changed_settings
    assert isinstance(goaway, h2.events.ConnectionTerminated)
    assert int(goaway.error_code or 0) == 77
    assert goaway.last_stream_id == 1
    assert vars(h2.events.ConnectionTerminated()).keys() == vars(goaway).keys()


# grpclib: the connection


class Transport:
    """Notes what is written."""

    def __init__(self) -> None:
        self.written = b""
        self.closing = False

    def write(self, data: bytes) -> None:
        self.written += data

    def close(self) -> None:
        self.closing = True

    def is_closing(self) -> bool:
        return self.closing

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return default


class Handler:
    """Notes what grpclib tells the handler of a connection."""

    def __init__(self) -> None:
        self.told: list[Any] = []

    def accept(self, stream: Any, headers: Any, release: Callable[[], None]) -> None:
        self.told.append((stream, headers, release))

    def cancel(self, stream: Any) -> None:
        self.told.append("cancel")

    def close(self) -> None:
        self.told.append("close")


def protocol(client_side: bool) -> tuple[Any, Transport, Handler]:
    """A protocol of grpclib's own that has just begun."""
    handler, transport = Handler(), Transport()
    config = Configuration()
    made: Any = grpclib.protocol.H2Protocol(
        handler,  # type: ignore[arg-type]
        config.__for_client__() if client_side else config.__for_server__(),
        H2Configuration(client_side=client_side, header_encoding="latin-1"),
    )
    made.connection_made(transport)
    return made, transport, handler


def run(test: Callable[[], Any]) -> None:
    async def main() -> None:
        result = test()
        if inspect.isawaitable(result):
            await result

    asyncio.run(asyncio.wait_for(main(), 60))


def test_grpclib_s_protocol_keeps_connection_and_processor() -> None:
    """``protocol.FramedProtocol`` puts its own in their place, and answers what asyncio calls through them."""

    def main() -> None:
        made, transport, handler = protocol(True)
        assert made.handler is handler
        assert made.h2_config.client_side
        assert made.config.http2_connection_window_size > 0
        assert made.config.http2_stream_window_size > 0
        assert isinstance(made.connection, grpclib.protocol.Connection)
        assert isinstance(made.processor, grpclib.protocol.EventsProcessor)
        made.pause_writing()
        assert not made.connection.write_ready.is_set()
        made.resume_writing()
        assert made.connection.write_ready.is_set()
        made.connection_lost(None)
        assert handler.told == ["close"]
        assert transport.closing

    run(main)


def test_grpclib_s_connection_holds_h2_and_the_transport() -> None:
    """``protocol.Connection`` could not write through the buffer, nor survive a flush after it was closed."""

    def main() -> None:
        made, transport, _ = protocol(True)
        connection = made.connection
        assert isinstance(connection._connection, H2Connection)
        assert connection._transport is transport
        assert not connection.is_closing()
        assert not connection.stream_close_waiter.is_set()
        before = len(transport.written)
        connection._connection.ping(b"12345678")
        connection.flush()
        assert len(transport.written) == before + 17
        connection.close()
        assert connection.is_closing()
        assert transport.closing

    run(main)


def test_grpclib_s_processor_dispatches_by_class_until_it_is_closed() -> None:
    """``client_side.Processor`` could not leave out what HTTP/2 wants to be ignored."""

    def main() -> None:
        made, _, _ = protocol(True)
        processor = made.processor
        assert h2.events.ResponseReceived in processor.processors
        assert h2.events.UnknownFrameReceived not in processor.processors
        processor.close("why")
        assert not hasattr(processor, "processors")
        processor.process(h2.events.SettingsAcknowledged())

    run(main)


def test_grpclib_s_processor_keeps_streams_by_number_until_they_are_released() -> None:
    """``protocol.EventsProcessor`` could not count calls, nor forget those that are reset before they begin."""

    def main() -> None:
        made, _, handler = protocol(False)
        client = H2Connection(H2Configuration(client_side=True))
        client.initiate_connection()
        client.send_headers(1, HEADERS)
        made.data_received(client.data_to_send())
        ((stream, headers, release),) = handler.told
        assert headers == HEADERS
        assert made.processor.streams == {1: stream}
        client.reset_stream(1)
        made.data_received(client.data_to_send())
        assert handler.told[1:] == ["cancel"]
        assert made.processor.streams == {1: stream}
        release()
        assert made.processor.streams == {}
        assert made.connection.stream_close_waiter.is_set()

    run(main)


def test_grpclib_gives_streams_their_number_buffer_and_end() -> None:
    """``unary_stream`` could not put its own buffer in place, nor be told of the end."""
    told: list[Any] = []

    class Buffer:
        def add(self, data: bytes, ack_size: int) -> None:
            told.append((data, ack_size))

        def eof(self) -> None:
            told.append("eof")

        def unacked_size(self) -> int:
            told.append("unacked_size")
            return 0

    class Stream(grpclib.protocol.Stream):
        def init_stream(self, stream_id: int, connection: object) -> None:
            told.append(stream_id)
            self.id = stream_id
            self.buffer = Buffer()  # type: ignore[assignment]

        def __terminated__(self, reason: str) -> None:
            told.append("terminated")

    async def main() -> None:
        made, transport, _ = protocol(True)
        server = H2Connection(H2Configuration(client_side=False))
        server.initiate_connection()
        connection = made.connection
        stream = Stream(connection, connection._connection, connection._transport)
        release = await stream.send_request(HEADERS, _processor=made.processor)
        assert made.processor.streams == {1: stream}
        await stream.send_data(b"abc", end_stream=True)
        server.receive_data(transport.written)
        server.send_headers(1, [(":status", "200")])
        server.send_data(1, b"xyz")
        server.send_headers(1, [("grpc-status", "0")], end_stream=True)
        assert stream.closable
        made.data_received(server.data_to_send())
        assert (stream.headers, stream.trailers) == ([(":status", "200")], [("grpc-status", "0")])
        assert not stream.closable
        made.processor.close("why")
        release()
        assert told == [1, (b"xyz", 3), "eof", "terminated"]

    run(main)


def test_grpclib_s_calls_wait_for_a_stream_and_are_woken() -> None:
    """Calls above the number of streams that a server allows would hang when it allows more, or ends."""

    async def main() -> None:
        made, _, _ = protocol(True)
        connection = made.connection
        settings = connection._connection.remote_settings

        def allow(number: int) -> None:
            settings[SettingCodes.MAX_CONCURRENT_STREAMS] = number
            settings.acknowledge()

        allow(0)
        stream = connection.create_stream()
        asking = asyncio.create_task(stream.send_request(HEADERS, _processor=made.processor))
        for _ in range(5):
            await asyncio.sleep(0)
        assert not asking.done()
        allow(1)
        connection.stream_close_waiter.set()
        await asking
        assert stream.id == 1
        stream.reset_nowait(ErrorCodes.CANCEL)

    run(main)


def test_grpclib_s_calls_ask_for_their_number_once_more_when_they_are_woken() -> None:
    """Calls that wait for a stream would hang, or begin, on a connection whose server has said GOAWAY."""

    async def main() -> None:
        made, transport, _ = protocol(True)
        connection = made.connection
        settings = connection._connection.remote_settings
        settings[SettingCodes.MAX_CONCURRENT_STREAMS] = 0
        settings.acknowledge()
        stream = connection.create_stream()
        asking = asyncio.create_task(stream.send_request(HEADERS, _processor=made.processor))
        await asyncio.sleep(0)
        written = transport.written

        def none_left() -> int:
            raise NoAvailableStreamIDError

        connection._connection.get_next_available_stream_id = none_left
        connection.stream_close_waiter.set()
        with pytest.raises(NoAvailableStreamIDError):
            await asking
        assert (stream.id, made.processor.streams, transport.written) == (None, {}, written)

    run(main)


# grpclib: messages


def test_grpclib_s_buffer_tells_the_end_from_an_end_too_early() -> None:
    """A message that is cut would pass for the end of the stream (``message_io.read_up_to``)."""

    async def main() -> None:
        for data, size in ((b"", 5), (b"abc", 3)):
            buffer = grpclib.protocol.Buffer(lambda size: None)
            if data:
                buffer.add(data, len(data))
            buffer.eof()
            assert await buffer.read(size) == data
            assert await buffer.read(5) == b""
        buffer = grpclib.protocol.Buffer(lambda size: None)
        buffer.add(b"abc", 3)
        buffer.eof()
        with pytest.raises(AssertionError):
            await buffer.read(5)

    run(main)


def test_grpclib_asks_for_a_prefix_and_then_for_the_message() -> None:
    """``message_io`` and ``stream.Stream.recv_data`` would take a part of one for the other."""
    asked: list[int] = []

    class Stream:
        async def recv_data(self, size: int) -> bytes:
            asked.append(size)
            return b"\0\0\0\0\3" if len(asked) == 1 else b"abc"

    class Codec:
        def decode(self, data: bytes, message_type: object) -> bytes:
            return data

    async def main() -> None:
        stream: Any = Stream()
        codec: Any = Codec()
        assert await grpclib.stream.recv_message(stream, codec, bytes) == b"abc"
        assert asked == [5, 3]

    run(main)


def test_grpclib_s_calls_receive_through_their_stream() -> None:
    """``message_io`` could not check messages on grpclib's own channels and servers."""
    for call in (grpclib.client.Stream, grpclib.server.Stream):
        assert "recv_message(self._stream, self._codec" in inspect.getsource(call.recv_message)
    assert "stream.recv_data(" in inspect.getsource(grpclib.stream.recv_message)


@pytest.mark.parametrize("options", [[], ["-O"], ["-OO"]], ids=["as ever", "-O", "-OO"])
def test_messages_that_are_cut_are_errors_without_asserts(options: list[str]) -> None:
    """A response that is cut behind its prefix would be read as an empty message, as grpclib only asserts it is not."""
    program = Path(__file__).with_name("truncated_program.py")
    root = program.parent.parent.parent
    command = [sys.executable, "-W", "error", *options, "-m", "tests.rpc.truncated_program"]
    subprocess.run(command, check=True, cwd=root, timeout=250)


# grpclib: channel, server, names


def test_grpclib_s_channel_connects_by_methods_that_can_be_replaced() -> None:
    """``channel.BaseChannel`` would not be asked for connections, or by other names."""

    async def main() -> None:
        class Channel(grpclib.client.Channel):
            async def __connect__(self) -> Any:
                raise ConnectionError("asked")

        channel = Channel(config=Configuration(http2_stream_window_size=123_456))
        assert channel._loop is asyncio.get_running_loop()
        assert (channel._scheme, channel._authority) == ("http", "127.0.0.1:50051")
        assert channel._config.http2_stream_window_size == 123_456
        assert channel._protocol is None
        assert not channel._connected
        call: Any = channel.request("/x", grpclib.const.Cardinality.UNARY_UNARY, bytes, bytes)
        async with call:
            with pytest.raises(ConnectionError, match="asked"):
                await call.send_request()
        made, transport, _ = protocol(True)
        channel._protocol = made
        channel.close()
        assert transport.closing

    run(main)


def test_grpclib_s_server_makes_protocols_by_a_method_that_can_be_replaced() -> None:
    """``server.BaseServer`` would serve without limits."""

    async def main() -> None:
        made: list[grpclib.protocol.H2Protocol] = []
        arrived = asyncio.Event()

        class Server(grpclib.server.Server):
            def _protocol_factory(self) -> grpclib.protocol.H2Protocol:
                protocol = super()._protocol_factory()
                begin = protocol.connection_made

                def begun(transport: asyncio.BaseTransport) -> None:
                    begin(transport)
                    arrived.set()

                protocol.connection_made = begun  # type: ignore[method-assign]
                made.append(protocol)
                return protocol

        server = Server([])
        await server.start("127.0.0.1", 0)
        assert server._server is not None
        port = server._server.sockets[0].getsockname()[1]  # type: ignore[attr-defined]
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        await arrived.wait()
        assert made[0].handler is not None
        assert not made[0].h2_config.client_side
        writer.close()
        await writer.wait_closed()
        made[0].processor.close()
        server.close()
        await server.wait_closed()

    run(main)


def test_grpclib_s_server_stops_by_what_starting_it_has_set() -> None:
    """``server.BaseServer`` listens by itself, and sets the same: it could not be closed, or not be waited for."""

    async def main() -> None:
        class Listening:
            closed = waited = False

            def close(self) -> None:
                self.closed = True

            async def wait_closed(self) -> None:
                self.waited = True

        server, listening = grpclib.server.Server([]), Listening()
        assert server._server is None
        assert server._server_closed_fut is None
        server._server = listening  # type: ignore[assignment]
        server._server_closed_fut = asyncio.get_running_loop().create_future()
        server._protocol_factory()
        (handler,) = server._handlers
        server.close()
        await server.wait_closed()
        assert (listening.closed, listening.waited, handler.closing) == (True, True, True)

    run(main)


def test_grpclib_s_server_lets_go_of_handlers_that_are_closed() -> None:
    """``server.ServerSide.settle`` closes those without a connection: they would be kept for ever otherwise."""

    async def main() -> None:
        server = grpclib.server.Server([])
        for _ in range(30):
            server._protocol_factory().handler.close()
        assert len(server._handlers) < 15

    run(main)


def test_grpclib_s_client_handler_needs_nothing() -> None:
    """``client_side.ClientSide`` would need a handler of its own."""
    handler = grpclib.client.Handler()
    handler.cancel(None)
    handler.close()
    assert handler.connection_lost


def test_grpclib_s_names() -> None:
    """Requests would carry no name of the client, or wrong times (``unary_stream``)."""
    assert USER_AGENT.startswith("grpc-python-grpclib/")
    assert [encode_timeout(seconds) for seconds in (0.5, 0.001)] == ["500m", "1000u"]
