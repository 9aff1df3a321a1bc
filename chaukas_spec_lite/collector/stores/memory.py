"""A store in memory: for tests, demos and machines without a disk. Simple, and what other stores are held against."""

from __future__ import annotations

import asyncio
import bisect
import logging
import secrets
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from chaukas_spec_lite.collector.page_tokens import SECRET_BYTES, PageTokens, Position
from chaukas_spec_lite.collector.stores.arrivals import Arrivals
from chaukas_spec_lite.collector.stores.asking import Query, Tenancy
from chaukas_spec_lite.collector.stores.base import (
    EXPORT_BYTES,
    TEXT_SCAN_BYTES,
    TEXT_SCAN_EVENTS,
    Addition,
    Arrived,
    CopyNote,
    Deletion,
    DeletionRecord,
    EventPage,
    EventRow,
    EventStats,
    Exported,
    Rejected,
    Retention,
    SessionSummary,
    Stage,
    Texts,
    no_place,
    other_copy,
)
from chaukas_spec_lite.collector.stores.matching import matches, sum_up, within
from chaukas_spec_lite.collector.stores.memory_contents import Contents, Kept
from chaukas_spec_lite.errors import QueryTimeoutError, StoreError
from chaukas_spec_lite.rationed_log import RationedLog
from chaukas_spec_lite.wire.envelopes import MAX_FRAME_BYTES

T = TypeVar("T")

MAX_BYTES = 256 * 2**20
"""How large a store in memory gets, unless it is told otherwise."""

_STEP = 500
"""How many events are looked at before others get their turn on the event loop."""
_TOLD_EVERY = 60.0

log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Room:
    """What a page, or a search for it, may still take."""

    events: int
    size: int
    decoded: int = TEXT_SCAN_EVENTS
    decoded_bytes: int = TEXT_SCAN_BYTES


