"""The collector's database: one SQLite file, or memory.

SQLite works in threads of the store's own, never in the thread of the event loop. One thread writes and one reads. On a
file (in WAL mode) neither waits for the other; in memory, where there is only one connection, they are the same thread.
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from chaukas_spec_lite.errors import StoreError
from chaukas_spec_lite.wire.envelopes import MAX_FRAME_BYTES

if TYPE_CHECKING:  # a store works on what it is handed, and needs to know neither messages nor queries
    from chaukas_spec_lite.collector.plan import Plan, Position
    from chaukas_spec_lite.collector.record import EventRecord

T = TypeVar("T")

Prepare: TypeAlias = "Callable[[], Sequence[EventRecord]]"
"""Makes the records of one request, or raises what is wrong with it."""

_VERSION = 1
_APPLICATION = 0x43484B53  # "CHKS"
_BUSY_SECONDS = 5.0
"""How many seconds to wait for another process that writes to the same file."""
_BUSY_PAUSE = 0.005
"""How many seconds lie between two attempts where SQLite does not wait by itself."""

_MAX_GROUP = 64
"""How many requests share a transaction at most, so that none waits long for the others."""

_SCHEMA = f"""
CREATE TABLE events (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    tenant_id TEXT NOT NULL,
    project_id TEXT NOT NULL,
    event_id TEXT NOT NULL,
    session_id TEXT NOT NULL,
    agent_id TEXT NOT NULL,
    span_id TEXT NOT NULL,
    trace_id TEXT NOT NULL,
    type INTEGER NOT NULL,
    status INTEGER NOT NULL,
    severity INTEGER NOT NULL,
    timed INTEGER NOT NULL,
    seconds INTEGER NOT NULL,
    nanos INTEGER NOT NULL,
    searched_text TEXT NOT NULL,
    data BLOB NOT NULL,
    UNIQUE (tenant_id, project_id, event_id)
);
CREATE TABLE tags (
    tag TEXT NOT NULL,
    seq INTEGER NOT NULL,
    PRIMARY KEY (tag, seq)
) WITHOUT ROWID;
CREATE INDEX events_by_time ON events (timed, seconds, nanos);
CREATE INDEX events_by_session ON events (session_id, timed, seconds, nanos);
CREATE INDEX events_by_trace ON events (trace_id, timed, seconds, nanos);
PRAGMA application_id = {_APPLICATION};
PRAGMA user_version = {_VERSION};
"""

_INSERT = f"""
INSERT INTO events (
    tenant_id, project_id, event_id, session_id, agent_id, span_id, trace_id, type, status, severity,
    timed, seconds, nanos, searched_text, data
) VALUES ({", ".join("?" * 15)})
ON CONFLICT (tenant_id, project_id, event_id) DO NOTHING
"""


_Prepared = tuple[tuple[str | int | bytes, ...], Iterable[str]]
"""The columns and the tags of an event."""


@dataclass(frozen=True, slots=True)
class Page:
    """The encoded events of a page, and the token of the next one, empty if there is none."""

    events: list[bytes]
    next_page_token: str


@dataclass(frozen=True, slots=True)
class _Connection:
    """A connection and the one thread that uses it."""

    thread: ThreadPoolExecutor
    sqlite: sqlite3.Connection


class Store:
    """Stores events and finds them again; all its methods raise ``StoreError``."""

    def __init__(self, path: str | Path | None) -> None:
        self._path = None if path is None else Path(path)
        self._open = False
        self._waiting: list[tuple[Prepare, asyncio.Future[int]]] = []
        # The one task that writes, while there is something to write.
        self._writing: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Open the file, or make it."""
        # After the writer, which makes the file if there is none.
        self._writer = self._reader = await self._opened(ThreadPoolExecutor(1, "chaukas-store-write"))
        if self._path is not None:  # another connection to ":memory:" would be another database
            try:
                self._reader = await self._opened(ThreadPoolExecutor(1, "chaukas-store-read"))
            except BaseException:
                await self._closed(self._writer)
                raise
        self._open = True

    async def close(self) -> None:
        """Finish what was begun and close the file."""
        self._open = False
        # The task that writes goes on even if all callers that wait for it were cancelled.
        if self._writing is not None:
            await self._writing
        try:
            if self._reader is not self._writer:
                await self._closed(self._reader)
        finally:
            await self._closed(self._writer)

    async def _opened(self, thread: ThreadPoolExecutor) -> _Connection:
        try:
            return _Connection(thread, await self._run(thread, lambda: _connect(self._path, self._name)))
        except BaseException:
            thread.shutdown()
            raise

    async def _closed(self, connection: _Connection) -> None:
        try:
            await self._run(connection.thread, connection.sqlite.close)
        finally:
            connection.thread.shutdown()  # it has nothing left to do, so this does not keep the loop waiting

    async def add(self, prepare: Prepare) -> int:
        """Store the events of a request, all or none. When this returns, they are on the disk.

        Requests that come at the same time share a transaction, but not their errors.

        Args:
            prepare: Makes the records; called in the thread that writes, so that the event loop need not decode.

        Returns:
            How many events were new: one whose ID its tenant and project have used already is left out.

        Raises:
            StoreError: Nothing was stored; perhaps because the store is not open.
            Exception: Whatever ``prepare`` raises.
        """
        self._check_open()
        result: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        # All on the event loop, so no lock: the thread sees only the group that it is handed.
        self._waiting.append((prepare, result))
        if self._writing is None:
            self._writing = asyncio.ensure_future(self._write())
        try:
            return await result
        except sqlite3.Error as error:
            raise self._mapped(error) from error

    async def _write(self) -> None:
        """Write what waits, and what comes to wait meanwhile, in groups: most of the time goes into transactions."""
        writer = self._writer
        while self._waiting:
            group, self._waiting = self._waiting[:_MAX_GROUP], self._waiting[_MAX_GROUP:]
            prepares = [prepare for prepare, _ in group]
            outcomes = await asyncio.get_running_loop().run_in_executor(
                writer.thread, _insert_group, writer.sqlite, prepares
            )
            for (_, result), outcome in zip(group, outcomes, strict=True):
                if result.done():  # its caller was cancelled
                    continue
                if isinstance(outcome, int):
                    result.set_result(outcome)
                else:
                    result.set_exception(outcome)
        # No await since ``_waiting`` was seen empty, so no request can have slipped in between.
        self._writing = None

    async def find(self, plan: Plan, max_bytes: int) -> Page:
        """Run a query, and return one page.

        Args:
            plan: The query.
            max_bytes: The size that the page's events may have, with their tags and lengths. A single event may be
                larger, or there would be no page with it.

        Raises:
            StoreError: The file cannot be read, or is not open.
        """
        self._check_open()
        reader = self._reader
        return await self._run(reader.thread, lambda: _find(reader.sqlite, plan, max_bytes))

    def _check_open(self) -> None:
        if not self._open:
            raise StoreError(f"{self._name} is not open")

    async def _run(self, thread: ThreadPoolExecutor, work: Callable[[], T]) -> T:
        try:
            return await asyncio.get_running_loop().run_in_executor(thread, work)
        except sqlite3.Error as error:
            raise self._mapped(error) from error

    def _mapped(self, error: sqlite3.Error) -> StoreError:
        return StoreError(f"{self._name}: {error}")

    @property
    def _name(self) -> str:
        return "the collector's database in memory" if self._path is None else str(self._path)


