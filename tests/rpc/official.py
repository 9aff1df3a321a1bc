"""What interop tests need of the official packages: a running server, and events as large as it takes by default."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import grpc
from chaukas.spec.client.v1 import client_pb2_grpc

from chaukas_spec_lite import Event
from tests import realdata


def large_events() -> list[bytes]:
    """Events of 4 MB in all, few enough for one page: recorded ones, padded."""
    events = [Event.parse(data) for data in realdata.events()[:800]]
    bare = sum(len(bytes(event)) for event in events)
    for event in events:
        event.branch = "x" * ((4_100_000 - bare) // len(events))
    return [bytes(event) for event in events]


@contextmanager
def serving(servicer: client_pb2_grpc.ChaukasClientServiceServicer) -> Iterator[int]:
    """Run a servicer in grpcio's server, on a free port of the loopback interface."""
    server = grpc.server(ThreadPoolExecutor(8))
    client_pb2_grpc.add_ChaukasClientServiceServicer_to_server(servicer, server)
    port: int = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield port
    finally:
        server.stop(None).wait()
