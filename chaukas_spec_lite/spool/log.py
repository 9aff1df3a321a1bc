"""A log: byte strings on disk, in order, each of which is done one day. Each process appends to a folder of its own.

The folder ``log-<UUIDv7>`` holds ``lock``, ``progress``, segments, and maybe a note. A segment goes when all in it is
done, the folder when the log is closed and nothing waits in it. One that held damage is kept, for people to look at.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, suppress
from pathlib import Path

from chaukas_spec_lite.ids import uuid7
from chaukas_spec_lite.spool import notes, progress
from chaukas_spec_lite.spool.errors import SpoolClaimed, SpoolError, SpoolLost, SpoolNewer, translated
from chaukas_spec_lite.spool.frames import HEAD, Entry, frame
from chaukas_spec_lite.spool.lock import InUse, Lock
from chaukas_spec_lite.spool.progress import Done
from chaukas_spec_lite.spool.segment import Reader, Start, Writer
from chaukas_spec_lite.spool.segments import Segments, link
from chaukas_spec_lite.spool.tally import Tally

PREFIX = "log-"
"""What the name of a log's folder begins with."""
SEGMENT_BYTES = 4 << 20
"""From this size on a segment takes no more frames."""
ATTEMPTS = 3
"""How often a segment cannot be read, with nothing done in between, before it gets a log of its own."""


