"""How much each key may send: so many events, and so many bytes, in a second, as the collector says or the key itself.

A key has a bucket of each, which fills at its rate. A request passes while no bucket is empty, whatever its size, and
what it takes beyond is a debt that the next ones wait for: so a batch larger than the bucket goes in, too, and on
average nobody gets more than the rate.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from chaukas_spec_lite.errors import ThrottledError


@dataclass(frozen=True, slots=True)
class Rate:
    """How much may be sent."""

    events_per_second: float | None = None
    """None is without limit."""
    bytes_per_second: float | None = None
    burst_seconds: float = 10.0
    """What was not sent can be made up for: this many seconds of it."""
    burst_events: float | None = None
    """How many events can be made up for, if that is said of events by itself."""


@dataclass(frozen=True, slots=True)
class KeyQuota:
    """What a key says of itself; None is as the collector says of all."""

    events_per_second: float | None = None
    burst_events: float | None = None
    bytes_per_second: float | None = None

    def within(self, rate: Rate) -> Rate:
        """Return how much the key may send, where the collector lets all others send so much."""
        if self.events_per_second is not None:
            rate = replace(rate, events_per_second=self.events_per_second, burst_events=self.burst_events)
        return rate if self.bytes_per_second is None else replace(rate, bytes_per_second=self.bytes_per_second)


AS_ALL = KeyQuota()
"""A key of which nothing is said."""


class _Bucket:
    """What a key may send of one thing. It begins full."""

    __slots__ = ("_level", "_most", "_rate", "_time")

    def __init__(self, rate: float, most: float, now: float) -> None:
        self._rate = rate
        self._level = self._most = most
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
        rate: Says how much the key of a name may send, unless something else is said of it.
        clock: Tells seconds.
    """

    def __init__(self, rate: Callable[[str], Rate], clock: Callable[[], float] = time.monotonic) -> None:
        self._rate = rate
        self._clock = clock
        self._buckets: dict[str, tuple[KeyQuota, _Bucket | None, _Bucket | None]] = {}

    def check(self, name: str, own: KeyQuota = AS_ALL) -> None:
        """Ask whether the key of a name may send something now, before it is looked at.

        Args:
            name: The key's.
            own: What is said of it by itself.

        Raises:
            ThrottledError: It has sent too much.
        """
        now = self._clock()
        wait = max((bucket.wait(now) for bucket in self._of(name, own) if bucket is not None), default=0.0)
        if wait:
            raise ThrottledError(f"the key has sent more than it may; try again in {wait:.3g} s", wait)

    def take(self, name: str, events: int, size: int, own: KeyQuota = AS_ALL) -> None:
        """Count what has been sent with the key of a name: so many events, and so many bytes of them."""
        for bucket, amount in zip(self._of(name, own), (events, size), strict=True):
            if bucket is not None:
                bucket.take(amount)

    def _of(self, name: str, own: KeyQuota) -> tuple[_Bucket | None, _Bucket | None]:
        found = self._buckets.get(name)
        if found is None or found[0] != own:  # or something else is said of it from now on
            rate = own.within(self._rate(name))
            found = self._buckets[name] = own, self._for_events(rate), self._for_bytes(rate)
        return found[1:]

    def _for_events(self, rate: Rate) -> _Bucket | None:
        if rate.events_per_second is None:
            return None
        most = rate.events_per_second * rate.burst_seconds if rate.burst_events is None else rate.burst_events
        return _Bucket(rate.events_per_second, most, self._clock())

    def _for_bytes(self, rate: Rate) -> _Bucket | None:
        if rate.bytes_per_second is None:
            return None
        return _Bucket(rate.bytes_per_second, rate.bytes_per_second * rate.burst_seconds, self._clock())
