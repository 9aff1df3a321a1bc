# Generated from chaukas/spec/server/v1/server.proto by `python -m codegen`.
# Do not edit: change the proto file and run the command again.
# pyright: reportPrivateUsage=false, reportUnnecessaryComparison=false, reportUnusedFunction=false
"""The codecs of the messages in chaukas/spec/server/v1/server.proto.

Encoders build latin-1 text (`chaukas_spec_lite.wire.format`). Decoders read what encoders usually write: `h` holds a
tag of one byte and the byte after it, or a tag of two bytes. Anything else they leave to
`chaukas_spec_lite.message.slow_decode`.
"""

from __future__ import annotations

from io import BytesIO
from typing import Any, TYPE_CHECKING

from chaukas_spec_lite.message import slow_decode
from chaukas_spec_lite.message.record import new
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
    pack_double,
    unpack_behind_1_double,
)
from chaukas_spec_lite.wire.reading import signed
from chaukas_spec_lite.wire.rope import Text, sized
from chaukas_spec_lite.wire.scalars import double, entries, instance, int32, int64, items, string, text, unless_zero
from chaukas_spec_lite.wire.window import Content, Window

from ...common.v1._events_codec import _decode_Event, _decode_EventBatch, _encode_Event, _encode_EventBatch
from ...common.v1._query_codec import (
    _decode_Capabilities,
    _decode_QueryRequest,
    _decode_QueryResponse,
    _decode_TimeRange,
    _encode_Capabilities,
    _encode_QueryRequest,
    _encode_QueryResponse,
    _encode_TimeRange,
)

if TYPE_CHECKING:
    # At run time, `attach` puts these classes into this module: their own modules import it.
    from ...common.v1.events import Event, EventBatch
    from ...common.v1.query import Capabilities, QueryRequest, QueryResponse, TimeRange
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


# What the codecs look up, made once.
_zero_float: float


def _make_tables() -> None:
    """Make what depends on the classes. `attach` calls this once the classes are here."""
    global _zero_float
    _zero_float = GetEventStatsResponse().avg_session_duration_ms


def _encode_IngestEventResponse(m: IngestEventResponse, depth: int) -> Text:
    if depth > MAX_DEPTH:
        raise ValueError(TOO_DEEP)
    out: Text = ""
    v: Any
    if (v := m.event_id) is not NO_TEXT and v is not None:
        if v.__class__ is not str or not v.isascii():
            v = text(v)
        if n := len(v):
            out += f"\n{VARINTS[n]}{v}" if n < SMALL else sized("\n", v)
    if (v := m.status) is not NO_TEXT and v is not None:
        if v.__class__ is not str or not v.isascii():
            v = text(v)
        if n := len(v):
            out += f"\x12{VARINTS[n]}{v}" if n < SMALL else sized("\x12", v)
    if (v := m.processed_at) is not ZERO and v is not None:
        out += f"\x18{VARINTS[v]}" if v.__class__ is int and 0 < v < SMALL else unless_zero("\x18", int64(v))
    if m._unknown_fields:
        out += m._unknown_fields.decode("latin-1")
    return out


def _decode_IngestEventResponse(data: Content, depth: int) -> IngestEventResponse:
    if depth > MAX_DEPTH:
        raise NotCanonical
    m = new(IngestEventResponse)
    m._unknown_fields = b""
    m.event_id = m.status = ""
    m.processed_at = 0
    rest = b""
    read = data.read if isinstance(data, Window) else BytesIO(data).read
    b: Content = b""
    n: int = 0
    h = read(2)
    while h:
        t = h[0]
        if t == 10:  # event_id
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n)
            m.event_id = b.decode()
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 18:  # status
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n)
            m.status = b.decode()
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 24:  # processed_at
            v = h[1]
            if v > 127:
                v = signed(more(v, read), 64)
            m.processed_at = v
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


def _encode_IngestEventBatchResponse(m: IngestEventBatchResponse, depth: int) -> Text:
    if depth > MAX_DEPTH:
        raise ValueError(TOO_DEEP)
    out: Text = ""
    v: Any
    if (v := m.batch_id) is not NO_TEXT and v is not None:
        if v.__class__ is not str or not v.isascii():
            v = text(v)
        if n := len(v):
            out += f"\n{VARINTS[n]}{v}" if n < SMALL else sized("\n", v)
    if (v := m.accepted_count) is not ZERO and v is not None:
        out += f"\x10{VARINTS[v]}" if v.__class__ is int and 0 < v < SMALL else unless_zero("\x10", int32(v))
    if (v := m.rejected_count) is not ZERO and v is not None:
        out += f"\x18{VARINTS[v]}" if v.__class__ is int and 0 < v < SMALL else unless_zero("\x18", int32(v))
    if (v := m.rejected_event_ids) or v.__class__ is not list:
        for v in (v if v.__class__ is list else items(v)):
            if v.__class__ is not str or not v.isascii():
                v = text(v)
            n = len(v)
            out += f"\"{VARINTS[n]}{v}" if n < SMALL else sized("\"", v)
    if m._unknown_fields:
        out += m._unknown_fields.decode("latin-1")
    return out


