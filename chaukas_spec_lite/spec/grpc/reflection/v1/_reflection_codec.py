# Generated from grpc/reflection/v1/reflection.proto by `python -m codegen`.
# Do not edit: change the proto file and run the command again.
# pyright: reportPrivateUsage=false, reportUnnecessaryComparison=false, reportUnusedFunction=false
"""The codecs of the messages in grpc/reflection/v1/reflection.proto.

Encoders build latin-1 text (`chaukas_spec_lite.wire.format`). Decoders read what encoders usually write: `h` holds a
tag of one byte and the byte after it, or a tag of two bytes. Anything else they leave to
`chaukas_spec_lite.message.slow_decode`.
"""

from __future__ import annotations

from io import BytesIO
from typing import Any, TYPE_CHECKING

from chaukas_spec_lite.message import slow_decode
from chaukas_spec_lite.message.record import new
from chaukas_spec_lite.wire.format import (
    LONG,
    MAX_DEPTH,
    NO_TEXT,
    NotCanonical,
    SMALL,
    TOO_DEEP,
    VARINTS,
    ZERO,
    more,
    more_length,
)
from chaukas_spec_lite.wire.reading import read_packed, signed
from chaukas_spec_lite.wire.rope import Text, sized
from chaukas_spec_lite.wire.scalars import instance, int32, items, raw, text, two_members, unless_zero
from chaukas_spec_lite.wire.window import Content, Window

if TYPE_CHECKING:
    # At run time, `attach` puts these classes into this module: their own modules import it.
    from .reflection import (
        ErrorResponse,
        ExtensionNumberResponse,
        ExtensionRequest,
        FileDescriptorResponse,
        ListServiceResponse,
        ServerReflectionRequest,
        ServerReflectionResponse,
        ServiceResponse,
    )


def _encode_ServerReflectionRequest(m: ServerReflectionRequest, depth: int) -> Text:
    if depth > MAX_DEPTH:
        raise ValueError(TOO_DEEP)
    out: Text = ""
    v: Any
    s: Text
    if (v := m.host) is not NO_TEXT and v is not None:
        if v.__class__ is not str or not v.isascii():
            v = text(v)
        if n := len(v):
            out += f"\n{VARINTS[n]}{v}" if n < SMALL else sized("\n", v)
    set_message_request = ""
    if (v := m.file_by_filename) is not None:
        set_message_request = "file_by_filename"
        if v.__class__ is not str or not v.isascii():
            v = text(v)
        n = len(v)
        out += f"\x1a{VARINTS[n]}{v}" if n < SMALL else sized("\x1a", v)
    if (v := m.file_containing_symbol) is not None:
        if set_message_request:
            raise two_members("message_request", set_message_request, "file_containing_symbol")
        set_message_request = "file_containing_symbol"
        if v.__class__ is not str or not v.isascii():
            v = text(v)
        n = len(v)
        out += f"\"{VARINTS[n]}{v}" if n < SMALL else sized("\"", v)
    if (v := m.file_containing_extension) is not None:
        if set_message_request:
            raise two_members("message_request", set_message_request, "file_containing_extension")
        set_message_request = "file_containing_extension"
        if v.__class__ is not ExtensionRequest:
            instance(v, ExtensionRequest)
        s = _encode_ExtensionRequest(v, depth + 1)
        n = len(s)
        out += f"*{VARINTS[n]}{s}" if n < SMALL else sized("*", s)
    if (v := m.all_extension_numbers_of_type) is not None:
        if set_message_request:
            raise two_members("message_request", set_message_request, "all_extension_numbers_of_type")
        set_message_request = "all_extension_numbers_of_type"
        if v.__class__ is not str or not v.isascii():
            v = text(v)
        n = len(v)
        out += f"2{VARINTS[n]}{v}" if n < SMALL else sized("2", v)
    if (v := m.list_services) is not None:
        if set_message_request:
            raise two_members("message_request", set_message_request, "list_services")
        if v.__class__ is not str or not v.isascii():
            v = text(v)
        n = len(v)
        out += f":{VARINTS[n]}{v}" if n < SMALL else sized(":", v)
    if m._unknown_fields:
        out += m._unknown_fields.decode("latin-1")
    return out


