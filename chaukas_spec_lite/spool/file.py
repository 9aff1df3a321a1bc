"""One file of the spool: a SQLite database that belongs to the process that has it open, until that process ends.

The claim is SQLite's own lock, held as long as the file is open (``PRAGMA locking_mode``); the operating system
releases it when the process dies (``spool.claim`` is about forked ones). In WAL mode a commit is a write to the end of
a file: it survives the process at once, and reaches the disk at a checkpoint, or at once with ``synchronous="full"``.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
import zlib
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, NamedTuple

from chaukas_spec_lite.errors import ChaukasError
from chaukas_spec_lite.spool import quarantine, wal
from chaukas_spec_lite.spool.claim import Claim, InUse
from chaukas_spec_lite.spool.dropped import LETTER_BYTES, DeadLetter, Dropped, letter_of, storable

APPLICATION_ID = 0x43484B53
"""Marks a database as a spool: ``CHKS``."""

SCHEMA_VERSION = 1

_SCHEMA = """
CREATE TABLE event (seq INTEGER PRIMARY KEY, crc INTEGER NOT NULL, data BLOB NOT NULL);
CREATE TABLE dead_letter (
    id INTEGER PRIMARY KEY, dropped_at REAL NOT NULL, reason TEXT NOT NULL, detail TEXT NOT NULL,
    event_id TEXT NOT NULL, data BLOB NOT NULL
);
"""

_PAGE_SIZE = 8192
"""A commit writes whole pages. With SQLite's 4 kB, two usual events to a page, nearly each one needs several."""

_HIGHEST = 1 << 62
"""No number of an event comes near to this, and SQLite has none beyond twice as much."""

_FREE_PAGES = 2048
"""A file with more unused pages than this is shrunk when it has no events left."""


class SpoolError(ChaukasError):
    """A spool file cannot be read or written just now."""


class SpoolFull(SpoolError):
    """The disk is full."""


class SpoolBusy(SpoolError):
    """Another process, or another exporter of this one, has the file."""


class SpoolNewer(SpoolError):
    """A later version of this library made the file: it is left alone."""


class SpoolUnusable(SpoolError):
    """The file is ``foreign`` (some other database, or none) or ``corrupt``: it has to be set aside."""

    def __init__(self, kind: Literal["foreign", "corrupt"], message: str) -> None:
        super().__init__(message)
        self.kind = kind


class Row(NamedTuple):
    """A stored event; ``intact`` says whether it is what was written."""

    seq: int
    data: bytes
    intact: bool


