"""What every store can do. One suite of tests runs on all of them: tests/collector/stores.

A store knows rows and bytes. It decodes no event, knows no door and no key, and takes a ``Query`` in no dialect.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeAlias

from chaukas_spec_lite.collector.stores.asking import EVERY_SESSION, SessionFilter

if TYPE_CHECKING:
    from chaukas_spec_lite.collector.stores.asking import Query, Tenancy
    from chaukas_spec_lite.collector.stores.copied import CopyNote, Exported, Stage
    from chaukas_spec_lite.collector.stores.event_log import EventLog
    from chaukas_spec_lite.collector.stores.following import Followed
    from chaukas_spec_lite.collector.stores.listing import Part

SessionPlace: TypeAlias = "tuple[int, int, str, str, str]"
"""Where a session stands among others: seconds and nanos of its end, its id, tenant and project."""

ERROR_TYPE = 40
"""The number of EventType.ERROR."""
FAILED_STATUS = 4
"""That of EventStatus.FAILED. Stores know numbers: the messages stand above them."""

Texts: TypeAlias = "Callable[[bytes], str]"
"""Returns what a search for text looks at in an encoded event, folded. Stores are given one, as they decode nothing."""

REJECTED_PER_TENANT = 1000
REJECTED_BYTES_PER_TENANT = 16 << 20
"""How many rejected events of a tenant are kept, and how many bytes of them; the oldest make room."""
TEXT_SCAN_EVENTS = 2000
"""How many events are read for one page of a search for text that no index answers, ..."""
TEXT_SCAN_BYTES = 8 * 2**20
"""... and how many bytes of them."""


class EventRow(NamedTuple):
    """An event, ready to be stored: its bytes, and the columns that queries look at.

    A named tuple, because one is made for every event, and databases take it as it is.
    """

    tenant_id: str
    """The tenant; where the event names none, that of the key it came with."""
    project_id: str
    event_id: str
    """Never empty. Tenant, project and this are unique."""
    session_id: str
    agent_id: str
    span_id: str
    trace_id: str
    type: int
    status: int
    severity: int
    timed: int
    """1 with a timestamp, 0 without: such events come before all others."""
    seconds: int
    """The timestamp in whole seconds since 1970, within 64 bits; 0 without one."""
    nanos: int
    """And its nanoseconds, 0 to 999,999,999."""
    tags: tuple[str, ...]
    """Each once, in their order."""
    data: bytes
    """The event as it was sent."""
    text: str | None = None
    """What a search for text looks at, folded; None unless the store indexes texts."""


def is_error(row: EventRow) -> bool:
    """Whether a session's summary counts it as an error."""
    return row.type == ERROR_TYPE or row.status == FAILED_STATUS


class Addition(enum.IntEnum):
    """What became of an event that was to be stored."""

    NEW = 0
    """It was stored."""
    REPEATED = 1
    """The very same event was there: it was sent again."""
    CONFLICT = 2
    """There was another one of the same tenant, project and id. Both are kept, the later one once, however often it is
    sent; queries show the first."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """An event that cannot be stored as one, kept with the reason."""

    tenant_id: str
    project_id: str
    event_id: str
    """Empty if it has none, or cannot be read."""
    reason: str
    data: bytes
    received: float
    """When it came, in seconds since 1970."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """An event that came under the id of another one."""

    row: EventRow
    received: float
    """When it came, in seconds since 1970."""


@dataclass(frozen=True, slots=True)
class KeptCounts:
    """How much is kept beside the events."""

    conflicts: int
    rejected: int
    deletions: int
    """Records of deletions."""


@dataclass(frozen=True, slots=True)
class EventPage:
    """The encoded events of a page, and the token of the next one, empty if there is none.

    A page may be empty and yet have a token: a search for text without an index looks at so many events at a time.
    """

    events: list[bytes]
    next_page_token: str
    scanned: int = 0
    """How many events were looked into for it, because no index answers the search for a text; 0 where one does."""
    numbers: list[int] = field(default_factory=list[int])
    """The number of each event's arrival, as ``EventLog.leaves`` has it."""


