"""What becomes of values in typed fields: text, numbers, enums, times, messages, lists and maps."""

from __future__ import annotations

import dataclasses
import datetime as dt
import decimal
import enum
import math
import uuid
from collections.abc import Callable, Iterable
from typing import Any

import pytest

from chaukas_spec_lite import (
    CostDetails,
    ErrorInfo,
    Event,
    EventType,
    LLMInvocation,
    MessageContent,
    RetryInfo,
    Severity,
    ToolCall,
    ToolResponse,
)
from chaukas_spec_lite.lenient import Conversion, encode
from chaukas_spec_lite.wire.fields import fields_of
from tests.codec.kinds_of_values import CLASSES
from tests.oracle import canonical, reference

UTC = dt.timezone.utc


class Level(str, enum.Enum):
    DEBUG = "debug"
    LOUD = "error"


class Number(enum.Enum):
    ONE = 1


def made(cls: type[Any], field: str, value: Any) -> tuple[Any, list[str]]:
    """Put a value into a field whatever it is; return what a reader finds there, and what was told."""
    message = cls()
    setattr(message, field, value)
    encoded = encode(message)
    read = cls.parse(encoded.data)
    # canonical() parses what the reference has read, so both have read the same.
    official = reference(cls)
    assert canonical(official.FromString(bytes(read))) == canonical(official.FromString(encoded.data))
    assert all(told.path.startswith(f"{cls.__name__}.{field}") for told in encoded.conversions), encoded.conversions
    return getattr(read, field), [told.what for told in encoded.conversions]


SINGULAR = CLASSES["Singular"]

ONE: list[tuple[type[Any], str, Any, Any, str]] = [
    (Event, "event_id", uuid.UUID(int=0), "00000000-0000-0000-0000-000000000000", "UUID became text"),
    (Event, "agent_name", 5, "5", "int became text"),
    (Event, "agent_name", True, "true", "bool became text"),
    (Event, "agent_name", b"name", "name", "bytes became text"),
    (Event, "agent_name", b"\xff", "/w==", "bytes became text"),
    (
        Event,
        "agent_name",
        "a\udc80",
        "a\\udc80",
        "half of a surrogate pair, at index 1 of the text, became its escape, \\udc80",
    ),
    (MessageContent, "text", [{"type": "text", "n": 1j}], '[{"type": "text", "n": "1j"}]', "list became text"),
    (MessageContent, "text", {"é": None}, '{"é": null}', "dict became text"),
    (LLMInvocation, "prompt_tokens", "12", 12, "str became int"),
    (LLMInvocation, "prompt_tokens", 12.0, 12, "float became int"),
    (LLMInvocation, "prompt_tokens", 12.6, 13, "float became int, rounded"),
    (LLMInvocation, "prompt_tokens", decimal.Decimal(12), 12, "Decimal became int"),
    (LLMInvocation, "prompt_tokens", Number.ONE, 1, "Number became its value"),
    (LLMInvocation, "prompt_tokens", True, 1, "bool became int"),
    (
        LLMInvocation,
        "prompt_tokens",
        3_000_000_000,
        0,
        "int was left out: 3000000000 is out of range for int32",
    ),
    (LLMInvocation, "prompt_tokens", "3000000000", 0, "str was left out: 3000000000 is out of range for int32"),
    (
        LLMInvocation,
        "prompt_tokens",
        "many",
        0,
        "str was left out: expected int for int32, got str; use int(value)",
    ),
    (LLMInvocation, "temperature", "0.7", 0.7, "str became float"),
    (LLMInvocation, "temperature", object(), 0, "object was left out: expected float, got object"),
    (LLMInvocation, "duration_ms", dt.timedelta(seconds=2), 2000, "timedelta became float"),
    (RetryInfo, "backoff_ms", dt.timedelta(seconds=2), 2000, "timedelta became int"),
    (SINGULAR, "double_value", dt.timedelta(seconds=2), 2, "timedelta became float"),
    (Event, "is_final", "true", True, "str became bool"),
    (Event, "is_final", "No", False, "str became bool"),
    (Event, "is_final", 0.5, True, "float became bool"),
    (Event, "is_final", "perhaps", False, 'str went to the metadata: expected bool, got str; use value == "true"'),
    (Event, "severity", "warn", Severity.WARN, "str became Severity"),
    (Event, "severity", Level.DEBUG, Severity.DEBUG, "Level became Severity"),
    (Event, "severity", Level.LOUD, Severity.ERROR, "Level became Severity"),
    (Event, "severity", 2.0, Severity.INFO, "float became Severity"),
    (Event, "type", "tool call-start", EventType.TOOL_CALL_START, "str became EventType"),
    (
        Event,
        "timestamp",
        dt.datetime(2026, 1, 2),  # noqa: DTZ001  # a kind of its own
        dt.datetime(2026, 1, 2, tzinfo=UTC),
        "datetime without a time zone became one in UTC",
    ),
    (Event, "timestamp", dt.date(2026, 1, 2), dt.datetime(2026, 1, 2, tzinfo=UTC), "date became datetime"),
    (
        Event,
        "timestamp",
        "2026-01-02T00:00:00Z",
        dt.datetime(2026, 1, 2, tzinfo=UTC),
        "str became datetime",
    ),
    (Event, "timestamp", "2026-01-02T00:00:00", dt.datetime(2026, 1, 2, tzinfo=UTC), "str became datetime"),
    (Event, "timestamp", "2026-01-02 02:00:00+02:00", dt.datetime(2026, 1, 2, tzinfo=UTC), "str became datetime"),
    (Event, "timestamp", 1.5, dt.datetime(1970, 1, 1, 0, 0, 1, 500000, UTC), "float became datetime"),
    (
        Event,
        "timestamp",
        "soon",
        None,
        "str went to the metadata: expected datetime, got str; use datetime.fromisoformat(value)",
    ),
]


