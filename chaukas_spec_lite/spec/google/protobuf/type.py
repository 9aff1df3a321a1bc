# Generated from google/protobuf/type.proto by `python -m codegen`.
# Do not edit: change the proto file and run the command again.
# pyright: reportPrivateUsage=false, reportUnnecessaryComparison=false, reportConstantRedefinition=false
"""Protobuf types, described as messages."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from io import BytesIO
from typing import Any as _Any

from typing_extensions import Never

from chaukas_spec_lite.message import slow_decode
from chaukas_spec_lite.message.message import Message, decoder, encoder, new
from chaukas_spec_lite.wire.enums import Enum as _Enum, members
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
from chaukas_spec_lite.wire.reading import signed
from chaukas_spec_lite.wire.rope import Text, sized
from chaukas_spec_lite.wire.scalars import boolean, enum_varints, enumeration, instance, int32, items, text, unless_zero
from chaukas_spec_lite.wire.window import Content, Window

from .any import Any, _decode_Any, _encode_Any
from .source_context import SourceContext, _decode_SourceContext, _encode_SourceContext


class Syntax(_Enum):
    """The syntax of a source file."""

    PROTO2 = 0
    """`proto2`."""
    PROTO3 = 1
    """`proto3`."""
    EDITIONS = 2
    """An edition."""

    # The same under the schema's own names.
    SYNTAX_PROTO2 = 0
    SYNTAX_PROTO3 = 1
    SYNTAX_EDITIONS = 2

    @classmethod
    def betterproto_value_to_renamed_proto_names(cls) -> dict[int, str]:
        """Map each number to the schema's name for it."""
        return {0: "SYNTAX_PROTO2", 1: "SYNTAX_PROTO3", 2: "SYNTAX_EDITIONS"}


class FieldKind(_Enum):
    """What kind of value a field holds."""

    TYPE_UNKNOWN = 0
    """Not known."""
    TYPE_DOUBLE = 1
    """`double`."""
    TYPE_FLOAT = 2
    """`float`."""
    TYPE_INT64 = 3
    """`int64`."""
    TYPE_UINT64 = 4
    """`uint64`."""
    TYPE_INT32 = 5
    """`int32`."""
    TYPE_FIXED64 = 6
    """`fixed64`."""
    TYPE_FIXED32 = 7
    """`fixed32`."""
    TYPE_BOOL = 8
    """`bool`."""
    TYPE_STRING = 9
    """`string`."""
    TYPE_GROUP = 10
    """A group, which only proto2 has."""
    TYPE_MESSAGE = 11
    """A message."""
    TYPE_BYTES = 12
    """`bytes`."""
    TYPE_UINT32 = 13
    """`uint32`."""
    TYPE_ENUM = 14
    """An enum."""
    TYPE_SFIXED32 = 15
    """`sfixed32`."""
    TYPE_SFIXED64 = 16
    """`sfixed64`."""
    TYPE_SINT32 = 17
    """`sint32`."""
    TYPE_SINT64 = 18
    """`sint64`."""


class FieldCardinality(_Enum):
    """How many values a field holds."""

    UNKNOWN = 0
    """Not known."""
    OPTIONAL = 1
    """One or none."""
    REQUIRED = 2
    """Exactly one, which only proto2 has."""
    REPEATED = 3
    """Any number."""

    # The same under the schema's own names.
    CARDINALITY_UNKNOWN = 0
    CARDINALITY_OPTIONAL = 1
    CARDINALITY_REQUIRED = 2
    CARDINALITY_REPEATED = 3

    @classmethod
    def betterproto_value_to_renamed_proto_names(cls) -> dict[int, str]:
        """Map each number to the schema's name for it."""
        return {
            0: "CARDINALITY_UNKNOWN",
            1: "CARDINALITY_OPTIONAL",
            2: "CARDINALITY_REQUIRED",
            3: "CARDINALITY_REPEATED",
        }


SYNTAX_PROTO2 = Syntax.PROTO2
SYNTAX_PROTO3 = Syntax.PROTO3
SYNTAX_EDITIONS = Syntax.EDITIONS


