"""A connection of grpclib's with our streams, bounded on both ends.

The classes are put in where ``H2Protocol.connection_made`` makes its own, so a ``Channel`` and a ``Server`` get them
alike: by returning a ``FramedProtocol`` from ``_protocol_factory``.
"""

# Subclasses of grpclib's protocol need what it keeps to itself: tests/rpc/test_contract.py.
# pyright: reportPrivateUsage=false

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any, cast

import grpclib.protocol
from h2.exceptions import ProtocolError
from h2.settings import SettingCodes

from chaukas_spec_lite.rpc.transport.http2 import TooManyFrames
from chaukas_spec_lite.rpc.transport.stream import Stream
from chaukas_spec_lite.rpc.transport.verification import new_connection
from chaukas_spec_lite.rpc.transport.write_buffer import WriteBuffer

if TYPE_CHECKING:
    from asyncio import BaseTransport

    from grpclib.config import Configuration
    from grpclib.utils import Wrapper
    from h2.config import H2Configuration

    from chaukas_spec_lite.rpc.transport.budget import FrameBudget
    from chaukas_spec_lite.rpc.transport.http2 import StrictConnection
    from chaukas_spec_lite.rpc.transport.limits import Framing

log = logging.getLogger("chaukas_spec_lite.rpc")

MAX_STREAMS = 100
"""How many calls a connection serves at once, as h2 announces to its peers; clients have to wait with more.

Up to twice as many are really served. A client stops counting a call as soon as it resets it, and may begin another
one; here both are under way until the reset arrives and the first one's task has ended.
"""

MAX_OWED = 256 << 10
"""How many bytes of HTTP/2's own frames may wait for a peer that does not read.

Without a bound, a peer could fill the memory with answers to its pings and settings (RFC 9113, section 10.5).
"""

UNLIMITED = 2**32 - 1

_READ_AHEAD = 64 << 10
"""How many bytes are read, beyond those that may be taken now, from a peer that has to wait."""


class Connection(grpclib.protocol.Connection):
    """A connection whose streams are ours, and that survives being flushed after it was closed."""

    peer_takes_gzip = False
    """Whether the server has said that it takes gzip; for clients."""
    budget: FrameBudget | None = None
    """What the peer may ask of HTTP/2 itself, on a server; None for clients."""
    owed = 0
    """How many bytes HTTP/2 itself has sent back (to pings and the like) since the peer stopped to read."""

    def __init__(
        self, h2: StrictConnection, transport: asyncio.Transport, config: Configuration, framing: Framing
    ) -> None:
        buffer: Any = WriteBuffer(transport)  # Not an asyncio.Transport, but it has the methods that grpclib uses.
        super().__init__(h2, buffer, config=config)
        self.h2 = h2
        """The state of HTTP/2."""
        self.framing = framing

    def create_stream(self, *, stream_id: int | None = None, wrapper: Wrapper | None = None) -> Stream:
        """Make a stream of this connection."""
        return Stream(self, self._connection, self._transport, stream_id=stream_id, wrapper=wrapper)

    @property
    def drained(self) -> int:
        """How many bytes have left for the peer, as far as the system has room for them."""
        if self.is_closing():
            return 0
        buffer: Any = self._transport  # A WriteBuffer.
        drained: int = buffer.drained
        return drained

    def abort(self) -> None:
        """Close without sending anything more."""
        if not self.is_closing():
            self._transport.abort()

    def flush(self) -> None:
        """Write the bytes that h2 has ready, unless the connection is closed."""
        # grpclib deletes the transport when it closes. Streams that end later, each with a RST_STREAM, still come here.
        if self.is_closing():
            return
        data = self.h2.data_to_send()
        if data:
            # `write_ready` is set while the peer reads. Calls wait for it before they write, so what is written without
            # it are HTTP/2's own answers.
            self.owed = 0 if self.write_ready.is_set() else self.owed + len(data)
            self._transport.write(data)


