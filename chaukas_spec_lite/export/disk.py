"""The part of a queue that is on disk: the log that is open, and what becomes of one that fails or is taken away."""

from __future__ import annotations

import enum
import os
from collections.abc import Callable, Sequence
from pathlib import Path

from chaukas_spec_lite.audit.chain import Sealing
from chaukas_spec_lite.export import chain_notes
from chaukas_spec_lite.export.ledger import Ledger, SpoolNews
from chaukas_spec_lite.export.settings import ExportSettings
from chaukas_spec_lite.spool import notes
from chaukas_spec_lite.spool.directory import SpoolDirectory
from chaukas_spec_lite.spool.errors import SpoolClaimed, SpoolError, SpoolLost
from chaukas_spec_lite.spool.frames import Entry
from chaukas_spec_lite.spool.log import SEGMENT_BYTES, Log

_FULL_LOOK = 1.0
"""For how many seconds a directory that was found full is taken to be so."""


class Refusal(enum.Enum):
    """Why events were not appended."""

    BY_THE_DISK = "disk"
    """It fails, or has failed a moment ago; ``Disk.why_not`` says at what."""
    TAKEN_AWAY = "taken away"
    """Somebody took the log, and what could be saved of it is in memory now; the next append goes to another log."""


class Disk:
    """Appends to a log, and makes one when it is needed; guarded by the queue's lock.

    Args:
        settings: Those of the exporter; ``spool`` has to be set.
        now: Tells the time in seconds; monotonic.
        ledger: That of the queue, which is told what is lost, and what others have.
        salvage: Takes what is left of a log that somebody took away, as ``Salvage.move`` does.
        sealing: What events are sealed by. The logs say whose chains those are, to whoever has them next.
    """

    def __init__(
        self,
        settings: ExportSettings,
        now: Callable[[], float],
        ledger: Ledger,
        salvage: Callable[[Log, int, bool], object],
        sealing: Sealing,
    ) -> None:
        assert settings.spool is not None
        self._settings = settings
        self._directory = SpoolDirectory(Path(settings.spool))
        self._now = now
        self._salvage = salvage
        self._sealing = sealing
        self._ledger = ledger
        self.log: Log | None = None
        """The log that is open."""
        self._told = 0, 0, 0
        """How many events, and bytes, of the log were told to be lost, and how many events to be somebody else's."""
        self._noted = 0
        """How many owners of chains its note knows."""
        self._resting: Log | None = None
        """The log that was closed, and is whoever's who claims it first."""
        self._others = 0
        """How many bytes wait in the other logs of the directory, as far as was seen."""
        self._step = min(SEGMENT_BYTES, settings.spool_max_bytes // 8)
        """After how many bytes more, or less, of its own the others are looked at again."""
        self._own_before = float("-inf")
        """How many bytes of its own waited when the others were looked at."""
        self._look_at = float("-inf")
        self._refuses_until = float("-inf")
        self._sync_at = float("-inf")
        self._is_synced = True
        self.why_not = ""
        """Why the disk does not take events; empty while it does."""

    @property
    def pending(self) -> int:
        """How many events wait here."""
        return 0 if (log := self._ours) is None else log.tally.pending

    @property
    def pending_bytes(self) -> int:
        """The size of those."""
        return 0 if (log := self._ours) is None else log.tally.pending_bytes

    @property
    def _ours(self) -> Log | None:
        """The log whose events are counted here."""
        return self.log or self._resting

    @property
    def _note(self) -> bytes:
        """What a log says to others: they have to say in turn that these chains go no further."""
        return self._maker + chain_notes.encoded(self._sealing.owners) if self._settings.audit else b""

    @property
    def _maker(self) -> bytes:
        return self._sealing.writer.encode() if self._settings.audit else b""

    # Appending

    def is_full(self, size: int) -> bool:
        """Whether the directory would hold more than it may, with so many bytes more."""
        most, own = self._settings.spool_max_bytes, self.pending_bytes + size
        # Rarely, as there may be many others. A full directory is looked at again, as others may have made room.
        full = own + self._others > most
        if abs(own - self._own_before) >= self._step or (full and self._now() >= self._look_at):
            self._own_before = self.pending_bytes
            self._look_at = self._now() + _FULL_LOOK
            try:
                log = self._ours
                self._others = self._directory.bytes_waiting(besides=None if log is None else log.folder)
            except SpoolError:  # appending fails as well, and tells
                self._others = 0
        return own + self._others > most

    @property
    def why_full(self) -> str:
        """Say which limit leaves no room."""
        most = self._settings.spool_max_bytes
        return f"the directory holds spool_max_bytes={most} bytes: raise it, or see why they are not sent"

    def append(self, contents: Sequence[bytes]) -> int | Refusal:
        """Append events; return where the first is, or why none was appended.

        Where they are there, but could not be brought to the disk, ``why_not`` says so.
        """
        if self.why_not and self._now() < self._refuses_until:
            return Refusal.BY_THE_DISK
        try:
            log = self.log or self._claim_again() or self._make_log()
            if len(self._sealing.owners) > self._noted:
                self._note_owners(log)
            start = log.append(contents)
        except SpoolError as error:
            return self._fail(error)
        self.why_not, self._is_synced = "", False
        if self._settings.synchronous != "never":
            try:
                self.sync()
            except SpoolError as error:  # they are there, but a power cut may cost them
                self._fail(error)
        return start

    def _make_log(self) -> Log:
        log = Log.make(self._directory.path, self._note)
        self._noted = len(self._sealing.owners)
        return self.adopt(log)

    def _note_owners(self, log: Log) -> None:
        """Say of whom there are chains from now on, before their events are in the log."""
        owners = self._sealing.owners
        notes.add(log.folder, chain_notes.encoded(owners[self._noted :]))
        self._noted = len(owners)

    def end(self) -> tuple[Log | None, int] | None:
        """Tell which log is open, and where it ends, for ``appended_behind``; None if that cannot be known."""
        if self.log is None:
            return (None, 0) if self._resting is None else None  # the next log is a new one, or one that has a past
        return self.log, self.log.tally.end

    def appended_behind(self, end: tuple[Log | None, int] | None) -> int | None:
        """Tell where what one call appended since then begins; None if nothing was, as far as can be known."""
        if end is None or self.log is None or end[0] not in (None, self.log):
            return None
        return end[1] if self.log.tally.end > end[1] else None

    def append_one(self, event: bytes) -> int | Refusal:
        """Append an event, as ``append`` does."""
        return self.append([event])

    def sync(self) -> None:
        """Bring to the disk what was appended, as often as ``synchronous`` says.

        Raises:
            SpoolError: The disk failed at it.
        """
        how, now = self._settings.synchronous, self._now()
        if self.log is None or self._is_synced or how == "never":
            return
        if how == "always" or now >= self._sync_at:
            self.log.sync()
            self._is_synced, self._sync_at = True, now + self._settings.sync_interval

    def look(self) -> None:
        """See whether the log is still there, and bring to the disk what is due."""
        try:
            if log := self.log or self._claim_again():
                log.check()
            self.sync()
        except SpoolError as error:
            self._fail(error)
        finally:
            self.tell_losses()

    def look_now(self) -> None:
        """Look once more before the end, also at a disk that refused just now."""
        self._refuses_until = float("-inf")
        self.look()

    def _fail(self, error: SpoolError) -> Refusal:
        if isinstance(error, SpoolLost):
            if self.log is not None:
                self._go_on_without(self.log, error)
            return Refusal.TAKEN_AWAY
        # Not tried again with each event.
        self.why_not = str(error)
        self._refuses_until = self._now() + self._settings.spool_retry
        where = f"The spool in {self._directory.path} does not work, so events are in memory only until it does"
        self._tell("refused", where, error)
        return Refusal.BY_THE_DISK

    def _tell(self, kind: str, what: str, error: SpoolError | None = None, lost: int = 0) -> None:
        self._ledger.news.append(SpoolNews(kind, what, error, lost))

    def _go_on_without(self, log: Log, error: SpoolLost) -> None:
        """Save what can be saved of what somebody took away: the last file, or all; the next event goes to another."""
        claimed = isinstance(error, SpoolClaimed)
        whole = claimed or not os.path.isdir(log.folder)
        start = 0 if whole else log.last_segment_at
        self._salvage(log, start, claimed)
        if claimed:
            self._sealing.begin()
        new = "log" if whole else "file"
        self._tell(f"new {new}", f"Events go to a new {new} of the spool", error)
        self.tell_losses()
        if whole:
            self.log = None
            log.abandon()

    # Reading

    def peek(self, skip: int, most: int, size: int) -> list[Entry]:
        """Read events that wait, in order; see ``Log.peek``. Nothing can be read while the disk fails."""
        try:
            return [] if self.log is None else self.log.peek(skip, most, size)
        except SpoolError as error:
            text = "A file of the spool cannot be read, and soon gets a log of its own, so that no other waits for it"
            self._tell("read", text, error)
            return []
        finally:
            self.tell_losses()

    def done(self, records: Sequence[Entry]) -> None:
        """Take note that events need not be kept. Those of a log that was taken away meanwhile are in memory."""
        if self.log is not None:
            try:
                self.log.done(records)
            except SpoolError as error:
                text = "What was sent cannot be noted in the spool; if this process is killed now, it is sent again"
                self._tell("note", text, error)
            self.tell_losses()

    def tell_losses(self) -> None:
        """Tell of what the log has found to be lost, or somebody else's, since the last call."""
        if self.log is None or (now := self.log.tally.gone) == self._told:
            return
        lost, size, elsewhere = (each - before for each, before in zip(now, self._told, strict=True))
        self._told = now
        # Of what somebody claimed under this queue, a flush cannot know what became: it is told of that as of a loss.
        self._ledger.lost(lost)
        self._ledger.elsewhere(elsewhere)
        if lost or size:
            self._tell("lost", f"{size} bytes in {self.log.folder} are missing or damaged", lost=lost)

    # The end

    @property
    def speaks_for_chains(self) -> bool:
        """Whether the note of the open log has to be there, for whoever comes after this process if it is killed."""
        return self.log is not None and self._sealing.has_open_chains

    def close(self) -> None:
        """Give the log up: to nobody if nothing waits in it, else to whoever needs it first, which may be this one."""
        log, self.log = self.log, None
        if log is not None:
            try:
                log.sync()
            except SpoolError as error:
                self._tell("power cut", "What is in the spool may not survive a power cut", error)
            self._resting = log
            log.close(self._maker)

    def _claim_again(self) -> Log | None:
        """Go on with the log that was given up, if something waits in it; ``SpoolClaimed`` if others were faster."""
        if (old := self._resting) is None or not old.tally.pending:
            return None
        try:
            log = Log.claim(old.folder)
        except SpoolError as error:  # somebody else has it, or has sent it all; if not, a search finds it
            self.hand_over()
            raise SpoolClaimed(str(error)) from error
        self._resting = None
        self._ledger.elsewhere(old.tally.pending - log.tally.pending - log.tally.lost)
        return self.adopt(log)

    def adopt(self, log: Log) -> Log:
        """Go on with a log, and return it."""
        self.log, self._told, log.syncs = log, (0, 0, 0), self._settings.synchronous != "never"
        self.tell_losses()
        return log

    def hand_over(self) -> None:
        """Leave what was given up to others for good: it is theirs to send, and to count."""
        log, self._resting = self._resting, None
        if log is not None and log.tally.pending:
            self._ledger.elsewhere(log.tally.pending)
            self._sealing.begin()  # what they read in the log says that the chains so far go no further
