"""The HTTP door as a server: starlette and uvicorn in the collector's own event loop."""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING

from chaukas_spec_lite.collector.callers import Authenticate, anyone
from chaukas_spec_lite.collector.doors.http_held import HeldBytes
from chaukas_spec_lite.collector.doors.http_limits import LIMITS, HttpLimits
from chaukas_spec_lite.errors import SettingError
from chaukas_spec_lite.rpc.client.endpoint import is_loopback
from chaukas_spec_lite.rpc.transport.accepting import Accepting

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Mapping

    from chaukas_spec_lite.collector.doors.http_connections import HttpConnections
    from chaukas_spec_lite.collector.service import CollectorService

INSTALL = "pip install 'chaukas-spec-lite[server]'"
_BACKLOG = 100


class HttpServer:
    """The HTTP door of a collector.

    It handles no signals and no logging: whoever starts it does.

    Args:
        service: What serves the requests; it has to be open while the server runs.
        authenticate: Says who calls. None: everybody may do everything.
        limits: What clients may do.
        tls: For https.
        clients: Tells the variables that programs are to be given, which the page shows; nothing if it knows none.
    """

    def __init__(
        self,
        service: CollectorService,
        *,
        authenticate: Authenticate | None = None,
        limits: HttpLimits = LIMITS,
        tls: ssl.SSLContext | None = None,
        clients: Callable[[], Mapping[str, str]] = dict,
    ) -> None:
        self._service = service
        self._authenticate = authenticate
        self._limits = limits
        self._tls = tls
        self._clients = clients
        self.held = HeldBytes(limits.max_held_bytes)
        """What the bodies of requests hold."""
        self._running: tuple[asyncio.AbstractServer, Accepting, HttpConnections] | None = None

    @property
    def connections(self) -> int:
        """How many connections are open."""
        return 0 if self._running is None else len(self._running[2].open)

    async def start(self, host: str, port: int) -> int:
        """Listen, and return the port.

        Args:
            host: The address to listen on.
            port: The port; 0 takes any free one.

        Raises:
            OSError: The port is taken, or the host has no such address.
            SettingError: The extra ``server`` is not installed.
            RuntimeError: It has been started already.
        """
        if self._running is not None:
            raise RuntimeError("the HTTP server has been started already")
        try:
            from uvicorn.config import Config

            from chaukas_spec_lite.collector.doors import http_forms
            from chaukas_spec_lite.collector.doors.http_app import Door, Forms
            from chaukas_spec_lite.collector.doors.http_connections import HttpConnections, LimitedProtocol
            from chaukas_spec_lite.collector.doors.http_incoming import Reading
            from chaukas_spec_lite.collector.doors.http_turns import Turns
        except ModuleNotFoundError as error:
            if (error.name or "").partition(".")[0] not in ("starlette", "uvicorn", "h11", "anyio"):
                raise
            raise SettingError("http", f"needs starlette and uvicorn: {INSTALL}") from None
        limits, keyless = self._limits, self._authenticate is None
        door = Door(
            self._service,
            self._authenticate or anyone,
            limits,
            keyless and is_loopback(host),
            Forms(http_forms.read_event, http_forms.read_batch, http_forms.read_query, http_forms.write_page),
            Reading(limits, self._service.limits, self.held),
            Turns(),
            self._clients,
        )
        config = Config(
            door.application(),
            interface="asgi3",
            http=LimitedProtocol,
            ws="none",
            lifespan="off",
            log_config=None,
            proxy_headers=False,
            workers=1,
            timeout_keep_alive=math.ceil(limits.connections.idle),
        )
        config.load()
        connections = HttpConnections(limits)
        loop = asyncio.get_running_loop()
        # It finds the addresses and binds sockets to them, and accepts nobody.
        server = await loop.create_server(
            lambda: LimitedProtocol(config, connections), host, port, ssl=self._tls, start_serving=False
        )
        accepting = Accepting(connections.admission, lambda: LimitedProtocol(config, connections))
        await accepting.listen(server, self._tls, _BACKLOG)
        self._running = server, accepting, connections
        return int(server.sockets[0].getsockname()[1])

    async def stop(self, grace: float) -> None:
        """Take no new requests, let those that are running finish, and cut off what is left.

        Args:
            grace: How many seconds they get.

        Raises:
            RuntimeError: It is not running.
        """
        if self._running is None:
            raise RuntimeError("the HTTP server is not running")
        (server, accepting, connections), self._running = self._running, None
        connections.stopped = True
        accepting.close()
        server.close()
        await self._service.end_tails()
        for each in [*connections.open]:
            each.shutdown()
        try:
            await asyncio.wait_for(_ended(connections), grace)
        except asyncio.TimeoutError:
            tasks = [*connections.state.tasks]
            for task in tasks:
                task.cancel()
            for each in [*connections.open]:
                each.transport.abort()
            # Their cancellation is no failure of ours, whatever came of it.
            await asyncio.gather(*tasks, return_exceptions=True)


async def _ended(connections: HttpConnections) -> None:
    """Wait until there are no connections any more, and nothing is done for one that there was."""
    await connections.none.wait()
    if tasks := {*connections.state.tasks}:
        await asyncio.wait(tasks)
