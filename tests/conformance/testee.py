"""The program under test: answers the conformance runner's requests with code that our generator made.

usage: testee.py GENERATED PROJECT    (the parent folders of the packages ``suite`` and ``chaukas_spec_lite``)

The runner sends a ``ConformanceRequest`` behind its length (four bytes, little-endian) on standard input and expects a
``ConformanceResponse`` in the same form on standard output; see conformance.proto.
"""

from __future__ import annotations

import struct
import sys
import warnings
from typing import Any

sys.path[:0] = [sys.argv[1], sys.argv[2]]
warnings.simplefilter("ignore", DeprecationWarning)  # the suite's message has a deprecated field on purpose

from suite.conformance import conformance  # type: ignore[import-not-found]  # noqa: E402  # generated, in GENERATED
from suite.google.protobuf import test_messages_proto3  # type: ignore[import-not-found]  # noqa: E402

from chaukas_spec_lite.errors import DecodeError, EncodeError, JSONError  # noqa: E402

Message = test_messages_proto3.TestAllTypesProto3
Format = conformance.WireFormat
REGISTRY = [Message]


def answer(request: Any) -> Any:
    """Do what a request asks for, or say why not."""
    if request.message_type == "conformance.FailureSet":
        return conformance.ConformanceResponse(protobuf_payload=bytes(conformance.FailureSet()))
    if request.message_type != Message._full_name:
        return conformance.ConformanceResponse(skipped="this is a proto3 library")
    if request.requested_output_format not in (Format.PROTOBUF, Format.JSON):
        return conformance.ConformanceResponse(skipped="neither binary nor JSON")
    try:
        if request.protobuf_payload is not None:
            message = Message.parse(request.protobuf_payload)
        elif request.json_payload is not None:
            lenient = request.test_category == conformance.TestCategory.JSON_IGNORE_UNKNOWN_PARSING_TEST
            message = Message.from_json(request.json_payload, ignore_unknown_fields=lenient, registry=REGISTRY)
        else:
            return conformance.ConformanceResponse(skipped="neither binary nor JSON")
    except (DecodeError, JSONError) as error:
        return conformance.ConformanceResponse(parse_error=str(error))
    try:
        if request.requested_output_format == Format.PROTOBUF:
            return conformance.ConformanceResponse(protobuf_payload=bytes(message))
        return conformance.ConformanceResponse(json_payload=message.to_json(registry=REGISTRY))
    except (EncodeError, JSONError) as error:
        return conformance.ConformanceResponse(serialize_error=str(error))


def main() -> None:
    """Answer requests until there are no more."""
    while head := sys.stdin.buffer.read(4):
        (size,) = struct.unpack("<I", head)
        try:
            response = answer(conformance.ConformanceRequest.parse(sys.stdin.buffer.read(size)))
        except Exception as error:  # no answer would hang the runner; this one fails the test, and names the cause
            response = conformance.ConformanceResponse(runtime_error=repr(error))
        data = bytes(response)
        sys.stdout.buffer.write(struct.pack("<I", len(data)) + data)
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