def _connect(path: Path | None, name: str) -> sqlite3.Connection:
    connection = sqlite3.connect(path or ":memory:", timeout=_BUSY_SECONDS, isolation_level=None)
    try:
        _prepare(connection, name)
    except BaseException:
        connection.close()
        raise
    return connection


def _prepare(connection: sqlite3.Connection, name: str) -> None:
    connection.execute("BEGIN")  # one view of all three: another collector may be making the file right now
    ((tables,),) = connection.execute("SELECT count(*) FROM sqlite_master")
    ((version,),) = connection.execute("PRAGMA user_version")
    ((application,),) = connection.execute("PRAGMA application_id")
    connection.execute("COMMIT")
    # Checked before anything is written: pointed at the wrong file by mistake, the collector leaves it as it was.
    if tables and application != _APPLICATION:
        raise StoreError(f"{name} is a database, but not one of this collector: choose another file")
    if version > _VERSION:
        raise StoreError(f"{name} was made by a newer collector (format {version}; this one knows {_VERSION})")
    # Outside of a transaction: inside, SQLite refuses to change the mode
    # (https://www.sqlite.org/pragma.html#pragma_journal_mode).
    _switch_to_wal(connection)
    connection.execute("PRAGMA synchronous = FULL")  # what was acknowledged survives a power cut
    if not tables:
        _make(connection)


