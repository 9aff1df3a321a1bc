"""A request that is being read and served, for as long as its client is there."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from starlette.requests import ClientDisconnect, Request

from chaukas_spec_lite.collector.doors.http_bodies import PIECE, Pace, inflated, paced
from chaukas_spec_lite.collector.doors.http_connections import LEFT
from chaukas_spec_lite.collector.doors.http_gone import unless_gone
from chaukas_spec_lite.collector.doors.http_held import HeldBytes
from chaukas_spec_lite.errors import TooMuchError
from chaukas_spec_lite.rpc.transport.admission import network_of

if TYPE_CHECKING:
    from chaukas_spec_lite.collector.doors.http_limits import HttpLimits
    from chaukas_spec_lite.collector.receipts import IngestLimits

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Reading:
    """What all bodies are read with.

    Args:
        limits: How large they may be, and how slow.
        ingest: How many times their compressed size they may have.
        held: Counts what they hold.
    """

    limits: HttpLimits
    ingest: IngestLimits
    held: HeldBytes


class Incoming:
    """A request from somebody who has been let in.

    Args:
        request: The request.
        reading: What its body is read with.
        key: The name of the key that it came with; empty where there are none.
    """

    def __init__(self, request: Request, reading: Reading, key: str) -> None:
        self._request = request
        self._reading = reading
        network = network_of(request.client)
        self._holders = (*([f"address {network}"] if network else ()), *([f"key {key}"] if key else ()))
        self._read = asyncio.Event()

    async def unless_gone(self, serving: Coroutine[Any, Any, T]) -> T:
        """Serve it, and give it up when its client leaves: nobody waits for the answer any more."""
        return await unless_gone(self._gone(), serving)

    async def _gone(self) -> None:
        # While the body comes in, whoever reads it is told. What is received behind it says that the client has gone.
        await self._read.wait()
        await self._request.receive()

    @contextlib.asynccontextmanager
    async def pieces(self, most: int) -> AsyncGenerator[AsyncIterator[bytes]]:
        """Read its body in pieces, inflated, with at most so many bytes; they are held until the block ends."""
        length = self._request.headers.get("content-length", "")
        # What is compressed may be larger than it says; what is not is refused before it is sent.
        if length.isdecimal() and int(length) > most:
            raise TooMuchError(f"a body of more than the {most} bytes that are taken")
        limits = self._reading.limits
        pace = Pace(limits.body_patience, limits.body_rate, limits.body_timeout)
        encoding = self._request.headers.get("content-encoding", "")
        pieces = inflated(paced(self._request.stream(), pace), encoding, self._reading.ingest, most)
        with self._reading.held.body(*self._holders) as held:

            async def counted() -> AsyncIterator[bytes]:
                # Not as the network cuts them: what comes in one piece is stored in one go.
                waiting, size = list[bytes](), 0
                async for piece in pieces:
                    held.hold(len(piece))
                    waiting.append(piece)
                    size += len(piece)
                    if size >= PIECE:
                        yield self._unless_left(waiting)
                        waiting, size = [], 0
                self._read.set()
                yield self._unless_left(waiting)

            yield counted()

    def _unless_left(self, waiting: list[bytes]) -> bytes:
        """Hand on what has been read, unless its sender has gone meanwhile: nobody would learn what became of it."""
        left: Callable[[], bool] = self._request.scope["state"][LEFT]
        if left():
            raise ClientDisconnect
        return b"".join(waiting)


async def joined(pieces: AsyncIterator[bytes]) -> bytes:
    """Wait for all pieces of a body."""
    return b"".join([piece async for piece in pieces])
