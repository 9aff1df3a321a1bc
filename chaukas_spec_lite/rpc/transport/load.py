"""What a server's calls hold at once: in all, and of each peer, key and connection, so that nobody takes it all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

Holder = tuple[str, str]
"""A kind, such as ``peer``, and a name: who holds something."""

ALL: Holder = ("all", "")
"""Everybody together."""

SMALL = 64 << 10
"""The size in bytes up to which what a call holds may use the reserve.

A few large requests must not shut out all small ones, such as health checks.
"""
_RESERVE = 4
"""Small ones have a quarter more room."""


class Load:
    """Counts what is held, within limits.

    Args:
        limits: How much may be held, by the kind of the holder; a kind that is missing has no limit.
    """

    def __init__(self, limits: Mapping[str, int]) -> None:
        self._limits = limits
        self._held: Counter[Holder] = Counter()

    @property
    def held(self) -> int:
        """How much is held in all."""
        return self._held[ALL]

    def held_by(self, holder: Holder) -> int:
        """How much somebody holds."""
        return self._held[holder]

    def lacking(self, size: int, holders: Sequence[Holder], small: bool = False) -> Holder | None:
        """Name the holder that has no room for so much more, or None if there is room.

        Args:
            size: How much more it would be.
            holders: Who would hold it; ``ALL`` is among them.
            small: Whether the reserve may be used.
        """
        for holder in holders:
            limit = self._limits.get(holder[0])
            if limit is None:
                continue
            if small:
                limit += limit // _RESERVE
            if self._held[holder] + size > limit:
                return holder
        return None

    def limit(self, holder: Holder) -> int:
        """How much somebody may hold who has a limit."""
        return self._limits[holder[0]]

    def take(self, size: int, holders: Sequence[Holder]) -> None:
        """Count so much more."""
        for holder in holders:
            self._held[holder] += size

    def give(self, size: int, holders: Sequence[Holder]) -> None:
        """Count so much less."""
        for holder in holders:
            left = self._held[holder] - size
            if left:
                self._held[holder] = left
            else:
                del self._held[holder]  # Names come and go, so those that hold nothing must not gather.

    def largest(self, kind: str) -> Holder | None:
        """Name the holder of a kind that holds most, if any does."""
        holders = [holder for holder in self._held if holder[0] == kind]
        return max(holders, key=self._held.__getitem__, default=None)