def _decode_IngestEventBatchResponse(data: Content, depth: int) -> IngestEventBatchResponse:
    if depth > MAX_DEPTH:
        raise NotCanonical
    m = new(IngestEventBatchResponse)
    m.rejected_event_ids = []
    m._unknown_fields = b""
    m.batch_id = ""
    m.accepted_count = m.rejected_count = 0
    rest = b""
    read = data.read if isinstance(data, Window) else BytesIO(data).read
    b: Content = b""
    n: int = 0
    h = read(2)
    while h:
        t = h[0]
        if t == 10:  # batch_id
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n)
            m.batch_id = b.decode()
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 16:  # accepted_count
            v = h[1]
            if v > 127:
                v = signed(more(v, read), 32)
            m.accepted_count = v
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 24:  # rejected_count
            v = h[1]
            if v > 127:
                v = signed(more(v, read), 32)
            m.rejected_count = v
            h = read(2)
            if not h:
                break
            t = h[0]
        while t == 34:  # rejected_event_ids
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n)
            m.rejected_event_ids.append(b.decode())
            h = read(2)
            if not h:
                break
            t = h[0]
        if not h:
            break
        rest = h + read()
        break
    if len(b) != n:
        raise NotCanonical
    if rest:
        slow_decode.merge(m, rest, depth)
    return m


def _encode_GetEventStatsRequest(m: GetEventStatsRequest, depth: int) -> Text:
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
    if (v := m.time_range) is not None:
        if v.__class__ is not TimeRange:
            instance(v, TimeRange)
        s = _encode_TimeRange(v, depth + 1)
        n = len(s)
        out += f"\x1a{VARINTS[n]}{s}" if n < SMALL else sized("\x1a", s)
    if m._unknown_fields:
        out += m._unknown_fields.decode("latin-1")
    return out


def _decode_GetEventStatsRequest(data: Content, depth: int) -> GetEventStatsRequest:
    if depth > MAX_DEPTH:
        raise NotCanonical
    m = new(GetEventStatsRequest)
    m._unknown_fields = b""
    m.tenant_id = m.project_id = ""
    m.time_range = None
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
        if t == 26:  # time_range
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n) if n < LONG else Window(read, n)
            m.time_range = _decode_TimeRange(b, depth + 1)
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


def _encode_GetEventStatsResponse(m: GetEventStatsResponse, depth: int) -> Text:
    if depth > MAX_DEPTH:
        raise ValueError(TOO_DEEP)
    out: Text = ""
    v: Any
    s: Text
    if (v := m.total_events) is not ZERO and v is not None:
        out += f"\x08{VARINTS[v]}" if v.__class__ is int and 0 < v < SMALL else unless_zero("\x08", int64(v))
    if (v := m.total_sessions) is not ZERO and v is not None:
        out += f"\x10{VARINTS[v]}" if v.__class__ is int and 0 < v < SMALL else unless_zero("\x10", int64(v))
    if (v := m.events_by_type) or v.__class__ is not dict:
        if depth >= MAX_DEPTH and v:
            raise ValueError(TOO_DEEP)
        for key, one in entries(v):
            s = VARINTS[one] if one.__class__ is int and 0 <= one < SMALL else int64(one)
            s = "\n" + string(key) + "\x10" + s
            n = len(s)
            out += f"\x1a{VARINTS[n]}{s}" if n < SMALL else sized("\x1a", s)
    if (v := m.avg_session_duration_ms) is not _zero_float and v is not None:
        out += "!" + pack_double(v).decode("latin-1") if v else unless_zero("!", double(v))
    if m._unknown_fields:
        out += m._unknown_fields.decode("latin-1")
    return out


def _entry_GetEventStatsResponse_events_by_type(into: dict[str, int], data: bytes, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise NotCanonical
    key = ""
    value = 0
    read = BytesIO(data).read
    b: Content = b""
    n: int = 0
    h = read(2)
    while h:
        t = h[0]
        if t == 10:  # key
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n)
            key = b.decode()
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 16:  # value
            v = h[1]
            if v > 127:
                v = signed(more(v, read), 64)
            value = v
            h = read(2)
            if not h:
                break
            t = h[0]
        key, value = slow_decode.finish_entry(GetEventStatsResponse, 3, data, depth, (key, value), h + read())
        into[key] = value
        return
    if len(b) != n:
        raise NotCanonical
    into[key] = value


