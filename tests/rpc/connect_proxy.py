"""A proxy that opens tunnels by CONNECT. It alone knows where the names lead that it is asked for."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

OPENED = b"HTTP/1.1 200 Connection established\r\nVia: 1.1 test\r\n\r\n"


class ConnectProxy:
    """Answers as told, and keeps the heads of all requests."""

    def __init__(self, names: dict[str, str]) -> None:
        self.names = names
        """Where the servers are, ``host:port``, by the ``host:port`` that clients ask for."""
        self.answer = OPENED
        """What it says first; a tunnel follows if it knows the name."""
        self.late = False
        """Whether it hands over the first words of the server together with its own."""
        self.heads: list[list[str]] = []
        self._tasks: set[asyncio.Task[None]] = set()

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._tasks.add(task)
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            await self._serve(reader, writer)
        writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        self.heads.append(head)
        onto = self.names.get(head[0].split()[1])
        if onto is None:
            writer.write(self.answer)
            await writer.drain()
            writer.close()
            return
        host, _, port = onto.rpartition(":")
        onward, back = await asyncio.open_connection(host, int(port))
        first = await onward.read(65536) if self.late else b""
        writer.write(self.answer + first)
        try:
            await asyncio.gather(_pass(reader, back), _pass(onward, writer))
        finally:
            back.transport.abort()

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()


@asynccontextmanager
async def connect_proxy(**names: str) -> AsyncIterator[tuple[ConnectProxy, str]]:
    """A proxy and its address; for each host name of `example`, where its server on port 50051 is."""
    proxy = ConnectProxy({f"{name}.example:50051": address for name, address in names.items()})
    server = await asyncio.start_server(proxy.accept, "127.0.0.1", 0)
    try:
        yield proxy, f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        await proxy.close()
