"""A client's connection that finds out whether its server is still there: the timer and the frames of keepalive."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from chaukas_spec_lite.rpc.client.keepalive import Action, Keepalive, Watch
from chaukas_spec_lite.rpc.client.mapping import of_connection_lost
from chaukas_spec_lite.rpc.transport.client_side import ClientSide
from chaukas_spec_lite.rpc.transport.endings import Cause, Ending

if TYPE_CHECKING:
    from grpclib.config import Configuration

    from chaukas_spec_lite.rpc.transport.limits import Framing


class ClientProtocol(ClientSide):
    """One connection to a server, which is tested when it is silent. ``Watch`` decides; this class does what it says.

    Args:
        config: grpclib's.
        framing: Size limits and compression.
        keepalive: When a silent server is asked.
    """

    def __init__(self, config: Configuration, framing: Framing, keepalive: Keepalive) -> None:
        super().__init__(config, framing)
        self._keepalive = keepalive
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        super().connection_made(transport)
        self._watch = Watch(self._keepalive, time.monotonic())
        self._timer = self.loop.call_later(self._keepalive.time, self._check)

    def data_received(self, data: bytes) -> None:
        """Take what the peer sent, which shows that it is there."""
        if self.open:  # An ending that is known already is not undone by data that was still on its way.
            self._watch.hear(time.monotonic())
        super().data_received(data)

    def connection_lost(self, exc: BaseException | None) -> None:
        """End every call that is under way."""
        if self._timer is not None:
            self._timer.cancel()
        super().connection_lost(exc)

    def ending_of_loss(self, error: BaseException | None) -> Ending:
        """Say why asyncio reports the connection as lost."""
        return of_connection_lost(error, self.heard, self.tls)

    def call_begins(self) -> None:
        """Note that a call begins."""
        # The processor calls this before it registers the call, so that `waiting` tells about the others only.
        if self._watch.begin(time.monotonic(), alone=not self.waiting):
            # Checked now, the connection would seem to be without calls, and would not be asked. The call is registered
            # before this turn of the loop is over.
            self.loop.call_soon(self._check)

    def give_up(self, began: float) -> None:
        """Note that a call has run out of time.

        Args:
            began: When it began, by ``time.monotonic``.
        """
        if self.open:
            self._act(*self._watch.give_up(time.monotonic(), began))

    def _check(self) -> None:
        if not self.lost.done():  # `call_soon` may run it after the end, when the timer must not be started again.
            self._act(*self._watch.check(time.monotonic(), self.waiting))

    def _act(self, action: Action, again: float) -> None:
        """Do what was decided, and check again after ``again`` seconds."""
        if self._timer is not None:  # This may come from a call, while the timer of the last check still runs.
            self._timer.cancel()
        if action is Action.ABORT:
            silent = time.monotonic() - self._watch.heard
            # Noted first: `connection_lost` follows with a reason of its own, and the first reason counts.
            self.note(Ending(Cause.SILENT, f"the peer has been silent for {silent:.3g} s and did not answer a ping"))
            self.transport.abort()  # `close` would flush the buffer and wait for TLS's goodbye, which never comes.
            return
        if action is Action.PING and self.open:  # h2 raises for a PING on a connection that is closed.
            self.ping()
        self._timer = self.loop.call_later(again, self._check)
