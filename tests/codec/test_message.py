"""The message class itself: construction, comparison, copying, streams, and what betterproto2 and dataclasses see."""

from __future__ import annotations

import copy
import dataclasses
import io
import pickle
import struct
import sys
import typing
import warnings
import weakref
from datetime import datetime, timezone
from typing import Any

import betterproto2
import pytest

from chaukas_spec_lite import (
    ChaukasError,
    CostDetails,
    DecodeError,
    EncodeError,
    EndOfStream,
    ErrorInfo,
    Event,
    EventType,
    LLMInvocation,
    MessageContent,
    QueryFilter,
)
from chaukas_spec_lite.message.message import Message
from chaukas_spec_lite.wire.fields import fields_of
from tests.generated import everything
from tests.oracle import CHAUKAS

NOW = datetime(2026, 1, 2, 3, 4, 5, 678_000, timezone.utc)
ALL = [*CHAUKAS, *everything().values()]


def event() -> Event:
    return Event(
        event_id="e1",
        type=EventType.AGENT_START,
        timestamp=NOW,
        tags=["a", "b"],
        llm_invocation=LLMInvocation(model="m", prompt_tokens=3),
        metadata={"k": [1, None, {"x": True}]},
    )


def test_keywords_set_fields() -> None:
    made = event()
    assert (made.event_id, made.type, made.timestamp) == ("e1", EventType.AGENT_START, NOW)
    assert made.llm_invocation is not None
    assert made.llm_invocation.prompt_tokens == 3
    assert made.metadata == {"k": [1, None, {"x": True}]}


@pytest.mark.parametrize("cls", ALL, ids=lambda cls: cls._full_name)
def test_what_is_not_given_is_the_default(cls: type[Message]) -> None:
    message = cls()
    for field in fields_of(cls):
        value = getattr(message, field.name)
        assert value == field.default()
        assert type(value) is type(field.default())
        assert not message.is_set(field.name)
    assert bytes(message) == b""
    assert not message
    assert repr(message) == f"{cls.__name__}()"


@pytest.mark.parametrize("cls", ALL, ids=lambda cls: cls._full_name)
def test_none_means_not_set(cls: type[Message]) -> None:
    names = [field.name for field in fields_of(cls)]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert cls(**dict.fromkeys(names)) == cls()
    for name in names:
        message = cls()
        setattr(message, name, None)
        assert bytes(message) == b""
        assert not message.is_set(name)


def test_each_message_has_its_own_containers() -> None:
    first, second = Event(), Event()
    first.tags.append("a")
    assert second.tags == []


def test_any_iterable_makes_a_list() -> None:
    assert Event(tags=("a", "b")).tags == ["a", "b"]
    assert Event(tags=iter("ab")).tags == ["a", "b"]
    given = ["a"]
    assert Event(tags=given).tags is given


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("evnt_id", "Event has no field 'evnt_id'; did you mean 'event_id'?"),
        ("eventId", "Event has no field 'eventId'; did you mean 'event_id'?"),
        ("llm_invokation", "Event has no field 'llm_invokation'; did you mean 'llm_invocation'?"),
        ("zzz", "Event has no field 'zzz'"),
    ],
)
def test_a_misspelt_keyword_is_refused(name: str, message: str) -> None:
    with pytest.raises(TypeError) as caught:
        Event(**{name: "x"})
    assert str(caught.value) == message


def test_positional_arguments_stand_in_the_order_of_the_schema() -> None:
    assert MessageContent("user", "hi") == MessageContent(role="user", text="hi")


def test_the_base_class_makes_no_messages() -> None:
    with pytest.raises(TypeError, match="not a generated message class"):
        Message()


def test_repr_shows_what_is_set_and_can_be_evaluated() -> None:
    shown = repr(event())
    assert shown == (
        "Event(event_id='e1', type=<EventType.AGENT_START: 10>, "
        "timestamp=datetime.datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=datetime.timezone.utc), tags=['a', 'b'], "
        "llm_invocation=LLMInvocation(model='m', prompt_tokens=3), metadata={'k': [1, None, {'x': True}]})"
    )
    assert repr(Event(message=MessageContent())) == "Event(message=MessageContent())"
    assert repr(Event.parse(b"\xc0\x3e\x01")) == "Event(_unknown_fields=b'\\xc0>\\x01')"


