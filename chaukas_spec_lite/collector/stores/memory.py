"""A store in memory: for tests, demos and machines without a disk. Simple, and what other stores are held against."""

from __future__ import annotations

import asyncio
import bisect
import logging
import secrets
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from chaukas_spec_lite.collector.page_tokens import SECRET_BYTES, PageTokens, Position
from chaukas_spec_lite.collector.stores.arrivals import Arrivals
from chaukas_spec_lite.collector.stores.asking import EVERY_SESSION, Query, SessionFilter, Tenancy
from chaukas_spec_lite.collector.stores.base import (
    TEXT_SCAN_BYTES,
    TEXT_SCAN_EVENTS,
    Addition,
    Conflict,
    Deletion,
    DeletionRecord,
    EventPage,
    EventRow,
    EventStats,
    KeptCounts,
    Rejected,
    Retention,
    SessionPlace,
    SessionSummary,
    Texts,
)
from chaukas_spec_lite.collector.stores.copied import CopyNote, Exported, Stage, no_place, other_copy
from chaukas_spec_lite.collector.stores.event_log import Gone
from chaukas_spec_lite.collector.stores.following import LOOKED_AT, Followed, LookedAt, beginning, followed, place_of
from chaukas_spec_lite.collector.stores.listing import CONFLICTS, DELETIONS, REJECTED, Part, PartAsked
from chaukas_spec_lite.collector.stores.matching import list_sessions, matches, sum_up, within
from chaukas_spec_lite.collector.stores.memory_contents import Contents, Kept, export
from chaukas_spec_lite.collector.stores.memory_log import MemoryLog
from chaukas_spec_lite.errors import QueryTimeoutError, StoreError
from chaukas_spec_lite.rationed_log import RationedLog
from chaukas_spec_lite.wire.envelopes import MAX_FRAME_BYTES

MAX_BYTES = 256 * 2**20
"""How large a store in memory gets, unless it is told otherwise."""

_STEP = 500
"""How many events are looked at before others get their turn on the event loop."""
_TOLD_EVERY = 60.0

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Room:
    """What a page, or a search for it, may still take."""

    events: int
    size: int
    decoded: int = TEXT_SCAN_EVENTS
    decoded_bytes: int = TEXT_SCAN_BYTES

    @property
    def scanned(self) -> int:
        return TEXT_SCAN_EVENTS - self.decoded