@dataclass(init=False, eq=False, repr=False, slots=True)
class Type(Message):
    """A message type."""

    name: str = field(1, "string")
    """Its full name."""
    fields: list[Field] = field(2, "message", of=lambda: Field, repeated=True)
    """Its fields."""
    oneofs: list[str] = field(3, "string", repeated=True)
    """The names of its oneofs."""
    options: list[Option] = field(4, "message", of=lambda: Option, repeated=True)
    """The options that are set on it."""
    source_context: SourceContext | None = field(5, "message", of=lambda: SourceContext)
    """The file that declares it."""
    syntax: Syntax = field(6, "enum", of=lambda: Syntax)
    """The syntax of that file."""
    edition: str = field(7, "string")
    """The edition of that file, as in `2023`, if `syntax` is `SYNTAX_EDITIONS`."""

    _full_name = "google.protobuf.Type"

    def __init__(
        self,
        name: str | None = "",
        fields: Iterable[Field] | None = None,
        oneofs: Iterable[str] | None = None,
        options: Iterable[Option] | None = None,
        source_context: SourceContext | None = None,
        syntax: Syntax | None = Syntax.PROTO2,
        edition: str | None = "",
        **misspelt: Never,
    ) -> None:
        self.name = "" if name is None else name
        self.fields = [] if fields is None else fields if isinstance(fields, list) else list(fields)
        self.oneofs = [] if oneofs is None else oneofs if isinstance(oneofs, list) else list(oneofs)
        self.options = [] if options is None else options if isinstance(options, list) else list(options)
        self.source_context = source_context
        self.syntax = Syntax.PROTO2 if syntax is None else syntax
        self.edition = "" if edition is None else edition
        self._unknown_fields = b""
        if misspelt:
            self._refuse(misspelt)


@dataclass(init=False, eq=False, repr=False, slots=True)
class Field(Message):
    """One field of a message type."""

    kind: FieldKind = field(1, "enum", of=lambda: FieldKind)
    """What kind of value it holds."""
    cardinality: FieldCardinality = field(2, "enum", of=lambda: FieldCardinality)
    """How many of them."""
    number: int = field(3, "int32")
    """Its number."""
    name: str = field(4, "string")
    """Its name."""
    type_url: str = field(6, "string")
    """The URL of its type, for messages and enums, as in `type.googleapis.com/google.protobuf.Timestamp`."""
    oneof_index: int = field(7, "int32")
    """Which of `Type.oneofs` it is a member of, counted from 1; 0 for none."""
    packed: bool = field(8, "bool")
    """Whether its values are written packed."""
    options: list[Option] = field(9, "message", of=lambda: Option, repeated=True)
    """The options that are set on it."""
    json_name: str = field(10, "string")
    """Its name in JSON."""
    default_value: str = field(11, "string")
    """The text of its default value, which only proto2 has."""

    _full_name = "google.protobuf.Field"

    def __init__(
        self,
        kind: FieldKind | None = FieldKind.TYPE_UNKNOWN,
        cardinality: FieldCardinality | None = FieldCardinality.UNKNOWN,
        number: int | None = 0,
        name: str | None = "",
        type_url: str | None = "",
        oneof_index: int | None = 0,
        packed: bool | None = False,
        options: Iterable[Option] | None = None,
        json_name: str | None = "",
        default_value: str | None = "",
        **misspelt: Never,
    ) -> None:
        self.kind = FieldKind.TYPE_UNKNOWN if kind is None else kind
        self.cardinality = FieldCardinality.UNKNOWN if cardinality is None else cardinality
        self.number = 0 if number is None else number
        self.name = "" if name is None else name
        self.type_url = "" if type_url is None else type_url
        self.oneof_index = 0 if oneof_index is None else oneof_index
        self.packed = False if packed is None else packed
        self.options = [] if options is None else options if isinstance(options, list) else list(options)
        self.json_name = "" if json_name is None else json_name
        self.default_value = "" if default_value is None else default_value
        self._unknown_fields = b""
        if misspelt:
            self._refuse(misspelt)


