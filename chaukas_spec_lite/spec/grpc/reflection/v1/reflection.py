# Generated from grpc/reflection/v1/reflection.proto by `python -m codegen`.
# Do not edit: change the proto file and run the command again.
# pyright: reportPrivateUsage=false, reportConstantRedefinition=false
"""gRPC's server reflection protocol, by which tools such as grpcurl learn at run time what a server can be asked."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from typing_extensions import Never

from chaukas_spec_lite.message.arguments import listed
from chaukas_spec_lite.message.message import Message, attach
from chaukas_spec_lite.wire.fields import field

from . import _reflection_codec


@dataclass(init=False, eq=False, repr=False, slots=True)
class ServerReflectionRequest(Message):
    """One question.

    At most one of `file_by_filename`, `file_containing_symbol`, `file_containing_extension`,
    `all_extension_numbers_of_type`, `list_services` (`message_request`). What is asked.
    """

    host: str = field(1, "string")
    """Virtual host that is meant, if the server has several."""
    file_by_filename: str | None = field(3, "string", group="message_request")
    """A proto file by its path, such as `chaukas/spec/common/v1/events.proto`."""
    file_containing_symbol: str | None = field(4, "string", group="message_request")
    """The proto file that declares this service, method or type, by its full name without a leading dot."""
    file_containing_extension: ExtensionRequest | None = field(
        5,
        "message",
        of=lambda: ExtensionRequest,
        group="message_request",
    )
    """The proto file that declares an extension of a proto2 message."""
    all_extension_numbers_of_type: str | None = field(6, "string", group="message_request")
    """The numbers of all known extensions of the proto2 message with this full name."""
    list_services: str | None = field(7, "string", group="message_request")
    """All services; what the text says does not matter."""

    _full_name = "grpc.reflection.v1.ServerReflectionRequest"

    def __init__(
        self,
        host: str | None = "",
        file_by_filename: str | None = None,
        file_containing_symbol: str | None = None,
        file_containing_extension: ExtensionRequest | None = None,
        all_extension_numbers_of_type: str | None = None,
        list_services: str | None = None,
        **misspelt: Never,
    ) -> None:
        self.host = "" if host is None else host
        self.file_by_filename = file_by_filename
        self.file_containing_symbol = file_containing_symbol
        self.file_containing_extension = file_containing_extension
        self.all_extension_numbers_of_type = all_extension_numbers_of_type
        self.list_services = list_services
        self._unknown_fields = b""
        if misspelt:
            self._refuse(misspelt)
        set_message_request = file_by_filename is not None
        if file_containing_symbol is not None:
            if set_message_request:
                self._refuse_two("message_request")
            set_message_request = True
        if file_containing_extension is not None:
            if set_message_request:
                self._refuse_two("message_request")
            set_message_request = True
        if all_extension_numbers_of_type is not None:
            if set_message_request:
                self._refuse_two("message_request")
            set_message_request = True
        if list_services is not None:
            if set_message_request:
                self._refuse_two("message_request")


@dataclass(init=False, eq=False, repr=False, slots=True)
class ExtensionRequest(Message):
    """Names an extension."""

    containing_type: str = field(1, "string")
    """Full name of the message that is extended, without a leading dot."""
    extension_number: int = field(2, "int32")
    """Number of the extension's field."""

    _full_name = "grpc.reflection.v1.ExtensionRequest"

    def __init__(
        self,
        containing_type: str | None = "",
        extension_number: int | None = 0,
        **misspelt: Never,
    ) -> None:
        self.containing_type = "" if containing_type is None else containing_type
        self.extension_number = 0 if extension_number is None else extension_number
        self._unknown_fields = b""
        if misspelt:
            self._refuse(misspelt)


@dataclass(init=False, eq=False, repr=False, slots=True)
class ServerReflectionResponse(Message):
    """The answer to one question.

    At most one of `file_descriptor_response`, `all_extension_numbers_response`, `list_services_response`,
    `error_response` (`message_response`). The answer, or why there is none.
    """

    valid_host: str = field(1, "string")
    """Virtual host for which it holds."""
    original_request: ServerReflectionRequest | None = field(2, "message", of=lambda: ServerReflectionRequest)
    """The question as it came."""
    file_descriptor_response: FileDescriptorResponse | None = field(
        4,
        "message",
        of=lambda: FileDescriptorResponse,
        group="message_response",
    )
    """To questions for proto files."""
    all_extension_numbers_response: ExtensionNumberResponse | None = field(
        5,
        "message",
        of=lambda: ExtensionNumberResponse,
        group="message_response",
    )
    """To `all_extension_numbers_of_type`."""
    list_services_response: ListServiceResponse | None = field(
        6,
        "message",
        of=lambda: ListServiceResponse,
        group="message_response",
    )
    """To `list_services`."""
    error_response: ErrorResponse | None = field(7, "message", of=lambda: ErrorResponse, group="message_response")
    """What went wrong."""

    _full_name = "grpc.reflection.v1.ServerReflectionResponse"

    def __init__(
        self,
        valid_host: str | None = "",
        original_request: ServerReflectionRequest | None = None,
        file_descriptor_response: FileDescriptorResponse | None = None,
        all_extension_numbers_response: ExtensionNumberResponse | None = None,
        list_services_response: ListServiceResponse | None = None,
        error_response: ErrorResponse | None = None,
        **misspelt: Never,
    ) -> None:
        self.valid_host = "" if valid_host is None else valid_host
        self.original_request = original_request
        self.file_descriptor_response = file_descriptor_response
        self.all_extension_numbers_response = all_extension_numbers_response
        self.list_services_response = list_services_response
        self.error_response = error_response
        self._unknown_fields = b""
        if misspelt:
            self._refuse(misspelt)
        set_message_response = file_descriptor_response is not None
        if all_extension_numbers_response is not None:
            if set_message_response:
                self._refuse_two("message_response")
            set_message_response = True
        if list_services_response is not None:
            if set_message_response:
                self._refuse_two("message_response")
            set_message_response = True
        if error_response is not None:
            if set_message_response:
                self._refuse_two("message_response")


