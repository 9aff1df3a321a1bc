"""A server's streams: what they hold is counted, what does not come on is given up, and large work leaves the loop."""

# Subclasses of grpclib's stream need what it keeps to itself: tests/rpc/test_contract.py.
# pyright: reportPrivateUsage=false

from __future__ import annotations

import contextlib
import time
from functools import partial
from typing import TYPE_CHECKING, Any

from h2.exceptions import StreamClosedError

from chaukas_spec_lite.rpc.transport.framing import ACCEPTED, GZIP, PREFIX, TooLarge
from chaukas_spec_lite.rpc.transport.load import Holder
from chaukas_spec_lite.rpc.transport.request_body import RequestBody
from chaukas_spec_lite.rpc.transport.stream import Headers, Stream, takes_gzip

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from grpclib.exceptions import GRPCError

    from chaukas_spec_lite.rpc.transport.call_guard import CallGuard, Waiting
    from chaukas_spec_lite.rpc.transport.server_calls import EventsProcessor

_AT_ONCE = 16 << 10
"""The size in bytes of an answer up to which it is sent without more ado, if it can be."""
_INFLATED_HERE, _DEFLATED_HERE = 64 << 10, 256 << 10
"""Up to how many bytes are inflated and compressed in the event loop; that takes about a millisecond."""
_SIZE_AT_END = 4
"""The number of bytes at the end of gzip that say how many bytes it inflates to (RFC 1952, section 2.3.1)."""


