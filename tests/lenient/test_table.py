"""What becomes of each kind of value in a Struct: the table, row by row, and what stands beside it."""

from __future__ import annotations

import collections
import dataclasses
import datetime as dt
import decimal
import enum
import fractions
import ipaddress
import math
import pathlib
import types
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from google.protobuf import duration_pb2, struct_pb2, timestamp_pb2, wrappers_pb2

from chaukas_spec_lite import Event, ToolCall
from chaukas_spec_lite.lenient import Conversion, Limits, encode
from chaukas_spec_lite.lenient.table import TABLE, row_of
from tests.codec.kinds_of_values import KINDS
from tests.oracle import reference

UTC = dt.timezone.utc


class Color(enum.Enum):
    RED = "red"
    NESTED = uuid.UUID(int=1)


@dataclasses.dataclass
class Point:
    x: int
    y: Any = None


class Attrs:
    __attrs_attrs__ = (types.SimpleNamespace(name="x"), types.SimpleNamespace(name="unset"))

    def __init__(self) -> None:
        self.x = 1


class Msgspec:
    __struct_fields__ = ("x",)
    x = 1


class OwnMapping(collections.UserDict[str, Any]):
    pass


class OwnSequence(collections.UserList[Any]):
    pass


def function() -> None:
    """Be a value."""


def raised() -> BaseException:
    try:
        try:
            raise KeyError("inner")
        except KeyError as inner:
            raise ValueError("outer") from inner
    except ValueError as error:
        return error