def _decode_ServerReflectionRequest(data: Content, depth: int) -> ServerReflectionRequest:
    if depth > MAX_DEPTH:
        raise NotCanonical
    m = new(ServerReflectionRequest)
    m._unknown_fields = b""
    m.host = ""
    m.file_by_filename = m.file_containing_symbol = m.file_containing_extension = m.all_extension_numbers_of_type = None
    m.list_services = None
    set_message_request = False
    rest = b""
    read = data.read if isinstance(data, Window) else BytesIO(data).read
    b: Content = b""
    n: int = 0
    h = read(2)
    while h:
        t = h[0]
        if t == 10:  # host
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n)
            m.host = b.decode()
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 26:  # file_by_filename
            set_message_request = True
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n)
            m.file_by_filename = b.decode()
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 34:  # file_containing_symbol
            if set_message_request:
                rest = h + read()
                break
            set_message_request = True
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n)
            m.file_containing_symbol = b.decode()
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 42:  # file_containing_extension
            if set_message_request:
                rest = h + read()
                break
            set_message_request = True
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n) if n < LONG else Window(read, n)
            m.file_containing_extension = _decode_ExtensionRequest(b, depth + 1)
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 50:  # all_extension_numbers_of_type
            if set_message_request:
                rest = h + read()
                break
            set_message_request = True
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n)
            m.all_extension_numbers_of_type = b.decode()
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 58:  # list_services
            if set_message_request:
                rest = h + read()
                break
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n)
            m.list_services = b.decode()
            h = read(2)
            if not h:
                break
            t = h[0]
        rest = h + read()
        break
    if len(b) != n:
        raise NotCanonical
    if rest:
        slow_decode.merge(m, rest, depth)
    return m


def _encode_ExtensionRequest(m: ExtensionRequest, depth: int) -> Text:
    if depth > MAX_DEPTH:
        raise ValueError(TOO_DEEP)
    out: Text = ""
    v: Any
    if (v := m.containing_type) is not NO_TEXT and v is not None:
        if v.__class__ is not str or not v.isascii():
            v = text(v)
        if n := len(v):
            out += f"\n{VARINTS[n]}{v}" if n < SMALL else sized("\n", v)
    if (v := m.extension_number) is not ZERO and v is not None:
        out += f"\x10{VARINTS[v]}" if v.__class__ is int and 0 < v < SMALL else unless_zero("\x10", int32(v))
    if m._unknown_fields:
        out += m._unknown_fields.decode("latin-1")
    return out


def _decode_ExtensionRequest(data: Content, depth: int) -> ExtensionRequest:
    if depth > MAX_DEPTH:
        raise NotCanonical
    m = new(ExtensionRequest)
    m._unknown_fields = b""
    m.containing_type = ""
    m.extension_number = 0
    rest = b""
    read = data.read if isinstance(data, Window) else BytesIO(data).read
    b: Content = b""
    n: int = 0
    h = read(2)
    while h:
        t = h[0]
        if t == 10:  # containing_type
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n)
            m.containing_type = b.decode()
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 16:  # extension_number
            v = h[1]
            if v > 127:
                v = signed(more(v, read), 32)
            m.extension_number = v
            h = read(2)
            if not h:
                break
            t = h[0]
        rest = h + read()
        break
    if len(b) != n:
        raise NotCanonical
    if rest:
        slow_decode.merge(m, rest, depth)
    return m


