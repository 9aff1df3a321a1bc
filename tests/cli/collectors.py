"""Collectors that do not keep what they are sent as it is."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from grpclib.const import Status
from grpclib.exceptions import GRPCError

from chaukas_spec_lite import Event, QueryResponse
from chaukas_spec_lite.rpc.server.server import MessageServer
from chaukas_spec_lite.rpc.stubs.codec import Encoded
from chaukas_spec_lite.spec.client.v1.client import (
    IngestEventBatchRequest,
    IngestEventBatchResponse,
    QueryEventsRequest,
    QueryEventsResponse,
)
from chaukas_spec_lite.spec.client.v1.client_grpc import ChaukasClientServiceBase

Answer = Callable[[list[Event], str], QueryResponse | None]
"""Makes a page out of all events that were sent and the page token that was asked for."""


@dataclass
class Running:
    port: int


class Faulty(ChaukasClientServiceBase):
    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.events: list[Event] = []

    async def ingest_event_batch(self, request: IngestEventBatchRequest | Encoded) -> IngestEventBatchResponse:
        assert isinstance(request, IngestEventBatchRequest)
        assert request.event_batch is not None
        self.events += request.event_batch.events
        return IngestEventBatchResponse()

    async def query_events(self, request: QueryEventsRequest | Encoded) -> QueryEventsResponse:
        assert isinstance(request, QueryEventsRequest)
        assert request.query is not None
        return QueryEventsResponse(response=self.answer(self.events, request.query.page_token))


@asynccontextmanager
async def faulty(answer: Answer) -> AsyncIterator[Running]:
    server = MessageServer([Faulty(answer)])
    await server.start("127.0.0.1", 0)
    try:
        yield Running(server.port)
    finally:
        await server.stop(1)


def without_response(events: list[Event], token: str) -> None:
    """Answer a query with a message in which nothing is set."""


def refuse(events: list[Event], token: str) -> QueryResponse:
    raise GRPCError(Status.UNAVAILABLE, "gone \x1b[31mfishing")


@asynccontextmanager
async def absent() -> AsyncIterator[Running]:
    """Say that there is a collector on a port where there is none."""
    server = MessageServer([])
    await server.start("127.0.0.1", 0)
    port = server.port
    await server.stop(1)
    yield Running(port)