def _switch_to_wal(connection: sqlite3.Connection) -> None:
    """Keep commits in a log from now on. SQLite's own timeout does not cover this: two processes at once both fail."""
    deadline = time.monotonic() + _BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if "is locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(_BUSY_PAUSE)


def _make(connection: sqlite3.Connection) -> None:
    # IMMEDIATE takes the write lock now. A deferred transaction that reads first and then writes fails with
    # SQLITE_BUSY, without waiting, if another process wrote in between.
    connection.execute("BEGIN IMMEDIATE")
    try:
        ((tables,),) = connection.execute("SELECT count(*) FROM sqlite_master")
        if not tables:  # or else another process has made them while this one waited for the lock
            for statement in _SCHEMA.split(";"):
                connection.execute(statement)
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


def _insert_group(connection: sqlite3.Connection, prepares: Sequence[Prepare]) -> list[int | Exception]:
    """Insert the records of several requests; return for each request how many were new, or why it failed."""
    # Decoded before BEGIN, so that a large batch does not hold the write lock while it is parsed.
    groups = [_prepared(prepare) for prepare in prepares]
    good = [group for group in groups if not isinstance(group, Exception)]
    try:
        counts = iter(_insert(connection, good))
        return [group if isinstance(group, Exception) else next(counts) for group in groups]
    except Exception as error:
        if len(prepares) == 1:
            return [error]
    # One of them is at fault, and has undone the work of all: do them one by one, so that only that one fails.
    return [_insert_group(connection, [prepare])[0] for prepare in prepares]


def _prepared(prepare: Prepare) -> list[_Prepared] | Exception:
    try:
        return [(record.columns, dict.fromkeys(record.event.tags)) for record in prepare()]
    except Exception as error:  # raised again where the request is served
        return error


def _insert(connection: sqlite3.Connection, groups: Sequence[Sequence[_Prepared]]) -> list[int]:
    """Insert groups of records in one transaction; return how many of each group were new."""
    counts: list[int] = []
    tagged: list[tuple[str, int | None]] = []
    connection.execute("BEGIN IMMEDIATE")
    try:
        for group in groups:
            new = 0
            for columns, tags in group:
                cursor = connection.execute(_INSERT, columns)
                if cursor.rowcount == 1:  # 0 means that its ID was there, and lastrowid is then that of another insert
                    new += 1
                    # Only for new events: those of a repeated one are there already, and the key would clash.
                    tagged += [(tag, cursor.lastrowid) for tag in tags]
            counts.append(new)
        connection.executemany("INSERT INTO tags (tag, seq) VALUES (?, ?)", tagged)
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # SQLite itself has rolled back after some errors, a full disk among them
            connection.execute("ROLLBACK")
        raise
    return counts


def _find(connection: sqlite3.Connection, plan: Plan, max_bytes: int) -> Page:
    ((newest,),) = connection.execute("SELECT coalesce(max(seq), 0) FROM events")
    # Later pages keep to the ``newest`` of the first one, which is in their token.
    statement, values = plan.sql(newest)
    events: list[bytes] = []
    room = max_bytes
    last: Position | None = None
    cursor = connection.execute(statement, values)
    try:
        for timed, seconds, nanos, seq, data in cursor:
            room -= len(data) + MAX_FRAME_BYTES
            # This event starts the next page, unless the page is still empty: an empty page would lead to itself.
            if last is not None and (len(events) == plan.size or room < 0):
                return Page(events, plan.token(newest, last))
            events.append(data)
            last = timed, seconds, nanos, seq
    finally:
        cursor.close()  # an open cursor keeps its view of the file, and so the log of commits from being begun anew
    return Page(events, "")