def _encode_ServerReflectionResponse(m: ServerReflectionResponse, depth: int) -> Text:
    if depth > MAX_DEPTH:
        raise ValueError(TOO_DEEP)
    out: Text = ""
    v: Any
    s: Text
    if (v := m.valid_host) is not NO_TEXT and v is not None:
        if v.__class__ is not str or not v.isascii():
            v = text(v)
        if n := len(v):
            out += f"\n{VARINTS[n]}{v}" if n < SMALL else sized("\n", v)
    if (v := m.original_request) is not None:
        if v.__class__ is not ServerReflectionRequest:
            instance(v, ServerReflectionRequest)
        s = _encode_ServerReflectionRequest(v, depth + 1)
        n = len(s)
        out += f"\x12{VARINTS[n]}{s}" if n < SMALL else sized("\x12", s)
    set_message_response = ""
    if (v := m.file_descriptor_response) is not None:
        set_message_response = "file_descriptor_response"
        if v.__class__ is not FileDescriptorResponse:
            instance(v, FileDescriptorResponse)
        s = _encode_FileDescriptorResponse(v, depth + 1)
        n = len(s)
        out += f"\"{VARINTS[n]}{s}" if n < SMALL else sized("\"", s)
    if (v := m.all_extension_numbers_response) is not None:
        if set_message_response:
            raise two_members("message_response", set_message_response, "all_extension_numbers_response")
        set_message_response = "all_extension_numbers_response"
        if v.__class__ is not ExtensionNumberResponse:
            instance(v, ExtensionNumberResponse)
        s = _encode_ExtensionNumberResponse(v, depth + 1)
        n = len(s)
        out += f"*{VARINTS[n]}{s}" if n < SMALL else sized("*", s)
    if (v := m.list_services_response) is not None:
        if set_message_response:
            raise two_members("message_response", set_message_response, "list_services_response")
        set_message_response = "list_services_response"
        if v.__class__ is not ListServiceResponse:
            instance(v, ListServiceResponse)
        s = _encode_ListServiceResponse(v, depth + 1)
        n = len(s)
        out += f"2{VARINTS[n]}{s}" if n < SMALL else sized("2", s)
    if (v := m.error_response) is not None:
        if set_message_response:
            raise two_members("message_response", set_message_response, "error_response")
        if v.__class__ is not ErrorResponse:
            instance(v, ErrorResponse)
        s = _encode_ErrorResponse(v, depth + 1)
        n = len(s)
        out += f":{VARINTS[n]}{s}" if n < SMALL else sized(":", s)
    if m._unknown_fields:
        out += m._unknown_fields.decode("latin-1")
    return out


def _decode_ServerReflectionResponse(data: Content, depth: int) -> ServerReflectionResponse:
    if depth > MAX_DEPTH:
        raise NotCanonical
    m = new(ServerReflectionResponse)
    m._unknown_fields = b""
    m.valid_host = ""
    m.original_request = m.file_descriptor_response = m.all_extension_numbers_response = m.list_services_response = None
    m.error_response = None
    set_message_response = False
    rest = b""
    read = data.read if isinstance(data, Window) else BytesIO(data).read
    b: Content = b""
    n: int = 0
    h = read(2)
    while h:
        t = h[0]
        if t == 10:  # valid_host
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n)
            m.valid_host = b.decode()
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 18:  # original_request
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n) if n < LONG else Window(read, n)
            m.original_request = _decode_ServerReflectionRequest(b, depth + 1)
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 34:  # file_descriptor_response
            set_message_response = True
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n) if n < LONG else Window(read, n)
            m.file_descriptor_response = _decode_FileDescriptorResponse(b, depth + 1)
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 42:  # all_extension_numbers_response
            if set_message_response:
                rest = h + read()
                break
            set_message_response = True
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n) if n < LONG else Window(read, n)
            m.all_extension_numbers_response = _decode_ExtensionNumberResponse(b, depth + 1)
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 50:  # list_services_response
            if set_message_response:
                rest = h + read()
                break
            set_message_response = True
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n) if n < LONG else Window(read, n)
            m.list_services_response = _decode_ListServiceResponse(b, depth + 1)
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 58:  # error_response
            if set_message_response:
                rest = h + read()
                break
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n) if n < LONG else Window(read, n)
            m.error_response = _decode_ErrorResponse(b, depth + 1)
            h = read(2)
            if not h:
                break
            t = h[0]
        rest = h + read()
        break
    if len(b) != n:
        raise NotCanonical
    if rest:
        slow_decode.merge(m, rest, depth)
    return m


