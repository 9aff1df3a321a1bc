"""Event ids: UUIDs of version 7, which sort by the time they were made (RFC 9562, section 5.7)."""

from __future__ import annotations

import os
import threading
import time

from chaukas_spec_lite import process

_TAIL_BITS = 74
"""What is left for randomness beside the time, the version and the variant."""

_LOW_BITS = 62
"""How much of it stands behind the variant."""


class _Generator:
    """Ids that grow strictly, whatever the clock does.

    The tail is random in a new millisecond and grows by a random step within one (RFC 9562, section 6.2, method 2), so
    that ids cannot be guessed from one another. While the clock stands still or jumps back, the last millisecond stays;
    should the tail overflow, it carries into the millisecond.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._last = 0
        """Millisecond and tail of the last id, as one number."""

    def next(self) -> str:
        with self._lock:
            while True:
                last = self._last
                millisecond = time.time_ns() // 1_000_000
                if millisecond > last >> _TAIL_BITS:
                    # The highest bit of the tail stays clear, so that there is room to grow.
                    number = millisecond << _TAIL_BITS | int.from_bytes(os.urandom(10), "big") >> 7
                else:
                    number = last + 1 + int.from_bytes(os.urandom(4), "big")
                if self._last == last:  # or else a signal handler, or a finalizer, has made one amid this
                    self._last = number
                    break
        high, low = number >> _LOW_BITS, number & (1 << _LOW_BITS) - 1
        head = high >> 12 << 16 | 7 << 12 | high & 0xFFF
        text = f"{head << 64 | 2 << _LOW_BITS | low:032x}"
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


_generators = {process.current(): _Generator()}
"""One for each process: a forked child neither continues its parent's ids nor waits for a lock its parent held."""


def uuid7() -> str:
    """Make an id such as ``01a20311-9e4b-7814-927d-4da6e67aa5b1``, greater than all before it in this process."""
    generator = _generators.get(process.current())
    if generator is None:
        generator = _generators.setdefault(process.current(), _Generator())
    return generator.next()
