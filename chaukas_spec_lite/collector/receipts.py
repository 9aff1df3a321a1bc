"""What doors and the service hand each other: which request it is, how much it may bring, what became of its events."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from chaukas_spec_lite.errors import TooMuchError

SCANNED = "chaukas-scanned"
"""What goes along with the answer to a query, in gRPC's trailing metadata or an HTTP header, if text was searched
without an index: how many events were looked into for the page, which is a bounded number."""

_TOLD = 1000
"""How many characters the id of a rejected event and the reason have at most: both may come from the event, and go into
headers."""


class Shape(enum.Enum):
    """Which request it is."""

    EVENT = "IngestEventRequest"
    BATCH = "IngestEventBatchRequest"


@dataclass(frozen=True, slots=True)
class IngestLimits:
    """How much a request may bring."""

    max_events: int = 10_000
    """A batch with more events has to have ``min_event_bytes`` for each: so many small ones are an attack, or a
    mistake, and cost far more than their bytes."""
    min_event_bytes: int = 128
    max_bytes: int = 64 << 20
    """The bytes of a request, after decompression."""
    max_ratio: int = 100
    """How many times its compressed size a body may have, beyond the first ``free_bytes``."""
    free_bytes: int = 4 << 20

    def check_events(self, count: int, size: int, path: str) -> None:
        """Refuse a batch that has too many small events, before they are decoded.

        Args:
            count: How many there are.
            size: The bytes that they come in.
            path: Where they stand in the request.

        Raises:
            TooMuchError: There are too many.
        """
        if count > self.max_events and count * self.min_event_bytes > size:
            raise TooMuchError(
                f"{path}: more than the {self.max_events} allowed of less than {self.min_event_bytes} bytes each; "
                "send them in smaller batches"
            )


LIMITS = IngestLimits()
"""What holds unless something else is said."""


@dataclass(frozen=True, slots=True)
class RejectedNote:
    """An event that was not stored, and why."""

    event_id: str
    """Empty if it has none, or cannot be read."""
    reason: str
    """Begins with the path of what is wrong."""
    position: int
    """Which of the request's events it is, from 0."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of the events of a request."""

    batch_id: str
    accepted: int
    """How many are stored, whether new, sent again, or kept as a conflict with another of the same id."""
    repeated: int
    conflicts: int
    rejected: tuple[RejectedNote, ...]
    rejected_count: int
    """How many were rejected: beyond thousands, or a MiB of reasons, they are counted and not named."""
    event_ids: tuple[str, ...]
    """Of the accepted ones, in their order."""


def told(text: str) -> str:
    """Cut an id or a reason to what is told of it; half a surrogate pair, which JSON can bring, becomes ``?``."""
    return text[:_TOLD].encode("utf-8", "replace").decode()
