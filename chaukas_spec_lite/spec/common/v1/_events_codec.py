# Generated from chaukas/spec/common/v1/events.proto by `python -m codegen`.
# Do not edit: change the proto file and run the command again.
# pyright: reportPrivateUsage=false, reportUnnecessaryComparison=false, reportUnusedFunction=false
"""The codecs of the messages in chaukas/spec/common/v1/events.proto.

Encoders build latin-1 text (`chaukas_spec_lite.wire.format`). Decoders read what encoders usually write: `h` holds a
tag of one byte and the byte after it, or a tag of two bytes. Anything else they leave to
`chaukas_spec_lite.message.slow_decode`.
"""

from __future__ import annotations

from io import BytesIO
from typing import Any as _Any, TYPE_CHECKING

from chaukas_spec_lite.message import slow_decode
from chaukas_spec_lite.message.record import new
from chaukas_spec_lite.spec.google.protobuf._any_codec import _decode_Any, _encode_Any
from chaukas_spec_lite.wellknown.readers import read_struct, read_timestamp
from chaukas_spec_lite.wellknown.writers import encode_struct, timestamp
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
    pack_double,
    unpack_behind_1_double,
)
from chaukas_spec_lite.wire.reading import signed
from chaukas_spec_lite.wire.rope import Text, sized
from chaukas_spec_lite.wire.scalars import (
    boolean,
    double,
    enum_varints,
    enumeration,
    instance,
    int32,
    items,
    text,
    two_members,
    unless_zero,
)
from chaukas_spec_lite.wire.window import Content, Window

if TYPE_CHECKING:
    # At run time, `attach` puts these classes into this module: their own modules import it.
    from chaukas_spec_lite.spec.google.protobuf.any import Any
    from .events import (
        AgentHandoff,
        Author,
        CostDetails,
        DataAccess,
        ErrorInfo,
        Event,
        EventBatch,
        EventStatus,
        EventType,
        InfrastructureMetrics,
        LLMInvocation,
        MCPCall,
        MessageContent,
        PerformanceMetrics,
        PolicyDecision,
        RedactionInfo,
        RetryInfo,
        Severity,
        ToolCall,
        ToolResponse,
    )


# What the codecs look up, made once.
_tags_LLMInvocation = {b"\x82\x01": 16}
_tags_Event = {
    b"\x80\x01": 16,
    b"\x88\x01": 17,
    b"\x92\x01": 18,
    b"\x9a\x01": 19,
    b"\xa2\x01": 20,
    b"\xaa\x01": 21,
    b"\xb2\x01": 22,
    b"\xba\x01": 23,
    b"\xf2\x01": 30,
    b"\xfa\x01": 31,
    b"\x82\x02": 32,
    b"\x8a\x02": 33,
    b"\x92\x02": 34,
    b"\x9a\x02": 35,
    b"\xa2\x02": 36,
    b"\xaa\x02": 37,
    b"\xb2\x02": 38,
    b"\xba\x02": 39,
    b"\xe2\x03": 60,
    b"\xea\x03": 61,
    b"\xf2\x03": 62,
    b"\xb2\x04": 70,
    b"\xba\x04": 71,
    b"\xc2\x04": 72,
    b"\xd2\x05": 90,
    b"\x9a\x06": 99,
}
_zero_float: float
_zero_EventType: EventType
_varints_EventType: dict[int, str]
_zero_Severity: Severity
_varints_Severity: dict[int, str]
_zero_EventStatus: EventStatus
_varints_EventStatus: dict[int, str]
_zero_Author: Author
_varints_Author: dict[int, str]
_members_EventType: Table[EventType]
_members_Severity: Table[Severity]
_members_EventStatus: Table[EventStatus]
_members_Author: Table[Author]


def _make_tables() -> None:
    """Make what depends on the classes. `attach` calls this once the classes are here."""
    global _zero_float, _zero_EventType, _varints_EventType, _zero_Severity, _varints_Severity, _zero_EventStatus
    global _varints_EventStatus, _zero_Author, _varints_Author, _members_EventType, _members_Severity
    global _members_EventStatus, _members_Author
    _zero_float = ToolResponse().execution_time_ms
    _zero_EventType = EventType(0)
    _varints_EventType = enum_varints(EventType)
    _zero_Severity = Severity(0)
    _varints_Severity = enum_varints(Severity)
    _zero_EventStatus = EventStatus(0)
    _varints_EventStatus = enum_varints(EventStatus)
    _zero_Author = Author(0)
    _varints_Author = enum_varints(Author)
    _members_EventType = members(EventType, 64)
    _members_Severity = members(Severity, 5)
    _members_EventStatus = members(EventStatus, 6)
    _members_Author = members(Author, 6)


def _encode_MessageContent(m: MessageContent, depth: int) -> Text:
    if depth > MAX_DEPTH:
        raise ValueError(TOO_DEEP)
    out: Text = ""
    v: _Any
    s: Text
    if (v := m.role) is not NO_TEXT and v is not None:
        if v.__class__ is not str or not v.isascii():
            v = text(v)
        if n := len(v):
            out += f"\n{VARINTS[n]}{v}" if n < SMALL else sized("\n", v)
    if (v := m.text) is not NO_TEXT and v is not None:
        if v.__class__ is not str or not v.isascii():
            v = text(v)
        if n := len(v):
            out += f"\x12{VARINTS[n]}{v}" if n < SMALL else sized("\x12", v)
    if (v := m.metadata) is not None:
        s = encode_struct(v, depth + 1)
        n = len(s)
        out += f"\x1a{VARINTS[n]}{s}" if n < SMALL else sized("\x1a", s)
    if m._unknown_fields:
        out += m._unknown_fields.decode("latin-1")
    return out


def _decode_MessageContent(data: Content, depth: int) -> MessageContent:
    if depth > MAX_DEPTH:
        raise NotCanonical
    m = new(MessageContent)
    m._unknown_fields = b""
    m.role = m.text = ""
    m.metadata = None
    rest = b""
    read = data.read if isinstance(data, Window) else BytesIO(data).read
    b: Content = b""
    n: int = 0
    h = read(2)
    while h:
        t = h[0]
        if t == 10:  # role
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n)
            m.role = b.decode()
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 18:  # text
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n)
            m.text = b.decode()
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 26:  # metadata
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            m.metadata = read_struct(read, n, depth + 1)
            b, n = b"", 0
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


def _encode_ToolCall(m: ToolCall, depth: int) -> Text:
    if depth > MAX_DEPTH:
        raise ValueError(TOO_DEEP)
    out: Text = ""
    v: _Any
    s: Text
    if (v := m.id) is not NO_TEXT and v is not None:
        if v.__class__ is not str or not v.isascii():
            v = text(v)
        if n := len(v):
            out += f"\n{VARINTS[n]}{v}" if n < SMALL else sized("\n", v)
    if (v := m.name) is not NO_TEXT and v is not None:
        if v.__class__ is not str or not v.isascii():
            v = text(v)
        if n := len(v):
            out += f"\x12{VARINTS[n]}{v}" if n < SMALL else sized("\x12", v)
    if (v := m.arguments) is not None:
        s = encode_struct(v, depth + 1)
        n = len(s)
        out += f"\x1a{VARINTS[n]}{s}" if n < SMALL else sized("\x1a", s)
    if (v := m.auth_required) is not False and v is not None:
        out += " \x01" if v is True else unless_zero(" ", boolean(v))
    if (v := m.function_name) is not NO_TEXT and v is not None:
        if v.__class__ is not str or not v.isascii():
            v = text(v)
        if n := len(v):
            out += f"*{VARINTS[n]}{v}" if n < SMALL else sized("*", v)
    if m._unknown_fields:
        out += m._unknown_fields.decode("latin-1")
    return out


def _decode_ToolCall(data: Content, depth: int) -> ToolCall:
    if depth > MAX_DEPTH:
        raise NotCanonical
    m = new(ToolCall)
    m._unknown_fields = b""
    m.id = m.name = m.function_name = ""
    m.arguments = None
    m.auth_required = False
    rest = b""
    read = data.read if isinstance(data, Window) else BytesIO(data).read
    b: Content = b""
    n: int = 0
    h = read(2)
    while h:
        t = h[0]
        if t == 10:  # id
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n)
            m.id = b.decode()
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 18:  # name
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n)
            m.name = b.decode()
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 26:  # arguments
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            m.arguments = read_struct(read, n, depth + 1)
            b, n = b"", 0
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 32:  # auth_required
            v = h[1]
            if v > 127:
                v = more(v, read)
            m.auth_required = v != 0
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 42:  # function_name
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n)
            m.function_name = b.decode()
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


