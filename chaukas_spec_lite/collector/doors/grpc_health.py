"""gRPC's health protocol: whether the collector takes calls, told once or again whenever it changes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection

from grpclib.const import Status
from grpclib.exceptions import GRPCError

from chaukas_spec_lite.clock import Clock
from chaukas_spec_lite.rpc.server.served import CURRENT
from chaukas_spec_lite.rpc.stubs.service import ServiceBase, full_names
from chaukas_spec_lite.rpc.transport.limits import CallLimits
from chaukas_spec_lite.rpc.transport.load import Load
from chaukas_spec_lite.spec.grpc.health.v1.health import (
    HealthCheckRequest,
    HealthCheckResponse,
    HealthCheckResponseServingStatus,
    HealthListRequest,
    HealthListResponse,
)
from chaukas_spec_lite.spec.grpc.health.v1.health_grpc import HealthBase

_LOOK_EVERY = 1.0
"""How long, in seconds, an answer holds before the collector is asked again, and a change stays unseen at most."""


class HealthService(HealthBase):
    """Tells whether the collector takes calls. Its services do so together, since they stand on one store.

    Args:
        is_serving: Tells whether calls can succeed now. It is asked once a second at most, however many ask here.
        services: The services that are known by name, besides the empty name, which means the collector as a whole.
        clock: Tells the time; for tests.
        limits: What calls may take.
    """

    def __init__(
        self,
        is_serving: Callable[[], Awaitable[bool]],
        services: Collection[ServiceBase],
        clock: Clock | None = None,
        limits: CallLimits | None = None,
    ) -> None:
        self._is_serving = is_serving
        self._names = frozenset(["", *full_names(services)])
        self._clock = clock or Clock()
        self._limits = limits or CallLimits()
        self._watches = Load(
            {
                "all": self._limits.watches,
                "peer": self._limits.watches_per_peer,
                "connection": self._limits.watches_per_connection,
            }
        )
        self._stopped = asyncio.Event()
        self._asking = asyncio.Lock()
        self._answer: HealthCheckResponseServingStatus | None = None
        self._asked = 0.0

    def stop(self) -> None:
        """Say NOT_SERVING from now on, and end the calls that watch: the server waits for calls when it stops."""
        self._stopped.set()

    async def check(self, request: HealthCheckRequest) -> HealthCheckResponse:
        """Tell the state now."""
        if request.service not in self._names:
            raise GRPCError(Status.NOT_FOUND, f"there is no service {request.service!r} here")
        return HealthCheckResponse(status=await self._status())

    async def list(self, request: HealthListRequest) -> HealthListResponse:
        """Tell the states of all services now."""
        status = await self._status()
        return HealthListResponse(statuses={name: HealthCheckResponse(status=status) for name in self._names})

    async def watch(self, request: HealthCheckRequest) -> AsyncIterator[HealthCheckResponse]:
        """Tell the state now, and again whenever it changes, until the collector stops."""
        call = CURRENT.get(None)  # None if nobody calls from outside.
        watchers = () if call is None else call.whereabouts
        if (lacking := self._watches.lacking(1, watchers)) is not None:
            most = self._watches.limit(lacking)
            raise GRPCError(Status.RESOURCE_EXHAUSTED, f"{most} calls watch already: ask with Check, or watch with one")
        self._watches.take(1, watchers)
        try:
            async for response in self._changes(request):
                yield response
        finally:
            self._watches.give(1, watchers)

    def _most(self, method: str) -> int | None:
        return self._limits.open_bytes

    async def _changes(self, request: HealthCheckRequest) -> AsyncIterator[HealthCheckResponse]:
        known = request.service in self._names
        told = None
        while True:
            status = await self._status() if known else HealthCheckResponseServingStatus.SERVICE_UNKNOWN
            if status is not told:
                yield HealthCheckResponse(status=status)
                told = status
            elif self._stopped.is_set():
                return
            await self._clock.wait(self._stopped, self._clock.now() + _LOOK_EVERY)

    async def _status(self) -> HealthCheckResponseServingStatus:
        if self._stopped.is_set():
            return HealthCheckResponseServingStatus.NOT_SERVING
        async with self._asking:  # Those who come meanwhile share the answer.
            if self._answer is None or self._clock.now() - self._asked >= _LOOK_EVERY:
                serving = await self._is_serving()
                self._answer = (
                    HealthCheckResponseServingStatus.SERVING
                    if serving
                    else HealthCheckResponseServingStatus.NOT_SERVING
                )
                self._asked = self._clock.now()
            return self._answer
