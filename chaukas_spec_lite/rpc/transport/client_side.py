"""The client's side of a connection: grpclib's protocol, which in addition knows why it ended."""

# Subclasses of grpclib's protocol need what it keeps to itself: tests/rpc/test_contract.py.

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import grpclib.protocol
from grpclib.client import Handler
from h2.settings import SettingCodes

from chaukas_spec_lite.rpc.transport.endings import Cause, Ending, ErrorCodes, code_name
from chaukas_spec_lite.rpc.transport.http2 import configuration
from chaukas_spec_lite.rpc.transport.protocol import UNLIMITED, FramedProtocol
from chaukas_spec_lite.rpc.transport.stream import takes_gzip

if TYPE_CHECKING:
    from collections.abc import Callable

    from grpclib.config import Configuration
    from h2.events import (
        ConnectionTerminated,
        Event,
        RemoteSettingsChanged,
        RequestReceived,
        ResponseReceived,
        StreamReset,
    )

    from chaukas_spec_lite.rpc.transport.limits import Framing

_TLS_ALERT = b"\x15\x03"
_HTTP1 = (b"http/", b"<!doctype", b"<html")
"""How HTTP/1 servers answer; some take the request for one of HTTP/0.9, whose responses have no status line."""
_FRAME_HEADER = 9
_SETTINGS = 4  # The type of a server's first frame, in its fourth byte (RFC 9113, sections 3.4 and 6.5).
_PING = b"chaukas?"


class ClientSide(FramedProtocol):
    """One connection to a server, with the reason why it ended.

    Args:
        config: grpclib's.
        framing: Size limits and compression.
    """

    ending: Ending | None = None
    """Why it ended. The first reason stays: those that follow, such as the loss of the socket, are consequences."""
    leaving: Ending | None = None
    """How the server said that it takes no new calls. Those that it has taken go on; the connection ends with them."""

    def __init__(self, config: Configuration, framing: Framing) -> None:
        super().__init__(Handler(), config, configuration(client_side=True), framing)
        self.loop = asyncio.get_running_loop()
        """The event loop it belongs to."""
        self._opening = bytearray()
        self.lost: asyncio.Future[None] = self.loop.create_future()
        """Done when the transport is closed for good."""
        self.settled: asyncio.Future[None] = self.loop.create_future()
        """Done when the peer has begun to speak HTTP/2, or is known not to."""
        self.responded = False
        """Whether any call has had a response, an error included."""

    def events_processor(self) -> Processor:
        """Make the object that handles the events of HTTP/2."""
        return Processor(self)

    @property
    def usable(self) -> bool:
        """Whether calls can begin on it."""
        return self.ending is None and self.leaving is None and not self.transport.is_closing()

    @property
    def open(self) -> bool:
        """Whether calls that have begun can go on."""
        return self.ending is None and not self.transport.is_closing()

    @property
    def tls(self) -> bool:
        """Whether the peer is known by a certificate."""
        return self.transport.get_extra_info("ssl_object") is not None

    @property
    def heard(self) -> bool:
        """Whether anything has arrived."""
        return bool(self._opening)

    @property
    def waiting(self) -> bool:
        """Whether any call is under way."""
        return bool(self.processor.streams)

    def ping(self) -> None:
        """Ask the peer whether it is still there; any HTTP/2 implementation answers a PING at once."""
        self.framed.h2.ping(_PING)  # Always the same: any bytes that arrive are a sign of life, not only its answer.
        self.framed.flush()

    def data_received(self, data: bytes) -> None:
        """Take what the peer sent; before anything else, see whether it speaks HTTP/2 at all."""
        if not self.open:  # After `end`, asyncio may still deliver what it had read. grpclib has no transport then.
            return
        # h2 would refuse another protocol, too, but could not say which: "write https://" helps, "invalid frame" does
        # not.
        if len(self._opening) < _FRAME_HEADER:
            self._opening += data[:_FRAME_HEADER]
            ending = _stranger(self._opening)
            if ending is not None:
                self.end(ending)
                return
        super().data_received(data)

    def connection_lost(self, exc: BaseException | None) -> None:
        """End every call that is under way."""
        ending = self.ending_of_loss(exc)
        if self.leaving is not None:
            ending = replace(ending, details=f"{self.leaving.details}, then {ending.details}")
        self.note(ending)  # First: grpclib ends the calls, and each asks why.
        super().connection_lost(exc)
        if not self.lost.done():  # `Channel.aclose` may have been cancelled while it waited.
            self.lost.set_result(None)

    def ending_of_loss(self, error: BaseException | None) -> Ending:
        """Say why asyncio reports the connection as lost."""
        return Ending(Cause.LOST, f"the connection was lost: {error}" if error else "the connection was lost")

    def end(self, ending: Ending) -> None:
        """End the connection for a reason, and every call on it."""
        self.note(ending)
        self.processor.close(ending.details)

    def refuse(self, reason: str) -> None:
        """End the connection without another word."""
        self.note(Ending(Cause.LOST, reason))
        super().refuse(reason)

    def input_invalid(self) -> None:
        """End the connection, because what came is not valid HTTP/2."""
        self.end(Ending(Cause.GARBAGE, "what the peer sent is not valid HTTP/2"))

    def note(self, ending: Ending) -> None:
        """Note why the connection ends, unless that is known already."""
        if self.ending is None:
            self.ending = ending
        self.settle()  # SETTINGS will not come any more. `Connector` waits for them, and finds `ending` instead.

    def settle(self) -> None:
        """Note that it is known now whether the peer speaks HTTP/2."""
        if not self.settled.done():
            self.settled.set_result(None)

    def call_begins(self) -> None:
        """Note that a call begins."""

    def call_ended(self) -> None:
        """Note that a call has ended, and end a connection that has waited for the last one."""
        if self.leaving is not None and not self.waiting and self.ending is None:
            self.end(self.leaving)