class FramedProtocol(grpclib.protocol.H2Protocol):
    """A connection with compression and limits, for either end."""

    transport: asyncio.Transport
    framed: Connection
    """grpclib's ``connection``, by its type here."""
    _goes_on = False
    """Whether ``data_received`` is to be called again, for frames that are left."""

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
        h2 = new_connection(self.h2_config.client_side)
        h2.initiate_connection()  # It announces 100 streams. That they are unlimited below is not told to the peer.
        # h2 would end the whole connection for one stream above the limit. With its limit lifted, `EventsProcessor`
        # refuses just that stream.
        h2.local_settings[SettingCodes.MAX_CONCURRENT_STREAMS] = UNLIMITED
        # A server's limit is not known before its SETTINGS. Until then, calls go by the least that servers should allow
        # (RFC 9113, section 6.5.2): h2 assumes no limit, and those above the real one would be refused.
        h2.remote_settings[SettingCodes.MAX_CONCURRENT_STREAMS] = MAX_STREAMS
        h2.local_settings.acknowledge()
        h2.remote_settings.acknowledge()
        # A connection's window cannot be set, only enlarged by WINDOW_UPDATE (RFC 9113, section 6.9.2).
        usual = h2.local_settings.initial_window_size
        h2.increment_flow_control_window(self.config.http2_connection_window_size - usual)
        h2.update_settings({SettingCodes.INITIAL_WINDOW_SIZE: self.config.http2_stream_window_size})
        self.connection = self.framed = Connection(h2, self.transport, self.config, self.framing)
        self.connection.flush()
        self.connection.initialize()
        self.processor = self.events_processor()

    def data_received(self, data: bytes) -> None:
        """Take what the peer sent. Ends the connection of a peer that demands answers without reading them.

        It differs from grpclib's method in three points: the bound on what is owed; ``input_invalid``, which tells
        invalid input apart, where grpclib calls ``processor.close`` as for any other end; and that others get their
        turn amid many frames.
        """
        try:
            events = self.framed.feed(data)
        except TooManyFrames:
            self.input_excessive()
            return
        except ProtocolError:
            log.debug("what the peer sent is not valid HTTP/2", exc_info=True)
            self.input_invalid()
            return
        # h2 has answered pings and settings by itself. Its answers leave before events are handled, as one of the
        # events may close the connection.
        self.framed.flush()
        process = self.processor.process
        for event in events:
            process(event)
        self.framed.flush()
        if self.framed.owed > MAX_OWED:
            self.refuse("the peer does not read, and keeps sending frames that have to be answered")
        elif self.framed.h2.has_more:
            # Amid a pause some more is read, so that it is noticed when the peer leaves.
            if not self.framed.h2.pause or self.framed.h2.unread > _READ_AHEAD:
                self.transport.pause_reading()
            if not self._goes_on:
                self._goes_on = True
                asyncio.get_running_loop().call_later(self.framed.h2.pause, self._go_on)

    def _go_on(self) -> None:
        """Take what is left of what the peer sent."""
        self._goes_on = False
        if not self.transport.is_closing():
            self.data_received(b"")
            if not self._goes_on:
                self.transport.resume_reading()

    def input_invalid(self) -> None:
        """End the connection, because what came is not valid HTTP/2."""
        self.processor.close("what the peer sent is not valid HTTP/2")

    def input_excessive(self) -> None:
        """End the connection, because what came is too much; the peer is told to calm down."""
        self.processor.close("the peer sent too many frames that bring nothing")

    def refuse(self, reason: str) -> None:
        """End the connection without sending anything more."""
        # `close` alone would wait until the buffer is empty, and this peer does not read.
        self.framed.abort()
        self.processor.close(reason)

    def events_processor(self) -> grpclib.protocol.EventsProcessor:
        """Make the object that handles the events of HTTP/2."""
        raise NotImplementedError
