"""The collector as a server: store and service behind a port, started and stopped together."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from chaukas_spec_lite.collector.service import CollectorService
from chaukas_spec_lite.collector.store import Store
from chaukas_spec_lite.rpc.server.server import MAX_MESSAGE_BYTES, MessageServer

if TYPE_CHECKING:
    from typing_extensions import Self


class Collector:
    """A gRPC server that stores events in a SQLite file, or in memory if ``path`` is None, and finds them again.

    ::

        async with Collector("events.db", port=50051) as collector:
            print(collector.port)
            await collector.wait_closed()

    Port 0 takes any free one. There is no encryption and no authentication: whoever reaches ``host`` can read and
    write, which is why it is the loopback interface unless you say otherwise. Requests of more than
    ``max_message_bytes`` are refused. ``grace`` is how many seconds calls get to finish when the collector stops.
    """

    def __init__(
        self,
        path: str | Path | None = None,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        max_message_bytes: int = MAX_MESSAGE_BYTES,
        grace: float = 5.0,
    ) -> None:
        self.host = host
        self.grace = grace
        self._wanted_port = port
        self._max_message_bytes = max_message_bytes
        self._store = Store(path)
        self._server: MessageServer | None = None

    @property
    def port(self) -> int:
        """The port it listens on, once it has started."""
        return self._running().port

    async def start(self) -> None:
        """Open the store and listen; raises ``StoreError`` and ``OSError``."""
        if self._server is not None:
            raise RuntimeError("the collector has been started already")
        await self._store.open()
        server = MessageServer([CollectorService(self._store)], max_message_bytes=self._max_message_bytes)
        try:
            await server.start(self.host, self._wanted_port)
        except BaseException:
            await self._store.close()
            raise
        self._server = server

    async def stop(self) -> None:
        """Let the calls that are running finish, then close everything."""
        server, self._server = self._running(), None
        try:
            await server.stop(self.grace)
        finally:
            await self._store.close()

    async def wait_closed(self) -> None:
        """Wait until someone stops it."""
        await self._running().wait_closed()

    def _running(self) -> MessageServer:
        if self._server is None:
            raise RuntimeError("the collector is not running: use `async with Collector(...)` or `await start()`")
        return self._server

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc_val: BaseException | None, exc_tb: TracebackType | None
    ) -> None:
        await self.stop()
