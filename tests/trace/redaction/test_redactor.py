"""The Redactor as a whole: where it looks, what it leaves alone, and what it does with values that are not plain."""

from __future__ import annotations

import collections
import copy
import dataclasses
import types
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import chaukas_spec_lite
from chaukas_spec_lite import (
    NO_KIND,
    NULL,
    AgentHandoff,
    DataAccess,
    ErrorInfo,
    Event,
    EventType,
    InfrastructureMetrics,
    LLMInvocation,
    MCPCall,
    MessageContent,
    PolicyDecision,
    Redactor,
    RetryInfo,
    ToolCall,
    ToolResponse,
    lenient,
)
from chaukas_spec_lite.spec.google.protobuf.any import Any as AnyOfProtobuf
from chaukas_spec_lite.spec.google.protobuf.struct import ListValue, Struct, Value
from chaukas_spec_lite.wellknown.values import UnknownDict, UnknownStr, carry, carry_inner
from tests import realdata
from tests.codec.kinds_of_values import KINDS
from tests.strategies import delimited
from tests.trace.redaction.samples import CARDS, CREDENTIALS, EMAILS

REDACTOR = Redactor()
MAIL = EMAILS[0]
MARK = "[redacted EMAIL]"

PLACES: dict[str, Callable[[Any], Event]] = {
    "tags": lambda text: Event(tags=["a", text]),
    "agent_name": lambda text: Event(agent_name=text),
    "branch": lambda text: Event(branch=text),
    "message.text": lambda text: Event(message=MessageContent(text=text)),
    "message.role": lambda text: Event(message=MessageContent(role=text)),
    "message.metadata": lambda text: Event(message=MessageContent(metadata={"a": text})),
    "tool_call.name": lambda text: Event(tool_call=ToolCall(name=text)),
    "tool_call.arguments": lambda text: Event(tool_call=ToolCall(arguments={"a": [text]})),
    "tool_response.output": lambda text: Event(tool_response=ToolResponse(output={"a": {"b": text}})),
    "tool_response.error_message": lambda text: Event(tool_response=ToolResponse(error_message=text)),
    "llm_invocation.request": lambda text: Event(llm_invocation=LLMInvocation(request={text: 1})),
    "llm_invocation.response": lambda text: Event(llm_invocation=LLMInvocation(response={"a": text})),
    "llm_invocation.finish_reason": lambda text: Event(llm_invocation=LLMInvocation(finish_reason=text)),
    "policy.rationale": lambda text: Event(policy=PolicyDecision(rationale=text)),
    "data_access.datasource": lambda text: Event(data_access=DataAccess(datasource=text)),
    "data_access.document_ids": lambda text: Event(data_access=DataAccess(document_ids=[text])),
    "state_update": lambda text: Event(state_update={"a": text}),
    "error.error_message": lambda text: Event(error=ErrorInfo(error_message=text)),
    "error.stack_trace": lambda text: Event(error=ErrorInfo(stack_trace=text)),
    "error.recovery_action": lambda text: Event(error=ErrorInfo(recovery_action=text)),
    "agent_handoff.reason": lambda text: Event(agent_handoff=AgentHandoff(reason=text)),
    "agent_handoff.handoff_data": lambda text: Event(agent_handoff=AgentHandoff(handoff_data={"a": text})),
    "mcp_call.server_url": lambda text: Event(mcp_call=MCPCall(server_url=text)),
    "mcp_call.request": lambda text: Event(mcp_call=MCPCall(request={"a": text})),
    "retry.strategy": lambda text: Event(retry=RetryInfo(strategy=text)),
    "infrastructure.metrics": lambda text: Event(infrastructure=InfrastructureMetrics(metrics={"a": text})),
    "metadata": lambda text: Event(metadata={"a": {"b": [[{"c": text}]]}}),
}


@pytest.mark.parametrize("place", PLACES)
def test_every_place_where_text_can_be(place: str) -> None:
    event = PLACES[place](f"to {MAIL}!")
    before = copy.deepcopy(event)
    made = REDACTOR(event)
    assert event == before
    expected = PLACES[place](f"to {MARK}!")
    assert made.redaction is not None
    assert len(made.redaction.fields) == 1
    assert made.redaction.fields[0].startswith(place)
    expected.redaction, expected.pii_categories = made.redaction, ["EMAIL"]
    assert made == expected
    assert REDACTOR(made) is made


