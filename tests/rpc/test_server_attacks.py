"""Nobody stops a server for others: floods, rapid resets, silent sockets. Each attack comes from a real socket.

What an attack costs is told by the processor time of the server's process. Bounds are tens of times what it takes
here, and a third of what it took before there was a defence, or less.
"""

from __future__ import annotations

import itertools
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import Any

import grpc
import pytest
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import ConnectionTerminated

from tests.patience import HANG
from tests.rpc.relay import PREFIX
from tests.snippets import ROOT
from tests.sockets import until_closed

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\4\0\0\0\0\0"
HEADERS = [(":method", "POST"), (":scheme", "http"), (":path", f"{PREFIX}Join"), (":authority", "here")]
HEADERS += [("te", "trailers"), ("content-type", "application/grpc")]
FLOOD_BYTES = 250_000


class Attacked:
    """The server's process."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.port = int(self._line())
        self._answer()  # What starting cost is no attack's.

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()

    def _answer(self) -> float:
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return float(self._line())

    @contextmanager
    def costing_at_most(self, seconds: float) -> Iterator[None]:
        """Check the server's processor time."""
        before = self._answer()
        yield
        assert self._answer() - before < seconds

    def connect(self, source: str = "127.0.0.1") -> socket.socket:
        peer = socket.create_connection(("127.0.0.1", self.port), source_address=(source, 0))
        peer.settimeout(HANG)
        return peer

    def serves(self) -> None:
        """Check that the official client gets in, and is answered."""
        # By a connection of its own, which is accepted behind all before it: the client shares them between channels.
        options = [("grpc.use_local_subchannel_pool", 1)]
        with grpc.insecure_channel(f"127.0.0.1:{self.port}", options) as channel:
            assert channel.unary_unary(f"{PREFIX}Echo")(b"\x0a\x01x", timeout=HANG, wait_for_ready=True) == b"\x0a\x01x"

    def log(self) -> str:
        """End the process; return what it logged."""
        _, stderr = self._process.communicate(timeout=HANG)
        assert self._process.returncode == 0, stderr
        return stderr


@contextmanager
def attacked(files: int = 0, connections: int = 0) -> Iterator[Attacked]:
    command = [sys.executable, "-m", "tests.rpc.attacked_program", str(files), str(connections)]
    pipes: dict[str, Any] = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    with subprocess.Popen(command, cwd=ROOT, text=True, **pipes) as process:
        try:
            yield Attacked(process)
        finally:
            process.kill()


def frame(kind: int, payload: bytes = b"", flags: int = 0, stream: int = 0) -> bytes:
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


def opening() -> bytes:
    """The preface, and the headers of a call on stream 1."""
    client = H2Connection(H2Configuration(header_encoding="ascii"))
    client.initiate_connection()
    client.send_headers(1, HEADERS)
    return client.data_to_send()


def resets() -> bytes:
    """Calls that are begun and reset at once."""
    client = H2Connection(H2Configuration(header_encoding="ascii"))
    client.initiate_connection()
    for _ in range(10_000):
        stream = client.get_next_available_stream_id()
        client.send_headers(stream, HEADERS)
        client.reset_stream(stream)
    return client.data_to_send()


