"""An HTTP server of events, as the official SDK posts them, which fails as a list says, and then takes everything."""

from __future__ import annotations

import http.server
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from chaukas_spec_lite import Event
from chaukas_spec_lite.spec.client.v1.client import IngestEventBatchRequest, IngestEventRequest
from tests.patience import HANG

RESET = "reset"
"""In the list of faults: the connection is reset instead of an answer. Everything else there is a status."""


class EventServer(http.server.ThreadingHTTPServer):
    """Keeps the events that it has acknowledged.

    Args:
        faults: How the first requests are answered.
    """

    def __init__(self, faults: list[int | str]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.faults = faults
        self.events: list[Event] = []
        self.refused = 0
        self.lock = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def ids(self) -> list[str]:
        with self.lock:
            return [event.event_id for event in self.events]

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of clients that went away."""

    def answer(self, path: str, body: bytes) -> int | str:
        """Take a request, or say how it fails."""
        with self.lock:
            if self.faults:
                self.refused += 1
                return self.faults.pop(0)
            if path == "/events":
                events = [IngestEventRequest.parse(body).event]
            else:
                batch = IngestEventBatchRequest.parse(body).event_batch
                events = [*batch.events] if batch else []
            self.events += [event for event in events if event]
            return 200


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = HANG

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        assert isinstance(self.server, EventServer)
        answer = self.server.answer(self.path, body)
        if isinstance(answer, int):
            self.send_response(answer)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        # Lingering for no time makes the kernel send RST, not FIN.
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        self.close_connection = True

    def finish(self) -> None:
        if not self.wfile.closed and self.connection.fileno() >= 0:
            super().finish()

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def serving(*faults: int | str) -> Iterator[EventServer]:
    server = EventServer([*faults])
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