def _encode_ToolResponse(m: ToolResponse, depth: int) -> Text:
    if depth > MAX_DEPTH:
        raise ValueError(TOO_DEEP)
    out: Text = ""
    v: _Any
    s: Text
    if (v := m.tool_call_id) is not NO_TEXT and v is not None:
        if v.__class__ is not str or not v.isascii():
            v = text(v)
        if n := len(v):
            out += f"\n{VARINTS[n]}{v}" if n < SMALL else sized("\n", v)
    if (v := m.output) is not None:
        s = encode_struct(v, depth + 1)
        n = len(s)
        out += f"\x12{VARINTS[n]}{s}" if n < SMALL else sized("\x12", s)
    if (v := m.error_message) is not NO_TEXT and v is not None:
        if v.__class__ is not str or not v.isascii():
            v = text(v)
        if n := len(v):
            out += f"\x1a{VARINTS[n]}{v}" if n < SMALL else sized("\x1a", v)
    if (v := m.execution_time_ms) is not _zero_float and v is not None:
        out += "!" + pack_double(v).decode("latin-1") if v else unless_zero("!", double(v))
    if (v := m.http_status) is not ZERO and v is not None:
        out += f"({VARINTS[v]}" if v.__class__ is int and 0 < v < SMALL else unless_zero("(", int32(v))
    if m._unknown_fields:
        out += m._unknown_fields.decode("latin-1")
    return out


def _decode_ToolResponse(data: Content, depth: int) -> ToolResponse:
    if depth > MAX_DEPTH:
        raise NotCanonical
    m = new(ToolResponse)
    m._unknown_fields = b""
    m.tool_call_id = m.error_message = ""
    m.output = None
    m.execution_time_ms = _zero_float
    m.http_status = 0
    rest = b""
    read = data.read if isinstance(data, Window) else BytesIO(data).read
    b: Content = b""
    n: int = 0
    h = read(2)
    while h:
        t = h[0]
        if t == 10:  # tool_call_id
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n)
            m.tool_call_id = b.decode()
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 18:  # output
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            m.output = read_struct(read, n, depth + 1)
            b, n = b"", 0
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 26:  # error_message
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n)
            m.error_message = b.decode()
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 33:  # execution_time_ms
            m.execution_time_ms = unpack_behind_1_double(h + read(7))[0]
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 40:  # http_status
            v = h[1]
            if v > 127:
                v = signed(more(v, read), 32)
            m.http_status = v
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


def _encode_LLMInvocation(m: LLMInvocation, depth: int) -> Text:
    if depth > MAX_DEPTH:
        raise ValueError(TOO_DEEP)
    out: Text = ""
    v: _Any
    s: Text
    if (v := m.provider) is not NO_TEXT and v is not None:
        if v.__class__ is not str or not v.isascii():
            v = text(v)
        if n := len(v):
            out += f"\n{VARINTS[n]}{v}" if n < SMALL else sized("\n", v)
    if (v := m.model) is not NO_TEXT and v is not None:
        if v.__class__ is not str or not v.isascii():
            v = text(v)
        if n := len(v):
            out += f"\x12{VARINTS[n]}{v}" if n < SMALL else sized("\x12", v)
    if (v := m.request) is not None:
        s = encode_struct(v, depth + 1)
        n = len(s)
        out += f"\x1a{VARINTS[n]}{s}" if n < SMALL else sized("\x1a", s)
    if (v := m.response) is not None:
        s = encode_struct(v, depth + 1)
        n = len(s)
        out += f"\"{VARINTS[n]}{s}" if n < SMALL else sized("\"", s)
    if (v := m.prompt_tokens) is not ZERO and v is not None:
        out += f"({VARINTS[v]}" if v.__class__ is int and 0 < v < SMALL else unless_zero("(", int32(v))
    if (v := m.completion_tokens) is not ZERO and v is not None:
        out += f"0{VARINTS[v]}" if v.__class__ is int and 0 < v < SMALL else unless_zero("0", int32(v))
    if (v := m.total_tokens) is not ZERO and v is not None:
        out += f"8{VARINTS[v]}" if v.__class__ is int and 0 < v < SMALL else unless_zero("8", int32(v))
    if (v := m.temperature) is not _zero_float and v is not None:
        out += "A" + pack_double(v).decode("latin-1") if v else unless_zero("A", double(v))
    if (v := m.max_tokens) is not ZERO and v is not None:
        out += f"H{VARINTS[v]}" if v.__class__ is int and 0 < v < SMALL else unless_zero("H", int32(v))
    if (v := m.top_p) is not _zero_float and v is not None:
        out += "Q" + pack_double(v).decode("latin-1") if v else unless_zero("Q", double(v))
    if (v := m.frequency_penalty) is not _zero_float and v is not None:
        out += "Y" + pack_double(v).decode("latin-1") if v else unless_zero("Y", double(v))
    if (v := m.presence_penalty) is not _zero_float and v is not None:
        out += "a" + pack_double(v).decode("latin-1") if v else unless_zero("a", double(v))
    if (v := m.start_time) is not None:
        s = timestamp(v, depth + 1)
        n = len(s)
        out += f"j{VARINTS[n]}{s}" if n < SMALL else sized("j", s)
    if (v := m.end_time) is not None:
        s = timestamp(v, depth + 1)
        n = len(s)
        out += f"r{VARINTS[n]}{s}" if n < SMALL else sized("r", s)
    if (v := m.duration_ms) is not _zero_float and v is not None:
        out += "y" + pack_double(v).decode("latin-1") if v else unless_zero("y", double(v))
    if (v := m.finish_reason) is not NO_TEXT and v is not None:
        if v.__class__ is not str or not v.isascii():
            v = text(v)
        if n := len(v):
            out += f"\x82\x01{VARINTS[n]}{v}" if n < SMALL else sized("\x82\x01", v)
    if m._unknown_fields:
        out += m._unknown_fields.decode("latin-1")
    return out


def _decode_LLMInvocation(data: Content, depth: int) -> LLMInvocation:
    if depth > MAX_DEPTH:
        raise NotCanonical
    m = new(LLMInvocation)
    m._unknown_fields = b""
    m.provider = m.model = m.finish_reason = ""
    m.request = m.response = m.start_time = m.end_time = None
    m.prompt_tokens = m.completion_tokens = m.total_tokens = m.max_tokens = 0
    m.temperature = m.top_p = m.frequency_penalty = m.presence_penalty = m.duration_ms = _zero_float
    rest = b""
    read = data.read if isinstance(data, Window) else BytesIO(data).read
    b: Content = b""
    n: int = 0
    h = read(2)
    while h:
        t = h[0]
        if t == 10:  # provider
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n)
            m.provider = b.decode()
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 18:  # model
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n)
            m.model = b.decode()
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 26:  # request
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            m.request = read_struct(read, n, depth + 1)
            b, n = b"", 0
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 34:  # response
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            m.response = read_struct(read, n, depth + 1)
            b, n = b"", 0
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 40:  # prompt_tokens
            v = h[1]
            if v > 127:
                v = signed(more(v, read), 32)
            m.prompt_tokens = v
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 48:  # completion_tokens
            v = h[1]
            if v > 127:
                v = signed(more(v, read), 32)
            m.completion_tokens = v
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 56:  # total_tokens
            v = h[1]
            if v > 127:
                v = signed(more(v, read), 32)
            m.total_tokens = v
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 65:  # temperature
            m.temperature = unpack_behind_1_double(h + read(7))[0]
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 72:  # max_tokens
            v = h[1]
            if v > 127:
                v = signed(more(v, read), 32)
            m.max_tokens = v
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 81:  # top_p
            m.top_p = unpack_behind_1_double(h + read(7))[0]
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 89:  # frequency_penalty
            m.frequency_penalty = unpack_behind_1_double(h + read(7))[0]
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 97:  # presence_penalty
            m.presence_penalty = unpack_behind_1_double(h + read(7))[0]
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 106:  # start_time
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n)
            m.start_time = read_timestamp(b, depth + 1)
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 114:  # end_time
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n)
            m.end_time = read_timestamp(b, depth + 1)
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 121:  # duration_ms
            m.duration_ms = unpack_behind_1_double(h + read(7))[0]
            h = read(2)
            if not h:
                break
            t = h[0]
        t = _tags_LLMInvocation.get(h, 0)
        if t == 16:  # finish_reason
            n = read(1)[0]
            if n > 127:
                n = more_length(n, read)
            b = read(n)
            m.finish_reason = b.decode()
            h = read(2)
            if not h:
                break
            t = _tags_LLMInvocation.get(h, 0)
        rest = h + read()
        break
    if len(b) != n:
        raise NotCanonical
    if rest:
        slow_decode.merge(m, rest, depth)
    return m


