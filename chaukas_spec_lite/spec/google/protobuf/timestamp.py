# Generated from google/protobuf/timestamp.proto by `python -m codegen`.
# Do not edit: change the proto file and run the command again.
# pyright: reportPrivateUsage=false, reportConstantRedefinition=false
"""Points in time."""

from __future__ import annotations

from dataclasses import dataclass

from typing_extensions import Never

from chaukas_spec_lite.message.message import Message, attach
from chaukas_spec_lite.wire.fields import field

from . import _timestamp_codec


@dataclass(init=False, eq=False, repr=False, slots=True)
class Timestamp(Message):
    """A point in time, to the nanosecond, without a time zone, in the years 1 to 9999 and without leap seconds."""

    seconds: int = field(1, "int64")
    """Whole seconds since 1970-01-01T00:00:00Z; negative before that."""
    nanos: int = field(2, "int32")
    """Nanoseconds to add to `seconds`, from 0 to 999,999,999, also before 1970."""

    _full_name = "google.protobuf.Timestamp"

    def __init__(
        self,
        seconds: int | None = 0,
        nanos: int | None = 0,
        **misspelt: Never,
    ) -> None:
        self.seconds = 0 if seconds is None else seconds
        self.nanos = 0 if nanos is None else nanos
        self._unknown_fields = b""
        if misspelt:
            self._refuse(misspelt)


# The module of codecs needs these classes, but cannot import them: this module imports it.
attach(_timestamp_codec, Timestamp)
