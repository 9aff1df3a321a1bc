# Generated from chaukas/spec/common/v1/query.proto by `python -m codegen`.
# Do not edit: change the proto file and run the command again.
# pyright: reportPrivateUsage=false, reportUnnecessaryComparison=false, reportConstantRedefinition=false
"""How stored events are asked for, and what a server can do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from typing import Any

from typing_extensions import Never

from chaukas_spec_lite.message import slow_decode
from chaukas_spec_lite.message.message import Message, decoder, encoder, new
from chaukas_spec_lite.spec.google.protobuf.timestamp import Timestamp
from chaukas_spec_lite.wellknown.readers import read_timestamp
from chaukas_spec_lite.wellknown.writers import timestamp
from chaukas_spec_lite.wire.enums import Enum, members
from chaukas_spec_lite.wire.fields import field
from chaukas_spec_lite.wire.format import (
    LONG,
    MAX_DEPTH,
    NO_TEXT,
    NotCanonical,
    SMALL,
    TOO_DEEP,
    VARINTS,
    ZERO,
    more,
    more_length,
)
from chaukas_spec_lite.wire.reading import read_packed, signed
from chaukas_spec_lite.wire.rope import Text, sized
from chaukas_spec_lite.wire.scalars import boolean, enum_varints, enumeration, instance, int32, items, text, unless_zero
from chaukas_spec_lite.wire.window import Content, Window

from .events import Event, EventStatus, EventType, Severity, _decode_Event, _encode_Event


class SortOrder(Enum):
    """The order of a query's events by their timestamps."""

    UNSPECIFIED = 0
    """No order was given: the server chooses; the schema suggests newest first."""
    ASC = 1
    """Oldest first."""
    DESC = 2
    """Newest first."""

    # The same under the schema's own names.
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
        self.types = [] if types is None else types if isinstance(types, list) else list(types)
        self.statuses = [] if statuses is None else statuses if isinstance(statuses, list) else list(statuses)
        self.severities = [] if severities is None else severities if isinstance(severities, list) else list(severities)
        self.tags = [] if tags is None else tags if isinstance(tags, list) else list(tags)
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
        self.events = [] if events is None else events if isinstance(events, list) else list(events)
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


# What the codecs below look up, made once.
_varints_EventType = enum_varints(EventType)
_varints_EventStatus = enum_varints(EventStatus)
_varints_Severity = enum_varints(Severity)
_members_EventType = members(EventType, 64)
_members_EventStatus = members(EventStatus, 6)
_members_Severity = members(Severity, 5)
_tags_QueryFilter = {b"\xa2\x01": 20, b"\xaa\x01": 21, b"\xf2\x01": 30}
_zero_SortOrder = SortOrder(0)
_varints_SortOrder = enum_varints(SortOrder)
_members_SortOrder = members(SortOrder, 3)


# Encoders build latin-1 text, see chaukas_spec_lite.wire.format. Decoders read what encoders write, leave the
# rest to chaukas_spec_lite.message.slow_decode: `h` is a tag and the byte behind it, or a tag of two.


@encoder(TimeRange)
def _encode_TimeRange(m: TimeRange, depth: int) -> Text:
    if depth > MAX_DEPTH:
        raise ValueError(TOO_DEEP)
    out: Text = ""
    v: Any
    s: Text
    if (v := m.start) is not None:
        s = timestamp(v, depth + 1)
        n = len(s)
        out += f"\n{VARINTS[n]}{s}" if n < SMALL else sized("\n", s)
    if (v := m.end) is not None:
        s = timestamp(v, depth + 1)
        n = len(s)
        out += f"\x12{VARINTS[n]}{s}" if n < SMALL else sized("\x12", s)
    if m._unknown_fields:
        out += m._unknown_fields.decode("latin-1")
    return out


@decoder(TimeRange)
def _decode_TimeRange(data: Content, depth: int) -> TimeRange:
    if depth > MAX_DEPTH:
        raise NotCanonical
    m = new(TimeRange)
    m._unknown_fields = b""
    m.start = m.end = None
    rest = b""
    read = data.read if isinstance(data, Window) else BytesIO(data).read
    b: Content = b""
    n: int = 0
    h = read(2)
    while h:
        t = h[0]
        if t == 10:  # start
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n)
            m.start = read_timestamp(b, depth + 1)
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 18:  # end
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n)
            m.end = read_timestamp(b, depth + 1)
            h = read(2)
            if not h:
                break
            t = h[0]
        rest = h + read()
        break
    if len(b) != n:
        raise NotCanonical
    if rest:
        slow_decode.merge(m, rest, depth)
    return m