def _encode_PolicyDecision(m: PolicyDecision, depth: int) -> Text:
    if depth > MAX_DEPTH:
        raise ValueError(TOO_DEEP)
    out: Text = ""
    v: _Any
    if (v := m.policy_id) is not NO_TEXT and v is not None:
        if v.__class__ is not str or not v.isascii():
            v = text(v)
        if n := len(v):
            out += f"\n{VARINTS[n]}{v}" if n < SMALL else sized("\n", v)
    if (v := m.outcome) is not NO_TEXT and v is not None:
        if v.__class__ is not str or not v.isascii():
            v = text(v)
        if n := len(v):
            out += f"\x12{VARINTS[n]}{v}" if n < SMALL else sized("\x12", v)
    if (v := m.rule_ids) or v.__class__ is not list:
        for v in (v if v.__class__ is list else items(v)):
            if v.__class__ is not str or not v.isascii():
                v = text(v)
            n = len(v)
            out += f"\x1a{VARINTS[n]}{v}" if n < SMALL else sized("\x1a", v)
    if (v := m.rationale) is not NO_TEXT and v is not None:
        if v.__class__ is not str or not v.isascii():
            v = text(v)
        if n := len(v):
            out += f"\"{VARINTS[n]}{v}" if n < SMALL else sized("\"", v)
    if m._unknown_fields:
        out += m._unknown_fields.decode("latin-1")
    return out


def _decode_PolicyDecision(data: Content, depth: int) -> PolicyDecision:
    if depth > MAX_DEPTH:
        raise NotCanonical
    m = new(PolicyDecision)
    m.rule_ids = []
    m._unknown_fields = b""
    m.policy_id = m.outcome = m.rationale = ""
    rest = b""
    read = data.read if isinstance(data, Window) else BytesIO(data).read
    b: Content = b""
    n: int = 0
    h = read(2)
    while h:
        t = h[0]
        if t == 10:  # policy_id
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n)
            m.policy_id = b.decode()
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 18:  # outcome
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n)
            m.outcome = b.decode()
            h = read(2)
            if not h:
                break
            t = h[0]
        while t == 26:  # rule_ids
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n)
            m.rule_ids.append(b.decode())
            h = read(2)
            if not h:
                break
            t = h[0]
        if not h:
            break
        if t == 34:  # rationale
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n)
            m.rationale = b.decode()
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


def _encode_DataAccess(m: DataAccess, depth: int) -> Text:
    if depth > MAX_DEPTH:
        raise ValueError(TOO_DEEP)
    out: Text = ""
    v: _Any
    if (v := m.datasource) is not NO_TEXT and v is not None:
        if v.__class__ is not str or not v.isascii():
            v = text(v)
        if n := len(v):
            out += f"\n{VARINTS[n]}{v}" if n < SMALL else sized("\n", v)
    if (v := m.document_ids) or v.__class__ is not list:
        for v in (v if v.__class__ is list else items(v)):
            if v.__class__ is not str or not v.isascii():
                v = text(v)
            n = len(v)
            out += f"\x12{VARINTS[n]}{v}" if n < SMALL else sized("\x12", v)
    if (v := m.chunk_ids) or v.__class__ is not list:
        for v in (v if v.__class__ is list else items(v)):
            if v.__class__ is not str or not v.isascii():
                v = text(v)
            n = len(v)
            out += f"\x1a{VARINTS[n]}{v}" if n < SMALL else sized("\x1a", v)
    if (v := m.pii_categories) or v.__class__ is not list:
        for v in (v if v.__class__ is list else items(v)):
            if v.__class__ is not str or not v.isascii():
                v = text(v)
            n = len(v)
            out += f"\"{VARINTS[n]}{v}" if n < SMALL else sized("\"", v)
    if m._unknown_fields:
        out += m._unknown_fields.decode("latin-1")
    return out


def _decode_DataAccess(data: Content, depth: int) -> DataAccess:
    if depth > MAX_DEPTH:
        raise NotCanonical
    m = new(DataAccess)
    m.document_ids = []
    m.chunk_ids = []
    m.pii_categories = []
    m._unknown_fields = b""
    m.datasource = ""
    rest = b""
    read = data.read if isinstance(data, Window) else BytesIO(data).read
    b: Content = b""
    n: int = 0
    h = read(2)
    while h:
        t = h[0]
        if t == 10:  # datasource
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n)
            m.datasource = b.decode()
            h = read(2)
            if not h:
                break
            t = h[0]
        while t == 18:  # document_ids
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n)
            m.document_ids.append(b.decode())
            h = read(2)
            if not h:
                break
            t = h[0]
        if not h:
            break
        while t == 26:  # chunk_ids
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n)
            m.chunk_ids.append(b.decode())
            h = read(2)
            if not h:
                break
            t = h[0]
        if not h:
            break
        while t == 34:  # pii_categories
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n)
            m.pii_categories.append(b.decode())
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


def _encode_RedactionInfo(m: RedactionInfo, depth: int) -> Text:
    if depth > MAX_DEPTH:
        raise ValueError(TOO_DEEP)
    out: Text = ""
    v: _Any
    if (v := m.fields) or v.__class__ is not list:
        for v in (v if v.__class__ is list else items(v)):
            if v.__class__ is not str or not v.isascii():
                v = text(v)
            n = len(v)
            out += f"\n{VARINTS[n]}{v}" if n < SMALL else sized("\n", v)
    if (v := m.method) is not NO_TEXT and v is not None:
        if v.__class__ is not str or not v.isascii():
            v = text(v)
        if n := len(v):
            out += f"\x12{VARINTS[n]}{v}" if n < SMALL else sized("\x12", v)
    if (v := m.salt_id) is not NO_TEXT and v is not None:
        if v.__class__ is not str or not v.isascii():
            v = text(v)
        if n := len(v):
            out += f"\x1a{VARINTS[n]}{v}" if n < SMALL else sized("\x1a", v)
    if m._unknown_fields:
        out += m._unknown_fields.decode("latin-1")
    return out


def _decode_RedactionInfo(data: Content, depth: int) -> RedactionInfo:
    if depth > MAX_DEPTH:
        raise NotCanonical
    m = new(RedactionInfo)
    m.fields = []
    m._unknown_fields = b""
    m.method = m.salt_id = ""
    rest = b""
    read = data.read if isinstance(data, Window) else BytesIO(data).read
    b: Content = b""
    n: int = 0
    h = read(2)
    while h:
        t = h[0]
        while t == 10:  # fields
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n)
            m.fields.append(b.decode())
            h = read(2)
            if not h:
                break
            t = h[0]
        if not h:
            break
        if t == 18:  # method
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n)
            m.method = b.decode()
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 26:  # salt_id
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n)
            m.salt_id = b.decode()
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


def _encode_RetryInfo(m: RetryInfo, depth: int) -> Text:
    if depth > MAX_DEPTH:
        raise ValueError(TOO_DEEP)
    out: Text = ""
    v: _Any
    if (v := m.attempt) is not ZERO and v is not None:
        out += f"\x08{VARINTS[v]}" if v.__class__ is int and 0 < v < SMALL else unless_zero("\x08", int32(v))
    if (v := m.strategy) is not NO_TEXT and v is not None:
        if v.__class__ is not str or not v.isascii():
            v = text(v)
        if n := len(v):
            out += f"\x12{VARINTS[n]}{v}" if n < SMALL else sized("\x12", v)
    if (v := m.backoff_ms) is not ZERO and v is not None:
        out += f"\x18{VARINTS[v]}" if v.__class__ is int and 0 < v < SMALL else unless_zero("\x18", int32(v))
    if m._unknown_fields:
        out += m._unknown_fields.decode("latin-1")
    return out


def _decode_RetryInfo(data: Content, depth: int) -> RetryInfo:
    if depth > MAX_DEPTH:
        raise NotCanonical
    m = new(RetryInfo)
    m._unknown_fields = b""
    m.attempt = m.backoff_ms = 0
    m.strategy = ""
    rest = b""
    read = data.read if isinstance(data, Window) else BytesIO(data).read
    b: Content = b""
    n: int = 0
    h = read(2)
    while h:
        t = h[0]
        if t == 8:  # attempt
            v = h[1]
            if v > 127:
                v = signed(more(v, read), 32)
            m.attempt = v
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 18:  # strategy
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n)
            m.strategy = b.decode()
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 24:  # backoff_ms
            v = h[1]
            if v > 127:
                v = signed(more(v, read), 32)
            m.backoff_ms = v
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


