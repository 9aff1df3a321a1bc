"""How stores on a disk keep a tree: the hashes of entries, and those of each eighth level above.

All between them is hashed anew when it is asked for, of 256 hashes at most for each one.
"""

from __future__ import annotations

import itertools
import struct
from collections.abc import Iterable, Sequence
from typing import TypeAlias

from chaukas_spec_lite.audit.merkle import HASH_SIZE, Frontier, leaf_hash, pair
from chaukas_spec_lite.audit.notes import Checkpoint, SignedNote
from chaukas_spec_lite.collector.stores.event_log import KeptCheckpoint, LogHead, LogLeaves
from chaukas_spec_lite.errors import NoteError, StoreError

HEIGHT = 8
MAX_STRETCH = 256
"""How many entries stand in one row at most, which is read whole for each of them."""
_MOST = 20
"""How many findings of one kind are told."""

Nodes: TypeAlias = "list[tuple[int, int, bytes]]"
"""Level, place and hash."""


def frontier_of(size: object, roots: object) -> Frontier:
    """The frontier of columns; raises ``StoreError`` if there is no such one."""
    if isinstance(size, int) and isinstance(roots, bytes) and len(roots) == HASH_SIZE * size.bit_count():
        return Frontier(size, cut(roots))
    raise StoreError(f"the head of a log is damaged: it is of {size!r} entries and {_in_words(roots)}")


def head_of(tenant_id: str, size: object, roots: object, checkpoint: int | None) -> LogHead:
    """The head of columns, for a list. A damaged one is listed, too, without a root: it keeps no other from being."""
    try:
        root = frontier_of(size, roots).root()
    except StoreError:
        root = b""
    return LogHead(tenant_id, size if isinstance(size, int) else 0, root, checkpoint)


def packed(numbers: Sequence[int]) -> bytes:
    """The column that holds the numbers of events."""
    return struct.pack(f">{len(numbers)}q", *numbers)


def stretch_of(first: object, hashes: object, numbers: object) -> list[tuple[int, bytes, int]]:
    """The entries of a row: place, hash, and the number of the event. Raises ``StoreError`` if it has no such ones."""
    place, leaves, own = _columns(first, hashes, numbers)
    return list(zip(itertools.count(place), leaves, own, strict=False))


def leaves_of(rows: Iterable[tuple[object, object, object]], begin: int, end: int) -> LogLeaves:
    """The entries of rows between two places, in columns. Raises ``StoreError`` if a row has none."""
    found = LogLeaves([], [])
    for row in rows:
        first, leaves, numbers = _columns(*row)
        within = slice(max(0, begin - first), max(0, end - first))
        found.hashes.extend(leaves[within])
        found.numbers.extend(numbers[within])
    return found


def _columns(first: object, hashes: object, numbers: object) -> tuple[int, list[bytes], tuple[int, ...]]:
    # Whatever stands there: a file may be damaged, or somebody may have written into it.
    if isinstance(first, int) and isinstance(hashes, bytes) and isinstance(numbers, bytes):
        count = len(hashes) // HASH_SIZE
        if len(hashes) == HASH_SIZE * count and len(numbers) == 8 * count:
            return first, cut(hashes), struct.unpack(f">{count}q", numbers)
    found = f"{_in_words(hashes)} and {_in_words(numbers)}"
    raise StoreError(f"entries of a log are damaged, from {first} on: {found}")


def node_of(found: object) -> bytes:
    """The hash of a row above the entries; raises ``StoreError`` if it has none."""
    if isinstance(found, bytes) and len(found) == HASH_SIZE:
        return found
    raise StoreError(f"the tree of a log is damaged: a row above its entries has {_in_words(found)}")


def _in_words(found: object) -> str:
    return f"{len(found)} bytes" if isinstance(found, bytes) else f"{type(found).__name__} in place of bytes"


def cut(content: bytes) -> list[bytes]:
    """Cut hashes that stand behind each other."""
    return [content[at : at + HASH_SIZE] for at in range(0, len(content), HASH_SIZE)]


