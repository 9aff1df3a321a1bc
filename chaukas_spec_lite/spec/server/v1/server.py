# Generated from chaukas/spec/server/v1/server.proto by `python -m codegen`.
# Do not edit: change the proto file and run the command again.
# pyright: reportPrivateUsage=false, reportConstantRedefinition=false
"""The service as platforms implement it: like the client's, with answers that say more, and statistics."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from typing_extensions import Never

from chaukas_spec_lite.message.arguments import listed, mapped
from chaukas_spec_lite.message.message import Message, attach
from chaukas_spec_lite.wire.fields import field

from . import _server_codec
from ...common.v1.events import Event, EventBatch
from ...common.v1.query import Capabilities, QueryRequest, QueryResponse, TimeRange


@dataclass(init=False, eq=False, repr=False, slots=True)
class IngestEventResponse(Message):
    """Answer of `IngestEvent`."""

    event_id: str = field(1, "string")
    """The `Event.event_id` of the event."""
    status: str = field(2, "string")
    """What became of it, such as `accepted`."""
    processed_at: int = field(3, "int64")
    """When the server dealt with it. The schema fixes neither epoch nor unit: agree on them."""

    _full_name = "chaukas.spec.server.v1.IngestEventResponse"

    def __init__(
        self,
        event_id: str | None = "",
        status: str | None = "",
        processed_at: int | None = 0,
        **misspelt: Never,
    ) -> None:
        self.event_id = "" if event_id is None else event_id
        self.status = "" if status is None else status
        self.processed_at = 0 if processed_at is None else processed_at
        self._unknown_fields = b""
        if misspelt:
            self._refuse(misspelt)


@dataclass(init=False, eq=False, repr=False, slots=True)
class IngestEventBatchResponse(Message):
    """Answer of `IngestEventBatch`."""

    batch_id: str = field(1, "string")
    """The `EventBatch.batch_id` of the batch."""
    accepted_count: int = field(2, "int32")
    """Number of events that were accepted."""
    rejected_count: int = field(3, "int32")
    """Number of events that were rejected."""
    rejected_event_ids: list[str] = field(4, "string", repeated=True)
    """The `Event.event_id` of each event that was rejected."""

    _full_name = "chaukas.spec.server.v1.IngestEventBatchResponse"

    def __init__(
        self,
        batch_id: str | None = "",
        accepted_count: int | None = 0,
        rejected_count: int | None = 0,
        rejected_event_ids: Iterable[str] | None = None,
        **misspelt: Never,
    ) -> None:
        self.batch_id = "" if batch_id is None else batch_id
        self.accepted_count = 0 if accepted_count is None else accepted_count
        self.rejected_count = 0 if rejected_count is None else rejected_count
        self.rejected_event_ids = (
            [] if rejected_event_ids is None
            else rejected_event_ids if isinstance(rejected_event_ids, list)
            else listed(self, "rejected_event_ids", rejected_event_ids)
        )
        self._unknown_fields = b""
        if misspelt:
            self._refuse(misspelt)


@dataclass(init=False, eq=False, repr=False, slots=True)
class GetEventStatsRequest(Message):
    """Request of `GetEventStats`."""

    tenant_id: str = field(1, "string")
    """Only events of this tenant."""
    project_id: str = field(2, "string")
    """Only events of this project."""
    time_range: TimeRange | None = field(3, "message", of=lambda: TimeRange)
    """Only events whose `timestamp` lies in this range."""

    _full_name = "chaukas.spec.server.v1.GetEventStatsRequest"

    def __init__(
        self,
        tenant_id: str | None = "",
        project_id: str | None = "",
        time_range: TimeRange | None = None,
        **misspelt: Never,
    ) -> None:
        self.tenant_id = "" if tenant_id is None else tenant_id
        self.project_id = "" if project_id is None else project_id
        self.time_range = time_range
        self._unknown_fields = b""
        if misspelt:
            self._refuse(misspelt)


@dataclass(init=False, eq=False, repr=False, slots=True)
class GetEventStatsResponse(Message):
    """Answer of `GetEventStats`."""

    total_events: int = field(1, "int64")
    """Number of events."""
    total_sessions: int = field(2, "int64")
    """Number of sessions that they belong to."""
    events_by_type: dict[str, int] = field(3, "int64", key="string")
    """Number of events by type, such as `{"EVENT_TYPE_ERROR": 3}`. The schema does not fix how keys are spelt."""
    avg_session_duration_ms: float = field(4, "double")
    """Mean duration of the sessions, in milliseconds."""

    _full_name = "chaukas.spec.server.v1.GetEventStatsResponse"

    def __init__(
        self,
        total_events: int | None = 0,
        total_sessions: int | None = 0,
        events_by_type: Mapping[str, int] | None = None,
        avg_session_duration_ms: float | None = 0.0,
        **misspelt: Never,
    ) -> None:
        self.total_events = 0 if total_events is None else total_events
        self.total_sessions = 0 if total_sessions is None else total_sessions
        self.events_by_type = (
            {} if events_by_type is None
            else events_by_type if isinstance(events_by_type, dict)
            else mapped(self, "events_by_type", events_by_type)
        )
        self.avg_session_duration_ms = 0.0 if avg_session_duration_ms is None else avg_session_duration_ms
        self._unknown_fields = b""
        if misspelt:
            self._refuse(misspelt)


@dataclass(init=False, eq=False, repr=False, slots=True)
class HealthzRequest(Message):
    """Request of `Healthz`; it is empty."""

    _full_name = "chaukas.spec.server.v1.HealthzRequest"

    def __init__(self, **misspelt: Never) -> None:
        self._unknown_fields = b""
        if misspelt:
            self._refuse(misspelt)


@dataclass(init=False, eq=False, repr=False, slots=True)
class HealthzResponse(Message):
    """Answer of `Healthz`; it is empty."""

    _full_name = "chaukas.spec.server.v1.HealthzResponse"

    def __init__(self, **misspelt: Never) -> None:
        self._unknown_fields = b""
        if misspelt:
            self._refuse(misspelt)


@dataclass(init=False, eq=False, repr=False, slots=True)
class GetCapabilitiesRequest(Message):
    """Request of `GetCapabilities`; it is empty."""

    _full_name = "chaukas.spec.server.v1.GetCapabilitiesRequest"

    def __init__(self, **misspelt: Never) -> None:
        self._unknown_fields = b""
        if misspelt:
            self._refuse(misspelt)


@dataclass(init=False, eq=False, repr=False, slots=True)
class GetCapabilitiesResponse(Message):
    """Answer of `GetCapabilities`."""

    capabilities: Capabilities | None = field(1, "message", of=lambda: Capabilities)
    """What the server can do."""

    _full_name = "chaukas.spec.server.v1.GetCapabilitiesResponse"

    def __init__(
        self,
        capabilities: Capabilities | None = None,
        **misspelt: Never,
    ) -> None:
        self.capabilities = capabilities
        self._unknown_fields = b""
        if misspelt:
            self._refuse(misspelt)


@dataclass(init=False, eq=False, repr=False, slots=True)
class IngestEventRequest(Message):
    """Request of `IngestEvent`."""

    event: Event | None = field(1, "message", of=lambda: Event)
    """The event to store."""

    _full_name = "chaukas.spec.server.v1.IngestEventRequest"

    def __init__(
        self,
        event: Event | None = None,
        **misspelt: Never,
    ) -> None:
        self.event = event
        self._unknown_fields = b""
        if misspelt:
            self._refuse(misspelt)


@dataclass(init=False, eq=False, repr=False, slots=True)
class IngestEventBatchRequest(Message):
    """Request of `IngestEventBatch`."""

    event_batch: EventBatch | None = field(1, "message", of=lambda: EventBatch)
    """The events to store."""

    _full_name = "chaukas.spec.server.v1.IngestEventBatchRequest"

    def __init__(
        self,
        event_batch: EventBatch | None = None,
        **misspelt: Never,
    ) -> None:
        self.event_batch = event_batch
        self._unknown_fields = b""
        if misspelt:
            self._refuse(misspelt)


@dataclass(init=False, eq=False, repr=False, slots=True)
class QueryEventsRequest(Message):
    """Request of `QueryEvents`."""

    query: QueryRequest | None = field(1, "message", of=lambda: QueryRequest)
    """Which events are wanted, and which page of them."""

    _full_name = "chaukas.spec.server.v1.QueryEventsRequest"

    def __init__(
        self,
        query: QueryRequest | None = None,
        **misspelt: Never,
    ) -> None:
        self.query = query
        self._unknown_fields = b""
        if misspelt:
            self._refuse(misspelt)


@dataclass(init=False, eq=False, repr=False, slots=True)
class QueryEventsResponse(Message):
    """Answer of `QueryEvents`."""

    response: QueryResponse | None = field(1, "message", of=lambda: QueryResponse)
    """The page of events."""

    _full_name = "chaukas.spec.server.v1.QueryEventsResponse"

    def __init__(
        self,
        response: QueryResponse | None = None,
        **misspelt: Never,
    ) -> None:
        self.response = response
        self._unknown_fields = b""
        if misspelt:
            self._refuse(misspelt)


# The module of codecs needs these classes, but cannot import them: this module imports it.
attach(
    _server_codec,
    IngestEventResponse,
    IngestEventBatchResponse,
    GetEventStatsRequest,
    GetEventStatsResponse,
    HealthzRequest,
    HealthzResponse,
    GetCapabilitiesRequest,
    GetCapabilitiesResponse,
    IngestEventRequest,
    IngestEventBatchRequest,
    QueryEventsRequest,
    QueryEventsResponse,
    Capabilities=Capabilities,
    Event=Event,
    EventBatch=EventBatch,
    QueryRequest=QueryRequest,
    QueryResponse=QueryResponse,
    TimeRange=TimeRange,
)
