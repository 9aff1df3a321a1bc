"""WireDatetime and WireTimedelta: compared, ordered, hashed, copied and shown by what is on the wire."""

from __future__ import annotations

import copy
import itertools
import pickle
from datetime import date, datetime, time, timedelta, timezone

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

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
from tests.wellknown.strategies import BACK, UTC, datetimes, offsets, timedeltas, wires

NEAR = [
    *(WireDatetime(s, n, u) for s in (-1, 0, 1) for n in (-(10**9), -1, 0, 1, 1000, 10**9) for u in (b"", b"\x18\x01")),
    *(datetime_from_wire(s, n) for s in (-1, 0, 1) for n in (0, 1000, 999_999_000)),
    EPOCH.astimezone(timezone(timedelta(hours=5))),
]
NEAR_SPANS = [
    *(
        WireTimedelta(s, n, u)
        for s in (-1, 0, 1)
        for n in (-(10**9), -1, 0, 1, 1000, 10**9)
        for u in (b"", b"\x18\x01")
    ),
    *(timedelta(microseconds=n) for n in (-1_000_001, -1_000_000, -1, 0, 1, 1_000_000)),
]


def _wire(value: datetime | timedelta) -> tuple[int, int, bytes]:
    return wire_from_datetime(value) if isinstance(value, datetime) else wire_from_timedelta(value)


def _laws(a: datetime | timedelta, b: datetime | timedelta) -> None:
    equal = _wire(a) == _wire(b)
    assert (a == b) is (b == a) is equal
    assert (a != b) is (b != a) is not equal
    if equal:
        assert hash(a) == hash(b)
    assert [a < b, a == b, a > b].count(True) == 1
    assert (a <= b) is (b >= a) is (a < b or a == b)
    assert (a < b) is (b > a)
    nanos_a, nanos_b = (wire[0] * 10**9 + wire[1] for wire in (_wire(a), _wire(b)))
    if nanos_a != nanos_b:
        assert (a < b) is (nanos_a < nanos_b)


def test_equality_order_and_hash_of_values_close_together() -> None:
    for family in (NEAR, NEAR_SPANS):
        for a, b in itertools.product(family, family):
            _laws(a, b)
        for a, b, c in itertools.product(family, family, family):
            if a < b < c:
                assert a < c


some_datetimes = wires.map(lambda wire: datetime_from_wire(*wire)) | wires.map(lambda wire: WireDatetime(*wire))
some_timedeltas = wires.map(lambda wire: timedelta_from_wire(*wire)) | wires.map(lambda wire: WireTimedelta(*wire))


@given(
    some_datetimes | st.datetimes(timezones=st.just(UTC) | offsets.map(timezone)),
    some_datetimes | st.datetimes(timezones=st.just(UTC) | offsets.map(timezone)),
)
def test_equality_order_and_hash_of_datetimes(a: datetime, b: datetime) -> None:
    _laws(a, b)


@given(some_timedeltas | timedeltas, some_timedeltas | timedeltas)
def test_equality_order_and_hash_of_timedeltas(a: timedelta, b: timedelta) -> None:
    _laws(a, b)


@searched(500)
@given(datetimes)
@example(datetime.min.replace(tzinfo=timezone(timedelta(hours=14))))
@example(datetime.max.replace(tzinfo=timezone(timedelta(hours=-12))))
@example(datetime(2024, 10, 27, 2, 30, tzinfo=BACK, fold=1))
def test_a_wire_datetime_built_for_a_plain_value_is_that_value(value: datetime) -> None:
    exact = WireDatetime(*wire_from_datetime(value))
    # Where a zone's clocks repeat or skip an hour, datetime calls no two values of different zones equal (PEP 495).
    if value.replace(fold=0).utcoffset() == value.replace(fold=1).utcoffset():
        assert exact == value
        assert value == exact
        assert hash(exact) == hash(value)
    else:
        assert exact != value
        assert value != exact


@given(timedeltas)
def test_a_wire_timedelta_built_for_a_plain_value_is_that_value(value: timedelta) -> None:
    exact = WireTimedelta(*wire_from_timedelta(value))
    assert exact == value
    assert hash(exact) == hash(value)


def test_naive_datetimes_and_dates_compare_as_with_any_aware_datetime() -> None:
    value = WireDatetime(0, 1)
    for other in (datetime(1970, 1, 1), date(1970, 1, 1)):  # noqa: DTZ001 -- a naive one is what is tested
        assert value != other
        assert other != value
        for compare in ("__lt__", "__le__", "__gt__", "__ge__"):
            with pytest.raises(TypeError, match="can't compare"):
                getattr(value, compare)(other)
        with pytest.raises(TypeError, match="can't compare"):
            assert other < value


def test_other_types_have_their_say() -> None:
    class Anything:
        def __eq__(self, other: object) -> bool:
            return True

        def __gt__(self, other: object) -> bool:
            return True

        __hash__ = None

    for value in (WireDatetime(0, 1), WireTimedelta(0, 1)):
        assert value == Anything()
        assert value < Anything()
        assert value != 1
        with pytest.raises(TypeError, match="not supported"):
            assert value < 1
    assert WireDatetime(0, 1) != WireTimedelta(0, 1)


