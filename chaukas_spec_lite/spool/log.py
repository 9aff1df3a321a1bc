"""A log: byte strings on disk, in order, each of which is done one day. Each process appends to a folder of its own.

The folder ``log-<UUIDv7>`` holds ``lock``, ``progress`` and segments. A segment goes when all in it is done, and the
folder when the log is closed and nothing waits in it. One that held damage is renamed instead, for people to look at.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from chaukas_spec_lite import process
from chaukas_spec_lite.ids import uuid7
from chaukas_spec_lite.spool.errors import SpoolError, SpoolLost, translated
from chaukas_spec_lite.spool.frames import HEAD, frame
from chaukas_spec_lite.spool.lock import Lock
from chaukas_spec_lite.spool.progress import ProgressFile
from chaukas_spec_lite.spool.segment import Entry, Reader, Start, Writer, second_name
from chaukas_spec_lite.spool.tally import Tally

PREFIX = "log-"
NEW = "new-"
"""What the name of a log's folder begins with: of one that is being made, with `NEW`."""
ASIDE = ".corrupt"
SEGMENT_BYTES = 4 << 20
"""From this size on a segment takes no more frames."""


class Log:
    """What one process appended and what of it is not done; made by ``make`` and ``claim``.

    Its user sees to it that no two threads use it at a time.
    """

    def __init__(self, folder: Path, lock: Lock) -> None:
        self.folder = folder
        self._lock = lock
        self._writer: Writer | None = None
        self.syncs = False
        """Whether a segment that is full is brought to the disk before the next one is begun."""
        self._is_spoilt = False
        """Whether the last append failed: the next one tries another file, as this one may be at fault, or its size."""
        self._reader: Reader | None = None
        """The segment in which the first waiting frame stands; kept open, so that it is read even if it is deleted."""
        self._damaged: dict[Start, Path] = {}
        """Where segments go that were damaged, on a file system without second names."""
        self._progress = ProgressFile(folder / "progress")
        places = sorted(place for path in folder.iterdir() if (place := Start.of(path)) is not None)
        self._tally = Tally(places, self._progress.done)

    @property
    def pending(self) -> int:
        """How many frames are not done."""
        return self._tally.pending

    @property
    def pending_bytes(self) -> int:
        """The size of what those hold."""
        return self._tally.pending_bytes

    @property
    def lost(self) -> int:
        """How many frames should be there and are not."""
        return self._tally.lost

    @property
    def lost_bytes(self) -> int:
        """How many bytes should be frames and are not."""
        return self._tally.lost_bytes

    @classmethod
    def make(cls, directory: Path) -> Log:
        """Make a log in a directory, which is made as well if need be.

        Raises:
            SpoolError: That cannot be done.
        """
        name = str(uuid7())
        # Under another name until it is locked, so that nobody who searches the directory claims it first.
        new, folder = directory / f"{NEW}{name}", directory / f"{PREFIX}{name}"
        with translated(directory), contextlib.ExitStack() as undo:
            try:
                directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            except FileExistsError as error:
                raise SpoolError(f"{directory} is a file, and has to be a directory") from error
            new.mkdir(mode=0o700)
            undo.callback(shutil.rmtree, new, ignore_errors=True)  # a full disk must not gather folders
            (new / "lock").touch(mode=0o600)
            log = cls._locked(new)
            undo.callback(log.abandon)
            log.folder = new.rename(folder)
            undo.pop_all()
            return log

    @classmethod
    def claim(cls, folder: Path) -> Log:
        """Take over the log of a process that has ended.

        Raises:
            InUse: A living process has it.
            SpoolNewer: A later version of this library made it.
            SpoolError: It cannot be read.
        """
        with contextlib.suppress(OSError):  # what is left then ``_locked`` says
            if any(Start.of(path) is not None for path in folder.iterdir()):
                (folder / "lock").touch(mode=0o600)  # somebody may have deleted it
            else:
                folder.rmdir()  # if it is empty: its owner was killed while it removed it
        log = cls._locked(folder)
        try:
            log._count()
        except BaseException:
            log.abandon()
            raise
        return log

    @classmethod
    def _locked(cls, folder: Path) -> Log:
        lock = Lock(folder / "lock")
        try:
            with translated(folder):
                return cls(folder, lock)
        except BaseException:
            lock.release()
            raise

    def _count(self) -> None:
        """Find out what a claimed log holds: the last segment is read, the names of the others say it."""
        tally = self._tally
        if not tally.places:
            return
        tally.begin()
        last = tally.places[-1]
        reader = Reader.open(self.folder, last)
        try:
            reader.check_version()
            end = last.position + reader.size()
            for damage in tally.found(reader.records(tally.end, end), end):
                self._set_aside(damage)
        finally:
            reader.close()

    # Appending

    def append(self, contents: Sequence[bytes]) -> int:
        """Append byte strings, and say where the first one begins; after an error none was appended.

        Raises:
            SpoolLost: What was appended before is not there any more; ``salvage`` reads what is left of it.
            SpoolFull: The disk is full.
            SpoolError: It cannot be written.
        """
        writer = self._writer
        # A signal handler may have forked, and the child goes on with what it interrupted.
        if self._lock.process != process.current():
            raise SpoolError(f"{self.folder} belongs to the parent process")
        data = frame(contents[0]) if len(contents) == 1 else b"".join(map(frame, contents))
        if writer is None or self._is_spoilt or writer.size + len(data) > SEGMENT_BYTES:
            writer = self._next_segment()
        tally, size, events = self._tally, len(data), len(contents)
        start = tally.end
        try:
            writer.append(data)
        except SpoolError:
            self._is_spoilt = True
            raise
        # No call stands between these, so nothing comes between them that a signal handler raises, such as Ctrl-C. What
        # was written and not noted here is cut off by the next ``Writer.check``.
        writer.size += size
        tally.end = start + size
        tally.appended += events
        tally.pending += events
        tally.pending_bytes += size - HEAD * events
        return start

    def check(self) -> None:
        """See whether what was appended last is still there; or, if nothing is being appended, the folder.

        Raises:
            SpoolLost: It is not.
        """
        if self._writer is not None:
            self._writer.check()
            return
        with translated(self.folder):
            try:
                self.folder.stat()
            except (FileNotFoundError, NotADirectoryError) as error:
                raise SpoolLost(f"{self.folder} was deleted or moved") from error

    def _next_segment(self) -> Writer:
        self.check()
        if (old := self._writer) is not None and old.is_empty:  # for a frame larger than a segment
            return old
        if old is not None and self.syncs:  # ``sync`` looks at the new one only
            old.sync()
        if old is not None and not self.pending:  # its room may be what the next one needs
            self._writer = None
            old.close()
            old = None
            self._tally.finish()
            self._remove_finished()
        place = Start(self._tally.end, self._tally.appended)
        writer = Writer(self.folder, place, self._lock.process)
        places = self._tally.places
        if places and places[-1] == place:  # a claimed log's last one, in which no frame stood: it is replaced
            places = places[:-1]
        # As in ``append``, no call stands between what belongs together.
        self._writer, self._is_spoilt, self._tally.places = writer, False, [*places, place]
        if old is not None:
            old.close()
        self._tally.advance()
        self._remove_finished()
        return writer

    def sync(self) -> None:
        """Bring what was appended to the disk, so that it survives a power cut.

        Raises:
            SpoolError: The disk failed at it.
        """
        if self._writer is not None:
            self._writer.sync()

    # Reading

    def peek(self, skip: int, most: int, size: int) -> list[Entry]:
        """Read frames that wait, in order.

        Args:
            skip: How many to pass over.
            most: How many to read at most.
            size: How many bytes they may hold together; one frame is read whatever its size.

        Raises:
            SpoolError: They cannot be read just now.
        """
        found: list[Entry] = []
        for record in self._records():
            if record.content is None:
                if self._tally.note_damage(record):
                    self._set_aside(record)
            elif not self._tally.waits(record):
                continue
            elif skip:
                skip -= 1
            else:
                size -= len(record.content)
                if found and size < 0:
                    break
                found.append(record)
                if len(found) >= most:
                    break
        self._tally.advance()
        self._remove_finished()
        return found

    def done(self, records: Iterable[Entry]) -> None:
        """Take note that frames need not be kept, and write that down.

        Raises:
            SpoolError: It cannot be written down: they are done all the same, until the process ends.
        """
        self._tally.done(records)
        self._write_down()

    def salvage(self) -> Iterator[Entry]:
        """Read what waits of a log that was taken away, as far as open files, and those that are left, have it."""
        with contextlib.suppress(SpoolError):
            for record in self._records():
                if record.content is not None and record.start not in self._tally.ahead:
                    yield record

    @property
    def segment_start(self) -> int:
        """Where the segment begins that is appended to."""
        return self._tally.end if self._writer is None else self._writer.start

    def salvage_segment(self) -> list[Entry]:
        """Read what waits in the segment that is appended to, as far as its open file still has it."""
        found: list[Entry] = []
        if self._writer is not None:
            with contextlib.suppress(SpoolError), contextlib.closing(self._writer.reader()) as reader:
                for entry in reader.records(max(self._tally.before, reader.start), self._tally.end):
                    if entry.content is not None and self._tally.waits(entry):
                        found.append(entry)
        return found

    def lose_segment(self, kept: Sequence[Entry]) -> None:
        """Go on without the segment that was appended to, which was taken away; the next append makes another one.

        Args:
            kept: What waited in it and is elsewhere now. The rest is lost.
        """
        writer, self._writer = self._writer, None
        if writer is None:
            return
        if self._reader is not None and self._reader.start == writer.start:
            self._reader.close()
            self._reader = None
        writer.close()
        with contextlib.suppress(OSError):  # what is left of one that was cut
            writer.path.unlink()
        self._tally.lose(self._tally.place_of(writer.start), kept)

    def _records(self) -> Iterator[Entry]:
        for place in list(self._tally.places):
            begin, end = max(self._tally.before, place.position), self._tally.end_of(place)
            if begin >= end:
                continue
            try:
                reader = self._open(place)
            except SpoolLost:  # unlike what cannot be opened just now
                yield Entry(begin, end, None)
                continue
            try:
                yield from reader.records(begin, end)
            finally:
                if reader is not self._reader:
                    reader.close()

    def _open(self, place: Start) -> Reader:
        if self._reader is not None and self._reader.start == place.position:
            return self._reader
        if self._writer is not None and self._writer.start == place.position:
            reader = self._writer.reader()  # whatever became of its name
        else:
            reader = Reader.open(self.folder, place)
        if place is self._tally.places[0]:
            self._reader = reader  # ``_finish`` has closed the one before
        return reader

    # What is done, and what is lost

    def _set_aside(self, damage: Entry) -> None:
        """Keep the segment in which there is damage."""
        place = self._tally.place_of(damage.start)
        path = place.path(self.folder)
        aside = self.folder.parent / f"{self.folder.name}-{path.name}{ASIDE}"
        if not second_name(path, aside):
            self._damaged[place] = aside  # the only name, when it is done

    def _write_down(self) -> None:
        """Write down what is done, and only then remove files: the next process would miss them."""
        tally = self._tally
        finished, tally.finished = tally.finished, []
        try:
            with translated(self.folder):
                self._progress.record(tally.before, tally.frames, tally.ahead)
        except BaseException:
            tally.finished = finished + tally.finished
            raise
        for place in finished:
            self._finish(place)

    def _remove_finished(self) -> None:
        if self._tally.finished:
            with contextlib.suppress(SpoolError):  # ``done`` says so each time
                self._write_down()

    def _finish(self, place: Start) -> None:
        """Remove a segment in which nothing waits."""
        if self._reader is not None and self._reader.start == place.position:
            self._reader.close()
            self._reader = None
        path = place.path(self.folder)
        with contextlib.suppress(OSError):  # it goes when the log is closed
            if aside := self._damaged.pop(place, None):
                path.rename(aside)
            else:
                path.unlink(missing_ok=True)

    # The end

    def abandon(self) -> None:
        """Close the files, and leave all as it is: for a forked child, to which it does not belong."""
        for file in (self._reader, self._writer, self._progress):
            if file is not None:
                file.close()
        self._lock.release()

    def close(self) -> None:
        """Give the log up: remove it if nothing waits in it, or leave it to the next process."""
        with contextlib.suppress(SpoolError):  # it may have failed the last time
            self._write_down()
        if not self.pending:
            for place in self._tally.places:
                self._finish(place)
            with contextlib.suppress(OSError):  # then it is left to the next one, which removes it
                for path in [path for path in self.folder.iterdir() if Start.of(path) is not None]:
                    path.unlink()  # before the others, which say that it is done
                for name in ("progress", "lock"):
                    (self.folder / name).unlink()
                self.folder.rmdir()
        self.abandon()
