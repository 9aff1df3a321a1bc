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
    Exported,
    KeptCounts,
    Rejected,
    Retention,
    SessionPlace,
    SessionSummary,
    Texts,
)
from chaukas_spec_lite.collector.stores.following import LOOKED_AT, Followed, LookedAt, beginning, followed, place_of
from chaukas_spec_lite.collector.stores.listing import CONFLICTS, Part, PartAsked
from chaukas_spec_lite.collector.stores.matching import Key, key_of, list_sessions, matches, position_of, sum_up, within
from chaukas_spec_lite.collector.stores.memory_beside import KeptBeside
from chaukas_spec_lite.errors import QueryTimeoutError, StoreError
from chaukas_spec_lite.rationed_log import RationedLog
from chaukas_spec_lite.wire.envelopes import MAX_FRAME_BYTES

MAX_BYTES = 256 * 2**20
"""How large a store in memory gets, unless it is told otherwise."""
OVERHEAD = 1300
"""How many bytes an event takes beside its own, about: objects for its columns, places in tables."""

_STEP = 500
"""How many events are looked at before others get their turn on the event loop."""
_TOLD_EVERY = 60.0

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Kept:
    """What came in, and when."""

    row: EventRow
    received: float

    @property
    def size(self) -> int:
        return len(self.row.data) + 2 * len(self.row.text or "") + OVERHEAD


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

    Attributes:
        dropped: How many events have made room.
    """

    name = "the collector's store in memory"
    indexes_text = False

    def __init__(self, *, texts: Texts, max_bytes: int = MAX_BYTES, clock: Callable[[], float] = time.time) -> None:
        self.dropped = 0
        self._texts = texts
        self._max_bytes = max_bytes
        self._clock = clock
        self._log = RationedLog(log, _TOLD_EVERY, time.monotonic)
        self._tokens = PageTokens(secrets.token_bytes(SECRET_BYTES))
        self._arrivals = Arrivals()
        self._open = False
        self._size = 0
        self._number = 0
        """That of the last arrival. Events and conflicts are numbered together."""
        self._events: dict[int, _Kept] = {}
        self._order: list[Position] = []
        """Of all events, in the order of queries."""
        self._numbers: dict[Key, int] = {}
        self._conflicts: dict[int, _Kept] = {}
        self._conflicting: set[tuple[Key, bytes]] = set()
        self._first = 1
        """No arrival that is there has a lower number."""
        self._beside = KeptBeside(self._tokens)

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
        additions = [self._added(row, received) for row in rows]
        self._make_room()
        if Addition.NEW in additions:
            self._arrivals.announce()
        return additions

    def _added(self, row: EventRow, received: float) -> Addition:
        key = key_of(row)
        there = self._numbers.get(key)
        if there is None:
            self._number += 1
            kept = self._events[self._number] = _Kept(row, received)
            self._numbers[key] = self._number
            bisect.insort(self._order, position_of(self._number, row))
            self._size += kept.size
            return Addition.NEW
        if self._events[there].row.data == row.data:
            return Addition.REPEATED
        if (key, row.data) not in self._conflicting:
            self._conflicting.add((key, row.data))
            self._number += 1
            kept = self._conflicts[self._number] = _Kept(row, received)
            self._size += kept.size
        return Addition.CONFLICT

    def _make_room(self) -> None:
        dropped = 0
        while self._size > self._max_bytes and (self._events or self._conflicts):
            # Not the first key of a dict: Python looks for it among all that were there before.
            while self._first not in self._events and self._first not in self._conflicts:
                self._first += 1
            self._drop(self._first)
            dropped += 1
        if dropped:
            self.dropped += dropped
            self._log.log(
                *("dropped", logging.WARNING),
                "%s is full (%d bytes): its oldest events make room for new ones; %d have so far",
                *(self.name, self._max_bytes, self.dropped),
            )

    def _drop(self, number: int) -> None:
        kept = self._conflicts.pop(number, None)
        if kept is not None:
            self._conflicting.discard((key_of(kept.row), kept.row.data))
        else:
            kept = self._events.pop(number)
            del self._numbers[key_of(kept.row)]
            del self._order[bisect.bisect_left(self._order, position_of(number, kept.row))]
        self._size -= kept.size

    async def keep_rejected(self, rejected: Sequence[Rejected]) -> None:
        """Keep what cannot be stored; see ``Store.keep_rejected``."""
        self._check_open()
        self._beside.reject(rejected)

    async def find(self, query: Query, max_bytes: int, time_limit: float = 10.0) -> EventPage:
        """Return one page of what a query asks for; see ``Store.find``."""
        self._check_open()
        began = time.monotonic()
        watermark, last = self._tokens.read(query) or (self._number, None)
        room, events = _Room(query.size, max_bytes), list[bytes]()
        while True:
            step = self._after(query, last)
            for position in step:
                row = self._events[position[3]].row
                if position[3] <= watermark and matches(row, query) and self._found(row, query, room):
                    room.size -= len(row.data) + MAX_FRAME_BYTES
                    # This event starts the next page, unless the page is still empty: there would be no page with it.
                    if last is not None and events and (room.size < 0 or not room.events):
                        return EventPage(events, self._tokens.write(query, watermark, last), room.scanned)
                    events.append(row.data)
                    room.events -= 1
                last = position
                if room.decoded < 0 or room.decoded_bytes < 0:
                    return EventPage(events, self._tokens.write(query, watermark, last), room.scanned)
            if not step:
                return EventPage(events, "", room.scanned)
            await asyncio.sleep(0)  # what may change all but ``last``
            if time.monotonic() - began > time_limit:
                raise QueryTimeoutError(f"{self.name}: the query took more than {time_limit:g} seconds")

    def _after(self, query: Query, last: Position | None) -> list[Position]:
        """The positions of a few events, from where a page goes on."""
        order = self._order
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
        for number, kept in enumerate(list(self._events.values())):
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
            conflicts=sum(within(query.tenancy, kept.row) for kept in self._conflicts.values()),
            rejected=self._beside.count(query.tenancy)[0],
        )

    async def follow(self, query: Query, cursor: str, max_bytes: int, time_limit: float = 10.0) -> Followed:
        """Return what has arrived since; see ``Store.follow``."""
        self._check_open()
        asked = replace(query, page_token=cursor)
        place = place_of(self._tokens, asked)
        if place is None:
            return Followed([], beginning(self._tokens, query, (0, self._number)), more=False)
        return followed(self._tokens, query, place, self._arrived(query, place[1]), max_bytes)

    def _arrived(self, query: Query, after: int) -> Iterator[LookedAt | None]:
        """The events that arrived after one with some number."""
        room = _Room(0, 0)
        for number in range(after + 1, self._number + 1):
            kept = self._events.get(number)
            met = kept is not None and matches(kept.row, query) and self._found(kept.row, query, room)
            yield (0, number), kept.row.data if kept is not None and met else None
            if number - after == LOOKED_AT or room.decoded_bytes < 0:
                yield None

    async def sessions(
        self, tenancy: Tenancy, limit: int, before: SessionPlace | None = None, only: SessionFilter = EVERY_SESSION
    ) -> list[SessionSummary]:
        """List sessions; see ``Store.sessions``."""
        self._check_open()
        rows = (kept.row for kept in self._events.values() if within(tenancy, kept.row))
        return list_sessions(rows, limit, before, only)

    async def conflicts(self, tenancy: Tenancy, limit: int, page_token: str = "") -> Part[Conflict]:
        """List conflicts; see ``Store.conflicts``."""
        self._check_open()
        asked = PartAsked(self._tokens, CONFLICTS, tenancy, limit, page_token)
        below = asked.below
        own = ((n, kept) for n, kept in reversed(self._conflicts.items()) if n < below and within(tenancy, kept.row))
        return asked.part((n, len(kept.row.data), Conflict(kept.row, kept.received)) for n, kept in own)

    async def rejected(self, tenancy: Tenancy, limit: int, page_token: str = "") -> Part[Rejected]:
        """List what was rejected; see ``Store.rejected``."""
        self._check_open()
        return self._beside.list_rejected(tenancy, limit, page_token)

    async def delete(self, deletion: Deletion) -> int:
        """Delete events; see ``Store.delete``."""
        self._check_open()
        tenancy, session = deletion.tenancy, deletion.session_id
        count = await self._drop_where(
            lambda kept: within(tenancy, kept.row) and session in ("", kept.row.session_id),
        )
        if not session:
            self._beside.forget(lambda each: within(tenancy, each))
        self._beside.deletions.append(DeletionRecord(deletion, self._clock(), count))
        return count

    async def deletions(self, tenancy: Tenancy, limit: int, page_token: str = "") -> Part[DeletionRecord]:
        """List the records of deletions; see ``Store.deletions``."""
        self._check_open()
        return self._beside.list_deletions(tenancy, limit, page_token)

    async def counts(self, tenancy: Tenancy) -> KeptCounts:
        """Count what is kept beside the events; see ``Store.counts``."""
        self._check_open()
        conflicts = sum(within(tenancy, kept.row) for kept in self._conflicts.values())
        return KeptCounts(conflicts, *self._beside.count(tenancy))

    async def retain(self, retention: Retention) -> int:
        """Delete what is too old or too much; see ``Store.retain``."""
        self._check_open()
        count = 0
        if retention.max_age is not None:
            oldest = self._clock() - retention.max_age
            count += await self._drop_where(lambda kept: kept.received < oldest)
            self._beside.forget(lambda each: each.received < oldest)
        if retention.max_bytes is not None:
            sizes: Counter[str] = Counter()
            for kept in (*self._events.values(), *self._conflicts.values()):
                sizes[kept.row.tenant_id] += len(kept.row.data)
            for tenant, size in sizes.items():
                count += await self._shrink(tenant, size - retention.max_bytes)
        return count

    async def _shrink(self, tenant: str, excess: int) -> int:
        count = 0
        kept = ((n, k) for part in (self._events, self._conflicts) for n, k in part.items())
        own = sorted((number, len(each.row.data)) for number, each in kept if each.row.tenant_id == tenant)
        for number, size in own:
            if excess <= 0:
                break
            excess -= size
            count += number in self._events
            self._drop(number)
        return count

    async def _drop_where(self, chosen: Callable[[_Kept], bool]) -> int:
        """Drop events and conflicts; return how many events it were."""
        count = 0
        for part in (self._conflicts, self._events):
            for number in [number for number, kept in part.items() if chosen(kept)]:
                count += number in self._events
                self._drop(number)
        return count

    async def export(self, cursor: str, limit: int) -> Exported:
        """Return the next part of all that is there; see ``Store.export``."""
        self._check_open()
        after, _, rejected_before = (cursor or "0-0").partition("-")
        if not (after.isdecimal() and rejected_before.isdecimal()):
            raise ValueError(f"{cursor!r} is no cursor of a copy from this store")
        number, skip = int(after), int(rejected_before)
        rows = [(each, self._events[each].row) for each in self._events if each > number][:limit]
        conflicts = [(each, self._conflicts[each].row) for each in self._conflicts if each > number][:limit]
        # Both in one order of numbers, so that a conflict never comes before what it conflicts with.
        part = sorted([*rows, *conflicts])[:limit]
        if part:
            numbers = {each for each, _ in part}
            return Exported(
                [row for each, row in rows if each in numbers],
                [row for each, row in conflicts if each in numbers],
                [],
                f"{max(numbers)}-0",
            )
        rejected = list(self._beside.rejected.values())[skip : skip + limit]
        more = skip + limit < len(self._beside.rejected)
        return Exported([], [], rejected, f"{number}-{skip + limit}" if more else "")

    async def check(self) -> list[str]:
        """Look for damage, of which memory has none."""
        self._check_open()
        return []

    async def vacuum(self) -> None:
        """Do nothing: memory is given back at once."""
        self._check_open()

    async def size(self) -> int:
        """How many bytes of memory it takes, about."""
        return self._size + sum(len(each.data) + OVERHEAD for each in self._beside.rejected.values())

    async def changed(self, timeout: float) -> bool:
        """Wait until something has been stored; see ``Store.changed``."""
        self._check_open()
        return await self._arrivals.wait(timeout)

    def _check_open(self) -> None:
        if not self._open:
            raise StoreError(f"{self.name} is not open")
