# Generated from chaukas/spec/client/v1/client.proto by `python -m codegen`.
# Do not edit: change the proto file and run the command again.
# pyright: reportPrivateUsage=false, reportConstantRedefinition=false
"""The service that programs send their events to, and read them from."""

from __future__ import annotations

from dataclasses import dataclass

from typing_extensions import Never

from chaukas_spec_lite.message.message import Message, attach
from chaukas_spec_lite.wire.fields import field

from . import _client_codec
from ...common.v1.events import Event, EventBatch
from ...common.v1.query import Capabilities, QueryRequest, QueryResponse


@dataclass(init=False, eq=False, repr=False, slots=True)
class HealthzRequest(Message):
    """Request of `Healthz`; it is empty."""

    _full_name = "chaukas.spec.client.v1.HealthzRequest"

    def __init__(self, **misspelt: Never) -> None:
        self._unknown_fields = b""
        if misspelt:
            self._refuse(misspelt)


@dataclass(init=False, eq=False, repr=False, slots=True)
class HealthzResponse(Message):
    """Answer of `Healthz`; it is empty."""

    _full_name = "chaukas.spec.client.v1.HealthzResponse"

    def __init__(self, **misspelt: Never) -> None:
        self._unknown_fields = b""
        if misspelt:
            self._refuse(misspelt)


@dataclass(init=False, eq=False, repr=False, slots=True)
class GetCapabilitiesRequest(Message):
    """Request of `GetCapabilities`; it is empty."""

    _full_name = "chaukas.spec.client.v1.GetCapabilitiesRequest"

    def __init__(self, **misspelt: Never) -> None:
        self._unknown_fields = b""
        if misspelt:
            self._refuse(misspelt)


@dataclass(init=False, eq=False, repr=False, slots=True)
class GetCapabilitiesResponse(Message):
    """Answer of `GetCapabilities`."""

    capabilities: Capabilities | None = field(1, "message", of=lambda: Capabilities)
    """What the server can do."""

    _full_name = "chaukas.spec.client.v1.GetCapabilitiesResponse"

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

    _full_name = "chaukas.spec.client.v1.IngestEventRequest"

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
class IngestEventResponse(Message):
    """Answer of `IngestEvent`; it is empty."""

    _full_name = "chaukas.spec.client.v1.IngestEventResponse"

    def __init__(self, **misspelt: Never) -> None:
        self._unknown_fields = b""
        if misspelt:
            self._refuse(misspelt)


@dataclass(init=False, eq=False, repr=False, slots=True)
class IngestEventBatchRequest(Message):
    """Request of `IngestEventBatch`."""

    event_batch: EventBatch | None = field(1, "message", of=lambda: EventBatch)
    """The events to store."""

    _full_name = "chaukas.spec.client.v1.IngestEventBatchRequest"

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
class IngestEventBatchResponse(Message):
    """Answer of `IngestEventBatch`; it is empty."""

    _full_name = "chaukas.spec.client.v1.IngestEventBatchResponse"

    def __init__(self, **misspelt: Never) -> None:
        self._unknown_fields = b""
        if misspelt:
            self._refuse(misspelt)


@dataclass(init=False, eq=False, repr=False, slots=True)
class QueryEventsRequest(Message):
    """Request of `QueryEvents`."""

    query: QueryRequest | None = field(1, "message", of=lambda: QueryRequest)
    """Which events are wanted, and which page of them."""

    _full_name = "chaukas.spec.client.v1.QueryEventsRequest"

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

    _full_name = "chaukas.spec.client.v1.QueryEventsResponse"

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
    _client_codec,
    HealthzRequest,
    HealthzResponse,
    GetCapabilitiesRequest,
    GetCapabilitiesResponse,
    IngestEventRequest,
    IngestEventResponse,
    IngestEventBatchRequest,
    IngestEventBatchResponse,
    QueryEventsRequest,
    QueryEventsResponse,
    Capabilities=Capabilities,
    Event=Event,
    EventBatch=EventBatch,
    QueryRequest=QueryRequest,
    QueryResponse=QueryResponse,
)
