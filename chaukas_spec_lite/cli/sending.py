"""Sends the events of a file through the exporter, part by part, so that an interrupted command can go on."""

from __future__ import annotations

import asyncio
import hashlib
import os
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

from chaukas_spec_lite.cli.doors import why_not_taken
from chaukas_spec_lite.cli.sent_notes import SentNotes
from chaukas_spec_lite.cli.takers import LOOK, Taker, TellingTaker
from chaukas_spec_lite.errors import ChaukasError, StatusError
from chaukas_spec_lite.export.dropped import Dropped, DropReason
from chaukas_spec_lite.export.exporter import EventExporter
from chaukas_spec_lite.export.settings import ExportSettings
from chaukas_spec_lite.files import MAX_EVENT, AnyEntry, EncodedEntry, NoEvent, Recorded
from chaukas_spec_lite.spec.common.v1.events import Event
from chaukas_spec_lite.wire.envelopes import event_id_of

PART_EVENTS = 4000
PART_BYTES = 16 << 20
"""After so much all that is under way is waited for, and noted."""
MAX_TOLD = 20
"""Refused events that are named; the others are counted."""
_TURN = 200
"""After so many events that were read, what sends them gets its turn."""
_HEAD = 4096

SETTINGS = ExportSettings(
    batch_size=500,
    max_batch_events=500,
    max_batch_bytes=1 << 20,
    flush_interval=0.05,
    max_event_bytes=MAX_EVENT,
    max_queue_events=2 * PART_EVENTS,
    max_queue_bytes=PART_BYTES + 2 * MAX_EVENT,
)
"""Events go as they are: none is cut, and none is left out for want of room."""


class NothingSentError(ChaukasError):
    """A collector took nothing for too long."""


@dataclass(frozen=True, slots=True)
class HowFar:
    """How far it is."""

    read: int = 0
    """Events that were read, without those that an earlier command had sent."""
    skipped: int = 0
    """Those."""
    done: int = 0
    """Events that were acknowledged or refused."""
    position: int = 0
    """Bytes of the file that were read."""


@dataclass(slots=True)
class Refused:
    """What the collector, or the exporter, did not take, and why."""

    reasons: Counter[str] = field(default_factory=Counter[str])
    told: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    """The ids of the first ones, and what was wrong with each."""
    closed: int = 0
    """Events that were given up when the command ended, which nobody refused."""

    def __call__(self, dropped: Dropped) -> None:
        """Take note of one."""
        if dropped.reason is DropReason.CLOSED:
            self.closed += 1
            return
        self.reasons[dropped.reason.value] += 1
        if self.asks:
            self.told.append((dropped.event_id, dropped.detail))

    def rejected(self, number: int) -> None:
        """Take note of events that the collector has kept apart."""
        if number:
            self.reasons["rejected"] += number

    @property
    def asks(self) -> bool:
        """Whether there is room to name another one."""
        return len(self.told) < MAX_TOLD

    @property
    def count(self) -> int:
        """How many there are."""
        return self.reasons.total()


def notes_for(folder: Path, path: str, endpoint: str) -> SentNotes:
    """Make what notes how far a file was sent; a file that begins differently is another one."""
    with open(path, "rb") as file:
        head = hashlib.sha256(file.read(_HEAD)).hexdigest()
    return SentNotes(folder, f"file {os.path.realpath(path)} {head}", endpoint)


class RefusalsSender:
    """Hands batches on, and finds out what of them was rejected, and why.

    Args:
        taker: Takes them.
        refused: Is told of it.
    """

    def __init__(self, taker: Taker, refused: Refused) -> None:
        self.settings = taker.settings
        """What the exporter completes events with."""
        self._taker = taker
        self._refused = refused

    async def send(self, encoded_events: Sequence[bytes]) -> None:
        """Hand over a batch; raises as the taker does."""
        rejected = await self._taker.send(encoded_events)
        self._refused.rejected(rejected)
        # The answer to a batch says how many. By themselves, events are answered with the reason; those that are
        # stored already are not stored again.
        for event in encoded_events if rejected else ():
            if not rejected or not self._refused.asks:
                return
            try:
                await self._taker.ingest_event(event)
            except StatusError as error:
                self._refused.told.append((event_id_of(event), error.details))
                rejected -= 1


