"""Servers that do wrong: an HTTP/2 server of a few lines that behaves as told, and a relay that can go silent."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager
from typing import Any, cast

import h2.config
import h2.connection
import h2.events
import h2.exceptions
from h2.errors import ErrorCodes
from h2.settings import SettingCodes

HEADERS = [(":status", "200"), ("content-type", "application/grpc"), ("grpc-accept-encoding", "identity,gzip")]
OK = [("grpc-status", "0")]


def frame(message: bytes, flag: int = 0, size: int | None = None) -> bytes:
    return bytes([flag]) + (len(message) if size is None else size).to_bytes(4, "big") + message


class Request:
    """A call that arrived; what a behaviour answers to."""

    def __init__(self, connection: Connection, stream_id: int, headers: list[tuple[str, str]]) -> None:
        self.connection, self.stream_id = connection, stream_id
        self.headers = dict(headers)
        self.body = b""

    @property
    def message(self) -> bytes:
        size = int.from_bytes(self.body[1:5], "big")
        assert len(self.body) == 5 + size
        return gzip.decompress(self.body[5:]) if self.body[0] else self.body[5:]

    def send(self, *, headers: object = HEADERS, body: bytes = b"", trailers: object = None, end: bool = False) -> None:
        h2c = self.connection.h2
        if headers:
            h2c.send_headers(self.stream_id, headers, end_stream=end and not body and not trailers)
        if body:
            self.connection.waiting.append((self.stream_id, body, trailers, end))
        elif trailers:
            h2c.send_headers(self.stream_id, trailers, end_stream=True)
        self.connection.write()


Behaviour = Callable[[Request], None]


def ok(message: bytes = b"", flag: int = 0) -> Behaviour:
    return lambda request: request.send(body=frame(message, flag), trailers=OK)


def ok_gzip(message: bytes) -> Behaviour:
    headers = [*HEADERS, ("grpc-encoding", "gzip")]
    return lambda request: request.send(headers=headers, body=frame(gzip.compress(message), 1), trailers=OK)


def status(code: int, details: str = "", *extra: tuple[str, str]) -> Behaviour:
    last = [("grpc-status", str(code)), ("grpc-message", details), *extra]
    return lambda request: request.send(headers=[*HEADERS, *last], end=True)


def http(code: int, page: bytes = b"") -> Behaviour:
    headers = [(":status", str(code)), ("content-type", "text/html")]
    return lambda request: request.send(headers=headers, body=page, end=True)


def hang(request: Request) -> None:
    pass


def reset(code: ErrorCodes, part: bytes = b"") -> Behaviour:
    def behave(request: Request) -> None:
        if part:
            request.send(body=part)
        request.connection.h2.reset_stream(request.stream_id, code)
        request.connection.flush()

    return behave


def abort(request: Request) -> None:
    request.connection.transport.abort()


def abort_amid_answer(request: Request) -> None:
    request.send(body=frame(b"", size=100))
    request.connection.transport.close()


def goaway(request: Request) -> None:
    """Send the client away before this call; `test_goaway` has servers that go on with theirs."""
    request.connection.h2.close_connection(last_stream_id=max(0, request.stream_id - 2))
    request.connection.flush()


def garbage(request: Request) -> None:
    request.connection.transport.write(b"\xff" * 100)


def no_trailers(request: Request) -> None:
    request.send(body=frame(b""), end=True)


def no_message(request: Request) -> None:
    request.send(trailers=OK)


def truncated(request: Request) -> None:
    request.send(body=frame(b"abc", size=10), trailers=OK)


def damaged(behaviour: Behaviour, damage: Callable[[bytes], bytes]) -> Behaviour:
    """What a behaviour answers, after something happened to the bytes; half of the times, the connection then ends."""
    count = iter(range(1000))

    def behave(request: Request) -> None:
        connection = request.connection
        connection.hold = b""
        behaviour(request)
        data, connection.hold = connection.hold, None
        connection.transport.write(damage(data))
        if next(count) % 2:
            connection.transport.close()

    return behave


def send_unknown_frame(then: Behaviour) -> Behaviour:
    """A frame of a type that nobody knows, and a 103: to be ignored."""

    def behave(request: Request) -> None:
        request.connection.transport.write(b"\0\0\3\xef\0\0\0\0\0abc")
        request.connection.h2.send_headers(request.stream_id, [(":status", "103")])
        then(request)

    return behave


class Connection(asyncio.Protocol):
    def __init__(self, server: FaultyServer) -> None:
        self.server = server
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False, header_encoding="ascii"))
        self.requests: dict[int, Request] = {}
        self.hold: bytes | None = None
        self.pings = self.pongs = 0
        """How many pings of the client have come, and how many answers to those of this end."""
        self.waiting: list[tuple[int, bytes, Any, bool]] = []
        """Bodies that flow control does not let out yet, and what comes behind them."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self.server.connections.append(self)
        self.h2.local_settings.update(self.server.settings)
        self.h2.local_settings.acknowledge()
        self.h2.initiate_connection()
        self.h2.increment_flow_control_window(2**24)
        self.hold = b""
        asyncio.get_running_loop().call_later(self.server.silent_for, self.speak)

    def speak(self) -> None:
        assert self.hold is not None
        self.transport.write(self.hold + self.h2.data_to_send())
        self.hold = None

    def connection_lost(self, exc: BaseException | None) -> None:
        self.server.closed += 1

    def flush(self) -> None:
        data = self.h2.data_to_send()
        if self.hold is None:
            self.transport.write(data)
        else:
            self.hold += data

    def write(self) -> None:
        waiting, self.waiting = self.waiting, []
        for stream_id, body, trailers, end in waiting:
            if (stream := self.h2.streams.get(stream_id)) is None or stream.closed:  # The client has reset it.
                continue
            while body and (room := min(self.h2.local_flow_control_window(stream_id), 16384)) > 0:
                self.h2.send_data(stream_id, body[:room], end and not trailers and len(body) <= room)
                body = body[room:]
            if body:
                self.waiting.append((stream_id, body, trailers, end))
            elif trailers:
                self.h2.send_headers(stream_id, trailers, end_stream=True)
        self.flush()

    def data_received(self, data: bytes) -> None:
        try:
            events = self.h2.receive_data(data)
        except h2.exceptions.ProtocolError:  # the client's answer to what was damaged, or said behind a GOAWAY
            self.transport.close()
            return
        for event in events:
            if isinstance(event, h2.events.RequestReceived):
                self.requests[event.stream_id] = Request(self, event.stream_id, event.headers)
            elif isinstance(event, h2.events.DataReceived):
                self.requests[event.stream_id].body += event.data
                self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            elif isinstance(event, h2.events.StreamEnded):
                self.server.serve(self.requests[event.stream_id])
            elif isinstance(event, h2.events.WindowUpdated):
                self.write()
            elif isinstance(event, h2.events.StreamReset):
                self.server.resets += 1
            elif isinstance(event, h2.events.PingReceived):
                self.pings += 1
            elif isinstance(event, h2.events.PingAckReceived):
                self.pongs += 1
        self.flush()


