"""How much memory the bodies of requests take, so that no caller has all of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager

SMALL = 64 << 10
"""The size in bytes up to which bodies are counted, but never refused: those of a few large ones must not keep all
others out, and the number of connections bounds their sum."""


class HeldTooMuchError(Exception):
    """The bodies that are being read need more memory than they may have."""


class HeldBytes:
    """How many bytes the bodies of all requests hold at the moment, and those of each holder: a key, an address.

    A holder may have as much as is still free. So the first one gets half of all and no more, a second one half of the
    rest: there is always room for somebody else, and who is alone has plenty.

    Args:
        most: How many there may be.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._held = 0
        self._of: Counter[str] = Counter()

    def __len__(self) -> int:
        return self._held

    @contextmanager
    def body(self, *holders: str) -> Generator[HeldBody]:
        """Hold what is read of one body, until the block ends.

        Args:
            holders: Who is to answer for it.
        """
        held = HeldBody(self, holders)
        try:
            yield held
        finally:
            self._count(holders, -held.size)

    def hold(self, holders: tuple[str, ...], size: int, count: int) -> None:
        """Hold some more of a body that has a size so far; raises ``HeldTooMuchError``."""
        if size + count > SMALL:
            free = self._most - self._held - count
            if free < 0:
                raise HeldTooMuchError(
                    f"high memory usage: bodies of {self._held} bytes are being read, send it again later"
                )
            if any(self._of[holder] + count > free for holder in holders):
                raise HeldTooMuchError(
                    "high memory usage: your own requests hold as much as all others may still have, send fewer at once"
                )
        self._count(holders, count)

    def _count(self, holders: tuple[str, ...], count: int) -> None:
        self._held += count
        for holder in holders:
            self._of[holder] += count
            if not self._of[holder]:
                del self._of[holder]


class HeldBody:
    """One body, as far as it has been read.

    Args:
        together: Counts those of all.
        holders: Who is to answer for it.
    """

    def __init__(self, together: HeldBytes, holders: tuple[str, ...]) -> None:
        self.size = 0
        self._together = together
        self._holders = holders

    def hold(self, count: int) -> None:
        """Hold some more; raises ``HeldTooMuchError``."""
        self._together.hold(self._holders, self.size, count)
        self.size += count
