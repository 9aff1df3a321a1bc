"""What of a log waits, and what is done, lost or elsewhere: arithmetic with positions, without any file.

A position is a byte number in the log, see ``segment``. Nothing waits before ``before``, nor in the settled stretches
behind it; everywhere else there is one waiting frame behind the other. So nothing is ever counted twice::

    0             before          settled                   last segment       end
    |   nothing     |   waiting    |  |   waiting            |   waiting        |
    |===============|--------------|==|----------------------|------------------|
     what was done   one frame      a probe that was sent     of which no name    where the next
     or lost         behind the     early, a dropped event,   says how many       frame goes
                     other          damage                    frames it holds

What another process left is found out in two steps. ``begin`` needs no file but the last one's size: the names of the
segments say how many frames stand before each of them, so what waits before the last segment is a difference, and
what is missing in front of the first one that is there is lost. ``take_last_segment`` takes what was read from the
last one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from chaukas_spec_lite.spool.frames import HEAD, Entry
from chaukas_spec_lite.spool.progress import Done
from chaukas_spec_lite.spool.segment import Start


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
        self.before: int = done.before
        self.frames: int = done.frames
        """Where the first frame begins that waits, and how many stand before it."""
        self.settled: dict[int, tuple[int, int]] = dict(done.settled) if places else {}
        """Stretches behind that: where each begins, where it ends, and how many frames were in it."""
        self.end, self.appended = self.before, self.frames
        """Where the last frame ends, and how many there are."""
        self.pending = self.pending_bytes = 0
        """The frames that wait, and the size of what they hold."""
        self.lost = self.lost_bytes = self.elsewhere = 0
        """How many frames should be there and are not, how many bytes, and how many frames somebody else has now."""

    def begin(self, end: int, is_certain: bool) -> None:
        """Begin with what the names of the segments say, for a log that another process made; without the last one.

        Args:
            end: Where the last segment ends.
            is_certain: Whether more cannot be done than what the progress says.
        """
        first, last = self.places[0], self.places[-1]
        if (gap := first.position - self.before) > 0:  # files in front of it are missing in which not all was done
            inside = {start: each for start, each in self.settled.items() if start < first.position}
            if is_certain:
                self.lost += first.frames - self.frames - _frames(inside)
                self.lost_bytes += gap - _bytes(inside)
            self.before, self.frames = first.position, first.frames
            self.settled = {start: each for start, each in self.settled.items() if start not in inside}
        self.advance()
        self.end = max(end, self.before, *(behind for behind, _ in self.settled.values()))
        # What waits in front of the last segment: nothing if ``before`` stands in that one already.
        inside = {start: each for start, each in self.settled.items() if start < last.position}
        self.pending = max(self.frames, last.frames) - self.frames - _frames(inside)
        self.pending_bytes = max(self.before, last.position) - self.before - _bytes(inside) - HEAD * self.pending
        self.appended = self.frames + self.pending + _frames(self.settled)

    def take_last_segment(self, entries: Iterable[Entry]) -> list[Entry]:
        """Take in what waits in the last segment, of which no name says how many frames it holds; return the damage."""
        damage: list[Entry] = []
        for entry in entries:
            if entry.content is not None:
                self.appended += 1
                self.pending += 1
                self.pending_bytes += len(entry.content)
            elif entry.torn and entry.end == self.end:  # its writer was killed before it could finish it
                self.end = entry.start
            else:
                self.pending_bytes += entry.end - entry.start
                damage.append(entry)
        self.lose([(entry.start, entry.end) for entry in damage], 0)
        return damage

    @property
    def gone(self) -> tuple[int, int, int]:
        """How many frames are lost, how many bytes, and how many frames somebody else has."""
        return self.lost, self.lost_bytes, self.elsewhere

    def end_of(self, place: Start) -> int:
        """Tell where a segment ends: where the next one begins, or the last frame ends."""
        return next((other.position for other in self.places if other > place), self.end)

    def waiting(self, place: Start) -> Iterator[tuple[int, int]]:
        """Tell where frames wait in a segment: where each stretch of them begins and ends."""
        at, end = max(self.before, place.position), self.end_of(place)
        for start, (behind, _) in sorted(self.settled.items()):
            if start < end and behind > at:
                if at < start:
                    yield at, start
                at = behind
        if at < end:
            yield at, end

    def waiting_frames(self, place: Start) -> int:
        """Tell how many those are, by the names of the segments."""
        start, end = max(self.before, place.position), self.end_of(place)
        behind = next((other.frames for other in self.places if other > place), self.appended)
        settled = {at: each for at, each in self.settled.items() if start <= at < end}
        return behind - max(self.frames, place.frames) - _frames(settled)

    def waits(self, entry: Entry) -> bool:
        """Whether a frame is not done."""
        return entry.start >= self.before and entry.start not in self.settled

    def done(self, entries: Iterable[Entry]) -> None:
        """Take note that frames are done."""
        for entry in entries:
            size = len(entry.content or b"")
            if self.waits(entry):
                # No call stands between these, so nothing that a signal handler raises comes between them.
                self.settled[entry.start] = entry.end, 1
                self.pending -= 1
                self.pending_bytes -= size
        self.advance()

    def lose(self, stretches: Iterable[tuple[int, int]], frames: int, elsewhere: bool = False) -> None:
        """Take note that something in one segment is damaged, or gone with it.

        Args:
            stretches: Where each part of it begins and ends.
            frames: How many frames waited there.
            elsewhere: Whether it is somebody else's, and not lost.
        """
        for start, end in stretches:
            self.settled[start] = end, frames
            self.pending -= frames
            self.pending_bytes -= end - start - HEAD * frames
            if elsewhere:
                self.elsewhere += frames
            else:
                self.lost += frames
                self.lost_bytes += end - start
            frames = 0
        self.advance()

    def remove(self, place: Start, elsewhere: bool) -> None:
        """Go on without a segment, which is gone, or somebody else's."""
        stretches, frames = list(self.waiting(place)), self.waiting_frames(place)
        self.places.remove(place)
        self.lose(stretches, frames, elsewhere)

    def found_nothing(self) -> None:
        """Take note that there is no frame in all of the log: the names of the segments said something else."""
        self.lost += self.pending
        self.pending = self.pending_bytes = 0

    def advance(self) -> None:
        """Go on behind what is settled."""
        while self.before in self.settled:
            end, frames = self.settled[self.before]
            del self.settled[self.before]
            self.before, self.frames = end, self.frames + frames
        while len(self.places) > 1 and self.before >= self.places[1].position:
            self.finished.append(self.places.pop(0))

    def progress(self) -> Done:
        """Describe what is done."""
        return Done(self.before, self.frames, self.settled)

    def progress_of(self, place: Start) -> Done:
        """Describe what is done, for a log that holds nothing but one segment of this one."""
        # Where the last one ends is not known yet, if it is this one that cannot be read.
        end = float("inf") if place == self.places[-1] else self.end_of(place)
        done = self.progress().between(place.position, end)
        return done._replace(before=max(self.before, place.position), frames=max(self.frames, place.frames))

    def finish(self) -> None:
        """Take note that no segment is needed: nothing waits, and the last one is not appended to any more."""
        self.finished += self.places
        self.places = []


def _frames(stretches: dict[int, tuple[int, int]]) -> int:
    return sum(frames for _, frames in stretches.values())


def _bytes(stretches: dict[int, tuple[int, int]]) -> int:
    return sum(end - start for start, (end, _) in stretches.items())