@given(wires)
def test_copies_and_pickles_keep_the_exact_part(wire: tuple[int, int, bytes]) -> None:
    for value in (WireDatetime(*wire), WireTimedelta(*wire)):
        copies = [copy.copy(value), copy.deepcopy(value), copy.deepcopy([value])[0]]
        copies += [pickle.loads(pickle.dumps(value, protocol)) for protocol in range(pickle.HIGHEST_PROTOCOL + 1)]
        for other in copies:
            assert type(other) is type(value)
            assert other.wire == wire
        assert eval(repr(value)) == value


def test_visible_part_is_rounded_down_and_clamped() -> None:
    assert WireDatetime(1, 1999).isoformat() == "1970-01-01T00:00:01.000001+00:00"
    assert str(WireDatetime(0, -1)) == "1969-12-31 23:59:59.999999+00:00"
    assert WireDatetime(0, 2_000_000_001).second == 2
    assert WireDatetime(-(2**63), -(2**31)).replace() == datetime.min.replace(tzinfo=UTC)
    assert WireDatetime(2**63 - 1, 2**31 - 1).replace() == datetime.max.replace(tzinfo=UTC)
    assert WireTimedelta(0, -1) + timedelta(0) == timedelta(microseconds=-1)
    assert WireTimedelta(1, -1).total_seconds() == 0.999999
    assert +WireTimedelta(2**63 - 1, 0) == timedelta.max
    assert +WireTimedelta(-(2**63), 0) == timedelta.min


def test_exact_parts_are_shown_and_cannot_be_changed() -> None:
    moment, span = WireDatetime(5, 1, b"\x18\x01"), WireTimedelta(90_000, 1)
    assert (moment.seconds, moment.nanos, moment.unknown) == (5, 1, b"\x18\x01")
    assert (span.wire_seconds, span.nanos, span.unknown) == (90_000, 1, b"")
    assert (span.days, span.seconds, span.microseconds) == (1, 3600, 0)
    assert repr(moment) == "WireDatetime(seconds=5, nanos=1, unknown=b'\\x18\\x01')"
    assert repr(span) == "WireTimedelta(seconds=90000, nanos=1)"
    for value, name in ((moment, "seconds"), (moment, "nanos"), (span, "unknown"), (span, "anything")):
        with pytest.raises(AttributeError):
            setattr(value, name, 1)


def test_a_nanosecond_is_not_nothing() -> None:
    assert WireTimedelta(0, 1)
    assert WireTimedelta(0, -1)
    assert not WireTimedelta(1, -1_000_000_000)
    assert not WireTimedelta(0, 0, b"\x18\x01")


def test_arithmetic_leads_to_plain_values() -> None:
    moment, plain = WireDatetime(10, 1999), EPOCH + timedelta(seconds=10, microseconds=1)
    second = timedelta(seconds=1)
    results = [
        (moment + second, plain + second),
        (second + moment, second + plain),
        (moment - second, plain - second),
        (moment.replace(hour=3), plain.replace(hour=3)),
        (moment.replace(2020), plain.replace(2020)),
        (moment.astimezone(BACK), plain.astimezone(BACK)),
        (moment.astimezone(UTC), plain),
        (moment.astimezone(), plain.astimezone()),
        (moment - EPOCH, plain - EPOCH),
        (EPOCH - moment, EPOCH - plain),
        (moment - moment, timedelta(0)),
        (moment - WireTimedelta(1, 1), plain - second),
    ]
    span, part = WireTimedelta(10, 1999), timedelta(seconds=10, microseconds=1)
    results += [
        (span + second, part + second),
        (second + span, part + second),
        (span - second, part - second),
        (second - span, second - part),
        (EPOCH + span, EPOCH + part),
        (-span, -part),
        (+span, part),
        (abs(span), part),
        (span * 2, part * 2),
        (2 * span, part * 2),
        (span / 2, part / 2),
        (span // 2, part // 2),
        (span % second, part % second),
    ]
    for result, expected in results:
        assert type(result) is type(expected)
        assert result == expected
    assert span // second == 10
    assert span / part == 1.0


def test_copy_replace_gives_a_plain_datetime() -> None:
    assert WireDatetime(0, 1).__replace__(year=2000) == datetime(2000, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("wrong", [(2**63, 0), (-(2**63) - 1, 0), (0, 2**31), (0, -(2**31) - 1)])
def test_numbers_that_fit_no_message_are_refused(wrong: tuple[int, int]) -> None:
    for kind in (WireDatetime, WireTimedelta):
        with pytest.raises(ValueError, match=r"must fit into (64|32) bits, got"):
            kind(*wrong)


def test_types_that_fit_no_message_are_refused() -> None:
    for kind in (WireDatetime, WireTimedelta):
        for wrong in ((1.5, 0), (0, 1.5), ("1", 0), (0, 0, "x"), (0, 0, None)):
            with pytest.raises(TypeError):
                kind(*wrong)


def test_class_methods_of_datetime_do_not_make_wire_datetimes() -> None:
    for make in (
        lambda: WireDatetime.now(UTC),
        WireDatetime.today,
        lambda: WireDatetime.fromtimestamp(0, UTC),
        lambda: WireDatetime.fromordinal(1),
        lambda: WireDatetime.fromisoformat("2026-01-02T03:04:05+00:00"),
        lambda: WireDatetime.fromisocalendar(2026, 1, 1),
        lambda: WireDatetime.combine(date(2026, 1, 2), time(3)),
        lambda: WireDatetime.strptime("2026", "%Y"),
    ):
        with pytest.raises(TypeError):
            make()
