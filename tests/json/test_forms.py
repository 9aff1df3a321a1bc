"""Options, and the forms of the well-known types as messages of their own."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from betterproto2 import Casing, OutputFormat

from chaukas_spec_lite import Event, EventType, JSONError, LLMInvocation
from chaukas_spec_lite.errors import DecodeError
from chaukas_spec_lite.message.message import Message
from chaukas_spec_lite.spec.google.protobuf.any import Any as AnyMessage
from chaukas_spec_lite.spec.google.protobuf.duration import Duration
from chaukas_spec_lite.spec.google.protobuf.empty import Empty
from chaukas_spec_lite.spec.google.protobuf.field_mask import FieldMask
from chaukas_spec_lite.spec.google.protobuf.struct import ListValue, NullValue, Struct, Value
from chaukas_spec_lite.spec.google.protobuf.timestamp import Timestamp
from chaukas_spec_lite.spec.google.protobuf.wrappers import BytesValue, Int64Value
from chaukas_spec_lite.wire.enums import members_by_name
from tests.generated import everything

EVENT = Event(
    event_id="e",
    type=EventType.AGENT_START,
    timestamp=datetime(2026, 1, 2, tzinfo=timezone.utc),
    metadata={"a": 1},
    llm_invocation=LLMInvocation(prompt_tokens=3),
)


def test_casing() -> None:
    assert '"llmInvocation": {"promptTokens": 3}' in EVENT.to_json()
    assert '"llm_invocation": {"prompt_tokens": 3}' in EVENT.to_json(casing=Casing.SNAKE)
    assert EVENT == Event.from_json(EVENT.to_json()) == Event.from_json(EVENT.to_json(casing=Casing.SNAKE))


def test_indent() -> None:
    assert Event(event_id="e").to_json(2) == '{\n  "eventId": "e"\n}'


def test_default_values() -> None:
    full = Event().to_dict(include_default_values=True)
    assert full["eventId"] == ""
    assert full["tags"] == []
    assert full["type"] == "EVENT_TYPE_UNSPECIFIED"
    assert "llmInvocation" not in full
    assert Event.from_dict(full) == Event()


def test_python_values_are_left_alone() -> None:
    plain = EVENT.to_dict(output_format=OutputFormat.PYTHON, casing=Casing.SNAKE)
    assert plain == {
        "event_id": "e",
        "type": EventType.AGENT_START,
        "timestamp": EVENT.timestamp,
        "metadata": {"a": 1},
        "llm_invocation": {"prompt_tokens": 3},
    }
    assert type(plain["type"]) is EventType
    every = everything()
    assert every["Repeated"](bytes_value=[b"a"]).to_dict(output_format=OutputFormat.PYTHON) == {"bytesValue": [b"a"]}
    assert every["Keys"](int32_key={1: 2}).to_dict(output_format=OutputFormat.PYTHON) == {"int32Key": {1: 2}}


@pytest.mark.parametrize(
    ("message", "form"),
    [
        (Struct(fields={"a": None, "b": [1.0, "x"]}), {"a": None, "b": [1.0, "x"]}),
        (ListValue(values=[True, None]), [True, None]),
        (Value(null_value=NullValue.NULL_VALUE), None),
        (Value(struct_value={}), {}),
        (Value(list_value=[]), []),
        (Value(bool_value=False), False),
        (Value(string_value=""), ""),
        (Value(number_value=2.0), 2.0),
        (Timestamp(seconds=1, nanos=5), "1970-01-01T00:00:01.000000005Z"),
        (Duration(seconds=-1, nanos=-500_000_000), "-1.500s"),
        (FieldMask(paths=["a.b_c", "d"]), "a.bC,d"),
        (Int64Value(value=5), "5"),
        (BytesValue(value=b"a"), "YQ=="),
        (Empty(), {}),
        (AnyMessage(), {}),
        (
            AnyMessage().pack(Duration(seconds=1)),
            {"@type": "type.googleapis.com/google.protobuf.Duration", "value": "1s"},
        ),
        (AnyMessage().pack(Empty()), {"@type": "type.googleapis.com/google.protobuf.Empty"}),
        (
            AnyMessage().pack(AnyMessage().pack(Value(string_value="x"))),
            {
                "@type": "type.googleapis.com/google.protobuf.Any",
                "value": {"@type": "type.googleapis.com/google.protobuf.Value", "value": "x"},
            },
        ),
    ],
)
def test_a_well_known_message_has_a_form_of_its_own(message: Message, form: Any) -> None:
    cls = type(message)
    assert json.loads(message.to_json()) == message.to_dict() == form
    assert bytes(cls.from_json(json.dumps(form))) == bytes(cls.from_dict(form)) == bytes(message)


def test_numbers_in_a_struct_are_doubles_whichever_way_they_came() -> None:
    event = Event(metadata={"n": 2, "large": 2**60})
    assert (
        event.to_json()
        == Event.parse(bytes(event)).to_json()
        == '{"metadata": {"n": 2.0, "large": 1.152921504606847e+18}}'
    )
    assert type(Event.from_json('{"metadata": {"n": 2}}').metadata["n"]) is float


def test_an_any_needs_its_type_registered() -> None:
    cls = everything()["WellKnown"]
    message = cls(any=AnyMessage().pack(LLMInvocation(model="m")))
    form = {"any": {"@type": "type.googleapis.com/chaukas.spec.common.v1.LLMInvocation", "model": "m"}}
    assert message.to_dict(registry=[Event, LLMInvocation]) == form
    assert cls.from_dict(form, registry=[LLMInvocation]) == message
    for attempt in (message.to_json, message.to_dict, lambda: cls.from_dict(form)):
        with pytest.raises(
            JSONError, match=r"'chaukas.spec.common.v1.LLMInvocation' is not registered: pass its class"
        ):
            attempt()
    with pytest.raises(JSONError, match="a registry holds message classes"):
        message.to_dict(registry={"a": LLMInvocation})  # type: ignore[arg-type]  # that is the mistake


def test_packing_and_unpacking() -> None:
    held = AnyMessage().pack(LLMInvocation(model="m"))
    assert held.is_type(LLMInvocation)
    assert not held.is_type(Event)
    assert held.unpack(LLMInvocation) == LLMInvocation(model="m")
    with pytest.raises(TypeError, match=r"holds 'type.googleapis.com/.*LLMInvocation', and no chaukas.*Event"):
        held.unpack(Event)
    with pytest.raises(TypeError, match="this Any is empty"):
        AnyMessage().unpack(Event)
    with pytest.raises(TypeError, match="expected a message, got str"):
        held.pack("x")  # type: ignore[arg-type]  # that is the mistake
    held.value = b"\xff"
    with pytest.raises(DecodeError):
        held.unpack(LLMInvocation)


def test_only_the_schemas_names_of_enum_values_are_json() -> None:
    every = everything()
    alias = every["Singular"](alias_value=1)
    assert alias.to_dict() == {"aliasValue": "ALIAS_FIRST"}
    assert every["Singular"].from_dict({"aliasValue": "ALIAS_ALSO_FIRST"}) == alias
    assert "EVENT_TYPE_AGENT_START" in members_by_name(EventType)
    assert "AGENT_START" not in members_by_name(EventType)
    assert every["Singular"](enum_value=77).to_dict() == {"enumValue": 77}
    assert every["Singular"].from_dict({"enumValue": 77}).enum_value == 77


def test_unknown_names_are_ignored_on_request() -> None:
    cls = everything()["Repeated"]
    document = {"enumValue": ["COLOR_RED", "NEW", 2], "new": {"a": [1]}}
    assert cls.from_dict(document, ignore_unknown_fields=True).to_dict() == {"enumValue": ["COLOR_RED", "COLOR_BLUE"]}
    assert everything()["Maps"].from_dict({"enumValue": {"a": "NEW"}}, ignore_unknown_fields=True).enum_value == {}
    assert Event.from_dict({"type": "NEW"}, ignore_unknown_fields=True) == Event()


def test_the_result_shares_nothing_with_the_input() -> None:
    document: dict[str, Any] = {"metadata": {"a": [1]}, "tags": ["x"]}
    event = Event.from_dict(document)
    document["metadata"]["a"].append(2)
    document["tags"].append("y")
    assert event == Event(metadata={"a": [1]}, tags=["x"])


def test_a_duration_beyond_python_has_its_json() -> None:
    assert Duration(seconds=315_576_000_000).to_json() == '"315576000000s"'
    cls = everything()["WellKnown"]
    assert cls(duration=timedelta(milliseconds=1500)).to_dict() == {"duration": "1.500s"}
