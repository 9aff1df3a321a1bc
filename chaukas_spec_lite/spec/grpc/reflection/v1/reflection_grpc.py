# Generated from grpc/reflection/v1/reflection.proto by `python -m codegen`.
# Do not edit: change the proto file and run the command again.
"""Stubs and base classes of the services in grpc/reflection/v1/reflection.proto."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator

from grpclib.const import Cardinality
from grpclib.metadata import Deadline

from chaukas_spec_lite.rpc.stubs.calls import MetadataLike, Requests
from chaukas_spec_lite.rpc.stubs.codec import Encoded
from chaukas_spec_lite.rpc.stubs.service import Method, ServiceBase, ServiceStub

from .reflection import ServerReflectionRequest, ServerReflectionResponse

_ServerReflection_ServerReflectionInfo = Method(
    "server_reflection_info",
    "ServerReflectionInfo",
    "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
    Cardinality.STREAM_STREAM,
    ServerReflectionRequest,
    ServerReflectionResponse,
)


class ServerReflectionStub(ServiceStub):
    """Gives away the schema of a server."""

    _methods = (_ServerReflection_ServerReflectionInfo,)

    def server_reflection_info(
        self,
        requests: Requests[ServerReflectionRequest],
        *,
        timeout: float | None = None,
        deadline: Deadline | None = None,
        metadata: MetadataLike | None = None,
    ) -> AsyncGenerator[ServerReflectionResponse, None]:
        """Answers questions in the order in which they come, each with one message."""
        return self._stream_stream(_ServerReflection_ServerReflectionInfo, requests, timeout, deadline, metadata)

    ServerReflectionInfo = server_reflection_info


class ServerReflectionBase(ServiceBase):
    """Gives away the schema of a server.

    Implement its methods in a subclass; those that are left out answer `UNIMPLEMENTED`.
    """

    _methods = (_ServerReflection_ServerReflectionInfo,)

    def server_reflection_info(
        self,
        requests: AsyncIterator[ServerReflectionRequest],
    ) -> AsyncIterator[ServerReflectionResponse | Encoded]:
        """Answers questions in the order in which they come, each with one message."""
        raise _ServerReflection_ServerReflectionInfo.unimplemented()

    ServerReflectionInfo = server_reflection_info