@dataclass(init=False, eq=False, repr=False, slots=True)
class Enum(Message):
    """An enum type."""

    name: str = field(1, "string")
    """Its full name."""
    enumvalue: list[EnumValue] = field(2, "message", of=lambda: EnumValue, repeated=True)
    """Its values."""
    options: list[Option] = field(3, "message", of=lambda: Option, repeated=True)
    """The options that are set on it."""
    source_context: SourceContext | None = field(4, "message", of=lambda: SourceContext)
    """The file that declares it."""
    syntax: Syntax = field(5, "enum", of=lambda: Syntax)
    """The syntax of that file."""
    edition: str = field(6, "string")
    """The edition of that file, as in `2023`, if `syntax` is `SYNTAX_EDITIONS`."""

    _full_name = "google.protobuf.Enum"

    def __init__(
        self,
        name: str | None = "",
        enumvalue: Iterable[EnumValue] | None = None,
        options: Iterable[Option] | None = None,
        source_context: SourceContext | None = None,
        syntax: Syntax | None = Syntax.PROTO2,
        edition: str | None = "",
        **misspelt: Never,
    ) -> None:
        self.name = "" if name is None else name
        self.enumvalue = [] if enumvalue is None else enumvalue if isinstance(enumvalue, list) else list(enumvalue)
        self.options = [] if options is None else options if isinstance(options, list) else list(options)
        self.source_context = source_context
        self.syntax = Syntax.PROTO2 if syntax is None else syntax
        self.edition = "" if edition is None else edition
        self._unknown_fields = b""
        if misspelt:
            self._refuse(misspelt)


@dataclass(init=False, eq=False, repr=False, slots=True)
class EnumValue(Message):
    """One value of an enum type."""

    name: str = field(1, "string")
    """Its name."""
    number: int = field(2, "int32")
    """Its number."""
    options: list[Option] = field(3, "message", of=lambda: Option, repeated=True)
    """The options that are set on it."""

    _full_name = "google.protobuf.EnumValue"

    def __init__(
        self,
        name: str | None = "",
        number: int | None = 0,
        options: Iterable[Option] | None = None,
        **misspelt: Never,
    ) -> None:
        self.name = "" if name is None else name
        self.number = 0 if number is None else number
        self.options = [] if options is None else options if isinstance(options, list) else list(options)
        self._unknown_fields = b""
        if misspelt:
            self._refuse(misspelt)


@dataclass(init=False, eq=False, repr=False, slots=True)
class Option(Message):
    """An option that is set on a message, field, enum, enum value, method or API."""

    name: str = field(1, "string")
    """The option's name, such as `packed`; for a custom option its full name."""
    value: Any | None = field(2, "message", of=lambda: Any)
    """Its value; a scalar is put into its wrapper message, an enum's into `Int32Value`."""

    _full_name = "google.protobuf.Option"

    def __init__(
        self,
        name: str | None = "",
        value: Any | None = None,
        **misspelt: Never,
    ) -> None:
        self.name = "" if name is None else name
        self.value = value
        self._unknown_fields = b""
        if misspelt:
            self._refuse(misspelt)


# What the codecs below look up, made once.
_zero_Syntax = Syntax(0)
_varints_Syntax = enum_varints(Syntax)
_members_Syntax = members(Syntax, 3)
_zero_FieldKind = FieldKind(0)
_varints_FieldKind = enum_varints(FieldKind)
_zero_FieldCardinality = FieldCardinality(0)
_varints_FieldCardinality = enum_varints(FieldCardinality)
_members_FieldKind = members(FieldKind, 19)
_members_FieldCardinality = members(FieldCardinality, 4)


# Encoders build latin-1 text, see chaukas_spec_lite.wire.format. Decoders read what encoders write, leave the
# rest to chaukas_spec_lite.message.slow_decode: `h` is a tag and the byte behind it, or a tag of two.


