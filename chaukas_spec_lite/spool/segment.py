"""One file of a log: a head that says what the file is, and frames.

A position is a number of bytes: all segments of a log, one after the other and without their heads, are one long
string of frames. A segment is named by the position at which it begins, and by the number of frames before it: so the
names alone tell how many frames each segment held, whatever became of its bytes.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from time import monotonic
from typing import NamedTuple

from chaukas_spec_lite import process
from chaukas_spec_lite.spool.errors import SpoolLost, SpoolNewer, spool_error, translated
from chaukas_spec_lite.spool.frames import HEAD as FRAME_HEAD
from chaukas_spec_lite.spool.frames import MAX_CONTENT, pieces

SUFFIX = ".segment"
MAGIC = b"chaukas spool 1\n"

LOOK_AGAIN = 0.1
"""After how many seconds an append looks again whether the file still has its name."""

CHUNK = 1 << 18
"""How many bytes are read at once."""

_FLAGS = getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
_NEW = os.O_RDWR | os.O_CREAT | os.O_EXCL | _FLAGS


class Entry(NamedTuple):
    """A piece of a segment, by its positions in the log."""

    start: int
    end: int
    content: bytes | None
    """What the frame holds; None for damage."""
    torn: bool = False
    """Whether it may be the beginning of a frame whose writer was killed."""


def records(start: int, contents: Iterable[bytes]) -> Iterator[Entry]:
    """Tell where each of the byte strings stands that were appended together."""
    for content in contents:
        end = start + FRAME_HEAD + len(content)
        yield Entry(start, end, content)
        start = end


class Start(NamedTuple):
    """Where in its log a segment begins."""

    position: int
    frames: int
    """How many frames stand before it."""

    def path(self, folder: Path) -> Path:
        """Name the segment, so that names sort as positions do."""
        return folder / f"{self.position:016x}-{self.frames:x}{SUFFIX}"

    @classmethod
    def of(cls, path: Path) -> Start | None:
        """Read a segment's name; None for any other name."""
        position, _, frames = path.stem.partition("-")
        try:
            place = cls(int(position, 16), int(frames, 16))
        except ValueError:
            return None
        return place if place.path(path.parent) == path else None


def frame_bytes(path: Path) -> int:
    """Return how many bytes of frames a segment holds, from the size of its file; raises ``OSError``."""
    return max(0, path.stat().st_size - len(MAGIC))


class Writer:
    """The segment that frames are appended to; made new, never opened again.

    A signal handler may fork amid any of this, which then goes on in the child, too, with the same file. So each frame
    has its place, where the child can only write the same once more; and only the log's own process cuts and deletes.

    Args:
        folder: That of the log.
        place: Where the segment begins.
        owner: The id of the log's own process.

    Raises:
        SpoolError: It cannot be made.
    """

    def __init__(self, folder: Path, place: Start, owner: int) -> None:
        self.path = place.path(folder)
        self.start = place.position
        self._owner = owner
        with translated(self.path):
            self._file = self._make()
        self.size = 0
        """How large the file is, in bytes; it is for the caller to say that ``append`` was done."""
        self._synced = False
        self._look_at = float("inf")
        try:
            with translated(self.path):
                status = os.fstat(self._file)
            self._inode = status.st_dev, status.st_ino
            self.append(MAGIC)
        except BaseException:
            os.close(self._file)
            if self._is_ours():
                with contextlib.suppress(OSError):
                    self.path.unlink(missing_ok=True)
            raise
        self.size = len(MAGIC)
        self._look_at = 0.0

    def _is_ours(self) -> bool:
        return self._owner == process.current()

    def _make(self) -> int:
        try:
            return os.open(self.path, _NEW, 0o600)
        except FileExistsError:
            if not self._is_ours():
                raise
            os.unlink(self.path)  # Ctrl-C, or a fork, came between making it and taking note of it
            return os.open(self.path, _NEW, 0o600)

    def append(self, data: bytes) -> None:
        """Append frames, for the caller to add to ``size``; after an error nothing was appended.

        It looks each time whether what was appended before is still there: only then is what is appended now found by a
        next process. Whether the file was moved takes a look at its path, and so is seen within ``LOOK_AGAIN``.

        Raises:
            SpoolLost: What was appended before is not there any more.
            SpoolFull: The disk is full.
            SpoolError: It cannot be written.
        """
        file, size = self._file, self.size
        try:
            status = os.fstat(file)
            if status.st_size != size or not status.st_nlink or monotonic() >= self._look_at:
                self.check()
            written = _pwrite(file, data, size)
        except OSError as error:
            raise spool_error(self.path, error) from error
        if written < len(data):
            self._write_rest(data[written:], size + written)

    def _write_rest(self, data: bytes, at: int) -> None:
        """Go on where the disk took only a part; it is full behind that, which the next write says."""
        try:
            while data:
                written = _pwrite(self._file, data, at)
                data, at = data[written:], at + written
        except OSError as error:
            self._cut()  # the part would be damage in front of the next frame
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
        self._look_at = monotonic() + LOOK_AGAIN
        try:
            status = os.stat(self.path)
        except (FileNotFoundError, NotADirectoryError) as error:
            raise SpoolLost(f"{self.path} was deleted or moved") from error
        except OSError as error:
            raise spool_error(self.path, error) from error
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
                sync_names(self.path.parent)
                sync_names(self.path.parent.parent)
                sync_names(self.path.parent.parent.parent)
                self._synced = True

    @property
    def is_empty(self) -> bool:
        """Whether no frame was appended."""
        return self.size == len(MAGIC)

    def reader(self) -> Reader:
        """Read what was appended, even if the file has no name any more."""
        with translated(self.path):
            return Reader(self.path, self.start, os.dup(self._file))

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)


