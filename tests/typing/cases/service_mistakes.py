"""What type checkers tell those who call or implement a service wrongly."""

from grpclib.client import Channel

from chaukas_spec_lite import Event
from chaukas_spec_lite.spec.client.v1.client import HealthzRequest, HealthzResponse, IngestEventRequest
from chaukas_spec_lite.spec.client.v1.client_grpc import ChaukasClientServiceBase, ChaukasClientServiceStub


class Service(ChaukasClientServiceBase):
    async def ingest_event(self, request: IngestEventRequest) -> HealthzResponse:  # error: another method's answer
        return HealthzResponse()

    async def healthz(self, request: Event) -> HealthzResponse:  # error: not what the method takes
        return HealthzResponse()


async def call(channel: Channel) -> None:
    stub = ChaukasClientServiceStub(channel)
    await stub.ingest_event(Event())  # error: the event without the request around it
    await stub.healthz(HealthzRequest(), 5)  # error: options are named
    await stub.ingest(IngestEventRequest())  # error: no such method
    await stub.healthz(b"")  # error: bytes have to be marked as encoded
