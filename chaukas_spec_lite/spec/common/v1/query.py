# Generated from chaukas/spec/common/v1/query.proto by `python -m codegen`.
# Do not edit: change the proto file and run the command again.
# pyright: reportPrivateUsage=false, reportConstantRedefinition=false
"""How stored events are asked for, and what a server can do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from typing_extensions import Never

from chaukas_spec_lite.message.arguments import listed, member, members_listed
from chaukas_spec_lite.message.message import Message, attach
from chaukas_spec_lite.spec.google.protobuf.timestamp import Timestamp
from chaukas_spec_lite.wire.enums import Enum
from chaukas_spec_lite.wire.fields import field

from . import _query_codec
from .events import Event, EventStatus, EventType, Severity


class SortOrder(Enum):
    """The order of a query's events by their timestamps."""

    UNSPECIFIED = 0
    """No order was given: the server chooses; the schema suggests newest first."""
    ASC = 1
    """Oldest first."""
    DESC = 2
    """Newest first."""

    # Aliases: the schema's own names.
    SORT_ORDER_UNSPECIFIED = 0
    SORT_ORDER_ASC = 1
    SORT_ORDER_DESC = 2

    @classmethod
    def betterproto_value_to_renamed_proto_names(cls) -> dict[int, str]:
        """Map each number to the schema's name for it."""
        return {0: "SORT_ORDER_UNSPECIFIED", 1: "SORT_ORDER_ASC", 2: "SORT_ORDER_DESC"}


SORT_ORDER_UNSPECIFIED = SortOrder.UNSPECIFIED
SORT_ORDER_ASC = SortOrder.ASC
SORT_ORDER_DESC = SortOrder.DESC


@dataclass(init=False, eq=False, repr=False, slots=True)
class TimeRange(Message):
    """A span of time; either end may be left open."""

    start: datetime | None = field(1, "google.protobuf.Timestamp", of=lambda: Timestamp)
    """Where the range begins. Unset: as far back as there are events."""
    end: datetime | None = field(2, "google.protobuf.Timestamp", of=lambda: Timestamp)
    """Where the range ends. Unset: up to the newest event."""

    _full_name = "chaukas.spec.common.v1.TimeRange"

    def __init__(
        self,
        start: datetime | None = None,
        end: datetime | None = None,
        **misspelt: Never,
    ) -> None:
        self.start = start
        self.end = end
        self._unknown_fields = b""
        if misspelt:
            self._refuse(misspelt)


@dataclass(init=False, eq=False, repr=False, slots=True)
class QueryFilter(Message):
    """Which events are wanted.

    An event must meet every condition that is set; an empty field sets none.
    """

    tenant_id: str = field(1, "string")
    """Only events of this tenant."""
    project_id: str = field(2, "string")
    """Only events of this project."""
    session_id: str = field(3, "string")
    """Only events of this session."""
    agent_id: str = field(4, "string")
    """Only events of this agent."""
    span_id: str = field(5, "string")
    """Only events of this span."""
    trace_id: str = field(6, "string")
    """Only events of this trace."""
    types: list[EventType] = field(10, "enum", of=lambda: EventType, repeated=True, packed=True)
    """Only events of one of these types."""
    statuses: list[EventStatus] = field(11, "enum", of=lambda: EventStatus, repeated=True, packed=True)
    """Only events with one of these statuses."""
    severities: list[Severity] = field(12, "enum", of=lambda: Severity, repeated=True, packed=True)
    """Only events with one of these severities."""
    tags: list[str] = field(20, "string", repeated=True)
    """Only events with these tags, such as `env:prod`."""
    text_query: str = field(21, "string")
    """Only events with this text. Where and how it is looked for is up to the server."""
    time: TimeRange | None = field(30, "message", of=lambda: TimeRange)
    """Only events whose `timestamp` lies in this range."""

    _full_name = "chaukas.spec.common.v1.QueryFilter"

    def __init__(
        self,
        tenant_id: str | None = "",
        project_id: str | None = "",
        session_id: str | None = "",
        agent_id: str | None = "",
        span_id: str | None = "",
        trace_id: str | None = "",
        types: Iterable[EventType] | None = None,
        statuses: Iterable[EventStatus] | None = None,
        severities: Iterable[Severity] | None = None,
        tags: Iterable[str] | None = None,
        text_query: str | None = "",
        time: TimeRange | None = None,
        **misspelt: Never,
    ) -> None:
        self.tenant_id = "" if tenant_id is None else tenant_id
        self.project_id = "" if project_id is None else project_id
        self.session_id = "" if session_id is None else session_id
        self.agent_id = "" if agent_id is None else agent_id
        self.span_id = "" if span_id is None else span_id
        self.trace_id = "" if trace_id is None else trace_id
        self.types = [] if types is None else members_listed(self, "types", types, EventType)
        self.statuses = [] if statuses is None else members_listed(self, "statuses", statuses, EventStatus)
        self.severities = [] if severities is None else members_listed(self, "severities", severities, Severity)
        self.tags = [] if tags is None else tags if isinstance(tags, list) else listed(self, "tags", tags)
        self.text_query = "" if text_query is None else text_query
        self.time = time
        self._unknown_fields = b""
        if misspelt:
            self._refuse(misspelt)


