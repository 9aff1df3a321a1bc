"""Sends recorded events to a collector in batches, reads them back, and compares."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chaukas_spec_lite.cli.comparison import Comparison
from chaukas_spec_lite.errors import ChaukasError
from chaukas_spec_lite.spec.common.v1.query import SortOrder
from chaukas_spec_lite.trace.kinds import moment
from chaukas_spec_lite.trace.tree import Moment
from chaukas_spec_lite.wire.envelopes import batches

if TYPE_CHECKING:
    from chaukas_spec_lite.client.client import ChaukasClient
    from chaukas_spec_lite.files import Recorded

MAX_BATCH_EVENTS, MAX_BATCH_BYTES = 25, 1 << 20
"""A batch holds at most so much, but at least one event."""

PAGE_SIZE = 25
"""Events asked for at a time."""


class ReplayError(ChaukasError):
    """A file holds an event that cannot be replayed."""


@dataclass(frozen=True, slots=True)
class Leg:
    """How one way of the journey went."""

    events: int
    seconds: float
    """Time spent on the calls, without that for reading files or taking notes."""
    batches: int = 0


@dataclass(frozen=True, slots=True)
class Progress:
    """Is told how far a replay has come."""

    sent: Callable[[int], None]
    """Called with the bytes of the file that have been sent."""
    returned: Callable[[int, int], None]
    """Called with the number of events that came back, and of those that were expected to."""


@dataclass(frozen=True, slots=True)
class Replay:
    """What came of a replay."""

    comparison: Comparison
    moments: list[Moment]
    """What came back, in the collector's order."""
    sending: Leg
    reading: Leg


async def replay(client: ChaukasClient, events: Iterable[Recorded], progress: Progress) -> Replay:
    """Send events, read them back and compare; raises ``ChaukasError``."""
    comparison = Comparison()
    sending = await _send(client, events, comparison, progress.sent)
    moments: list[Moment] = []
    reading = await _read(client, comparison, moments, progress.returned)
    comparison.close()
    return Replay(comparison, moments, sending, reading)


async def _send(
    client: ChaukasClient, events: Iterable[Recorded], comparison: Comparison, progress: Callable[[int], None]
) -> Leg:
    count, seconds = 0, 0.0
    for batch in batches(_encoded(events, comparison), _size, MAX_BATCH_EVENTS, MAX_BATCH_BYTES):
        start = time.perf_counter()
        # Only the call is timed, so that the rate is not that of reading and comparing.
        await client.ingest_encoded([data for data, _ in batch])
        seconds += time.perf_counter() - start
        count += 1
        _, position = batch[-1]
        progress(position)
    return Leg(comparison.sent, seconds, count)


def _encoded(events: Iterable[Recorded], comparison: Comparison) -> Iterator[tuple[bytes, int]]:
    """Encode events and note them; each comes with the bytes of the file up to its end."""
    for event, position in events:
        if not event.event_id:
            raise ReplayError(f"event {comparison.sent + 1:,} has no event_id, by which it would be known again")
        # Encoded here, so that the bytes that are compared are those that are sent.
        data = bytes(event)
        comparison.send(event, data)
        yield data, position


def _size(encoded: tuple[bytes, int]) -> int:
    return len(encoded[0])


async def _read(
    client: ChaukasClient, comparison: Comparison, moments: list[Moment], progress: Callable[[int, int], None]
) -> Leg:
    seconds = 0.0
    # Up to twice as many as were sent: enough to see that there are too many, and an end if the server repeats itself.
    found = client.query_events(
        tenant_id="", project_id="", order=SortOrder.ASC, page_size=PAGE_SIZE, limit=2 * comparison.expected
    )
    async with aclosing(found):
        while True:
            start = time.perf_counter()
            # By hand instead of ``async for``, to count the time of calls and not that of taking notes.
            event = await anext(found, None)
            seconds += time.perf_counter() - start
            if event is None:
                return Leg(comparison.returned, seconds)
            comparison.receive(event)
            moments.append(moment(event))
            if comparison.returned % PAGE_SIZE == 0:
                progress(comparison.returned, comparison.expected)
