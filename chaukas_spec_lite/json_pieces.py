"""Cuts a stream of JSON into its outermost objects: pretty-printed ones, those of an array, or one after the other.

Nothing is parsed here, and no more than one object is held. What stands around objects is brackets and commas; anything
else comes out as a piece of its own, which whoever parses it refuses.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Iterator
from typing import NamedTuple

_CHUNK = 1 << 16
_AROUND = b" \t\r\n,[]"
"""What may stand between the objects."""
_OUTSIDE_TEXT = re.compile(rb'["{}]')
_IN_TEXT = re.compile(rb'["\\]')


class JsonPiece(NamedTuple):
    """An object, as it stands."""

    start: int
    """Where it begins in the stream."""
    data: bytes
    complete: bool
    """Whether it has its last brace; the stream may have ended before it."""


class PieceTooLong(Exception):
    """An object is longer than the limit."""

    def __init__(self, start: int) -> None:
        super().__init__(start)
        self.start = start


def pieces(read: Callable[[int], bytes], limit: int) -> Iterator[JsonPiece]:
    """Cut a stream into its objects.

    Args:
        read: Returns at most so many bytes more; none at the end.
        limit: The size in bytes of the largest object.

    Raises:
        PieceTooLong: There is a larger one.
    """
    splitter = _Splitter()
    while chunk := read(_CHUNK):
        yield from splitter.feed(chunk)
        if splitter.waiting > limit:
            raise PieceTooLong(splitter.offset)
    yield from splitter.rest()


class _Splitter:
    def __init__(self) -> None:
        self.offset = 0
        """Where what waits begins in the stream."""
        self._data = bytearray()
        # Up to where it has been looked at, so that nothing is looked at twice.
        self._seen = 0
        self._depth = 0
        self._in_text = False

    @property
    def waiting(self) -> int:
        return len(self._data)

    def feed(self, chunk: bytes) -> Iterator[JsonPiece]:
        self._data += chunk
        while True:
            if not self._depth and not (yield from self._begin()):
                return
            end = self._end()
            if end is None:
                return
            yield self._take(end, complete=True)

    def rest(self) -> Iterator[JsonPiece]:
        if self._data.strip(_AROUND):
            yield self._take(len(self._data), complete=False)

    def _begin(self) -> Generator[JsonPiece, None, bool]:
        """Go to the next object, and return whether there is one; what may not stand before it is a piece, too."""
        at = self._data.find(b"{")
        before = self._data[: at if at >= 0 else len(self._data)]
        junk = before.strip(_AROUND)
        if at < 0:
            if not junk:
                self._drop(len(self._data))
            return False
        if junk:
            yield self._take(at, complete=True)
        else:
            self._drop(at)
        self._depth, self._seen, self._in_text = 1, 1, False
        return True

    def _end(self) -> int | None:
        """Where the object ends that has begun; None if that is still to come."""
        while True:
            found = (_IN_TEXT if self._in_text else _OUTSIDE_TEXT).search(self._data, self._seen)
            if found is None:
                self._seen = len(self._data)
                return None
            self._seen = found.end()
            sign = found[0]
            if sign == b"\\":
                # What it takes the meaning from may be in the next chunk.
                if self._seen == len(self._data):
                    self._seen -= 1
                    return None
                self._seen += 1
            elif sign == b'"':
                self._in_text = not self._in_text
            else:
                self._depth += 1 if sign == b"{" else -1
                if not self._depth:
                    return self._seen

    def _take(self, end: int, *, complete: bool) -> JsonPiece:
        piece = JsonPiece(self.offset, bytes(self._data[:end]), complete)
        self._drop(end)
        return piece

    def _drop(self, end: int) -> None:
        del self._data[:end]
        self.offset += end
        self._seen = 0