def _encode_PerformanceMetrics(m: PerformanceMetrics, depth: int) -> Text:
    if depth > MAX_DEPTH:
        raise ValueError(TOO_DEEP)
    out: Text = ""
    v: _Any
    if (v := m.cpu_percent) is not _zero_float and v is not None:
        out += "\t" + pack_double(v).decode("latin-1") if v else unless_zero("\t", double(v))
    if (v := m.memory_mb) is not _zero_float and v is not None:
        out += "\x11" + pack_double(v).decode("latin-1") if v else unless_zero("\x11", double(v))
    if (v := m.duration_ms) is not _zero_float and v is not None:
        out += "\x19" + pack_double(v).decode("latin-1") if v else unless_zero("\x19", double(v))
    if (v := m.throughput) is not _zero_float and v is not None:
        out += "!" + pack_double(v).decode("latin-1") if v else unless_zero("!", double(v))
    if (v := m.latency_ms) is not _zero_float and v is not None:
        out += ")" + pack_double(v).decode("latin-1") if v else unless_zero(")", double(v))
    if m._unknown_fields:
        out += m._unknown_fields.decode("latin-1")
    return out


def _decode_PerformanceMetrics(data: Content, depth: int) -> PerformanceMetrics:
    if depth > MAX_DEPTH:
        raise NotCanonical
    m = new(PerformanceMetrics)
    m._unknown_fields = b""
    m.cpu_percent = m.memory_mb = m.duration_ms = m.throughput = m.latency_ms = _zero_float
    rest = b""
    read = data.read if isinstance(data, Window) else BytesIO(data).read
    h = read(2)
    while h:
        t = h[0]
        if t == 9:  # cpu_percent
            m.cpu_percent = unpack_behind_1_double(h + read(7))[0]
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 17:  # memory_mb
            m.memory_mb = unpack_behind_1_double(h + read(7))[0]
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 25:  # duration_ms
            m.duration_ms = unpack_behind_1_double(h + read(7))[0]
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 33:  # throughput
            m.throughput = unpack_behind_1_double(h + read(7))[0]
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 41:  # latency_ms
            m.latency_ms = unpack_behind_1_double(h + read(7))[0]
            h = read(2)
            if not h:
                break
            t = h[0]
        rest = h + read()
        break
    if rest:
        slow_decode.merge(m, rest, depth)
    return m


def _encode_InfrastructureMetrics(m: InfrastructureMetrics, depth: int) -> Text:
    if depth > MAX_DEPTH:
        raise ValueError(TOO_DEEP)
    out: Text = ""
    v: _Any
    s: Text
    if (v := m.resource_type) is not NO_TEXT and v is not None:
        if v.__class__ is not str or not v.isascii():
            v = text(v)
        if n := len(v):
            out += f"\n{VARINTS[n]}{v}" if n < SMALL else sized("\n", v)
    if (v := m.metrics) is not None:
        s = encode_struct(v, depth + 1)
        n = len(s)
        out += f"\x12{VARINTS[n]}{s}" if n < SMALL else sized("\x12", s)
    if (v := m.host) is not NO_TEXT and v is not None:
        if v.__class__ is not str or not v.isascii():
            v = text(v)
        if n := len(v):
            out += f"\x1a{VARINTS[n]}{v}" if n < SMALL else sized("\x1a", v)
    if (v := m.process_id) is not ZERO and v is not None:
        out += f" {VARINTS[v]}" if v.__class__ is int and 0 < v < SMALL else unless_zero(" ", int32(v))
    if (v := m.thread_id) is not NO_TEXT and v is not None:
        if v.__class__ is not str or not v.isascii():
            v = text(v)
        if n := len(v):
            out += f"*{VARINTS[n]}{v}" if n < SMALL else sized("*", v)
    if m._unknown_fields:
        out += m._unknown_fields.decode("latin-1")
    return out


def _decode_InfrastructureMetrics(data: Content, depth: int) -> InfrastructureMetrics:
    if depth > MAX_DEPTH:
        raise NotCanonical
    m = new(InfrastructureMetrics)
    m._unknown_fields = b""
    m.resource_type = m.host = m.thread_id = ""
    m.metrics = None
    m.process_id = 0
    rest = b""
    read = data.read if isinstance(data, Window) else BytesIO(data).read
    b: Content = b""
    n: int = 0
    h = read(2)
    while h:
        t = h[0]
        if t == 10:  # resource_type
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n)
            m.resource_type = b.decode()
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 18:  # metrics
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            m.metrics = read_struct(read, n, depth + 1)
            b, n = b"", 0
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 26:  # host
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n)
            m.host = b.decode()
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 32:  # process_id
            v = h[1]
            if v > 127:
                v = signed(more(v, read), 32)
            m.process_id = v
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 42:  # thread_id
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n)
            m.thread_id = b.decode()
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


def _encode_CostDetails(m: CostDetails, depth: int) -> Text:
    if depth > MAX_DEPTH:
        raise ValueError(TOO_DEEP)
    out: Text = ""
    v: _Any
    if (v := m.provider) is not NO_TEXT and v is not None:
        if v.__class__ is not str or not v.isascii():
            v = text(v)
        if n := len(v):
            out += f"\n{VARINTS[n]}{v}" if n < SMALL else sized("\n", v)
    if (v := m.service) is not NO_TEXT and v is not None:
        if v.__class__ is not str or not v.isascii():
            v = text(v)
        if n := len(v):
            out += f"\x12{VARINTS[n]}{v}" if n < SMALL else sized("\x12", v)
    if (v := m.input_tokens) is not ZERO and v is not None:
        out += f"\x18{VARINTS[v]}" if v.__class__ is int and 0 < v < SMALL else unless_zero("\x18", int32(v))
    if (v := m.output_tokens) is not ZERO and v is not None:
        out += f" {VARINTS[v]}" if v.__class__ is int and 0 < v < SMALL else unless_zero(" ", int32(v))
    if (v := m.total_tokens) is not ZERO and v is not None:
        out += f"({VARINTS[v]}" if v.__class__ is int and 0 < v < SMALL else unless_zero("(", int32(v))
    if (v := m.input_cost) is not _zero_float and v is not None:
        out += "1" + pack_double(v).decode("latin-1") if v else unless_zero("1", double(v))
    if (v := m.output_cost) is not _zero_float and v is not None:
        out += "9" + pack_double(v).decode("latin-1") if v else unless_zero("9", double(v))
    if (v := m.total_cost) is not _zero_float and v is not None:
        out += "A" + pack_double(v).decode("latin-1") if v else unless_zero("A", double(v))
    if (v := m.currency) is not NO_TEXT and v is not None:
        if v.__class__ is not str or not v.isascii():
            v = text(v)
        if n := len(v):
            out += f"J{VARINTS[n]}{v}" if n < SMALL else sized("J", v)
    if (v := m.input_rate_per_token) is not _zero_float and v is not None:
        out += "Q" + pack_double(v).decode("latin-1") if v else unless_zero("Q", double(v))
    if (v := m.output_rate_per_token) is not _zero_float and v is not None:
        out += "Y" + pack_double(v).decode("latin-1") if v else unless_zero("Y", double(v))
    if m._unknown_fields:
        out += m._unknown_fields.decode("latin-1")
    return out


def _decode_CostDetails(data: Content, depth: int) -> CostDetails:
    if depth > MAX_DEPTH:
        raise NotCanonical
    m = new(CostDetails)
    m._unknown_fields = b""
    m.provider = m.service = m.currency = ""
    m.input_tokens = m.output_tokens = m.total_tokens = 0
    m.input_cost = m.output_cost = m.total_cost = m.input_rate_per_token = m.output_rate_per_token = _zero_float
    rest = b""
    read = data.read if isinstance(data, Window) else BytesIO(data).read
    b: Content = b""
    n: int = 0
    h = read(2)
    while h:
        t = h[0]
        if t == 10:  # provider
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n)
            m.provider = b.decode()
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 18:  # service
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n)
            m.service = b.decode()
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 24:  # input_tokens
            v = h[1]
            if v > 127:
                v = signed(more(v, read), 32)
            m.input_tokens = v
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 32:  # output_tokens
            v = h[1]
            if v > 127:
                v = signed(more(v, read), 32)
            m.output_tokens = v
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 40:  # total_tokens
            v = h[1]
            if v > 127:
                v = signed(more(v, read), 32)
            m.total_tokens = v
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 49:  # input_cost
            m.input_cost = unpack_behind_1_double(h + read(7))[0]
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 57:  # output_cost
            m.output_cost = unpack_behind_1_double(h + read(7))[0]
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 65:  # total_cost
            m.total_cost = unpack_behind_1_double(h + read(7))[0]
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 74:  # currency
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n)
            m.currency = b.decode()
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 81:  # input_rate_per_token
            m.input_rate_per_token = unpack_behind_1_double(h + read(7))[0]
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 89:  # output_rate_per_token
            m.output_rate_per_token = unpack_behind_1_double(h + read(7))[0]
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


