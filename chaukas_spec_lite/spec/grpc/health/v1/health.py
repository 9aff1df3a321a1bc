# Generated from grpc/health/v1/health.proto by `python -m codegen`.
# Do not edit: change the proto file and run the command again.
# pyright: reportPrivateUsage=false, reportConstantRedefinition=false
"""gRPC's health checking protocol, by which load balancers and orchestrators ask servers whether to send them calls."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from typing_extensions import Never

from chaukas_spec_lite.message.arguments import mapped, member
from chaukas_spec_lite.message.message import Message, attach
from chaukas_spec_lite.wire.enums import Enum
from chaukas_spec_lite.wire.fields import field

from . import _health_codec


class HealthCheckResponseServingStatus(Enum):
    """Whether calls are taken."""

    UNKNOWN = 0
    """Nobody has said yet."""
    SERVING = 1
    """Calls are welcome."""
    NOT_SERVING = 2
    """Calls would fail; send them elsewhere."""
    SERVICE_UNKNOWN = 3
    """The server has no service of that name. Only `Watch` says this."""


@dataclass(init=False, eq=False, repr=False, slots=True)
class HealthCheckRequest(Message):
    """Request of `Check` and `Watch`."""

    service: str = field(1, "string")
    """Full name of the service that is meant, such as `chaukas.spec.client.v1.ChaukasClientService`; empty for the
    server
    as a whole.
    """

    _full_name = "grpc.health.v1.HealthCheckRequest"

    def __init__(
        self,
        service: str | None = "",
        **misspelt: Never,
    ) -> None:
        self.service = "" if service is None else service
        self._unknown_fields = b""
        if misspelt:
            self._refuse(misspelt)


@dataclass(init=False, eq=False, repr=False, slots=True)
class HealthCheckResponse(Message):
    """Answer of `Check` and `Watch`."""

    status: HealthCheckResponseServingStatus = field(1, "enum", of=lambda: HealthCheckResponseServingStatus)
    """The state of what was asked for."""

    _full_name = "grpc.health.v1.HealthCheckResponse"

    def __init__(
        self,
        status: HealthCheckResponseServingStatus | None = HealthCheckResponseServingStatus.UNKNOWN,
        **misspelt: Never,
    ) -> None:
        self.status = HealthCheckResponseServingStatus.UNKNOWN if status is None else status
        if status.__class__ is not HealthCheckResponseServingStatus and status is not None:
            self.status = member(self, "status", status, HealthCheckResponseServingStatus)
        self._unknown_fields = b""
        if misspelt:
            self._refuse(misspelt)


@dataclass(init=False, eq=False, repr=False, slots=True)
class HealthListRequest(Message):
    """Request of `List`; it is empty."""

    _full_name = "grpc.health.v1.HealthListRequest"

    def __init__(self, **misspelt: Never) -> None:
        self._unknown_fields = b""
        if misspelt:
            self._refuse(misspelt)


@dataclass(init=False, eq=False, repr=False, slots=True)
class HealthListResponse(Message):
    """Answer of `List`."""

    statuses: dict[str, HealthCheckResponse] = field(1, "message", of=lambda: HealthCheckResponse, key="string")
    """State of each service by its full name; that of the server as a whole has the empty name."""

    _full_name = "grpc.health.v1.HealthListResponse"

    def __init__(
        self,
        statuses: Mapping[str, HealthCheckResponse] | None = None,
        **misspelt: Never,
    ) -> None:
        self.statuses = (
            {} if statuses is None
            else statuses if isinstance(statuses, dict)
            else mapped(self, "statuses", statuses)
        )
        self._unknown_fields = b""
        if misspelt:
            self._refuse(misspelt)


# The module of codecs needs these classes, but cannot import them: this module imports it.
attach(
    _health_codec,
    HealthCheckRequest,
    HealthCheckResponse,
    HealthListRequest,
    HealthListResponse,
    HealthCheckResponseServingStatus,
)
