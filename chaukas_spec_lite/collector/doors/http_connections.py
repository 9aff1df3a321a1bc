"""Connections of the HTTP door: how long one may keep everybody waiting, and what counts them."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import select
import socket
import time
from email.utils import formatdate
from typing import Any

import h11
from uvicorn.config import Config
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from chaukas_spec_lite.collector.doors.http_limits import HttpLimits
from chaukas_spec_lite.collector.doors.http_strict import StrictHttpConnection
from chaukas_spec_lite.rationed_log import RationedLog
from chaukas_spec_lite.rpc.transport.admission import Admission

log = logging.getLogger(__name__)

CERTIFICATE = "certificate"
"""Where the state of a request has its client's certificate, as ``ssl`` tells it; None if it has none."""

LEFT = "left"
"""Where the state of a request has what tells whether its client has gone, even if not all it sent has been read."""

_HUNG_UP: int = getattr(select, "POLLRDHUP", 0)
"""What Linux says of a socket whose peer sends nothing more, whatever is still to be read of it."""
_LOG_INTERVAL = 60.0
_AT_ONCE = 16 << 10
"""How many bytes of one connection are taken before others get their turn: some tens of milliseconds of work, where
each chunk has a byte."""


class HttpConnections:
    """What all connections of a door have in common.

    Args:
        limits: What clients may do.
    """

    def __init__(self, limits: HttpLimits) -> None:
        self.limits = limits
        self.admission = Admission(limits.connections)
        """Decides who is let in."""
        self.state = ServerState()
        self.open: set[LimitedProtocol] = set()
        """Those that are open, those amid a TLS handshake excepted."""
        self.none = asyncio.Event()
        """Set while there are none."""
        self.none.set()
        self.stopped = False
        """Whether new ones are closed at once."""
        self._rationed = RationedLog(log, _LOG_INTERVAL, time.monotonic)
        self.log = logging.Logger("uvicorn", logging.WARNING)
        """What uvicorn says of connections goes here, and on to this module's, a line of each kind in a minute."""
        self.log.addFilter(self._pass_on)
        self._dated = 0

    def begin(self, protocol: LimitedProtocol) -> None:
        """Count a connection that has come about."""
        self.open.add(protocol)
        self.none.clear()

    def end(self, protocol: LimitedProtocol) -> None:
        """Count it no longer."""
        self.admission.forget(protocol)
        self.open.discard(protocol)
        if not self.open:
            self.none.set()

    def date(self) -> None:
        """Have answers tell the time, as servers have to (RFC 9110, section 6.6.1)."""
        now = int(time.time())
        if now != self._dated:
            self._dated = now
            self.state.default_headers = [(b"date", formatdate(now, usegmt=True).encode())]

    def _pass_on(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        self._rationed.log(str(record.msg), record.levelno, "%s", record.getMessage().strip(), error=error)
        return False


class LimitedProtocol(H11Protocol, asyncio.BufferedProtocol):
    """uvicorn's connection, from the moment in which it is accepted, cut off when its client takes too long.

    One timer is for the head of a request, another for the client's taking of the answer. The pause between two
    requests is uvicorn's to end. While a request is served the time is the application's. It is a ``Guest``, who gives
    way if others need the room.

    Args:
        config: uvicorn's.
        connections: What counts it.
    """

    amid_headers = False
    """It has a timer of its own for these."""

    def __init__(self, config: Config, connections: HttpConnections) -> None:
        super().__init__(config, connections.state, {})
        self.conn = StrictHttpConnection(connections.limits.max_header_bytes)
        self.logger = connections.log
        self.access_log = False
        self.address = ""
        self.arrived = self.busy = connections.admission.now()
        self._counted = connections
        self._accepted: socket.socket | None = None
        self._buffer = bytearray()
        self._pausing = False
        self._head: asyncio.TimerHandle | None = None
        self._taking: asyncio.TimerHandle | None = None

    def arrive(self, accepted: socket.socket, address: str) -> None:
        """Take note of the socket, with which it has to end if no connection comes about."""
        self._accepted, self.address = accepted, address

    def settle(self) -> None:
        """End for good if no connection has come about."""
        if self._accepted is not None:
            self._accepted.close()
            self._counted.admission.forget(self)

    @property
    def greeted(self) -> bool:
        """Whether it has sent the whole head of a request."""
        return self._cycle is not None

    @property
    def calls(self) -> int:
        """Whether it has a request that is not answered: 1, or 0."""
        return int(self._serves())

    @property
    def waits(self) -> bool:
        """Whether that waits for the rest of its body."""
        return bool(self._serves() and self._cycle.more_body)

    def turn_away(self, reason: str) -> None:
        """Close it at once."""
        if self._accepted is not None:
            with contextlib.suppress(OSError):  # It may be closed already.
                self._accepted.shutdown(socket.SHUT_RDWR)
        elif not self.greeted or self._serves() or self.transport.get_write_buffer_size():
            self.transport.abort()
        else:
            self.shutdown()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin, unless the server has stopped meanwhile."""
        connection: Any = transport  # uvloop's is no asyncio.Transport
        self._accepted = None
        # What is in here stands in the scope of each request.
        self.app_state[CERTIFICATE] = transport.get_extra_info("peercert")
        self.app_state[LEFT] = self.has_left
        super().connection_made(connection)
        self._counted.begin(self)
        if self._counted.stopped:
            connection.abort()
        else:
            self._await_head()

    def get_buffer(self, sizehint: int) -> memoryview:
        """Make room for what comes next, which is no more than is taken at once."""
        self._buffer = bytearray(_AT_ONCE)
        # TLS reads several records into parts of what it gets, and a part of a bytearray would be a copy.
        return memoryview(self._buffer)

    def buffer_updated(self, nbytes: int) -> None:
        """Take what has come."""
        data, self._buffer = bytes(memoryview(self._buffer)[:nbytes]), bytearray()
        self.data_received(data)

    def data_received(self, data: bytes) -> None:
        """Take some bytes."""
        if self._pausing:  # the first bytes of a request: the rest of its head has to follow
            self._await_head()
        self._counted.date()
        super().data_received(data)
        if self._serves():
            _cancel(self._head)

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no HTTP, and close the connection."""
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            super().send_400_response(msg)
        else:  # It follows a request that has been answered, or is being answered.
            self.transport.abort()

    def on_response_complete(self) -> None:
        """Wait for the next request."""
        super().on_response_complete()
        if self._serves():
            return
        if self.conn.trailing_data[0]:  # it has begun already, while this one was being served
            self._await_head()
        else:
            self._pausing = True

    def pause_writing(self) -> None:
        """Wait for the client to take what it was sent."""
        super().pause_writing()
        self._taking = self.loop.call_later(self._counted.limits.send_timeout, self.transport.abort)

    def resume_writing(self) -> None:
        """Go on: the client has taken it."""
        super().resume_writing()
        _cancel(self._taking)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        _cancel(self._head)
        _cancel(self._taking)
        self._counted.end(self)
        super().connection_lost(exc)

    def has_left(self) -> bool:
        """Whether the client has gone. A socket that is not read just now does not tell the event loop."""
        if self.transport.is_closing():
            return True
        if not _HUNG_UP:
            return False
        asking = select.poll()
        asking.register(self.transport.get_extra_info("socket").fileno(), _HUNG_UP)
        return bool(asking.poll(0))

    def _await_head(self) -> None:
        self._pausing = False
        _cancel(self._head)
        self._head = self.loop.call_later(self._counted.limits.connections.handshake, self.transport.abort)

    @property
    def _cycle(self) -> Any:
        """The last request and its answer; None until the first, whatever uvicorn's annotation says."""
        return self.cycle

    def _serves(self) -> bool:
        return self._cycle is not None and not self._cycle.response_complete


def _cancel(timer: asyncio.TimerHandle | None) -> None:
    if timer is not None:
        timer.cancel()
