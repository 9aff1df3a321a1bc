"""The ProtoJSON texts of timestamps and durations, against `google.protobuf` and by the specification.

The official Python parsers accept more than the specification and the C++ parser do: `LAXER` lists all that was found.
`WE_REFUSE_MORE_THAN_CPP` lists where we do not follow the C++ parser.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, timezone

import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import example, given
from hypothesis import strategies as st

from chaukas_spec_lite.wellknown.times import (
    WireDatetime,
    WireTimedelta,
    datetime_from_wire,
    timedelta_from_wire,
    wire_from_datetime,
    wire_from_timedelta,
)
from chaukas_spec_lite.wellknown.timetext import (
    FIRST_SECOND,
    LAST_SECOND,
    MAX_DURATION_SECONDS,
    duration_from_json,
    duration_to_json,
    timestamp_from_json,
    timestamp_to_json,
)
from tests.profiles import searched
from tests.wellknown.strategies import wires

nanos = st.integers(0, 999_999_999) | st.integers(0, 999_999).map(lambda n: n * 1000) | st.sampled_from([0, 10**8])
valid_timestamps = st.tuples(st.integers(FIRST_SECOND, LAST_SECOND) | st.integers(-100_000, 100_000), nanos)
valid_durations = st.tuples(
    st.integers(0, MAX_DURATION_SECONDS) | st.integers(0, 3), nanos, st.sampled_from([1, -1])
).map(lambda drawn: (drawn[0] * drawn[2], drawn[1] * drawn[2]))


def official_timestamp(text: str) -> tuple[int, int]:
    message = Timestamp()
    message.FromJsonString(text)
    return message.seconds, message.nanos


def official_duration(text: str) -> tuple[int, int]:
    message = Duration()
    message.FromJsonString(text)
    return message.seconds, message.nanos


def our_timestamp(text: str) -> tuple[int, int]:
    return wire_from_datetime(timestamp_from_json(text))[:2]


def our_duration(text: str) -> tuple[int, int]:
    return wire_from_timedelta(duration_from_json(text))[:2]


def outcome(call: Callable[[], object]) -> object:
    try:
        return call()
    except ValueError:
        return ValueError


@searched(2_000)
@given(valid_timestamps)
@example((LAST_SECOND, 999_999_999))
@example((FIRST_SECOND, 0))
def test_timestamps_are_written_as_the_official_ones_and_read_back(wire: tuple[int, int]) -> None:
    text = timestamp_to_json(datetime_from_wire(*wire))
    assert text == Timestamp(seconds=wire[0], nanos=wire[1]).ToJsonString()
    assert our_timestamp(text) == wire


@searched(2_000)
@given(valid_durations)
@example((MAX_DURATION_SECONDS, 999_999_999))
@example((-MAX_DURATION_SECONDS, -999_999_999))
@example((0, -1))
def test_durations_are_written_as_the_official_ones_and_read_back(wire: tuple[int, int]) -> None:
    text = duration_to_json(timedelta_from_wire(*wire))
    assert text == Duration(seconds=wire[0], nanos=wire[1]).ToJsonString()
    assert our_duration(text) == wire


@searched(2_000)
@given(wires)
def test_what_has_no_json_is_refused_as_officially(wire: tuple[int, int, bytes]) -> None:
    seconds, nanos, _ = wire
    moment, span = datetime_from_wire(*wire), timedelta_from_wire(*wire)
    official_moment, official_span = Timestamp(seconds=seconds, nanos=nanos), Duration(seconds=seconds, nanos=nanos)
    assert outcome(lambda: timestamp_to_json(moment)) == outcome(official_moment.ToJsonString)
    assert outcome(lambda: duration_to_json(span)) == outcome(official_span.ToJsonString)


def test_datetimes_of_other_zones_are_written_in_utc() -> None:
    value = datetime(2026, 1, 2, 0, 30, 0, 250_000, tzinfo=timezone(timedelta(hours=2)))
    assert timestamp_to_json(value) == "2026-01-01T22:30:00.250Z"
    with pytest.raises(ValueError, match="outside the years 1 to 9999"):
        timestamp_to_json(datetime.min.replace(tzinfo=timezone(timedelta(hours=1))))
    with pytest.raises(ValueError, match="has no time zone"):
        timestamp_to_json(value.replace(tzinfo=None))


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (WireDatetime(FIRST_SECOND - 1, 999_999_999), "outside the years 1 to 9999"),
        (WireDatetime(LAST_SECOND + 1), "outside the years 1 to 9999"),
        (WireDatetime(0, -1), "-1 nanos has no JSON"),
        (WireDatetime(0, 1_000_000_000), "1000000000 nanos has no JSON"),
        (WireTimedelta(MAX_DURATION_SECONDS + 1), "the limit is 315,576,000,000"),
        (WireTimedelta(-MAX_DURATION_SECONDS - 1), "the limit is 315,576,000,000"),
        (timedelta.max, "the limit is 315,576,000,000"),
        (WireTimedelta(0, 1_000_000_000), "1000000000 nanos has no JSON"),
        (WireTimedelta(0, -1_000_000_000), "-1000000000 nanos has no JSON"),
        (WireTimedelta(1, -1), "signs differ"),
        (WireTimedelta(-1, 1), "signs differ"),
    ],
)
def test_refusals_say_why(value: datetime | timedelta, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        timestamp_to_json(value) if isinstance(value, datetime) else duration_to_json(value)


def test_unknown_fields_are_left_out_of_json() -> None:
    assert timestamp_to_json(WireDatetime(0, 1, b"\x18\x01")) == "1970-01-01T00:00:00.000000001Z"
    assert duration_to_json(WireTimedelta(0, 1, b"\x18\x01")) == "0.000000001s"


@pytest.mark.parametrize(
    ("text", "wire"),
    [
        ("1970-01-01T00:00:00Z", (0, 0)),
        ("1970-01-01T08:00:01+08:00", (1, 0)),
        ("1969-12-31T16:00:01-08:00", (1, 0)),
        ("1970-01-01T00:00:00-00:00", (0, 0)),
        ("1969-12-31T23:59:59.5Z", (-1, 500_000_000)),
        ("1970-01-01T00:00:00.1Z", (0, 100_000_000)),
        ("1970-01-01T00:00:00.000000001Z", (0, 1)),
        ("2024-02-29T00:00:00Z", (1_709_164_800, 0)),
        ("0001-01-01T00:00:00Z", (FIRST_SECOND, 0)),
        ("9999-12-31T23:59:59.999999999Z", (LAST_SECOND, 999_999_999)),
        ("0001-01-01T01:00:00+01:00", (FIRST_SECOND, 0)),
        ("9999-12-31T22:59:59-01:00", (LAST_SECOND, 0)),
    ],
)
def test_timestamp_texts(text: str, wire: tuple[int, int]) -> None:
    assert our_timestamp(text) == official_timestamp(text) == wire


@pytest.mark.parametrize(
    ("text", "wire"),
    [
        ("0s", (0, 0)),
        ("-0s", (0, 0)),
        ("3s", (3, 0)),
        ("1.5s", (1, 500_000_000)),
        ("-1.5s", (-1, -500_000_000)),
        ("-0.5s", (0, -500_000_000)),
        ("0.000000001s", (0, 1)),
        ("007.010s", (7, 10_000_000)),
        ("315576000000.999999999s", (MAX_DURATION_SECONDS, 999_999_999)),
        ("-315576000000.999999999s", (-MAX_DURATION_SECONDS, -999_999_999)),
    ],
)
def test_duration_texts(text: str, wire: tuple[int, int]) -> None:
    assert our_duration(text) == official_duration(text) == wire


REFUSED_BY_ALL_TIMESTAMPS = [
    "",
    "Z",
    "now",
    "0000-01-01T00:00:00Z",
    "10000-01-01T00:00:00Z",
    "0001-01-01T00:00:00",
    "0001-01-01 00:00:00Z",
    "0001-01-01T00:00:00z",
    "0001-01-01t00:00:00Z",
    "2023-02-29T00:00:00Z",
    "2024-13-01T00:00:00Z",
    "2024-00-01T00:00:00Z",
    "2024-01-01T24:00:00Z",
    "2024-01-01T00:60:00Z",
    "2024-01-01T00:00Z",
    "2016-12-31T23:59:61Z",
    "1970-01-01T00:00:00.1234567890Z",
    "1970-01-01T00:00:00ZZ",
    "1970-01-01T08:00:01+0800",
    "1970-01-01T08:00:01+08",
    "1970-01-01T00:00:00Z ",
    " 1970-01-01T00:00:00Z",
    "1970-01-01T00:00:00Z\n",
    "0001-01-01T00:00:00+00:01",
    "9999-12-31T23:59:59-00:01",
    "20240101T000000Z",
]
REFUSED_BY_ALL_DURATIONS = [
    *(
        "",
        "s",
        "1",
        "1S",
        "1.s5",
        ".5s",
        "-.5s",
        "--1s",
        "- 1s",
        "1ss",
        "1s ",
        "1,5s",
        "1.5.5s",
        "0x1s",
        "infs",
        "nans",
    ),
    *("1e3s", "PT1S", "315576000001.000000000s", "-315576000001.000000000s", "9" * 5000 + "s"),
]
LAXER = {
    # The official parsers are `strptime`, `int` and `float`; the specification is narrower, and so is C++.
    "a single digit where two are due": (official_timestamp, our_timestamp, "1970-1-1T0:0:0Z"),
    "digits of other scripts": (official_timestamp, our_timestamp, "1970-01-01T00:00:0٣Z"),
    "a point without digits": (official_timestamp, our_timestamp, "1970-01-01T00:00:00.Z"),
    "an exponent after the point": (official_timestamp, our_timestamp, "1970-01-01T00:00:00.1e-1Z"),
    "an offset of more than a day": (official_timestamp, our_timestamp, "1970-01-02T00:00:00+24:00"),
    "an offset of 60 minutes": (official_timestamp, our_timestamp, "1970-01-02T00:00:00+01:60"),
    "an offset of single digits": (official_timestamp, our_timestamp, "1970-01-02T00:00:00+1:0"),
    "a sign within the offset": (official_timestamp, our_timestamp, "1970-01-02T00:00:00+01:-5"),
    "no digits before s": (official_duration, our_duration, "1.s"),
    "more than nine digits, rounded": (official_duration, our_duration, "1.0000000005s"),
    "a plus sign": (official_duration, our_duration, "+1s"),
    "spaces": (official_duration, our_duration, " 1 s"),
    "underscores": (official_duration, our_duration, "1_0s"),
    "digits of another script": (official_duration, our_duration, "٣s"),
    "an exponent": (official_duration, our_duration, "1.5e-1s"),
}
WE_REFUSE_MORE_THAN_CPP = {
    # The C++ parser adds up whatever digits stand there. RFC 3339 allows none of these but the last, and there we side
    # with the official Python and Go: timestamp.proto smears leap seconds, so a Timestamp has no 60th second to hold.
    "the 31st of April": "2024-04-31T00:00:00Z",
    "the hour 24": "2024-01-01T24:00:00Z",
    "before the year 1 in UTC": "0001-01-01T00:00:00+01:00",
    "a leap second": "2016-12-31T23:59:60Z",
}


@pytest.mark.parametrize("text", REFUSED_BY_ALL_TIMESTAMPS)
def test_texts_that_are_no_timestamp(text: str) -> None:
    assert outcome(lambda: official_timestamp(text)) is ValueError
    with pytest.raises(ValueError, match="is no timestamp: "):
        timestamp_from_json(text)


@pytest.mark.parametrize("text", REFUSED_BY_ALL_DURATIONS, ids=lambda text: text[:30])
def test_texts_that_are_no_duration(text: str) -> None:
    assert outcome(lambda: official_duration(text)) is ValueError
    with pytest.raises(ValueError, match="is no duration: "):
        duration_from_json(text)


@pytest.mark.parametrize(("official", "ours", "text"), LAXER.values(), ids=LAXER.keys())
def test_what_only_the_official_python_accepts(
    official: Callable[[str], object], ours: Callable[[str], object], text: str
) -> None:
    official(text)
    with pytest.raises(ValueError, match=r"is no (timestamp|duration): "):
        ours(text)


@pytest.mark.parametrize("text", WE_REFUSE_MORE_THAN_CPP.values(), ids=WE_REFUSE_MORE_THAN_CPP.keys())
def test_what_only_cpp_accepts(text: str) -> None:
    assert outcome(lambda: official_timestamp(text)) is ValueError
    assert outcome(lambda: our_timestamp(text)) is ValueError


def test_long_texts_are_refused_quickly_and_shown_in_part() -> None:
    with pytest.raises(ValueError, match=r"^'9{57}\.\.\.' is no duration") as refusal:
        duration_from_json("9" * 1_000_000 + "s")
    assert len(str(refusal.value)) < 200
    assert duration_from_json("0" * 1_000_000 + "1s") == timedelta(seconds=1)


texts = st.text("0123456789-+:.TZs", max_size=30)
mutations = st.tuples(st.integers(0, 40), st.sampled_from(["", *"0159-+:.TZtzs e"]))


@searched(2_000)
@given(valid_timestamps, mutations)
def test_damaged_timestamps_are_never_accepted_where_the_official_parser_refuses(
    wire: tuple[int, int], mutation: tuple[int, str]
) -> None:
    text = timestamp_to_json(datetime_from_wire(*wire))
    at, replacement = mutation
    damaged = text[:at] + replacement + text[at + 1 :]
    ours = outcome(lambda: our_timestamp(damaged))
    if ours is not ValueError:
        assert ours == outcome(lambda: official_timestamp(damaged))


@searched(2_000)
@given(valid_durations, mutations)
def test_damaged_durations_are_never_accepted_where_the_official_parser_refuses(
    wire: tuple[int, int], mutation: tuple[int, str]
) -> None:
    text = duration_to_json(timedelta_from_wire(*wire))
    at, replacement = mutation
    damaged = text[:at] + replacement + text[at + 1 :]
    ours = outcome(lambda: our_duration(damaged))
    if ours is not ValueError:
        assert ours == outcome(lambda: official_duration(damaged))


@given(texts)
def test_any_other_text_is_refused_with_a_value_error(text: str) -> None:
    assert outcome(lambda: our_timestamp(text)) in (ValueError, outcome(lambda: official_timestamp(text)))
    assert outcome(lambda: our_duration(text)) in (ValueError, outcome(lambda: official_duration(text)))
