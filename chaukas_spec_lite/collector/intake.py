"""Sifts events that have come into those to store and those to reject, and accounts for both in a receipt."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from chaukas_spec_lite.collector.callers import Caller
from chaukas_spec_lite.collector.metrics import Meter
from chaukas_spec_lite.collector.receipts import Receipt, RejectedNote, Shape, told
from chaukas_spec_lite.collector.rejections import FOREIGN, NO_ID, UNDECODABLE
from chaukas_spec_lite.collector.searched_text import searched_text
from chaukas_spec_lite.collector.skim import skim
from chaukas_spec_lite.collector.stores.asking import EVERYBODY
from chaukas_spec_lite.collector.stores.base import Addition, EventRow, Rejected
from chaukas_spec_lite.errors import DecodeError
from chaukas_spec_lite.wire.envelopes import event_id_of

_NO_ID = "event_id: empty; every event needs an ID of its own, by which the collector knows it when it is sent again"
_SLICE_EVENTS = 256
_SLICE_BYTES = 1 << 18
"""How many events, or bytes of events, are decoded in one go: some tens of milliseconds of work."""
_KEPT_BYTES = 1 << 20
"""How much is kept of an event that cannot be stored: it may be anything, and is there to be looked at."""
_MAX_NOTES = 10_000
_MAX_NOTE_BYTES = 1 << 20
"""How many rejected events a receipt names, and how many bytes of ids and reasons it has: clients take answers of 4 MiB
by default."""


@dataclass(frozen=True, slots=True)
class Sifted:
    """Events that have been looked at."""

    rows: list[EventRow]
    rejected: list[Rejected]
    notes: list[RejectedNote]
    causes: dict[str, int]
    """Why events were rejected, in words without anything of theirs, and how many."""

    def reject(
        self, cause: str, position: int, owner: tuple[str, str], event_id: str, reason: str, data: bytes
    ) -> None:
        """Add an event that cannot be stored."""
        self.causes[cause] = self.causes.get(cause, 0) + 1
        rejected = rejection(owner, event_id, reason, data)
        self.rejected.append(rejected)
        self.notes.append(RejectedNote(rejected.event_id, rejected.reason, position))


def rejection(owner: tuple[str, str], event_id: str, reason: str, data: bytes) -> Rejected:
    """Make the record of an event that cannot be stored, cut to what is kept, and of what any store can keep."""
    event_id, reason = told(event_id), told(reason)
    if len(data) > _KEPT_BYTES:
        reason += f" (only the first {_KEPT_BYTES} of its {len(data)} bytes are kept)"
    return Rejected(*owner, event_id, reason, data[:_KEPT_BYTES], time.time())


def slices(events: list[bytes]) -> Iterator[tuple[list[bytes], int]]:
    """Cut events into portions that are decoded in one go, each with the size of its largest event."""
    start = size = 0
    for position, event in enumerate(events):
        if position > start and (position - start == _SLICE_EVENTS or size + len(event) > _SLICE_BYTES):
            yield _slice(events[start:position])
            start, size = position, 0
        size += len(event)
    if start < len(events):
        yield _slice(events[start:])


def _slice(events: list[bytes]) -> tuple[list[bytes], int]:
    return events, max(map(len, events))


@dataclass(slots=True)
class Intake:
    """Adds up what becomes of the events of one request."""

    caller: Caller
    shape: Shape
    seen: int = 0
    repeated: int = 0
    conflicts: int = 0
    rejected_count: int = 0
    notes: list[RejectedNote] = field(default_factory=list[RejectedNote])
    note_bytes: int = 0
    event_ids: list[str] = field(default_factory=list[str])

    def sift(self, events: Sequence[bytes], with_text: bool) -> Sifted:
        """Look at the next events: which can be stored, and what is wrong with the others. Decodes."""
        sifted = Sifted([], [], [], {})
        caller, owner = self.caller, self.caller.tenancy
        restricted = owner != EVERYBODY
        for position, data in enumerate(events, self.seen):
            try:
                row = skim(data, owner)
            except DecodeError as error:
                error.path = self._path(position) + error.path.removeprefix("Event")
                # Nothing of it can be relied on, so only the key says whose it is.
                sifted.reject(UNDECODABLE, position, self._owner("", ""), event_id_of(data), str(error), data)
                continue
            problem = "" if row.event_id else _NO_ID
            if restricted and not problem:
                problem = caller.foreign(row.tenant_id, row.project_id)
            if problem:
                whose = self._owner(row.tenant_id, row.project_id)
                cause = FOREIGN if row.event_id else NO_ID
                sifted.reject(cause, position, whose, row.event_id, f"{self._path(position)}.{problem}", data)
            else:
                sifted.rows.append(row._replace(text=searched_text(data)) if with_text else row)
        return sifted

    def _path(self, position: int) -> str:
        name = "event" if self.shape is Shape.EVENT else f"event_batch.events[{position}]"
        return f"{self.shape.value}.{name}"

    def _owner(self, tenant_id: str, project_id: str) -> tuple[str, str]:
        """Whose a rejected event is: the key's owner's, whatever it says itself. Others have nothing to do with it."""
        own = self.caller.tenancy
        return (
            tenant_id if own.tenant_id is None else own.tenant_id,
            project_id if own.project_id is None else own.project_id,
        )

    def add(self, sifted: Sifted, additions: Sequence[Addition], meter: Meter) -> None:
        """Count what was sifted, now that it is stored."""
        self.seen += len(sifted.rows) + len(sifted.rejected)
        repeated, conflicts = additions.count(Addition.REPEATED), additions.count(Addition.CONFLICT)
        self.repeated += repeated
        self.conflicts += conflicts
        self.event_ids += [row.event_id for row in sifted.rows]
        self.rejected_count += len(sifted.notes)
        for note in sifted.notes[: _MAX_NOTES - len(self.notes)]:
            self.note_bytes += len(note.event_id.encode()) + len(note.reason.encode())
            if self.note_bytes > _MAX_NOTE_BYTES:
                break
            self.notes.append(note)
        for outcome, count in (
            ("new", len(additions) - repeated - conflicts),
            ("repeated", repeated),
            ("conflict", conflicts),
            ("rejected", len(sifted.notes)),
        ):
            meter.count_events(outcome, count)

    def receipt(self, batch_id: str) -> Receipt:
        """Make the receipt."""
        return Receipt(
            batch_id,
            len(self.event_ids),
            self.repeated,
            self.conflicts,
            tuple(self.notes),
            self.rejected_count,
            tuple(self.event_ids),
        )