def _encode_AgentHandoff(m: AgentHandoff, depth: int) -> Text:
    if depth > MAX_DEPTH:
        raise ValueError(TOO_DEEP)
    out: Text = ""
    v: _Any
    s: Text
    if (v := m.from_agent_id) is not NO_TEXT and v is not None:
        if v.__class__ is not str or not v.isascii():
            v = text(v)
        if n := len(v):
            out += f"\n{VARINTS[n]}{v}" if n < SMALL else sized("\n", v)
    if (v := m.from_agent_name) is not NO_TEXT and v is not None:
        if v.__class__ is not str or not v.isascii():
            v = text(v)
        if n := len(v):
            out += f"\x12{VARINTS[n]}{v}" if n < SMALL else sized("\x12", v)
    if (v := m.to_agent_id) is not NO_TEXT and v is not None:
        if v.__class__ is not str or not v.isascii():
            v = text(v)
        if n := len(v):
            out += f"\x1a{VARINTS[n]}{v}" if n < SMALL else sized("\x1a", v)
    if (v := m.to_agent_name) is not NO_TEXT and v is not None:
        if v.__class__ is not str or not v.isascii():
            v = text(v)
        if n := len(v):
            out += f"\"{VARINTS[n]}{v}" if n < SMALL else sized("\"", v)
    if (v := m.handoff_data) is not None:
        s = encode_struct(v, depth + 1)
        n = len(s)
        out += f"*{VARINTS[n]}{s}" if n < SMALL else sized("*", s)
    if (v := m.reason) is not NO_TEXT and v is not None:
        if v.__class__ is not str or not v.isascii():
            v = text(v)
        if n := len(v):
            out += f"2{VARINTS[n]}{v}" if n < SMALL else sized("2", v)
    if (v := m.handoff_type) is not NO_TEXT and v is not None:
        if v.__class__ is not str or not v.isascii():
            v = text(v)
        if n := len(v):
            out += f":{VARINTS[n]}{v}" if n < SMALL else sized(":", v)
    if m._unknown_fields:
        out += m._unknown_fields.decode("latin-1")
    return out


def _decode_AgentHandoff(data: Content, depth: int) -> AgentHandoff:
    if depth > MAX_DEPTH:
        raise NotCanonical
    m = new(AgentHandoff)
    m._unknown_fields = b""
    m.from_agent_id = m.from_agent_name = m.to_agent_id = m.to_agent_name = m.reason = m.handoff_type = ""
    m.handoff_data = None
    rest = b""
    read = data.read if isinstance(data, Window) else BytesIO(data).read
    b: Content = b""
    n: int = 0
    h = read(2)
    while h:
        t = h[0]
        if t == 10:  # from_agent_id
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n)
            m.from_agent_id = b.decode()
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 18:  # from_agent_name
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n)
            m.from_agent_name = b.decode()
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 26:  # to_agent_id
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n)
            m.to_agent_id = b.decode()
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 34:  # to_agent_name
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n)
            m.to_agent_name = b.decode()
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 42:  # handoff_data
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            m.handoff_data = read_struct(read, n, depth + 1)
            b, n = b"", 0
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 50:  # reason
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n)
            m.reason = b.decode()
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 58:  # handoff_type
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n)
            m.handoff_type = b.decode()
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


def _encode_MCPCall(m: MCPCall, depth: int) -> Text:
    if depth > MAX_DEPTH:
        raise ValueError(TOO_DEEP)
    out: Text = ""
    v: _Any
    s: Text
    if (v := m.server_name) is not NO_TEXT and v is not None:
        if v.__class__ is not str or not v.isascii():
            v = text(v)
        if n := len(v):
            out += f"\n{VARINTS[n]}{v}" if n < SMALL else sized("\n", v)
    if (v := m.server_url) is not NO_TEXT and v is not None:
        if v.__class__ is not str or not v.isascii():
            v = text(v)
        if n := len(v):
            out += f"\x12{VARINTS[n]}{v}" if n < SMALL else sized("\x12", v)
    if (v := m.operation) is not NO_TEXT and v is not None:
        if v.__class__ is not str or not v.isascii():
            v = text(v)
        if n := len(v):
            out += f"\x1a{VARINTS[n]}{v}" if n < SMALL else sized("\x1a", v)
    if (v := m.method) is not NO_TEXT and v is not None:
        if v.__class__ is not str or not v.isascii():
            v = text(v)
        if n := len(v):
            out += f"\"{VARINTS[n]}{v}" if n < SMALL else sized("\"", v)
    if (v := m.request) is not None:
        s = encode_struct(v, depth + 1)
        n = len(s)
        out += f"*{VARINTS[n]}{s}" if n < SMALL else sized("*", s)
    if (v := m.response) is not None:
        s = encode_struct(v, depth + 1)
        n = len(s)
        out += f"2{VARINTS[n]}{s}" if n < SMALL else sized("2", s)
    if (v := m.protocol_version) is not NO_TEXT and v is not None:
        if v.__class__ is not str or not v.isascii():
            v = text(v)
        if n := len(v):
            out += f":{VARINTS[n]}{v}" if n < SMALL else sized(":", v)
    if (v := m.execution_time_ms) is not _zero_float and v is not None:
        out += "A" + pack_double(v).decode("latin-1") if v else unless_zero("A", double(v))
    if m._unknown_fields:
        out += m._unknown_fields.decode("latin-1")
    return out


def _decode_MCPCall(data: Content, depth: int) -> MCPCall:
    if depth > MAX_DEPTH:
        raise NotCanonical
    m = new(MCPCall)
    m._unknown_fields = b""
    m.server_name = m.server_url = m.operation = m.method = m.protocol_version = ""
    m.request = m.response = None
    m.execution_time_ms = _zero_float
    rest = b""
    read = data.read if isinstance(data, Window) else BytesIO(data).read
    b: Content = b""
    n: int = 0
    h = read(2)
    while h:
        t = h[0]
        if t == 10:  # server_name
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n)
            m.server_name = b.decode()
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 18:  # server_url
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n)
            m.server_url = b.decode()
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 26:  # operation
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n)
            m.operation = b.decode()
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 34:  # method
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n)
            m.method = b.decode()
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 42:  # request
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            m.request = read_struct(read, n, depth + 1)
            b, n = b"", 0
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 50:  # response
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            m.response = read_struct(read, n, depth + 1)
            b, n = b"", 0
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 58:  # protocol_version
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n)
            m.protocol_version = b.decode()
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 65:  # execution_time_ms
            m.execution_time_ms = unpack_behind_1_double(h + read(7))[0]
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


def _encode_ErrorInfo(m: ErrorInfo, depth: int) -> Text:
    if depth > MAX_DEPTH:
        raise ValueError(TOO_DEEP)
    out: Text = ""
    v: _Any
    if (v := m.error_message) is not NO_TEXT and v is not None:
        if v.__class__ is not str or not v.isascii():
            v = text(v)
        if n := len(v):
            out += f"\n{VARINTS[n]}{v}" if n < SMALL else sized("\n", v)
    if (v := m.error_code) is not NO_TEXT and v is not None:
        if v.__class__ is not str or not v.isascii():
            v = text(v)
        if n := len(v):
            out += f"\x12{VARINTS[n]}{v}" if n < SMALL else sized("\x12", v)
    if (v := m.stack_trace) is not NO_TEXT and v is not None:
        if v.__class__ is not str or not v.isascii():
            v = text(v)
        if n := len(v):
            out += f"\x1a{VARINTS[n]}{v}" if n < SMALL else sized("\x1a", v)
    if (v := m.recoverable) is not False and v is not None:
        out += " \x01" if v is True else unless_zero(" ", boolean(v))
    if (v := m.recovery_action) is not NO_TEXT and v is not None:
        if v.__class__ is not str or not v.isascii():
            v = text(v)
        if n := len(v):
            out += f"*{VARINTS[n]}{v}" if n < SMALL else sized("*", v)
    if m._unknown_fields:
        out += m._unknown_fields.decode("latin-1")
    return out


def _decode_ErrorInfo(data: Content, depth: int) -> ErrorInfo:
    if depth > MAX_DEPTH:
        raise NotCanonical
    m = new(ErrorInfo)
    m._unknown_fields = b""
    m.error_message = m.error_code = m.stack_trace = m.recovery_action = ""
    m.recoverable = False
    rest = b""
    read = data.read if isinstance(data, Window) else BytesIO(data).read
    b: Content = b""
    n: int = 0
    h = read(2)
    while h:
        t = h[0]
        if t == 10:  # error_message
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n)
            m.error_message = b.decode()
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 18:  # error_code
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n)
            m.error_code = b.decode()
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 26:  # stack_trace
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n)
            m.stack_trace = b.decode()
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 32:  # recoverable
            v = h[1]
            if v > 127:
                v = more(v, read)
            m.recoverable = v != 0
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 42:  # recovery_action
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n)
            m.recovery_action = b.decode()
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


