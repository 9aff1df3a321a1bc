"""Opening the file: whose it is, which version made it, and whether it is still the one that was opened."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from chaukas_spec_lite.collector.private_files import make_file
from chaukas_spec_lite.collector.stores.base import Texts
from chaukas_spec_lite.collector.stores.sqlite import log_writing, text_index
from chaukas_spec_lite.collector.stores.sqlite.migrating import migrate
from chaukas_spec_lite.collector.stores.sqlite.schema import APPLICATION, CONFLICT_INDEX, SCHEMA, VERSION
from chaukas_spec_lite.errors import StoreError

BUSY_SECONDS = 5.0
"""How many seconds to wait for another process that writes to the same file."""
_BUSY_PAUSE = 0.005
"""How many seconds lie between two attempts where SQLite does not wait by itself."""
_WRITER_CACHE = -32 * 1024
"""In KiB, negative as SQLite wants it: the indexes' pages that new events go to should fit."""
_READER_CACHE = -8 * 1024
_CHECKPOINT_PAGES = 8000
"""How many pages the log of commits has before they are moved into the file. One commit after the other writes the same
pages, the last ones of each index: the longer the log, the fewer times each is moved. With SQLite's 1000 an event took
a sixth more of processor time."""
_WAL_LIMIT = 64 * 2**20
"""To how many bytes the log of commits is cut down after it has been larger."""
_LOOK_EVERY = 2000
"""After how many steps of SQLite's machine it is looked whether opening shall end: well below a millisecond."""


class OpeningStopped(Exception):
    """Whoever opened the file does not wait for it any more."""


class Features(NamedTuple):
    """What a file has beside its tables. All of it belongs to the file: others keep it up who want none of it."""

    index_text: bool
    """An index for searches for text."""
    log: bool
    worm: bool
    """A log, with a record of each event that is deleted."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Which file stands under a path, and which log of commits beside it."""

    file: tuple[int, int]
    wal: tuple[int, int] | None


def identity_of(path: Path) -> Identity | None:
    """What stands under a path now; None if there is no such file."""
    try:
        file = os.stat(path)
    except OSError:
        return None
    try:
        wal = os.stat(f"{path}-wal")
    except OSError:
        return Identity((file.st_dev, file.st_ino), None)
    return Identity((file.st_dev, file.st_ino), (wal.st_dev, wal.st_ino))


def connect_writer(
    path: Path, texts: Texts, wanted: Features, shall_end: Callable[[], bool]
) -> tuple[sqlite3.Connection, Identity]:
    """Open the file for writing; make it if there is none, migrate it if it is old.

    Args:
        path: The file.
        texts: Tells what a search for text looks at in an encoded event.
        wanted: What it shall have.
        shall_end: Tells whether to give it up: migrating and indexing may take long, and are undone or go on next time.

    Returns:
        The connection, and which file it is one to.

    Raises:
        StoreError: It is no file of this collector's, cannot be made, or was replaced meanwhile.
        OpeningStopped: It was to be given up; ``sqlite3.OperationalError``, too.
    """
    advice = ""
    try:
        make_file(path)
    except OSError as error:  # SQLite will fail, too, but does not say why
        advice = _advice(path, error)
    before = identity_of(path)
    try:
        connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    except sqlite3.OperationalError as error:
        if advice:
            raise StoreError(f"{path}: {error}: {advice}") from error
        raise

    def check() -> None:
        if shall_end():
            raise OpeningStopped

    try:
        connection.set_progress_handler(shall_end, _LOOK_EVERY)
        _open(connection, path)
        # From here on the log is there, and stays while this connection is open.
        opened = identity_of(path)
        if opened is None or before is None or opened.file != before.file:
            raise _replaced(path)
        _prepare(connection, texts, wanted, check)
        # Or what was just written, be it a migration, went into a file that nobody will find again.
        if identity_of(path) != opened:
            raise _replaced(path)
        connection.set_progress_handler(None, 0)
    except BaseException as error:
        connection.close()
        if isinstance(error, sqlite3.OperationalError) and "readonly" in str(error):
            raise StoreError(f"{path}: {error}: let this user write to it and in {path.parent}") from error
        raise
    return connection, opened


