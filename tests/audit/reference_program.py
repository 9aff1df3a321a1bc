"""The reference implementation in pure Python, as a process: encodes each event that it reads deterministically.

In a process of its own, as one process has one implementation. The one in C (upb) puts a key before those that it
begins with, which is no order of bytes; this one, and those in C++ and Go, sort by bytes.
"""

from __future__ import annotations

import struct
import sys

from chaukas.spec.common.v1 import events_pb2
from google.protobuf.internal import api_implementation


def main() -> None:
    assert api_implementation.Type() == "python"
    while head := sys.stdin.buffer.read(4):
        message = events_pb2.Event.FromString(sys.stdin.buffer.read(*struct.unpack("<I", head)))
        message.ClearField("content_hash")
        message.ClearField("worm_proof_id")
        # As it is, too, because it makes all NaNs alike.
        for data in (message.SerializeToString(), message.SerializeToString(deterministic=True)):
            sys.stdout.buffer.write(struct.pack("<I", len(data)) + data)
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
