"""The SQLite store: one file, for one machine.

SQLite works in threads of the store's own, never in the thread of the event loop. One thread writes, and several read;
on a file in WAL mode neither waits for the other.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TypeVar

from chaukas_spec_lite.collector.page_tokens import What
from chaukas_spec_lite.collector.stores.arrivals import Arrivals
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
from chaukas_spec_lite.collector.stores.copied import CopyNote, Exported, Stage, no_place, other_copy
from chaukas_spec_lite.collector.stores.listing import CONFLICTS, DELETIONS, REJECTED, Part, PartAsked
from chaukas_spec_lite.collector.stores.sqlite import (
    copying,
    deleting,
    finding,
    following,
    reading,
    sessions,
    unmarking,
    upkeep,
)
from chaukas_spec_lite.collector.stores.sqlite.file import Features
from chaukas_spec_lite.collector.stores.sqlite.jobs import QueryConnection, QueryThreads
from chaukas_spec_lite.collector.stores.sqlite.log import SQLiteLog
from chaukas_spec_lite.collector.stores.sqlite.writer import WriterThread, is_busy
from chaukas_spec_lite.collector.stores.sqlite.writing import keep_rejected
from chaukas_spec_lite.collector.stores.stopping import Job
from chaukas_spec_lite.collector.stores.write_queue import in_time
from chaukas_spec_lite.errors import StoreError

T = TypeVar("T")

TIME_LIMIT = 10.0
"""After how many seconds counting and listing are given up."""
_UPKEEP_LIMIT = 24 * 3600.0
_PAUSE = 0.005
"""How many seconds lie between two steps of a deletion, for those who write."""
_POLL = 0.25
"""How often, in seconds, it is looked whether another process has stored something."""


class SQLiteStore:
    """Stores events in a SQLite file and finds them again; see ``Store`` for all its methods.

    Args:
        path: The file, which is made if it does not exist.
        texts: Tells what a search for text looks at in an encoded event.
        index_text: Whether such a search shall have an index. It is made when the store is opened, which takes a while
            with many events, and stays in the file.
        clock: Tells the time in seconds since 1970.
        log: Whether it shall keep a log. Events that are there go into it when the store is opened; it stays, too.
        worm: Whether it shall keep one, with a record of each event that is deleted, from now on.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        texts: Texts,
        index_text: bool = False,
        clock: Callable[[], float] = time.time,
        log: bool = False,
        worm: bool = False,
    ) -> None:
        self._path = Path(path).absolute()
        self._texts = texts
        self._wanted = Features(index_text, log or worm, worm)
        self._clock = clock
        self._arrivals = Arrivals()
        self._begins: dict[tuple[str, str], int] = {}
        """Of tenants that had too much, and tables: up to which number nothing of theirs is left."""
        self._open: tuple[WriterThread, QueryThreads] | None = None

    @property
    def name(self) -> str:
        """The file's path."""
        return str(self._path)

    @property
    def identity(self) -> str:
        """Tells this file from others, also from copies of it."""
        return self._writer.identity

    @property
    def indexes_text(self) -> bool:
        """Whether rows are to come with their text."""
        return self._wanted.index_text

    @property
    def log(self) -> SQLiteLog | None:
        """Its log, if it keeps one; once it is open."""
        writer = self._writer
        return SQLiteLog(self.name, self._read, self._write, worm=writer.keeps_records) if writer.keeps_log else None

    async def open(self) -> None:
        """Open the file, or make it."""
        readers = QueryThreads(self._path)
        writer = WriterThread(self._path, self._texts, self._wanted, self._clock, on_loss=readers.drop_idle)
        with self._mapped():
            await writer.open()
        self._open = writer, readers
        self._begins.clear()

    async def close(self) -> None:
        """Finish what was begun and close the file."""
        opened, self._open = self._open, None
        if opened is None:
            return
        writer, readers = opened
        with self._mapped():
            try:
                await asyncio.get_running_loop().run_in_executor(None, readers.close)
            finally:
                await writer.close()

    async def add(self, rows: Sequence[EventRow]) -> list[Addition]:
        """Store events; see ``Store.add``."""
        try:  # not by `_mapped`, which costs more, in what is done for each call
            additions = await self._writer.add(rows)
        except sqlite3.Error as error:
            raise self._failure(error) from error
        if Addition.NEW in additions:
            self._arrivals.announce()
        return additions

    async def keep_rejected(self, rejected: Sequence[Rejected]) -> int:
        """Keep what cannot be stored; see ``Store.keep_rejected``."""
        return await in_time(self.name, self._write(lambda connection: keep_rejected(connection, rejected)))

    async def find(self, query: Query, max_bytes: int, time_limit: float = TIME_LIMIT) -> EventPage:
        """Return one page of what a query asks for; see ``Store.find``."""

        def work(reader: QueryConnection, job: Job) -> EventPage:
            return finding.find(reader.connection, query, reader.tokens, max_bytes, partial(job.checked, self._texts))

        with self._mapped():
            return await self._readers.run(work, time_limit)

    async def stats(self, query: Query) -> EventStats:
        """Count; see ``Store.stats``."""

        def work(reader: QueryConnection, job: Job) -> EventStats:
            return reading.stats(reader.connection, query, partial(job.checked, self._texts))

        with self._mapped():
            return await self._readers.run(work, TIME_LIMIT)

    async def follow(
        self, query: Query, cursor: str, max_bytes: int, time_limit: float = TIME_LIMIT
    ) -> following.Followed:
        """Return what has arrived since; see ``Store.follow``."""

        def work(reader: QueryConnection, job: Job) -> following.Followed:
            texts = partial(job.checked, self._texts)
            return following.follow(
                reader.connection, replace(query, page_token=cursor), reader.tokens, max_bytes, texts
            )

        with self._mapped():
            return await self._readers.run(work, time_limit)

    async def sessions(
        self, tenancy: Tenancy, limit: int, before: SessionPlace | None = None, only: SessionFilter = EVERY_SESSION
    ) -> list[SessionSummary]:
        """List sessions; see ``Store.sessions``."""
        return await self._read(lambda connection: sessions.sessions(connection, tenancy, limit, before, only))

    async def conflicts(self, tenancy: Tenancy, limit: int, page_token: str = "") -> Part[Conflict]:
        """List conflicts; see ``Store.conflicts``."""
        return await self._list(reading.conflicts, CONFLICTS, tenancy, limit, page_token)

    async def rejected(self, tenancy: Tenancy, limit: int, page_token: str = "") -> Part[Rejected]:
        """List what was rejected; see ``Store.rejected``."""
        return await self._list(reading.rejected, REJECTED, tenancy, limit, page_token)

    async def deletions(self, tenancy: Tenancy, limit: int, page_token: str = "") -> Part[DeletionRecord]:
        """List the records of deletions; see ``Store.deletions``."""
        return await self._list(reading.deletions, DELETIONS, tenancy, limit, page_token)

    async def _list(
        self,
        read: Callable[[sqlite3.Connection, PartAsked], Part[T]],
        what: What,
        tenancy: Tenancy,
        limit: int,
        page_token: str,
    ) -> Part[T]:
        def work(reader: QueryConnection, job: Job) -> Part[T]:
            return read(reader.connection, PartAsked(reader.tokens, what, tenancy, limit, page_token))

        with self._mapped():
            return await self._readers.run(work, TIME_LIMIT)

    async def counts(self, tenancy: Tenancy) -> KeptCounts:
        """Count what is kept beside the events; see ``Store.counts``."""
        return await self._read(lambda connection: reading.counts(connection, tenancy))

    async def delete(self, deletion: Deletion) -> int:
        """Delete events; see ``Store.delete``."""
        # The record first: should the deletion be cut short, it tells how far it came.
        at = self._clock()
        number = await self._write(lambda connection: deleting.begin(connection, deletion, at))
        newest = await self._read(deleting.newest_of)
        count = 0
        while chosen := await self._read(lambda connection: deleting.choose(connection, deletion, newest)):
            count += await self._step(chosen, number)
        await self._sweep()
        return count

    async def retain(self, retention: Retention) -> int:
        """Delete what is too old or too much; see ``Store.retain``."""
        count = 0
        if retention.max_age is not None:
            for table in ("conflicts", "rejected", "events"):
                count += await self._forget(table, retention.max_age)
        if retention.max_bytes is not None:
            max_bytes = retention.max_bytes
            for tenant in await self._read(lambda connection: deleting.excessive(connection, max_bytes)):
                count += await self._shrink(tenant, max_bytes)
        await self._sweep()
        return count

    async def _forget(self, table: str, max_age: float) -> int:
        count = after = 0
        now = self._clock()
        chosen_by = partial(deleting.too_old, table=table, before=now - max_age, now=now)
        while found := await self._read(partial(chosen_by, after=after)):
            chosen, after = found
            count += await self._step(chosen)
        return count

    async def _shrink(self, tenant: str, max_bytes: int) -> int:
        count, excess = 0, 1
        for table in ("events", "conflicts"):
            while excess > 0:
                after = self._begins.get((tenant, table), 0)
                found = await self._read(
                    partial(deleting.too_much, table=table, whose=(tenant, max_bytes), after=after)
                )
                if found is None:  # should the file have been replaced by an older one, the next look finds all
                    self._begins.pop((tenant, table), None)
                    break
                at = self._clock()
                removed = await self._write(partial(deleting.remove_excess, found=found, texts=self._texts, at=at))
                if removed is not None:
                    count, excess = count + removed[0], removed[1]
                    # Next time from here: each look would pass by all that others have from before, again.
                    self._begins[tenant, table] = found.last
                await asyncio.sleep(_PAUSE)
        return count

    async def _step(self, chosen: deleting.Chosen, record: int | None = None) -> int:
        if not chosen.numbers:
            return 0
        at = self._clock()
        count = await self._write(lambda connection: deleting.remove(connection, chosen, self._texts, at, record))
        await asyncio.sleep(_PAUSE)
        return count

    async def _sweep(self) -> None:
        after: unmarking.Place | None = unmarking.BEGINNING
        while after is not None:
            after = await self._write(partial(unmarking.sweep, after=after))
            await asyncio.sleep(_PAUSE)

    async def export(self, stage: Stage, after: str, limit: int) -> Exported:
        """Return the next part of all that is there; see ``Store.export``."""
        last = self._place(after)
        return await self._read(lambda connection: copying.export(connection, stage, last, limit))

    async def count_until(self, after: str) -> int:
        """Count the events up to a place; see ``Store.count_until``."""
        last = self._place(after)
        return await self._read(lambda connection: copying.count_until(connection, last), _UPKEEP_LIMIT)

    def _place(self, after: str) -> int:
        if after and not after.isdecimal():
            raise no_place(self.name, after)
        return int(after or 0)

    async def restore(self, part: Exported, note: CopyNote) -> list[Addition]:
        """Store a part of a copy; see ``Store.restore``."""
        additions = await self._write(lambda connection: copying.restore(connection, part, note, self._texts))
        if additions is None:
            raise other_copy(self.name)
        if Addition.NEW in additions:
            self._arrivals.announce()
        return additions

    async def copy_note(self, source: str) -> str:
        """Return what was noted of a copy; see ``Store.copy_note``."""
        return await self._read(lambda connection: copying.read_note(connection, source))

    async def check(self) -> list[str]:
        """Look for damage; see ``Store.check``."""
        return await self._read(upkeep.check, _UPKEEP_LIMIT)

    async def vacuum(self) -> None:
        """Give the space of what was deleted back; see ``Store.vacuum``."""
        with self._mapped():
            writer = self._writer
            if await writer.run_outside(upkeep.needs_rebuilding):
                await writer.run_outside(upkeep.rebuild)
            more = True
            while more:
                more = await writer.run_outside(upkeep.shrink)
                await asyncio.sleep(_PAUSE)
            await writer.run_outside(upkeep.checkpoint)

    async def size(self) -> int:
        """How many bytes the file and its log of commits take on the disk."""
        files = (Path(f"{self._path}{end}") for end in ("", "-wal", "-shm"))
        return sum(os.stat(file).st_size for file in files if file.exists())

    async def changed(self, timeout: float) -> bool:
        """Wait until something has been stored; see ``Store.changed``."""
        end = time.monotonic() + timeout
        heard = asyncio.ensure_future(self._arrivals.wait(timeout))
        try:
            before = await self._read(deleting.last_arrival)
            while not heard.done():
                await asyncio.wait([heard], timeout=min(_POLL, max(0.0, end - time.monotonic())))
                if not heard.done() and await self._read(deleting.last_arrival) != before:
                    return True
            return heard.result()
        finally:
            heard.cancel()

    @property
    def _writer(self) -> WriterThread:
        return self._opened()[0]

    @property
    def _readers(self) -> QueryThreads:
        return self._opened()[1]

    def _opened(self) -> tuple[WriterThread, QueryThreads]:
        if self._open is None:
            raise StoreError(f"{self.name} is not open")
        return self._open

    async def _read(self, work: Callable[[sqlite3.Connection], T], time_limit: float = TIME_LIMIT) -> T:
        with self._mapped():
            return await self._readers.run(lambda reader, _: work(reader.connection), time_limit)

    async def _write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        with self._mapped():
            return await self._writer.run(work)

    @contextmanager
    def _mapped(self) -> Generator[None, None, None]:
        """The border at which SQLite's errors become the store's."""
        try:
            yield
        except sqlite3.Error as error:
            raise self._failure(error) from error
        except UnicodeDecodeError as error:  # what SQLite quotes of a damaged file need not be text
            raise StoreError(f"{self.name}: it is damaged: what it says of its tables is no text") from error

    def _failure(self, error: sqlite3.Error) -> StoreError:
        why = ": another process holds the write lock" if is_busy(error) else ""
        if "file is not a database" in str(error):
            why = ": choose another one; events in a file are read by naming it without --store"
        return StoreError(f"{self.name}: {error}{why}")