def sync_names(folder: Path) -> None:
    """Bring to the disk which files a folder holds; Windows has no such call, and does that by itself."""
    if os.name != "nt":
        file = os.open(folder, os.O_RDONLY | _FLAGS)
        try:
            os.fsync(file)
        finally:
            os.close(file)


def second_name(path: Path, name: Path) -> bool:
    """Give a file a second name, so that the first one can go as always, and nothing is copied.

    Returns:
        Whether it has it now, or is gone; some file systems know no second names.
    """
    try:
        os.link(path, name)
    except (FileExistsError, FileNotFoundError):
        pass
    except OSError:
        return False
    return True


class Reader:
    """Reads a segment, to which a writer may still append.

    Args:
        path: Its path, for errors.
        start: The position at which it begins.
        file: A descriptor of the file, which ``close`` closes.
    """

    def __init__(self, path: Path, start: int, file: int) -> None:
        self.path = path
        self.start = start
        self._file = file

    @classmethod
    def open(cls, folder: Path, place: Start) -> Reader:
        """Open a segment.

        Raises:
            SpoolLost: It is not there any more.
            SpoolError: It cannot be opened just now.
        """
        path = place.path(folder)
        try:
            file = os.open(path, os.O_RDONLY | _FLAGS)
        except FileNotFoundError as error:
            raise SpoolLost(f"{path} was deleted or moved") from error
        except OSError as error:
            raise spool_error(path, error) from error
        return cls(path, place.position, file)

    def check_version(self) -> None:
        """See whether this version of the library can read it.

        Any other head is damage, as of frames: those behind it are read all the same.

        Raises:
            SpoolNewer: It cannot.
        """
        head = self._read(0, len(MAGIC))
        if head != MAGIC and re.fullmatch(rb"chaukas spool [0-9]+\n?", head):
            raise SpoolNewer(f"{self.path} was made by a later version of this library")

    def size(self) -> int:
        """Return how many bytes of frames the file holds."""
        with translated(self.path):
            return max(0, os.fstat(self._file).st_size - len(MAGIC))

    def records(self, position: int, end: int) -> Iterator[Entry]:
        """Read frames, and damage between them; a file that is too short is damage at its end.

        Args:
            position: Where in the log to begin: at the beginning of a record.
            end: Where to end: where the last frame that was appended ends.
        """
        at: int = position
        rest, want = b"", CHUNK
        damaged: int | None = None
        """Where damage begins that has not ended yet."""
        torn = False
        while at < end:
            read = self._read(len(MAGIC) + at + len(rest) - self.start, min(want, end - at - len(rest)))
            data = rest + read
            final = at + len(data) >= end or not read
            used = 0
            for piece in pieces(data, final=final):
                used = piece.end
                if piece.content is None:
                    torn = piece.torn and damaged is None
                    damaged = at + piece.start if damaged is None else damaged
                    continue
                if damaged is not None:
                    yield Entry(damaged, at + piece.start, None)
                    damaged = None
                yield Entry(at + piece.start, at + piece.end, piece.content)
            at, rest = at + used, data[used:]
            if not read:  # the file is too short
                if damaged is None and at < end:
                    damaged, torn = at, False
                break
            # A frame longer than a chunk: read ever more at once, so that taking it apart stays linear.
            want = CHUNK if used else min(2 * len(data), MAX_CONTENT + FRAME_HEAD)
        if damaged is not None:  # one record, wherever the chunks ended
            yield Entry(damaged, end, None, torn)

    def _read(self, offset: int, size: int) -> bytes:
        with translated(self.path):
            return _pread(self._file, max(0, size), offset)

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)


def _seek_and_read(file: int, size: int, offset: int) -> bytes:
    os.lseek(file, offset, os.SEEK_SET)
    return os.read(file, size)


def _seek_and_write(file: int, data: bytes, offset: int) -> int:
    os.lseek(file, offset, os.SEEK_SET)
    return os.write(file, data)


_pread = getattr(os, "pread", _seek_and_read)  # Windows has none
_pwrite = getattr(os, "pwrite", _seek_and_write)
