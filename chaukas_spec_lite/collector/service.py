"""The collector's service, in no protocol: what both doors open to.

It stores what can be stored and keeps the rest apart with the reason, so that one bad event never holds up the others
that were sent with it. What is not small is decoded in threads of the service, in slices: neither the event loop nor
the store waits for it, callers take turns, and for one who has gone away no further slice is begun.
"""

from __future__ import annotations

import logging
import time
from collections.abc import AsyncGenerator, AsyncIterable, Awaitable, Callable, Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from chaukas_spec_lite.collector.audit_log import AuditLog, LogSigning
from chaukas_spec_lite.collector.incidents import Incidents
from chaukas_spec_lite.collector.intake import Intake, Sifted, slices
from chaukas_spec_lite.collector.lanes import Lanes
from chaukas_spec_lite.collector.metrics import Meter
from chaukas_spec_lite.collector.page_tokens import TOKEN_LENGTH
from chaukas_spec_lite.collector.query import EVERYBODY, query_of, range_of, within
from chaukas_spec_lite.collector.receipts import LIMITS, IngestLimits, Receipt, Shape
from chaukas_spec_lite.collector.rejections import UNREAD, Rejections
from chaukas_spec_lite.collector.session_audit import SessionEvents, first_events
from chaukas_spec_lite.collector.session_figures import SessionFigures, sum_up
from chaukas_spec_lite.collector.splitting import BatchSplitter, split
from chaukas_spec_lite.collector.stores.asking import MAX_PAGE_SIZE, Query
from chaukas_spec_lite.collector.stores.base import Addition, EventPage, EventRow, EventStats, Rejected, Store
from chaukas_spec_lite.collector.tailing import Tailing
from chaukas_spec_lite.errors import CollectorError, InvalidRequest, QueryTimeoutError, StoreError
from chaukas_spec_lite.spec.common.v1.query import Capabilities
from chaukas_spec_lite.wire.envelopes import MAX_FRAME_BYTES

if TYPE_CHECKING:
    from chaukas_spec_lite.collector.callers import Caller
    from chaukas_spec_lite.collector.quotas import Quotas
    from chaukas_spec_lite.collector.stores.asking import SessionFilter, Tenancy
    from chaukas_spec_lite.collector.stores.base import Conflict, DeletionRecord, SessionPlace, SessionSummary
    from chaukas_spec_lite.collector.stores.following import Followed
    from chaukas_spec_lite.collector.stores.listing import Part
    from chaukas_spec_lite.spec.common.v1.query import QueryRequest
    from chaukas_spec_lite.spec.server.v1.server import GetEventStatsRequest

log = logging.getLogger(__name__)

T = TypeVar("T")

MAX_RESPONSE_BYTES = 4 << 20
"""How large a page gets at most, unless a single event is larger: the official client, by default, takes no more."""

_MAX_PAGE = MAX_RESPONSE_BYTES - TOKEN_LENGTH - 2 * MAX_FRAME_BYTES
"""The room for events is what the response's own frame, the page's, and the token leave."""
_PROBE_SECONDS = 1.0
"""How long an answer of the store whether it can store is good for."""