def test_nothing_to_do_is_nothing_done() -> None:
    for event in (
        Event(),
        Event(type=EventType.SYSTEM, event_id=MAIL, metadata={"a": [1, None, NULL, NO_KIND, True, 1e300]}),
    ):
        assert REDACTOR(event) is event
    event = Event(metadata={"a": MAIL, "b": {"c": [1]}}, tool_call=ToolCall(arguments={"x": 1}))
    made = REDACTOR(event)
    assert made.metadata is not None
    assert event.metadata is not None
    assert made.metadata["b"] is event.metadata["b"]
    assert made.tool_call is event.tool_call


def test_real_events() -> None:
    """What is found in recorded telemetry, by category; more would be false alarms, fewer would be leaks."""
    found: collections.Counter[str] = collections.Counter()
    events = [Event.parse(data) for data in realdata.events()]
    for event in events:
        made = REDACTOR(event)
        if made is not event:
            found.update(set(made.pii_categories) - set(event.pii_categories))
            assert REDACTOR(made) is made
            assert Event.parse(bytes(made)) == made
    assert found == {"EMAIL": 76, "CREDENTIAL": 32, "PHONE": 32, "CARD": 12}
    # CARD: random numbers of 16 digits, of which some are right. CREDENTIAL: API_KEY=... in texts for programmers.


# Values that are not plain


@dataclasses.dataclass
class User:
    name: str
    password: str = "hunter2"


class Odd:
    def __repr__(self) -> str:
        return f"Odd(mail={MAIL!r}, password='hunter2')"


class Text(str):
    __slots__ = ()


def generated() -> Iterator[str]:
    yield MAIL


def cycle() -> Any:
    loop: list[Any] = [MAIL]
    loop.append(loop)
    return loop


def deep(levels: int) -> Any:
    value: Any = MAIL
    for _ in range(levels):
        value = [value]
    return value


ODD: dict[str, Callable[[], Any]] = {
    "set": lambda: {MAIL},
    "tuple": lambda: (MAIL, 1),
    "bytes": lambda: b"password=hunter2 " + MAIL.encode(),
    "bytes that are no text": lambda: b"\xff\x00" + MAIL.encode() + b" password=hunter2\xff",
    "bytearray": lambda: bytearray(MAIL.encode()),
    "memoryview": lambda: memoryview(MAIL.encode()),
    "dataclass": lambda: User(MAIL),
    "repr": Odd,
    "str subclass": lambda: Text(MAIL),
    "carrier": lambda: carry(MAIL, delimited(9, b"x")),
    "Mapping": lambda: types.MappingProxyType({"password": "hunter2", "mail": MAIL}),
    "OrderedDict": lambda: collections.OrderedDict(password="hunter2", mail=MAIL),
    "namespace": lambda: types.SimpleNamespace(password="hunter2"),
    "deque": lambda: collections.deque([MAIL]),
    "exception": lambda: ValueError(f"password=hunter2 {MAIL}"),
    "cycle": cycle,
    "deep": lambda: deep(40),
    "too deep": lambda: deep(500),
    "keys of bytes": lambda: {MAIL.encode(): 1},
    "keys of tuples": lambda: {(MAIL,): 1},
    "message": lambda: MessageContent(text=MAIL, metadata={"password": "hunter2"}),
    "text in bytes in a tuple": lambda: ([b"password=hunter2"],),
    "uuid beside": lambda: [uuid.UUID(int=5), {"password": "hunter2"}],
}