@encoder(Type)
def _encode_Type(m: Type, depth: int) -> Text:
    if depth > MAX_DEPTH:
        raise ValueError(TOO_DEEP)
    out: Text = ""
    v: _Any
    s: Text
    if (v := m.name) is not NO_TEXT and v is not None:
        if v.__class__ is not str or not v.isascii():
            v = text(v)
        if n := len(v):
            out += f"\n{VARINTS[n]}{v}" if n < SMALL else sized("\n", v)
    if (v := m.fields) or v.__class__ is not list:
        for v in (v if v.__class__ is list else items(v)):
            if v.__class__ is not Field:
                instance(v, Field)
            s = _encode_Field(v, depth + 1)
            n = len(s)
            out += f"\x12{VARINTS[n]}{s}" if n < SMALL else sized("\x12", s)
    if (v := m.oneofs) or v.__class__ is not list:
        for v in (v if v.__class__ is list else items(v)):
            if v.__class__ is not str or not v.isascii():
                v = text(v)
            n = len(v)
            out += f"\x1a{VARINTS[n]}{v}" if n < SMALL else sized("\x1a", v)
    if (v := m.options) or v.__class__ is not list:
        for v in (v if v.__class__ is list else items(v)):
            if v.__class__ is not Option:
                instance(v, Option)
            s = _encode_Option(v, depth + 1)
            n = len(s)
            out += f"\"{VARINTS[n]}{s}" if n < SMALL else sized("\"", s)
    if (v := m.source_context) is not None:
        if v.__class__ is not SourceContext:
            instance(v, SourceContext)
        s = _encode_SourceContext(v, depth + 1)
        n = len(s)
        out += f"*{VARINTS[n]}{s}" if n < SMALL else sized("*", s)
    if (v := m.syntax) is not _zero_Syntax and v is not None:
        s = v.__class__ is Syntax and _varints_Syntax.get(v) or enumeration(v, Syntax)
        if s != "\0":
            out += f"0{s}"
    if (v := m.edition) is not NO_TEXT and v is not None:
        if v.__class__ is not str or not v.isascii():
            v = text(v)
        if n := len(v):
            out += f":{VARINTS[n]}{v}" if n < SMALL else sized(":", v)
    if m._unknown_fields:
        out += m._unknown_fields.decode("latin-1")
    return out


@decoder(Type)
def _decode_Type(data: Content, depth: int) -> Type:
    if depth > MAX_DEPTH:
        raise NotCanonical
    m = new(Type)
    m.fields = []
    m.oneofs = []
    m.options = []
    m._unknown_fields = b""
    m.name = m.edition = ""
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
        while t == 18:  # fields
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n) if n < LONG else Window(read, n)
            m.fields.append(_decode_Field(b, depth + 1))
            h = read(2)
            if not h:
                break
            t = h[0]
        if not h:
            break
        while t == 26:  # oneofs
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n)
            m.oneofs.append(b.decode())
            h = read(2)
            if not h:
                break
            t = h[0]
        if not h:
            break
        while t == 34:  # options
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
        if t == 48:  # syntax
            v = h[1]
            if v > 127:
                v = signed(more(v, read), 32)
            m.syntax = _members_Syntax[v] if 0 <= v < 3 else Syntax(v)
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 58:  # edition
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


@encoder(Field)
def _encode_Field(m: Field, depth: int) -> Text:
    if depth > MAX_DEPTH:
        raise ValueError(TOO_DEEP)
    out: Text = ""
    v: _Any
    s: Text
    if (v := m.kind) is not _zero_FieldKind and v is not None:
        s = v.__class__ is FieldKind and _varints_FieldKind.get(v) or enumeration(v, FieldKind)
        if s != "\0":
            out += f"\x08{s}"
    if (v := m.cardinality) is not _zero_FieldCardinality and v is not None:
        s = v.__class__ is FieldCardinality and _varints_FieldCardinality.get(v) or enumeration(v, FieldCardinality)
        if s != "\0":
            out += f"\x10{s}"
    if (v := m.number) is not ZERO and v is not None:
        out += f"\x18{VARINTS[v]}" if v.__class__ is int and 0 < v < SMALL else unless_zero("\x18", int32(v))
    if (v := m.name) is not NO_TEXT and v is not None:
        if v.__class__ is not str or not v.isascii():
            v = text(v)
        if n := len(v):
            out += f"\"{VARINTS[n]}{v}" if n < SMALL else sized("\"", v)
    if (v := m.type_url) is not NO_TEXT and v is not None:
        if v.__class__ is not str or not v.isascii():
            v = text(v)
        if n := len(v):
            out += f"2{VARINTS[n]}{v}" if n < SMALL else sized("2", v)
    if (v := m.oneof_index) is not ZERO and v is not None:
        out += f"8{VARINTS[v]}" if v.__class__ is int and 0 < v < SMALL else unless_zero("8", int32(v))
    if (v := m.packed) is not False and v is not None:
        out += "@\x01" if v is True else unless_zero("@", boolean(v))
    if (v := m.options) or v.__class__ is not list:
        for v in (v if v.__class__ is list else items(v)):
            if v.__class__ is not Option:
                instance(v, Option)
            s = _encode_Option(v, depth + 1)
            n = len(s)
            out += f"J{VARINTS[n]}{s}" if n < SMALL else sized("J", s)
    if (v := m.json_name) is not NO_TEXT and v is not None:
        if v.__class__ is not str or not v.isascii():
            v = text(v)
        if n := len(v):
            out += f"R{VARINTS[n]}{v}" if n < SMALL else sized("R", v)
    if (v := m.default_value) is not NO_TEXT and v is not None:
        if v.__class__ is not str or not v.isascii():
            v = text(v)
        if n := len(v):
            out += f"Z{VARINTS[n]}{v}" if n < SMALL else sized("Z", v)
    if m._unknown_fields:
        out += m._unknown_fields.decode("latin-1")
    return out