class CollectorService:
    """Takes events and answers queries.

    Args:
        store: Where the events are kept; the service opens and closes it.
        limits: How much a request may bring.
        quotas: How much each key may send; None is without limit.
        meter: What counts.
        signing: Who signs the log of the store; None if nobody does.
        clock: Tells seconds.
    """

    def __init__(
        self,
        store: Store,
        *,
        limits: IngestLimits = LIMITS,
        quotas: Quotas | None = None,
        meter: Meter | None = None,
        signing: LogSigning | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.limits = limits
        self.meter = Meter() if meter is None else meter
        self._store = store
        self._quotas = quotas
        self._clock = clock
        self._lanes: Lanes | None = None
        self._serves = False, float("-inf")
        self._tailing = Tailing(store.changed)
        self._on_first: Callable[[EventRow], None] | None = None
        self.hindrance: Callable[[], bool] = lambda: False
        """Tells whether something else than the store keeps it from serving anybody."""
        self._incidents, self._rejections = Incidents(log, clock), Rejections(log, clock)
        self.audit = AuditLog(store, signing, self._read)
        """The audit log."""

    async def open(self) -> None:
        """Open the store, before the first call is served; raises ``StoreError``."""
        await self._store.open()
        self._tailing = Tailing(self._store.changed)
        self._lanes = Lanes()

    async def close(self, grace: float = 5.0) -> None:
        """Finish what was begun, and close the store; raises ``StoreError``.

        Args:
            grace: For how many seconds decoding is waited for.
        """
        self._rejections.close()
        lanes, self._lanes = self._lanes, None
        await self._tailing.end()
        try:
            if lanes is not None:
                await lanes.close(grace)
        finally:
            await self._store.close()

    def on_first_event(self, tell: Callable[[EventRow], None]) -> None:
        """Have a function called with the first event that is stored from now on; once."""
        self._on_first = tell

    def admit(self, caller: Caller) -> None:
        """Refuse who may not send anything now, before anything of the request is read; raises what ``ingest`` does."""
        try:
            self._check(caller)
        except CollectorError:
            with self.meter.request("ingest"):
                raise

    async def ingest(self, body: bytes, shape: Shape, caller: Caller) -> Receipt:
        """Store the events of a request; when this returns, they are stored.

        Args:
            body: The request, decompressed.
            shape: Which one it is.
            caller: Who sends it.

        Raises:
            InvalidRequest: It is no such request. Events that are not valid are no reason: the receipt names them.
            TooMuchError: It is above a limit.
            ThrottledError: The caller's key has sent too much.
            ForbiddenError: The key does not allow writing.
            StoreError: It cannot be stored now.
        """
        with self.meter.request("ingest"):
            self._check(caller)
            parcel = await self._work(len(body), partial(split, body, shape, self.limits))
            intake = Intake(caller, shape)
            await self._take(parcel.events, intake)
            return intake.receipt(parcel.batch_id)

    async def ingest_stream(self, chunks: AsyncIterable[bytes], caller: Caller) -> Receipt:
        """Store the events of a batch request that comes in pieces, as they come.

        Raises the same as ``ingest``; events that came before the mistake may then be stored.
        """
        with self.meter.request("ingest"):
            self._check(caller)
            intake = Intake(caller, Shape.BATCH)
            splitter = BatchSplitter(self.limits)
            async for chunk in chunks:
                await self._take(await self._work(len(chunk), partial(splitter.feed, chunk)), intake)
            await self._take(await self._work(0, splitter.finish), intake)
            return intake.receipt(splitter.batch_id)

    async def ingest_events(
        self,
        events: Iterable[bytes],
        caller: Caller,
        batch_id: str = "",
        unread: Iterable[tuple[str, str, bytes]] = (),
    ) -> Receipt:
        """Store events that have been cut out of their request already; raises the same as ``ingest``.

        Args:
            events: The events.
            caller: Who sent them.
            batch_id: That of the request.
            unread: What a door could not even make an event of, which is kept and counted, and not in the receipt: the
                id of each, if it can be told, what is wrong, and the event as it came.
        """
        with self.meter.request("ingest"):
            self._check(caller)
            await self._reject(unread, caller)
            intake = Intake(caller, Shape.BATCH)
            await self._take(list(events), intake)
            return intake.receipt(batch_id)

    async def _reject(self, unread: Iterable[tuple[str, str, bytes]], caller: Caller) -> None:
        owner = caller.tenancy.tenant_id or "", caller.tenancy.project_id or ""
        sifted = Sifted([], [], [], {})
        size = 0
        for position, (event_id, reason, data) in enumerate(unread):
            size += len(data)
            sifted.reject(UNREAD, position, owner, event_id, reason, data)
        if sifted.rejected:
            self._count(caller, len(sifted.rejected), size)
            await self._keep_rejected(sifted, caller)
            self.meter.count_events("rejected", len(sifted.rejected))

    async def _keep_rejected(self, sifted: Sifted, caller: Caller) -> None:
        self.meter.count_events("dropped", await self._stored(self._store.keep_rejected(sifted.rejected)))
        self._rejections.note(caller.name, sifted.causes)

    async def query(self, request: QueryRequest, caller: Caller) -> EventPage:
        """Find a page of events; see ``chaukas_spec_lite.collector.query`` for what the filter means.

        Raises:
            InvalidRequest: The request cannot be served.
            ForbiddenError: The key does not allow reading, or not what is asked for.
            QueryTimeoutError: It took too long.
            StoreError: The store cannot be read now.
        """
        with self.meter.request("query"):
            caller.check_reading()
            return await self._read(self._store.find(query_of(request, caller.tenancy), _MAX_PAGE))

    async def find(self, request: QueryRequest, most: int, caller: Caller) -> AsyncGenerator[list[bytes], None]:
        """Yield what a query finds, so many events at most, page after page; raises the same as ``query``."""
        left = most
        while left > 0:
            request.page_size = min(left, MAX_PAGE_SIZE)
            page = await self.query(request, caller)
            yield page.events
            left -= len(page.events)
            if not page.next_page_token:
                return
            request.page_token = page.next_page_token

    async def first_events(self, request: QueryRequest, caller: Caller) -> SessionEvents:
        """Find the events of a session, whose chains are to be followed; raises the same as ``query``."""
        return await first_events(partial(self.find, request, caller=caller))

    async def count(self, request: QueryRequest, caller: Caller) -> EventStats:
        """Count what meets a query's conditions, whatever page it asks for; raises the same as ``query``.

        A search for text is refused: it would look into every event.
        """
        with self.meter.request("stats"):
            caller.check_reading()
            query = query_of(request, caller.tenancy)
            if query.text:
                raise InvalidRequest("text_query: events that have a text are found, and not counted")
            return await self._read(self._store.stats(query))

    async def sessions(
        self, whose: Tenancy, limit: int, before: SessionPlace | None, only: SessionFilter, caller: Caller
    ) -> list[SessionSummary]:
        """List sessions, those with the latest events first; see ``Store.sessions``; raises the same as ``query``."""
        with self.meter.request("sessions"):
            caller.check_reading()
            return await self._read(self._store.sessions(_within(caller, whose), limit, before, only))

    async def figures(
        self, ids: Sequence[str], whose: Tenancy, caller: Caller
    ) -> tuple[list[SessionFigures], Sequence[str]]:
        """Sum sessions up, and return the ids of those that are left; see ``sum_up``; raises the same as ``query``."""
        return await sum_up(partial(self.query, caller=caller), self._work, ids, whose)

    async def tail(self, request: QueryRequest, cursor: str, wait: float, caller: Caller) -> Followed:
        """Wait for what arrives, of what meets a query's conditions; see ``Store.follow``.

        Args:
            request: The conditions, and how many events at most.
            cursor: Where to go on; empty to begin, which waits for nothing.
            wait: How many seconds to wait.
            caller: Who asks.

        Raises:
            ThrottledError: Too many wait already.
            InvalidRequest: The request cannot be served, or the cursor is none of it.
            ForbiddenError: The key does not allow reading, or not what is asked for.
            QueryTimeoutError: It took too long.
            StoreError: The store cannot be read now.
        """
        with self.meter.request("tail"):
            caller.check_reading()
            query = query_of(request, caller.tenancy)
            return await self._tailing.follow(
                caller.name, wait if cursor else 0.0, lambda: self._read(self._store.follow(query, cursor, _MAX_PAGE))
            )

    async def end_tails(self) -> None:
        """Have nobody wait for what arrives any more: what is to come, no door will tell."""
        await self._tailing.end()

    async def stats(self, request: GetEventStatsRequest, caller: Caller) -> EventStats:
        """Count events and sessions; raises the same as ``query``."""
        with self.meter.request("stats"):
            caller.check_reading()
            tenancy = within(caller.tenancy, request.tenant_id, request.project_id, "GetEventStatsRequest")
            start, end = range_of(request.time_range)
            return await self._read(self._store.stats(Query(tenancy=tenancy, start=start, end=end)))

    def capabilities(self) -> Capabilities:
        """Say what the collector can do: it takes events of every type, and may keep a log of them."""
        proofs, worm = self.audit.capabilities()
        return Capabilities(worm_retention=worm, audit_proofs=proofs, policy_decisions=True, data_access_events=True)

    async def is_serving(self) -> bool:
        """Say whether the store can store, having asked it lately, and nothing else keeps callers away."""
        if self.hindrance():
            return False
        serves, asked = self._serves
        if self._clock() - asked < _PROBE_SECONDS:
            return serves
        try:
            await self._stored(self._store.add([]))
        except StoreError:
            return False
        return True

    async def conflicts(self, whose: Tenancy, limit: int, page_token: str, caller: Caller) -> Part[Conflict]:
        """List what came under the id of another event; raises the same as ``query``."""
        return await self._listed(self._store.conflicts, whose, limit, page_token, caller)

    async def rejected(self, whose: Tenancy, limit: int, page_token: str, caller: Caller) -> Part[Rejected]:
        """List what could not be stored; raises the same as ``query``."""
        return await self._listed(self._store.rejected, whose, limit, page_token, caller)

    async def deletions(self, whose: Tenancy, limit: int, page_token: str, caller: Caller) -> Part[DeletionRecord]:
        """List the records of deletions; raises the same as ``query``."""
        return await self._listed(self._store.deletions, whose, limit, page_token, caller)

    async def _listed(
        self,
        read: Callable[[Tenancy, int, str], Awaitable[Part[T]]],
        whose: Tenancy,
        limit: int,
        page_token: str,
        caller: Caller,
    ) -> Part[T]:
        with self.meter.request("list"):
            caller.check_reading()
            return await self._read(read(_within(caller, whose), limit, page_token))

    async def metrics(self) -> str:
        """Write down what was counted of all tenants, for Prometheus; raises ``StoreError``."""
        kept = await self._read(self._store.counts(EVERYBODY))
        return self.meter.text(
            {
                "chaukas_store_bytes": ("How many bytes the store takes.", await self._read(self._store.size())),
                "chaukas_conflicts": ("Events kept beside another one of the same id.", kept.conflicts),
                "chaukas_rejected": ("Events kept that could not be stored.", kept.rejected),
                "chaukas_deletions": ("Records of deletions.", kept.deletions),
                "chaukas_refused_logs": ("Logs that contradict what was signed.", self.audit.refused_logs),
            }
        )

    def _check(self, caller: Caller) -> None:
        caller.check_writing()
        if self._quotas is not None:
            self._quotas.check(caller.name, caller.quota)

    async def _take(self, events: list[bytes], intake: Intake) -> None:
        """Store events, slice after slice, so that others get their turn in between."""
        self._count(intake.caller, len(events), sum(map(len, events)))
        for part, largest in slices(events):
            sift = partial(intake.sift, part, self._store.indexes_text)
            sifted = await self._work(largest, sift, sum(map(len, part)))
            additions = await self._stored(self._store.add(sifted.rows)) if sifted.rows else []
            if sifted.rejected:
                await self._keep_rejected(sifted, intake.caller)
            intake.add(sifted, additions, self.meter)
            if self._on_first is not None and Addition.NEW in additions:
                tell, self._on_first = self._on_first, None
                tell(sifted.rows[additions.index(Addition.NEW)])

    def _count(self, caller: Caller, events: int, size: int) -> None:
        """Count what a key has sent, whatever becomes of it."""
        self.meter.count_bytes(size)
        if self._quotas is not None:
            self._quotas.take(caller.name, events, size, caller.quota)

    async def _work(self, size: int, work: Callable[[], T], whole: int | None = None) -> T:
        """Have something decoded; see ``Lanes.decode``."""
        if self._lanes is None:
            raise StoreError(f"{self._store.name} is not open")
        return await self._lanes.decode(size, work, whole)

    async def _stored(self, storing: Awaitable[T]) -> T:
        """Wait for the store to store something, and remember whether it could."""
        try:
            result = await storing
        except StoreError as error:
            self._serves = False, self._clock()
            raise self._incidents.told(error) from error
        self._serves = True, self._clock()
        return result

    async def _read(self, reading: Awaitable[T]) -> T:
        """Wait for the store to read something."""
        try:
            return await reading
        except QueryTimeoutError as error:  # It is the query's fault, and whoever asked is told.
            raise QueryTimeoutError("the query took too long, and was given up: ask for less") from error
        except StoreError as error:
            raise self._incidents.told(error) from error


def _within(caller: Caller, whose: Tenancy) -> Tenancy:
    return within(caller.tenancy, whose.tenant_id or "", whose.project_id or "", "query")
