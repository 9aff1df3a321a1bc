# Generated from google/protobuf/wrappers.proto by `python -m codegen`.
# Do not edit: change the proto file and run the command again.
# pyright: reportPrivateUsage=false, reportConstantRedefinition=false
"""Scalars as messages, which tell a default value from none."""

from __future__ import annotations

from dataclasses import dataclass

from typing_extensions import Never

from chaukas_spec_lite.message.message import Message, attach
from chaukas_spec_lite.wire.fields import field

from . import _wrappers_codec


@dataclass(init=False, eq=False, repr=False, slots=True)
class DoubleValue(Message):
    """A `double` that may be absent."""

    value: float = field(1, "double")
    """The number."""

    _full_name = "google.protobuf.DoubleValue"

    def __init__(
        self,
        value: float | None = 0.0,
        **misspelt: Never,
    ) -> None:
        self.value = 0.0 if value is None else value
        self._unknown_fields = b""
        if misspelt:
            self._refuse(misspelt)


@dataclass(init=False, eq=False, repr=False, slots=True)
class FloatValue(Message):
    """A `float` that may be absent."""

    value: float = field(1, "float")
    """The number."""

    _full_name = "google.protobuf.FloatValue"

    def __init__(
        self,
        value: float | None = 0.0,
        **misspelt: Never,
    ) -> None:
        self.value = 0.0 if value is None else value
        self._unknown_fields = b""
        if misspelt:
            self._refuse(misspelt)


@dataclass(init=False, eq=False, repr=False, slots=True)
class Int64Value(Message):
    """An `int64` that may be absent."""

    value: int = field(1, "int64")
    """The number."""

    _full_name = "google.protobuf.Int64Value"

    def __init__(
        self,
        value: int | None = 0,
        **misspelt: Never,
    ) -> None:
        self.value = 0 if value is None else value
        self._unknown_fields = b""
        if misspelt:
            self._refuse(misspelt)


@dataclass(init=False, eq=False, repr=False, slots=True)
class UInt64Value(Message):
    """A `uint64` that may be absent."""

    value: int = field(1, "uint64")
    """The number."""

    _full_name = "google.protobuf.UInt64Value"

    def __init__(
        self,
        value: int | None = 0,
        **misspelt: Never,
    ) -> None:
        self.value = 0 if value is None else value
        self._unknown_fields = b""
        if misspelt:
            self._refuse(misspelt)


@dataclass(init=False, eq=False, repr=False, slots=True)
class Int32Value(Message):
    """An `int32` that may be absent."""

    value: int = field(1, "int32")
    """The number."""

    _full_name = "google.protobuf.Int32Value"

    def __init__(
        self,
        value: int | None = 0,
        **misspelt: Never,
    ) -> None:
        self.value = 0 if value is None else value
        self._unknown_fields = b""
        if misspelt:
            self._refuse(misspelt)


@dataclass(init=False, eq=False, repr=False, slots=True)
class UInt32Value(Message):
    """A `uint32` that may be absent."""

    value: int = field(1, "uint32")
    """The number."""

    _full_name = "google.protobuf.UInt32Value"

    def __init__(
        self,
        value: int | None = 0,
        **misspelt: Never,
    ) -> None:
        self.value = 0 if value is None else value
        self._unknown_fields = b""
        if misspelt:
            self._refuse(misspelt)


@dataclass(init=False, eq=False, repr=False, slots=True)
class BoolValue(Message):
    """A `bool` that may be absent."""

    value: bool = field(1, "bool")
    """Whether it is true."""

    _full_name = "google.protobuf.BoolValue"

    def __init__(
        self,
        value: bool | None = False,
        **misspelt: Never,
    ) -> None:
        self.value = False if value is None else value
        self._unknown_fields = b""
        if misspelt:
            self._refuse(misspelt)


@dataclass(init=False, eq=False, repr=False, slots=True)
class StringValue(Message):
    """A `string` that may be absent."""

    value: str = field(1, "string")
    """The text."""

    _full_name = "google.protobuf.StringValue"

    def __init__(
        self,
        value: str | None = "",
        **misspelt: Never,
    ) -> None:
        self.value = "" if value is None else value
        self._unknown_fields = b""
        if misspelt:
            self._refuse(misspelt)


@dataclass(init=False, eq=False, repr=False, slots=True)
class BytesValue(Message):
    """A `bytes` that may be absent."""

    value: bytes = field(1, "bytes")
    """The bytes."""

    _full_name = "google.protobuf.BytesValue"

    def __init__(
        self,
        value: bytes | None = b"",
        **misspelt: Never,
    ) -> None:
        self.value = b"" if value is None else value
        self._unknown_fields = b""
        if misspelt:
            self._refuse(misspelt)


# The module of codecs needs these classes, but cannot import them: this module imports it.
attach(
    _wrappers_codec,
    DoubleValue,
    FloatValue,
    Int64Value,
    UInt64Value,
    Int32Value,
    UInt32Value,
    BoolValue,
    StringValue,
    BytesValue,
)
