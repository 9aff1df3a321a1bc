"""How much each key may send: so many events, and so many bytes, in a second.

A key has a bucket of each, which fills at its rate. A request passes while no bucket is empty, whatever its size, and
what it takes beyond is a debt that the next ones wait for: so a batch larger than the bucket goes in, too, and on
average nobody gets more than the rate.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from chaukas_spec_lite.errors import ThrottledError


@dataclass(frozen=True, slots=True)
class Rate:
    """How much may be sent."""

    events_per_second: float | None = None
    """None is without limit."""
    bytes_per_second: float | None = None
    burst_seconds: float = 10.0
    """What was not sent can be made up for: this many seconds of it."""


class _Bucket:
    """What a key may send of one thing. It begins full."""

    __slots__ = ("_level", "_most", "_rate", "_time")

    def __init__(self, rate: float, seconds: float, now: float) -> None:
        self._rate = rate
        self._level = self._most = rate * seconds
        self._time = now

    def wait(self, now: float) -> float:
        """In how many seconds something may be taken; 0 for now."""
        self._level = min(self._most, self._level + (now - self._time) * self._rate)
        self._time = now
        return 0.0 if self._level > 0 else -self._level / self._rate or 1 / self._rate

    def take(self, amount: float) -> None:
        """Take something, whether it is there or not."""
        self._level -= amount


class Quotas:
    """Counts what keys send.

    Args:
        rate: Says how much the key of a name may send; asked once for each.
        clock: Tells seconds.
    """

    def __init__(self, rate: Callable[[str], Rate], clock: Callable[[], float] = time.monotonic) -> None:
        self._rate = rate
        self._clock = clock
        self._buckets: dict[str, tuple[_Bucket | None, _Bucket | None]] = {}

    def check(self, name: str) -> None:
        """Ask whether the key of a name may send something now, before it is looked at.

        Raises:
            ThrottledError: It has sent too much.
        """
        now = self._clock()
        wait = max((bucket.wait(now) for bucket in self._of(name) if bucket is not None), default=0.0)
        if wait:
            raise ThrottledError(f"the key has sent more than it may; try again in {wait:.3g} s", wait)

    def take(self, name: str, events: int, size: int) -> None:
        """Count what has been sent with the key of a name: so many events, and so many bytes of them."""
        for bucket, amount in zip(self._of(name), (events, size), strict=True):
            if bucket is not None:
                bucket.take(amount)

    def _of(self, name: str) -> tuple[_Bucket | None, _Bucket | None]:
        if name not in self._buckets:
            rate = self._rate(name)
            self._buckets[name] = self._made(rate, rate.events_per_second), self._made(rate, rate.bytes_per_second)
        return self._buckets[name]

    def _made(self, rate: Rate, per_second: float | None) -> _Bucket | None:
        return None if per_second is None else _Bucket(per_second, rate.burst_seconds, self._clock())