@dataclass(frozen=True, slots=True)
class EventStats:
    """How many events and sessions there are. Events without a session's id are in no session."""

    events: int
    sessions: int
    by_type: dict[int, int]
    """Events by the number of their type."""
    mean_session_ms: float
    """From the first to the last event of a session, in milliseconds: the mean of those sessions that have timestamps;
    0 without any."""
    conflicts: int
    """Of the tenancy that was asked for, whatever the other conditions; so, too, ``rejected``."""
    rejected: int


@dataclass(frozen=True, slots=True)
class SessionSummary:
    """A session as lists of sessions show it."""

    tenant_id: str
    project_id: str
    session_id: str
    events: int
    errors: int
    """Events of type ERROR or with status FAILED."""
    first: tuple[int, int]
    """Seconds and nanos of its first event that has a timestamp; zeros if none has."""
    last: tuple[int, int]

    @property
    def place(self) -> SessionPlace:
        """Where it stands in the list of sessions."""
        return *self.last, self.session_id, self.tenant_id, self.project_id


@dataclass(frozen=True, slots=True)
class Deletion:
    """What is to be deleted, and the record of it that stays."""

    tenancy: Tenancy
    """A tenant at least."""
    session_id: str = ""
    """One session; empty for all that there is of the tenancy: conflicts, rejected events and those of no session."""
    reason: str = ""
    by: str = ""
    """Who ordered it: ``user:`` and the operating system's name of them. Empty if that is not known, as of records that
    were made before it was kept."""

    def __post_init__(self) -> None:
        if self.tenancy.tenant_id is None:
            raise ValueError("Deletion.tenancy: a deletion is for one tenant, and this names none")


@dataclass(frozen=True, slots=True)
class DeletionRecord:
    """What stays of a deletion."""

    deletion: Deletion
    at: float
    """When it was done, in seconds since 1970."""
    events: int
    """How many events it deleted."""


@dataclass(frozen=True, slots=True)
class Retention:
    """How long and how much is kept. Each tenant is bound by it for itself."""

    max_age: float | None = None
    """Whatever arrived longer ago than this, in seconds, is deleted: events, conflicts, and rejected ones."""
    max_bytes: int | None = None
    """The size of a tenant's encoded events, conflicts among them; its oldest arrivals are deleted above it."""


