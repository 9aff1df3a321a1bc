# Generated from google/protobuf/struct.proto by `python -m codegen`.
# Do not edit: change the proto file and run the command again.
# pyright: reportPrivateUsage=false, reportConstantRedefinition=false
"""JSON values as messages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from typing_extensions import Never

from chaukas_spec_lite.message.arguments import listed, mapped, member
from chaukas_spec_lite.message.message import Message, attach
from chaukas_spec_lite.wire.enums import Enum
from chaukas_spec_lite.wire.fields import field

from . import _struct_codec


class NullValue(Enum):
    """The one value of JSON's `null`."""

    NULL_VALUE = 0
    """`null`."""


NULL_VALUE = NullValue.NULL_VALUE


@dataclass(init=False, eq=False, repr=False, slots=True)
class Struct(Message):
    """A JSON object."""

    fields: dict[str, Any] = field(1, "google.protobuf.Value", of=lambda: Value, key="string")
    """Its members by name."""

    _full_name = "google.protobuf.Struct"

    def __init__(
        self,
        fields: Mapping[str, Any] | None = None,
        **misspelt: Never,
    ) -> None:
        self.fields = {} if fields is None else fields if isinstance(fields, dict) else mapped(self, "fields", fields)
        self._unknown_fields = b""
        if misspelt:
            self._refuse(misspelt)


@dataclass(init=False, eq=False, repr=False, slots=True)
class Value(Message):
    """A JSON value of any kind. One member of `kind` is always set in a valid one.

    At most one of `null_value`, `number_value`, `string_value`, `bool_value`, `struct_value`, `list_value` (`kind`).
    What the value is.
    """

    null_value: NullValue | None = field(1, "enum", of=lambda: NullValue, group="kind")
    """JSON's `null`."""
    number_value: float | None = field(2, "double", group="kind")
    """A number; JSON has no NaN and no infinity."""
    string_value: str | None = field(3, "string", group="kind")
    """A string."""
    bool_value: bool | None = field(4, "bool", group="kind")
    """`true` or `false`."""
    struct_value: dict[str, Any] | None = field(5, "google.protobuf.Struct", of=lambda: Struct, group="kind")
    """An object."""
    list_value: list[Any] | None = field(6, "google.protobuf.ListValue", of=lambda: ListValue, group="kind")
    """An array."""

    _full_name = "google.protobuf.Value"

    def __init__(
        self,
        null_value: NullValue | None = None,
        number_value: float | None = None,
        string_value: str | None = None,
        bool_value: bool | None = None,
        struct_value: dict[str, Any] | None = None,
        list_value: list[Any] | None = None,
        **misspelt: Never,
    ) -> None:
        self.null_value = null_value
        if null_value is not None and null_value.__class__ is not NullValue:
            self.null_value = member(self, "null_value", null_value, NullValue)
        self.number_value = number_value
        self.string_value = string_value
        self.bool_value = bool_value
        self.struct_value = struct_value
        self.list_value = list_value
        self._unknown_fields = b""
        if misspelt:
            self._refuse(misspelt)
        set_kind = null_value is not None
        if number_value is not None:
            if set_kind:
                self._refuse_two("kind")
            set_kind = True
        if string_value is not None:
            if set_kind:
                self._refuse_two("kind")
            set_kind = True
        if bool_value is not None:
            if set_kind:
                self._refuse_two("kind")
            set_kind = True
        if struct_value is not None:
            if set_kind:
                self._refuse_two("kind")
            set_kind = True
        if list_value is not None:
            if set_kind:
                self._refuse_two("kind")


@dataclass(init=False, eq=False, repr=False, slots=True)
class ListValue(Message):
    """A JSON array."""

    values: list[Any] = field(1, "google.protobuf.Value", of=lambda: Value, repeated=True)
    """Its elements in order."""

    _full_name = "google.protobuf.ListValue"

    def __init__(
        self,
        values: Iterable[Any] | None = None,
        **misspelt: Never,
    ) -> None:
        self.values = [] if values is None else values if isinstance(values, list) else listed(self, "values", values)
        self._unknown_fields = b""
        if misspelt:
            self._refuse(misspelt)


# The module of codecs needs these classes, but cannot import them: this module imports it.
attach(_struct_codec, Struct, Value, ListValue, NullValue)
