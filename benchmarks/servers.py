"""The servers that clients are measured against, each in a process of its own: ours, and two from the official stubs.

``python -m benchmarks.servers KIND [keep]`` runs one until its standard input is closed, and prints the port.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

KINDS = {"collector": "our collector", "grpcio": "grpcio, threads", "grpc.aio": "grpc.aio"}


@contextmanager
def running(kind: str, *, keep: bool = False) -> Iterator[str]:
    """Start a server; the address to connect to is ``127.0.0.1:PORT``.

    The official ones discard what they acknowledge, unless they are to ``keep`` batches; the collector always stores.
    """
    command = [sys.executable, "-m", "benchmarks.servers", kind, *(["keep"] if keep else [])]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        port = process.stdout.readline().strip()
        if not port:
            raise RuntimeError(f"the server {kind} has not started; its exit code is {process.wait()}")
        try:
            yield f"127.0.0.1:{port}"
        finally:
            assert process.stdin is not None
            process.stdin.close()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()


def _collector() -> None:
    from chaukas_spec_lite.collector.server import Collector

    async def serve() -> None:
        async with Collector() as collector:
            print(collector.port, flush=True)
            await _until_told()

    asyncio.run(serve())


def _threads() -> None:
    import grpc

    server = grpc.server(ThreadPoolExecutor(8))
    _serve_official(server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)
    sys.stdin.read()
    server.stop(0)


def _aio() -> None:
    import grpc.aio

    async def serve() -> None:
        server = grpc.aio.server()
        _serve_official(server)
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        print(port, flush=True)
        await _until_told()
        await server.stop(0)

    asyncio.run(serve())


async def _until_told() -> None:
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


def _serve_official(server: Any) -> None:
    """Register a service that acknowledges, and discards or keeps in a list; it suits both kinds of servers."""
    from chaukas.spec.client.v1 import client_pb2, client_pb2_grpc

    kept: list[Any] = []
    keep = sys.argv[2:] == ["keep"]

    class Service(client_pb2_grpc.ChaukasClientServiceServicer):
        def IngestEvent(self, request: Any, context: Any) -> Any:
            return client_pb2.IngestEventResponse()

        def IngestEventBatch(self, request: Any, context: Any) -> Any:
            if keep:
                kept.extend(request.event_batch.events)
            return client_pb2.IngestEventBatchResponse()

        def QueryEvents(self, request: Any, context: Any) -> Any:
            start = int(request.query.page_token or 0)
            end = start + request.query.page_size
            answer = client_pb2.QueryEventsResponse()
            answer.response.events.extend(kept[start:end])
            if end < len(kept):
                answer.response.next_page_token = str(end)
            return answer

    client_pb2_grpc.add_ChaukasClientServiceServicer_to_server(Service(), server)


if __name__ == "__main__":
    {"collector": _collector, "grpcio": _threads, "grpc.aio": _aio}[sys.argv[1]]()
