"""One file of a log: a head that says what the file is, and frames.

A position is a number of bytes: all segments of a log, one after the other and without their heads, are one long
string of frames. A segment is named by the position at which it begins, and by the number of frames before it: so the
names alone tell how many frames each segment held, whatever became of its bytes.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from time import monotonic
from typing import NamedTuple

from chaukas_spec_lite.spool.errors import SpoolClaimed, SpoolLost, SpoolNewer, spool_error, translated
from chaukas_spec_lite.spool.frames import Entry, entries_in

SUFFIX = ".segment"
MAGIC = b"chaukas spool 1\n"

PATH_LOOK = 0.1
"""After how many seconds an append looks again whether the file still has its name."""

CHUNK = 1 << 18
"""How many bytes are read at once."""

_CLAIMED = stat.S_IXUSR
"""In the mode of a segment, says that its log was claimed. That takes no room on a full disk, and whoever still has the
file open sees it, even when it is deleted."""

_BINARY = getattr(os, "O_BINARY", 0)  # without it, Windows changes line ends
_NEW = os.O_RDWR | os.O_CREAT | os.O_EXCL | _BINARY


class Start(NamedTuple):
    """Where in its log a segment begins."""

    position: int
    frames: int
    """How many frames stand before it."""

    @property
    def name(self) -> str:
        """Name the segment, so that names sort as positions do."""
        return f"{self.position:016x}-{self.frames:x}{SUFFIX}"

    def path(self, folder: Path) -> Path:
        """Say where the segment is."""
        return folder / self.name

    @classmethod
    def of(cls, path: Path) -> Start | None:
        """Read a segment's name; None for any other name."""
        position, _, frames = path.stem.partition("-")
        try:
            place = cls(int(position, 16), int(frames, 16))
        except ValueError:
            return None
        return place if place.path(path.parent) == path else None

    @classmethod
    def all_in(cls, folder: Path) -> list[Start]:
        """List the segments of a folder, in order; raises ``OSError``."""
        return sorted(place for path in folder.iterdir() if (place := cls.of(path)) is not None)


class Reader:
    """Reads a segment, to which a writer may still append.

    Args:
        path: Its path, for errors.
        place: Where it begins.
        file: A descriptor of the file, which ``close`` closes.
    """

    def __init__(self, path: Path, place: Start, file: int) -> None:
        self.path = path
        self.place = place
        self._file = file

    @classmethod
    def open(cls, folder: Path, place: Start) -> Reader:
        """Open a segment.

        Raises:
            SpoolLost: It is not there any more.
            SpoolError: It cannot be opened just now.
        """
        path = place.path(folder)
        with translated(path):
            try:
                return cls(path, place, os.open(path, os.O_RDONLY | _BINARY))
            except FileNotFoundError as error:
                raise SpoolLost(f"{path} was deleted or moved") from error

    def copy(self, path: Path) -> None:
        """Write the whole file under a name that is free; raises ``OSError``, and then has written none."""
        file = os.open(path, _NEW, 0o600)
        try:
            with open(file, "wb") as other:
                while data := _pread(self._file, CHUNK, other.tell()):
                    other.write(data)
        except BaseException:  # Ctrl-C, too: a part of it would be damage to whoever reads it
            path.unlink(missing_ok=True)
            raise

    def claim(self) -> None:
        """See whether this version of the library can read it, and note in it that its log was claimed.

        Any other head is damage, as of frames: those behind it are read all the same.

        Raises:
            SpoolNewer: It cannot.
        """
        head = self._read(0, len(MAGIC))
        if head != MAGIC and re.fullmatch(rb"chaukas spool [0-9]+\n?", head):
            raise SpoolNewer(f"{self.path} was made by a later version of this library")
        if os.name != "nt":  # where nobody can delete a lock that is held
            with suppress(OSError):  # some file systems have no modes
                os.fchmod(self._file, stat.S_IMODE(os.fstat(self._file).st_mode) | _CLAIMED)

    def end(self) -> int:
        """Return the position at which the file ends."""
        with translated(self.path):
            return self.place.position + max(0, os.fstat(self._file).st_size - len(MAGIC))

    def entries(self, position: int, end: int) -> Iterator[Entry]:
        """Read frames, and damage between them; a file that is too short is damage at its end.

        Args:
            position: Where in the log to begin: at the beginning of a frame.
            end: Where to end: where a frame ends.
        """
        data, want = b"", CHUNK
        while position < end:
            behind = position + len(data)
            read = self._read(len(MAGIC) + behind - self.place.position, min(want, end - behind))
            if not read and behind < end:
                yield Entry(position, end, None)
                return
            data, begin = data + read, position
            for entry in entries_in(data, position, final=behind + len(read) >= end):
                position = entry.end
                yield entry
            data = data[position - begin :]
            # What is longer than a chunk: read ever more at once, so that taking it apart stays linear.
            want = CHUNK if position > begin else 2 * len(data)

    def _read(self, offset: int, size: int) -> bytes:
        with translated(self.path):
            return _pread(self._file, size, offset)

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)


