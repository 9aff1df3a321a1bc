"""Nobody stops the HTTP door for others. Each attack comes over real sockets, against a process of its own.

What an attack costs is told by the processor time and the memory of that process. Bounds are several times what it
takes here, and a fraction of what it took before there was a defence.
"""

from __future__ import annotations

import gzip
import json
import socket
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path

import grpc
import pytest

from chaukas_spec_lite import Event
from tests.collector.doors.attacked import HEALTH, Attacked, attacked
from tests.collector.doors.http_serving import batch, single
from tests.collector.doors.test_grpc_floods import METHOD, batch_of_empty_events
from tests.patience import HANG
from tests.sockets import until_closed

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells what another process costs")

MB = 1 << 20


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Attacked]:
    with attacked(tmp_path_factory.mktemp("home")) as process:
        yield process


def post(path: str, body: bytes, *more: str, content_type: str = "application/x-protobuf") -> bytes:
    lines = [f"POST {path} HTTP/1.1", "Host: localhost", "Connection: close", f"Content-Type: {content_type}", *more]
    if not any(line.startswith("Transfer-Encoding") for line in lines):
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + body


def oneof_alternation() -> bytes:
    """An event of 4 MB whose content is two kinds in turn, as no encoder writes it: each one replaces the last."""
    kinds = [number << 3 | 2 for number in (30, 31)]
    heads = b"".join(bytes([kind & 127 | 128, kind >> 7, 0]) for kind in kinds)
    event = bytes(Event(event_id="alternating")) + heads * (4 * MB // len(heads))
    return b"\x0a" + length(len(event)) + event


def length(size: int) -> bytes:
    out = b""
    while size > 127:
        out += bytes([size & 127 | 128])
        size >>= 7
    return out + bytes([size])


ATTACKS = {
    "gzip bomb of empty events": (
        post("/events/batch", gzip.compress(batch_of_empty_events(500_000), 9, mtime=0), "Content-Encoding: gzip"),
        b"413",
    ),
    "15 MB of empty events": (post("/events/batch", batch_of_empty_events(7_500_000)), b"413"),
    "gzip bomb of one event": (
        post("/events", gzip.compress(bytes(64 * MB), 9), "Content-Encoding: gzip"),
        b"413",
    ),
    "oneof alternation": (post("/events", oneof_alternation()), b"202"),
    "JSON of empty events": (
        post("/events/batch", b'{"events":[' + b"{}," * 2_500_000 + b"{}]}", content_type="application/json"),
        b"413",
    ),
    "JSON of small events": (
        post(
            "/events/batch",
            json.dumps({"events": [{"event_id": ""}] * 90_000}).encode(),
            content_type="application/json",
        ),
        b"413",
    ),
    "JSON of nested arrays": (
        post("/events", b'{"metadata":{"a":[' + b"[]," * 2_500_000 + b"[]]}}", content_type="application/json"),
        b"413",
    ),
    "chunks of one byte": (
        post("/events", b"1\r\nx\r\n" * 40_000 + b"0\r\n\r\n", "Transfer-Encoding: chunked"),
        b"413",
    ),
    "chunk extensions": (
        post("/events", (b"1;" + b"x" * 8000 + b"\r\nx\r\n") * 500 + b"0\r\n\r\n", "Transfer-Encoding: chunked"),
        b"400",
    ),
}


@pytest.mark.parametrize("kind", ATTACKS)
def test_a_request_that_costs_its_sender_little_costs_others_nothing(server: Attacked, kind: str) -> None:
    request, status = ATTACKS[kind]
    with server.others_served(8, 120 * MB), ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda _: server.asked(request), range(2)))
    for answer in answers:
        # What is refused before it is read may end the connection before the answer is heard.
        assert answer[9:12] in (status, b"") if status == b"413" else answer[9:12] == status, answer[:500]


def test_slow_bodies_keep_nobody_out(tmp_path: Path) -> None:
    """Large ones that never end, of one address, for all of the memory; others send large ones meanwhile."""
    large = single(Event(event_id="1", branch="x" * 5 * MB))
    other = single(Event(event_id="2", branch="y" * 5 * MB))
    with ExitStack() as stack:
        server = stack.enter_context(attacked(tmp_path, "--max-bodies", "64MiB"))
        stack.enter_context(server.others_served(20, 200 * MB))
        for _ in range(30):
            peer = stack.enter_context(server.connect())
            with suppress(ConnectionError):
                peer.sendall(post("/events", large)[:-1])
        with server.connect(source="127.0.0.2") as peer:
            peer.sendall(post("/events", other))
            assert until_closed(peer)[9:12] == b"202"
        assert server.asked(post("/events/batch", batch(Event(event_id="3"))))[9:12] == b"202"


def silent(server: Attacked, stack: ExitStack, door: str, count: int) -> None:
    for _ in range(count):
        stack.enter_context(server.connect(door))


@pytest.mark.parametrize("connections", [0, 1000], ids=["by itself", "more than there are files"])
def test_silent_sockets_keep_nobody_out(connections: int, tmp_path: Path) -> None:
    """200 of them at ``ulimit -n 128``, at either door and at both: it logged 31 MB, and nobody got in."""
    options = ["--max-connections", str(connections)] if connections else []
    with ExitStack() as stack, attacked(tmp_path, *options, files=128) as server:
        with server.others_served(10, 50 * MB):
            for door in ("HTTP", "gRPC", "HTTP"):
                silent(server, stack, door, 200)
                assert server.is_well()
                with grpc.insecure_channel(f"127.0.0.1:{server.ports['gRPC']}") as channel:
                    ingest = channel.unary_unary(METHOD)
                    assert ingest(batch(Event(event_id=door)), timeout=HANG, wait_for_ready=True) == b""
        stack.close()
        lines = server.log().splitlines()
    assert sum("may open 128 files: each door keeps 32 connections, and not 1000" in line for line in lines) == 1
    # One of each door, in each minute that it takes.
    assert 2 <= sum("no room for more connections" in line for line in lines) <= 6
    assert len(lines) < 12, lines


def test_half_a_head_is_no_reason_to_stay(tmp_path: Path) -> None:
    with ExitStack() as stack, attacked(tmp_path, "--handshake-timeout", "2s") as server:
        peers: list[socket.socket] = []
        for said in (b"", b"GET / HTTP/1.1\r\nHost: a", HEALTH[:-2]):
            peer = stack.enter_context(server.connect())
            peer.sendall(said)
            peers.append(peer)
        assert [until_closed(peer) for peer in peers] == [b""] * 3
        assert server.is_well()
