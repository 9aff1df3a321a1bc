"""A bounded table of what has been worked out before, such as how each key of a Struct is written."""

from __future__ import annotations

from typing import TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Memo(dict[K, V]):
    """A dict that codecs look things up in, and that `remember` alone adds to.

    A full table stays as it is: if it made room for each newcomer, a program with a few keys more than fit would lose
    every key before its next use. What fills it may also be data that never comes again. So once it has turned away as
    many keys as it holds, it starts anew.

    That suits keys that come again in any order. Times are not such keys: they go on, and a full table of past seconds
    would be of no use.
    """

    __slots__ = ("_most", "_refused")

    def __init__(self, most: int) -> None:
        """Make an empty table.

        Args:
            most: How many entries it holds.
        """
        self._most = most
        self._refused = 0

    def remember(self, key: K, value: V) -> None:
        """Add an entry, unless the table is full."""
        if len(self) < self._most:
            self[key] = value
        elif self._refused < self._most:
            self._refused += 1
        else:
            self._refused = 0
            self.clear()