@decoder(Field)
def _decode_Field(data: Content, depth: int) -> Field:
    if depth > MAX_DEPTH:
        raise NotCanonical
    m = new(Field)
    m.options = []
    m._unknown_fields = b""
    m.kind = _zero_FieldKind
    m.cardinality = _zero_FieldCardinality
    m.number = m.oneof_index = 0
    m.name = m.type_url = m.json_name = m.default_value = ""
    m.packed = False
    rest = b""
    read = data.read if isinstance(data, Window) else BytesIO(data).read
    b: Content = b""
    n: int = 0
    h = read(2)
    while h:
        t = h[0]
        if t == 8:  # kind
            v = h[1]
            if v > 127:
                v = signed(more(v, read), 32)
            m.kind = _members_FieldKind[v] if 0 <= v < 19 else FieldKind(v)
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 16:  # cardinality
            v = h[1]
            if v > 127:
                v = signed(more(v, read), 32)
            m.cardinality = _members_FieldCardinality[v] if 0 <= v < 4 else FieldCardinality(v)
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 24:  # number
            v = h[1]
            if v > 127:
                v = signed(more(v, read), 32)
            m.number = v
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 34:  # name
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n)
            m.name = b.decode()
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 50:  # type_url
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n)
            m.type_url = b.decode()
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 56:  # oneof_index
            v = h[1]
            if v > 127:
                v = signed(more(v, read), 32)
            m.oneof_index = v
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 64:  # packed
            v = h[1]
            if v > 127:
                v = more(v, read)
            m.packed = v != 0
            h = read(2)
            if not h:
                break
            t = h[0]
        while t == 74:  # options
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
        if t == 82:  # json_name
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n)
            m.json_name = b.decode()
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 90:  # default_value
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n)
            m.default_value = b.decode()
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


@encoder(Enum)
def _encode_Enum(m: Enum, depth: int) -> Text:
    if depth > MAX_DEPTH:
        raise ValueError(TOO_DEEP)
    out: Text = ""
    v: _Any
    s: Text
    if (v := m.name) is not NO_TEXT and v is not None:
        if v.__class__ is not str or not v.isascii():
            v = text(v)
        if n := len(v):
            out += f"\n{VARINTS[n]}{v}" if n < SMALL else sized("\n", v)
    if (v := m.enumvalue) or v.__class__ is not list:
        for v in (v if v.__class__ is list else items(v)):
            if v.__class__ is not EnumValue:
                instance(v, EnumValue)
            s = _encode_EnumValue(v, depth + 1)
            n = len(s)
            out += f"\x12{VARINTS[n]}{s}" if n < SMALL else sized("\x12", s)
    if (v := m.options) or v.__class__ is not list:
        for v in (v if v.__class__ is list else items(v)):
            if v.__class__ is not Option:
                instance(v, Option)
            s = _encode_Option(v, depth + 1)
            n = len(s)
            out += f"\x1a{VARINTS[n]}{s}" if n < SMALL else sized("\x1a", s)
    if (v := m.source_context) is not None:
        if v.__class__ is not SourceContext:
            instance(v, SourceContext)
        s = _encode_SourceContext(v, depth + 1)
        n = len(s)
        out += f"\"{VARINTS[n]}{s}" if n < SMALL else sized("\"", s)
    if (v := m.syntax) is not _zero_Syntax and v is not None:
        s = v.__class__ is Syntax and _varints_Syntax.get(v) or enumeration(v, Syntax)
        if s != "\0":
            out += f"({s}"
    if (v := m.edition) is not NO_TEXT and v is not None:
        if v.__class__ is not str or not v.isascii():
            v = text(v)
        if n := len(v):
            out += f"2{VARINTS[n]}{v}" if n < SMALL else sized("2", v)
    if m._unknown_fields:
        out += m._unknown_fields.decode("latin-1")
    return out