@encoder(QueryFilter)
def _encode_QueryFilter(m: QueryFilter, depth: int) -> Text:
    if depth > MAX_DEPTH:
        raise ValueError(TOO_DEEP)
    out: Text = ""
    v: Any
    s: Text
    if (v := m.tenant_id) is not NO_TEXT and v is not None:
        if v.__class__ is not str or not v.isascii():
            v = text(v)
        if n := len(v):
            out += f"\n{VARINTS[n]}{v}" if n < SMALL else sized("\n", v)
    if (v := m.project_id) is not NO_TEXT and v is not None:
        if v.__class__ is not str or not v.isascii():
            v = text(v)
        if n := len(v):
            out += f"\x12{VARINTS[n]}{v}" if n < SMALL else sized("\x12", v)
    if (v := m.session_id) is not NO_TEXT and v is not None:
        if v.__class__ is not str or not v.isascii():
            v = text(v)
        if n := len(v):
            out += f"\x1a{VARINTS[n]}{v}" if n < SMALL else sized("\x1a", v)
    if (v := m.agent_id) is not NO_TEXT and v is not None:
        if v.__class__ is not str or not v.isascii():
            v = text(v)
        if n := len(v):
            out += f"\"{VARINTS[n]}{v}" if n < SMALL else sized("\"", v)
    if (v := m.span_id) is not NO_TEXT and v is not None:
        if v.__class__ is not str or not v.isascii():
            v = text(v)
        if n := len(v):
            out += f"*{VARINTS[n]}{v}" if n < SMALL else sized("*", v)
    if (v := m.trace_id) is not NO_TEXT and v is not None:
        if v.__class__ is not str or not v.isascii():
            v = text(v)
        if n := len(v):
            out += f"2{VARINTS[n]}{v}" if n < SMALL else sized("2", v)
    if (v := m.types) or v.__class__ is not list:
        s = "".join([
            one.__class__ is EventType
            and _varints_EventType.get(one)
            or enumeration(one, EventType)
            for one in (v if v.__class__ is list else items(v))
        ])
        if n := len(s):
            out += f"R{VARINTS[n]}{s}" if n < SMALL else sized("R", s)
    if (v := m.statuses) or v.__class__ is not list:
        s = "".join([
            one.__class__ is EventStatus
            and _varints_EventStatus.get(one)
            or enumeration(one, EventStatus)
            for one in (v if v.__class__ is list else items(v))
        ])
        if n := len(s):
            out += f"Z{VARINTS[n]}{s}" if n < SMALL else sized("Z", s)
    if (v := m.severities) or v.__class__ is not list:
        s = "".join([
            one.__class__ is Severity
            and _varints_Severity.get(one)
            or enumeration(one, Severity)
            for one in (v if v.__class__ is list else items(v))
        ])
        if n := len(s):
            out += f"b{VARINTS[n]}{s}" if n < SMALL else sized("b", s)
    if (v := m.tags) or v.__class__ is not list:
        for v in (v if v.__class__ is list else items(v)):
            if v.__class__ is not str or not v.isascii():
                v = text(v)
            n = len(v)
            out += f"\xa2\x01{VARINTS[n]}{v}" if n < SMALL else sized("\xa2\x01", v)
    if (v := m.text_query) is not NO_TEXT and v is not None:
        if v.__class__ is not str or not v.isascii():
            v = text(v)
        if n := len(v):
            out += f"\xaa\x01{VARINTS[n]}{v}" if n < SMALL else sized("\xaa\x01", v)
    if (v := m.time) is not None:
        if v.__class__ is not TimeRange:
            instance(v, TimeRange)
        s = _encode_TimeRange(v, depth + 1)
        n = len(s)
        out += f"\xf2\x01{VARINTS[n]}{s}" if n < SMALL else sized("\xf2\x01", s)
    if m._unknown_fields:
        out += m._unknown_fields.decode("latin-1")
    return out