@pytest.mark.parametrize(
    "other",
    [
        Event(event_id="e2"),
        Event(event_id="e1", tags=["a"]),
        Event(event_id="e1", metadata={}),
        Event(event_id="e1", message=MessageContent()),
        Event.parse(bytes(Event(event_id="e1")) + b"\xc0\x3e\x01"),
        "e1",
        None,
    ],
    ids=repr,
)
def test_equality(other: object) -> None:
    assert Event(event_id="e1") == Event(event_id="e1")
    assert Event(event_id="e1") != other
    assert not Event(event_id="e1") == other  # noqa: SIM201  # both operators are tested


def test_a_subclass_is_not_equal() -> None:
    class Special(Event):
        pass

    assert Special() != Event()
    assert bytes(Special(event_id="e1")) == bytes(Event(event_id="e1"))


def test_nan_is_equal_to_itself() -> None:
    nan = float("nan")
    assert CostDetails(total_cost=nan) == CostDetails(total_cost=float("nan"))
    assert Event(metadata={"a": [nan]}) == Event(metadata={"a": [float("nan")]})
    assert CostDetails(total_cost=nan) != CostDetails(total_cost=0.0)


def test_messages_have_no_hash() -> None:
    with pytest.raises(TypeError, match="unhashable"):
        hash(Event())


def test_a_copy_shares_values_and_a_deep_copy_does_not() -> None:
    made = event()
    shallow, deep = copy.copy(made), copy.deepcopy(made)
    assert shallow == deep == made
    assert shallow.llm_invocation is made.llm_invocation
    assert shallow.metadata is made.metadata
    assert deep.llm_invocation is not made.llm_invocation
    assert deep.metadata is not made.metadata
    deep.tags.append("c")
    shallow.event_id = "e2"
    assert made == event()


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_pickle(protocol: int) -> None:
    made = Event.parse(bytes(event()) + b"\xc0\x3e\x01")
    again = pickle.loads(pickle.dumps(made, protocol))
    assert again == made
    assert type(again.type) is EventType


def test_what_cannot_be_encoded_can_be_pickled() -> None:
    naive = Event(timestamp=NOW.replace(tzinfo=None))
    assert pickle.loads(pickle.dumps(naive)).timestamp == naive.timestamp


def test_match() -> None:
    match event():
        case Event(event_id=event_id, llm_invocation=LLMInvocation(model=model)):
            assert (event_id, model) == ("e1", "m")
        case _:
            pytest.fail("does not match")
    match MessageContent("user", "hi"):
        case MessageContent(role, text):
            assert (role, text) == ("user", "hi")


@pytest.mark.parametrize("cls", ALL, ids=lambda cls: cls._full_name)
def test_dataclass_fields(cls: type[Message]) -> None:
    assert dataclasses.is_dataclass(cls)
    assert sorted(field.name for field in dataclasses.fields(cls)) == sorted(field.name for field in fields_of(cls))
    assert list(cls.__match_args__) == [field.name for field in dataclasses.fields(cls)]


def test_replace() -> None:
    made = Event.parse(bytes(event()) + b"\xc0\x3e\x01")
    changed = dataclasses.replace(made, event_id="e2")
    assert changed.event_id == "e2"
    changed.event_id = "e1"
    assert changed == made
    with pytest.raises(TypeError):
        dataclasses.replace(made, evnt_id="e2")


def test_asdict() -> None:
    values = dataclasses.asdict(event())
    assert values["llm_invocation"]["prompt_tokens"] == 3
    assert values["metadata"] == {"k": [1, None, {"x": True}]}
    assert list(values) == [field.name for field in dataclasses.fields(Event)]


def test_which_one_of() -> None:
    assert betterproto2.which_one_of(Event(), "content") == ("", None)
    assert betterproto2.which_one_of(Event(error=ErrorInfo()), "content") == ("error", ErrorInfo())
    assert betterproto2.which_one_of(Event(state_update={}), "content") == ("state_update", {})


def test_is_set() -> None:
    made = event()
    assert made.is_set("event_id")
    assert made.is_set("llm_invocation")
    assert not made.is_set("tenant_id")
    assert Event(metadata={}).is_set("metadata")
    assert CostDetails(total_cost=-0.0).is_set("total_cost")
    with pytest.raises(AttributeError, match="Event has no field 'evnt_id'"):
        made.is_set("evnt_id")