def _decode_GetEventStatsResponse(data: Content, depth: int) -> GetEventStatsResponse:
    if depth > MAX_DEPTH:
        raise NotCanonical
    m = new(GetEventStatsResponse)
    m.events_by_type = {}
    m._unknown_fields = b""
    m.total_events = m.total_sessions = 0
    m.avg_session_duration_ms = _zero_float
    rest = b""
    read = data.read if isinstance(data, Window) else BytesIO(data).read
    b: Content = b""
    n: int = 0
    h = read(2)
    while h:
        t = h[0]
        if t == 8:  # total_events
            v = h[1]
            if v > 127:
                v = signed(more(v, read), 64)
            m.total_events = v
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 16:  # total_sessions
            v = h[1]
            if v > 127:
                v = signed(more(v, read), 64)
            m.total_sessions = v
            h = read(2)
            if not h:
                break
            t = h[0]
        while t == 26:  # events_by_type
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n)
            _entry_GetEventStatsResponse_events_by_type(m.events_by_type, b, depth + 1)
            h = read(2)
            if not h:
                break
            t = h[0]
        if not h:
            break
        if t == 33:  # avg_session_duration_ms
            m.avg_session_duration_ms = unpack_behind_1_double(h + read(7))[0]
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


def _encode_HealthzRequest(m: HealthzRequest, depth: int) -> Text:
    if depth > MAX_DEPTH:
        raise ValueError(TOO_DEEP)
    return m._unknown_fields.decode("latin-1")


def _decode_HealthzRequest(data: Content, depth: int) -> HealthzRequest:
    if depth > MAX_DEPTH:
        raise NotCanonical
    m = new(HealthzRequest)
    m._unknown_fields = b""
    rest = bytes(data)
    if rest:
        slow_decode.merge(m, rest, depth)
    return m


def _encode_HealthzResponse(m: HealthzResponse, depth: int) -> Text:
    if depth > MAX_DEPTH:
        raise ValueError(TOO_DEEP)
    return m._unknown_fields.decode("latin-1")


def _decode_HealthzResponse(data: Content, depth: int) -> HealthzResponse:
    if depth > MAX_DEPTH:
        raise NotCanonical
    m = new(HealthzResponse)
    m._unknown_fields = b""
    rest = bytes(data)
    if rest:
        slow_decode.merge(m, rest, depth)
    return m


def _encode_GetCapabilitiesRequest(m: GetCapabilitiesRequest, depth: int) -> Text:
    if depth > MAX_DEPTH:
        raise ValueError(TOO_DEEP)
    return m._unknown_fields.decode("latin-1")


def _decode_GetCapabilitiesRequest(data: Content, depth: int) -> GetCapabilitiesRequest:
    if depth > MAX_DEPTH:
        raise NotCanonical
    m = new(GetCapabilitiesRequest)
    m._unknown_fields = b""
    rest = bytes(data)
    if rest:
        slow_decode.merge(m, rest, depth)
    return m


def _encode_GetCapabilitiesResponse(m: GetCapabilitiesResponse, depth: int) -> Text:
    if depth > MAX_DEPTH:
        raise ValueError(TOO_DEEP)
    out: Text = ""
    v: Any
    s: Text
    if (v := m.capabilities) is not None:
        if v.__class__ is not Capabilities:
            instance(v, Capabilities)
        s = _encode_Capabilities(v, depth + 1)
        n = len(s)
        out += f"\n{VARINTS[n]}{s}" if n < SMALL else sized("\n", s)
    if m._unknown_fields:
        out += m._unknown_fields.decode("latin-1")
    return out


def _decode_GetCapabilitiesResponse(data: Content, depth: int) -> GetCapabilitiesResponse:
    if depth > MAX_DEPTH:
        raise NotCanonical
    m = new(GetCapabilitiesResponse)
    m._unknown_fields = b""
    m.capabilities = None
    rest = b""
    read = data.read if isinstance(data, Window) else BytesIO(data).read
    b: Content = b""
    n: int = 0
    h = read(2)
    while h:
        t = h[0]
        if t == 10:  # capabilities
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n) if n < LONG else Window(read, n)
            m.capabilities = _decode_Capabilities(b, depth + 1)
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