def grow(frontier: Frontier, leaves: Sequence[bytes]) -> Nodes:
    """Add entries; return the hashes above them that are kept."""
    made = frontier.extend(leaves)[HEIGHT::HEIGHT]
    return [(level, place, hashed) for level, first, hashes in made for place, hashed in enumerate(hashes, first)]


def kept_below(level: int, first: int, count: int, size: int) -> tuple[int, int, int, int]:
    """Say of which hashes those of a level are made.

    Args:
        level: The level.
        first: The place of the first hash that is wanted.
        count: How many are.
        size: The size of the tree, beyond which there are none.

    Returns:
        A level that is kept, the places in it from which on and before which hashes are needed, and how often they
        have to be paired.
    """
    times = level % HEIGHT
    last = max(first, min(first + count, size >> level))
    return level - times, first << times, last << times, times


def paired(hashes: Sequence[bytes], times: int) -> list[bytes]:
    """Pair hashes so many times."""
    found = list(hashes)
    for _ in range(times):
        found = pair(found)
    return found


class LogCheck:
    """Checks the log of a tenant, entry by entry: its hashes against the events, its tree, its checkpoints.

    Args:
        tenant_id: Whose it is.
        checkpoints: All that were kept of it.
        nodes: All hashes that are kept above its entries.
    """

    def __init__(
        self,
        tenant_id: str,
        checkpoints: Iterable[KeptCheckpoint],
        nodes: Iterable[tuple[int, int, bytes]],
    ) -> None:
        self._tenant = tenant_id
        self._checkpoints = {each.size: each.note for each in checkpoints}
        self._nodes = {(level, place): hashed for level, place, hashed in nodes}
        self._frontier = Frontier()
        self._present = 0
        self._altered: list[str] = []
        self._contradicted: list[str] = []
        self._wrong: list[str] = []
        self._look_at_checkpoint()

    def add(self, leaf: bytes, data: object) -> None:
        """Take the next entry, and its event unless that is gone."""
        if data is not None:
            self._present += 1
            if not isinstance(data, bytes) or leaf_hash(data) != leaf:
                self._altered.append(str(self._frontier.size))
        for level, place, hashed in self._frontier.append(leaf):
            if level and level % HEIGHT == 0 and self._nodes.pop((level, place), b"") != hashed:
                self._wrong.append(f"{place} of level {level}")
        self._look_at_checkpoint()

    def _look_at_checkpoint(self) -> None:
        note = self._checkpoints.pop(self._frontier.size, None)
        if note is not None and _told(note) != (self._frontier.size, self._frontier.root()):
            self._contradicted.append(f"of {self._frontier.size}")

    def findings(self, size: int, roots: bytes, events: int) -> list[str]:
        """Say what is wrong.

        Args:
            size: Its size, as its head has it.
            roots: And the roots of its frontier.
            events: How many events the tenant has.
        """
        found = {
            "entries that are not the hashes of their events": self._altered,
            "hashes that are not those of the entries below": [
                *self._wrong,
                *(f"{place} of level {level}" for level, place in sorted(self._nodes)),
            ],
            "checkpoints that its entries contradict": [
                *self._contradicted,
                *(f"of {size}" for size in sorted(self._checkpoints)),
            ],
        }
        told = [f"{problem}: {', '.join(wrong[:_MOST])}" for problem, wrong in found.items() if wrong]
        if (size, roots) != (self._frontier.size, b"".join(self._frontier.roots)):
            told.append(f"its head, of {size} entries, is not that of the {self._frontier.size} that there are")
        if events != self._present:
            told.append(f"{self._present} of its entries have their events, and there are {events} events")
        return [f"log of tenant {self._tenant!r}: {text}" for text in told]


def _told(note: str) -> tuple[int, bytes] | None:
    """What a checkpoint says of size and root, whoever has signed it."""
    try:
        checkpoint = Checkpoint.of(SignedNote.parse(note))
    except NoteError:
        return None
    return checkpoint.size, checkpoint.root
