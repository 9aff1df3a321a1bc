"""Which connections a server keeps: so many in all and of one address, and none that is silent for long.

Where there is no room, who has been of least use gives way to who comes: one that has not said anything valid, then one
without calls, then one whose calls wait for the rest of their requests. So whoever takes up room without using it gets
in nobody's way, and only a server whose connections are all at work turns somebody away.
"""

from __future__ import annotations

import ipaddress
import logging
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from chaukas_spec_lite.rationed_log import RationedLog
from chaukas_spec_lite.settings import POSITIVE_SECONDS, OrNone, Whole, about, check_fields, documented

log = logging.getLogger("chaukas_spec_lite.rpc")

MOST = 1000
"""How many connections a server keeps, unless it is told otherwise, or may open fewer files."""
_TOLD_EVERY = 60.0


@documented
@dataclass(frozen=True)
class ConnectionLimits:
    """How many connections a server keeps, and for how long.

    Raises:
        SettingError: A value cannot be used.
    """

    connections: int | None = field(
        default=None,
        metadata=about(
            "How many in all; None for 1,000, or half of the files that the process may open, if that is less.",
            OrNone(Whole(unit="connections")),
        ),
    )
    per_address: int | None = field(
        default=None,
        metadata=about(
            "How many of one address, or one IPv6 network of 64 bits; None for half of all.",
            OrNone(Whole(unit="connections")),
        ),
    )
    handshake: float = field(
        default=10.0,
        metadata=about(
            "How long a client may take until it has spoken TLS, if there is any, and its protocol: HTTP/2, or the "
            "head of a request in HTTP/1; and later for headers.",
            POSITIVE_SECONDS,
        ),
    )
    idle: float = field(default=600.0, metadata=about("How long a connection without calls is kept.", POSITIVE_SECONDS))

    def __post_init__(self) -> None:
        check_fields(self, "limits.")

    @property
    def in_all(self) -> int:
        """How many in all."""
        return _half_of_the_files() if self.connections is None else self.connections

    @property
    def of_an_address(self) -> int:
        """How many of one address."""
        return max(1, self.in_all // 2) if self.per_address is None else self.per_address


class Guest(Protocol):
    """A connection, from the moment in which it is accepted."""

    address: str
    """Where it comes from, as ``network_of`` names it; empty for Unix sockets, which have no limit of their own."""
    arrived: float
    """When it was accepted."""
    busy: float
    """When it was last seen with a call, or when it came."""

    @property
    def greeted(self) -> bool:
        """Whether it has spoken its protocol."""
        ...

    @property
    def calls(self) -> int:
        """How many calls it has."""
        ...

    @property
    def amid_headers(self) -> bool:
        """Whether headers have begun to come, and have not ended."""
        ...

    @property
    def waits(self) -> bool:
        """Whether all of its calls wait for the rest of their requests."""
        ...

    def turn_away(self, reason: str) -> None:
        """Close it at once, in a way that costs well-behaved clients nothing."""
        ...


class Admission:
    """Lets connections in, and has them leave.

    Args:
        limits: How many, and for how long.
        now: Tells the time in seconds; monotonic.
    """

    def __init__(self, limits: ConnectionLimits, now: Callable[[], float] = time.monotonic) -> None:
        self.limits = limits
        self.now = now
        self.told = RationedLog(log, _TOLD_EVERY, now)
        self._guests: dict[Guest, None] = {}  # In the order in which they came.
        self._of_address: Counter[str] = Counter()
        self._amid_headers: dict[Guest, float] = {}
        """Those that were found amid headers, and when they were so first."""

    def __len__(self) -> int:
        return len(self._guests)

    def admit(self, guest: Guest) -> bool:
        """Let somebody in, if there is room, or if somebody else can give way."""
        limits = self.limits
        if guest.address and self._of_address[guest.address] >= limits.of_an_address:
            if not self.make_room(guest.address):
                return self._refuse(guest, f"all {limits.of_an_address} of its address are at work")
        elif len(self._guests) >= limits.in_all and not self.make_room():
            return self._refuse(guest, f"all {limits.in_all} that may be open are at work")
        self._guests[guest] = None
        self._of_address[guest.address] += 1
        return True

    def _refuse(self, guest: Guest, why: str) -> bool:
        self.told.log("full", logging.WARNING, "a connection from %s is refused: %s", guest.address or "a socket", why)
        return False

    def make_room(self, address: str | None = None) -> bool:
        """Turn the least useful guest away, of those of an address if one is named; False if all are at work."""
        guests = [guest for guest in self._guests if address is None or guest.address == address]
        leaving = next((guest for guest in guests if not guest.greeted), None)
        if leaving is None:
            idle = [guest for guest in guests if not guest.calls] or [guest for guest in guests if guest.waits]
            leaving = min(idle, key=lambda guest: guest.busy, default=None)
        if leaving is None:
            return False
        self.told.log(
            "room",
            logging.WARNING,
            "there is no room for more connections: one from %s that is of no use gives way",
            leaving.address or "a socket",
        )
        self.forget(leaving)
        leaving.turn_away("the server needs the room")
        return True

    def forget(self, guest: Guest) -> None:
        """Take note that somebody has left."""
        if guest in self._guests:
            del self._guests[guest]
            self._of_address[guest.address] -= 1
            if not self._of_address[guest.address]:
                del self._of_address[guest.address]

    def sweep(self) -> None:
        """Have those leave that have been silent, amid headers, or without a call, for too long."""
        now = self.now()
        self._amid_headers = {guest: self._amid_headers.get(guest, now) for guest in self._guests if guest.amid_headers}
        for guest in list(self._guests):
            # Nothing else may come on a connection amid headers, so none of its calls comes on either.
            if now - self._amid_headers.get(guest, now) >= self.limits.handshake:
                self._leave(guest, "headers have begun, and do not end")
            elif guest.calls:
                guest.busy = now
            elif not guest.greeted and now - guest.arrived >= self.limits.handshake:
                self._leave(guest, "the client has not said anything valid in time")
            elif guest.greeted and now - guest.busy >= self.limits.idle:
                self._leave(guest, "the connection has had no calls for long")

    def _leave(self, guest: Guest, reason: str) -> None:
        log.debug("a connection from %s ends: %s", guest.address or "a socket", reason)
        self.forget(guest)
        guest.turn_away(reason)

    @property
    def sweeps_every(self) -> float:
        """How often ``sweep`` is to be called, in seconds."""
        return max(0.01, min(1.0, self.limits.handshake / 4, self.limits.idle / 4))


def network_of(address: Any) -> str:
    """Name where a connection comes from, by the address that its socket gives: ``10.0.0.1``, ``2001:db8::/64``."""
    if isinstance(address, (str, bytes)) or not address:
        return ""
    host = str(address[0]).partition("%")[0]
    if ":" not in host:
        return host
    ip = ipaddress.IPv6Address(host)
    # Whoever has one address of such a network has all of them; those of IPv4 look like one network.
    return str(ip.ipv4_mapped or ipaddress.IPv6Network((ip, 64), strict=False))


def most_files() -> int | None:
    """How many files the process may open; None if there is no limit."""
    try:
        import resource
    except ImportError:  # Windows has no such limit.
        return None
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return None if files == resource.RLIM_INFINITY else files


def _half_of_the_files() -> int:
    files = most_files()
    return MOST if files is None else max(4, min(MOST, files // 2))
