"""Dead letters: how an event that will not be sent is kept in the spool, for people to look at and to send again.

Each is a line of JSON with what is known of it, and behind that the encoded event as it is.
"""

from __future__ import annotations

import json
import os
import sys
from collections import Counter, deque
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import asdict, fields
from pathlib import Path

from chaukas_spec_lite import process
from chaukas_spec_lite.export.dropped import DeadLetter, Dropped, DropReason
from chaukas_spec_lite.export.stats import Emitted
from chaukas_spec_lite.spool import letters
from chaukas_spec_lite.spool.errors import SpoolError

MAX_WAITING = 1000
"""How many dead letters wait for the disk, at most; while it fails, they would fill memory."""
_NO_ROOM = {DropReason.SPOOL_FULL, DropReason.OVERFLOW, DropReason.CLOSED}
"""Why ``emit`` takes no event, whatever is in it."""


class DeadLetters:
    """Keeps dead letters in the spool, as far as there is room.

    Any thread may use it, and what interrupts one: all that is shared is a deque.

    Args:
        directory: The spool's.
        max_bytes: How large their file may get.
        wall_clock: Tells the time in seconds since 1970.
    """

    def __init__(self, directory: Path, max_bytes: int, wall_clock: Callable[[], float]) -> None:
        self._owner = process.current()
        """A forked child makes its own. With this one it goes on only where a signal handler forked amid ``keep``."""
        self._directory = directory
        self._max_bytes = max_bytes
        self._wall_clock = wall_clock
        self._by = os.urandom(4).hex()
        """Tells the letters that are written here from those of others."""
        self.resent: Counter[str] = Counter()
        """How many of those were emitted once more, by reason."""
        self._waiting: deque[tuple[Dropped, bytes]] = deque()
        self._at_hand: str | None = None
        """The event that is being sent again: if there is no room for it, it still has its letter."""

    def keep(self, dropped: Sequence[Dropped], not_kept: Callable[[Dropped], object]) -> None:
        """Write events that were dropped, after those that the disk did not take before.

        Args:
            dropped: The events.
            not_kept: Called with each for which there is no room.

        Raises:
            SpoolError: The disk does not take them: up to ``MAX_WAITING`` of them wait until it does.
        """
        for each in dropped:
            if each.event_id == self._at_hand and each.reason in _NO_ROOM:
                continue
            if len(self._waiting) < MAX_WAITING:
                self._waiting.append((each, _encode(each, self._wall_clock(), self._by)))
            else:
                not_kept(each)
        while self._waiting:
            try:
                each, letter = self._waiting.popleft()
            except IndexError:  # another thread was faster
                break
            try:
                kept = letters.append(self._directory, letter, self._max_bytes, self._owner)
            except BaseException:
                self._waiting.appendleft((each, letter))
                raise
            if not kept:
                not_kept(each)

    def read(self, limit: int) -> list[DeadLetter]:
        """Read the latest letters of all processes, oldest first.

        Raises:
            SpoolError: They cannot be read.
        """
        found = letters.read(self._directory)
        return [_decode(letter)[0] for letter in found[len(found) - min(max(0, limit), len(found)) :]]

    def resend(
        self, emit: Callable[[bytes], Emitted], converted: bool, is_event: Callable[[bytes], bool] = bool
    ) -> int:
        """Emit the events of all letters once more; return how many. Letters that hold no event stay.

        Args:
            emit: Takes an encoded event. One that is taken, and dropped later, becomes a letter again.
            converted: Whether to emit those, too, of which values had to be converted. Otherwise they stay.
            is_event: Tells whether what a letter holds is an event. It is empty if nothing could be made of the event.

        Raises:
            SpoolError: The letters cannot be taken, somebody else sends them again already, or the disk takes no
                events: those that are left stay letters.
        """
        resent = 0
        with closing(letters.take(self._directory)) as taken:
            for letter in taken:
                known, by = _decode(letter)
                if not is_event(known.data) or (known.converted and not converted):
                    letters.append(self._directory, letter, sys.maxsize)  # it had its room before
                    continue
                self._at_hand = known.event_id or None
                try:
                    emitted = emit(known.data)
                finally:
                    self._at_hand = None
                if emitted is not Emitted.SPOOLED:  # in memory only, or nowhere: its letter must outlive this process
                    raise SpoolError(f"the spool takes no events, so the dead letters in {self._directory} are kept")
                resent += 1
                if by == self._by:
                    self.resent[known.reason.value] += 1
        return resent


def _encode(dropped: Dropped, at: float, by: str) -> bytes:
    about = {**asdict(dropped), "dropped_at": at, "by": by}
    del about["data"]
    # In ASCII: one of the texts may hold a lone surrogate, which may be what made the event invalid.
    return json.dumps(about).encode() + b"\n" + dropped.data


def _decode(letter: bytes) -> tuple[DeadLetter, str]:
    """Return the letter, and who kept it; of what later versions say besides, nothing is known."""
    head, _, data = letter.partition(b"\n")
    found = json.loads(head)
    about = {each.name: found[each.name] for each in fields(DeadLetter) if each.name in found}
    try:
        about["reason"] = DropReason(about["reason"])
    except ValueError:  # a new reason is no new schema: a later version may share the directory
        about |= {"reason": DropReason.UNKNOWN, "detail": f"{about['reason']}: {about['detail']}"}
    return DeadLetter(**about, data=data), found.get("by", "")
