"""The one thread that writes, and what it does before an answer of success: the file has to be there still."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TypeVar

from chaukas_spec_lite.collector.stores.base import Addition, EventRow, Texts
from chaukas_spec_lite.collector.stores.sqlite.file import BUSY_SECONDS, Features, Identity, connect_writer, identity_of
from chaukas_spec_lite.collector.stores.sqlite.log_writing import is_kept, keeps_records
from chaukas_spec_lite.collector.stores.sqlite.writing import Writing
from chaukas_spec_lite.collector.stores.write_queue import QueuedCall, WriteQueue, settle
from chaukas_spec_lite.errors import StoreError

T = TypeVar("T")
log = logging.getLogger(__name__)

MAX_GROUP = 64
"""How many requests share a transaction at most, so that none waits long for the others."""
_LEAST_PATIENCE = 0.1
"""How many seconds a transaction waits for the write lock at least, however long its requests have waited already."""


class WriterThread:
    """Writes to one file, from a thread of its own.

    Args:
        path: The file.
        texts: Tells what a search for text looks at in an encoded event.
        wanted: What the file shall have.
        clock: Tells the time in seconds since 1970.
        on_loss: Called, in its thread, when the file was taken away.

    Attributes:
        keeps_log: Whether the file has a log; once it is open.
        keeps_records: Whether a record stays of each event that is deleted.
    """

    def __init__(
        self, path: Path, texts: Texts, wanted: Features, clock: Callable[[], float], on_loss: Callable[[], None]
    ) -> None:
        self._path = path
        self._texts = texts
        self._wanted = wanted
        self._clock = clock
        self._on_loss = on_loss
        self._thread = ThreadPoolExecutor(1, "chaukas-store-write")
        self._connection: sqlite3.Connection | None = None
        self._identity: Identity | None = None
        self._secret = b""
        self.keeps_log = self.keeps_records = False
        self._queue = WriteQueue(str(path))
        self._writing: asyncio.Task[None] | None = None
        """The one task that writes, while there is something to write."""

    @property
    def identity(self) -> str:
        """Tells the file that is open from others: its secret alone would be that of a copy made with ``cp``, too."""
        which = (self._secret, self._identity.file if self._identity else None)
        return hashlib.blake2b(repr(which).encode(), digest_size=16).hexdigest()

    async def open(self) -> None:
        """Open the file, or make it; raises ``StoreError``, and ``sqlite3.Error``."""
        abandoned = threading.Event()
        opening = asyncio.get_running_loop().run_in_executor(self._thread, self._connect, abandoned.is_set)
        try:
            await asyncio.shield(opening)
        except BaseException:
            # A migration or an index may take long. It ends soon, and the file is closed before anybody goes on.
            abandoned.set()
            await asyncio.wait({opening})
            if opening.exception() is None:
                await self._in_thread(self._disconnect)
            self._thread.shutdown(wait=False)
            raise

    async def close(self) -> None:
        """Finish what was begun, and close the file."""
        # The task that writes goes on even if all callers that wait for it were cancelled.
        if self._writing is not None:
            await self._writing
        try:
            await self._in_thread(self._disconnect)
        finally:
            self._thread.shutdown()  # it has nothing left to do, so this does not keep the loop waiting

    async def add(self, rows: Sequence[EventRow]) -> list[Addition]:
        """Store events of one request, all or none. Those that come at the same time share a transaction."""
        # All on the event loop, so no lock: the thread sees only the group that it is handed.
        waiting = self._queue.put(rows)
        if self._writing is None:
            self._writing = asyncio.ensure_future(self._write())
        return await self._queue.outcome(waiting)

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do something in a transaction."""

        def within() -> T:
            with self._transaction(time.monotonic() + BUSY_SECONDS) as connection:
                return work(connection)

        return await self._in_thread(within)

    async def run_outside(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do something that no transaction may be around."""
        return await self._in_thread(lambda: work(self._ready()))

    async def _write(self) -> None:
        """Write what waits, and what comes to wait meanwhile, in groups: most of the time goes into transactions."""
        try:
            while group := self._queue.take(MAX_GROUP):
                settle(group, await self._in_thread(partial(self._insert_group, group)))
        finally:
            # No await since the queue was seen empty, so no request can have slipped in between; and should it have
            # ended otherwise, the next request begins anew.
            self._writing = None

    def _insert_group(self, group: Sequence[QueuedCall]) -> list[list[Addition] | Exception]:
        """Insert the events of several requests; return for each request what became of them, or why it failed."""
        if not group:
            return []
        # In all for everyone who waits, not for each group: who has waited longest decides.
        deadline = max(group[0].since + BUSY_SECONDS, time.monotonic() + _LEAST_PATIENCE)
        try:
            return list(self._insert([each.rows for each in group], deadline))
        except Exception as error:
            if len(group) == 1 or _concerns_all(error):
                return [error] * len(group)
        # One of them is at fault, and has undone the work of all: do them one by one, so that only that one fails.
        return [self._insert_group([each])[0] for each in group]

    def _insert(self, groups: Sequence[Sequence[EventRow]], deadline: float) -> list[list[Addition]]:
        received = round(self._clock() * 1000)
        with self._transaction(deadline) as connection:
            writing = Writing(connection, received, self._texts)
            additions = [writing.add(rows) for rows in groups]
            writing.finish()
        return additions

    @contextmanager
    def _transaction(self, deadline: float) -> Generator[sqlite3.Connection, None, None]:
        connection = self._ready()
        patience = max(0.0, deadline - time.monotonic())
        connection.execute(f"PRAGMA busy_timeout = {round(patience * 1000)}")
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield connection
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:  # SQLite itself has rolled back after some errors, a full disk among them
                connection.execute("ROLLBACK")
            raise
        # After the commit, before anybody is told: without its name, what was written is lost with this process.
        self._ready()

    def _ready(self) -> sqlite3.Connection:
        """The connection, which is one to the file that stands under the path."""
        if self._connection is not None and self._identity == identity_of(self._path):
            return self._connection
        if self._connection is None:  # opening it has failed
            return self._connect()
        self._disconnect()
        # Readers as well: SQLite shares a file's log among the connections of a process, also after it was deleted.
        self._on_loss()
        log.error("%s was deleted or replaced while it was open: what it held is gone for this collector", self._path)
        with contextlib.suppress(sqlite3.Error, StoreError):  # or else who comes next tries it, and is told
            self._connect()
        raise StoreError(
            f"{self._path} was deleted or replaced while it was open, and what it held is gone for this collector. It "
            "is opened or made anew: send the events again"
        )

    def _connect(self, shall_end: Callable[[], bool] = lambda: False) -> sqlite3.Connection:
        self._connection, self._identity = connect_writer(self._path, self._texts, self._wanted, shall_end)
        self.keeps_log = is_kept(self._connection)
        self.keeps_records = keeps_records(self._connection)
        secret = self._connection.execute("SELECT value FROM settings WHERE name = 'secret'").fetchone()
        if secret is None:
            raise sqlite3.DatabaseError("it is damaged: its secret is gone from its settings")
        (self._secret,) = secret
        return self._connection

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)


def _concerns_all(error: Exception) -> bool:
    """Whether every request of a group would fail as one has."""
    return isinstance(error, StoreError) or is_busy(error)


def is_busy(error: Exception) -> bool:
    """Whether another process holds the write lock."""
    return isinstance(error, sqlite3.OperationalError) and "is locked" in str(error)
