"""A buffer for writes: what is written within one turn of the event loop goes to the socket in one piece."""

from __future__ import annotations

import asyncio
from typing import Any

FULL = 16 << 10
"""The number of bytes that are not held back: as many as asyncio buffers before it asks writers to pause."""


class WriteBuffer:
    """Takes a transport's place for grpclib, with the methods that grpclib uses.

    grpclib writes the headers, the message and the end of a response one by one, and each call for itself; a system
    call for each of them costs more than all the rest of a small call. Flow control keeps working: as soon as ``FULL``
    bytes are held back they go to the transport, which then asks its protocol to pause if that is too much.
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._loop = asyncio.get_running_loop()
        self._held: list[bytes] = []
        self._size = 0
        self._written = 0

    @property
    def drained(self) -> int:
        """How many bytes the system has taken."""
        return self._written - self._transport.get_write_buffer_size()

    def abort(self) -> None:
        """Close without handing over anything more."""
        self._transport.abort()

    def write(self, data: bytes) -> None:
        """Write at the end of this turn of the loop."""
        if not self._held:  # The first write schedules the flush that the others share.
            self._loop.call_soon(self.flush)
        self._held.append(data)
        self._size += len(data)
        if self._size >= FULL:
            self.flush()

    def flush(self) -> None:
        """Hand over what is held back, unless the transport is closed."""
        if self._held:
            data = b"".join(self._held)
            self._held.clear()
            self._size = 0
            # It may have been closed since the write. asyncio would log a warning for each further write.
            if not self._transport.is_closing():
                self._written += len(data)
                self._transport.write(data)

    def close(self) -> None:
        """Hand over what is held back, and close."""
        self.flush()  # Otherwise the response or GOAWAY of this very turn would be lost.
        self._transport.close()

    def is_closing(self) -> bool:
        """Whether the transport is closed or closes."""
        return self._transport.is_closing()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """Ask the transport."""
        return self._transport.get_extra_info(name, default)