class FileSender:
    """Sends files, one after the other.

    Args:
        taker: Takes them to the collector.
        patience: For how many seconds the collector may take nothing at all.
        progress: Is told how far it is.
        clock: Tells seconds.
    """

    def __init__(
        self,
        taker: TellingTaker,
        patience: float,
        progress: Callable[[HowFar], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.refused = Refused()
        self.now: HowFar = HowFar()
        self._read = self._skipped = self._position = 0
        self._patience = patience
        self._progress = progress
        self._clock = clock
        self._taker = taker
        self._exporter = EventExporter(RefusalsSender(taker, self.refused), SETTINGS, on_drop=self.refused)

    async def send(self, entries: Iterator[AnyEntry], notes: SentNotes | None, told: Callable[[NoEvent], None]) -> None:
        """Send the events of a file.

        Args:
            entries: What the file holds.
            notes: How far an earlier command was, and where this one notes it; None where that cannot be.
            told: Is told of what is no event.

        Raises:
            NothingSentError: The collector took nothing for too long, or its key or address is wrong. What was noted
                holds.
        """
        skip = int(notes.read() or 0) if notes is not None else 0
        number, size, waiting = 0, 0, 0
        for entry in entries:
            number += 1
            self._position = entry.position
            if number <= skip:
                self._skipped += not isinstance(entry, NoEvent)
                continue
            if isinstance(entry, NoEvent):
                told(entry)
                continue
            data = _named(entry, number)
            self._exporter.emit(_Sound(data))
            self._read += 1
            waiting, size = waiting + 1, size + len(data)
            if waiting % _TURN == 0:
                # What was read travels while more is read.
                await asyncio.sleep(0)
            if waiting >= PART_EVENTS or size >= PART_BYTES:
                await self._settle(notes, number)
                waiting = size = 0
        await self._settle(None, number)
        if notes is not None:
            notes.forget()

    async def aclose(self) -> None:
        """Let go of the exporter; what waits there is given up."""
        await self._exporter.aclose(0)

    async def _settle(self, notes: SentNotes | None, number: int) -> None:
        """Wait until nothing is under way, and note that."""
        before, since = self._count(), self._clock()
        while not await self._exporter.flush(LOOK) and self._exporter.stats().pending:
            if (mistake := self._taker.mistake) is not None:
                # To go on would change nothing, and make a collector shut out who comes with a wrong key.
                raise NothingSentError(why_not_taken(mistake))
            if (count := self._count()) != before:
                before, since = count, self._clock()
            elif self._clock() - since >= self._patience:
                why = self._exporter.stats().last_error
                raise NothingSentError(f"nothing was taken for {self._patience:g} seconds{f': {why}' if why else ''}")
        self._count()
        if notes is not None:
            notes.write(str(number))

    def _count(self) -> int:
        stats = self._exporter.stats()
        done = stats.sent + sum(stats.dropped.values())
        self.now = HowFar(self._read, self._skipped, done, self._position)
        self._progress(self.now)
        return done


class _Sound:
    """Bytes that are known to be an event: an exporter takes them as they are, and looks into them no second time.

    So it does with messages that other implementations of protobuf encode; this is one of them to it.
    """

    DESCRIPTOR = SimpleNamespace(full_name="chaukas.spec.common.v1.Event")

    __slots__ = ("_data",)

    def __init__(self, data: bytes) -> None:
        self._data = data

    def SerializeToString(self) -> bytes:  # as the official package has it
        """Return the bytes."""
        return self._data


def _named(entry: Recorded | EncodedEntry, number: int) -> bytes:
    """Encode an event; one without an id gets one that it would get again, so that it is not stored twice."""
    data = entry.data if isinstance(entry, EncodedEntry) else bytes(entry.event)
    if event_id_of(data):
        return data
    return data + bytes(Event(event_id=hashlib.blake2b(b"%d\n" % number + data, digest_size=16).hexdigest()))