EXAMPLES: list[tuple[Any, Any]] = [
    (uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001"),
    (pathlib.PurePosixPath("/a/b"), "/a/b"),
    (decimal.Decimal("1.50"), "1.50"),
    (fractions.Fraction(1, 3), "1/3"),
    (1 + 2j, "(1+2j)"),
    (UTC, "UTC"),
    (ipaddress.ip_address("::1"), "::1"),
    (ipaddress.ip_network("10.0.0.0/8"), "10.0.0.0/8"),
    (collections.UserString("text"), "text"),
    (dt.datetime(2026, 1, 2, 3, 4, 5, 6, UTC), "2026-01-02T03:04:05.000006+00:00"),
    (dt.datetime(2026, 1, 2), "2026-01-02T00:00:00"),  # noqa: DTZ001  # a kind of its own
    (dt.date(2026, 1, 2), "2026-01-02"),
    (dt.time(3, 4), "03:04:00"),
    (dt.timedelta(milliseconds=1500), 1.5),
    (Color.RED, "red"),
    (Color.NESTED, "00000000-0000-0000-0000-000000000001"),
    (b"\x00\xff", "AP8="),
    (bytearray(b"a"), "YQ=="),
    (memoryview(b"abcd")[::2], "YWM="),
    (ValueError("x"), {"type": "ValueError", "message": "x"}),
    (int, "builtins.int"),
    (function, f"{__name__}.function"),
    (len, "builtins.len"),
    (ToolCall(name="n", arguments={"k": uuid.UUID(int=0)}), {"name": "n", "arguments": {"k": str(uuid.UUID(int=0))}}),
    (reference(ToolCall)(name="n", arguments={"k": 1}), {"name": "n", "arguments": {"k": 1}}),
    (struct_pb2.Struct(fields={"a": struct_pb2.Value(null_value=struct_pb2.NULL_VALUE)}), {"a": None}),
    (struct_pb2.ListValue(values=[struct_pb2.Value(number_value=1)]), [1]),
    (timestamp_pb2.Timestamp(seconds=1), "1970-01-01T00:00:01Z"),
    (duration_pb2.Duration(seconds=1), 1),
    (wrappers_pb2.Int32Value(value=1), {"value": 1}),
    (Point(1, Point(2)), {"x": 1, "y": {"x": 2, "y": None}}),
    (Attrs(), {"x": 1}),
    (Msgspec(), {"x": 1}),
    (types.SimpleNamespace(a=1), {"a": 1}),
    (OwnMapping(a=OwnMapping()), {"a": {}}),
    (types.MappingProxyType({"a": 1}), {"a": 1}),
    ({3, 1, 2}, [1, 2, 3]),
    (frozenset("ba"), ["a", "b"]),
    (collections.deque([1, 2]), [1, 2]),
    (range(2), [0, 1]),
    ({"a": 1}.values(), [1]),
    ({"a": 1}.items(), [["a", 1]]),
    (OwnSequence([1]), [1]),
    (..., "Ellipsis"),
    (iter(()), None),
]
"""A value, and what is read back; None where that differs from run to run."""


def read(value: Any, default: Callable[[Any], Any] | None = None, limits: Limits | None = None) -> Any:
    """Encode a value in a Struct; return what the reference reads, as plain values, after a look at what was told."""
    event = Event(event_id="e", metadata={"k": value})
    encoded = encode(event, default, limits or Limits())
    assert reference(Event).FromString(encoded.data).event_id == "e"
    assert all(told.path.startswith("Event.metadata") for told in encoded.conversions), encoded.conversions
    return Event.parse(encoded.data).metadata["k"]


def told(value: Any, **arguments: Any) -> list[Conversion]:
    return encode(Event(metadata={"k": value}), **arguments).conversions


@pytest.mark.parametrize(
    ("value", "expected"), EXAMPLES, ids=[f"{n} {type(value).__name__}" for n, (value, _) in enumerate(EXAMPLES)]
)
def test_what_becomes_of_a_value(value: Any, expected: Any) -> None:
    got = read(value)
    assert got == expected or expected is None
    assert told(value)


def test_each_row_of_the_table_has_an_example() -> None:
    rows = {row.title for value, _ in EXAMPLES if (row := row_of(type(value))) is not None}
    others = {row.title for name, make in KINDS.items() if (row := row_of(type(make()))) is not None and name}
    extra = {"scalar or array of NumPy, pandas, PyTorch and the like", "pydantic model"}
    extra |= {"pandas `DataFrame`", "pandas' `NaT` and `NA`", "NumPy `timedelta64`"}
    assert {row.title for row in TABLE} - extra == rows - extra
    assert others <= rows | extra


def test_an_exception_tells_its_traceback_and_its_cause() -> None:
    got = read(raised())
    assert (got["type"], got["message"], got["cause"]["message"]) == ("ValueError", "outer", "'inner'")
    assert got["stack_trace"].splitlines()[0] == "Traceback (most recent call last):"
    assert "in raised" in got["stack_trace"]


def test_a_long_traceback_tells_its_innermost_frames() -> None:
    def down(levels: int) -> None:
        if levels == 0:
            raise ValueError("x")
        down(levels - 1)

    with pytest.raises(ValueError, match="x") as caught:
        down(100)
    assert read(caught.value)["stack_trace"].count("in down") == 50


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({1: "a", "1": "b"}, {"1": "a", "1 (2)": "b"}),
        ({None: 1, True: 2, 1.5: 3}, {"null": 1, "true": 2, "1.5": 3}),
        ({b"a": 1, b"\xff": 2}, {"a": 1, "/w==": 2}),
        ({uuid.UUID(int=0): 1}, {"00000000-0000-0000-0000-000000000000": 1}),
        ({(1, 2): 1}, {"[1, 2]": 1}),
        ({"a\ud800": 1}, {"a\\ud800": 1}),
        ({Color.RED: 1}, {"red": 1}),
    ],
    ids=repr,
)
def test_keys_become_text_and_none_is_lost(given: dict[Any, Any], expected: dict[str, Any]) -> None:
    assert read(given) == expected
    assert told(given)


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (2**53, 2**53),
        (-(2**53), -(2**53)),
        (2**53 + 1, "9007199254740993"),
        (-(2**53) - 1, "-9007199254740993"),
        (1234567890123456789, "1234567890123456789"),
        (10**400, str(10**400)),
        (math.nan, "NaN"),
        (math.inf, "Infinity"),
        (-math.inf, "-Infinity"),
        (1e300, 1e300),
        (-1e300, -1e300),
        (5e-324, 5e-324),
    ],
    ids=lambda value: str(value)[:30],
)
def test_numbers_that_json_has_not(number: float, expected: Any) -> None:
    for place in (number, [number], {"a": number}, [1.0] * 50 + [number], [math.nan, number], [1, number]):
        got = read(place)
        inner = got["a"] if isinstance(got, dict) else got[-1] if isinstance(got, list) else got
        assert inner == expected
    assert bool(told(number)) == isinstance(expected, str)
    assert Event.parse(encode(Event(metadata={"k": number})).data).to_json()