def test_truth() -> None:
    assert event()
    assert Event(message=MessageContent())
    assert CostDetails(total_cost=-0.0)
    assert Event.parse(b"\xc0\x3e\x01")
    assert not Event(event_id="", tags=[])


def test_the_official_names_of_encoding_and_decoding() -> None:
    assert event().SerializeToString() == bytes(event())
    assert Event.FromString(bytes(event())) == event()


def test_errors_are_value_errors_and_the_librarys() -> None:
    for error in (EncodeError, DecodeError, EndOfStream):
        assert issubclass(error, ChaukasError)
        assert issubclass(error, ValueError)
    assert issubclass(EndOfStream, EOFError)


def test_dump_and_load() -> None:
    stream = io.BytesIO()
    event().dump(stream)
    assert stream.getvalue() == bytes(event())
    stream.seek(0)
    assert Event().load(stream) == event()


def test_load_of_some_bytes() -> None:
    data = bytes(event())
    stream = io.BytesIO(data + b"rest")
    assert Event().load(stream, len(data)) == event()
    assert stream.read() == b"rest"


def test_delimited_messages() -> None:
    written = [event(), Event(), Event(event_id="x" * 300), Event.parse(b"\xc0\x3e\x01")]
    stream = io.BytesIO()
    for message in written:
        message.dump(stream, betterproto2.SIZE_DELIMITED)
    stream.seek(0)
    assert [Event().load(stream, betterproto2.SIZE_DELIMITED) for _ in written] == written
    with pytest.raises(EndOfStream, match="the stream has ended"):
        Event().load(stream, betterproto2.SIZE_DELIMITED)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"\x80", "the stream ends inside a length"),
        (b"\x05ab", "Event: the stream ends after 2 of 5 bytes"),
        (b"\xff\xff\xff\xff\x7f", "a length of 34359738367 bytes is too large"),
        (b"\x80\x80\x80\x80\x80\x00", "a length is longer than 5 bytes"),
        (b"\x02\x12\x05", "Event: a length of 5 bytes exceeds the 0 that are left (at byte 1)"),
    ],
)
def test_broken_delimited_streams(data: bytes, message: str) -> None:
    with pytest.raises(DecodeError) as caught:
        Event().load(io.BytesIO(data), betterproto2.SIZE_DELIMITED)
    assert str(caught.value) == message
    assert not isinstance(caught.value, EndOfStream)


def test_load_merges() -> None:
    made = Event(event_id="e1", tags=["a"], metadata={"k": 1}, message=MessageContent(role="user"))
    more = Event(tenant_id="t", tags=["b"], metadata={"j": 2}, message=MessageContent(text="hi"))
    assert made.load(io.BytesIO(bytes(more) + b"\xc0\x3e\x01")) is made
    assert made == Event.parse(
        bytes(
            Event(
                event_id="e1",
                tenant_id="t",
                tags=["a", "b"],
                metadata={"k": 1, "j": 2},
                message=MessageContent(role="user", text="hi"),
            )
        )
        + b"\xc0\x3e\x01"
    )
    made.load(io.BytesIO(bytes(Event(error=ErrorInfo(error_code="c")))))
    assert made.message is None
    assert made.error == ErrorInfo(error_code="c")


def test_a_failed_load_changes_nothing() -> None:
    made = event()
    with pytest.raises(DecodeError):
        made.load(io.BytesIO(bytes(Event(event_id="e2")) + b"\x12\x05"))
    assert made == event()


@pytest.mark.parametrize("tags", [None, ("x",)])
def test_load_takes_what_encoding_takes(tags: Any) -> None:
    made = Event(event_id="a")
    made.tags = tags
    made.load(io.BytesIO(bytes(Event(event_id="b", tags=["y"]))))
    assert (made.event_id, made.tags) == ("b", [*(tags or ()), "y"])


def test_load_into_what_cannot_be_encoded_changes_nothing() -> None:
    made = Event(event_id="a", metadata={"k": {1}})
    with pytest.raises(EncodeError, match=r"^Event\.metadata\['k'\]: set is no JSON value"):
        made.load(io.BytesIO(bytes(Event(event_id="b"))))
    assert made.event_id == "a"


