# Generated from chaukas/spec/client/v1/client.proto by `python -m codegen`.
# Do not edit: change the proto file and run the command again.
# pyright: reportPrivateUsage=false, reportUnnecessaryComparison=false, reportUnusedFunction=false
"""The codecs of the messages in chaukas/spec/client/v1/client.proto.

Encoders build latin-1 text (`chaukas_spec_lite.wire.format`). Decoders read what encoders usually write: `h` holds a
tag of one byte and the byte after it, or a tag of two bytes. Anything else they leave to
`chaukas_spec_lite.message.slow_decode`.
"""

from __future__ import annotations

from io import BytesIO
from typing import Any, TYPE_CHECKING

from chaukas_spec_lite.message import slow_decode
from chaukas_spec_lite.message.record import new
from chaukas_spec_lite.wire.format import LONG, MAX_DEPTH, NotCanonical, SMALL, TOO_DEEP, VARINTS, more_length
from chaukas_spec_lite.wire.rope import Text, sized
from chaukas_spec_lite.wire.scalars import instance
from chaukas_spec_lite.wire.window import Content, Window

from ...common.v1._events_codec import _decode_Event, _decode_EventBatch, _encode_Event, _encode_EventBatch
from ...common.v1._query_codec import (
    _decode_Capabilities,
    _decode_QueryRequest,
    _decode_QueryResponse,
    _encode_Capabilities,
    _encode_QueryRequest,
    _encode_QueryResponse,
)

if TYPE_CHECKING:
    # At run time, `attach` puts these classes into this module: their own modules import it.
    from ...common.v1.events import Event, EventBatch
    from ...common.v1.query import Capabilities, QueryRequest, QueryResponse
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


def _encode_IngestEventResponse(m: IngestEventResponse, depth: int) -> Text:
    if depth > MAX_DEPTH:
        raise ValueError(TOO_DEEP)
    return m._unknown_fields.decode("latin-1")


def _decode_IngestEventResponse(data: Content, depth: int) -> IngestEventResponse:
    if depth > MAX_DEPTH:
        raise NotCanonical
    m = new(IngestEventResponse)
    m._unknown_fields = b""
    rest = bytes(data)
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


def _encode_IngestEventBatchResponse(m: IngestEventBatchResponse, depth: int) -> Text:
    if depth > MAX_DEPTH:
        raise ValueError(TOO_DEEP)
    return m._unknown_fields.decode("latin-1")


def _decode_IngestEventBatchResponse(data: Content, depth: int) -> IngestEventBatchResponse:
    if depth > MAX_DEPTH:
        raise NotCanonical
    m = new(IngestEventBatchResponse)
    m._unknown_fields = b""
    rest = bytes(data)
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
