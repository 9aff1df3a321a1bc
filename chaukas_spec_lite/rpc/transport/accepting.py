"""Accepting connections within limits, for any protocol on TCP.

asyncio's own servers accept whatever comes, forget who is amid a TLS handshake, and log a traceback for each connection
that there is no file for.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, Protocol

from chaukas_spec_lite.rationed_log import in_words
from chaukas_spec_lite.rpc.transport.admission import Guest, network_of

if TYPE_CHECKING:
    import ssl

    from chaukas_spec_lite.rpc.transport.admission import Admission

log = logging.getLogger("chaukas_spec_lite.rpc")

_PAUSE = 0.1
"""How many seconds nobody is accepted after the system refused to, for want of files or memory."""


class Arriving(Guest, Protocol):
    """A connection, from the moment in which it is accepted; also an ``asyncio.Protocol``."""

    def arrive(self, accepted: socket.socket, address: str) -> None:
        """Take note of the socket, with which it has to end if no connection comes about."""
        ...

    def settle(self) -> None:
        """End for good if no connection has come about."""
        ...


class Swept(Protocol):
    """What is looked after from time to time."""

    @property
    def sweeps_every(self) -> float:
        """How often, in seconds."""
        ...

    def sweep(self) -> None:
        """Do so."""
        ...


class Accepting:
    """Accepts connections, as far as they are let in.

    Args:
        admission: Decides who is let in, and who has to leave.
        make: Makes what serves a connection.
        others: What else has to be looked after for as long as connections are accepted.
    """

    def __init__(self, admission: Admission, make: Callable[[], Arriving], *others: Swept) -> None:
        self.admission = admission
        self._make = make
        self._swept: tuple[Swept, ...] = (admission, *others)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._sockets: list[socket.socket] = []
        self._tasks: set[asyncio.Task[None]] = set()

    async def listen(self, server: asyncio.AbstractServer, context: ssl.SSLContext | None, backlog: int) -> None:
        """Accept on the sockets of a server, which has been made and does not serve.

        Args:
            server: asyncio's, which found the addresses and bound sockets to them.
            context: For TLS.
            backlog: How many connections may wait to be accepted.
        """
        self._loop = loop = asyncio.get_running_loop()
        bound_to: Any = server
        try:
            for bound in bound_to.sockets:
                # With the protocol: asyncio turns Nagle's algorithm off only where it is told that this is TCP. Else
                # the second part of an answer by HTTP waits some 40 ms until the client has acknowledged the first.
                listening = socket.fromfd(bound.fileno(), bound.family, bound.type, bound.proto)
                self._sockets.append(listening)
                listening.setblocking(False)
                listening.listen(backlog)
                loop.add_reader(listening, self._accept, listening, context)
        except NotImplementedError:
            # The usual loop of Windows accepts by itself only, and then there are no limits.
            await bound_to.start_serving()
        self._begin(self._sweep())

    def close(self) -> None:
        """Accept nobody any more, and give up who is amid a TLS handshake."""
        for listening in self._sockets:
            with contextlib.suppress(NotImplementedError):
                if self._loop is not None:
                    self._loop.remove_reader(listening)
            listening.close()
        self._sockets.clear()
        for task in list(self._tasks):
            task.cancel()

    def _begin(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def _accept(self, listening: socket.socket, context: ssl.SSLContext | None) -> None:
        """Accept one connection; called in each turn of the loop in which there is one."""
        try:
            accepted, address = listening.accept()
        except (BlockingIOError, ConnectionAbortedError):  # It has gone, or another process has it.
            return
        except OSError as error:
            # Out of files, mostly. Whoever holds one without using it makes room, and waiting keeps this from spinning.
            told = self.admission.told
            told.log("accept", logging.WARNING, "no connection can be accepted: %s", error.strerror or error)
            self.admission.make_room()
            asyncio.get_running_loop().remove_reader(listening)
            self._begin(self._listen_again(listening, context))
            return
        guest = self._make()
        guest.arrive(accepted, network_of(address))
        if self.admission.admit(guest):
            # By a callback: a task that is cancelled before its first step runs no `finally`.
            self._begin(self._let_in(guest, accepted, context)).add_done_callback(lambda _: guest.settle())
        else:
            guest.settle()

    async def _listen_again(self, listening: socket.socket, context: ssl.SSLContext | None) -> None:
        await asyncio.sleep(_PAUSE)
        asyncio.get_running_loop().add_reader(listening, self._accept, listening, context)

    async def _let_in(self, guest: Arriving, accepted: socket.socket, context: ssl.SSLContext | None) -> None:
        """Make a connection of a socket; over TLS, that takes until the client has done its part."""
        timeout = self.admission.limits.handshake if context is not None else None
        accepted.setblocking(False)
        make: Any = lambda: guest  # noqa: E731  # An asyncio.Protocol, too, which no Protocol of typing can say.
        try:
            await asyncio.get_running_loop().connect_accepted_socket(
                make, accepted, ssl=context, ssl_handshake_timeout=timeout
            )
        # What the client sent is no TLS, or not the right one; it left, or has not been quick enough.
        except (OSError, asyncio.TimeoutError) as error:
            log.debug("a connection from %s did not come about: %s", guest.address, in_words(error))

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(min(each.sweeps_every for each in self._swept))
            for each in self._swept:
                try:
                    each.sweep()
                except Exception as error:  # a fault in ending one connection must not end looking after all others
                    text = "connections could not be looked after: %s"
                    self.admission.told.log("sweep", logging.ERROR, text, in_words(error), error=error)
