"""What was signed last, remembered outside of the database: in a file beside each key of the log.

Whoever has the database, and not the place where the key is, can rewrite it while no collector runs, checkpoints and
all. What stands here tells the next collector.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from chaukas_spec_lite.audit.notes import Checkpoint, SignedNote, notes_in
from chaukas_spec_lite.audit.origins import tenant_of
from chaukas_spec_lite.clock import within
from chaukas_spec_lite.collector.checkpoints import SignedCheckpoint
from chaukas_spec_lite.collector.lanes import OwnThread
from chaukas_spec_lite.collector.private_files import write_whole
from chaukas_spec_lite.errors import NoteError, SettingError
from chaukas_spec_lite.rationed_log import RationedLog

log = logging.getLogger(__name__)

SUFFIX = ".state"
"""What the file's name has behind that of the key."""
MAX_LOGS = 10_000
MAX_CHARACTERS = 4 << 20
"""How many logs are remembered, and how many characters their checkpoints have together, as the file is written as a
whole. Those that were signed longest ago make room."""
_TOLD_EVERY = 60.0
PATIENCE = 5.0
"""How many seconds a disk may take. One that hangs keeps nobody from signing, and no collector from stopping."""
NOTHING: Mapping[str, SignedNote] = {}
_FOR_GOOD = (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOENT)
"""What says that a file can never be written. A disk that is full may have room later."""


