"""What of a log waits, what is done, and what is lost: arithmetic with positions, without any file.

A position is a byte number in the log, see ``segment``. All before ``before`` is done or lost; behind it single frames
may be done, and there may be gaps, where damage is.
"""

from __future__ import annotations

from collections.abc import Iterable

from chaukas_spec_lite.spool.frames import HEAD
from chaukas_spec_lite.spool.progress import Done
from chaukas_spec_lite.spool.segment import Entry, Start


class Tally:
    """Keeps count of one log.

    Args:
        places: Where its segments begin, in order.
        done: What the log's progress says.
    """

    def __init__(self, places: list[Start], done: Done) -> None:
        self.places = places
        """Of the segments in which something waits, or that are appended to."""
        self.finished: list[Start] = []
        """Of those in which nothing waits, as long as that is not written down."""
        self.before, self.frames = done.before, done.frames
        """Where the first frame begins that is not done, and how many stand before it."""
        self.ahead = dict.fromkeys(done.ahead, 0)
        """What is done behind that: where each frame begins and ends (0 as long as it was not read here)."""
        self._gaps: dict[int, tuple[int, int]] = {}
        """Where damage begins: where it ends, and how many frames in it are counted as lost already."""
        self.end = self.appended = 0
        """Where the last frame ends, and how many there are."""
        self.pending = self.pending_bytes = 0
        """The frames that are not done, and the size of what they hold."""
        self.lost = self.lost_bytes = 0
        """How many frames should be there and are not; how many bytes should be frames and are not."""

    def begin(self) -> None:
        """Begin with what the names of the segments say, for a log that another process made."""
        first, last = self.places[0], self.places[-1]
        if self.before < first.position:  # those before it are gone
            self._skip_to(first.position)
            self._miss(first.frames)
        while len(self.places) > 1 and self.before >= self.places[1].position:  # killed before it removed these
            self.finished.append(self.places.pop(0))
        # What is done already does not count: it may be damaged.
        self.end, self.appended = max((self.before, self.frames), (last.position, last.frames))

    def found(self, records: Iterable[Entry], end: int) -> list[Entry]:
        """Take in the last segment, which ends somewhere; return damage in it that was not known."""
        damage: list[Entry] = []
        unread = {each for each in self.ahead if each >= self.places[-1].position}
        self.end = end
        for record in records:
            if record.content is not None:
                self.appended += 1
                unread.discard(record.start)
            elif record.torn:  # its writer was killed before it could finish it
                self.end = record.start
            elif self.note_damage(record):
                damage.append(record)
        self.ahead = {start: end for start, end in self.ahead.items() if start not in unread}
        self.pending = self.appended - self.frames - len(self.ahead)
        waiting = self.end - self.before - self.lost_bytes
        self.pending_bytes = max(0, waiting - HEAD * (self.pending + len(self.ahead)))
        return damage

    def end_of(self, place: Start) -> int:
        """Tell where a segment ends: where the next one begins, or the last frame ends."""
        return next((other.position for other in self.places if other > place), self.end)

    def place_of(self, position: int) -> Start:
        """Tell in which segment a position is."""
        return next(place for place in reversed(self.places) if place.position <= position)

    def waits(self, record: Entry) -> bool:
        """Whether a frame that was read is not done."""
        if record.start not in self.ahead:
            return True
        if not self.ahead[record.start]:
            self.pending_bytes -= len(record.content or b"")
        self.ahead[record.start] = record.end
        return False

    def done(self, records: Iterable[Entry]) -> None:
        """Take note that frames are done."""
        for record in records:
            size = len(record.content or b"")
            if record.start >= self.before and record.start not in self.ahead:
                # No call stands between these, so nothing that a signal handler raises comes between them.
                self.ahead[record.start] = record.end
                self.pending -= 1
                self.pending_bytes -= size
        self.advance()

    def note_damage(self, record: Entry) -> bool:
        """Take note of damage; return whether it was not known."""
        if record.start in self._gaps:
            return False
        self._gaps[record.start] = record.end, 0
        self.lost_bytes += record.end - record.start
        self.pending_bytes -= record.end - record.start
        return True

    def advance(self) -> None:
        """Go on behind what is done and what is damaged."""
        while True:
            if len(self.places) > 1 and self.before >= self.places[1].position:
                self.finished.append(self.places.pop(0))
                self._miss(self.places[0].frames)
            elif self.before in self._gaps:
                behind, frames = self._gaps.pop(self.before)
                self._skip_to(behind)
                self.frames += frames
            elif end := self.ahead.get(self.before):
                del self.ahead[self.before]
                self.before, self.frames = end, self.frames + 1
            else:
                break
        if self.before >= self.end:
            self._miss(self.appended)
        if not self.pending:
            self.pending_bytes = 0

    def lose(self, place: Start, kept: Iterable[Entry]) -> None:
        """Go on without the last segment, which is not there any more.

        Args:
            place: Where it begins.
            kept: What waited in it and somebody has now: it is done here. The rest is lost.
        """
        self.done(kept)
        if (begin := max(self.before, place.position)) < self.end:
            passed = self.frames - place.frames if self.before > place.position else 0
            ahead = {start: end for start, end in self.ahead.items() if start >= begin}
            lost = self.appended - place.frames - passed - len(ahead)
            self._gaps[begin] = self.end, lost
            self.lost += lost
            self.pending -= lost
            self.pending_bytes -= self.end - begin - HEAD * lost - sum(end - start for start, end in ahead.items())
        self.places.remove(place)
        self.advance()

    def finish(self) -> None:
        """Take note that no segment is needed: nothing waits, and the last one is not appended to any more."""
        self.advance()
        self.finished += self.places
        self.places = []

    def _skip_to(self, position: int) -> None:
        """Go on behind what cannot be read; what was done of it is not lost."""
        for each in [each for each in self.ahead if each < position]:
            del self.ahead[each]
            self.frames += 1
        self.before = position

    def _miss(self, frames: int) -> None:
        """Count the frames that should have stood before here, and were not found."""
        missing = frames - self.frames
        self.lost += missing
        self.pending -= missing
        self.frames = frames
