"""Making what a field of a scalar type, an enum, a Timestamp or a Duration takes out of other values.

Each function takes a value that the strict writer has refused, and the field. It raises an error where nothing can be
made of it; then the field is left out.
"""

from __future__ import annotations

import enum
import json
import math
import re
from collections.abc import Callable
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any

from chaukas_spec_lite.lenient.texts import is_binary
from chaukas_spec_lite.wellknown.times import datetime_from_wire
from chaukas_spec_lite.wellknown.timetext import LAST_SECOND, duration_from_json, timestamp_from_json
from chaukas_spec_lite.wire.fields import DURATION, SIGNED, TIMESTAMP, UNSIGNED, FieldData
from chaukas_spec_lite.wire.scalars import label_number

_WORDS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False, "": False}


def to_text(given: Any, field: FieldData) -> str:
    """What a Struct would hold, as text: as JSON, if it is no text. Of bytes what they say in UTF-8, or base64."""
    return given if isinstance(given, str) else json.dumps(given, ensure_ascii=False)


def to_integer(given: Any, field: FieldData) -> int:
    """The nearest integer of a number, of text that is one, or of a length of time in the field's unit."""
    if isinstance(given, timedelta):
        given = _ticks(given, field)
    if isinstance(given, str):
        given = Decimal(given.strip())
    return int(given) if isinstance(given, int) else round(given)


def to_float(given: Any, field: FieldData) -> float:
    """A number, text that is one, or a length of time in the field's unit: milliseconds where its name ends so."""
    return _ticks(given, field) if isinstance(given, timedelta) else float(given)


def _ticks(given: timedelta, field: FieldData) -> float:
    return given / timedelta(milliseconds=1) if field.proto_name.endswith("_ms") else given.total_seconds()


def to_bool(given: Any, field: FieldData) -> bool:
    """Whether a number is other than zero, or text says true, yes or 1, and not false, no or 0."""
    if isinstance(given, str):
        return _WORDS[given.strip().lower()]
    if isinstance(given, (int, float)):
        return bool(given)
    raise TypeError("no bool")


def to_bytes(given: Any, field: FieldData) -> bytes:
    """The bytes of a ``bytearray`` or ``memoryview``, or those of the text that a field of type string would hold."""
    if is_binary(given):
        return bytes(given)
    return to_text(given, field).encode()


def to_enum(given: Any, field: FieldData) -> Any:
    """The member of this name, in either case, whatever signs are in it; or of another enum's name or value."""
    for name in (given.name, given.value) if isinstance(given, enum.Enum) else (given,):
        try:
            return field.cls(label_number(re.sub("[^A-Z0-9]+", "_", name.strip().upper()), field.cls))
        except (AttributeError, ValueError):  # no text, or no such name
            continue
    if isinstance(given, float) and given.is_integer():
        return field.cls(int(given))
    raise TypeError("no enum value")


def to_datetime(given: Any, field: FieldData) -> datetime:
    """A ``datetime`` without a time zone or a ``date``, in UTC; text as in ISO 8601; the seconds since 1970.

    What would be after the year 9999 in seconds is in milli-, micro- or nanoseconds.
    """
    if isinstance(given, str):
        given = _read(given.strip())
    elif isinstance(given, date) and not isinstance(given, datetime):
        given = datetime.combine(given, time())
    if isinstance(given, datetime):
        return given.replace(tzinfo=timezone.utc) if given.utcoffset() is None else given
    number = _finite(given)
    nanos = next((10**power for power in (9, 6, 3, 0) if abs(number) * 10**power <= LAST_SECOND * 10**9), 1)
    # A float of these days is exact to a microsecond, not to a nanosecond.
    exact = number * nanos if isinstance(number, int) else round(number * nanos / 1000) * 1000
    return datetime_from_wire(*divmod(exact, 10**9))


def _read(text: str) -> datetime:
    for each in (text, f"{text}Z"):
        try:
            return timestamp_from_json(each)  # which keeps nanoseconds
        except ValueError:
            continue
    return datetime.fromisoformat(text)


def to_timedelta(given: Any, field: FieldData) -> timedelta:
    """Seconds, or text as JSON has it: ``1.5s``."""
    if isinstance(given, str):
        return duration_from_json(given.strip())
    return timedelta(seconds=float(_finite(given)))


def _finite(given: Any) -> Any:
    if isinstance(given, bool) or not isinstance(given, (int, float, Decimal)) or not math.isfinite(given):
        raise TypeError("no number")
    return given


_NUMBERS = (*SIGNED, *UNSIGNED, "double", "float")

MAKERS: dict[str, Callable[[Any, FieldData], Any]] = {
    **dict.fromkeys(_NUMBERS, to_integer),
    "double": to_float,
    "float": to_float,
    "string": to_text,
    "bytes": to_bytes,
    "bool": to_bool,
    "enum": to_enum,
    TIMESTAMP: to_datetime,
    DURATION: to_timedelta,
}
"""What makes the value of each kind of field that holds one thing."""

TAKEN: dict[str, tuple[type[Any], ...]] = {
    **dict.fromkeys(_NUMBERS, (timedelta,)),
    "bytes": (bytes, bytearray, memoryview),
    "enum": (enum.Enum,),
    TIMESTAMP: (date,),
    DURATION: (timedelta,),
}
"""What these functions take besides what JSON has. Of everything else the plain value is made first."""
