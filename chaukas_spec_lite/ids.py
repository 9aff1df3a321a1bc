"""Event ids: UUIDs of version 7, which sort by the time they were made (RFC 9562, section 5.7)."""

from __future__ import annotations

import os
import threading
import time

from chaukas_spec_lite import process

_TAIL_BITS = 74
"""The random bits of an id: 128 less 48 of time, 4 of version and 2 of variant. 12 of them stand before the variant."""

_LOW_BITS = 62
"""The random bits behind the variant."""


class _Generator:
    """Makes ids. Each is greater than the one before, even if the clock goes back.

    In a new millisecond the random bits are drawn anew; within one they grow by a random step (RFC 9562, section 6.2,
    method 2), so that ids cannot be guessed from one another. While the clock stands still or goes back, the last
    millisecond is kept. If the random bits overflow, they carry into the millisecond.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._last = 0
        """The last id: ``millisecond << _TAIL_BITS | random bits``."""

    def next(self) -> str:
        with self._lock:
            while True:
                last = self._last
                millisecond = time.time_ns() // 1_000_000
                if millisecond > last >> _TAIL_BITS:
                    # 73 of the 74 bits are drawn. The highest is clear, so that the steps within a millisecond do not
                    # overflow at once.
                    number = millisecond << _TAIL_BITS | int.from_bytes(os.urandom(10), "big") >> 7
                else:
                    # The random step makes it impossible to compute one event's id from that of another.
                    number = last + 1 + int.from_bytes(os.urandom(4), "big")
                # The lock is reentrant: with a plain one, a signal handler or a finalizer that makes an id here would
                # wait for ever. Instead it may have made one since `last` was read; then this one is made again.
                if self._last == last:
                    self._last = number
                    break
        high, low = number >> _LOW_BITS, number & (1 << _LOW_BITS) - 1
        # What stands before the variant: 48 bits of time, the version 7 in four bits, 12 random bits.
        head = high >> 12 << 16 | 7 << 12 | high & 0xFFF
        text = f"{head << 64 | 2 << _LOW_BITS | low:032x}"
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


_generators = {process.current(): _Generator()}
"""The generator of each process. A forked child needs one of its own: with a copy of its parent's, both would make ids
from the same state, and the copied lock may be held by a thread that the child does not have."""


def uuid7() -> str:
    """Make an id such as ``01a20311-9e4b-7814-927d-4da6e67aa5b1``, greater than all before it in this process."""
    generator = _generators.get(process.current())
    if generator is None:
        # `setdefault` is atomic: threads that come here together get the same generator.
        generator = _generators.setdefault(process.current(), _Generator())
    return generator.next()