class FaultyServer:
    """Behaves as the next one of `behaviours` says; as the last one from then on."""

    def __init__(self, *behaviours: Behaviour) -> None:
        self.behaviours = list(behaviours)
        self.settings: dict[SettingCodes | int, int] = {}
        """What each connection begins with, besides h2's own."""
        self.silent_for = 0.0
        """How long a new connection says nothing."""
        self.requests: list[Request] = []
        self.connections: list[Connection] = []
        self.resets = self.closed = 0
        self._news = asyncio.Event()

    def serve(self, request: Request) -> None:
        self.requests.append(request)
        self._news.set()
        behaviour = self.behaviours.pop(0) if len(self.behaviours) > 1 else self.behaviours[0]
        behaviour(request)

    async def expect(self, count: int) -> None:
        """Wait until so many requests have arrived in all."""
        while len(self.requests) < count:
            self._news.clear()
            await self._news.wait()


@asynccontextmanager
async def faulty(
    *behaviours: Behaviour,
    context: ssl.SSLContext | None = None,
    host: str = "127.0.0.1",
    port: int = 0,
    bound: socket.socket | None = None,
    settings: dict[SettingCodes | int, int] | None = None,
) -> AsyncIterator[tuple[FaultyServer, str]]:
    """A server and its address; ``bound`` is what ``closed_port`` gave."""
    server = FaultyServer(*behaviours)
    server.settings = settings or {}
    loop = asyncio.get_running_loop()
    where: dict[str, Any] = {"sock": bound} if bound else {"host": host, "port": port}
    listening = await loop.create_server(lambda: Connection(server), ssl=context, **where)
    try:
        yield server, f"{host}:{listening.sockets[0].getsockname()[1]}"
    finally:
        listening.close()
        for connection in server.connections:
            connection.transport.abort()
        await asyncio.sleep(0)


