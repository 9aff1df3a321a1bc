# Generated from grpc/health/v1/health.proto by `python -m codegen`.
# Do not edit: change the proto file and run the command again.
# pyright: reportPrivateUsage=false, reportUnnecessaryComparison=false, reportUnusedFunction=false
"""The codecs of the messages in grpc/health/v1/health.proto.

Encoders build latin-1 text (`chaukas_spec_lite.wire.format`). Decoders read what encoders usually write: `h` holds a
tag of one byte and the byte after it, or a tag of two bytes. Anything else they leave to
`chaukas_spec_lite.message.slow_decode`.
"""

from __future__ import annotations

from io import BytesIO
from typing import Any, TYPE_CHECKING

from chaukas_spec_lite.message import slow_decode
from chaukas_spec_lite.message.record import new
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
    more,
    more_length,
    size,
)
from chaukas_spec_lite.wire.reading import signed
from chaukas_spec_lite.wire.rope import Text, sized
from chaukas_spec_lite.wire.scalars import entries, enum_varints, enumeration, instance, string, text
from chaukas_spec_lite.wire.window import Content, Window

if TYPE_CHECKING:
    # At run time, `attach` puts these classes into this module: their own modules import it.
    from .health import (
        HealthCheckRequest,
        HealthCheckResponse,
        HealthCheckResponseServingStatus,
        HealthListRequest,
        HealthListResponse,
    )


# What the codecs look up, made once.
_zero_HealthCheckResponseServingStatus: HealthCheckResponseServingStatus
_varints_HealthCheckResponseServingStatus: dict[int, str]
_members_HealthCheckResponseServingStatus: Table[HealthCheckResponseServingStatus]


def _make_tables() -> None:
    """Make what depends on the classes. `attach` calls this once the classes are here."""
    global _zero_HealthCheckResponseServingStatus, _varints_HealthCheckResponseServingStatus
    global _members_HealthCheckResponseServingStatus
    _zero_HealthCheckResponseServingStatus = HealthCheckResponseServingStatus(0)
    _varints_HealthCheckResponseServingStatus = enum_varints(HealthCheckResponseServingStatus)
    _members_HealthCheckResponseServingStatus = members(HealthCheckResponseServingStatus, 4)


def _encode_HealthCheckRequest(m: HealthCheckRequest, depth: int) -> Text:
    if depth > MAX_DEPTH:
        raise ValueError(TOO_DEEP)
    out: Text = ""
    v: Any
    if (v := m.service) is not NO_TEXT and v is not None:
        if v.__class__ is not str or not v.isascii():
            v = text(v)
        if n := len(v):
            out += f"\n{VARINTS[n]}{v}" if n < SMALL else sized("\n", v)
    if m._unknown_fields:
        out += m._unknown_fields.decode("latin-1")
    return out


def _decode_HealthCheckRequest(data: Content, depth: int) -> HealthCheckRequest:
    if depth > MAX_DEPTH:
        raise NotCanonical
    m = new(HealthCheckRequest)
    m._unknown_fields = b""
    m.service = ""
    rest = b""
    read = data.read if isinstance(data, Window) else BytesIO(data).read
    b: Content = b""
    n: int = 0
    h = read(2)
    while h:
        t = h[0]
        if t == 10:  # service
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n)
            m.service = b.decode()
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


def _encode_HealthCheckResponse(m: HealthCheckResponse, depth: int) -> Text:
    if depth > MAX_DEPTH:
        raise ValueError(TOO_DEEP)
    out: Text = ""
    v: Any
    s: Text
    if (v := m.status) is not _zero_HealthCheckResponseServingStatus and v is not None:
        s = (
            v.__class__ is HealthCheckResponseServingStatus
            and _varints_HealthCheckResponseServingStatus.get(v)
            or enumeration(v, HealthCheckResponseServingStatus)
        )
        if s != "\0":
            out += f"\x08{s}"
    if m._unknown_fields:
        out += m._unknown_fields.decode("latin-1")
    return out


def _decode_HealthCheckResponse(data: Content, depth: int) -> HealthCheckResponse:
    if depth > MAX_DEPTH:
        raise NotCanonical
    m = new(HealthCheckResponse)
    m._unknown_fields = b""
    m.status = _zero_HealthCheckResponseServingStatus
    rest = b""
    read = data.read if isinstance(data, Window) else BytesIO(data).read
    h = read(2)
    while h:
        t = h[0]
        if t == 8:  # status
            v = h[1]
            if v > 127:
                v = signed(more(v, read), 32)
            m.status = (
                _members_HealthCheckResponseServingStatus[v]
                if 0 <= v < 4
                else HealthCheckResponseServingStatus(v)
            )
            h = read(2)
            if not h:
                break
            t = h[0]
        rest = h + read()
        break
    if rest:
        slow_decode.merge(m, rest, depth)
    return m


def _encode_HealthListRequest(m: HealthListRequest, depth: int) -> Text:
    if depth > MAX_DEPTH:
        raise ValueError(TOO_DEEP)
    return m._unknown_fields.decode("latin-1")


def _decode_HealthListRequest(data: Content, depth: int) -> HealthListRequest:
    if depth > MAX_DEPTH:
        raise NotCanonical
    m = new(HealthListRequest)
    m._unknown_fields = b""
    rest = bytes(data)
    if rest:
        slow_decode.merge(m, rest, depth)
    return m


def _encode_HealthListResponse(m: HealthListResponse, depth: int) -> Text:
    if depth > MAX_DEPTH:
        raise ValueError(TOO_DEEP)
    out: Text = ""
    v: Any
    s: Text
    if (v := m.statuses) or v.__class__ is not dict:
        if depth >= MAX_DEPTH and v:
            raise ValueError(TOO_DEEP)
        for key, one in entries(v):
            if one.__class__ is not HealthCheckResponse:
                instance(one, HealthCheckResponse)
            s = _encode_HealthCheckResponse(one, depth + 2)
            s = "\n" + string(key) + "\x12" + size(len(s)) + s
            n = len(s)
            out += f"\n{VARINTS[n]}{s}" if n < SMALL else sized("\n", s)
    if m._unknown_fields:
        out += m._unknown_fields.decode("latin-1")
    return out


def _entry_HealthListResponse_statuses(into: dict[str, HealthCheckResponse], data: bytes, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise NotCanonical
    key = ""
    value: Any = None
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
        if t == 18:  # value
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n) if n < LONG else Window(read, n)
            value = _decode_HealthCheckResponse(b, depth + 1)
            h = read(2)
            if not h:
                break
            t = h[0]
        key, value = slow_decode.finish_entry(HealthListResponse, 1, data, depth, (key, value), h + read())
        into[key] = value
        return
    if len(b) != n:
        raise NotCanonical
    if value is None:
        key, value = slow_decode.read_entry(HealthListResponse, 1, data, depth)
    into[key] = value


def _decode_HealthListResponse(data: Content, depth: int) -> HealthListResponse:
    if depth > MAX_DEPTH:
        raise NotCanonical
    m = new(HealthListResponse)
    m.statuses = {}
    m._unknown_fields = b""
    rest = b""
    read = data.read if isinstance(data, Window) else BytesIO(data).read
    b: Content = b""
    n: int = 0
    h = read(2)
    while h:
        t = h[0]
        while t == 10:  # statuses
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n)
            _entry_HealthListResponse_statuses(m.statuses, b, depth + 1)
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