def test_a_length_that_lies_does_not_cost_its_memory() -> None:
    class Counting(io.BytesIO):
        largest = 0

        def read(self, size: int | None = -1, /) -> bytes:
            self.largest = max(self.largest, size or 0)
            return super().read(size)

    stream = Counting(b"\xff\xff\xff\xff\x07abc")
    with pytest.raises(DecodeError, match="the stream ends after 3 of 2147483647 bytes"):
        Event().load(stream, betterproto2.SIZE_DELIMITED)
    assert stream.largest <= 1 << 20
    with pytest.raises(ValueError, match="a size of -7 bytes makes no sense"):
        Event().load(stream, -7)


def test_a_message_that_contains_itself_can_be_copied_deeply() -> None:
    made = Event(metadata={})
    assert made.metadata is not None
    made.metadata["event"] = made
    clone = copy.deepcopy(made)
    assert clone is not made
    assert clone.metadata is not None
    assert clone.metadata["event"] is clone


def test_the_constructor_refuses_two_members_of_a_oneof() -> None:
    with pytest.raises(ValueError, match=r"^Event: message and error are both given, but only one of oneof content"):
        Event(message=MessageContent(), error=ErrorInfo())
    with pytest.raises(ValueError, match=r"^Event: message and error are both given"):
        dataclasses.replace(Event(message=MessageContent()), error=ErrorInfo())


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ({"a": True}, {"a": 1}, False),
        ({"a": [False]}, {"a": [0.0]}, False),
        ({"a": 1}, {"a": 1.0}, True),
        ({"a": (1, None)}, {"a": [1.0, None]}, True),
    ],
)
def test_equality_of_json_values_is_that_of_json(first: Any, second: Any, same: bool) -> None:
    assert (Event(metadata=first) == Event(metadata=second)) is same
    assert (bytes(Event(metadata=first)) == bytes(Event(metadata=second))) is same


def test_enums_of_repeated_fields_are_members() -> None:
    read = QueryFilter.parse(bytes(QueryFilter(types=[EventType.AGENT_START, 999])))
    assert all(type(value) is EventType for value in read.types)
    assert read.types[0] is EventType.AGENT_START


@pytest.mark.parametrize("cls", ALL, ids=lambda cls: cls._full_name)
def test_what_the_class_does_not_have_cannot_be_set(cls: type[Message]) -> None:
    message = cls()
    with pytest.raises(AttributeError, match="sesion_id"):
        message.sesion_id = "s-1"  # type: ignore[attr-defined]
    assert not hasattr(message, "__dict__")


def test_messages_are_betterproto2s_and_inherit_nothing_from_them() -> None:
    assert isinstance(Event(), betterproto2.Message)
    assert issubclass(Event, betterproto2.Message)
    assert not issubclass(dict, betterproto2.Message)
    assert betterproto2.Message not in Event.__mro__
    for name in vars(betterproto2.Message):
        assert name.startswith("_") or hasattr(Event, name), f"betterproto2's {name} has no counterpart here"


@pytest.mark.parametrize("cls", ALL, ids=lambda cls: cls._full_name)
def test_betterproto2_can_describe_a_class(cls: type[Message]) -> None:
    for described in (betterproto2.ProtoClassMetadata(cls), cls._betterproto, cls()._betterproto):
        assert described.field_name_by_number == {field.number: field.name for field in fields_of(cls)}
        for field in fields_of(cls):
            assert described.default_gen[field.name]() == field.default()
            if field.kind in ("message", "enum") and field.label == "repeated":
                assert described.cls_by_field[field.name] is field.cls


def test_the_base_class_has_no_description() -> None:
    assert not hasattr(Message, "_betterproto")


@pytest.mark.parametrize("cls", ALL, ids=lambda cls: cls._full_name)
def test_type_hints(cls: type[Message]) -> None:
    assert {field.name for field in fields_of(cls)} <= typing.get_type_hints(cls).keys()


def test_weak_references() -> None:
    made = event()
    assert weakref.ref(made)() is made


def test_memory() -> None:
    # A pointer for each field, the unknown fields and weak references, and what each object has; no dict. From Python
    # 3.12 on weak references stand before the object, beside a place for a dict.
    pointers = len(fields_of(Event)) + 2 + 2 + (sys.version_info >= (3, 12))
    assert sys.getsizeof(Event()) <= object().__sizeof__() + pointers * struct.calcsize("P")
    assert not hasattr(Event(), "__dict__")
