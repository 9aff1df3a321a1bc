"""What cannot be encoded: the same as in the reference, but for a few rows; and the path that the error names."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from enum import IntEnum
from fractions import Fraction
from typing import Any, NamedTuple, TypeVar

import pytest
from google.protobuf import struct_pb2

from chaukas_spec_lite import ErrorInfo, Event, EventBatch, EventType, LLMInvocation, MessageContent, QueryFilter
from chaukas_spec_lite.errors import EncodeError
from chaukas_spec_lite.message.message import Message
from chaukas_spec_lite.wellknown.values import NO_KIND, NULL
from tests.generated import everything
from tests.oracle import canonical, reference

M = TypeVar("M", bound=Message)
CLASSES = everything()
SCALAR_FIELDS = (
    *["int32_value", "int64_value", "uint32_value", "uint64_value", "sint32_value", "sint64_value"],
    *["fixed32_value", "fixed64_value", "sfixed32_value", "sfixed64_value", "float_value", "double_value"],
    *["bool_value", "string_value", "bytes_value", "enum_value"],
)


class Index:
    def __index__(self) -> int:
        return 5


class Float:
    def __float__(self) -> float:
        return 5.5


class Number(IntEnum):
    THREE = 3


class Text(str):
    pass


VALUES: dict[str, Any] = {
    **{str(number): number for number in (0, 1, -1, 5, 1 << 31, 1 << 32, 1 << 63, 1 << 64)},
    **{str(number): number for number in ((1 << 31) - 1, (1 << 32) - 1, (1 << 63) - 1, (1 << 64) - 1)},
    **{str(number): number for number in (-(1 << 31), -(1 << 31) - 1, -(1 << 63), -(1 << 63) - 1)},
    **{f"{value!r}": value for value in (True, False, 0.0, -0.0, 1.0, 1.5, 1e39, -1e39, float("inf"), float("nan"))},
    "a huge int": 10**400,
    "__index__": Index(),
    "__float__": Float(),
    "IntEnum": Number.THREE,
    "Decimal": Decimal(1),
    "Fraction": Fraction(1, 2),
    "complex": 1j,
    "str": "1",
    "no text": "",
    "a subclass of str": Text("a"),
    "a lone surrogate": "a\ud800",
    "a name": "COLOR_RED",
    "a wrong name": "COLOR_GREEN",
    "bytes": b"1",
    "no bytes": b"",
    "bytes that are no UTF-8": b"\xff",
    "bytearray": bytearray(b"a"),
    "memoryview": memoryview(b"a"),
    "list": [1],
    "tuple": (1,),
    "dict": {},
    "object": object(),
    "class": int,
    "datetime": datetime.now(timezone.utc),
}


class Verdict(NamedTuple):
    field: str
    value: str


REFUSED_ONLY_HERE = {
    Verdict("enum_value", "IntEnum"): "a member of another enum; int(value) is the number",
    Verdict("string_value", "bytes"): "text is text; the reference decodes it as UTF-8",
    Verdict("string_value", "no bytes"): "text is text; the reference decodes it as UTF-8",
}


def verdict(encode: Callable[[], bytes], *errors: type[Exception]) -> bytes | None:
    try:
        return encode()
    except errors:
        return None


@pytest.mark.parametrize("name", VALUES)
@pytest.mark.parametrize("field", SCALAR_FIELDS)
@pytest.mark.parametrize("kind", ["Singular", "Optional", "OneOf", "Repeated", "Maps"])
def test_values_of_scalar_fields(kind: str, field: str, name: str) -> None:
    value = VALUES[name]
    given: Any = [value] if kind == "Repeated" else {"k": value} if kind == "Maps" else value
    cls = CLASSES[kind]

    def theirs() -> bytes:
        message = reference(cls)()
        if kind == "Repeated":
            getattr(message, field).append(value)
        elif kind == "Maps":
            getattr(message, field)["k"] = value
        else:
            setattr(message, field, value)
        return canonical(message)

    expected = verdict(theirs, TypeError, ValueError, OverflowError)
    ours = verdict(lambda: bytes(cls(**{field: given})), EncodeError)
    if Verdict(field, name) in REFUSED_ONLY_HERE:
        assert expected is not None
        assert ours is None
    else:
        assert ours == expected


# What can be a key of a dict at all; bytes for a string are in the table above.
KEYS = [name for name, value in VALUES.items() if value.__hash__ is not None and not isinstance(value, bytes)]


@pytest.mark.parametrize("name", KEYS)
@pytest.mark.parametrize("field", ["int32_key", "uint64_key", "sint64_key", "fixed32_key", "bool_key", "string_key"])
def test_keys_of_maps(field: str, name: str) -> None:
    key = VALUES[name]
    cls = CLASSES["Keys"]
    item: Any = "v" if field == "string_key" else True if field == "bool_key" else 1

    def theirs() -> bytes:
        message = reference(cls)()
        getattr(message, field)[key] = item
        return canonical(message)

    ours = verdict(lambda: bytes(cls(**{field: {key: item}})), EncodeError)
    assert ours == verdict(theirs, TypeError, ValueError, OverflowError)


def test_short_names_of_enum_values_are_accepted_only_here() -> None:
    cls = CLASSES["Singular"]
    assert bytes(cls(enum_value="RED")) == bytes(cls(enum_value="COLOR_RED"))
    with pytest.raises(ValueError, match="unknown enum label"):
        reference(cls)(enum_value="RED")


STRUCT_VALUES: dict[str, Any] = {
    **VALUES,
    "None": None,
    "nested": {"a": [1, {"b": ()}], "c": {}},
    "a dict with an int key": {1: 2},
    "a dict with a None key": {None: 2},
    "a key with a surrogate": {"\udfff": 2},
    "set": {1},
    "timedelta": timedelta(1),
    "a generator": (x for x in ()),
    "range": range(2),
}


WRAPS: dict[str, Callable[[Any], Any]] = {
    "by itself": lambda value: value,
    "in a list": lambda value: [value],
    "in a dict": lambda value: {"k": value},
}


@pytest.mark.parametrize("name", STRUCT_VALUES)
@pytest.mark.parametrize("wrap", WRAPS.values(), ids=WRAPS)
def test_values_of_structs(name: str, wrap: Callable[[Any], Any]) -> None:
    value = wrap(STRUCT_VALUES[name])

    def theirs() -> bytes:
        struct = struct_pb2.Struct()
        struct.update({"key": value})
        return canonical(struct)

    ours = verdict(lambda: bytes(CLASSES["WellKnown"](struct={"key": value})), EncodeError)
    expected = verdict(theirs, TypeError, ValueError, OverflowError)
    assert (ours is None) == (expected is None), ours
    if ours is not None:
        assert canonical(reference(CLASSES["WellKnown"]).FromString(ours).struct) == expected


def deep(levels: int) -> Any:
    value: Any = []
    for _ in range(levels):
        value = [value]
    return value


def cyclic() -> dict[str, Any]:
    value: dict[str, Any] = {"a": []}
    value["a"].append(value)
    return value


MORE = [
    # What is refused here and not by the reference: how the reference takes it, how we refuse it, and what we say.
    pytest.param(
        lambda cls: cls().timestamp.FromDatetime(datetime(2026, 1, 1)),  # noqa: DTZ001  # naive is what is refused
        lambda: Event(timestamp=datetime(2026, 1, 1)),  # noqa: DTZ001  # the same
        "Event.timestamp: datetime.datetime(2026, 1, 1, 0, 0) has no time zone. Make it aware: "
        "datetime.now(timezone.utc) for the current time, value.replace(tzinfo=timezone.utc) if it is in UTC, "
        "value.astimezone() if it is in local time",
        id="a naive datetime",
    ),
    pytest.param(
        lambda cls: cls(message={"text": "a"}, error={"error_code": "b"}),
        lambda: assigned(Event(message=MessageContent(text="a")), state_update={}),
        "Event: message and state_update are both set, but only one of oneof content can be; set the other to None",
        id="two members of a oneof",
    ),
    pytest.param(
        lambda cls: cls().metadata.update({"k": deep(60)}),
        lambda: Event(metadata={"k": deep(60)}),
        "Event.metadata['k']" + "[0]" * 49 + ": nested deeper than the 100 levels that can be parsed back, or a cycle",
        id="deeper than can be parsed back",
    ),
    pytest.param(
        lambda cls: cls(event_id=b"e1"),
        lambda: Event(event_id=b"e1"),
        "Event.event_id: expected str, got bytes; use value.decode()",
        id="bytes for a string",
    ),
    pytest.param(
        lambda cls: cls().metadata.update({b"k": 1}),
        lambda: Event(metadata={b"k": 1}),
        "Event.metadata: a key is b'k', not a str; use key.decode()",
        id="bytes for a key",
    ),
    pytest.param(
        lambda cls: cls(message={"text": "a"}),
        lambda: Event(message={"text": "a"}),
        "Event.message: expected MessageContent, got dict; use MessageContent(**value)",
        id="a dict for a message",
    ),
]


@pytest.mark.parametrize(("theirs", "ours", "message"), MORE)
def test_what_is_refused_only_here(theirs: Callable[[Any], Any], ours: Callable[[], Message], message: str) -> None:
    theirs(reference(Event))
    with pytest.raises(EncodeError) as caught:
        bytes(ours())
    assert str(caught.value) == message


def event(**fields: Any) -> Event:
    return Event(**fields)


def assigned(message: M, **fields: Any) -> M:
    """Set fields one by one, which refuses nothing, as the constructor would."""
    for name, value in fields.items():
        setattr(message, name, value)
    return message


def of(name: str, **fields: Any) -> Message:
    return CLASSES[name](**fields)


PATHS = {
    "Event.event_id: expected str, got int; use str(value)": lambda: event(event_id=1),
    "Event.llm_invocation.prompt_tokens: 3000000000 is out of range for int32": lambda: event(
        llm_invocation=LLMInvocation(prompt_tokens=3_000_000_000)
    ),
    "Event.tags[1]: expected str, got None": lambda: event(tags=["a", None]),
    "Event.tags: expected list, got str; use [value]": lambda: _assigned(Event(), "tags", "abc"),
    "Event.extensions[0]: expected Any, got dict; use Any(**value)": lambda: event(extensions=[{}]),
    "Event.type: EventType has no value 'AGENT_STRAT'; did you mean 'AGENT_START'?": lambda: event(type="AGENT_STRAT"),
    'Event.is_final: expected bool, got str; use value == "true"': lambda: event(is_final="yes"),
    "Event.metadata: expected dict, got list; use dict(value), if it holds pairs": lambda: event(metadata=[]),
    "Event.metadata['k'][2]: set is no JSON value; use list(value), or sorted(value)": lambda: event(
        metadata={"k": [1, None, {1}]}
    ),
    "Event.metadata['k']['x']: a lone surrogate at index 1 cannot be UTF-8; "
    'use value.encode(errors="replace").decode()': lambda: event(metadata={"k": {"x": "a\ud800"}}),
    "Event.metadata['k']: a key is 1, not a str; use str(key)": lambda: event(metadata={"k": {1: 2}}),
    "Event.metadata: a key is UUID('00000000-0000-0000-0000-000000000001'), not a str; use str(key)": lambda: event(
        metadata={uuid.UUID(int=1): 2}
    ),
    "Event.metadata: a key is (1, 2), not a str": lambda: event(metadata={(1, 2): 3}),
    "Event.metadata['a']: the class Event is no JSON value; use value.__name__": lambda: event(metadata={"a": Event}),
    "Event.type: expected EventType, got the class EventType; use EventType(...)": lambda: event(type=EventType),
    "Event.extensions[0]: expected Any, got ErrorInfo; use Any().pack(value)": lambda: event(extensions=[ErrorInfo()]),
    "Event.metadata['a']: ValueError is no JSON value; use repr(value)": lambda: event(metadata={"a": ValueError("x")}),
    "Event.error: expected ErrorInfo, got the class ErrorInfo; use ErrorInfo(...)": lambda: event(error=ErrorInfo),
    "Event.metadata: a key is no text: a lone surrogate at index 0 cannot be UTF-8; "
    'use key.encode(errors="replace").decode()': lambda: event(metadata={"\udfff": 2}),
    "Event.metadata['n']: the int is too large for a double; in a Struct, use str(value)": lambda: event(
        metadata={"n": 10**400}
    ),
    "Event.metadata['a'][0]: contains itself, 2 levels up, and would never end; "
    "leave it out, or write something of it": lambda: event(metadata=cyclic()),
    "Event.timestamp: expected datetime, got str; use datetime.fromisoformat(value)": lambda: event(
        timestamp="2026-01-01"
    ),
    "EventBatch.events[1].cost.total_cost: expected float, got str; use float(value)": lambda: EventBatch(
        events=[Event(), _with_cost("1")]
    ),
    "QueryFilter.types[2]: expected EventType, got float": lambda: QueryFilter(types=[1, 2, 3.5]),
    "Maps.part['k'].value: expected int for int32, got str; use int(value)": lambda: of("Maps", part={"k": _part("1")}),
    "Maps.int32_value (a key): expected str, got int; use str(value)": lambda: of("Maps", int32_value={1: 1}),
    "Maps.int32_value: expected dict, got list; use dict(value), if it holds pairs": lambda: _assigned(
        of("Maps"), "int32_value", [1]
    ),
    'Keys.bool_key (a key): expected bool, got str; use value == "true"': lambda: of("Keys", bool_key={"a": True}),
    "WellKnown.duration: expected timedelta, got int; use timedelta(seconds=value)": lambda: of(
        "WellKnown", duration=3
    ),
    "WellKnown.int32_value: 2147483648 is out of range for int32": lambda: of("WellKnown", int32_value=1 << 31),
    "WellKnown.list[0]: object is no JSON value; use None, bool, int, float, str, list or dict": lambda: of(
        "WellKnown", list=[object()]
    ),
    "WellKnown.value['a']: bytes is no JSON value; use value.decode() for text, "
    "base64.b64encode(value).decode() for data": lambda: of("WellKnown", value={"a": b""}),
    "WellKnownRepeated.timestamp[0]: expected datetime, got None": lambda: of("WellKnownRepeated", timestamp=[None]),
    "WellKnownMaps.struct['k']: expected dict, got int": lambda: of("WellKnownMaps", struct={"k": 1}),
    "Tree.children[0].named['n'].left: expected Tree, got Nothing": lambda: of(
        "Tree", children=[of("Tree", named={"n": of("Tree", left=of("Nothing"))})]
    ),
    "Tree.child: left and right are both set, but only one of oneof branch can be; set the other to None": lambda: of(
        "Tree", child=assigned(of("Tree", left=of("Tree")), right=of("Tree"))
    ),
}


def _part(value: Any) -> Any:
    return type(CLASSES["Singular"].parse(b"\x9a\x01\x00").part)(value=value)


def _with_cost(total: Any) -> Event:
    from chaukas_spec_lite import CostDetails

    return Event(cost=CostDetails(total_cost=total))


def _assigned(message: Message, name: str, value: Any) -> Message:
    setattr(message, name, value)
    return message


@pytest.mark.parametrize("expected", PATHS)
def test_paths(expected: str) -> None:
    with pytest.raises(EncodeError) as caught:
        bytes(PATHS[expected]())
    assert str(caught.value) == expected
    assert expected.startswith(caught.value.path)


def test_a_message_in_itself_is_refused_and_no_recursion_error() -> None:
    tree = of("Tree")
    tree.child = tree
    with pytest.raises(EncodeError, match="or a cycle"):
        bytes(tree)


def test_nothing_is_wrong_with_what_json_can_say() -> None:
    value = {"nan": float("nan"), "inf": float("-inf"), "tuple": (1, (2,)), "int": 1 << 53, "none": None}
    read = Event.parse(bytes(Event(metadata=value))).metadata
    assert repr(read) == "{'nan': nan, 'inf': -inf, 'tuple': [1.0, [2.0]], 'int': 9007199254740992.0, 'none': None}"


@pytest.mark.parametrize("value", [NULL, NO_KIND, None, (), {"a": NULL}], ids=repr)
def test_values_of_no_json_type_encode_where_they_mean_something(value: Any) -> None:
    encoded = bytes(of("WellKnown", value=value))
    reference(CLASSES["WellKnown"]).FromString(encoded)
    assert bytes(CLASSES["WellKnown"].parse(encoded)) == encoded
