"""Timestamps and durations as ProtoJSON writes them: `2026-01-02T03:04:05.123456789Z` and `1.500s`.

The rules are those of https://protobuf.dev/programming-guides/json and of the comments in timestamp.proto and
duration.proto. A value they call invalid has no JSON, whatever the wire can carry.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone

from chaukas_spec_lite.wellknown.times import (
    EPOCH,
    NANOS_PER_SECOND,
    datetime_from_wire,
    timedelta_from_wire,
    wire_from_datetime,
    wire_from_timedelta,
)

FIRST_SECOND = -62_135_596_800
"""0001-01-01T00:00:00Z in seconds since 1970."""
LAST_SECOND = 253_402_300_799
"""9999-12-31T23:59:59Z in seconds since 1970."""
MAX_DURATION_SECONDS = 315_576_000_000
"""10,000 years of 365.25 days; up to 999,999,999 nanoseconds may come on top."""

_TIMESTAMP = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{1,9}))?"
    r"(?:Z|([+-])([01][0-9]|2[0-3]):([0-5][0-9]))"
)
_DURATION = re.compile(r"(-?)([0-9]+)(?:\.([0-9]{1,9}))?s")


def timestamp_to_json(value: datetime) -> str:
    """RFC 3339 text in UTC, with 0, 3, 6 or 9 digits after the point.

    Raises:
        ValueError: The datetime is naive, or is a Timestamp outside 0001-01-01T00:00:00Z to
            9999-12-31T23:59:59.999999999Z, or with nanos outside 0 to 999,999,999.
    """
    if value.__class__ is datetime and value.tzinfo is timezone.utc:  # as decoded, and always within the range
        return f"{value.isoformat()[:19]}{_fraction(value.microsecond * 1000)}Z"
    seconds, nanos, _ = wire_from_datetime(value)
    if not FIRST_SECOND <= seconds <= LAST_SECOND:
        raise ValueError(f"a Timestamp of {seconds} seconds has no JSON: it is outside the years 1 to 9999 in UTC")
    if not 0 <= nanos < NANOS_PER_SECOND:
        raise ValueError(f"a Timestamp with {nanos} nanos has no JSON: they must be within 0 to 999,999,999")
    return f"{(EPOCH + timedelta(0, seconds)).isoformat()[:19]}{_fraction(nanos)}Z"


def timestamp_from_json(text: str) -> datetime:
    """The datetime in UTC of an RFC 3339 text with a capital T, up to 9 digits after the point, and Z or an offset.

    Raises:
        ValueError: The text is anything else: it has no zone, or a date or time that does not exist, or the year 0, or
            lies outside the years 1 to 9999 in UTC, or has a 60th second, which a Timestamp has no room for.
    """
    found = _TIMESTAMP.fullmatch(text)
    if found is None:
        raise ValueError(
            f"{_shown(text)} is no timestamp: expected RFC 3339 text such as 2026-01-02T03:04:05.678Z or "
            "2026-01-02T03:04:05+01:00"
        )
    year, month, day, hour, minute, second, digits, sign, ahead_hours, ahead_minutes = found.groups()
    try:
        local = datetime(int(year), int(month), int(day), int(hour), int(minute), int(second), tzinfo=timezone.utc)
    except ValueError as error:
        raise ValueError(f"{_shown(text)} is no timestamp: {error}") from None
    since = local - EPOCH
    seconds = since.days * 86400 + since.seconds
    if sign:
        ahead = int(ahead_hours) * 3600 + int(ahead_minutes) * 60
        # A zone ahead of UTC shows a later time for the same instant.
        seconds += ahead if sign == "-" else -ahead
    # Checked after the offset: 0001-01-01T00:00:00+01:00 lies in the year 0.
    if not FIRST_SECOND <= seconds <= LAST_SECOND:
        raise ValueError(f"{_shown(text)} is no timestamp: it is outside the years 1 to 9999 in UTC")
    return datetime_from_wire(seconds, _nanos(digits))


def duration_to_json(value: timedelta) -> str:
    """Seconds with 0, 3, 6 or 9 digits after the point, and an `s`.

    Raises:
        ValueError: The duration is longer than 315,576,000,000 seconds either way, has nanos beyond 999,999,999 either
            way, or seconds and nanos of different signs.
    """
    seconds, nanos, _ = wire_from_timedelta(value)
    if abs(seconds) > MAX_DURATION_SECONDS:
        raise ValueError(f"a Duration of {seconds} seconds has no JSON: the limit is 315,576,000,000 either way")
    if abs(nanos) >= NANOS_PER_SECOND:
        raise ValueError(f"a Duration with {nanos} nanos has no JSON: the limit is 999,999,999 either way")
    if seconds * nanos < 0:
        raise ValueError(f"a Duration of {seconds} seconds and {nanos} nanos has no JSON: their signs differ")
    sign = "-" if seconds < 0 or nanos < 0 else ""
    return f"{sign}{abs(seconds)}{_fraction(abs(nanos))}s"


def duration_from_json(text: str) -> timedelta:
    """The timedelta of a text such as `1.5s`, `-0.000000001s` or `3s`, with up to 9 digits after the point.

    Raises:
        ValueError: The text is anything else, or beyond 315,576,000,000 seconds either way.
    """
    found = _DURATION.fullmatch(text)
    if found is None:
        raise ValueError(f"{_shown(text)} is no duration: expected seconds such as 3s or -1.500s")
    sign, whole, digits = found.groups()
    # Any number of leading zeros is allowed. They are cut off first, because ``int`` takes time that grows with the
    # square of the length.
    whole = whole.lstrip("0") or "0"
    if len(whole) > len(str(MAX_DURATION_SECONDS)) or int(whole) > MAX_DURATION_SECONDS:
        raise ValueError(f"{_shown(text)} is no duration: the limit is 315,576,000,000 seconds either way")
    seconds, nanos = int(whole), _nanos(digits)
    return timedelta_from_wire(-seconds, -nanos) if sign else timedelta_from_wire(seconds, nanos)


def _fraction(nanos: int) -> str:
    if not nanos:
        return ""
    # 0, 3, 6 or 9 digits, as every implementation writes them.
    if nanos % 1_000_000 == 0:
        return f".{nanos // 1_000_000:03}"
    if nanos % 1000 == 0:
        return f".{nanos // 1000:06}"
    return f".{nanos:09}"


def _nanos(digits: str | None) -> int:
    return int(digits.ljust(9, "0")) if digits else 0


def _shown(text: str) -> str:
    return repr(text if len(text) <= 60 else text[:57] + "...")