class Writer(Reader):
    """The segment that frames are appended to; made new, never opened again. It reads them, too, whatever its name.

    A signal handler may fork amid any of this, which then goes on in the child, too, with the same file. So each frame
    has its place, where the child can only write the same once more; and only the log's own process cuts and deletes.

    Args:
        folder: That of the log.
        place: Where the segment begins.
        is_ours: Tells whether this is the log's own process.
        is_locked: Tells whether the log is locked, so that nobody can have claimed it.

    Raises:
        SpoolError: It cannot be made.
    """

    def __init__(self, folder: Path, place: Start, is_ours: Callable[[], bool], is_locked: Callable[[], bool]) -> None:
        path = place.path(folder)
        self._is_ours, self._is_locked = is_ours, is_locked
        with translated(path):
            if self._is_ours():  # Ctrl-C, or a fork, may have come between making it and taking note of it
                path.unlink(missing_ok=True)
            super().__init__(path, place, os.open(path, _NEW, 0o600))
        self.size = 0
        """How large the file is, in bytes; it is for the caller to say that ``append`` was done."""
        self._synced = False
        self._look_at = float("inf")  # the head is written without a look: ``check`` needs what is known only then
        try:
            with translated(self.path):
                status = os.fstat(self._file)
            self._inode, self._mode = (status.st_dev, status.st_ino), status.st_mode
            self.append(MAGIC)
        except BaseException:
            os.close(self._file)
            if self._is_ours():
                with suppress(OSError):
                    self.path.unlink(missing_ok=True)
            raise
        self.size = len(MAGIC)
        self._look_at = 0.0  # the first frame looks

    def append(self, data: bytes) -> None:
        """Append frames, for the caller to add to ``size``; after an error nothing was appended.

        It looks each time whether what was appended before is still there: only then is what is appended now found by a
        next process. Whether the file was moved takes a look at its path, and so is seen within ``PATH_LOOK``.

        Raises:
            SpoolLost: What was appended before is not there any more, or another owner's.
            SpoolError: It cannot be written.
        """
        file, size = self._file, self.size
        try:
            now = os.fstat(file)
            if now.st_size != size or not now.st_nlink or now.st_mode != self._mode or monotonic() >= self._look_at:
                self.check()
            while data:  # mostly once: a full disk takes a part, and says why with the next write
                written = _pwrite(file, data, size)
                data, size = data[written:], size + written
        except OSError as error:
            self._cut()  # a part would be damage in front of the next frame
            raise spool_error(self.path, error) from error

    def _cut(self) -> None:
        if self._is_ours():
            with translated(self.path):
                os.ftruncate(self._file, self.size)

    def check(self) -> None:
        """See whether a next process would find all that was appended, and nothing besides.

        Raises:
            SpoolLost: It would not.
        """
        self._look_at = monotonic() + PATH_LOOK
        with translated(self.path):
            self._mode = os.fstat(self._file).st_mode
            if self._mode & _CLAIMED and not self._is_locked():  # people may set it, too, and some file systems do
                raise SpoolClaimed(f"{self.path.parent} was claimed, as somebody had deleted its lock")
            try:
                status = os.stat(self.path)
            except (FileNotFoundError, NotADirectoryError) as error:
                raise SpoolLost(f"{self.path} was deleted or moved") from error
        if (status.st_dev, status.st_ino) != self._inode:
            raise SpoolLost(f"another file was put in the place of {self.path}")
        if status.st_size < self.size:
            raise SpoolLost(f"{self.path} was cut")
        if status.st_size > self.size:  # Ctrl-C, or a fork, came between writing and taking note of it
            self._cut()

    def sync(self) -> None:
        """Bring it to the disk; the first time, its name as well."""
        with translated(self.path):
            os.fsync(self._file)
            if not self._synced:
                for folder in list(self.path.parents)[:3]:
                    _sync_names(folder)
                self._synced = True

    @property
    def is_empty(self) -> bool:
        """Whether no frame was appended."""
        return self.size == len(MAGIC)


def _sync_names(folder: Path) -> None:
    """Bring to the disk which files a folder holds; Windows has no such call, and does that by itself."""
    if os.name != "nt":
        file = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(file)
        finally:
            os.close(file)


def _seek_and_read(file: int, size: int, offset: int) -> bytes:
    os.lseek(file, offset, os.SEEK_SET)
    return os.read(file, size)


def _seek_and_write(file: int, data: bytes, offset: int) -> int:
    os.lseek(file, offset, os.SEEK_SET)
    return os.write(file, data)


_pread = getattr(os, "pread", _seek_and_read)  # Windows has none
_pwrite = getattr(os, "pwrite", _seek_and_write)
