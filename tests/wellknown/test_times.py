"""Timestamps and durations are converted exactly, both ways."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone, tzinfo

import pytest
from hypothesis import example, given

from chaukas_spec_lite.wellknown.times import (
    EPOCH,
    WireDatetime,
    WireTimedelta,
    datetime_from_wire,
    timedelta_from_wire,
    wire_from_datetime,
    wire_from_timedelta,
)
from tests.profiles import searched
from tests.wellknown.strategies import BACK, FIRST_SECOND, LAST_SECOND, UTC, datetimes, timedeltas, wires


@searched(2_000)
@given(wires)
def test_every_timestamp_comes_back(wire: tuple[int, int, bytes]) -> None:
    value = datetime_from_wire(*wire)
    assert wire_from_datetime(value) == wire
    seconds, nanos, unknown = wire
    plain = not unknown and FIRST_SECOND <= seconds <= LAST_SECOND and 0 <= nanos < 10**9 and nanos % 1000 == 0
    assert type(value) is (datetime if plain else WireDatetime)
    assert value.tzinfo is UTC


@searched(2_000)
@given(wires)
def test_every_duration_comes_back(wire: tuple[int, int, bytes]) -> None:
    value = timedelta_from_wire(*wire)
    assert wire_from_timedelta(value) == wire
    seconds, nanos, unknown = wire
    shortest, longest = (1000 * (edge // timedelta.resolution) for edge in (timedelta.min, timedelta.max))
    in_range = shortest <= seconds * 10**9 + nanos <= longest
    same_sign = nanos == 0 or seconds == 0 or (seconds < 0) == (nanos < 0)
    plain = not unknown and in_range and same_sign and abs(nanos) < 10**9 and nanos % 1000 == 0
    assert type(value) is (timedelta if plain else WireTimedelta)


@searched(2_000)
@given(datetimes)
@example(datetime.min.replace(tzinfo=timezone(timedelta(hours=14))))
@example(datetime.max.replace(tzinfo=timezone(timedelta(hours=-12))))
@example(datetime(2024, 10, 27, 2, 30, tzinfo=BACK, fold=1))
def test_every_aware_datetime_comes_back(value: datetime) -> None:
    offset = value.utcoffset()
    assert offset is not None
    back = datetime_from_wire(*wire_from_datetime(value))
    # The difference of the local times less that of the offsets: in integers, and at home beyond the years UTC shows.
    if type(back) is datetime:
        assert back.replace(tzinfo=None) - value.replace(tzinfo=None) == -offset
    else:
        assert wire_from_datetime(back) == wire_from_datetime(value)
        assert not FIRST_SECOND <= wire_from_datetime(back)[0] <= LAST_SECOND


@given(timedeltas)
@example(timedelta.min)
@example(timedelta.max)
@example(timedelta(microseconds=-1))
def test_every_timedelta_comes_back(value: timedelta) -> None:
    back = timedelta_from_wire(*wire_from_timedelta(value))
    assert type(back) is timedelta
    assert back == value


@pytest.mark.parametrize(
    ("value", "wire"),
    [
        (EPOCH, (0, 0, b"")),
        (datetime(1969, 12, 31, 23, 59, 59, 999_999, UTC), (-1, 999_999_000, b"")),
        (datetime(2026, 1, 2, 3, 4, 5, 678_901, UTC), (1_767_323_045, 678_901_000, b"")),
        (datetime(1970, 1, 1, 2, tzinfo=timezone(timedelta(hours=2))), (0, 0, b"")),
        (datetime(1970, 1, 1, tzinfo=timezone(timedelta(microseconds=1))), (-1, 999_999_000, b"")),
        (datetime(2024, 10, 27, 2, 30, tzinfo=BACK), (1_729_989_000, 0, b"")),
        (datetime(2024, 10, 27, 2, 30, tzinfo=BACK, fold=1), (1_729_992_600, 0, b"")),
        (datetime.min.replace(tzinfo=UTC), (FIRST_SECOND, 0, b"")),
        (datetime.max.replace(tzinfo=UTC), (LAST_SECOND, 999_999_000, b"")),
    ],
)
def test_timestamps_by_hand(value: datetime, wire: tuple[int, int, bytes]) -> None:
    assert wire_from_datetime(value) == wire
    assert datetime_from_wire(*wire) == value.astimezone(UTC)


@pytest.mark.parametrize(
    ("value", "wire"),
    [
        (timedelta(0), (0, 0, b"")),
        (timedelta(seconds=1, microseconds=500_000), (1, 500_000_000, b"")),
        (timedelta(seconds=-1, microseconds=-500_000), (-1, -500_000_000, b"")),
        (timedelta(microseconds=-1), (0, -1000, b"")),
        (timedelta(seconds=-1), (-1, 0, b"")),
    ],
)
def test_durations_by_hand(value: timedelta, wire: tuple[int, int, bytes]) -> None:
    assert wire_from_timedelta(value) == wire
    assert timedelta_from_wire(*wire) == value


class _NoOffset(tzinfo):
    def utcoffset(self, when: datetime | None, /) -> timedelta | None:
        return None


class _BrokenOffset(tzinfo):
    def utcoffset(self, when: datetime | None, /) -> timedelta | None:
        raise TypeError("broken zone")


@pytest.mark.parametrize("zone", [None, _NoOffset()])
def test_naive_datetimes_are_refused_with_the_remedy(zone: tzinfo | None) -> None:
    with pytest.raises(ValueError, match=r"has no time zone.*timezone\.utc.*replace\(.*astimezone\(\)"):
        wire_from_datetime(datetime(2026, 1, 2, tzinfo=zone))


def test_other_errors_keep_their_own_words() -> None:
    with pytest.raises(TypeError, match="broken zone"):
        wire_from_datetime(datetime(2026, 1, 2, tzinfo=_BrokenOffset()))
    with pytest.raises(TypeError, match="unsupported operand"):
        wire_from_datetime("2026-01-02")
