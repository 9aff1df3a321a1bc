# Generated from google/protobuf/duration.proto by `python -m codegen`.
# Do not edit: change the proto file and run the command again.
# pyright: reportPrivateUsage=false, reportConstantRedefinition=false
"""Spans of time."""

from __future__ import annotations

from dataclasses import dataclass

from typing_extensions import Never

from chaukas_spec_lite.message.message import Message, attach
from chaukas_spec_lite.wire.fields import field

from . import _duration_codec


@dataclass(init=False, eq=False, repr=False, slots=True)
class Duration(Message):
    """A signed span of time, to the nanosecond, of some 10,000 years at most."""

    seconds: int = field(1, "int64")
    """Whole seconds, from -315,576,000,000 to 315,576,000,000."""
    nanos: int = field(2, "int32")
    """What is left in nanoseconds, from -999,999,999 to 999,999,999, with the sign of `seconds` unless that is 0."""

    _full_name = "google.protobuf.Duration"

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
attach(_duration_codec, Duration)