@pytest.mark.parametrize("kind", ODD)
@pytest.mark.parametrize(
    "place",
    [
        lambda value: Event(metadata={"a": value}),
        lambda value: Event(tool_response=ToolResponse(output=value)),
        lambda value: Event(tool_call=ToolCall(arguments={"a": [{"b": value}]})),
        lambda value: Event(tags=[value]),
        lambda value: Event(message=value),
        lambda value: Event(message=MessageContent(text=value)),
        lambda value: Event(error=value),
        lambda value: Event(llm_invocation=LLMInvocation(temperature=value)),
        lambda value: Event(retry=RetryInfo(attempt=value)),
        lambda value: Event(timestamp=value),
        lambda value: Event(tool_call={"name": "n", "other": value}),
    ],
    ids=[
        *("metadata", "output", "arguments", "tags", "message", "text", "error"),
        *("float", "int", "timestamp", "no field"),
    ],
)
def test_values_that_are_not_plain(kind: str, place: Callable[[Any], Event]) -> None:
    try:
        event = place(ODD[kind]())
    except (TypeError, ValueError):
        pytest.skip("no constructor takes it there")
    made = REDACTOR(event)
    data = lenient.encode(made).data
    assert b"hunter2" not in data
    assert b"alice@" not in data
    assert b"aHVudGVyM" not in data  # in base64
    assert b"YWxpY2V" not in data
    if kind != "too deep":
        assert data == bytes(made)  # nothing is left that would be converted later
    assert REDACTOR(made) is made


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_as_lenient_as_encoding(kind: str) -> None:
    """Where no secret is, the values become what the exporter makes of them."""
    for event in (Event(metadata={"a": KINDS[kind]()}), Event(tags=[KINDS[kind]()])):
        made = REDACTOR(event)
        if made.redaction is None:
            assert Event.parse(lenient.encode(made).data) == Event.parse(lenient.encode(event).data)


def test_what_can_be_read_only_once_is_not_read() -> None:
    lines = generated()
    made = REDACTOR(Event(metadata={"a": lines}))
    assert made.metadata is not None
    assert "generator object generated" in made.metadata["a"]
    assert list(lines) == [MAIL]


def test_default_makes_something_else() -> None:
    event = Event(metadata={"a": Odd()})
    assert Redactor(default=lambda value: {"class": type(value).__name__, "secret": "x"})(event).metadata == {
        "a": {"class": "Odd", "secret": "[redacted]"}
    }


def test_deleted_attributes_and_wrong_types() -> None:
    event = Event(metadata={"a": MAIL})
    del event.tags
    made = REDACTOR(event)
    assert made.metadata == {"a": MARK}
    numbers = Event(llm_invocation=LLMInvocation(prompt_tokens=MAIL), metadata={"a": 1})  # type: ignore[arg-type]  # pyright: ignore
    assert MAIL.encode() not in bytes(REDACTOR(numbers))


def test_events_of_a_derived_class() -> None:
    @dataclasses.dataclass
    class Mine(Event):
        note: str = ""

    event = Mine(metadata={"a": MAIL}, note="n")
    made = REDACTOR(event)
    assert isinstance(made, Mine)
    assert (made.note, made.metadata) == ("n", {"a": MARK})


def test_extensions() -> None:
    struct = AnyOfProtobuf().pack(Struct({"password": "x", "mail": MAIL, "n": 1.0}))
    listed = AnyOfProtobuf().pack(ListValue([MAIL]))
    value = AnyOfProtobuf().pack(Value(string_value=MAIL))
    opaque = AnyOfProtobuf(type_url="example.com/x.Y", value=b"\x0a\x05" + CREDENTIALS["OpenAI"].encode())
    harmless = AnyOfProtobuf(type_url="example.com/x.Y", value=b"\x0a\x05hello")
    broken = AnyOfProtobuf(type_url="type.googleapis.com/google.protobuf.Struct", value=b"\xff")
    event = Event(extensions=[struct, opaque, harmless, listed, value, broken])
    made = REDACTOR(event)
    assert [type(each) for each in made.extensions] == [AnyOfProtobuf] * 4
    assert made.extensions[0].unpack(Struct).fields == {"password": "[redacted]", "mail": MARK, "n": 1.0}
    assert made.extensions[1] is harmless
    assert made.extensions[2].unpack(ListValue).values == [MARK]
    assert made.extensions[3].unpack(Value).string_value == MARK
    assert made.redaction is not None
    assert {"extensions[0].password", "extensions[1]", "extensions[5]"} <= set(made.redaction.fields)
    assert REDACTOR(made) is made


