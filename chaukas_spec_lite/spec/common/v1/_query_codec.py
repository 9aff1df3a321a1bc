# Generated from chaukas/spec/common/v1/query.proto by `python -m codegen`.
# Do not edit: change the proto file and run the command again.
# pyright: reportPrivateUsage=false, reportUnnecessaryComparison=false, reportUnusedFunction=false
"""The codecs of the messages in chaukas/spec/common/v1/query.proto.

Encoders build latin-1 text (`chaukas_spec_lite.wire.format`). Decoders read what encoders usually write: `h` holds a
tag of one byte and the byte after it, or a tag of two bytes. Anything else they leave to
`chaukas_spec_lite.message.slow_decode`.
"""

from __future__ import annotations

from io import BytesIO
from typing import Any, TYPE_CHECKING

from chaukas_spec_lite.message import slow_decode
from chaukas_spec_lite.message.record import new
from chaukas_spec_lite.wellknown.readers import read_timestamp
from chaukas_spec_lite.wellknown.writers import timestamp
from chaukas_spec_lite.wire.enums import members
from chaukas_spec_lite.wire.format import (
    LONG,
    MAX_DEPTH,
    NO_TEXT,
    NotCanonical,
    SMALL,
    TOO_DEEP,
    Table,
    VARINTS,
    ZERO,
    more,
    more_length,
)
from chaukas_spec_lite.wire.reading import read_packed, signed
from chaukas_spec_lite.wire.rope import Text, sized
from chaukas_spec_lite.wire.scalars import boolean, enum_varints, enumeration, instance, int32, items, text, unless_zero
from chaukas_spec_lite.wire.window import Content, Window

from ._events_codec import _decode_Event, _encode_Event

if TYPE_CHECKING:
    # At run time, `attach` puts these classes into this module: their own modules import it.
    from .events import Event, EventStatus, EventType, Severity
    from .query import Capabilities, QueryFilter, QueryRequest, QueryResponse, SortOrder, TimeRange


# What the codecs look up, made once.
_tags_QueryFilter = {b"\xa2\x01": 20, b"\xaa\x01": 21, b"\xf2\x01": 30}
_varints_EventType: dict[int, str]
_varints_EventStatus: dict[int, str]
_varints_Severity: dict[int, str]
_members_EventType: Table[EventType]
_members_EventStatus: Table[EventStatus]
_members_Severity: Table[Severity]
_zero_SortOrder: SortOrder
_varints_SortOrder: dict[int, str]
_members_SortOrder: Table[SortOrder]


def _make_tables() -> None:
    """Make what depends on the classes. `attach` calls this once the classes are here."""
    global _varints_EventType, _varints_EventStatus, _varints_Severity, _members_EventType, _members_EventStatus
    global _members_Severity, _zero_SortOrder, _varints_SortOrder, _members_SortOrder
    _varints_EventType = enum_varints(EventType)
    _varints_EventStatus = enum_varints(EventStatus)
    _varints_Severity = enum_varints(Severity)
    _members_EventType = members(EventType, 64)
    _members_EventStatus = members(EventStatus, 6)
    _members_Severity = members(Severity, 5)
    _zero_SortOrder = SortOrder(0)
    _varints_SortOrder = enum_varints(SortOrder)
    _members_SortOrder = members(SortOrder, 3)


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
