"""What a server has of a request: one buffer, which is counted as it fills, and acknowledged as it is read."""

# pyright: reportPrivateUsage=false

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from chaukas_spec_lite.rpc.transport.framing import FramingError

if TYPE_CHECKING:
    from grpclib.exceptions import GRPCError

_ACKNOWLEDGED_TOGETHER = 16 << 10
"""How many bytes that were read may wait for an acknowledgement, which costs a call of h2."""


class RequestBody:
    """Takes the place of grpclib's buffer for a server's streams.

    grpclib keeps each frame as an object of its own, which takes 370 bytes even if the frame brings one. And it counts
    nothing, so that whatever nobody reads yet is held without limit.

    Args:
        hold: Counts so many bytes more, or returns the error that says why they are too many.
        give: Counts so many less.
        acknowledge: Lets the peer send so many more.
    """

    def __init__(
        self, hold: Callable[[int], GRPCError | None], give: Callable[[int], None], acknowledge: Callable[[int], None]
    ) -> None:
        self._hold = hold
        self._give = give
        self._acknowledge = acknowledge
        self._data = bytearray()
        self._unacknowledged = 0
        self._read = 0
        """How many bytes were read since the last acknowledgement."""
        self._wanted = 0
        """How many bytes the reader waits for."""
        self._waiter: asyncio.Future[None] | None = None
        self._ended = False
        self._error: GRPCError | None = None
        self._closed = False
        self.received = 0
        """How many bytes have come."""

    def __len__(self) -> int:
        return len(self._data)

    def add(self, data: bytes, ack_size: int) -> None:
        """Take the content of a frame, and how many bytes its sender counts for it."""
        self.received += len(data)
        refusal = None if self._closed else self._hold(len(data))
        if refusal is not None:
            self.fail(refusal)
        if self._closed:  # Nobody will read it. The connection goes on, and others of its calls need the room.
            self._acknowledge(ack_size)
            return
        self._data += data
        self._unacknowledged += ack_size
        if self._wanted:  # All of it is needed, or the message could be larger than the window is.
            self._acknowledge_all()
            if len(self._data) >= self._wanted:
                self._wake()

    def eof(self) -> None:
        """Take the end."""
        self._ended = True
        self._wake()

    def fail(self, error: GRPCError) -> None:
        """Have the reader raise an error, now or when it reads next, and take nothing more."""
        if not self._closed:
            self._error = error
            self.close()
            self._wake()

    def close(self) -> None:
        """Take nothing more, and drop what is there: nobody is going to read it."""
        if not self._closed:
            self._closed = True
            self._give(len(self._data))
            self._data = bytearray()
            self._acknowledge_all()

    def detach(self) -> None:
        """Forget the stream; the body has been closed."""
        self._hold, self._give, self._acknowledge = _no_hold, _nothing, _nothing

    def unacked_size(self) -> int:
        """Say how many bytes grpclib still has to acknowledge at the end."""
        size, self._unacknowledged = self._unacknowledged, 0
        return size

    def has(self, size: int) -> bool:
        """Whether so many bytes can be read without waiting; so it is at the end, and after an error."""
        return len(self._data) >= size or self._ended or self._closed

    async def read(self, size: int) -> bytes:
        """Read exactly so many bytes, or nothing at the end. They go on to be counted.

        Raises:
            FramingError: The end comes in between.
            GRPCError: What ``fail`` was called with.
        """
        if not self.has(size):
            await self._wait(size)
        if self._error is not None:
            raise self._error
        if len(self._data) < size:
            if self._data:
                raise FramingError("the stream ends in the middle of a message")
            return b""
        return self._taken(size)

    async def _wait(self, size: int) -> None:
        self._acknowledge_all()
        self._wanted, self._waiter = size, asyncio.get_running_loop().create_future()
        try:
            await self._waiter
        finally:
            self._wanted, self._waiter = 0, None

    def _wake(self) -> None:
        self._wanted = 0
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _taken(self, size: int) -> bytes:
        if size == len(self._data):
            taken, self._data = bytes(self._data), bytearray()
        else:
            with memoryview(self._data) as view:
                taken = bytes(view[:size])
            del self._data[:size]
        self._read += size
        if not self._data:
            self._acknowledge_all()
        elif self._read >= _ACKNOWLEDGED_TOGETHER:
            read, self._read = min(self._read, self._unacknowledged), 0
            self._unacknowledged -= read
            self._acknowledge(read)
        return taken

    def _acknowledge_all(self) -> None:
        size, self._unacknowledged, self._read = self._unacknowledged, 0, 0
        if size:
            self._acknowledge(size)


def _nothing(size: int) -> None:
    pass


def _no_hold(size: int) -> None:
    return None