@pytest.mark.parametrize(
    ("cls", "field", "value", "expected", "what"), ONE, ids=[f"{n} {one[1]}" for n, one in enumerate(ONE)]
)
def test_one_value(cls: type[Any], field: str, value: Any, expected: Any, what: str) -> None:
    got, told = made(cls, field, value)
    assert (got, told[-1]) == (expected, what)


NOW = 1_700_000_000


@pytest.mark.parametrize("number", [NOW, NOW * 10**3, NOW * 10**6, NOW * 10**9, float(NOW), NOW * 1e3, NOW * 1e9])
def test_a_time_since_1970_is_in_the_unit_that_makes_sense(number: float) -> None:
    assert made(Event, "timestamp", number)[0] == dt.datetime.fromtimestamp(NOW, UTC)


def test_a_time_keeps_its_nanoseconds() -> None:
    value, _ = made(Event, "timestamp", NOW * 10**9 + 1)
    assert value.wire == (NOW, 1, b"")
    value, _ = made(Event, "timestamp", "2023-11-14T22:13:20.000000001")
    assert value.wire == (NOW, 1, b"")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 1e300, True, [1], {}, "", 10**400])
def test_what_is_no_time(value: Any) -> None:
    got, told = made(Event, "timestamp", value)
    assert got is None
    assert "went to the metadata" in told[-1]


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("duration", 1.5, dt.timedelta(seconds=1.5)),
        ("duration", "1.5s", dt.timedelta(seconds=1.5)),
        ("int32_value", "5", 5),
        ("string_value", 5, "5"),
        ("bool_value", "yes", True),
        ("bytes_value", "é", "é".encode()),
        ("bytes_value", bytearray(b"1"), b"1"),
        ("double_value", decimal.Decimal("1.5"), 1.5),
        ("list", 5, [5]),
        ("list", {1}, [1]),
        ("value", 1j, "1j"),
        ("value", {1: 2}, {"1": 2}),
    ],
    ids=repr,
)
def test_well_known_types(field: str, value: Any, expected: Any) -> None:
    assert made(CLASSES["WellKnown"], field, value)[0] == expected


@pytest.mark.parametrize(
    ("value", "expected", "what"),
    [
        ("text", {"output": "text"}, "str became the dict {'output': ...}, as the field holds nothing but a dict"),
        ([1], {"output": [1]}, "list became the dict {'output': ...}, as the field holds nothing but a dict"),
        (
            uuid.UUID(int=0),
            {"output": str(uuid.UUID(int=0))},
            "UUID became the dict {'output': ...}, as the field holds nothing but a dict",
        ),
    ],
    ids=repr,
)
def test_what_is_no_dict_is_wrapped_in_a_struct(value: Any, expected: Any, what: str) -> None:
    got, told = made(ToolResponse, "output", value)
    assert got == expected
    assert told[-1] == what


@pytest.mark.parametrize(
    ("value", "expected", "told"),
    [
        ("one", ["one"], ["str became a list with nothing else in it, as the field holds a list"]),
        ({"b", "a"}, ["a", "b"], ["set became a list"]),
        ({"a": 1}.keys(), ["a"], ["dict_keys became a list"]),
        (["a", 1], ["a", "1"], ["int became text"]),
        (["a", None], ["a"], ["None was left out: a list or a map cannot hold it"]),
        (5, ["5"], ["int became a list with nothing else in it, as the field holds a list", "int became text"]),
    ],
    ids=repr,
)
def test_repeated_fields(value: Any, expected: list[str], told: list[str]) -> None:
    assert made(Event, "tags", value) == (expected, told)