@decoder(QueryFilter)
def _decode_QueryFilter(data: Content, depth: int) -> QueryFilter:
    if depth > MAX_DEPTH:
        raise NotCanonical
    m = new(QueryFilter)
    m.types = []
    m.statuses = []
    m.severities = []
    m.tags = []
    m._unknown_fields = b""
    m.tenant_id = m.project_id = m.session_id = m.agent_id = m.span_id = m.trace_id = m.text_query = ""
    m.time = None
    rest = b""
    read = data.read if isinstance(data, Window) else BytesIO(data).read
    b: Content = b""
    n: int = 0
    h = read(2)
    while h:
        t = h[0]
        if t == 10:  # tenant_id
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n)
            m.tenant_id = b.decode()
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 18:  # project_id
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n)
            m.project_id = b.decode()
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 26:  # session_id
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n)
            m.session_id = b.decode()
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 34:  # agent_id
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n)
            m.agent_id = b.decode()
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 42:  # span_id
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n)
            m.span_id = b.decode()
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 50:  # trace_id
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n)
            m.trace_id = b.decode()
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 82:  # types
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n)
            m.types.extend(
                _members_EventType[v]
                if 0 <= v < 64
                else EventType(v)
                for v in read_packed("enum", b, 0, len(b))
            )
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 90:  # statuses
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n)
            m.statuses.extend(
                _members_EventStatus[v]
                if 0 <= v < 6
                else EventStatus(v)
                for v in read_packed("enum", b, 0, len(b))
            )
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 98:  # severities
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n)
            m.severities.extend(
                _members_Severity[v]
                if 0 <= v < 5
                else Severity(v)
                for v in read_packed("enum", b, 0, len(b))
            )
            h = read(2)
            if not h:
                break
            t = h[0]
        t = _tags_QueryFilter.get(h, 0)
        while t == 20:  # tags
            n = read(1)[0]
            if n > 127:
                n = more_length(n, read)
            b = read(n)
            m.tags.append(b.decode())
            h = read(2)
            if not h:
                break
            t = _tags_QueryFilter.get(h, 0)
        if not h:
            break
        if t == 21:  # text_query
            n = read(1)[0]
            if n > 127:
                n = more_length(n, read)
            b = read(n)
            m.text_query = b.decode()
            h = read(2)
            if not h:
                break
            t = _tags_QueryFilter.get(h, 0)
        if t == 30:  # time
            n = read(1)[0]
            if n > 127:
                n = more_length(n, read)
            b = read(n) if n < LONG else Window(read, n)
            m.time = _decode_TimeRange(b, depth + 1)
            h = read(2)
            if not h:
                break
            t = _tags_QueryFilter.get(h, 0)
        rest = h + read()
        break
    if len(b) != n:
        raise NotCanonical
    if rest:
        slow_decode.merge(m, rest, depth)
    return m


@encoder(QueryRequest)
def _encode_QueryRequest(m: QueryRequest, depth: int) -> Text:
    if depth > MAX_DEPTH:
        raise ValueError(TOO_DEEP)
    out: Text = ""
    v: Any
    s: Text
    if (v := m.filter) is not None:
        if v.__class__ is not QueryFilter:
            instance(v, QueryFilter)
        s = _encode_QueryFilter(v, depth + 1)
        n = len(s)
        out += f"\n{VARINTS[n]}{s}" if n < SMALL else sized("\n", s)
    if (v := m.page_size) is not ZERO and v is not None:
        out += f"\x10{VARINTS[v]}" if v.__class__ is int and 0 < v < SMALL else unless_zero("\x10", int32(v))
    if (v := m.page_token) is not NO_TEXT and v is not None:
        if v.__class__ is not str or not v.isascii():
            v = text(v)
        if n := len(v):
            out += f"\x1a{VARINTS[n]}{v}" if n < SMALL else sized("\x1a", v)
    if (v := m.order_by_time) is not _zero_SortOrder and v is not None:
        s = v.__class__ is SortOrder and _varints_SortOrder.get(v) or enumeration(v, SortOrder)
        if s != "\0":
            out += f" {s}"
    if m._unknown_fields:
        out += m._unknown_fields.decode("latin-1")
    return out


@decoder(QueryRequest)
def _decode_QueryRequest(data: Content, depth: int) -> QueryRequest:
    if depth > MAX_DEPTH:
        raise NotCanonical
    m = new(QueryRequest)
    m._unknown_fields = b""
    m.filter = None
    m.page_size = 0
    m.page_token = ""
    m.order_by_time = _zero_SortOrder
    rest = b""
    read = data.read if isinstance(data, Window) else BytesIO(data).read
    b: Content = b""
    n: int = 0
    h = read(2)
    while h:
        t = h[0]
        if t == 10:  # filter
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n) if n < LONG else Window(read, n)
            m.filter = _decode_QueryFilter(b, depth + 1)
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 16:  # page_size
            v = h[1]
            if v > 127:
                v = signed(more(v, read), 32)
            m.page_size = v
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 26:  # page_token
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n)
            m.page_token = b.decode()
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 32:  # order_by_time
            v = h[1]
            if v > 127:
                v = signed(more(v, read), 32)
            m.order_by_time = _members_SortOrder[v] if 0 <= v < 3 else SortOrder(v)
            h = read(2)
            if not h:
                break
            t = h[0]
        rest = h + read()
        break
    if len(b) != n:
        raise NotCanonical
    if rest:
        slow_decode.merge(m, rest, depth)
    return m


