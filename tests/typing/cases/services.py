"""Stubs and services as users write them."""

from collections.abc import Awaitable, Callable

from grpclib.client import Channel
from grpclib.server import Server
from typing_extensions import assert_type

from chaukas_spec_lite import Event
from chaukas_spec_lite.rpc.stubs.codec import Encoded, MessageCodec
from chaukas_spec_lite.spec.client.v1.client import (
    HealthzRequest,
    HealthzResponse,
    IngestEventRequest,
    IngestEventResponse,
    QueryEventsRequest,
    QueryEventsResponse,
)
from chaukas_spec_lite.spec.client.v1.client_grpc import ChaukasClientServiceBase, ChaukasClientServiceStub


class Service(ChaukasClientServiceBase):
    async def healthz(self, request: HealthzRequest) -> HealthzResponse:
        return HealthzResponse()

    async def IngestEvent(self, request: IngestEventRequest) -> IngestEventResponse:
        return IngestEventResponse()

    async def query_events(self, request: QueryEventsRequest) -> QueryEventsResponse | Encoded:
        return Encoded(b"")


async def call(channel: Channel) -> None:
    stub = ChaukasClientServiceStub(channel, timeout=5, metadata={"authorization": "Bearer x"})
    request = IngestEventRequest(event=Event(event_id="e1"))
    assert_type(await stub.ingest_event(request), IngestEventResponse)
    assert_type(
        await stub.IngestEvent(request, timeout=1, metadata=[("a", "b"), ("raw-bin", b"\x00")]), IngestEventResponse
    )
    assert_type(await stub.query_events(Encoded(b"")), QueryEventsResponse)


def serve() -> Server:
    return Server([Service()], codec=MessageCodec())


handler: Callable[[HealthzRequest], Awaitable[HealthzResponse]] = Service().healthz
