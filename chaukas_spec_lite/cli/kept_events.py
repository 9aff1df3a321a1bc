"""The events that a store has, held against the entries of its log."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from chaukas_spec_lite.audit.merkle import leaf_hash

if TYPE_CHECKING:
    from chaukas_spec_lite.cli.logs import TenantPart


class KeptEvents:
    """What is known of the events of a store, while the entries of its log come.

    An entry is found by the number of its event's arrival, so that no event has to be read a second time for it. What
    is not found so is read, and compared by its hash. Each entry answers for one event: of two that are alike, the log
    has to have two.
    """

    def __init__(self) -> None:
        self.known: dict[int, bytes] = {}
        """The hash of each event by its number; whoever reads the log takes out what has its entry."""
        self.astray: dict[bytes, int] = {}
        """Entries without their event, by the hash of an event that the store has."""
        self.elsewhere: dict[bytes, int] = {}
        """Entries that lead to an event which is none of those that the store was asked for, by its hash."""
        self._doubles: Counter[bytes] = Counter()
        """Of events of which another one has the number, as no store gives them."""
        self._left: Counter[bytes] | None = None
        self._seen: Counter[bytes] = Counter()

    def add(self, numbers: Sequence[int], events: Sequence[bytes]) -> None:
        """Note events that the store has, before any entry comes."""
        for number, data in zip(numbers, events, strict=True):
            leaf = leaf_hash(data)
            if self.known.setdefault(number, leaf) is not leaf:
                self._doubles[leaf] += 1

    def take(self, part: TenantPart) -> None:
        """Look at entries of the log."""
        if not part.events:
            return
        if self._left is None:
            self._left = self.unseen()
        for place, (leaf, data) in enumerate(zip(part.leaves, part.events, strict=True)):
            if leaf in self._left:
                if data is not None:
                    self._seen[leaf] += 1
                else:
                    self.astray[leaf] = part.first + place
            elif data is not None:
                self.elsewhere[leaf] = part.first + place

    def unseen(self) -> Counter[bytes]:
        """The hashes of those that no entry has led to yet, and how many have each."""
        found = Counter(self.known.values())
        found.update(self._doubles)
        return found - self._seen