class Log:
    """What one process appended and what of it is not done, for one thread at a time; by ``make`` and ``claim``."""

    def __init__(self, folder: Path, lock: Lock) -> None:
        self.folder = folder
        self._lock = lock
        self._progress_path = folder / "progress"
        self._segments = Segments(folder, lock.is_ours)
        self.syncs = False
        """Whether a segment that is full is brought to the disk before the next one is begun."""
        self._is_spoilt = False
        """Whether the last append failed: the next one tries another file, as this one may be at fault, or its size."""
        self._failures: list[Start] = []
        """Which segment could not be read, once for each time."""
        done = progress.read(self._progress_path)
        self.is_certain = done is not None
        """Whether it was known, when it was opened, what is done; otherwise some of that is pending again."""
        self.tally = Tally(Start.all_in(folder), done or Done())
        """What waits in it, and what is lost or elsewhere: for others to read."""

    @classmethod
    def make(cls, directory: Path, note: bytes = b"") -> Log:
        """Make a log, with a note in it if one is given, in a directory, which is made as well if need be.

        Raises:
            SpoolError: That cannot be done.
        """
        log, attempts = None, 0
        while log is None:
            folder = directory / f"{PREFIX}{uuid7()}"
            with translated(directory):
                try:
                    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
                except FileExistsError as error:
                    raise SpoolError(f"{directory} is a file, and has to be a directory") from error
                folder.mkdir(mode=0o700)
                try:
                    log = cls._locked(folder)
                except (OSError, SpoolError) as error:
                    with suppress(OSError):  # a full disk must not gather folders; others may use this one by now
                        if os.listdir(folder) == ["lock"]:
                            (folder / "lock").unlink()
                        folder.rmdir()
                    # A search may have found it before it was locked. Some file systems say so of any file.
                    if not isinstance(error, InUse) or (attempts := attempts + 1) == 10:
                        raise
        try:
            log._write_down()
            notes.write(log.folder, note)
        except BaseException:
            log.close()
            raise
        return log

    @classmethod
    def claim(cls, folder: Path) -> Log:
        """Take over the log of a process that has ended.

        Raises:
            InUse: A living process has it.
            SpoolNewer: A later version of this library made it.
            SpoolError: It cannot be read.
        """
        with suppress(OSError):
            folder.rmdir()  # if it is empty: its owner was killed while it removed it
        log = cls._locked(folder)
        try:
            while log.tally.places and not log._count():
                pass
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

    def _count(self) -> bool:
        """Find out what a claimed log holds: the last segment is read, the names of the others say it."""
        tally, last = self.tally, self.tally.places[-1]
        try:
            with closing(Reader.open(self.folder, last)) as reader:
                reader.claim()
                end = reader.end()
                tally.begin(end, self.is_certain)
                entries = [entry for stretch in tally.waiting(last) for entry in reader.entries(*stretch)]
        except SpoolError as error:
            if isinstance(error, SpoolNewer) or len(tally.places) == 1:
                raise
            self._set_apart(last)
            last.path(self.folder).unlink(missing_ok=True)
            done = progress.read(self._progress_path) or Done()
            self.tally = Tally(tally.places[:-1], done.between(0, last.position))
            return False
        if tally.take_last_segment(entries):
            self._segments.set_aside(last)
        return True

    # Appending

    def append(self, contents: Sequence[bytes]) -> int:
        """Append byte strings, and say where the first one begins; after an error none was appended.

        Raises:
            SpoolLost: What was appended before is not there any more; ``salvage`` reads what is left of it.
            SpoolError: It cannot be written.
        """
        writer = self._segments.writer
        self._refuse_child()
        data = frame(contents[0]) if len(contents) == 1 else b"".join(map(frame, contents))
        if writer is None or self._is_spoilt or writer.size + len(data) > SEGMENT_BYTES:
            writer = self._next_segment()
        tally, size, events = self.tally, len(data), len(contents)
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

    def _refuse_child(self) -> None:
        """Refuse to a forked child what is the parent's: a signal handler may fork, and the child goes on amid this."""
        if not self._lock.is_ours():
            raise SpoolError(f"{self.folder} belongs to the parent process")

    def check(self) -> None:
        """See whether what was appended last is still there, and the folder; put back what else can be put back.

        Raises:
            SpoolLost: It is not.
            SpoolError: That cannot be put back.
        """
        self._refuse_child()
        self._check_last()
        with translated(self.folder):
            for place in self._segments.missing(self.tally.places):
                self.tally.remove(place, elsewhere=False)

    def _check_last(self) -> None:
        self._segments.check()
        with translated(self.folder):
            if not self._lock.is_there():
                self._lock_again()
            if not progress.is_there(self._progress_path):
                self._write_down()

    def _lock_again(self) -> None:
        """Lock the log anew, unless somebody else was faster."""
        try:
            lock = Lock(self.folder / "lock")
        except SpoolError as error:
            if not self.folder.is_dir() or (isinstance(error, InUse) and not (self.folder / "lock").exists()):
                raise SpoolLost(f"{self.folder} was deleted or moved") from error
            if isinstance(error, InUse):
                raise SpoolClaimed(f"{self.folder} was claimed, as somebody had deleted its lock") from error
            raise
        try:
            self._segments.check()  # somebody may have had it in between: the old lock is gone
        except BaseException:
            lock.release()
            raise
        self._lock.release()
        self._lock = lock

    def _next_segment(self) -> Writer:
        self._check_last()
        if (old := self._segments.writer) is not None and old.is_empty:  # for a frame larger than a segment
            return old
        if old is not None and self.syncs:  # ``sync`` looks at the new one only
            old.sync()
        if old is not None and not self.tally.pending:  # its room may be what the next one needs
            self._segments.forget(old.place)
            old = None
            self.tally.finish()
            self._remove_finished()
        place = Start(self.tally.end, self.tally.appended)
        writer = Writer(self.folder, place, self._lock.is_ours, lambda: self._lock.is_there())  # noqa: PLW0108 - a later one
        places = self.tally.places
        if places and places[-1] == place:  # a claimed log's last one, in which no frame stood: it is replaced
            places = places[:-1]
        # As in ``append``, no call stands between what belongs together.
        self._segments.opened[place] = self._segments.writer = writer
        self._is_spoilt, self.tally.places = False, [*places, place]
        if old is not None and [old.place] != places[:1]:  # the first one that waits stays open besides the new one
            self._segments.forget(old.place)
        self.tally.advance()
        self._remove_finished()
        return writer

    def sync(self) -> None:
        """Bring what was appended to the disk, so that it survives a power cut; raises ``SpoolError``."""
        if self._segments.writer is not None:
            self._segments.writer.sync()

    # Reading

    def peek(self, skip: int, most: int, size: int) -> list[Entry]:
        """Read frames that wait, in order; raises ``SpoolError``.

        A segment that cannot be read is tried again with the next call; after ``ATTEMPTS`` of them it gets a log of its
        own, so that what is behind it does not wait.

        Args:
            skip: How many to pass over.
            most: How many to read at most.
            size: How many bytes they may hold together; one frame is read whatever its size.
        """
        while (found := self._peek(skip, most, size)) is None:
            pass
        return found

    def _peek(self, skip: int, most: int, size: int) -> list[Entry] | None:
        """Read as ``peek`` does, but return None after something was passed over: then all is to be read anew."""
        found, passed = list[Entry](), 0
        for place in list(self.tally.places):
            try:
                for entry in self._entries(place):
                    if entry.content is None:
                        self._pass_over(place)
                        return None
                    if passed < skip:
                        passed += 1
                        continue
                    size -= len(entry.content)
                    if found and size < 0:
                        return found
                    found.append(entry)
                    if len(found) >= most:
                        return found
            except SpoolError as error:
                if found:
                    return found
                self._could_not_read(place, error)
                return None
        if not found and not passed:
            self.tally.found_nothing()
        return found

    def _entries(self, place: Start) -> Iterator[Entry]:
        """Read what waits in a segment."""
        return self._segments.read(place, list(self.tally.waiting(place)), stay_open=place is self.tally.places[0])

    def _pass_over(self, place: Start) -> None:
        """Keep a damaged segment, and go on behind what is damaged in it."""
        entries = list(self._entries(place))
        damage = [(entry.start, entry.end) for entry in entries if entry.content is None]
        self._segments.set_aside(place)
        self.tally.lose(damage, self.tally.waiting_frames(place) - len(entries) + len(damage))
        self._remove_finished()

    def _could_not_read(self, place: Start, error: SpoolError) -> None:
        self._segments.close()  # the next attempt opens it by its name, under which a good copy may stand by then
        self._failures = [*(each for each in self._failures if each == place), place]
        if len(self._failures) < ATTEMPTS:
            raise error
        self._set_apart(place)
        self._segments.forget(place)
        self.tally.remove(place, elsewhere=True)
        self.tally.finished.append(place)
        self._remove_finished()

    def _set_apart(self, place: Start) -> None:
        """Give a segment a log of its own; raises ``SpoolError``. Here its name stays until that is written down."""
        other = Log.make(self.folder.parent)
        try:
            with translated(other.folder):
                other._write_down(self.tally.progress_of(place))
                link(place.path(self.folder), place.path(other.folder), Path.rename)
        finally:
            other.abandon()

    # What is done, and what is gone

    def done(self, entries: Iterable[Entry]) -> None:
        """Take note that frames need not be kept, and write that down.

        Raises:
            SpoolError: It cannot be written down: they are done all the same, until the process ends.
        """
        self._failures = []
        self.tally.done(entries)
        self._write_down()

    @property
    def last_segment_at(self) -> int:
        """Where the segment begins that is appended to."""
        return self.tally.end if self._segments.writer is None else self._segments.writer.place.position

    def salvage(self, start: int) -> list[Entry]:
        """Read what waits from a position on, as far as open files, and those that are left, still have it."""
        found: list[Entry] = []
        for place in self.tally.places:
            if place.position >= start:
                with suppress(SpoolError):  # behind what could be read
                    found.extend(entry for entry in self._entries(place) if entry.content is not None)
        return found

    def lose(self, start: int, kept: Iterable[Entry], elsewhere: bool = False) -> None:
        """Go on without what stood from a position on; the next append makes a new segment.

        Args:
            start: Where a segment begins.
            kept: What of it was saved.
            elsewhere: Whether somebody else has the rest, which is lost otherwise.
        """
        self.tally.done(kept)
        for place in [place for place in self.tally.places if place.position >= start]:
            self._segments.forget(place)
            if not elsewhere:
                self._segments.remove(place)  # what is left of one that was cut
            self.tally.remove(place, elsewhere)

    def _write_down(self, done: Done | None = None) -> None:
        """Write down what is done, and only then remove files: the next process would miss them."""
        tally = self.tally
        finished, tally.finished = tally.finished, []
        try:
            with translated(self.folder):
                progress.write(self._progress_path, done or tally.progress(), self._lock.is_ours)
        except BaseException:
            tally.finished = finished + tally.finished
            raise
        for place in finished:
            self._segments.remove(place)

    def _remove_finished(self) -> None:
        if self.tally.finished:
            with suppress(SpoolError):  # ``done`` says so each time
                self._write_down()

    # The end

    def abandon(self) -> None:
        """Close the files, and leave all as it is to whoever claims it next; ``close`` writes and removes as well."""
        self._segments.close(writer=True)
        self._lock.release()

    def close(self, maker: bytes = b"") -> None:
        """Give the log up: remove it if nothing waits in it, nor a note but of this maker, or leave it to the next."""
        with suppress(SpoolError):  # it may have failed the last time
            self._write_down()
        self._segments.close(writer=True)
        if not self.tally.pending and self._lock.is_ours():
            with suppress(OSError, SpoolError):  # then it is left to the next one, which removes it
                for place in Start.all_in(self.folder):  # before the others, which say that it is done
                    place.path(self.folder).unlink()
                if not (note := notes.read(self.folder)) or (maker and note.startswith(maker)):
                    notes.remove(self.folder)
                    self._progress_path.unlink(missing_ok=True)
                    (self.folder / "lock").unlink()
                    self.folder.rmdir()
        self._lock.release()
