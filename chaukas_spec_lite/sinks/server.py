"""Events to a server, by way of an exporter that runs in the background, and of what sends for it."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol

from chaukas_spec_lite.blocking.loop import Loop, OnLoop
from chaukas_spec_lite.errors import ClientClosedError
from chaukas_spec_lite.export.sender import Sender

if TYPE_CHECKING:
    from typing_extensions import Self

    from chaukas_spec_lite.blocking.exporter import BlockingExporter
    from chaukas_spec_lite.encoded_events import AnyEvent
    from chaukas_spec_lite.export.stats import Emitted, Stats


class ClosableSender(Sender, Protocol):
    """A sender that has connections to close: ``ChaukasClient`` and ``HttpSender`` are."""

    async def aclose(self) -> None:
        """Close the connections."""
        ...


class Driven(OnLoop[ClosableSender]):
    """A sender on a background loop of its own, which a ``BlockingExporter`` then shares.

    Args:
        client: The sender.
        loop: The loop.
    """

    def __init__(self, client: ClosableSender, loop: Loop) -> None:
        self.client = client
        self.loop = loop

    def __repr__(self) -> str:
        return repr(self.client)


class ServerSink:
    """Delivers events to a server, at least once and in their order, from a background thread.

    It may be used within a running event loop: ``emit`` never waits for the network.

    Args:
        exporter: Sends; its ``stats()`` and ``dead_letters()`` tell of what became of events.
        driven: The exporter's sender, which is closed with this.
    """

    def __init__(self, exporter: BlockingExporter, driven: Driven) -> None:
        self.exporter = exporter
        """The exporter."""
        self._driven = driven

    def __repr__(self) -> str:
        return f"<{type(self).__name__} to {self._driven!r}>"

    def emit(self, event: AnyEvent) -> Emitted:
        """Take an event, as ``BlockingExporter.emit`` does."""
        return self.exporter.emit(event)

    def flush(self, timeout: float = 30.0) -> bool:
        """Send waiting events at once, and wait until the server has acknowledged them.

        Args:
            timeout: How long to wait at most, in seconds.

        Returns:
            Whether all of them are, and none was dropped since the last call. False, too, once it is closed.
        """
        try:
            return self.exporter.flush(timeout)
        except ClientClosedError:
            return False

    def close(self, timeout: float | None = None) -> bool:
        """Flush, and close exporter, connections and thread. Doing it again changes nothing.

        Args:
            timeout: How long to wait for the server at most, in seconds; the exporter's ``close_timeout`` if None. What
                is not sent by then stays in the spool; without a spool it is dropped.

        Returns:
            Whether all events that ``emit`` ever took have been acknowledged.
        """
        try:
            return self.exporter.close(timeout)
        finally:
            with suppress(ClientClosedError):
                self._driven.loop.close(self._driven.client.aclose())

    async def aclose(self, timeout: float | None = None) -> bool:
        """Close from within an event loop, which goes on meanwhile; see ``close``.

        Args:
            timeout: As for ``close``.
        """
        return await asyncio.to_thread(self.close, timeout)

    def stats(self) -> Stats:
        """Return the exporter's sums so far."""
        return self.exporter.stats()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()
