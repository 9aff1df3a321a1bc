"""The calls of one connection of a server: how they begin and end."""

# Subclasses of grpclib's classes need what it keeps to itself: tests/rpc/test_contract.py.

from __future__ import annotations

import asyncio
import contextlib
from functools import partial
from typing import TYPE_CHECKING, Any

import grpclib.protocol
from h2.errors import ErrorCodes
from h2.exceptions import StreamClosedError

from chaukas_spec_lite.rpc.transport.load import ALL, Holder
from chaukas_spec_lite.rpc.transport.protocol import MAX_STREAMS
from chaukas_spec_lite.rpc.transport.server_stream import ServerStream

if TYPE_CHECKING:
    from collections.abc import Callable

    from h2.events import ConnectionTerminated, Event, RemoteSettingsChanged, RequestReceived, StreamEnded, StreamReset

    from chaukas_spec_lite.rpc.transport.call_guard import CallGuard
    from chaukas_spec_lite.rpc.transport.protocol import Connection


class EventsProcessor(grpclib.protocol.EventsProcessor):
    """Begins and ends a server's calls: a bounded number at once, and forgotten when they are reset.

    Args:
        handler: grpclib's, which serves calls.
        connection: Their connection.
        guard: Looks after the calls of all connections.
        peer: Where the connection comes from, as ``network_of`` names it; empty for Unix sockets.
    """

    connection: Connection
    greeted = False
    """Whether the client has sent its settings, with which HTTP/2 begins."""

    def __init__(
        self, handler: grpclib.protocol.AbstractHandler, connection: Connection, guard: CallGuard, peer: str
    ) -> None:
        super().__init__(handler, connection)
        self._guard = guard
        self.place: tuple[Holder, ...] = (ALL, ("peer", peer)) if peer else (ALL,)
        """Where calls come from."""

    def process_remote_settings_changed(self, event: RemoteSettingsChanged) -> None:
        """Take the client's settings."""
        self.greeted = True
        super().process_remote_settings_changed(event)

    def process(self, event: Event) -> None:
        """Handle an event, or ignore one of an unknown kind, as HTTP/2 demands (RFC 9113, section 5.5)."""
        # grpclib raises for kinds that it does not know, and deletes `processors` when the connection closes.
        if event.__class__ in getattr(self, "processors", ()):
            super().process(event)

    def process_stream_ended(self, event: StreamEnded) -> None:
        """Take the end of a request."""
        stream = self.streams.get(event.stream_id)
        if isinstance(stream, ServerStream):
            stream.request_complete = True
        super().process_stream_ended(event)

    def process_request_received(self, event: RequestReceived) -> None:
        """Begin to serve a call, whose stream is told which headers came."""
        if len(self.streams) >= 2 * MAX_STREAMS or not self._guard.begin(self.place):
            # Only this stream is refused: the client may not have seen the limit yet. REFUSED_STREAM tells it that
            # nothing was done, so that it may repeat the call (RFC 9113, section 8.7).
            with contextlib.suppress(StreamClosedError):  # The client may have reset it within the same read.
                self.connection.h2.reset_stream(event.stream_id, ErrorCodes.REFUSED_STREAM)
            if self.connection.budget is not None:
                self.connection.budget.refused()
            return
        stream = ServerStream(self, event.stream_id, self._guard)
        headers: Any = event.headers  # Of type str, because `configuration` names an encoding.
        stream.headers = headers
        stream.end_call = partial(self._end, stream, self.register(stream))
        self.handler.accept(stream, headers, stream.end_call)

    def _end(self, stream: ServerStream, release: Callable[[], None]) -> None:
        # The end of the call and a reset both come here, in either order; grpclib's `release` fails the second time.
        if self.streams.get(stream.stream_id) is stream:
            release()
            stream.forget()
            self._guard.finish(self.place)

    def process_stream_reset(self, event: StreamReset) -> None:
        """Cancel a call that the client has reset, and make sure that it is forgotten."""
        stream = self.streams.get(event.stream_id)
        super().process_stream_reset(event)
        if isinstance(stream, ServerStream) and stream.end_call is not None:
            # A task that is cancelled before its first step runs no `finally`, so the call would stay in `streams` and
            # count for ever. Not at once: a task that has begun is scheduled before this, and ends the call
            # itself when it handles its cancellation.
            asyncio.get_running_loop().call_soon(stream.end_call)

    def process_connection_terminated(self, event: ConnectionTerminated) -> None:
        """Take a GOAWAY. A client that leaves in good order waits for its calls (RFC 9113, section 6.8).

        It closes the connection behind them. If this end did, what the client still sends would reset the connection,
        and the responses might not be read.
        """
        if event.error_code != ErrorCodes.NO_ERROR or not self.streams:
            self.close("the client has left")

    def close(self, reason: str = "Connection closed") -> None:
        """Close the connection, after sending what h2 has ready.

        If the peer broke the protocol, that is a GOAWAY (RFC 9113, section 5.4.1). In other cases none is sent:
        grpclib's clients end all calls when they read it, even those whose responses came in the same packet.
        """
        self.connection.flush()
        super().close(reason)

    def cancel(self, stream: ServerStream, reason: str) -> None:
        """End a call from this end."""
        if stream.closable:
            stream.reset_nowait(ErrorCodes.CANCEL)
            self.connection.flush()
        stream.__terminated__(reason)
        self.handler.cancel(stream)

    def abort(self, reason: str) -> None:
        """End the connection without sending anything more."""
        self.connection.abort()
        self.close(reason)