@dataclasses.dataclass
class Content:
    role: str
    text: Any


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"role": "user", "text": 5}, MessageContent(role="user", text="5")),
        (Content("user", "hi"), MessageContent(role="user", text="hi")),
        ("hi", MessageContent(text="hi")),
        ([{"type": "text"}], MessageContent(text='[{"type": "text"}]')),
        ({"role": "user", "content": [1]}, MessageContent(role="user", metadata={"content": [1]})),
        ({}, MessageContent()),
        (reference(MessageContent)(role="user", metadata={"a": 1}), MessageContent(role="user", metadata={"a": 1})),
    ],
    ids=["dict", "dataclass", "text", "list", "other names", "nothing", "official"],
)
def test_what_is_given_in_place_of_a_message(value: Any, expected: MessageContent) -> None:
    got, told = made(Event, "message", value)
    assert got == expected
    assert told


def test_a_dict_may_have_the_names_of_json_and_its_others_are_told() -> None:
    got, told = made(Event, "tool_call", {"authRequired": True, "function_name": "f", "other": 1})
    assert got == ToolCall(auth_required=True, function_name="f")
    assert told == ["dict became ToolCall", "int went to the metadata: ToolCall has no such field"]


def test_an_exception_in_place_of_an_error() -> None:
    try:
        raise KeyError("k")
    except KeyError as error:
        got, _ = made(Event, "error", error)
    assert (got.error_message, got.error_code) == ("'k'", "KeyError")
    assert "test_an_exception_in_place_of_an_error" in got.stack_trace
    assert made(Event, "error", "failed")[0] == ErrorInfo(error_message="failed")
    assert made(Event, "error", {"code": 5})[0] == ErrorInfo(error_message='{"code": 5}')


@pytest.mark.parametrize("value", [5, object(), [1], {"no": 1}, Event(), uuid.UUID(int=0)], ids=repr)
def test_what_no_message_can_be_made_of(value: Any) -> None:
    got, told = made(Event, "tool_call", value)
    assert got is None
    assert ("left out" if isinstance(value, Event) else "went to the metadata") in told[-1]


def kept(event: Event) -> Any:
    """Return what a reader finds in the metadata of an event of what its fields do not take."""
    encoded = encode(event)
    read = Event.parse(encoded.data)
    official = reference(Event)
    assert canonical(official.FromString(bytes(read))) == canonical(official.FromString(encoded.data))
    assert read.metadata is not None
    return read.metadata["chaukas"]["odd_values"]


def test_what_no_field_takes_stands_in_the_metadata() -> None:
    event = Event(llm_invocation=LLMInvocation(model="m"), retry=RetryInfo(), metadata={"k": 1})
    event.llm_invocation.temperature = "hot"  # type: ignore[union-attr,assignment]  # wrong on purpose, as all of these
    event.llm_invocation.max_tokens = [uuid.UUID(int=0), {"deep": b"x"}]  # type: ignore[union-attr,assignment]
    event.retry.backoff_ms = math.nan  # type: ignore[union-attr,assignment]
    event.performance = 5  # type: ignore[assignment]
    event.cost = {"total_cost": 1.5, "vat": 0.3}  # type: ignore[assignment]
    event.timestamp = "soon"  # type: ignore[assignment]
    assert kept(event) == {
        "llm_invocation.temperature": "hot",
        "llm_invocation.max_tokens": [str(uuid.UUID(int=0)), {"deep": "eA=="}],
        "retry.backoff_ms": "NaN",
        "performance": 5,
        "cost['vat']": 0.3,
        "timestamp": "soon",
    }
    read = Event.parse(encode(event).data)
    assert (read.metadata or {})["k"] == 1
    assert (read.llm_invocation, read.cost) == (LLMInvocation(model="m"), CostDetails(total_cost=1.5))
    assert event.metadata == {"k": 1}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (None, {"chaukas": {"odd_values": {"timestamp": "soon"}}}),
        ({"chaukas": {"left_out": 1}}, {"chaukas": {"left_out": 1, "odd_values": {"timestamp": "soon"}}}),
        ({"chaukas": "mine"}, {"chaukas": "mine", "chaukas_": {"odd_values": {"timestamp": "soon"}}}),
        ({"chaukas": {"odd_values": {"a": 1}}}, {"chaukas": {"odd_values": {"a": 1, "timestamp": "soon"}}}),
        ("mine", {"metadata": "mine", "chaukas": {"odd_values": {"timestamp": "soon"}}}),
    ],
    ids=repr,
)
def test_metadata_that_was_there_stays(before: Any, after: Any) -> None:
    event = Event()
    event.metadata = before
    event.timestamp = "soon"  # type: ignore[assignment]  # wrong on purpose
    assert Event.parse(encode(event).data).metadata == after
    assert event.metadata == before