def _encode_Event(m: Event, depth: int) -> Text:
    if depth > MAX_DEPTH:
        raise ValueError(TOO_DEEP)
    out: Text = ""
    v: _Any
    s: Text
    if (v := m.event_id) is not NO_TEXT and v is not None:
        if v.__class__ is not str or not v.isascii():
            v = text(v)
        if n := len(v):
            out += f"\n{VARINTS[n]}{v}" if n < SMALL else sized("\n", v)
    if (v := m.tenant_id) is not NO_TEXT and v is not None:
        if v.__class__ is not str or not v.isascii():
            v = text(v)
        if n := len(v):
            out += f"\x12{VARINTS[n]}{v}" if n < SMALL else sized("\x12", v)
    if (v := m.project_id) is not NO_TEXT and v is not None:
        if v.__class__ is not str or not v.isascii():
            v = text(v)
        if n := len(v):
            out += f"\x1a{VARINTS[n]}{v}" if n < SMALL else sized("\x1a", v)
    if (v := m.session_id) is not NO_TEXT and v is not None:
        if v.__class__ is not str or not v.isascii():
            v = text(v)
        if n := len(v):
            out += f"\"{VARINTS[n]}{v}" if n < SMALL else sized("\"", v)
    if (v := m.span_id) is not NO_TEXT and v is not None:
        if v.__class__ is not str or not v.isascii():
            v = text(v)
        if n := len(v):
            out += f"*{VARINTS[n]}{v}" if n < SMALL else sized("*", v)
    if (v := m.parent_span_id) is not NO_TEXT and v is not None:
        if v.__class__ is not str or not v.isascii():
            v = text(v)
        if n := len(v):
            out += f"2{VARINTS[n]}{v}" if n < SMALL else sized("2", v)
    if (v := m.type) is not _zero_EventType and v is not None:
        s = v.__class__ is EventType and _varints_EventType.get(v) or enumeration(v, EventType)
        if s != "\0":
            out += f"8{s}"
    if (v := m.severity) is not _zero_Severity and v is not None:
        s = v.__class__ is Severity and _varints_Severity.get(v) or enumeration(v, Severity)
        if s != "\0":
            out += f"@{s}"
    if (v := m.status) is not _zero_EventStatus and v is not None:
        s = v.__class__ is EventStatus and _varints_EventStatus.get(v) or enumeration(v, EventStatus)
        if s != "\0":
            out += f"H{s}"
    if (v := m.author) is not _zero_Author and v is not None:
        s = v.__class__ is Author and _varints_Author.get(v) or enumeration(v, Author)
        if s != "\0":
            out += f"P{s}"
    if (v := m.timestamp) is not None:
        s = timestamp(v, depth + 1)
        n = len(s)
        out += f"Z{VARINTS[n]}{s}" if n < SMALL else sized("Z", s)
    if (v := m.agent_id) is not NO_TEXT and v is not None:
        if v.__class__ is not str or not v.isascii():
            v = text(v)
        if n := len(v):
            out += f"b{VARINTS[n]}{v}" if n < SMALL else sized("b", v)
    if (v := m.agent_name) is not NO_TEXT and v is not None:
        if v.__class__ is not str or not v.isascii():
            v = text(v)
        if n := len(v):
            out += f"j{VARINTS[n]}{v}" if n < SMALL else sized("j", v)
    if (v := m.invocation_id) is not NO_TEXT and v is not None:
        if v.__class__ is not str or not v.isascii():
            v = text(v)
        if n := len(v):
            out += f"r{VARINTS[n]}{v}" if n < SMALL else sized("r", v)
    if (v := m.response_id) is not NO_TEXT and v is not None:
        if v.__class__ is not str or not v.isascii():
            v = text(v)
        if n := len(v):
            out += f"z{VARINTS[n]}{v}" if n < SMALL else sized("z", v)
    if (v := m.is_partial) is not False and v is not None:
        out += "\x80\x01\x01" if v is True else unless_zero("\x80\x01", boolean(v))
    if (v := m.is_final) is not False and v is not None:
        out += "\x88\x01\x01" if v is True else unless_zero("\x88\x01", boolean(v))
    if (v := m.hash_prev) is not NO_TEXT and v is not None:
        if v.__class__ is not str or not v.isascii():
            v = text(v)
        if n := len(v):
            out += f"\x92\x01{VARINTS[n]}{v}" if n < SMALL else sized("\x92\x01", v)
    if (v := m.content_hash) is not NO_TEXT and v is not None:
        if v.__class__ is not str or not v.isascii():
            v = text(v)
        if n := len(v):
            out += f"\x9a\x01{VARINTS[n]}{v}" if n < SMALL else sized("\x9a\x01", v)
    if (v := m.worm_proof_id) is not NO_TEXT and v is not None:
        if v.__class__ is not str or not v.isascii():
            v = text(v)
        if n := len(v):
            out += f"\xa2\x01{VARINTS[n]}{v}" if n < SMALL else sized("\xa2\x01", v)
    if (v := m.branch) is not NO_TEXT and v is not None:
        if v.__class__ is not str or not v.isascii():
            v = text(v)
        if n := len(v):
            out += f"\xaa\x01{VARINTS[n]}{v}" if n < SMALL else sized("\xaa\x01", v)
    if (v := m.tags) or v.__class__ is not list:
        for v in (v if v.__class__ is list else items(v)):
            if v.__class__ is not str or not v.isascii():
                v = text(v)
            n = len(v)
            out += f"\xb2\x01{VARINTS[n]}{v}" if n < SMALL else sized("\xb2\x01", v)
    if (v := m.trace_id) is not NO_TEXT and v is not None:
        if v.__class__ is not str or not v.isascii():
            v = text(v)
        if n := len(v):
            out += f"\xba\x01{VARINTS[n]}{v}" if n < SMALL else sized("\xba\x01", v)
    set_content = ""
    if (v := m.message) is not None:
        set_content = "message"
        if v.__class__ is not MessageContent:
            instance(v, MessageContent)
        s = _encode_MessageContent(v, depth + 1)
        n = len(s)
        out += f"\xf2\x01{VARINTS[n]}{s}" if n < SMALL else sized("\xf2\x01", s)
    if (v := m.tool_call) is not None:
        if set_content:
            raise two_members("content", set_content, "tool_call")
        set_content = "tool_call"
        if v.__class__ is not ToolCall:
            instance(v, ToolCall)
        s = _encode_ToolCall(v, depth + 1)
        n = len(s)
        out += f"\xfa\x01{VARINTS[n]}{s}" if n < SMALL else sized("\xfa\x01", s)
    if (v := m.tool_response) is not None:
        if set_content:
            raise two_members("content", set_content, "tool_response")
        set_content = "tool_response"
        if v.__class__ is not ToolResponse:
            instance(v, ToolResponse)
        s = _encode_ToolResponse(v, depth + 1)
        n = len(s)
        out += f"\x82\x02{VARINTS[n]}{s}" if n < SMALL else sized("\x82\x02", s)
    if (v := m.llm_invocation) is not None:
        if set_content:
            raise two_members("content", set_content, "llm_invocation")
        set_content = "llm_invocation"
        if v.__class__ is not LLMInvocation:
            instance(v, LLMInvocation)
        s = _encode_LLMInvocation(v, depth + 1)
        n = len(s)
        out += f"\x8a\x02{VARINTS[n]}{s}" if n < SMALL else sized("\x8a\x02", s)
    if (v := m.policy) is not None:
        if set_content:
            raise two_members("content", set_content, "policy")
        set_content = "policy"
        if v.__class__ is not PolicyDecision:
            instance(v, PolicyDecision)
        s = _encode_PolicyDecision(v, depth + 1)
        n = len(s)
        out += f"\x92\x02{VARINTS[n]}{s}" if n < SMALL else sized("\x92\x02", s)
    if (v := m.data_access) is not None:
        if set_content:
            raise two_members("content", set_content, "data_access")
        set_content = "data_access"
        if v.__class__ is not DataAccess:
            instance(v, DataAccess)
        s = _encode_DataAccess(v, depth + 1)
        n = len(s)
        out += f"\x9a\x02{VARINTS[n]}{s}" if n < SMALL else sized("\x9a\x02", s)
    if (v := m.state_update) is not None:
        if set_content:
            raise two_members("content", set_content, "state_update")
        set_content = "state_update"
        s = encode_struct(v, depth + 1)
        n = len(s)
        out += f"\xa2\x02{VARINTS[n]}{s}" if n < SMALL else sized("\xa2\x02", s)
    if (v := m.error) is not None:
        if set_content:
            raise two_members("content", set_content, "error")
        set_content = "error"
        if v.__class__ is not ErrorInfo:
            instance(v, ErrorInfo)
        s = _encode_ErrorInfo(v, depth + 1)
        n = len(s)
        out += f"\xaa\x02{VARINTS[n]}{s}" if n < SMALL else sized("\xaa\x02", s)
    if (v := m.agent_handoff) is not None:
        if set_content:
            raise two_members("content", set_content, "agent_handoff")
        set_content = "agent_handoff"
        if v.__class__ is not AgentHandoff:
            instance(v, AgentHandoff)
        s = _encode_AgentHandoff(v, depth + 1)
        n = len(s)
        out += f"\xb2\x02{VARINTS[n]}{s}" if n < SMALL else sized("\xb2\x02", s)
    if (v := m.mcp_call) is not None:
        if set_content:
            raise two_members("content", set_content, "mcp_call")
        if v.__class__ is not MCPCall:
            instance(v, MCPCall)
        s = _encode_MCPCall(v, depth + 1)
        n = len(s)
        out += f"\xba\x02{VARINTS[n]}{s}" if n < SMALL else sized("\xba\x02", s)
    if (v := m.retry) is not None:
        if v.__class__ is not RetryInfo:
            instance(v, RetryInfo)
        s = _encode_RetryInfo(v, depth + 1)
        n = len(s)
        out += f"\xe2\x03{VARINTS[n]}{s}" if n < SMALL else sized("\xe2\x03", s)
    if (v := m.redaction) is not None:
        if v.__class__ is not RedactionInfo:
            instance(v, RedactionInfo)
        s = _encode_RedactionInfo(v, depth + 1)
        n = len(s)
        out += f"\xea\x03{VARINTS[n]}{s}" if n < SMALL else sized("\xea\x03", s)
    if (v := m.pii_categories) or v.__class__ is not list:
        for v in (v if v.__class__ is list else items(v)):
            if v.__class__ is not str or not v.isascii():
                v = text(v)
            n = len(v)
            out += f"\xf2\x03{VARINTS[n]}{v}" if n < SMALL else sized("\xf2\x03", v)
    if (v := m.performance) is not None:
        if v.__class__ is not PerformanceMetrics:
            instance(v, PerformanceMetrics)
        s = _encode_PerformanceMetrics(v, depth + 1)
        n = len(s)
        out += f"\xb2\x04{VARINTS[n]}{s}" if n < SMALL else sized("\xb2\x04", s)
    if (v := m.infrastructure) is not None:
        if v.__class__ is not InfrastructureMetrics:
            instance(v, InfrastructureMetrics)
        s = _encode_InfrastructureMetrics(v, depth + 1)
        n = len(s)
        out += f"\xba\x04{VARINTS[n]}{s}" if n < SMALL else sized("\xba\x04", s)
    if (v := m.cost) is not None:
        if v.__class__ is not CostDetails:
            instance(v, CostDetails)
        s = _encode_CostDetails(v, depth + 1)
        n = len(s)
        out += f"\xc2\x04{VARINTS[n]}{s}" if n < SMALL else sized("\xc2\x04", s)
    if (v := m.metadata) is not None:
        s = encode_struct(v, depth + 1)
        n = len(s)
        out += f"\xd2\x05{VARINTS[n]}{s}" if n < SMALL else sized("\xd2\x05", s)
    if (v := m.extensions) or v.__class__ is not list:
        for v in (v if v.__class__ is list else items(v)):
            if v.__class__ is not Any:
                instance(v, Any)
            s = _encode_Any(v, depth + 1)
            n = len(s)
            out += f"\x9a\x06{VARINTS[n]}{s}" if n < SMALL else sized("\x9a\x06", s)
    if m._unknown_fields:
        out += m._unknown_fields.decode("latin-1")
    return out


