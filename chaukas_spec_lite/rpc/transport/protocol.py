"""Compression and size limits for grpclib, on both ends: its protocol and stream with ``Framing`` put in.

grpclib reads and writes messages as frames through ``Stream.recv_data`` and ``Stream.send_data``; here these two
translate between what is on the wire and the plain frames that grpclib knows. The classes are put in where
``H2Protocol.connection_made`` makes its own, so a ``Channel`` and a ``Server`` get them alike: by returning a
``FramedProtocol`` from ``_protocol_factory``.
"""

# Subclasses of grpclib's protocol need what it keeps to itself; the version is pinned to 0.4.x.
# pyright: reportPrivateUsage=false

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

import grpclib.protocol
from grpclib.const import Status
from grpclib.exceptions import GRPCError
from h2.errors import ErrorCodes
from h2.exceptions import StreamClosedError
from h2.settings import SettingCodes

from chaukas_spec_lite.rpc.transport.framing import (
    ACCEPTED,
    GZIP,
    PREFIX,
    Framing,
    FramingError,
    TooLarge,
    UnknownEncoding,
)
from chaukas_spec_lite.rpc.transport.http2 import QuickConnection, configuration
from chaukas_spec_lite.rpc.transport.limits import Load
from chaukas_spec_lite.rpc.transport.write_buffer import Cork

if TYPE_CHECKING:
    from asyncio import BaseTransport

    from grpclib.config import Configuration
    from grpclib.utils import Wrapper
    from h2.config import H2Configuration
    from h2.events import RequestReceived, StreamReset

Headers = list[tuple[str, str]]

MAX_STREAMS = 100
"""How many calls a connection serves at once, as h2 says to its peers; clients have to wait with more.

Up to twice as many are served: clients count those no longer that they have just reset.
"""

MAX_OWED = 256 << 10
"""How many bytes of HTTP/2's own answers may wait for a peer that does not read."""

UNLIMITED = 2**32 - 1


class Stream(grpclib.protocol.Stream):
    """A stream whose messages are compressed and bounded; what breaks a rule raises ``GRPCError``."""

    connection: Connection
    _unframed: bytes | None = None
    _announced = False
    """Whether a client has said that its messages may be compressed."""
    _held = 0
    end_call: Callable[[], None] | None = None
    """Forgets a server's call."""

    async def send_request(
        self, headers: Headers, end_stream: bool = False, *, _processor: grpclib.protocol.EventsProcessor
    ) -> Callable[[], None]:
        """Begin a call, as a client. Some servers refuse the mere word of gzip, so they have to mention it first."""
        headers = [*headers, ("grpc-accept-encoding", ACCEPTED)]
        self._announced = self.connection.peer_takes_gzip and self.connection.framing.compress_above is not None
        if self._announced:
            headers.append(("grpc-encoding", GZIP))
        return await super().send_request(headers, end_stream, _processor=_processor)

    async def send_headers(self, headers: Headers, end_stream: bool = False) -> None:
        """Begin or end an answer, as a server."""
        if headers and headers[0][0] == ":status":
            headers = [*headers, ("grpc-accept-encoding", ACCEPTED)]
            if self._compresses() and not end_stream:
                headers.append(("grpc-encoding", GZIP))
        await super().send_headers(headers, end_stream)

    async def send_data(self, data: bytes, end_stream: bool = False) -> None:
        """Send a message that grpclib has framed, compressed if the peer takes that."""
        try:
            framed = self.connection.framing.frame(data[PREFIX:], self._compresses())
        except TooLarge as error:
            raise GRPCError(Status.RESOURCE_EXHAUSTED, f"to be sent: {error}") from error
        await super().send_data(framed, end_stream)

    async def recv_data(self, size: int) -> bytes:
        """Receive the prefix of a message, then the message, as grpclib asks for them: in turn."""
        if self._unframed is not None:
            message, self._unframed = self._unframed, None
            return message
        self.let_go()
        prefix = await self._receive(PREFIX)
        if not prefix:
            return b""
        try:
            compressed, length = self.connection.framing.prefix(prefix, self._header("grpc-encoding"))
            self._hold(length)
            message = await self._receive(length)
            if len(message) != length:
                raise FramingError(f"a message ends before its {length} bytes are complete")
            self._unframed = self.connection.framing.inflate(message) if compressed else message
            self._hold(max(0, len(self._unframed) - length))
        except TooLarge as error:
            raise GRPCError(Status.RESOURCE_EXHAUSTED, f"received message larger than max: {error}") from error
        except UnknownEncoding as error:
            raise GRPCError(Status.UNIMPLEMENTED, str(error)) from error
        except FramingError as error:
            raise GRPCError(Status.INTERNAL, str(error)) from error
        return b"\0" + len(self._unframed).to_bytes(4, "big")

    async def _receive(self, size: int) -> bytes:
        try:
            return await super().recv_data(size)
        except AssertionError as error:  # grpclib's way to say so
            raise FramingError("a message ends amid its bytes") from error

    def _hold(self, size: int) -> None:
        if self.connection.load is not None:
            self.connection.load.take(size)
            self._held += size

    def let_go(self) -> None:
        """Count the message received last no longer."""
        if self.connection.load is not None:
            self.connection.load.give(self._held)
            self._held = 0

    def _header(self, name: str) -> str:
        return next((value for key, value in self.headers or () if key == name), "")

    def _compresses(self) -> bool:
        if self._h2_connection.config.client_side or self.connection.framing.compress_above is None:
            return self._announced
        return takes_gzip(self._header("grpc-accept-encoding"))