def test_of_what_no_field_takes_the_innermost_is_lost_where_it_is_nested_too_deep() -> None:
    value: Any = "leaf"
    for _ in range(500):
        value = [value]
    event = Event()
    event.timestamp = value
    found, levels = kept(event)["timestamp"], 0
    while isinstance(found, list):
        found, levels = found[0], levels + 1
    assert (found, levels > 40) == ("[nested too deep: list of 1]", True)
    assert True in [told.lost for told in encode(event).conversions]


def test_messages_are_packed_into_an_any() -> None:
    got, told = made(Event, "extensions", [ToolCall(name="n", arguments={"a": uuid.UUID(int=0)})])
    assert got[0].unpack(ToolCall) == ToolCall(name="n", arguments={"a": str(uuid.UUID(int=0))})
    assert told == ["ToolCall became an Any that holds it", "UUID became text"]


def test_of_two_members_of_a_oneof_the_later_field_stays() -> None:
    event = Event(message=MessageContent(text="hi"))
    event.tool_call = ToolCall(name="n")
    encoded = encode(event)
    assert Event.parse(encoded.data) == Event(tool_call=ToolCall(name="n"))
    what = "MessageContent was left out: tool_call is set too, and only one of oneof content can be"
    assert encoded.conversions == [Conversion("Event.message", what, True)]


def test_a_deleted_attribute_counts_as_not_set() -> None:
    event = Event(event_id="e", session_id="s")
    del event.session_id
    encoded = encode(event)
    assert Event.parse(encoded.data) == Event(event_id="e")
    assert encoded.conversions == [
        Conversion("Event.session_id", "the field was left out, as reading it raised AttributeError", True)
    ]


def test_unknown_fields_are_kept() -> None:
    event = Event.parse(bytes(Event(event_id="e")) + b"\xfa\x3f\x01a")
    event.agent_id = 5  # type: ignore[assignment]  # wrong on purpose
    assert encode(event).data == bytes(Event(event_id="e", agent_id="5")) + b"\xfa\x3f\x01a"
    event._unknown_fields = None  # type: ignore[assignment]  # the same
    assert encode(event).data == bytes(Event(event_id="e", agent_id="5"))


@pytest.mark.parametrize(
    ("cls", "field", "value", "expected"),
    [
        ("Maps", "string_value", {1: 2}, {"1": "2"}),
        ("Maps", "string_value", [("a", "b")], {"a": "b"}),
        ("Maps", "string_value", {"a": None, "b": "c"}, {"b": "c"}),
        ("Maps", "string_value", {1: "a", "1": "b"}, {"1": "b"}),
        ("Maps", "int32_value", {uuid.UUID(int=0): "5"}, {str(uuid.UUID(int=0)): 5}),
        ("Maps", "int32_value", 5, {}),
        ("Maps", "int32_value", {None: 5}, {"null": 5}),
        ("Keys", "int32_key", {"5": "6", "x": 1, 7: 8}, {5: 6, 7: 8}),
        ("Keys", "bool_key", {"true": "no"}, {True: False}),
    ],
)
def test_maps(cls: str, field: str, value: Any, expected: Any) -> None:
    got, told = made(CLASSES[cls], field, value)
    assert got == expected
    assert told


def test_messages_that_contain_themselves() -> None:
    holder = next(cls for cls in CLASSES.values() for field in _messages(cls) if field.cls is cls)
    field = next(field for field in _messages(holder) if field.cls is holder)
    one = holder()
    setattr(one, field.name, [one] if field.label == "repeated" else {"k": one} if field.label == "map" else one)
    encoded = encode(one)
    assert "contains itself" in encoded.conversions[0].what
    reference(holder).FromString(encoded.data)


def _messages(cls: type[Any]) -> Iterable[Any]:
    return [field for field in fields_of(cls) if field.kind == "message"]


def test_a_message_of_another_program_is_no_event() -> None:
    with pytest.raises(TypeError, match="encode expects a message, got dict"):
        encode({})  # type: ignore[arg-type]  # wrong on purpose


ORDINARY: list[Callable[[], Event]] = [
    Event,
    lambda: Event(event_id="e", metadata={"a": [1, 2.5, None, True, "é"]}, tags=["a"]),
]


@pytest.mark.parametrize("make", ORDINARY, ids=["empty", "plain"])
def test_where_nothing_is_odd_it_is_the_strict_encoding(make: Callable[[], Event]) -> None:
    assert encode(make()) == (bytes(make()), [])
