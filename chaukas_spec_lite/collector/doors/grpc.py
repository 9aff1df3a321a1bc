"""The collector's gRPC door: both services of the schema, for whoever is let in.

It knows no store. What it adds to the collector's service is who calls, which status a refusal has, and what each
service's answers have room for.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any, ClassVar

from grpclib.const import Handler, Status
from grpclib.exceptions import GRPCError

from chaukas_spec_lite.collector.callers import Authenticate, anyone
from chaukas_spec_lite.collector.doors.grpc_health import HealthService
from chaukas_spec_lite.collector.doors.grpc_reflection import ReflectionService
from chaukas_spec_lite.collector.receipts import SCANNED, Shape
from chaukas_spec_lite.errors import (
    CollectorError,
    ForbiddenError,
    InvalidRequest,
    NotServingError,
    QueryTimeoutError,
    StoreError,
    ThrottledError,
    TooMuchError,
    UnauthenticatedError,
)
from chaukas_spec_lite.rpc.server.served import current_call
from chaukas_spec_lite.rpc.stubs.codec import Encoded
from chaukas_spec_lite.rpc.stubs.service import ServiceBase
from chaukas_spec_lite.rpc.transport.limits import CallLimits
from chaukas_spec_lite.rpc.transport.message_io import charge_to
from chaukas_spec_lite.spec.client.v1 import client
from chaukas_spec_lite.spec.client.v1.client_grpc import ChaukasClientServiceBase
from chaukas_spec_lite.spec.common.v1.events import EventType
from chaukas_spec_lite.spec.common.v1.query import QueryRequest
from chaukas_spec_lite.spec.server.v1 import server
from chaukas_spec_lite.spec.server.v1.server_grpc import ChaukasServerServiceBase
from chaukas_spec_lite.wire.enums import names_by_number
from chaukas_spec_lite.wire.envelopes import page_response

if TYPE_CHECKING:
    from grpclib.server import Stream

    from chaukas_spec_lite.collector.receipts import Receipt
    from chaukas_spec_lite.collector.service import CollectorService

REJECTED = "chaukas-rejected"
"""What goes along with the answer of ``ChaukasClientService``, which has no room for it: how many events of the batch
were not stored."""

UNNAMED = "chaukas-rejected-unnamed"
"""What goes along with the answer of ``ChaukasServerService``: how many of the rejected events it does not name, where
their ids are too many for one answer."""

_OPEN = {"healthz": "/Healthz", "get_capabilities": "/GetCapabilities"}
"""The methods that answer everybody: they tell nothing of what is stored."""
_OPEN_ROUTES = tuple(_OPEN.values())
_INGESTING = frozenset({"ingest_event", "ingest_event_batch"})
"""The methods whose requests are taken as bytes, so that events can be cut out of them and stored as they came."""

_STATUSES: dict[type[Exception], Status] = {
    InvalidRequest: Status.INVALID_ARGUMENT,
    TooMuchError: Status.RESOURCE_EXHAUSTED,
    ThrottledError: Status.RESOURCE_EXHAUSTED,
    UnauthenticatedError: Status.UNAUTHENTICATED,
    ForbiddenError: Status.PERMISSION_DENIED,
    NotServingError: Status.UNAVAILABLE,
    QueryTimeoutError: Status.DEADLINE_EXCEEDED,
    # Clients try again: the disk may be full or locked for a while, and the events are not at fault.
    StoreError: Status.UNAVAILABLE,
}
"""The status of each refusal, special ones before general ones."""


def services_of(
    service: CollectorService, authenticate: Authenticate = anyone, limits: CallLimits | None = None
) -> tuple[list[ServiceBase], HealthService]:
    """Make all that the door serves, and its health, which has to be stopped before the server is.

    Args:
        service: The collector's.
        authenticate: Tells who calls. Health and reflection answer everybody: what asks for them has no keys.
        limits: What calls may take (``CallLimits()`` by default); the server has to be given them, too.
    """
    limits = limits or CallLimits()
    entrance = Entrance(service, authenticate, limits)
    own: list[ServiceBase] = [ClientDoor(entrance), ServerDoor(entrance)]
    health = HealthService(service.is_serving, own, limits=limits)
    return [*own, health, ReflectionService([*own, health], limits)], health


class Entrance:
    """What both services of the schema have in common: requests come in, and answers are still in no message.

    Args:
        service: The collector's.
        authenticate: Tells who calls.
        limits: What calls may take.
    """

    def __init__(
        self, service: CollectorService, authenticate: Authenticate = anyone, limits: CallLimits | None = None
    ) -> None:
        self.service = service
        self._authenticate = authenticate
        self._limits = limits or CallLimits()

    async def ingest(self, request: bytes, shape: Shape) -> Receipt:
        """Store the events of an encoded request."""
        with _REFUSALS:
            return await self.service.ingest(request, shape, current_call().caller)

    async def query(self, request: QueryRequest | None) -> Encoded:
        """Find a page of events; return it as the response of either service, which are the same on the wire."""
        with _REFUSALS:
            page = await self.service.query(request or QueryRequest(), current_call().caller)
        if page.scanned:
            current_call().trailing[SCANNED] = str(page.scanned)
        return Encoded(page_response(page.events, page.next_page_token))

    async def stats(self, request: server.GetEventStatsRequest) -> server.GetEventStatsResponse:
        """Count events."""
        with _REFUSALS:
            stats = await self.service.stats(request, current_call().caller)
        return server.GetEventStatsResponse(
            total_events=stats.events,
            total_sessions=stats.sessions,
            events_by_type={_type_name(number): count for number, count in stats.by_type.items()},
            avg_session_duration_ms=stats.mean_session_ms,
        )

    def most(self, method: str) -> int | None:
        """The largest request of a method: only events are large."""
        if method in _INGESTING:
            return None
        return self._limits.open_bytes if method in _OPEN else self._limits.query_bytes

    def guard(self, mapping: dict[str, Handler]) -> dict[str, Handler]:
        """Have callers let in before anything of their requests is read: a stranger's large one is never held."""
        handlers: dict[str, Any] = {**mapping}  # pyright cannot see the types of what grpclib's `Handler` holds.
        return {
            route: handler
            if route.endswith(tuple(_OPEN.values()))
            else handler._replace(func=self._guarded(handler.func))
            for route, handler in handlers.items()
        }

    def _guarded(self, serve: Callable[[Stream[Any, Any]], Awaitable[None]]) -> Callable[..., Awaitable[None]]:
        async def guarded(stream: Stream[Any, Any]) -> None:
            call = current_call()
            authorization = call.metadata.get("authorization")
            with _REFUSALS:
                call.caller = await self._authenticate(
                    authorization if isinstance(authorization, str) else None, call.certificate_name, call.peer
                )
            if call.caller.name:
                charge_to(stream, call.caller.name)
            await serve(stream)

        return guarded


