"""Messages through grpclib's calls, with the checks and errors that grpclib itself lacks.

grpclib notices only by ``assert`` that a message ends too early, and ``python -O`` removes assertions. A response that
is cut right behind its prefix would then be read as an empty message. Besides, grpclib has no error of its own for
this, nor for a compressed message. So the bytes are checked when grpclib asks for them: five of a prefix, then the
message, in turn. Sending lets an error of h2 through, for which grpclib has one of its own.
"""

# pyright: reportPrivateUsage=false

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeVar

from grpclib.exceptions import StreamTerminatedError
from h2.exceptions import StreamClosedError

from chaukas_spec_lite.rpc.transport.framing import PREFIX, FramingError, UnknownEncoding

if TYPE_CHECKING:
    import grpclib.client
    import grpclib.server

    from chaukas_spec_lite.rpc.transport.load import Holder

T = TypeVar("T")

_CLOSED = "the server closed the stream of requests"

Read = Callable[[int], Awaitable[bytes]]
"""Reads a number of bytes; fewer, or none, at the end of a stream."""


async def receive_message(
    call: grpclib.client.Stream[Any, T] | grpclib.server.Stream[T, Any], most: int | None = None
) -> T | None:
    """Receive the next message of a call.

    Args:
        call: Either end of a call, of our own channels and servers or of grpclib's.
        most: The largest message that is taken, in bytes; None for what the channel or server takes. Those of grpclib
            take any.

    Returns:
        The message, or None at the end of the stream.

    Raises:
        UnknownEncoding: The message is compressed, and the channel or server is one of grpclib's, which takes none.
        FramingError: The stream ends in the middle of a message.
    """
    # Put in once for each call: `_Checked` has to remember whether a prefix or a message comes next. Our own streams do
    # these checks themselves.
    stream: Any = call._stream
    if not getattr(stream, "checks_messages", False):
        stream.recv_data, stream.checks_messages = _Checked(stream.recv_data), True
    elif most is not None:
        stream.most = most
    return await call.recv_message()


def receive_no_more(call: grpclib.server.Stream[Any, Any]) -> None:
    """Have what comes behind the only request of a call dropped."""
    stream: Any = call._stream
    if hasattr(stream, "read_no_more"):  # grpclib's own have no such method.
        stream.read_no_more()


def whereabouts(call: grpclib.server.Stream[Any, Any]) -> tuple[Holder, ...]:
    """Where a call comes from, for those who count calls: everybody, a peer, and a connection."""
    stream: Any = call._stream
    found: tuple[Holder, ...] = getattr(stream, "whereabouts", ())
    return found


def charge_to(call: grpclib.server.Stream[Any, Any], key: str) -> None:
    """Have what a call holds counted as that of a key, too."""
    stream: Any = call._stream
    if hasattr(stream, "charge_to"):
        stream.charge_to(key)


async def aside(call: grpclib.server.Stream[Any, Any], work: Callable[[], T]) -> T:
    """Have something done in a thread of the server that serves a call."""
    stream: Any = call._stream
    guard = getattr(stream, "guard", None)
    return await (asyncio.to_thread(work) if guard is None else guard.aside(work))


async def send_message(call: grpclib.client.Stream[T, Any], message: T) -> None:
    """Send a message of a call.

    Raises:
        StreamTerminatedError: The server closed the stream; its status is still to be received.
    """
    try:
        await call.send_message(message)
    except StreamClosedError as error:
        raise StreamTerminatedError(_CLOSED) from error


async def end_sending(call: grpclib.client.Stream[Any, Any]) -> None:
    """Say that no more messages follow; raises ``StreamTerminatedError`` if the server closed the stream."""
    try:
        await call.end()
    except StreamClosedError as error:
        raise StreamTerminatedError(_CLOSED) from error


def ask_to_wait(call: grpclib.server.Stream[Any, Any], seconds: float) -> None:
    """Have the end of a call say after how many seconds the client may try again.

    It is no metadata, which grpclib would send itself: names that begin with ``grpc-`` are refused there.
    """
    stream: Any = call._stream
    stream.last_headers = [("grpc-retry-pushback-ms", str(max(1, round(seconds * 1000))))]


async def read_up_to(read: Read, size: int) -> bytes:
    """Read ``size`` bytes, or nothing at the end of the stream; raises ``FramingError`` for an end in between."""
    try:
        data = await read(size)
    except AssertionError as error:  # A `raise` in grpclib's buffer, no `assert`: ``python -O`` does not remove it.
        raise FramingError("the stream ends in the middle of a message") from error
    if data and len(data) < size:
        raise FramingError("the stream ends in the middle of a message")
    return data


class _Checked:
    """Takes the place of a stream's ``recv_data``."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self._amid_message = False

    async def __call__(self, size: int) -> bytes:
        data = await read_up_to(self._read, size)
        if self._amid_message:
            # No bytes at all pass `read_up_to` as the end of the stream, but here a message was announced.
            if len(data) < size:
                raise FramingError("the stream ends in the middle of a message")
        elif data:
            if size != PREFIX:  # grpclib would have changed: better an error than a wrong message.
                raise FramingError(f"the prefix of a message has {PREFIX} bytes, not {size}")
            if data[0]:
                raise UnknownEncoding("a message is compressed")
        # A prefix is followed by its message, even by one of length 0, for which grpclib asks as well.
        self._amid_message = bool(data) and not self._amid_message
        return data
