"""The content of a long submessage where it stands.

Cutting a submessage out of its message copies it, and one within another is copied again. For most that is cheaper
than anything else; what is long is read in place, through a window that ends where the submessage does.
"""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from typing import Any

from chaukas_spec_lite.wire.format import NotCanonical


class Window:
    """A stretch of a buffer that is read like a buffer of its own; it begins where the buffer stands.

    What is read of the buffer by other means has to be taken from the window with ``within``, or by another window.
    """

    __slots__ = ("_left", "_read", "_size", "_start", "buffer")

    def __init__(self, read: Any, size: int) -> None:
        """Open a window of that many bytes on what the bound method ``read``, of a buffer or a window, would return."""
        outer = read.__self__
        self.buffer: BytesIO
        if isinstance(outer, Window):
            self.buffer, self._read = outer.buffer, outer.within(size)
            self._start = self.buffer.tell()
        else:
            self.buffer, self._read = outer, read
            self._start = outer.tell()
            if size > len(outer.getvalue()) - self._start:
                raise NotCanonical
        self._size = self._left = size

    def __len__(self) -> int:
        """Count the bytes."""
        return self._size

    def __bytes__(self) -> bytes:
        """Cut the content out after all; the buffer then stands behind it."""
        self.buffer.seek(self._start)
        return self.buffer.read(self._size)

    def within(self, size: int) -> Callable[[int], bytes]:
        """Let that many bytes be read from the buffer itself."""
        if size > self._left:
            raise NotCanonical
        self._left -= size
        return self._read

    def read(self, size: int = -1) -> bytes:
        """Read on, at most to the end of the window."""
        left = self._left
        if not 0 <= size < left:
            size = left
        self._left = left - size
        return self._read(size)


Content = bytes | Window
"""What a decoder decodes."""