class Spool:
    """The events and dead letters in one file; made by ``claim``. Calls must not overlap: the caller holds a lock.

    Every method raises ``SpoolError``, and then has changed nothing.
    """

    def __init__(self, path: Path, database: sqlite3.Connection, claim: Claim) -> None:
        self.path = path
        self.damage: str | None = None
        """What was wrong with the log, so that some of it could not be read."""
        self._claim = claim
        self._database = database
        self._execute = database.execute

    @classmethod
    def claim(cls, path: Path, synchronous: str = "normal", *, new: bool = False) -> Spool:
        """Open a file, or make a new one, and lock it.

        Args:
            path: The file.
            synchronous: ``full`` if each commit waits for the disk, else ``normal``.
            new: Whether it is to be made.

        Raises:
            SpoolBusy: Somebody else has it, or it was deleted meanwhile.
            SpoolNewer: A later version of this library made it.
            SpoolUnusable: It is no spool file, or damaged.
            SpoolError: It cannot be opened.
        """
        try:
            claim = Claim(path)
        except InUse:
            raise SpoolBusy(f"{path} is in use here") from None
        try:
            # The log has to be read before SQLite opens the file, because SQLite then truncates or overwrites what it
            # cannot read; and under the lock, because an owner would go on writing it.
            locked = not new and claim.lock()
            damage = _look_at_log(path, claim) if locked else None
            # See ``claim``: here SQLite opens the file without locking, so our own lock has to stay.
            if claim.inherited:
                if not locked:
                    raise SpoolBusy(f"{path} is the parent's")
            else:
                claim.unlock()  # SQLite takes it itself, on a descriptor of its own
            database = _connect(claim, path, new)
        except InUse:
            claim.release()
            raise SpoolBusy(f"{path} is in use") from None
        except BaseException:  # KeyboardInterrupt, too: nobody else would release the claim
            claim.release()
            raise
        spool = cls(path, database, claim)
        spool.damage = damage
        try:
            with _translated(path):
                _prepare(database, path, synchronous)
            if not path.exists():  # its last owner has discarded it; nobody makes one of that name again
                raise SpoolBusy(f"{path} is no more")
        except BaseException as error:
            spool.close()
            if new and not isinstance(error, SpoolBusy):
                path.unlink(missing_ok=True)  # or empty files would gather on a full disk
            raise
        if damage:
            # Begin the log anew, or the same damage would be found again. If that fails, it is found again: no harm.
            with contextlib.suppress(sqlite3.Error):
                database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        return spool

    def append(self, seq: int, data: bytes) -> None:
        """Store one event and commit."""
        try:
            self._execute("INSERT INTO event VALUES (?, ?, ?)", (seq, zlib.crc32(data), data))
        except sqlite3.Error as error:
            raise _translate(error, self.path) from error

    def apply(
        self, events: Sequence[tuple[int, bytes]], gone: Iterable[int] = (), dead: Sequence[Dropped] = ()
    ) -> None:
        """Do all of this in one transaction, or nothing.

        Args:
            events: Numbers and bytes of events to store.
            gone: Numbers of events to remove.
            dead: Dead letters to keep, with their time if it is known.
        """
        now = time.time()
        with self._transaction():
            self._database.executemany(
                "INSERT INTO event VALUES (?, ?, ?)", ((seq, zlib.crc32(data), data) for seq, data in events)
            )
            self._database.executemany("DELETE FROM event WHERE seq BETWEEN ? AND ?", runs(gone))
            self._database.executemany(
                "INSERT INTO dead_letter (dropped_at, reason, detail, event_id, data) VALUES (?, ?, ?, ?, ?)",
                (
                    (
                        each.dropped_at if isinstance(each, DeadLetter) else now,
                        each.reason.value,
                        storable(each.detail),
                        storable(each.event_id),
                        each.data,
                    )
                    for each in dead
                ),
            )

    def read(self, after: int, events: int, size: int) -> list[Row]:
        """Read events in the order of their numbers.

        Args:
            after: The first one has a number above this.
            events: How many to read at most.
            size: How many bytes to read at most; at least one event is read, if there is one.
        """
        rows: list[Row] = []
        with _translated(self.path):
            # Damage may turn a BLOB into something else, which must not keep from reading what follows.
            query = "SELECT seq, crc, ifnull(CAST(data AS BLOB), x'') FROM event WHERE seq > ? ORDER BY seq LIMIT ?"
            for seq, crc, data in self._execute(query, (after, events)):
                rows.append(Row(seq, data, zlib.crc32(data) == crc))
                size -= len(data)
                if size <= 0:
                    # At least one row was taken, however large, or nothing would ever get past it.
                    break
        return rows

    def has_events(self) -> bool:
        """Whether there are any."""
        with _translated(self.path):
            return self._execute("SELECT 1 FROM event LIMIT 1").fetchone() is not None

    def totals(self) -> tuple[int, int, int, int]:
        """Tell the number of events, their bytes, and the lowest and the highest number (0 if there are none)."""
        with _translated(self.path):
            query = "SELECT count(*), ifnull(sum(length(data)), 0), ifnull(min(seq), 0), ifnull(max(seq), 0) FROM event"
            count, size, low, high = self._execute(query).fetchone()
        # Numbers of new events go on from ``high``. Damage could have left a negative number, or no room above.
        if not 0 <= low <= high < _HIGHEST:
            raise SpoolUnusable("corrupt", f"its events are numbered from {low} to {high}")
        return count, size, low, high

    def dead_bytes(self) -> int:
        """Tell the size of the dead letters."""
        with _translated(self.path):
            size = f"{LETTER_BYTES} + length(detail) + length(event_id) + length(data)"
            (total,) = self._execute(f"SELECT ifnull(sum({size}), 0) FROM dead_letter").fetchone()
            return int(total)

    def dead_letters(self, limit: int = 1000) -> list[DeadLetter]:
        """Read the latest dead letters, oldest first; all of them if the limit is negative."""
        query = "SELECT reason, detail, event_id, data, dropped_at FROM dead_letter ORDER BY id DESC LIMIT ?"
        with _translated(self.path):
            rows = self._execute(query, (limit,)).fetchall()
        return [letter_of(*row) for row in reversed(rows)]

    def sync_log(self) -> None:
        """Bring the log of commits to the disk: most of the work of a checkpoint, during which others may write."""
        try:
            # A descriptor of the log, not of the database, so closing it gives up no lock (SQLite locks the database
            # file).
            file = os.open(f"{self.path}-wal", os.O_RDWR)
        except FileNotFoundError:
            return
        try:
            os.fsync(file)
        except OSError as error:
            raise SpoolError(f"{self.path}-wal: {error}") from error
        finally:
            os.close(file)

    def checkpoint(self) -> None:
        """Bring what was committed to the disk, and begin the log anew, so that it does not grow for ever.

        SQLite begins it anew at the first write after the checkpoint, which waits for the disk once more. The write at
        the end is here so that ``append`` does not have to wait.
        """
        with _translated(self.path):
            self._execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
            self._execute(f"PRAGMA user_version = {SCHEMA_VERSION}")

    def shrink(self) -> None:
        """Give much room that is no longer needed back to the file system; meant for when hardly anything is stored."""
        with _translated(self.path):
            (free,) = self._execute("PRAGMA freelist_count").fetchone()
            if free > _FREE_PAGES:
                self._execute("VACUUM")
                self._execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def close(self) -> None:
        """Give the file up; the next owner gets what it holds. Closing it again does nothing."""
        self._database.close()
        self._claim.release()

    def discard(self) -> None:
        """Delete the file, which nobody needs any more, to give its room on a full disk back."""
        try:
            for name in (self.path, f"{self.path}-wal"):
                os.unlink(name)
        except OSError as error:
            raise SpoolError(f"{self.path} cannot be deleted: {error}") from error
        # Closed after unlinking: closing first would make SQLite write a checkpoint, on a disk that is full.
        finally:
            self.close()

    @contextmanager
    def _transaction(self) -> Generator[None, None, None]:
        with _translated(self.path):
            self._execute("BEGIN")
            try:
                yield
                self._execute("COMMIT")
            finally:
                # SQLite itself has rolled back after some errors (https://www.sqlite.org/lang_transaction.html, 3.): a
                # full disk is one.
                if self._database.in_transaction:
                    self._execute("ROLLBACK")


