"""How much a peer may ask of HTTP/2 itself, with frames that bring nothing.

A PING costs its sender nothing and this end a tenth of a millisecond, and so does a call that is reset as soon as it
has begun. So each frame that carries no part of a message is taken from a budget. Calls that are answered, and what is
sent in answers, give back more than they take; otherwise it grows slowly. Whoever uses it up is told to calm down, by
the code that HTTP/2 has for it (RFC 9113, section 10.5).
"""

from __future__ import annotations

import time
from collections.abc import Callable

from chaukas_spec_lite.rpc.transport.http2 import DATA, END_STREAM, HEADER

MOST = 400.0
"""The budget, in frames, with which a connection begins, and which it never exceeds.

All calls that a client may have at once can be begun and reset twice over, without any answer."""
_PER_SECOND = 50.0
"""How much it grows in a second: more than any client needs that waits for nothing, and half a percent of a core."""
_PER_ANSWER = 3.0
"""What a call gives back that is answered: its own headers, and two frames more."""
_PER_BYTE = 1 / 1024
"""What each byte gives back that is sent in an answer: clients measure the way with PINGs, and widen windows."""
_PADDED = 8


class FrameBudget:
    """The budget of one connection.

    Args:
        now: Tells the time in seconds; monotonic.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._left = MOST
        self._at = now()

    def spend(self, data: bytes, start: int, stop: int) -> bool:
        """Take a frame from the budget, if it brings nothing.

        Args:
            data: What holds the frame.
            start: Where it begins.
            stop: Where it ends.

        Returns:
            Whether there was enough.
        """
        # Nearly all frames are data, and go through here first.
        if data[start + 3] == DATA and _brings_something(data, start, stop):
            return True
        now = self._now()
        self._left = min(MOST, self._left + (now - self._at) * _PER_SECOND) - 1
        self._at = now
        return self._left >= 0

    def answered(self) -> None:
        """Give back what a call took that is answered now."""
        self._left = min(MOST, self._left + _PER_ANSWER)

    def sent(self, size: int) -> None:
        """Give back for so many bytes that are sent in an answer."""
        self._left = min(MOST, self._left + size * _PER_BYTE)


def _brings_something(data: bytes, start: int, stop: int) -> bool:
    """Whether a DATA frame holds part of a message, or ends a request."""
    flags, size = data[start + 4], stop - start - HEADER
    if flags & _PADDED and size:
        size -= 1 + data[start + HEADER]
    return size > 0 or bool(flags & END_STREAM)
