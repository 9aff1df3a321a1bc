# Generated from google/protobuf/api.proto by `python -m codegen`.
# Do not edit: change the proto file and run the command again.
# pyright: reportPrivateUsage=false, reportUnnecessaryComparison=false, reportUnusedFunction=false
"""The codecs of the messages in google/protobuf/api.proto.

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
)
from chaukas_spec_lite.wire.reading import signed
from chaukas_spec_lite.wire.rope import Text, sized
from chaukas_spec_lite.wire.scalars import boolean, enum_varints, enumeration, instance, items, text, unless_zero
from chaukas_spec_lite.wire.window import Content, Window

from ._source_context_codec import _decode_SourceContext, _encode_SourceContext
from ._type_codec import _decode_Option, _encode_Option

if TYPE_CHECKING:
    # At run time, `attach` puts these classes into this module: their own modules import it.
    from .api import Api, Method, Mixin
    from .source_context import SourceContext
    from .type import Option, Syntax


# What the codecs look up, made once.
_zero_Syntax: Syntax
_varints_Syntax: dict[int, str]
_members_Syntax: Table[Syntax]


def _make_tables() -> None:
    """Make what depends on the classes. `attach` calls this once the classes are here."""
    global _zero_Syntax, _varints_Syntax, _members_Syntax
    _zero_Syntax = Syntax(0)
    _varints_Syntax = enum_varints(Syntax)
    _members_Syntax = members(Syntax, 3)


def _encode_Api(m: Api, depth: int) -> Text:
    if depth > MAX_DEPTH:
        raise ValueError(TOO_DEEP)
    out: Text = ""
    v: Any
    s: Text
    if (v := m.name) is not NO_TEXT and v is not None:
        if v.__class__ is not str or not v.isascii():
            v = text(v)
        if n := len(v):
            out += f"\n{VARINTS[n]}{v}" if n < SMALL else sized("\n", v)
    if (v := m.methods) or v.__class__ is not list:
        for v in (v if v.__class__ is list else items(v)):
            if v.__class__ is not Method:
                instance(v, Method)
            s = _encode_Method(v, depth + 1)
            n = len(s)
            out += f"\x12{VARINTS[n]}{s}" if n < SMALL else sized("\x12", s)
    if (v := m.options) or v.__class__ is not list:
        for v in (v if v.__class__ is list else items(v)):
            if v.__class__ is not Option:
                instance(v, Option)
            s = _encode_Option(v, depth + 1)
            n = len(s)
            out += f"\x1a{VARINTS[n]}{s}" if n < SMALL else sized("\x1a", s)
    if (v := m.version) is not NO_TEXT and v is not None:
        if v.__class__ is not str or not v.isascii():
            v = text(v)
        if n := len(v):
            out += f"\"{VARINTS[n]}{v}" if n < SMALL else sized("\"", v)
    if (v := m.source_context) is not None:
        if v.__class__ is not SourceContext:
            instance(v, SourceContext)
        s = _encode_SourceContext(v, depth + 1)
        n = len(s)
        out += f"*{VARINTS[n]}{s}" if n < SMALL else sized("*", s)
    if (v := m.mixins) or v.__class__ is not list:
        for v in (v if v.__class__ is list else items(v)):
            if v.__class__ is not Mixin:
                instance(v, Mixin)
            s = _encode_Mixin(v, depth + 1)
            n = len(s)
            out += f"2{VARINTS[n]}{s}" if n < SMALL else sized("2", s)
    if (v := m.syntax) is not _zero_Syntax and v is not None:
        s = v.__class__ is Syntax and _varints_Syntax.get(v) or enumeration(v, Syntax)
        if s != "\0":
            out += f"8{s}"
    if (v := m.edition) is not NO_TEXT and v is not None:
        if v.__class__ is not str or not v.isascii():
            v = text(v)
        if n := len(v):
            out += f"B{VARINTS[n]}{v}" if n < SMALL else sized("B", v)
    if m._unknown_fields:
        out += m._unknown_fields.decode("latin-1")
    return out


def _decode_Api(data: Content, depth: int) -> Api:
    if depth > MAX_DEPTH:
        raise NotCanonical
    m = new(Api)
    m.methods = []
    m.options = []
    m.mixins = []
    m._unknown_fields = b""
    m.name = m.version = m.edition = ""
    m.source_context = None
    m.syntax = _zero_Syntax
    rest = b""
    read = data.read if isinstance(data, Window) else BytesIO(data).read
    b: Content = b""
    n: int = 0
    h = read(2)
    while h:
        t = h[0]
        if t == 10:  # name
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n)
            m.name = b.decode()
            h = read(2)
            if not h:
                break
            t = h[0]
        while t == 18:  # methods
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n) if n < LONG else Window(read, n)
            m.methods.append(_decode_Method(b, depth + 1))
            h = read(2)
            if not h:
                break
            t = h[0]
        if not h:
            break
        while t == 26:  # options
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n) if n < LONG else Window(read, n)
            m.options.append(_decode_Option(b, depth + 1))
            h = read(2)
            if not h:
                break
            t = h[0]
        if not h:
            break
        if t == 34:  # version
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n)
            m.version = b.decode()
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 42:  # source_context
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n) if n < LONG else Window(read, n)
            m.source_context = _decode_SourceContext(b, depth + 1)
            h = read(2)
            if not h:
                break
            t = h[0]
        while t == 50:  # mixins
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n) if n < LONG else Window(read, n)
            m.mixins.append(_decode_Mixin(b, depth + 1))
            h = read(2)
            if not h:
                break
            t = h[0]
        if not h:
            break
        if t == 56:  # syntax
            v = h[1]
            if v > 127:
                v = signed(more(v, read), 32)
            m.syntax = _members_Syntax[v] if 0 <= v < 3 else Syntax(v)
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 66:  # edition
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n)
            m.edition = b.decode()
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


def _encode_Method(m: Method, depth: int) -> Text:
    if depth > MAX_DEPTH:
        raise ValueError(TOO_DEEP)
    out: Text = ""
    v: Any
    s: Text
    if (v := m.name) is not NO_TEXT and v is not None:
        if v.__class__ is not str or not v.isascii():
            v = text(v)
        if n := len(v):
            out += f"\n{VARINTS[n]}{v}" if n < SMALL else sized("\n", v)
    if (v := m.request_type_url) is not NO_TEXT and v is not None:
        if v.__class__ is not str or not v.isascii():
            v = text(v)
        if n := len(v):
            out += f"\x12{VARINTS[n]}{v}" if n < SMALL else sized("\x12", v)
    if (v := m.request_streaming) is not False and v is not None:
        out += "\x18\x01" if v is True else unless_zero("\x18", boolean(v))
    if (v := m.response_type_url) is not NO_TEXT and v is not None:
        if v.__class__ is not str or not v.isascii():
            v = text(v)
        if n := len(v):
            out += f"\"{VARINTS[n]}{v}" if n < SMALL else sized("\"", v)
    if (v := m.response_streaming) is not False and v is not None:
        out += "(\x01" if v is True else unless_zero("(", boolean(v))
    if (v := m.options) or v.__class__ is not list:
        for v in (v if v.__class__ is list else items(v)):
            if v.__class__ is not Option:
                instance(v, Option)
            s = _encode_Option(v, depth + 1)
            n = len(s)
            out += f"2{VARINTS[n]}{s}" if n < SMALL else sized("2", s)
    if (v := m.syntax) is not _zero_Syntax and v is not None:
        s = v.__class__ is Syntax and _varints_Syntax.get(v) or enumeration(v, Syntax)
        if s != "\0":
            out += f"8{s}"
    if (v := m.edition) is not NO_TEXT and v is not None:
        if v.__class__ is not str or not v.isascii():
            v = text(v)
        if n := len(v):
            out += f"B{VARINTS[n]}{v}" if n < SMALL else sized("B", v)
    if m._unknown_fields:
        out += m._unknown_fields.decode("latin-1")
    return out


def _decode_Method(data: Content, depth: int) -> Method:
    if depth > MAX_DEPTH:
        raise NotCanonical
    m = new(Method)
    m.options = []
    m._unknown_fields = b""
    m.name = m.request_type_url = m.response_type_url = m.edition = ""
    m.request_streaming = m.response_streaming = False
    m.syntax = _zero_Syntax
    rest = b""
    read = data.read if isinstance(data, Window) else BytesIO(data).read
    b: Content = b""
    n: int = 0
    h = read(2)
    while h:
        t = h[0]
        if t == 10:  # name
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n)
            m.name = b.decode()
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 18:  # request_type_url
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n)
            m.request_type_url = b.decode()
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 24:  # request_streaming
            v = h[1]
            if v > 127:
                v = more(v, read)
            m.request_streaming = v != 0
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 34:  # response_type_url
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n)
            m.response_type_url = b.decode()
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 40:  # response_streaming
            v = h[1]
            if v > 127:
                v = more(v, read)
            m.response_streaming = v != 0
            h = read(2)
            if not h:
                break
            t = h[0]
        while t == 50:  # options
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n) if n < LONG else Window(read, n)
            m.options.append(_decode_Option(b, depth + 1))
            h = read(2)
            if not h:
                break
            t = h[0]
        if not h:
            break
        if t == 56:  # syntax
            v = h[1]
            if v > 127:
                v = signed(more(v, read), 32)
            m.syntax = _members_Syntax[v] if 0 <= v < 3 else Syntax(v)
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 66:  # edition
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n)
            m.edition = b.decode()
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


def _encode_Mixin(m: Mixin, depth: int) -> Text:
    if depth > MAX_DEPTH:
        raise ValueError(TOO_DEEP)
    out: Text = ""
    v: Any
    if (v := m.name) is not NO_TEXT and v is not None:
        if v.__class__ is not str or not v.isascii():
            v = text(v)
        if n := len(v):
            out += f"\n{VARINTS[n]}{v}" if n < SMALL else sized("\n", v)
    if (v := m.root) is not NO_TEXT and v is not None:
        if v.__class__ is not str or not v.isascii():
            v = text(v)
        if n := len(v):
            out += f"\x12{VARINTS[n]}{v}" if n < SMALL else sized("\x12", v)
    if m._unknown_fields:
        out += m._unknown_fields.decode("latin-1")
    return out


def _decode_Mixin(data: Content, depth: int) -> Mixin:
    if depth > MAX_DEPTH:
        raise NotCanonical
    m = new(Mixin)
    m._unknown_fields = b""
    m.name = m.root = ""
    rest = b""
    read = data.read if isinstance(data, Window) else BytesIO(data).read
    b: Content = b""
    n: int = 0
    h = read(2)
    while h:
        t = h[0]
        if t == 10:  # name
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n)
            m.name = b.decode()
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 18:  # root
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n)
            m.root = b.decode()
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
