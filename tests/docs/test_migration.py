"""docs/guides/from-official.md: both sides of each pair do the same."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from concurrent import futures
from pathlib import Path
from types import ModuleType
from typing import Any

import grpc
import pytest
from chaukas.spec.client.v1 import client_pb2, client_pb2_grpc
from google.protobuf import descriptor_pool, json_format, message_factory, struct_pb2

from chaukas_spec_lite.message.message import Message
from tests import snippets
from tests.docs.running import run
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


class _Servicer(client_pb2_grpc.ChaukasClientServiceServicer):
    def __init__(self) -> None:
        self.received: list[tuple[Any, Any]] = []

    def IngestEvent(self, request: Any, context: Any) -> Any:
        self.received.append((request.event, dict(context.invocation_metadata()).get("authorization")))
        return client_pb2.IngestEventResponse()


@pytest.fixture
def official_server() -> Iterator[tuple[int, _Servicer]]:
    servicer = _Servicer()
    server = grpc.server(futures.ThreadPoolExecutor(2))
    client_pb2_grpc.add_ChaukasClientServiceServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield port, servicer
    server.stop(None).wait()


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