def _decode_Event(data: Content, depth: int) -> Event:
    if depth > MAX_DEPTH:
        raise NotCanonical
    m = new(Event)
    m.tags = []
    m.pii_categories = []
    m.extensions = []
    m._unknown_fields = b""
    m.event_id = m.tenant_id = m.project_id = m.session_id = m.span_id = m.parent_span_id = m.agent_id = ""
    m.agent_name = m.invocation_id = m.response_id = m.hash_prev = m.content_hash = m.worm_proof_id = m.branch = ""
    m.trace_id = ""
    m.type = _zero_EventType
    m.severity = _zero_Severity
    m.status = _zero_EventStatus
    m.author = _zero_Author
    m.timestamp = m.message = m.tool_call = m.tool_response = m.llm_invocation = m.policy = m.data_access = None
    m.state_update = m.error = m.agent_handoff = m.mcp_call = m.retry = m.redaction = m.performance = None
    m.infrastructure = m.cost = m.metadata = None
    m.is_partial = m.is_final = False
    set_content = False
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
        if t == 18:  # tenant_id
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n)
            m.tenant_id = b.decode()
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 26:  # project_id
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n)
            m.project_id = b.decode()
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 34:  # session_id
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n)
            m.session_id = b.decode()
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
        if t == 50:  # parent_span_id
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n)
            m.parent_span_id = b.decode()
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 56:  # type
            v = h[1]
            if v > 127:
                v = signed(more(v, read), 32)
            m.type = _members_EventType[v] if 0 <= v < 64 else EventType(v)
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 64:  # severity
            v = h[1]
            if v > 127:
                v = signed(more(v, read), 32)
            m.severity = _members_Severity[v] if 0 <= v < 5 else Severity(v)
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 72:  # status
            v = h[1]
            if v > 127:
                v = signed(more(v, read), 32)
            m.status = _members_EventStatus[v] if 0 <= v < 6 else EventStatus(v)
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 80:  # author
            v = h[1]
            if v > 127:
                v = signed(more(v, read), 32)
            m.author = _members_Author[v] if 0 <= v < 6 else Author(v)
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 90:  # timestamp
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n)
            m.timestamp = read_timestamp(b, depth + 1)
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 98:  # agent_id
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n)
            m.agent_id = b.decode()
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 106:  # agent_name
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n)
            m.agent_name = b.decode()
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 114:  # invocation_id
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n)
            m.invocation_id = b.decode()
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 122:  # response_id
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n)
            m.response_id = b.decode()
            h = read(2)
            if not h:
                break
            t = h[0]
        t = _tags_Event.get(h, 0)
        if t == 16:  # is_partial
            v = read(1)[0]
            if v > 127:
                v = more(v, read)
            m.is_partial = v != 0
            h = read(2)
            if not h:
                break
            t = _tags_Event.get(h, 0)
        if t == 17:  # is_final
            v = read(1)[0]
            if v > 127:
                v = more(v, read)
            m.is_final = v != 0
            h = read(2)
            if not h:
                break
            t = _tags_Event.get(h, 0)
        if t == 18:  # hash_prev
            n = read(1)[0]
            if n > 127:
                n = more_length(n, read)
            b = read(n)
            m.hash_prev = b.decode()
            h = read(2)
            if not h:
                break
            t = _tags_Event.get(h, 0)
        if t == 19:  # content_hash
            n = read(1)[0]
            if n > 127:
                n = more_length(n, read)
            b = read(n)
            m.content_hash = b.decode()
            h = read(2)
            if not h:
                break
            t = _tags_Event.get(h, 0)
        if t == 20:  # worm_proof_id
            n = read(1)[0]
            if n > 127:
                n = more_length(n, read)
            b = read(n)
            m.worm_proof_id = b.decode()
            h = read(2)
            if not h:
                break
            t = _tags_Event.get(h, 0)
        if t == 21:  # branch
            n = read(1)[0]
            if n > 127:
                n = more_length(n, read)
            b = read(n)
            m.branch = b.decode()
            h = read(2)
            if not h:
                break
            t = _tags_Event.get(h, 0)
        while t == 22:  # tags
            n = read(1)[0]
            if n > 127:
                n = more_length(n, read)
            b = read(n)
            m.tags.append(b.decode())
            h = read(2)
            if not h:
                break
            t = _tags_Event.get(h, 0)
        if not h:
            break
        if t == 23:  # trace_id
            n = read(1)[0]
            if n > 127:
                n = more_length(n, read)
            b = read(n)
            m.trace_id = b.decode()
            h = read(2)
            if not h:
                break
            t = _tags_Event.get(h, 0)
        if t == 30:  # message
            set_content = True
            n = read(1)[0]
            if n > 127:
                n = more_length(n, read)
            b = read(n) if n < LONG else Window(read, n)
            m.message = _decode_MessageContent(b, depth + 1)
            h = read(2)
            if not h:
                break
            t = _tags_Event.get(h, 0)
        if t == 31:  # tool_call
            if set_content:
                rest = h + read()
                break
            set_content = True
            n = read(1)[0]
            if n > 127:
                n = more_length(n, read)
            b = read(n) if n < LONG else Window(read, n)
            m.tool_call = _decode_ToolCall(b, depth + 1)
            h = read(2)
            if not h:
                break
            t = _tags_Event.get(h, 0)
        if t == 32:  # tool_response
            if set_content:
                rest = h + read()
                break
            set_content = True
            n = read(1)[0]
            if n > 127:
                n = more_length(n, read)
            b = read(n) if n < LONG else Window(read, n)
            m.tool_response = _decode_ToolResponse(b, depth + 1)
            h = read(2)
            if not h:
                break
            t = _tags_Event.get(h, 0)
        if t == 33:  # llm_invocation
            if set_content:
                rest = h + read()
                break
            set_content = True
            n = read(1)[0]
            if n > 127:
                n = more_length(n, read)
            b = read(n) if n < LONG else Window(read, n)
            m.llm_invocation = _decode_LLMInvocation(b, depth + 1)
            h = read(2)
            if not h:
                break
            t = _tags_Event.get(h, 0)
        if t == 34:  # policy
            if set_content:
                rest = h + read()
                break
            set_content = True
            n = read(1)[0]
            if n > 127:
                n = more_length(n, read)
            b = read(n) if n < LONG else Window(read, n)
            m.policy = _decode_PolicyDecision(b, depth + 1)
            h = read(2)
            if not h:
                break
            t = _tags_Event.get(h, 0)
        if t == 35:  # data_access
            if set_content:
                rest = h + read()
                break
            set_content = True
            n = read(1)[0]
            if n > 127:
                n = more_length(n, read)
            b = read(n) if n < LONG else Window(read, n)
            m.data_access = _decode_DataAccess(b, depth + 1)
            h = read(2)
            if not h:
                break
            t = _tags_Event.get(h, 0)
        if t == 36:  # state_update
            if set_content:
                rest = h + read()
                break
            set_content = True
            n = read(1)[0]
            if n > 127:
                n = more_length(n, read)
            m.state_update = read_struct(read, n, depth + 1)
            b, n = b"", 0
            h = read(2)
            if not h:
                break
            t = _tags_Event.get(h, 0)
        if t == 37:  # error
            if set_content:
                rest = h + read()
                break
            set_content = True
            n = read(1)[0]
            if n > 127:
                n = more_length(n, read)
            b = read(n) if n < LONG else Window(read, n)
            m.error = _decode_ErrorInfo(b, depth + 1)
            h = read(2)
            if not h:
                break
            t = _tags_Event.get(h, 0)
        if t == 38:  # agent_handoff
            if set_content:
                rest = h + read()
                break
            set_content = True
            n = read(1)[0]
            if n > 127:
                n = more_length(n, read)
            b = read(n) if n < LONG else Window(read, n)
            m.agent_handoff = _decode_AgentHandoff(b, depth + 1)
            h = read(2)
            if not h:
                break
            t = _tags_Event.get(h, 0)
        if t == 39:  # mcp_call
            if set_content:
                rest = h + read()
                break
            n = read(1)[0]
            if n > 127:
                n = more_length(n, read)
            b = read(n) if n < LONG else Window(read, n)
            m.mcp_call = _decode_MCPCall(b, depth + 1)
            h = read(2)
            if not h:
                break
            t = _tags_Event.get(h, 0)
        if t == 60:  # retry
            n = read(1)[0]
            if n > 127:
                n = more_length(n, read)
            b = read(n) if n < LONG else Window(read, n)
            m.retry = _decode_RetryInfo(b, depth + 1)
            h = read(2)
            if not h:
                break
            t = _tags_Event.get(h, 0)
        if t == 61:  # redaction
            n = read(1)[0]
            if n > 127:
                n = more_length(n, read)
            b = read(n) if n < LONG else Window(read, n)
            m.redaction = _decode_RedactionInfo(b, depth + 1)
            h = read(2)
            if not h:
                break
            t = _tags_Event.get(h, 0)
        while t == 62:  # pii_categories
            n = read(1)[0]
            if n > 127:
                n = more_length(n, read)
            b = read(n)
            m.pii_categories.append(b.decode())
            h = read(2)
            if not h:
                break
            t = _tags_Event.get(h, 0)
        if not h:
            break
        if t == 70:  # performance
            n = read(1)[0]
            if n > 127:
                n = more_length(n, read)
            b = read(n) if n < LONG else Window(read, n)
            m.performance = _decode_PerformanceMetrics(b, depth + 1)
            h = read(2)
            if not h:
                break
            t = _tags_Event.get(h, 0)
        if t == 71:  # infrastructure
            n = read(1)[0]
            if n > 127:
                n = more_length(n, read)
            b = read(n) if n < LONG else Window(read, n)
            m.infrastructure = _decode_InfrastructureMetrics(b, depth + 1)
            h = read(2)
            if not h:
                break
            t = _tags_Event.get(h, 0)
        if t == 72:  # cost
            n = read(1)[0]
            if n > 127:
                n = more_length(n, read)
            b = read(n) if n < LONG else Window(read, n)
            m.cost = _decode_CostDetails(b, depth + 1)
            h = read(2)
            if not h:
                break
            t = _tags_Event.get(h, 0)
        if t == 90:  # metadata
            n = read(1)[0]
            if n > 127:
                n = more_length(n, read)
            m.metadata = read_struct(read, n, depth + 1)
            b, n = b"", 0
            h = read(2)
            if not h:
                break
            t = _tags_Event.get(h, 0)
        while t == 99:  # extensions
            n = read(1)[0]
            if n > 127:
                n = more_length(n, read)
            b = read(n) if n < LONG else Window(read, n)
            m.extensions.append(_decode_Any(b, depth + 1))
            h = read(2)
            if not h:
                break
            t = _tags_Event.get(h, 0)
        if not h:
            break
        rest = h + read()
        break
    if len(b) != n:
        raise NotCanonical
    if rest:
        slow_decode.merge(m, rest, depth)
    return m


