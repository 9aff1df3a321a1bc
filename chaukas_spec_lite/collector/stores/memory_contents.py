"""What a store in memory holds, and how large it is: everything counts, and nothing grows without end."""

from __future__ import annotations

import bisect
import sys
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from chaukas_spec_lite.collector.page_tokens import Position
from chaukas_spec_lite.collector.stores.base import (
    REJECTED_BYTES_PER_TENANT,
    REJECTED_PER_TENANT,
    Addition,
    Conflict,
    DeletionRecord,
    EventRow,
    KeptCounts,
    Rejected,
)
from chaukas_spec_lite.collector.stores.copied import EXPORT_BYTES, Arrived, Exported, Stage
from chaukas_spec_lite.collector.stores.event_log import Gone
from chaukas_spec_lite.collector.stores.matching import Key, is_part, key_of, position_of, within

if TYPE_CHECKING:
    from chaukas_spec_lite.collector.stores.asking import Tenancy
    from chaukas_spec_lite.collector.stores.listing import Part, PartAsked
    from chaukas_spec_lite.collector.stores.memory_log import MemoryLog

T = TypeVar("T")

OVERHEAD = 1300
"""How many bytes an event takes beside its own, about: objects for its columns, places in tables."""
_TEXTS = 600
"""How many of those are for the texts in its columns."""
_ASIDE = 8
"""Which part of the store what was rejected, and records of deletions, may take: one in so many."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What came in, and when."""

    row: EventRow
    received: float

    @property
    def size(self) -> int:
        """How many bytes it takes, about."""
        row = self.row
        # A long text stands in the event and in its column, where one odd character makes each take four bytes; and a
        # small tag takes many times its bytes.
        texts = sum(map(sys.getsizeof, (*row[:7], *row.tags)))
        return len(row.data) + 2 * len(row.text or "") + OVERHEAD + max(0, texts - _TEXTS)


class Contents:
    """Events, conflicts, what was rejected, and records of deletions. All are numbered together as they arrive.

    Args:
        max_bytes: How large it gets.

    Attributes:
        size: How large it is.
        number: That of the last arrival.
        events: By their numbers.
        order: The places of all events, in the order of queries.
        conflicts: By their numbers.
        rejected: By their numbers.
        deletions: By their numbers.
        log: Of the events, if one is kept.
    """

    def __init__(self, max_bytes: int) -> None:
        self.size = self.number = 0
        self.events: dict[int, Kept] = {}
        self.order: list[Position] = []
        self.conflicts: dict[int, Kept] = {}
        self.rejected: OrderedDict[int, Rejected] = OrderedDict()
        self.deletions: OrderedDict[int, DeletionRecord] = OrderedDict()
        self.log: MemoryLog | None = None
        self._max_bytes = max_bytes
        self._aside = 0
        """The size of the last two."""
        self._numbers: dict[Key, int] = {}
        self._owners: Counter[tuple[str, str]] = Counter()
        """How many events each tenant and project has."""
        self._conflicting: set[tuple[Key, bytes]] = set()
        self._first = 1
        """No event or conflict that is there has a lower number."""
        self._rejected_of: defaultdict[str, deque[int]] = defaultdict(deque)
        self._rejected_bytes: defaultdict[str, int] = defaultdict(int)

    def add(self, row: EventRow, received: float) -> Addition:
        """Add an event, or a conflict with one."""
        key = key_of(row)
        there = self._numbers.get(key)
        if there is None:
            number = self._numbers[key] = self._next()
            self._owners[key[:2]] += 1
            kept = self.events[number] = Kept(row, received)
            bisect.insort(self.order, position_of(number, row))
            self.size += kept.size
            if self.log is not None:
                self.log.append(row, number)
            return Addition.NEW
        if self.events[there].row.data == row.data:
            return Addition.REPEATED
        self.add_conflict(row, received)
        return Addition.CONFLICT

    def add_conflict(self, row: EventRow, received: float) -> None:
        """Add what came under the id of another event, whether that is still there or not; each once."""
        key = key_of(row)
        there = self._numbers.get(key)
        if (key, row.data) in self._conflicting or (there is not None and self.events[there].row.data == row.data):
            return
        self._conflicting.add((key, row.data))
        kept = self.conflicts[self._next()] = Kept(row, received)
        self.size += kept.size

    def reject(self, rejected: Rejected) -> int:
        """Add what was rejected; return how many of its tenant's older ones made room."""
        number, tenant = self._next(), rejected.tenant_id
        self.rejected[number] = rejected
        own = self._rejected_of[tenant]
        own.append(number)
        self._rejected_bytes[tenant] += len(rejected.data)
        self._count_aside(rejected_size(rejected))
        dropped = 0
        while len(own) > REJECTED_PER_TENANT or (
            len(own) > 1 and self._rejected_bytes[tenant] > REJECTED_BYTES_PER_TENANT
        ):
            self.drop_rejected(own[0])
            dropped += 1
        return dropped

    def record(self, record: DeletionRecord) -> int:
        """Add the record of a deletion; return its number."""
        number = self._next()
        self.deletions[number] = record
        self._count_aside(record_size(record))
        return number

    def find(self, tenancy: Tenancy, event_ids: Set[str]) -> list[tuple[Key, int]]:
        """Find the events of some ids, with their numbers."""
        owners = [owner for owner in self._owners if within(tenancy, (*owner, ""))]
        if len(owners) * len(event_ids) > len(self._numbers):
            return [(key, n) for key, n in self._numbers.items() if key[2] in event_ids and within(tenancy, key)]
        keys = [(*owner, each) for owner in owners for each in event_ids]
        return [(key, self._numbers[key]) for key in keys if key in self._numbers]

    def drop(self, number: int, gone: Gone) -> None:
        """Take an event or a conflict out."""
        kept = self.conflicts.pop(number, None)
        if kept is not None:
            self._conflicting.discard((key_of(kept.row), kept.row.data))
        else:
            kept = self.events.pop(number)
            key = key_of(kept.row)
            del self._numbers[key]
            self._owners[key[:2]] -= 1
            if not self._owners[key[:2]]:
                del self._owners[key[:2]]
            del self.order[bisect.bisect_left(self.order, position_of(number, kept.row))]
            if self.log is not None:
                self.log.record(kept.row, number, gone)
        self.size -= kept.size

    def drop_rejected(self, number: int) -> None:
        """Take out what was rejected."""
        rejected = self.rejected.pop(number)
        tenant = rejected.tenant_id
        self._rejected_of[tenant].remove(number)
        self._rejected_bytes[tenant] -= len(rejected.data)
        if not self._rejected_of[tenant]:
            del self._rejected_of[tenant], self._rejected_bytes[tenant]
        self._count_aside(-rejected_size(rejected))

    def make_room(self, now: float) -> tuple[int, int]:
        """Let the oldest make room, until it is as large as it may be; return how many events, and others, did.

        What was rejected makes room for itself alone: a flood of it costs no event more than its part of the store.
        """
        events = others = 0
        while self._aside > self._max_bytes // _ASIDE:
            if self.rejected:
                self.drop_rejected(next(iter(self.rejected)))
            else:
                _, record = self.deletions.popitem(last=False)
                self._count_aside(-record_size(record))
            others += 1
        while self.size > self._max_bytes and (self.events or self.conflicts):
            # Not the first key of a dict: Python looks for it among all that were there before.
            while self._first not in self.events and self._first not in self.conflicts:
                self._first += 1
            self.drop(self._first, Gone(now))
            events += 1
        return events, others

    def list_conflicts(self, asked: PartAsked) -> Part[Conflict]:
        """As ``Store.conflicts``."""
        below, tenancy = asked.below, asked.tenancy
        own = ((n, kept) for n, kept in reversed(self.conflicts.items()) if n < below and within(tenancy, kept.row))
        return asked.part((n, len(kept.row.data), Conflict(kept.row, kept.received)) for n, kept in own)

    def list_rejected(self, asked: PartAsked) -> Part[Rejected]:
        """As ``Store.rejected``."""
        below, tenancy = asked.below, asked.tenancy
        own = ((n, each) for n, each in reversed(self.rejected.items()) if n < below and within(tenancy, each))
        return asked.part((n, len(each.data), each) for n, each in own)

    def list_deletions(self, asked: PartAsked) -> Part[DeletionRecord]:
        """As ``Store.deletions``."""
        below, tenancy = asked.below, asked.tenancy
        numbered = ((n, each) for n, each in reversed(self.deletions.items()) if n < below)
        return asked.part((n, 0, each) for n, each in numbered if is_part(each.deletion.tenancy, tenancy))

    def counts(self, tenancy: Tenancy) -> KeptCounts:
        """As ``Store.counts``."""
        return KeptCounts(
            sum(within(tenancy, kept.row) for kept in self.conflicts.values()),
            sum(within(tenancy, each) for each in self.rejected.values()),
            sum(is_part(each.deletion.tenancy, tenancy) for each in self.deletions.values()),
        )

    def _next(self) -> int:
        self.number += 1
        return self.number

    def _count_aside(self, size: int) -> None:
        self._aside += size
        self.size += size