class LastSigned:
    """Remembers the newest checkpoint of each log.

    Args:
        name: The name of the log's keys.
        keys: The files of the keys, beside which it is kept; none to keep it nowhere.
    """

    def __init__(self, name: str, keys: Sequence[Path] = ()) -> None:
        self._name = name
        self._files = [_StateFile(key.with_name(key.name + SUFFIX)) for key in keys]
        self._notes: dict[str, tuple[Checkpoint, str]] = {}
        """By tenant, those that were signed longest ago first."""
        self._characters = 0
        self._changes = 0
        """How often what is remembered has changed."""
        # Of the two above. The disk is not waited for with it: signing goes on while that hangs.
        self._lock = threading.Lock()
        self._disk = OwnThread("chaukas-last-signed")
        self._is_busy = False
        """Whether the disk is waited for just now. Set by its thread alone."""
        self._is_late = False
        """Whether it did not answer in time. Set by the event loop alone."""
        self._told = RationedLog(log, _TOLD_EVERY, time.monotonic)

    @property
    def where(self) -> str:
        """The names of the files."""
        return " and ".join(str(file.path) for file in self._files)

    @property
    def tenants(self) -> list[str]:
        """Whose logs are remembered."""
        with self._lock:
            return list(self._notes)

    def of(self, tenant_id: str) -> SignedCheckpoint | None:
        """Return the newest checkpoint of a tenant's log that is remembered."""
        with self._lock:  # A disk that was late may be taking over what another collector has written.
            found = self._notes.get(tenant_id)
        if found is None:
            return None
        checkpoint, text = found
        return SignedCheckpoint(SignedNote.parse(text), checkpoint)

    def read(self) -> None:
        """As ``begin``, however long it takes."""
        self._read_files()
        self._try_to_write()

    async def begin(self) -> None:
        """Read what is there, and see whether it can be written, which is told if it cannot.

        Raises:
            SettingError: A file is none of these, or cannot be read.
        """
        if not self._files:
            return
        try:
            await self._read_in_time()
            await self._in_time(self._try_to_write)
        except BaseException:  # whatever it is: nobody closes what has not begun
            self.close()
            raise

    async def _read_in_time(self) -> None:
        try:
            await within(PATIENCE, self._disk.run(self._read_files))
        except asyncio.TimeoutError:
            why = f"cannot be read: the disk has not answered for {PATIENCE:g} seconds"
            raise SettingError("audit_key", f"{self.where} {why}") from None

    def _read_files(self) -> None:
        for file in self._files:
            found = self._parsed(file)
            with self._lock:
                self._take(found)

    def _try_to_write(self) -> None:
        for file in self._files:
            try:
                self._write(file)
            except OSError as error:
                file.is_writable = error.errno not in _FOR_GOOD
                if file.is_writable:
                    self._tell_behind(file, error)
                    continue
                log.warning(
                    "%s cannot be written (%s): what is signed from now on is not known to the next collector if "
                    "somebody rewrites the database in between",
                    *(file.path, error.strerror or error),
                )

    async def remember(self, signed: Mapping[str, SignedNote], older: Mapping[str, SignedNote] = NOTHING) -> None:
        """Remember checkpoints by tenant, and write them to the files; to be called from time to time without any, too.

        What another collector has written meanwhile is taken over. A disk that fails, or hangs, is told in the log, and
        keeps nobody from signing.

        Args:
            signed: Those that were signed since.
            older: Those that were signed some time ago: none that was signed since makes room for them.
        """
        if self._files:
            with self._lock:
                self._take(signed.items())
                self._take(
                    (tenant, note) for tenant, note in older.items() if tenant in self._notes or self._has_room()
                )
            await self._in_time(self._update)

    async def _in_time(self, work: Callable[[], None]) -> None:
        """Have the disk do something; if that takes long, it is left to itself, and asked again when it is done."""

        def done() -> None:
            self._is_busy = True
            try:
                work()
            finally:
                self._is_busy = False

        if not (self._is_late and self._is_busy):
            self._is_late = False
            try:
                await within(PATIENCE, self._disk.run(done))
                return
            except asyncio.TimeoutError:
                self._is_late = True
        text = "%s is not up to date, as the disk does not answer: the next collector would not know what is signed"
        self._told.log("late", logging.ERROR, text, self.where)

    def close(self) -> None:
        """Write no more."""
        self._disk.stop()

    def _update(self) -> None:
        for file in self._files:
            if not file.is_writable:
                continue
            try:
                if file.was_changed():  # by another collector with the same key
                    self._take_over(file)
                if file.has != self._changes:
                    self._write(file)
            except (OSError, SettingError) as error:
                self._tell_behind(file, error)

    def _take_over(self, file: _StateFile) -> None:
        found = self._parsed(file)
        with self._lock:
            self._take(found)
            # It may have looked before this one wrote, and written after it.
            file.has = -1 if self._knows_more_than(found) else self._changes

    def _write(self, file: _StateFile) -> None:
        with self._lock:
            text, changes = "".join(text for _, text in self._notes.values()), self._changes
        file.has = -1
        file.write(text)
        file.has = changes

    def _tell_behind(self, file: _StateFile, error: Exception) -> None:
        text = "%s is not up to date, as it could not be written: %s"
        self._told.log(str(file.path), logging.ERROR, text, file.path, error)

    def _knows_more_than(self, found: Iterable[tuple[str, SignedNote]]) -> bool:
        sizes = {tenant: Checkpoint.of(note).size for tenant, note in found}
        return any(sizes.get(tenant, -1) < checkpoint.size for tenant, (checkpoint, _) in self._notes.items())

    def _parsed(self, file: _StateFile) -> list[tuple[str, SignedNote]]:
        found: list[tuple[str, SignedNote]] = []
        try:
            notes = notes_in(file.read())
            for note in notes:
                # Those of a key of another name, whose file had this place before, are of no log that is signed here.
                if (tenant := tenant_of(Checkpoint.of(note).origin, self._name)) is not None:
                    found.append((tenant, note))
        except OSError as error:
            raise SettingError("audit_key", f"{file.path} cannot be read: {error.strerror or error}") from None
        except (NoteError, UnicodeDecodeError) as error:
            raise SettingError(
                "audit_key", f"{file.path} is no file of checkpoints, which a collector has written there: {error}"
            ) from None
        return found

    def _has_room(self) -> bool:
        """Whether one more log can be remembered without that another one makes room."""
        return len(self._notes) < MAX_LOGS and self._characters < MAX_CHARACTERS

    def _take(self, given: Iterable[tuple[str, SignedNote]]) -> None:
        """Take over what is newer than what is known, within bounds."""
        for tenant, note in given:
            checkpoint, text = Checkpoint.of(note), str(note)
            known = self._notes.get(tenant)
            if known is not None:
                if known[0].size > checkpoint.size or known[1] == text:
                    continue
                self._characters -= len(self._notes.pop(tenant)[1])
            self._notes[tenant] = checkpoint, text
            self._characters += len(text)
            self._changes += 1
        while len(self._notes) > MAX_LOGS or (self._characters > MAX_CHARACTERS and len(self._notes) > 1):
            oldest = next(iter(self._notes))
            self._characters -= len(self._notes.pop(oldest)[1])
            text = "%s has no room for all logs: those that were signed longest ago are forgotten"
            self._told.log("room", logging.WARNING, text, self.where)


class _StateFile:
    """The file beside a key.

    Args:
        path: Its path.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.is_writable = True
        self.has = -1
        """After how many changes what is remembered was what it holds; -1 if it lacks something."""
        self._seen: tuple[int, int, int] | None = None

    def read(self) -> str:
        """Return what it holds; nothing if it is not there. Raises ``OSError`` and ``UnicodeDecodeError``."""
        self._seen = self._stat()
        if self._seen is None:
            return ""
        # As bytes, since reading as text turns a carriage return into a newline.
        return self.path.read_bytes().decode()

    def write(self, text: str) -> None:
        """Replace it; raises ``OSError``."""
        self._seen = _seen(write_whole(self.path, text))

    def was_changed(self) -> bool:
        """Whether somebody else has written it, or taken it away, since."""
        return self._stat() != self._seen

    def _stat(self) -> tuple[int, int, int] | None:
        try:
            return _seen(self.path.stat())
        except FileNotFoundError:
            return None


def _seen(found: os.stat_result) -> tuple[int, int, int]:
    return found.st_ino, found.st_size, found.st_mtime_ns
