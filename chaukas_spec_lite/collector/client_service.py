"""The collector's side of the five calls: what comes in, what goes out, and which status a failure has."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import ClassVar

from grpclib.const import Status
from grpclib.exceptions import GRPCError

from chaukas_spec_lite.collector.plan import TOKEN_LENGTH, plan
from chaukas_spec_lite.collector.record import EventRecord
from chaukas_spec_lite.collector.store import Store
from chaukas_spec_lite.errors import DecodeError, InvalidRequest, StoreError
from chaukas_spec_lite.rpc.stubs.codec import Encoded
from chaukas_spec_lite.spec.client.v1.client import (
    GetCapabilitiesRequest,
    GetCapabilitiesResponse,
    HealthzRequest,
    HealthzResponse,
    IngestEventBatchRequest,
    IngestEventBatchResponse,
    IngestEventRequest,
    IngestEventResponse,
    QueryEventsRequest,
)
from chaukas_spec_lite.spec.client.v1.client_grpc import ChaukasClientServiceBase
from chaukas_spec_lite.spec.common.v1.events import Event
from chaukas_spec_lite.spec.common.v1.query import Capabilities, QueryRequest
from chaukas_spec_lite.wire.envelopes import MAX_FRAME_BYTES, event_of, events_of, page_response

log = logging.getLogger("chaukas_spec_lite.collector.service")

MAX_RESPONSE_BYTES = 4 * 2**20
"""How large a page gets at most, unless a single event is larger: the official client, by default, takes no more."""


class StoredClientService(ChaukasClientServiceBase):
    """``ChaukasClientService`` on a store, which nobody else reaches.

    Args:
        path: The SQLite file that events are kept in; None keeps them in memory.
    """

    # These requests are taken as bytes, so that events can be cut out of them and stored as they came.
    _undecoded: ClassVar[frozenset[str]] = frozenset({"ingest_event", "ingest_event_batch"})

    def __init__(self, path: str | Path | None) -> None:
        self._store = Store(path)

    async def open(self) -> None:
        """Open the store, before the first call is served; raises ``StoreError``."""
        await self._store.open()

    async def close(self) -> None:
        """Finish what was begun, and close the store; raises ``StoreError``."""
        await self._store.close()

    async def healthz(self, request: HealthzRequest) -> HealthzResponse:
        """Say that the collector is up."""
        return HealthzResponse()

    async def get_capabilities(self, request: GetCapabilitiesRequest) -> GetCapabilitiesResponse:
        """Say what the collector can do: it takes events of every type, and offers nothing beyond."""
        return GetCapabilitiesResponse(capabilities=Capabilities(policy_decisions=True, data_access_events=True))

    async def ingest_event(self, request: IngestEventRequest | Encoded) -> IngestEventResponse:
        """Store an event, unless its tenant and project have one of the same ID already."""
        data = bytes(request)
        # Decoded in the store's thread: a batch of megabytes would hold up every other call on this loop.
        await self._add(lambda: record_of(data))
        return IngestEventResponse()

    async def ingest_event_batch(self, request: IngestEventBatchRequest | Encoded) -> IngestEventBatchResponse:
        """Store the events of a batch, all of them or, if one is not valid, none."""
        data = bytes(request)
        await self._add(lambda: records_of(data))
        return IngestEventBatchResponse()

    async def query_events(self, request: QueryEventsRequest) -> Encoded:
        """Find a page of events; see ``chaukas_spec_lite.collector.query`` for what the filter means."""
        try:
            planned = plan(request.query or QueryRequest())
            # The room for events is what the response's own frame, the page's, and the token leave.
            page = await self._store.find(planned, MAX_RESPONSE_BYTES - TOKEN_LENGTH - 2 * MAX_FRAME_BYTES)
        except InvalidRequest as error:
            raise GRPCError(Status.INVALID_ARGUMENT, str(error)) from error
        except StoreError as error:
            raise _unavailable(error) from error
        return Encoded(page_response(page.events, page.next_page_token))

    async def _add(self, prepare: Callable[[], Sequence[EventRecord]]) -> None:
        try:
            await self._store.add(prepare)
        except (DecodeError, InvalidRequest) as error:
            raise GRPCError(Status.INVALID_ARGUMENT, str(error)) from error
        except StoreError as error:
            raise _unavailable(error) from error


def _unavailable(error: StoreError) -> GRPCError:
    log.error("%s", error)
    # UNAVAILABLE makes clients try again: the disk may be full or locked for a while, and the events are not at fault.
    return GRPCError(Status.UNAVAILABLE, str(error))


def record_of(request: bytes) -> list[EventRecord]:
    """Decode an ``IngestEventRequest``; raises ``DecodeError`` and ``InvalidRequest``."""
    event = IngestEventRequest.parse(request).event
    if event is None:
        raise InvalidRequest("IngestEventRequest.event: not set, so there is nothing to store")
    return _checked([(event, event_of(request))], "IngestEventRequest.event")


def records_of(request: bytes) -> list[EventRecord]:
    """Decode an ``IngestEventBatchRequest``; raises ``DecodeError`` and ``InvalidRequest``."""
    batch = IngestEventBatchRequest.parse(request).event_batch
    if batch is None:
        raise InvalidRequest("IngestEventBatchRequest.event_batch: not set, so there is nothing to store")
    # Decoder and splitter see the same fields in the same order; ``strict`` holds them to it.
    pairs = zip(batch.events, events_of(request), strict=True)
    return _checked(pairs, "IngestEventBatchRequest.event_batch.events[{}]")


def _checked(pairs: Iterable[tuple[Event, bytes]], path: str) -> list[EventRecord]:
    records: list[EventRecord] = []
    for position, (event, data) in enumerate(pairs):
        if not event.event_id:
            raise InvalidRequest(
                f"{path.format(position)}.event_id: empty; every event needs an ID of its own, "
                "by which the collector knows it when it is sent again"
            )
        records.append(EventRecord(event, data))
    return records
