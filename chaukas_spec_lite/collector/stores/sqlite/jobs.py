"""Reading in threads: several connections beside each other, each job with a time limit, stopped with its caller."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from chaukas_spec_lite.collector.page_tokens import PageTokens
from chaukas_spec_lite.collector.stores.sqlite.file import Identity, connect_reader, identity_of
from chaukas_spec_lite.collector.stores.stopping import Job, Stopped
from chaukas_spec_lite.errors import QueryTimeoutError, StoreError

T = TypeVar("T")

READERS = 4
"""How many queries run beside each other; others wait for their turn."""
_LOOK_EVERY = 2000
"""After how many steps of SQLite's machine a job looks whether it shall end: well below a millisecond."""


class QueryConnection:
    """A connection that reads, with what is known of its file."""

    def __init__(self, path: Path) -> None:
        self.identity: Identity | None = identity_of(path)
        self.connection = connect_reader(path)
        ((secret,),) = self.connection.execute("SELECT value FROM settings WHERE name = 'secret'")
        self.tokens = PageTokens(secret)


class QueryThreads:
    """The connections that read one file. They are opened as they are needed.

    Args:
        path: The file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._threads = ThreadPoolExecutor(READERS, "chaukas-store-read")
        self._idle: list[QueryConnection] = []
        """Used from several threads; appending and popping are atomic."""

    async def run(self, work: Callable[[QueryConnection, Job], T], time_limit: float) -> T:
        """Run a job on a snapshot of the file.

        Args:
            work: What is to be done.
            time_limit: After so many seconds it is given up; the time that it waits for its turn counts.

        Raises:
            QueryTimeoutError: It took too long.
            sqlite3.Error: It failed.
        """
        job = Job(time_limit)
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, self._run, work, job)
        except (Stopped, sqlite3.OperationalError) as error:
            if not job.is_late:
                raise
            raise QueryTimeoutError(f"{self._path}: the query took more than {time_limit:g} seconds") from error
        finally:
            job.cancelled = True  # if the caller leaves before the job has ended

    def _run(self, work: Callable[[QueryConnection, Job], T], job: Job) -> T:
        job.check()
        reader = self._taken()
        connection = reader.connection
        sound = True
        try:
            connection.set_progress_handler(job.shall_end, _LOOK_EVERY)
            connection.execute("BEGIN")
            try:
                return work(reader, job)
            finally:
                connection.set_progress_handler(None, 0)  # or the next statement could be stopped, too
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
        except sqlite3.Error:
            sound = False  # in which state that has left the connection is not worth knowing
            raise
        finally:
            if sound:
                self._idle.append(reader)
            else:
                connection.close()

    def _taken(self) -> QueryConnection:
        """A connection to the file that stands under the path now."""
        now = identity_of(self._path)
        if now is None:
            raise StoreError(f"{self._path} is gone: it was deleted or moved while it was open")
        with contextlib.suppress(IndexError):
            while True:
                reader = self._idle.pop()
                if reader.identity == now:
                    return reader
                reader.connection.close()
        return QueryConnection(self._path)

    def drop_idle(self) -> None:
        """Close the connections that nothing uses just now."""
        with contextlib.suppress(IndexError):  # other threads take some, too
            while True:
                self._idle.pop().connection.close()

    def close(self) -> None:
        """Wait for what runs, and close the connections."""
        self._threads.shutdown()
        self.drop_idle()