class ServerStream(Stream):
    """The stream of one call.

    Args:
        processor: Begins and ends the calls of its connection.
        stream_id: Its number.
        guard: Counts what it holds, and looks after it while it waits for its client.
    """

    stream_id: int
    most: int | None = None
    """The largest message that is taken, if that is less than the server takes elsewhere."""
    request_complete = False
    """Whether all of the request has come."""
    last_headers: Headers | None = None
    """What its last headers say besides."""
    end_call: Callable[[], None] | None = None
    """Forgets the call."""
    _had_message = False

    def __init__(self, processor: EventsProcessor, stream_id: int, guard: CallGuard) -> None:
        connection = processor.connection
        self._processor = processor
        self.guard = guard
        """Looks after all calls of the server."""
        self.holders = processor.place
        """Who holds what it holds: its key, too."""
        self.held = 0
        """How many bytes of its request are counted."""
        super().__init__(connection, connection._connection, connection._transport, stream_id=stream_id)

    def init_stream(self, stream_id: int, connection: object) -> None:
        """Take the number of the stream, and replace the buffer that grpclib would make."""
        self.id = self.stream_id = stream_id
        self.body = RequestBody(self._hold, self._give, self._acknowledge)
        self.buffer = self.body  # type: ignore[assignment]  # it has the three methods that the processor calls
        self.created = time.monotonic()

    # What is counted

    def _hold(self, size: int) -> GRPCError | None:
        refusal = self.guard.refusal(self, size)
        if refusal is None:
            self.guard.requests.take(size, self.holders)
            self.held += size
        return refusal

    def _give(self, size: int) -> None:
        self.guard.requests.give(size, self.holders)
        self.held -= size

    def _acknowledge(self, size: int) -> None:
        if not self.connection.is_closing():
            self.connection.ack(self.stream_id, size)

    @property
    def whereabouts(self) -> tuple[Holder, ...]:
        """Where it comes from: everybody, a peer, and a connection."""
        return (*self._processor.place, ("connection", str(id(self.connection))))

    def charge_to(self, key: str) -> None:
        """Count what it holds as that of a key, too."""
        holder = "key", key
        self.guard.requests.take(self.held, (holder,))
        self.holders = (*self.holders, holder)

    def let_go(self) -> None:
        """Stop counting the message that was received last."""
        self._give(self.held - len(self.body))

    def read_no_more(self) -> None:
        """Drop what comes from now on: the request has been read."""
        self.body.close()

    def forget(self) -> None:
        """Stop counting anything: the call has ended."""
        self.body.close()
        self.let_go()
        # No circle is left behind: floods of calls would keep the garbage collector at work, which stops everything.
        self.body.detach()
        self.end_call = None

    # What comes

    @property
    def received(self) -> int:
        """How many bytes of its request have come."""
        return self.body.received

    def give_up(self, error: GRPCError) -> None:
        """End the call with an error, for the sake of others."""
        self.body.fail(error)

    async def _prefix(self) -> bytes:
        self.let_go()  # With the next message asked for, the last one has been dealt with.
        waiting = self.guard.idle if self._had_message else self.guard.receiving
        prefix = await self._read(PREFIX, waiting)
        self._had_message = True
        return prefix

    async def _message(self, length: int) -> bytes:
        if self.most is not None and length > self.most:
            raise TooLarge(length, self.most)
        # Before the bytes are read: what is refused is not collected.
        refusal = self.guard.refusal(self, max(0, length - len(self.body)))
        if refusal is not None:
            raise refusal
        return await self._read(length, self.guard.receiving)

    async def _read(self, size: int, waiting: Waiting) -> bytes:
        if self.body.has(size):
            return await self.body.read(size)
        waiting[self] = None
        try:
            return await self.body.read(size)
        finally:
            del waiting[self]

    async def _inflated(self, message: bytes) -> bytes:
        inflate, size = self.connection.framing.inflate, int.from_bytes(message[-_SIZE_AT_END:], "little")
        if size <= _INFLATED_HERE:
            # zlib compares the size at the end with the real one; if it is no true one, there is no need to go on.
            if size > (most := self.connection.framing.max_receive if self.most is None else self.most):
                raise TooLarge(size, most)
            plain = inflate(message, True, min(most, _INFLATED_HERE))
        else:
            plain = await self.guard.aside(lambda: inflate(message, True, self.most))
        # What it has grown by since it was counted.
        refusal = self._hold(max(0, len(plain) - len(message)))
        if refusal is not None:
            raise refusal
        return plain

    # What is sent

    async def send_headers(self, headers: Headers, end_stream: bool = False) -> None:
        """Begin or end a response."""
        if headers and headers[0][0] == ":status":  # The beginning of a response. Trailers have no pseudo-header.
            headers = [*headers, ("grpc-accept-encoding", ACCEPTED)]
            if self._compresses() and not end_stream:  # With END_STREAM, no message follows.
                headers.append(("grpc-encoding", GZIP))
        if end_stream:
            headers = [*headers, *(self.last_headers or ())]
            if self.connection.budget is not None:
                self.connection.budget.answered()
        if self.connection.write_ready.is_set():
            await super().send_headers(headers, end_stream)
        else:
            self.let_go()  # It may take long now.
            await self._unread(super().send_headers(headers, end_stream))

    async def send_data(self, data: bytes, end_stream: bool = False) -> None:
        """Send a message that grpclib has framed, compressed if the peer takes that."""
        compresses = len(data) > _DEFLATED_HERE and self._compresses()
        framed = await self.guard.aside(partial(self._framed, data)) if compresses else self._framed(data)
        size = len(framed)
        if self.connection.budget is not None:
            self.connection.budget.sent(size)
        if size <= min(_AT_ONCE, self._window()) and self.connection.write_ready.is_set():
            await super(Stream, self).send_data(framed, end_stream)
            return
        self.let_go()
        holders = self.whereabouts
        refusal = self.guard.answer_refusal(size, holders)
        if refusal is not None:
            raise refusal
        self.guard.answers.take(size, holders)
        try:
            await self._unread(super(Stream, self).send_data(framed, end_stream))
        finally:
            self.guard.answers.give(size, holders)

    async def _unread(self, sending: Coroutine[Any, Any, None]) -> None:
        self.guard.sending[self] = None
        try:
            await sending
        finally:
            del self.guard.sending[self]

    @property
    def blocked(self) -> bool:
        """Whether it is by its own window, and not the connection's, that an answer cannot be sent."""
        stream = self.connection.h2.streams.get(self.stream_id)
        return stream is not None and stream.outbound_flow_control_window <= 0

    @property
    def taken(self) -> int:
        """How many bytes of answers the client has taken since some time: of this call, or of the whole connection."""
        return self.data_sent if self.blocked else self.connection.drained

    def _window(self) -> int:
        window = 0
        with contextlib.suppress(StreamClosedError):
            window = self._h2_connection.local_flow_control_window(self.stream_id)
        return window

    def _compresses(self) -> bool:
        # A server compresses what this client accepts.
        if self.connection.framing.compress_above is None:
            return False
        return takes_gzip(self._header("grpc-accept-encoding"))

    def end_unread(self, reason: str) -> None:
        """End the call, whose client does not read; or the connection, if that does not come on as a whole."""
        if self.blocked and self.connection.write_ready.is_set():
            self._processor.cancel(self, reason)
        else:
            self._processor.abort(reason)
