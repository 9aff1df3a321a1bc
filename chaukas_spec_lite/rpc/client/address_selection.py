"""In which order addresses are tried: pure decisions."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import TypeVar

A = TypeVar("A", bound=Hashable)

_MAX_KNOWN = 64
"""How many addresses are remembered as having failed: those of a name change over time."""


class Preference:
    """The address that worked last goes first; those that failed go last, the latest failure at the very end."""

    def __init__(self) -> None:
        self._best: Hashable = None
        self._failed: dict[Hashable, None] = {}

    def order(self, addresses: Iterable[A]) -> list[A]:
        """Put addresses into the order in which to try them; otherwise they keep theirs."""
        failed = {address: number for number, address in enumerate(self._failed, 1)}
        return sorted(addresses, key=lambda address: -1 if address == self._best else failed.get(address, 0))

    def worked(self, address: Hashable) -> None:
        """Note that somebody answers there as is fitting."""
        self._best = address
        self._failed.pop(address, None)

    def failed(self, address: Hashable) -> None:
        """Note that nobody does."""
        if self._best == address:
            self._best = None
        self._failed.pop(address, None)
        self._failed[address] = None
        if len(self._failed) > _MAX_KNOWN:
            del self._failed[next(iter(self._failed))]


def portion(left: float, count: int, most: float, least: float) -> float:
    """Say how many of the seconds that are left the next of so many tries may take, between ``least`` and ``most``."""
    return min(most, max(least, left / count))
