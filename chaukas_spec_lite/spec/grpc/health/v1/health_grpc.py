# Generated from grpc/health/v1/health.proto by `python -m codegen`.
# Do not edit: change the proto file and run the command again.
"""Stubs and base classes of the services in grpc/health/v1/health.proto."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator

from grpclib.const import Cardinality
from grpclib.metadata import Deadline

from chaukas_spec_lite.rpc.stubs.calls import MetadataLike
from chaukas_spec_lite.rpc.stubs.codec import Encoded
from chaukas_spec_lite.rpc.stubs.service import Method, ServiceBase, ServiceStub

from .health import HealthCheckRequest, HealthCheckResponse, HealthListRequest, HealthListResponse

_Health_Check = Method(
    "check",
    "Check",
    "/grpc.health.v1.Health/Check",
    Cardinality.UNARY_UNARY,
    HealthCheckRequest,
    HealthCheckResponse,
)
_Health_List = Method(
    "list",
    "List",
    "/grpc.health.v1.Health/List",
    Cardinality.UNARY_UNARY,
    HealthListRequest,
    HealthListResponse,
)
_Health_Watch = Method(
    "watch",
    "Watch",
    "/grpc.health.v1.Health/Watch",
    Cardinality.UNARY_STREAM,
    HealthCheckRequest,
    HealthCheckResponse,
)


class HealthStub(ServiceStub):
    """Tells whether a server, or one of its services, takes calls."""

    _methods = (_Health_Check, _Health_List, _Health_Watch)

    async def check(
        self,
        request: HealthCheckRequest | Encoded,
        *,
        timeout: float | None = None,
        deadline: Deadline | None = None,
        metadata: MetadataLike | None = None,
    ) -> HealthCheckResponse:
        """Asks for the state at this moment. A service that the server does not know ends the call with NOT_FOUND."""
        return await self._unary_unary(_Health_Check, request, timeout, deadline, metadata)

    Check = check

    async def list(
        self,
        request: HealthListRequest | Encoded,
        *,
        timeout: float | None = None,
        deadline: Deadline | None = None,
        metadata: MetadataLike | None = None,
    ) -> HealthListResponse:
        """Asks for the states of all services at this moment."""
        return await self._unary_unary(_Health_List, request, timeout, deadline, metadata)

    List = list

    def watch(
        self,
        request: HealthCheckRequest | Encoded,
        *,
        timeout: float | None = None,
        deadline: Deadline | None = None,
        metadata: MetadataLike | None = None,
    ) -> AsyncGenerator[HealthCheckResponse, None]:
        """Asks for the state now, and again whenever it changes. A service that the server does not know has the state
        SERVICE_UNKNOWN, and the call goes on.
        """
        return self._unary_stream(_Health_Watch, request, timeout, deadline, metadata)

    Watch = watch


class HealthBase(ServiceBase):
    """Tells whether a server, or one of its services, takes calls.

    Implement its methods in a subclass; those that are left out answer `UNIMPLEMENTED`.
    """

    _methods = (_Health_Check, _Health_List, _Health_Watch)

    async def check(self, request: HealthCheckRequest) -> HealthCheckResponse | Encoded:
        """Asks for the state at this moment. A service that the server does not know ends the call with NOT_FOUND."""
        raise _Health_Check.unimplemented()

    Check = check

    async def list(self, request: HealthListRequest) -> HealthListResponse | Encoded:
        """Asks for the states of all services at this moment."""
        raise _Health_List.unimplemented()

    List = list

    def watch(self, request: HealthCheckRequest) -> AsyncIterator[HealthCheckResponse | Encoded]:
        """Asks for the state now, and again whenever it changes. A service that the server does not know has the state
        SERVICE_UNKNOWN, and the call goes on.
        """
        raise _Health_Watch.unimplemented()

    Watch = watch