class MemoryStore:
    """Keeps events in memory, up to so many bytes; beyond them, the oldest arrivals make room.

    Args:
        texts: Tells what a search for text looks at in an encoded event.
        max_bytes: How large it gets, in bytes.
        clock: Tells the time in seconds since 1970.
        log: Whether it keeps a log, in which the hash of every event stays, and for which events make room.
        worm: Whether it keeps one, with a record of each event that goes.

    Attributes:
        dropped: How many events have made room.
        dropped_aside: How many rejected events, and records of deletions, have.
    """

    name = "the collector's store in memory"
    indexes_text = False

    def __init__(
        self,
        *,
        texts: Texts,
        max_bytes: int = MAX_BYTES,
        clock: Callable[[], float] = time.time,
        log: bool = False,
        worm: bool = False,
    ) -> None:
        self.dropped = self.dropped_aside = 0
        self._texts = texts
        self._max_bytes = max_bytes
        self._clock = clock
        self._told = RationedLog(_log, _TOLD_EVERY, time.monotonic)
        self._tokens = PageTokens(secrets.token_bytes(SECRET_BYTES))
        self.identity = secrets.token_hex(SECRET_BYTES)
        self._arrivals = Arrivals()
        self._open = False
        self._all = Contents(max_bytes)
        if log or worm:
            self._all.log = MemoryLog(self.name, self._all, worm=worm, check_open=self._check_open)
        self._notes: dict[str, str] = {}

    @property
    def log(self) -> MemoryLog | None:
        """Its log, if it keeps one."""
        self._check_open()
        return self._all.log

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
        events, others = self._all.make_room(self._clock())
        self.dropped += events
        self.dropped_aside += others
        if events or others:
            self._told.log(
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
        room, events, numbers = _Room(query.size, max_bytes), list[bytes](), list[int]()
        while True:
            step = self._after(query, last)
            for position in step:
                row = self._all.events[position[3]].row
                if position[3] <= watermark and matches(row, query) and self._found(row, query, room):
                    room.size -= len(row.data) + MAX_FRAME_BYTES
                    # This event starts the next page, unless the page is still empty: there would be no page with it.
                    if last is not None and events and (room.size < 0 or not room.events):
                        return EventPage(events, self._tokens.write(query, watermark, last), room.scanned, numbers)
                    events.append(row.data)
                    numbers.append(position[3])
                    room.events -= 1
                last = position
                if room.decoded < 0 or room.decoded_bytes < 0:
                    return EventPage(events, self._tokens.write(query, watermark, last), room.scanned, numbers)
            if not step:
                return EventPage(events, "", room.scanned, numbers)
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
        counts = self._all.counts(query.tenancy)
        lengths = [each.milliseconds for each in sessions.values() if each.moments]
        return EventStats(
            events=len(found),
            sessions=len(sessions),
            by_type=dict(types),
            mean_session_ms=sum(lengths) / len(lengths) if lengths else 0.0,
            conflicts=counts.conflicts,
            rejected=counts.rejected,
        )

    async def follow(self, query: Query, cursor: str, max_bytes: int, time_limit: float = 10.0) -> Followed:
        """Return what has arrived since; see ``Store.follow``."""
        self._check_open()
        asked = replace(query, page_token=cursor)
        place = place_of(self._tokens, asked)
        if place is None:
            return Followed([], beginning(self._tokens, query, (0, self._all.number)), more=False)
        return followed(self._tokens, query, place, self._arrived(query, place[1]), max_bytes)

    def _arrived(self, query: Query, after: int) -> Iterator[LookedAt | None]:
        """The events that arrived after one with some number."""
        room = _Room(0, 0)
        for number in range(after + 1, self._all.number + 1):
            kept = self._all.events.get(number)
            met = kept is not None and matches(kept.row, query) and self._found(kept.row, query, room)
            yield (0, number), kept.row.data if kept is not None and met else None
            if number - after == LOOKED_AT or room.decoded_bytes < 0:
                yield None

    async def sessions(
        self, tenancy: Tenancy, limit: int, before: SessionPlace | None = None, only: SessionFilter = EVERY_SESSION
    ) -> list[SessionSummary]:
        """List sessions; see ``Store.sessions``."""
        self._check_open()
        rows = (kept.row for kept in self._all.events.values() if within(tenancy, kept.row))
        return list_sessions(rows, limit, before, only)

    async def conflicts(self, tenancy: Tenancy, limit: int, page_token: str = "") -> Part[Conflict]:
        """List conflicts; see ``Store.conflicts``."""
        self._check_open()
        return self._all.list_conflicts(PartAsked(self._tokens, CONFLICTS, tenancy, limit, page_token))

    async def rejected(self, tenancy: Tenancy, limit: int, page_token: str = "") -> Part[Rejected]:
        """List what was rejected; see ``Store.rejected``."""
        self._check_open()
        return self._all.list_rejected(PartAsked(self._tokens, REJECTED, tenancy, limit, page_token))

    async def delete(self, deletion: Deletion) -> int:
        """Delete events; see ``Store.delete``."""
        self._check_open()
        tenancy, session = deletion.tenancy, deletion.session_id
        now = self._clock()
        number = self._all.record(DeletionRecord(deletion, now, 0))
        count = await self._drop_where(
            lambda kept: within(tenancy, kept.row) and session in ("", kept.row.session_id), Gone(now, deletion)
        )
        if not session:
            await self._drop_rejected_where(lambda each: within(tenancy, each))
        record = self._all.deletions.get(number)
        if record is not None:
            self._all.deletions[number] = replace(record, events=count)
        self._make_room()
        return count

    async def deletions(self, tenancy: Tenancy, limit: int, page_token: str = "") -> Part[DeletionRecord]:
        """List the records of deletions; see ``Store.deletions``."""
        self._check_open()
        return self._all.list_deletions(PartAsked(self._tokens, DELETIONS, tenancy, limit, page_token))

    async def counts(self, tenancy: Tenancy) -> KeptCounts:
        """Count what is kept beside the events; see ``Store.counts``."""
        self._check_open()
        return self._all.counts(tenancy)

    async def retain(self, retention: Retention) -> int:
        """Delete what is too old or too much; see ``Store.retain``."""
        self._check_open()
        count, now = 0, self._clock()
        if retention.max_age is not None:
            oldest = now - retention.max_age
            count += await self._drop_where(lambda kept: kept.received < oldest, Gone(now))
            await self._drop_rejected_where(lambda each: each.received < oldest)
        if retention.max_bytes is not None:
            sizes: Counter[str] = Counter()
            for kept in (*self._all.events.values(), *self._all.conflicts.values()):
                sizes[kept.row.tenant_id] += len(kept.row.data)
            excess = Counter({tenant: size - retention.max_bytes for tenant, size in sizes.items()})
            count += await self._drop_where(lambda kept: _takes(excess, kept.row), Gone(now))
        return count

    async def _drop_where(self, chosen: Callable[[Kept], bool], gone: Gone) -> int:
        """Drop events and conflicts, the oldest first; return how many events it were."""
        count = 0
        contents = self._all
        for place, number in enumerate(sorted([*contents.events, *contents.conflicts])):
            if place % _STEP == 0:
                await asyncio.sleep(0)  # what may drop any
            kept = contents.events.get(number) or contents.conflicts.get(number)
            if kept is not None and chosen(kept):
                count += number in contents.events
                contents.drop(number, gone)
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
        return export(self._all, stage, self._place(after), limit)

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
