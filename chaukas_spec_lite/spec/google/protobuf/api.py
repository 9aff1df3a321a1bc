# Generated from google/protobuf/api.proto by `python -m codegen`.
# Do not edit: change the proto file and run the command again.
# pyright: reportPrivateUsage=false, reportUnnecessaryComparison=false, reportConstantRedefinition=false
"""RPC interfaces, described as messages."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from io import BytesIO
from typing import Any
from warnings import warn

from typing_extensions import Never

from chaukas_spec_lite.message import slow_decode
from chaukas_spec_lite.message.message import Message, decoder, encoder, new
from chaukas_spec_lite.wire.enums import members
from chaukas_spec_lite.wire.fields import field
from chaukas_spec_lite.wire.format import (
    LONG,
    MAX_DEPTH,
    NO_TEXT,
    NotCanonical,
    SMALL,
    TOO_DEEP,
    VARINTS,
    more,
    more_length,
)
from chaukas_spec_lite.wire.reading import signed
from chaukas_spec_lite.wire.rope import Text, sized
from chaukas_spec_lite.wire.scalars import boolean, enum_varints, enumeration, instance, items, text, unless_zero
from chaukas_spec_lite.wire.window import Content, Window

from .source_context import SourceContext, _decode_SourceContext, _encode_SourceContext
from .type import Option, Syntax, _decode_Option, _encode_Option


@dataclass(init=False, eq=False, repr=False, slots=True)
class Api(Message):
    """An interface: a service, as a set of methods under a name and version."""

    name: str = field(1, "string")
    """Its full name."""
    methods: list[Method] = field(2, "message", of=lambda: Method, repeated=True)
    """Its methods."""
    options: list[Option] = field(3, "message", of=lambda: Option, repeated=True)
    """The options that are set on it."""
    version: str = field(4, "string")
    """Its version, as in `1.10`; a major version other than 0 and 1 is part of the package's name too."""
    source_context: SourceContext | None = field(5, "message", of=lambda: SourceContext)
    """The file that declares it."""
    mixins: list[Mixin] = field(6, "message", of=lambda: Mixin, repeated=True)
    """Other interfaces whose methods it takes in."""
    syntax: Syntax = field(7, "enum", of=lambda: Syntax)
    """The syntax of its file."""
    edition: str = field(8, "string")
    """The edition of its file, as in `2023`, if `syntax` is `SYNTAX_EDITIONS`."""

    _full_name = "google.protobuf.Api"

    def __init__(
        self,
        name: str | None = "",
        methods: Iterable[Method] | None = None,
        options: Iterable[Option] | None = None,
        version: str | None = "",
        source_context: SourceContext | None = None,
        mixins: Iterable[Mixin] | None = None,
        syntax: Syntax | None = Syntax.PROTO2,
        edition: str | None = "",
        **misspelt: Never,
    ) -> None:
        self.name = "" if name is None else name
        self.methods = [] if methods is None else methods if isinstance(methods, list) else list(methods)
        self.options = [] if options is None else options if isinstance(options, list) else list(options)
        self.version = "" if version is None else version
        self.source_context = source_context
        self.mixins = [] if mixins is None else mixins if isinstance(mixins, list) else list(mixins)
        self.syntax = Syntax.PROTO2 if syntax is None else syntax
        self.edition = "" if edition is None else edition
        self._unknown_fields = b""
        if misspelt:
            self._refuse(misspelt)


@dataclass(init=False, eq=False, repr=False, slots=True)
class Method(Message):
    """One method of an interface."""

    name: str = field(1, "string")
    """Its name."""
    request_type_url: str = field(2, "string")
    """The URL of the type of its requests."""
    request_streaming: bool = field(3, "bool")
    """Whether requests are a stream."""
    response_type_url: str = field(4, "string")
    """The URL of the type of its responses."""
    response_streaming: bool = field(5, "bool")
    """Whether responses are a stream."""
    options: list[Option] = field(6, "message", of=lambda: Option, repeated=True)
    """The options that are set on it."""
    syntax: Syntax = field(7, "enum", of=lambda: Syntax, deprecated=True)
    """The syntax of its file; read `Api.syntax`."""
    edition: str = field(8, "string", deprecated=True)
    """The edition of its file; read `Api.edition`."""

    _full_name = "google.protobuf.Method"

    def __init__(
        self,
        name: str | None = "",
        request_type_url: str | None = "",
        request_streaming: bool | None = False,
        response_type_url: str | None = "",
        response_streaming: bool | None = False,
        options: Iterable[Option] | None = None,
        syntax: Syntax | None = None,
        edition: str | None = None,
        **misspelt: Never,
    ) -> None:
        if "_unknown_fields" not in misspelt:
            if syntax is not None:
                warn("Method.syntax is deprecated", DeprecationWarning, stacklevel=2)
            if edition is not None:
                warn("Method.edition is deprecated", DeprecationWarning, stacklevel=2)
        self.name = "" if name is None else name
        self.request_type_url = "" if request_type_url is None else request_type_url
        self.request_streaming = False if request_streaming is None else request_streaming
        self.response_type_url = "" if response_type_url is None else response_type_url
        self.response_streaming = False if response_streaming is None else response_streaming
        self.options = [] if options is None else options if isinstance(options, list) else list(options)
        self.syntax = Syntax.PROTO2 if syntax is None else syntax
        self.edition = "" if edition is None else edition
        self._unknown_fields = b""
        if misspelt:
            self._refuse(misspelt)


@dataclass(init=False, eq=False, repr=False, slots=True)
class Mixin(Message):
    """An interface whose methods another takes in as its own."""

    name: str = field(1, "string")
    """The full name of the interface."""
    root: str = field(2, "string")
    """Where the methods' HTTP paths are rooted; empty for the place that they have anyway."""

    _full_name = "google.protobuf.Mixin"

    def __init__(
        self,
        name: str | None = "",
        root: str | None = "",
        **misspelt: Never,
    ) -> None:
        self.name = "" if name is None else name
        self.root = "" if root is None else root
        self._unknown_fields = b""
        if misspelt:
            self._refuse(misspelt)


# What the codecs below look up, made once.
_zero_Syntax = Syntax(0)
_varints_Syntax = enum_varints(Syntax)
_members_Syntax = members(Syntax, 3)


# Encoders build latin-1 text, see chaukas_spec_lite.wire.format. Decoders read what encoders write, leave the
# rest to chaukas_spec_lite.message.slow_decode: `h` is a tag and the byte behind it, or a tag of two.


@encoder(Api)
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


@decoder(Api)
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


@encoder(Method)
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


@decoder(Method)
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


@encoder(Mixin)
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


@decoder(Mixin)
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
