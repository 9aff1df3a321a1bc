# Generated from chaukas/spec/client/v1/client.proto by `python -m codegen`.
# Do not edit: change the proto file and run the command again.
"""Stubs and base classes of the services in chaukas/spec/client/v1/client.proto."""

from __future__ import annotations

from grpclib.const import Cardinality
from grpclib.metadata import Deadline

from chaukas_spec_lite.rpc.stubs.calls import MetadataLike
from chaukas_spec_lite.rpc.stubs.codec import Encoded
from chaukas_spec_lite.rpc.stubs.service import Method, ServiceBase, ServiceStub

from .client import (
    GetCapabilitiesRequest,
    GetCapabilitiesResponse,
    HealthzRequest,
    HealthzResponse,
    IngestEventBatchRequest,
    IngestEventBatchResponse,
    IngestEventRequest,
    IngestEventResponse,
    QueryEventsRequest,
    QueryEventsResponse,
)

_ChaukasClientService_Healthz = Method(
    "healthz",
    "Healthz",
    "/chaukas.spec.client.v1.ChaukasClientService/Healthz",
    Cardinality.UNARY_UNARY,
    HealthzRequest,
    HealthzResponse,
)
_ChaukasClientService_GetCapabilities = Method(
    "get_capabilities",
    "GetCapabilities",
    "/chaukas.spec.client.v1.ChaukasClientService/GetCapabilities",
    Cardinality.UNARY_UNARY,
    GetCapabilitiesRequest,
    GetCapabilitiesResponse,
)
_ChaukasClientService_IngestEvent = Method(
    "ingest_event",
    "IngestEvent",
    "/chaukas.spec.client.v1.ChaukasClientService/IngestEvent",
    Cardinality.UNARY_UNARY,
    IngestEventRequest,
    IngestEventResponse,
)
_ChaukasClientService_IngestEventBatch = Method(
    "ingest_event_batch",
    "IngestEventBatch",
    "/chaukas.spec.client.v1.ChaukasClientService/IngestEventBatch",
    Cardinality.UNARY_UNARY,
    IngestEventBatchRequest,
    IngestEventBatchResponse,
)
_ChaukasClientService_QueryEvents = Method(
    "query_events",
    "QueryEvents",
    "/chaukas.spec.client.v1.ChaukasClientService/QueryEvents",
    Cardinality.UNARY_UNARY,
    QueryEventsRequest,
    QueryEventsResponse,
)


class ChaukasClientServiceStub(ServiceStub):
    """Takes events and gives them back.

    This is the side of Chaukas that instrumented programs speak to.
    """

    _methods = (
        _ChaukasClientService_Healthz,
        _ChaukasClientService_GetCapabilities,
        _ChaukasClientService_IngestEvent,
        _ChaukasClientService_IngestEventBatch,
        _ChaukasClientService_QueryEvents,
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
        return await self._unary_unary(_ChaukasClientService_Healthz, request, timeout, deadline, metadata)

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
        return await self._unary_unary(_ChaukasClientService_GetCapabilities, request, timeout, deadline, metadata)

    GetCapabilities = get_capabilities

    async def ingest_event(
        self,
        request: IngestEventRequest | Encoded,
        *,
        timeout: float | None = None,
        deadline: Deadline | None = None,
        metadata: MetadataLike | None = None,
    ) -> IngestEventResponse:
        """Hands over one event. The answer means that the server has taken it."""
        return await self._unary_unary(_ChaukasClientService_IngestEvent, request, timeout, deadline, metadata)

    IngestEvent = ingest_event

    async def ingest_event_batch(
        self,
        request: IngestEventBatchRequest | Encoded,
        *,
        timeout: float | None = None,
        deadline: Deadline | None = None,
        metadata: MetadataLike | None = None,
    ) -> IngestEventBatchResponse:
        """Hands over several events at once. The answer means that the server has taken the batch."""
        return await self._unary_unary(_ChaukasClientService_IngestEventBatch, request, timeout, deadline, metadata)

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
        return await self._unary_unary(_ChaukasClientService_QueryEvents, request, timeout, deadline, metadata)

    QueryEvents = query_events


class ChaukasClientServiceBase(ServiceBase):
    """Takes events and gives them back.

    This is the side of Chaukas that instrumented programs speak to.

    Implement its methods in a subclass; those that are left out answer `UNIMPLEMENTED`.
    """

    _methods = (
        _ChaukasClientService_Healthz,
        _ChaukasClientService_GetCapabilities,
        _ChaukasClientService_IngestEvent,
        _ChaukasClientService_IngestEventBatch,
        _ChaukasClientService_QueryEvents,
    )

    async def healthz(self, request: HealthzRequest) -> HealthzResponse | Encoded:
        """Asks whether the service is up. Any answer means yes."""
        raise _ChaukasClientService_Healthz.unimplemented()

    Healthz = healthz

    async def get_capabilities(self, request: GetCapabilitiesRequest) -> GetCapabilitiesResponse | Encoded:
        """Asks what the server can do."""
        raise _ChaukasClientService_GetCapabilities.unimplemented()

    GetCapabilities = get_capabilities

    async def ingest_event(self, request: IngestEventRequest) -> IngestEventResponse | Encoded:
        """Hands over one event. The answer means that the server has taken it."""
        raise _ChaukasClientService_IngestEvent.unimplemented()

    IngestEvent = ingest_event

    async def ingest_event_batch(self, request: IngestEventBatchRequest) -> IngestEventBatchResponse | Encoded:
        """Hands over several events at once. The answer means that the server has taken the batch."""
        raise _ChaukasClientService_IngestEventBatch.unimplemented()

    IngestEventBatch = ingest_event_batch

    async def query_events(self, request: QueryEventsRequest) -> QueryEventsResponse | Encoded:
        """Fetches one page of stored events."""
        raise _ChaukasClientService_QueryEvents.unimplemented()

    QueryEvents = query_events