def takes_gzip(accepted: str) -> bool:
    """Read a ``grpc-accept-encoding``."""
    return GZIP in (part.strip() for part in accepted.split(","))


class Connection(grpclib.protocol.Connection):
    """A connection whose streams are ours, and that survives being flushed after it was closed."""

    peer_takes_gzip = False
    """Whether a server has said so."""
    load: Load | None = None
    """Where a server counts what it holds."""
    owed = 0
    """How many bytes of answers HTTP/2 itself has given (to pings and the like) since the peer stopped to read."""

    def __init__(
        self, h2: QuickConnection, transport: asyncio.Transport, config: Configuration, framing: Framing
    ) -> None:
        cork: Any = Cork(transport)  # no `Transport`, but what is used of one
        super().__init__(h2, cork, config=config)
        self.h2 = h2
        """The state of HTTP/2."""
        self.framing = framing

    def create_stream(self, *, stream_id: int | None = None, wrapper: Wrapper | None = None) -> Stream:
        """Make a stream of this connection."""
        return Stream(self, self._connection, self._transport, stream_id=stream_id, wrapper=wrapper)

    def flush(self) -> None:
        """Write what is to be written, if there is still anything to write to."""
        if self.is_closing():
            return
        data = self.h2.data_to_send()
        if data:
            self.owed = 0 if self.write_ready.is_set() else self.owed + len(data)
            self._transport.write(data)


class EventsProcessor(grpclib.protocol.EventsProcessor):
    """Begins and ends a server's calls: a bounded number at once, and forgotten when they are reset."""

    connection: Connection

    def process_request_received(self, event: RequestReceived) -> None:
        """Begin to serve a call, whose stream is told which headers came."""
        if len(self.streams) >= 2 * MAX_STREAMS:  # The client may not have heard of it yet, so the connection goes on.
            with contextlib.suppress(StreamClosedError):  # which the client may have done already
                self.connection.h2.reset_stream(event.stream_id, ErrorCodes.REFUSED_STREAM)
            return
        stream = self.connection.create_stream(stream_id=event.stream_id)
        headers: Any = event.headers  # grpclib has them decoded to str
        stream.headers = headers
        release = self.register(stream)

        def end() -> None:
            if self.streams.get(event.stream_id) is stream:
                stream.let_go()
                release()

        stream.end_call = end
        self.handler.accept(stream, headers, end)

    def process_stream_reset(self, event: StreamReset) -> None:
        """Cancel a call. A task that is cancelled before it has begun ends nothing by itself."""
        stream = self.streams.get(event.stream_id)
        super().process_stream_reset(event)
        if isinstance(stream, Stream) and stream.end_call is not None:
            asyncio.get_running_loop().call_soon(stream.end_call)

    def close(self, reason: str = "Connection closed") -> None:
        """Close the connection, after the GOAWAY that h2 has ready where the peer broke the protocol.

        Otherwise none is sent: grpclib's clients would take it for the failure of calls whose answers came along.
        """
        self.connection.flush()
        super().close(reason)


class FramedProtocol(grpclib.protocol.H2Protocol):
    """A connection with compression and limits, for either end."""

    transport: asyncio.Transport
    framed: Connection
    """grpclib's ``connection``, by its type here."""

    def __init__(
        self,
        handler: grpclib.protocol.AbstractHandler,
        config: Configuration,
        h2_config: H2Configuration,
        framing: Framing,
    ) -> None:
        super().__init__(handler, config, h2_config)
        self.framing = framing

    def connection_made(self, transport: BaseTransport) -> None:
        """Begin, as grpclib would, but with classes of ours."""
        self.transport = cast("asyncio.Transport", transport)
        h2 = QuickConnection(configuration(self.h2_config.client_side))
        h2.initiate_connection()
        # From now on h2 lets streams above the limit through: it would end the connection for them.
        h2.local_settings[SettingCodes.MAX_CONCURRENT_STREAMS] = UNLIMITED
        # And until a server says how many it takes, it is sent no more than what all should (RFC 9113, section 6.5.2).
        h2.remote_settings[SettingCodes.MAX_CONCURRENT_STREAMS] = MAX_STREAMS
        h2.local_settings.acknowledge()
        h2.remote_settings.acknowledge()
        usual = h2.local_settings.initial_window_size
        h2.increment_flow_control_window(self.config.http2_connection_window_size - usual)
        h2.update_settings({SettingCodes.INITIAL_WINDOW_SIZE: self.config.http2_stream_window_size})
        self.connection = self.framed = Connection(h2, self.transport, self.config, self.framing)
        self.connection.flush()
        self.connection.initialize()
        self.processor = self.events_processor()

    def data_received(self, data: bytes) -> None:
        """Take what the peer sent, unless that makes it owed more than it takes."""
        super().data_received(data)
        if self.framed.owed > MAX_OWED:
            self.refuse("the peer asks on and on without taking the answers")

    def refuse(self, reason: str) -> None:
        """End the connection without another word."""
        self.transport.abort()
        self.processor.close(reason)

    def events_processor(self) -> grpclib.protocol.EventsProcessor:
        """Make the object that handles the events of HTTP/2."""
        return EventsProcessor(self.handler, self.connection)