@dataclass(init=False, eq=False, repr=False, slots=True)
class QueryRequest(Message):
    """A query for one page of events."""

    filter: QueryFilter | None = field(1, "message", of=lambda: QueryFilter)
    """Which events are wanted. Unset: all."""
    page_size: int = field(2, "int32")
    """Largest number of events in the answer. 0 leaves it to the server, commonly 100; a server may cap it, say
    at 1000.
    """
    page_token: str = field(3, "string")
    """Where to go on: the `next_page_token` of the page before. Empty for the first page."""
    order_by_time: SortOrder = field(4, "enum", of=lambda: SortOrder)
    """The order of the events."""

    _full_name = "chaukas.spec.common.v1.QueryRequest"

    def __init__(
        self,
        filter: QueryFilter | None = None,
        page_size: int | None = 0,
        page_token: str | None = "",
        order_by_time: SortOrder | None = SortOrder.UNSPECIFIED,
        **misspelt: Never,
    ) -> None:
        self.filter = filter
        self.page_size = 0 if page_size is None else page_size
        self.page_token = "" if page_token is None else page_token
        self.order_by_time = SortOrder.UNSPECIFIED if order_by_time is None else order_by_time
        if order_by_time.__class__ is not SortOrder and order_by_time is not None:
            self.order_by_time = member(self, "order_by_time", order_by_time, SortOrder)
        self._unknown_fields = b""
        if misspelt:
            self._refuse(misspelt)


@dataclass(init=False, eq=False, repr=False, slots=True)
class QueryResponse(Message):
    """One page of events."""

    events: list[Event] = field(1, "message", of=lambda: Event, repeated=True)
    """The events, in the order that was asked for."""
    next_page_token: str = field(2, "string")
    """Send it as `page_token` to get the next page. Empty on the last one."""

    _full_name = "chaukas.spec.common.v1.QueryResponse"

    def __init__(
        self,
        events: Iterable[Event] | None = None,
        next_page_token: str | None = "",
        **misspelt: Never,
    ) -> None:
        self.events = [] if events is None else events if isinstance(events, list) else listed(self, "events", events)
        self.next_page_token = "" if next_page_token is None else next_page_token
        self._unknown_fields = b""
        if misspelt:
            self._refuse(misspelt)


@dataclass(init=False, eq=False, repr=False, slots=True)
class Capabilities(Message):
    """What a server can do."""

    worm_retention: bool = field(1, "bool")
    """It stores events so that they cannot be altered or removed (write once, read many)."""
    audit_proofs: bool = field(2, "bool")
    """It can prove that what it stores is what was sent."""
    distributed_query: bool = field(3, "bool")
    """It answers queries across several stores."""
    rbac: bool = field(4, "bool")
    """It grants access by role."""
    sso: bool = field(5, "bool")
    """It offers single sign-on."""
    policy_decisions: bool = field(6, "bool")
    """It takes `POLICY_DECISION` events."""
    data_access_events: bool = field(7, "bool")
    """It takes `DATA_ACCESS` events."""

    _full_name = "chaukas.spec.common.v1.Capabilities"

    def __init__(
        self,
        worm_retention: bool | None = False,
        audit_proofs: bool | None = False,
        distributed_query: bool | None = False,
        rbac: bool | None = False,
        sso: bool | None = False,
        policy_decisions: bool | None = False,
        data_access_events: bool | None = False,
        **misspelt: Never,
    ) -> None:
        self.worm_retention = False if worm_retention is None else worm_retention
        self.audit_proofs = False if audit_proofs is None else audit_proofs
        self.distributed_query = False if distributed_query is None else distributed_query
        self.rbac = False if rbac is None else rbac
        self.sso = False if sso is None else sso
        self.policy_decisions = False if policy_decisions is None else policy_decisions
        self.data_access_events = False if data_access_events is None else data_access_events
        self._unknown_fields = b""
        if misspelt:
            self._refuse(misspelt)


# The module of codecs needs these classes, but cannot import them: this module imports it.
attach(
    _query_codec,
    TimeRange,
    QueryFilter,
    QueryRequest,
    QueryResponse,
    Capabilities,
    SortOrder,
    Event=Event,
    EventStatus=EventStatus,
    EventType=EventType,
    Severity=Severity,
)