def test_unknown_fields() -> None:
    unknown = delimited(5000, MAIL.encode())
    event = Event.parse(bytes(Event(message=MessageContent(text="x"))) + unknown)
    made = REDACTOR(event)
    assert MAIL.encode() not in bytes(made)
    assert made.redaction is not None
    assert made.redaction.fields == ["['unknown fields']"]
    harmless = Event.parse(bytes(Event(event_id="x")) + delimited(5000, b"hello"))
    assert REDACTOR(harmless) is harmless
    inside = Event(metadata={"a": carry(UnknownStr("x"), unknown), "b": carry_inner(UnknownDict({"c": 1}), unknown)})
    assert MAIL.encode() not in bytes(REDACTOR(inside))
    kept = Event(metadata={"a": carry(MAIL, delimited(5000, b"hello"))})
    assert b"hello" in bytes(REDACTOR(kept))


def test_functions() -> None:
    seen: list[tuple[str, str]] = []

    def names(path: str, text: str) -> str | None:
        seen.append((path, text))
        return None if path == "metadata.whole" else text.replace("Bob", "[name]")

    event = Event(event_id="Bob", tags=["Bob"], metadata={"a": f"Bob {MAIL}", "whole": "x", "n": 1, "password": "Bob"})
    redactor = Redactor(functions=[names])
    made = redactor(event)
    assert made.tags == ["[name]"]
    assert made.metadata == {"a": f"[name] {MARK}", "whole": "[redacted]", "n": 1, "password": "[redacted]"}
    assert seen == [("tags[0]", "Bob"), ("metadata.a", f"Bob {MARK}"), ("metadata.whole", "x")]
    assert made.redaction is not None
    assert made.redaction.fields == ["tags[0]", "metadata.a", "metadata.whole", "metadata.password"]
    assert redactor(made) is made
    assert b"Bob" not in bytes(redactor(Event(metadata={"a": b"Bob"})))


def test_what_a_function_does_wrong_is_not_hidden() -> None:
    def wrong(path: str, text: str) -> Any:
        return 5

    def fails(path: str, text: str) -> str:
        raise KeyError(path)

    with pytest.raises(
        TypeError, match=r"wrong returned int for a text; it has to return the text that is to be written"
    ):
        Redactor(functions=[wrong])(Event(tags=["x"]))
    with pytest.raises(KeyError, match="tags"):
        Redactor(functions=[fails])(Event(tags=["x"]))


def test_numbers_of_cards() -> None:
    number = int(CARDS["Visa"])
    event = Event(
        metadata={"a": number, "b": float(number), "list": [0.5] * 40 + [number], "c": number + 1, "t": 1764414128123}
    )
    made = REDACTOR(event).metadata
    assert made is not None
    assert (made["a"], made["b"], made["c"], made["t"]) == (
        "[redacted CARD]",
        "[redacted CARD]",
        number + 1,
        1764414128123,
    )
    assert made["list"][40] == "[redacted CARD]"
    floats = Event(metadata={"list": [0.1] * 5000, "nan": float("nan"), "inf": float("inf"), "big": 10**400})
    assert REDACTOR(floats) is floats


def test_only_events() -> None:
    wrong: Any = {"metadata": {}}
    with pytest.raises(TypeError, match="a Redactor is called with an Event, got dict"):
        REDACTOR(wrong)


def test_it_is_exported() -> None:
    assert chaukas_spec_lite.Redactor is Redactor
    assert repr(REDACTOR).startswith("<Redactor paths=0, keys=")


def test_the_id_of_an_agent_that_is_its_name_goes_with_it() -> None:
    mail = "mia@example.com"
    handoff = AgentHandoff(from_agent_id=mail, from_agent_name=mail, to_agent_id="id-7", to_agent_name=mail)
    found = Redactor()(Event(agent_id=mail, agent_name=mail, agent_handoff=handoff))
    assert found.agent_id == found.agent_name != mail
    assert found.agent_handoff is not None
    assert found.agent_handoff.from_agent_id == found.agent_name
    assert found.agent_handoff.to_agent_id == "id-7"
    assert found.redaction is not None
    assert {"agent_id", "agent_handoff.from_agent_id"} <= set(found.redaction.fields)
