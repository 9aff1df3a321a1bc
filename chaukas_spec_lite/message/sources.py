"""What messages are read from and written to: bytes and streams, and what is given instead of them by mistake."""

from __future__ import annotations

import io
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from chaukas_spec_lite.errors import DecodeError, EndOfStream
from chaukas_spec_lite.wire.refusals import named

if TYPE_CHECKING:
    from _typeshed import SupportsRead


def read_exactly(stream: SupportsRead[bytes], size: int) -> bytes:
    """Read in steps: a stream may return less than was asked for, and a length that lies must not cost its memory."""
    parts: list[bytes] = []
    while size > 0:
        part = stream.read(min(size, 1 << 20))
        if not part:
            break
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def read_size(stream: SupportsRead[bytes]) -> int:
    """Read the length that stands before a message.

    Raises:
        EndOfStream: The stream ended where the length would begin.
        DecodeError: It ended inside the length, or the length is longer than a message can be.
    """
    value = shift = 0
    while True:
        byte = stream.read(1)
        if not byte:
            raise DecodeError("the stream ends inside a length") if shift else EndOfStream("the stream has ended")
        value |= (byte[0] & 127) << shift
        if byte[0] < 128:
            if value > 0x7FFFFFFF:
                raise DecodeError(f"a length of {value} bytes is too large")
            return value
        shift += 7
        # Five bytes hold 35 bits, more than a length may have.
        if shift > 28:
            raise DecodeError("a length is longer than 5 bytes")


def no_bytes(cls: type[object], given: object) -> TypeError:
    """Make the error of ``parse`` that was given something else than bytes; it says which method takes it."""
    name = cls.__name__
    said, hint = f"{name}.parse expects bytes, got {named(given)}", ""
    if isinstance(given, str):
        hint = f"; use {name}.from_json(text) for JSON"
    elif isinstance(given, Mapping):
        hint = f"; use {name}.from_dict(value) for the form that JSON has"
    elif isinstance(given, cls):
        hint = "; it is a message already"
    elif hasattr(given, "read"):
        hint = f"; use {name}().load(stream)"
    return TypeError(said + hint)


def no_stream(cls: type[object], method: str, given: object) -> TypeError | None:
    """Make the error of a method that was given no stream of bytes, or return None if it was given one.

    Args:
        cls: The message class.
        method: ``load`` or ``dump``.
        given: What it was given.
    """
    said = f"{cls.__name__}.{method} expects a stream of bytes, got {named(given)}"
    mode, action = ("rb", "read") if method == "load" else ("wb", "write")
    if isinstance(given, io.TextIOBase):
        hint = f'; open the file in binary mode, "{mode}"'
    elif hasattr(given, action):
        return None
    elif isinstance(given, (str, os.PathLike)):
        hint = f'; use open(path, "{mode}")'
    elif isinstance(given, (bytes, bytearray, memoryview)) and method == "load":
        hint = f"; use {cls.__name__}.parse(data), or io.BytesIO(data)"
    else:
        hint = f'; it needs a method {action}, as open(path, "{mode}") and io.BytesIO() have it'
    return TypeError(said + hint)
