"""What all doors of a collector have in common: they listen somewhere, or say why they cannot, and stop with grace.

A door is handed the server that it is made of, so that nothing of either protocol is loaded here.
"""

from __future__ import annotations

import errno
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from chaukas_spec_lite.rpc.client.endpoint import Tcp

if TYPE_CHECKING:
    import ssl

    from chaukas_spec_lite.collector.doors.grpc_health import HealthService
    from chaukas_spec_lite.collector.doors.http import HttpServer
    from chaukas_spec_lite.rpc.server.server import MessageServer


_WHY = {
    errno.EADDRINUSE: "another program listens there; stop it, or choose another port",
    errno.EACCES: "this user may not, as ports below 1024 are for root; choose another port",
    errno.EADDRNOTAVAIL: "this machine has no such address; choose another one",
}


class ListeningDoor(ABC):
    """A door of a collector, and where it listens.

    Args:
        name: That of its setting.
        wanted: Where it is to listen.
    """

    def __init__(self, name: str, wanted: Tcp) -> None:
        self._name = name
        self.address = wanted
        """Where it listens; with the port that was found, if any free one would do."""

    async def start(self) -> None:
        """Begin to listen.

        Raises:
            OSError: It cannot; its ``strerror`` is a sentence that says why, and what to do.
            SettingError: An extra is missing.
        """
        wanted = self.address
        try:
            self.address = Tcp(wanted.host, await self._listen(wanted.host, wanted.port))
        except OSError as error:
            why = _WHY.get(error.errno or 0)
            said = error.strerror or str(error) if why is None else f"{why} with --{self._name}"
            raise OSError(error.errno, f"{self._name} cannot listen on {wanted}: {said}") from error

    @abstractmethod
    async def _listen(self, host: str, port: int) -> int:
        """Listen, and return the port."""

    @abstractmethod
    async def stop(self, grace: float) -> None:
        """Take nothing new, let running calls finish within so many seconds, and close."""


class GrpcDoor(ListeningDoor):
    """The door for gRPC."""

    def __init__(self, wanted: Tcp, server: MessageServer, health: HealthService, tls: ssl.SSLContext | None) -> None:
        super().__init__("grpc", wanted)
        self._server = server
        self._health = health
        self._tls = tls

    async def _listen(self, host: str, port: int) -> int:
        await self._server.start(host, port, ssl=self._tls)
        return self._server.port

    async def stop(self, grace: float) -> None:
        """Say that it does not serve, let calls finish, and close."""
        self._health.stop()
        await self._server.stop(grace)


class HttpDoor(ListeningDoor):
    """The door for HTTP."""

    def __init__(self, wanted: Tcp, server: HttpServer) -> None:
        super().__init__("http", wanted)
        self._server = server

    async def _listen(self, host: str, port: int) -> int:
        return await self._server.start(host, port)

    async def stop(self, grace: float) -> None:
        """Let requests finish, and close."""
        await self._server.stop(grace)
