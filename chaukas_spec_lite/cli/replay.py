"""Sends events to a collector in batches, and queries them back page by page, over gRPC."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TypeVar

from grpclib.client import Channel
from grpclib.exceptions import GRPCError, StreamTerminatedError

from chaukas_spec_lite.cli.comparison import Ledger
from chaukas_spec_lite.errors import ChaukasError
from chaukas_spec_lite.files import Recorded
from chaukas_spec_lite.rpc.stubs.codec import MessageCodec
from chaukas_spec_lite.spec.client.v1.client import IngestEventBatchRequest, QueryEventsRequest
from chaukas_spec_lite.spec.client.v1.client_grpc import ChaukasClientServiceStub
from chaukas_spec_lite.spec.common.v1.events import Event, EventBatch
from chaukas_spec_lite.spec.common.v1.query import QueryRequest, SortOrder
from chaukas_spec_lite.trace.kinds import Moment, moment

MAX_BATCH_EVENTS, MAX_BATCH_BYTES = 25, 1 << 20
"""A batch holds at most so much, but at least one event."""

PAGE_SIZE = 25
"""Events asked for at a time."""

TIMEOUT = 30.0
"""Seconds that a call may take."""

T = TypeVar("T")


class ReplayError(ChaukasError):
    """A collector refused a call, could not be reached, or gave an answer that makes no sense."""


@dataclass(frozen=True, slots=True)
class Leg:
    """How one way of the journey went."""

    events: int
    calls: int
    """Batches sent, or pages read."""
    seconds: float
    """Time spent on the calls, without that for reading files or taking notes."""


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

    ledger: Ledger
    moments: list[Moment]
    """What came back, in the collector's order."""
    sending: Leg
    reading: Leg


@asynccontextmanager
async def connected(port: int) -> AsyncGenerator[ChaukasClientServiceStub, None]:
    """Make a stub for the collector on a port of this machine."""
    channel = Channel("127.0.0.1", port, codec=MessageCodec())
    try:
        yield ChaukasClientServiceStub(channel, timeout=TIMEOUT)
    finally:
        channel.close()


async def replay(stub: ChaukasClientServiceStub, events: Iterable[Recorded], progress: Progress) -> Replay:
    """Send events, read them back and compare."""
    ledger = Ledger()
    sending = await _send(stub, events, ledger, progress.sent)
    moments: list[Moment] = []
    pages, seconds = 0, 0.0
    async for page, took in _pages(stub):
        for event in page:
            ledger.receive(event)
            moments.append(moment(event))
        pages, seconds = pages + 1, seconds + took
        progress.returned(ledger.returned, ledger.expected)
        if ledger.is_overrun:
            break
    ledger.close()
    return Replay(ledger, moments, sending, Leg(ledger.returned, pages, seconds))


async def _send(
    stub: ChaukasClientServiceStub, events: Iterable[Recorded], ledger: Ledger, progress: Callable[[int], None]
) -> Leg:
    calls, seconds = 0, 0.0
    for batch in batches(events, ledger):
        calls += 1
        request = IngestEventBatchRequest(
            event_batch=EventBatch(
                batch_id=f"batch-{calls}", timestamp=datetime.now(timezone.utc), events=[each.event for each in batch]
            )
        )
        _, took = await _timed(stub.ingest_event_batch(request), f"batch {calls}")
        seconds += took
        progress(batch[-1].position)
    return Leg(ledger.sent, calls, seconds)


def batches(events: Iterable[Recorded], ledger: Ledger) -> Iterator[list[Recorded]]:
    """Divide events into batches of bounded size, noting each in the ledger."""
    batch: list[Recorded] = []
    size = 0
    for recorded in events:
        if not recorded.event.event_id:
            raise ReplayError(f"event {ledger.sent + 1:,} has no event_id, by which it would be known again")
        data = bytes(recorded.event)
        ledger.send(recorded.event, data)
        if batch and (len(batch) == MAX_BATCH_EVENTS or size + len(data) > MAX_BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(recorded)
        size += len(data)
    if batch:
        yield batch


async def _pages(stub: ChaukasClientServiceStub) -> AsyncIterator[tuple[list[Event], float]]:
    """The pages of all that the collector holds, with the seconds that each took."""
    token = ""
    while True:
        query = QueryRequest(page_size=PAGE_SIZE, page_token=token, order_by_time=SortOrder.ASC)
        answer, took = await _timed(stub.query_events(QueryEventsRequest(query=query)), "a query")
        if (response := answer.response) is None:
            raise ReplayError("the collector answered a query without a response")
        yield response.events, took
        if not response.next_page_token:
            return
        if response.next_page_token == token or not response.events:
            raise ReplayError("the collector says that there is another page, but leads to none")
        token = response.next_page_token


async def _timed(call: Awaitable[T], what: str) -> tuple[T, float]:
    start = time.perf_counter()
    try:
        return await call, time.perf_counter() - start
    except GRPCError as error:
        raise ReplayError(f"the collector refused {what}: {error.status.name}: {error.message}") from error
    except asyncio.TimeoutError as error:  # before OSError, which it is since Python 3.11
        raise ReplayError(f"the collector did not answer {what} within {TIMEOUT:g} s") from error
    except (OSError, StreamTerminatedError) as error:
        raise ReplayError(f"the connection to the collector failed during {what}: {error}") from error
