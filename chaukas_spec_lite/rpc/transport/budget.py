"""How much a peer may ask of HTTP/2 itself, with frames that bring nothing.

A PING costs its sender nothing and this end a tenth of a millisecond, and so does a call that is reset as soon as it
has begun. So each frame that carries no part of a message is taken from a budget. Calls that are answered, and what is
sent in answers, give back more than they take; otherwise it grows slowly. Whoever uses it up is told to calm down, by
the code that HTTP/2 has for it (RFC 9113, section 10.5).

Whoever is told so connects again at once, with a new budget, or has left before that. So what connections have spent
is the debt of their address, and with a high one its next connections are on probation: a few frames are taken at once,
and the others slowly, or as calls are answered. There calls are free, and to reset them costs double, so that honest
clients with the same address hardly notice.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable

from chaukas_spec_lite.rpc.transport.http2 import DATA, END_HEADERS, END_STREAM, HEADER, HEADERS, RST_STREAM

MOST = 400.0
"""The budget, in frames, with which a connection begins, and which it never exceeds.

All calls that a client may have at once can be begun and reset twice over, without any answer."""
_PER_SECOND = 50.0
"""How much it grows in a second: more than any client needs that waits for nothing, and half a percent of a core."""
_PER_ANSWER = 3.0
"""What a call gives back that is answered: its own headers, and two frames more."""
_AT_FIRST = 16.0
"""How many frames are taken at once on probation: what opens a connection, and some calls."""
_SLOWLY = 100.0
"""How many are taken in a second on probation, of all connections of an address, without answers."""
_PATIENCE = 2.0
"""How many seconds a connection on probation has to pause, without an answer, until it is ended."""
_HIGH, _MOST_DEBT, _FORGIVEN = MOST / 2, 2 * MOST, 10.0
"""From which debt on an address is on probation, how high it gets, and how much of it time gives back in a second: an
address is forgiven within a minute."""
_MOST_ADDRESSES = 10_000
"""How many addresses are remembered."""
_PER_BYTE = 1 / 1024
"""What each byte gives back that is sent in an answer: clients measure the way with PINGs, and widen windows."""
_PADDED = 8


class FrameBudget:
    """The budget of one connection.

    Args:
        now: Tells the time in seconds; monotonic.
        probation: On probation, tells how many connections of the address are so.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic, probation: Callable[[], int] | None = None) -> None:
        self._now = now
        self._left = MOST
        self._probation = probation
        self._allowed = _AT_FIRST
        """How many frames may be taken at once on probation."""
        self._paused: float | None = None
        """Since when it is short of that, and nothing has been answered."""
        self._at = now()

    @property
    def on_probation(self) -> bool:
        """Whether the connection is on probation."""
        return self._probation is not None

    @property
    def spent(self) -> float:
        """How many frames were taken, and not given back since."""
        return MOST - self._left

    def pause(self) -> float:
        """After how many seconds the next frame may be taken; 0 unless the connection is on probation."""
        if self._probation is None:
            return 0.0
        self._grow()
        if self._allowed >= 1:
            return 0.0
        if self._paused is None:
            self._paused = self._at
        return (1 - self._allowed) / self._rate()

    @property
    def exhausted(self) -> bool:
        """Whether the connection has had to pause for so long that it is to be ended."""
        return self._paused is not None and self._at - self._paused > _PATIENCE

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
        self._grow()
        self._left -= 1
        kind = data[start + 3]
        if kind != HEADERS or not data[start + 4] & END_HEADERS:
            self._allowed -= 2 if kind == RST_STREAM else 1
        return self._left >= 0

    def refused(self) -> None:
        """Take a call that is refused, because there are too many: it costs what a reset does."""
        self._left -= 1
        self._allowed -= 2

    def answered(self) -> None:
        """Give back what a call took that is answered now."""
        self._give_back(_PER_ANSWER)

    def sent(self, size: int) -> None:
        """Give back for so many bytes that are sent in an answer."""
        self._give_back(size * _PER_BYTE)

    def _give_back(self, frames: float) -> None:
        self._left = min(MOST, self._left + frames)
        self._allowed = min(MOST, self._allowed + frames)
        self._paused = None

    def _grow(self) -> None:
        now = self._now()
        passed, self._at = now - self._at, now
        self._left = min(MOST, self._left + passed * _PER_SECOND)
        if self._probation is not None:
            self._allowed = min(MOST, self._allowed + passed * self._rate())
            if self._allowed >= _AT_FIRST:
                self._paused = None

    def _rate(self) -> float:
        return _SLOWLY / max(1, self._probation()) if self._probation is not None else 0.0


class Debts:
    """What the connections of each address have spent.

    Args:
        now: Tells the time in seconds; monotonic.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._debts: dict[str, tuple[float, float]] = {}
        """How much, and when that was; the oldest stand first."""
        self._on_probation: Counter[str] = Counter()
        """How many connections."""

    def of(self, address: str) -> float:
        """How much an address has spent, less what time has given back."""
        debt, since = self._debts.get(address, (0.0, 0.0))
        return max(0.0, debt - (self._now() - since) * _FORGIVEN)

    def begin(self, address: str) -> FrameBudget:
        """Make the budget of a new connection."""
        if self.of(address) <= _HIGH:
            return FrameBudget(self._now)
        self._on_probation[address] += 1
        return FrameBudget(self._now, lambda: self._on_probation[address])

    def end(self, address: str, budget: FrameBudget) -> None:
        """Take note of what a connection has spent, when it ends."""
        if budget.on_probation:
            self._on_probation[address] -= 1
            if not self._on_probation[address]:
                del self._on_probation[address]
        debt = min(self.of(address) + budget.spent, _MOST_DEBT)
        self._debts.pop(address, None)
        if debt > 0:
            self._debts[address] = debt, self._now()
        if len(self._debts) > _MOST_ADDRESSES:
            del self._debts[next(iter(self._debts))]


def _brings_something(data: bytes, start: int, stop: int) -> bool:
    """Whether a DATA frame holds part of a message, or ends a request."""
    flags, size = data[start + 4], stop - start - HEADER
    if flags & _PADDED and size:
        size -= 1 + data[start + HEADER]
    return size > 0 or bool(flags & END_STREAM)