class Processor(grpclib.protocol.EventsProcessor):
    """Notes why streams and the connection end, which grpclib only puts into words."""

    def __init__(self, protocol: ClientSide) -> None:
        super().__init__(protocol.handler, protocol.connection)
        self._protocol = protocol
        self._heard_settings = False

    def register(self, stream: grpclib.protocol.Stream) -> Callable[[], None]:
        """Begin a call; return the function that ends it."""
        self._protocol.call_begins()
        release = super().register(stream)

        def end() -> None:
            release()
            self._protocol.call_ended()

        return end

    def close(self, reason: str = "Connection closed") -> None:
        """Close the connection, and end all calls, those that wait for their turn included."""
        # Every other way here has noted its reason already, so without one it is `Channel.close`.
        self._protocol.note(Ending(Cause.CLOSED, "the client was closed during the call"))
        connection = self._protocol.framed
        connection.h2.close_connection()
        # Calls may be waiting because the server takes no more streams at once. They are woken below and ask h2 again.
        # It counts streams before it looks whether the connection is closed, so with the limit in place it would send
        # them back to wait, with nobody left to wake them. Without the limit, it refuses them.
        settings = connection.h2.remote_settings
        settings[SettingCodes.MAX_CONCURRENT_STREAMS] = UNLIMITED
        settings.acknowledge()
        connection.flush()  # GOAWAY; after `close` there is no transport to write to.
        super().close(reason)
        connection.write_ready.set()  # For calls that wait because the peer does not read.
        connection.stream_close_waiter.set()  # For calls that wait for a stream.

    def process(self, event: Event) -> None:
        """Handle an event, or ignore one of an unknown kind, as HTTP/2 demands (RFC 9113, section 5.5)."""
        # grpclib raises for kinds that it does not know, and deletes `processors` when the connection closes.
        if event.__class__ in getattr(self, "processors", ()):
            super().process(event)

    def process_remote_settings_changed(self, event: RemoteSettingsChanged) -> None:
        """Take the server's settings, among them how many calls it serves at once."""
        super().process_remote_settings_changed(event)
        connection = self._protocol.framed
        settings = connection.h2.remote_settings
        # The number of streams is unlimited if the first SETTINGS do not name it (RFC 9113, section 6.5.2). That
        # replaces the guess of `connection_made`. Later SETTINGS that do not name it change nothing.
        if not self._heard_settings and SettingCodes.MAX_CONCURRENT_STREAMS not in event.changed_settings:
            settings[SettingCodes.MAX_CONCURRENT_STREAMS] = UNLIMITED
            settings.acknowledge()
        self._heard_settings = True
        self._protocol.settle()
        # The limit may have been raised, and grpclib wakes waiting calls only when another call has ended.
        connection.stream_close_waiter.set()

    def process_response_received(self, event: ResponseReceived) -> None:
        """Take the beginning of a response."""
        self._protocol.responded = True
        super().process_response_received(event)
        connection = self._protocol.framed
        if not connection.peer_takes_gzip:
            headers: Any = event.headers  # Of type str, because `configuration` names an encoding.
            connection.peer_takes_gzip = takes_gzip(dict(headers).get("grpc-accept-encoding", ""))

    def process_request_received(self, event: RequestReceived) -> None:
        """End the connection: a server must not send requests (RFC 9113, section 8.1), which h2 does not check."""
        self._protocol.input_invalid()

    def process_connection_terminated(self, event: ConnectionTerminated) -> None:
        """Take a GOAWAY: calls up to the last one that it names go on, others end (RFC 9113, section 6.8).

        Servers often send two, the first of which names the highest number that there is: by the second one they know
        which calls were on their way.
        """
        code, last = _number(event.error_code), event.last_stream_id or 0
        ending = Ending(Cause.GOAWAY, f"the server said GOAWAY ({code_name(code)})", code)
        # After an error the server has to close the connection (section 5.4.1), so no call can go on.
        if code != ErrorCodes.NO_ERROR or not any(number <= last for number in self.streams):
            self._protocol.end(ending)
            return
        self._protocol.leaving = ending
        for number, stream in list(self.streams.items()):
            if number > last:
                if isinstance(stream, EndingStream):
                    stream.ending = ending
                stream.__terminated__(ending.details)
        self._protocol.framed.stream_close_waiter.set()  # Calls that wait for a stream: there will be none.

    def process_stream_reset(self, event: StreamReset) -> None:
        """Take an RST_STREAM: note the reason in the stream before grpclib ends it."""
        stream = self.streams.get(event.stream_id)
        if isinstance(stream, EndingStream):
            code = _number(event.error_code)
            # h2 also reports streams that it resets itself, for a mistake that concerns only one of them.
            who = "the server" if event.remote_reset else "the client, for what the server sent,"
            stream.ending = Ending(Cause.RESET, f"{who} reset the stream ({code_name(code)})", code)
        super().process_stream_reset(event)


class EndingStream(grpclib.protocol.Stream):
    """A stream that knows why it ended."""

    ending: Ending | None = None


def _stranger(opening: bytearray) -> Ending | None:
    """Say what a peer speaks whose first bytes are not those of a SETTINGS frame; None if they are, or too few."""
    lower = bytes(opening.lower())
    if lower.startswith(_HTTP1):
        return Ending(Cause.HTTP1, "the peer answered with HTTP/1")
    if any(known.startswith(lower) for known in _HTTP1):
        # So far it could become HTTP/1. The fourth letter, alone, would pass for the type of another frame below.
        return None
    if opening.startswith(_TLS_ALERT):
        return Ending(Cause.TLS, "the peer expects TLS: write https:// or pass tls=True")
    if len(opening) > 3 and opening[3] != _SETTINGS:
        return Ending(Cause.STRANGER, "the peer does not speak HTTP/2, so it is no gRPC server")
    return None


def _number(code: int | None) -> int | None:
    """Give the number of an HTTP/2 error code, which h2 makes an enum if it knows it."""
    return None if code is None else int(code)
