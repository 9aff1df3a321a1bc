"""What strangers may send and hold, and that one request, however it is made, does not stop others."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

import grpc
import pytest
from chaukas.spec.client.v1 import client_pb2
from grpclib.const import Status
from h2.events import ResponseReceived, TrailersReceived

from chaukas_spec_lite.client.client import ChaukasClient
from chaukas_spec_lite.collector import Collector
from chaukas_spec_lite.collector.callers import Caller
from chaukas_spec_lite.collector.doors.grpc import services_of
from chaukas_spec_lite.collector.searched_text import searched_text
from chaukas_spec_lite.collector.service import CollectorService
from chaukas_spec_lite.collector.settings import CollectorSettings
from chaukas_spec_lite.collector.stores.memory import MemoryStore
from chaukas_spec_lite.errors import UnauthenticatedError
from chaukas_spec_lite.rpc.client.endpoint import Tcp
from chaukas_spec_lite.rpc.server.server import MessageServer
from chaukas_spec_lite.rpc.transport.limits import CallLimits
from tests.patience import AGES, HANG, run, wait_until
from tests.rpc.test_server_exhaustion import Attacker, attackers
from tests.rpc.test_server_hostile import frame
from tests.strategies import delimited

CLIENT, SERVER = "/chaukas.spec.client.v1.ChaukasClientService/", "/chaukas.spec.server.v1.ChaukasServerService/"
REFLECTION = "grpc.reflection.{}.ServerReflection/ServerReflectionInfo"
OPEN = [
    *(f"{service}{method}" for service in (CLIENT, SERVER) for method in ("Healthz", "GetCapabilities")),
    *(f"/grpc.health.v1.Health/{method}" for method in ("Check", "List", "Watch")),
    *(f"/{REFLECTION.format(version)}" for version in ("v1", "v1alpha")),
]
PATIENT: dict[str, Any] = {"pace_interval": AGES, "message_timeout": AGES, "stream_idle": AGES}


def opened(work: Callable[[MessageServer, Callable[..., Attacker]], None], **limits: Any) -> None:
    """Attack the door of a collector that knows the keys ``a`` and ``b``, from a thread."""

    async def known(authorization: str | None, name: str | None, peer: str) -> Caller:
        if authorization not in ("a", "b"):
            raise UnauthenticatedError("there is no such key")
        return Caller(authorization)

    async def main() -> None:
        service = CollectorService(MemoryStore(texts=searched_text))
        calls = CallLimits(**{**PATIENT, **limits})
        services, health = services_of(service, known, calls)
        server = MessageServer(services, calls=calls)
        await service.open()
        await server.start("127.0.0.1", 0)

        def attacking() -> None:
            with attackers(server) as attacker:
                work(server, attacker)

        try:
            await asyncio.to_thread(attacking)
        finally:
            health.stop()
            await server.stop(0)
            await service.close()
        assert server.guard.requests.held == 0

    run(main())


@pytest.mark.parametrize("route", OPEN)
def test_methods_that_answer_everybody_take_small_requests_only(route: str) -> None:
    """The length that is announced is enough: strangers held 64 KiB in each call, for ever."""

    def work(server: MessageServer, attacker: Callable[..., Attacker]) -> None:
        stranger = attacker()
        status, details = stranger.ending_of(stranger.begin(frame(bytes(4097))[:1000], route=route))
        assert status == str(Status.RESOURCE_EXHAUSTED.value)
        assert details == "received message larger than max: the message has 4097 bytes, above the limit of 4096"

    opened(work)


@pytest.mark.parametrize("method", ["QueryEvents", "GetEventStats"])
def test_methods_that_store_nothing_take_no_large_requests(method: str) -> None:
    def work(server: MessageServer, attacker: Callable[..., Attacker]) -> None:
        caller = attacker()
        stream = caller.begin(frame(bytes(2 << 20))[:100], route=f"{SERVER}{method}", authorization="a")
        status, details = caller.ending_of(stream)
        assert status == str(Status.RESOURCE_EXHAUSTED.value)
        assert "above the limit of 1048576" in details

    opened(work)


def test_who_is_not_let_in_holds_nothing() -> None:
    """It is known by the headers, before anything of the request is read."""

    def work(server: MessageServer, attacker: Callable[..., Attacker]) -> None:
        for authorization in ("", "c"):
            stranger = attacker()
            stream = stranger.begin(
                frame(bytes(4 << 20))[:100_000], route=f"{CLIENT}IngestEventBatch", authorization=authorization
            )
            assert stranger.ending_of(stream)[0] == str(Status.UNAUTHENTICATED.value)
            wait_until(lambda: server.guard.requests.held == 0)

    opened(work)


def test_a_key_fills_no_more_than_its_share() -> None:
    def work(server: MessageServer, attacker: Callable[..., Attacker]) -> None:
        route, filling = f"{CLIENT}IngestEventBatch", attacker()
        streams = [filling.begin(frame(bytes(900_000))[:-1], route=route, authorization="a") for _ in range(3)]
        status, details = filling.ending_of(streams[-1])
        assert status == str(Status.RESOURCE_EXHAUSTED.value)
        assert details.endswith("and no more than 2000000 with one key: try again later")
        event = client_pb2.IngestEventBatchRequest()
        event.event_batch.events.add(event_id="e", agent_name="x" * 900_000)
        with grpc.insecure_channel(f"127.0.0.1:{server.port}") as channel:
            metadata = [("authorization", "b")]
            channel.unary_unary(route)(event.SerializeToString(), timeout=HANG, metadata=metadata)

    opened(work, requests_held_per_key=2_000_000)


@pytest.mark.parametrize("holder", ["watches", "watches_per_peer", "watches_per_connection"])
def test_calls_that_watch_the_health_are_bounded(holder: str) -> None:
    def work(server: MessageServer, attacker: Callable[..., Attacker]) -> None:
        route = "/grpc.health.v1.Health/Watch"
        watching = attacker()
        streams = [watching.begin(frame(b""), route=route) for _ in range(4)]
        status, details = watching.ending_of(streams[-1])
        assert status == str(Status.RESOURCE_EXHAUSTED.value)
        assert details.startswith("3 calls watch already")
        watching.h2.reset_stream(streams[0])
        watching.send()
        other = attacker("127.0.0.1" if holder == "watches_per_connection" else "127.0.0.2")
        check = other.begin(frame(b""), route="/grpc.health.v1.Health/Check", end=True)
        assert other.ending_of(check)[0] == "0", "one can always ask"
        wait_until(lambda: server.guard.calls.held == 2)
        stream = other.begin(frame(b""), route=route)
        other.listen_until(lambda: any(isinstance(event, ResponseReceived) for event in other.events_of(stream)))
        assert not any(isinstance(event, TrailersReceived) for event in other.events_of(stream)), "there is room again"

    opened(work, **{holder: 3})


@pytest.mark.parametrize("service", ["client", "server"])
@pytest.mark.parametrize("index_text", [False, True], ids=["plain", "texts indexed"])
def test_an_event_of_members_of_a_oneof_in_turn_holds_nobody_up(service: str, index_text: bool) -> None:
    """4 MB of it took ten seconds of a core, in the thread that serves all others."""
    turn = delimited(30, b"") + delimited(36, b"")
    request = delimited(1, delimited(1, b"e") + turn * (4_000_000 // len(turn)))
    route = f"/chaukas.spec.{service}.v1.Chaukas{service.title()}Service/IngestEvent"

    async def main() -> None:
        settings = CollectorSettings(grpc=Tcp("127.0.0.1", 0), http=None, index_text=index_text)
        async with Collector.from_settings(settings) as collector:

            def ingest() -> None:
                with grpc.insecure_channel(f"127.0.0.1:{collector.port}") as channel:
                    channel.unary_unary(route)(request, timeout=HANG)

            async with ChaukasClient(f"127.0.0.1:{collector.port}", environ={}) as client:
                before, answered = time.process_time(), 0
                ingesting = asyncio.create_task(asyncio.to_thread(ingest))
                while not ingesting.done():
                    await client.healthz()
                    answered += 1
                    await asyncio.sleep(0.02)
                await ingesting
                assert answered >= 5
                assert time.process_time() - before < 5
                assert [event.event_id async for event in client.query_events()] == ["e"]

    run(main())