@dataclass(init=False, eq=False, repr=False, slots=True)
class FileDescriptorResponse(Message):
    """Proto files."""

    file_descriptor_proto: list[bytes] = field(1, "bytes", repeated=True)
    """Each file as an encoded `google.protobuf.FileDescriptorProto`: the one that was asked for, then those that it
    imports, which the server may leave out if it has sent them on this stream.
    """

    _full_name = "grpc.reflection.v1.FileDescriptorResponse"

    def __init__(
        self,
        file_descriptor_proto: Iterable[bytes] | None = None,
        **misspelt: Never,
    ) -> None:
        self.file_descriptor_proto = (
            [] if file_descriptor_proto is None
            else file_descriptor_proto if isinstance(file_descriptor_proto, list)
            else listed(self, "file_descriptor_proto", file_descriptor_proto)
        )
        self._unknown_fields = b""
        if misspelt:
            self._refuse(misspelt)


@dataclass(init=False, eq=False, repr=False, slots=True)
class ExtensionNumberResponse(Message):
    """The extensions of a message."""

    base_type_name: str = field(1, "string")
    """Full name of the message that is extended."""
    extension_number: list[int] = field(2, "int32", repeated=True, packed=True)
    """Field numbers of the extensions, in any order."""

    _full_name = "grpc.reflection.v1.ExtensionNumberResponse"

    def __init__(
        self,
        base_type_name: str | None = "",
        extension_number: Iterable[int] | None = None,
        **misspelt: Never,
    ) -> None:
        self.base_type_name = "" if base_type_name is None else base_type_name
        self.extension_number = (
            [] if extension_number is None
            else extension_number if isinstance(extension_number, list)
            else listed(self, "extension_number", extension_number)
        )
        self._unknown_fields = b""
        if misspelt:
            self._refuse(misspelt)


@dataclass(init=False, eq=False, repr=False, slots=True)
class ListServiceResponse(Message):
    """The services of a server."""

    service: list[ServiceResponse] = field(1, "message", of=lambda: ServiceResponse, repeated=True)
    """One entry for each of them."""

    _full_name = "grpc.reflection.v1.ListServiceResponse"

    def __init__(
        self,
        service: Iterable[ServiceResponse] | None = None,
        **misspelt: Never,
    ) -> None:
        self.service = (
            [] if service is None
            else service if isinstance(service, list)
            else listed(self, "service", service)
        )
        self._unknown_fields = b""
        if misspelt:
            self._refuse(misspelt)


@dataclass(init=False, eq=False, repr=False, slots=True)
class ServiceResponse(Message):
    """A service."""

    name: str = field(1, "string")
    """Its full name, with the package in front and without a leading dot."""

    _full_name = "grpc.reflection.v1.ServiceResponse"

    def __init__(
        self,
        name: str | None = "",
        **misspelt: Never,
    ) -> None:
        self.name = "" if name is None else name
        self._unknown_fields = b""
        if misspelt:
            self._refuse(misspelt)


@dataclass(init=False, eq=False, repr=False, slots=True)
class ErrorResponse(Message):
    """Why a question has no answer."""

    error_code: int = field(1, "int32")
    """A status code of gRPC, such as 5 for NOT_FOUND."""
    error_message: str = field(2, "string")
    """The same in words."""

    _full_name = "grpc.reflection.v1.ErrorResponse"

    def __init__(
        self,
        error_code: int | None = 0,
        error_message: str | None = "",
        **misspelt: Never,
    ) -> None:
        self.error_code = 0 if error_code is None else error_code
        self.error_message = "" if error_message is None else error_message
        self._unknown_fields = b""
        if misspelt:
            self._refuse(misspelt)


# The module of codecs needs these classes, but cannot import them: this module imports it.
attach(
    _reflection_codec,
    ServerReflectionRequest,
    ExtensionRequest,
    ServerReflectionResponse,
    FileDescriptorResponse,
    ExtensionNumberResponse,
    ListServiceResponse,
    ServiceResponse,
    ErrorResponse,
)