class MemoryStore:
    """Keeps events in memory, up to so many bytes; beyond them, the oldest arrivals make room.

    Args:
        texts: Tells what a search for text looks at in an encoded event.
        max_bytes: How large it gets, in bytes.
        clock: Tells the time in seconds since 1970.

    Attributes:
        dropped: How many events have made room.
        dropped_aside: How many rejected events, and records of deletions, have.
    """

    name = "the collector's store in memory"
    indexes_text = False

    def __init__(self, *, texts: Texts, max_bytes: int = MAX_BYTES, clock: Callable[[], float] = time.time) -> None:
        self.dropped = self.dropped_aside = 0
        self._texts = texts
        self._max_bytes = max_bytes
        self._clock = clock
        self._log = RationedLog(log, _TOLD_EVERY, time.monotonic)
        self._tokens = PageTokens(secrets.token_bytes(SECRET_BYTES))
        self.identity = secrets.token_hex(SECRET_BYTES)
        self._arrivals = Arrivals()
        self._open = False
        self._all = Contents(max_bytes)
        self._notes: dict[str, str] = {}

    async def open(self) -> None:
        """Take events from now on."""
        self._open = True

    async def close(self) -> None:
        """Take no more events. Those that are there stay, should it be opened again."""
        self._open = False

    async def add(self, rows: Sequence[EventRow]) -> list[Addition]:
        """Store events; see ``Store.add``."""
        self._check_open()
        received = self._clock()
        return self._stored([self._all.add(row, received) for row in rows])

    def _stored(self, additions: list[Addition]) -> list[Addition]:
        self._make_room()
        if Addition.NEW in additions:
            self._arrivals.announce()
        return additions

    def _make_room(self) -> None:
        events, others = self._all.make_room()
        self.dropped += events
        self.dropped_aside += others
        if events or others:
            self._log.log(
                *("dropped", logging.WARNING),
                "%s is full (%d bytes): its oldest events make room for new ones; %d have so far, and %d rejected ones",
                *(self.name, self._max_bytes, self.dropped, self.dropped_aside),
            )

    async def keep_rejected(self, rejected: Sequence[Rejected]) -> int:
        """Keep what cannot be stored; see ``Store.keep_rejected``."""
        self._check_open()
        dropped, before = sum(map(self._all.reject, rejected)), self.dropped_aside
        self._make_room()
        return dropped + self.dropped_aside - before

    async def find(self, query: Query, max_bytes: int, time_limit: float = 10.0) -> EventPage:
        """Return one page of what a query asks for; see ``Store.find``."""
        self._check_open()
        began = time.monotonic()
        watermark, last = self._tokens.read(query) or (self._all.number, None)
        room, events = _Room(query.size, max_bytes), list[bytes]()
        while True:
            step = self._after(query, last)
            for position in step:
                row = self._all.events[position[3]].row
                if position[3] <= watermark and matches(row, query) and self._found(row, query, room):
                    room.size -= len(row.data) + MAX_FRAME_BYTES
                    # This event starts the next page, unless the page is still empty: there would be no page with it.
                    if last is not None and events and (room.size < 0 or not room.events):
                        return EventPage(events, self._tokens.write(query, watermark, last))
                    events.append(row.data)
                    room.events -= 1
                last = position
                if room.decoded < 0 or room.decoded_bytes < 0:
                    return EventPage(events, self._tokens.write(query, watermark, last))
            if not step:
                return EventPage(events, "")
            await asyncio.sleep(0)  # what may change all but ``last``
            if time.monotonic() - began > time_limit:
                raise QueryTimeoutError(f"{self.name}: the query took more than {time_limit:g} seconds")

    def _after(self, query: Query, last: Position | None) -> list[Position]:
        """The positions of a few events, from where a page goes on."""
        order = self._all.order
        if query.descending:
            end = len(order) if last is None else bisect.bisect_left(order, last)
            return order[max(0, end - _STEP) : end][::-1]
        start = 0 if last is None else bisect.bisect_right(order, last)
        return order[start : start + _STEP]

    def _found(self, row: EventRow, query: Query, room: _Room | None = None) -> bool:
        """Whether an event has the text that is searched for."""
        if not query.text:
            return True
        if row.text is not None:
            return query.text in row.text
        if room is not None:
            room.decoded -= 1
            room.decoded_bytes -= len(row.data)
        return query.text in self._texts(row.data)

    async def stats(self, query: Query) -> EventStats:
        """Count; see ``Store.stats``."""
        self._check_open()
        types: Counter[int] = Counter()
        found: list[EventRow] = []
        for number, kept in enumerate(list(self._all.events.values())):
            if matches(kept.row, query) and self._found(kept.row, query):
                types[kept.row.type] += 1
                found.append(kept.row)
            if number % _STEP == 0:
                await asyncio.sleep(0)
        sessions = sum_up(found)
        lengths = [each.milliseconds for each in sessions.values() if each.moments]
        return EventStats(
            events=len(found),
            sessions=len(sessions),
            by_type=dict(types),
            mean_session_ms=sum(lengths) / len(lengths) if lengths else 0.0,
            conflicts=sum(within(query.tenancy, kept.row) for kept in self._all.conflicts.values()),
            rejected=sum(within(query.tenancy, each) for each in self._all.rejected.values()),
        )

    async def sessions(
        self, tenancy: Tenancy, limit: int, before: tuple[int, int, str] | None = None
    ) -> list[SessionSummary]:
        """List sessions; see ``Store.sessions``."""
        self._check_open()
        listed = [
            SessionSummary(*key, each.events, each.errors, each.first, each.last)
            for key, each in sum_up(kept.row for kept in self._all.events.values()).items()
            if within(tenancy, key) and (before is None or (*each.last, key[2]) < before)
        ]
        listed.sort(key=lambda each: (*each.last, each.session_id, each.tenant_id, each.project_id), reverse=True)
        return listed[:limit]

    async def conflicts(self, tenancy: Tenancy, limit: int) -> list[EventRow]:
        """List conflicts; see ``Store.conflicts``."""
        self._check_open()
        return [kept.row for kept in reversed(self._all.conflicts.values()) if within(tenancy, kept.row)][:limit]

    async def rejected(self, tenancy: Tenancy, limit: int) -> list[Rejected]:
        """List what was rejected; see ``Store.rejected``."""
        self._check_open()
        return [each for each in reversed(self._all.rejected.values()) if within(tenancy, each)][:limit]

    async def delete(self, deletion: Deletion) -> int:
        """Delete events; see ``Store.delete``."""
        self._check_open()
        tenancy, session = deletion.tenancy, deletion.session_id
        number = self._all.record(DeletionRecord(deletion, self._clock(), 0))
        count = await self._drop_where(
            lambda kept: within(tenancy, kept.row) and session in ("", kept.row.session_id),
        )
        if not session:
            await self._drop_rejected_where(lambda each: within(tenancy, each))
        record = self._all.deletions.get(number)
        if record is not None:
            self._all.deletions[number] = replace(record, events=count)
        self._make_room()
        return count

    async def deletions(self, tenancy: Tenancy, limit: int) -> list[DeletionRecord]:
        """List the records of deletions; see ``Store.deletions``."""
        self._check_open()
        own = (
            each
            for each in reversed(self._all.deletions.values())
            if tenancy.tenant_id in (None, each.deletion.tenancy.tenant_id)
            and tenancy.project_id in (None, each.deletion.tenancy.project_id)
        )
        return list(own)[:limit]

    async def retain(self, retention: Retention) -> int:
        """Delete what is too old or too much; see ``Store.retain``."""
        self._check_open()
        count = 0
        if retention.max_age is not None:
            oldest = self._clock() - retention.max_age
            count += await self._drop_where(lambda kept: kept.received < oldest)
            await self._drop_rejected_where(lambda each: each.received < oldest)
        if retention.max_bytes is not None:
            sizes: Counter[str] = Counter()
            for kept in (*self._all.events.values(), *self._all.conflicts.values()):
                sizes[kept.row.tenant_id] += len(kept.row.data)
            excess = Counter({tenant: size - retention.max_bytes for tenant, size in sizes.items()})
            count += await self._drop_where(lambda kept: _takes(excess, kept.row))
        return count

    async def _drop_where(self, chosen: Callable[[Kept], bool]) -> int:
        """Drop events and conflicts, the oldest first; return how many events it were."""
        count = 0
        contents = self._all
        for place, number in enumerate(sorted([*contents.events, *contents.conflicts])):
            if place % _STEP == 0:
                await asyncio.sleep(0)  # what may drop any
            kept = contents.events.get(number) or contents.conflicts.get(number)
            if kept is not None and chosen(kept):
                count += number in contents.events
                contents.drop(number)
        return count

    async def _drop_rejected_where(self, chosen: Callable[[Rejected], bool]) -> None:
        for place, number in enumerate(list(self._all.rejected)):
            if place % _STEP == 0:
                await asyncio.sleep(0)
            rejected = self._all.rejected.get(number)
            if rejected is not None and chosen(rejected):
                self._all.drop_rejected(number)

    async def export(self, stage: Stage, after: str, limit: int) -> Exported:
        """Return the next part of all that is there; see ``Store.export``."""
        self._check_open()
        contents, last = self._all, self._place(after)
        if stage is Stage.EVENTS or stage is Stage.CONFLICTS:
            kept = contents.events if stage is Stage.EVENTS else contents.conflicts
            rows, end = _next(kept, last, limit, lambda each: len(each.row.data))
            arrived = [Arrived(each.row, each.received) for each in rows]
            return (
                Exported(events=arrived, after=end)
                if kept is contents.events
                else Exported(conflicts=arrived, after=end)
            )
        if stage is Stage.REJECTED:
            rejected, end = _next(contents.rejected, last, limit, lambda each: len(each.data))
            return Exported(rejected=rejected, after=end)
        records, end = _next(contents.deletions, last, limit, lambda each: 0)
        return Exported(deletions=records, after=end)

    def _place(self, after: str) -> int:
        if after and not after.isdecimal():
            raise no_place(self.name, after)
        return int(after or 0)

    async def count_until(self, after: str) -> int:
        """Count the events up to a place; see ``Store.count_until``."""
        self._check_open()
        last = self._place(after)
        return sum(number <= last for number in self._all.events)

    async def restore(self, part: Exported, note: CopyNote) -> list[Addition]:
        """Store a part of a copy; see ``Store.restore``."""
        self._check_open()
        if self._notes.get(note.source, "") != note.before:
            raise other_copy(self.name)
        additions = [self._all.add(*each) for each in part.events]
        for each in part.conflicts:
            self._all.add_conflict(*each)
        for rejected in part.rejected:
            self._all.reject(rejected)
        for record in part.deletions:
            self._all.record(record)
        self._notes[note.source] = note.after
        return self._stored(additions)

    async def copy_note(self, source: str) -> str:
        """Return what was noted of a copy; see ``Store.copy_note``."""
        self._check_open()
        return self._notes.get(source, "")

    async def check(self) -> list[str]:
        """Look for damage, of which memory has none."""
        self._check_open()
        return []

    async def vacuum(self) -> None:
        """Do nothing: memory is given back at once."""
        self._check_open()

    async def size(self) -> int:
        """How many bytes of memory it takes, about."""
        return self._all.size

    async def changed(self, timeout: float) -> bool:
        """Wait until something has been stored; see ``Store.changed``."""
        self._check_open()
        return await self._arrivals.wait(timeout)

    def _check_open(self) -> None:
        if not self._open:
            raise StoreError(f"{self.name} is not open")


def _takes(excess: Counter[str], row: EventRow) -> bool:
    """Whether an event is among the oldest of its tenant that are too much; it is then counted."""
    if excess[row.tenant_id] <= 0:
        return False
    excess[row.tenant_id] -= len(row.data)
    return True


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
