# Generated from google/protobuf/any.proto by `python -m codegen`.
# Do not edit: change the proto file and run the command again.
# pyright: reportPrivateUsage=false, reportConstantRedefinition=false
"""A message of any type, together with the name of that type."""

from __future__ import annotations

from dataclasses import dataclass

from typing_extensions import Never

from chaukas_spec_lite.message.anys import AnyMessage
from chaukas_spec_lite.message.message import Message, attach
from chaukas_spec_lite.wire.fields import field

from . import _any_codec


@dataclass(init=False, eq=False, repr=False, slots=True)
class Any(AnyMessage):
    """A serialized message and a URL that names its type."""

    type_url: str = field(1, "string")
    """The URL of the type. What follows its last slash is the message's full name, as in
    `type.googleapis.com/google.protobuf.Duration`.
    """
    value: bytes = field(2, "bytes")
    """The message, serialized as that type."""

    _full_name = "google.protobuf.Any"

    def __init__(
        self,
        type_url: str | None = "",
        value: bytes | None = b"",
        **misspelt: Never,
    ) -> None:
        self.type_url = "" if type_url is None else type_url
        self.value = b"" if value is None else value
        self._unknown_fields = b""
        if misspelt:
            self._refuse(misspelt)

    @staticmethod
    def _well_known() -> tuple[type[Message], ...]:
        """The classes that JSON finds for any Any without being told of them."""
        # Here, because most programs write no Any as JSON.
        from .duration import Duration
        from .empty import Empty
        from .field_mask import FieldMask
        from .struct import Struct, Value, ListValue
        from .timestamp import Timestamp
        from .wrappers import (
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

        return (
            Any,
            Duration,
            Empty,
            FieldMask,
            Struct,
            Value,
            ListValue,
            Timestamp,
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


# The module of codecs needs these classes, but cannot import them: this module imports it.
attach(_any_codec, Any)
