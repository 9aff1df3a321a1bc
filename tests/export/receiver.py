"""A gRPC server of the official stack that keeps the very bytes of each event, and can be killed and come back."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc

from chaukas_spec_lite import wire

METHOD = "/chaukas.spec.client.v1.ChaukasClientService/IngestEventBatch"


def events_of(request: bytes) -> list[bytes]:
    """The bytes of the events in an IngestEventBatchRequest."""
    return [event for batch in _members(request, 1) for event in _members(batch, 3)]


def _members(message: bytes, number: int) -> Iterator[bytes]:
    for _, tag, value, stop in wire.fields(message, 0, len(message), 0):
        if tag == number << 3 | wire.LEN:
            yield message[value:stop]


class Receiver:
    """Acknowledges batches, and remembers their events in order of arrival. ``keep=False`` forgets them at once."""

    def __init__(self, keep: bool = True) -> None:
        self._keep = keep
        self._lock = threading.Lock()
        self.events: list[bytes] = []
        self.port = 0
        self.start()

    def start(self) -> None:
        # Without reuse a second server on the port would be an error, not a rival.
        self._server = grpc.server(ThreadPoolExecutor(4), options=[("grpc.so_reuseport", 0)])
        self._server.add_generic_rpc_handlers((self,))
        self.port = self._server.add_insecure_port(f"127.0.0.1:{self.port}")
        self._server.start()

    def stop(self) -> None:
        """End at once, amid whatever is under way."""
        self._server.stop(0).wait()

    def service(self, details: Any) -> Any:
        return grpc.unary_unary_rpc_method_handler(self._take) if details.method == METHOD else None

    def _take(self, request: bytes, _: Any) -> bytes:
        with self._lock:
            if self._keep:
                self.events += events_of(request)
        return b""
