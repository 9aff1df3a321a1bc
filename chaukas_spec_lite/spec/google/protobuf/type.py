# Generated from google/protobuf/type.proto by `python -m codegen`.
# Do not edit: change the proto file and run the command again.
# pyright: reportPrivateUsage=false, reportConstantRedefinition=false
"""Protobuf types, described as messages."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from typing_extensions import Never

from chaukas_spec_lite.message.arguments import listed, member
from chaukas_spec_lite.message.message import Message, attach
from chaukas_spec_lite.wire.enums import Enum as _Enum
from chaukas_spec_lite.wire.fields import field

from . import _type_codec
from .any import Any
from .source_context import SourceContext


class Syntax(_Enum):
    """The syntax of a source file."""

    PROTO2 = 0
    """`proto2`."""
    PROTO3 = 1
    """`proto3`."""
    EDITIONS = 2
    """An edition."""

    # Aliases: the schema's own names.
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

    # Aliases: the schema's own names.
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
        self.fields = [] if fields is None else fields if isinstance(fields, list) else listed(self, "fields", fields)
        self.oneofs = [] if oneofs is None else oneofs if isinstance(oneofs, list) else listed(self, "oneofs", oneofs)
        self.options = (
            [] if options is None
            else options if isinstance(options, list)
            else listed(self, "options", options)
        )
        self.source_context = source_context
        self.syntax = Syntax.PROTO2 if syntax is None else syntax
        if syntax.__class__ is not Syntax and syntax is not None:
            self.syntax = member(self, "syntax", syntax, Syntax)
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
        if kind.__class__ is not FieldKind and kind is not None:
            self.kind = member(self, "kind", kind, FieldKind)
        self.cardinality = FieldCardinality.UNKNOWN if cardinality is None else cardinality
        if cardinality.__class__ is not FieldCardinality and cardinality is not None:
            self.cardinality = member(self, "cardinality", cardinality, FieldCardinality)
        self.number = 0 if number is None else number
        self.name = "" if name is None else name
        self.type_url = "" if type_url is None else type_url
        self.oneof_index = 0 if oneof_index is None else oneof_index
        self.packed = False if packed is None else packed
        self.options = (
            [] if options is None
            else options if isinstance(options, list)
            else listed(self, "options", options)
        )
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
        self.enumvalue = (
            [] if enumvalue is None
            else enumvalue if isinstance(enumvalue, list)
            else listed(self, "enumvalue", enumvalue)
        )
        self.options = (
            [] if options is None
            else options if isinstance(options, list)
            else listed(self, "options", options)
        )
        self.source_context = source_context
        self.syntax = Syntax.PROTO2 if syntax is None else syntax
        if syntax.__class__ is not Syntax and syntax is not None:
            self.syntax = member(self, "syntax", syntax, Syntax)
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
        self.options = (
            [] if options is None
            else options if isinstance(options, list)
            else listed(self, "options", options)
        )
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


# The module of codecs needs these classes, but cannot import them: this module imports it.
attach(
    _type_codec,
    Type,
    Field,
    Enum,
    EnumValue,
    Option,
    Syntax,
    FieldKind,
    FieldCardinality,
    Any=Any,
    SourceContext=SourceContext,
)
