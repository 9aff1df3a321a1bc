"""docs/guides/from-official.md: both sides of each pair do the same."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import betterproto2
import pytest
from chaukas.spec.client.v1 import client_pb2, client_pb2_grpc
from chaukas.spec.common.v1 import events_pb2
from google.protobuf import descriptor_pool, json_format, message_factory, struct_pb2

from chaukas_spec_lite import ErrorInfo, Event, EventType, JSONError
from chaukas_spec_lite.message.message import Message
from tests import snippets
from tests.docs.running import run
from tests.rpc.official import serving
from tests.serving import running_collector

START, PAIRS = snippets.migration()


def test_every_block_is_executed_by_a_test_below() -> None:
    assert len(snippets.blocks(snippets.FROM_OFFICIAL.read_text(encoding="utf-8"))) == 2 + 2 * len(PAIRS)
    assert len(PAIRS) == 21


def test_the_official_quick_start_reaches_a_backend(tmp_path: Path) -> None:
    code = snippets.quick_start()
    with running_collector() as collector:
        assert code.count('"localhost", 50051') == 1
        run(code.replace('"localhost", 50051', f'"127.0.0.1", {collector.port}'), tmp_path)
        (event,) = collector.events(session_id="session_abc")
    assert (event.event_id, event.type.name, event.trace_id) == ("evt_123", "AGENT_START", "trace_xyz")


def test_official_messages_are_taken_as_the_page_shows(tmp_path: Path) -> None:
    (code,) = snippets.blocks(snippets.FROM_OFFICIAL.read_text(encoding="utf-8"), "py")
    with running_collector() as collector:
        assert code.count('"localhost:50051"') == 1
        run(code.replace("localhost:50051", f"127.0.0.1:{collector.port}"), tmp_path)
        events = collector.events()
    assert len({event.event_id for event in events}) == 6
    assert {event.agent_name for event in events} == {"triage-agent"}


class _Servicer(client_pb2_grpc.ChaukasClientServiceServicer):
    def __init__(self) -> None:
        self.received: list[tuple[Any, Any]] = []

    def IngestEvent(self, request: Any, context: Any) -> Any:
        self.received.append((request.event, dict(context.invocation_metadata()).get("authorization")))
        return client_pb2.IngestEventResponse()


@pytest.fixture
def official_server() -> Iterator[tuple[int, _Servicer]]:
    servicer = _Servicer()
    with serving(servicer) as port:
        yield port, servicer


@pytest.mark.parametrize("pair", PAIRS[1:], ids=lambda pair: re.sub(r"\W+", "-", pair.title))
def test_both_sides_do_the_same(pair: snippets.Pair, official_server: tuple[int, _Servicer]) -> None:
    port, servicer = official_server
    official, ours = (
        _run(imports, code, port) for imports, code in ((PAIRS[0].official, pair.official), (PAIRS[0].ours, pair.ours))
    )
    shared = official.keys() & ours.keys()
    assert shared, "the two sides set no name in common"
    for name in shared:
        assert _plain(official[name], name) == _plain(ours[name], name), name
    if pair.title == "Send":
        assert len(servicer.received) == 2
        assert servicer.received[0] == servicer.received[1]


def test_json_that_only_the_official_package_reads() -> None:
    table = snippets.sections(snippets.FROM_OFFICIAL.read_text(encoding="utf-8"))["JSON beside json_format"]
    texts = re.findall(r"^\| `(\{.*\})` \|", table, re.MULTILINE)
    assert len(texts) == 7
    for text in [*texts, '{"metadata": ' + '{"a": ' * 34 + "1" + "}" * 34 + "}"]:
        json_format.Parse(text, events_pb2.Event())
        with pytest.raises(JSONError):
            Event.from_json(text)


def test_calls_of_json_format_and_ours() -> None:
    """The rows of the guide that can be compared."""
    data = bytes(Event(event_id="é", type=EventType.ERROR, tags=["a"], metadata={"k": [1, None]}))
    official, ours = events_pb2.Event.FromString(data), Event.parse(data)
    assert ours.to_json(indent=2) == json_format.MessageToJson(official)
    assert ours.to_json() == json_format.MessageToJson(official, indent=None)
    snake = json_format.MessageToDict(official, preserving_proto_field_name=True)
    assert ours.to_dict(casing=betterproto2.Casing.SNAKE) == snake
    full = json_format.MessageToDict(official, always_print_fields_with_no_presence=True)
    assert ours.to_dict(include_default_values=True) == full
    numbers = json_format.MessageToDict(official, use_integers_for_enums=True)
    assert ours.to_dict(output_format=betterproto2.OutputFormat.PYTHON) == numbers
    text = json_format.MessageToJson(official, indent=None, sort_keys=True, ensure_ascii=False)
    assert json.dumps(ours.to_dict(), sort_keys=True, ensure_ascii=False) == text
    typed = '{"extensions": [{"@type": "x/chaukas.spec.common.v1.ErrorInfo", "errorCode": "E42"}]}'
    expected = json_format.Parse(typed, events_pb2.Event()).SerializeToString()
    assert bytes(Event.from_json(typed, registry=[ErrorInfo])) == expected


def _run(imports: str, code: str, port: int) -> dict[str, Any]:
    """Run one side of a pair; returns what it set, and the event that it worked on."""
    space: dict[str, Any] = {"port": port}
    exec(imports, space)
    known = set(space)
    exec(START, space)
    exec(code, space)
    incomparable = {"stub", "channel", "request", "response", "send"}
    return {
        name: value
        for name, value in space.items()
        if name not in known | incomparable and not isinstance(value, (type, ModuleType))
    }


def _plain(value: Any, name: str) -> Any:
    """Bring a value into a form in which both sides can be compared: ours as the official class, Structs as dicts."""
    if isinstance(value, list):
        return [_plain(item, name) for item in value]
    if isinstance(value, Message):
        descriptor = descriptor_pool.Default().FindMessageTypeByName(value._full_name)
        return message_factory.GetMessageClass(descriptor).FromString(bytes(value))
    if isinstance(value, struct_pb2.Struct):
        return json_format.MessageToDict(value)
    return json.loads(value) if name == "text" and value.startswith("{") else value
