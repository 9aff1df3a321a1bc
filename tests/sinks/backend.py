"""An HTTP server as the official SDK's back end is one, with the faults that a test asks for."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from chaukas_spec_lite import Event
from chaukas_spec_lite.wire.envelopes import event_of, events_of
from tests.patience import HANG, wait_until


@dataclass(frozen=True)
class Request:
    """What was posted."""

    path: str
    headers: Mapping[str, str]
    body: bytes
    peer: tuple[str, int]

    @property
    def encoded(self) -> list[bytes]:
        """The events in it, as they came."""
        return [event_of(self.body)] if self.path.endswith("/events") else events_of(self.body)

    @property
    def names(self) -> list[str]:
        return [Event.parse(data).agent_name for data in self.encoded]


@dataclass(frozen=True)
class Reply:
    """What is answered; the connection is reset, without an answer, if ``status`` is 0."""

    status: int = 202
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    held: threading.Event | None = None
    """What has to be set before it is answered."""


class Backend(ThreadingHTTPServer):
    """Takes events, and answers what it was told to, one reply after the other, then 202."""

    daemon_threads = True

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.statuses: list[int] = []
        """What each request was answered with."""
        self.replies: list[Reply] = []
        self.refused_name: str | None = None
        """A batch with an event of this name is answered by 400."""
        self.most: int | None = None
        """A larger body is answered by 413."""
        self.ordering = threading.Lock()
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    @property
    def taken(self) -> list[str]:
        """The names of all events in requests that were answered by 202, in order."""
        answered = zip(self.requests, self.statuses, strict=True)
        return [name for request, status in answered if status == 202 for name in request.names]

    def wait_for(self, count: int) -> None:
        wait_until(lambda: len(self.requests) >= count)

    def reply_to(self, request: Request) -> Reply:
        if self.replies:
            return self.replies.pop(0)
        if self.refused_name is not None and self.refused_name in request.names:
            return Reply(400, b"an event is not valid")
        if self.most is not None and len(request.body) > self.most:
            return Reply(413)
        return Reply()

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients hang up, which is no news."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Backend

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(self.path, headers, body, self.client_address)
        server = self.server
        with server.ordering:
            reply = server.reply_to(request)
            server.requests.append(request)
            server.statuses.append(reply.status)
        if reply.held is not None:
            reply.held.wait(HANG)
        if not reply.status:
            # A reset, not an orderly end (https://man7.org/linux/man-pages/man7/socket.7.html, SO_LINGER).
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True
            return
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(reply.body)))
        self.end_headers()
        self.wfile.write(reply.body)

    do_GET = do_POST

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def running_backend() -> Iterator[Backend]:
    """Run a server on a free port of the loopback interface."""
    with Backend() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join(HANG)