class Store(Protocol):
    """Stores events and finds them again.

    All methods may be called at the same time from one event loop, and raise ``StoreError`` if the store cannot do it
    now: a full disk, a lost connection, a file that was taken away. A method that is cancelled stops working.
    """

    @property
    def name(self) -> str:
        """What it is, in words for logs and errors; without a password."""
        ...

    @property
    def identity(self) -> str:
        """Tells this store from others, whatever it is called; once it is open."""
        ...

    @property
    def indexes_text(self) -> bool:
        """Whether rows are to come with their ``text``; a store that does not index reads it with ``searched_text``."""
        ...

    @property
    def log(self) -> EventLog | None:
        """Its log, if it keeps one; once it is open."""
        ...

    async def open(self) -> None:
        """Open it, or make it; migrate it if an older version made it. Raises ``StoreError``, too, if it is foreign."""
        ...

    async def close(self) -> None:
        """Finish what was begun, and close it."""
        ...

    async def add(self, rows: Sequence[EventRow]) -> list[Addition]:
        """Store events. When this returns, they are on the disk; if it raises, none is.

        Args:
            rows: The events. The same one may be among them twice. None at all, to learn whether the store can store.

        Returns:
            What became of each, in their order.
        """
        ...

    async def keep_rejected(self, rejected: Sequence[Rejected]) -> int:
        """Keep what cannot be stored, within bounds: the oldest make room. Returns how many did."""
        ...

    async def find(self, query: Query, max_bytes: int, time_limit: float = 10.0) -> EventPage:
        """Return one page of what a query asks for.

        Args:
            query: The query, whose page token is this store's.
            max_bytes: The size that the page's events may have, with their tags and lengths. A single event may be
                larger, or there would be no page with it.
            time_limit: After this many seconds it is given up.

        Raises:
            QueryTimeoutError: It took too long.
            InvalidRequest: The page token is not one of this query, tenant and store.
        """
        ...

    async def follow(self, query: Query, cursor: str, max_bytes: int, time_limit: float = 10.0) -> Followed:
        """Return what has arrived since, in the order of arrival: each event once that meets a query's conditions.

        Args:
            query: The conditions, and how many events at most; order and page do not matter.
            cursor: Up to where the answer before went, for the same conditions. Empty to begin here and now: then
                there are no events in the answer.
            max_bytes: The size that the events may have, as in ``find``.
            time_limit: After this many seconds it is given up.

        Raises:
            QueryTimeoutError: It took too long.
            InvalidRequest: The cursor is not one of these conditions, tenant and store.
        """
        ...

    async def stats(self, query: Query) -> EventStats:
        """Count what a query's conditions are met by; its page and order do not matter."""
        ...

    async def sessions(
        self, tenancy: Tenancy, limit: int, before: SessionPlace | None = None, only: SessionFilter = EVERY_SESSION
    ) -> list[SessionSummary]:
        """List sessions, those with the latest events first; of those that end at one instant, by their ids, backwards.

        Args:
            tenancy: Whose.
            limit: How many at most.
            before: The place of the last one of the page before.
            only: Which of them. Their summaries are of all of their events.

        Raises:
            QueryTimeoutError: It took too long.
        """
        ...

    async def conflicts(self, tenancy: Tenancy, limit: int, page_token: str = "") -> Part[Conflict]:
        """List what came under the id of another event, the latest first.

        Args:
            tenancy: Whose.
            limit: How many at most. There may be fewer, and a token, where events are large.
            page_token: That of the part before, for the same tenancy; a larger or smaller limit makes no difference.

        Raises:
            InvalidRequest: The token is not one of this list, tenancy and store.
        """
        ...

    async def rejected(self, tenancy: Tenancy, limit: int, page_token: str = "") -> Part[Rejected]:
        """List what was rejected, the latest first; see ``conflicts``."""
        ...

    async def delete(self, deletion: Deletion) -> int:
        """Delete events, in steps that do not hold writers up; a record of it stays. Returns how many."""
        ...

    async def deletions(self, tenancy: Tenancy, limit: int, page_token: str = "") -> Part[DeletionRecord]:
        """List the records of deletions, the latest first; see ``conflicts``."""
        ...

    async def counts(self, tenancy: Tenancy) -> KeptCounts:
        """Count what is kept of somebody beside the events."""
        ...

    async def retain(self, retention: Retention) -> int:
        """Delete what is too old or too much, in such steps, too. Returns how many."""
        ...

    async def export(self, stage: Stage, after: str, limit: int) -> Exported:
        """Return the next part of all that is there, for a copy to another store.

        Args:
            stage: What of it.
            after: Where the part before ended; empty for the first one.
            limit: How many rows at most.

        Raises:
            StoreError: That is no place in this store.
        """
        ...

    async def count_until(self, after: str) -> int:
        """Count the events up to where a part of a copy ended: fewer than were copied, if some were deleted since."""
        ...

    async def restore(self, part: Exported, note: CopyNote) -> list[Addition]:
        """Store a part of a copy, with the times of its arrivals, and the note: all of it or nothing.

        Events that are there stay as they are.

        Returns:
            What became of each event.

        Raises:
            StoreError: Another copy of the same store is under way.
        """
        ...

    async def copy_note(self, source: str) -> str:
        """Return what was noted of the copy of a store; empty if nothing was."""
        ...

    async def check(self) -> list[str]:
        """Look for damage; return what was found, in words."""
        ...

    async def vacuum(self) -> None:
        """Give the space of what was deleted back."""
        ...

    async def size(self) -> int:
        """How many bytes it takes on the disk, or in memory."""
        ...

    async def changed(self, timeout: float) -> bool:
        """Wait until something has been stored, by whatever collector, for so many seconds; say whether it has."""
        ...
