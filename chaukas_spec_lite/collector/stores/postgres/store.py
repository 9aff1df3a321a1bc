"""The collector's store in PostgreSQL, which several collectors share without talking to each other.

It grows past one machine: collectors hold nothing, and the database may have replicas, one of which takes over.
"""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from chaukas_spec_lite.collector.page_tokens import PageTokens, What
from chaukas_spec_lite.collector.stores.asking import EVERY_SESSION, Query, SessionFilter, Tenancy
from chaukas_spec_lite.collector.stores.base import (
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
from chaukas_spec_lite.collector.stores.copied import CopyNote, Exported, Stage
from chaukas_spec_lite.collector.stores.following import Followed
from chaukas_spec_lite.collector.stores.listing import CONFLICTS, DELETIONS, REJECTED, Part, PartAsked
from chaukas_spec_lite.collector.stores.postgres import listing
from chaukas_spec_lite.collector.stores.postgres.connections import INSTALL, SCHEMA, Database, Lane
from chaukas_spec_lite.collector.stores.postgres.copying import count_until, export, read_note, restore
from chaukas_spec_lite.collector.stores.postgres.finding import STATS_SECONDS, Finder
from chaukas_spec_lite.collector.stores.postgres.following import follow
from chaukas_spec_lite.collector.stores.postgres.log import PostgresLog, check_logs
from chaukas_spec_lite.collector.stores.postgres.log_writing import make
from chaukas_spec_lite.collector.stores.postgres.news import News
from chaukas_spec_lite.collector.stores.postgres.rejecting import keep_rejected
from chaukas_spec_lite.collector.stores.postgres.schema import check, prepare
from chaukas_spec_lite.collector.stores.postgres.sessions import sessions
from chaukas_spec_lite.collector.stores.postgres.upkeep import Upkeep
from chaukas_spec_lite.collector.stores.postgres.writing import GroupWriter
from chaukas_spec_lite.collector.stores.stopping import Job
from chaukas_spec_lite.collector.stores.write_queue import in_time
from chaukas_spec_lite.errors import SettingError, StoreError


class PostgresStore:
    """Stores events in a PostgreSQL database; see ``Store``.

    Args:
        address: ``postgresql://user:password@host:port,host:port/database?...``, as libpq has it. Of several hosts, the
            one that takes writes is used.
        texts: Tells what a search for text looks at in an encoded event.
        index_text: Whether such a search shall have an index, for which the database needs the extension pg_trgm.
        clock: Tells the time in seconds since 1970.
        log: Whether it shall keep a log. Events that are there go into it when the store is opened, and from then on
            every collector keeps it.
        worm: Whether it shall keep one, with a record of each event that any collector deletes from then on.

    Attributes:
        identity: Tells this database from others; once it is open.

    Raises:
        SettingError: asyncpg is not installed, or the address cannot be read.
    """

    def __init__(
        self,
        address: str,
        *,
        texts: Texts,
        index_text: bool = False,
        clock: Callable[[], float] = time.time,
        log: bool = False,
        worm: bool = False,
    ) -> None:
        if importlib.util.find_spec("asyncpg") is None:
            raise SettingError("store", f"PostgreSQL needs asyncpg: {INSTALL}")
        self._texts = texts
        self._index_text = index_text
        self._wants_log, self._wants_worm = log or worm, worm
        self._log: PostgresLog | None = None
        self._clock = clock
        self._connections = Database(address)
        self._news = News(self._connections)
        self._writer = GroupWriter(self._connections, clock, self._news.announce)
        self._upkeep = Upkeep(self._connections)
        self._finder: Finder | None = None
        self.identity = ""

    @property
    def name(self) -> str:
        """What it is; without a password."""
        return self._connections.name

    @property
    def indexes_text(self) -> bool:
        """Whether a search for text has an index, which the database decides when it is opened."""
        return self._index_text if self._finder is None else self._finder.indexed

    @property
    def log(self) -> PostgresLog | None:
        """Its log, if it keeps one; once it is open."""
        self._check_open()
        return self._log

    async def open(self) -> None:
        """Open it, and make its tables if there are none; see ``Store.open``."""
        await self._connections.open()
        try:
            secret, self.identity, indexed = await prepare(self._connections, self._index_text)
            logs, worm = await make(self._connections, wanted=self._wants_log, worm=self._wants_worm)
        except BaseException:
            await self._connections.close()
            raise
        self._log = PostgresLog(self._connections, worm=worm) if logs else None
        self._writer.texts = self._texts if indexed else None
        self._finder = Finder(self._connections, PageTokens(secret), self._texts, indexed)

    async def close(self) -> None:
        """Finish what was begun, and close it."""
        await self._writer.close()
        await self._news.close()
        await self._connections.close()
        self._finder = None

    def _check_open(self) -> None:
        if self._finder is None:
            raise StoreError(f"{self.name} is not open")

    @property
    def _found(self) -> Finder:
        if self._finder is None:
            raise StoreError(f"{self.name} is not open")
        return self._finder

    async def add(self, rows: Sequence[EventRow]) -> list[Addition]:
        """Store events; see ``Store.add``."""
        self._check_open()
        return await self._writer.add(rows)

    async def keep_rejected(self, rejected: Sequence[Rejected]) -> int:
        """Keep what cannot be stored; see ``Store.keep_rejected``."""
        self._check_open()
        return await in_time(self.name, self._keep_rejected(rejected)) if rejected else 0

    async def _keep_rejected(self, rejected: Sequence[Rejected]) -> int:
        async with self._connections.writing(lane=Lane.REJECT) as connection:
            return await keep_rejected(connection, rejected)

    async def find(self, query: Query, max_bytes: int, time_limit: float = 10.0) -> EventPage:
        """Return one page of what a query asks for; see ``Store.find``."""
        return await self._found.find(query, max_bytes, time_limit)

    async def stats(self, query: Query) -> EventStats:
        """Count; see ``Store.stats``."""
        return await self._found.stats(query)

    async def follow(self, query: Query, cursor: str, max_bytes: int, time_limit: float = 10.0) -> Followed:
        """Return what has arrived since; see ``Store.follow``."""
        job = Job(time_limit)
        asked, texts = replace(query, page_token=cursor), partial(job.checked, self._texts)
        following = follow(self._connections, self._found.tokens, texts, asked, max_bytes, time_limit)
        try:
            return await self._connections.limited(following, time_limit)
        finally:
            job.cancelled = True  # if the caller leaves while a thread looks for a text

    async def sessions(
        self, tenancy: Tenancy, limit: int, before: SessionPlace | None = None, only: SessionFilter = EVERY_SESSION
    ) -> list[SessionSummary]:
        """List sessions; see ``Store.sessions``."""
        self._check_open()
        listed = sessions(self._connections, tenancy, limit, before, only, STATS_SECONDS)
        return await self._connections.limited(listed, STATS_SECONDS)

    async def conflicts(self, tenancy: Tenancy, limit: int, page_token: str = "") -> Part[Conflict]:
        """List conflicts; see ``Store.conflicts``."""
        return await listing.conflicts(self._connections, self._listed(CONFLICTS, tenancy, limit, page_token))

    async def rejected(self, tenancy: Tenancy, limit: int, page_token: str = "") -> Part[Rejected]:
        """List what was rejected; see ``Store.rejected``."""
        return await listing.rejected(self._connections, self._listed(REJECTED, tenancy, limit, page_token))

    async def deletions(self, tenancy: Tenancy, limit: int, page_token: str = "") -> Part[DeletionRecord]:
        """List the records of deletions; see ``Store.deletions``."""
        return await listing.deletions(self._connections, self._listed(DELETIONS, tenancy, limit, page_token))

    async def counts(self, tenancy: Tenancy) -> KeptCounts:
        """Count what is kept beside the events; see ``Store.counts``."""
        self._check_open()
        return await listing.counts(self._connections, tenancy)

    def _listed(self, what: What, tenancy: Tenancy, limit: int, page_token: str) -> PartAsked:
        return PartAsked(self._found.tokens, what, tenancy, limit, page_token)

    async def delete(self, deletion: Deletion) -> int:
        """Delete events; see ``Store.delete``."""
        return await self._upkeep.delete(deletion, self._clock())

    async def retain(self, retention: Retention) -> int:
        """Delete what is too old or too much; see ``Store.retain``."""
        return await self._upkeep.retain(retention, self._clock())

    async def export(self, stage: Stage, after: str, limit: int) -> Exported:
        """Return the next part of all that is there; see ``Store.export``."""
        return await export(self._connections, stage, after, limit)

    async def count_until(self, after: str) -> int:
        """Count the events up to a place; see ``Store.count_until``."""
        return await count_until(self._connections, after)

    async def restore(self, part: Exported, note: CopyNote) -> list[Addition]:
        """Store a part of a copy; see ``Store.restore``."""
        self._check_open()
        return await restore(self._connections, self._writer, part, note)

    async def copy_note(self, source: str) -> str:
        """Return what was noted of a copy; see ``Store.copy_note``."""
        return await read_note(self._connections, source)

    async def check(self) -> list[str]:
        """Look for damage; see ``Store.check``."""
        return await check(self._connections) + await check_logs(self._connections)

    async def vacuum(self) -> None:
        """Make the space of what was deleted free for new events, and count anew what PostgreSQL plans with."""
        async with self._connections.connection(Lane.UPKEEP) as connection:
            await connection.execute("VACUUM (ANALYZE) events, event_ids, conflicts, rejected")

    async def size(self) -> int:
        """How many bytes it takes on the disk."""
        async with self._connections.reading(listing.READ_SECONDS) as connection:
            return int(
                await connection.fetchval(
                    "SELECT coalesce(sum(pg_total_relation_size(oid)), 0)::bigint FROM pg_class"
                    f" WHERE relnamespace = '{SCHEMA}'::regnamespace AND relkind = 'r'"
                )
            )

    async def changed(self, timeout: float) -> bool:
        """Wait until something has been stored, by whatever collector; see ``Store.changed``."""
        self._check_open()
        return await self._news.wait(timeout)
