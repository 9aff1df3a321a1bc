"""Health and reflection, asked by the official clients of the two protocols."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import grpc
import pytest
from chaukas.spec.common.v1 import events_pb2
from google.protobuf import descriptor_pb2
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase
from grpclib.client import Channel

from chaukas_spec_lite.clock import Clock
from chaukas_spec_lite.collector.doors.grpc_health import HealthService
from chaukas_spec_lite.collector.doors.grpc_reflection import ReflectionService
from chaukas_spec_lite.rpc.server.server import MessageServer
from chaukas_spec_lite.spec.client.v1.client_grpc import ChaukasClientServiceBase
from chaukas_spec_lite.spec.grpc.reflection.v1.reflection import ServerReflectionRequest
from chaukas_spec_lite.spec.grpc.reflection.v1.reflection_grpc import ServerReflectionStub
from chaukas_spec_lite.spec.server.v1.server_grpc import ChaukasServerServiceBase
from tests.patience import AGES, HANG, run

CLIENT, SERVER = "chaukas.spec.client.v1.ChaukasClientService", "chaukas.spec.server.v1.ChaukasServerService"
REFLECTION = "grpc.reflection.v1.ServerReflection"
Status = health_pb2.HealthCheckResponse


class Store:
    """Serves or does not, and counts who asks."""

    def __init__(self) -> None:
        self.serves = True
        self.asked = 0

    async def is_serving(self) -> bool:
        self.asked += 1
        await asyncio.sleep(0)
        return self.serves


class Played:
    """A clock that a test moves on; whoever waits by it wakes then."""

    def __init__(self) -> None:
        self.time = 0.0
        self.moved = asyncio.Event()

    def clock(self) -> Clock:
        played = self

        class Moved(Clock):
            async def wait(self, event: asyncio.Event, until: float | None) -> None:
                while until is None or (played.time < until and not event.is_set()):
                    moved, stopped = asyncio.ensure_future(played.moved.wait()), asyncio.ensure_future(event.wait())
                    await asyncio.wait({moved, stopped}, return_when=asyncio.FIRST_COMPLETED)
                    moved.cancel()
                    stopped.cancel()

        return Moved(now=lambda: played.time)

    def move(self, seconds: float) -> None:
        self.time += seconds
        self.moved.set()
        self.moved = asyncio.Event()


@asynccontextmanager
async def serving(store: Store, clock: Clock | None = None) -> AsyncIterator[tuple[MessageServer, HealthService]]:
    services = [ChaukasClientServiceBase(), ChaukasServerServiceBase()]
    health = HealthService(store.is_serving, services, clock)
    server = MessageServer([*services, health, ReflectionService([*services, health])])
    await server.start("127.0.0.1", 0)
    try:
        yield server, health
    finally:
        health.stop()
        await server.stop(1)


def asked(work: Callable[[grpc.Channel], None]) -> None:
    """Let an official client do something in a thread."""

    async def main() -> None:
        async with serving(Store()) as (server, _):

            def official() -> None:
                with grpc.insecure_channel(f"127.0.0.1:{server.port}") as channel:
                    work(channel)

            await asyncio.to_thread(official)

    run(main())


def test_the_official_client_asks_for_health() -> None:
    def work(channel: grpc.Channel) -> None:
        stub = health_pb2_grpc.HealthStub(channel)
        for service in ("", CLIENT, SERVER):
            answer = stub.Check(health_pb2.HealthCheckRequest(service=service), timeout=HANG)
            assert answer.status == Status.SERVING
        answer = stub.List(health_pb2.HealthListRequest(), timeout=HANG)
        assert {name: each.status for name, each in answer.statuses.items()} == dict.fromkeys(
            ("", CLIENT, SERVER), Status.SERVING
        )
        with pytest.raises(grpc.RpcError) as caught:
            stub.Check(health_pb2.HealthCheckRequest(service="nobody.Knows"), timeout=HANG)
        assert caught.value.code() is grpc.StatusCode.NOT_FOUND

    asked(work)


def test_the_official_client_watches_health() -> None:
    async def main() -> None:
        store, played = Store(), Played()
        async with (
            serving(store, played.clock()) as (server, health),
            grpc.aio.insecure_channel(f"127.0.0.1:{server.port}") as channel,
        ):
            stub = health_pb2_grpc.HealthStub(channel)
            calls = [stub.Watch(health_pb2.HealthCheckRequest(service=name), timeout=HANG) for name in ("", CLIENT)]
            stranger = stub.Watch(health_pb2.HealthCheckRequest(service="nobody.Knows"), timeout=HANG)
            assert (await stranger.read()).status == Status.SERVICE_UNKNOWN
            assert [(await call.read()).status for call in calls] == [Status.SERVING] * 2
            assert store.asked == 1, "both share one answer"
            store.serves = False
            played.move(1)
            assert [(await call.read()).status for call in calls] == [Status.NOT_SERVING] * 2
            store.serves = True
            played.move(0.5)  # The last answer still holds.
            played.move(0.5)
            assert [(await call.read()).status for call in calls] == [Status.SERVING] * 2
            health.stop()
            assert [(await call.read()).status for call in calls] == [Status.NOT_SERVING] * 2
            assert [await call.read() for call in calls] == [grpc.aio.EOF] * 2
            assert await stranger.read() is grpc.aio.EOF
            answer = await stub.Check(health_pb2.HealthCheckRequest(), timeout=HANG)
            assert answer.status == Status.NOT_SERVING
            await server.stop(AGES)  # No call holds it up.

    run(main())


def test_the_official_client_reads_the_schema() -> None:
    def work(channel: grpc.Channel) -> None:
        database = ProtoReflectionDescriptorDatabase(channel)
        assert sorted(database.get_services()) == [CLIENT, SERVER, "grpc.health.v1.Health", REFLECTION]
        pool = DescriptorPool(database)
        service = pool.FindServiceByName(CLIENT)
        assert [method.name for method in service.methods][2:4] == ["IngestEvent", "IngestEventBatch"]
        event = GetMessageClass(pool.FindMessageTypeByName("chaukas.spec.common.v1.Event"))
        official = events_pb2.Event(event_id="e-1", tags=["a"], tool_call=events_pb2.ToolCall(name="t"))
        assert event.FromString(official.SerializeToString()).tool_call.name == "t"
        assert pool.FindServiceByName("grpc.health.v1.Health").methods[2].server_streaming
        with pytest.raises(KeyError):
            database.FindFileByName("nowhere.proto")
        with pytest.raises(KeyError):
            database.FindFileContainingSymbol("chaukas.spec.Nothing")

    asked(work)


def test_each_question_has_an_answer_in_its_turn() -> None:
    def work(channel: grpc.Channel) -> None:
        ask = reflection_pb2.ServerReflectionRequest
        extension = reflection_pb2.ExtensionRequest(containing_type="a.B", extension_number=7)
        questions = [
            ask(host="h", file_containing_symbol=f"{CLIENT}.IngestEvent"),
            ask(file_by_filename="google/protobuf/any.proto"),
            ask(file_containing_extension=extension),
            ask(all_extension_numbers_of_type="a.B"),
            ask(),
        ]
        stub = reflection_pb2_grpc.ServerReflectionStub(channel)
        answers = [*stub.ServerReflectionInfo(iter(questions), timeout=HANG)]
        assert [answer.original_request for answer in answers] == questions
        assert answers[0].valid_host == "h"
        files = [
            [
                descriptor_pb2.FileDescriptorProto.FromString(file)
                for file in answer.file_descriptor_response.file_descriptor_proto
            ]
            for answer in answers[:2]
        ]
        names = [file.name for file in files[0]]
        assert names[0] == "chaukas/spec/client/v1/client.proto"
        assert {path for file in files[0] for path in file.dependency} < set(names), "all that it needs comes along"
        assert [file.name for file in files[1]] == ["google/protobuf/any.proto"]
        errors = [answer.error_response for answer in answers[2:]]
        assert [(error.error_code, error.error_message) for error in errors] == [
            (grpc.StatusCode.NOT_FOUND.value[0], "extension 7 of a.B is not known here"),
            (grpc.StatusCode.NOT_FOUND.value[0], "an extension of a.B is not known here"),
            (grpc.StatusCode.INVALID_ARGUMENT.value[0], "the request asks nothing that is known here"),
        ]

    asked(work)


def test_version_1_answers_as_the_older_name_does() -> None:
    async def main() -> None:
        async with serving(Store()) as (server, _), Channel("127.0.0.1", server.port) as channel:
            stub: Any = ServerReflectionStub(channel)
            questions = [ServerReflectionRequest(list_services="")]
            (answer,) = [answer async for answer in stub.server_reflection_info(questions, timeout=HANG)]
            assert REFLECTION in [service.name for service in answer.list_services_response.service]

    run(main())
