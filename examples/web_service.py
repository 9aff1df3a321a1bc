"""A web service that records each request: an exporter with a spool inside an asyncio program.

    CHAUKAS_GRPC_ENDPOINT=localhost:50051 python examples/web_service.py SPOOL_FOLDER [PORT]

Requests never wait for the collector, which may be down for hours: events wait in the spool. On SIGTERM the service
stops taking requests, and leaving ``async with`` sends what waits for up to ``close_timeout`` seconds. What is left
then stays in the spool for the next start. The service speaks just enough HTTP to be tried with curl.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from functools import partial

from chaukas_spec_lite import ChaukasClient, EventExporter, Recorder


async def answer(recorder: Recorder, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer one request, and record what came in and what went out. A session is one request here."""
    try:
        request = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").splitlines()[0]
        with recorder.session("request") as session:
            session.input(request)
            text = "Your order 48213 was shipped."
            writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: {len(text)}\r\nConnection: close\r\n\r\n{text}".encode())
            await writer.drain()
            session.output(text)
    except (asyncio.IncompleteReadError, ConnectionError):
        pass  # the client went away
    finally:
        writer.close()


async def main(spool: str, port: int) -> None:
    """Serve until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    client = ChaukasClient(tenant_id="acme", project_id="shop")
    exporter = EventExporter(client, spool=spool)
    server = await asyncio.start_server(partial(answer, Recorder(exporter)), "127.0.0.1", port)
    print(f"listening on port {server.sockets[0].getsockname()[1]}", flush=True)
    async with client, exporter, server:  # left from right to left: no request comes after the exporter's end
        await stop.wait()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 8080))