def _encode_FileDescriptorResponse(m: FileDescriptorResponse, depth: int) -> Text:
    if depth > MAX_DEPTH:
        raise ValueError(TOO_DEEP)
    out: Text = ""
    v: Any
    if (v := m.file_descriptor_proto) or v.__class__ is not list:
        for v in (v if v.__class__ is list else items(v)):
            v = raw(v)
            n = len(v)
            out += f"\n{VARINTS[n]}{v}" if n < SMALL else sized("\n", v)
    if m._unknown_fields:
        out += m._unknown_fields.decode("latin-1")
    return out


def _decode_FileDescriptorResponse(data: Content, depth: int) -> FileDescriptorResponse:
    if depth > MAX_DEPTH:
        raise NotCanonical
    m = new(FileDescriptorResponse)
    m.file_descriptor_proto = []
    m._unknown_fields = b""
    rest = b""
    read = data.read if isinstance(data, Window) else BytesIO(data).read
    b: Content = b""
    n: int = 0
    h = read(2)
    while h:
        t = h[0]
        while t == 10:  # file_descriptor_proto
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n)
            m.file_descriptor_proto.append(b)
            h = read(2)
            if not h:
                break
            t = h[0]
        if not h:
            break
        rest = h + read()
        break
    if len(b) != n:
        raise NotCanonical
    if rest:
        slow_decode.merge(m, rest, depth)
    return m


def _encode_ExtensionNumberResponse(m: ExtensionNumberResponse, depth: int) -> Text:
    if depth > MAX_DEPTH:
        raise ValueError(TOO_DEEP)
    out: Text = ""
    v: Any
    s: Text
    if (v := m.base_type_name) is not NO_TEXT and v is not None:
        if v.__class__ is not str or not v.isascii():
            v = text(v)
        if n := len(v):
            out += f"\n{VARINTS[n]}{v}" if n < SMALL else sized("\n", v)
    if (v := m.extension_number) or v.__class__ is not list:
        s = "".join([
            VARINTS[one]
            if one.__class__ is int and 0 <= one < SMALL
            else int32(one)
            for one in (v if v.__class__ is list else items(v))
        ])
        if n := len(s):
            out += f"\x12{VARINTS[n]}{s}" if n < SMALL else sized("\x12", s)
    if m._unknown_fields:
        out += m._unknown_fields.decode("latin-1")
    return out


def _decode_ExtensionNumberResponse(data: Content, depth: int) -> ExtensionNumberResponse:
    if depth > MAX_DEPTH:
        raise NotCanonical
    m = new(ExtensionNumberResponse)
    m.extension_number = []
    m._unknown_fields = b""
    m.base_type_name = ""
    rest = b""
    read = data.read if isinstance(data, Window) else BytesIO(data).read
    b: Content = b""
    n: int = 0
    h = read(2)
    while h:
        t = h[0]
        if t == 10:  # base_type_name
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n)
            m.base_type_name = b.decode()
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 18:  # extension_number
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n)
            m.extension_number.extend(b if b.isascii() else read_packed("int32", b, 0, len(b)))
            h = read(2)
            if not h:
                break
            t = h[0]
        rest = h + read()
        break
    if len(b) != n:
        raise NotCanonical
    if rest:
        slow_decode.merge(m, rest, depth)
    return m


def _encode_ListServiceResponse(m: ListServiceResponse, depth: int) -> Text:
    if depth > MAX_DEPTH:
        raise ValueError(TOO_DEEP)
    out: Text = ""
    v: Any
    s: Text
    if (v := m.service) or v.__class__ is not list:
        for v in (v if v.__class__ is list else items(v)):
            if v.__class__ is not ServiceResponse:
                instance(v, ServiceResponse)
            s = _encode_ServiceResponse(v, depth + 1)
            n = len(s)
            out += f"\n{VARINTS[n]}{s}" if n < SMALL else sized("\n", s)
    if m._unknown_fields:
        out += m._unknown_fields.decode("latin-1")
    return out