def runs(numbers: Iterable[int]) -> list[tuple[int, int]]:
    """Write numbers as ranges, both ends included: ``[1, 2, 3, 7]`` as ``[(1, 3), (7, 7)]``."""
    found: list[tuple[int, int]] = []
    for number in sorted(numbers):
        if found and number - found[-1][1] <= 1:
            found[-1] = (found[-1][0], number)
        else:
            found.append((number, number))
    return found


def _look_at_log(path: Path, claim: Claim) -> str | None:
    """Say what is wrong with the log of a locked file, and keep a copy of both: SQLite goes on with what it can read.

    A power cut may do such damage, and must not cost what came before; so the file is only set aside if it cannot be
    copied.
    """
    try:
        damage = wal.damage(path)
    except OSError:
        return None  # SQLite finds out, and says so
    if damage is None:
        return None
    try:
        quarantine.copy(path, claim, damage)
    except OSError as error:
        raise SpoolUnusable("corrupt", f"{damage}; no copy could be made: {error}") from error
    return damage


def _connect(claim: Claim, path: Path, new: bool) -> sqlite3.Connection:
    uri = f"{path.absolute().as_uri()}?mode={'rwc' if new else 'rw'}{'&vfs=unix-none' if claim.inherited else ''}"
    with _translated(path):
        # Any thread may use it, one at a time; nothing is waited for (timeout) or committed unasked (isolation_level).
        database = sqlite3.connect(uri, uri=True, timeout=0, isolation_level=None, check_same_thread=False)
    claim.database = database
    return database


def _prepare(database: sqlite3.Connection, path: Path, synchronous: str) -> None:
    """Take the lock, see whose file it is, and make the tables if it is new."""
    execute = database.execute
    # Set before the first access in WAL mode, it makes SQLite do without shared memory, which is a -shm file.
    execute("PRAGMA locking_mode = EXCLUSIVE").fetchall()
    (application_id,) = execute("PRAGMA application_id").fetchone()
    (tables,) = execute("SELECT count(*) FROM sqlite_master").fetchone()
    # A file without tables is one that its maker was killed with, before the first commit: it is ours to fill.
    if application_id != APPLICATION_ID and tables:
        raise SpoolUnusable("foreign", "it is a database, but not one of an exporter")
    (version,) = execute("PRAGMA user_version").fetchone()
    if application_id == APPLICATION_ID and version > SCHEMA_VERSION:
        raise SpoolNewer(f"{path} has version {version}; this library knows those up to {SCHEMA_VERSION}")
    if not tables:  # the size of pages can be chosen before there is any, and before WAL mode
        execute(f"PRAGMA page_size = {_PAGE_SIZE}")
    execute("PRAGMA journal_mode = WAL").fetchall()
    execute(f"PRAGMA synchronous = {'FULL' if synchronous == 'full' else 'NORMAL'}")
    # Checkpoints wait for the disk, so they are made where nobody waits for them.
    execute("PRAGMA wal_autocheckpoint = 0").fetchall()
    execute("BEGIN IMMEDIATE")  # takes the lock, which is then kept
    if not tables:
        for statement in _SCHEMA.split(";")[:-1]:
            execute(statement)
        execute(f"PRAGMA application_id = {APPLICATION_ID}")
        execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
    # Another program's tables, or damaged ones, fail here, and not when the first event is stored.
    execute("SELECT seq, crc, data FROM event LIMIT 0")
    execute("SELECT id, dropped_at, reason, detail, event_id, data FROM dead_letter LIMIT 0")
    execute("COMMIT")


@contextmanager
def _translated(path: Path) -> Generator[None, None, None]:
    try:
        yield
    except sqlite3.Error as error:
        raise _translate(error, path) from error


def _translate(error: sqlite3.Error, path: Path) -> SpoolError:
    """Tell SQLite's errors apart, by its own texts: Python 3.10 does not give their codes."""
    text = str(error)
    if "not a database" in text or "no such table" in text or "no such column" in text:
        return SpoolUnusable("foreign", text)
    # SQLITE_CORRUPT; and above SQLITE_NOTADB, or tables that are not ours.
    if "malformed" in text:
        return SpoolUnusable("corrupt", text)
    if "is locked" in text:
        return SpoolBusy(f"{path} is in use")
    if "is full" in text:
        return SpoolFull(f"{path}: {text}")
    return SpoolError(f"{path}: {text}")
