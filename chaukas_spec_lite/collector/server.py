"""The collector as a server: the service and a port, started and stopped together."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from chaukas_spec_lite.collector.client_service import StoredClientService
from chaukas_spec_lite.misspelt import arguments_of, refuse_unknown
from chaukas_spec_lite.rpc.server.server import MAX_MESSAGE_BYTES, MessageServer

if TYPE_CHECKING:
    from typing_extensions import Never, Self


class Collector:
    """A gRPC server that stores events in a SQLite file, or in memory if ``path`` is None, and finds them again.

    ::

        async with Collector("events.db", port=50051) as collector:
            print(collector.port)
            await collector.wait_closed()

    Args:
        path: The SQLite file, which is made if it does not exist. None keeps events in memory only.
        host: The address to listen on. There is no encryption and no authentication: any program that reaches it can
            read and write, which is why it is the loopback interface unless you say otherwise.
        port: The port to listen on; 0 takes any free one, which the attribute ``port`` then tells.
        max_message_bytes: The size in bytes, after decompression, above which a request is refused.
        grace: How many seconds calls that are running get to finish when the collector stops.
        misspelt: Always refused. The error names the argument that is most like the misspelt one.

    Raises:
        TypeError: There is no argument of that name.
    """

    def __init__(
        self,
        path: str | Path | None = None,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        max_message_bytes: int = MAX_MESSAGE_BYTES,
        grace: float = 5.0,
        **misspelt: Never,
    ) -> None:
        refuse_unknown(misspelt, arguments_of(Collector), "argument", "Collector")
        self.host = host
        self.grace = grace
        self._wanted_port = port
        self._max_message_bytes = max_message_bytes
        self._service = StoredClientService(path)
        self._server: MessageServer | None = None
        self._starts = False

    @property
    def port(self) -> int:
        """The port it listens on; raises ``RuntimeError`` unless it is running."""
        return self._running().port

    async def start(self) -> None:
        """Open the store, and listen. ``async with`` does it, too.

        Raises:
            StoreError: The file is no collector's, was made by a newer one, or cannot be opened.
            OSError: The port is taken, or the host has no such address.
            RuntimeError: It has been started already.
        """
        # Starting takes several turns of the event loop, in which a second call must not open the store once more.
        if self._server is not None or self._starts:
            raise RuntimeError("the collector has been started already")
        self._starts = True
        try:
            self._server = await self._started()
        finally:
            self._starts = False

    async def _started(self) -> MessageServer:
        # The store before the port, so that no call arrives at a store that is not open.
        await self._service.open()
        server = MessageServer([self._service], max_message_bytes=self._max_message_bytes)
        try:
            await server.start(self.host, self._wanted_port)
        # A cancellation as well, or the store's threads would outlive a start that failed.
        except BaseException:
            await self._service.close()
            raise
        return server

    async def stop(self) -> None:
        """Let the calls that are running finish, for at most ``grace`` seconds, then close port and store.

        Raises:
            RuntimeError: It is not running.
        """
        # Forgotten first, so that a second ``stop`` during the grace period is refused and not run twice.
        server, self._server = self._running(), None
        try:
            await server.stop(self.grace)
        # In this order: calls that are running still need the store.
        finally:
            await self._service.close()

    async def wait_closed(self) -> None:
        """Wait until somebody stops it; raises ``RuntimeError`` unless it is running."""
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
