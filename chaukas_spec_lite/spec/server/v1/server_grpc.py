# Generated from chaukas/spec/server/v1/server.proto by `python -m codegen`.
# Do not edit: change the proto file and run the command again.
"""Stubs and base classes of the services in chaukas/spec/server/v1/server.proto."""

from __future__ import annotations

from grpclib.const import Cardinality
from grpclib.metadata import Deadline

from chaukas_spec_lite.rpc.stubs.calls import MetadataLike
from chaukas_spec_lite.rpc.stubs.codec import Encoded
from chaukas_spec_lite.rpc.stubs.service import Method, ServiceBase, ServiceStub

from .server import (
    GetCapabilitiesRequest,
    GetCapabilitiesResponse,
    GetEventStatsRequest,
    GetEventStatsResponse,
    HealthzRequest,
    HealthzResponse,
    IngestEventBatchRequest,
    IngestEventBatchResponse,
    IngestEventRequest,
    IngestEventResponse,
    QueryEventsRequest,
    QueryEventsResponse,
)

_ChaukasServerService_Healthz = Method(
    "healthz",
    "Healthz",
    "/chaukas.spec.server.v1.ChaukasServerService/Healthz",
    Cardinality.UNARY_UNARY,
    HealthzRequest,
    HealthzResponse,
)
_ChaukasServerService_GetCapabilities = Method(
    "get_capabilities",
    "GetCapabilities",
    "/chaukas.spec.server.v1.ChaukasServerService/GetCapabilities",
    Cardinality.UNARY_UNARY,
    GetCapabilitiesRequest,
    GetCapabilitiesResponse,
)
_ChaukasServerService_IngestEvent = Method(
    "ingest_event",
    "IngestEvent",
    "/chaukas.spec.server.v1.ChaukasServerService/IngestEvent",
    Cardinality.UNARY_UNARY,
    IngestEventRequest,
    IngestEventResponse,
)
_ChaukasServerService_IngestEventBatch = Method(
    "ingest_event_batch",
    "IngestEventBatch",
    "/chaukas.spec.server.v1.ChaukasServerService/IngestEventBatch",
    Cardinality.UNARY_UNARY,
    IngestEventBatchRequest,
    IngestEventBatchResponse,
)
_ChaukasServerService_QueryEvents = Method(
    "query_events",
    "QueryEvents",
    "/chaukas.spec.server.v1.ChaukasServerService/QueryEvents",
    Cardinality.UNARY_UNARY,
    QueryEventsRequest,
    QueryEventsResponse,
)
_ChaukasServerService_GetEventStats = Method(
    "get_event_stats",
    "GetEventStats",
    "/chaukas.spec.server.v1.ChaukasServerService/GetEventStats",
    Cardinality.UNARY_UNARY,
    GetEventStatsRequest,
    GetEventStatsResponse,
)