@decoder(Enum)
def _decode_Enum(data: Content, depth: int) -> Enum:
    if depth > MAX_DEPTH:
        raise NotCanonical
    m = new(Enum)
    m.enumvalue = []
    m.options = []
    m._unknown_fields = b""
    m.name = m.edition = ""
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
        while t == 18:  # enumvalue
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n) if n < LONG else Window(read, n)
            m.enumvalue.append(_decode_EnumValue(b, depth + 1))
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
        if t == 34:  # source_context
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n) if n < LONG else Window(read, n)
            m.source_context = _decode_SourceContext(b, depth + 1)
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 40:  # syntax
            v = h[1]
            if v > 127:
                v = signed(more(v, read), 32)
            m.syntax = _members_Syntax[v] if 0 <= v < 3 else Syntax(v)
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 50:  # edition
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


@encoder(EnumValue)
def _encode_EnumValue(m: EnumValue, depth: int) -> Text:
    if depth > MAX_DEPTH:
        raise ValueError(TOO_DEEP)
    out: Text = ""
    v: _Any
    s: Text
    if (v := m.name) is not NO_TEXT and v is not None:
        if v.__class__ is not str or not v.isascii():
            v = text(v)
        if n := len(v):
            out += f"\n{VARINTS[n]}{v}" if n < SMALL else sized("\n", v)
    if (v := m.number) is not ZERO and v is not None:
        out += f"\x10{VARINTS[v]}" if v.__class__ is int and 0 < v < SMALL else unless_zero("\x10", int32(v))
    if (v := m.options) or v.__class__ is not list:
        for v in (v if v.__class__ is list else items(v)):
            if v.__class__ is not Option:
                instance(v, Option)
            s = _encode_Option(v, depth + 1)
            n = len(s)
            out += f"\x1a{VARINTS[n]}{s}" if n < SMALL else sized("\x1a", s)
    if m._unknown_fields:
        out += m._unknown_fields.decode("latin-1")
    return out


@decoder(EnumValue)
def _decode_EnumValue(data: Content, depth: int) -> EnumValue:
    if depth > MAX_DEPTH:
        raise NotCanonical
    m = new(EnumValue)
    m.options = []
    m._unknown_fields = b""
    m.name = ""
    m.number = 0
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
        if t == 16:  # number
            v = h[1]
            if v > 127:
                v = signed(more(v, read), 32)
            m.number = v
            h = read(2)
            if not h:
                break
            t = h[0]
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
        rest = h + read()
        break
    if len(b) != n:
        raise NotCanonical
    if rest:
        slow_decode.merge(m, rest, depth)
    return m


@encoder(Option)
def _encode_Option(m: Option, depth: int) -> Text:
    if depth > MAX_DEPTH:
        raise ValueError(TOO_DEEP)
    out: Text = ""
    v: _Any
    s: Text
    if (v := m.name) is not NO_TEXT and v is not None:
        if v.__class__ is not str or not v.isascii():
            v = text(v)
        if n := len(v):
            out += f"\n{VARINTS[n]}{v}" if n < SMALL else sized("\n", v)
    if (v := m.value) is not None:
        if v.__class__ is not Any:
            instance(v, Any)
        s = _encode_Any(v, depth + 1)
        n = len(s)
        out += f"\x12{VARINTS[n]}{s}" if n < SMALL else sized("\x12", s)
    if m._unknown_fields:
        out += m._unknown_fields.decode("latin-1")
    return out


@decoder(Option)
def _decode_Option(data: Content, depth: int) -> Option:
    if depth > MAX_DEPTH:
        raise NotCanonical
    m = new(Option)
    m._unknown_fields = b""
    m.name = ""
    m.value = None
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
        if t == 18:  # value
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n) if n < LONG else Window(read, n)
            m.value = _decode_Any(b, depth + 1)
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