@encoder(QueryResponse)
def _encode_QueryResponse(m: QueryResponse, depth: int) -> Text:
    if depth > MAX_DEPTH:
        raise ValueError(TOO_DEEP)
    out: Text = ""
    v: Any
    s: Text
    if (v := m.events) or v.__class__ is not list:
        for v in (v if v.__class__ is list else items(v)):
            if v.__class__ is not Event:
                instance(v, Event)
            s = _encode_Event(v, depth + 1)
            n = len(s)
            out += f"\n{VARINTS[n]}{s}" if n < SMALL else sized("\n", s)
    if (v := m.next_page_token) is not NO_TEXT and v is not None:
        if v.__class__ is not str or not v.isascii():
            v = text(v)
        if n := len(v):
            out += f"\x12{VARINTS[n]}{v}" if n < SMALL else sized("\x12", v)
    if m._unknown_fields:
        out += m._unknown_fields.decode("latin-1")
    return out


@decoder(QueryResponse)
def _decode_QueryResponse(data: Content, depth: int) -> QueryResponse:
    if depth > MAX_DEPTH:
        raise NotCanonical
    m = new(QueryResponse)
    m.events = []
    m._unknown_fields = b""
    m.next_page_token = ""
    rest = b""
    read = data.read if isinstance(data, Window) else BytesIO(data).read
    b: Content = b""
    n: int = 0
    h = read(2)
    while h:
        t = h[0]
        while t == 10:  # events
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n) if n < LONG else Window(read, n)
            m.events.append(_decode_Event(b, depth + 1))
            h = read(2)
            if not h:
                break
            t = h[0]
        if not h:
            break
        if t == 18:  # next_page_token
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n)
            m.next_page_token = b.decode()
            h = read(2)
            if not h:
                break
            t = h[0]
        rest = h + read()
        break
    if len(b) != n:
        raise NotCanonical
    if rest:
        slow_decode.merge(m, rest, depth)
    return m


@encoder(Capabilities)
def _encode_Capabilities(m: Capabilities, depth: int) -> Text:
    if depth > MAX_DEPTH:
        raise ValueError(TOO_DEEP)
    out: Text = ""
    v: Any
    if (v := m.worm_retention) is not False and v is not None:
        out += "\x08\x01" if v is True else unless_zero("\x08", boolean(v))
    if (v := m.audit_proofs) is not False and v is not None:
        out += "\x10\x01" if v is True else unless_zero("\x10", boolean(v))
    if (v := m.distributed_query) is not False and v is not None:
        out += "\x18\x01" if v is True else unless_zero("\x18", boolean(v))
    if (v := m.rbac) is not False and v is not None:
        out += " \x01" if v is True else unless_zero(" ", boolean(v))
    if (v := m.sso) is not False and v is not None:
        out += "(\x01" if v is True else unless_zero("(", boolean(v))
    if (v := m.policy_decisions) is not False and v is not None:
        out += "0\x01" if v is True else unless_zero("0", boolean(v))
    if (v := m.data_access_events) is not False and v is not None:
        out += "8\x01" if v is True else unless_zero("8", boolean(v))
    if m._unknown_fields:
        out += m._unknown_fields.decode("latin-1")
    return out


@decoder(Capabilities)
def _decode_Capabilities(data: Content, depth: int) -> Capabilities:
    if depth > MAX_DEPTH:
        raise NotCanonical
    m = new(Capabilities)
    m._unknown_fields = b""
    m.worm_retention = m.audit_proofs = m.distributed_query = m.rbac = m.sso = m.policy_decisions = False
    m.data_access_events = False
    rest = b""
    read = data.read if isinstance(data, Window) else BytesIO(data).read
    h = read(2)
    while h:
        t = h[0]
        if t == 8:  # worm_retention
            v = h[1]
            if v > 127:
                v = more(v, read)
            m.worm_retention = v != 0
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 16:  # audit_proofs
            v = h[1]
            if v > 127:
                v = more(v, read)
            m.audit_proofs = v != 0
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 24:  # distributed_query
            v = h[1]
            if v > 127:
                v = more(v, read)
            m.distributed_query = v != 0
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 32:  # rbac
            v = h[1]
            if v > 127:
                v = more(v, read)
            m.rbac = v != 0
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 40:  # sso
            v = h[1]
            if v > 127:
                v = more(v, read)
            m.sso = v != 0
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 48:  # policy_decisions
            v = h[1]
            if v > 127:
                v = more(v, read)
            m.policy_decisions = v != 0
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 56:  # data_access_events
            v = h[1]
            if v > 127:
                v = more(v, read)
            m.data_access_events = v != 0
            h = read(2)
            if not h:
                break
            t = h[0]
        rest = h + read()
        break
    if rest:
        slow_decode.merge(m, rest, depth)
    return m