class ChaukasServerServiceStub(ServiceStub):
    """Takes events, gives them back, and counts them.

    Requests are those of `ChaukasClientService`, field for field; the answers to ingestion tell what became of
    the events.
    """

    _methods = (
        _ChaukasServerService_Healthz,
        _ChaukasServerService_GetCapabilities,
        _ChaukasServerService_IngestEvent,
        _ChaukasServerService_IngestEventBatch,
        _ChaukasServerService_QueryEvents,
        _ChaukasServerService_GetEventStats,
    )

    async def healthz(
        self,
        request: HealthzRequest | Encoded,
        *,
        timeout: float | None = None,
        deadline: Deadline | None = None,
        metadata: MetadataLike | None = None,
    ) -> HealthzResponse:
        """Asks whether the service is up. Any answer means yes."""
        return await self._unary_unary(_ChaukasServerService_Healthz, request, timeout, deadline, metadata)

    Healthz = healthz

    async def get_capabilities(
        self,
        request: GetCapabilitiesRequest | Encoded,
        *,
        timeout: float | None = None,
        deadline: Deadline | None = None,
        metadata: MetadataLike | None = None,
    ) -> GetCapabilitiesResponse:
        """Asks what the server can do."""
        return await self._unary_unary(_ChaukasServerService_GetCapabilities, request, timeout, deadline, metadata)

    GetCapabilities = get_capabilities

    async def ingest_event(
        self,
        request: IngestEventRequest | Encoded,
        *,
        timeout: float | None = None,
        deadline: Deadline | None = None,
        metadata: MetadataLike | None = None,
    ) -> IngestEventResponse:
        """Hands over one event and learns what became of it."""
        return await self._unary_unary(_ChaukasServerService_IngestEvent, request, timeout, deadline, metadata)

    IngestEvent = ingest_event

    async def ingest_event_batch(
        self,
        request: IngestEventBatchRequest | Encoded,
        *,
        timeout: float | None = None,
        deadline: Deadline | None = None,
        metadata: MetadataLike | None = None,
    ) -> IngestEventBatchResponse:
        """Hands over several events at once and learns how many were accepted."""
        return await self._unary_unary(_ChaukasServerService_IngestEventBatch, request, timeout, deadline, metadata)

    IngestEventBatch = ingest_event_batch

    async def query_events(
        self,
        request: QueryEventsRequest | Encoded,
        *,
        timeout: float | None = None,
        deadline: Deadline | None = None,
        metadata: MetadataLike | None = None,
    ) -> QueryEventsResponse:
        """Fetches one page of stored events."""
        return await self._unary_unary(_ChaukasServerService_QueryEvents, request, timeout, deadline, metadata)

    QueryEvents = query_events

    async def get_event_stats(
        self,
        request: GetEventStatsRequest | Encoded,
        *,
        timeout: float | None = None,
        deadline: Deadline | None = None,
        metadata: MetadataLike | None = None,
    ) -> GetEventStatsResponse:
        """Counts the events of a tenant or project."""
        return await self._unary_unary(_ChaukasServerService_GetEventStats, request, timeout, deadline, metadata)

    GetEventStats = get_event_stats


class ChaukasServerServiceBase(ServiceBase):
    """Takes events, gives them back, and counts them.

    Requests are those of `ChaukasClientService`, field for field; the answers to ingestion tell what became of
    the events.

    Implement its methods in a subclass; those that are left out answer `UNIMPLEMENTED`.
    """

    _methods = (
        _ChaukasServerService_Healthz,
        _ChaukasServerService_GetCapabilities,
        _ChaukasServerService_IngestEvent,
        _ChaukasServerService_IngestEventBatch,
        _ChaukasServerService_QueryEvents,
        _ChaukasServerService_GetEventStats,
    )

    async def healthz(self, request: HealthzRequest) -> HealthzResponse | Encoded:
        """Asks whether the service is up. Any answer means yes."""
        raise _ChaukasServerService_Healthz.unimplemented()

    Healthz = healthz

    async def get_capabilities(self, request: GetCapabilitiesRequest) -> GetCapabilitiesResponse | Encoded:
        """Asks what the server can do."""
        raise _ChaukasServerService_GetCapabilities.unimplemented()

    GetCapabilities = get_capabilities

    async def ingest_event(self, request: IngestEventRequest) -> IngestEventResponse | Encoded:
        """Hands over one event and learns what became of it."""
        raise _ChaukasServerService_IngestEvent.unimplemented()

    IngestEvent = ingest_event

    async def ingest_event_batch(self, request: IngestEventBatchRequest) -> IngestEventBatchResponse | Encoded:
        """Hands over several events at once and learns how many were accepted."""
        raise _ChaukasServerService_IngestEventBatch.unimplemented()

    IngestEventBatch = ingest_event_batch

    async def query_events(self, request: QueryEventsRequest) -> QueryEventsResponse | Encoded:
        """Fetches one page of stored events."""
        raise _ChaukasServerService_QueryEvents.unimplemented()

    QueryEvents = query_events

    async def get_event_stats(self, request: GetEventStatsRequest) -> GetEventStatsResponse | Encoded:
        """Counts the events of a tenant or project."""
        raise _ChaukasServerService_GetEventStats.unimplemented()

    GetEventStats = get_event_stats