def _encode_IngestEventRequest(m: IngestEventRequest, depth: int) -> Text:
    if depth > MAX_DEPTH:
        raise ValueError(TOO_DEEP)
    out: Text = ""
    v: Any
    s: Text
    if (v := m.event) is not None:
        if v.__class__ is not Event:
            instance(v, Event)
        s = _encode_Event(v, depth + 1)
        n = len(s)
        out += f"\n{VARINTS[n]}{s}" if n < SMALL else sized("\n", s)
    if m._unknown_fields:
        out += m._unknown_fields.decode("latin-1")
    return out


def _decode_IngestEventRequest(data: Content, depth: int) -> IngestEventRequest:
    if depth > MAX_DEPTH:
        raise NotCanonical
    m = new(IngestEventRequest)
    m._unknown_fields = b""
    m.event = None
    rest = b""
    read = data.read if isinstance(data, Window) else BytesIO(data).read
    b: Content = b""
    n: int = 0
    h = read(2)
    while h:
        t = h[0]
        if t == 10:  # event
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n) if n < LONG else Window(read, n)
            m.event = _decode_Event(b, depth + 1)
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


def _encode_IngestEventBatchRequest(m: IngestEventBatchRequest, depth: int) -> Text:
    if depth > MAX_DEPTH:
        raise ValueError(TOO_DEEP)
    out: Text = ""
    v: Any
    s: Text
    if (v := m.event_batch) is not None:
        if v.__class__ is not EventBatch:
            instance(v, EventBatch)
        s = _encode_EventBatch(v, depth + 1)
        n = len(s)
        out += f"\n{VARINTS[n]}{s}" if n < SMALL else sized("\n", s)
    if m._unknown_fields:
        out += m._unknown_fields.decode("latin-1")
    return out


def _decode_IngestEventBatchRequest(data: Content, depth: int) -> IngestEventBatchRequest:
    if depth > MAX_DEPTH:
        raise NotCanonical
    m = new(IngestEventBatchRequest)
    m._unknown_fields = b""
    m.event_batch = None
    rest = b""
    read = data.read if isinstance(data, Window) else BytesIO(data).read
    b: Content = b""
    n: int = 0
    h = read(2)
    while h:
        t = h[0]
        if t == 10:  # event_batch
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n) if n < LONG else Window(read, n)
            m.event_batch = _decode_EventBatch(b, depth + 1)
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


def _encode_QueryEventsRequest(m: QueryEventsRequest, depth: int) -> Text:
    if depth > MAX_DEPTH:
        raise ValueError(TOO_DEEP)
    out: Text = ""
    v: Any
    s: Text
    if (v := m.query) is not None:
        if v.__class__ is not QueryRequest:
            instance(v, QueryRequest)
        s = _encode_QueryRequest(v, depth + 1)
        n = len(s)
        out += f"\n{VARINTS[n]}{s}" if n < SMALL else sized("\n", s)
    if m._unknown_fields:
        out += m._unknown_fields.decode("latin-1")
    return out


def _decode_QueryEventsRequest(data: Content, depth: int) -> QueryEventsRequest:
    if depth > MAX_DEPTH:
        raise NotCanonical
    m = new(QueryEventsRequest)
    m._unknown_fields = b""
    m.query = None
    rest = b""
    read = data.read if isinstance(data, Window) else BytesIO(data).read
    b: Content = b""
    n: int = 0
    h = read(2)
    while h:
        t = h[0]
        if t == 10:  # query
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n) if n < LONG else Window(read, n)
            m.query = _decode_QueryRequest(b, depth + 1)
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


def _encode_QueryEventsResponse(m: QueryEventsResponse, depth: int) -> Text:
    if depth > MAX_DEPTH:
        raise ValueError(TOO_DEEP)
    out: Text = ""
    v: Any
    s: Text
    if (v := m.response) is not None:
        if v.__class__ is not QueryResponse:
            instance(v, QueryResponse)
        s = _encode_QueryResponse(v, depth + 1)
        n = len(s)
        out += f"\n{VARINTS[n]}{s}" if n < SMALL else sized("\n", s)
    if m._unknown_fields:
        out += m._unknown_fields.decode("latin-1")
    return out


def _decode_QueryEventsResponse(data: Content, depth: int) -> QueryEventsResponse:
    if depth > MAX_DEPTH:
        raise NotCanonical
    m = new(QueryEventsResponse)
    m._unknown_fields = b""
    m.response = None
    rest = b""
    read = data.read if isinstance(data, Window) else BytesIO(data).read
    b: Content = b""
    n: int = 0
    h = read(2)
    while h:
        t = h[0]
        if t == 10:  # response
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n) if n < LONG else Window(read, n)
            m.response = _decode_QueryResponse(b, depth + 1)
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
