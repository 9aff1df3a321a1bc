"""HttpConnections of the HTTP door: how many there may be, and how long one may keep everybody waiting."""

from __future__ import annotations

import asyncio
import logging
import select
import sys
import time
from collections import Counter
from email.utils import formatdate
from typing import Any

from uvicorn.config import Config
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from chaukas_spec_lite.collector.doors.http_limits import HttpLimits
from chaukas_spec_lite.rationed_log import RationedLog

log = logging.getLogger(__name__)

CERTIFICATE = "certificate"
"""Where the state of a request has its client's certificate, as ``ssl`` tells it; None if it has none."""

LEFT = "left"
"""Where the state of a request has what tells whether its client has gone, even if not all it sent has been read."""

_HUNG_UP: int = getattr(select, "POLLRDHUP", 0)
"""What Linux says of a socket whose peer sends nothing more, whatever is still to be read of it."""
_LOG_INTERVAL = 60.0
_OTHER_FILES = 64
"""How many files and sockets the process needs besides the door's connections."""


class HttpConnections:
    """Counts the connections of a door, in all and by address.

    Args:
        limits: How many there may be.
    """

    def __init__(self, limits: HttpLimits) -> None:
        self.limits = limits
        self.state = ServerState()
        self.open: set[LimitedProtocol] = set()
        self.none = asyncio.Event()
        """Set while there are none."""
        self.none.set()
        self._rationed = RationedLog(log, _LOG_INTERVAL, time.monotonic)
        self.log = logging.Logger("uvicorn", logging.WARNING)
        """What uvicorn says of connections goes here, and on to this module's, a line of each kind in a minute."""
        self.log.addFilter(self._pass_on)
        self._most = min(limits.max_connections, max(1, _most_files() - _OTHER_FILES))
        # One address must not have all there are, however few the process may open.
        self._most_of_one = min(limits.max_connections_per_address, max(1, self._most * 3 // 4))
        self._by_address: Counter[str] = Counter()
        self._dated = 0

    def admit(self, protocol: LimitedProtocol, address: str) -> bool:
        """Count a new connection; return False if there is no room for it."""
        if len(self.open) >= self._most:
            text = "refused a connection: %d are open, which is all that may be"
            self._rationed.log("all", logging.WARNING, text, self._most)
            return False
        if self._by_address[address] >= self._most_of_one:
            text = "refused a connection of %s, which has %d open already"
            self._rationed.log("address", logging.WARNING, text, address, self._by_address[address])
            return False
        self.open.add(protocol)
        self.none.clear()
        self._by_address[address] += 1
        return True

    def forget(self, protocol: LimitedProtocol, address: str) -> None:
        """Count a connection no longer that was admitted."""
        self.open.discard(protocol)
        if not self.open:
            self.none.set()
        self._by_address[address] -= 1
        if not self._by_address[address]:
            del self._by_address[address]

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


class LimitedProtocol(H11Protocol):
    """uvicorn's connection, which is cut off when its client takes too long.

    One timer is for the head of a request, another for the client's taking of the answer. The pause between two
    requests is uvicorn's to end. While a request is served the time is the application's.

    Args:
        config: uvicorn's.
        connections: What counts it.
    """

    def __init__(self, config: Config, connections: HttpConnections) -> None:
        super().__init__(config, connections.state, {})
        self.logger = connections.log
        self.access_log = False
        self._counted = connections
        self._address = ""
        self._admitted = False
        self._pausing = False
        self._head: asyncio.TimerHandle | None = None
        self._taking: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Take a connection, or refuse it."""
        peer: Any = transport.get_extra_info("peername")
        self._address = str(peer[0]) if peer else ""  # none if the client has gone already
        self._admitted = self._counted.admit(self, self._address)
        if not self._admitted:
            transport.abort()
            return
        # What is in here stands in the scope of each request.
        self.app_state[CERTIFICATE] = transport.get_extra_info("peercert")
        self.app_state[LEFT] = self.has_left
        super().connection_made(transport)
        self._await_head()

    def data_received(self, data: bytes) -> None:
        """Take some bytes."""
        if not self._admitted:
            return
        if self._pausing:  # the first bytes of a request: the rest of its head has to follow
            self._await_head()
        self._counted.date()
        super().data_received(data)
        if self._serves():
            _cancel(self._head)

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
        if self._admitted:
            self._counted.forget(self, self._address)
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
        self._head = self.loop.call_later(self._counted.limits.header_timeout, self.transport.abort)

    def _serves(self) -> bool:
        # It is None until the first request, whatever uvicorn's annotation says.
        cycle: Any = self.cycle
        return cycle is not None and not cycle.response_complete


def _cancel(timer: asyncio.TimerHandle | None) -> None:
    if timer is not None:
        timer.cancel()


def _most_files() -> int:
    """How many files the process may open."""
    if sys.platform == "win32":
        return sys.maxsize
    import resource

    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return sys.maxsize if soft == resource.RLIM_INFINITY else soft
