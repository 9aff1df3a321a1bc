"""Requests that cost their sender nothing: the collector refuses them undecoded, and serves others meanwhile."""

from __future__ import annotations

import asyncio
import gzip
import socket
import time

import grpc
import pytest
from h2.config import H2Configuration
from h2.connection import H2Connection

from chaukas_spec_lite import Event
from chaukas_spec_lite.client.client import ChaukasClient
from chaukas_spec_lite.collector import Collector
from tests.patience import HANG, run

_EMPTY = b"\x1a\x00"
"""An empty event in a batch."""
METHOD = "/chaukas.spec.client.v1.ChaukasClientService/IngestEventBatch"


def batch_of_empty_events(count: int) -> bytes:
    size, content = count * len(_EMPTY), _EMPTY * count
    length = b""
    while size > 127:
        length += bytes([size & 127 | 128])
        size >>= 7
    return b"\x0a" + length + bytes([size]) + content


def send_compressed(port: int, message: bytes) -> dict[str, str]:
    """Send a message as gzip by hand, as no client compresses it so well; return what stands behind the answer."""
    client = H2Connection(H2Configuration(header_encoding="ascii"))
    client.initiate_connection()
    names = {":method": "POST", ":scheme": "http", ":path": METHOD, ":authority": "here", "te": "trailers"}
    client.send_headers(1, [*names.items(), ("content-type", "application/grpc"), ("grpc-encoding", "gzip")])
    client.send_data(1, b"\1" + len(message).to_bytes(4, "big") + message, end_stream=True)
    answer: dict[str, str] = {}
    with socket.create_connection(("127.0.0.1", port)) as peer:
        peer.settimeout(HANG)
        peer.sendall(client.data_to_send())
        while "grpc-status" not in answer:
            for event in client.receive_data(peer.recv(1 << 16)):
                answer |= dict(getattr(event, "headers", None) or {})
    return answer


def send_plain(port: int, message: bytes) -> dict[str, str]:
    options = [("grpc.max_send_message_length", -1)]
    channel = grpc.insecure_channel(f"127.0.0.1:{port}", options=options)
    with channel, pytest.raises(grpc.RpcError) as caught:
        channel.unary_unary(METHOD)(message, timeout=HANG)
    return {"grpc-status": str(caught.value.code().value[0]), "grpc-message": caught.value.details()}


@pytest.mark.parametrize("compressed", [True, False])
def test_batches_of_empty_events_are_refused_before_they_are_decoded(compressed: bool) -> None:
    """One of 1,016 bytes held others up for 14.7 s, and took 300 MB; one of 15 MB took minutes."""
    if compressed:
        message = gzip.compress(batch_of_empty_events(500_000), 9, mtime=0)
        assert len(message) < 1100
    else:
        message = batch_of_empty_events(7_500_000)

    async def main() -> None:
        async with Collector() as collector, ChaukasClient(f"127.0.0.1:{collector.port}", environ={}) as client:
            await client.healthz()
            before = time.process_time()
            send = send_compressed if compressed else send_plain
            sending = asyncio.create_task(asyncio.to_thread(send, collector.port, message))
            while not sending.done():
                await client.ingest_event(Event())
                await asyncio.sleep(0.05)
            answer = await sending
            assert time.process_time() - before < 5
            assert answer["grpc-status"] == str(grpc.StatusCode.RESOURCE_EXHAUSTED.value[0])
            assert answer["grpc-message"].startswith("received message larger than max: "), "clients do not repeat it"

    run(main())
