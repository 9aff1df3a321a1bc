"""Timestamps and durations: plain `datetime` and `timedelta` where they are exact, else a subclass that is.

`google.protobuf.Timestamp` and `Duration` count seconds (int64) and nanoseconds (int32). Nearly every one met in
practice is a whole number of microseconds within Python's range and becomes a plain value. What a plain value cannot
hold (nanoseconds, a year outside 1..9999, nanos out of range or of the wrong sign, unknown fields) becomes a
`WireDatetime` or `WireTimedelta`, which carry the message exactly and encode to what came.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from functools import lru_cache
from operator import index
from typing import Any, ClassVar, SupportsIndex, TypeAlias, final, overload

Wire: TypeAlias = "tuple[int, int, bytes]"
"""The seconds, nanos and unknown fields of a Timestamp or Duration message."""

_UTC = timezone.utc
EPOCH = datetime(1970, 1, 1, tzinfo=_UTC)
NANOS_PER_SECOND = 1_000_000_000

_MICROSECOND = timedelta(microseconds=1)
_FIRST_MICROSECOND = (datetime.min.replace(tzinfo=_UTC) - EPOCH) // _MICROSECOND
_LAST_MICROSECOND = (datetime.max.replace(tzinfo=_UTC) - EPOCH) // _MICROSECOND
_LARGEST_OFFSET = timedelta(days=1) - _MICROSECOND


def datetime_from_wire(seconds: int, nanos: int, unknown: bytes = b"") -> datetime:
    """The datetime in UTC of a Timestamp message: a plain one if that is exact, else a `WireDatetime`."""
    if 0 <= nanos < 1_000_000_000 and not nanos % 1000 and not unknown:
        try:
            year, month, day, hour, minute = _minute(seconds // 60)
        except OverflowError:
            # Beyond what Python's datetime can show, but valid on the wire, which has 64 bits of seconds.
            return WireDatetime(seconds, nanos)
        return datetime(year, month, day, hour, minute, seconds % 60, nanos // 1000, _UTC)
    return WireDatetime(seconds, nanos, unknown)


@lru_cache(maxsize=1024)
def _minute(minutes: int) -> tuple[int, int, int, int, int]:
    """Year, month, day, hour and minute of a time given in minutes since 1970.

    Timestamps decoded together lie close together, and with this remembered the datetime constructor takes three
    quarters of the time of `EPOCH + timedelta(...)`.
    """
    start = EPOCH + timedelta(0, minutes * 60)
    return start.year, start.month, start.day, start.hour, start.minute


def wire_from_datetime(value: datetime) -> Wire:
    """The Timestamp message of an aware datetime in any time zone.

    Raises:
        ValueError: The datetime is naive, so that its instant is unknown.
    """
    if type(value) is WireDatetime:
        return value.wire
    try:
        # Subtraction works across zones. It raises TypeError for a naive datetime, and for anything that is none.
        since = value - EPOCH
    except TypeError:
        if isinstance(value, datetime) and value.utcoffset() is None:
            raise ValueError(
                f"{value!r} has no time zone. Make it aware: datetime.now(timezone.utc) for the current time, "
                "value.replace(tzinfo=timezone.utc) if it is in UTC, value.astimezone() if it is in local time"
            ) from None
        raise
    # pandas.NaT is a datetime by its class, and less than any time is never a timedelta.
    if not isinstance(since, timedelta):
        raise ValueError(f"{value!r} is no time; use None for a time that is not set")
    return since.days * 86400 + since.seconds, since.microseconds * 1000, b""


def timedelta_from_wire(seconds: int, nanos: int, unknown: bytes = b"") -> timedelta:
    """The timedelta of a Duration message: a plain one if that is exact, else a `WireTimedelta`."""
    plain = _plain_timedelta(seconds, nanos, unknown)
    return WireTimedelta(seconds, nanos, unknown) if plain is None else plain


def wire_from_timedelta(value: timedelta) -> Wire:
    """The Duration message of a timedelta; seconds and nanos have the same sign, as duration.proto demands."""
    if type(value) is WireTimedelta:
        return value.wire
    # Python normalises to positive microseconds with negative days; the wire wants both of one sign.
    seconds = value.days * 86400 + value.seconds
    nanos = value.microseconds * 1000
    if seconds < 0 and nanos:
        return seconds + 1, nanos - NANOS_PER_SECOND, b""
    return seconds, nanos, b""


def _plain_datetime(seconds: int, nanos: int, unknown: bytes) -> datetime | None:
    """The plain datetime whose Timestamp message is exactly this, if there is one.

    Offsets reach almost a day, so `datetime.min` and `datetime.max` in some zone lie outside of what UTC can show:
    those instants are shown in the zone furthest away.
    """
    if unknown or nanos % 1000 or not 0 <= nanos < NANOS_PER_SECOND:
        return None
    microseconds = seconds * 1_000_000 + nanos // 1000
    offset = timedelta(0)
    if microseconds < _FIRST_MICROSECOND:
        offset = _LARGEST_OFFSET
    elif microseconds > _LAST_MICROSECOND:
        offset = -_LARGEST_OFFSET
    try:
        local = EPOCH + (timedelta(microseconds=microseconds) + offset)
    except OverflowError:
        return None
    return local.replace(tzinfo=timezone(offset))


def _plain_timedelta(seconds: int, nanos: int, unknown: bytes) -> timedelta | None:
    """The plain timedelta whose Duration message is exactly this, if there is one."""
    # Signs that differ are invalid in duration.proto, and a plain timedelta would encode them differently.
    if unknown or nanos % 1000 or not -NANOS_PER_SECOND < nanos < NANOS_PER_SECOND or seconds * nanos < 0:
        return None
    try:
        return timedelta(0, seconds, nanos // 1000)
    except OverflowError:
        return None


class _WireValue:
    """The common base of `WireDatetime` and `WireTimedelta`: equality, order, hash and pickling by the wire value.

    Two values are equal exactly if they stand for the same message. They are ordered by the instant or length of time
    in nanoseconds; where that is the same for different messages, by nanos and then by the unknown bytes, so that of
    `a < b`, `a == b` and `a > b` always one holds. Plain values take part in all this as the message they encode to.
    """

    __slots__ = ()
    _family: ClassVar[type]
    _wire: Wire

    @property
    def wire(self) -> Wire:
        """The exact seconds, nanos and unknown fields of the message."""
        return self._wire

    @property
    def nanos(self) -> int:
        """The exact `nanos` of the message: any int32."""
        return self._wire[1]

    @property
    def unknown(self) -> bytes:
        """The unknown fields of the message, encoded."""
        return self._wire[2]

    def _plain(self) -> datetime | timedelta | None:
        raise NotImplementedError

    def _wire_of(self, other: object) -> Wire | None:
        raise NotImplementedError

    def __eq__(self, other: object) -> bool:
        # Of two carriers only the wire decides: their visible times may be equal while their nanoseconds differ.
        if isinstance(other, _WireValue):
            return type(self) is type(other) and self._wire == other._wire
        if not isinstance(other, self._family):
            return super().__eq__(other)
        plain = self._plain()
        return plain is not None and plain == other

    def __ne__(self, other: object) -> bool:
        equal = self.__eq__(other)
        return equal if equal is NotImplemented else not equal

    def __hash__(self) -> int:
        # Equal values need equal hashes, and one of these may equal a plain value.
        plain = self._plain()
        return hash(self._wire if plain is None else plain)

    def __lt__(self, other: object) -> bool:
        wire = self._wire_of(other)
        return NotImplemented if wire is None else _rank(self._wire) < _rank(wire)

    def __le__(self, other: object) -> bool:
        wire = self._wire_of(other)
        return NotImplemented if wire is None else _rank(self._wire) <= _rank(wire)

    def __gt__(self, other: object) -> bool:
        wire = self._wire_of(other)
        return NotImplemented if wire is None else _rank(self._wire) > _rank(wire)

    def __ge__(self, other: object) -> bool:
        wire = self._wire_of(other)
        return NotImplemented if wire is None else _rank(self._wire) >= _rank(wire)

    def __reduce_ex__(self, protocol: SupportsIndex) -> tuple[type[_WireValue], Wire]:
        return type(self), self._wire

    def __repr__(self) -> str:
        seconds, nanos, unknown = self._wire
        rest = f", unknown={unknown!r}" if unknown else ""
        return f"{type(self).__name__}(seconds={seconds}, nanos={nanos}{rest})"


def _rank(wire: Wire) -> tuple[int, int, bytes]:
    seconds, nanos, unknown = wire
    return seconds * NANOS_PER_SECOND + nanos, nanos, unknown


def _checked(seconds: int, nanos: int, unknown: bytes) -> Wire:
    # ``index`` refuses floats, which would be cut off silently.
    seconds, nanos = index(seconds), index(nanos)
    if not -(2**63) <= seconds < 2**63:
        raise ValueError(f"seconds must fit into 64 bits, got {seconds}")
    if not -(2**31) <= nanos < 2**31:
        raise ValueError(f"nanos must fit into 32 bits, got {nanos}")
    if type(unknown) is not bytes:
        raise TypeError(f"unknown must be bytes, got {type(unknown).__name__}")
    return seconds, nanos, unknown


@final
class WireDatetime(_WireValue, datetime):
    """A Timestamp message that no plain datetime equals, as an aware datetime in UTC.

    `seconds`, `nanos` and `unknown` are exact, and so are comparison, hash, `copy`, pickling, `repr` and encoding.
    Everything else a datetime can do (`year`, `isoformat`, `str`, `timestamp`, ...) goes by the visible datetime: the
    time rounded down to a microsecond, and the nearest one Python can show if it is outside the years 1 to 9999. From
    there, `+`, `-`, `replace` and `astimezone` lead to plain datetimes and timedeltas. The class methods of datetime
    that make a new one (`now`, `fromisoformat`, ...) raise TypeError.
    """

    __slots__ = ("_wire",)
    _family = datetime

    def __new__(cls, seconds: int, nanos: int = 0, unknown: bytes = b"") -> WireDatetime:
        """Carry any Timestamp message; ValueError where int64 seconds or int32 nanos cannot."""
        wire = _checked(seconds, nanos, unknown)
        microseconds = _rank(wire)[0] // 1000
        # Brought to the nearest end of Python's range; the exact value is in ``_wire``.
        at = EPOCH + timedelta(microseconds=min(max(microseconds, _FIRST_MICROSECOND), _LAST_MICROSECOND))
        self = super().__new__(cls, at.year, at.month, at.day, at.hour, at.minute, at.second, at.microsecond, _UTC)
        self._wire = wire
        return self

    @property
    def seconds(self) -> int:
        """The exact `seconds` of the message since 1970-01-01T00:00:00Z: any int64."""
        return self._wire[0]

    def _visible(self) -> datetime:
        return datetime.combine(self, self.timetz())

    def _plain(self) -> datetime | None:
        return _plain_datetime(*self._wire)

    def _wire_of(self, other: object) -> Wire | None:
        if isinstance(other, datetime):
            if other.utcoffset() is None:
                raise TypeError("can't compare a datetime that has a time zone with one that has none")
            return wire_from_datetime(other)
        if isinstance(other, date):
            raise TypeError(f"can't compare WireDatetime to {type(other).__name__}")
        return None

    # datetime promises a value of the subclass from what follows. A sum or a local time is no message off the wire, so
    # here it is a plain datetime. That is why checkers find these overrides incompatible.

    def __add__(self, value: timedelta, /) -> datetime:  # type: ignore[override]  # plain on purpose, see above
        return self._visible() + value

    def __radd__(self, value: timedelta, /) -> datetime:  # type: ignore[override]  # plain on purpose, see above
        return self._visible() + value

    @overload  # type: ignore[override]  # plain on purpose, see above
    def __sub__(self, value: datetime, /) -> timedelta: ...
    @overload
    def __sub__(self, value: timedelta, /) -> datetime: ...
    def __sub__(self, value: Any, /) -> Any:
        return self._visible() - value

    def replace(self, *args: Any, **changes: Any) -> datetime:  # type: ignore[override]  # plain on purpose
        """A plain datetime: the visible one with the given parts changed."""
        return self._visible().replace(*args, **changes)

    # What copy.replace calls, from Python 3.13 on: only there is anything overridden.
    def __replace__(self, /, **changes: Any) -> datetime:  # type: ignore[override, unused-ignore]  # plain on purpose
        return self._visible().replace(**changes)

    def astimezone(self, *args: Any, **options: Any) -> datetime:  # type: ignore[override]  # plain on purpose
        """A plain datetime: the visible one in another time zone (by default the local one)."""
        return self._visible().astimezone(*args, **options)


@final
class WireTimedelta(_WireValue, timedelta):
    """A Duration message that no plain timedelta equals, as a timedelta.

    `wire_seconds`, `nanos` and `unknown` are exact, and so are comparison, hash, truth, `copy`, pickling, `repr` and
    encoding. Everything else a timedelta can do (`days`, `seconds`, `total_seconds`, `str`, arithmetic, ...) goes by
    the visible timedelta: the length of time rounded down to a microsecond, and the nearest one Python can show if it
    is beyond 999,999,999 days. Arithmetic leads to plain timedeltas.

    The exact seconds are not called `seconds`: there a timedelta keeps the seconds within the day, and code that adds
    up `days` and `seconds` would count the days twice.
    """

    __slots__ = ("_wire",)
    _family = timedelta

    def __new__(cls, seconds: int, nanos: int = 0, unknown: bytes = b"") -> WireTimedelta:
        """Carry any Duration message; ValueError where int64 seconds or int32 nanos cannot."""
        wire = _checked(seconds, nanos, unknown)
        microseconds = _rank(wire)[0] // 1000
        shortest, longest = timedelta.min // _MICROSECOND, timedelta.max // _MICROSECOND
        self = super().__new__(cls, microseconds=min(max(microseconds, shortest), longest))
        self._wire = wire
        return self

    @property
    def wire_seconds(self) -> int:
        """The exact `seconds` of the message: any int64."""
        return self._wire[0]

    def _plain(self) -> timedelta | None:
        return _plain_timedelta(*self._wire)

    def _wire_of(self, other: object) -> Wire | None:
        return wire_from_timedelta(other) if isinstance(other, timedelta) else None

    def __bool__(self) -> bool:
        return _rank(self._wire)[0] != 0
