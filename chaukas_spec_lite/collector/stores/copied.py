"""What a copy of a store consists of: its parts, in their order, and the note of how far it is."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import NamedTuple

from chaukas_spec_lite.collector.stores.base import DeletionRecord, EventRow, Rejected
from chaukas_spec_lite.errors import StoreError


class Stage(enum.Enum):
    """What a copy consists of, in its order: no conflict comes before what it is in conflict with."""

    EVENTS = "events"
    CONFLICTS = "conflicts"
    REJECTED = "rejected"
    DELETIONS = "deletions"


EXPORT_BYTES = 16 << 20
"""How many bytes a part of a copy has, about, even if more rows were asked for; one row may be larger."""


class Arrived(NamedTuple):
    """An event or a conflict, and when it came."""

    row: EventRow
    received: float
    """In seconds since 1970, as exactly as the store knows it."""


@dataclass(frozen=True, slots=True)
class Exported:
    """A part of a store's content, for copies, in the order of arrival. Nothing in it: that was all."""

    events: list[Arrived] = field(default_factory=list[Arrived])
    conflicts: list[Arrived] = field(default_factory=list[Arrived])
    rejected: list[Rejected] = field(default_factory=list[Rejected])
    deletions: list[DeletionRecord] = field(default_factory=list[DeletionRecord])
    after: str = ""
    """Where to go on. Opaque, and good for as long as the store lives."""

    @property
    def rows(self) -> list[EventRow]:
        """The events, without the times of their arrival."""
        return [each.row for each in self.events]

    @property
    def size(self) -> int:
        """How many rows of whatever it has."""
        return len(self.events) + len(self.conflicts) + len(self.rejected) + len(self.deletions)


@dataclass(frozen=True, slots=True)
class CopyNote:
    """What a store keeps of a copy into it, in the same transaction as what was copied."""

    source: str
    """The identity of the store that is copied."""
    before: str
    """What was noted before. If it is not that, another copy of the same store is under way."""
    after: str
    """What is noted from now on."""


def no_place(name: str, after: str) -> StoreError:
    """Make the error that says that a copy cannot go on in a store."""
    return StoreError(f"{name}: {after!r} is no place in this store at which a copy could go on")


def other_copy(name: str) -> StoreError:
    """Make the error that says that two copies would get in each other's way."""
    return StoreError(f"{name}: another copy of the same store into it is under way")
