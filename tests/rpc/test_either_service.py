"""``ChaukasClient`` speaks to servers that have either of the schema's services, and takes what they tell of events."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import grpc
import pytest
from chaukas.spec.common.v1 import events_pb2, query_pb2
from chaukas.spec.server.v1 import server_pb2

from chaukas_spec_lite import Event
from chaukas_spec_lite.client.client import ChaukasClient
from chaukas_spec_lite.errors import RpcError, StatusCode, StatusError
from chaukas_spec_lite.retry import NEVER
from tests.patience import AGES, run

CLIENT, SERVER = "chaukas.spec.client.v1.ChaukasClientService", "chaukas.spec.server.v1.ChaukasServerService"
PATIENT: dict[str, Any] = {"retry": NEVER, "timeout": AGES, "attempt_timeout": AGES, "environ": {}}


class Platform(grpc.GenericRpcHandler):  # type: ignore[misc]  # grpcio has no types
    """Has the services that it is told to have, and keeps what it is asked."""

    def __init__(self, *services: str) -> None:
        self.services = services
        self.asked: list[str] = []
        self.refuses: Callable[[Any], None] = lambda context: None
        self.rejected: list[str] = []
        self.event_status = "accepted"

    def service(self, details: Any) -> Any:
        _, service, method = details.method.split("/")
        self.asked.append(f"{service.rpartition('.')[2]}.{method}")
        if service not in self.services:
            return None

        def answer(request: bytes, context: Any) -> bytes:
            self.refuses(context)
            if service == CLIENT:
                if method == "IngestEventBatch" and self.rejected:
                    context.set_trailing_metadata([("chaukas-rejected", str(len(self.rejected)))])
                return b""
            return self.of_server(method, request).SerializeToString()

        return grpc.unary_unary_rpc_method_handler(answer)

    def of_server(self, method: str, request: bytes) -> Any:
        if method == "GetCapabilities":
            return server_pb2.GetCapabilitiesResponse(capabilities=query_pb2.Capabilities(policy_decisions=True))
        if method == "IngestEvent":
            event = server_pb2.IngestEventRequest.FromString(request).event
            return server_pb2.IngestEventResponse(event_id=event.event_id, status=self.event_status)
        if method == "IngestEventBatch":
            events = server_pb2.IngestEventBatchRequest.FromString(request).event_batch.events
            count = len(events) - len(self.rejected)
            return server_pb2.IngestEventBatchResponse(
                accepted_count=count, rejected_count=len(self.rejected), rejected_event_ids=self.rejected
            )
        if method == "GetEventStats":
            return server_pb2.GetEventStatsResponse(total_events=3)
        page = query_pb2.QueryResponse(events=[events_pb2.Event(event_id="found")])
        return (
            server_pb2.QueryEventsResponse(response=page) if method == "QueryEvents" else server_pb2.HealthzResponse()
        )


@contextmanager
def serving(platform: Platform) -> Iterator[int]:
    server = grpc.server(ThreadPoolExecutor(4))
    server.add_generic_rpc_handlers([platform])
    port: int = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield port
    finally:
        server.stop(None).wait()


async def every_call(client: ChaukasClient) -> list[str]:
    await client.healthz()
    assert (await client.get_capabilities()).policy_decisions
    await client.ingest_event(Event(event_id="a"))
    await client.ingest_events([Event(event_id="b"), Event(event_id="c")])
    await client.send([bytes(Event(event_id="d"))])
    return [event.event_id async for event in client.query_events()]


def test_a_server_without_the_client_s_service_is_asked_once_for_it() -> None:
    platform = Platform(SERVER)

    async def main() -> None:
        with serving(platform) as port:
            async with ChaukasClient(f"127.0.0.1:{port}", **PATIENT) as client:
                assert await every_call(client) == ["found"]

    run(main())
    methods = ["Healthz", "GetCapabilities", "IngestEvent", "IngestEventBatch", "IngestEventBatch", "QueryEvents"]
    expected = ["ChaukasClientService.Healthz", *(f"ChaukasServerService.{method}" for method in methods)]
    assert platform.asked == expected


def test_a_server_with_both_is_asked_by_the_client_s() -> None:
    platform = Platform(CLIENT, SERVER)

    async def main() -> None:
        with serving(platform) as port:
            async with ChaukasClient(f"127.0.0.1:{port}", **PATIENT) as client:
                await client.healthz()
                await client.ingest_event(Event(event_id="a"))

    run(main())
    assert platform.asked == ["ChaukasClientService.Healthz", "ChaukasClientService.IngestEvent"]


def test_statistics_are_the_server_s_service_s_and_no_other_is_asked() -> None:
    platform = Platform(CLIENT)

    async def main() -> None:
        with serving(platform) as port:
            async with ChaukasClient(f"127.0.0.1:{port}", **PATIENT) as client:
                with pytest.raises(RpcError) as caught:
                    await client.get_event_stats()
                assert (caught.value.status, caught.value.rpc) == (StatusCode.UNIMPLEMENTED, "GetEventStats")
                await client.ingest_event(Event(event_id="a"))
                platform.services = (CLIENT, SERVER)
                assert (await client.get_event_stats()).total_events == 3

    run(main())
    stats = "ChaukasServerService.GetEventStats"
    assert platform.asked == [stats, "ChaukasClientService.IngestEvent", stats]


def test_with_neither_the_error_is_that_of_the_client_s() -> None:
    async def main() -> None:
        with serving(Platform()) as port:
            async with ChaukasClient(f"127.0.0.1:{port}", **PATIENT) as client:
                for _ in range(2):
                    with pytest.raises(RpcError) as caught:
                        await client.ingest_event(Event(event_id="a"))
                    assert caught.value.status is StatusCode.UNIMPLEMENTED
                    assert caught.value.rpc == "IngestEvent"
                    assert caught.value.__cause__ is None

    run(main())


def test_another_refusal_says_that_the_service_is_there() -> None:
    platform = Platform(SERVER)
    platform.refuses = lambda context: context.abort(grpc.StatusCode.PERMISSION_DENIED, "no")

    async def main() -> None:
        with serving(platform) as port:
            async with ChaukasClient(f"127.0.0.1:{port}", **PATIENT) as client:
                for _ in range(2):
                    with pytest.raises(RpcError, match="PERMISSION_DENIED"):
                        await client.healthz()

    run(main())
    assert platform.asked == ["ChaukasClientService.Healthz", *["ChaukasServerService.Healthz"] * 2]


def test_a_server_that_changes_its_service_is_followed() -> None:
    platform = Platform(SERVER)

    async def main() -> None:
        with serving(platform) as port:
            async with ChaukasClient(f"127.0.0.1:{port}", **PATIENT) as client:
                await client.healthz()
                platform.services = (CLIENT,)
                await client.healthz()
                await client.healthz()

    run(main())
    services = [asked.partition(".")[0].removeprefix("Chaukas").removesuffix("Service") for asked in platform.asked]
    assert services == ["Client", "Server", "Server", "Client", "Client"]


@pytest.mark.parametrize("service", [CLIENT, SERVER])
def test_events_that_were_rejected_are_told(service: str, caplog: pytest.LogCaptureFixture) -> None:
    platform = Platform(service)
    platform.rejected = [f"e-{number}" for number in range(12)]

    async def main() -> None:
        with serving(platform) as port, caplog.at_level(logging.WARNING, "chaukas_spec_lite.client"):
            async with ChaukasClient(f"127.0.0.1:{port}", **PATIENT) as client:
                for _ in range(3):
                    await client.ingest_events([Event(event_id=f"e-{number}") for number in range(20)])

    run(main())
    (line,) = [record.getMessage() for record in caplog.records if record.name == "chaukas_spec_lite.client"]
    assert line.startswith("the server has stored all but 12 of the 20 events of a batch: it rejected the others")
    named = ", ".join(f"'e-{number}'" for number in range(10))
    assert line.endswith(f"({named}, ...)") is (service == SERVER)
    # Only our collector tells it behind an answer of the client's service.
    assert line.endswith("; where it runs, chaukas-lite store rejected says why") is (service == CLIENT)


def test_a_single_event_that_was_rejected_is_an_error() -> None:
    platform = Platform(SERVER)
    platform.event_status = "REJECTED"

    async def main() -> None:
        with serving(platform) as port:
            async with ChaukasClient(f"127.0.0.1:{port}", **PATIENT) as client:
                with pytest.raises(StatusError, match="the server has rejected the event 'a'") as caught:
                    await client.ingest_event(Event(event_id="a"))
                assert caught.value.status is StatusCode.INVALID_ARGUMENT
                assert not caught.value.retryable

    run(main())
