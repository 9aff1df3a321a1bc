"""Reading a long submessage where it stands in the input.

Cutting a submessage out of its message copies it, and every submessage in it is copied again. That is the fastest way
for short ones. A long one is read in place, through a window that ends where the submessage ends. ``wire.rope`` does
this for writing.
"""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from typing import Any

from chaukas_spec_lite.wire.format import NotCanonical


class Window:
    """A part of a buffer, read like a buffer of its own; it begins at the buffer's position.

    Buffer and window share that position. Code that reads a part of a window from the buffer itself therefore has to
    reserve that part with ``within``, as a window inside a window does.
    """

    __slots__ = ("_left", "_read", "_size", "_start", "buffer")

    def __init__(self, read: Any, size: int) -> None:
        """Open a window on the next bytes of a buffer or of another window.

        Args:
            read: The bound method ``read`` of the buffer or window.
            size: The number of bytes.

        Raises:
            NotCanonical: There are not so many.
        """
        outer = read.__self__
        self.buffer: BytesIO
        if isinstance(outer, Window):
            # Straight from the buffer, so that a read costs one call however deep windows nest.
            self.buffer, self._read = outer.buffer, outer.within(size)
            self._start = self.buffer.tell()
        else:
            self.buffer, self._read = outer, read
            self._start = outer.tell()
            # Checked here, once. Reads within the window can then rely on the bytes being there.
            if size > len(outer.getvalue()) - self._start:
                raise NotCanonical
        self._size = self._left = size

    def __len__(self) -> int:
        """Count the bytes."""
        return self._size

    def __bytes__(self) -> bytes:
        """Copy the whole content, for decoders that need all of it; the position moves behind it."""
        # From the start, whatever was read so far.
        self.buffer.seek(self._start)
        return self.buffer.read(self._size)

    def within(self, size: int) -> Callable[[int], bytes]:
        """Reserve that many bytes, and return the ``read`` of the buffer to read them with."""
        if size > self._left:
            raise NotCanonical
        self._left -= size
        return self._read

    def read(self, size: int = -1) -> bytes:
        """Read on, at most to the end of the window."""
        left = self._left
        # A negative size means all that is left, as for any file; a larger one gets less, as at the end of a file.
        if not 0 <= size < left:
            size = left
        self._left = left - size
        return self._read(size)


Content = bytes | Window
"""What a decoder decodes."""