FLOODS = {
    "PING": PREFACE + frame(6, b"12345678") * (FLOOD_BYTES // 17),
    "PING, answered": PREFACE + frame(6, b"12345678", flags=1) * (FLOOD_BYTES // 17),
    "SETTINGS": PREFACE + frame(4) * (FLOOD_BYTES // 9),
    "SETTINGS with something": PREFACE + frame(4, b"\0\1\0\0\0\0") * (FLOOD_BYTES // 15),
    "PRIORITY": PREFACE + frame(2, b"\0\0\0\0\1", stream=3) * (FLOOD_BYTES // 14),
    "empty DATA": opening() + frame(0, stream=1) * (FLOOD_BYTES // 9),
    "DATA of padding": opening() + frame(0, b"\3\0\0\0", flags=8, stream=1) * (FLOOD_BYTES // 13),
    "WINDOW_UPDATE": PREFACE + frame(8, b"\0\0\0\1") * (FLOOD_BYTES // 13),
    "CONTINUATION": PREFACE + frame(1, b"", stream=1) + frame(9, stream=1) * (FLOOD_BYTES // 9),
    "RST_STREAM": opening() + frame(3, b"\0\0\0\0", stream=1) * (FLOOD_BYTES // 13),
    "unknown frames": PREFACE + frame(99) * (FLOOD_BYTES // 9),
    "rapid reset": resets(),
}


@pytest.fixture(scope="module")
def server() -> Iterator[Attacked]:
    with attacked() as process:
        yield process


_numbers = itertools.count(2)


def unknown_address() -> str:
    """An address that has not attacked yet, where the system has more than one of its own."""
    return f"127.0.0.{next(_numbers)}" if sys.platform == "linux" else "127.0.0.1"


def flooded(server: Attacked, flood: bytes, source: str) -> None:
    """Send all of it, if the server takes that, and wait until it has closed the connection."""
    with server.connect(source) as peer:
        try:
            peer.sendall(flood)
        except ConnectionError:
            return
        until_closed(peer)


@pytest.mark.parametrize("kind", FLOODS)
def test_a_flood_ends_its_own_connection_and_no_other(server: Attacked, kind: str) -> None:
    source = unknown_address()
    with server.costing_at_most(1.5), ThreadPoolExecutor(4) as pool:
        attacks = pool.map(lambda _: flooded(server, FLOODS[kind], source), range(4))
        server.serves()
        list(attacks)


def test_floods_of_an_address_on_probation_end_their_connections_and_no_others(server: Attacked) -> None:
    """It is read slowly, and each connection ends two seconds later."""
    source = unknown_address()
    flooded(server, FLOODS["PING"], source)
    with server.costing_at_most(3), ThreadPoolExecutor(4 * len(FLOODS)) as pool:
        attacks = pool.map(lambda flood: flooded(server, flood, source), [*FLOODS.values()] * 4)
        server.serves()
        list(attacks)


@pytest.mark.parametrize("kind", ["PING", "SETTINGS", "PRIORITY", "empty DATA", "WINDOW_UPDATE", "unknown frames"])
def test_who_asks_for_too_much_is_told_to_calm_down(server: Attacked, kind: str) -> None:
    client = H2Connection(H2Configuration(header_encoding="ascii"))
    client.initiate_connection()
    client.send_headers(1, HEADERS)  # Which some floods begin with; the answer names the stream.
    with server.connect(unknown_address()) as peer:
        # As many as are read at once: what is left unread resets the connection, and the GOAWAY may be lost with that.
        peer.sendall(FLOODS[kind][:12_000])
        events = client.receive_data(until_closed(peer))
    (goaway,) = [event for event in events if isinstance(event, ConnectionTerminated)]
    assert goaway.error_code is ErrorCodes.ENHANCE_YOUR_CALM


def test_a_message_in_frames_of_one_byte_arrives_and_others_are_served_meanwhile(server: Attacked) -> None:
    text = b"x" * 20_000
    message = b"\x0a" + bytes([len(text) & 127 | 128, (len(text) >> 7) & 127 | 128, len(text) >> 14]) + text
    framed = b"\0" + len(message).to_bytes(4, "big") + message
    client = H2Connection(H2Configuration(header_encoding="ascii"))
    client.initiate_connection()
    client.send_headers(1, HEADERS)
    with server.connect() as peer:
        peer.sendall(client.data_to_send() + b"".join(frame(0, framed[at : at + 1], stream=1) for at in range(20_000)))
        server.serves()
        rest = b"".join(frame(0, framed[at : at + 1], stream=1) for at in range(20_000, len(framed)))
        peer.sendall(rest + frame(0, flags=1, stream=1))
        answer = b""
        while text not in answer:
            data = peer.recv(1 << 16)
            assert data, answer[-100:]
            for event in client.receive_data(data):
                answer += getattr(event, "data", None) or b""


def test_honest_clients_are_never_told_to_calm_down(server: Attacked) -> None:
    """Many calls, large answers, cancellations: the official client pings and widens windows as it measures the way."""
    with grpc.insecure_channel(
        f"127.0.0.1:{server.port}", options=[("grpc.max_receive_message_length", -1)]
    ) as channel:
        echo, repeat = channel.unary_unary(f"{PREFIX}Echo"), channel.unary_stream(f"{PREFIX}Repeat")
        assert [call.result() for call in [echo.future(b"", timeout=HANG) for _ in range(2000)]] == [b""] * 2000
        large = b"\x0a\x80\x80\x40" + b"x" * (1 << 20)
        for _ in range(20):
            assert echo(large, timeout=HANG) == large
        for _ in range(5):  # Of 30 calls that are cancelled amid their answers, all at once.
            calls = [repeat(b"\x0a\x03\x0a\x01x\x10\xe8\x07", timeout=HANG) for _ in range(30)]
            for call in calls:
                next(call)
            for call in calls:
                call.cancel()
        assert echo(b"", timeout=HANG) == b""


def silent(server: Attacked, stack: ExitStack, count: int) -> None:
    for _ in range(count):
        stack.enter_context(server.connect())


@pytest.mark.parametrize("connections", [0, 1000], ids=["by itself", "out of files"])
def test_silent_sockets_keep_nobody_out(connections: int) -> None:
    """At ``ulimit -n 128``; with a limit that the system cannot keep, too."""
    with ExitStack() as stack, attacked(files=128, connections=connections) as server:
        with server.costing_at_most(3):
            silent(server, stack, 100)
            server.serves()
            silent(server, stack, 50)
            server.serves()
        stack.close()
        server.serves()
        lines = server.log().splitlines()
        assert 1 <= len(lines) <= 2, lines
        assert "no room for more connections" in lines[-1]


def test_calls_that_are_never_complete_keep_nobody_out() -> None:
    with ExitStack() as stack, attacked(connections=20) as server:
        for _ in range(60):
            stack.enter_context(server.connect()).sendall(opening())
        server.serves()