def rejected_size(rejected: Rejected) -> int:
    """How many bytes it takes, about."""
    texts = (rejected.tenant_id, rejected.project_id, rejected.event_id, rejected.reason)
    return len(rejected.data) + OVERHEAD - _TEXTS + sum(map(sys.getsizeof, texts))


def record_size(record: DeletionRecord) -> int:
    """How many bytes it takes, about."""
    deletion = record.deletion
    texts = (deletion.tenancy.tenant_id, deletion.tenancy.project_id, deletion.session_id, deletion.reason, deletion.by)
    return OVERHEAD - _TEXTS + sum(map(sys.getsizeof, texts))


def export(contents: Contents, stage: Stage, last: int, limit: int) -> Exported:
    """As ``Store.export``, from behind a number."""
    if stage is Stage.EVENTS or stage is Stage.CONFLICTS:
        kept = contents.events if stage is Stage.EVENTS else contents.conflicts
        rows, end = _next(kept, last, limit, lambda each: len(each.row.data))
        arrived = [Arrived(each.row, each.received) for each in rows]
        return Exported(events=arrived, after=end) if stage is Stage.EVENTS else Exported(conflicts=arrived, after=end)
    if stage is Stage.REJECTED:
        rejected, end = _next(contents.rejected, last, limit, lambda each: len(each.data))
        return Exported(rejected=rejected, after=end)
    records, end = _next(contents.deletions, last, limit, lambda each: 0)
    return Exported(deletions=records, after=end)


def _next(kept: Mapping[int, T], last: int, limit: int, size: Callable[[T], int]) -> tuple[list[T], str]:
    """What comes behind a number, within the bounds of a part, and the number of its end."""
    found: list[T] = []
    room = EXPORT_BYTES
    for number, each in kept.items():
        if number <= last:
            continue
        room -= size(each)
        if found and (room < 0 or len(found) == limit):
            break
        found.append(each)
        last = number
    return found, str(last)