class ClientDoor(ChaukasClientServiceBase):
    """``ChaukasClientService``: its answers to ingestion are empty, and mean that everything was dealt with."""

    _undecoded: ClassVar[frozenset[str]] = _INGESTING

    def __init__(self, entrance: Entrance) -> None:
        self._entrance = entrance

    def __mapping__(self) -> dict[str, Handler]:
        """Tell grpclib which coroutine serves which route."""
        return self._entrance.guard(super().__mapping__())

    def _most(self, method: str) -> int | None:
        return self._entrance.most(method)

    async def healthz(self, request: client.HealthzRequest) -> client.HealthzResponse:
        """Say that the collector is up."""
        return client.HealthzResponse()

    async def get_capabilities(self, request: client.GetCapabilitiesRequest) -> client.GetCapabilitiesResponse:
        """Say what the collector can do."""
        return client.GetCapabilitiesResponse(capabilities=self._entrance.service.capabilities())

    async def ingest_event(self, request: client.IngestEventRequest | Encoded) -> client.IngestEventResponse:
        """Store an event. One that cannot be stored is kept as rejected, and refused with INVALID_ARGUMENT."""
        receipt = await self._entrance.ingest(bytes(request), Shape.EVENT)
        if receipt.rejected:
            raise GRPCError(Status.INVALID_ARGUMENT, receipt.rejected[0].reason)
        return client.IngestEventResponse()

    async def ingest_event_batch(
        self, request: client.IngestEventBatchRequest | Encoded
    ) -> client.IngestEventBatchResponse:
        """Store what can be stored of a batch; how many events cannot goes along with the answer."""
        receipt = await self._entrance.ingest(bytes(request), Shape.BATCH)
        if receipt.rejected_count:
            current_call().trailing[REJECTED] = str(receipt.rejected_count)
        return client.IngestEventBatchResponse()

    async def query_events(self, request: client.QueryEventsRequest) -> Encoded:
        """Find a page of events; see ``chaukas_spec_lite.collector.query`` for what the filter means."""
        return await self._entrance.query(request.query)


