"""The log of a store in memory: simple, and what those of other stores are held against.

It grows without end, as a log does, and counts as part of the store: events make room for the hashes of new ones.
"""

from __future__ import annotations

import bisect
import sys
from array import array
from collections import defaultdict
from collections.abc import Callable
from typing import TYPE_CHECKING

from chaukas_spec_lite.audit.merkle import HASH_SIZE, Frontier, leaf_hash
from chaukas_spec_lite.collector.stores.base import EventRow
from chaukas_spec_lite.collector.stores.copied import EXPORT_BYTES
from chaukas_spec_lite.collector.stores.event_log import (
    Gone,
    KeptCheckpoint,
    LogEntry,
    LogHead,
    LogLeaves,
    LogPlace,
    beyond,
)
from chaukas_spec_lite.collector.stores.matching import Key, key_of, within

if TYPE_CHECKING:
    from chaukas_spec_lite.collector.stores.asking import Tenancy
    from chaukas_spec_lite.collector.stores.memory_contents import Contents

_GROWTH = 2 * HASH_SIZE + 8
"""How many bytes an entry takes: its hash, one above it, and the number of the event's arrival."""
_RECORD = 400
"""And the record of one that was deleted, about, or a checkpoint, beside its texts."""


class _Tree:
    """The log of a tenant."""

    def __init__(self) -> None:
        self.frontier = Frontier()
        self.levels: defaultdict[int, bytearray] = defaultdict(bytearray)
        """All hashes of a level."""
        self.numbers = array("q")
        """Of the arrivals, one for each entry; they rise."""
        self.checkpoints: dict[int, str] = {}

    def append(self, leaf: bytes, number: int) -> None:
        for level, _, hashes in self.frontier.extend([leaf]):
            self.levels[level] += b"".join(hashes)
        self.numbers.append(number)

    def hashes(self, level: int, first: int, count: int) -> list[bytes]:
        if level not in self.levels:
            return []
        content = bytes(self.levels[level][first * HASH_SIZE : (first + count) * HASH_SIZE])
        return [content[at : at + HASH_SIZE] for at in range(0, len(content), HASH_SIZE)]

    def place(self, number: int) -> int | None:
        """Which entry the arrival of a number is; None of those that came before there was a log."""
        place = bisect.bisect_left(self.numbers, number)
        return place if place < len(self.numbers) and self.numbers[place] == number else None


class MemoryLog:
    """See ``EventLog``.

    Args:
        name: The store's.
        contents: What it holds; its size grows with the log.
        worm: Whether a record stays of each event that is deleted.
        check_open: Raises ``StoreError`` unless the store is open.
    """

    def __init__(self, name: str, contents: Contents, *, worm: bool, check_open: Callable[[], None]) -> None:
        self.worm = worm
        self._name = name
        self._contents = contents
        self._check_open = check_open
        self._trees: defaultdict[str, _Tree] = defaultdict(_Tree)
        self._gone: dict[int, tuple[Key, Gone]] = {}

    def append(self, row: EventRow, number: int) -> None:
        """Append the event of an arrival."""
        self._trees[row.tenant_id].append(leaf_hash(row.data), number)
        self._contents.size += _GROWTH

    def record(self, row: EventRow, number: int, gone: Gone) -> None:
        """Record that an event goes, if that is wanted."""
        if self.worm:
            self._gone[number] = key_of(row), gone
            self._contents.size += _RECORD + sum(map(sys.getsizeof, key_of(row)))

    async def heads(self, after_tenant: str | None = None, limit: int = 1000) -> list[LogHead]:
        """List the tenants that have entries; see ``EventLog.heads``."""
        self._check_open()
        behind = sorted(
            tenant
            for tenant, tree in self._trees.items()
            if tree.frontier.size and (after_tenant is None or tenant > after_tenant)
        )
        return [self._head(tenant) for tenant in behind[:limit]]

    async def head(self, tenant_id: str) -> LogHead:
        """Return how far the log of a tenant is; see ``EventLog.head``."""
        self._check_open()
        return self._head(tenant_id)

    def _tree(self, tenant: str) -> _Tree:
        return self._trees.get(tenant) or _Tree()

    def _head(self, tenant: str) -> LogHead:
        tree = self._tree(tenant)
        newest = max(tree.checkpoints, default=None)
        return LogHead(tenant, tree.frontier.size, tree.frontier.root(), newest)

    async def hashes(self, tenant_id: str, level: int, first: int, count: int) -> list[bytes]:
        """Return the roots of full subtrees; see ``EventLog.hashes``."""
        self._check_open()
        return self._tree(tenant_id).hashes(level, first, count)

    async def places(self, tenancy: Tenancy, *event_ids: str) -> list[LogPlace]:
        """Find the events of ids; see ``EventLog.places``."""
        self._check_open()
        wanted = {*event_ids}
        found = self._contents.find(tenancy, wanted)
        found += [(key, n) for n, (key, _) in self._gone.items() if key[2] in wanted and within(tenancy, key)]
        places: list[LogPlace] = []
        for (tenant, project, event_id), number in found:
            tree = self._tree(tenant)
            place = tree.place(number)
            if place is not None:
                places.append(LogPlace(place, tenant, project, event_id, tree.hashes(0, place, 1)[0]))
        return sorted(places, key=lambda each: (each.tenant_id, each.index))

    async def leaves(self, tenant_id: str, first: int, limit: int) -> LogLeaves:
        """Return the hashes of entries side by side; see ``EventLog.leaves``."""
        self._check_open()
        tree = self._tree(tenant_id)
        return LogLeaves(tree.hashes(0, first, limit), tree.numbers[first : first + limit].tolist())

    async def entries(self, tenant_id: str, first: int, limit: int) -> list[LogEntry]:
        """Return entries side by side; see ``EventLog.entries``."""
        self._check_open()
        tree = self._tree(tenant_id)
        found: list[LogEntry] = []
        room = EXPORT_BYTES
        numbers = tree.numbers[first : first + limit]
        for index, (leaf, number) in enumerate(zip(tree.hashes(0, first, limit), numbers, strict=True), first):
            kept = self._contents.events.get(number)
            if kept is not None:
                row = kept.row
                room -= len(row.data)
                if found and room < 0:
                    break
                found.append(LogEntry(index, leaf, row.project_id, row.event_id, row.data))
            else:
                (_, project, event_id), gone = self._gone.get(number, (("", "", ""), Gone()))
                found.append(LogEntry(index, leaf, project, event_id, None, gone))
        return found

    async def keep_checkpoint(self, tenant_id: str, size: int, note: str, former: str = "") -> str:
        """Keep a checkpoint; see ``EventLog.keep_checkpoint``."""
        self._check_open()
        tree = self._tree(tenant_id)
        if size > tree.frontier.size:
            raise beyond(self._name, tenant_id, size, tree.frontier.size)
        kept = tree.checkpoints.get(size, "")
        if kept != former:
            return kept
        self._trees[tenant_id].checkpoints[size] = note
        self._contents.size += sys.getsizeof(note) - sys.getsizeof(kept) if kept else _RECORD + sys.getsizeof(note)
        return note

    async def checkpoints(self, tenant_id: str, before: int | None = None, limit: int = 1) -> list[KeptCheckpoint]:
        """List what was kept; see ``EventLog.checkpoints``."""
        self._check_open()
        kept = self._tree(tenant_id).checkpoints
        sizes = sorted((size for size in kept if before is None or size < before), reverse=True)
        return [KeptCheckpoint(size, kept[size]) for size in sizes[:limit]]