def _advice(path: Path, error: OSError) -> str:
    """Say why a file cannot be made or opened, and what to do."""
    if isinstance(error, FileNotFoundError) and not path.parent.is_dir():
        return f"there is no folder {path.parent}: make it, or choose another file"
    why = error.strerror or type(error).__name__
    if isinstance(error, PermissionError):
        what = "read and write it" if path.exists() else f"write in {path.parent}"
        return f"{why}: let this user {what}, or choose another file"
    return f"{why}: choose another file"


def _replaced(path: Path) -> StoreError:
    return StoreError(f"{path} was deleted or replaced while it was being opened: open it again")


def connect_reader(path: Path) -> sqlite3.Connection:
    """Open the file for reading; it has to be there."""
    uri = f"{path.as_uri()}?mode=rw"  # not "ro", which cannot read where it has to make the log's index first
    connection = sqlite3.connect(uri, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False, uri=True)
    try:
        connection.execute("PRAGMA query_only = ON")
        connection.execute(f"PRAGMA cache_size = {_READER_CACHE}")
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()  # opens it in fact, and its log
    except BaseException:
        connection.close()
        raise
    return connection


def _open(connection: sqlite3.Connection, path: Path) -> None:
    connection.execute("BEGIN")  # one view of all three: another collector may be making the file right now
    ((tables,),) = connection.execute("SELECT count(*) FROM sqlite_master")
    version = _version(connection)
    ((application,),) = connection.execute("PRAGMA application_id")
    connection.execute("COMMIT")
    # Checked before anything is written: pointed at the wrong file by mistake, the collector leaves it as it was.
    if tables and application != APPLICATION:
        raise StoreError(f"{path} is a database, but not one of this collector: choose another file")
    if version > VERSION:
        raise StoreError(f"{path} was made by a newer collector (format {version}; this one knows {VERSION})")
    if not tables:
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")  # before the first page is written
    # Outside of a transaction: inside, SQLite refuses to change the mode
    # (https://www.sqlite.org/pragma.html#pragma_journal_mode).
    _switch_to_wal(connection)
    connection.execute("PRAGMA synchronous = FULL")  # what was acknowledged survives a power cut
    connection.execute(f"PRAGMA cache_size = {_WRITER_CACHE}")
    connection.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")
    connection.execute(f"PRAGMA journal_size_limit = {_WAL_LIMIT}")
    connection.execute("SELECT count(*) FROM sqlite_master").fetchone()  # opens the log in fact


def _prepare(connection: sqlite3.Connection, texts: Texts, wanted: Features, check: Callable[[], None]) -> None:
    if _version(connection) < VERSION:  # or there is nothing in it, which is version 0
        _make(connection, check)
    connection.execute(CONFLICT_INDEX)
    if wanted.index_text:
        text_index.make(connection, texts, check)
    log_writing.make(connection, check, wanted=wanted.log, worm=wanted.worm)


def _version(connection: sqlite3.Connection) -> int:
    ((version,),) = connection.execute("PRAGMA user_version")
    return int(version)


def _switch_to_wal(connection: sqlite3.Connection) -> None:
    """Keep commits in a log from now on. SQLite's own timeout does not cover this: two processes at once both fail."""
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if "is locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(_BUSY_PAUSE)


def _make(connection: sqlite3.Connection, check: Callable[[], None]) -> None:
    # IMMEDIATE takes the write lock now. A deferred transaction that reads first and then writes fails with
    # SQLITE_BUSY, without waiting, if another process wrote in between.
    connection.execute("BEGIN IMMEDIATE")
    try:
        ((tables,),) = connection.execute("SELECT count(*) FROM sqlite_master")
        # Looked at again: another process may have made or migrated them while this one waited for the lock.
        if not tables:
            make_tables(connection)
        elif (version := _version(connection)) < VERSION:
            migrate(connection, version, check)
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def make_tables(connection: sqlite3.Connection) -> None:
    """Make all tables, inside a transaction."""
    for statement in SCHEMA.split(";"):
        connection.execute(statement)
