"""Every snippet of README.md does what the text around it says."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from concurrent import futures
from types import ModuleType
from typing import Any

import grpc
import pytest
from chaukas.spec.client.v1 import client_pb2, client_pb2_grpc
from chaukas.spec.common.v1 import events_pb2
from google.protobuf import descriptor_pool, json_format, message_factory, struct_pb2

from chaukas_spec_lite.message.message import Message
from tests import snippets
from tests.patience import HANG
from tests.serving import running_collector

EXAMPLES_COMMON, EXAMPLES = snippets.event_types()
MIGRATION_START, MIGRATION = snippets.migration()


def test_every_python_block_is_executed_by_a_test_below() -> None:
    marked = sum(len(snippets.marked(mark)) for mark in ("run", "quickstart", "with-collector"))
    known = marked + 1 + len(EXAMPLES) + 1 + 2 * len(MIGRATION)
    assert len(snippets.blocks(snippets.TEXT)) == known


@pytest.mark.parametrize("number", range(len(snippets.marked("run"))))
def test_snippet_runs(number: int) -> None:
    exec(snippets.marked("run")[number], {"__name__": "readme"})


def test_quick_start_reaches_a_backend() -> None:
    (code,) = snippets.marked("quickstart")
    with running_collector() as collector:
        assert code.count('"localhost", 50051') == 1
        code = code.replace('"localhost", 50051', f'"127.0.0.1", {collector.port}')
        subprocess.run([sys.executable, "-W", "error", "-c", code], check=True, timeout=HANG)
        (event,) = collector.events(session_id="session_abc")
    assert (event.event_id, event.type.name, event.trace_id) == ("evt_123", "AGENT_START", "trace_xyz")


def test_snippets_run_beside_a_collector() -> None:
    codes = snippets.marked("with-collector")
    with running_collector() as collector:
        for code in codes:
            subprocess.run(
                [sys.executable, "-W", "error", "-c", f"port = {collector.port}\n{code}"], check=True, timeout=HANG
            )
        types = [[event.type.name for event in collector.events(session_id=session)] for session in ("s-2", "s-3")]
    assert list(map(set, types)) == [{"SESSION_START", "SESSION_END"}, {"SESSION_START"}]


def test_the_asynchronous_ways_run_on_uvloop() -> None:
    """As they stand, but for the call that runs them."""
    codes = [code for code in snippets.marked("run") if "async def main" in code]
    assert len(codes) == 3
    for code in codes:
        assert code.count("asyncio.run(") == 1
        code = code.replace("asyncio.run(", "uvloop.run(").replace("import asyncio", "import uvloop")
        command = [sys.executable, "-W", "error", "-c", code]
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=HANG)
        assert (done.returncode, done.stderr) == (0, "")


@pytest.fixture(scope="module")
def examples() -> dict[str, Any]:
    """The event that each example makes, as the official class."""
    space: dict[str, Any] = {}
    exec(EXAMPLES_COMMON, space)
    made = {}
    for name, code in EXAMPLES.items():
        before = dict(space)
        exec(code, space)
        new = [
            value for key, value in space.items() if type(value).__name__ == "Event" and before.get(key) is not value
        ]
        assert len(new) == 1, f"the example of {name} makes {len(new)} events"
        made[name] = events_pb2.Event.FromString(bytes(new[0]))
    return made


def test_there_is_an_example_of_each_event_type(examples: dict[str, Any]) -> None:
    made = {name: events_pb2.EventType.Name(event.type) for name, event in examples.items()}
    assert made == {name.removeprefix("EVENT_TYPE_"): name for name, number in events_pb2.EventType.items() if number}


def test_examples_hang_together(examples: dict[str, Any]) -> None:
    spans = {event.span_id for event in examples.values()}
    assert all(event.parent_span_id in spans for event in examples.values() if event.parent_span_id)
    for name, event in examples.items():
        if name.endswith("_END"):
            start = examples[name.replace("_END", "_START")]
            assert (event.span_id, event.parent_span_id) == (start.span_id, start.parent_span_id)


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


@pytest.mark.parametrize("row", MIGRATION[1:], ids=lambda row: re.sub(r"\W+", "-", row.title))
def test_both_columns_of_the_migration_table_do_the_same(
    row: snippets.Row, official_server: tuple[int, _Servicer]
) -> None:
    port, servicer = official_server
    official, ours = (
        _run(imports, MIGRATION_START, code, port)
        for imports, code in ((MIGRATION[0].official, row.official), (MIGRATION[0].ours, row.ours))
    )
    shared = official.keys() & ours.keys()
    assert shared, "the two columns set no name in common"
    for name in shared:
        assert _plain(official[name], name) == _plain(ours[name], name), name
    if row.title.startswith("Send"):
        assert len(servicer.received) == 2
        assert servicer.received[0] == servicer.received[1]


def _run(imports: str, start: str, code: str, port: int) -> dict[str, Any]:
    """Run one side of a row; returns what it set, and the event that it worked on."""
    space: dict[str, Any] = {"port": port}
    exec(imports, space)
    known = set(space)
    exec(start, space)
    space.setdefault("event", None)
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
