"""Takes what somebody took away of a log into memory, so that each event is in one place, whatever interrupts that."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from chaukas_spec_lite.export.memory import Item, Memory
from chaukas_spec_lite.spool.frames import Entry
from chaukas_spec_lite.spool.log import Log


class Salvage:
    """Moves events from a log to memory; guarded by the queue's lock.

    Args:
        memory: Takes them.
        in_flight: Tells the events of the attempt that is under way, which are at hand whether or not they can be read.
    """

    def __init__(self, memory: Memory, in_flight: Callable[[], Sequence[Item]]) -> None:
        self._memory = memory
        self._in_flight = in_flight
        self._salvaging: tuple[Log, Sequence[tuple[Item, Entry]]] | None = None

    def move(self, log: Log, start: int, claimed: bool) -> None:
        """Move what is left of a log, and let the log go on without it.

        Args:
            log: The log.
            start: From where on it was taken away.
            claimed: Whether somebody else has it, and so all that is not under way here.
        """
        found = {entry.start: (Item(entry.content or b""), entry) for entry in ([] if claimed else log.salvage(start))}
        for item in self._in_flight():
            if item.record is not None and item.record.start >= start:
                found[item.record.start] = item, item.record
        in_order = [found[each] for each in sorted(found)]
        self._salvaging = log, in_order  # before anything changes
        for item, _ in in_order:
            item.record = None
        self._memory.put_in_front([item for item, _ in in_order])
        log.lose(start, [entry for _, entry in in_order], claimed)
        self._salvaging = None

    def undo(self) -> None:
        """After an interruption, leave to the log what still waits in it: the next attempt moves it again."""
        if self._salvaging is None:
            return
        (log, in_order), self._salvaging = self._salvaging, None
        back = [(item, entry) for item, entry in in_order if log.tally.waits(entry)]
        for item, _ in back:  # those that ``move`` did not come to: only what has no record is taken out of memory
            item.record = None
        self._memory.done([item for item, _ in back])
        for item, entry in back:
            item.record = entry
