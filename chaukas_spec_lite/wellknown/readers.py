"""Reading the well-known types that are plain values: the ordinary form quickly, any other exactly."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from chaukas_spec_lite.wellknown import codecs, struct_decode
from chaukas_spec_lite.wellknown.slow_readers import READERS
from chaukas_spec_lite.wellknown.struct_decode import structure
from chaukas_spec_lite.wellknown.values import NULL
from chaukas_spec_lite.wire import fields as kinds
from chaukas_spec_lite.wire.format import NotCanonical
from chaukas_spec_lite.wire.window import Window


def _reader(kind: str, ordinary: Callable[[bytes, int], Any]) -> Callable[[bytes, int], Any]:
    exact = READERS[kind]

    def read(data: bytes, depth: int) -> Any:
        try:
            return ordinary(data, depth)
        except Exception:  # odd or wrong, which the exact reader can tell apart
            return exact(data, [(0, len(data))], depth)

    return read


def _exact(kind: str) -> Callable[[bytes, int], Any]:
    read = READERS[kind]
    return lambda data, depth: read(data, [(0, len(data))], depth)


_exact_struct = READERS[kinds.STRUCT]


def read_struct(read: Any, n: int, depth: int) -> dict[str, Any]:
    """Read a Struct of ``n`` bytes where it stands: there are many, and large ones, so they are not cut out first.

    ``read`` is the method of a buffer, or of a window on one: then the Struct has to end within it.
    """
    buffer = read.__self__
    if isinstance(buffer, Window):
        read = buffer.within(n)
        buffer = buffer.buffer
    start = buffer.tell()
    try:
        fields = structure(read, n, depth)
        if buffer.tell() == start + n:  # else it was cut off
            return fields
    except Exception:  # odd or wrong, as above
        pass
    buffer.seek(start)
    data = read(n)
    if len(data) != n:
        raise NotCanonical
    exactly: dict[str, Any] = _exact_struct(data, [(0, n)], depth)
    return exactly


read_struct_in = _reader(kinds.STRUCT, struct_decode.decode_struct)
"""Reads a Struct in a list or a map."""
read_list = _reader(kinds.LIST, struct_decode.decode_list)
read_item = _reader(kinds.VALUE, struct_decode.decode_value)
"""Reads a Value in a list or a map, where null is ``None``."""


read_any_timestamp = _reader(kinds.TIMESTAMP, codecs.read_timestamp)
"""Reads a Timestamp of whatever form; ``timestamp_decode`` reads the usual ones."""
read_duration = _reader(kinds.DURATION, codecs.read_duration)
read_wrapped_double = _exact("google.protobuf.DoubleValue")
read_wrapped_float = _exact("google.protobuf.FloatValue")
read_wrapped_int64 = _exact("google.protobuf.Int64Value")
read_wrapped_uint64 = _exact("google.protobuf.UInt64Value")
read_wrapped_int32 = _exact("google.protobuf.Int32Value")
read_wrapped_uint32 = _exact("google.protobuf.UInt32Value")
read_wrapped_bool = _exact("google.protobuf.BoolValue")
read_wrapped_string = _exact("google.protobuf.StringValue")
read_wrapped_bytes = _exact("google.protobuf.BytesValue")


def read_value(data: bytes, depth: int) -> Any:
    """Read the content of a Value that is a field by itself, where ``None`` says that it is not set."""
    value = read_item(data, depth)
    return NULL if value is None else value