class ServerDoor(ChaukasServerServiceBase):
    """``ChaukasServerService``: its answers to ingestion tell what became of the events."""

    _undecoded: ClassVar[frozenset[str]] = _INGESTING

    def __init__(self, entrance: Entrance) -> None:
        self._entrance = entrance

    def __mapping__(self) -> dict[str, Handler]:
        """Tell grpclib which coroutine serves which route."""
        return self._entrance.guard(super().__mapping__())

    def _most(self, method: str) -> int | None:
        return self._entrance.most(method)

    async def healthz(self, request: server.HealthzRequest) -> server.HealthzResponse:
        """Say that the collector is up."""
        return server.HealthzResponse()

    async def get_capabilities(self, request: server.GetCapabilitiesRequest) -> server.GetCapabilitiesResponse:
        """Say what the collector can do."""
        return server.GetCapabilitiesResponse(capabilities=self._entrance.service.capabilities())

    async def ingest_event(self, request: server.IngestEventRequest | Encoded) -> server.IngestEventResponse:
        """Store an event; say ``accepted``, or ``rejected`` of one that is kept apart. Milliseconds since 1970."""
        receipt = await self._entrance.ingest(bytes(request), Shape.EVENT)
        rejected = receipt.rejected_count > 0
        event_id = receipt.rejected[0].event_id if rejected else receipt.event_ids[0]
        return server.IngestEventResponse(
            event_id=event_id, status="rejected" if rejected else "accepted", processed_at=time.time_ns() // 1_000_000
        )

    async def ingest_event_batch(
        self, request: server.IngestEventBatchRequest | Encoded
    ) -> server.IngestEventBatchResponse:
        """Store what can be stored of a batch, and name what cannot."""
        receipt = await self._entrance.ingest(bytes(request), Shape.BATCH)
        if unnamed := receipt.rejected_count - len(receipt.rejected):
            current_call().trailing[UNNAMED] = str(unnamed)
        return server.IngestEventBatchResponse(
            batch_id=receipt.batch_id,
            accepted_count=receipt.accepted,
            rejected_count=receipt.rejected_count,
            rejected_event_ids=[note.event_id for note in receipt.rejected],
        )

    async def query_events(self, request: server.QueryEventsRequest) -> Encoded:
        """Find a page of events; see ``chaukas_spec_lite.collector.query`` for what the filter means."""
        return await self._entrance.query(request.query)

    async def get_event_stats(self, request: server.GetEventStatsRequest) -> server.GetEventStatsResponse:
        """Count events and sessions."""
        return await self._entrance.stats(request)


class _Refusals(contextlib.AbstractContextManager[None]):
    """Gives what the service refuses, or cannot do now, its status."""

    # A class, because this is around every call twice: a generator costs four times as much.

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if isinstance(error, (CollectorError, StoreError)):
            raise _refusal(error) from error


_REFUSALS = _Refusals()


def _refusal(error: CollectorError | StoreError) -> GRPCError:
    status = next(status for kind, status in _STATUSES.items() if isinstance(error, kind))
    details = str(error)
    if isinstance(error, TooMuchError):
        # The words of gRPC's C++ implementation: clients know by them that no repetition will help.
        details = f"received message larger than max: {details}"
    elif isinstance(error, ThrottledError):
        current_call().retry_after = error.retry_after
    return GRPCError(status, details)


def _type_name(number: int) -> str:
    """The name of a type of events as the schema has it, or its number if it has none."""
    return names_by_number(EventType).get(number) or str(number)