@asynccontextmanager
async def talking(answer: bytes, *, listen: bool = True, piece: int = 1000) -> AsyncIterator[str]:
    """A server that answers anything with these bytes, in pieces, and closes the connection."""

    talks: set[Any] = set()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talks.add(asyncio.current_task())
        if listen:
            await reader.read(1000)
        with contextlib.suppress(OSError):
            for start in range(0, len(answer), piece):
                if not reader.at_eof():
                    writer.write(answer[start : start + piece])
                    await writer.drain()
                    await asyncio.sleep(0.001)
            writer.close()
            await writer.wait_closed()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    try:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        if talks:
            await asyncio.wait(talks)


@contextlib.contextmanager
def closed_port() -> Iterator[tuple[socket.socket, str]]:
    """An address that refuses connections, and that nobody else can take: it is bound, but nobody listens there."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound, f"127.0.0.1:{bound.getsockname()[1]}"


@asynccontextmanager
async def silent(host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[tuple[list[asyncio.StreamWriter], str]]:
    """A server that takes connections, and says nothing: its connections so far, and its address."""
    accepted: list[asyncio.StreamWriter] = []
    server = await asyncio.start_server(lambda _, writer: accepted.append(writer), host, port)
    try:
        yield accepted, f"{host}:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        _abort(accepted)
        await asyncio.sleep(0)


class Relay:
    """Passes bytes on in both directions; frozen, its connections stay open and pass nothing on."""

    def __init__(self, target: str) -> None:
        self.host, _, port = target.rpartition(":")
        self.port = int(port)
        self.tasks: list[asyncio.Task[None]] = []
        self.writers: list[asyncio.StreamWriter] = []
        self.accepted = 0
        self.passed = 0
        """The number of bytes, in both directions."""
        self.sent: list[bytearray] = []
        """What the client of each connection has sent."""

    @property
    def open(self) -> bool:
        """Whether any direction still passes bytes on."""
        return not all(task.done() for task in self.tasks)

    def freeze(self) -> None:
        for task in self.tasks:
            task.cancel()

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        onward, back = await asyncio.open_connection(self.host, self.port)
        self.writers += [writer, back]
        self.sent.append(bytearray())
        self.tasks += [
            asyncio.create_task(self._pass(reader, back, self.sent[-1])),
            asyncio.create_task(self._pass(onward, writer, bytearray())),
        ]

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, kept: bytearray) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                self.passed += len(data)
                kept += data
                writer.write(data)
            writer.close()


@asynccontextmanager
async def relay(target: str) -> AsyncIterator[tuple[Relay, str]]:
    """A relay to an address, and its own."""
    between = Relay(target)
    server = await asyncio.start_server(between.accept, "127.0.0.1", 0)
    try:
        yield between, f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        between.freeze()
        _abort(between.writers)
        await asyncio.sleep(0.01)


def _abort(writers: Iterable[asyncio.StreamWriter]) -> None:
    for writer in writers:
        writer.transport.abort()