def _decode_ListServiceResponse(data: Content, depth: int) -> ListServiceResponse:
    if depth > MAX_DEPTH:
        raise NotCanonical
    m = new(ListServiceResponse)
    m.service = []
    m._unknown_fields = b""
    rest = b""
    read = data.read if isinstance(data, Window) else BytesIO(data).read
    b: Content = b""
    n: int = 0
    h = read(2)
    while h:
        t = h[0]
        while t == 10:  # service
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n) if n < LONG else Window(read, n)
            m.service.append(_decode_ServiceResponse(b, depth + 1))
            h = read(2)
            if not h:
                break
            t = h[0]
        if not h:
            break
        rest = h + read()
        break
    if len(b) != n:
        raise NotCanonical
    if rest:
        slow_decode.merge(m, rest, depth)
    return m


def _encode_ServiceResponse(m: ServiceResponse, depth: int) -> Text:
    if depth > MAX_DEPTH:
        raise ValueError(TOO_DEEP)
    out: Text = ""
    v: Any
    if (v := m.name) is not NO_TEXT and v is not None:
        if v.__class__ is not str or not v.isascii():
            v = text(v)
        if n := len(v):
            out += f"\n{VARINTS[n]}{v}" if n < SMALL else sized("\n", v)
    if m._unknown_fields:
        out += m._unknown_fields.decode("latin-1")
    return out


def _decode_ServiceResponse(data: Content, depth: int) -> ServiceResponse:
    if depth > MAX_DEPTH:
        raise NotCanonical
    m = new(ServiceResponse)
    m._unknown_fields = b""
    m.name = ""
    rest = b""
    read = data.read if isinstance(data, Window) else BytesIO(data).read
    b: Content = b""
    n: int = 0
    h = read(2)
    while h:
        t = h[0]
        if t == 10:  # name
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n)
            m.name = b.decode()
            h = read(2)
            if not h:
                break
            t = h[0]
        rest = h + read()
        break
    if len(b) != n:
        raise NotCanonical
    if rest:
        slow_decode.merge(m, rest, depth)
    return m


def _encode_ErrorResponse(m: ErrorResponse, depth: int) -> Text:
    if depth > MAX_DEPTH:
        raise ValueError(TOO_DEEP)
    out: Text = ""
    v: Any
    if (v := m.error_code) is not ZERO and v is not None:
        out += f"\x08{VARINTS[v]}" if v.__class__ is int and 0 < v < SMALL else unless_zero("\x08", int32(v))
    if (v := m.error_message) is not NO_TEXT and v is not None:
        if v.__class__ is not str or not v.isascii():
            v = text(v)
        if n := len(v):
            out += f"\x12{VARINTS[n]}{v}" if n < SMALL else sized("\x12", v)
    if m._unknown_fields:
        out += m._unknown_fields.decode("latin-1")
    return out


def _decode_ErrorResponse(data: Content, depth: int) -> ErrorResponse:
    if depth > MAX_DEPTH:
        raise NotCanonical
    m = new(ErrorResponse)
    m._unknown_fields = b""
    m.error_code = 0
    m.error_message = ""
    rest = b""
    read = data.read if isinstance(data, Window) else BytesIO(data).read
    b: Content = b""
    n: int = 0
    h = read(2)
    while h:
        t = h[0]
        if t == 8:  # error_code
            v = h[1]
            if v > 127:
                v = signed(more(v, read), 32)
            m.error_code = v
            h = read(2)
            if not h:
                break
            t = h[0]
        if t == 18:  # error_message
            n = h[1]
            if n > 127:
                n = more_length(n, read)
            b = read(n)
            m.error_message = b.decode()
            h = read(2)
            if not h:
                break
            t = h[0]
        rest = h + read()
        break
    if len(b) != n:
        raise NotCanonical
    if rest:
        slow_decode.merge(m, rest, depth)
    return m
