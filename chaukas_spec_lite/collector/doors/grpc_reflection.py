"""gRPC's server reflection: tools such as grpcurl learn here what the collector can be asked."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection

from grpclib.const import Handler, Status

from chaukas_spec_lite.rpc.stubs.service import ServiceBase, full_names
from chaukas_spec_lite.rpc.transport.limits import CallLimits
from chaukas_spec_lite.spec.grpc.reflection.v1.reflection import (
    ErrorResponse,
    FileDescriptorResponse,
    ListServiceResponse,
    ServerReflectionRequest,
    ServerReflectionResponse,
    ServiceResponse,
)
from chaukas_spec_lite.spec.grpc.reflection.v1.reflection_grpc import ServerReflectionBase

_OWN_NAME = "grpc.reflection.v1.ServerReflection"


class _NotFound(Exception):
    """What is asked for is not here."""


class ReflectionService(ServerReflectionBase):
    """Gives away the schema of services: their proto files, and all that these import.

    It answers by the names of version 1 and of ``v1alpha``, which is the same, and the only one that some clients know,
    the official one for Python among them.

    Args:
        services: The services that are listed, besides this one.
        limits: What calls may take.
    """

    def __init__(self, services: Collection[ServiceBase], limits: CallLimits | None = None) -> None:
        self._limits = limits or CallLimits()
        self._names = sorted({*full_names(services), _OWN_NAME})

    def __mapping__(self) -> dict[str, Handler]:
        """Tell grpclib which coroutine serves which route."""
        mapping = super().__mapping__()
        return {**mapping, **{route.replace(".v1.", ".v1alpha."): handler for route, handler in mapping.items()}}

    def _most(self, method: str) -> int | None:
        return self._limits.open_bytes

    async def server_reflection_info(
        self, requests: AsyncIterator[ServerReflectionRequest]
    ) -> AsyncIterator[ServerReflectionResponse]:
        """Answer questions, each with one message."""
        async for request in requests:
            response = ServerReflectionResponse(valid_host=request.host, original_request=request)
            try:
                self._answer(request, response)
            except _NotFound as error:
                response.error_response = ErrorResponse(
                    error_code=Status.NOT_FOUND.value, error_message=f"{error} is not known here"
                )
            yield response

    def _answer(self, request: ServerReflectionRequest, response: ServerReflectionResponse) -> None:
        if request.list_services is not None:
            services = [ServiceResponse(name=name) for name in self._names]
            response.list_services_response = ListServiceResponse(service=services)
        elif (path := request.file_by_filename) is not None:
            response.file_descriptor_response = _with_imports(path, path)
        elif (symbol := request.file_containing_symbol) is not None:
            from chaukas_spec_lite.spec._descriptors import SYMBOLS

            response.file_descriptor_response = _with_imports(SYMBOLS.get(symbol, ""), symbol)
        elif (extension := request.file_containing_extension) is not None:
            raise _NotFound(f"extension {extension.extension_number} of {extension.containing_type}")
        elif (extended := request.all_extension_numbers_of_type) is not None:
            raise _NotFound(f"an extension of {extended}")
        else:
            response.error_response = ErrorResponse(
                error_code=Status.INVALID_ARGUMENT.value, error_message="the request asks nothing that is known here"
            )


def _with_imports(path: str, asked: str) -> FileDescriptorResponse:
    """A file, and all that it imports, directly or not."""
    # Here, so that a collector that nobody asks for its schema does not hold it.
    from chaukas_spec_lite.spec._descriptors import FILES, IMPORTS

    if path not in FILES:
        raise _NotFound(asked)
    paths = [path]
    for each in paths:  # It grows meanwhile.
        paths += [imported for imported in IMPORTS[each] if imported not in paths]
    return FileDescriptorResponse(file_descriptor_proto=[FILES[each] for each in paths])