def _encode_EventBatch(m: EventBatch, depth: int) -> Text:
    if depth > MAX_DEPTH:
        raise ValueError(TOO_DEEP)
    out: Text = ""
    v: _Any
    s: Text
    if (v := m.batch_id) is not NO_TEXT and v is not None:
        if v.__class__ is not str or not v.isascii():
            v = text(v)
        if n := len(v):
            out += f"\n{VARINTS[n]}{v}" if n < SMALL else sized("\n", v)
    if (v := m.timestamp) is not None:
        s = timestamp(v, depth + 1)
        n = len(s)
        out += f"\x12{VARINTS[n]}{s}" if n < SMALL else sized("\x12", s)
    if (v := m.events) or v.__class__ is not list:
        for v in (v if v.__class__ is list else items(v)):
            if v.__class__ is not Event:
                instance(v, Event)
            s = _encode_Event(v, depth + 1)
            n = len(s)
            out += f"\x1a{VARINTS[n]}{s}" if n < SMALL else sized("\x1a", s)
    if (v := m.metadata) is not None:
        s = encode_struct(v, depth + 1)
        n = len(s)
        out += f"\"{VARINTS[n]}{s}" if n < SMALL else sized("\"", s)
    if (v := m.total_cost) is not _zero_float and v is not None:
        out += "Q" + pack_double(v).decode("latin-1") if v else unless_zero("Q", double(v))
    if (v := m.total_tokens) is not ZERO and v is not None:
        out += f"X{VARINTS[v]}" if v.__class__ is int and 0 < v < SMALL else unless_zero("X", int32(v))
    if (v := m.total_duration_ms) is not _zero_float and v is not None:
        out += "a" + pack_double(v).decode("latin-1") if v else unless_zero("a", double(v))
    if m._unknown_fields:
        out += m._unknown_fields.decode("latin-1")
    return out


def _decode_EventBatch(data: Content, depth: int) -> EventBatch:
    if depth > MAX_DEPTH:
        raise NotCanonical
    m = new(EventBatch)
    m.events = []
    m._unknown_fields = b""
    m.batch_id = ""
    m.timestamp = m.metadata = None
    m.total_cost = m.total_duration_ms = _zero_float
    m.total_tokens = 0
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
        if t == 18:  # timestamp
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n)
            m.timestamp = read_timestamp(b, depth + 1)
            h = read(2)
            if not h:
                break
            t = h[0]
        while t == 26:  # events
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
        if t == 34:  # metadata
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            m.metadata = read_struct(read, n, depth + 1)
            b, n = b"", 0
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 81:  # total_cost
            m.total_cost = unpack_behind_1_double(h + read(7))[0]
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 88:  # total_tokens
            v = h[1]
            if v > 127:
                v = signed(more(v, read), 32)
            m.total_tokens = v
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 97:  # total_duration_ms
            m.total_duration_ms = unpack_behind_1_double(h + read(7))[0]
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
