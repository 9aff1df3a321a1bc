"""grpclib's server with what it lacks: compression, a limit on the size of messages, and an orderly end."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Collection
from typing import TYPE_CHECKING, Any, TypeAlias

from grpclib.const import Handler, Status
from grpclib.events import SendTrailingMetadata, listen
from grpclib.exceptions import GRPCError

from chaukas_spec_lite.clock import within
from chaukas_spec_lite.rpc.server.served import CURRENT, ServedCall, peer_name
from chaukas_spec_lite.rpc.stubs.codec import MessageCodec
from chaukas_spec_lite.rpc.transport.admission import ConnectionLimits
from chaukas_spec_lite.rpc.transport.limits import MAX_LIMIT, CallLimits, Framing
from chaukas_spec_lite.rpc.transport.message_io import ask_to_wait, whereabouts
from chaukas_spec_lite.rpc.transport.server import BaseServer

if TYPE_CHECKING:
    from grpclib.server import Stream

    from chaukas_spec_lite.rpc.stubs.service import ServiceBase

Serve: TypeAlias = "Callable[[Stream[Any, Any]], Awaitable[None]]"
"""Serves a call."""

MAX_MESSAGE_BYTES = 16 * 2**20
"""The default limit on the size of a request: four times what other gRPC servers take by default."""

_MAX_DETAILS = 2000
"""How many bytes of an error's text are sent. Percent-encoding may triple them, and grpcio begins to refuse headers
from 8 kB on: the client would get no status at all."""


class MessageServer(BaseServer):
    """Serves generated services, with compression; refuses large requests, and lets calls finish before it stops.

    What its calls take is bounded, in all and for each peer (``CallLimits``): a request for which there is no room is
    refused with RESOURCE_EXHAUSTED, after which clients try again, and one that does not come on is given up. The size
    of a single response is not limited.

    Args:
        services: What it serves: instances of subclasses of generated ``...Base`` classes.
        max_message_bytes: The size in bytes, inflated, up to which a request is taken. Default: 16 MiB.
        limits: How many connections it keeps, and for how long (``ConnectionLimits()`` by default).
        calls: What its calls may take (``CallLimits()`` by default).
    """

    def __init__(
        self,
        services: Collection[ServiceBase],
        *,
        max_message_bytes: int = MAX_MESSAGE_BYTES,
        limits: ConnectionLimits | None = None,
        calls: CallLimits | None = None,
    ) -> None:
        framing = Framing(max_receive=max_message_bytes, max_send=MAX_LIMIT)
        counted = [_Counted(service, self._serve) for service in services]
        super().__init__(counted, MessageCodec(), framing, limits or ConnectionLimits(), calls or CallLimits())
        listen(self, SendTrailingMetadata, self._add_trailing)
        self._calls = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self._stopping = False

    async def stop(self, grace: float) -> None:
        """Refuse new calls, let those that are running finish, then end everything.

        Args:
            grace: How many seconds running calls have to finish, and clients then have to read what was sent to them.
        """
        # New calls are refused one by one, while connections stay open: GOAWAY would end the running calls of grpclib's
        # clients.
        self._stopping = True
        await _within(grace, self._idle.wait())
        self.stopped = True  # Before `close`: a connection that is just being accepted must see it.
        self.close()
        connections = list(self.connections)
        for connection in connections:
            connection.close("the server has stopped")
        await _within(grace, asyncio.gather(*(connection.lost.wait() for connection in connections)))
        for connection in list(self.connections):  # Clients that do not read would keep the server from ending.
            connection.abort()
        await self.wait_closed()

    async def _serve(self, stream: Stream[Any, Any], serve: Serve) -> None:
        """Serve a call, and count it while it runs."""
        if self._stopping:  # UNAVAILABLE makes clients repeat the call, on another server or after the restart.
            raise GRPCError(Status.UNAVAILABLE, "the server is stopping")
        peer = stream.peer
        call = ServedCall(stream.metadata or {}, peer_name(peer.addr()), peer.cert(), whereabouts(stream))
        self._calls += 1
        self._idle.clear()
        CURRENT.set(call)  # For the rest of this task, which serves this call alone.
        try:
            await serve(stream)
        except GRPCError as error:
            if call.retry_after is not None:
                ask_to_wait(stream, call.retry_after)
            raise _shortened(error) from error
        finally:
            self._calls -= 1
            if not self._calls:
                self._idle.set()

    async def _add_trailing(self, end: SendTrailingMetadata) -> None:
        call = CURRENT.get(None)  # None where a call ended before it was served: the method is unknown.
        if call is not None:
            end.metadata.update(call.trailing)


class _Counted:
    """A service whose calls a server serves in its own way.

    grpclib has an event for a call that begins, but to make one costs more than what there is to do.
    """

    def __init__(self, service: ServiceBase, serve: Callable[[Stream[Any, Any], Serve], Awaitable[None]]) -> None:
        self._service = service
        self._serve = serve

    def __mapping__(self) -> dict[str, Handler]:
        """Tell grpclib which coroutine serves which route."""
        handlers: dict[str, Any] = {**self._service.__mapping__()}  # pyright cannot see what `Handler` holds
        return {route: each._replace(func=self._counted(each.func)) for route, each in handlers.items()}

    def _counted(self, serve: Serve) -> Serve:
        return lambda stream: self._serve(stream, serve)


async def _within(seconds: float, awaitable: Awaitable[Any]) -> None:
    """Wait, but no longer than that."""
    with contextlib.suppress(asyncio.TimeoutError):
        await within(seconds, awaitable)


def _shortened(error: GRPCError) -> GRPCError:
    details = (error.message or "").encode(errors="replace")
    if len(details) <= _MAX_DETAILS:
        return error
    return GRPCError(error.status, f"{details[:_MAX_DETAILS].decode(errors='ignore')} …", error.details)