def test_an_integer_of_many_digits() -> None:
    assert int(read(1 << 100_000), 16) == 1 << 100_000


def test_a_lone_surrogate_is_kept_as_its_escape() -> None:
    assert read("a\ud800é") == "a\\ud800é"
    assert told("a\ud800")[0].what == "half of a surrogate pair, at index 1 of the text, became its escape, \\ud800"


def test_what_contains_itself() -> None:
    one: list[Any] = [1]
    one.append({"again": one})
    point = Point(1)
    point.y = [point]
    assert read(one) == [1, {"again": "[contains itself: list of 2]"}]
    assert read(point)["y"] == ["[contains itself: Point]"]
    twice = [uuid.UUID(int=0)]
    assert read([twice, twice]) == [[str(uuid.UUID(int=0))]] * 2


def test_what_is_nested_too_deep() -> None:
    deep: Any = uuid.UUID(int=0)
    for _ in range(500):
        deep = {"d": deep}
    got, levels = read(deep), 0
    while isinstance(got, dict):
        got, levels = got["d"], levels + 1
    assert got == "[nested too deep: dict of 1]"
    assert levels > 30


@pytest.mark.parametrize("make", [lambda inner: {"d": inner}, lambda inner: [inner]], ids=["dict", "list"])
@pytest.mark.parametrize("inner", [1, {}, [], [1], {"a": 1}], ids=repr)
def test_what_the_strict_encoder_takes_is_not_cut_for_its_depth(make: Callable[[Any], Any], inner: Any) -> None:
    for levels in range(28, 52):
        value = inner
        for _ in range(levels):
            value = make(value)
        try:
            bytes(Event(metadata={"k": value}))
        except ValueError:
            assert len(told(value)) == 1
        else:
            both = Event(metadata={"k": value, "odd": uuid.UUID(int=0)})
            assert Event.parse(encode(both).data).metadata["k"] == value


class Thing:
    def __repr__(self) -> str:
        return "<Thing>" + "x" * 5000


def test_what_nothing_is_known_about_becomes_its_repr() -> None:
    assert read(Thing(), limits=Limits(shown=10)) == "<Thing>xxx..."
    assert told(Thing()) == [
        Conversion("Event.metadata['k']", "Thing became the first 1,000 of 5,007 characters of its repr", True)
    ]


def test_default_is_asked_for_what_nothing_is_known_about() -> None:
    asked: list[Any] = []

    def default(value: Any) -> Any:
        asked.append(value)
        return {"thing": uuid.UUID(int=0)}

    thing = Thing()
    assert read([thing, uuid.UUID(int=1)], default) == [{"thing": str(uuid.UUID(int=0))}, str(uuid.UUID(int=1))]
    assert asked == [thing]


def test_a_default_that_does_not_help() -> None:
    def fails(_: Any) -> Any:
        raise KeyError("x")

    def same(value: Any) -> Any:
        return value

    limits = Limits(shown=7)
    assert read(Thing(), fails, limits) == read(Thing(), same, limits) == "<Thing>..."
    assert read(Thing(), lambda _: [Thing()], limits) == ["<Thing>..."]


def test_iterators_are_left_to_whom_they_were_made_for() -> None:
    def numbers() -> Iterator[int]:
        yield 1

    generator = numbers()
    assert "generator object" in read(generator)
    assert list(generator) == [1]


def test_the_objects_of_the_caller_are_not_changed() -> None:
    inner = {1: {uuid.UUID(int=0)}, "a": [math.nan, "x" * 500]}
    event = Event(tags=("a",), metadata={"k": inner})
    before = repr(event)
    encode(event, limits=Limits(event_bytes=200))
    assert repr(event) == before
    assert event.metadata["k"] is inner


def test_paths_lead_to_the_value() -> None:
    event = Event(tool_call=ToolCall(arguments={"a": [1, {"b\n": 1j}]}))
    assert encode(event).conversions == [Conversion("Event.tool_call.arguments['a'][1]['b\\n']", "complex became text")]


def test_no_more_than_a_thousand_conversions_are_told() -> None:
    assert len(told([1j] * 2000)) == 1000
